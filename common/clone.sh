# SPDX-License-Identifier: GPL-2.0
# shellcheck shell=sh
# Sourced by every script, in the top directory of the clone. If scripts cannot work here, exits with 2 and one line,
# before anything is written or removed. common/path.mk refuses the same characters for make.

. common/functions.sh

# check_path PATH WHAT CURE
check_path() {
	path_rest=${1#"${1%%[[:space:]\'\"\\\$\`\&\;\(\)\<\>\|\*\?\[\]\{\}\#%:,]*}"}
	case $path_rest in
	'') return ;;
	[[:space:]]*) path_flaw='a blank' ;;
	*) path_flaw="a '${path_rest%"${path_rest#?}"}'" ;;
	esac
	printf "%s: %s, '%s', has %s in it: %s" "$me" "$2" "$1" "$path_flaw" "$3" | tr '\n' ' ' >&2
	echo >&2
	exit 2
}

# kbuild resolves links, so the real path counts.
cd -P . || exit
check_path "$PWD" "the path of this clone" "move it to one without"
check_path "$(realpath -m build)" "build, a link" "let it name a path without"
check_path "${TMPDIR:-}" TMPDIR "name one without"

# Refuses files of another user, for example left by sudo. Later scripts would stop at them halfway, again and again.
path_foreign=$(find build/ -maxdepth 2 ! -type l ! -user "$(id -u)" ! -writable -printf '%p belongs to %u\n' -quit 2>/dev/null) || :
[ -z "$path_foreign" ] || {
	echo "$path_foreign and cannot be written: sudo chown -R $(id -un) build/" >&2
	exit 2
}
