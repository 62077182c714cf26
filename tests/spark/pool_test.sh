#!/bin/bash
# Native memory from a part of the container's overhead, while Spark's own stays on heap.
. "$(dirname "$0")/plugin.bash"

run io.memgrant.spark.WhichPool
run_on_cluster Overhead -Dspark.memgrant.pool=overhead -Dspark.memory.offHeap.enabled=false
