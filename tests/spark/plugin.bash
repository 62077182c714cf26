# What the tests of the plugin on executors share; sourced by NAME_test.sh: programs that are drivers themselves, and whose
# executors are processes of their own (local-cluster).
# shellcheck shell=bash
. "$(dirname "${BASH_SOURCE[0]}")/spark.bash"

jdk=$(scripts/find-java)
classes=$WORK/classes
path="$classes:$BUILD/memgrant.jar:$tests_jar:$demo_jar:$deps/*:$spark_home/jars/*"
"$jdk/bin/javac" --release 17 -Xlint:all,-path,-classfile -Werror -proc:none -cp "$path" -d "$classes" \
    tests/spark/plugin/*.java

# What spark-submit sets and opens for it.
scala=$(basename "$spark_home"/jars/spark-core_*.jar)
scala=${scala#spark-core_}
export SPARK_SCALA_VERSION=${scala%%-*}
opens=(--add-opens=java.base/java.{lang,lang.invoke,nio,util,util.concurrent,net}=ALL-UNNAMED
    --add-opens=java.base/sun.nio.ch=ALL-UNNAMED)

run() { # CLASS [-Dsetting=value...]
    local class=$1
    shift
    TARGET=$built/libtarget.so SPARK_HOME=$spark_home "$jdk/bin/java" "${opens[@]}" "$@" -cp "$path" "$class" \
        2>"$WORK/log" || {
        grep -E 'memgrant|Exception|Error|^\s+at ' "$WORK/log" | tail -n 40
        fail "$class"
    }
}

# The same on one executor with two cores that enforces, whatever container the test runs in; a later setting of the same name wins.
run_on_cluster() { # CLASS [-Dsetting=value...]
    local class=$1
    shift
    run "io.memgrant.tests.$class" -Dspark.master='local-cluster[1,2,1024]' -Dspark.app.name="$class" \
        -Dspark.ui.enabled=false -Dspark.executor.extraClassPath="${path%:*}" \
        -Dspark.executorEnv.TARGET="$built/libtarget.so" -Dspark.executorEnv.LD_PRELOAD="$LIB" \
        -Dspark.plugins=io.memgrant.spark.MemgrantPlugin -Dspark.memgrant.mode=enforce -Dspark.memgrant.policy=strict \
        -Dspark.memgrant.targets='libtarget*' -Dspark.memory.offHeap.enabled=true -Dspark.memory.offHeap.size=128m \
        -Dspark.unsafe.exceptionOnMemoryLeak=true -Dspark.task.maxFailures=2 "$@"
}
