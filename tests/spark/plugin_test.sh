#!/bin/bash
# The plugin: what it asks of Spark's memory manager, and the life of tasks on a real executor.
. "$(dirname "$0")/plugin.bash"

run io.memgrant.spark.WithoutWaiting
run_on_cluster Tasks
