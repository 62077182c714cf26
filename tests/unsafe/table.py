#!/usr/bin/env python3
"""table.py OUTPUT: what tests/unsafe/run.sh said becomes the tables in docs/java.md, from "## As measured" on."""
import os
import re
import sys

PAGE = os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "..", "docs", "java.md")
BEGIN = "## As measured\n"
LEDGER = re.compile(r"(?P<name>.*?)(?P<tracked> tracked)? on (?P<jdk>\d+)\.\S*: \w+: ok, (?P<asked>\d+) bytes = (?P<used>\d+), "
                    r"left (?P<left>\d+), raises (?:[\w.$]*[.$])?(?P<raises>\w+)(?:, (?P<compared>\d+) times the same .*?)?(?:, maps .*)?$")
MAPPED = re.compile(r"(?P<name>.*?)(?P<tracked> tracked)? on (?P<jdk>\d+)\.\S*: .*, maps (?P<bytes>\d+) bytes, (?P<resident>\d+) resident, "
                    r"(?P<charged>\d+) charged$")
PUBLISHED = re.compile(r"(?P<name>.*) on (?P<jdk>\d+)\.\S*: (?P<passed>\d+) passed, (?P<failed>\d+) did not, (?P<chance>\d+) by chance$")
# Why tests of those fail in any case.
REASONS = {
    "arrow-memory-core ": "testMemoryUtilFailsLoudly wants java.nio closed to it, which all others need open.",
    "netty-buffer 4.1.": "testUnmodifiableBuffer and four times shouldReuseChunks, each calls what newer versions of Mockito and AssertJ have no more.",
}
INTRODUCTION = """
Made by `make unsafe`: each library as published takes 64 MB, gives them back, takes them again under a grant of 20 MB until it is denied,
gives back, and takes them once more; under -Xcheck:jni, with native memory tracking and without. Exact: the account has the bytes that the
library's own books have, and 0 after they went back, also after the denial.

"""


def rows(lines, pattern):
    """{name: {JDK: match}}, in the order of the lines."""
    found = {}
    for line in lines:
        match = pattern.search(line)
        if match and not match.groupdict().get("tracked"):
            found.setdefault(match["name"], {})[int(match["jdk"])] = match
    return found


def table(found, jdks, heading, cell):
    yield f"| {heading} | " + " | ".join(f"JDK {jdk}" for jdk in jdks) + " |"
    yield "|---" * (len(jdks) + 1) + "|"
    for name, matches in found.items():
        yield f"| {name} | " + " | ".join(cell(matches[jdk]) if jdk in matches else "-" for jdk in jdks) + " |"


def outcome(match):
    exact = match["asked"] == match["used"] and match["left"] == "0"
    raises = "the denial itself" if match["raises"] == "Denied" else f"`{match['raises']}` with the denial as its cause"
    tree = ", in its tree of allocators and ours" if match["compared"] else ""
    return (f"exact{tree}" if exact else f"{match['used']} for {match['asked']} bytes, {match['left']} left") + f"; raises {raises}"


def shown(match):
    return f"{int(match['bytes']) >> 20} MB mapped, {int(match['resident']) / (1 << 20):g} MB resident, {match['charged']} charged"


def compared(match):
    chance = f"; {match['chance']} by chance, left out" if int(match["chance"]) else ""
    return f"{match['passed']} pass, {match['failed']} fail with and without{chance}"


def page(lines):
    ledger, mapped, published = rows(lines, LEDGER), rows(lines, MAPPED), rows(lines, PUBLISHED)
    jdks = sorted({jdk for found in (*ledger.values(), *mapped.values(), *published.values()) for jdk in found})
    tracked = sum(bool(match and match["tracked"]) for match in map(LEDGER.search, lines))
    yield from (BEGIN, INTRODUCTION)
    yield "\n".join(table(ledger, jdks, "library", outcome)) + "\n"
    yield "\nA file of 16 MB that libraries map, of which they touch 4 MB, as the report shows it; nothing of it is left there when\n"
    yield "they have unmapped it.\n\n"
    yield "\n".join(table(mapped, jdks, "maps a file", shown)) + "\n"
    yield f"\n{tracked} runs with native memory tracking kept the books, too: blocks are larger there by a header.\n"
    yield "\nTests that the projects published, twice without the library and once under it with a limit of 8 GB: the same ones pass. They are\n"
    yield "compared by class and name, for Netty 4.2 has its classes in another order each time; what ends differently in the two runs without the\n"
    yield "library ends so by chance, is counted here, and is not compared.\n\n"
    yield "\n".join(table(published, jdks, "tests of", compared)) + "\n"
    for name, matches in published.items():
        for reason in (reason for start, reason in REASONS.items() if name.startswith(start) and any(int(m["failed"]) for m in matches.values())):
            yield f"\nThose of {name} that fail: {reason}\n"


def main():
    # Maven writes escape sequences in front of a line.
    with open(sys.argv[1], encoding="utf-8") as file:
        lines = [re.sub(r"\x1b\[[0-9;]*m", "", line).rstrip() for line in file]
    with open(PAGE, encoding="utf-8") as file:
        kept = file.read().split(BEGIN)[0].rstrip() + "\n\n"
    with open(PAGE, "w", encoding="utf-8") as file:
        file.write(kept + "".join(page(lines)))


main()
