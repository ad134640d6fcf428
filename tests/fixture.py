# SPDX-License-Identifier: GPL-2.0
"""Prints samples of an invented machine, for tests, as report/samples.py reads them: fixture.py KIND [SETTING=VALUE]

KIND is one of:
        bench       three nodes, two functions, hot and cold
        probe       copies, with and without a read afterwards, by the chosen way and by movnti
        rows        move_pages(2) between two nodes
        maps        memory maps of device memory
        node        one row of the bench, like those that a preset or regress --resample asks for
        conditions  a row of the bench with threads, a read, a bystander or another node; and rows of primitives

SETTING is one of:
        ratio       how many times as fast as the base the chosen way is, in all rows but one
        worst       the same for that row: folio_copy 0->2 cold 2M
        twin        the same for the control
        noise       of the samples, as the standard deviation of the logarithm
        between     the same from boot to boot
        samples     number of samples per row, not counting the first one
        first       factor on the first sample of all ways but the base
        small       ns of one call of 4K
        functional  1: an emulated machine, without times
        end         0: the run is cut off before its last row
        disturbed   1: other processes kept a CPU busy
        seed, boot, kernel, cpu, model, microcode: of the environment
"""
import json
import random
import sys

SIZES = {0: 8.0, 4: 13.0, 9: 15.5}   # order: GB/s, cold

settings = {"ratio": 1.2, "worst": 0.9, "noise": 0.01, "between": 0.0, "samples": 30, "first": 3, "seed": 1,
            "boot": "b", "functional": 0, "small": 0, "kernel": "7.3.4", "microcode": "0xa0011d1", "model": "1",
            "twin": 1.0, "end": 1, "disturbed": 0, "cpu": "AMD EPYC 7713 64-Core Processor"}

rows = []           # the plan: a line per row
rounds = []         # for each row, the lines of its rounds


def show(line):
    print(json.dumps(line))


def times(base, ratios, chance, boot):
    """Times of a round: of the base, and of a way for each ratio, which is that many times as fast"""
    speed = (1 + 0.1 * chance.random()) * boot
    return [round(ns * speed * chance.lognormvariate(0, settings["noise"]) * (10 if chance.random() < 0.01 else 1))
            for ns in [base] + [base / ratio for ratio in ratios]]


def add_row(benchmark, function, base_ns, ratios, ways, chance, boot, more=None, **conditions):
    """Adds a row and its rounds. ways: the base and a way for each ratio. more: other times, equal in all rounds"""
    row = {"row": len(rows), "benchmark": benchmark, "function": function, "kind": "", "src": None, "dst": None,
           "state": "cold", "size": None, "read": False, "threads": 1, "bystander": None, "bytes": None, "calls": None,
           "ways": ways, "base": None, "control": None, "chosen": None, "aside": None, "missing": None}
    row.update(conditions)
    rows.append(row)
    lines = []
    for number in range(settings["samples"] + 1):
        taken = [ns * (settings["first"] if way and not number else 1)
                 for way, ns in enumerate(times(base_ns, ratios, chance, boot))]
        line = {"row": row["row"], "round": number, "ns": None if settings["functional"] else taken,
                "order": chance.sample(range(len(ways)), len(ways))}
        lines.append({**line, **{name: [value] * len(ways) for name, value in (more or {}).items()}})
    rounds.append(lines)


def copies(function, order, src, dst, state, ratio, chance, boot, **more):
    size = 4096 << order
    gbps = SIZES[order] * (4 if state == "hot" else 1) * (1 if src == dst else 0.7) * (0.7 if 2 in (src, dst) else 1)
    nr_bytes = max(size, 2 << 20)
    calls = (2 << 20) / gbps / settings["small"] if settings["small"] and not order else nr_bytes // size
    add_row("bench", function, (2 << 20) / gbps, [settings["twin"], ratio],
            ["v7.3 loop", "same again", "running kernel"], chance, boot, src=src, dst=dst, state=state, size=size,
            bytes=nr_bytes, calls=calls, base="v7.3 loop", control="same again", chosen="running kernel", **more)


def bench(chance, boot):
    for order in SIZES:
        for src in range(3):
            for dst in range(3):
                for state in ("hot", "cold"):
                    for function in ("folio_copy", "folio_mc_copy"):
                        worst = (function, order, src, dst, state) == ("folio_copy", 9, 0, 2, "cold")
                        copies(function, order, src, dst, state, settings["worst" if worst else "ratio"], chance, boot)


