#!/bin/bash
# With wrong settings or without the library a job runs untouched, and one clear line says why.
. "$(dirname "$0")/spark.bash"

# one_line CASE WORD...: between the case's marks the log holds exactly one line of ours, with all of the words.
one_line() {
    local case=$1 lines
    shift
    lines=$(sed -n "/^case: $case$/,/^end of case$/p" "$WORK/log" | grep 'memgrant: ') || fail "$case: nothing was said"
    [ "$(wc -l <<<"$lines")" = 1 ] || fail "$case: more than one line: $lines"
    for word in "$@"; do
        grep -qF -- "$word" <<<"$lines" || fail "$case: '$word' is not in: $lines"
    done
    echo "ok - $case: one line says what is wrong (${lines#*memgrant: })"
}

on_spark Inert -- settings
one_line "enforcing without off-heap memory" spark.memory.offHeap
one_line "an unknown pool" pool=heap offheap overhead
one_line "an overhead without a size" pool=overhead spark.memory.offHeap.size
one_line "an overhead that is Spark's too" pool=overhead spark.memory.offHeap.enabled=true
one_line "an unknown mode" enforced observe
one_line "an unknown lever" crowbar rocksdb
one_line "an unknown setting" tragets
one_line "a size that is none" plenty
if sed -n '/^case: switched off$/,/^end of case$/p' "$WORK/log" | grep 'memgrant: '; then
    fail "something was said though memgrant was switched off"
fi

cp "$LIB" "$WORK/libmemgrant.so"
PRELOAD='' on_spark Inert -- absent "$LIB" "$WORK/libmemgrant.so"
one_line "no library preloaded" LD_PRELOAD
