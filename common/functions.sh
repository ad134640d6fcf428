# SPDX-License-Identifier: GPL-2.0
# shellcheck shell=sh
# Sourced by common/clone.sh and common/lib.sh: functions that all scripts share. They run in the top directory.

me=${me:-${0##*/}}

# die MESSAGE: exits with $die_code, or with 2: could not run
die() {
	echo "$me: $*" >&2
	exit "${die_code:-2}"
}

# say MESSAGE: reports progress
say() {
	echo "$me: $*" >&2
}

# takes NUMBER ARGUMENT...: the script has no more than that many arguments
takes() {
	[ $# -le $(($1 + 1)) ] || die "there are too many arguments: ${0##*/} --help says which it takes"
}

# need COMMAND PACKAGE ...: dies if a command is missing, and names its package
need() {
	while [ $# -gt 0 ]; do
		command -v "$1" >/dev/null || die "$1 is missing: apt-get install $2"
		shift 2
	done
}

# rows TABLE: prints the rows of a table, without comments and empty lines
rows() {
	sed -e '/^#/d' -e '/^$/d' "$1"
}

# scratch: makes a directory outside of the clone, from which programs can be run, and prints its name
scratch() (
	dir=$(realpath "$(mktemp -d)")
	printf '#!/bin/sh\n' >"$dir/run"
	chmod +x "$dir/run"
	"$dir/run" 2>/dev/null || {
		rm -r "$dir"
		die "no program in ${dir%/*} can be run, is it mounted with noexec? Let TMPDIR name another directory"
	}
	rm "$dir/run"
	echo "$dir"
)

# The CPU classes that tests of all classes go through
all_classes() {
	sed -n 's/^# all: //p' lab/machines/classes
}

# build_probe: builds the programs of probe/ and common/ from the kernel's own routines. If build/ was carried to a
# machine without a network, it has the programs and no source: then build_probe fails, and builds nothing.
build_probe() {
	[ -e build/pristine.version ] || [ ! -x build/probe/probe ] || return 1
	scripts/fetch-kernel && scripts/series tree && make -s -j"$(nproc)" -C probe && make -s -C common || exit
}

# fact KEY: prints a fact about this machine, from common/host-facts
fact() {
	build/common/host-facts | sed -n "s/^$1 //p"
}

# show_help: the comment on top of the script. Scripts change to the top directory before they source this.
show_help() {
	(
		[ -f "$0" ] || cd "$OLDPWD" || exit
		sed -n '3,$ { 3 { /^#$/d; }; /^#/!q; /^# shellcheck /d; s/^# \{0,1\}//; p; }' "$0"
	)
}

case ${1:-} in
-h | --help)
	show_help
	exit
	;;
esac
