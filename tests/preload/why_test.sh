#!/bin/bash
# `memgrant why` of event logs as Spark writes them, and of files that are none; tests/spark/why_test.sh has them from executors that are lost.
set -u
cd "$WORK" || exit
fail() { echo "$1"; cat said 2>/dev/null; exit 1; }
command -v python3 >/dev/null || { echo "no python3 here"; exit 77; }
why() { # EXIT-CODE ARGUMENT...
    local want=$1 got
    shift
    "$ROOT/scripts/memgrant" why "$@" >said 2>&1
    got=$?
    [ $got = "$want" ] || fail "exit code $got instead of $want for: $*"
}
start='{"Event":"SparkListenerLogStart","Spark Version":"4.3.0"}'
plugin='{"Event":"SparkListenerEnvironmentUpdate","Spark Properties":{"spark.plugins":"io.memgrant.spark.MemgrantPlugin"}}'
removed() { # EXECUTOR REASON
    printf '{"Event":"SparkListenerExecutorRemoved","Timestamp":1764200000000,"Executor ID":"%s","Removed Reason":"%s"}\n' "$1" "$2"
}

# An executor that is gone is lost, whether or not it had told anything before.
printf '%s\n%s\n' "$start" "$plugin" >log
removed 0 'Command exited with code 137' >>log
removed 1 'Executor killed by driver.' >>log
why 0 log
grep -q 'executor 0 was lost. The cluster said: Command exited with code 137$' said || fail "an executor that told nothing is not lost"
grep -q 'executor 1' said && fail "one that the driver ended is lost"
why 0 -- log
{ echo "$start"; removed 2 'Command exited with code 134'; } >without
why 0 without
grep -q 'without memgrant' said || fail "why nothing is known is not said"
echo "$start" >quiet
why 0 quiet
grep -q '^no executor was lost' said || fail "nobody was lost"

# What Python takes for an end of line is none; a text is not trusted with a terminal.
printf '%s\n' "$start" >strange
removed 3 "$(printf 'a line \342\200\250 and \\u001b[31m more')" >>strange
why 0 strange
[ "$(wc -l <said)" = 2 ] && ! grep -q "$(printf '\033')" said || fail "not two lines, or a raw escape"
printf '\377\376 no text\n' >>strange
why 0 strange

if command -v zstd >/dev/null; then
    for _ in $(seq 2000); do cat log; done >large
    zstd -q large -o large.zstd
    why 0 large.zstd
    grep -q 'executor 0 was lost' said || fail "a compressed log is not read"
    head -c -4 large.zstd >torn.zstd
    why 125 torn.zstd
    grep -q 'damaged' said || fail "a damaged log is taken for a whole one"
    cp torn.zstd running.zstd.inprogress
    why 0 running.zstd.inprogress
fi

mkdir rolled
echo "$start" >rolled/events_1_app
removed 4 'Command exited with code 139' >rolled/events_2_app
removed 4 'never' >rolled/another
why 0 rolled
grep -q 'code 139' said || fail "a folder of files is not read"

# Bad input is one line.
echo nothing >none
printf '{"Event":"SparkListenerExecutorRemoved","Timestamp":1e400,"Executor ID":"0","Removed Reason":"x"}\n' >huge
printf '{"Event":"SparkListenerExecutorRemoved",%s\n' "$(printf '[%.0s' $(seq 100000))" >deep
mkdir empty
for bad in none gone huge deep empty '' 'log log'; do
    # shellcheck disable=SC2086 # several words
    why 125 $bad
    [ "$(wc -l <said)" = 1 ] && grep -q '^memgrant: ' said || fail "not one line for: $bad"
done
