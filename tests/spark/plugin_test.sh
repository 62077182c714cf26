#!/bin/bash
# The plugin: what it asks of Spark's memory manager, and the life of tasks on a real executor.
. "$(dirname "$0")/plugin.bash"

run io.memgrant.spark.WithoutWaiting
run_on_cluster Tasks -Dspark.memgrant.modeFile="$WORK/mode" -Dspark.memgrant.giveUpAfter=1
for line in "executors observe from now on, as $WORK/mode says" "executors enforce from now on, as $WORK/mode says" \
    "enforcement is off from now on for this application: 1 of its executors ended with 134, 137 or 139 (spark.memgrant.giveUpAfter); native memory"; do
    [ "$(grep -cF "memgrant: $line" "$WORK/log")" = 1 ] || fail "the driver's log does not say once: $line"
done
