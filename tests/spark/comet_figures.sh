#!/bin/bash
# Prints what Comet as published (for Spark 3.5) declares, uses and is charged for, in samples. No test yet: nothing is compared.
export SPARK=3.5
. "$(dirname "$0")/spark.bash"

comet=$(find "$BUILD/comet" -name 'comet-spark-spark3.5_2.12-*.jar' 2>/dev/null | sort | tail -n 1)
[ -n "$comet" ] || skip "there is no Comet; put comet-spark-spark3.5_2.12 into build/comet"

query() { # [spark-submit options]
    on_spark Comet --master 'local[2]' --driver-memory 2g --jars "$(echo "$deps"/*.jar | tr ' ' ,),$demo_jar,$comet" \
        --conf spark.driver.extraClassPath="$BUILD/memgrant.jar:$comet" \
        --conf spark.plugins=io.memgrant.spark.MemgrantPlugin,org.apache.spark.CometPlugin \
        --conf spark.shuffle.manager=org.apache.spark.sql.comet.execution.shuffle.CometShuffleManager \
        --conf spark.comet.exec.shuffle.enabled=true --conf spark.sql.shuffle.partitions=4 \
        --conf spark.sql.autoBroadcastJoinThreshold=-1 \
        --conf spark.memory.offHeap.enabled=true --conf spark.memory.offHeap.size=1g "$@" -- "$WORK/tables"
    rm -rf "$WORK/tables"
}

query --conf spark.memgrant.mode=enforce "$@"
