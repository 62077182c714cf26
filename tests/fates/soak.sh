#!/bin/bash
# soak.sh [LIBRARY...]: both parts of make soak, and the section of docs/fates.md. Fails if one of them does.
set -u
: "${ROOT:=$(cd "$(dirname "$0")/../.." && pwd)}" "${BUILD:=$ROOT/build}"
# shellcheck source=scripts/fetch.sh
. "$ROOT/scripts/fetch.sh"
here=$ROOT/tests/fates failed=0
"$here/soak.py" "$@" || failed=1
SOAK_TASKS=${TASKS:-2000} "$ROOT/tests/spark/soak_test.sh" | tee "$BUILD/soak-tasks-$(spark_version "${SPARK:-}").txt"
[ "${PIPESTATUS[0]}" = 0 ] || failed=1
"$here/soak_page.py"
exit $failed
