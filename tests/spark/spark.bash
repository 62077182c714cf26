# What the tests on Spark share; sourced by NAME_test.sh. One JVM: the driver is the executor (local mode), preloaded.
# SPARK chooses the version that it is, JDK the one that it runs on.
# shellcheck shell=bash
set -euo pipefail
: "${ROOT:=$(cd "$(dirname "$0")/../.." && pwd)}" "${BUILD:=$ROOT/build}" "${LIB:=$BUILD/libmemgrant.so}"
[ -n "${WORK:-}" ] || { WORK=$(mktemp -d) && trap 'rm -rf "$WORK"' EXIT; }
export WORK ROOT BUILD LIB
# shellcheck source=scripts/fetch.sh
. "$ROOT/scripts/fetch.sh"
# shellcheck source=scripts/class-archive.sh
. "$ROOT/scripts/class-archive.sh"
spark=$(spark_version "${SPARK:-}")
spark_home=$BUILD/spark-$spark deps=$ROOT/$(jars_of "$spark")
built=$BUILD/spark-tests demo_jar=$BUILD/memgrant-demo-$spark.jar tests_jar=$BUILD/spark-tests/tests-$spark.jar

skip() {
    echo "$1"
    exit 77
}

fail() {
    echo "FAILED - $1"
    exit 1
}

build_tests() {
    local classes
    cd "$ROOT"
    if [ -n "${JDK:-}" ]; then
        JAVA_HOME=$(scripts/find-java "$JDK" 2>/dev/null) || skip "there is no JDK $JDK; set JAVA_HOME to one"
        export JAVA_HOME
    fi
    scripts/get-spark "$spark" || skip "there is no Spark: run scripts/get-spark"
    scripts/get-jars "$spark" || skip "there are no jars: run scripts/get-jars"
    scripts/demo --compile
    jdk=$(scripts/find-java)
    [ ! -f "$tests_jar" ] || [ -n "$(find tests/spark "$demo_jar" -newer "$tests_jar" -print -quit)" ] || return 0
    mkdir -p "$built"
    for library in libtarget.so libtarget_constructor.so; do
        ${CC:-gcc} -O1 -g -fno-builtin -Wall -Wextra -Werror -fPIC -shared -pthread -I"$jdk/include" \
            -I"$jdk/include/linux" "$([ $library = libtarget.so ] && echo -UCONSTRUCTOR || echo -DCONSTRUCTOR)" \
            -o "$built/$library" tests/spark/target.c
    done
    classes=$(mktemp -d "$built/classes.XXXXXX")
    find tests/spark/java -name '*.java' -exec "$jdk/bin/javac" --release 17 -Xlint:all,-path,-classfile -Werror \
        -proc:none -cp "$spark_home/jars/*:$deps/*:build/memgrant.jar:$demo_jar" -d "$classes" {} +
    "$jdk/bin/jar" --create --file "$tests_jar.new" -C "$classes" .
    mv "$tests_jar.new" "$tests_jar"
    rm -rf "$classes"
}

# on_spark CLASS [spark-submit options] [-- program's arguments]: runs the program; its messages, Spark's log among them,
# go to $WORK/log. PRELOAD: what to preload, default the library. Short lives: no second compiler.
on_spark() {
    local class=$1 options=()
    shift
    while [ $# -gt 0 ] && [ "$1" != -- ]; do
        options+=("$1")
        shift
    done
    [ $# = 0 ] || shift
    TARGET=$built/libtarget.so TARGET_CONSTRUCTOR=$built/libtarget_constructor.so SPARK_HOME=$spark_home \
        LD_PRELOAD=${PRELOAD-$LIB} "$spark_home/bin/spark-submit" --master 'local[3]' \
        --class "io.memgrant.tests.$class" --jars "$demo_jar,$(echo "$deps"/*.jar | tr ' ' ,)" \
        --conf spark.plugins=io.memgrant.spark.MemgrantPlugin \
        --conf spark.driver.extraClassPath="$BUILD/memgrant.jar" \
        --conf spark.memgrant.policy=strict --conf spark.ui.enabled=false \
        --driver-java-options "-XX:TieredStopAtLevel=1 $(sharing_classes "$archive" "$BUILD/memgrant.jar")" "${options[@]}" \
        "$tests_jar" "$@" 2>"$WORK/log" || {
        local code=$?
        grep -E 'memgrant|Exception|Error|^\s+at ' "$WORK/log" | tail -n 40
        fail "$class ended with $code"
    }
    keep_archive "$archive"
}

build_tests
jdk=$(scripts/find-java)
archive=$BUILD/$(class_archive submitted "$spark" "$jdk")
