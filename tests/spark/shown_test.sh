#!/bin/bash
# What people see of a denial and of a wait: Spark's UI (its REST interface), memgrant's report and the executor's log.
. "$(dirname "$0")/plugin.bash"

run_on_cluster Shown -Dspark.ui.enabled=true -Dspark.ui.port=0 -Dspark.ui.liveUpdate.period=0 -Dspark.memgrant.boundaryWaitMs=600000
