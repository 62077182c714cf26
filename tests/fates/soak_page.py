#!/usr/bin/env python3
"""soak_page.py: puts the section "Soak" of docs/fates.md anew, from build/soak.csv and build/soak-tasks-SPARK.txt. What there is no file of
stays as it is on the page."""
import collections
import csv
import glob
import os
import re

from bound import bound
from libraries import BUILD, LIBRARIES, ROOT
from table import lost, number

PAGE = os.path.join(ROOT, "docs", "fates.md")
CSV = os.path.join(BUILD, "soak.csv")
TASKS = os.path.join(BUILD, "soak-tasks-{}.txt")
SECTION = re.compile(r"^## Soak\n.*?(?=^## |\Z)", re.M | re.S)
BEGIN = """## Soak

`make soak` (`DENIALS=`, `TASKS=`, `JDK=`; every process: `build/soak.csv`) denies 100,000 charges under `stop`, evenly over the libraries, in one JVM after
another: on tasks' threads and on the libraries' own, one in a process (low charges as often as high ones), one in a task, and many in a
task. It goes on where it was interrupted: what follows is what was done so far. Then 2,000 tasks with RocksDB, DuckDB, zstd, lz4, snappy and LevelDB run on two executors (`tests/spark/soak_test.sh`; `SPARK=`).
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
    """{JDK: sentences and a table}."""
    texts = {}
    for jdk, rows in rows_by_jdk().items():
        processes, denials, executors, tasks, losses = sums(rows)
        most = bound(losses)
        text = (f"\nJDK {jdk}: {number(denials)} denials in {number(processes)} processes; {number(executors)} of them were of bytes that the executor is "
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
        texts[jdk] = text
    return texts


def of_tasks(spark):
    """What the run on executors of that Spark said of itself."""
    with open(TASKS.format(spark)) as file:
        text = file.read()
    said = re.findall(r"^soak: (.*)$", text, re.M)
    held, failed = len(re.findall(r"^ok - ", text, re.M)), re.findall(r"^FAILED - (.*)$", text, re.M)
    if not said:
        return ""
    text = f"On executors of Spark {spark}: " + said[-1].replace("|", "/") + f". Afterwards {held} of {held + len(failed)} checks held"
    return text + (f", but not: {'; '.join(failed)}." if failed else
                   ": the executors are the same ones, every account is at zero, no courier, no thread, no file and no folder is left, Spark's pools are as they "
                   "were, and no attempt that was denied reported success.")


def section():
    """The page's, or a new one where there are figures."""
    with open(PAGE) as file:
        found = SECTION.search(file.read())
    page = found[0] if found else ""
    denials = {text[4:].split(":", 1)[0]: f"\n{text.rstrip()}\n" for text in re.findall(r"^JDK .*?(?=^JDK |^On executors|\Z)", page, re.M | re.S)}
    if os.path.exists(CSV):
        denials.update(of_denials())
    tasks = {line.split(":", 1)[0].rsplit(" ", 1)[1]: line for line in re.findall(r"^On executors of Spark .*$", page, re.M)}
    for file in glob.glob(TASKS.format("*")):
        spark = os.path.basename(file)[len("soak-tasks-"):-len(".txt")]
        tasks[spark] = of_tasks(spark) or tasks.get(spark, "")
    text = "".join(text for _, text in sorted(denials.items())) + "".join(f"\n{line}\n" for _, line in sorted(tasks.items(), reverse=True) if line)
    return BEGIN + text if text else ""


def main():
    new = section()
    if not new:
        return
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
