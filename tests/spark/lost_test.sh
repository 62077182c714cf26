#!/bin/bash
# What the driver keeps, says and writes of its executors, without any: of snapshots and reports as executors send them.
. "$(dirname "$0")/plugin.bash"

run io.memgrant.spark.Lost -Dfolder="$WORK"

mkdir "$WORK/collected"
run io.memgrant.spark.Collected -Dfolder="$WORK/collected"
report=$WORK/collected/all.json
scripts/memgrant explain "$report" >"$WORK/explained" || fail "explain can't read it"
that() { # LINE
    grep -Fqx -- "$1" "$WORK/explained" || { cat "$WORK/explained"; fail "explain does not say: $1"; }
}
that 'executor 0 (last seen): libraries 50.0 MB, at most 100.0 MB; heap 100.0 MB of 1024.0 MB; resident 300.0 MB'
that '  executor 2 was lost: ?[31msomebody'
that 'librocksdbjni.so                                  100.0 MB at most, in executor 0'
that "spark.executor.memoryOverhead=2304m: a quarter more than the libraries' 100.0 MB at their peak and 1700.0 MB that were resident beyond heap and libraries"
echo "ok - explain tells executors apart and recommends for the worst"

# Peaks are those of the executor that had most, all else is summed: 60 MB of two that were only seen, and what the report of the third says.
for bound in 'librocksdbjni.so.peak>100m' 'librocksdbjni.so.used<60m' 'librocksdbjni.so.allocations>2' 'total.rss_peak>300m' 'total.denials>9'; do
    scripts/memgrant compare "$report" "$report" --fail "$bound" >"$WORK/compared" || { cat "$WORK/compared"; fail "compare: $bound"; }
done
! scripts/memgrant compare "$report" "$report" --fail 'librocksdbjni.so.used>60m' >"$WORK/compared" || fail "compare does not sum"
for hostile in '["executors"][0]["peak"] = "x"' '["executors"] = 7' '["executors"][1]["report"] = [1]' '["application"]["settings"] = []'; do
    python3 -c 'import json, sys; r = json.load(open(sys.argv[1])); exec("r" + sys.argv[2]); print(json.dumps(r))' "$report" "$hostile" >"$WORK/hostile.json"
    ! scripts/memgrant explain "$WORK/hostile.json" >"$WORK/said" 2>&1 || fail "explain takes $hostile"
    [ "$(wc -l <"$WORK/said")" = 1 ] && grep -q '^memgrant: .* is no report' "$WORK/said" || { cat "$WORK/said"; fail "not one line of $hostile"; }
done
! scripts/memgrant compare "$report" "$WORK/hostile.json" --fail 'librocksdbjni.so.used>60m' >"$WORK/said" 2>&1 || fail "compare"
echo "ok - compare takes applications, and what is no report is said"
