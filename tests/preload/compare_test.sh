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
