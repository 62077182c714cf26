#!/bin/bash
# Libraries that take memory by Unsafe, those that are among Spark's jars; `make unsafe` has more of them, and on each JDK.
. "$ROOT/tests/jvm/setup.bash"
. "$ROOT/tests/unsafe/ledger.bash"
four=("$BUILD"/spark-4*/jars) three=("$BUILD"/spark-3*/jars)
[ -f "$(echo "${four[0]}"/netty-buffer-*.jar)" ] || skip "there is no Spark 4 in $BUILD: run scripts/get-spark"

logs=(slf4j-api jcl-over-slf4j commons-lang3 log4j-slf4j2-impl log4j-slf4j-impl log4j-api log4j-core)
netty=(netty-buffer netty-common)

# All in one go, for all JDKs.
RELEASE=17 compile "$JAVAC_HOME/bin/javac" "$(echo "${four[0]}"/*.jar | tr ' ' :)" "$WORK/compiled" Ledger DirectBuffers SparkPlatform Arrow NettyPools Sketches Bypass LooksUp
export COMPILED=$WORK/compiled

run_all() { # JAVA
    TRACKED=yes ledger direct "$1" DirectBuffers '' || fail "direct buffers"
    ledger platform "$1" SparkPlatform "$(jars "${four[0]}" spark-unsafe spark-common-utils scala-library "${logs[@]}")" || fail "Spark's Platform"
    ledger arrow "$1" Arrow "$(jars "${four[0]}" arrow-memory-core arrow-memory-netty arrow-memory-netty-buffer-patch arrow-format flatbuffers-java "${netty[@]}" "${logs[@]}")" ||
        fail "Arrow"
    ledger netty42 "$1" NettyPools "$(jars "${four[0]}" "${netty[@]}" "${logs[@]}")" -Dallocator=adaptive || fail "Netty 4.2"
    [ ! -d "${three[0]}" ] || ledger netty41 "$1" NettyPools "$(jars "${three[0]}" "${netty[@]}" "${logs[@]}")" -Dallocator=pooled || fail "Netty 4.1"
}

charged() { # OPERATOR BYTES: to java:*, in the report
    python3 -c "
import json
row = [row for row in json.load(open('$WORK/report.json'))['libraries'] if row['name'] == 'java:*'][0]
assert row['charged'] $1 $2, row" || fail "charged is not $1 $2 bytes"
}

# What is by java.lang.foreign can't be counted where it calls libc's malloc, and is said to be.
warns() { # JAVA
    "$ROOT/scripts/memgrant" run --target 'java:*' --report "$WORK/report.json" -- "$1" "${@:2}" -cp "$COMPILED:$(jars "${four[0]}" "${netty[@]}" "${logs[@]}")" Bypass >"$WORK/output" 2>&1 || fail "Netty without Unsafe"
}

# The same of anybody's code, in a JVM with the agent and in one that is armed while it runs.
warns_anybody() { # JAVA PACKAGE INSTEAD [OPTION]...
    local line="memgrant: LooksUp calls libc's own malloc by $2: what it takes so is not counted; $2.$3's memory would be" java=$1
    "$ROOT/scripts/memgrant" run --target 'java:*' -- "$java" -Xcheck:jni --enable-native-access=ALL-UNNAMED "${@:4}" -cp "$COMPILED:$BUILD/memgrant.jar" \
        LooksUp >"$WORK/output" 2>&1 || fail "LooksUp"
    expect_lines 1 "$line"
    expect_lines 1 'found true'
    LD_PRELOAD=$LIB "$java" -Xcheck:jni --enable-native-access=ALL-UNNAMED "${@:4}" -cp "$COMPILED:$BUILD/memgrant.jar" LooksUp "$LIB" \
        >"$WORK/output" 2>&1 || fail "LooksUp in a JVM that is armed while it runs"
    expect_lines 1 "$line"
    expect_lines 0 'in native method'
    expect_lines 0 'Re-registering'
}

for java in $(jvms); do
    case $("$java" -version 2>&1 | head -n 1) in
        *\"17*)
            run_all "$java"
            ledger sketches "$java" Sketches "$(jars "${four[0]}" datasketches-memory)" || fail "DataSketches"
            warns_anybody "$java" jdk.incubator.foreign MemorySegment --add-modules=jdk.incubator.foreign
            ;;
        *\"25*)
            run_all "$java"
            COMPILED='' ledger arenas "$java" ForeignArenas '' || fail "java.lang.foreign"
            warns "$java" --enable-native-access=ALL-UNNAMED
            expect_lines 1 "memgrant: io.netty.*calls libc's own malloc.*--sun-misc-unsafe-memory-access=allow"
            charged '<' $((8 << 20))
            # The cure that it names.
            warns "$java" --enable-native-access=ALL-UNNAMED --sun-misc-unsafe-memory-access=allow -Dio.netty.noUnsafe=false
            expect_lines 0 memgrant:
            charged '>=' $((8 << 20))
            warns_anybody "$java" java.lang.foreign Arena
            ;;
    esac
done
