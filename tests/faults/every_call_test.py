#!/usr/bin/env python3
"""The kernel refuses memory, once at each of its calls and from each call on: the program goes on and is right, one line says what
is not counted, and the books agree with what the program knows."""
from functools import partial

import faults

CALLS = "mmap,munmap,mprotect,madvise,mremap,mincore"
OBSERVE = {"MEMGRANT_TARGETS": "workload*"}
ENFORCE = {"MEMGRANT_TARGETS": "workload*", "MEMGRANT_LIMIT": "256m", "MEMGRANT_ON_DENIAL": "fail"}


def check(run):
    """Everything that the program got is in the books, or said to have passed; and all of it is back."""
    if run.report is None or run.code:
        return
    words = run.output.split()
    blocks, resized, stuck = (int(word) for word in words[1::2])
    library = run.library("workload")
    allocations, used = (library.allocations, library.used) if library else (0, 0)
    if used > stuck or library and library.allocations != library.frees:
        yield f"used {used} bytes, {library.allocations} - {library.frees} blocks"
    if not blocks <= allocations + run.report.passed.requests:
        yield f"of {blocks} blocks {allocations} were counted and {run.report.passed.requests} passed"
    if allocations > blocks + resized:
        yield f"of {blocks} blocks {allocations} were counted"
    if run.report.passed.requests and not run.lines:
        yield "what passed is not said"


faults.skip_where_impossible()
for settings in (OBSERVE, ENFORCE):
    run = partial(faults.Run, "workload", CALLS, settings=settings)
    plain = run(0, 0)
    problems = list(plain.problems()) + list(check(plain))
    if problems or plain.lines or plain.report.passed.requests or plain.count < 50:
        plain.show(problems + [f"the plain run, with {plain.count} calls"])
        raise SystemExit(1)
    numbers = range(1, plain.count + 1)
    faults.sweep([partial(run, n, n) for n in numbers], check)
    faults.sweep([partial(run, n, 0) for n in numbers], check)
    print(f"{plain.count} calls, each refused once and from it on: {settings}")
