#!/bin/bash
# JDK Flight Recorder's samples inside a target's native method show the Java frames above it.
. "$ROOT/tests/jvm/setup.bash"
build_target
build_classes
for java in $(jvms); do
    [ -x "${java%java}jfr" ] || continue
    echo "$java"
    JAVA_FLAGS="-XX:StartFlightRecording:filename=$WORK/recording.jfr,settings=profile" run_java "$java" io.memgrant.ProfiledMain ||
        { cat "$WORK/output"; fail "recorded"; }
    "${java%java}jfr" print --events jdk.NativeMethodSample --stack-depth 20 "$WORK/recording.jfr" >"$WORK/samples"
    seen=$(grep -c 'mgtarget.Target.spin' "$WORK/samples") || true
    whole=$(grep -A 2 'mgtarget.Target.spin' "$WORK/samples" | grep -c 'ProfiledMain.main') || true
    echo "$seen samples in spin, $whole with main above it"
    if [ "$seen" -lt 10 ] || [ "$whole" != "$seen" ]; then
        head -n 40 "$WORK/samples"
        fail "samples are missing, or their callers"
    fi
    done_any=yes
done
[ -n "${done_any-}" ] || skip "no JDK here has a jfr"
