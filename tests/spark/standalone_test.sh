#!/bin/bash
# `memgrant submit` on a standalone cluster: a master and a worker of this machine, and what docs/standalone.md promises.
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
    --host 127.0.0.1 --cores 2 --memory 1g --webui-port 0 "$master"

"$ROOT/scripts/memgrant" submit --limit 256m --report "$WORK/native.json" \
    --master "$master" --executor-memory 1g --conf spark.ui.enabled=false \
    --class io.memgrant.tests.Submitted --jars "$demo_jar,$(echo "$deps"/tpch-*.jar)" \
    "$tests_jar" 2>log || { tail -n 30 log; fail "the job ended with $?"; }

python3 - native.json.executor-0 <<'END'
import json, sys
report = json.load(open(sys.argv[1]))
states = [account["state"] for account in report["accounts"] if account["name"].startswith("task ")]
rocksdb = [library for library in report["libraries"] if library["name"].startswith("librocksdbjni")]
assert report["mode"] == "enforce" and report["invariants_broken"] == 0, report
assert states == ["closed"] * 4 and rocksdb[0]["charged"] > 1 << 20, report
print("ok - the executor wrote its report on its node when it ended")
END
