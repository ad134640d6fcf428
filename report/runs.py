# SPDX-License-Identifier: GPL-2.0
"""Results: what a results directory is, and how it is read.

A results directory holds the runs of one machine: all of its files *.json and *.jsonl, packed with gzip (.gz) or not.
Other files in it, such as a dmesg or a report, are not read. A file will do in the place of a directory.

A file has a JSON object per line. One with "environment" begins a run; everything up to the next one belongs to it.
Known keys of an environment: cpu (the model name), vendor, family, model, microcode, kernel, boot (boot_id: runs
with the same one are not independent), warnings (a list of what harms the measurement); all others are shown as they
are. The bench puts the kernel's release where the probe has an object with all of these. Samples come in four forms,
one per run:

probe/probe --json     "section": ways, the candidate (the one that the series takes) and rows, "without" some of the
                       ways where one takes long, "aside" where the candidate is not judged by the row;
                       then "pass": a round of a row, "ns" in the order of the ways, "order" as they ran
folio-copy-bench --json     a line per sample: order, src, dst, cache, read, threads, bystander (its CPU, or null),
                       seed, variant, slot, round, ns, bytes, and where there is such a thing first_ns, of the first
                       folio, bystander_ns, of a walk of the bystander, and alone_ns, of one while nobody copied;
                       FUNCTION_v73 is the base of FUNCTION, and of the primitives that it might copy by; the
                       environment has placement_ns, pinned_to (the CPU) and, of a preset, evict
the same, of memory maps    a line per round: type, size, order, altmap, node or driver, device; and map_ns, unmap_ns ...
anything else          a line per row, all of its samples in it:
	{"benchmark": "move-pages", "function": "move_pages", "size": 2097152, "src": 0, "dst": 1, "state": "cold",
	 "read": false, "bytes": 1073741824, "seed": 7, "base": null, "candidate": "running kernel",
	 "variants": ["running kernel"], "ns": [[...], ...], "order": [[0], ...]}
	{"benchmark": "move-pages", "missing": "move_pages 2M 0->1: why"} says what could not be measured.
	A round per element of ns and of order; those of ns are in the order of the variants, those of order say
	in which they ran. size is that of a folio, bytes those of a sample. Without a base there is nothing to compare
	with in the run, but with the runs of another kernel (scripts/regress).

The first round of every row is kept apart. Emulation has no speed: an environment with "functional": true, a sample
with "emulated" in the place of "ns", or QEMU's own CPU make results functional.

The same row in several runs, of one machine and kernel, is one row with more rounds.
"""
import dataclasses
import glob
import gzip
import json
import os
import re
import statistics
import typing

SUFFIXES = (".json", ".jsonl", ".json.gz", ".jsonl.gz")
CONTROL = "same again"
# Parts and side effects of a copy are in tables of their own.
FIRST, NEIGHBOUR = "first folio of ", "neighbour of "


class Refused(Exception):
    """One line that names cause and cure"""


class Key(typing.NamedTuple):
    benchmark: str
    function: str
    kind: str           # of memory, "" if there is one kind only
    src: int            # None: there are no nodes
    dst: int
    state: str          # hot, cold, touch
    size: int           # of a folio, None if that does not matter
    read: bool          # the destination is read after the copy
    threads: int = 1    # that copy at the same time
    bystander: int = None       # the CPU of somebody else who uses the caches meanwhile

    @property
    def is_plain(self):
        """Nothing but a copy, by one thread"""
        return not self.read and self.threads == 1 and self.bystander is None

    @property
    def decides(self):
        """Whether anything is slower: the first folio is in the time of the copy, and a neighbour is not what copies"""
        return not self.function.startswith((FIRST, NEIGHBOUR))

    @property
    def table(self):
        return "%s: %s" % (self.benchmark, self.function)

    @property
    def direction(self):
        return "" if self.src is None else "%d->%d" % (self.src, self.dst)

    @property
    def what(self):
        """All but the table"""
        parts = [self.kind, self.direction, self.state, self.size and size_name(self.size), self.read and "+read",
                 self.threads > 1 and "x%d" % self.threads, self.bystander is not None and "beside CPU %d" % self.bystander]
        return " ".join(part for part in parts if part)


