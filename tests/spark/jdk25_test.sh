#!/bin/bash
# Spark 4 on JDK 25, with the same memgrant.jar: the demo in its small form, the plugin's tests, the moments, and what Java's own code takes.
set -eu
: "${ROOT:=$(cd "$(dirname "$0")/../.." && pwd)}"
export JDK=25
"$ROOT/tests/spark/plugin_test.sh"
"$ROOT/tests/spark/moments_test.sh"
"$ROOT/tests/spark/java_own_test.sh"
exec "$ROOT/scripts/demo" --small --pool offheap 1 3 4
