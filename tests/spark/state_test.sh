#!/bin/bash
# State that outlives tasks: a streaming query whose state is in RocksDB, at half of the memory that it takes by itself: no batch fails.
# STATE="PARTITIONS BATCHES ROWS KEYS" for another one; arguments are given to spark-submit. SIDE_BY_SIDE=1 runs it with and without a
# limit at the same time, so that whatever else the machine does slows both; make state is long, and does that.
. "$(dirname "$0")/spark.bash"
options=("$@")
[ -z "${SIDE_BY_SIDE:-}" ] || options+=(--driver-java-options -XX:+TieredCompilation) # long lives: the second compiler too
reserve=$((64 << 20))

read -r partitions batches rows keys <<<"${STATE:-10 12 15000 90000}"

stream() { # NAME BATCHES [spark-submit options]
    local name=$1 count=$2
    shift 2
    mkdir -p "$WORK/$name"
    (
        WORK=$WORK/$name
        on_spark State --master 'local[2,4]' --conf 'spark.memgrant.targets=librocksdbjni*' --driver-memory 2g "${options[@]}" "$@" \
            -- "$partitions" "$count" "$rows" "$keys" >"$WORK/out"
        sed -n 's/^figure /  /p' "$WORK/out" | paste -sd, | sed "s/^/$name:/"
        # That a task waits for long is no complaint.
        ! grep -E 'memgrant: |Managed memory leak' "$WORK/log" | grep -v ' waits for ' || fail "$name: somebody had something to say"
    )
}
figure() { # NAME FIGURE
    sed -n "s/^figure $2 //p" "$WORK/$1/out"
}
# Native memory can have half; what Spark's own operators need has its place beside it.
half() { # OF
    pool=$(($(figure "$1" peak) / 2))
    stream half "$batches" --conf spark.memgrant.mode=enforce --conf spark.memgrant.levers=rocksdb \
        --conf spark.memory.offHeap.enabled=true --conf "spark.memory.offHeap.size=$((pool + reserve))" \
        --conf "spark.memgrant.sparkReserve=$reserve" --conf spark.buffer.pageSize=1m
}

if [ -n "${SIDE_BY_SIDE:-}" ]; then
    stream sized $((batches * 3 / 10)) --conf spark.memgrant.mode=observe # it is measured again below
    stream natural "$batches" --conf spark.memgrant.mode=observe &
    half sized
    wait $! || fail "the query without a limit"
else
    stream natural "$batches" --conf spark.memgrant.mode=observe
    half natural
fi

[ "$(figure half batches)" = "$batches" ] || fail "a batch failed"
echo "ok - at half of its natural memory no batch failed ($pool bytes, $(figure half failed_tasks) tasks failed)"
[ -z "${SIDE_BY_SIDE:-}" ] || echo "it was at $((100 * pool / $(figure natural peak))) % of the memory that the same batches took without a limit"
[ "$(figure half levers_freed)" -gt 0 ] || fail "no lever freed anything: it had room enough"
[ $((2 * pool)) -le "$(figure natural peak)" ] || fail "$pool bytes were more than half"
limited=$(figure half p95) free=$(figure natural p95)
echo "p95 of a batch: $limited ms at half of the memory, $free ms without a limit"
# One after the other they are compared on a machine that is not the same.
[ -z "${SIDE_BY_SIDE:-}" ] || [ $((2 * limited)) -le $((3 * free)) ] || fail "that is more than 1.5 times as long"
