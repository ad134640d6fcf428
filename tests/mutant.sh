# SPDX-License-Identifier: GPL-2.0
# shellcheck shell=bash
# Sourced by what builds variants of the patched kernel, one after the other: a copy of the source, build/mutants/linux,
# with a kernel of its own, build/lab/mutant, of which only what a variant touches is compiled again.
# shellcheck disable=SC2034,SC2154 # used by those who source this file

tree=build/mutants/linux
kernel=build/lab/mutant

make_tree() {
	local file

	scripts/fetch-kernel && scripts/series tree || exit 2
	mkdir -p build/mutants build/report
	# Links cost neither time nor space; a changed file is a new one.
	rm -rf $tree
	cp -al build/linux $tree
	# What was compiled from the last variant of a run that ended, or was killed.
	touch build/mutants/dirty
	while read -r file; do
		forget "$file"
	done <build/mutants/dirty
}

# The objects that FILE can change. Most of the kernel includes page_64.h, but copy_pages() has few callers: copy_mc.c
# and what comes through copy_pages.h.
objects_of() {
	local pattern="/$1( |\$)"

	[ -d $kernel ] || return 0
	[ "$1" != arch/x86/include/asm/page_64.h ] || pattern='/(include/linux/copy_pages\.h|arch/x86/lib/copy_mc\.c)( |$)'
	# None may be from it yet, when a run was killed early.
	{ find $kernel -name '.*.o.cmd' -exec grep -lE -- "$pattern" {} + || :; } |
		sed -E 's|/\.([^/]*)\.cmd$|/\1|'
}

forget() {
	objects_of "$1" | xargs -r rm -f
}

# replace FILE BY: with the time of the old one, and without what was compiled from that.
replace() {
	touch -r "$tree/$1" "$2"
	mv "$2" "$tree/$1"
	forget "$1"
}

# What a report begins with: which kernel, made by what, and how long it took.
environment() {
	echo "$1, $(date -u +%Y-%m-%d): Linux $(cat build/pristine.version), series $(python3 -B report/series.py)"
	echo "$(gcc --version | head -n 1); $(qemu-system-x86_64 --version | head -n 1)"
	echo "$((SECONDS / 60)) min $((SECONDS % 60)) s on $(nproc) CPUs. Made by tests/$me."
}

# layer NAME COMMAND...: does the mutant live on? Otherwise $fate and $why say who killed it, and how, or that NAME could
# not run or did not end in time, neither of which says anything about the mutant.
layer() {
	local name=$1 code=0

	shift
	"$@" >"$log" 2>&1 || code=$?
	case $code in
	0) return 0 ;;
	# A test failed, or the guest panicked.
	1 | 255) fate=killed why=$(failure) ;;
	124) why= ;;
	*)
		fate="not judged" why="$name could not run: $(tail -n 1 "$log")"
		return 1
		;;
	esac
	[ -n "$why" ] || {
		fate="not judged" why="$name did not end in time"
		return 1
	}
	why="$name: $why"
	return 1
}

# The first failure in $log that is none of a time limit.
failure() {
	grep -E '^lab: (FAIL|PANIC)' "$log" | tail -n 1 | grep . || awk '
		/^ *#/ { said = said $0; next }
		/^ *not ok/ { failed = 1; if (said !~ /did not end in time|lab: TIMEOUT/) { found = 1; print; exit } }
		{ said = ""; last = $0 }
		END { if (!failed && !found) print last }' "$log"
}
