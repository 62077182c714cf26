#!/bin/bash
# malloc never waits for Java, nor a boundary inside Spark: five deadlocks, each of which hangs a library in which somebody waits there.
. "$(dirname "$0")/spark.bash"

on_spark Deadlocks --conf spark.memgrant.mode=enforce --conf 'spark.memgrant.targets=libtarget*' \
    --conf spark.memory.offHeap.enabled=true --conf spark.memory.offHeap.size=512m \
    --conf spark.io.compression.codec=io.memgrant.tests.ReadInsideSpark \
    --conf spark.unsafe.sorter.spill.read.ahead.enabled=false \
    --conf spark.unsafe.exceptionOnMemoryLeak=true
