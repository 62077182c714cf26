"""How often may happen what was seen so seldom?"""
import math


def bound(seen):
    """The largest mean of a Poisson variable, of which no more than `seen` come with a probability of 5 % at least."""
    low, high = 0.0, 10.0 + 3 * seen
    for _ in range(60):
        mean = (low + high) / 2
        as_few = sum(math.exp(-mean) * mean ** i / math.factorial(i) for i in range(seen + 1))
        low, high = (mean, high) if as_few > 0.05 else (low, mean)
    return high
