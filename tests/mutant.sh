# SPDX-License-Identifier: GPL-2.0
# shellcheck shell=bash
# Sourced by what builds variants of the patched kernel, one after the other: a copy of the source, build/mutants/linux,
# with a kernel of its own, build/lab/mutant, of which only what a variant touches is compiled again.
# shellcheck disable=SC2034,SC2154 # used by those who source this file

tree=build/mutants/linux
kernel=build/lab/mutant

make_tree()
{
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
	done < build/mutants/dirty
}

# The objects that FILE can change. Most of the kernel includes page_64.h, but copy_pages() has few callers: copy_mc.c
# and what comes through copy_pages.h.
objects_of()
{
	local pattern="/$1( |\$)"

	[ -d $kernel ] || return 0
	[ "$1" != arch/x86/include/asm/page_64.h ] || pattern='/(include/linux/copy_pages\.h|arch/x86/lib/copy_mc\.c)( |$)'
	# None may be from it yet, when a run was killed early.
	{ find $kernel -name '.*.o.cmd' -exec grep -lE -- "$pattern" {} + || :; } |
		sed -E 's|/\.([^/]*)\.cmd$|/\1|'
}

forget()
{
	objects_of "$1" | xargs -r rm -f
}

# replace FILE BY: with the time of the old one, and without what was compiled from that.
replace()
{
	touch -r "$tree/$1" "$2"
	mv "$2" "$tree/$1"
	forget "$1"
}

# What a report begins with: which kernel, made by what, and how long it took.
environment()
{
	echo "$1, $(date -u +%Y-%m-%d): Linux $(cat build/pristine.version), series $(git rev-parse --short=12 HEAD)"
	echo "$(gcc --version | head -n 1); $(qemu-system-x86_64 --version | head -n 1)"
	echo "$((SECONDS / 60)) min $((SECONDS % 60)) s on $(nproc) CPUs. Made by scripts/$me."
}
