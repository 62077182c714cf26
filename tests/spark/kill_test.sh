#!/bin/bash
# Executors in memory cgroups: without memgrant the kernel kills one, with it none is lost and every answer is right. One run
# each; `make demo` makes ten.
set -eu
: "${ROOT:=$(cd "$(dirname "$0")/../.." && pwd)}"
exec "$ROOT/scripts/demo-kill" --small
