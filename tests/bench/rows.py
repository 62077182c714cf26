"""What is run: the rows of the table."""
import os
import sys

import jvm
import sources
from machine import BENCH, HERE, ROOT
from modes import EVERYBODY, MODES

ALL = tuple(MODES)


class Row:
    """One line of the table: a command whose figure is the number that it prints, or the processor seconds that it takes.

    needs: {command or file: Debian's package}. fetch: makes what the command needs and a package offers as sources.
    modes: the columns it has. targets: whose memory is charged. share: of the rounds that others get.
    """

    def __init__(self, name, command, unit="cpu s", *, needs=None, fetch=None, modes=ALL, targets=EVERYBODY, share=1.0,
                 quick=False, environment=None, ways=None):
        self.name, self.command, self.unit = name, command, unit
        self.needs, self.fetch = needs or {}, fetch
        self.targets, self.share, self.quick = targets, share, quick
        self.environment = environment or {}
        self.ways = ways  # {column: words behind the command}, where the columns are not modes
        self.modes = tuple(ways) if ways else modes

    @property
    def section(self):
        return self.name.split("/")[0]

    @property
    def base(self):
        return self.modes[0]


def built(name):
    return os.path.join(BENCH, name)


def program(name):
    return os.path.join(HERE, "programs", name)


def pairs():
    for mix in ("16-256", "16-1K", "1K-16K", "16K-64K", "16-1M"):
        for threads in (1, 2, 4, 16, 64):
            yield Row(f"pairs/{mix}/{threads}", [built("pairs"), mix, str(threads)], "ns",
                      quick=(mix, threads) in (("16-1K", 1), ("16-1K", 4), ("16K-64K", 2)))


def cross():
    for mix in ("16-256", "16-1K", "1K-16K", "16K-64K", "16-1M"):
        for threads in (2, 4, 16, 64):
            yield Row(f"cross/{mix}/{threads}", [built("cross"), mix, str(threads)], "ns",
                      quick=(mix, threads) in (("16-1K", 2), ("16K-64K", 4)))


def churn():
    for blocks in (0, 1, 100):
        for threads in (1, 16):
            yield Row(f"churn/{blocks}/{threads}", [built("churn"), str(blocks), str(threads)], "us",
                      quick=(blocks, threads) == (1, 1))


def programs():
    yield Row("program/sqlite3", ["sqlite3", "-batch", "-init", program("work.sql"), ":memory:", ".quit"],
              needs={"sqlite3": "sqlite3"})
    yield Row("program/python3", [sys.executable, program("work.py")])
    yield Row("program/python3-malloc", [sys.executable, program("work.py")], environment={"PYTHONMALLOC": "malloc"},
              quick=True)
    yield Row("program/gcc", ["gcc", "-O2", "-S", "-o", "/dev/null", "-D_GNU_SOURCE", "-w", "-fno-lto", "-DMG_VERSION=\"0\"",
                              f"-I{ROOT}/src", os.path.join(ROOT, "interpose", "malloc.c")], needs={"gcc": "gcc"})
    yield Row("program/lua", ["lua5.4", program("work.lua")], needs={"lua5.4": "lua5.4"}, quick=True)
    yield Row("program/redis", [sys.executable, "-I", program("redis.py")], "us",
              needs={"redis-server": "redis-server", "redis-benchmark": "redis-tools"})
    yield Row("program/z3", ["z3", program("work.smt2")], needs={"z3": "z3"})
    for name, command, fetch in sources.KNOWN:
        yield Row(f"known/{name}", command, fetch=fetch)


JVM = ("glibc", "dormant", "passed", "jemalloc")
WORKING = ("glibc", "jemalloc", "je-same", "observed", "enforced", "sampled", "callback")


def in_jvm():
    java = [built("jdk/bin/java"), "-cp", f"{built('classes')}:{built('jars')}/*"]
    quiet = java[:1] + ["-XX:+UseSerialGC", "-XX:TieredStopAtLevel=1"] + java[1:]  # scatters half as much
    needs = {"javac": "openjdk-17-jdk-headless"}
    yield Row("jvm/javac", [built("jdk/bin/javac"), "-proc:none", "-d", built("javac"), f"@{jvm.JAVAC_SOURCES}/list"],
              modes=JVM, needs=needs, share=2, fetch=jvm.javac)
    yield Row("jvm/nothing", quiet + ["Nothing"], modes=JVM, needs=needs, share=5, quick=True, fetch=jvm.nothing)
    yield Row("jvm/rocksdb", java + ["RocksDbWork", built("rocksdb")], modes=WORKING, targets="librocksdbjni*", needs=needs,
              fetch=jvm.rocksdb)
    yield Row("jvm/duckdb", java + ["DuckDbWork"], modes=WORKING, targets="libduckdb*", needs=needs,
              fetch=jvm.duckdb)


