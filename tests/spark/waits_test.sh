#!/bin/bash
# Tasks that lack memory wait for others, but not for each other; and retries succeed.
. "$(dirname "$0")/plugin.bash"

run_on_cluster Waits -Dspark.memgrant.boundaryWaitMs=3600000 -Dspark.memgrant.admissionWaitMs=3600000
run_on_cluster Apart -Dspark.master='local-cluster[2,2,1024]' -Dspark.excludeOnFailure.enabled=true -Dspark.task.maxFailures=3 \
    -Dspark.memgrant.boundaryWaitMs=3600000 -Dspark.memgrant.admissionWaitMs=3600000
