# SPDX-License-Identifier: GPL-2.0
# shellcheck shell=sh
# Counts the memory maps of device memory that the kernel makes during a test, and the struct pages that it copies.
# Tests that use such memory source this file as /lab/copies.sh. All kernels have the function that makes the map; only
# kernels with the series have the function that copies.

tracing=/sys/kernel/tracing
trace=$tracing/instances/copies

has_copies() {
	[ "$LAB_KERNEL" != stock ]
}

# shellcheck disable=SC2317 # called by point()
function_is_there() {
	has_copies && expected=1 || expected=0
	equal "$expected" "$(grep -c ' memmap_fill$' /proc/kallsyms)"
}

# The probes write to a trace instance of their own, whose buffer other events cannot fill.
watch_copies() {
	[ -e $tracing/events ] || mount -t tracefs none $tracing
	mkdir -p $trace
	# shellcheck disable=SC2016 # $arg3 and $arg2 are for the kernel
	echo 'p:copies/map memmap_init_zone_device pages=$arg3:u64' >$tracing/kprobe_events
	# shellcheck disable=SC2016
	! has_copies || for function in memmap_fill memmap_fill_nontemporal; do
		echo "p:copies/$function $function"' pages=$arg2:u64' >>$tracing/kprobe_events
	done
	echo 1 >$trace/events/copies/enable
}

forget_copies() {
	echo >$trace/trace
}

# Sets $maps, the number of memory maps made, $mapped, the number of their pages, and $copied, the number of their
# struct pages that are copies or were copied.
count_copies() {
	awk '
		{ pages = $NF; sub("pages=", "", pages) }
		/ map: / { maps++; mapped += pages }
		/ memmap_fill[a-z_]*: / { copied += pages + 1 }
		END { print +maps, +mapped, +copied }' $trace/trace >/tmp/copies
	forget_copies
	read -r maps mapped copied </tmp/copies
	echo "# memory maps: $maps, of $mapped pages; struct pages copied: $copied"
}

# were_copied MAPS STRUCT_PAGES: count_copies found MAPS memory maps, and STRUCT_PAGES struct pages (0 on a stock kernel)
were_copied() {
	has_copies && expected=$2 || expected=0
	equal "$1" "$maps" && equal "$expected" "$copied"
}
