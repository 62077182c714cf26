#!/bin/bash
# Memory that others report to Spark keeps no task waiting for ever.
. "$(dirname "$0")/plugin.bash"

case $spark in 3.*) skip "Spark $spark knows no memory that others report" ;; esac
run_on_cluster Unmanaged -Dspark.memory.unmanagedMemoryPollingInterval=100ms -Dspark.memgrant.boundaryWaitMs=1000
