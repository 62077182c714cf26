#!/bin/bash
# `memgrant stacks`: names what asked for memory that is in use, of a report and of a living process, also when the library has gone from
# where it was; the profile is what pprof reads, the page draws itself in a browser without a network; a broken report is told.
set -u
cd "$WORK" || exit
fail() { echo "$1"; cat said 2>/dev/null; exit 1; }
memgrant=$ROOT/scripts/memgrant
command -v python3 >/dev/null || { echo "no python3 here"; exit 77; }
command -v addr2line >/dev/null || { echo "no addr2line (binutils) here"; exit 77; }
unset MEMGRANT_REPORT

mkdir libs
cat >leaky.cc <<'END'
#include <cstdlib>
namespace pond {
struct Frog {
    __attribute__((noinline)) void *leap(int n)
    {
        void *last = nullptr;
        while (n-- > 0) {
            last = malloc(1000);
            asm volatile("" : "+r"(last));
        }
        return last;
    }
};
}
extern "C" void *jump(int n) { return pond::Frog().leap(n); }
END
cat >main.c <<'END'
#include <dlfcn.h>
#include <stdio.h>
#include <stdlib.h>
__attribute__((noinline)) static void leak(void *(*jump)(int)) { jump(1000); puts("ready"); }
int main(void)
{
    void *library = dlopen("./libs/libleaky.so", RTLD_NOW);
    leak((void *(*)(int))dlsym(library, "jump"));
    fflush(stdout);
    return getchar() != '\n';
}
END
g++ -g -O1 -fPIC -shared -Wl,--build-id -o libs/libleaky.so leaky.cc && gcc -g -O1 -o main main.c || fail "the example does not build"

export MEMGRANT_STACKS=true MEMGRANT_STACKS_BYTES=1
mkfifo asked said_by_main
"$memgrant" run --target 'libleaky.so' --report "$WORK/r.json" -- ./main <asked >said_by_main &
child=$!
exec 7>asked 8<said_by_main
read -r line <&8
[ "$line" = ready ] || fail "the program did not start"
"$memgrant" stacks "$child" >said || fail "no stacks of a living process"
grep -q '1,024,000 .*libleaky.so.*pond::Frog::leap(int)' said || fail "it does not say who asked, demangled"
echo >&7
wait "$child" || fail "the program did not end well"

"$memgrant" stacks r.json --collapsed c.txt --pprof p.pb.gz --html p.html || fail "no files were made"
grep -qx 'process;libleaky.so;.*main;.*leak;jump;pond::Frog::leap(int) 1024000' c.txt || { cat c.txt; fail "collapsed stacks"; }

# The library is gone from there, as what a JVM unpacked is; it is in a jar, under another name.
python3 -m zipfile -c some.jar libs/libleaky.so && rm libs/libleaky.so
"$memgrant" stacks r.json >said && grep -q 'libleaky.so+0x' said || fail "a place without a file is not told as one"
"$memgrant" stacks r.json --libraries some.jar >said && grep -q 'pond::Frog::leap(int)' said || fail "the jar's library was not found by its build ID"
echo something-else >libs/libleaky.so
"$memgrant" stacks r.json >said && grep -q 'libleaky.so+0x' said || fail "another file of that name was believed"

python3 - <<'END' || fail "the profile is not what pprof reads"
import gzip

def fields(data):
    """(number, value) of each field: varints and blocks, of which these profiles are made."""
    at = 0
    def varint():
        nonlocal at
        value = shift = 0
        while True:
            byte = data[at]
            at += 1
            value |= (byte & 127) << shift
            shift += 7
            if byte < 128:
                return value
    while at < len(data):
        key = varint()
        assert key & 7 in (0, 2), key
        value = varint()
        if key & 7 == 2:
            value, at = data[at:at + value], at + value
        yield key >> 3, value

profile = list(fields(gzip.open("p.pb.gz").read()))
strings = [value.decode() for number, value in profile if number == 6]
assert strings[0] == ""
types = [[strings[text] for _, text in fields(value)] for number, value in profile if number == 1]
assert types == [["inuse_objects", "count"], ["inuse_space", "bytes"]], types
sample = [dict(fields(value)) for number, value in profile if number == 2]
labels = {strings[dict(fields(tag))[1]]: strings[dict(fields(tag))[2]] for number, value in profile if number == 2
          for field, tag in fields(value) if field == 3}
assert labels == {"task": "process", "library": "libleaky.so", "thread": "main"}, labels
assert len(sample) == 1 and sample[0][2] == bytes([0xe8, 7, 0x80, 0xc0, 0x3e]), sample # 1000 blocks, 1,024,000 bytes
functions = {strings[dict(fields(value))[2]] for number, value in profile if number == 5}
assert {"pond::Frog::leap(int)", "jump", "leak", "main"} <= functions, functions
assert any(len(strings[dict(fields(value)).get(6, 0)]) == 40 for number, value in profile if number == 3)
END
if command -v go >/dev/null; then
    PPROF_TMPDIR=$WORK go tool pprof -top -symbolize=none p.pb.gz >said 2>&1
    grep -q '100%.*pond::Frog::leap' said || fail "go tool pprof reads something else"
fi

# The page: names that are markup stay names.
python3 - <<'END' || fail "no report with hostile names"
import json
report = json.load(open("r.json"))
report["stacks"]["live"][0]["account_name"] = "task 1 (stage 2.0)</script><script>document.title='broken'</script>"
json.dump(report, open("hostile.json", "w"))
for number, (part, value) in enumerate([("live", [{}]), ("live", 3), ("modules", [{"path": 1}]), ("mean_bytes", "x"),
        ("live", [dict(report["stacks"]["live"][0], frames=[[0]])]), ("live", [dict(report["stacks"]["live"][0], frames="x")])]):
    json.dump(dict(report, stacks=dict(report["stacks"], **{part: value})), open(f"broken{number}.json", "w"))
open("broken6.json", "w").write("[" * 100000)
json.dump({}, open("broken7.json", "w"))
END
for broken in broken*.json missing.json; do
    "$memgrant" stacks "$broken" >said 2>&1
    [ $? = 125 ] && [ "$(wc -l <said)" = 1 ] && grep -q '^memgrant: ' said || fail "$broken is not told in one line"
done
"$memgrant" stacks hostile.json --libraries some.jar --html hostile.html || fail "no page with hostile names"
! grep -Eq '(src|href)="?(https?:)?//' p.html || fail "the page asks for something from elsewhere"
for browser in chromium-headless-shell chromium google-chrome; do command -v $browser >/dev/null && break; done
command -v "$browser" >/dev/null || { echo "all but the page in a browser: no chromium here"; exit 77; }
"$browser" --headless --no-sandbox --disable-gpu --no-first-run --disable-background-networking --user-data-dir="$WORK/profile" \
    --virtual-time-budget=4000 --dump-dom "file://$WORK/hostile.html" >dom.html 2>said || fail "the browser failed"
grep -q '<svg' dom.html && grep -q 'pond::Frog::leap(int): 1000.0 KB (100.0 %)' dom.html || { head -c 3000 dom.html; fail "no flame graph was drawn"; }
! grep -q '<title>broken' dom.html || fail "a name was run as a script"
