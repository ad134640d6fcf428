# SPDX-License-Identifier: GPL-2.0
"""Results as tables, for a terminal, in Markdown, and for the README."""
import dataclasses
import statistics

import answer
import reference
import samples
import stats
import verdicts


@dataclasses.dataclass
class Table:
    title: str
    heads: list
    lines: list         # lists of cells, all text; the first cell is the name of the row
    notes: list
    marks: dict = dataclasses.field(default_factory=dict)       # (line, column) -> mark


LEGEND = ("ratios: the median of all rounds (and the bounds of its interval); - slower: upper bound < 1; no mark, not "
          "slower: lower bound >= %g; ? undecided; + faster by 3%% for sure: lower bound >= %g"
          % (verdicts.FLOOR, verdicts.GAIN))


def gbps(row, way):
    return row.bytes / statistics.median(row.ns(way))


def speed(row, way):
    if row.bytes:
        return "%.1f" % gbps(row, way)
    return "%.2f" % (statistics.median(row.ns(way)) / 1e6)


def cell(verdict):
    if not verdict.rounds:
        return "?"
    return (answer.bounds(verdict.ratio).replace(" to ", "-") + " " + verdict.mark).strip()


def in_order(rows, judged):
    """First the rows whose chosen way is slower, worst first; then all other rows in their old order"""
    slower = [judged[row.key][row.chosen] for row in rows
              if row.is_judged and judged[row.key][row.chosen].verdict == verdicts.SLOWER]
    worst = [verdict.row for verdict in verdicts.worst_first(slower)]
    return worst + [row for row in rows if row not in worst]


def notes_on(rows, judged):
    found = [judged[row.key][row.chosen] for row in rows if row.is_judged]
    notes = ["%s: %s of %d rows" % (found[0].way, answer.counts(found), len(found))] if found else []
    notes += ["not judged: %s" % why for why in dict.fromkeys(row.aside for row in rows if row.aside)]
    return notes


def every_row(title, rows, judged):
    """All rows and ways of a table"""
    ways = list(dict.fromkeys(way for row in rows for way in judged[row.key]))
    heads = ["", "GB/s" if rows[0].bytes else "ms", "spread"] + ways + ["n"]
    table = Table("%s, times as fast as %s" % (title, rows[0].base) if rows[0].base else title, heads, [],
                  notes_on(rows, judged))
    for row in in_order(rows, judged):
        shown = row.base or row.chosen
        line = [row.key.what, speed(row, shown), "%.0f%%" % (100 * stats.spread(row.ns(shown)))]
        for way in ways:
            if way in judged[row.key]:
                table.marks[len(table.lines), len(line)] = judged[row.key][way].mark
            line.append(cell(judged[row.key][way]) if way in judged[row.key] else "")
        table.lines.append(line + [str(row.rounds)])
    return table


def chosen_only(title, rows, judged):
    """The ratios of the chosen way: a line per size or kind of memory, a column per condition"""
    rows = [row for row in rows if row.base and row.chosen and not row.key.is_part]
    columns = list(dict.fromkeys(row.key._replace(size=None, kind="") for row in rows))
    names = list(dict.fromkeys((row.key.size, row.key.kind) for row in rows))
    found = {row.key: judged[row.key][row.chosen] for row in rows}
    ways = ", ".join(dict.fromkeys(row.chosen for row in rows))
    table = Table("%s: %s, times as fast as %s" % (title, ways, rows[0].base),
                  [""] + [column.what for column in columns], [], notes_on(rows, judged))
    for size, kind in names:
        line = [" ".join(filter(None, (kind, size and samples.size_name(size))))]
        for column in columns:
            verdict = found.get(column._replace(size=size, kind=kind))
            if verdict:
                table.marks[len(table.lines), len(line)] = verdict.mark
            line.append(cell(verdict) if verdict else "")
        table.lines.append(line)
    return table


def functional(title, rows):
    """Rows of an emulated machine: the ways that ran, without speeds"""
    lines = [[row.key.what, ", ".join(row.ways), str(row.rounds)] for row in rows]
    return Table("%s (functional)" % title, ["", "ways", "n"], lines, [])


def is_like(key, row):
    """Whether a row of this run is comparable with a published row. A row without nodes is comparable with any nodes.
    Otherwise, a copy within a node is comparable with the same, and a copy between nodes likewise."""
    if not key.is_plain or not key.size or (key.size, key.state) != (row["size"], row["state"]):
        return False
    if key.src is not None and row["where"] and (key.src == key.dst) != (len(set(row["where"].split("->"))) == 1):
        return False
    return key.function in (row["function"], "copies")


def beside(judged, row):
    """The ratio of the first row of this run that is comparable with the published row"""
    for key, found in judged.items():
        for verdict in found.values():
            if verdict.row.is_judged and verdict.way == verdict.row.chosen and is_like(key, row) and verdict.rounds:
                return "%.2f (%s)" % (verdict.ratio.middle, key.what)
    return ""


