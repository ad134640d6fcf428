# SPDX-License-Identifier: GPL-2.0
"""Records: results/CPU-DATE-DIGEST/samples.jsonl.gz, one per CPU, day and state of the patches, made by `make record`.

Its first line is {"record": {...}} with these fields:

date      the day of the measurement
series    the digest of all patches that were measured
files     the digests of all files that a way may consist of (report/series.py), as they were measured
busy      the reasons why the machine was busy, or null
imported  the origin of a record that `make record` did not make here, or null

A record names no host and no serial number, so its file can be mailed as it is. The kernel's command line may name
disks and hosts, and is left out.
"""
import glob
import gzip
import json
import os
import sys

import answer
import cli
import series
import tables
import verdicts


def slug(vendor, family, model, stepping):
    """The CPU as part of a file name"""
    name = {"AuthenticAMD": "amd", "GenuineIntel": "intel"}.get(vendor, "other")
    return "-".join([name] + ["".join(filter(str.isalnum, part)) for part in (family, model, stepping)])


def without_cmdline(text):
    """The lines of a run, without the kernel's command line in its environment"""
    lines = []
    for line in text.splitlines(True):
        if line.startswith('{"environment"'):
            run = json.loads(line)
            run["environment"].pop("cmdline", None)
            line = json.dumps(run) + "\n"
        lines.append(line)
    return "".join(lines)


def make(directory, date):
    """Joins all runs of `make record` in DIRECTORY into DIRECTORY/samples.jsonl.gz"""
    busy = series.read(os.path.join(directory, "busy")).split("\n")
    head = {"date": date, "busy": "; ".join(filter(None, dict.fromkeys(busy))) or None, "imported": None,
            **json.loads(series.read(os.path.join(directory, "state")))}
    text = json.dumps({"record": head}) + "\n"
    for name in sorted(glob.glob(os.path.join(glob.escape(directory), "*.jsonl"))):
        text += without_cmdline(series.read(name))
    # The gzip header has no time and no name, so that the same samples make the same bytes.
    with open(os.path.join(directory, "samples.jsonl.gz"), "wb") as file, gzip.GzipFile("", "wb", 9, file, 0) as packed:
        packed.write(text.encode())


def worst_rows(results, now):
    """{(table, way): worst verdict}, for the ways whose files are unchanged since the record"""
    judged, found = verdicts.judge_all(results), {}
    for key, of_row in judged.items():
        row = results.rows[key]
        if not row.base or row.aside or row.missing or key.is_part:
            continue
        for way, verdict in of_row.items():
            if series.counts(results.record, key.function, way, now):
                found.setdefault((key.table, way), []).append(verdict)
    return {what: verdicts.worst_first(of_way)[0] for what, of_way in found.items()}


def age(results):
    """The sort key of records by age: an imported record counts as older than one of the same day"""
    record = results.record or {"date": "", "imported": None}
    return record["date"], record["imported"] is None


def by_cpu(all_results, now):
    """{CPU: {(table, way): worst verdict}}, each from the newest record in which the way counts"""
    found = {}
    for results in sorted(all_results, key=age):
        if not results.functional:
            first = results.environments[0]
            cpu = "%s %s" % (first["cpu"], answer.core(first))
            found.setdefault(cpu, {}).update(worst_rows(results, now))
    return found


def shown(verdict):
    if verdict is None:
        return "no record"
    return "%s%s, %s" % (answer.bounds(verdict.ratio), verdict.mark and " " + verdict.mark, verdict.row.key.what)


def overview(all_results, chosen_only=False):
    """Each way's worst row on each CPU and over all CPUs. The series chooses a way by its worst row over all CPUs."""
    found = by_cpu(all_results, series.digests())
    chosen = {(key.table, row.chosen) for results in all_results for key, row in results.rows.items() if row.is_judged}
    ways = sorted({way for of_cpu in found.values() for way in of_cpu if not chosen_only} | chosen)
    table = tables.Table("each way's worst row, by CPU", ["", "worst of all"] + list(found), [], [tables.LEGEND,
                         "no record: the way was not measured there, or its files have changed since"])
    for name in ways:
        of_way = [of_cpu.get(name) for of_cpu in found.values()]
        worst = verdicts.worst_first([verdict for verdict in of_way if verdict])[:1]
        for column, verdict in enumerate((worst or [None]) + of_way, 1):
            if verdict:
                table.marks[len(table.lines), column] = verdict.mark
        table.lines.append([answer.label(*name)] +
                           ([answer.bounds(verdict.ratio) for verdict in worst] or ["no record"]) +
                           [shown(verdict) for verdict in of_way])
    return table


def headlines(results):
    """The CPU, and a line for all rows and for each table"""
    lines = answer.lines_of(results, verdicts.judge_all(results))
    return ["- " + lines[0]] + ["  - " + line for line in lines[1:]
                                if line.startswith(("record", "all:")) or ", against " in line]


def readme(all_results):
    table = overview(all_results, True)
    lines = [line for results in all_results for line in headlines(results)]
    return "\n".join(lines + ["", "Of the chosen ways, %s; %s." % (table.title, "; ".join(table.notes)), ""] +
                     tables.markdown_table(table)) + "\n"


def main():
    """Called by scripts/record: slug VENDOR FAMILY MODEL STEPPING, or make DIRECTORY DATE"""
    if sys.argv[1] == "slug":
        print(slug(*sys.argv[2:]))
    else:
        make(*sys.argv[2:])


if __name__ == "__main__":
    cli.run("record", main)
