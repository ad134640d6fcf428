# SPDX-License-Identifier: GPL-2.0
"""Common code of scripts/report, scripts/regress and scripts/letters: an error is one line, and its exit code is 2."""
import argparse
import os
import signal
import sys

import samples


class Parser(argparse.ArgumentParser):
    def __init__(self, name, text):
        super().__init__(prog=name, add_help=False, allow_abbrev=False,
                         formatter_class=argparse.RawDescriptionHelpFormatter)
        self.add_argument("-h", "--help", action="version", version=text.strip())

    def error(self, message):
        print("%s: %s: see %s --help" % (self.prog, message, self.prog), file=sys.stderr)
        sys.exit(2)


def refuse_output(name, error):
    # Python would try again to write what is left when it ends, and complain in many lines.
    os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
    print("%s: standard output cannot be written to (%s): free some space, or send it elsewhere"
          % (name, error.strerror), file=sys.stderr)
    sys.exit(2)


def write(path, text):
    try:
        with open(path + ".new", "w", encoding="utf-8") as file:
            file.write(text)
        os.replace(path + ".new", path)
    except OSError as error:
        raise samples.Refused("%s: cannot be written: %s" % (path, error.strerror)) from error


def run(name, main):
    signal.signal(signal.SIGPIPE, signal.SIG_DFL)
    try:
        code = main()
        sys.stdout.flush()
        sys.exit(code)
    except KeyboardInterrupt:
        sys.exit(130)
    except samples.Refused as refused:
        print("%s: %s" % (name, refused), file=sys.stderr)
        sys.exit(2)
    # Python's exit code for an exception is 1, which would mean that a row is slower.
    except Exception as error:
        if isinstance(error, OSError) and error.filename is None:
            refuse_output(name, error)
        print("%s: a mistake of this program: %s %s" % (name, type(error).__name__, error), file=sys.stderr)
        sys.exit(2)
