"""Which denials a library meets."""
import collections

# `settings`: of the library, beside mode and targets. `denials`, `tasks`, `seconds`: when the process has had enough.
Run = collections.namedtuple("Run", "kind settings denials tasks seconds")


def nth(mode, n, **more):
    return Run("nth", {"on_denial": mode, "deny_nth": n, **more}, 1, 2, 60)


def at_random(mode, one_in, seed, denials, tasks=4, seconds=60, **more):
    return Run("random", {"on_denial": mode, "deny_random": one_in, "deny_seed": seed, "deny_most": denials, **more}, denials, tasks, seconds)


def counting():
    """Runs that deny nothing, and count charges: by whose threads, by which calls."""
    return [Run("count", {"on_denial": "overdraft", "deny_random": 1, **chosen}, 0, 1, 60)
            for chosen in [{"deny_threads": "task"}, {"deny_threads": "others"}, {"deny_route": "malloc"}, {"deny_route": "new"},
                           {"deny_route": "mmap"}]]


def spread(most, points, first=1):
    """About so many numbers from first to most, each larger than the one before by about the same factor."""
    if most < first:
        return []
    factor = (most / first) ** (1 / max(1, points - 1))
    return sorted({min(most, round(first * factor ** i)) for i in range(points)})


def whole(task, others):
    """For a library of so many charges on the task's thread, and on others, in one task. The most important first."""
    charges = task + others
    seldom = max(1, charges)
    yield from (nth("stop", n) for n in sorted(set(range(1, 9)) | set(spread(charges, 8, 12))))
    yield from (nth("stop", n, deny_threads="others") for n in spread(others, 6))
    yield from (at_random("stop", max(1, seldom // 2), seed, 1) for seed in range(1, 5))
    yield at_random("stop", seldom, 5, 400, tasks=1000, seconds=20)
    yield at_random("stop", max(4, seldom // 20), 6, 400, tasks=1000, seconds=10)
    yield from (at_random("fail", one_in, 1, 1) for one_in in (1, 3, 10, 30, 100))
    yield at_random("fail", 1, 1, 100, tasks=100, seconds=10, deny_threads="task")
    yield at_random("fail", 7, 2, 100, tasks=100, seconds=10)
    yield from (at_random("fail", one_in, 1, 1, deny_threads="others") for one_in in ((1, 10) if others else ()))
    yield from (nth("fail", n, deny_spares="false") for n in sorted(set(range(1, 5)) | set(spread(charges, 8, 6))))
    yield from (nth("fail", n, deny_spares="false", deny_threads="others") for n in spread(others, 3))
    yield from (nth("overdraft", n) for n in (1, 2, 3))
    yield at_random("overdraft", 3, 1, 1000, tasks=100, seconds=10)


def quick(task, others):
    """A few of each, for a test."""
    charges = task + others
    yield from (nth("stop", n) for n in spread(charges, 3))
    yield from (nth("stop", n, deny_threads="others") for n in spread(others, 2, 2))
    yield at_random("stop", max(1, charges // 4), 3, 20, tasks=100, seconds=3)
    yield at_random("fail", 1, 1, 20, tasks=20, seconds=3, deny_threads="task")
