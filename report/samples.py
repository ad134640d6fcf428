# SPDX-License-Identifier: GPL-2.0
"""Samples: the format in which the probe and the bench write them, and the code that reads them.

A results directory holds runs of one machine: its files *.json and *.jsonl, packed with gzip (.gz) or not. Other files,
such as a dmesg, are not read. A single file can stand for a directory. A file is JSON lines, for one or more runs:

{"record": {...}}         optional, first line of a file: the head of a record of `make record` (report/records.py)
{"environment": {...}}    begins a run. Strings, numbers and booleans, and "warnings", a list of strings. Always there:
                          program, kernel, version, cpu, vendor, family, model, stepping, microcode, boot, seed; the
                          value is "unknown" if the machine does not tell. functional: the machine is emulated and has
                          no speed. clock_ns: the resolution of the clock.
{"row": 0, ...}           the plan, a line per row: the conditions (class Key), bytes and calls per sample, and the
                          measured ways. Three of these have roles: base (v7.3), control (the base again), chosen (the
                          way of the series or of the running kernel here). aside: the reason why this row does not
                          judge chosen. missing: the reason why this machine cannot measure the row.
{"way": "movdir64b", "benchmark": ..., "function": ..., "missing": why}     a way that this machine does not have
{"row": 0, "round": 0, "ns": [...], "order": [...]}     a round: a time per way, and the order in which the ways ran.
                          The first round of a row does not count. first_ns: times of the first folio. bystander_ns and
                          alone_ns: times of a neighbour's memory walk, during the copy and alone.
{"end": {...}}            seconds (null if they were not kept), the warnings that are known only at the end, and
                          disturbed: what else kept CPUs busy meanwhile, so that the run decides nothing. A run
                          without this line was cut off.

Runs of one machine and kernel add up: their rounds of a row are taken together. Program, kernel, version, boot and seed
identify a run, so that the same samples cannot count twice.
"""
import dataclasses
import gzip
import json
import os
import statistics
import typing
import zlib

SUFFIXES = (".json", ".jsonl", ".json.gz", ".jsonl.gz")
# Rows for a part or a side effect of a copy have tables of their own and are not judged.
FIRST, NEIGHBOUR = "first folio of ", "neighbour of "
ALONE = "alone"
CUT_OFF = "a run was cut off: its rows without samples are undecided"
# Larger numbers mean a damaged file: a folio of 1 EiB, or a sample of 36 years.
LARGEST = 1 << 60
# The shortest time in nanoseconds: 1 ps.
LEAST = 1e-3


class Refused(Exception):
    """A message of one line that names cause and cure"""


class Key(typing.NamedTuple):
    benchmark: str
    function: str
    kind: str           # kind of memory, "" if there is only one kind
    src: int            # source node, None if there are no nodes
    dst: int
    state: str          # hot, cold, touch, map, or "" if the state does not matter
    size: int           # size of a folio, None if the size does not matter
    read: bool          # the destination is read after the copy
    threads: int = 1    # number of threads that copy at the same time
    bystander: int = None       # the CPU of a neighbour that uses the caches meanwhile

    @property
    def is_plain(self):
        """The row is a plain copy: one thread, no read afterwards, no neighbour"""
        return not self.read and self.threads == 1 and self.bystander is None

    @property
    def is_part(self):
        """The row's time is part of another row's time, or is not the time of a copy"""
        return self.function.startswith((FIRST, NEIGHBOUR))

    @property
    def table(self):
        return "%s: %s" % (self.benchmark, self.function)

    @property
    def direction(self):
        return "" if self.src is None else "%d->%d" % (self.src, self.dst)

    @property
    def what(self):
        """The name of the row within its table"""
        parts = [self.kind, self.direction, self.state, self.size and size_name(self.size), self.read and "+read",
                 self.threads > 1 and "x%d" % self.threads,
                 self.bystander is not None and "beside CPU %d" % self.bystander]
        return " ".join(part for part in parts if part) or "all"


