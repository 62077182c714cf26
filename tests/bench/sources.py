"""Allocator benchmarks whose sources a package offers: fetched, and built as their authors would."""
import glob
import os
import random
import re
import shutil
import sys

from fetching import Missing, may_fetch, run
from machine import BENCH

SOURCES = os.path.join(BENCH, "sources")
TRUTH_TABLE = os.path.join(BENCH, "table.pla")


def debian_source(package, part="*"):
    """The folder of a Debian package's sources, or a part of them, as its authors released them. The machine's own apt sources
    are asked, for sources too; apt's own lists stay as they are."""
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
    return unpacked(archives, package, folder, part)


def unpacked(archives, what, folder, part="*"):
    if not archives:
        raise Missing(f"the sources of {what} did not come")
    new = folder + ".new"
    shutil.rmtree(new, ignore_errors=True)
    os.makedirs(new)
    run(["tar", "-xf", archives[-1], "-C", new, "--strip-components=1", "--wildcards", part], archives[-1])
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


def glibc_simple():
    """It takes the time of each part with what only glibc's own build has: here processor time serves."""
    folder = os.path.join(debian_source("glibc", "*/benchtests/*"), "benchtests")
    with open(os.path.join(folder, "hp-timing.h"), "w") as file:
        file.write("#include <time.h>\ntypedef clock_t hp_timing_t;\n#define HP_TIMING_NOW(now) ((now) = clock())\n"
                   "#define HP_TIMING_DIFF(took, start, end) ((took) = (end) - (start))\n")
    make("glibc-simple", [f"{folder}/bench-malloc-simple.c", f"{folder}/json-lib.c", f"-I{folder}"])


def espresso():
    folder = os.path.join(pypi_source("pyeda", "0.29.0"), "thirdparty", "espresso")
    make("espresso", [*glob.glob(f"{folder}/src/*.c"), f"-I{folder}/src"])
    with open(TRUTH_TABLE, "w") as file:
        file.write(truth_table(inputs=13, outputs=8, lines=1200))


def truth_table(inputs, outputs, lines):
    """What espresso minimizes: terms by chance, always the same ones."""
    chance = random.Random(1)
    terms = (" ".join("".join(chance.choices(letters, k=count)) for letters, count in (("01-", inputs), ("01", outputs)))
             for _ in range(lines))
    return f".i {inputs}\n.o {outputs}\n" + "\n".join(terms) + "\n.e\n"


# Row, its command, what fetches and builds it.
KNOWN = (("mstress", [os.path.join(BENCH, "mstress"), "4", "50", "10"], mstress),
         ("glibc-simple", [os.path.join(BENCH, "glibc-simple"), "100"], glibc_simple),
         ("espresso", [os.path.join(BENCH, "espresso"), TRUTH_TABLE], espresso))
