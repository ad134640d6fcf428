# SPDX-License-Identifier: GPL-2.0
"""What the samples say: which ways are faster or slower than the base, and whether a row loses too much."""
import math
import statistics
import typing

import runs
import stats

FLOOR = 0.97            # of the base's speed
PASS, LOSS, UNDECIDED = "pass", "loss", "undecided"


class Verdict(typing.NamedTuple):
    row: runs.Row
    ratio: stats.Interval
    verdict: str
    why: str = ""
    more_helps: bool = True     # more samples may decide it


def is_below_placement(row, ratio):
    """Too little time per call to be told from what the place of the code does"""
    if not row.placement_ns:
        return False
    saved = abs(1 - 1 / ratio.middle) * statistics.median(row.ns(row.base)) / row.calls
    return saved < row.placement_ns


def control_differs(row, alpha):
    """The base against itself shows a difference: what else the row shows means nothing then"""
    if runs.CONTROL not in row.variants:
        return False
    return stats.mark(stats.paired_ratio(row.ns(row.base), row.ns(runs.CONTROL), alpha)) != " "


def compare(row, variant, alpha):
    """(ratio, mark): the mark is that of stats.mark(), or ? if the control of the row differs"""
    ratio = stats.paired_ratio(row.ns(row.base), row.ns(variant), alpha)
    if control_differs(row, alpha):
        return ratio, "?"
    return ratio, " " if is_below_placement(row, ratio) else stats.mark(ratio)


def table_alpha(rows):
    """Of every comparison of a table, the controls among them"""
    return stats.share(sum(len(row.others) for row in rows if row.base))


def decide(row, ratio, differs):
    if differs:
        return Verdict(row, ratio, UNDECIDED, "the base differs from itself")
    if ratio.low >= FLOOR:
        return Verdict(row, ratio, PASS)
    if ratio.high >= FLOOR:
        why = "too noisy" if math.isfinite(ratio.high) else "too few samples"
        return Verdict(row, ratio, UNDECIDED, why)
    if is_below_placement(row, ratio):
        why = "within %g ns per call, which the place of the code decides" % row.placement_ns
        return Verdict(row, ratio, UNDECIDED, why, False)
    return Verdict(row, ratio, LOSS)


def worst_first(verdicts):
    rank = [LOSS, UNDECIDED, PASS]
    return sorted(verdicts, key=lambda v: (rank.index(v.verdict), v.ratio.low, v.ratio.middle))


def against_base(rows, resample=None, limit=0):
    """The candidate of each row against the base in the same run. What is undecided gets more samples at most limit
    times, by resample(row). Every look is another chance to be wrong, so all that there may be share the 5%; a row
    that was decided is not looked at again."""
    alpha = stats.share(len(rows) * (limit + 1))
    verdicts = []
    for row in rows:
        for left in range(limit, -1, -1):
            ratio = stats.paired_ratio(row.ns(row.base), row.ns(row.candidate), alpha)
            verdict = decide(row, ratio, control_differs(row, alpha))
            if verdict.verdict != UNDECIDED or not verdict.more_helps or not left:
                break
            resample(row)
        verdicts.append(verdict)
    return worst_first(verdicts)


def against_kernel(pairs):
    """The candidate of each row against the same row of another kernel: [(row of the other, row)]"""
    alpha = stats.share(len(pairs))
    verdicts = []
    for other, row in pairs:
        ratio = stats.unpaired_ratio(other.boot_medians(other.candidate), row.boot_medians(row.candidate), alpha)
        verdicts.append(decide(row, ratio, False))
    return worst_first(verdicts)


def boots_needed(comparisons):
    """The least number of boots of each of two kernels that can decide so many rows"""
    boots = 1
    while not stats.pairs_to_cut(boots, boots, stats.share(comparisons)):
        boots += 1
    return boots