@dataclasses.dataclass
class Row:
    key: Key
    bytes: int          # per sample; None if a sample is no copy: then its time is shown, not its speed
    calls: float        # per sample and thread; None if the row has no calls
    ways: tuple
    base: str           # None if there is no way to compare with
    control: str
    chosen: str
    aside: str = None
    missing: str = None
    clock_ns: float = 0
    disturbed: str = None
    boots: list = dataclasses.field(default_factory=list)       # (boot, {way: ns of all rounds but the first}) per run

    def ns(self, way):
        return [ns for _, taken in self.boots for ns in taken[way]]

    @property
    def rounds(self):
        return sum(len(taken[self.ways[0]]) for _, taken in self.boots)

    @property
    def others(self):
        """Exploratory ways: neither base nor control nor chosen"""
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
    missing: list = dataclasses.field(default_factory=list)     # ways that could not be measured, with the reason
    kernels: dict = dataclasses.field(default_factory=dict)     # by benchmark
    seconds: dict = dataclasses.field(default_factory=dict)     # by benchmark, sum of all runs; None if a run has none
    notes: list = dataclasses.field(default_factory=list)
    seen: dict = dataclasses.field(default_factory=dict)        # {identity of a run: (where, its lines)}
    functional: bool = False

    def tables(self):
        """{name of a table: its rows}, for the rows that have samples"""
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


# The shapes of the lines: for each name a check of its value, and whether the value is needed.

def is_text(value):
    """Printable text, which a terminal, a page and gnuplot can show without escapes"""
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
    """A list of which each is_positive(); spelled out, since a record has millions of times"""
    return (isinstance(value, list) and {int, float}.issuperset(map(type, value)) and
            all(LEAST <= ns < LARGEST for ns in value))


def is_order(value):
    return isinstance(value, list) and {int}.issuperset(map(type, value)) and sorted(value) == list(range(len(value)))


NEEDED, OR_NULL, OR_NOTHING = range(3)

ENVIRONMENT = {name: (is_text, NEEDED) for name in ("program", "kernel", "version", "cpu", "vendor", "family", "model",
                                                    "stepping", "microcode", "boot", "seed")}
ENVIRONMENT.update(functional=(is_yes_or_no, NEEDED), warnings=(is_texts, NEEDED), clock_ns=(is_positive, OR_NOTHING))

RECORD = {"date": (is_text, NEEDED), "series": (is_text, NEEDED), "busy": (is_text, OR_NULL),
          "imported": (is_text, OR_NULL),
          "files": (lambda files: isinstance(files, dict) and
                    all(map(is_text, list(files) + list(files.values()))), NEEDED)}

PLAN = {
    "row": (is_count, NEEDED), "benchmark": (is_text, NEEDED), "function": (is_text, NEEDED), "kind": (is_text, NEEDED),
    "src": (is_count, OR_NULL), "dst": (is_count, OR_NULL), "state": (is_text, NEEDED),
    "size": (lambda size: is_count(size) and size > 0, OR_NULL), "read": (is_yes_or_no, NEEDED),
    "threads": (lambda threads: is_count(threads) and threads > 0, NEEDED), "bystander": (is_count, OR_NULL),
    "bytes": (is_positive, OR_NULL), "calls": (is_positive, OR_NULL), "ways": (is_names, NEEDED),
    "base": (is_text, OR_NULL), "control": (is_text, OR_NULL), "chosen": (is_text, OR_NULL),
    "aside": (is_text, OR_NULL), "missing": (is_text, OR_NULL),
}

ROUND = {"row": (is_count, NEEDED), "round": (is_count, NEEDED), "ns": (is_times, OR_NULL),
         "order": (is_order, OR_NOTHING), "first_ns": (is_times, OR_NOTHING), "bystander_ns": (is_times, OR_NOTHING),
         "alone_ns": (is_times, OR_NOTHING)}

WAY = {name: (is_text, NEEDED) for name in ("way", "benchmark", "function", "missing")}

