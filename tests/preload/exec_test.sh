#!/bin/bash
# A program that executes another one, or itself again as the JVM's launcher may, hands the library on; a static program runs
# as it would without us, whose library it cannot load, and `memgrant run` says that nothing is counted.
set -u
cd "$WORK" || exit
fail() { echo "$1"; exit 1; }
memgrant=$ROOT/scripts/memgrant
cat >again.c <<'C'
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>
int main(int count, char **words)
{
    void *volatile block = malloc(1000);
    free(block);
    if (count == 2 && atoi(words[1]) > 0) {
        char left[12];
        sprintf(left, "%d", atoi(words[1]) - 1);
        execl("/proc/self/exe", words[0], left, (char *)NULL);
    }
    if (count == 3)
        execl(words[1], words[1], words[2], (char *)NULL);
    puts("done");
    return 6;
}
C
"${CC:-cc}" -o again again.c || fail "the fixture does not compile"
"$memgrant" run --report report.json -- ./again 3 >out 2>errors
[ $? = 6 ] && [ "$(cat out)" = "done" ] && [ ! -s errors ] || fail "again: $(cat out errors)"
# The process is the one that was started, so the name is its, whatever program it runs now.
grep -q '"name":"again"' report.json && [ "$(ls report.json*)" = report.json ] || fail "the last program did not report: $(ls)"
rm report.json

"${CC:-cc}" -static -o static again.c 2>/dev/null || { echo "no static libc is installed here"; exit 77; }
"$memgrant" run --report report.json --limit 64m -- ./static 3 >out 2>errors
[ $? = 6 ] && [ "$(cat out)" = "done" ] || fail "static: $(cat out errors)"
[ "$(wc -l <errors)" = 1 ] && grep -q 'memgrant: .*static.* nothing is counted' errors || fail "static: it said $(cat errors)"
"$memgrant" run --report report.json -- ./again ./static 0 >out 2>errors
[ $? = 6 ] && [ "$(cat out)" = "done" ] && [ ! -s errors ] || fail "static, by another program: $(cat out errors)"
# And one that a static program executes has the library again.
"$memgrant" run --report report.json -- ./static ./again 2 >out 2>errors
[ $? = 6 ] && [ -s report.json ] || fail "behind a static program nothing is counted: $(cat out errors)"
