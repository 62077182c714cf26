#!/bin/bash
# On Java 11, which this library is not for, Spark 3.5 runs a job as without it: the driver and the executor say one line each.
set -euo pipefail
: "${ROOT:=$(cd "$(dirname "$0")/../.." && pwd)}" "${BUILD:=$ROOT/build}" "${LIB:=$BUILD/libmemgrant.so}" "${WORK:=$(mktemp -d)}"
cd "$ROOT"
. scripts/fetch.sh
skip() { echo "$1"; exit 77; }
fail() { echo "FAILED - $1"; exit 1; }
spark=$(spark_version 3.5)
scripts/get-spark "$spark" || skip "there is no Spark $spark: run scripts/get-spark $spark"
scripts/get-java 11 || skip "there is no Java 11: run scripts/get-java 11"

home=$BUILD/spark-$spark jdk=$(scripts/find-java)
mkdir -p "$WORK/classes"
cat >"$WORK/Job.java" <<'JOB'
import java.util.ServiceLoader;
import org.apache.spark.SparkConf;
import org.apache.spark.api.java.JavaSparkContext;
import org.apache.spark.status.AppHistoryServerPlugin;

public class Job {
    public static void main(String[] arguments) {
        JavaSparkContext spark = new JavaSparkContext(new SparkConf());
        for (AppHistoryServerPlugin plugin : ServiceLoader.load(AppHistoryServerPlugin.class)) {
            if (plugin.getClass().getName().startsWith("io.memgrant.")) {
                System.out.println("listeners: " + plugin.createListeners(spark.getConf(), null).size());
            }
        }
        for (String event : new String[] {"ExecutorsSeen", "ExecutorDied"}) {
            try {
                System.out.println("event log: " + Class.forName("io.memgrant.spark." + event).getSimpleName());
            } catch (ClassNotFoundException | LinkageError unreadable) {
                System.out.println("event log: " + unreadable);
            }
        }
        System.out.println(spark.parallelize(java.util.Arrays.asList(1, 20, 300, 4000), 4).map(n -> 2 * n).reduce(Integer::sum));
        spark.stop();
    }
}
JOB
"$jdk/bin/javac" --release 8 -Xlint:-options -nowarn -proc:none -cp "$home/jars/*" -d "$WORK/classes" "$WORK/Job.java"
"$jdk/bin/jar" --create --file "$WORK/job.jar" -C "$WORK/classes" .

# Executors' logs lie below SPARK_HOME.
mkdir "$WORK/spark" && ln -s "$home"/* "$WORK/spark/" && rm -f "$WORK/spark/work"
SPARK_HOME=$WORK/spark JAVA_HOME=$BUILD/java-11 LD_PRELOAD=$LIB timeout 200 "$home/bin/spark-submit" \
    --master 'local-cluster[1,1,1024]' --conf spark.plugins=io.memgrant.spark.MemgrantPlugin --conf spark.ui.enabled=false \
    --conf spark.driver.extraClassPath="$BUILD/memgrant.jar" --conf spark.executor.extraClassPath="$BUILD/memgrant.jar" \
    --conf spark.memgrant.mode=enforce --conf spark.executorEnv.LD_PRELOAD="$LIB" --class Job "$WORK/job.jar" >"$WORK/out" 2>"$WORK/log" || {
    grep -E 'Error|Exception|memgrant' "$WORK/log" | tail -n 20 || tail -n 20 "$WORK/log" "$WORK/out"
    fail "the job failed"
}
grep -qx 8642 "$WORK/out" || fail "no sum: $(cat "$WORK/out")"
grep -qx 'listeners: 0' "$WORK/out" || fail "a History Server on Java 11 is not spared: $(cat "$WORK/out")"
[ "$(grep -cx 'event log: Executor[sD].*' "$WORK/out")" = 2 ] || fail "an event log cannot be read on Java 11: $(cat "$WORK/out")"
echo "ok - a job on Java 11 ends with its result"

one_line() { # WHO FILE...
    local said
    said=$(cat "${@:2}" | grep 'memgrant: ') || fail "$1 said nothing"
    [ "$(wc -l <<<"$said")" = 1 ] || fail "$1 said more than one line: $said"
    grep -q 'Java 11' <<<"$said" && grep -q 'Java 17' <<<"$said" || fail "$1 does not say what is wrong: $said"
    echo "ok - $1 says in one line why nothing is counted (${said#*memgrant: })"
}
one_line "the driver" "$WORK/log"
one_line "the executor" "$WORK"/spark/work/*/*/stderr
