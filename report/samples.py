# SPDX-License-Identifier: GPL-2.0
"""Samples: what the probe and the bench write, and how it is read.

A results directory holds runs of one machine: its files *.json and *.jsonl, packed with gzip (.gz) or not. Other files in
it, such as a dmesg, are not read. A file will do in the place of a directory. A file is JSON lines, one or more runs:

{"record": {...}}         optional, first in the file: what `make record` says of the runs below (report/records.py)
{"environment": {...}}    begins a run. Strings, numbers and booleans, and "warnings", a list of strings. Always there:
                          program, kernel, version, cpu, vendor, family, model, stepping, microcode, boot, seed; "unknown"
                          where the machine does not tell. functional: the machine is emulated and has no speed.
                          clock_ns: the steps in which the clock goes.
{"row": 0, ...}           the plan, a line per row: its conditions (class Key), bytes and calls per sample, the ways that
                          are measured, and among these base (v7.3), control (the base again) and chosen (what the series
                          or the running kernel does here). aside: why chosen is not judged by this row. missing: why the
                          row cannot be measured on this machine.
{"way": "movdir64b", "benchmark": ..., "function": ..., "missing": why}     a way that this machine does not have
{"row": 0, "round": 0, "ns": [...], "order": [...]}     a round: a time per way, and the order in which they ran.
                          The first round is kept apart. first_ns: of the first folio; bystander_ns and alone_ns: of a
                          neighbour's walk, beside the copy and alone.
{"end": {...}}            seconds (null where nobody kept them), and the warnings that only the end knows. A run without
                          it was cut off.

Runs of one machine and kernel add up: the same row has more rounds then. Program, kernel, boot and seed tell two runs
apart, so that the same samples cannot count twice.
"""
import dataclasses
import gzip
import json
import os
import statistics
import typing
import zlib

SUFFIXES = (".json", ".jsonl", ".json.gz", ".jsonl.gz")
# Parts and side effects of a copy are shown in tables of their own, and judge nothing.
FIRST, NEIGHBOUR = "first folio of ", "neighbour of "
ALONE = "alone"
CUT_OFF = "a run was cut off: its rows without samples are undecided"
# A folio of 1 EiB, or a sample of a million years, is damage.
LARGEST = 1 << 60
# A picosecond.
LEAST = 1e-3


class Refused(Exception):
    """One line that names cause and cure"""


class Key(typing.NamedTuple):
    benchmark: str
    function: str
    kind: str           # of memory, "" if there is one kind only
    src: int            # None: there are no nodes
    dst: int
    state: str          # hot, cold, touch, or "" where that does not matter
    size: int           # of a folio, None if that does not matter
    read: bool          # the destination is read after the copy
    threads: int = 1    # that copy at the same time
    bystander: int = None       # the CPU of somebody else who uses the caches meanwhile

    @property
    def is_plain(self):
        """Nothing but a copy, by one thread"""
        return not self.read and self.threads == 1 and self.bystander is None

    @property
    def is_part(self):
        """Time that is in another row, or that is not the copy's"""
        return self.function.startswith((FIRST, NEIGHBOUR))

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
        return " ".join(part for part in parts if part) or "all"


@dataclasses.dataclass
class Row:
    key: Key
    bytes: int          # per sample, None if a sample is no copy: then its time counts, not its speed
    calls: float        # per sample and thread, None if there is no such thing
    ways: tuple
    base: str           # None: nothing to compare with
    control: str
    chosen: str
    aside: str = None
    missing: str = None
    clock_ns: float = 0
    boots: list = dataclasses.field(default_factory=list)       # (boot, {way: ns of all rounds but the first}) per run

    def ns(self, way):
        return [ns for _, taken in self.boots for ns in taken[way]]

    @property
    def rounds(self):
        return sum(len(taken[self.ways[0]]) for _, taken in self.boots)

    @property
    def others(self):
        """Ways that nothing chooses: exploratory"""
        return [way for way in self.ways if way not in (self.base, self.control, self.chosen)]

    @property
    def is_judged(self):
        return bool(self.base and self.chosen and not self.aside and not self.missing and not self.key.is_part)

    def boot_medians(self, way):
        by_boot = {}
        for boot, taken in self.boots:
            by_boot.setdefault(boot, []).extend(taken[way])
        return [statistics.median(ns) for ns in by_boot.values() if ns]

    def conditions(self):
        return self.bytes, self.calls, self.ways, self.base, self.control, self.chosen, self.aside


