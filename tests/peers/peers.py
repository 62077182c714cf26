#!/usr/bin/env python3
"""peers.py: the same work under memgrant and under the tools that people have, and what each says of it; writes docs/peers.md.

ROUNDS=n interleaved runs (5) give the cost, processor time against none of them. Needs heaptrack and libjemalloc2 (apt), memray (pip) and
async-profiler (Maven); what can't be had is left out, with the reason."""
import collections
import glob
import math
import os
import random
import re
import resource
import statistics
import subprocess
import sys

HERE = os.path.dirname(os.path.abspath(__file__))
ROOT = os.path.dirname(os.path.dirname(HERE))
sys.path.insert(0, os.path.join(ROOT, "tests/bench"))
from fetching import Missing, may_fetch, run  # noqa: E402
import follow  # noqa: E402
import jvm  # noqa: E402
import machine  # noqa: E402
from modes import library  # noqa: E402

BUILD = os.path.join(ROOT, "build")
PLACE = os.path.join(BUILD, "peers")
ROUNDS = int(os.environ.get("ROUNDS", "5"))
MEAN = 512 << 10  # bytes between two samples, in the mean, wherever a tool samples
MEMGRANT = os.path.join(ROOT, "scripts/memgrant")
Work = collections.namedtuple("Work", "name what words part tools")


# ---- What is run ----

def blocks():
    made = os.path.join(PLACE, "blocks")
    run(["gcc", "-O2", "-fno-builtin", "-pthread", "-o", made, os.path.join(HERE, "blocks.c")], "gcc")
    return Work("C", "20,000 blocks live at the end, of 200,000 on two threads", [made], "", ["memgrant", "stacks", "heaptrack", "jemalloc"])


def objects():
    return Work("Python", "the peak of a process whose objects are malloc's (PYTHONMALLOC=malloc)",
                [os.path.join(PLACE, "python/bin/python"), os.path.join(HERE, "objects.py")], "", ["memgrant", "heaptrack", "memray"])


def batches():
    jar = jvm.jar("rocksdbjni", "get-spark", "spark-*/jars", "deps")
    home = jvm.jdk()
    run([f"{home}/bin/javac", "-proc:none", "-d", PLACE, "-cp", jar, os.path.join(HERE, "Batches.java")], "javac")
    return Work("RocksDB in a JVM", "1,250 write batches that nobody closed, live at the end",
                [f"{home}/bin/java", "-Xmx256m", "-XX:+UseSerialGC", "-cp", f"{jar}:{PLACE}", "Batches"], "rocksdb",
                ["memgrant", "stacks", "heaptrack", "jemalloc", "async-profiler"])


# ---- The tools: each is (what is put before the words, what is added to the environment, what it said afterwards) ----

def file(name):
    return os.path.join(PLACE, name)


def report_of(work, name, figure):
    import json
    with open(file(name), encoding="utf-8") as report:
        rows = json.load(report)
    if not work.part:
        return rows["accounts"][0][figure] - (sum(one["mapped"] for one in rows["libraries"]) if figure == "used" else 0)
    return sum(one[figure] for one in rows["libraries"] if work.part in one["name"])


def memgrant(work):
    figure = "peak" if work.name == "Python" else "used"
    return [MEMGRANT, "run", "--observe", "--target", "*", "--report", file("exact.json"), "--"], {}, lambda: report_of(work, "exact.json", figure)


def collapsed(path, part):
    """The last words of the lines that have that part."""
    with open(path, encoding="utf-8", errors="replace") as lines:
        return sum(int(line.rsplit(" ", 1)[1]) for line in lines if part in line)


def stacks(work):
    def said():
        run([MEMGRANT, "stacks", file("stacks.json"), "--collapsed", file("stacks.txt")], "memgrant stacks")
        return collapsed(file("stacks.txt"), work.part)
    return ([MEMGRANT, "run", "--observe", "--target", "*", "--report", file("stacks.json"), "--"], {"MEMGRANT_STACKS": "true",
            "MEMGRANT_STACKS_BYTES": str(MEAN)}, said)


