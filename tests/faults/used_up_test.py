#!/usr/bin/env python3
"""Something of the process's is used up: thread keys, files, mappings, addresses, room for the report. The program does its work as ever;
there is a report that is right, or a line that says why there is none or what is not in it."""
import json
import os
import resource
import stat
import subprocess
import sys

from faults import BUILD, LIB, WORK, balanced

MB = 1 << 20
bad = []


def run(what, limits=(), library=True, report=None):
    """Runs `uses_up what` under these limits: (done or not, its lines, its report or None)."""
    path = report or os.path.join(WORK, "report.json")
    environment = dict(os.environ)
    if library:
        environment.update(LD_PRELOAD=LIB, MEMGRANT_TARGETS="uses_up", MEMGRANT_REPORT=path)

    def limit():
        for which, value in limits:
            resource.setrlimit(which, (value, value))

    done = subprocess.run([f"{BUILD}/faults/uses_up", what], capture_output=True, env=environment, preexec_fn=limit,
                          timeout=250)
    found = None
    if not report and os.path.exists(path):
        with open(path) as file:
            found = json.load(file, object_hook=lambda fields: balanced.Record(**fields))
        os.remove(path)
    return done.returncode == 0 and done.stdout == b"done\n", done.stderr.decode().splitlines(), found


def expect(name, outcome, line=None, counted=True):
    """Notes what is wrong: `line` must be among those that are said, without one nothing; counted: there must be a report."""
    done, lines, report = outcome
    wrong = [] if done else ["the program did not do its work"]
    if len(set(lines)) < len(lines) or len(lines) > 3 or not all(text.startswith("memgrant: ") for text in lines):
        wrong.append("not one line a reason")
    if line is None and lines or line and not any(line in text for text in lines):
        wrong.append(f"it did not say what it should ({line})")
    if counted != (report is not None):
        wrong.append(f"there is {'no' if counted else 'a'} report")
    if report:
        wrong += balanced.problems(report)
        if report.accounts[0].used:
            wrong.append("something is still used")
        if report.passed.requests and not lines:
            wrong.append("what passed is not said")
    if wrong:
        bad.append("\n  ".join([name, *wrong, *lines]))


def under_address_limits():
    """Where the program does its work alone it does so with us, whatever is left to count in."""
    counted = 0
    for megabytes in (24, 40, 64, 100, 128, 200, 256, 300, 400, 512, 700, 1024, 2048, 6000):
        limits = [(resource.RLIMIT_AS, megabytes * MB)]
        if not run("nothing", limits, library=False)[0]:
            continue
        done, lines, report = outcome = run("nothing", limits)
        if any("cannot be preloaded" in text for text in lines):
            continue  # the dynamic linker had no room for us, and said so
        counted += report is not None
        said = "not counted" if lines and report else "nothing is counted" if lines else None
        expect(f"{megabytes} MB of addresses", outcome, said, report is not None)
    if counted < 3:
        bad.append(f"only under {counted} limits on addresses anything was counted")


def reports_that_cannot_be_written():
    """One line; and what is there and no file stays what it is."""
    kept = os.path.join(WORK, "kept")
    os.mkdir(kept)
    expect("a folder that is none", run("nothing", report="/no/such/folder/r.json"), "can't write the report", False)
    expect("a folder in place of the file", run("nothing", report=kept), "can't write the report", False)
    os.mkfifo(pipe := os.path.join(WORK, "pipe"))
    expect("a pipe that nobody reads", run("nothing", report=pipe), "can't write the report", False)
    small = [(resource.RLIMIT_FSIZE, 100)]
    expect("files of 100 bytes", run("nothing", small, report=os.path.join(WORK, "f")), "can't write the report", False)
    if os.geteuid() == 0:  # by their own names these are the machine's, and a mistake would cost it them
        os.mknod(full := os.path.join(WORK, "full"), stat.S_IFCHR | 0o666, os.makedev(1, 7))
        expect("a full disk", run("nothing", report=full), "can't write the report", False)
        os.mknod(null := os.path.join(WORK, "null"), stat.S_IFCHR | 0o666, os.makedev(1, 3))
        expect("the null device", run("nothing", report=null), None, False)
        if not stat.S_ISCHR(os.stat(null).st_mode) or not stat.S_ISCHR(os.stat(full).st_mode):
            bad.append("a device was replaced by a file")
    if not stat.S_ISFIFO(os.stat(pipe).st_mode) or os.listdir(kept) or [n for n in os.listdir(WORK) if ".tmp" in n]:
        bad.append(f"something else was written: {os.listdir(WORK)}")


expect("nothing used up", run("nothing"))
expect("no thread keys", run("keys"), "thread keys", False)
expect("no thread key that needs no memory", run("32 keys"), "thread keys", False)
expect("no files", run("files", [(resource.RLIMIT_NOFILE, 64)]), "can't write the report", False)
expect("no mappings", run("mappings"), "not counted")
under_address_limits()
reports_that_cannot_be_written()
sys.exit("\n".join(bad) if bad else 0)
