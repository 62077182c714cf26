#!/bin/bash
# What a malloc/free pair costs a library: bare, under the dormant library, passed on (another library is the target),
# observed, enforced. Ratio to bare first, nanoseconds behind it. All figures go to build/bench.csv, one line a run.
set -eu
cd "$(dirname "$0")/../.."
pair=build/bench/pair library=$PWD/build/libmemgrant.so csv=build/bench.csv
modes="bare dormant passed observed enforced"

preloaded() { # MODE THREADS MOST
    local settings=()
    case $1 in
        bare) $pair "$2" "$3" && return ;;
        dormant) ;;
        passed) settings=(MEMGRANT_TARGETS=nothing-here) ;;
        observed) settings=(MEMGRANT_TARGETS=libtarget.so) ;;
        enforced) settings=(MEMGRANT_TARGETS=libtarget.so MEMGRANT_LIMIT=8g MEMGRANT_ON_DENIAL=fail) ;;
    esac
    env "${settings[@]}" LD_PRELOAD="$library" $pair "$2" "$3"
}

median() { sort -n | awk '{ value[NR] = $1 } END { print value[int((NR + 1) / 2)] }'; }

echo "processor time of a malloc/free pair: ratio to bare (nanoseconds), medians of 3; $(nproc) processors"
printf '%-22s' "threads, sizes"
printf '%-17s' $modes
echo
for case in "1 1024" "4 1024" "1 65536" "4 65536"; do
    read -r threads most <<<"$case"
    printf '%-22s' "$threads, 16..$most"
    line=$(date -u +%FT%TZ),$(git rev-parse --short HEAD 2>/dev/null || echo none),$(nproc),$threads,$most
    # Interleaved: what disturbs the machine disturbs every mode.
    for round in 1 2 3; do
        for mode in $modes; do
            preloaded "$mode" "$threads" "$most" >>"build/bench/$mode.$round.ns"
        done
    done
    for mode in $modes; do
        took=$(cat "build/bench/$mode".*.ns | median)
        rm "build/bench/$mode".*.ns
        [ "$mode" != bare ] || bare=$took
        printf '%-17s' "$(awk "BEGIN { printf \"%.2f (%.1f)\", $took / $bare, $took }")"
        line=$line,$took
    done
    echo
    [ -f $csv ] || echo "time,commit,processors,threads,most,${modes// /,}" >$csv
    echo "$line" >>$csv
done
