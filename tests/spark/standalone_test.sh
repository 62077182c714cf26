#!/bin/bash
# `memgrant submit` on a standalone cluster: a master and a worker of this machine, and what docs/standalone.md promises. Two applications, each with
# a version of its own, as while a fleet is upgraded; in one of them Spark does not answer a courier, which ends enforcement there and nowhere else.
. "$(dirname "$0")/spark.bash"
cd "$WORK" || exit
# shellcheck disable=SC2154 # of spark.bash
export SPARK_HOME=$spark_home SPARK_WORKER_DIR=$WORK/work SPARK_LOCAL_IP=127.0.0.1

started=()
end_daemons() {
    [ ${#started[@]} = 0 ] || kill "${started[@]}" 2>/dev/null || true
    wait
}
trap end_daemons EXIT

# daemon LOG READY CLASS WORD...: starts it and waits for the line of its log that says READY.
daemon() {
    local log=$1 ready=$2 follower
    shift 2
    : >"$log"
    exec 3< <(exec tail -f "$log")
    follower=$!
    "$SPARK_HOME/bin/spark-class" "$@" >"$log" 2>&1 3<&- &
    started+=($!)
    grep -m 1 -o -- "$ready" <&3 || fail "$log ended before it said '$ready'"
    kill $follower
    exec 3<&-
}

daemon master.log 'spark://127.0.0.1:[0-9]*' org.apache.spark.deploy.master.Master --host 127.0.0.1 --port 0 --webui-port 0
master=$(grep -m 1 -o 'spark://127.0.0.1:[0-9]*' master.log)
# A worker counts the heap alone: the pool needs no room in its memory.
daemon worker.log 'Successfully registered' org.apache.spark.deploy.worker.Worker \
    --host 127.0.0.1 --cores 2 --memory 2g --webui-port 0 "$master"

# The same code under another version's name, elsewhere.
mkdir next
sed 's/memgrant-version:[0-9.]*/memgrant-version:9.9.9/' "$LIB" >next/libmemgrant.so
cp "$BUILD/memgrant.jar" next/
printf 'Implementation-Version: 9.9.9\n' >manifest
"$("$ROOT/scripts/find-java")/bin/jar" --update --file next/memgrant.jar --manifest manifest 2>/dev/null || fail "there is no other jar"

submit() { # NAME CLASS OPTION...: of memgrant's, before spark-submit's
    "$ROOT/scripts/memgrant" submit --limit 256m --report "$WORK/$1.json" "${@:3}" \
        --master "$master" --executor-memory 1g --total-executor-cores 1 --conf spark.ui.enabled=false \
        --class "io.memgrant.tests.$2" --jars "$demo_jar,$(echo "$deps"/tpch-*.jar)" "$tests_jar" 2>"$1.log"
}
submit next Stuck --library "$WORK/next/libmemgrant.so" --jar "$WORK/next/memgrant.jar" --conf spark.memgrant.courierWaitMs=1 &
other=$!
submit native Submitted || { tail -n 30 native.log; fail "the job ended with $?"; }
wait $other || { tail -n 30 next.log; fail "the job of the other version ended with $?"; }

off='memgrant: enforcement is off from now on for this application: a courier of executor 0 got no answer for [0-9]* ms; native memory is counted, and nothing is denied'
[ "$(grep -c "$off" next.log)" = 1 ] || fail "the driver's log does not say once that enforcement is off: $(grep 'memgrant: ' next.log)"
! grep -q 'enforcement is off' native.log || fail "it is off for the other application, too"
python3 - native.json.executor-0 4 enforce next.json.executor-0 6 observe <<'END'
import json, sys
for path, tasks, mode in zip(*[iter(sys.argv[1:])] * 3):
    report = json.load(open(path))
    states = [account["state"] for account in report["accounts"] if account["name"].startswith("task ")]
    rocksdb = [library for library in report["libraries"] if library["name"].startswith("librocksdbjni")]
    assert report["mode"] == mode and report["invariants_broken"] == 0, report
    assert states == ["closed"] * int(tasks) and rocksdb[0]["charged"] > 1 << 20, report
    print("ok - the executor wrote its report on its node when it ended")
END
for jar in "$BUILD/memgrant.jar" "$WORK/next/memgrant.jar"; do
    grep -rlF --include=stderr -- "$jar" "$SPARK_WORKER_DIR" >executors || fail "no executor had $jar"
    [ "$(wc -l <executors)" = 1 ] || fail "more than one executor had $jar"
done
grep -rh --include=stderr 'memgrant: ' "$SPARK_WORKER_DIR" && fail "an executor had something to say"
echo "ok - two applications, each with its own version, ran on one worker"
