#!/usr/bin/env python3
"""kills.py KILLS WHY EVENTLOG: what `memgrant why` said of executors that were killed, against when each was. Ends with 1 where one that the driver knew has
no verdict, a wrong one, or figures of more than 5 s before."""
import collections
import json
import re
import sys

OLDEST = 5.0
killed = {}
for line in open(sys.argv[1]):
    executor, at, age = line.split()
    killed[executor] = int(age)
known = set()
for line in open(sys.argv[3]):
    if line.startswith('{"Event":"SparkListenerExecutorAdded"'):
        known.add(json.loads(line)["Executor ID"])

said = dict(re.findall(r"executor (\d+) was lost(.*\n.*)\n", open(sys.argv[2]).read() + "\n"))
count = collections.Counter()
ages, without, problems = [], [], []
for executor, age in killed.items():
    text = said.pop(executor, None)
    if text is None:
        count["killed before the driver knew them: no event" if executor not in known else "NOT EXPLAINED"] += 1
        problems += [f"executor {executor}, known for {age} ms, is not explained"] if executor in known else []
        continue
    held = re.search(rf"([0-9.]+) s before, executor {executor} held: heap", text)
    if held is None:
        count["named, without figures: killed before the plugin's first"] += 1
        without.append(age)
        if age > OLDEST * 1000 or " 137" not in text or "SIGKILL" not in text:
            problems.append(f"executor {executor}, known for {age} ms, has no figures: {text}")
    elif "somebody sent it SIGKILL" in text and " 137" in text and "probably" not in text:
        count["explained, with figures"] += 1
        ages.append(float(held[1]))
        if ages[-1] > OLDEST:
            problems.append(f"executor {executor}'s figures are {ages[-1]} s old")
    else:
        count["WRONG"] += 1
        problems.append(f"executor {executor}, known for {age} ms: {text}")
problems += [f"executor {executor} was not killed, but is said to have been lost{text}" for executor, text in said.items()]

print(f"{len(killed)} executors were killed")
for what, number in sorted(count.items()):
    print(f"{number:>6}  {what}")
if ages:
    ages.sort()
    print(f"figures were {ages[len(ages) // 2]:.1f} s old in the median, {ages[int(len(ages) * 0.99)]:.1f} s at the 99th percentile, {ages[-1]:.1f} s at most")
if without:
    print(f"those without figures were known to the driver for {min(without)} to {max(without)} ms (-1: not yet)")
print("\n".join(problems))
sys.exit(bool(problems or not ages))
