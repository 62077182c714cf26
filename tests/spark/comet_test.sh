#!/bin/bash
# A library that charges Spark itself: what Comet as published (for Spark 3.5) takes is paid for, and once. Options are spark-submit's.
export SPARK=3.5
. "$(dirname "$0")/spark.bash"

scripts/get-comet || skip "there is no Comet: run scripts/get-comet"
comet=$(echo "$BUILD"/comet/*.jar)
# Nothing is at hand but a batch of 1 MB for each account, so that the books can be compared.
on_spark Comet --master 'local[2]' --driver-memory 2g --jars "$(echo "$deps"/*.jar | tr ' ' ,),$demo_jar,$comet" \
    --conf spark.driver.extraClassPath="$BUILD/memgrant.jar:$comet" \
    --conf spark.plugins=io.memgrant.spark.MemgrantPlugin,org.apache.spark.CometPlugin \
    --conf spark.shuffle.manager=org.apache.spark.sql.comet.execution.shuffle.CometShuffleManager \
    --conf spark.sql.shuffle.partitions=1 --conf spark.sql.autoBroadcastJoinThreshold=-1 \
    --conf spark.memory.offHeap.enabled=true --conf spark.memory.offHeap.size=1g \
    --conf spark.memgrant.mode=enforce --conf 'spark.memgrant.targets=libcomet*' --conf spark.memgrant.grantBatch=1m \
    --conf spark.memgrant.executorReserve=0 --conf spark.unsafe.exceptionOnMemoryLeak=true "$@" -- "$WORK/tables"