@dataclasses.dataclass
class Row:
    key: Key
    bytes: int          # per sample, None if a sample is no copy: then its time counts, not its speed
    base: str           # None: nothing to compare with
    candidate: str      # what the series or the running kernel does; None in a run of controls
    variants: tuple
    calls: int = None
    # What the places where code lies differ in from build to build, per call: no interval shows it.
    placement_ns: float = 0
    boots: list = dataclasses.field(default_factory=list)       # (boot, {variant: ns of all rounds}) per run

    def ns(self, variant):
        return [ns for _, samples in self.boots for ns in samples[variant]]

    @property
    def rounds(self):
        return len(self.ns(self.variants[0]))

    @property
    def others(self):
        return [variant for variant in self.variants if variant != self.base]

    def boot_medians(self, variant):
        by_boot = {}
        for boot, samples in self.boots:
            by_boot.setdefault(boot, []).extend(samples[variant])
        return [statistics.median(ns) for ns in by_boot.values() if ns]

    def conditions(self):
        return self.bytes, self.base, self.candidate, self.variants, self.calls


@dataclasses.dataclass
class Results:
    path: str
    environments: list = dataclasses.field(default_factory=list)
    rows: dict = dataclasses.field(default_factory=dict)        # by Key
    missing: list = dataclasses.field(default_factory=list)     # what could not be measured, and why
    kernels: dict = dataclasses.field(default_factory=dict)     # by benchmark
    functional: bool = False

    def tables(self):
        """{what is in one: its rows}"""
        tables = {}
        for key, row in self.rows.items():
            tables.setdefault(key.table, []).append(row)
        return tables

    def warnings(self):
        return sorted({warning for environment in self.environments for warning in environment.get("warnings", [])})


def size_name(size):
    for unit, shift in (("G", 30), ("M", 20), ("K", 10)):
        if size >= 1 << shift and size % (1 << shift) == 0:
            return "%d%s" % (size >> shift, unit)
    return str(size)


def size_of(name):
    return int(name[:-1]) << {"K": 10, "M": 20, "G": 30}[name[-1]]


def read_file(path):
    """All objects of a file, each with where it is"""
    opener = gzip.open if path.endswith(".gz") else open
    try:
        with opener(path, "rt", encoding="utf-8") as file:
            lines = file.read().splitlines()
    except (OSError, EOFError, UnicodeDecodeError) as error:
        raise Refused("%s: cannot be read: %s" % (path, getattr(error, "strerror", None) or error)) from error
    objects = []
    for number, line in enumerate(lines, 1):
        where = "%s:%d" % (path, number)
        try:
            objects.append((where, json.loads(line)))
        except json.JSONDecodeError as error:
            raise Refused("%s: not JSON: the run was cut off there, or this is no file of samples" % where) from error
        if not isinstance(objects[-1][1], dict):
            raise Refused("%s: not a JSON object: this is no file of samples" % where)
    return objects


def split_runs(path, objects):
    runs = []
    for where, line in objects:
        if "environment" in line:
            runs.append((where, line, []))
        elif not runs:
            raise Refused("%s: no environment before the samples: take the file as the probe or the bench wrote it"
                          % where)
        else:
            runs[-1][2].append((where, line))
    if not runs:
        raise Refused("%s: no samples: the file is empty" % path)
    # A command that was refused left no more than its environment.
    return [run for run in runs if run[2]] or runs


def environment_of(line):
    if isinstance(line["environment"], dict):
        return line["environment"]
    environment = {key: value for key, value in line.items() if key != "environment"}
    return {"kernel": line["environment"], **environment}


def form_of(line):
    for form, reader, key in (("probe", read_probe, "section"), ("bench", read_bench, "variant"),
                              ("rows", read_rows, "benchmark"), ("maps", read_maps, "type"),
                              ("maps", read_maps, "driver")):
        if key in line:
            return form, reader
    return "unknown", None


def read_run(where, samples):
    """Rows with one boot each, and what is missing"""
    if not samples:
        raise Refused("%s: no samples in this run: it ended before the first one" % where)
    forms = {form_of(line)[0]: at for at, line in reversed(samples)}
    if "unknown" in forms:
        raise Refused("%s: a line of no known form: was it written by a newer version?" % forms["unknown"])
    if len(forms) > 1:
        raise Refused("%s: samples of %s in one run: one program writes a run" % (where, " and ".join(sorted(forms))))
    reader = form_of(samples[0][1])[1]
    try:
        return reader(where, samples)
    except (KeyError, TypeError, ValueError, IndexError, AttributeError) as error:
        raise Refused("%s: a sample of this run lacks something: %s %s" % (where, type(error).__name__, error)) from error


PROBE_ROW = re.compile(r"((?P<kind>(?:anon|memfd) \S+) )?((?P<src>\d+)->(?P<dst>\d+) )?(?P<state>hot|cold|touch)"
                       r"( (?P<size>\d+[KMG]))?(?P<read> \+read)?$")


def probe_key(section, name):
    found = PROBE_ROW.match(name)
    if not found:
        raise ValueError("row '%s'" % name)
    node = {end: None if found[end] is None else int(found[end]) for end in ("src", "dst")}
    return Key("probe", section, found["kind"] or "", node["src"], node["dst"], found["state"],
               found["size"] and size_of(found["size"]), bool(found["read"]))