def published(found, judged):
    with_sd = any("base_sd" in row for row in found["rows"])
    heads = ["", "version", "base", "series", "ratio", "of", "this run"]
    table = Table("published, %s: %s" % (found["name"], found["machine"]), heads, [],
                  ["source: %s" % found["source"], found["method"],
                   "%s%s; another machine and another method, so no verdict follows from the difference"
                   % (found["unit"], ", ± standard deviation" if with_sd else "")])
    for row in found["rows"]:
        name = " ".join(part for part in (row["function"], row["where"], row["state"],
                                          row["size"] and samples.size_name(row["size"])) if part)
        low, high = reference.ratios(found, row)
        speed = ["%g%s" % (row[side], " ± %g" % row[side + "_sd"] if side + "_sd" in row else "") if side in row else ""
                 for side in ("base", "series")]
        ratio = "%.2f" % low if low == high else "%.2f to %.2f" % (low, high)
        table.lines.append([name, row["version"], *speed, ratio, row["total"], beside(judged, row)])
    return table


def is_about(found, rows):
    """Whether found is about the same kind of rows: copies, or memory maps (unit ms, rows without a folio size); if its
    CPU is unknown, about the same functions"""
    if "vendor" not in found:
        return any(row.key.function in {line["function"] for line in found["rows"]} for row in rows)
    return any((found["unit"] == "ms") == (row.key.size is None) for row in rows)


def tables_of(results, judged):
    """All rows and ways, and the published numbers for this CPU"""
    if results.functional:
        return [functional(title, rows) for title, rows in results.tables().items()]
    tables = [every_row(title, rows, judged) for title, rows in results.tables().items()]
    rows = list(results.rows.values())
    return tables + [published(found, judged) for found in reference.similar(results.environments)
                     if is_about(found, rows)]


def short_tables(results, judged):
    """Tables of the chosen ways, and of rows without a base"""
    if results.functional:
        return tables_of(results, judged)
    tables = []
    for title, rows in results.tables().items():
        if any(row.base and row.chosen and not row.key.is_part for row in rows):
            tables.append(chosen_only(title, rows, judged))
        elif not any(row.base for row in rows):
            tables.append(every_row(title, rows, judged))
    return tables


def environment_lines(results):
    """The facts that the reader needs to judge the numbers: for each key the values of all runs"""
    keys = dict.fromkeys(key for environment in results.environments for key in environment if key != "warnings")
    return [(key, ", ".join(dict.fromkeys(str(environment[key]) for environment in results.environments
                                          if key in environment)))
            for key in keys]


def text_table(table):
    widths = [max(len(line[i]) for line in table.lines + [table.heads]) for i in range(len(table.heads))]
    lines = [table.title] + ["  " + note for note in table.notes] + [""]
    for line in [table.heads] + table.lines:
        cells = [line[0].ljust(widths[0])] + [text.rjust(width) for text, width in zip(line[1:], widths[1:])]
        lines.append("  ".join(cells).rstrip())
    return lines + [""]


def legend(judged):
    return [LEGEND, ""] if any(judged.values()) else []


def text(results, rows=False):
    """rows: show all rows and ways, instead of the chosen ways alone"""
    judged = verdicts.judge_all(results)
    lines = [results.path] + answer.lines_of(results, judged) + [""] + legend(judged)
    for table in (tables_of if rows else short_tables)(results, judged):
        lines += text_table(table)
    others = [] if results.functional else answer.exploratory(results, judged)
    if others:
        lines += ["other ways, judged as a family of their own:"] + ["  " + line for line in others] + [""]
    return "\n".join(lines)


def markdown_table(table):
    shown = [table.heads, ["---"] + ["---:"] * (len(table.heads) - 1)] + table.lines
    return ["| %s |" % " | ".join(text.replace("|", "\\|") for text in line) for line in shown]


def markdown(results):
    judged = verdicts.judge_all(results)
    lines = ["# %s" % results.path, ""] + ["- %s" % line.strip() for line in answer.lines_of(results, judged)]
    lines += [""] + legend(judged)
    for table in tables_of(results, judged):
        lines += ["", "## %s" % table.title, ""] + ["%s  " % note for note in table.notes] + [""]
        lines += markdown_table(table)
    lines += ["", "## Environment", ""] + ["- %s: %s" % line for line in environment_lines(results)]
    return "\n".join(lines) + "\n"


def readme(results):
    """The text between the marks of the README"""
    judged = verdicts.judge_all(results)
    lines = ["- %s" % line.strip() for line in answer.lines_of(results, judged)] + [""] + legend(judged)[:1]
    for table in short_tables(results, judged):
        lines += ["", table.title + ":", ""] + markdown_table(table)
    return "\n".join(lines) + "\n"
