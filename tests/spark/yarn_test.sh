#!/bin/bash
# `memgrant submit` on YARN, a cluster of one node that is real but for being in one JVM, and what docs/yarn.md promises: YARN
# carries the library to its containers, and where it killed one, a task is denied and its executor lives.
. "$(dirname "$0")/spark.bash"
hadoop=$BUILD/yarn
# Hadoop's own jars of the version that the newest Spark has: also where an older Spark is the client.
server=$BUILD/spark-4.3.0/jars
[ -d "$server" ] || skip "the cluster takes Hadoop's client from Spark 4.3.0: run scripts/get-spark"
if [ ! "$hadoop/.complete" -nt tests/spark/yarn/pom.xml ]; then
    [ "${NO_INSTALL:-}" != 1 ] || skip "Hadoop is not in $hadoop, and NO_INSTALL=1 forbids fetching it"
    mvn -B -q -f tests/spark/yarn/pom.xml dependency:copy-dependencies -DoutputDirectory="$hadoop" >"$WORK/log" 2>&1 ||
        skip "Maven could not fetch Hadoop (65 MB): $(grep -m 1 ERROR "$WORK/log")"
    touch "$hadoop/.complete"
fi

cd "$WORK" || exit
# shellcheck disable=SC2154 # of spark.bash
export SPARK_HOME=$spark_home HADOOP_CONF_DIR=$WORK SPARK_LOCAL_IP=127.0.0.1
coproc CLUSTER {
    exec "$("$ROOT/scripts/find-java")/bin/java" --add-opens=java.base/java.lang=ALL-UNNAMED -XX:TieredStopAtLevel=1 \
        -cp "$hadoop/*:$server/*" "$ROOT/tests/spark/yarn/OneNode.java" "$WORK" 2>cluster.log
}
end_cluster() {
    eval "exec ${CLUSTER[1]}>&-"
    wait
}
trap end_cluster EXIT
grep -q -m 1 ready <&"${CLUSTER[0]}" || { tail -n 20 cluster.log; fail "YARN did not start"; }

# No second compiler.
short_lives=()
for process in driver executor yarn.am; do
    short_lives+=(--conf "spark.$process.extraJavaOptions=-XX:TieredStopAtLevel=1")
done
job() { # COMMAND...: spark-submit or memgrant submit, with its options
    "$@" --master yarn --num-executors 1 --executor-memory 512m --driver-memory 512m --conf spark.yarn.am.memory=512m \
        --conf spark.yarn.jars="local:$SPARK_HOME/jars/*" --conf spark.ui.enabled=false "${short_lives[@]}" \
        --class io.memgrant.tests.Overfull "$tests_jar" >out 2>log || { tail -n 30 log; fail "the job ended with $?"; }
}

containers() { # FILE: what the job's containers wrote there
    find "$WORK/target" -path "*/$1" -newer submitted -exec cat {} +
}

job "$SPARK_HOME/bin/spark-submit"
grep -m 1 -o 'Container killed by YARN for exceeding physical memory limits.*used' log ||
    fail "without memgrant YARN killed nothing, so this shows nothing"
grep -qx 'the task ended in attempt 1 on executor 2' out || fail "the job ended as: $(cat out)"
echo "ok - without memgrant YARN kills the executor"

denied() { # FILE WHERE: the job's messages, and the driver's place
    grep -q 'killed by YARN' "$1" && fail "YARN killed a container"
    grep -q -m 1 'SparkOutOfMemoryError.*librocksdbjni' "$1" || fail "nobody was denied"
    grep -q '"peak"' native.json.executor-1 || fail "the executor wrote no report"
    rm native.json.executor-1
    echo "ok - with a budget the task is denied, and tried again on the same executor ($2)"
}

budget=(--pool overhead --limit 256m --report "$WORK/native.json")
job "$ROOT/scripts/memgrant" submit "${budget[@]}"
grep -qx 'the task ended in attempt 1 on executor 1' out || fail "the job ended as: $(cat out)"
denied log "a driver here"

touch submitted
job "$ROOT/scripts/memgrant" submit "${budget[@]}" --deploy-mode cluster
containers stdout | grep -qx 'the task ended in attempt 1 on executor 1' || fail "the job ended as: $(containers stdout)"
containers stderr >driver.log
denied driver.log "a driver in a container"
