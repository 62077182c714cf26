#!/bin/bash
# A program with scopes runs where the library is not, and where it counts nothing: there are none, and nothing is missing.
set -u
cd "$WORK" || exit
fail() { echo "$1"; exit 1; }
cat >scoped.c <<'C'
#include <memgrant_scope.h>
#include <stdio.h>
int main(void)
{
    mg_scope scope = mg_scope_begin("nobody counts", 1000);
    mg_scope before = mg_scope_enter(scope);
    mg_scope_leave(before);
    if (mg_scope_transfer(&scope, 12345) > 0)
        return 1;
    if (mg_scope_share_fairly(12345, 1) || mg_scope_fair_share(12345) != -1)
        return 1;
    printf("%ld %ld %ld %ld %ld\n", (long)scope, (long)before, (long)mg_scope_used(scope), (long)mg_scope_peak(scope),
           (long)mg_scope_end(scope));
    return 0;
}
C
for language in c c++; do
    ${CC:-cc} -x $language -O2 -Wall -Wextra -Werror -I"$ROOT/include" -o scoped scoped.c || fail "it does not compile as $language"
    [ "$(./scoped)" = "0 0 0 0 0" ] || fail "without the library: $(./scoped)"
    [ "$(LD_PRELOAD=$LIB ./scoped)" = "0 0 0 0 0" ] || fail "where nothing is counted: $(LD_PRELOAD=$LIB ./scoped)"
    [ "$(MEMGRANT_TARGETS=libnothing LD_PRELOAD=$LIB ./scoped)" != "0 0 0 0 0" ] || fail "where something is counted there is no scope"
done
