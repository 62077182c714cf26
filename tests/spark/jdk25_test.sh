#!/bin/bash
# Spark 4 on JDK 25, with the same memgrant.jar: the demo in its small form, and the plugin's tests.
set -eu
: "${ROOT:=$(cd "$(dirname "$0")/../.." && pwd)}"
export JDK=25
"$ROOT/tests/spark/plugin_test.sh"
exec "$ROOT/scripts/demo" --small --pool offheap 1 3 4
