# SPDX-License-Identifier: GPL-2.0
# shellcheck shell=sh
# How the memory maps of device memory are made while a test runs: as /lab/copies.sh, to be sourced by those who use such
# memory. The function that makes copies is in kernels with the series only, the one that makes the map is in all.

tracing=/sys/kernel/tracing
trace=$tracing/instances/copies

has_copies() {
	[ "$LAB_KERNEL" != stock ]
}

# shellcheck disable=SC2317 # called by point()
function_is_there() {
	has_copies && expected=1 || expected=0
	equal "$expected" "$(grep -c ' memmap_template_fill$' /proc/kallsyms)"
}

# In a buffer of its own, which other events cannot fill.
watch_copies() {
	[ -e $tracing/events ] || mount -t tracefs none $tracing
	mkdir -p $trace
	# shellcheck disable=SC2016 # $arg3 is for the kernel
	echo 'p:copies/map memmap_init_zone_device pages=$arg3:u64' >$tracing/kprobe_events
	# shellcheck disable=SC2016
	! has_copies || echo 'p:copies/copy memmap_template_fill pages=$arg3:u64' >>$tracing/kprobe_events
	echo 1 >$trace/events/copies/enable
}

forget_copies() {
	echo >$trace/trace
}

# Sets $maps, $mapped and $copied: how many memory maps were made, of how many pages, and how many struct pages of them
# are copies.
count_copies() {
	awk '
		{ pages = $NF; sub("pages=", "", pages) }
		/ map: / { maps++; mapped += pages }
		/ copy: / { copied += pages }
		END { print +maps, +mapped, +copied }' $trace/trace >/tmp/copies
	forget_copies
	read -r maps mapped copied </tmp/copies
	echo "# memory maps: $maps, of $mapped pages; struct pages copied: $copied"
}

# were_copied MAPS STRUCT_PAGES: as many memory maps were counted, and as many copies if the kernel makes any
were_copied() {
	has_copies && expected=$2 || expected=0
	equal "$1" "$maps" && equal "$expected" "$copied"
}
