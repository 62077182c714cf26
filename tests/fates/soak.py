#!/usr/bin/env python3
"""soak.py [--quick] [LIBRARY...]: denials under stop, DENIALS of them (100,000), spread evenly over the libraries of the table of
fates, in one JVM after another, JOBS of them at a time. Each process is written down (build/soak.csv) when it has ended, so what was interrupted
goes on where it was, for the same build; FRESH=1 begins anew, MINUTES=n ends early. --quick: of libraries whose jars are there;
nothing is written. Fails if a process was lost: what it said is in build/fates/lost."""
import concurrent.futures
import csv
import os
import sys
import time

from bound import bound
from fates import KEY, RESULT, build_of, facts, java_of, was_told
from jars import lacks
from libraries import BUILD, LIBRARIES
from plan import at_random, counting, nth
from process import run_one
from table import fate_of, lost

CSV = os.path.join(BUILD, "soak.csv")
FIELDS = KEY + ["seed"] + RESULT + ["charges"]
IN_ONE_PROCESS = 200  # denials
IN_ONE_QUICK = 20
SAY_SECONDS = 15


def scattered(seed):
    """A number that looks random, the same for the same seed."""
    return (seed * 2654435761 + 40503) % (1 << 32)


def run_of(seed, task, others, most):
    """The seed-th process of a library of so many charges on the task's thread, and on others, in one task, with so many denials at most."""
    charges = task + others
    kind = seed % 8
    if kind == 0:  # a process of its own for one denial, anywhere from the first charge on; low ones as often as high ones
        return nth("stop", max(1, round(charges ** (scattered(seed) / (1 << 32)))))
    if kind == 1:
        return at_random("stop", max(4, charges // 20), seed, most, tasks=1000, seconds=15)
    if kind in (2, 3) and others:
        return at_random("stop", max(1, others // 2), seed, most, tasks=1000, seconds=20, deny_threads="others")
    if kind in (4, 5) and others:
        return at_random("stop", max(1, task // 2), seed, most, tasks=1000, seconds=20, deny_threads="task")
    return at_random("stop", max(1, charges // 2), seed, most, tasks=1000, seconds=20)


def ended(row):
    """How many tasks the process's denials ended."""
    return sum(int(row[name]) for name in ("stopped", "end", "swallowed", "stopped-wrong", "exception"))


def is_failure(row):
    """Lost, or a task was denied and not told."""
    return lost(row) or not was_told(row)


class Soak:
    """What was done so far, in this run and in earlier ones of the same build."""

    def __init__(self, path, jdk):
        self.path, self.jdk, self.build = path, jdk or "17", build_of()
        self.java = java_of(jdk)
        self.in_one = IN_ONE_PROCESS if path else IN_ONE_QUICK
        self.rows = []
        if path and os.path.exists(path):
            with open(path, newline="") as file:
                self.rows = [row for row in csv.DictReader(file) if row["build"] == self.build and row["jdk"] == self.jdk]

    def add(self, row):
        self.rows.append({name: str(value) for name, value in row.items()})
        if not self.path:
            return
        new = not os.path.exists(self.path)
        with open(self.path, "a", newline="") as file:
            writer = csv.DictWriter(file, FIELDS, restval="")
            if new:
                writer.writeheader()
            writer.writerow(row)

    def of(self, library, kind=None):
        return [row for row in self.rows if row["library"] == library.name and row["version"] == library.version
                and (row["kind"] == kind if kind else row["kind"] != "count")]

    def denials(self, library=None):
        rows = self.of(library) if library else [row for row in self.rows if row["kind"] != "count"]
        return sum(int(row["denials"]) for row in rows)

    def charges(self, library):
        """On the task's thread, and on others: counted once."""
        known = self.of(library, "count")
        if not known:
            for run in counting()[:2]:
                self.do(library, run, 0)
            known = self.of(library, "count")
        return int(known[0]["charges"] or 0), int(known[1]["charges"] or 0)

    def do(self, library, run, seed):
        outcome, text = run_one(self.java, library, run)
        settings = " ".join(f"{name}={value}" for name, value in run.settings.items())
        row = {"library": library.name, "version": library.version, "jdk": self.jdk, "build": self.build, "kind": run.kind,
               "settings": settings, "seed": seed, **outcome, "charges": facts(text)["charges"] if run.kind == "count" else ""}
        self.add(row)
        if run.kind != "count" and is_failure(row):
            print(f"LOST: {library.name} {library.version} {settings}: {fate_of(row)}, exit {row['exit']}: {row['detail'] or row['after_detail']}\n"
                  f"{text[-3000:] if not self.path else ''}", flush=True)
        return row

    def next_seed(self, library, taken):
        known = [int(row["seed"]) for row in self.of(library)] + [seed for name, seed in taken if name == library]
        return max(known, default=-1) + 1


class Progress:
    """A line now and then."""

    def __init__(self, soak, wanted):
        self.soak, self.wanted, self.begun, self.said = soak, wanted, time.monotonic(), 0.0
        self.at_first = soak.denials()

    def say(self):
        now = time.monotonic()
        if now - self.said < SAY_SECONDS:
            return
        self.said = now
        done = self.soak.denials()
        rate = (done - self.at_first) / (now - self.begun)
        rows = [row for row in self.soak.rows if row["kind"] != "count"]
        left = f", {(self.wanted - done) / rate / 60:.0f} min to go" if rate > 0 else ""
        print(f"  {done:,} of {self.wanted:,} denials in {len(rows):,} processes, {sum(map(lost, rows))} lost{left}", flush=True)


def work(soak, libraries, wanted, minutes, jobs):
    """The library with the fewest denials is next."""
    progress, end = Progress(soak, wanted), time.monotonic() + minutes * 60
    running = {}  # future: (library, seed)
    with concurrent.futures.ThreadPoolExecutor(jobs) as pool:
        try:
            while True:
                while len(running) < jobs and soak.denials() < wanted and time.monotonic() < end:
                    busy = [name for name, _ in running.values()]
                    library = min(libraries, key=lambda one: (soak.denials(one) + soak.in_one * busy.count(one)))
                    seed = soak.next_seed(library, running.values())
                    future = pool.submit(soak.do, library, run_of(seed, *soak.charges(library), soak.in_one), seed)
                    running[future] = (library, seed)
                if not running:
                    return
                for future in concurrent.futures.wait(running, return_when=concurrent.futures.FIRST_COMPLETED).done:
                    del running[future]
                    future.result()
                progress.say()
        except KeyboardInterrupt:
            print("interrupted: the processes that run come to their end, and are kept", flush=True)


def summary(soak):
    rows = [row for row in soak.rows if row["kind"] != "count"]
    denials, tasks, losses = soak.denials(), sum(map(ended, rows)), [row for row in rows if is_failure(row)]
    print(f"{denials:,} denials under stop in {len(rows):,} processes ended {tasks:,} tasks; lost {len(losses)}"
          + (f": below {bound(len(losses)) / denials:.1e} for a denial, {bound(len(losses)) / max(1, tasks):.1e} for a stopped task (95 %)" if denials else ""))
    return losses


def main():
    is_quick = "--quick" in sys.argv
    wanted = [name for name in sys.argv[1:] if not name.startswith("--")]
    if os.environ.get("FRESH") and not is_quick and os.path.exists(CSV):
        os.replace(CSV, CSV + ".old")
    libraries = []
    for library in LIBRARIES:
        if wanted and library.name not in wanted and f"{library.name}-{library.version}" not in wanted:
            continue
        missing = lacks(library, not is_quick, os.environ.get("JDK"))
        if missing:
            print(f"without {library.name} {library.version}: {missing}", flush=True)
        else:
            libraries.append(library)
    if not libraries:
        sys.exit(77)
    soak = Soak(None if is_quick else CSV, os.environ.get("JDK", ""))
    for library in libraries:
        soak.charges(library)
    work(soak, libraries, int(os.environ.get("DENIALS") or 100_000), float(os.environ.get("MINUTES") or 1e6), int(os.environ.get("JOBS") or 1))
    sys.exit(1 if summary(soak) else 0)


if __name__ == "__main__":
    main()
