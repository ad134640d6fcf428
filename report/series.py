# SPDX-License-Identifier: GPL-2.0
"""The files that each way consists of, and their digests. A record counts for a way as long as its files are unchanged.

The digest of a file that the series adds is made from the file: it does not matter which patches add which parts. That
of an existing file is made from its changed lines: the lines with + or - in all patches. Context lines, messages,
comments, blanks, exports, __always_inline for inline, and the order of patches to different files do not count: no CPU
executes them.
"""
import glob
import hashlib
import json
import os
import re
import sys
import typing

import cli
import samples

ROOT = os.path.join(os.path.dirname(os.path.realpath(__file__)), "..")

COPY_PAGES = ("arch/x86/include/asm/page_64.h", "arch/x86/lib/copy_pages_64.S")
COPY_MC = ("arch/x86/lib/copy_mc.c", "arch/x86/lib/copy_mc_64.S")
PAST_CACHES = ("arch/x86/lib/copy_mc_nontemporal_64.S",)
# cow.c has the orders of v7.3 and of the series.
COPY_ON_WRITE = ("mm/memory.c", "include/linux/copy_pages.h", "probe/cow.c")
FOLIO_COPY = ("mm/util.c", "include/linux/copy_pages.h", "arch/um/include/asm/page.h", "arch/x86/um/asm/copy_pages.h",
              "arch/x86/um/copy_pages_64.c", "arch/x86/lib/copy_pages_64.S")
STREAMS = ("probe/streams.h",)
# slow-path.c has v7.3's stores, the base of all fills.
FILLS = ("probe/fills.c", "probe/slow-path.c") + STREAMS
REGISTERS = ("mm/memmap_fill.c", "probe/memmap_fill.c", "probe/page-fills.c", "probe/slow-path.c")
PAGE_FILLS = REGISTERS + STREAMS
NORMAL = ("probe/normal.c", "probe/fills.c") + COPY_PAGES
PROBE = ("probe/cow.c", "probe/fills.c", "probe/memmap_fill.c", "probe/page-fills.c", "probe/normal.c",
         "probe/slow-path.c", "probe/streams.h")

# The files whose code decides whether the samples of a way still count, by function and way. files_of() adds memory
# maps and normal memory. All other ways depend on no file. In older records, movnti is a sketch of "past the caches".
SERIES = {
    "copies": {"unrolled": COPY_PAGES, "rep movsq": COPY_PAGES, "rep movsb": COPY_PAGES,
               "past the caches": PAST_CACHES, "movnti": STREAMS, "movdir64b": STREAMS},
    "copies_mc": {"fragile": COPY_MC, "rep movsq": COPY_MC, "rep movsb": COPY_MC, "past the caches": PAST_CACHES},
    "folio_copy": {"running kernel": FOLIO_COPY},
    "folio_mc_copy": {"running kernel": FOLIO_COPY},
    "cow": {"forward runs": COPY_MC + COPY_ON_WRITE, "one run": COPY_MC + COPY_ON_WRITE},
}
SERIES["nodes"] = SERIES["copies"]


def files_of_fill(way):
    if way == "registers":
        return REGISTERS
    fills = PAGE_FILLS if way.startswith(("own", "movnti,", "rep stosq")) else FILLS
    return fills + (COPY_PAGES if way.endswith(("unrolled", "rep movsq", "rep movsb")) else ())


def files_of(function, way):
    if function == "memmap":
        return files_of_fill(way)
    if function == "normal memory":
        return NORMAL
    return SERIES.get(function, {}).get(way, ())


def read(path):
    try:
        with open(path, encoding="utf-8", newline="") as file:
            return file.read()
    except OSError as error:
        raise samples.Refused("%s: cannot be read: %s" % (path, error.strerror)) from error


def code(text):
    """text without comments, blanks, exports, hints to inline, and line ends, but line ends around a
    preprocessor line stay. A comment counts as code if only a part of it is in the text."""
    text = re.sub(r"/\*.*?\*/", "", text, flags=re.DOTALL).replace("\\\n", "")
    text = re.sub(r"^EXPORT_SYMBOL(_GPL)?\(\w+\);?$", "", text, flags=re.MULTILINE)
    text = re.sub(r"\b__always_inline\b", "inline", text)
    lines = (re.sub(r"\s", "", line) for line in text.split("\n"))
    return "".join("\n%s\n" % line if line.startswith("#") else line for line in lines)


