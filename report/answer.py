# SPDX-License-Identifier: GPL-2.0
"""The answer, in the same words in every output: the CPU, and how many rows are slower, undecided and not slower."""
import math

import samples
import series
import verdicts

SHOWN = 4
DAY = 24 * 3600
# Runs up to so many times as long are suggested if the run did not say how long it took.
TIMES = 1000

# The names of the tables for readers.
ABOUT = {
    "probe: copies": "copy_pages()",
    "probe: copies_mc": "copy_mc_pages()",
    "probe: neighbour of copies_mc": "the neighbour of copy_mc_pages()",
    "probe: nodes": "copy_pages() from node to node",
    "probe: cow": "copy-on-write of hugetlb pages",
    "cow: order": "copy-on-write of hugetlb pages, in this kernel",
    "probe: memmap": "memory maps",
    "bench: memmap": "memory maps, in the kernel",
    "probe: normal memory": "memory maps of ordinary memory",
    "bench: folio_copy": "folio_copy()",
    "bench: folio_mc_copy": "folio_mc_copy()",
}

# Microarchitectures by vendor, family and model. Only shown to readers; no verdict depends on them.
CORES = {
    ("AuthenticAMD", "25", "1"): "Zen 3",
    ("AuthenticAMD", "25", "17"): "Zen 4",
    ("AuthenticAMD", "26", "2"): "Zen 5",
    ("GenuineIntel", "6", "106"): "Ice Lake",
    ("GenuineIntel", "6", "143"): "Sapphire Rapids",
}


def label(table, way):
    return ("%s %s" if way in ("past the caches", samples.ALONE) else "%s by %s") % (ABOUT.get(table, table), way)


def core(environment):
    known = CORES.get((environment["vendor"], environment["family"], environment["model"]))
    numbers = "family %s model %s" % (environment["family"], environment["model"])
    return "%s, %s" % (known, numbers) if known else numbers


def machine(results):
    first = results.environments[0]
    kernels = ", ".join(dict.fromkeys("%s%s" % (e["kernel"], " (User-Mode Linux)" if "machine" in e else "")
                                      for e in results.environments))
    return "%s (%s), microcode %s, Linux %s" % (first["cpu"], core(first), first["microcode"], kernels)


def bounds(ratio):
    if not math.isfinite(ratio.middle):
        return "not measured"
    high = "any" if not math.isfinite(ratio.high) else "%.3f" % ratio.high
    return "%.3f (%.3f to %s)" % (ratio.middle, ratio.low, high)


def count(found, verdict):
    return sum(v.verdict == verdict for v in found)


def counts(found):
    """The number of rows in each class, worst class first"""
    return ", ".join("%d %s" % (count(found, verdict), verdict) for verdict in verdicts.CLASSES)


def gain(found, tables=False):
    """The gain of the faster rows. tables: the rows are from several tables, so the largest gain names its table."""
    faster = [v for v in found if v.mark == "+"]
    if not faster:
        return "faster by 3% for sure in none"
    most = max(faster, key=lambda v: v.ratio.low)
    where = (ABOUT.get(most.row.key.table, most.row.key.table) + " " if tables else "") + most.row.key.what
    return "faster by 3%% for sure in %d, at most %.2f times in %s" % (len(faster), most.ratio.middle, where)


def named(found):
    shown = ["%s %s" % (v.row.key.what, bounds(v.ratio)) for v in found[:SHOWN]]
    return "; ".join(shown) + ("; %d more" % (len(found) - SHOWN) if len(found) > SHOWN else "")


def duration(seconds):
    minutes = math.ceil(seconds / 60)
    return "%d min" % minutes if minutes < 120 else "%d hours" % math.ceil(minutes / 60)


def undecided(results, benchmark, found):
    """Lines that say how long a run has to be to decide the undecided rows"""
    open_rows = [v for v in found if v.verdict == verdicts.UNDECIDED]
    if not open_rows:
        return []
    seconds = results.seconds.get(benchmark)
    limit = DAY / seconds if seconds else TIMES
    factors = [v.needed / v.rounds if v.needed and v.rounds else math.inf for v in open_rows]
    soon = [factor for factor in factors if factor <= limit]
    lines, benchmark = [], benchmark.replace("bench", "the bench").replace("probe", "the probe")
    if soon:
        run = "of about %s" % duration(seconds * max(soon)) if seconds else "about %.1f times as long" % max(soon)
        lines.append("to decide: a run of %s %s would decide about %d of its %d undecided rows"
                     % (benchmark, run, len(soon), len(open_rows)))
    never = [v for v, factor in zip(open_rows, factors) if factor > limit]
    if never:
        reasons = dict.fromkeys(v.why for v in never)
        lines.append("to decide: no run of a day would decide %d rows of %s: %s"
                     % (len(never), benchmark, "; ".join(reasons)))
    return lines


