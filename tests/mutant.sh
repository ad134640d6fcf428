# SPDX-License-Identifier: GPL-2.0
# shellcheck shell=bash
# For tests that build variants of the patched kernel, one after the other. The source is a copy, build/mutants/linux,
# and the kernel is build/lab/mutant. Only the objects that a variant can change are compiled again.
# shellcheck disable=SC2034,SC2154 # used by those who source this file

tree=build/mutants/linux
kernel=build/lab/mutant

make_tree() {
	local file

	scripts/fetch-kernel && scripts/series tree || exit 2
	mkdir -p build/mutants build/report
	# Hard links cost neither time nor space. replace() never writes into a file: it puts a new file in its place.
	rm -rf $tree
	cp -al build/linux $tree
	# Remove what was compiled from the last variant of an earlier run, which may have been killed.
	touch build/mutants/dirty
	while read -r file; do
		forget "$file"
	done <build/mutants/dirty
}

# objects_of FILE: prints the objects that FILE can change. For page_64.h, which most of the kernel includes, these are only
# copy_mc.c and the files that include copy_pages.h: its mutants change nothing but copy_pages(), which has no other
# callers.
objects_of() {
	local pattern="/$1( |\$)"

	[ -d $kernel ] || return 0
	[ "$1" != arch/x86/include/asm/page_64.h ] || pattern='/(include/linux/copy_pages\.h|arch/x86/lib/copy_mc\.c)( |$)'
	# There may be no such object yet, if a run was killed early.
	{ find $kernel -name '.*.o.cmd' -exec grep -lE -- "$pattern" {} + || :; } |
		sed -E 's|/\.([^/]*)\.cmd$|/\1|'
}

forget() {
	objects_of "$1" | xargs -r rm -f
}

# replace FILE BY: moves BY over FILE, keeps the modification time of the old FILE, and removes the objects that FILE can
# change.
replace() {
	touch -r "$tree/$1" "$2"
	mv "$2" "$tree/$1"
	forget "$1"
}

# lend_modules NAME...: gives the guest of a variant the patched kernel's modules, which do not depend on what changes
lend_modules() {
	mkdir -p build/lab/modules/mutant
	cp "${@/#/build/lab/modules/patched/}" build/lab/modules/mutant/
}

take_modules_back() {
	rm -rf build/lab/modules/mutant
}

# environment TITLE: prints the head of a report: the kernel, the programs that made it, and the duration.
environment() {
	echo "$1, $(date -u +%Y-%m-%d): Linux $(cat build/pristine.version), series $(python3 -B report/series.py)"
	echo "$(gcc --version | head -n 1); QEMU $(lab/host/qemu version)"
	echo "$((SECONDS / 60)) min $((SECONDS % 60)) s on $(nproc) CPUs. Made by tests/$me."
}

# layer NAME COMMAND...: succeeds if the mutant survives COMMAND, the layer NAME of tests. Otherwise $fate is "killed",
# or "not judged" if the layer could not run or did not end in time, which says nothing about the mutant. $why is the
# reason.
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

# Prints the first failure in $log that is not due to a time limit.
failure() {
	grep -E '^lab: (FAIL|PANIC)' "$log" | tail -n 1 | awk -F '; ' '{ print $1 (NF > 1 ? "; and " NF - 1 " more" : "") }' | grep . || awk '
		/^ *#/ { said = said $0; next }
		/^ *not ok/ { failed = 1; if (said !~ /did not end in time|lab: TIMEOUT/) { found = 1; print; exit } }
		{ said = ""; last = $0 }
		END { if (!failed && !found) print last }' "$log"
}
