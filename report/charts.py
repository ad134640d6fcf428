# SPDX-License-Identifier: GPL-2.0
"""Charts of results: gnuplot draws each as SVG, which becomes part of a page.

gnuplot gets a placeholder colour for each role (ink, grid, c0 ...). draw() replaces it by a variable of the page's
style, such as var(--c0), so the charts fit both the light and the dark page.
"""
import math
import re
import shutil
import subprocess
import typing
import zlib

import samples
import tables
import verdicts

ROLES = ["ink", "grid", "floor", "c0", "c1", "c2", "c3", "c4", "c5", "c6", "c7"]
COLOURS = {role: "#0a0b%02x" % number for number, role in enumerate(ROLES)}
# The steps of the heat map, from 30% slower than the base to 30% faster.
HEAT = ["h%d" % step for step in range(7)]
COLOURS.update({role: "#0a0c%02x" % number for number, role in enumerate(HEAT)})

STYLE = """set border 3 lc rgb "{ink}"
set tics nomirror out textcolor rgb "{ink}"
set grid ytics lc rgb "{grid}" lt 1
set key outside bottom center horizontal textcolor rgb "{ink}" reverse Left samplen 2
set title textcolor rgb "{ink}"
set xlabel textcolor rgb "{ink}"
set ylabel textcolor rgb "{ink}"
""".format(**COLOURS)


class Chart(typing.NamedTuple):
    kind: str
    title: str
    svg: str


def quoted(text):
    return '"%s"' % re.sub(r'["\\`\x00-\x1f]', "_", text)


def number(value):
    """value for gnuplot's data, which cannot hold the infinite end of an interval"""
    return "%.6g" % value if math.isfinite(value) else "NaN"


def block(name, lines):
    return "$%s << END\n%s\nEND\n" % (name, "\n".join(" ".join(line) for line in lines))


def xtics(labels, axis="x"):
    return "set %stics (%s)\n" % (axis, ", ".join("%s %d" % (quoted(label), at) for at, label in enumerate(labels)))


def draw(kind, title, width, height, script):
    """A chart for a page with several SVGs: ids get a prefix of their own, colours become variables of the page's
    style"""
    terminal = 'set terminal svg size %d,%d dynamic noenhanced font "sans-serif,13"\n' % (width, height)
    if not shutil.which("gnuplot"):
        raise samples.Refused("no gnuplot to draw the charts: apt-get install gnuplot-nox")
    done = subprocess.run(["gnuplot"], input=terminal + STYLE + script, capture_output=True, text=True, check=False)
    if done.returncode or "</svg>" not in done.stdout:
        raise samples.Refused("gnuplot cannot draw '%s': %s" % (title, " ".join(done.stderr.split())[:300]))
    svg = done.stdout[done.stdout.index("<svg"):].replace("<title>Gnuplot</title>", "", 1)
    mine = "s%08x-" % zlib.crc32(script.encode())
    svg = re.sub(r"""(\bid=['"]|href=['"]#|url\(#)""", r"\1" + mine, svg)
    for role, colour in COLOURS.items():
        red, green, blue = bytes.fromhex(colour[1:])
        svg = re.sub(r"rgb\( *%d, *%d, *%d\)|%s" % (red, green, blue, colour), "var(--%s)" % role, svg, flags=re.I)
    return Chart(kind, title, svg)


def named(title, direction):
    return "%s, %s" % (title, direction) if direction else title


def by_direction(rows):
    groups = {}
    for row in rows:
        groups.setdefault(row.key.direction, []).append(row)
    return groups.items()


def colours_of(row, ways):
    """The base and the chosen way have the same colours in all charts; other ways get the next free colour"""
    known, rest = {row.base: "c0", row.chosen: "c1"}, iter(ROLES[ROLES.index("c2"):] * len(ways))
    return [known.get(way) or next(rest) for way in ways]


def throughput(title, rows):
    """GB/s by folio size, hot and cold, one chart per direction"""
    for direction, group in by_direction([row for row in rows if row.key.size and row.bytes and row.key.is_plain]):
        sizes = sorted({row.key.size for row in group})
        states = list(dict.fromkeys(row.key.state for row in group))
        ways = [way for way in dict.fromkeys(way for row in group for way in row.ways)
                if way not in {row.control for row in group}]
        script = 'set multiplot layout 1,%d\nset yrange [0:*]\nset ylabel "GB/s"\nset xrange [-0.3:%g]\n' % (
            len(states), len(sizes) - 0.7)
        script += xtics([samples.size_name(size) for size in sizes])
        for panel, state in enumerate(states):
            found = {row.key.size: row for row in group if row.key.state == state}
            lines = [[str(sizes.index(size))] + [number(tables.gbps(row, way)) if way in row.ways else "NaN"
                                                 for way in ways]
                     for size, row in sorted(found.items())]
            plots = ['$p%d using 1:%d with linespoints lc rgb "%s" lw 2 pt %d ps 0.6 title %s'
                     % (panel, 2 + i, COLOURS[colour], 4 + i, quoted(way))
                     for i, (way, colour) in enumerate(zip(ways, colours_of(group[0], ways)))]
            script += block("p%d" % panel, lines) + "set title %s\nplot %s\n" % (quoted(state), ", ".join(plots))
        yield draw("throughput", named(title, direction), 900, 380, script)


