#!/bin/bash
# The tests of the preloaded library, with the released one in its place.
set -u
[ "$(uname -m)" = x86_64 ] || { echo "the library for $(uname -m) is not tried by this test"; exit 77; }
cd "$ROOT" && release/tree "$WORK/tree" "$BUILD/dist/x86_64/libmemgrant.so" || exit
chmod a+x "${WORK%/*}" "$WORK" || exit # as where a library is installed: programs of other users load it, too
unset TESTS ROOT BUILD LIB
cd "$WORK" && tree/tests/run.sh preload
