#!/usr/bin/env python3
"""fates.py [--quick] [LIBRARY...]: runs each library's workload under injected denials, each run in a JVM of its own, and writes down
every run (build/fates.csv). `make fates` then makes docs/fates.md of it. A run that is there for the same build is not
repeated, unless FRESH=1. MODES='stop fail' leaves the other modes out (table.py's MODES). --quick: a few runs a library, of those whose jars are there, nothing is written; fails if a process is lost."""
import csv
import hashlib
import os
import re
import subprocess
import sys

from jars import lacks
from libraries import BUILD, LIBRARIES, ROOT
from plan import counting, quick, whole
from process import LIB, OUTCOMES, run_one
from table import MODES, mode_of

CSV = os.path.join(BUILD, "fates.csv")
KEY = ["library", "version", "jdk", "build", "kind", "settings"]
RESULT = ["exit", "denials", "executors", "tasks", *OUTCOMES, "after", "after_detail", "detail", "seconds"]
FACTS = ["charges", "threads", "charged", "peak"]


def build_of():
    """What the figures are of: libmemgrant.so."""
    with open(LIB, "rb") as file:
        return hashlib.sha256(file.read()).hexdigest()[:12]


def java_of(jdk):
    home = subprocess.run([os.path.join(ROOT, "scripts", "find-java"), *([jdk] if jdk else [])], capture_output=True, text=True, check=True)
    return os.path.join(home.stdout.strip(), "bin", "java")


def key_of(library, jdk, build, run):
    settings = " ".join(f"{name}={value}" for name, value in run.settings.items())
    return {"library": library.name, "version": library.version, "jdk": jdk, "build": build, "kind": run.kind, "settings": settings}


def facts(text):
    """Of a counting run: charges denied (and let pass), the library's threads, its bytes."""
    charges = sum(int(line.split()[0]) for line in re.findall(r"^fate: task (.*)$", text, re.M)[:1])
    threads = re.findall(r"^fate: threads (.*)$", text, re.M)
    targets = re.findall(r'"role":"target","used":\d+,"peak":(\d+),"charged":(\d+)', text)
    return {"charges": charges, "threads": threads[0] if threads else "", "charged": sum(int(t[1]) for t in targets),
            "peak": sum(int(t[0]) for t in targets)}


class Runs:
    """All runs of one library, done or still to be done."""

    def __init__(self, library, jdk, known, build):
        self.library, self.jdk, self.known, self.build = library, jdk, known, build
        self.java = java_of(jdk)
        self.lost = []

    def do(self, run):
        """The row of a run: as it is known, or by doing it."""
        key = key_of(self.library, self.jdk or "17", self.build, run)
        row = self.known.find(key)
        if row:
            return row
        outcome, text = run_one(self.java, self.library, run)
        row = {**key, **outcome, **(facts(text) if run.kind == "count" else {})}
        self.known.add(row)
        self.tell(row)
        if run.settings["on_denial"] == "stop" and (is_lost(row) or not was_told(row)):
            self.lost.append((row, text))
        return row

    def tell(self, row):
        said = " ".join(f"{name} {row[name]}" for name in OUTCOMES if row[name])
        print(f"  {row['settings']:<60} exit {row['exit']}, {said}, {row['denials']} denials, then {row['after'] or 'nothing'}"
              f" ({row['seconds']} s){': ' + row['detail'] if row['detail'] else ''}", flush=True)

    def all(self, plan):
        counts = [self.do(run) for run in counting()]
        if counts[0]["exit"] != "0" or str(counts[0]["right"]) != "1":
            print(f"  the workload fails without denials: {counts[0]['detail']}", flush=True)
            return
        modes = os.environ.get("MODES", "").split() or MODES
        for run in plan(int(counts[0]["charges"]), int(counts[1]["charges"])):
            if mode_of({"set": run.settings}) in modes:
                self.do(run)


def is_lost(row):
    """The process, or its right answers."""
    return row["exit"] != "0" or row["after"] != "right" or int(row["wrong"]) > 0


def was_told(row):
    """Whether a denial in a task's account ended a task."""
    of_tasks = int(row["denials"]) - int(row["executors"])
    return not of_tasks or any(int(row[name]) for name in ("stopped", "end", "swallowed", "stopped-wrong", "exception"))


class Known:
    """The rows of build/fates.csv; kept there one by one."""

    def __init__(self, path):
        self.path = path
        self.rows = []
        if path and os.path.exists(path):
            with open(path, newline="") as file:
                self.rows = list(csv.DictReader(file))

    def find(self, key):
        found = [row for row in self.rows if all(row[name] == str(value) for name, value in key.items())]
        return found[-1] if found else None

    def add(self, row):
        self.rows.append({name: str(value) for name, value in row.items()})
        if not self.path:
            return
        new = not os.path.exists(self.path)
        with open(self.path, "a", newline="") as file:
            writer = csv.DictWriter(file, KEY + RESULT + FACTS, restval="")
            if new:
                writer.writeheader()
            writer.writerow(row)


def main():
    is_quick = "--quick" in sys.argv
    wanted = [name for name in sys.argv[1:] if not name.startswith("--")]
    if os.environ.get("FRESH") and not is_quick and os.path.exists(CSV):
        os.replace(CSV, CSV + ".old")
    known, build, lost, done = Known(None if is_quick else CSV), build_of(), [], 0
    for library in LIBRARIES:
        full = f"{library.name}-{library.version}"
        if wanted and library.name not in wanted and full not in wanted:
            continue
        missing = lacks(library, not is_quick, os.environ.get("JDK"))
        print(f"{full}{': ' + missing if missing else ''}", flush=True)
        if missing:
            continue
        runs = Runs(library, os.environ.get("JDK", ""), known, build)
        runs.all(quick if is_quick else whole)
        lost += runs.lost
        done += 1
    if is_quick:
        for row, text in lost:
            print(f"LOST: {row}\n{text[-3000:]}")
        sys.exit(1 if lost else 0 if done else 77)


if __name__ == "__main__":
    main()
