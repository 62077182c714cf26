#!/usr/bin/env python3
"""Reports and event logs as nobody would write them: `memgrant compare`, `stacks`, `chart`, `why` and `explain` show each, or refuse it in one line with 125.
The same ones each time; FUZZ_ROUNDS=n for n times as many (make fuzz)."""
import contextlib
import copy
import io
import json
import os
import random
import subprocess
import sys
import traceback

ROOT, LIB, WORK = os.environ["ROOT"], os.environ["LIB"], os.environ["WORK"]
ROUNDS = 150 * int(os.environ.get("FUZZ_ROUNDS", "1"))
HARD = [None, True, -1, 0, 1 << 63, 1 << 70, 1e308, -1e308, float("nan"), "", "x", "\x1b[2J", "\ud800", "a" * 5000, [], {}, [[]], {"": None}]
LOG = [{"Event": "SparkListenerLogStart", "Spark Version": "4.3.0"},
       {"Event": "SparkListenerEnvironmentUpdate", "Spark Properties": {"spark.plugins": "io.memgrant.spark.MemgrantPlugin"}},
       {"Event": "SparkListenerExecutorRemoved", "Timestamp": 1, "Executor ID": "1", "Removed Reason": "Command exited with code 137"},
       {"Event": "io.memgrant.spark.ExecutorDied", "schema": 1, "executorId": "1", "time": 5, "exitCode": 137, "killer": "who", "held": "what"}]
# What the driver writes, beside each executor's report.
SEEN = {"id": "0", "state": "lost", "killer": "the kernel", "held": "much", "used": 5, "peak": 7, "denials": 1, "heap_used": 1, "heap_max": 2,
        "rss_bytes": 9, "beside_heap_peak": 3, "libraries": [{"name": "libz.so.1", "used": 5, "peak": 7}], "report": None}
chance = random.Random(1)


def places(value, found):
    """Everything in it that could be another value: (container, key)."""
    for key in list(value) if isinstance(value, dict) else range(len(value)) if isinstance(value, list) else []:
        found.append((value, key))
        places(value[key], found)
    return found


def other_values(good):
    changed = json.loads(good)
    for _ in range(chance.randint(1, 4)):
        spots = places(changed, [])
        if not spots:
            break
        holder, key = chance.choice(spots)
        if chance.random() < 0.3:
            del holder[key]
        else:
            holder[key] = copy.deepcopy(chance.choice(HARD))
    return json.dumps(changed).encode("utf-8", "surrogatepass")


def other_bytes(good):
    text = bytearray(good.encode())
    for _ in range(chance.randint(1, 6)):
        at = chance.randrange(len(text) or 1)
        match chance.randrange(4):
            case 0:
                text[at:at + 1] = bytes([chance.randrange(256)])
            case 1:
                del text[at:at + chance.randrange(50)]
            case 2:
                text[at:at] = text[at:at + chance.randrange(200)]
            case _:
                text[at:at] = chance.choice([b"[" * 2000, b"{\"a\":" * 2000, b"-", b"1e999", b"9" * 5000, b"\"", b"\xff", b"null", b"\n"])
    return bytes(text)


def run(code, name, words):
    """The tool in this process. What it said, its code, and what it showed a terminal, in which nobody else's text may do anything."""
    said, shown = io.StringIO(), io.TextIOWrapper(io.BytesIO(), encoding="utf-8")
    sys.argv = [name, *words]
    with contextlib.redirect_stdout(shown), contextlib.redirect_stderr(said):
        try:
            exec(code, {"__name__": "__main__", "__file__": f"{ROOT}/scripts/{name}"})
            ended = 0
        except SystemExit as end:
            ended = end.code or 0
        shown.flush()
    return said.getvalue(), ended, (shown.buffer.getvalue().decode() + said.getvalue()).count("\x1b")


def attack(name, good, words, by_line=False):
    with open(f"{ROOT}/scripts/{name}", encoding="utf-8") as source:
        code = compile(source.read(), name, "exec")
    path, refused = os.path.join(WORK, "hostile"), 0
    for turn in range(ROUNDS):
        if by_line:
            text = b"\n".join(chance.choice([other_values, other_bytes, str.encode])(json.dumps(line)) for line in good) + b"\n"
        else:
            text = chance.choice([other_values, other_bytes])(good)
        with open(path, "wb") as file:
            file.write(text)
        try:
            said, ended, escapes = run(code, name, [word.replace("HOSTILE", path) for word in words])
        except BaseException:  # whatever gets out of it is what is looked for
            traceback.print_exc()
            sys.exit(f"{name} broke, turn {turn}, at: {text[:2000]!r}")
        if escapes or ended not in (0, 125) or ended == 125 and said.count("\n") != 1:
            sys.exit(f"{name} ended with {ended} and said {said!r}, turn {turn}, at: {text[:2000]!r}")
        refused += ended == 125
    print(f"{name}: {ROUNDS} hostile inputs, {refused} refused")
    if not 0 < refused < ROUNDS:
        sys.exit("that says nothing")


def main():
    report = os.path.join(WORK, "report.json")
    os.environ["PATH"] = "/nowhere"  # no program that would look names up for each
    subprocess.run([sys.executable, "-c", "kept = [bytearray(100000) for _ in range(50)]"], check=True, env={
        "LD_PRELOAD": LIB, "MEMGRANT_REPORT": report, "MEMGRANT_STACKS": "true", "MEMGRANT_STACKS_BYTES": "64k"})
    with open(report, encoding="utf-8") as file:
        good = file.read()
    sys.path.insert(0, f"{ROOT}/scripts")
    attack("memgrant-compare", good, [report, "HOSTILE"])
    attack("memgrant-why", LOG, ["HOSTILE"], by_line=True)
    attack("memgrant-stacks", good, ["HOSTILE", "--collapsed", os.path.join(WORK, "collapsed")])
    attack("memgrant-stacks", good, ["HOSTILE"])
    attack("memgrant-chart", good, ["HOSTILE"])
    attack("memgrant-chart", good, ["HOSTILE", "--html", os.path.join(WORK, "page")])
    java = json.loads(good)
    java["process"]["command"] = "java -Xmx1g Main"
    del java["stacks"], java["places"]
    java["workers"] = [{"task": 1, "name": "task 1", "pid": 7, "peak": 9}, {"name": "task 2", "pid": 7, "resident_peak": 5, "unfinished": True}, {"left_out": 3}]
    attack("memgrant-explain", json.dumps(java), ["HOSTILE"])
    application = {"version": 1, "application": {"id": "app-1", "name": "a", "settings": {"spark.memgrant.mode": "enforce"}}, "executors_left_out": 0,
                   "executors": [SEEN, SEEN | {"id": "1", "state": "ended", "report": java}]}
    attack("memgrant-explain", json.dumps(application), ["HOSTILE"])


main()