def unsafe():
    """Columns are ways to the same call of Java's."""
    java = [built("jdk/bin/java"), "-XX:+UseSerialGC", "-cp", f"{built('classes')}:{built('../memgrant.jar')}", "UnsafePairs"]
    preload = [f"LD_PRELOAD={built('../libmemgrant.so')}"]
    yield Row("unsafe/64", ["env"], "ns", needs={"javac": "openjdk-17-jdk-headless"}, fetch=jvm.unsafe_pairs, quick=True,
              ways={how: ([] if how == "unwrapped" else preload) + java + [how] for how in ("unwrapped", "unbound", "bound", "sampled", "named")})
    calls = java[:-1] + ["NativeCalls"]
    yield Row("native/call", ["env"], "ns", needs={"javac": "openjdk-17-jdk-headless"}, fetch=jvm.native_calls, quick=True,
              ways={how: ([] if how == "plain" else preload) + calls + [how] for how in ("plain", "observed", "stacks")})
    library = built("../libmemgrant.so")
    starts = [built("jdk/bin/java"), "-XX:+UseSerialGC", "-Xshare:auto", "-version"]
    yield Row("unsafe/startup", ["env"], needs={"javac": "openjdk-17-jdk-headless"}, fetch=jvm.jdk, quick=True, share=5,
              ways={"plain": starts, "wrapped": preload + ["MEMGRANT_TARGETS=java:*", f"JAVA_TOOL_OPTIONS=-agentpath:{library}"] + starts})


def accounts():
    """Columns are what is compared: within one account or across two; observed or enforced."""
    command = [built("accounts")]
    preload = {"LD_PRELOAD": built("libmemgrant-door.so")}
    for mix in ("16-256", "16-1K", "1K-16K", "16K-64K"):
        yield Row(f"strangers/{mix}", command, "ns", environment=preload, quick=mix == "16-1K",
                  ways={how: ["enforce", "frees", f"{how}:{mix}"] for how in ("within", "across")})
    for name, unit, what in (("bind+unbind", "us", "bind -"), ("task-recycled", "us", "task recycled"),
                             ("task-fresh", "us", "task fresh"),
                             ("scope-entered+left", "us", "scope entered"), ("scope-begun+ended", "us", "scope whole"),
                             ("memory", "KB", "memory -"), ("thread-memory", "KB", "thread -"),
                             ("settle-empty", "us", "settle empty"), ("settle-100MB-freed", "us", "settle freed"),
                             ("settle-100MB-alive", "us", "settle alive"), ("back-100MB-freed", "ms", "back freed"),
                             ("back-100MB-outliving", "ms", "back outliving"), ("growth", "KB", "growth nothing"),
                             ("growth-survivors", "KB", "growth survivors")):
        yield Row(f"account/{name}", command, unit, environment=preload, quick=name in ("bind+unbind", "task-recycled"),
                  share=0.25 if name.startswith(("growth", "back")) else 1,
                  ways={mode: [mode, *what.split()] for mode in ("observe", "enforce")})
    yield Row("account/idle-chunk-back", command, "ms", environment=preload, ways={"enforce": ["enforce", "chunk", "-"]})


def resident():
    for threads in (1, 2, 16, 64):
        yield Row(f"resident/128MB/{threads}", [built("resident")], "MB", share=0.25, quick=threads == 2,
                  environment={"LD_PRELOAD": built("../libmemgrant.so"), "MEMGRANT_TARGETS": EVERYBODY, "MEMGRANT_LIMIT": "128m",
                               "MEMGRANT_ON_DENIAL": "fail"}, ways={"enforced": ["128", str(threads)]})


def rows():
    for group in (pairs, cross, churn, programs, in_jvm, unsafe, accounts, resident):
        yield from group()
