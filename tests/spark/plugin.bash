# What the tests of the plugin on executors share; sourced by NAME_test.sh: programs that are drivers themselves, and whose
# executors are processes of their own (local-cluster).
# shellcheck shell=bash
. "$(dirname "${BASH_SOURCE[0]}")/spark.bash"

archive_of_drivers=$BUILD/$(class_archive driver "$spark" "$jdk")
plugin_jar=$built/plugin-$spark.jar
path="$BUILD/memgrant.jar:$plugin_jar:$tests_jar:$demo_jar:$deps/*:$spark_home/jars/*"
if [ ! -f "$plugin_jar" ] || [ -n "$(find tests/spark/plugin "$tests_jar" "$BUILD/memgrant.jar" -newer "$plugin_jar" -print -quit)" ]; then
    classes=$(mktemp -d "$built/classes.XXXXXX")
    "$jdk/bin/javac" --release 17 -Xlint:all,-path,-classfile -Werror -proc:none -cp "$path" -d "$classes" tests/spark/plugin/*.java
    "$jdk/bin/jar" --create --file "$plugin_jar.new" -C "$classes" .
    mv "$plugin_jar.new" "$plugin_jar"
    rm -rf "$classes"
fi

# What spark-submit sets and opens for it.
scala=$(basename "$spark_home"/jars/spark-core_*.jar)
scala=${scala#spark-core_}
export SPARK_SCALA_VERSION=${scala%%-*}
opens=(--add-opens=java.base/java.{lang,lang.invoke,nio,util,util.concurrent,net}=ALL-UNNAMED
    --add-opens=java.base/sun.nio.ch=ALL-UNNAMED)

run() { # CLASS [-Dsetting=value...]
    local class=$1
    shift
    TARGET=$built/libtarget.so SPARK_HOME=$spark_home "$jdk/bin/java" "${opens[@]}" \
        "$(sharing_classes "$archive_of_drivers" "$BUILD/memgrant.jar" "$plugin_jar" "$tests_jar" "$demo_jar")" \
        "$@" -cp "$path" "$class" 2>"$WORK/log" || {
        grep -E 'memgrant|Exception|Error|^\s+at ' "$WORK/log" | tail -n 40
        fail "$class"
    }
    keep_archive "$archive_of_drivers"
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
