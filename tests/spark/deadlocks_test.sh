#!/bin/bash
# malloc never waits for Java: four deadlocks, each of which hangs a library in whose malloc somebody waits.
. "$(dirname "$0")/spark.bash"

on_spark Deadlocks --conf spark.memgrant.mode=enforce --conf 'spark.memgrant.targets=libtarget*' \
    --conf spark.memory.offHeap.enabled=true --conf spark.memory.offHeap.size=512m \
    --conf spark.unsafe.exceptionOnMemoryLeak=true
