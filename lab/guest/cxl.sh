# SPDX-License-Identifier: GPL-2.0
# shellcheck shell=sh
# Functions of the tests of CXL memory, which source this file as /lab/cxl.sh after functions.sh.

bus=/sys/bus/cxl/devices
drivers='cxl_acpi cxl_port cxl_pci cxl_mem cxl_pmem dax_cxl device_dax kmem'

# cxl_rows: "NODE MEMORY DEVICES" of the topology, in the order of the windows
cxl_rows() {
	awk -v topo="$LAB_TOPO" '$1 == topo && $2 ~ /^cxl-/ { print $3, $4, $5 }' /lab/topologies
}

# A distribution has some of the drivers built in.
load_drivers() {
	for module in $drivers; do
		grep -q "/$module\.ko:" "/lib/modules/$(uname -r)/modules.dep" || continue
		say modprobe "$module" || return 1
	done
}

# need_devices: ends the test with 2 unless the kernel finds all devices of the topology within 20 s
need_devices() {
	want=$(cxl_rows | awk '{ sum += $3 } END { print sum + 0 }')
	[ "$want" != 0 ] || could_not_run "TOPO=$LAB_TOPO has no CXL devices"
	wait_until all_are_there ||
		could_not_run "the kernel finds $(count "$bus"/endpoint*) of $want CXL memory devices: use QEMU 8.1 or newer"
}

all_are_there() {
	[ "$(count "$bus"/endpoint*)" = "$want" ]
}

# count FILE...: prints how many there are
count() {
	nr=0
	for file; do
		[ ! -e "$file" ] || nr=$((nr + 1))
	done
	echo "$nr"
}

# field NAME: from the JSON of the tools on the standard input
field() {
	sed -n "s/^ *\"$1\":\"\{0,1\}\([^\",]*\)\"\{0,1\},\{0,1\}\$/\1/p"
}

# memdevs WINDOW: the devices behind the window
memdevs() {
	cxl list -M -d "decoder0.$1" | field memdev
}

# make_region WINDOW DEVICES TYPE: sets $cxl_region
make_region() {
	# shellcheck disable=SC2046 # a list
	say cxl create-region -d "decoder0.$1" -t "$3" -w "$2" -m $(memdevs "$1") && find_region "$1" &&
		equal "$2 commit" "$(cat "$bus/$cxl_region/interleave_ways") $(field decode_state </tmp/said)"
}

# find_region WINDOW: sets $cxl_region, and $dax to its device, if it has one
find_region() {
	cxl_region=$(basename "$bus/decoder0.$1"/region[0-9]*)
	# shellcheck disable=SC2034 # for the caller
	dax=$(basename "$bus/$cxl_region"/dax_region*/dax*)
	[ -e "$bus/$cxl_region" ]
}

# A region whose memory is online is not destroyed.
destroy_region() {
	say cxl disable-region "$cxl_region" && say cxl destroy-region "$cxl_region" && [ ! -e "$bus/$cxl_region" ]
}

# unload_drivers: those that are modules; nothing of the devices stays
unload_drivers() {
	for module in kmem dax_pmem nd_pmem device_dax dax_cxl cxl_acpi cxl_pmem cxl_pci cxl_mem cxl_port; do
		! grep -q "^$module " /proc/modules || say rmmod "$module" || return 1
	done
	equal 0 "$(count "$bus"/mem* "$bus"/region*)"
}
