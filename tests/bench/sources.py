"""What rows need beyond this tree: JVM programs and their jars, and allocator benchmarks as packages offer their sources."""
import glob
import os
import re
import shutil
import subprocess
import sys

from machine import BENCH, BUILD, HERE, ROOT
from modes import Missing

JDK = os.path.join(BENCH, "jdk")
CLASSES, JARS = os.path.join(BENCH, "classes"), os.path.join(BENCH, "jars")
JAVAC_SOURCES = os.path.join(BENCH, "javac-sources")


def run(words, what, **options):
    """Its output; Missing, with its last words, when it fails."""
    done = subprocess.run(words, capture_output=True, text=True, **options)
    if done.returncode:
        last = (done.stderr.strip() or done.stdout.strip() or "no message").splitlines()[-1]
        raise Missing(f"{what}: {last}")
    return done.stdout.strip()


# ---- JVM ----

def jdk():
    home = run([os.path.join(ROOT, "scripts", "find-java")], "a JDK")
    if not os.path.islink(JDK) or os.readlink(JDK) != home:
        if os.path.lexists(JDK):
            os.remove(JDK)
        os.symlink(home, JDK)
    return home


def newest(paths):
    return max(map(os.path.getmtime, paths), default=0)


def compiled(name, class_path=""):
    """A program of java/ in build/bench/classes."""
    jdk()
    source, made = os.path.join(HERE, "java", name + ".java"), os.path.join(CLASSES, name + ".class")
    if not os.path.exists(made) or os.path.getmtime(made) < os.path.getmtime(source):
        run([os.path.join(JDK, "bin", "javac"), "-proc:none", "-d", CLASSES, "-cp", class_path or CLASSES, source], f"javac {name}")


def jar(name, script, *places):
    """The newest jar of that name where that script puts it, linked into build/bench/jars."""
    def found():
        return [path for place in places for path in sorted(glob.glob(os.path.join(BUILD, place, f"{name}-*.jar")))]
    if not found():
        run([os.path.join(ROOT, "scripts", script)], f"{name} (scripts/{script})")
    if not found():
        raise Missing(f"{name}: scripts/{script} did not bring it")
    os.makedirs(JARS, exist_ok=True)
    link = os.path.join(JARS, f"{name}.jar")
    if not os.path.exists(link) or os.readlink(link) != found()[-1]:
        if os.path.lexists(link):
            os.remove(link)
        os.symlink(found()[-1], link)
    return link


def javac():
    """Sources enough to keep javac busy for some seconds: generics, lambdas, switches, inner classes."""
    jdk()
    if os.path.exists(os.path.join(JAVAC_SOURCES, "All.list")):
        return
    os.makedirs(JAVAC_SOURCES, exist_ok=True)
    names = [f"Made{number}" for number in range(80)]
    for number, name in enumerate(names):
        other = names[number - 1]
        methods = "\n".join(f"""
    <T extends Comparable<T>> List<T> sorted{m}(Map<String, List<T>> from, Function<T, Integer> rank) {{
        return from.entrySet().stream().filter(e -> e.getKey().length() > {m}).flatMap(e -> e.getValue().stream())
                .sorted(Comparator.comparing(rank).thenComparing(Comparator.naturalOrder())).collect(Collectors.toList());
    }}
    int choice{m}(Kind kind, int n) {{
        int sum = {m};
        for (int i = 0; i < n; i++)
            sum += switch (kind) {{ case ONE -> i * {m}; case TWO -> {{ int k = i ^ {m}; yield k << 2; }} case THREE -> new Inner(i).twice(); }};
        return sum + new {other}().weight();
    }}""" for m in range(10))
        text = f"""import java.util.*;
import java.util.function.*;
import java.util.stream.*;
class {name} {{
    enum Kind {{ ONE, TWO, THREE }}
    record Inner(int value) {{ int twice() {{ return 2 * value; }} }}
    int weight() {{ return {number}; }}{methods}
}}
"""
        with open(os.path.join(JAVAC_SOURCES, name + ".java"), "w") as file:
            file.write(text)
    with open(os.path.join(JAVAC_SOURCES, "All.list"), "w") as file:
        file.writelines(f"{JAVAC_SOURCES}/{name}.java\n" for name in names)


def nothing():
    compiled("Nothing")


def rocksdb():
    compiled("RocksDbWork", jar("rocksdbjni", "get-spark", "spark-*/jars", "deps"))


