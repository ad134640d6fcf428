# SPDX-License-Identifier: GPL-2.0
"""Results as tables, for a terminal, in Markdown, and for the README."""
import dataclasses
import math
import statistics

import reference
import runs
import stats
import verdicts


@dataclasses.dataclass
class Table:
    title: str
    heads: list
    lines: list         # of cells, all text; the first one is the name
    notes: list
    marks: dict = dataclasses.field(default_factory=dict)       # (line, column) -> mark


def gbps(row, variant):
    return row.bytes / statistics.median(row.ns(variant))


def speed(row, variant):
    if row.bytes:
        return "%.1f" % gbps(row, variant)
    return "%.2f" % (statistics.median(row.ns(variant)) / 1e6)


def percent(ratio):
    """Half of the interval, its longer half"""
    if not math.isfinite(ratio.high):
        return "?"
    return "%.1f%%" % (100 * max(ratio.middle - ratio.low, ratio.high - ratio.middle) / ratio.middle)


def cell(ratio, mark):
    return ("%.2f ± %s%s" % (ratio.middle, percent(ratio), mark)).strip()


def is_regression(row, compared):
    return compared.get(row.candidate, (None, " "))[1] == "-"


def regressions_first(rows, compared):
    """Those of the candidate, worst first, and then all others as they are"""
    worst = sorted((row for row in rows if is_regression(row, compared[row.key])),
                   key=lambda row: compared[row.key][row.candidate][0].middle)
    return worst + [row for row in rows if not is_regression(row, compared[row.key])]


def compare_all(rows):
    """{key: {variant: (ratio, mark)}}"""
    alpha = verdicts.table_alpha(rows)
    return {row.key: {variant: verdicts.compare(row, variant, alpha) for variant in row.others} if row.base else {}
            for row in rows}


def notes_on(rows, compared):
    comparisons = sum(len(marks) for marks in compared.values())
    if not comparisons:
        return ["no base in these runs: scripts/regress compares them with those of another kernel"]
    notes = ["median ratio ± the longer half of its interval; 95%% sure of all %d comparisons at once: + faster, - slower"
             % comparisons]
    placement = max(row.placement_ns for row in rows)
    if placement:
        notes.append("no mark on less than %g ns per call: that much the place of the code decides" % placement)
    controlled = [row for row in rows if runs.CONTROL in row.variants]
    if controlled:
        good = sum(compared[row.key][runs.CONTROL][1] != "?" for row in controlled)
        notes.append("control: the base shows no difference from itself in %d of %d rows; a row where it does has a ?"
                     % (good, len(controlled)))
    losses = [row for row in rows if is_regression(row, compared[row.key])]
    candidates = sorted({row.candidate for row in rows if row.candidate})
    for candidate in candidates:
        named = ["%s %.2f" % (row.key.what, compared[row.key][candidate][0].middle)
                 for row in regressions_first(losses, compared) if row.candidate == candidate]
        notes.insert(0, "slower than %s: %s in %s" % (rows[0].base, candidate, ", ".join(named) or "no row"))
    return notes


def speeds(title, rows):
    compared = compare_all(rows)
    variants = list(dict.fromkeys(variant for row in rows for variant in row.others if row.base))
    heads = ["", "GB/s" if rows[0].bytes else "ms", "spread"] + variants + ["n"]
    table = Table("%s, against %s" % (title, rows[0].base) if rows[0].base else title, heads, [],
                  notes_on(rows, compared))
    for row in regressions_first(rows, compared):
        shown = row.base or row.candidate
        line = [row.key.what, speed(row, shown), "%.0f%%" % (100 * stats.spread(row.ns(shown)))]
        for variant in variants:
            if variant in compared[row.key]:
                ratio, mark = compared[row.key][variant]
                table.marks[len(table.lines), len(line)] = mark
                line.append(cell(ratio, mark))
            else:
                line.append("")
        table.lines.append(line + [str(row.rounds)])
    return table


def functional(title, rows):
    """Emulation: what ran, and no speed"""
    lines = [[row.key.what, ", ".join(row.variants), str(row.rounds)] for row in rows]
    return Table("%s (functional)" % title, ["", "variants", "n"], lines,
                 ["functional: the machine is emulated, so there is no speed and no ratio"])


def is_like(key, row):
    """Is a row of this run comparable with a published one? Without nodes it may be with any, else near is with near."""
    if not key.is_plain or not key.size or (key.size, key.state) != (row["size"], row["state"]):
        return False
    if key.src is not None and row["where"] and (key.src == key.dst) != (len(set(row["where"].split("->"))) == 1):
        return False
    return key.function in (row["function"], "copies")


def beside(rows, row):
    """The ratio of the first such row"""
    for mine in rows:
        if mine.base and mine.candidate and is_like(mine.key, row):
            ratio = stats.paired_ratio(mine.ns(mine.base), mine.ns(mine.candidate), 0.05)
            return "%.2f (%s)" % (ratio.middle, mine.key.what)
    return ""


