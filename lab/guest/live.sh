# SPDX-License-Identifier: GPL-2.0
# shellcheck shell=sh
# Functions of the tests of folio_copy_live, which source this file as /lab/live.sh.

front=/lab/bin/folio-copy-bench
ko=/lab/modules/folio_copy_live.ko
parameters=/sys/module/folio_copy_live/parameters
patches=/sys/kernel/livepatch
table=/tmp/live.table

# refused LINE ARGUMENT...: the front end ends with 2 and one line that matches LINE
refused() {
	code=0 line=$1
	shift
	"$front" "$@" >/tmp/out 2>/tmp/errors || code=$?
	sed 's/^/# /' /tmp/errors
	equal 2 "$code" && equal 1 "$(wc -l </tmp/errors)" && grep -qE "^folio-copy-bench: $line" /tmp/errors
}

# sides: Y or N for each function, in one word
sides() {
	cat "$parameters/folio_copy" "$parameters/folio_mc_copy" | tr -d '\n'
}

load() {
	"$front" live load --module "$ko" && equal NN "$(sides)"
}

unload() {
	"$front" live unload && [ ! -e "$parameters" ] && [ ! -e "$patches/folio_copy_live" ]
}

# calls SIDE: the calls of folio_mc_copy() since the module was loaded
calls() {
	sed -n "s/^folio_mc_copy $1 calls \([0-9]*\) .*/\1/p" "$parameters/counters"
}

# counts SIDE OTHER COMMAND...: COMMAND copies folios with this side, and none with the other one
counts() {
	side=$1 other=$2
	before=$(calls "$side") others=$(calls "$other")
	shift 2
	"$@" || return 1
	echo "# folio_mc_copy $side: $(($(calls "$side") - before)) calls"
	[ "$(calls "$side")" -gt "$before" ] && equal "$others" "$(calls "$other")"
}

# moves OPTION...: moves a few folios of three sizes
moves() {
	"$front" move-pages --functional --size 4K,64K,2M --samples 2 --bytes 4M "$@" >"$table" 2>&1 || {
		sed 's/^/# /' "$table"
		false
	}
}

selftest() {
	code=0
	/lab/bin/move_pages >/tmp/selftest 2>&1 || code=$?
	grep -E '^(not ok|# Totals)' /tmp/selftest | sed 's/^/# /'
	return "$code"
}

# begin_moving: moves folios in the background until end_moving
begin_moving() {
	"$front" move-pages --functional --size 64K,2M --samples 1000 --bytes 8M >"$table" 2>&1 &
	writer=$!
}

# The front end has verified every byte, and was still moving folios.
end_moving() {
	code=0
	kill -INT "$writer"
	wait "$writer" || code=$?
	equal 130 "$code" && ! grep -E 'failed|WRONG' "$table"
}

# wait_for FILE VALUE: up to 20 s. No VALUE: until the file is gone
wait_for() {
	tries=200
	until [ "$(cat "$1" 2>/dev/null)" = "$2" ] || [ "$tries" = 0 ]; do
		tries=$((tries - 1))
		sleep 0.1
	done
	[ "$tries" != 0 ]
}

load_other() {
	insmod /lab/modules/other_patch.ko && wait_for "$patches/other_patch/transition" 0
}

unload_other() {
	echo 0 >"$patches/other_patch/enabled"
	wait_for "$patches/other_patch/enabled" '' && sleep 1 && rmmod other_patch
}

# NUMA balancing must not migrate anybody's memory by a wrong copy.
no_balancing() {
	echo 0 >/proc/sys/kernel/numa_balancing
}

nothing_is_left() {
	[ ! -e /run/folio-copy-bench.changed ] && [ ! -e /run/folio-copy-bench.module ] &&
		[ ! -e "$patches/folio_copy_live" ] && ! grep -q '^folio_copy_live ' /proc/modules
}
