# SPDX-License-Identifier: GPL-2.0
"""The figures of cover letters and of patches: named tables of ratios to v7.3, from the newest record of each CPU in
which a way still counts. A cell is that of tables.cell(), with its mark. patches/figures says which patch has which
table.
"""
import dataclasses
import typing

import answer
import records
import samples
import series
import stats
import tables
import verdicts

HOT_AND_COLD = ("cold 4K", "cold 16K", "cold 64K", "cold 2M", "cold 1G", "hot 4K", "hot 16K", "hot 256K")
RECOVERING = ("cold 4K", "cold 64K", "cold 2M", "hot 4K", "hot 16K", "hot 256K")
FAULTS = tuple("fault at %d%% cold 2M%s" % (place, read) for read in ("", " +read") for place in (0, 25, 50, 75, 100))
# A hypervisor's CPU 1 is the neighbour in all records that have one.
PAST_CACHES = tuple("cold %s%s" % (size, read) for read in ("", " +read") for size in ("64K", "2M", "32M")) + \
    ("cold 64K beside CPU 1", "cold 2M beside CPU 1")
# The conditions of memory maps, each measured in mappings of every kind of memory.
CONDITIONS = ("cold", "cold +read", "hot", "hot +read")
KINDS = ("anon 4K", "memfd 4K", "anon 2M", "memfd 2M")
# How a record of old calls a way
OLD_NAMES = {"past the caches": "movnti", "own 4K rep movsb": "4K rep movsb", "own 32K rep movsb": "32K rep movsb"}


class Losses(typing.NamedTuple):
    """The slower and undecided rows of these ways, and the numbers of all rows"""
    ways: tuple         # of (table, way)


class Rows(typing.NamedTuple):
    """A line per row, a column per CPU"""
    table: str
    way: str
    rows: tuple         # samples.Key.what of each, without the direction


class Ways(typing.NamedTuple):
    """A line per row, a column per way, a part per CPU. Rows in which the first way is slower come first."""
    table: str
    ways: tuple
    rows: tuple
    base: str = None    # None: that of the record, v7.3
    unless: str = None  # not for CPUs that have the first way in this table


class Worst(typing.NamedTuple):
    """A line per way, a column per condition, with the worst ratio over the kinds of memory; a part per CPU"""
    table: str
    ways: tuple


FIGURES = {
    "copies": Losses((("probe: copies", "rep movsb"), ("probe: copies_mc", "rep movsb"),
                      ("bench: folio_copy", "running kernel"), ("bench: folio_mc_copy", "running kernel"))),
    "copy_pages": Rows("probe: copies", "rep movsb", HOT_AND_COLD),
    "copy_mc_pages": Rows("probe: copies_mc", "rep movsb", RECOVERING),
    "folio_copy": Rows("bench: folio_copy", "running kernel", ("cold 16K", "cold 2M", "hot 4K", "hot 256K", "hot 2M")),
    "movsq": Losses((("probe: copies_mc", "rep movsq"),)),
    "recovering": Ways("probe: copies_mc", ("rep movsq", "fragile"), RECOVERING, "memcpy by page"),
    "copy-on-write": Losses((("probe: cow", "forward runs"), ("cow: order", "order of the last page"))),
    "faults": Rows("probe: cow", "forward runs", FAULTS),
    "faults-kernel": Rows("cow: order", "order of the last page",
                          tuple("at %d%% cold 2M" % place for place in (0, 25, 50, 75))),
    "memory-maps": Losses((("probe: memmap", "registers"), ("bench: memmap", "registers"))),
    "fills": Worst("probe: memmap", ("registers", "64-byte template", "movnti", "movnti, registers", "own 4K rep movsb",
                                     "own 8K rep movsb", "own 16K rep movsb", "own 32K rep movsb")),
    "fills-nontemporal": Worst("probe: memmap", ("registers", "movnti, registers", "movnti, calls",
                                                 "own 4K nontemporal", "own 32K nontemporal")),
    "map-sizes": Ways("probe: memmap", ("registers", "movnti, registers"),
                      ("anon 2M map 256K +read", "anon 2M map 16M", "anon 2M map 256M", "anon 2M map 256M +read")),
    "fills-kernel": Rows("bench: memmap", "registers", ("node 0 map 2M", "node 0 map 2M +read", "node 0 map 66M",
                                                        "node 0 map 66M +read")),
    "um": Losses((("bench: folio_copy", "running kernel"), ("bench: folio_mc_copy", "running kernel"))),
    "past-the-caches": Ways("probe: copies_mc", ("past the caches", "rep movsb"), PAST_CACHES),
    "past-the-caches-copies": Ways("probe: copies", ("past the caches", "rep movsb"),
                                   ("cold 64K", "cold 2M", "cold 64K +read", "cold 2M +read"),
                                   unless="probe: copies_mc"),
    "neighbour": Ways("probe: neighbour of copies_mc", ("past the caches", "rep movsb"), PAST_CACHES[-2:]),
}

