#!/usr/bin/env python3
"""follow.py: does the ledger follow resident memory? Programs run under memgrant, observed; ten times a second their anonymous pages (the kernel's)
and what the live page says is used are read, within a fraction of a millisecond: some of them take 200 MB in a second. Said is the 99th percentile of
|change of the one - change of the other| within a second.

ROUNDS=n runs of each (5)."""
import math
import mmap
import os
import re
import struct
import subprocess
import sys
import time

HERE = os.path.dirname(os.path.abspath(__file__))
ROOT = os.path.dirname(os.path.dirname(HERE))
sys.path.insert(0, os.path.join(ROOT, "tests/bench"))
import rows  # noqa: E402

ROUNDS = int(os.environ.get("ROUNDS", "5"))
STEP, SECOND = 0.1, 1.0
PROGRAMS = ("sqlite3", "python3-malloc", "lua", "z3", "mstress", "espresso", "rocksdb", "duckdb")
# Once all of Java's heap is resident, what changes is native.
HEAP = 256 << 20
QUIET_HEAP = {"JAVA_TOOL_OPTIONS": "-Xms256m -Xmx256m -XX:+AlwaysPreTouch"}
# Of src/page.h: before the copies, a copy before its accounts, the first account (the root) before what it uses.
MAGIC, HEAD, BEFORE, USED = b"memgrant", 32, 72, 128


class Page:
    """The live page of a process, as memgrant top reads it."""

    def __init__(self, pid):
        for entry in os.listdir(f"/proc/{pid}/fd"):
            path = f"/proc/{pid}/fd/{entry}"
            if os.readlink(path) == "/memfd:memgrant (deleted)":
                with open(path, "rb") as file:
                    self.memory = mmap.mmap(file.fileno(), 0, prot=mmap.PROT_READ)
        magic, version, size, process = struct.unpack_from("8sIIq", self.memory)
        if magic != MAGIC or version != 1 or process != pid:
            raise ValueError("no page of this process")
        self.copy = (size - HEAD) // 2

    def used(self):
        """By all libraries, of a copy that was whole."""
        while True:
            latest = struct.unpack_from("Q", self.memory, HEAD - 8)[0]
            at = HEAD + latest % 2 * self.copy
            used = struct.unpack_from("q", self.memory, at + BEFORE + USED)[0]
            if latest == struct.unpack_from("Q", self.memory, at)[0] == struct.unpack_from("Q", self.memory, at + self.copy - 8)[0]:
                return used


def anonymous(pid):
    with open(f"/proc/{pid}/status", encoding="utf-8") as file:
        return int(re.search(r"^RssAnon:\s*(\d+) kB", file.read(), re.MULTILINE)[1]) << 10


def has_heap(pid):
    """Whether all of Java's heap is resident: it is one mapping."""
    with open(f"/proc/{pid}/smaps", encoding="utf-8") as file:
        return any(int(kb) << 10 >= HEAP for kb in re.findall(r"^Rss: *(\d+) kB", file.read(), re.MULTILINE))


def sampled(command, environment, java):
    """[(seconds, resident, used)] of a run."""
    words = [os.path.join(ROOT, "scripts/memgrant"), "run", "--observe", "--target", "*", "--", *command]
    child = subprocess.Popen(words, env={**os.environ, **QUIET_HEAP, **environment}, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    points, page, due = [], None, time.monotonic()
    while child.poll() is None:
        try:
            if page is None and (not java or has_heap(child.pid)):
                page = Page(child.pid)
            if page:
                points.append((time.monotonic(), anonymous(child.pid), page.used()))
        except (OSError, TypeError, AttributeError, ValueError, struct.error):
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
            runs = [sampled(row.command, row.environment, row.section == "jvm") for _ in range(rounds)]
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
