# SPDX-License-Identifier: GPL-2.0
"""How many times as fast is one way as another, and how sure is that? The only place that computes it.

Paired samples: in each round all ways run once, in random order, next to each other in time. The ratio of two ways is
the median over rounds of (time of the base / time of the other). A frequency change or a neighbour's burst slows a whole
round down, and cancels within it; a preemption hits a single sample, and does not move a median. The confidence interval
is that of the sign test: exact for every distribution, if only rounds are independent.

Runs of two kernels are not paired: nothing that changes from boot to boot cancels, such as which physical memory the
folios lie in. So a boot is one sample there, namely the median of all that was measured in it, and the ratio of two
kernels is the median over all pairs of boots, with the interval of Mann and Whitney (Hodges and Lehmann).

The price of exactness is a least number of values, below which the interval is 0 to infinity: 6 rounds, or 4 boots of each
kernel, for one interval of 95%; 11 rounds or 7 boots for each of 40 that are to hold all at once.

Many intervals at once: each gets its share of the 5% (Bonferroni). Holm's procedure would decide a little more, but gives
no intervals to show.

Four things that no number of rounds shows are part of the interval: what the base differs from itself by, what the place
of the code does and the steps of the clock (widen()), and what differs from run to run (cover()).
"""
import fractions
import functools
import math
import statistics
import typing

CONFIDENCE = 0.95

# The linker's choice of addresses makes a call faster or slower by up to so much. It differs from build to build and never
# within a run. probe/placement.c measures it; results/placement.txt: up to 0.27 ns (Zen 4).
PLACEMENT_NS = 0.3


class Interval(typing.NamedTuple):
    """low is 0 and high infinite if there are too few values for the confidence that was asked for"""
    middle: float
    low: float
    high: float


NOTHING = Interval(math.nan, 0, math.inf)


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
    if not base:
        return NOTHING
    return interval([b / o for b, o in zip(base, other, strict=True)], ranks_to_cut(len(base), alpha))


def median_ratio(base, other):
    """The middle alone"""
    return statistics.median(b / o for b, o in zip(base, other, strict=True))


def unpaired_ratio(base, other, alpha):
    """The medians of two kernels, boot by boot"""
    if not base or not other:
        return NOTHING
    return interval([b / o for b in base for o in other], pairs_to_cut(len(base), len(other), alpha))


def cover(ratio, runs):
    """The interval with the ratios of single runs in it that are for sure not that of all. Physical memory, for one, differs
    between runs; a few of them do not tell by how much, but what one of them shows is not out of the question."""
    others = [run.middle for run in runs if not run.low <= ratio.middle <= run.high]
    return Interval(ratio.middle, min([ratio.low] + others), max([ratio.high] + others))


def widen(ratio, unsure, twin):
    """The interval with what no number of rounds shows. twin: how many times as fast the control is as the base, or None;
    unsure: the part of the base's time by which the samples of the base and of the other way may each be longer or shorter
    than they should be."""
    factor = max(twin, 1 / twin) if twin else 1
    low, high = ratio.low / factor, ratio.high * factor
    low *= max(1 - unsure, 0) / (1 + low * unsure)
    shorter = 1 - high * unsure if math.isfinite(high) else 0
    high = high * (1 + unsure) / shorter if shorter > 0 else math.inf
    return Interval(ratio.middle, low, high)


def least_rounds(alpha):
    """Below this number of rounds there is no interval"""
    rounds = 1
    while not ranks_to_cut(rounds, alpha):
        rounds += 1
    return rounds


def rounds_to_reach(ratio, rounds, alpha, reaches):
    """About how many rounds until an interval is decided that shrinks by the root of their number, as noise does;
    reaches(interval, shrunk) says whether it is. None if it never will be."""
    if not math.isfinite(ratio.high):
        return least_rounds(alpha)

    def after(factor):
        shrunk = 1 / math.sqrt(factor)
        return reaches(Interval(ratio.middle, ratio.middle - (ratio.middle - ratio.low) * shrunk,
                                ratio.middle + (ratio.high - ratio.middle) * shrunk), shrunk)
    if not after(math.inf):
        return None
    factor = 1.0
    while not after(factor):
        factor *= 1.1
    return math.ceil(rounds * factor)


def share(comparisons):
    """The alpha of each of so many comparisons that are to hold all at once"""
    return (1 - CONFIDENCE) / max(comparisons, 1)


def spread(values):
    """The interquartile range as a fraction of the median"""
    values, quarter = sorted(values), len(values) // 4
    return (values[-1 - quarter] - values[quarter]) / statistics.median(values)
