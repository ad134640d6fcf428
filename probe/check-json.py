# SPDX-License-Identifier: GPL-2.0
"""Recomputes the tables of a probe run from its samples: check-json.py JSON SCREEN DETAILS"""
import json
import os
import re
import statistics
import sys

sys.dont_write_bytecode = True
sys.path.append(os.path.join(os.path.dirname(__file__), "../report"))
import stats

CELL = r"([\d.]+) ±[ >]*[\d.]+%(.)"


def interval(values, alpha):
    return stats.interval(values, stats.ranks_to_cut(len(values), alpha))


def mark(samples, row, way, section):
    base, other = [ns[0] for ns in samples], [ns[way] for ns in samples]
    ratio = stats.paired_ratio(base, other, 0.05 / section["verdicts"])
    saved = abs(1 - 1 / ratio.middle) * statistics.median(base) / row["calls"]
    return " " if saved < section["placement_ns"] else stats.mark(ratio)


def ways_of(section, row):
    """The indices of the ways that the row measures"""
    return [i for i, way in enumerate(section["ways"]) if not way["missing"] and way["name"] not in row["without"]]


def cells_by_row(text, section):
    """A line per row: {row: its cells}"""
    for row in section["rows"]:
        if not row["missing"]:
            line = re.search("^" + re.escape(row["name"]) + "  .*±.*$", text, re.M)
            yield row["name"], re.findall(CELL, line[0])


def cells_by_way(text, section):
    """A block per group with a line per way: {row: its cells}"""
    ways = [way["name"] for way in section["ways"] if not way["missing"]][1:]
    for group in sorted({row["name"].rsplit(" +read")[0].rsplit(" ", 1)[0]
                         for row in section["rows"]}):
        block = re.search("^" + group + "  .*cold.*\n((.+\n)*)", text, re.M)[1]
        lines = [re.findall(CELL, re.search("^" + re.escape(way) + "  .*$", block, re.M)[0])
                 for way in ways]
        names = [row["name"] for row in section["rows"]
                 if row["name"].startswith(group) and not row["missing"]]
        assert all(len(line) == len(names) for line in lines), (group, names, lines)
        yield from zip(names, zip(*lines))


def check_missing(section, text):
    """What was not measured says so, and why, wherever it would stand"""
    groups = text.count("\nsame again ")
    for way in section["ways"]:
        if way["missing"]:
            lines = re.findall("^%s:? +%s$" % (way["name"], re.escape(way["missing"])), text, re.M)
            assert len(lines) == (groups or 1), way
    for row in section["rows"]:
        assert not row["missing"] or ": " + row["missing"] in text, row


def check_table(section, rounds, printed):
    rows = {row["name"]: row for row in section["rows"] if not row["missing"]}
    assert printed.keys() == rounds.keys() == rows.keys(), printed.keys() ^ rounds.keys()
    for name, cells in printed.items():
        ways = ways_of(section, rows[name])
        assert len(cells) == len(ways) - 1, (name, cells)
        for way, (value, sign) in zip(ways[1:], cells):
            ratio = statistics.median(ns[0] / ns[way] for ns in rounds[name])
            assert abs(ratio - float(value)) < 0.0051, (name, way, ratio, value)
            if cells[0][1] != "?":
                assert sign == mark(rounds[name], rows[name], way, section), (name, way)
    print("# %s: %d rows, %d ways" % (section["section"], len(rows), len(section["ways"])))


def check_verdicts(section, extra):
    """How many comparisons share the 5%"""
    expected = sum(len(ways_of(section, row)) - 1 + (0 if row["without"] else extra)
                   for row in section["rows"] if not row["missing"])
    assert section["verdicts"] == expected, (section["section"], expected)


def check_bounds(section, rounds, text):
    """The lower bounds of the replicated block over the slow path"""
    lines = re.search("^(.*): at least so many times.*\n((  .*\n)*)", text, re.M)
    way = [way["name"] for way in section["ways"]].index(lines[1])
    bounds = re.findall(r"[\d.]+(?=  )", " ".join(re.findall(" over slow path(.*)", lines[2])))
    rows = [row["name"] for row in section["rows"] if not row["missing"]]
    assert len(bounds) == len(rows), (bounds, rows)
    for name, bound in zip(rows, bounds):
        _, low, _ = interval([ns[0] / ns[way] for ns in rounds[name]], 0.05 / section["verdicts"])
        assert abs(low - float(bound)) < 0.0051, (name, low, bound)


