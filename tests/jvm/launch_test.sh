#!/bin/bash
# The JDK's three ways to start a process, while tasks take and free memory: by fork, in whose child the JDK allocates before it
# executes, by vfork, in whose child it runs in its parent's memory, and by posix_spawn.
. "$ROOT/tests/jvm/setup.bash"
build_target
build_classes
for java in $(jvms); do
    for mechanism in FORK VFORK POSIX_SPAWN; do
        echo "$java $mechanism"
        JAVA_FLAGS=-Djdk.lang.Process.launchMechanism=$mechanism run_java "$java" io.memgrant.LaunchMain ||
            { cat "$WORK/output"; fail "$mechanism"; }
        expect_lines 1 'launch: ok'
        expect_lines 0 memgrant:
        # Of the processes that did not come to execute anything, those in memory of their own reported.
        reports=$(find "$WORK" -name 'report.json.*' | wc -l)
        [ "$reports" = "$([ $mechanism = FORK ] && echo 40 || echo 0)" ] || fail "$mechanism: $reports children reported"
        rm -f "$WORK"/report.json*
    done
done
