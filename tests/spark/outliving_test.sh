#!/bin/bash
# Native memory that no task owns: Spark's storage memory pays for it, on an executor, and in one SparkContext after another.
. "$(dirname "$0")/plugin.bash"

run_on_cluster Outliving

on_spark Contexts --conf spark.memgrant.mode=enforce --conf 'spark.memgrant.targets=libtarget*' \
    --conf spark.memgrant.grantBatch=1m --conf spark.memory.offHeap.enabled=true --conf spark.memory.offHeap.size=64m
if grep -E 'memgrant: |release.*storage memory but only have' "$WORK/log"; then
    fail "somebody had something to say"
fi
