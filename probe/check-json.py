# SPDX-License-Identifier: GPL-2.0
"""Recomputes the table of a probe run from its samples: check-json.py JSON TABLE"""
import fractions
import json
import math
import re
import statistics
import sys

lines = [json.loads(line) for line in open(sys.argv[1])]
environment = lines[0]["environment"]
routines = environment["routines"]
rounds = {}
copies = {}
for line in lines[1:]:
    assert sorted(line["order"]) == list(range(len(routines))), line
    assert len(line["ns"]) == len(routines) and min(line["ns"]) > 0, line
    assert line["first"] == (line["pass"] == 0), line
    if line["first"]:
        continue
    size = line["size"] >> 10
    name = "%s %s%s" % ("cold" if line["cold"] else "hot",
                        "%dM" % (size >> 10) if size >= 1024 else "%dK" % size,
                        " +read" if line["read"] else "")
    copies[name] = environment["sample_bytes"] / line["size"]
    rounds.setdefault(name, []).append(line["ns"])

def interval(values, alpha):
    """That of the sign test: what is left when each end loses its share of alpha"""
    values, n, cut = sorted(values), len(values), 0
    tail = fractions.Fraction(1, 2 ** n)
    while tail <= fractions.Fraction(alpha) / 2:
        cut += 1
        tail += fractions.Fraction(math.comb(n, cut), 2 ** n)
    return values[cut - 1], values[n - cut]


def mark(samples, copies, routine):
    low, high = interval([ns[0] / ns[routine] for ns in samples], 0.05 / 168)
    ratio = statistics.median(ns[0] / ns[routine] for ns in samples)
    if abs(1 - 1 / ratio) * statistics.median(ns[0] for ns in samples) / copies < 2:
        return " "
    return "+" if low > 1 else "-" if high < 1 else " "


table = {}
for line in open(sys.argv[2], encoding="utf-8"):
    match = re.match(r"((?:hot|cold) \d+[KM](?: \+read)?) +[\d.]+ +\d+%", line)
    if match:
        table[match[1]] = re.findall(r"([\d.]+) ± *[\d.]+%(.)", line)

assert table.keys() == rounds.keys() and len(table) == 24, table.keys() ^ rounds.keys()
for name, printed in table.items():
    assert len(printed) == len(routines) - 1, printed
    for routine, (value, sign) in enumerate(printed, 1):
        ratio = statistics.median(ns[0] / ns[routine] for ns in rounds[name])
        assert abs(ratio - float(value)) < 0.0051, (name, routines[routine], ratio, value)
        if printed[0][1] != "?":
            assert sign == mark(rounds[name], copies[name], routine), (name, routines[routine])
print("# %d rows, %d rounds" % (len(table), len(lines) - 1))
