"""One process: a library's workload in a JVM of its own under injected denials, and what became of it."""
import os
import re
import resource
import shutil
import signal
import subprocess
import tempfile
import time

from libraries import BUILD, file_of

LIB = os.path.join(BUILD, "libmemgrant.so")
CLASSES = os.path.join(BUILD, "fates", "classes")
OUTCOMES = ("right", "stopped", "end", "swallowed", "stopped-wrong", "exception", "wrong")
# A process whose result has one of these was lost, or gave what is not right.
ABORTS = re.compile(r"(terminate called|what\(\):|memory allocation of|fatal runtime error|[Pp]roblematic frame|panicked|[Aa]bort"
                    r"|malloc\(\)|corrupt|Assertion|SIGSEGV|SIGABRT|failed)")


def settings_of(library, run):
    """What the library is armed with."""
    settings = {"mode": "enforce", "targets": library.files, **run.settings}
    return [f"{name}={value}" for name, value in settings.items()]


def command(java, library, run):
    options = ["-XX:+UseSerialGC", "-XX:TieredStopAtLevel=1", "-XX:-UsePerfData", f"-Xmx{library.heap}m", "-Xss1m",
               "-XX:ErrorFile=crash.log", *library.options]
    path = ":".join([os.path.join(CLASSES, library.name + "-" + library.version), CLASSES, os.path.join(BUILD, "memgrant.jar"),
                     os.path.join(file_of(library), "*"), *([os.path.join(BUILD, library.spark, "jars", "*")] if library.spark else [])])
    return [java, *options, "-cp", path, "SparkFate" if library.spark else "Fate", library.workload, str(run.denials), str(run.tasks), str(run.seconds), "0" if run.kind == "count" else "25",
            *settings_of(library, run)]


def quiet_child():
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))


def execute(java, library, run, folder, timeout):
    """Exit code, or None for a process that hung and was killed; what it said; seconds."""
    start = time.monotonic()
    environment = {name: value for name, value in os.environ.items() if not name.startswith(("MEMGRANT_", "LD_PRELOAD", "JAVA_TOOL"))}
    environment.update(LD_PRELOAD=LIB, FATE_LIB=LIB, TMPDIR=folder, OPENBLAS_NUM_THREADS="2", OMP_NUM_THREADS="2")
    with open(os.path.join(folder, "output"), "w+", errors="replace") as output:
        java_options = command(java, library, run)
        java_options.insert(1, f"-Djava.io.tmpdir={folder}")
        process = subprocess.Popen(java_options, cwd=folder, stdin=subprocess.DEVNULL, stdout=output, stderr=subprocess.STDOUT,
                                   env=environment, preexec_fn=quiet_child, start_new_session=True)  # Ctrl-C is ours
        try:
            code = process.wait(timeout)
        except KeyboardInterrupt:
            process.kill()
            raise
        except subprocess.TimeoutExpired:
            code = None
            process.send_signal(signal.SIGQUIT)  # its stacks, for whoever looks into it
            time.sleep(2)
            process.kill()
            process.wait()
        output.seek(0)
        return code, output.read(), time.monotonic() - start


def said(text, word):
    """What follows `fate: WORD `, line by line."""
    return re.findall(rf"^fate: {word} (.*)$", text, re.M)


def cause_of_death(text):
    """The line that tells most about it."""
    frame = re.search(r"# Problematic frame:\n# (.*)", text)
    if frame:
        return re.sub(r"\+0x\S+|\s+", " ", frame[1]).strip()
    lines = [line.strip()[:160] for line in text.splitlines() if line and not line.startswith(("fate:", "#", "WARNING:"))]
    aborts = [line for line in lines if ABORTS.search(line)]
    return (aborts or lines or [""])[0]


def result(code, text, seconds):
    """One row's results."""
    tasks = [line.split(" ", 3) for line in said(text, "task")]
    outcomes = {name: 0 for name in OUTCOMES}
    details = []
    for denied, _, outcome, detail in tasks:
        outcomes[outcome] += 1
        if int(denied) and detail.strip(" /"):
            details.append(detail.strip(" /"))
    after = said(text, "after")
    denials = sum(int(task[0]) for task in tasks)
    exit_text = "hang" if code is None else signal.Signals(-code).name if code < 0 else str(code)
    if exit_text == "134":
        exit_text = "SIGABRT"
    if exit_text != "0":
        denials += 1 if not after else 0  # the one that it did not survive to tell of
        details.append(cause_of_death(text))
    row = {"exit": exit_text, "denials": denials, "executors": sum(int(task[1]) for task in tasks), "tasks": len(tasks), **outcomes}
    row.update(after=after[0].split(" ", 1)[0] if after else "", after_detail=after[0].split(" ", 1)[1].strip(" /") if after else "",
               detail=max(set(details), key=details.count) if details else "", seconds=f"{seconds:.1f}")
    return row


def run_one(java, library, run, timeout=240):
    """Runs it in a folder of its own. Returns the row's results and all that was said."""
    folder = tempfile.mkdtemp(prefix="fate-", dir=os.environ.get("WORK"))
    crash = ""
    try:
        code, text, seconds = execute(java, library, run, folder, timeout)
        if os.path.exists(os.path.join(folder, "crash.log")):
            with open(os.path.join(folder, "crash.log"), errors="replace") as file:
                crash = file.read()
    finally:
        shutil.rmtree(folder, ignore_errors=True)
    if code != 0:  # for whoever looks into it
        os.makedirs(os.path.join(BUILD, "fates", "lost"), exist_ok=True)
        settings = "-".join(f"{name}-{value}" for name, value in run.settings.items())
        with open(os.path.join(BUILD, "fates", "lost", f"{library.name}-{library.version}-{settings}"), "w") as file:
            file.write(text + crash)
    return result(code, text, seconds), text
