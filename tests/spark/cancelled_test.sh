#!/bin/bash
# Jobs that are cancelled and tasks that are killed while they wait for memory, at random moments: nothing is lost by that.
. "$(dirname "$0")/plugin.bash"

run_on_cluster Cancelled -Dspark.master='local-cluster[1,4,1024]' -Dspark.memory.offHeap.size=64m -Dspark.task.maxFailures=100 \
    -Dspark.memgrant.boundaryWaitMs=3600000 -Dspark.memgrant.admissionWaitMs=3600000
