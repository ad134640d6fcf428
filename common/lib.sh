# SPDX-License-Identifier: GPL-2.0
# shellcheck shell=bash
# Sourced by scripts: paths, one-line errors, kernel trees, the series as a git repository.
# shellcheck disable=SC2034 # used by those who source this file

export LC_ALL=C
unset CDPATH
root=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd -P)
# shellcheck source=common/functions.sh
. "$root/common/functions.sh"
# In a shell of its own: it changes the directory.
(cd "$root" && me=$me sh common/clone.sh) || exit
build=$root/build
patches=$root/patches

# take_base NAME: the kernel is v7.3, whose facts are in BASE, or, with a NAME, that of bases/NAME, which also says how
# the series differs there. Each kernel has a source and a tree of its own below build/.
take_base() {
	BASE=$1
	base_dir=$root${1:+/bases/$1}
	[ -f "$base_dir/BASE" ] || die "no BASE=$1: there are $(bases), and without BASE $(sed -n 's/^tag //p' "$root/BASE")"
	pristine=$build/pristine${1:+-$1}
	linux=$build/linux${1:+-$1}
}
# base KEY: prints a fact of the file BASE.
base() {
	sed -n "s/^$1 //p" "$base_dir/BASE"
}

# Prints the names of the other kernels.
bases() {
	(cd "$root/bases" 2>/dev/null && echo *) || :
}

take_base "${BASE:-}"

# base_of DIR: prints the name in bases/ of the kernel that DIR has, or nothing: then it has to be that of BASE.
base_of() {
	local name version
	version=$(kernel_version "$1")
	for name in $(bases); do
		[[ $version != "$name".* ]] || echo "$name"
	done
}

# Says which kernels there are patches for.
supported() {
	local others
	others=$(bases)
	echo "the series is for ${tag#v}.y${others:+, and its copies for ${others// /.y and }.y}"
}

# The size of an unpacked kernel source in MiB: that of 7.3.4, rounded up.
tree_mib=2000

# space_for MIB: dies if build/ has less free space.
space_for() {
	local free
	free=$(df -Pk "$build" | awk 'NR == 2 { print int($4 / 1024) }')
	[ "$free" -ge "$1" ] ||
		die "$build needs $1 MiB of free space and has $free: free some, or make build/ a link to a larger disk"
}

# kernel_version DIR: prints the version from the Makefile of a kernel tree, e.g. 7.3.4 or 7.3.0-rc5; nothing if DIR is
# no kernel tree.
kernel_version() {
	[ -f "$1/Makefile" ] && [ -f "$1/Kbuild" ] && [ -d "$1/mm" ] && [ -d "$1/arch/x86" ] || return 0
	awk -F ' *= *' '/^(VERSION|PATCHLEVEL|SUBLEVEL|EXTRAVERSION) *=/ { v[$1] = $2 }
		END { if (v["VERSION"] != "")
			print v["VERSION"] "." v["PATCHLEVEL"] "." v["SUBLEVEL"] v["EXTRAVERSION"] }' "$1/Makefile"
}

# check_kernel DIR: sets $version and $kernel (an absolute path), or dies with the reason why DIR cannot be used. The base must
# be that of its version.
check_kernel() {
	local tag
	tag=$(base tag)
	[ -d "$1" ] || die "KERNEL=$1 is not a directory: name the top of a $tag.y source tree"
	! grep -q $'\r' "$1/Makefile" 2>/dev/null ||
		die "KERNEL=$1 has CRLF line ends, which no patch applies to: unpack or check it out again, with core.autocrlf=false"
	version=$(kernel_version "$1")
	[ -n "$version" ] || die "KERNEL=$1 is not a kernel source tree: name the directory that has Kbuild and mm/"
	case $version in
	*-rc*) die "KERNEL=$1 is Linux $version, a release candidate: the series is for ${tag#v}.y" ;;
	"${tag#v}".*) ;;
	*) die "KERNEL=$1 is Linux $version, which is not supported: $(supported)" ;;
	esac
	kernel=$(realpath "$1")
}

# git with the settings below only: no user or system settings, attributes, hooks or signatures.
plain_git() {
	env -u GIT_DIR -u GIT_WORK_TREE -u GIT_INDEX_FILE -u GIT_EXTERNAL_DIFF -u GIT_DIFF_OPTS \
		GIT_CONFIG_GLOBAL=/dev/null GIT_CONFIG_NOSYSTEM=1 GIT_ATTR_NOSYSTEM=1 GIT_EDITOR=: \
		git -c safe.directory='*' -c init.defaultBranch=series -c gc.auto=0 -c maintenance.auto=false \
		-c user.name=series -c user.email=series@localhost -c user.useConfigOnly=false \
		-c commit.gpgSign=false -c tag.gpgSign=false -c core.hooksPath=/dev/null -c core.autocrlf=false \
		-c core.excludesFile=/dev/null -c core.attributesFile=/dev/null -c core.fsmonitor=false \
		-c core.abbrev=12 -c apply.whitespace=nowarn -c am.threeWay=false -c advice.detachedHead=false "$@"
}

# is_git_top DIR: DIR is the top of a git work tree, not a directory somewhere inside one.
is_git_top() {
	[ -e "$1/.git" ] && plain_git -C "$1" rev-parse --verify -q HEAD >/dev/null
}

# need_patches: sets $list, the patches in order.
need_patches() {
	need git git patch patch
	list=("$patches"/0*.patch)
	[ -f "${list[0]}" ] || die "patches/ is empty: restore it with git checkout patches"
	[ -z "$BASE" ] || adapt_patches
}

# Prints the rows of patches/postings. Without the file, all patches are one posting.
postings() {
	[ ! -f "$patches/postings" ] || rows "$patches/postings"
}

