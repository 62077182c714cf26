"""Under what each row is run: the columns of the table. A mode is what it adds to the environment."""
import glob
import os
import re

from fetching import Missing
from machine import BUILD, PROCESSORS, ROOT

LIBRARY = os.path.join(BUILD, "libmemgrant.so")
EVERYBODY = "*"


def library(pattern, package):
    """The path of a library out of a package, as the dynamic linker takes it."""
    found = sorted(glob.glob(f"/usr/lib/*/{pattern}") + glob.glob(f"/usr/lib/{pattern}"))
    if not found:
        raise Missing(f"{pattern} is not installed: apt-get install {package}")
    return found[0]


def our_jemalloc_options():
    """MALLOC_CONF as our own jemalloc has it, with as many arenas as our heap of a process has."""
    with open(os.path.join(ROOT, "src", "je_system.c")) as file:
        text = re.search(r"mgje_malloc_conf =((?:\s*\"[^\"]*\")+);", file.read())[1]
    options = "".join(re.findall(r'"([^"]*)"', text))
    return options.replace("narenas:1", f"narenas:{min(PROCESSORS, 8)}")


def preload(pattern, package, **variables):
    return lambda targets: {"LD_PRELOAD": library(pattern, package), **variables}


def ours(name="libmemgrant.so", **variables):
    """Our library; TARGETS stands for the row's own targets."""
    def environment(targets):
        path = os.path.join(BUILD, name)
        if not os.path.exists(path):
            raise Missing(f"{path} was not built: make bench")
        return {"LD_PRELOAD": path, **{key: targets if value == "TARGETS" else value for key, value in variables.items()}}
    return environment


def heaptrack(targets):
    """Its preloaded part alone; what it writes goes nowhere, so that its own process costs nothing here."""
    return {"LD_PRELOAD": library("heaptrack/libheaptrack_preload.so", "heaptrack"), "DUMP_HEAPTRACK_OUTPUT": "/dev/null"}


LIMIT = dict(MEMGRANT_LIMIT="16g", MEMGRANT_ON_DENIAL="fail")

# In the order of the table's columns.
MODES = {
    "glibc": lambda targets: {},
    "jemalloc": preload("libjemalloc.so.2", "libjemalloc2"),
    "je-same": preload("libjemalloc.so.2", "libjemalloc2", MALLOC_CONF=our_jemalloc_options()),
    "mimalloc": preload("libmimalloc.so.2*", "libmimalloc2.0"),
    "tcmalloc": preload("libtcmalloc_minimal.so.4", "libtcmalloc-minimal4"),
    "heaptrack": heaptrack,
    "callback": ours("bench/libmemgrant-callback.so", MEMGRANT_TARGETS="TARGETS"),
    "dormant": ours(),
    "passed": ours(MEMGRANT_TARGETS="nothing-here"),
    "observed": ours(MEMGRANT_TARGETS="TARGETS"),
    "enforced": ours(MEMGRANT_TARGETS="TARGETS", **LIMIT),
    "sampled": ours(MEMGRANT_TARGETS="TARGETS", MEMGRANT_STACKS="true"),
}

EXPLAINED = {
    "glibc": "nothing preloaded",
    "jemalloc": "Debian's, its defaults",
    "je-same": "Debian's jemalloc with the options of the one inside memgrant",
    "mimalloc": "Debian's, its defaults",
    "tcmalloc": "Debian's minimal one, its defaults",
    "heaptrack": "its preloaded part, writing to /dev/null",
    "callback": "memgrant, but each allocation asks by a call of 60 ns and a lock",
    "dormant": "memgrant preloaded, nothing set",
    "passed": "memgrant counting, another library the target",
    "observed": "memgrant counting everybody",
    "enforced": "memgrant counting everybody, a limit of 16 GB set",
    "sampled": "memgrant counting everybody, with stacks",
}

# These take many times as long: a few rounds of them say enough.
SLOW = ("heaptrack", "callback")
