#!/bin/bash
# async-profiler walks from a target's native method through its thunk into Java, by each of its ways to do so.
. "$ROOT/tests/jvm/setup.bash"
jar=async-profiler-4.0.jar folder=$BUILD/profiler
if [ ! -f "$folder/$jar" ]; then
    [ -z "${NO_INSTALL-}" ] || skip "async-profiler was not fetched, and NO_INSTALL forbids it"
    command -v mvn >/dev/null || skip "async-profiler was not fetched, and there is no Maven to do it"
    echo "fetching $jar from Maven Central"
    mvn -B -q org.apache.maven.plugins:maven-dependency-plugin:3.6.1:copy -DoutputDirectory="$folder" \
        -Dartifact=tools.profiler:async-profiler:4.0 >"$WORK/maven" 2>&1 || skip "Maven could not fetch async-profiler: $(tail -n 1 "$WORK/maven")"
fi
case $(uname -m) in x86_64) platform=linux-x64 ;; *) platform=linux-arm64 ;; esac
agent=$WORK/libasyncProfiler.so
"$JAVAC_HOME/bin/jar" xf "$folder/$jar" "$platform/libasyncProfiler.so"
mv "$platform/libasyncProfiler.so" "$agent"
build_target
build_classes

for java in $(jvms); do
    for way in fp dwarf vm; do
        samples=$WORK/samples
        JAVA_FLAGS="-agentpath:$agent=start,event=itimer,interval=1ms,cstack=$way,collapsed,file=$samples" \
            run_java "$java" io.memgrant.ProfiledMain || { cat "$WORK/output"; fail "profiled by $way"; }
        # Each line is a stack from its bottom on, and how often it was seen.
        read -r seen whole < <(awk '/Java_mgtarget_Target_spin/ { n = $NF; seen += n
            if ($0 ~ /ProfiledMain\.main(_\[.\])?;([^;]*;)?.*mgtarget\/Target\.spin(_\[.\])?;(mg_thunk_common;)?Java_mgtarget_Target_spin/) whole += n }
            END { print seen + 0, whole + 0 }' "$samples")
        # A sample in the midst of a call's first instructions may be cut short, also without us; where the thunk can't be walked, all are.
        echo "$java by $way: $seen samples in the library's function, $whole of them below Java's frames"
        if [ "$seen" -lt 50 ] || [ "$((whole * 2))" -lt "$seen" ]; then
            head -n 20 "$samples"
            fail "the walk by $way"
        fi
    done
done