def runs(patch):
    """(file, sign, lines) for each run of consecutive lines that a patch adds or removes"""
    file, sign, lines = None, None, []
    for line in patch.split("\n") + [""]:
        changed = line[:1] if file and line[:1] in ("+", "-") and not line.startswith(("+++ ", "--- ", "-- ")) else None
        if changed != sign and sign:
            yield file, sign, lines
            lines = []
        sign = changed
        if sign:
            lines.append(line[1:])
        elif line.startswith("diff --git "):
            file = line.rsplit(" b/", 1)[1]
        elif line.startswith("-- "):
            file = None


def added(patch):
    """The files that a patch adds"""
    return re.findall(r"^diff --git a/.* b/(.*)\nnew file mode ", patch, flags=re.MULTILINE)


class Posting(typing.NamedTuple):
    """A row of patches/postings"""
    name: str
    first: int
    last: int
    prefix: str         # of the subjects
    what: str
    also: str           # files whose maintainers get it, too

    @property
    def numbers(self):
        return ["%04d" % number for number in range(self.first, self.last + 1)]


def postings(root=ROOT):
    path = os.path.join(root, "patches", "postings")
    lines = read(path).splitlines() if os.path.exists(path) else []
    rows = [line.split("\t") for line in lines if line[:1] not in ("", "#")]
    return [Posting(name, int(first), int(last), *others) for name, first, last, *others in rows]


def rfcs(root):
    """The numbers of the patches that are in an RFC"""
    return {number for posting in postings(root) if "RFC" in posting.prefix for number in posting.numbers}


def changed_code(root, drafts=()):
    """{file: its changed code in all patches, or all of it if a patch adds the file}; without the lines that patches of
    drafts change in files of the kernel"""
    changes, own = {}, set()
    for path in sorted(glob.glob(os.path.join(glob.escape(root), "patches", "[0-9]*.patch"))):
        patch = read(path)
        own.update(added(patch))
        changes.update((file, []) for file in added(patch))
        for file, sign, lines in runs(patch):
            if os.path.basename(path)[:4] in drafts and file not in own:
                continue
            text = code("\n".join(lines))
            changes.setdefault(file, []).extend([sign + text] if text else [])
    if not changes:
        raise samples.Refused("%s has no patches: restore them with git checkout patches" % root)
    return {file: code(read(os.path.join(root, file))) if file in own else "\n".join(lines)
            for file, lines in changes.items()}


def digest(text):
    return hashlib.sha256(text.encode()).hexdigest()[:16]


def digests(root=ROOT):
    """{file: digest} for all files of the series and for the files of the probe's own ways. An RFC adds files for its
    own ways. To the functions of other ways it makes no difference, so its lines in files of the kernel do not
    count."""
    found = {file: digest(text) for file, text in changed_code(root, rfcs(root)).items()}
    found.update((file, digest(code(read(os.path.join(root, file))))) for file in PROBE)
    return found


def counts(record, function, way, now):
    """Whether the files of a way are the same now as in the record. Results without a record always count."""
    return record is None or all(record["files"].get(file) == now[file] for file in files_of(function, way))


def state(root=ROOT):
    """The digests that a record keeps"""
    return {"series": of_series(root), "files": digests(root)}


def of_series(root=ROOT):
    """One digest for the whole series"""
    return digest("".join("%s\n%s\n" % item for item in sorted(changed_code(root).items())))[:8]


def main():
    """Prints the digest of the series; with "state", all digests as JSON; with "files", a line per file of the
    series"""
    if sys.argv[1:] == ["state"]:
        print(json.dumps(state()))
    elif sys.argv[1:] == ["files"]:
        print("\n".join("%s %s" % (digest(text), file) for file, text in sorted(changed_code(ROOT).items())))
    else:
        print(of_series())


if __name__ == "__main__":
    cli.run("series", main)