@dataclasses.dataclass
class Results:
    path: str
    record: dict = None
    environments: list = dataclasses.field(default_factory=list)
    rows: dict = dataclasses.field(default_factory=dict)        # by Key
    missing: list = dataclasses.field(default_factory=list)     # ways that could not be measured, and why
    kernels: dict = dataclasses.field(default_factory=dict)     # by benchmark
    seconds: dict = dataclasses.field(default_factory=dict)     # by benchmark, of all runs; None if one does not say
    notes: list = dataclasses.field(default_factory=list)
    seen: dict = dataclasses.field(default_factory=dict)        # identity of a run: (where, its lines)
    functional: bool = False

    def tables(self):
        """{what is in one: its rows}, of rows that have samples"""
        tables = {}
        for key, row in self.rows.items():
            if row.rounds:
                tables.setdefault(key.table, []).append(row)
        return tables

    def warnings(self):
        return sorted({warning for environment in self.environments for warning in environment["warnings"]})


def size_name(size):
    for unit, shift in (("G", 30), ("M", 20), ("K", 10)):
        if size >= 1 << shift and size % (1 << shift) == 0:
            return "%d%s" % (size >> shift, unit)
    return str(size)


# What a line may hold: a name, what kind of value, and whether there need not be any.

def is_text(value):
    """What a terminal, a page and gnuplot can be given as it is"""
    return isinstance(value, str) and (not value or value.isprintable())


def is_number(value):
    return isinstance(value, (int, float)) and not isinstance(value, bool) and -LARGEST < value < LARGEST


def is_count(value):
    return isinstance(value, int) and not isinstance(value, bool) and 0 <= value < LARGEST


def is_positive(value):
    return is_number(value) and value >= LEAST


def is_yes_or_no(value):
    return isinstance(value, bool)


def is_names(value):
    return isinstance(value, list) and bool(value) and all(map(is_text, value)) and len(set(value)) == len(value)


def is_texts(value):
    return isinstance(value, list) and all(map(is_text, value))


def is_times(value):
    return isinstance(value, list) and all(map(is_positive, value))


def is_order(value):
    return isinstance(value, list) and sorted(value, key=str) == sorted(range(len(value)), key=str)


NEEDED, OR_NULL, OR_NOTHING = range(3)

ENVIRONMENT = {name: (is_text, NEEDED) for name in ("program", "kernel", "version", "cpu", "vendor", "family", "model",
                                                    "stepping", "microcode", "boot", "seed")}
ENVIRONMENT.update(functional=(is_yes_or_no, NEEDED), warnings=(is_texts, NEEDED), clock_ns=(is_positive, OR_NOTHING))

RECORD = {"date": (is_text, NEEDED), "series": (is_text, NEEDED), "busy": (is_text, OR_NULL), "imported": (is_text, OR_NULL),
          "files": (lambda files: isinstance(files, dict) and all(map(is_text, list(files) + list(files.values()))), NEEDED)}

PLAN = {
    "row": (is_count, NEEDED), "benchmark": (is_text, NEEDED), "function": (is_text, NEEDED), "kind": (is_text, NEEDED),
    "src": (is_count, OR_NULL), "dst": (is_count, OR_NULL), "state": (is_text, NEEDED),
    "size": (lambda size: is_count(size) and size > 0, OR_NULL), "read": (is_yes_or_no, NEEDED),
    "threads": (lambda threads: is_count(threads) and threads > 0, NEEDED), "bystander": (is_count, OR_NULL),
    "bytes": (is_positive, OR_NULL), "calls": (is_positive, OR_NULL), "ways": (is_names, NEEDED), "base": (is_text, OR_NULL),
    "control": (is_text, OR_NULL), "chosen": (is_text, OR_NULL), "aside": (is_text, OR_NULL), "missing": (is_text, OR_NULL),
}

ROUND = {"row": (is_count, NEEDED), "round": (is_count, NEEDED), "ns": (is_times, OR_NULL), "order": (is_order, OR_NOTHING),
         "first_ns": (is_times, OR_NOTHING), "bystander_ns": (is_times, OR_NOTHING), "alone_ns": (is_times, OR_NOTHING)}

WAY = {name: (is_text, NEEDED) for name in ("way", "benchmark", "function", "missing")}

