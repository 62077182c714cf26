#!/usr/bin/env python3
"""soak_page.py: puts the section "Soak" of docs/fates.md anew, from build/soak.csv and build/soak-tasks.txt. What there is no file of stays
as it is on the page."""
import collections
import csv
import os
import re

from bound import bound
from libraries import BUILD, LIBRARIES, ROOT
from table import lost, number

PAGE = os.path.join(ROOT, "docs", "fates.md")
CSV = os.path.join(BUILD, "soak.csv")
TASKS = os.path.join(BUILD, "soak-tasks.txt")
SECTION = re.compile(r"^## Soak\n.*?(?=^## |\Z)", re.M | re.S)
BEGIN = """## Soak

`make soak` (`DENIALS=`, `TASKS=`, `JDK=`; every process: `build/soak.csv`) denies 100,000 charges under `stop`, evenly over the libraries, in one JVM after
another: on tasks' threads and on the libraries' own, one in a process (low charges as often as high ones), one in a task, and many in a
task. It goes on where it was interrupted: what follows is what was done so far. Then 2,000 tasks with RocksDB, DuckDB, zstd, lz4, snappy and LevelDB run on two executors (`tests/spark/soak_test.sh`).
"""


def rows_by_jdk():
    """Of the build that was run last on each."""
    by_jdk = collections.defaultdict(list)
    with open(CSV, newline="") as file:
        for row in csv.DictReader(file):
            by_jdk[row["jdk"]].append(row)
    return {jdk: [row for row in rows if row["build"] == rows[-1]["build"] and row["kind"] != "count"] for jdk, rows in by_jdk.items()}


def sums(rows):
    """Processes, denials, those of the executor's bytes, tasks that they ended, processes lost."""
    tasks = sum(int(row[name]) for row in rows for name in ("stopped", "end", "swallowed", "stopped-wrong", "exception"))
    return len(rows), sum(int(row["denials"]) for row in rows), sum(int(row["executors"]) for row in rows), tasks, sum(map(lost, rows))


def of_denials():
    """Sentences and a table."""
    text = ""
    for jdk, rows in sorted(rows_by_jdk().items()):
        processes, denials, executors, tasks, losses = sums(rows)
        most = bound(losses)
        text += (f"\nJDK {jdk}: {number(denials)} denials in {number(processes)} processes; {number(executors)} of them were of bytes that the executor is "
                 f"charged (pools' threads), which are only counted. They ended {number(tasks)} tasks. **{losses} lost.** With 95 % confidence below "
                 f"{most / max(1, denials):.1e} of denials and {most / max(1, tasks):.1e} of stopped tasks lose a process, for denials met as they are here "
                 f"({most:.2f}/n).\n")
        text += "\n| library | processes | denials | the executor's | tasks ended | lost |\n|---|---|---|---|---|---|\n"
        for library in LIBRARIES:
            own = [row for row in rows if (row["library"], row["version"]) == (library.name, library.version)]
            if own:
                text += f"| {library.name} {library.version} | " + " | ".join(number(figure) for figure in sums(own)) + " |\n"
            elif library.last_java and int(jdk) > library.last_java:
                text += f"| {library.name} {library.version} | runs on Java {library.last_java} at most | | | | |\n"
    return text


def of_tasks():
    """What the run on executors said of itself."""
    with open(TASKS) as file:
        text = file.read()
    said = re.findall(r"^soak: (.*)$", text, re.M)
    held, failed = len(re.findall(r"^ok - ", text, re.M)), re.findall(r"^FAILED - (.*)$", text, re.M)
    if not said:
        return ""
    text = "\nOn executors: " + said[-1].replace("|", "/") + f". Afterwards {held} of {held + len(failed)} checks held"
    return text + (f", but not: {'; '.join(failed)}.\n" if failed else
                   ": the executors are the same ones, every account is at zero, no courier, no thread, no file and no folder is left, Spark's pools are as they "
                   "were, and no attempt that was denied reported success.\n")


def section():
    """The page's, or a new one where there are figures."""
    with open(PAGE) as file:
        found = SECTION.search(file.read())
    if not os.path.exists(CSV):
        return found[0].rstrip() + "\n" if found else ""
    text = BEGIN + of_denials()
    if os.path.exists(TASKS):
        return text + of_tasks()
    tasks = re.search(r"^On executors: .*$", found[0], re.M) if found else None
    return text + (f"\n{tasks[0]}\n" if tasks else "")


def main():
    new = section()
    with open(PAGE) as file:
        page = file.read()
    if SECTION.search(page):
        page = SECTION.sub(lambda _: new + "\n", page)
    else:
        page = page.replace("## Not had\n", new + "\n## Not had\n", 1)
    with open(PAGE, "w") as file:
        file.write(page.rstrip() + "\n")


if __name__ == "__main__":
    main()
