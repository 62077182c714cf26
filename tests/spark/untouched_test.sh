#!/bin/bash
# Workloads that finish without memgrant also finish with it in the same containers: three of the twenty of `make untouched`.
set -eu
: "${ROOT:=$(cd "$(dirname "$0")/../.." && pwd)}"
exec "$ROOT/scripts/untouched" --small
