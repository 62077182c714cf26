#!/bin/bash
# Spark 3.5 (Scala 2.12) on JDK 17, with the same memgrant.jar: the demo in its small form, the plugin's tests, its waits, the moments, the tab, and what
# Java's own code takes.
set -eu
: "${ROOT:=$(cd "$(dirname "$0")/../.." && pwd)}"
export SPARK=3.5 JDK=17
"$ROOT/tests/spark/plugin_test.sh"
"$ROOT/tests/spark/moments_test.sh"
"$ROOT/tests/spark/waits_test.sh"
"$ROOT/tests/spark/tab_test.sh"
"$ROOT/tests/spark/java_own_test.sh"
"$ROOT/scripts/demo" --small --pool offheap 2 3 4
exec "$ROOT/scripts/demo" --small --pool overhead 3
