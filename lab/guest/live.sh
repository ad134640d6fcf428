# SPDX-License-Identifier: GPL-2.0
# shellcheck shell=sh
# Functions of the tests of folio_copy_live, which source this file as /lab/live.sh.

front=/lab/bin/folio-copy-bench
ko=/lab/modules/folio_copy_live.ko
parameters=/sys/module/folio_copy_live/parameters
patches=/sys/kernel/livepatch
table=/tmp/live.table
pool=/sys/devices/system/node/node0/hugepages/hugepages-2048kB/nr_hugepages

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
	for function in folio_copy folio_mc_copy copy_user_large_folio; do
		tr -d '\n' <"$parameters/$function"
	done
}

load() {
	"$front" live load --module "$ko" && equal NNN "$(sides)"
}

unload() {
	"$front" live unload && [ ! -e "$parameters" ] && [ ! -e "$patches/folio_copy_live" ]
}

# calls FUNCTION SIDE: the calls since the module was loaded
calls() {
	sed -n "s/^$1 $2 calls \([0-9]*\) .*/\1/p" "$parameters/counters"
}

# counts FUNCTION SIDE OTHER COMMAND...: COMMAND copies folios by this side of FUNCTION, and none by the other one
counts() {
	function=$1 side=$2 other=$3
	before=$(calls "$function" "$side") others=$(calls "$function" "$other")
	shift 3
	"$@" || return 1
	echo "# $function $side: $(($(calls "$function" "$side") - before)) calls"
	[ "$(calls "$function" "$side")" -gt "$before" ] && equal "$others" "$(calls "$function" "$other")"
}

# moves OPTION...: moves a few folios of three sizes
moves() {
	"$front" move-pages --functional --size 4K,64K,2M --samples 2 --bytes 4M "$@" >"$table" 2>&1 || {
		sed 's/^/# /' "$table"
		false
	}
}

# cow OPTION...: writes to a few hugetlb pages of node 0 after fork(2)
cow() {
	echo 8 >"$pool"
	code=0
	"$front" cow --functional --cpu 0 --node 0 --pages 4 "$@" >"$table" 2>&1 || code=$?
	echo 0 >"$pool"
	[ "$code" = 0 ] || sed 's/^/# /' "$table"
	return "$code"
}

# selftest PROGRAM
selftest() {
	code=0
	"/lab/bin/$1" >/tmp/selftest 2>&1 || code=$?
	grep -E '^(not ok|# Totals)' /tmp/selftest | sed 's/^/# /'
	return "$code"
}

# begin_copying: moves folios, and takes faults of copy-on-write, in the background until end_copying
begin_copying() {
	echo 8 >"$pool"
	"$front" move-pages --functional --size 64K,2M --samples 1000 --bytes 8M >"$table" 2>&1 &
	mover=$!
	"$front" cow --functional --node 0 --pages 4 --samples 1000 >"$table.cow" 2>&1 &
	writer=$!
}

# The front end has verified every byte, and was still copying.
end_copying() {
	kill -INT "$mover" "$writer"
	moved=0 written=0
	wait "$mover" || moved=$?
	wait "$writer" || written=$?
	echo 0 >"$pool"
	equal '130 130' "$moved $written" && ! grep -E 'failed|WRONG' "$table" "$table.cow" || {
		tail -n 2 "$table.cow" | sed 's/^/# /'
		false
	}
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
