#!/bin/bash
# Libraries that take memory by Unsafe, those that are among Spark's jars; `make unsafe` has more of them, and on each JDK.
. "$ROOT/tests/jvm/setup.bash"
. "$ROOT/tests/unsafe/ledger.bash"
four=("$BUILD"/spark-4*/jars) three=("$BUILD"/spark-3*/jars)
[ -f "$(echo "${four[0]}"/netty-buffer-*.jar)" ] || skip "there is no Spark 4 in $BUILD: run scripts/get-spark"

run_all() { # JAVA
    ledger direct "$1" DirectBuffers '' || fail "direct buffers"
    ledger platform "$1" SparkPlatform "${four[0]}/*" || fail "Spark's Platform"
    ledger arrow "$1" Arrow "${four[0]}/*" || fail "Arrow"
    ledger netty42 "$1" NettyPools "${four[0]}/*" -Dallocator=adaptive || fail "Netty 4.2"
    [ ! -d "${three[0]}" ] || ledger netty41 "$1" NettyPools "${three[0]}/*" -Dallocator=pooled || fail "Netty 4.1"
}

# What is by java.lang.foreign can't be counted where it calls libc's malloc, and is said to be.
warns() { # JAVA
    "$(dirname "$1")/javac" -nowarn -proc:none -cp "${four[0]}/*" -d "$WORK/classes" "$ROOT/tests/unsafe/java/Bypass.java" 2>/dev/null
    "$ROOT/scripts/memgrant" run --target 'java:*' -- "$1" "${@:2}" -cp "$WORK/classes:${four[0]}/*" Bypass >"$WORK/output" 2>&1 || fail "Netty without Unsafe"
}

for java in $(jvms); do
    case $("$java" -version 2>&1 | head -n 1) in
        *\"17*)
            run_all "$java"
            ledger sketches "$java" Sketches "${four[0]}/*" || fail "DataSketches"
            ;;
        *\"25*)
            run_all "$java"
            ledger arenas "$java" ForeignArenas '' || fail "java.lang.foreign"
            warns "$java" --enable-native-access=ALL-UNNAMED
            expect_lines 1 "memgrant: io.netty.*calls libc's own malloc.*--sun-misc-unsafe-memory-access=allow"
            warns "$java" --enable-native-access=ALL-UNNAMED --sun-misc-unsafe-memory-access=allow
            expect_lines 0 memgrant:
            ;;
    esac
done
