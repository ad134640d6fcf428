# SPDX-License-Identifier: GPL-2.0
"""Results as one HTML page without a script. It needs no network and no other file."""
import html

import answer
import charts
import tables
import verdicts

# The kinds of charts with their headings, the overview first.
KINDS = {
    "heat": "Node by node: times as fast as the base, and GB/s",
    "throughput": "Throughput by folio size",
    "ratio": "The chosen ways against v7.3, with intervals that hold for all rows at once",
    "after-copy": "Copy, and copy then read",
}

HEAD = """<!DOCTYPE html>
<html lang="en">
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="color-scheme" content="light dark">
<link rel="icon" href="data:,">
<title>%s</title>
<style>
:root {
        color-scheme: light dark;
        --paper: #fff; --ink: #1b1f24; --faint: #5b636d; --grid: #d8dce1;
        --good: #0b6e3b; --bad: #b3261e; --unsure: #8a5a00; --floor: #b3261e;
        --c0: #5b636d; --c1: #0a5fb4; --c2: #c2580a; --c3: #b0457a;
        --c4: #0b7d53; --c5: #8a3fb0; --c6: #7a6a00; --c7: #008095;
        --h0: #e8927c; --h1: #f0b7a6; --h2: #f7dcd3; --h3: #eceef0; --h4: #d3e5f5; --h5: #a8cdec; --h6: #7ab2e0;
}
@media (prefers-color-scheme: dark) {
        :root {
                --paper: #14171a; --ink: #e4e7ea; --faint: #a3abb4; --grid: #363c43;
                --good: #59c98d; --bad: #ff8a7a; --unsure: #e0b050; --floor: #ff8a7a;
                --c0: #a3abb4; --c1: #62aef5; --c2: #f09a4f; --c3: #f08ab8;
                --c4: #4fcf9c; --c5: #cf92ee; --c6: #d8c54a; --c7: #4fc6da;
                --h0: #8f3325; --h1: #6b2c22; --h2: #46261f; --h3: #2a2e33; --h4: #1f3750; --h5: #1d4d7d; --h6: #1a64a8;
        }
}
body { background: var(--paper); color: var(--ink); font: 15px/1.45 sans-serif; }
body { max-width: 76rem; margin: 0 auto; padding: 1rem; }
figure { margin: 1rem 0 2rem; overflow-x: auto; }
figcaption { font-weight: bold; }
svg { max-width: 100%%; height: auto; background: transparent; }
.heat { display: flex; flex-wrap: wrap; gap: 0 1rem; }
.heat svg { width: 26rem; }
.scroll { overflow-x: auto; }
table { border-collapse: collapse; font-variant-numeric: tabular-nums; font-size: 13px; }
td, th { padding: .15rem .6rem; text-align: right; white-space: nowrap; border-bottom: 1px solid var(--grid); }
td:first-child, th:first-child { text-align: left; }
dl { display: grid; grid-template-columns: max-content 1fr; gap: .1rem 1rem; font-size: 13px; }
dd { margin: 0; overflow-wrap: anywhere; }
.note, dt { color: var(--faint); }
.warning, .slower { color: var(--bad); }
.faster { color: var(--good); }
.undecided { color: var(--unsure); }
.answer { font-weight: bold; margin: .6rem 0 .2rem; }
p { margin: .2rem 0; }
</style>
"""


def escape(text):
    return html.escape(text, quote=True)


def cell(table, line, column, text):
    mark = table.marks.get((line, column))
    kind = {"+": ' class="faster"', "-": ' class="slower"', "?": ' class="undecided"'}.get(mark, "")
    return "<td%s>%s</td>" % (kind, escape(text))


def table_lines(table):
    lines = ["<h3>%s</h3>" % escape(table.title)] + ['<p class="note">%s</p>' % escape(note) for note in table.notes]
    lines.append('<div class="scroll"><table><thead><tr>%s</tr></thead><tbody>'
                 % "".join("<th>%s</th>" % escape(text) for text in table.heads))
    for number, line in enumerate(table.lines):
        lines.append("<tr>%s</tr>" % "".join(cell(table, number, column, text) for column, text in enumerate(line)))
    return lines + ["</tbody></table></div>"]


def chart_lines(found):
    lines = []
    for kind, what in KINDS.items():
        of_kind = [chart for chart in found if chart.kind == kind]
        if of_kind:
            lines.append('<h2>%s</h2><div class="%s">' % (what, kind))
        for chart in of_kind:
            lines.append('<figure data-chart="%s"><figcaption>%s</figcaption>%s</figure>'
                         % (kind, escape(chart.title), chart.svg.replace("<svg", '<svg role="img"', 1)))
        lines += ["</div>"] if of_kind else []
    return lines


def answer_lines(lines):
    """The lines of the answer: headlines, and the notes below each"""
    shown = []
    for line in lines:
        kind = ("warning" if line.startswith(("warning:", "busy:")) else "slower" if line.startswith("  slower:") else
                "note" if line.startswith((" ", "not measured", "to decide", "control", "User-Mode")) else "answer")
        shown.append('<p class="%s">%s</p>' % (kind, escape(line.strip())))
    return shown


def result_lines(results):
    judged = verdicts.judge_all(results)
    lines = ["<h1>%s</h1>" % escape(results.path)] + answer_lines(answer.lines_of(results, judged))
    if not results.functional:
        lines += ['<p class="note">%s</p>' % escape(line)
                  for line in tables.legend(judged) + answer.exploratory(results, judged) if line]
        for table in tables.short_tables(results, judged):
            lines += table_lines(table)
        lines += chart_lines(charts.charts_of(results, judged))
    lines.append("<h2>All rows and ways</h2>")
    for table in tables.tables_of(results, judged):
        lines += table_lines(table)
    lines.append("<h2>Environment</h2><dl>")
    lines += ["<dt>%s</dt><dd>%s</dd>" % (escape(key), escape(value))
              for key, value in tables.environment_lines(results)]
    return lines + ["</dl>"]


def overview_lines(table):
    return ["<h1>%s</h1>" % escape(table.title)] + table_lines(table)[1:]


def page(all_results, overview=None):
    """overview: the table over all CPUs, or None"""
    lines = [HEAD % escape("Copies: " + ", ".join(results.path for results in all_results))]
    lines += overview_lines(overview) if overview else []
    for results in all_results:
        lines += result_lines(results)
    return "\n".join(lines) + "\n"