def heaptrack(work):
    if subprocess.run(["which", "heaptrack"], capture_output=True).returncode:
        raise Missing("heaptrack is not installed: apt-get install heaptrack")

    def said():
        kept = glob.glob(file("heaptrack.data*"))[0]
        kind = "peak" if work.name == "Python" else "leaked"
        run(["heaptrack_print", "-p0", "-a0", "-T0", "-l0", "-F", file("heaptrack.txt"), "--flamegraph-cost-type", kind, "-f", kept], "heaptrack_print")
        return collapsed(file("heaptrack.txt"), work.part)
    return ["heaptrack", "-o", file("heaptrack.data")], {}, said


def scaled(count, size):
    """What so many sampled blocks of so many bytes stand for (as jeprof has it)."""
    return size / (1 - math.exp(-size / count / MEAN)) if count else 0


def heap_of_jemalloc(work):
    kept = max(glob.glob(file("jeprof.*.f.heap")), key=os.path.getsize)  # others are of programs that it started
    with open(kept, encoding="utf-8", errors="replace") as text:
        head, _, maps = text.read().partition("MAPPED_LIBRARIES:")
    ranges = [tuple(int(edge, 16) for edge in line.split()[0].split("-")) for line in maps.splitlines() if work.part and work.part in line]
    total = 0
    for frames, count, size in re.findall(r"^@((?: 0x[0-9a-f]+)+)\n *t\*: (\d+): (\d+)", head, re.MULTILINE):
        if not work.part or any(low <= int(frame, 16) < high for frame in frames.split() for low, high in ranges):
            total += scaled(int(count), int(size))
    return round(total)


def jemalloc(work):
    return [], {"LD_PRELOAD": library("libjemalloc.so.2", "libjemalloc2"), "MALLOC_CONF":
                f"prof:true,prof_final:true,lg_prof_sample:{MEAN.bit_length() - 1},prof_prefix:{file('jeprof')}"}, lambda: heap_of_jemalloc(work)


def memray(work):
    python = work.words[0]
    if not os.path.exists(f"{os.path.dirname(python)}/memray"):
        may_fetch("memray")
        run([sys.executable, "-m", "venv", file("python")], "a virtual environment")
        run([python, "-m", "pip", "install", "-q", "memray==1.19.1"], "memray (pip)")

    def said():
        import json
        run([python, "-m", "memray", "stats", "--json", "-o", file("memray.json"), "-f", file("memray.bin")], "memray stats")
        with open(file("memray.json"), encoding="utf-8") as stats:
            return json.load(stats)["metadata"]["peak_memory"]
    return [python, "-m", "memray", "run", "--native", "-f", "-q", "-o", file("memray.bin")], {}, said


def async_profiler(work):
    for artifact in ("async-profiler", "jfr-converter"):
        if not os.path.exists(file(f"{artifact}-4.2.jar")):
            may_fetch(artifact)
            run(["mvn", "-B", "-q", "org.apache.maven.plugins:maven-dependency-plugin:3.6.1:copy", f"-DoutputDirectory={PLACE}",
                 f"-Dartifact=tools.profiler:{artifact}:4.2"], f"{artifact} (Maven)")
    agent = file("linux-x64/libasyncProfiler.so")
    if not os.path.exists(agent):
        run([f"{jvm.jdk()}/bin/jar", "xf", file("async-profiler-4.2.jar"), "linux-x64/libasyncProfiler.so"], "jar", cwd=PLACE)

    def said():
        run([work.words[0], "-jar", file("jfr-converter-4.2.jar"), "--nativemem", "--leak", "--tail", "0", "--total", "-o", "collapsed", file("native.jfr"),
             file("native.txt")], "jfr-converter")
        return collapsed(file("native.txt"), work.part)
    return [], {"JAVA_TOOL_OPTIONS": f"-agentpath:{agent}=start,event=nativemem,file={file('native.jfr')}"}, said


TOOLS = {"memgrant": memgrant, "stacks": stacks, "heaptrack": heaptrack, "jemalloc": jemalloc, "memray": memray, "async-profiler": async_profiler}

NAMES = {"memgrant": "memgrant, exact", "stacks": "memgrant stacks", "heaptrack": "heaptrack 1.4", "jemalloc": "jemalloc 5.3's profile",
         "memray": "memray 1.19", "async-profiler": "async-profiler 4.2, nativemem of all"}


# ---- Runs ----