def published(found, rows):
    with_sd = any("base_sd" in row for row in found["rows"])
    heads = ["", "version", "base", "series", "ratio", "of", "this run"]
    table = Table("published, %s: %s" % (found["name"], found["machine"]), heads, [],
                  ["source: %s" % found["source"], found["method"],
                   "%s%s; another machine and another method, so no verdict follows from the difference"
                   % (found["unit"], ", ± standard deviation" if with_sd else "")])
    for row in found["rows"]:
        name = " ".join(part for part in (row["function"], row["where"], row["state"],
                                          row["size"] and runs.size_name(row["size"])) if part)
        low, high = reference.ratios(found, row)
        speed = ["%g%s" % (row[side], " ± %g" % row[side + "_sd"] if side + "_sd" in row else "") if side in row else ""
                 for side in ("base", "series")]
        ratio = "%.2f" % low if low == high else "%.2f to %.2f" % (low, high)
        table.lines.append([name, row["version"], *speed, ratio, row["total"], beside(rows, row)])
    return table


def is_about(found, rows):
    """Copies or memory maps, which are what is measured without a folio size"""
    return any((found["unit"] == "ms") == (row.key.size is None) for row in rows)


def tables_of(results):
    if results.functional:
        return [functional(title, rows) for title, rows in results.tables().items()]
    tables = [speeds(title, rows) for title, rows in results.tables().items()]
    rows = list(results.rows.values())
    return tables + [published(found, rows) for found in reference.similar(results.environments)
                     if is_about(found, rows)]


def environment_lines(results):
    """What one must know to judge the numbers: what all runs agree on, then what they differ in"""
    lines = []
    keys = dict.fromkeys(key for environment in results.environments for key in environment if key != "warnings")
    for key in keys:
        values = list(dict.fromkeys(str(environment[key]) for environment in results.environments if key in environment))
        lines.append((key, ", ".join(values)))
    return lines


def head(results):
    one_line = ", ".join("%s %s" % line for line in environment_lines(results))
    return ["%s: %s" % (results.path, one_line)] + ["warning: %s" % text for text in results.warnings()] + results.missing


def text_table(table):
    widths = [max(len(line[i]) for line in table.lines + [table.heads]) for i in range(len(table.heads))]
    lines = [table.title] + ["  " + note for note in table.notes] + [""]
    for line in [table.heads] + table.lines:
        cells = [line[0].ljust(widths[0])] + [text.rjust(width) for text, width in zip(line[1:], widths[1:])]
        lines.append("  ".join(cells).rstrip())
    return lines + [""]


def text(results):
    lines = head(results) + [""]
    for table in tables_of(results):
        lines += text_table(table)
    return "\n".join(lines)


def markdown_table(heads, lines):
    shown = [heads, ["---"] + ["---:"] * (len(heads) - 1)] + lines
    return ["| %s |" % " | ".join(text.replace("|", "\\|") for text in line) for line in shown]


def markdown(results):
    lines = ["# %s" % results.path, ""] + ["- %s: %s" % line for line in environment_lines(results)]
    lines += ["- warning: %s" % warning for warning in results.warnings()] + ["- %s" % what for what in results.missing]
    for table in tables_of(results):
        lines += ["", "## %s" % table.title, ""] + ["%s  " % note for note in table.notes] + [""]
        lines += markdown_table(table.heads, table.lines)
    return "\n".join(lines) + "\n"


def pivot(title, rows):
    """The candidate only: a line per size or kind of memory, a column per condition"""
    compared = compare_all(rows)
    columns = list(dict.fromkeys(row.key._replace(size=None, kind="") for row in rows))
    names = list(dict.fromkeys((row.key.size, row.key.kind) for row in rows))
    cells = {row.key: cell(*compared[row.key][row.candidate]) for row in rows if row.candidate}
    lines = [[runs.size_name(size) if size else kind] +
             [cells.get(column._replace(size=size, kind=kind), "") for column in columns] for size, kind in names]
    sure = [note for note in notes_on(rows, compared) if "±" in note]
    candidate = ", ".join(dict.fromkeys(row.candidate for row in rows if row.candidate))
    return (["%s: %s, times as fast as %s; %s." % (title, candidate, rows[0].base, sure[0]), ""] +
            markdown_table([""] + [column.what for column in columns], lines))


def readme(results):
    """The block between the marks of the README"""
    first = results.environments[0]
    lines = ["%s, Linux %s" % (first.get("cpu"), first.get("kernel"))]
    lines += ["; warned of: %s" % "; ".join(results.warnings())] if results.warnings() else []
    lines = ["".join(lines)]
    for title, rows in results.tables().items():
        rows = [row for row in rows if row.key.decides]
        if any(row.base and row.candidate for row in rows):
            lines += [""] + pivot(title, rows)
    return "\n".join(lines) + "\n"
