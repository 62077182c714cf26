#!/usr/bin/env python3
"""Each system call of the library's constructor and of its end is refused in turn, and all from it on: the program runs as ever, and
there is a report that is right or a line that says why there is none."""
from functools import partial

import faults

SETTINGS = {"MEMGRANT_TARGETS": "start*", "MEMGRANT_LIMIT": "64m", "MEMGRANT_ON_DENIAL": "fail"}


def check(run):
    """What is reported is right, and the program said what it had to say."""
    if run.output != "done\n":
        yield "the program did not do its work"
    if run.report and run.library("start"):
        library = run.library("start")
        if library.used or library.allocations != 1:
            yield f"{library.allocations} blocks and {library.used} bytes"
    elif not run.lines:
        yield "nothing was counted, and not a word why"


faults.skip_where_impossible()
run = partial(faults.Run, "start", "every", settings=SETTINGS)
plain = run(0, 0)
problems = list(plain.problems()) + list(check(plain))
if problems or plain.lines or not plain.report or plain.count < 20:
    plain.show(problems + [f"the plain run, with {plain.count} calls"])
    raise SystemExit(1)
numbers = range(1, plain.count + 1)
faults.sweep([partial(run, n, n) for n in numbers], check)
faults.sweep([partial(run, n, 0) for n in numbers], check)
print(f"{plain.count} calls")
