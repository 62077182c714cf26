#!/bin/bash
# The demo in its small form: three acts on real Spark, whose own checks are the test.
set -eu
: "${ROOT:=$(cd "$(dirname "$0")/../.." && pwd)}"
exec "$ROOT/scripts/demo" --small