def spread(samples, n):
    """So many of the samples, from the whole run"""
    return [samples[i * len(samples) // n] for i in range(n)]


def check_effects(section, rounds, text):
    """What a condition costs movnti, as a multiple of what it costs the base"""
    movnti = [way["name"] for way in section["ways"]].index("movnti")
    block = text.split("\ntimes as long with")[1]
    for what, row, other in (("4K for 2M pages, cold", "anon 4K cold", "anon 2M cold"),
                             ("hot for cold", "anon 2M hot", "anon 2M cold"),
                             ("reading, hot", "anon 2M hot +read", "anon 2M hot")):
        if row not in rounds or other not in rounds:
            continue
        n = min(len(rounds[row]), len(rounds[other]))
        values = [a[movnti] * b[0] / (b[movnti] * a[0])
                  for a, b in zip(spread(rounds[row], n), spread(rounds[other], n))]
        times, low, high = interval(values, 0.05 / 7)
        middle, *ends, sign = re.search(
            what + r" .* ([\d.]+) \(([\d.]+) to ([\d.]+|inf)\)(.*)", block).groups()
        for value, shown in zip((times, low, high), [middle] + ends):
            assert value == float(shown) or abs(value - float(shown)) < 0.0051, (what, value, shown)
        assert ("loses" in sign, "gains" in sign) == (low > 1, high < 1), (what, sign)


def check_losses(section, rounds, what, screen):
    """The rows in which what the series takes is slower, those apart that it is not judged by"""
    way = [way["name"] for way in section["ways"]].index(section["candidate"])
    rows = [row for row in section["rows"] if not row["missing"]]
    lost = [row for row in rows if mark(rounds[row["name"]], row, way, section) == "-" and
            mark(rounds[row["name"]], row, 1, section) == " "]
    text = re.search("^  %s, %s:(.*(\\n    not judged.*)?)" % (re.escape(what), section["candidate"]), screen, re.M)[1]
    judged, _, aside = text.partition("\n")
    for line, expected in ((judged, [row for row in lost if not row["aside"]]),
                           (aside, [row for row in lost if row["aside"]])):
        shown = len(re.findall(r" \d\.\d\d", line)) + sum(map(int, re.findall(r"(\d+) more", line)))
        assert shown == len(expected), (line, expected)
    assert ("in none of %d rows" % sum(not row["aside"] for row in rows) in judged) == all(row["aside"] for row in lost)


def check_screen(copies, rounds, screen):
    """Two cells of the screen, of the way that the series takes"""
    way = [way["name"] for way in copies["ways"]].index(copies["candidate"])
    cells = re.search("^2M  (.*)$", screen, re.M)[1]
    cells = [cells[i:i + 6] for i in range(0, len(cells), 6)]
    for cell, row in ((2, "hot 2M"), (3, "cold 2M")):
        ratio = statistics.median(ns[0] / ns[way] for ns in rounds[row])
        assert abs(ratio - float(cells[cell][1:5])) < 0.0051, (row, ratio, cells)
    lines = screen.rstrip("\n").split("\n")
    assert len(lines) <= 45 and max(map(len, lines)) <= 160, (len(lines), max(map(len, lines)))


def read_samples(path):
    """The sections, and the rounds of their rows"""
    lines = [json.loads(line) for line in open(path, encoding="utf-8")]
    sections = {line["section"]: line for line in lines if "ways" in line}
    rounds = {name: {} for name in sections}
    for line in lines[1 + len(sections):]:
        section = sections[line["section"]]
        row = next(row for row in section["rows"] if row["name"] == line["row"])
        assert sorted(line["order"]) == list(range(len(section["ways"]))), line
        assert len(line["ns"]) == len(section["ways"]), line
        assert [i for i, ns in enumerate(line["ns"]) if ns is not None] == ways_of(section, row), line
        assert all(ns is None or ns > 0 for ns in line["ns"]), line
        assert line["first"] == (line["pass"] == 0), line
        if not line["first"]:
            rounds[line["section"]].setdefault(line["row"], []).append(line["ns"])
    return sections, rounds


def main(path, screen, details):
    sections, rounds = read_samples(path)
    details = open(details, encoding="utf-8").read()
    parts = dict(zip(re.findall("^(\\S+): slower than .*:$", details, re.M),
                     re.split("^\\S+: slower than .*:$", details, flags=re.M)[1:]))
    assert parts.keys() == sections.keys(), (parts.keys(), sections.keys())
    assert [len(section["rows"]) for section in sections.values()][:2] == [33, 33]
    for name, extra in (("copies", 2), ("copies_mc", 2), ("nodes", 2), ("memmap", 1)):
        if name in sections:
            check_verdicts(sections[name], extra)
            cells = cells_by_way if name == "memmap" else cells_by_row
            check_table(sections[name], rounds[name], dict(cells(parts[name], sections[name])))
            check_missing(sections[name], parts[name])
    check_bounds(sections["memmap"], rounds["memmap"], parts["memmap"])
    check_effects(sections["memmap"], rounds["memmap"], parts["memmap"])
    text = open(screen, encoding="utf-8").read()
    check_screen(sections["copies"], rounds["copies"], text)
    for name, what in (("copies", "copy_pages()"), ("copies_mc", "copy_mc_pages()"), ("memmap", "memmap by the block")):
        check_losses(sections[name], rounds[name], what, text)


main(*sys.argv[1:])