def duckdb():
    compiled("DuckDbWork", jar("duckdb_jdbc", "get-jars", "deps"))


# ---- Allocator benchmarks ----

SOURCES = os.path.join(BENCH, "sources")


def may_fetch(what):
    if os.environ.get("NO_INSTALL"):
        raise Missing(f"{what} is not here and NO_INSTALL forbids fetching it")


def debian_source(package):
    """The folder of a Debian package's sources, as its authors released them. The machine's own apt sources are asked, for
    sources too; apt's own lists stay as they are."""
    folder = os.path.join(SOURCES, package)
    if os.path.isdir(folder):
        return folder
    may_fetch(f"Debian's source package {package}")
    print(f"  APT   fetching the sources of {package}", flush=True)
    apt = os.path.join(SOURCES, "apt")
    os.makedirs(os.path.join(apt, "lists", "partial"), exist_ok=True)
    os.makedirs(os.path.join(apt, "parts"), exist_ok=True)
    for path in glob.glob("/etc/apt/sources.list.d/*") + ["/etc/apt/sources.list"]:
        if os.path.isfile(path):
            with open(path) as file:
                text = re.sub(r"(?m)^(Types:.*?|)\bdeb\b(?!-)", r"\1deb-src", file.read())
            with open(os.path.join(apt, "parts", os.path.basename(path)), "w") as file:
                file.write(text)
    options = ["-o", f"Dir::Etc::SourceList={apt}/parts/sources.list", "-o", f"Dir::Etc::SourceParts={apt}/parts",
               "-o", f"Dir::State::Lists={apt}/lists", "-q"]
    run(["apt-get", *options, "update"], f"the sources of {package}")
    run(["apt-get", *options, "source", "--download-only", package], f"the sources of {package}", cwd=SOURCES)
    archives = sorted(glob.glob(os.path.join(SOURCES, f"{package}_*.orig.tar.*[!c]")))
    return unpacked(archives, package, folder)


def unpacked(archives, what, folder):
    if not archives:
        raise Missing(f"the sources of {what} did not come")
    new = folder + ".new"
    shutil.rmtree(new, ignore_errors=True)
    os.makedirs(new)
    run(["tar", "-xf", archives[-1], "-C", new, "--strip-components=1"], archives[-1])
    os.rename(new, folder)
    return folder


def pypi_source(package, version):
    folder = os.path.join(SOURCES, package)
    if os.path.isdir(folder):
        return folder
    may_fetch(f"PyPI's {package}")
    print(f"  PIP   fetching the sources of {package}", flush=True)
    os.makedirs(SOURCES, exist_ok=True)
    run([sys.executable, "-m", "pip", "download", "--disable-pip-version-check", "--no-deps", "--no-binary", package,
         "--dest", SOURCES, f"{package}=={version}"], f"the sources of {package}")
    return unpacked(glob.glob(os.path.join(SOURCES, f"{package}-*.tar.gz")), package, folder)


def make(name, words):
    """Compiles a benchmark as its authors would, but every call that it spells is made."""
    path = os.path.join(BENCH, name)
    if not os.path.exists(path):
        run(["gcc", "-O2", "-w", "-std=gnu11", "-fno-builtin-malloc", "-fno-builtin-calloc", "-fno-builtin-free", *words, "-o",
             path + ".new", "-pthread", "-lm"], f"compiling {name}")
        os.rename(path + ".new", path)


def mstress():
    folder = debian_source("mimalloc")
    make("mstress", ["-DNDEBUG", "-DUSE_STD_MALLOC", "-Dmi_stats_print(x)=", "-Dmi_collect(x)=", "-include", "stdbool.h",
                     f"-I{folder}/include", f"{folder}/test/test-stress.c"])


def espresso():
    folder = os.path.join(pypi_source("pyeda", "0.29.0"), "thirdparty", "espresso")
    make("espresso", [*glob.glob(f"{folder}/src/*.c"), f"-I{folder}/src"])


def truth_table():
    pass


# Row: (its command, unit, what fetches and builds it).
KNOWN = {
    "mstress": ([os.path.join(BENCH, "mstress"), "4", "50", "10"], "cpu s", mstress),
    "espresso": ([os.path.join(BENCH, "espresso"), os.path.join(BENCH, "table.pla")], "cpu s", espresso),
}
