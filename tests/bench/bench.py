#!/usr/bin/env python3
"""make bench: what memgrant costs, beside what people have today.

Every row of rows.py under every mode of modes.py, round by round: in a round each mode is run once, in an order by chance,
so that what disturbs the machine disturbs all of them. The whole takes an hour or two on an idle machine. Figures are ratios of medians to the first column's. All single
figures go to build/bench.csv with machine and command, the table to build/bench.txt.

    QUICK=1       a few minutes: few rows, 6 rounds
    PAIRS=n       rounds (20)
    ROWS=GLOB     rows by name, e.g. 'pairs/16-1K/*,jvm/*'
    MODES=GLOB    columns, e.g. 'glibc,enforced'; the first column always stays
    RESULTS=DIR   where the CSV and the table go (build)
    NO_INSTALL=1  installs nothing: rows whose programs are missing are left out, and the last lines say why

Ends with 1 when a row could not be run. A goal that is missed is printed as missed; that is a figure, not a failure.
"""
import csv
import fnmatch
import os
import random
import shutil
import subprocess
import sys
import tempfile
import time

import goals
import machine
import table
from fetching import Missing
from modes import MODES, SLOW
from rows import rows

LAUNCH = os.path.join(machine.BENCH, "launch")
RESULTS = os.environ.get("RESULTS") or machine.BUILD
CSV = os.path.join(RESULTS, "bench.csv")
LONGEST = 600  # seconds of a run
COLUMNS = ("time", "commit", "machine", "load", "row", "mode", "round", "figure", "unit", "user_s", "system_s", "rss_kb", "command")


class Failed(Exception):
    """A row's program did not do its work."""


class Sample:
    """One run: its figure, and what it used."""

    def __init__(self, figure, user, system, rss_kb):
        self.figure, self.user, self.system, self.rss_kb = figure, user, system, rss_kb


def chosen(word, name):
    globs = os.environ.get(word)
    return not globs or any(fnmatch.fnmatchcase(name, glob) for glob in globs.split(","))


def check_needs(row):
    for program, package in row.needs.items():
        if not shutil.which(program):
            raise Missing(f"{program} is not installed: apt-get install {package}")


def environment_of(row, mode):
    variables = dict(row.environment)
    if not row.ways:
        variables.update(MODES[mode](row.targets))
    return variables


def command_of(row, mode):
    return row.command + (row.ways[mode] if row.ways else [])


def run_once(row, mode, variables):
    words = [f"{name}={value}" for name, value in variables.items()]
    clean = {name: value for name, value in os.environ.items() if not name.startswith(("MEMGRANT_", "LD_PRELOAD", "MALLOC_"))}
    with tempfile.NamedTemporaryFile("r", prefix="memgrant-bench-") as result:
        try:
            done = subprocess.run([LAUNCH, result.name, *words, "--", *command_of(row, mode)], env=clean, timeout=LONGEST,
                                  stdin=subprocess.DEVNULL, capture_output=True, text=True, errors="replace")
        except subprocess.TimeoutExpired:
            raise Failed(f"took longer than {LONGEST} seconds") from None
        if done.returncode:
            last = (done.stderr.strip().splitlines() or done.stdout.strip().splitlines() or ["it said nothing"])[-1]
            raise Failed(f"ended with {done.returncode}: {last}")
        user, system, rss_kb = result.read().split()
    figure = float(user) + float(system)
    if row.unit != "cpu s":
        printed = done.stdout.strip().splitlines()
        if not printed:
            raise Failed("printed nothing")
        figure = float(printed[-1].split()[0])
        if len(printed[-1].split()) == 2:  # a server measured itself
            rss_kb = printed[-1].split()[1]
    return Sample(figure, float(user), float(system), int(rss_kb))


class Journal:
    """The CSV: one line a run, added to what earlier benches wrote."""

    def __init__(self):
        new = not os.path.exists(CSV)
        self.file = open(CSV, "a", newline="")
        self.writer = csv.writer(self.file)
        if new:
            self.writer.writerow(COLUMNS)
        self.commit, self.machine = machine.commit(), machine.described()

    def write(self, row, mode, round_, sample, variables):
        command = " ".join([f"{name}={value}" for name, value in variables.items()] + command_of(row, mode))
        self.writer.writerow((time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime()), self.commit, self.machine,
                              f"{machine.load():.1f}", row.name, mode, round_, f"{sample.figure:.6g}", row.unit,
                              f"{sample.user:.3f}", f"{sample.system:.3f}", sample.rss_kb, command.replace(machine.ROOT, ".")))
        self.file.flush()


def usable(row, troubles):
    """Modes of the row that can be run here, with their variables."""
    modes = {}
    for mode in row.modes:
        try:
            modes[mode] = environment_of(row, mode)
        except Missing as missing:
            troubles[f"mode {mode}"] = str(missing)
    return modes


def measure(row, rounds, journal, troubles):
    """{mode: {round: sample}} of a row."""
    check_needs(row)
    if row.fetch:
        row.fetch()
    rounds = max(3, round(rounds * row.share))
    modes = usable(row, troubles)
    samples = {mode: {} for mode in modes}
    for round_ in range(rounds):
        order = [mode for mode in modes if mode not in SLOW or round_ % 5 == 0]
        random.shuffle(order)
        for mode in order:
            try:
                sample = run_once(row, mode, modes[mode])
            except Failed as failed:
                troubles[f"{row.name}, {mode}"] = str(failed)
                del modes[mode], samples[mode]
                if mode == row.base:
                    return {}
                continue
            samples[mode][round_] = sample
            journal.write(row, mode, round_, sample, modes[mode])
    return samples


def install():
    if os.environ.get("NO_INSTALL"):
        return
    if subprocess.run([os.path.join(machine.ROOT, "scripts", "deps"), "bench"]).returncode:
        print("memgrant: some packages could not be installed; rows that need them are left out", flush=True)


def main():
    quick = bool(os.environ.get("QUICK"))
    rounds = int(os.environ.get("PAIRS") or (6 if quick else 20))
    wanted = [row for row in rows() if chosen("ROWS", row.name) and (row.quick or not quick or os.environ.get("ROWS"))]
    if not wanted:
        print(f"memgrant: no row is called '{os.environ['ROWS']}'", file=sys.stderr)
        return 2
    for row in wanted:
        row.modes = tuple(mode for mode in row.modes if mode == row.base or chosen("MODES", mode))
    install()
    troubles, results, journal = {}, {}, Journal()
    printer = table.Printer(os.path.join(RESULTS, "bench.txt"), rounds, journal.commit)
    for row in wanted:
        try:
            results[row.name] = measure(row, rounds, journal, troubles)
        except Missing as missing:
            troubles[row.name] = str(missing)
            results[row.name] = {}
        printer.row(row, results[row.name])
    printer.memory(wanted, results)
    printer.goals(goals.judged(wanted, results))
    printer.troubles(troubles)
    return 1 if troubles else 0


if __name__ == "__main__":
    sys.exit(main())
