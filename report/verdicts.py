# SPDX-License-Identifier: GPL-2.0
"""The verdicts: each row of a way is slower than the base, not slower, or undecided.

The classes follow only from the bounds of the row's interval, in this order: slower (upper < 1), not slower
(lower >= 0.97), undecided. All intervals of a family hold at once. A benchmark has two families: the chosen ways, which
are to be decided, and the exploratory ways.
"""
import dataclasses
import math
import statistics
import typing

import samples
import stats

FLOOR = 0.97            # a row is not slower if the lower bound of its ratio is at least this
GAIN = 1.03             # for readers: a row is marked faster if its lower bound is at least this; not a class
SLOWER, UNDECIDED, NOT_SLOWER = "slower", "undecided", "not slower"
CLASSES = (SLOWER, UNDECIDED, NOT_SLOWER)       # worst first


class Verdict(typing.NamedTuple):
    row: samples.Row
    way: str
    ratio: stats.Interval       # how many times as fast as the base, with all known errors in the interval
    verdict: str
    why: str = ""
    rounds: int = 0
    needed: int = None          # the rounds that would decide an undecided row, None if no number would

    @property
    def mark(self):
        """The mark of a cell: - slower, ? undecided, + faster by 3% for sure, no mark if only not slower"""
        if self.verdict == NOT_SLOWER:
            return "+" if self.ratio.low >= GAIN else ""
        return "-" if self.verdict == SLOWER else "?"


def classify(ratio):
    if ratio.high < 1:
        return SLOWER
    return NOT_SLOWER if ratio.low >= FLOOR else UNDECIDED


def unsure_ns(row):
    """The error of a sample: the code placement for each call, and the resolution of the clock once"""
    return stats.PLACEMENT_NS * (row.calls or 0) + row.clock_ns


def unsure(row, way):
    """The error of a sample as a fraction of this way's time"""
    return unsure_ns(row) / statistics.median(row.ns(way))


def twin_ratio(row):
    """How many times as fast the control is as the base. Both are the same way, so every difference is an error."""
    if not row.control or not row.rounds:
        return None
    return stats.median_ratio(row.ns(row.base), row.ns(row.control))


def run_ratios(row, way):
    """The ratio of each run, if there are several runs"""
    if len(row.boots) < 2:
        return []
    return [stats.paired_ratio(taken[row.base], taken[way], 1 - stats.CONFIDENCE) for _, taken in row.boots]


def judge(row, way, alpha):
    if not row.rounds:
        return Verdict(row, way, stats.NOTHING, UNDECIDED, "no samples: the run was cut off")
    ratio = stats.paired_ratio(row.ns(row.base), row.ns(way), alpha)
    part, twin, runs = unsure(row, row.base), twin_ratio(row), run_ratios(row, way)

    def decides(interval, shrunk):
        return classify(stats.widen(interval, part, twin and 1 + (twin - 1) * shrunk)) != UNDECIDED
    wide = stats.widen(stats.cover(ratio, runs), part, twin)
    # The ways need not suffer alike from a neighbour.
    if row.disturbed:
        return Verdict(row, way, wide, UNDECIDED, "withheld: %s meanwhile" % row.disturbed, row.rounds)
    verdict = classify(wide)
    if verdict != UNDECIDED:
        return Verdict(row, way, wide, verdict, rounds=row.rounds)
    needed = stats.rounds_to_reach(ratio, row.rounds, alpha, decides)
    return Verdict(row, way, wide, verdict, why_undecided(row, ratio, needed), row.rounds, needed)


def why_undecided(row, ratio, needed):
    if not math.isfinite(ratio.high):
        return "too few rounds: %d" % row.rounds
    if needed:
        return "too noisy"
    if unsure(row, row.base) > 0.01:
        return "code placement and clock resolution can change the time by up to %.1f%%" % (100 * unsure(row, row.base))
    return "too close to a bound"


class Family(typing.NamedTuple):
    """The alphas of a benchmark's comparisons"""
    chosen: float
    exploratory: float


def exploratory_ways(row):
    if not row.base or row.missing:
        return []
    return row.others if row.is_judged or not row.chosen else row.others + [row.chosen]


