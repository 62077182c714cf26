#!/bin/bash
# The demo in its small form: its acts on real Spark, in both pools; its own checks are the test.
set -eu
: "${ROOT:=$(cd "$(dirname "$0")/../.." && pwd)}"
exec "$ROOT/scripts/demo" --small
