#!/bin/bash
# Executors that are sent SIGKILL at random moments, many: does `memgrant why` name each, what it says how old is what it held, and is any of it wrong?
# KILLS, SECONDS_AT_MOST, EXECUTORS. Writes what it counted; ends with 1 where an executor that the driver knew is not explained, or wrongly.
. "$(dirname "$0")/plugin.bash"
mkdir "$WORK/events"
run_on_cluster Kills -Dkills="${KILLS:-1000}" -Dseconds="${SECONDS_AT_MOST:-3600}" -Dseed="${SEED:-1}" -Dlist="$WORK/kills" \
    -Dspark.master="local-cluster[${EXECUTORS:-10},1,512]" -Dspark.executor.memory=512m -Dspark.memory.offHeap.enabled=false \
    -Dspark.memgrant.mode=observe -Dspark.task.maxFailures=100000 -Dspark.deploy.maxExecutorRetries=-1 -Dspark.stage.maxConsecutiveAttempts=100000 \
    -Dspark.eventLog.enabled=true -Dspark.eventLog.rolling.enabled=false -Dspark.eventLog.compress=false -Dspark.eventLog.dir="file:$WORK/events" \
    -Dspark.executor.extraJavaOptions='-XX:+UseSerialGC -XX:TieredStopAtLevel=1'
scripts/memgrant why "$WORK"/events/* >"$WORK/why" || fail "why failed"
[ -z "${KEEP:-}" ] || cp -r "$WORK"/{kills,why,events,log} "$KEEP"
tests/spark/kills.py "$WORK/kills" "$WORK/why" "$WORK"/events/*
