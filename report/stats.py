# SPDX-License-Identifier: GPL-2.0
"""How many times as fast is one way as another, and how sure is that?

Paired samples: in each round all ways run once, in random order, next to each other in time. The ratio of two ways is
the median over rounds of (time of the base / time of the other). What slows a whole round down, such as a frequency
change or a neighbour's burst, cancels within the round, and what hits a single sample, such as a preemption, does not
move a median. Its confidence interval is that of the sign test. This is the method of probe/stats.c, where there is
more on it; the probe's tests compare the two.

Runs of two kernels are not paired: nothing that changes from boot to boot cancels, such as which physical memory the
folios lie in. So a boot is one sample there, namely the median of all that was measured in it, and the ratio of two
kernels is the median over all pairs of boots, with the interval of Mann and Whitney (Hodges and Lehmann).

Both intervals are exact for every distribution, and need only that rounds or boots are independent, and that two
kernels differ by a factor. The price is a least number of them, below which the interval is 0 to infinity: 6 rounds,
or 4 boots of each kernel, for one interval of 95%; 11 rounds or 7 boots for each of 40 that are to hold all at once.

Many intervals at once: each gets its share of the 5% (Bonferroni). Holm's procedure would decide a little more, but
gives no intervals to show.
"""
import fractions
import functools
import math
import statistics
import typing

CONFIDENCE = 0.95


class Interval(typing.NamedTuple):
    """low is 0 and high infinite if there are too few values for the confidence that was asked for"""
    middle: float
    low: float
    high: float


def values_to_cut(counts, total, alpha):
    """How many of the ordered values to cut off each end, so that the rest covers the middle with 1 - alpha or more;
    counts[i] of total equally likely cases have i values on one side of the middle."""
    cut, tail, limit = 0, counts[0], fractions.Fraction(alpha) / 2 * total
    while tail <= limit:
        cut += 1
        tail += counts[cut]
    return cut


@functools.lru_cache(maxsize=None)
def ranks_to_cut(n, alpha):
    """Of n rounds: throws of a coin"""
    return values_to_cut([math.comb(n, heads) for heads in range(n // 2 + 1)], 2 ** n, alpha)


@functools.lru_cache(maxsize=None)
def pairs_to_cut(n, m, alpha):
    """Of n * m pairs of boots: in how many of the orders that n + m boots can have do i of the pairs lie the wrong way
    round? These are the coefficients of a Gaussian binomial, (1 - q^(n+1)) ... (1 - q^(n+m)) / (1 - q) ... (1 - q^m)."""
    counts = [1] + [0] * (n * m)
    for k in range(1, m + 1):
        for i in range(n * m, n + k - 1, -1):
            counts[i] -= counts[i - n - k]
        for i in range(k, n * m + 1):
            counts[i] += counts[i - k]
    return values_to_cut(counts, math.comb(n + m, n), alpha)


def interval(values, cut):
    values = sorted(values)
    ends = (values[cut - 1], values[-cut]) if cut else (0, math.inf)
    return Interval(statistics.median(values), *ends)


def paired_ratio(base, other, alpha):
    """The times of two ways, round by round"""
    return interval([b / o for b, o in zip(base, other, strict=True)], ranks_to_cut(len(base), alpha))


def unpaired_ratio(base, other, alpha):
    """The medians of two kernels, boot by boot"""
    return interval([b / o for b in base for o in other], pairs_to_cut(len(base), len(other), alpha))


def share(comparisons):
    """The alpha of each of so many comparisons that are to hold all at once"""
    return (1 - CONFIDENCE) / max(comparisons, 1)


def mark(ratio):
    """'+' surely faster than the base, '-' surely slower, ' ' no difference shown"""
    return "+" if ratio.low > 1 else "-" if ratio.high < 1 else " "


def spread(values):
    """The interquartile range as a fraction of the median"""
    values, quarter = sorted(values), len(values) // 4
    return (values[-1 - quarter] - values[quarter]) / statistics.median(values)