# What a reader of the README wants to know first: (its words, table, way, row)
GAINS = (
    ("copy of a folio of 64K, cold", "probe: copies_mc", "rep movsb", "cold 64K"),
    ("copy of a THP (2M), cold", "probe: copies_mc", "rep movsb", "cold 2M"),
    ("copy of a page of 1G", "probe: copies_mc", "rep movsb", "cold 1G"),
    ("copy of a folio of 256K, in the caches", "probe: copies_mc", "rep movsb", "hot 256K"),
    ("copy-on-write of a hugetlb page (2M), at its start", "probe: cow", "forward runs", "fault at 0% cold 2M"),
    ("the same, in its middle", "probe: cow", "forward runs", "fault at 50% cold 2M"),
    ("the same, at its end", "probe: cow", "forward runs", "fault at 100% cold 2M"),
    ("memory map of 66M for a device", "bench: memmap", "registers", "node 0 map 66M"),
)
ALL = tuple(dict.fromkeys(way for name in ("copies", "copy-on-write", "memory-maps") for way in FIGURES[name].ways))


def cpu(results):
    """The microarchitecture, or the family and model of a CPU that has no name here"""
    return answer.core(results.environments[0]).split(",")[0]


def name_of(row):
    """The row within its table, without a direction: all records are of one node"""
    return row.key._replace(src=None, dst=None).what


class Source:
    """The verdicts of all records, each judged when it is asked for"""

    def __init__(self, all_results):
        self.newest, self.judged = {}, {}   # {(CPU, table, way): results}, and {... : {name of a row: verdict}}
        now, self.cpus = series.digests(), []
        for results in sorted(all_results, key=records.age):
            if not results.functional:
                self.take(results, now)

    def take(self, results, now):
        self.cpus = list(dict.fromkeys(self.cpus + [cpu(results)]))
        for key, row in results.rows.items():
            for way in row.ways if row.rounds and row.base else ():
                if way not in (row.base, row.control) and series.counts(results.record, key.function, way, now):
                    self.newest[cpu(results), key.table, way] = results

    def of(self, core, table, way, base=None):
        """The verdicts of a way on a CPU, against v7.3 or another way: {name of a row: verdict}"""
        name = way if (core, table, way) in self.newest else OLD_NAMES.get(way)
        results = self.newest.get((core, table, name))
        if results and (core, table, name, base) not in self.judged:
            self.judged[core, table, name, base] = judge(results, table, name, base)
        return self.judged.get((core, table, name, base), {})


def judge(results, table, way, base):
    rows = [row for key, row in results.rows.items() if key.table == table and {way, base or row.base} <= set(row.ways)]
    if base:
        alpha = stats.share(len(rows))
        return {name_of(row): verdicts.judge(dataclasses.replace(row, base=base, control=None), way, alpha)
                for row in rows if row.rounds}
    known = verdicts.families(results)[rows[0].key.benchmark]
    return {name_of(row): verdicts.judge(row, way, known.chosen if row.is_judged and way == row.chosen else
                                         known.exploratory) for row in rows if row.rounds}


