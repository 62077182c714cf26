"""What an executor's settings would have to be for what was seen of it: spark.executor.memoryOverhead and spark.memory.offHeap.size, each in one
line with its reason. Sizes are rounded up to 64 MB, after a quarter more than was seen."""

MB = 1 << 20
STEP = 64 * MB
SPARKS_DEFAULT = 384 * MB  # of spark.executor.memoryOverhead, or a tenth of the heap where that is more: meant for the JVM's own parts


def rounded(size):
    return -(-max(size, 0) // STEP) * STEP


def with_room(size):
    return size * 5 // 4


def setting(name, size):
    return f"{name}={size // MB}m"


def shown(size):
    return f"{size / MB:.1f} MB"


def default_overhead(heap):
    return max(SPARKS_DEFAULT, heap // 10)


class Beside:
    """What lies beside the Java heap and the libraries: as it was measured, or, where nobody could, as it is assumed."""

    def __init__(self, measured, text, assumed=0):
        self.size = assumed or with_room(measured)
        self.text = text if assumed else f"a quarter more than {text}"
        self.also = f" and {text}" if not assumed else f", and {text}"


def beside(least, default, text):
    """Where only the least of it is known, as `text` says."""
    return Beside(least, text) if least > default else Beside(
        0, f"{shown(default)}, Spark's default, for the JVM's own parts, which no report knows", default)


def recommendation(libraries, others, enforces=False, denials=0, pool="offheap"):
    """Two lines. `libraries`: what they had at most; `others`: what else lay beside the Java heap; `pool`: what grants come from."""
    granted = enforces and pool == "offheap"
    peak = f"a quarter more than the libraries' {shown(libraries)} at their peak"
    need = rounded(others.size + (0 if granted else with_room(libraries)))
    yield f"{setting('spark.executor.memoryOverhead', need)}: " + (f"{others.text}; the libraries have the pool" if granted else peak + others.also)
    size = setting("spark.memory.offHeap.size", rounded(with_room(libraries)))
    if not enforces:
        yield (f"{size}: {peak}, to grant it (spark.memgrant.mode=enforce); "
               f"{setting('spark.executor.memoryOverhead', rounded(others.size))} is then enough")
    else:
        yield (f"{size}: {peak}" + (f", who were denied {denials} times and may want more" if denials else "")
               + ("; what Spark itself keeps off heap comes on top" if granted else "; a part of that overhead"))
