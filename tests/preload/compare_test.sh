#!/bin/bash
# `memgrant compare`: reports of real runs; a run that takes more breaks its bound, and the build with it.
set -u
cd "$WORK" || exit
fail() { echo "$1"; cat said 2>/dev/null; exit 1; }
memgrant=$ROOT/scripts/memgrant
command -v python3 >/dev/null || { echo "no python3 here"; exit 77; }
python=$(python3 -c 'import sys; print(sys.executable)')

take() { # FILE MEGABYTES
    "$memgrant" run --report "$1" -- "$python" -c "held = bytearray($2 << 20)" || fail "no run for $1"
}
compare() { # EXIT-CODE ARGUMENT...
    local want=$1
    shift
    "$memgrant" compare "$@" >said 2>&1
    local got=$?
    [ $got = "$want" ] || fail "exit code $got instead of $want for: $*"
}
take base.json 40
take same.json 40
take again.json 40
take more.json 60

compare 0 base.json same.json again.json --fail 'total.peak>+5%' --fail '*.denials>0'
grep -q 'rss_peak' said || fail "the table lacks the resident peak"
compare 1 base.json more.json --fail 'total.peak>+5%' --junit result.xml
grep -q '^FAIL total.peak' said || fail "it does not say what is broken"
python3 - <<'END' || fail "the JUnit file is wrong"
import xml.etree.ElementTree as xml
suite = xml.parse("result.xml").getroot()
assert (suite.tag, suite.get("tests"), suite.get("failures")) == ("testsuite", "1", "1"), suite.attrib
assert "total.peak" in suite[0].get("name") and suite[0].find("failure") is not None
END
compare 0 base.json more.json --fail 'total.peak>100m'
compare 0 base.json more.json same.json again.json --fail 'total.peak>+5%' # the median
compare 1 base.json same.json --fail 'total.peak<+10m'
compare 1 base.json same.json --fail 'libnothere*.peak>+5%'
grep -q 'no library matches' said || fail "a bound on a library that is not there passes for one that holds"

# Bad input is one line that says what to do, and no verdict.
echo '{"version":1' >torn.json
echo '[]' >other.json
for bad in 'base.json gone.json' 'base.json torn.json' 'base.json other.json' 'base.json' 'base.json same.json --fail nonsense' \
    'base.json same.json --fail total.peak>5%' 'base.json same.json --fail total.size>5'; do
    # shellcheck disable=SC2086 # several words
    compare 125 $bad
    [ "$(wc -l <said)" = 1 ] && grep -q '^memgrant: ' said || fail "not one line for: $bad"
done

# What Java unpacks has another name in each run; one of them takes more.
python3 - <<'END'
import json
for file, names, peak in (("first.json", ["librocksdbjni7312345678901234567.so", "snappy-1.1.10.8-0f1e2d3c-aaaa-bbbb-cccc-0123456789ab-libsnappyjava.so"], 100),
                          ("second.json", ["librocksdbjni99887766554433.so", "snappy-1.1.10.8-9f9f9f9f-1111-2222-3333-ba9876543210-libsnappyjava.so"], 200)):
    report = json.load(open("base.json"))
    row = dict(report["libraries"][0], peak=peak)
    report["libraries"] += [dict(row, name=name) for name in names]
    json.dump(report, open(file, "w"))
END
compare 1 first.json second.json --fail 'librocksdbjni*.peak>+5%' --fail 'snappy*.peak>+5%'
[ "$(grep -c '^FAIL .* is 200 (200), base 100, ' said)" = 2 ] || fail "libraries are not known again by their names"
compare 0 first.json second.json --fail 'librocksdbjni*.peak>+150%' --fail 'librocksdbjni7312345678901234567.so.peak>+150%'
compare 1 first.json same.json --fail 'librocksdbjni*.peak>+5%'
grep -q 'only in the base' said || fail "a library that no run has keeps its bound"
compare 1 same.json first.json --fail 'librocksdbjni*.peak>+5%'
grep -q 'where it is not' said || fail "a library that the base lacks keeps its bound"
compare 125 first.json second.json --fail 'librocksdbjni*.rss_peak>1g'
grep -q 'has no figure rss_peak; it has: .*peak' said || fail "a figure that there is not"
