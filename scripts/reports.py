"""Reports as libmemgrant.so writes them, read by tools: of each figure that a tool asks for is known that it is one, whoever wrote the file."""

import json
import os
import re
import subprocess

HERE = os.path.dirname(os.path.abspath(__file__))


class BadInput(Exception):
    """What is wrong, and what to do, in one line."""


def printable(text):
    return "".join(c if c.isprintable() else "?" for c in str(text))


def number(record, name):
    value = record[name]
    if isinstance(value, bool) or not isinstance(value, int) or abs(value) >= 1 << 63:
        raise ValueError(f"{name} is no number")
    return value


class Report:
    """What most tools want of one."""

    def __init__(self, parsed):
        self.places = parsed.get("places")
        process, root = parsed["process"], parsed["accounts"][0]
        self.command = str(process["command"])
        self.resident, self.resident_peak = number(process, "rss_bytes"), number(process, "rss_peak_bytes")
        self.enforces = parsed["mode"] == "enforce"
        self.used, self.peak = number(root, "used"), number(root, "peak")
        self.libraries = [(str(one["name"]), number(one, "used"), number(one, "peak")) for one in parsed["libraries"]]
        self.denials = sum(number(one, "denials") for one in parsed["libraries"])  # whichever account they were of
        self.live = sum(number(one, "used") - number(one, "mapped") for one in parsed["libraries"])

        self.workers = [(str(one["name"]), number(one, "pid"), number(one, "resident_peak" if "unfinished" in one else "peak"))
                        for one in parsed.get("workers", []) if "left_out" not in one]

    def is_jvm(self):
        return self.command.split(" ")[0].rpartition("/")[2] == "java" or any(name == "libjvm.so" for name, _, _ in self.libraries)


class Executor:
    """One of an application's report: as it was last seen, which is at its end if it ended in order."""

    def __init__(self, one):
        self.id, self.state = str(one["id"]), str(one["state"])
        self.end = [str(one[name]) for name in ("killer", "held") if one.get(name)]
        self.used, self.peak, self.denials = (number(one, name) for name in ("used", "peak", "denials"))
        self.heap_used, self.heap_max, self.resident, self.beside = (
            number(one, name) for name in ("heap_used", "heap_max", "rss_bytes", "beside_heap_peak"))
        self.libraries = [(str(row["name"]), number(row, "used"), number(row, "peak")) for row in one["libraries"]]
        self.report = one["report"] and Report(one["report"])


class Application:
    """What the driver wrote: all executors of an application."""

    def __init__(self, parsed):
        self.id = str(parsed["application"]["id"])
        self.settings = {str(name): str(value) for name, value in parsed["application"]["settings"].items()}
        self.left_out = number(parsed, "executors_left_out")
        self.executors = [Executor(one) for one in parsed["executors"]]
        self.enforces = self.settings.get("spark.memgrant.mode") == "enforce"


def load(path):
    """Whatever JSON object a file holds."""
    try:
        with open(path, encoding="utf-8", errors="replace") as file:
            parsed = json.load(file)
        if isinstance(parsed, dict):
            return parsed
    except OSError as error:
        raise BadInput(f"can't read {path}: {error.strerror}") from error
    except (ValueError, RecursionError):
        pass
    raise BadInput(f"{path} is no report of memgrant's; give a file that --report or memgrant dump wrote")


def read(given):
    """(what a report's file holds, where the process's files are seen, the report's path), of a report or of a process that runs."""
    if not given.isdigit() or os.path.exists(given):
        return load(given), "", given
    told = subprocess.run([os.environ.get("MEMGRANT", os.path.join(HERE, "memgrant")), "dump", given],
                          capture_output=True, check=False)
    if told.returncode:
        raise BadInput(re.sub("^memgrant: ", "", told.stderr.decode(errors="replace").strip()))
    path = os.fsdecode(told.stdout.rstrip(b"\n"))
    return load(path), f"/proc/{given}/root", path


def report_of(parsed, path):
    """A Report, or an Application."""
    try:
        return Application(parsed) if "application" in parsed else Report(parsed)
    except (ValueError, KeyError, IndexError, TypeError, AttributeError, OverflowError) as error:
        raise BadInput(f"{path} is no report of memgrant's ({printable(error)}); give a file that --report or memgrant dump wrote") from error
