#!/bin/bash
# The natives of io.memgrant.Native are exactly those that the library registers.
. "$ROOT/tests/jvm/setup.bash"
javap -s -p -cp "$BUILD/memgrant.jar" io.memgrant.Native |
    sed -n 's/.* native .* \([A-Za-z]*\)(.*/\1/p; s/^ *descriptor: *//p' >"$WORK/lines"
# A line with a name is followed by its descriptor; fields and the constructor have descriptors only.
awk '/^[A-Za-z]+$/ && length($0) > 1 { name = $0; next } name { print name, $0; name = "" }' "$WORK/lines" | sort >"$WORK/java"
sed -n 's/^ *{ "\([A-Za-z]*\)", "\([^"]*\)", .*/\1 \2/p' "$ROOT/jni/natives.c" | sort >"$WORK/c"
[ -s "$WORK/c" ] || fail "no natives found in jni/natives.c"
diff "$WORK/java" "$WORK/c" || fail "Native.java (<) and jni/natives.c (>) differ"
