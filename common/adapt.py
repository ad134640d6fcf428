#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0
"""Patches for another kernel than the one that they were made for.

    adapt.py difference PATCH OTHER    prints what has to change in PATCH, so that it does what OTHER does: a diff of
                                       the two texts, without what follows from the position of a hunk or from the
                                       contents of a file
    adapt.py recount PATCH             prints PATCH with the numbers of lines that its hunks have

git am and patch(1) find a hunk at another position, but refuse one whose context or number of lines is another.
"""
import difflib
import re
import sys

HUNK = re.compile(r"@@ -(\d+)(?:,\d+)? \+(\d+)(?:,\d+)? @@(.*)")


def read(name):
    with open(name, encoding="utf-8", errors="surrogateescape") as f:
        return f.read().split("\n")


def without_signature(lines):
    """A mail may end with a line "-- " and a signature, which look like a part of the last hunk."""
    end = [i for i in range(max(0, len(lines) - 4), len(lines)) if lines[i] == "-- "]
    return (lines[:end[0]], lines[end[0]:]) if end else (lines, [])


def files(lines):
    """Splits a patch: the text in front of the diffs, and per file its header and its hunks."""
    head, found = [], []
    for line in without_signature(lines)[0]:
        if line.startswith("diff --git "):
            found.append(([line], []))
        elif not found:
            head.append(line)
        elif HUNK.match(line):
            found[-1][1].append([line])
        elif found[-1][1]:
            found[-1][1][-1].append(line)
        else:
            found[-1][0].append(line)
    return head, found


def adapted(patch, other):
    """The text of OTHER, with the head, the headers of files and the positions of hunks that PATCH has."""
    head, ours = files(patch)
    theirs = files(other)[1]
    known = {header[0]: (header, hunks) for header, hunks in ours}
    lines = list(head)
    for header, hunks in theirs:
        own_header, own_hunks = known.get(header[0], (header, hunks))
        lines += own_header
        for i, hunk in enumerate(hunks):
            same = [own for own in own_hunks if own[1:] == hunk[1:]]
            if same:
                lines += same[0]
            else:
                lines += [own_hunks[i][0] if len(own_hunks) == len(hunks) else hunk[0]] + hunk[1:]
    return lines + without_signature(patch)[1]


def difference(patch, other):
    old = read(patch)
    lines = difflib.unified_diff(old, adapted(old, read(other)), "a", "b", lineterm="", n=1)
    return "".join(line + "\n" for line in lines)


def recount(lines):
    out = []
    head, found = files(lines)
    out += head
    for header, hunks in found:
        out += header
        for hunk in hunks:
            body = hunk[1:]
            # The empty string behind the last newline belongs to no hunk.
            old = sum(line[:1] in (" ", "-") for line in body)
            new = sum(line[:1] in (" ", "+") for line in body)
            start, to, where = HUNK.match(hunk[0]).groups()
            out += [f"@@ -{start},{old} +{to},{new} @@{where}"] + body
    return "\n".join(out + without_signature(lines)[1])


def main():
    if len(sys.argv) == 4 and sys.argv[1] == "difference":
        sys.stdout.write(difference(sys.argv[2], sys.argv[3]))
    elif len(sys.argv) == 3 and sys.argv[1] == "recount":
        sys.stdout.write(recount(read(sys.argv[2])))
    else:
        sys.exit(__doc__)


if __name__ == "__main__":
    main()