def ratios(title, rows, judged):
    """The chosen way against the base, with intervals, one chart per direction"""
    for direction, group in by_direction([row for row in rows if row.base and row.chosen]):
        names = [row.key._replace(src=None).what for row in group]
        found = [judged[row.key][row.chosen].ratio for row in group]
        lines = [[number(ratio.middle), str(at), number(ratio.low), number(min(ratio.high, 1e9))]
                 for at, ratio in enumerate(found)]
        # One row with a very wide interval must not squeeze the others.
        left = max(min(ratio.low for ratio in found), min(ratio.middle for ratio in found) / 1.5)
        right = min(max(ratio.high for ratio in found), max(ratio.middle for ratio in found) * 1.5)
        script = block("d", lines) + xtics(names, "y") + """unset grid
set grid xtics lc rgb "{grid}" lt 1
set yrange [{rows}:-0.6] noextend
set xrange [{left:g}:{right:g}]
set xlabel {label}
set arrow from 1, graph 0 to 1, graph 1 nohead lc rgb "{ink}"
set arrow from {limit}, graph 0 to {limit}, graph 1 nohead dt 2 lc rgb "{floor}"
unset key
plot $d using 1:2:3:4 with xerrorbars lc rgb "{c1}" lw 2 pt 7 ps 0.6
""".format(rows=len(group) - 0.4, left=min(left, 0.96), right=max(right, 1.04), limit=verdicts.FLOOR, **COLOURS,
           label=quoted("%s, times as fast as %s (dashed: %g)" % (group[0].chosen, group[0].base, verdicts.FLOOR)))
        yield draw("ratio", named(title, direction), 900, 110 + 20 * len(group), script)


def heat_role(ratio):
    """The colour of a ratio, in steps of 10%; the middle step is within 5% of the base"""
    step = round((ratio - 1) * 10)
    return HEAT[max(-3, min(3, step)) + 3]


def heat(title, rows, judged):
    """The ratio from each node to each node at the largest size, one chart per cache state"""
    rows = [row for row in rows if row.base and row.chosen and row.bytes and row.key.size and row.key.src is not None
            and row.key.is_plain]
    nodes = sorted({node for row in rows for node in (row.key.src, row.key.dst)})
    for state in dict.fromkeys(row.key.state for row in rows if len(nodes) > 1):
        group = [row for row in rows if row.key.state == state]
        size = max(row.key.size for row in group)
        script = 'set size ratio -1\nunset grid\nunset key\nset xlabel "to node"\nset ylabel "from node"\n'
        script += "set xrange [-0.5:%g]\nset yrange [%g:-0.5]\n" % (len(nodes) - 0.5, len(nodes) - 0.5)
        script += xtics([str(node) for node in nodes]) + xtics([str(node) for node in nodes], "y")
        for row in group:
            if row.key.size != size:
                continue
            verdict = judged[row.key][row.chosen]
            x, y = nodes.index(row.key.dst), nodes.index(row.key.src)
            script += 'set object rect center %d,%d size 0.98,0.98 fc rgb "%s" fs solid noborder behind\n' % (
                x, y, COLOURS[heat_role(verdict.ratio.middle)])
            for text, offset in (("%.2f%s" % (verdict.ratio.middle, verdict.mark), 0.5),
                                 ("%.1f GB/s" % tables.gbps(row, row.chosen), -0.6)):
                script += 'set label %s at %d,%d center offset 0,%g tc rgb "%s"\n' % (
                    quoted(text.strip()), x, y, offset, COLOURS["ink"])
        script += 'plot NaN notitle lc rgb "%s"\n' % COLOURS["ink"]
        yield draw("heat", "%s, %s %s" % (title, state, samples.size_name(size)), 200 + 110 * len(nodes),
                   130 + 110 * len(nodes), script)


def after_copy(title, rows, judged):
    """The same rows with and without reading the destination afterwards"""
    rows = [row for row in rows if row.base and row.chosen]
    by_key = {row.key: row for row in rows}
    for direction, group in by_direction(rows):
        pairs = [(row, by_key[row.key._replace(read=True)]) for row in group
                 if not row.key.read and row.key._replace(read=True) in by_key]
        if not pairs:
            continue
        script, plots = xtics([row.key._replace(src=None).what for row, _ in pairs]), []
        for side, (name, shift) in enumerate((("copied", -0.2), ("copied, then read", 0.2))):
            lines = []
            for at, pair in enumerate(pairs):
                ratio = judged[pair[side].key][pair[side].chosen].ratio
                lines.append([number(at + shift), number(ratio.middle), number(ratio.low), number(ratio.high)])
            script += block("s%d" % side, lines)
            plots.append('$s%d using 1:2:3:4:(0.36) with boxerrorbars lc rgb "%s" fs solid 0.6 title %s'
                         % (side, COLOURS["c%d" % (side + 1)], quoted(name)))
        script += ('set xtics rotate by 40 right\nset yrange [0:*]\nset xrange [-0.6:%g]\nset ylabel %s\n'
                   'set arrow from graph 0, first 1 to graph 1, first 1 nohead front lc rgb "%s"\nplot %s\n'
                   % (len(pairs) - 0.4, quoted("times as fast as %s" % pairs[0][0].base), COLOURS["ink"],
                      ", ".join(plots)))
        yield draw("after-copy", named(title, direction), 900, 420, script)


def charts_of(results, judged):
    charts = []
    for title, rows in results.tables().items():
        charts += throughput(title, rows)
        charts += ratios(title, rows, judged)
        charts += heat(title, rows, judged)
        charts += after_copy(title, rows, judged)
    return charts
