# SPDX-License-Identifier: GPL-2.0
"""Checks that a file of samples has the format that report/ reads: check-json.py FILE"""
import json
import sys

NONE = type(None)
ENVIRONMENT = {"program": [str], "kernel": [str], "version": [str], "cpu": [str], "vendor": [str], "family": [str],
               "model": [str], "stepping": [str], "microcode": [str], "flags": [str], "boot": [str], "seed": [str],
               "pinned_to": [int], "last_level_cache": [int], "load": [int, float], "functional": [bool],
               "warnings": [list]}
ROW = {"row": [int], "benchmark": [str], "function": [str], "kind": [str], "src": [int, NONE], "dst": [int, NONE],
       "state": [str], "size": [int, NONE], "read": [bool], "threads": [int], "bystander": [int, NONE],
       "bytes": [int, NONE], "calls": [int, NONE], "ways": [list], "base": [str], "control": [str, NONE],
       "chosen": [str, NONE], "aside": [str, NONE], "missing": [str, NONE]}
STATES = ("hot", "cold", "touch", "map", "")


def check(condition, *what):
    if not condition:
        sys.exit("check-json.py: " + " ".join(map(str, what)))


def check_types(line, types):
    for key, allowed in types.items():
        check(key in line, "no", key, "in", line)
        check(type(line[key]) in allowed, key, "is", line[key])


def check_environment(environment):
    check_types(environment, ENVIRONMENT)
    for key, value in environment.items():
        flat = key == "warnings" or isinstance(value, (str, int, float))
        check(flat and value != "", key, "is", value)
    check(environment["seed"].isdigit(), "the seed is", environment["seed"])
    check(all(isinstance(text, str) and text for text in environment["warnings"]), "warnings:", environment["warnings"])


def check_row(row, number):
    check_types(row, ROW)
    check(row.keys() == ROW.keys(), "keys of a row:", *(row.keys() ^ ROW.keys()))
    check(row["row"] == number, "row", row["row"], "is in the place of row", number)
    check(row["state"] in STATES, "the state is", row["state"])
    check(len(set(row["ways"])) == len(row["ways"]), "a way twice:", row["ways"])
    for role in ("base", "control", "chosen"):
        check(row[role] is None or row[role] in row["ways"], role, "is not measured:", row)


def check_round(line, row, functional, count):
    check(not row["missing"], "a round of a row that is missing:", line)
    check(line["round"] == count, "round", line["round"], "is in the place of round", count, "of row", line["row"])
    check(sorted(line.get("order", range(len(row["ways"])))) == list(range(len(row["ways"]))), "order:", line)
    if functional:
        check(line["ns"] is None, "emulation has no speed:", line)
        return
    check("ns" in line, "no ns:", line)
    beside = ("bystander_ns", "alone_ns")
    for name in beside:
        check((name in line) == (row["bystander"] is not None), name, "of a row with bystander", row["bystander"], line)
    for name in ("ns",) + beside:
        taken = line.get(name, [1] * len(row["ways"]))
        check(len(taken) == len(row["ways"]) and all(ns > 0 for ns in taken), name, line)


def main(path):
    with open(path, encoding="utf-8") as file:
        first, *lines, last = map(json.loads, file)
    check_environment(first.get("environment", {}))
    check(isinstance(last.get("end", {}).get("seconds"), float) and isinstance(last["end"]["warnings"], list),
          "the last line is", last)
    rows = [line for line in lines if "row" in line and "round" not in line]
    ways = [line for line in lines if "way" in line]
    rounds = [line for line in lines if "round" in line]
    check(rows + ways + rounds == lines, "lines of no known kind, or in another order than plan, missing ways, rounds")
    for number, row in enumerate(rows):
        check_row(row, number)
    for line in ways:
        check(line.keys() == {"way", "benchmark", "function", "missing"} and line["missing"], "a way:", line)
    counts = [0] * len(rows)
    for line in rounds:
        check_round(line, rows[line["row"]], first["environment"]["functional"], counts[line["row"]])
        counts[line["row"]] += 1
    for row, count in zip(rows, counts):
        check(row["missing"] or count > 1, "too few rounds of row", row["row"])
    print("%d rows, %d rounds" % (len(rows), len(rounds)))


main(*sys.argv[1:])
