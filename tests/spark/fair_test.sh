#!/bin/bash
# Tasks with RocksDB, eight at a time, compete for half of what they want: each gets its turn, none is starved, and all finish.
# And what Spark's operators have of the pool by a setting, native memory can't take.
. "$(dirname "$0")/plugin.bash"

run_on_cluster Fair -Dspark.master='local-cluster[1,8,1024]' -Dspark.memgrant.targets='librocksdbjni*' \
    -Dspark.memory.offHeap.size=256m -Dspark.task.maxFailures=4

reserved() { # RESERVE ENDS
    run_on_cluster Reserved -Dspark.memgrant.onDenial=overdraft -Dspark.memgrant.sparkReserve="$1" -Dends="$2"
}
reserved 0 badly
reserved 48m well
