#!/bin/bash
# The soak in its short form (make soak has the long one): charges of real libraries denied at random, in a JVM each and on two
# executors, where tasks are also killed and jobs cancelled. No process is lost, and nothing is left.
. "$(dirname "$0")/plugin.bash"

if [ -z "${SOAK_TASKS:-}" ]; then
    DENIALS=40 "$ROOT/tests/fates/soak.py" --quick rocksdbjni-9.8.4 duckdb_jdbc-2.0.0.1 zstd-jni-1.5.7-7
fi
# Spark's own zstd and lz4 are denied as well, in Spark's own code. With a small batch little stays with the executor beyond its reserve.
run_on_cluster Soak -Dspark.master='local-cluster[2,2,1024]' -Dspark.memory.offHeap.size=160m -Dspark.task.maxFailures=1000 \
    -Dspark.memgrant.targets='librocksdbjni*;libduckdb_java*;libzstd-jni*;liblz4-java*;snappy-*;libleveldbjni*' \
    -Dspark.memgrant.onDenial=stop -Dspark.memgrant.grantBatch=2m -Dspark.memgrant.denyRandom="${SOAK_ONE_IN:-150000}" -Dspark.memgrant.denySeed=1 \
    -Dspark.executor.extraJavaOptions="-Dsoak.folder=$WORK/soak" -Dsoak.folder="$WORK/soak" -Dsoak.tasks="${SOAK_TASKS:-40}" \
    ${SOAK_SEED:+-Dsoak.seed="$SOAK_SEED"}
