#!/usr/bin/env python3
"""follow.py: does the ledger follow resident memory? Native programs run under memgrant, observed; ten times a second their anonymous pages (the kernel's)
and what the live page says is used are read. Said is the 99th percentile of |change of the one - change of the other| within a second.

ROUNDS=n runs of each (5)."""
import math
import os
import re
import subprocess
import sys
import time

HERE = os.path.dirname(os.path.abspath(__file__))
ROOT = os.path.dirname(os.path.dirname(HERE))
sys.path.insert(0, os.path.join(ROOT, "tests/bench"))
import rows  # noqa: E402

ROUNDS = int(os.environ.get("ROUNDS", "5"))
STEP, SECOND = 0.1, 1.0
TOP = os.path.join(ROOT, "build/memgrant-top")
PROGRAMS = ("sqlite3", "python3-malloc", "lua", "z3", "mstress", "espresso", "rocksdb", "duckdb")
# Once all of Java's heap is resident, what changes is native.
HEAP = 256 << 20
QUIET_HEAP = {"JAVA_TOOL_OPTIONS": "-Xms256m -Xmx256m -XX:+AlwaysPreTouch"}
UNIT = {"B": 1, "K": 1 << 10, "M": 1 << 20, "G": 1 << 30}


def anonymous(pid):
    with open(f"/proc/{pid}/smaps_rollup", encoding="ascii") as file:
        return int(re.search(r"^Anonymous: *(\d+) kB", file.read(), re.MULTILINE)[1]) << 10


def used(pid):
    """The sum over libraries: the last columns of `memgrant top` are DENIALS and LIBRARY."""
    shown = subprocess.run([TOP, str(pid), "--once"], capture_output=True, text=True, check=True).stdout
    table = shown[shown.index("LIBRARY"):].splitlines()[1:]
    return sum(float(number) * UNIT[unit] for number, unit in (re.match(r" *([\d.]+) ([BKMG])\b", line).groups() for line in table if line.strip()))


def sampled(command, environment):
    """[(seconds, resident, used)] of a run."""
    words = [os.path.join(ROOT, "scripts/memgrant"), "run", "--observe", "--target", "*", "--", *command]
    child = subprocess.Popen(words, env={**os.environ, **QUIET_HEAP, **environment}, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    points, due = [], time.monotonic()
    while child.poll() is None:
        try:
            points.append((time.monotonic(), anonymous(child.pid), used(child.pid)))
        except (OSError, TypeError, AttributeError, ValueError, subprocess.CalledProcessError):
            pass  # it begins, or ends
        due += STEP
        time.sleep(max(0, due - time.monotonic()))
    return points


def differences(points):
    """Of each pair of points a second apart, or of the whole where it is shorter."""
    found, at = [], 0
    for then, resident, ledger in points:
        while points[at][0] < then - SECOND:
            at += 1
        found.append(abs((resident - points[at][1]) - (ledger - points[at][2])))
    return found


def chosen():
    wanted = os.environ.get("PROGRAMS", " ".join(PROGRAMS)).split()
    return [row for row in [*rows.programs(), *rows.in_jvm()] if row.name.split("/")[1] in wanted]


def table(rounds=ROUNDS):
    """Its lines, as Markdown."""
    yield "| program | resident at most | points | p99 of the difference in a second |"
    yield "|---|---|---|---|"
    for row in chosen():
        try:
            if row.fetch:
                row.fetch()
            least = HEAP if row.section == "jvm" else 0
            runs = [[point for point in sampled(row.command, row.environment) if point[1] >= least] for _ in range(rounds)]
        except (rows.sources.Missing, OSError) as why:
            yield f"| {row.name} | left out: {why} | | |"
            continue
        found = sorted(one for points in runs for one in differences(points))
        most = max((point[1] for points in runs for point in points), default=0)
        p99 = found[math.ceil(len(found) * 0.99) - 1] if found else 0
        yield f"| {row.name.split('/')[1]} | {most / 1e6:.0f} MB | {len(found)} | {p99 / 1e6:.1f} MB |"


if __name__ == "__main__":
    for line in table():
        print(line, flush=True)
