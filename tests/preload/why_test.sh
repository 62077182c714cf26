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
grep -q 'executor 0 was lost: SIGKILL, from whom nobody knows. The cluster said: Command exited with code 137$' said || fail "an executor that told nothing is not lost"
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
    yes "$(cat log)" | head -n 8000 >large
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

# An application's logs are found by their names, those of its attempts in their order: each has an executor 0 of its own.
mkdir -p apps/eventlog_v2_app-2 conf
touch apps/eventlog_v2_app-2/appstatus_app-2
cp log apps/app-1.inprogress
cp rolled/events_1_app apps/eventlog_v2_app-2/events_9_app-2.compact
cp rolled/events_2_app apps/eventlog_v2_app-2/events_10_app-2
cp log apps/application_1_0001_10
cp without apps/application_1_0001_2
cp quiet apps/application_1_00011
cp log apps/eventlog_v2_app-3 # a file, as nobody writes
why 0 app-1 --dir apps
grep -q 'executor 0 was lost' said && ! grep -q attempt said || fail "an application that runs"
why 0 app-2 --dir "file://$WORK/apps"
grep -q 'code 139' said || fail "an application whose log is rolled"
why 0 application_1_0001 --dir apps
[ "$(grep -n '^attempt' said | tr '\n' ' ')" = '1:attempt 2: 4:attempt 10: ' ] && sed -n 2p said | grep -q 'executor 2' || fail "attempts are not told apart"
why 125 app-3 --dir apps
grep -q 'no event log of app-3 in apps' said || fail "what is not there is not said"
printf '# spark.eventLog.dir wrong\n  spark.eventLog.dir = file:%s/apps  \n' "$WORK" >conf/spark-defaults.conf
SPARK_CONF_DIR=conf why 0 app-1
grep -q 'executor 0 was lost' said || fail "the folder of spark-defaults.conf is not looked in"
printf 'spark.history.fs.logDirectory\t%s/apps\n' "$WORK" >conf/spark-defaults.conf
SPARK_CONF_DIR=conf why 0 APP-1
cp log log.snappy
env -u JAVA_HOME SPARK_HOME="$WORK" PATH="$PATH" "$ROOT/scripts/memgrant" why log.snappy 2>said && fail "a compressed log is read without Spark"
[ "$(wc -l <said)" = 1 ] && grep -q 'SPARK_HOME' said || fail "what a compressed log takes is not said"

# Bad input is one line.
echo nothing >none
printf '{"Event":"SparkListenerExecutorRemoved","Timestamp":1e400,"Executor ID":"0","Removed Reason":"x"}\n' >huge
printf '{"Event":"SparkListenerExecutorRemoved",%s\n' "$(printf '[%.0s' $(seq 100000))" >deep
mkdir empty
for bad in none gone huge deep empty ./gone '' 'log log' '--what log' 'app-9 --dir gone' 'app-9 --dir empty'; do
    # shellcheck disable=SC2086 # several words
    why 125 $bad
    [ "$(wc -l <said)" = 1 ] && grep -q '^memgrant: ' said || fail "not one line for: $bad"
done
