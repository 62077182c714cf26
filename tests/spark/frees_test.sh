#!/bin/bash
# The books balance exactly when blocks are freed by other threads, by other tasks and after the task's end.
. "$(dirname "$0")/spark.bash"

on_spark Frees --conf spark.memgrant.mode=enforce --conf 'spark.memgrant.targets=libtarget*' \
    --conf spark.memory.offHeap.enabled=true --conf spark.memory.offHeap.size=256m \
    --conf spark.unsafe.exceptionOnMemoryLeak=true