def read_probe(_, samples):
    rows, ways, missing = {}, {}, []
    for _, line in samples:
        section = line["section"]
        if "ways" in line:
            ways[section] = [way["name"] for way in line["ways"]]
            there = tuple(way["name"] for way in line["ways"] if not way["missing"])
            missing += ["%s: %s" % (item["name"], item["missing"]) for item in line["ways"] + line["rows"]
                        if item["missing"]]
            for row in line["rows"]:
                if not row["missing"]:
                    taken = tuple(way for way in there if way not in row.get("without", ()))
                    rows[section, row["name"]] = Row(probe_key(section, row["name"]), row["bytes"], there[0],
                                                     None if row.get("aside") else line["candidate"], taken,
                                                     row["calls"], line["placement_ns"],
                                                     [(None, {way: [] for way in taken})])
        elif not line["first"]:
            row = rows[section, line["row"]]
            for way, ns in zip(ways[section], line["ns"], strict=True):
                if way in row.variants:
                    row.boots[0][1][way].append(ns)
    return list(rows.values()), missing


def name_variants(slots):
    """The bench's variants by slot -> {function: {name: slot}}"""
    functions = [name.removesuffix("_v73") for name in slots.values() if name.endswith("_v73")]
    named = {}
    for slot, variant in sorted(slots.items()):
        function = "folio_mc_copy" if variant.startswith(("folio_mc_copy", "mc_")) else "folio_copy"
        if function not in functions:
            raise ValueError("variant '%s' has no %s_v73" % (variant, function))
        names = named.setdefault(function, {})
        name = "running kernel" if variant == function else variant
        if name == function + "_v73":
            name = CONTROL if "v7.3 loop" in names else "v7.3 loop"
        names[name] = slot
    return named


def bench_key(line, function):
    return Key("bench", function, "", line["src"], line["dst"], line["cache"], 4096 << line["order"],
               line.get("read", False), line.get("threads", 1), line.get("bystander"))


def bench_row(key, nr_bytes, names, rounds, what, **more):
    """The row of one function; what: the word with the times"""
    ns = {name: [taken[slot].get(what) for taken in rounds] for name, slot in names.items()}
    candidate = "running kernel" if "running kernel" in names else None
    return Row(key, nr_bytes, "v7.3 loop", candidate, tuple(ns), boots=[(None, ns)], **more)


def bench_rows(line, slots, rounds):
    """Of one request, by the function. What took no time that could be told is 0 or not there"""
    rows, size = [], 4096 << line["order"]
    samples = [sample for taken in rounds for sample in taken.values()]
    known = {what for what in ("first_ns", "bystander_ns", "alone_ns") if all(sample.get(what) for sample in samples)}
    for function, names in name_variants(slots).items():
        key, nr_bytes = bench_key(line, function), line["bytes"]
        rows.append(bench_row(key, nr_bytes, names, rounds, "ns", calls=nr_bytes / size / key.threads))
        if rounds and "first_ns" in known:
            rows.append(bench_row(key._replace(function=FIRST + function), size, names, rounds, "first_ns", calls=1))
        if rounds and {"bystander_ns", "alone_ns"} <= known:
            row = bench_row(key._replace(function=NEIGHBOUR + function), None, names, rounds, "bystander_ns")
            row.boots[0][1]["alone"] = [taken[names[row.base]]["alone_ns"] for taken in rounds]
            row.variants += ("alone",)
            rows.append(row)
    return rows


def read_bench(where, samples):
    requests = {}
    for _, line in samples:
        asked = tuple(line.get(what) for what in ("order", "src", "dst", "cache", "read", "threads", "bystander", "seed"))
        _, slots, rounds = requests.setdefault(asked, (line, {}, {}))
        slots[line["slot"]] = line["variant"]
        if not line["first"]:
            if "emulated" not in line and "ns" not in line:
                raise KeyError("ns")
            rounds.setdefault(line["round"], {})[line["slot"]] = line
    rows = []
    for line, slots, rounds in requests.values():
        for taken in rounds.values():
            if taken.keys() != slots.keys():
                raise Refused("%s: a round of order %d, %d->%d, %s is not complete: the run was cut off"
                              % (where, line["order"], line["src"], line["dst"], line["cache"]))
        rows += bench_rows(line, slots, [rounds[number] for number in sorted(rounds)])
    return rows, []


def map_key(line, function):
    if "driver" in line:
        return Key("rebind", function, "%s %s" % (line["driver"], line["device"]), None, None, "", None, False)
    kind = "%s %s order %d%s node %d" % (line["type"], size_name(line["size"]), line["order"],
                                         " altmap" if line["altmap"] else "", line["node"])
    return Key("memremap", function, kind, None, None, "", None, False)


