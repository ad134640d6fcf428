# SPDX-License-Identifier: GPL-2.0
"""What scripts/report and scripts/regress have in common: errors are one line, and the code for them is 2."""
import argparse
import signal
import sys

import runs


class Parser(argparse.ArgumentParser):
    def __init__(self, name, text):
        super().__init__(prog=name, add_help=False, allow_abbrev=False,
                         formatter_class=argparse.RawDescriptionHelpFormatter)
        self.add_argument("--help", action="version", version=text.strip())

    def error(self, message):
        print("%s: %s: see %s --help" % (self.prog, message, self.prog), file=sys.stderr)
        sys.exit(2)


def run(name, main):
    signal.signal(signal.SIGPIPE, signal.SIG_DFL)
    try:
        sys.exit(main())
    except runs.Refused as refused:
        print("%s: %s" % (name, refused), file=sys.stderr)
        sys.exit(2)
