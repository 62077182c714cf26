"""Medians and how sure they are. Nothing is assumed of how runs scatter: bounds are the runs' own order statistics."""
from math import comb


def median(values):
    values = sorted(values)
    middle = len(values) // 2
    return values[middle] if len(values) % 2 else (values[middle - 1] + values[middle]) / 2


def rank(count):
    """How many of `count` sorted values lie below the 95 % interval of the median: each value is above the true median or
    below it by the toss of a coin. Fewer than 6 tell less than 95 %: then it is the whole range."""
    below = 0
    while 2 * sum(comb(count, k) for k in range(below + 1)) <= 0.05 * 2 ** count:
        below += 1
    return max(below - 1, 0)


def interval(values):
    """(low, high) that hold the median of what these values come from, 95 times of 100."""
    values = sorted(values)
    below = rank(len(values))
    return values[below], values[-1 - below]


def paired(values, base, how):
    """`how` of each round's two values. Runs of one round were made right after each other."""
    return [how(values[round_], base[round_]) for round_ in sorted(values.keys() & base.keys())]


def ratio(a, b):
    return a / b


def difference(a, b):
    return a - b


class Compared:
    """Of one mode's rounds and another's: the ratio (or difference) of medians, and where the paired one lies."""

    def __init__(self, values, base, how=ratio):
        pairs = paired(values, base, how)
        self.count = len(pairs)
        self.middle = how(median(values.values()), median(base.values()))
        self.low, self.high = interval(pairs)

    def verdict(self, most):
        """A goal is met when the whole interval is within it, and missed when the median is not."""
        if self.high <= most:
            return "met"
        return "missed" if self.middle > most else "open"
