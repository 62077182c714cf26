#!/bin/bash
# Executors in one memory cgroup, as those of a standalone worker in a container are: they lend each other's room only if they are told to.
. "$(dirname "$0")/plugin.bash"
. tests/spark/container.bash

# The driver and its executors.
start_container $((4 << 30))
jdk=$WORK/java-home

together() { # EXECUTORS POLICY SAYS
    run_on_cluster Together -Dspark.master="local-cluster[$1,1,512]" -Dspark.executor.memory=512m -Dspark.task.maxFailures=1 \
        -Dspark.executor.extraJavaOptions='-XX:+UseSerialGC -XX:TieredStopAtLevel=1' -Dspark.memgrant.boundaryWaitMs=1 \
        -Dspark.memgrant.policy="$2" -Dsays="$3"
}
together 1 '' 'policy is headroom, since no other executor'
together 2 '' 'policy is strict, since the memory cgroup of this executor holds another one'
together 2 headroom 'policy is headroom, since it is set'
that_nobody_was_killed
