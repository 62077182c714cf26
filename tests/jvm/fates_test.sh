#!/bin/bash
# Real libraries as published, denied in a JVM of its own each time: a task may fail, the process is never lost, and right afterwards.
# The long form, of all libraries, is make fates.
. "$ROOT/tests/jvm/setup.bash"
exec "$ROOT/tests/fates/fates.py" --quick rocksdbjni-9.8.4 duckdb_jdbc-2.0.0.1 zstd-jni-1.5.7-7