END = {"seconds": (lambda seconds: is_number(seconds) and seconds >= 0, OR_NULL), "warnings": (is_texts, NEEDED)}


def check(where, line, shape, what):
    if not isinstance(line, dict):
        raise Refused("%s: the %s is not a JSON object: take the file as the probe or the bench wrote it" % (where, what))
    for name, (is_right, need) in shape.items():
        value = line.get(name)
        if name not in line and need != OR_NOTHING:
            raise Refused("%s: the %s has no %s: was it written by an older version, or by hand?" % (where, what, name))
        if not (value is None and need != NEEDED) and not is_right(value):
            raise Refused("%s: the %s has %s %s, which it cannot have: take the file as the probe or the bench wrote it"
                          % (where, what, name, json.dumps(value)[:60]))


# Files

def read_lines(path):
    if not os.path.isfile(path) and not path.startswith("/dev/fd/"):
        raise Refused("%s: not a file: name a results directory, or a file of samples" % path)
    opener = gzip.open if path.endswith(".gz") else open
    try:
        with opener(path, "rt", encoding="utf-8", newline="\n") as file:
            return file.read().split("\n")
    except (OSError, EOFError, UnicodeDecodeError, zlib.error) as error:
        raise Refused("%s: cannot be read: %s" % (path, getattr(error, "strerror", None) or error)) from error


def read_file(path):
    """All objects of a file, each with where it is"""
    objects = []
    for number, line in enumerate(read_lines(path), 1):
        where = "%s:%d" % (path, number)
        if not line.strip():
            continue
        try:
            objects.append((where, json.loads(line)))
        except (ValueError, RecursionError) as error:
            raise Refused("%s: not JSON: the run was cut off there, or this is no file of samples" % where) from error
        if not isinstance(objects[-1][1], dict):
            raise Refused("%s: not a JSON object: this is no file of samples" % where)
    return objects


class Run(typing.NamedTuple):
    where: str
    environment: dict
    lines: list         # (where, line) of the plan, the rounds and the end

    @property
    def identity(self):
        return tuple(self.environment[name] for name in ("program", "kernel", "version", "boot", "seed"))


def check_environment(where, environment):
    check(where, environment, ENVIRONMENT, "environment")
    for name, value in environment.items():
        if not (name == "warnings" or is_text(value) or is_number(value) or is_yes_or_no(value)) or not is_text(name):
            raise Refused("%s: the environment has %s, which is no plain text or number" % (where, json.dumps(name)[:60]))


def split_runs(path, objects):
    """(the record or None, runs)"""
    record, runs = None, []
    for where, line in objects:
        if "record" in line and not runs and record is None:
            record = line["record"]
            check(where, record, RECORD, "record")
        elif "environment" in line:
            check_environment(where, line["environment"])
            runs.append(Run(where, line["environment"], []))
        elif not runs:
            raise Refused("%s: no environment before the samples: take the file as the probe or the bench wrote it"
                          % where)
        else:
            runs[-1].lines.append((where, line))
    if not runs:
        raise Refused("%s: no samples: the file is empty" % path)
    # A command that was refused left no more than its environment.
    return record, [run for run in runs if run.lines] or runs


def kind_of_line(line):
    for kind, name in (("end", "end"), ("way", "way"), ("round", "round"), ("plan", "benchmark")):
        if name in line:
            return kind
    return None


def plan_row(where, line):
    check(where, line, PLAN, "row")
    if (line["src"] is None) != (line["dst"] is None):
        raise Refused("%s: the row has one node of two: take the file as the probe or the bench wrote it" % where)
    for role in ("base", "control", "chosen"):
        if line[role] is not None and line[role] not in line["ways"]:
            raise Refused("%s: %s '%s' is none of the row's ways" % (where, role, line[role][:60]))
    roles = [line[role] for role in ("base", "control", "chosen") if line[role] is not None]
    if len(set(roles)) < len(roles) or (line["base"] is None and line["ways"] != [line["chosen"]]):
        raise Refused("%s: base, control and chosen of the row are not ways of their own, or there are ways and no base"
                      % where)
    key = Key(*(line[name] for name in Key._fields))
    return Row(key, line["bytes"], line["calls"], tuple(line["ways"]), line["base"], line["control"], line["chosen"],
               line["aside"], line["missing"])