# left_out NUMBER: prints why the kernel BASE does not get this patch, or nothing
left_out() {
	sed -n "s/^$1 //p" "$base_dir/left-out"
}

# adapt_patches: makes $list the patches for the kernel BASE: without those that are left out, and with the differences. A
# directory of them has a digest of its origin in its name, so that it is made once and never changes.
adapt_patches() {
	local out p new
	need python3 python3
	out=$build/bases/$BASE-$(cat "${list[@]}" "$base_dir"/* "$root/common/adapt.py" | sha256sum | cut -c1-16)
	if [ ! -d "$out" ]; then
		new=$out.$$
		rm -rf "$build/bases/$BASE"-*
		mkdir -p "$new"
		for p in "${list[@]}"; do
			adapt "$p" "$new/${p##*/}"
		done
		mv -T "$new" "$out"
	fi
	list=("$out"/0*.patch)
}

# adapt PATCH NEW
adapt() {
	local name=${1##*/} number difference
	number=${name%%-*}
	[ -z "$(left_out "$number")" ] || return 0
	difference=$base_dir/$number.diff
	cp "$1" "$2"
	[ -f "$difference" ] || return 0
	patch -s -f --no-backup-if-mismatch -o "$2.new" "$2" "$difference" >/dev/null &&
		PYTHONDONTWRITEBYTECODE=1 python3 "$root/common/adapt.py" recount "$2.new" >"$2" ||
		die "bases/$BASE/$number.diff does not fit patches/$name any more: correct it, or make it again from commits (CONTRIBUTING.md)"
	rm "$2.new"
}

need_pristine() {
	[ -f "$pristine.version" ] || die "there is no kernel source under build/: run scripts/fetch-kernel"
}

# Sets $tmp, a directory that is removed when the script exits.
temporary() {
	mkdir -p "$build"
	tmp=$(mktemp -d "$build/$me.XXXXXX")
	trap 'rm -rf "$tmp"' EXIT
}

# Prints the files that the patches touch.
touched() {
	local p
	for p in "${list[@]}"; do
		plain_git -C / apply --numstat -z "$p" 2>"$tmp/err" || die "patches/${p##*/} is not a patch ($(head -n1 "$tmp/err")): restore it"
	done | tr '\0' '\n' | cut -f3 | sort -u
}

# copy_touched FROM TO: copies the touched files that FROM has.
copy_touched() {
	(cd "$1" && while read -r f; do
		[ ! -e "$f" ] || cp -P --preserve=mode --parents -t "$2" "$f"
	done) <"$tmp/touched"
}

# make_repo: $repo is a git repository of the touched files: tag base, then a commit per patch on the branch series.
make_repo() {
	repo=$tmp/repo
	mkdir "$repo"
	touched >"$tmp/touched"
	copy_touched "$pristine" "$repo"
	plain_git init -q "$repo"
	# Hunk headers name C functions only if git knows that the files are C. add -f: no file of the kernel tree is ignored.
	echo '*.[ch] diff=cpp' >"$repo/.git/info/attributes"
	plain_git -C "$repo" add -A -f
	GIT_AUTHOR_DATE='2026-01-01T00:00:00Z' GIT_COMMITTER_DATE='2026-01-01T00:00:00Z' \
		plain_git -C "$repo" commit -q --allow-empty -m "$(cat "$pristine.version")"
	plain_git -C "$repo" tag base
	apply_all
}

# The file that `git am` complained about.
blamed() {
	sed -nE 's/^error: (patch failed: )?([^ :]*)[: ].*/\2/p' "$tmp/err" | head -n1
}

apply_all() {
	local p cure='correct the patch, or restore it with git checkout patches'
	! grep -q ' KERNEL=' "$pristine.version" || cure='use a tree that is unchanged there and does not have the series yet'
	for p in "${list[@]}"; do
		plain_git -C "$repo" am -q --committer-date-is-author-date "$p" >"$tmp/out" 2>"$tmp/err" ||
			die "patches/${p##*/} does not apply to $(blamed) of Linux $(cat "$pristine.version"): $cure"
	done
}

# kind FILE: prints the mode of a file as git sees it; nothing for a plain file.
kind() {
	if [ -L "$1" ]; then
		echo link
	elif [ -x "$1" ]; then
		echo executable
	fi
}

same_file() {
	[ "$(kind "$1")" = "$(kind "$2")" ] || return 1
	if [ -L "$1" ]; then
		[ "$(readlink "$1")" = "$(readlink "$2")" ]
	else
		cmp -s "$1" "$2"
	fi
}

# host_case DESCRIPTION COMMAND...: a point (common/ktap.sh) that needs a mount namespace. A chroot, for example, cannot
# have one.
host_case() {
	if unshare -rm true 2>/dev/null; then
		point "$@"
	else
		skip_point "$1" "unshare -rm is not permitted here"
	fi
}

# Prints the options for unshare. In some containers root must not mount, but root of a new user namespace may.
namespace() {
	local how
	for how in -m -rm; do
		! unshare $how true 2>/dev/null || {
			echo "$how"
			return
		}
	done
	die "unshare -rm is not permitted here: be root, or allow user namespaces"
}

# in_root DIR COMMAND...: runs COMMAND as root of DIR, in /series, which is this repository. Replaces the shell.
in_root() {
	local dir=$1 how
	shift
	how=$(namespace) || exit
	cd "$root" || exit
	# shellcheck disable=SC2016 # for the inner shell
	exec unshare "$how" sh -c 'mount --rbind /dev "$0/dev" && mount --rbind /proc "$0/proc" && mount --bind . "$0/series" &&
		exec chroot "$0" env -i -C /series PATH=/usr/sbin:/usr/bin:/sbin:/bin HOME=/root LC_ALL=C "$@"' "$dir" "$@"
}