def once(words, environment):
    """(processor seconds of it and all below, what it printed)"""
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    done = subprocess.run(words, env={**os.environ, "PYTHONMALLOC": "malloc", **environment}, capture_output=True, text=True, check=False)
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    if done.returncode:
        raise Missing(f"{' '.join(words[:3])} ended with {done.returncode}: {(done.stderr.strip().splitlines() or ['no message'])[-1]}")
    truths = [line for line in done.stdout.splitlines() if line.strip().isdigit()]
    return after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime, int(truths[0])


def clean():
    for pattern in ("exact.json", "stacks.json", "heaptrack.data*", "jeprof.*", "memray.bin", "native.*"):
        for path in glob.glob(file(pattern)):
            os.remove(path)


def measured(work):
    """{tool: (what it said in each round, cost in each round)}, truth, {tool: why it is left out}"""
    said, cost, missing, truth = {}, {"none": []}, {}, 0
    for _ in range(ROUNDS):
        for tool in random.sample(["none", *work.tools], len(work.tools) + 1):
            clean()
            try:
                before, environment, afterwards = TOOLS[tool](work) if tool != "none" else ([], {}, None)
                words = work.words[1:] if tool == "memray" else work.words
                seconds, truth = once(before + words, environment)
                if afterwards:
                    said.setdefault(tool, []).append(afterwards())
                cost.setdefault(tool, []).append(seconds)
            except (Missing, IndexError, KeyError, ValueError, OSError) as why:
                missing[tool] = str(why)
    return said, cost, truth, missing


def page(results):
    yield "# Beside other tools\n"
    yield (f"Made by `make peers`, of {machine.commit()}, on {machine.described()}; {ROUNDS} interleaved runs each, medians. Sampling tools take a sample "
           f"in {MEAN >> 10} KB in the mean. *Asked for* is what the program itself knows to have asked for; tools that count usable bytes, or what "
           "containers ask for beyond, are above it. *Spread* is that of the runs.\n")
    for work, (said, cost, truth, missing) in results:
        yield f"## {work.name}: {work.what}\n"
        yield f"Asked for: {truth / 1e6:.2f} MB (of a million bytes).\n"
        yield "| tool | says | against asked for | spread | processor time |\n|---|---|---|---|---|"
        for tool in work.tools:
            if tool in said:
                middle = statistics.median(said[tool])
                yield (f"| {NAMES[tool]} | {middle / 1e6:.2f} MB | {middle / truth - 1:+.1%} | "
                       f"{(max(said[tool]) - min(said[tool])) / middle:.1%} | {statistics.median(cost[tool]) / statistics.median(cost['none']):.2f} |")
            else:
                yield f"| {NAMES[tool]} | left out: {missing.get(tool, 'no word')} | | | |"
        yield ""
    with open(os.path.join(HERE, "differences.md"), encoding="utf-8") as rest:
        yield rest.read()
    yield ("## Does the ledger follow resident memory?\n\n"
           "Ten times a second the kernel's count of anonymous pages and what the live page (`memgrant top`) shows as used are read, "
           "within a fraction of a millisecond; the difference of their changes within a second is to be 32 MB at most, in 99 of 100 "
           "cases. Of JVMs only what comes once all of the heap is resident. Two are above it, and no figure that is published follows "
           "there: mstress takes and gives back 100 MB twice a second, and has not touched yet some of what it asked for (28 MB more were"
           " used than resident), while of what it gave back pages stay for a while (25 MB more were resident than used); DuckDB's own "
           "allocator maps 20 to 50 MB at once and touches them in the next tenths of a second. There the ledger is early, as a limit has"
           " to be. `memgrant explain` tells both apart, when it is asked.\n")
    yield from follow.table(ROUNDS)


def main():
    os.makedirs(PLACE, exist_ok=True)
    if not os.path.exists(file("python/bin/python")):
        run([sys.executable, "-m", "venv", file("python")], "a virtual environment")
    results = []
    for make in (blocks, objects, batches):
        try:
            work = make()
            results.append((work, measured(work)))
        except Missing as why:
            print(f"{make.__name__} is left out: {why}", file=sys.stderr)
    text = "\n".join(page(results)) + "\n"
    with open(os.path.join(ROOT, "docs/peers.md"), "w", encoding="utf-8") as out:
        out.write(text)
    print(text)


main()