def add_round(where, line, row, rounds, functional):
    check(where, line, ROUND, "round")
    if line["round"] in rounds:
        raise Refused("%s: round %d of %s is there twice: the same samples count once" % (where, line["round"], row.key.what))
    if functional != (line["ns"] is None):
        raise Refused("%s: %s" % (where, "an emulated machine has no times" if functional else "the round has no times"))
    for name in ("ns", "first_ns", "bystander_ns", "alone_ns", "order"):
        if line.get(name) is not None and len(line[name]) != len(row.ways):
            raise Refused("%s: %d values in %s and %d ways: take the file as the probe or the bench wrote it"
                          % (where, len(line[name]), name, len(row.ways)))
    rounds[line["round"]] = line


def times_of(ways, rounds, name):
    """{way: times} of all rounds but the first"""
    return {way: [line[name][at] if line[name] else None for number, line in sorted(rounds.items()) if number]
            for at, way in enumerate(ways)}


def parts_of(row, rounds):
    """Rows of their own for the first folio and for the neighbour, where all rounds have them"""
    kept = [line for number, line in rounds.items() if number]
    has = {name for name in ("first_ns", "bystander_ns", "alone_ns") if kept and all(line.get(name) for line in kept)}
    if "first_ns" in has:
        key = row.key._replace(function=FIRST + row.key.function)
        yield dataclasses.replace(row, key=key, bytes=row.key.size, calls=1,
                                  boots=[(None, times_of(row.ways, rounds, "first_ns"))])
    if {"bystander_ns", "alone_ns"} <= has:
        taken = times_of(row.ways, rounds, "bystander_ns")
        taken[ALONE] = times_of(row.ways, rounds, "alone_ns")[row.base or row.ways[0]]
        yield dataclasses.replace(row, key=row.key._replace(function=NEIGHBOUR + row.key.function), bytes=None, calls=None,
                                  ways=row.ways + (ALONE,), boots=[(None, taken)])


def read_run(run):
    """(rows, ways that are missing, the end or None)"""
    planned, rounds, missing, end = {}, {}, [], None
    functional = run.environment["functional"]
    for where, line in run.lines:
        kind = kind_of_line(line)
        if end is not None:
            raise Refused("%s: a line behind the end of the run: take the file as the probe or the bench wrote it" % where)
        if kind == "plan":
            row = plan_row(where, line)
            if line["row"] in planned:
                raise Refused("%s: row %d is planned twice" % (where, line["row"]))
            planned[line["row"]], rounds[line["row"]] = row, {}
        elif kind == "way":
            check(where, line, WAY, "way")
            missing.append("%s: %s: %s" % (line["function"], line["way"], line["missing"]))
        elif kind == "round":
            at = line.get("row")
            if not is_count(at) or at not in planned:
                raise Refused("%s: a round of a row that is not planned: take the file as it was written" % where)
            add_round(where, line, planned[at], rounds[at], functional)
        elif kind == "end":
            check(where, line["end"], END, "end")
            end = line["end"]
        else:
            raise Refused("%s: a line of no known form: was it written by another version?" % where)
    if not planned:
        raise Refused("%s: no samples in this run: it ended before the first one" % run.where)
    return list(rows_of(run.where, planned, rounds)), missing, end


def rows_of(where, planned, rounds):
    for at, row in planned.items():
        if row.missing and rounds[at]:
            raise Refused("%s: %s is missing and has rounds: take the file as it was written" % (where, row.key.what))
        if sorted(rounds[at]) != list(range(len(rounds[at]))):
            raise Refused("%s: rounds of %s are missing in between: take the file as it was written" % (where, row.key.what))
        if len(rounds[at]) > 1:
            row.boots = [(None, times_of(row.ways, rounds[at], "ns"))]
        yield row
        yield from parts_of(row, rounds[at])


# Results

def add_row(results, where, row, boot, clock_ns):
    row.clock_ns = clock_ns
    row.boots = [(boot, taken) for _, taken in row.boots]
    known = results.rows.setdefault(row.key, row)
    if known is row:
        return
    if known.conditions() != row.conditions():
        raise Refused("%s: %s was measured in another way before: one directory per way of measuring"
                      % (where, row.key.what))
    known.boots += row.boots
    known.clock_ns = max(known.clock_ns, row.clock_ns)
    known.missing = known.missing and row.missing


