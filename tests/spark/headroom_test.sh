#!/bin/bash
# A denial only when it must be: what Spark refuses is lent as long as the executor's container has room, and no executor is killed.
. "$(dirname "$0")/plugin.bash"
. tests/spark/container.bash

mkdir "$WORK/copies"
run io.memgrant.spark.ReadsContainers -Dfolder="$WORK/copies"

# Heap 512, a JVM beside it, the pool's 128, and some 400 that nobody was promised.
limit=$((1280 << 20))
start_container $limit

on_disk=$(mktemp -d "$BUILD/headroom.XXXXXX") # not a tmpfs, whose pages are memory
"$WORK/java-home/bin/java" -XX:+UseSerialGC -Xms512m -Xmx512m -XX:+AlwaysPreTouch -cp "$path" \
    -Dfolder="$on_disk" -Dlimit=$limit io.memgrant.spark.ReadsContainers 2>&1 || fail "in a container"

room() { # WORD OPTIONS-OF-THE-EXECUTOR'S-JVM...
    run_on_cluster Rooms -Dspark.master='local-cluster[1,2,512]' -Dspark.executor.memory=512m \
        -Dspark.executorEnv.JAVA_HOME="$WORK/java-home" -Dspark.memgrant.policy= -Dspark.memgrant.boundaryWaitMs=10000 \
        -Dspark.executor.extraJavaOptions="-XX:+UseSerialGC -XX:TieredStopAtLevel=1 ${*:2}" -Dact="$1"
}
room touched -Xms512m -XX:+AlwaysPreTouch
room untouched
that_nobody_was_killed
