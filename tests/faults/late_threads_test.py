#!/usr/bin/env python3
"""There is no memory for what each new thread needs of ours: it goes on without, counted where it can be."""
import faults

faults.skip_where_impossible()
for calls in ("mmap", "mprotect", "mmap,mprotect"):
    for first in (0, 1, 2, 3):
        run = faults.Run("late_threads", calls, first, 0, {"MEMGRANT_TARGETS": "late_threads"})
        problems = list(run.problems())
        if run.report and run.report.accounts[0].used:
            problems.append("something is still used")
        if run.report and run.report.passed.requests and not run.lines:
            problems.append("what passed is not said")
        if problems or not run.report:
            run.show(problems)
            raise SystemExit("there is no report" if not run.report else 1)
