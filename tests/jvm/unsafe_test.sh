#!/bin/bash
# What Java's own code takes by jdk.internal.misc.Unsafe: in a JVM that is armed while it runs, and under `memgrant run`, whose
# agent is there from the start; with and without the JVM's native memory tracking, which puts a header before each block.
. "$ROOT/tests/jvm/setup.bash"
build_target
build_classes

for java in $(jvms); do
    echo "$java"
    JAVA_FLAGS=
    case $("$java" -version 2>&1 | head -n 1) in *\"17* | *\"2[0-3]*) ;; *) JAVA_FLAGS="$JAVA_FLAGS --sun-misc-unsafe-memory-access=allow" ;; esac
    run_java "$java" io.memgrant.UnsafeMain || { cat "$WORK/output"; fail "armed while it runs"; }
    expect_lines 1 'unsafe: ok'
    expect_lines 0 '[Ww][Aa][Rr][Nn]'
    expect_lines 0 memgrant:
    JAVA_FLAGS="$JAVA_FLAGS --add-opens=java.base/jdk.internal.misc=ALL-UNNAMED -Xlog:jni+resolve=error"
    run_java "$java" io.memgrant.UnsafeMain again || { cat "$WORK/output"; fail "registered again"; }
    expect_lines 1 'registered again'
done

# ---- Under `memgrant run`: an agent, and a fixed limit ----

"$JAVAC_HOME/bin/javac" -nowarn -d "$WORK/classes" "$ROOT"/tests/unsafe/java/{Fixed,Mapped}.java

under_limit() { # JAVA MAIN [OPTION]...
    local java=$1 main=$2
    shift 2
    "$ROOT/scripts/memgrant" run --target 'java:*' "${limit[@]}" --report "$WORK/report.json" -- "$java" -Xcheck:jni "$@" -cp "$WORK/classes" "$main" "$WORK" \
        >"$WORK/output" 2>&1 || { cat "$WORK/output"; fail "under memgrant run"; }
}

in_report() { # EXPRESSION: of the row of java:*, of what there is beside it
    python3 -c "
import json, sys
report = json.load(open('$WORK/report.json'))
row = [row for row in report['libraries'] if row['name'] == 'java:*'][0]
others = [row['name'] for row in report['libraries'] if row['name'] != 'java:*']
sys.exit(not ($1))" || { cat "$WORK/report.json"; fail "not so in the report: $1"; }
}

for java in $(jvms); do
    echo "$java under memgrant run"
    limit=(--limit 40m)
    under_limit "$java" Fixed
    expect_lines 1 'OutOfMemoryError: Unable to allocate 1048576 bytes'
    expect_lines 0 '^WARNING'
    # The heaps themselves keep some of the limit.
    in_report "32 << 20 <= row['peak'] <= 40 << 20 and row['denials'] == 1 and report['invariants_broken'] == 0 and not others"
    under_limit "$java" Fixed -XX:NativeMemoryTracking=summary
    expect_lines 1 'OutOfMemoryError: Unable to allocate 1048576 bytes'
    in_report "row['denials'] == 1 and report['invariants_broken'] == 0"
    # Little is denied as much is: nothing native has to bear it.
    under_limit "$java" Fixed -Dbytes=4096
    expect_lines 1 'OutOfMemoryError: Unable to allocate 4096 bytes'
    in_report "row['peak'] <= 40 << 20 and row['denials'] == 1 and report['invariants_broken'] == 0"
    limit=(--observe)
    under_limit "$java" Fixed
    expect_lines 1 'buffers 100'
    # Of the JDK's own there are a few small ones.
    in_report "100 << 20 <= row['charged'] < (100 << 20) + 65536 and row['denials'] == 0"
    # Of natives that are registered again we are told, too.
    under_limit "$java" Fixed -Dagain=yes --add-opens=java.base/jdk.internal.misc=ALL-UNNAMED -Xlog:jni+resolve=error
    in_report "100 << 20 <= row['charged'] < (100 << 20) + 65536"
    # A mapped file is nobody's, and shown; what is mapped with MapMode.PRIVATE is not even that.
    under_limit "$java" Mapped
    expect_lines 1 'buffers 1, 2'
    in_report "report['mapped_files'] == {'mappings': 1, 'bytes': 16 << 20, 'resident_bytes': 4 << 20} and row['charged'] < 65536"
done