def read_maps(_, samples):
    """The kernel's own line counts in jiffies: where one of its times is 0, it says nothing"""
    times, missing = {}, []
    for _, line in samples:
        names = [name for name in line if name.endswith("_ns")] or ["rounds_ns"]
        for name in names:
            ns = times.setdefault(map_key(line, name.removesuffix("_ns")), [])
            ns += [] if line["first"] else [line.get(name)]
    for key in [key for key, ns in times.items() if key.function == "kernel_line" and 0 in ns]:
        missing.append("%s: took less than a jiffy" % key.table)
        del times[key]
    return [Row(key, None, None, "running kernel", ("running kernel",), boots=[(None, {"running kernel": ns})])
            for key, ns in times.items()], missing


def read_rows(_, samples):
    rows, missing = [], []
    for _, line in samples:
        if "missing" in line:
            missing.append("%s: %s" % (line["benchmark"], line["missing"]))
            continue
        key = Key(line["benchmark"], line["function"], "", line["src"], line["dst"], line["state"], line["size"],
                  line["read"])
        variants = tuple(line["variants"])
        rounds = line["ns"][1:]
        if any(len(taken) != len(variants) for taken in rounds):
            raise ValueError("a round of '%s'" % key.what)
        ns = {variant: [taken[i] for taken in rounds] for i, variant in enumerate(variants)}
        rows.append(Row(key, line["bytes"], line["base"], line["candidate"], variants, boots=[(None, ns)]))
    return rows, missing


def check_row(where, row, functional):
    samples = [ns for variant in row.variants for ns in row.ns(variant)]
    if not samples:
        raise Refused("%s: no samples of %s but the first, which is kept apart: measure longer" % (where, row.key.what))
    if not functional and not all(isinstance(ns, (int, float)) and ns > 0 for ns in samples):
        raise Refused("%s: a sample of %s is no time: measure that row again" % (where, row.key.what))


def add_row(results, where, row, boot):
    known = results.rows.setdefault(row.key, dataclasses.replace(row, boots=[]))
    if known.conditions() != row.conditions():
        raise Refused("%s: %s was measured in another way before: one directory per way of measuring"
                      % (where, row.key.what))
    known.boots += [(boot, samples) for _, samples in row.boots]


def add_run(results, where, environment, samples):
    environment = environment_of(environment)
    rows, missing = read_run(where, samples)
    functional = (bool(environment.get("functional")) or any("emulated" in line for _, line in samples) or
                  "TCG" in environment.get("cpu", ""))
    if results.environments:
        first = results.environments[0]
        if functional != results.functional:
            raise Refused("%s: functional and measured runs in one place: keep them apart" % where)
        if [first.get(what) for what in ("cpu", "microcode")] != [environment.get(what) for what in ("cpu", "microcode")]:
            raise Refused("%s: the run of another CPU (%s, and %s before): one directory per machine"
                          % (where, environment.get("cpu"), first.get("cpu")))
    # The probe, which takes whatever CPU it is on, has neither.
    for what in ("pinned_to", "evict"):
        known = [str(earlier[what]) for earlier in results.environments if what in earlier]
        if what in environment and known and str(environment[what]) != known[0]:
            raise Refused("%s: a run with %s %s, and %s before: one directory per way of measuring"
                          % (where, what, environment[what], known[0]))
    results.functional = functional
    boot = environment.get("boot", where)
    for row in rows:
        check_row(where, row, functional)
        kernel = results.kernels.setdefault(row.key.benchmark, environment.get("kernel"))
        if kernel != environment.get("kernel"):
            raise Refused("%s: the run of another kernel (%s, and %s before): one directory per kernel"
                          % (where, environment.get("kernel"), kernel))
        if row.calls and not row.placement_ns:
            row.placement_ns = float(environment.get("placement_ns", 0))
        add_row(results, where, row, boot)
    results.environments.append(environment)
    results.missing += [what for what in dict.fromkeys(missing) if what not in results.missing]


def files_of(path):
    if not os.path.exists(path):
        raise Refused("%s: not there: name a results directory, or a file of samples" % path)
    if not os.path.isdir(path):
        return [path]
    files = sorted(name for name in glob.glob(os.path.join(glob.escape(path), "*")) if name.endswith(SUFFIXES))
    if not files:
        raise Refused("%s: no samples: there is no *.json or *.jsonl in it" % path)
    return files


def read_results(path):
    results = Results(path)
    for file in files_of(path):
        for where, environment, samples in split_runs(file, read_file(file)):
            add_run(results, where, environment, samples)
    return results