def check_machine(results, run):
    """One machine and one way of measuring"""
    environment = run.environment
    if not results.environments:
        results.functional = environment["functional"]
        return
    first = results.environments[0]
    if environment["functional"] != results.functional:
        raise Refused("%s: functional and measured runs in one place: keep them apart" % run.where)
    if [first[what] for what in ("cpu", "microcode")] != [environment[what] for what in ("cpu", "microcode")]:
        raise Refused("%s: the run of another CPU (%s, microcode %s, and %s, microcode %s before): one directory per machine"
                      % (run.where, environment["cpu"], environment["microcode"], first["cpu"], first["microcode"]))
    # The probe takes whatever CPU it is on.
    for what in ("version", "series", "routines_from", "module", "pinned_to", "evict"):
        known = [str(earlier[what]) for earlier in results.environments
                 if what in earlier and earlier["program"] == environment["program"] and
                 (what != "pinned_to" or environment["program"] != "probe")]
        if what in environment and known and str(environment[what]) != known[0]:
            raise Refused("%s: a run with %s %s, and %s before: one directory per way of measuring"
                          % (run.where, what, environment[what], known[0]))


def is_known(results, run):
    """The same run again, in another file or in the same one"""
    lines = [line for _, line in run.lines]
    where, known = results.seen.setdefault(run.identity, (run.where, lines))
    if known is lines:
        return False
    if known != lines:
        raise Refused("%s: another run has this program, kernel, boot and seed, too (%s): one of the two is a damaged copy, "
                      "remove it" % (run.where, where))
    results.notes.append("%s is the run of %s once more, and counts once" % (run.where, where))
    return True


def add_run(results, run):
    if is_known(results, run):
        return
    rows, missing, end = read_run(run)
    check_machine(results, run)
    warnings = end["warnings"] if end else [CUT_OFF]
    environment = dict(run.environment, warnings=run.environment["warnings"] + warnings)
    boot = environment["boot"] if environment["boot"] != "unknown" else run.where
    for row in rows:
        kernel = results.kernels.setdefault(row.key.benchmark, environment["kernel"])
        if kernel != environment["kernel"]:
            raise Refused("%s: the run of another kernel (%s, and %s before): one directory per kernel"
                          % (run.where, environment["kernel"], kernel))
        add_row(results, run.where, row, boot, environment.get("clock_ns", 0))
    for benchmark in {row.key.benchmark for row in rows}:
        known, seconds = results.seconds.get(benchmark, 0), end and end["seconds"]
        results.seconds[benchmark] = None if known is None or seconds is None else known + seconds
    results.environments.append(environment)
    results.missing += [what for what in dict.fromkeys(missing) if what not in results.missing]


def entries(path):
    try:
        return sorted(name for name in os.listdir(path) if not name.startswith("."))
    except OSError as error:
        raise Refused("%s: cannot be read: %s" % (path, error.strerror)) from error


def files_of(path):
    """A file, or those of a directory"""
    if not os.path.lexists(path):
        raise Refused("%s: not there: name a results directory, or a file of samples" % path)
    if not os.path.isdir(path):
        return [path]
    return [os.path.join(path, name) for name in entries(path)
            if name.endswith(SUFFIXES) and not os.path.isdir(os.path.join(path, name))]


def read_results(path):
    results = Results(path)
    files = files_of(path)
    if not files:
        raise Refused("%s: no samples: there is no *.json or *.jsonl in it" % path)
    for file in files:
        record, runs = split_runs(file, read_file(file))
        if record is not None and results.record is not None:
            raise Refused("%s: a second record in one place: one directory per record" % file)
        results.record = results.record or record
        for run in runs:
            add_run(results, run)
    if not any(row.rounds for row in results.rows.values()):
        raise Refused("%s: no samples but first ones, which are kept apart: measure longer" % path)
    return results


def read_all(paths):
    """Results of each; a directory without samples of its own stands for those below it"""
    found = []
    for path in paths:
        below = directories_in(path) if os.path.isdir(path) else []
        if below and files_of(path):
            if any(os.path.exists(name) and files_of(name) for name in below):
                raise Refused("%s has samples, and directories with samples: name the one or the others" % path)
            below = []
        found += [read_results(inner) for inner in below or [path]]
    return found


def directories_in(path):
    """A link to nowhere among them, so that it is not passed over"""
    inner = [os.path.join(path, name) for name in entries(path)]
    return [name for name in inner if os.path.isdir(name) or not os.path.exists(name)]
