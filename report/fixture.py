# SPDX-License-Identifier: GPL-2.0
"""Runs as the bench and others write them, of a machine that does not exist, for tests: fixture.py KIND [SETTING=VALUE]

	bench       three nodes, two functions, hot and cold, in the form of folio-copy-bench --json
	probe       copies, and read after them, in the form of probe --json
	rows        move_pages(2) between two nodes, in the form of report/runs.py
	maps        memory maps of device memory, in the form of folio-copy-bench memmap --json
	node        one row of the bench: what a preset or regress --resample would ask for
	conditions  the same row with threads, a bystander and reads, each alone, and by primitives

Settings: ratio (of all rows), worst (of folio_copy 0->2 cold 2M), noise, samples, seed, boot, kernel, cpu, microcode,
between (of boots), placement (ns), functional (0 or 1), first (factor on the first sample).
"""
import json
import random
import sys

SIZES = {0: 8.0, 4: 13.0, 9: 15.5}   # order: GB/s, cold

settings = {"ratio": 1.2, "worst": 0.9, "noise": 0.01, "between": 0.0, "samples": 30, "first": 3, "seed": 1, "boot": "",
            "functional": 0, "placement": 0, "kernel": "7.3.4", "microcode": "0xa0011d1",
            "cpu": "AMD EPYC 7713 64-Core Processor"}


def environment():
    line = {"environment": settings["kernel"], "cpu": settings["cpu"], "vendor": "AuthenticAMD", "family": "25",
            "model": "1", "microcode": settings["microcode"], "seed": str(settings["seed"]), "governor": "performance"}
    if settings["placement"]:
        line.update(placement_ns=str(settings["placement"]), pinned_to="4", evict="134217728")
    if settings["boot"]:
        line["boot"] = settings["boot"]
    print(json.dumps(line))


def times(base, ratio, chance, boot):
    """Of a round: v7.3's loop, and what is compared with it"""
    drift = 1 + 0.1 * chance.random()
    speed = drift * boot
    return [round(ns * speed * chance.lognormvariate(0, settings["noise"]) * (10 if chance.random() < 0.01 else 1))
            for ns in (base, base / ratio)]


def bench_row(order, src, dst, cache, functions, chance, boot, **more):
    size = 4096 << order
    gbps = SIZES[order] * (4 if cache == "hot" else 1) * (1 if src == dst else 0.7) * (0.7 if 2 in (src, dst) else 1)
    for number in range(settings["samples"] + 1):
        for slot, function in enumerate(functions):
            worst = (function, order, src, dst, cache) == ("folio_copy", 9, 0, 2, "cold")
            taken = times((2 << 20) / gbps, settings["worst" if worst else "ratio"], chance, boot)
            for side, variant in enumerate((function + "_v73", function)):
                sample = {"kernel": settings["kernel"], "variant": variant, "slot": 2 * slot + side, "order": order,
                          "src": src, "dst": dst, "cpu": 0, "cache": cache, "seed": settings["seed"], "round": number,
                          "first": not number, "bytes": max(size, 2 << 20), **more}
                if settings["functional"]:
                    sample["emulated"] = "functional, no speed"
                else:
                    sample["ns"] = taken[side] * (1 if number else settings["first"])
                print(json.dumps(sample))


def bench(chance, boot):
    for order in SIZES:
        for src in range(3):
            for dst in range(3):
                for cache in ("hot", "cold"):
                    bench_row(order, src, dst, cache, ("folio_copy", "folio_mc_copy"), chance, boot)


def node(chance, boot):
    bench_row(9, 0, 2, "cold", ["folio_copy"], chance, boot)


def conditions(chance, boot):
    """Each twice as fast as the one before, to be told apart"""
    every = ({"threads": 1}, {"threads": 4}, {"read": True}, {"bystander": 3, "bystander_ns": 5000, "alone_ns": 4000},
             {"seed": 99, "first_ns": 7000})
    for number, more in enumerate(every):
        settings["seed"] = number
        bench_row(9, 0, number // 4, "hot", ["folio_copy"], chance, boot / 2 ** number, **more)
    for line in (["folio_copy_v73", 300000], ["movsq", 200000], ["folio_mc_copy_v73", 400000], ["mc_movsb", 200000]):
        primitives(*line)


def primitives(variant, ns):
    slot = ["folio_copy_v73", "movsq", "folio_mc_copy_v73", "mc_movsb"].index(variant)
    for number in range(settings["samples"] + 1):
        print(json.dumps({"order": 9, "src": 1, "dst": 0, "cache": "cold", "seed": 7, "variant": variant, "slot": slot,
                          "round": number, "first": not number, "bytes": 2 << 20, "ns": ns}))


def probe(chance, boot):
    ways = ["page by page", "same again", "rep movsb", "movdir64b"]
    names = ["%s %s%s" % (state, size, read)
             for state in ("hot", "cold") for size in ("4K", "2M") for read in ("", " +read")]
    print(json.dumps({"section": "copies", "verdicts": 16, "placement_ns": 2.0, "candidate": "rep movsb",
                      "ways": [{"name": way, "missing": "no such CPU" if way == "movdir64b" else None} for way in ways],
                      "rows": [{"name": name, "bytes": 2 << 20, "calls": 512 if "4K" in name else 1, "missing": None}
                               for name in names]}))
    for number in range(settings["samples"] + 1):
        for name in names:
            base, other = times(200000 if "cold" in name else 40000, settings["ratio"], chance, boot)
            taken = [ns * (1 if number else settings["first"]) for ns in (base, base + chance.choice((-1, 1)), other)]
            print(json.dumps({"section": "copies", "pass": number, "first": not number, "row": name,
                              "ns": taken + [None], "order": [0, 1, 2, 3]}))


def maps(chance, boot):
    for number in range(settings["samples"] + 1):
        taken, _ = times(240e6, 1, chance, boot)
        print(json.dumps({"kernel": settings["kernel"], "type": "private", "start": 1 << 40, "size": 1 << 30, "order": 9,
                          "altmap": 0, "node": 1, "cpu": 0, "pages": 1 << 18, "round": number, "first": not number,
                          "map_ns": taken * (1 if number else settings["first"]), "unmap_ns": taken // 4}))


def rows(chance, boot):
    for order in (0, 9):
        for src, dst in ((0, 1), (1, 0)):
            taken = [times((1 << 30) / SIZES[order], settings["ratio"], chance, boot)[1:]
                     for _ in range(settings["samples"] + 1)]
            print(json.dumps({"benchmark": "move-pages", "function": "move_pages", "size": 4096 << order,
                              "src": src, "dst": dst, "state": "cold", "read": False, "bytes": 1 << 30,
                              "cpu": 0, "seed": settings["seed"], "base": None, "candidate": "running kernel",
                              "variants": ["running kernel"], "ns": taken, "order": [[0]] * len(taken)}))
    print(json.dumps({"benchmark": "move-pages", "missing": "move_pages hugetlb-1G: no free pages"}))


def main():
    for argument in sys.argv[2:]:
        name, value = argument.split("=")
        settings[name] = type(settings[name])(value)
    chance = random.Random("%s %s" % (settings["seed"], settings["boot"]))
    environment()
    {"bench": bench, "conditions": conditions, "maps": maps, "node": node, "probe": probe, "rows": rows}[sys.argv[1]](chance, chance.lognormvariate(0, settings["between"]))


main()