def of_table(table, found):
    """The headline of a table, and its slower and undecided rows"""
    bases = ", ".join(dict.fromkeys(v.row.base for v in found))
    ways = ", ".join(dict.fromkeys(v.way for v in found))
    lines = ["%s, against %s: %s of %d rows; %s"
             % (label(table, ways), bases, counts(found), len(found), gain(found))]
    for verdict in (verdicts.SLOWER, verdicts.UNDECIDED):
        of_class = [v for v in found if v.verdict == verdict]
        if of_class:
            lines.append("  %s: %s" % (verdict, named(of_class)))
    return lines


def control(results):
    differ, rows = verdicts.controls(results)
    if not rows:
        return []
    line = "control: the base differs from itself in %d of %d rows" % (len(differ), len(rows))
    if differ:
        line += ": %s" % ", ".join(row.key.what for row in differ[:SHOWN])
    return [line]


def lines_of(results, judged):
    """The lines that begin every output"""
    if results.functional:
        return [machine(results), "functional: the machine is emulated, so there is no speed and no ratio"]
    chosen = verdicts.chosen_verdicts(results, judged)
    lines = [machine(results)]
    if results.record:
        lines += record(results)
    every = [v for found in chosen.values() for v in found]
    if every:
        lines.append("all: %s of %d rows; %s" % (counts(every), len(every), gain(every, True)))
    for table, found in sorted(chosen.items(), key=lambda item: verdicts.CLASSES.index(item[1][0].verdict)):
        lines += of_table(table, found)
    for benchmark in dict.fromkeys(table.split(":")[0] for table in chosen):
        lines += undecided(results, benchmark, [v for v in every if v.row.key.benchmark == benchmark])
    lines += control(results)
    if not any(row.base for row in results.rows.values()):
        lines.append("no base in these runs: scripts/regress compares them with those of another kernel")
    if any("machine" in environment for environment in results.environments):
        lines.append("User-Mode Linux: one node, no THP, no ZONE_DEVICE, 4 KiB mappings, no copy_mc: folio_mc_copy() "
                     "is folio_copy()")
    return lines + ["warning: %s" % warning for warning in results.warnings()] + not_measured(results) + results.notes


def not_measured(results):
    reasons = {}
    for key, row in results.rows.items():
        if row.missing:
            reasons.setdefault((key.table, row.missing), []).append(key.what)
    return (["not measured: %s" % what for what in results.missing] +
            ["not measured: %s: %s: %s" % (table, ", ".join(rows), why) for (table, why), rows in reasons.items()])


def record(results):
    told, now = results.record, series.digests()
    old = sorted({label(key.table, way) for key, row in results.rows.items()
                  for way in row.ways if way not in (row.base, row.control)
                  and not series.counts(told, key.function, way, now)})
    line = "record of %s, patches %s" % (told["date"], told["series"])
    line += "; imported: %s" % told["imported"] if told["imported"] else ""
    busy = ["busy: %s: the figures of a busy machine decide little" % told["busy"]] if told["busy"] else []
    # A way does not count in the table over all CPUs if its files have changed since the record.
    return [line] + busy + (["not counted, files changed since: %s" % ", ".join(old)] if old else [])


def exploratory(results, judged):
    """A line for each way that is not chosen in its table, with its worst row. A neighbour chooses none."""
    found = {}
    for key, row in results.rows.items():
        if row.base and row.rounds and not row.aside and not key.function.startswith(samples.FIRST):
            for way in verdicts.exploratory_ways(row):
                found.setdefault((key.table, way), []).append(judged[key][way])
    lines = []
    for (table, way), of_way in found.items():
        worst = verdicts.worst_first(of_way)[0]
        lines.append("%s: %s of %d rows; worst %s %s"
                     % (label(table, way), counts(of_way), len(of_way), worst.row.key.what, bounds(worst.ratio)))
    return lines
