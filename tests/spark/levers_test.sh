#!/bin/bash
# Spill levers: a task's and the executor's are pulled before anybody is denied, and do no harm whatever they do.
. "$(dirname "$0")/plugin.bash"

run_on_cluster Levers -Dspark.memgrant.boundaryWaitMs=3600000 -Dspark.memgrant.leverWaitMs=2000
