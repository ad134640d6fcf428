# SPDX-License-Identifier: GPL-2.0
# shellcheck shell=sh
# Functions that several guest tests share. They source this file as /lab/functions.sh.

# "0-2,4" -> "0 1 2 4 "
expand() {
	echo "$1" | tr ',' '\n' | while IFS=- read -r lo hi; do
		seq -s ' ' "$lo" "${hi:-$lo}"
	done | tr '\n' ' '
}

# Without NUMA there is node 0.
nodes_with_memory() {
	expand "$(cat /sys/devices/system/node/has_memory 2>/dev/null || echo 0)"
}

# say COMMAND...: runs the command, and returns and sets $code. The output stays in /tmp/said, and is shown if it fails.
say() {
	code=0
	"$@" >/tmp/said 2>&1 || code=$?
	[ "$code" = 0 ] || sed 's/^/# /' /tmp/said
	return "$code"
}

# wait_until COMMAND...: runs the command until it succeeds, for up to 20 s
wait_until() {
	tries=200
	until "$@"; do
		tries=$((tries - 1))
		[ "$tries" != 0 ] || return 1
		sleep 0.1
	done
}

# find_namespace START: sets $region to the number of the region of persistent memory at this address, and $namespace to
# the namespace that fills the region
find_namespace() {
	for region in /sys/bus/nd/devices/region*; do
		if [ "$(cat "$region/resource")" = "$1" ]; then
			region=${region##*/region}
			# shellcheck disable=SC2034 # for the caller
			namespace=namespace$region.0
			return
		fi
	done
	echo "# no region starts at $1"
	return 1
}

# total NODE: its memory in MiB, 0 if there is no such node
total() {
	{ awk '/ MemTotal: / { print int($4 / 1024) }' "/sys/devices/system/node/node$1/meminfo" 2>/dev/null || echo 0; } | head -n 1
}

# in_mib SIZE: for example, in_mib 1G prints 1024
in_mib() {
	case $1 in
	*G) echo $((${1%G} * 1024)) ;;
	*M) echo "${1%M}" ;;
	0) echo 0 ;;
	esac
}

# hold OUTPUT COMMAND...: starts the command in the background, with its output in a file and a standard input that ends when
# let_go is called
hold() {
	output=$1
	shift
	mkfifo /tmp/held
	"$@" </tmp/held >"$output" 2>&1 &
	held=$!
	exec 7>/tmp/held
	rm /tmp/held
}

# let_go: waits for the end of the command, and returns and sets $code
let_go() {
	exec 7>&-
	code=0
	wait "$held" || code=$?
	return "$code"
}

# offline_in_use DEVICE NODE SIZE: takes the memory of a dax device, all that the node has, offline while a process has SIZE
# bytes in it. The process must keep their contents.
offline_in_use() {
	hold /tmp/stay memory stay "$3" "$2"
	while ! grep -q . /tmp/stay; do
		sleep 0.1
	done
	say daxctl offline-memory "$1" && gone=1 || gone=0
	let_go && stayed=1 || stayed=0
	sed 's/^/# /' /tmp/stay
	equal "1 1 0" "$gone $stayed $(total "$2")"
}

# could_not_run REASON: ends the test, and the whole boot, as one that could not run here
could_not_run() {
	echo "# could not run: $1"
	exit 2
}

# count_copies: probes count the copies of folio_mc_copy() past the caches and through them; copies past|through prints
# how many there have been
tracing=/sys/kernel/tracing

count_copies() {
	[ -e "$tracing"/kprobe_events ] || mount -t tracefs tracefs "$tracing"
	echo 'p:past copy_mc_pages_nontemporal' >"$tracing"/kprobe_events
	echo 'p:through copy_mc_pages' >>"$tracing"/kprobe_events
	echo 1 >"$tracing"/events/kprobes/enable
	copies() {
		awk -v name="$1" '$1 == name { print $2 }' "$tracing"/kprobe_profile
	}
}

count_copies_no_more() {
	echo 0 >"$tracing"/events/kprobes/enable
	echo >"$tracing"/kprobe_events
}

# direction past|through SIZE SRC DST: folios of this size are copied past the caches or through them when they move from node
# to node. Needs count_copies, or a copies() of the caller.
direction() {
	past=$(copies past) through=$(copies through)
	say /lab/bin/folio-copy-bench move-pages --functional --size "$2" --src "$3" --dst "$4" --samples 1 --bytes 4M || return 1
	past=$(($(copies past) - past)) through=$(($(copies through) - through))
	echo "# $2 $3->$4: $past copies past the caches, $through through them"
	case $1 in
	past) [ "$past" -gt 0 ] && equal 0 "$through" ;;
	through) [ "$through" -gt 0 ] && equal 0 "$past" ;;
	esac
}

# all_directions: a test point for each size and direction. Node 2 is in a slower tier than nodes 0 and 1.
all_directions() {
	point "2M from node 0 to the slower tier" direction past 2M 0 2
	point "2M from node 1 to the slower tier" direction past 2M 1 2
	point "64K to the slower tier" direction past 64K 0 2
	point "4K to the slower tier" direction through 4K 0 2
	point "2M back" direction through 2M 2 0
	point "2M within a tier" direction through 2M 0 1
}
