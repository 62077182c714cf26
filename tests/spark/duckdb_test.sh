#!/bin/bash
# DuckDB maps most of its memory itself: 200 tasks are each charged the same, give all of it back, and leave nothing that grows.
. "$(dirname "$0")/spark.bash"

ulimit -s 1024 # small stacks, which the libc keeps when a thread ends: they are mappings too
on_spark DuckDb --master 'local[2]' --conf spark.memgrant.mode=enforce \
    --conf spark.memory.offHeap.enabled=true --conf spark.memory.offHeap.size=1g \
    --conf spark.unsafe.exceptionOnMemoryLeak=true