END = {"seconds": (lambda seconds: is_number(seconds) and seconds >= 0, OR_NULL), "warnings": (is_texts, NEEDED),
       "disturbed": (is_text, OR_NOTHING)}


def check(where, line, shape, what):
    if not isinstance(line, dict):
        raise Refused("%s: the %s is not a JSON object: take the file as the probe or the bench wrote it"
                      % (where, what))
    for name, (is_right, need) in shape.items():
        value = line.get(name)
        if name not in line and need != OR_NOTHING:
            raise Refused("%s: the %s has no %s: was it written by an older version, or by hand?" % (where, what, name))
        if not (value is None and need != NEEDED) and not is_right(value):
            raise Refused("%s: the %s has an invalid %s, %s: take the file as the probe or the bench wrote it"
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
    """[(where, object)]: all objects of a file with their places"""
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
            raise Refused("%s: the environment has %s, which is neither plain text nor a number"
                          % (where, json.dumps(name)[:60]))


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
    # A command that was refused left only an environment, which is no run.
    return record, [run for run in runs if run.lines] or runs


def kind_of_line(line):
    for kind, name in (("end", "end"), ("way", "way"), ("round", "round"), ("plan", "benchmark")):
        if name in line:
            return kind
    return None


def plan_row(where, line):
    check(where, line, PLAN, "row")
    if (line["src"] is None) != (line["dst"] is None):
        raise Refused("%s: the row has only one of src and dst: take the file as the probe or the bench wrote it"
                      % where)
    for role in ("base", "control", "chosen"):
        if line[role] is not None and line[role] not in line["ways"]:
            raise Refused("%s: %s '%s' is not among the row's ways" % (where, role, line[role][:60]))
    roles = [line[role] for role in ("base", "control", "chosen") if line[role] is not None]
    if len(set(roles)) < len(roles) or (line["base"] is None and line["ways"] != [line["chosen"]]):
        raise Refused("%s: base, control and chosen of the row have to differ, and a row without a base can have only "
                      "the chosen way" % where)
    key = Key(*(line[name] for name in Key._fields))
    return Row(key, line["bytes"], line["calls"], tuple(line["ways"]), line["base"], line["control"], line["chosen"],
               line["aside"], line["missing"])


def add_round(where, line, row, rounds, functional):
    check(where, line, ROUND, "round")
    if line["round"] in rounds:
        raise Refused("%s: round %d of %s is there twice: the same samples count once"
                      % (where, line["round"], row.key.what))
    if functional != (line["ns"] is None):
        why = "an emulated machine has no times" if functional else "the round has no times"
        raise Refused("%s: %s" % (where, why))
    for name in ("ns", "first_ns", "bystander_ns", "alone_ns", "order"):
        if line.get(name) is not None and len(line[name]) != len(row.ways):
            raise Refused("%s: %d values in %s and %d ways: take the file as the probe or the bench wrote it"
                          % (where, len(line[name]), name, len(row.ways)))
    rounds[line["round"]] = line


def times_of(ways, rounds, name):
    """{way: times} without the first round"""
    return {way: [line[name][at] if line[name] else None for number, line in sorted(rounds.items()) if number]
            for at, way in enumerate(ways)}


def parts_of(row, rounds):
    """The extra rows for the first folio and for the neighbour, if all rounds have their times"""
    kept = [line for number, line in rounds.items() if number]
    has = {name for name in ("first_ns", "bystander_ns", "alone_ns") if kept and all(line.get(name) for line in kept)}
    if "first_ns" in has:
        key = row.key._replace(function=FIRST + row.key.function)
        yield dataclasses.replace(row, key=key, bytes=row.key.size, calls=1,
                                  boots=[(None, times_of(row.ways, rounds, "first_ns"))])
    if {"bystander_ns", "alone_ns"} <= has:
        taken = times_of(row.ways, rounds, "bystander_ns")
        taken[ALONE] = times_of(row.ways, rounds, "alone_ns")[row.base or row.ways[0]]
        yield dataclasses.replace(row, key=row.key._replace(function=NEIGHBOUR + row.key.function), bytes=None,
                                  calls=None, ways=row.ways + (ALONE,), boots=[(None, taken)])


def read_run(run):
    """(rows, missing ways, the end or None)"""
    planned, rounds, missing, end = {}, {}, [], None
    functional = run.environment["functional"]
    for where, line in run.lines:
        kind = kind_of_line(line)
        if end is not None:
            raise Refused("%s: a line behind the end of the run: take the file as the probe or the bench wrote it"
                          % where)
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
            raise Refused("%s: rounds of %s are missing in between: take the file as it was written"
                          % (where, row.key.what))
        if len(rounds[at]) > 1:
            row.boots = [(None, times_of(row.ways, rounds[at], "ns"))]
        yield row
        yield from parts_of(row, rounds[at])


# Results

def add_row(results, where, row, boot, clock_ns, disturbed):
    row.clock_ns, row.disturbed = clock_ns, disturbed
    row.boots = [(boot, taken) for _, taken in row.boots]
    known = results.rows.setdefault(row.key, row)
    if known is row:
        return
    if known.conditions() != row.conditions():
        raise Refused("%s: %s was measured in another way before: one directory per way of measuring"
                      % (where, row.key.what))
    known.boots += row.boots
    known.clock_ns = max(known.clock_ns, row.clock_ns)
    known.disturbed = known.disturbed or row.disturbed
    known.missing = known.missing and row.missing


def check_machine(results, run):
    """Refuses a run of another machine or with other settings than the runs before"""
    environment = run.environment
    if not results.environments:
        results.functional = environment["functional"]
        return
    first = results.environments[0]
    if environment["functional"] != results.functional:
        raise Refused("%s: functional and measured runs in one place: keep them apart" % run.where)
    if [first[what] for what in ("cpu", "microcode")] != [environment[what] for what in ("cpu", "microcode")]:
        raise Refused("%s: the run of another CPU (%s, microcode %s, and %s, microcode %s before): one directory per "
                      "machine" % (run.where, environment["cpu"], environment["microcode"], first["cpu"],
                                   first["microcode"]))
    # The probe runs on the CPU where it starts, so pinned_to may differ between its runs. The runs of the bench in a
    # record are of two kernels, which measure different things.
    for what in ("version", "series", "routines_from", "module", "pinned_to", "evict"):
        known = [str(earlier[what]) for earlier in results.environments
                 if what in earlier and earlier["program"] == environment["program"] and
                 earlier["kernel"] == environment["kernel"] and
                 (what != "pinned_to" or environment["program"] != "probe")]
        if what in environment and known and str(environment[what]) != known[0]:
            raise Refused("%s: a run with %s %s, and %s before: one directory per way of measuring"
                          % (run.where, what, environment[what], known[0]))


def is_known(results, run):
    """Whether the run was read before, from another file or from the same file"""
    lines = [line for _, line in run.lines]
    where, known = results.seen.setdefault(run.identity, (run.where, lines))
    if known is lines:
        return False
    if known != lines:
        raise Refused("%s: another run has this program, kernel, boot and seed, too (%s): one of the two is a damaged "
                      "copy, remove it" % (run.where, where))
    results.notes.append("%s is a copy of the run %s, and counts once" % (run.where, where))
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
        add_row(results, run.where, row, boot, environment.get("clock_ns", 0), end and end.get("disturbed"))
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
    """The file itself, or the files of samples in a directory"""
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
        raise Refused("%s: no rounds but the first, which does not count: measure longer" % path)
    return results


def read_all(paths):
    """The results of each path. A directory without samples stands for the directories in it."""
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
    """The directories in a directory, and broken links, so that these are refused instead of skipped"""
    inner = [os.path.join(path, name) for name in entries(path)]
    return [name for name in inner if os.path.isdir(name) or not os.path.exists(name)]
