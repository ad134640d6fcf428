# SPDX-License-Identifier: GPL-2.0
# shellcheck shell=sh
# Sourced by common/clone.sh and common/lib.sh: what all scripts say and ask in the same way, in the top directory.

me=${me:-${0##*/}}

# die MESSAGE: with the code of what could not run, or what die_code says
die() {
	echo "$me: $*" >&2
	exit "${die_code:-2}"
}

# say MESSAGE: of progress
say() {
	echo "$me: $*" >&2
}

# takes NUMBER ARGUMENT...: the script has no more than that many arguments
takes() {
	[ $# -le $(($1 + 1)) ] || die "there are too many arguments: ${0##*/} --help says which it takes"
}

# need COMMAND PACKAGE ...
need() {
	while [ $# -gt 0 ]; do
		command -v "$1" >/dev/null || die "$1 is missing: apt-get install $2"
		shift 2
	done
}

# rows TABLE: those of a table, without its comments
rows() {
	sed -e '/^#/d' -e '/^$/d' "$1"
}

# The CPU classes that tests of all classes go through
all_classes() {
	sed -n 's/^# all: //p' lab/machines/classes
}

# build_probe: the programs of probe/ and common/, of the kernel's own routines. Fails, and builds nothing, where build/ was
# carried to a machine without a network: it has the programs and no source.
build_probe() {
	[ -e build/pristine.version ] || [ ! -x build/probe/probe ] || return 1
	scripts/fetch-kernel && scripts/series tree && make -s -j"$(nproc)" -C probe && make -s -C common || exit
}

# fact KEY: one of those that common/host-facts knows of this machine
fact() {
	build/common/host-facts | sed -n "s/^$1 //p"
}

# show_help: the comment on top of the script. Scripts change to the top directory before they source this.
show_help() {
	(
		[ -f "$0" ] || cd "$OLDPWD"
		sed -n '3,$ { 3 { /^#$/d; }; /^#/!q; /^# shellcheck /d; s/^# \{0,1\}//; p; }' "$0"
	)
}

case ${1:-} in
-h | --help)
	show_help
	exit
	;;
esac