def node(chance, boot):
    copies("folio_copy", 9, 0, 2, "cold", settings["worst"], chance, boot)


def conditions(chance, boot):
    """Each condition is twice as fast as the one before, so that a test can tell them apart"""
    every = ({"threads": 1}, {"threads": 4}, {"read": True},
             {"bystander": 3, "more": {"bystander_ns": 5000, "alone_ns": 4000}}, {"dst": 1, "more": {"first_ns": 7000}})
    for number, more in enumerate(every):
        copies("folio_copy", 9, 0, more.pop("dst", 0), "hot", settings["ratio"], chance, boot / 2 ** number, **more)
    for function, way, ns, ratio in (("folio_copy", "movsq", 300000, 1.5), ("folio_mc_copy", "mc_movsb", 400000, 2)):
        add_row("bench", function, ns, [ratio], ["v7.3 loop", way], chance, boot, src=1, dst=0, size=2 << 20,
                bytes=2 << 20, calls=1, base="v7.3 loop")


def probe(chance, boot):
    ways = ["page by page", "same again", "rep movsb", "movnti"]
    for state in ("hot", "cold"):
        for size in (4096, 2 << 20):
            for read in (False, True):
                base = 200000 if state == "cold" else 40000
                add_row("probe", "copies", base, [settings["twin"], settings["ratio"], 0.5], ways, chance, boot,
                        state=state, size=size, read=read, bytes=2 << 20, calls=(2 << 20) // size, base=ways[0],
                        control=ways[1], chosen=ways[2])
    for name in ("aside", "missing"):
        add_row("probe", "copies", 40000, [1, 0.5, 0.5], ways, chance, boot, kind=name, size=2 << 20, bytes=2 << 20,
                calls=1, base=ways[0], control=ways[1], chosen=ways[2], **{name: "page faults count"})
    rounds[-1] = []


def maps(chance, boot):
    for function, ns in (("map", 240e6), ("unmap", 60e6)):
        add_row("memremap", function, ns, [], ["running kernel"], chance, boot, kind="private 1G order 9 node 1",
                state="", chosen="running kernel")


def moves(chance, boot):
    for order in (0, 9):
        for src, dst in ((0, 1), (1, 0)):
            add_row("move-pages", "move_pages", (1 << 30) / SIZES[order] / settings["ratio"], [], ["running kernel"],
                    chance, boot, size=4096 << order, src=src, dst=dst, bytes=1 << 30, chosen="running kernel")
    add_row("move-pages", "move_pages of hugetlb", 1, [], ["running kernel"], chance, boot, size=1 << 30, src=0, dst=1,
            chosen="running kernel", missing="no free pages")
    rounds[-1] = []


def main():
    for argument in sys.argv[2:]:
        name, value = argument.split("=")
        settings[name] = type(settings[name])(value)
    chance = random.Random("%s %s" % (settings["seed"], settings["boot"]))
    kinds = {"bench": bench, "conditions": conditions, "maps": maps, "node": node, "probe": probe, "rows": moves}
    kinds[sys.argv[1]](chance, chance.lognormvariate(0, settings["between"]))
    show({"environment": {
        "program": "probe" if sys.argv[1] == "probe" else "folio-copy-bench", "kernel": settings["kernel"],
        "version": "#1", "cpu": settings["cpu"], "vendor": "AuthenticAMD", "family": "25", "model": settings["model"],
        "stepping": "1", "microcode": settings["microcode"], "boot": settings["boot"], "seed": str(settings["seed"]),
        "pinned_to": 4, "evict": 134217728, "governor": "performance", "functional": bool(settings["functional"]),
        "warnings": []}})
    for row in rows:
        show(row)
    if sys.argv[1] == "probe":
        show({"way": "movdir64b", "benchmark": "probe", "function": "copies", "missing": "no such CPU"})
    for lines in rounds if settings["end"] else rounds[:-1]:
        for line in lines:
            show(line)
    if settings["end"]:
        disturbed = "other processes kept 1.0 CPUs busy" if settings["disturbed"] else None
        show({"end": {"seconds": 60, "warnings": [], "disturbed": disturbed}})


main()
