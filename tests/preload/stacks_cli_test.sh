#!/bin/bash
# `memgrant stacks`: names what asked for memory that is in use, of a report and of a living process, also when the library has gone from
# where it was; the profile is what pprof reads. `memgrant chart`: how it grew. The page of both draws itself in a browser without a network; a
# broken report is told.
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
#include <cstring>
#include <sys/mman.h>
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
extern "C" void *dig() { void *hole = mmap(nullptr, 3 << 20, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0); madvise(hole, 3 << 20, MADV_NOHUGEPAGE); memset(hole, 1, 1 << 20); return hole; }
END
cat >main.c <<'END'
#include <dlfcn.h>
#include <stdio.h>
#include <stdlib.h>
__attribute__((noinline)) static void leak(void *(*jump)(int)) { jump(1000); }
int main(void)
{
    void *library = dlopen("./libs/libleaky.so", RTLD_NOW);
    leak((void *(*)(int))dlsym(library, "jump"));
    ((void *(*)(void))dlsym(library, "dig"))();
    puts("ready");
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
grep -Eq '^ +3,145,728 +1,048,576  process  libleaky.so \(mapped\)  dig < main' said || fail "it does not say who mapped"
"$memgrant" chart "$child" >said && grep -q ' s .*MB .*#.* libleaky.so 4.0 MB' said || fail "it is not said how a living process grew"
echo >&7
wait "$child" || fail "the program did not end well"

"$memgrant" stacks r.json --collapsed c.txt --pprof p.pb.gz --html p.html || fail "no files were made"
grep -qx 'process;libleaky.so;.*main;.*leak;jump;pond::Frog::leap(int) 1024000' c.txt || { cat c.txt; fail "collapsed stacks"; }
grep -q '^process;libleaky.so (mapped);.*main;dig 3145728$' c.txt || { cat c.txt; fail "collapsed stacks of mappings"; }

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
assert types == [["inuse_objects", "count"], ["inuse_space", "bytes"], ["resident_space", "bytes"]], types
sample = [dict(fields(value)) for number, value in profile if number == 2]
labels = {strings[dict(fields(tag))[1]]: strings[dict(fields(tag))[2]] for number, value in profile if number == 2
          for field, tag in fields(value) if field == 3}
assert labels == {"task": "process", "library": "libleaky.so", "thread": "main", "kind": "mapping"}, labels
values = sorted(each[2] for each in sample)
# A mapping of 3 MB, of which one was touched; 1000 blocks, 1,024,000 bytes, of which the magazines' and those that the links of malloc's lists touch are.
assert values[0] == bytes([1, 0x80, 0x80, 0xc0, 1, 0x80, 0x80, 0x40]) and values[1].startswith(bytes([0xe8, 7, 0x80, 0xc0, 0x3e])), sample
functions = {strings[dict(fields(value))[2]] for number, value in profile if number == 5}
assert {"pond::Frog::leap(int)", "jump", "leak", "dig", "main"} <= functions, functions
assert any(len(strings[dict(fields(value)).get(6, 0)]) == 40 for number, value in profile if number == 3)
END
if command -v go >/dev/null; then
    PPROF_TMPDIR=$WORK go tool pprof -top -symbolize=none p.pb.gz >said 2>&1
    grep -q '100%.*pond::Frog::leap' said || fail "go tool pprof reads something else"
fi

# The page: names that are markup stay names.
PYTHONPATH=$ROOT/scripts python3 - >said 2>&1 <<'END' || fail "no report with hostile names"
import json
import grown
import reports
report = json.load(open("r.json"))
attack = "</script><script>document.title='broken'</script>"
report["stacks"]["live"][0]["account_name"] = "task 1 (stage 2.0)" + attack
# A history as long as one can be: 20 libraries, a task for each point, grants, a limit out of sight, denials twice.
MB, points = 1 << 20, range(512)
history = {"interval_ms": 10, "ms": [10 * at + 3 for at in points], "used": [(at + 60) * MB for at in points],
           "granted": [None if at < 100 else 600 * MB for at in points], "limit": [1 << 40] * 512, "denials": [(at > 99) + 2 * (at > 300) for at in points],
           "libraries": [{"name": f"lib{n}{attack if n == 19 else ''}", "used": [(n + 1) * MB if at % 20 == n else MB for at in points]} for n in range(20)],
           "others": [0] * 512, "accounts": [[[at, (at + 2) * MB], [600, MB]] for at in points]}
report["history"] = history
report["accounts"] += [{"id": 511, "name": "task 511" + attack}, {"id": 600, "name": "never large"}]
json.dump(report, open("hostile.json", "w"))
json.dump({name: report[name] for name in ("process", "accounts", "history")}, open("chart.json", "w"))
json.dump({"history": dict(history, ms=[2, 1] * 256)}, open("broken8.json", "w"))
for part, value in [("ms", []), ("used", [1]), ("used", [None] * 512), ("denials", ["x"] * 512), ("libraries", [{"name": 1}]),
                    ("libraries", [{"name": "x", "used": [-1] * 512}]), ("accounts", [[[1]]] * 512), ("accounts", [[1]] * 512),
                    ("others", None), ("limit", [1 << 63] * 512)]:
    try:
        grown.history_of({"history": dict(history, **{part: value})})
    except reports.BadInput:
        continue
    raise SystemExit(f"a history with {part} of {str(value)[:20]} was taken")
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
"$memgrant" chart broken8.json >said 2>&1
[ $? = 125 ] && [ "$(wc -l <said)" = 1 ] && grep -q '^memgrant: .* in no order' said || fail "points in no order are not told to be so in one line"
"$memgrant" chart chart.json >said && [ "$(wc -l <said)" = 25 ] && grep -q '^ *5.1 s .*571.0 MB .*600.0 MB .* 3  #' said || fail "the table of a long history"
"$memgrant" chart chart.json --html chart.html || fail "no page without stacks"
! grep -q 'id="chart"' chart.html || fail "the page of a report without stacks has a place for them"
"$memgrant" chart hostile.json --libraries some.jar --html hostile.html && cp hostile.html of_chart.html || fail "no page of all that there is"
"$memgrant" stacks hostile.json --libraries some.jar --html hostile.html && cmp hostile.html of_chart.html || fail "no page with hostile names"
! grep -Eq '(src|href)="?(https?:)?//' p.html hostile.html || fail "the page asks for something from elsewhere"
# Somebody points at a chart.
echo '<script>document.querySelector("svg").dispatchEvent(new MouseEvent("mousemove", { clientX: 400, clientY: 200 }))</script>' >>hostile.html
for browser in chromium-headless-shell chromium google-chrome; do command -v $browser >/dev/null && break; done
command -v "$browser" >/dev/null || { echo "all but the page in a browser: no chromium here"; exit 77; }
"$browser" --headless --no-sandbox --disable-gpu --no-first-run --disable-background-networking --user-data-dir="$WORK/profile" \
    --virtual-time-budget=4000 --dump-dom "file://$WORK/hostile.html" >dom.html 2>said || fail "the browser failed"
grep -q '<svg' dom.html && grep -q 'pond::Frog::leap(int): 1000.0 KB (24.6 %)' dom.html || { head -c 3000 dom.html; fail "no flame graph was drawn"; }
drawn() { grep -o "$1" dom.html | wc -l; }
# By library: fifteen and the others. By task: fifteen and what is none of theirs. Both with what was granted and two denials.
[ "$(drawn '<path class="layer"')" = 32 ] && [ "$(drawn '<path class="granted"')" = 2 ] && [ "$(drawn '<line class="denied"')" = 4 ] ||
    fail "the charts over time: $(drawn '<path class="layer"') layers"
[ "$(drawn '<path class="limit"')" = 0 ] && [ "$(drawn 'limit: 1024.0 GB, beyond the chart')" = 2 ] || fail "a limit out of sight"
grep -q 'lib19&lt;/script&gt;.*: 20.0 MB at most' dom.html && grep -q 'task 511&lt;/script&gt;.*: 513.0 MB at most' dom.html || fail "names and peaks in the legend"
! grep -Eq 'NaN|undefined' <(grep -o '<path class="[^>]*' dom.html) || fail "a figure that is none"
grep -Eq 'class="now">[0-9.]+ s: used [0-9.]+ MB, granted 600.0 MB, limit 1024.0 GB, denials: 1; .*lib18 1.0 MB' dom.html || fail "what was used when is not told"
! grep -q '<title>broken' dom.html || fail "a name was run as a script"
