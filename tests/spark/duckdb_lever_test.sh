#!/bin/bash
# DuckDB's memory_limit as a task's spill lever, as docs/levers.md has it.
. "$(dirname "$0")/spark.bash"

fill() { # WORD
    on_spark DuckDbLever --master 'local[1]' --conf spark.memgrant.mode=enforce --conf 'spark.memgrant.targets=libduckdb_java*' \
        --conf spark.memory.offHeap.enabled=true --conf spark.memory.offHeap.size=256m --conf spark.memgrant.boundaryWaitMs=1000 \
        --conf spark.memgrant.leverWaitMs=600000 \
        --conf spark.unsafe.exceptionOnMemoryLeak=true -- "$1"
}
fill without
fill recipe
! grep 'memgrant: ' "$WORK/log" || fail "somebody had something to say"
