# SPDX-License-Identifier: GPL-2.0
"""The ratio of two ways, with its confidence interval. This is the only file that computes ratios and intervals.

Paired samples: in each round, all ways run once, in random order, close in time. The ratio of two ways is the median
over all rounds of (time of the base / time of the other way). A frequency change or a burst of a neighbour slows a
whole round down and cancels in the ratio. A preemption hits a single sample and does not move the median. The
confidence interval is that of the sign test: it is exact for every distribution, provided that the rounds are
independent.

Runs of two kernels are not paired: differences between boots do not cancel, for example the physical memory of the
folios. Therefore a boot counts as one sample: the median of all its rounds. The ratio of two kernels is the median over
all pairs of boots, with the interval of Mann and Whitney (Hodges and Lehmann).

An exact interval needs a minimum of values; with fewer values it is 0 to infinity. One interval of 95% needs 6
rounds, or 4 boots of each kernel. 40 intervals that hold all at once need 11 rounds or 7 boots each.

If many intervals have to hold at once, each gets an equal share of the 5% (Bonferroni). Holm's procedure would decide a
little more, but gives no intervals to show.

More rounds do not reveal four errors, so these are part of the interval: the difference of the base from itself, the
placement of the code and the resolution of the clock (all in widen()), and differences between runs (cover()).
"""
import fractions
import functools
import math
import statistics
import typing

CONFIDENCE = 0.95

# The addresses that the linker chooses make a call faster or slower by up to this time. They differ between builds,
# never within a run. probe/placement.c measures the effect; results/placement.txt: up to 0.27 ns (Zen 4).
PLACEMENT_NS = 0.3


class Interval(typing.NamedTuple):
    """low is 0 and high is infinite if there are too few values for the requested confidence"""
    middle: float
    low: float
    high: float


NOTHING = Interval(math.nan, 0, math.inf)


def values_to_cut(counts, total, alpha):
    """The number of sorted values to cut off at each end, so that the rest covers the median with a confidence of at
    least 1 - alpha. The i-th of counts is the number of the total equally likely cases that have i values on one side
    of the median."""
    tail, limit = 0, math.floor(fractions.Fraction(alpha) / 2 * total)
    for cut, count in enumerate(counts):
        tail += count
        if tail > limit:
            break
    return cut


def throws(n):
    """For each number of heads, in how many of the 2^n series of n throws of a coin it comes up"""
    count = 1
    for heads in range(n + 1):
        yield count
        count = count * (n - heads) // (heads + 1)


@functools.lru_cache(maxsize=None)
def ranks_to_cut(n, alpha):
    """values_to_cut() for n rounds: each round lies above or below the median like a throw of a coin"""
    return values_to_cut(throws(n), 2 ** n, alpha)


@functools.lru_cache(maxsize=None)
def pairs_to_cut(n, m, alpha):
    """values_to_cut() for n * m pairs of boots. counts[i] is the number of orders of n + m boots in which i pairs are
    inverted. These are the coefficients of the Gaussian binomial
    (1 - q^(n+1)) ... (1 - q^(n+m)) / (1 - q) ... (1 - q^m)."""
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
    """The ratio of two ways. base and other are their times, round by round."""
    if not base:
        return NOTHING
    return interval([b / o for b, o in zip(base, other, strict=True)], ranks_to_cut(len(base), alpha))


def median_ratio(base, other):
    """The paired ratio without an interval"""
    return statistics.median(b / o for b, o in zip(base, other, strict=True))


def unpaired_ratio(base, other, alpha):
    """The ratio of two kernels. base and other are their medians, boot by boot."""
    if not base or not other:
        return NOTHING
    return interval([b / o for b in base for o in other], pairs_to_cut(len(base), len(other), alpha))


def cover(ratio, runs):
    """Widens the interval to the ratio of each run that differs significantly from the ratio of all runs. For example,
    physical memory differs between runs. A few runs cannot tell the size of this effect, but what one run shows can
    happen again."""
    others = [run.middle for run in runs if not run.low <= ratio.middle <= run.high]
    return Interval(ratio.middle, min([ratio.low] + others), max([ratio.high] + others))


def widen(ratio, unsure, twin):
    """Widens the interval by errors that more rounds do not reveal. twin: how many times as fast the control is as the
    base, or None. unsure: the error of a sample, as a fraction of the base's time; the samples of the base and of the
    other way may each be longer or shorter by it."""
    factor = max(twin, 1 / twin) if twin else 1
    low, high = ratio.low / factor, ratio.high * factor
    low *= max(1 - unsure, 0) / (1 + low * unsure)
    shorter = 1 - high * unsure if math.isfinite(high) else 0
    high = high * (1 + unsure) / shorter if shorter > 0 else math.inf
    return Interval(ratio.middle, low, high)


def least_rounds(alpha):
    """The smallest number of rounds that gives a finite interval"""
    rounds = 1
    while not ranks_to_cut(rounds, alpha):
        rounds += 1
    return rounds


def rounds_to_reach(ratio, rounds, alpha, reaches):
    """The approximate number of rounds after which the row is decided, or None if no number decides it. The interval is
    assumed to shrink with the square root of the rounds, as noise does. reaches(interval, shrunk) tells whether an
    interval decides the row."""
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
    """The alpha of each comparison, so that all comparisons hold at once"""
    return (1 - CONFIDENCE) / max(comparisons, 1)


def spread(values):
    """The interquartile range as a fraction of the median"""
    values, quarter = sorted(values), len(values) // 4
    return (values[-1 - quarter] - values[quarter]) / statistics.median(values)
