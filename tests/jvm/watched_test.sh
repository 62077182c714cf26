#!/bin/bash
# JMX shows what is counted, and a recording of Flight Recorder has grants, denials and use; without one it is not started. In a JVM that
# lacks both nothing is missed.
. "$ROOT/tests/jvm/setup.bash"
build_target
build_classes
passes watched io.memgrant.WatchedMain
JAVA_FLAGS='--limit-modules java.base,java.logging' run_java "$(command -v java)" io.memgrant.PlainWatchedMain || { cat "$WORK/output"; fail "without JMX and JFR"; }
expect_lines 1 'plainly watched: ok'
