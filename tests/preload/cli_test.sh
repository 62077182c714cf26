#!/bin/bash
# What `memgrant` itself answers: one line and 125 when it is used wrongly, 126 and 127 as env(1), a program's own code
# otherwise; from any folder, through a symlink, beside what LD_PRELOAD holds already.
set -u
memgrant=$ROOT/scripts/memgrant
fail() { echo "$1"; exit 1; }

refuses() { # CODE TEXT ARGUMENTS...
    local code=$1 text=$2 ended
    shift 2
    (cd "$WORK" && "$memgrant" "$@" >out 2>errors)
    ended=$?
    [ $ended = "$code" ] || fail "memgrant $*: ended with $ended instead of $code"
    [ "$(wc -l <errors)" = 1 ] && [ ! -s out ] || fail "memgrant $*: not one line: $(cat errors out)"
    grep -q "^memgrant: .*$text" errors || fail "memgrant $*: said $(cat errors)"
}

refuses 125 'no option --lmit' run --lmit 5 true
refuses 125 "'64q' is not a size" run --limit 64q -- true
refuses 125 "'' is not a size" run --limit= true
refuses 125 "'-5' is not a size" run --limit -5 true
refuses 125 'not fail, stop or overdraft' run --on-denial never true
refuses 125 'names no library' run --target ,limit=5 true
refuses 125 "'zz' is not a size" run --target 'lib*,limit=zz' true
refuses 125 'needs a value' run --limit
refuses 125 'no command' run --limit 64m --
refuses 125 'no folder' run --report /no/such/folder/file true
refuses 125 'no command .frobnicate' frobnicate
refuses 125 'process id' dump
refuses 125 'no process' dump 999999999
refuses 125 'does not run under memgrant' dump $$
refuses 126 "can't execute" run "$ROOT/README.md"
refuses 126 "can't execute" run /
refuses 127 'no such\|there is no' run /no/such/program
refuses 127 'command not found' run no-such-program-anywhere
refuses 125 'needs a pool' spark-conf --jar /a.jar -- --conf spark.memgrant.mode=enforce

cd / && ln -s "$memgrant" "$WORK/link" || exit
"$WORK/link" run -- sh -c 'exit 37'
[ $? = 37 ] || fail "the program's exit code was lost"
[ "$("$WORK/link" run -- sh -c 'echo "$MEMGRANT_REPORT_OWNER $$"' | awk '{ print $1 == $2 }')" = 1 ] ||
    fail "the report's owner is not the program"
[ "$(LD_PRELOAD=libm.so.6 "$memgrant" run -- printenv LD_PRELOAD)" = "$LIB:libm.so.6" ] ||
    fail "LD_PRELOAD lost what it held"
[ "$("$memgrant" run --target a --target=b,limit=1g --limit 5k --on-denial overdraft --observe --report=/r -- \
    sh -c 'echo $MEMGRANT_TARGETS $MEMGRANT_LIMIT $MEMGRANT_ON_DENIAL $MEMGRANT_MODE $MEMGRANT_REPORT')" = \
    'a;b,limit=1g 5k overdraft observe /r' ] || fail "an option was lost"
[ "$(cd "$WORK" && "$memgrant" run --report here.json -- printenv MEMGRANT_REPORT)" = "$WORK/here.json" ] ||
    fail "the report's name is not absolute"

# From an installed prefix, and without a library.
mkdir -p "$WORK/prefix/bin" "$WORK/prefix/lib/memgrant" && cp "$memgrant" "$WORK/prefix/bin/" || exit
"$WORK/prefix/bin/memgrant" run true 2>errors
[ $? = 125 ] || fail "ran without a library"
cp "$LIB" "$WORK/prefix/lib/memgrant/"
[ "$("$WORK/prefix/bin/memgrant" run -- printenv LD_PRELOAD)" = "$WORK/prefix/lib/memgrant/libmemgrant.so" ] ||
    fail "an installed memgrant does not find its library"