def shown(verdict):
    return tables.cell(verdict) if verdict else "no record"


def grid(head, lines):
    """Lines of cells in columns: the first one to the left"""
    lines = ([head] if head else []) + lines
    widths = [max(len(line[i]) for line in lines) for i in range(len(lines[0]))]
    return [("  " + "  ".join(text.ljust(width) for text, width in zip(line, widths))).rstrip() for line in lines]


def name_of_table(table, way):
    label = answer.ABOUT[table].replace("copy-on-write of hugetlb pages", "copy-on-write")
    return label + (" in User-Mode Linux" if table.startswith("bench: folio") else "")


def losses(figure, source):
    lines = []
    for core in source.cpus:
        found = {name_of_table(*way): list(source.of(core, *way).values()) for way in figure.ways}
        found = {label: of_way for label, of_way in found.items() if of_way}
        every = [v for of_way in found.values() for v in of_way]
        if not every:
            lines.append("  %s: no record" % core)
            continue
        lines.append("  %s: %s of %d rows" % (core, answer.counts(every), len(every)))
        open_rows = [(v, label) for label, of_way in found.items() for v in of_way if v.verdict != verdicts.NOT_SLOWER]
        order = verdicts.worst_first([v for v, _ in open_rows])
        labels = {id(v): label for v, label in open_rows}
        if order:
            lines += ["  " + line for line in
                      grid(None, [[labels[id(v)] + ", " + name_of(v.row), tables.cell(v)] for v in order])]
    return lines


def by_cpu(figure, source):
    cores = [core for core in source.cpus if source.of(core, figure.table, figure.way)]
    return grid([""] + cores, [[name] + [shown(source.of(core, figure.table, figure.way).get(name)) for core in cores]
                               for name in figure.rows])


def by_way(figure, source):
    lines = []
    for core in source.cpus:
        found = [source.of(core, figure.table, way, figure.base) for way in figure.ways]
        if not all(found) or figure.unless and source.of(core, figure.unless, figure.ways[0]):
            continue
        rows = [name for name in figure.rows if any(name in of_way for of_way in found)]
        rows.sort(key=lambda name: name in found[0] and found[0][name].verdict != verdicts.SLOWER)
        cells = [[name] + [shown(of_way.get(name)) for of_way in found] for name in rows]
        lines += grid([core] + list(figure.ways), cells)
    return lines


def worst(figure, source):
    lines = []
    for core in source.cpus:
        of_core = []
        for way in figure.ways:
            found = source.of(core, figure.table, way)
            cells = [[found[" ".join((kind, *condition.split()))] for kind in KINDS
                      if " ".join((kind, *condition.split())) in found] for condition in CONDITIONS]
            if all(cells):
                of_core.append([way] + ["%.3f" % min(v.ratio.middle for v in cell) for cell in cells])
        if of_core:
            lines += grid([core] + list(CONDITIONS), of_core)
    return lines


def text(name, source):
    """The lines of a table"""
    figure = FIGURES[name]
    kind = {Losses: losses, Rows: by_cpu, Ways: by_way, Worst: worst}[type(figure)]
    lines = kind(figure, source)
    if not lines:
        raise samples.Refused("figures: no record has '%s': make record" % name)
    return lines


def gains(source):
    """The table of the README's first screen, in Markdown"""
    table = tables.Table("", ["times as fast as v7.3"] + source.cpus, [], [])
    counts = []
    for core in source.cpus:
        every = [v for way in ALL for v in source.of(core, *way).values()]
        counts.append("%s of %d" % (answer.counts(every), len(every)))
    for label, name, way, row in GAINS:
        table.lines.append([label] + [shown(source.of(core, name, way).get(row)) for core in source.cpus])
    table.lines.append(["all rows of the series' ways"] + counts)
    return "\n".join(tables.markdown_table(table)) + "\n"
