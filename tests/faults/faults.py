"""Runs programs in which the kernel refuses system calls (refuse.c), and looks at what became of them and of their books."""
import glob
import importlib.machinery
import importlib.util
import json
import os
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor

ROOT, BUILD, LIB = (os.environ[name] for name in ("ROOT", "BUILD", "LIB"))
WORK = os.environ["WORK"]


def load(path):
    """The module in a file without .py."""
    loader = importlib.machinery.SourceFileLoader(os.path.basename(path), path)
    module = importlib.util.module_from_spec(importlib.util.spec_from_loader(loader.name, loader))
    loader.exec_module(module)
    return module


balanced = load(os.path.join(ROOT, "tests", "preload", "balanced"))


class Run:
    """One run of a program with some calls refused: how it ended and what it left."""

    def __init__(self, name, calls, first, last, settings, words=()):
        self.what = f"{name} with {calls} refused from {first} to {last or 'the last'}"
        base = os.path.join(WORK, f"{name}-{first}-{last}-{len(settings)}")
        report, count = base + ".json", base + ".count"
        environment = [f"{key}={value}" for key, value in settings.items()]
        done = subprocess.run(
            [f"{BUILD}/faults/refuse", calls, str(first), str(last), count, "--", "env", f"LD_PRELOAD={LIB}",
             f"MEMGRANT_REPORT={report}", *environment, f"{BUILD}/faults/{name}", *words],
            capture_output=True, text=True, cwd=WORK)
        self.code, self.output = done.returncode, done.stdout
        self.lines = done.stderr.splitlines()
        self.report = None
        if os.path.exists(count):
            with open(count) as file:
                self.count = int(file.read())
            os.remove(count)
        for left in glob.glob(base + ".json?*"):
            os.remove(left)  # the children's
        if os.path.exists(report):
            with open(report) as file:
                self.report = json.load(file, object_hook=lambda fields: balanced.Record(**fields))
            os.remove(report)

    def library(self, name):
        """The library of that name, as the report has it."""
        found = [library for library in self.report.libraries if library.name.startswith(name)]
        return found[0] if found else None

    def problems(self):
        """What is wrong with any run: its end, its lines, its books."""
        if self.code:
            yield f"ended with {self.code}"
        for line in self.lines:
            if not line.startswith("memgrant: "):
                yield "a line that is not ours"
        if len(set(self.lines)) < len(self.lines) or len(self.lines) > 4:
            yield "too many lines"
        if self.report is None:
            if not self.lines:
                yield "no report, and not a word why"
            return
        yield from balanced.format_problems(self.report)
        yield from balanced.problems(self.report)

    def show(self, problems):
        """The problems, with what is needed to see why."""
        print(self.what, *problems, *self.lines, self.output, sep="\n  ")


def sweep(runs, check):
    """Makes these runs, two at a time, and ends the test if check() finds anything wrong with one of them."""
    bad = 0
    with ThreadPoolExecutor(2) as pool:
        for run in pool.map(lambda make: make(), runs):
            problems = list(run.problems()) + list(check(run))
            if problems and bad < 5:
                run.show(problems)
            bad += bool(problems)
    if bad:
        sys.exit(f"{bad} of {len(runs)} runs were wrong")


def skip_where_impossible():
    """Ends with 77 where the kernel can't be made to refuse."""
    run = Run("start", "mmap", 0, 0, {"MEMGRANT_MODE": "off"})
    if run.code == 77:
        print("the kernel has no filters that ask (SECCOMP_RET_USER_NOTIF)")
        sys.exit(77)
