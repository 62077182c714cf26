#!/bin/bash
# An executor that is lost is explained: in the driver's log, and by `memgrant why` from the event log. Killed by somebody, and, where there
# are memory cgroups, by the kernel at the limit of its container. Before, what it holds is in the driver's Prometheus page.
. "$(dirname "$0")/plugin.bash"
memgrant=$ROOT/scripts/memgrant
printf '*.sink.prometheusServlet.class=org.apache.spark.metrics.sink.PrometheusServlet\n*.sink.prometheusServlet.path=/metrics/prometheus\n' \
    >"$WORK/metrics.properties"

dies() { # NAME [-Dsetting=value...]
    mkdir "$WORK/events-$1"
    printf 'spark.eventLog.dir file:%s\n' "$WORK/events-$1" >"$WORK/spark-defaults.conf"
    run_on_cluster Dies -Dspark.ui.enabled=true -Dspark.ui.port=0 -Dspark.metrics.conf="$WORK/metrics.properties" \
        -Dspark.eventLog.enabled=true -Dspark.eventLog.dir="file:$WORK/events-$1" \
        -Dspark.memgrant.mode=observe -Dspark.memgrant.targets='libtarget*;librocksdbjni*' -Dspark.memory.offHeap.enabled=false \
        -Dspark.executor.extraJavaOptions='-XX:+UseSerialGC -XX:TieredStopAtLevel=1' "${@:2}"
    local application
    application=$(basename "$WORK/events-$1"/*)
    application=${application#eventlog_v2_}
    why "${application%%.*}" >"$WORK/why" || fail "why failed"
    sed 's/^/  /' "$WORK/why"
    grep -Eq 'executor 0 held: heap [0-9]+ MB of [0-9]+ MB, librocksdbjni[^ ]* [0-9]+ MB' "$WORK/why" || fail "what it held is not said"
    grep -Eq 's grew: .*librocksdbjni[^ ]* [0-9]+ MB' "$WORK/why" || fail "what grew is not said"
    grep -Eq 'spark.executor.memoryOverhead=[0-9]+m would have held it|no memory setting' "$WORK/why" || fail "what would have saved it is not said"
    for sentence in "executor 0 was lost: " "executor 0 held: "; do
        [ "$(grep -c "memgrant: .*$sentence" "$WORK/log")" = 1 ] || fail "the driver's log does not say '$sentence' once"
    done
}

why() { # PLACE: as who has Spark on this machine
    SPARK_HOME=$spark_home SPARK_CONF_DIR=$WORK JAVA_HOME=$jdk "$memgrant" why "$@"
}

dies sigkill -Dspark.memgrant.report="$WORK/application.json" -Dspark.eventLog.compress=true -Dspark.eventLog.compression.codec=lz4 -Dspark.eventLog.rolling.enabled=true
grep -q 'executor 0 was lost: somebody sent it SIGKILL' "$WORK/why" || fail "that somebody killed it is not said"
echo "ok - an executor that was killed is explained"

# The application's report has both: the one that was killed as it was last seen, the other one with the report that it sent.
[ "$(stat -c %a "$WORK/application.json")" = 600 ] || fail "the application's report is not its owner's only"
python3 - "$WORK/application.json" <<'END'
import json, sys
report = json.load(open(sys.argv[1]))
killed, asked = report["executors"][:2]
used = {library["name"]: library["used"] for library in killed["libraries"]}
assert (killed["id"], killed["state"], killed["report"]) == ("0", "lost", None), killed
assert used["librocksdbjni"] >= 160 << 20 and "somebody sent it SIGKILL" in killed["killer"], killed
whole = asked["report"]
assert asked["state"] == "lost" and whole["accounts"][0]["peak"] >= 3 << 20 and "places" not in whole, asked
assert any(library["name"].startswith("libtarget") for library in whole["libraries"]), whole
assert report["application"]["settings"]["spark.memgrant.mode"] == "observe", report["application"]
END
"$memgrant" explain "$WORK/application.json" >"$WORK/explained" || fail "explain can't read the application's report"
sed 's/^/  /' "$WORK/explained"
grep -q '^executor 0 (lost): ' "$WORK/explained" && grep -q '^librocksdbjni .* in executor 0$' "$WORK/explained" &&
    grep -q '^spark.executor.memoryOverhead=' "$WORK/explained" || fail "executors, libraries or settings are not said"
! "$memgrant" compare "$WORK/application.json" "$WORK/application.json" --fail 'librocksdbjni*.peak>160m' >"$WORK/compared" ||
    fail "compare sees nothing of the one that was killed"
grep -q '^FAIL librocksdbjni.peak' "$WORK/compared" || fail "compare does not compare applications"
echo "ok - the driver writes one report of all executors"

{ printf '{"Event":"SparkListenerLogStart","Spark Version":"4.3.0"}\n'
  printf '{"Event":"SparkListenerExecutorRemoved","Timestamp":1764200000000,"Executor ID":"7","Removed Reason":"%s"}\n' "Command exited with code 137"
  for _ in $(seq 20000); do echo '{"Event":"SparkListenerOther"}'; done; } >"$WORK/app-1"
"$jdk/bin/java" -cp "$path" io.memgrant.tests.Compressed "$WORK/app-1" 2>"$WORK/log" || fail "no compressed logs"
for each in "$WORK"/app-1.*; do
    [ "$(head -c 1 "$each")" != '{' ] || fail "$each is not compressed"
    why "$each" >"$WORK/why" || fail "$each is not read"
    grep -q '^.* executor 7 was lost: SIGKILL, from whom nobody knows. The cluster said: Command exited with code 137$' "$WORK/why" || fail "$each is not read right"
done
one_line() { # WORD PLACE...: the reason why it can't be read
    ! why "${@:2}" >"$WORK/why" 2>&1 || fail "${*:2} is read"
    grep -q "^memgrant: .*$1" "$WORK/why" && [ "$(wc -l <"$WORK/why")" = 1 ] || { cat "$WORK/why"; fail "not one line of ${*:2}"; }
}
for codec in lzf snappy; do # each misses the rest in its own way
    head -c -30 "$WORK/app-1.$codec" >"$WORK/torn.$codec"
    one_line damaged "$WORK/torn.$codec"
done
mv "$WORK/torn.snappy" "$WORK/torn.snappy.inprogress"
why "$WORK/torn.snappy.inprogress" >"$WORK/why" || fail "a log that is still written is not read"
one_line hdfs-like app-1 --dir "hdfs-like:$WORK"
echo "ok - event logs in each of Spark's codecs are read, and damaged ones are not taken for whole"

printf '{"Event":"SparkListenerLogStart","Spark Version":"4.3.0"}\n' >"$WORK/other"
[ "$("$memgrant" why "$WORK/other")" = "no executor was lost, and the application ran without memgrant's plugin" ] || fail "without the plugin"
echo 'nothing' >"$WORK/other"
"$memgrant" why "$WORK/other" 2>/dev/null && fail "something else is taken for an event log"
echo "ok - other files are told apart"

limit=$((1024 << 20))
mkfifo "$WORK/until"
exec 4< <(exec tests/spark/in_container.py "$WORK/java-home" "$jdk/bin/java" $limit <"$WORK/until")
keeper=$!
exec 5>"$WORK/until"
trap 'exec 5>&-; wait "$keeper" || true' EXIT
read -r says <&4
[ "$says" = ready ] || { echo "not tried: a kill by the kernel: $says"; exit 0; }
dies kernel -Dspark.executorEnv.JAVA_HOME="$WORK/java-home" -Dspark.master='local-cluster[1,2,512]' -Dspark.executor.memory=512m -Dkernel=true
grep -q 'executor 0 was lost: the kernel killed it at the memory limit of its container, 1024 MB' "$WORK/why" || fail "that the kernel killed it is not said"
grep -Eq '; spark.executor.memoryOverhead=[0-9]+m would have held it' "$WORK/why" || fail "which overhead would have held it is not said"
exec 5>&-
read -r kills <&4
[ "$kills" = 1 ] || fail "the kernel killed $kills"
echo "ok - so is one that the kernel killed"
