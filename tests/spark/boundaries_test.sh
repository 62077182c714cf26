#!/bin/bash
# At a boundary a task fails only for what it was refused, and waits only for a while.
. "$(dirname "$0")/spark.bash"

on_spark Boundaries --conf spark.memgrant.mode=enforce --conf 'spark.memgrant.targets=libtarget*' \
    --conf spark.memory.offHeap.enabled=true --conf spark.memory.offHeap.size=32m \
    --conf spark.memgrant.boundaryWaitMs=500 --conf spark.unsafe.exceptionOnMemoryLeak=true
