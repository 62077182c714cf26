"""Spark's event logs: where those of an application lie, and their lines. What Python can't read, which is codecs other than zstd and file systems
other than this machine's, Spark's own jars read (EventLogText in memgrant.jar)."""

import importlib.util
import os
import re
import shutil
import subprocess
from urllib.parse import quote, unquote, urlsplit

from reports import BadInput

HERE = os.path.dirname(os.path.abspath(__file__))
DEFAULT_FOLDER = "file:///tmp/spark-events"  # Spark's own default of spark.eventLog.dir
ROLLED = "eventlog_v2_"


def spark_home():
    """The folder that has jars/, or None."""
    submit = shutil.which("spark-submit")
    homes = [os.environ.get("SPARK_HOME"), submit and os.path.dirname(os.path.dirname(os.path.realpath(submit)))]
    pyspark = importlib.util.find_spec("pyspark")
    homes += pyspark.submodule_search_locations if pyspark and pyspark.submodule_search_locations else []
    return next((home for home in homes if home and os.path.isdir(os.path.join(home, "jars"))), None)


def by_spark(work, place, why):
    """What EventLogText says, as a process with its output to read."""
    home = spark_home()
    jar = next((path for path in (f"{HERE}/memgrant.jar", f"{HERE}/../build/memgrant.jar") if os.path.exists(path)), None)
    java = os.path.join(os.environ["JAVA_HOME"], "bin", "java") if os.environ.get("JAVA_HOME") else "java"
    if not home or not jar or not shutil.which(java):
        missing = "Spark's jars: set SPARK_HOME" if not home else "memgrant.jar" if not jar else "Java: set JAVA_HOME"
        raise BadInput(f"{place} {why}; that takes {missing}")
    classes = ":".join([jar, os.path.join(home, "jars", "*"), *filter(None, [os.environ.get("HADOOP_CONF_DIR")])])
    environment = {name: value for name, value in os.environ.items() if name not in ("LD_PRELOAD", "JAVA_TOOL_OPTIONS")}
    # pylint: disable-next=consider-using-with # whoever reads it ends it
    return subprocess.Popen([java, "-Xshare:auto", "-XX:TieredStopAtLevel=1", "-cp", classes, "io.memgrant.spark.EventLogText", work, place],
                            stdout=subprocess.PIPE, stderr=subprocess.PIPE, env=environment)


def output_of(process):
    """Its lines; BadInput when it can't go on."""
    with process:
        yield from process.stdout
        said = process.stderr.read().decode(errors="replace")
    if process.returncode:
        lines = [line for line in said.splitlines() if line.startswith("memgrant: ")] or said.splitlines()[-1:] or ["no reason was said"]
        raise BadInput(lines[0].replace("memgrant: ", "", 1))


def local(place):
    """The path on this machine, or None: file:/tmp/x, file:///tmp/x, /tmp/x."""
    parts = urlsplit(place)
    if parts.scheme == "file" and parts.netloc in ("", "localhost"):
        return unquote(parts.path)
    return None if re.match(r"[a-z][a-z0-9+.-]*:/", place) else place


def names_in(folder):
    """(name, whether it is a folder) of what is in one."""
    path = local(folder)
    if path is None:
        lines = (line.decode(errors="replace").rstrip("\n") for line in output_of(by_spark("list", folder, "is read by Hadoop's file systems")))
        return [(line[1:], line[0] == "d") for line in lines if line[:1] in ("d", "f")]
    try:
        return [(entry.name, entry.is_dir()) for entry in os.scandir(path)]
    except OSError as error:
        raise BadInput(f"can't read {path}: {error.strerror}") from error


def base_of(name):
    """Without what says that it is being written, or was made shorter."""
    while name.endswith((".inprogress", ".compact")):
        name = name.rpartition(".")[0]
    return name


def parts_of(folder):
    """The files of a log that is rolled, in their order: events_2_... comes before events_10_..."""
    parts = [(int(match[1]), name) for name, _ in names_in(folder) if (match := re.match(r"events_(\d{1,18})_", name))]
    if not parts:
        raise BadInput(f"{folder} is no event log: a folder of one holds files events_1_..., events_2_...; of an application give its id and --dir")
    return [f"{folder.rstrip('/')}/{name}" for _, name in sorted(parts)]


def files_of(log):
    """Of one log: itself, or its parts."""
    path = local(log)
    is_folder = os.path.isdir(path) if path is not None else log.rstrip("/").rpartition("/")[2].startswith(ROLLED)
    return parts_of(log) if is_folder else [log]


def lines(log):
    """As bytes, one at a time: a log may be larger than memory, and its texts hold what splitlines() takes for ends of lines."""
    path, name = local(log), base_of(log)
    if path is None:
        yield from output_of(by_spark("text", log, "is read by Hadoop's file systems"))
    elif name.endswith((".lz4", ".lzf", ".snappy")) or name.endswith((".zstd", ".zst")) and not shutil.which("zstd"):
        yield from output_of(by_spark("text", "file://" + quote(os.path.abspath(path)), "is compressed, and Spark's own codecs read it"))
    else:
        yield from lines_here(path, name.endswith((".zstd", ".zst")))


def lines_here(path, is_compressed):
    try:
        if not is_compressed:
            with open(path, "rb") as file:
                yield from file
            return
        # What an application that still runs has not flushed yet is missing at the end: zstd says so, and gives what is there.
        with subprocess.Popen(["zstd", "-dc", "--", path], stdout=subprocess.PIPE, stderr=subprocess.DEVNULL) as unpacked:
            yield from unpacked.stdout
    except OSError as error:
        raise BadInput(f"can't read {path}: {error.strerror}") from error
    if unpacked.returncode and not path.endswith(".inprogress"):
        raise BadInput(f"{path} is damaged: zstd can read only a part of it")


# ---- Of an application ----

def configured_folder():
    """spark.eventLog.dir of spark-defaults.conf, else what the History Server reads, else Spark's default."""
    home = spark_home()
    folder = os.environ.get("SPARK_CONF_DIR") or (home and os.path.join(home, "conf"))
    settings = {}
    try:
        with open(os.path.join(folder or "", "spark-defaults.conf"), encoding="utf-8", errors="replace") as file:
            for line in file:
                match = re.match(r"\s*(spark\.[^\s=:#]+)\s*[=:]?\s*(.*\S)", line)
                if match:
                    settings[match[1]] = match[2]
    except OSError:
        pass
    return settings.get("spark.eventLog.dir") or settings.get("spark.history.fs.logDirectory") or DEFAULT_FOLDER


def logs_of(application, folder):
    """(attempt or "", log) of an application, in their order, by the names that Spark gives them."""
    wanted = re.sub(r"[.${}'\"]", "_", re.sub(r"[ :/]", "-", application)).lower()
    found = []
    for name, is_folder in names_in(folder):
        plain = name[len(ROLLED):] if is_folder and name.startswith(ROLLED) else re.sub(r"\.(lz4|lzf|snappy|zstd|zst)$", "", base_of(name))
        if is_folder == name.startswith(ROLLED) and (plain == wanted or plain.startswith(wanted + "_")):
            attempt = plain[len(wanted) + 1:]
            found.append((attempt.rjust(9), attempt, f"{folder.rstrip('/')}/{name}"))
    if not found:
        raise BadInput(f"there is no event log of {application} in {folder}; give its file, or the folder: memgrant why {application} --dir FOLDER")
    return [(attempt, log) for _, attempt, log in sorted(found)]
