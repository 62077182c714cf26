#!/bin/bash
# What the driver keeps and says of its executors, without any: of snapshots as executors send them.
. "$(dirname "$0")/plugin.bash"

run io.memgrant.spark.Lost -Dfolder="$WORK"