def family(rows):
    """The alphas for all rows of a benchmark, including planned rows without samples. Each benchmark has families of
    its own, so that other benchmarks in the same directory do not change its verdicts."""
    rows = [row for row in rows if row.base and not row.missing]
    return Family(stats.share(sum(row.is_judged for row in rows)),
                  stats.share(sum(len(exploratory_ways(row)) for row in rows)))


def families(results):
    by_benchmark = {}
    for row in results.rows.values():
        by_benchmark.setdefault(row.key.benchmark, []).append(row)
    return {benchmark: family(rows) for benchmark, rows in by_benchmark.items()}


def judge_all(results):
    """{key: {way: verdict}} for all ways except the base and the control"""
    known, found = families(results), {key: {} for key in results.rows}
    if results.functional:
        return found
    for key, row in results.rows.items():
        alphas = known[key.benchmark]
        if row.is_judged:
            found[key][row.chosen] = judge(row, row.chosen, alphas.chosen)
        for way in exploratory_ways(row):
            found[key][way] = judge(row, way, alphas.exploratory)
    return found


def controls(results):
    """(rows whose control differs significantly from the base, all rows with a control)"""
    rows = [row for row in results.rows.values() if row.control and row.rounds and not row.key.is_part]
    alpha = stats.share(len(rows))
    found = [(row, stats.paired_ratio(row.ns(row.base), row.ns(row.control), alpha)) for row in rows]
    return [row for row, ratio in found if not ratio.low <= 1 <= ratio.high], rows


def worst_first(found):
    return sorted(found, key=lambda v: (CLASSES.index(v.verdict), not v.ratio.middle < math.inf, v.ratio.middle))


def chosen_verdicts(results, judged):
    """{table: verdicts, worst first} of the judged rows"""
    found = {}
    for key, row in results.rows.items():
        if row.is_judged:
            found.setdefault(key.table, []).append(judged[key][row.chosen])
    return {table: worst_first(of_table) for table, of_table in found.items()}


def with_way(results, way):
    """Makes another way the chosen way in all rows that measured it"""
    for row in results.rows.values():
        row.chosen = way if way in row.others + [row.chosen] else None
    if not any(row.is_judged for row in results.rows.values()):
        raise samples.Refused("%s: nothing was measured with '%s'" % (results.path, way))


def compare(results, way, other):
    """Keeps the rows that measured both ways, and judges way against other in them"""
    results.rows = {key: dataclasses.replace(row, base=other, control=None, chosen=way)
                    for key, row in results.rows.items() if {way, other} <= set(row.ways) and way != other}
    if not any(row.is_judged for row in results.rows.values()):
        raise samples.Refused("%s: no row was measured with '%s' and with '%s'" % (results.path, way, other))


def against_base(results, resample=None, limit=0):
    """The verdicts of all judged rows, worst first. resample(row) adds samples to an undecided row, at most limit
    times. Each look at the samples is another chance to be wrong, so all limit + 1 looks share the 5%. A decided row
    is not looked at again."""
    known, verdicts = families(results), []
    for row in [row for row in results.rows.values() if row.is_judged]:
        alphas = known[row.key.benchmark]
        for left in range(limit, -1, -1):
            verdict = judge(row, row.chosen, alphas.chosen / (limit + 1))
            if verdict.verdict != UNDECIDED or not left or (row.rounds and not verdict.needed):
                break
            resample(row)
        verdicts.append(verdict)
    return worst_first(verdicts)


def against_kernel(pairs):
    """The verdicts on the chosen way of each row against another kernel. pairs: [(row of the other kernel, row)]"""
    alpha = stats.share(len(pairs))
    verdicts = []
    for other, row in pairs:
        ratio = stats.unpaired_ratio(other.boot_medians(other.chosen), row.boot_medians(row.chosen), alpha)
        ratio = stats.widen(ratio, unsure(other, other.chosen) if other.rounds else 0, None)
        why = "" if math.isfinite(ratio.high) else "too few boots"
        verdicts.append(Verdict(row, row.chosen, ratio, classify(ratio), why, row.rounds))
    return worst_first(verdicts)


def boots_needed(comparisons):
    """The smallest number of boots of each kernel that can decide so many rows"""
    boots = 1
    while not stats.pairs_to_cut(boots, boots, stats.share(comparisons)):
        boots += 1
    return boots
