# SPDX-License-Identifier: GPL-2.0
# shellcheck shell=sh
# Sourced by tests that go through nodes or CPUs.

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
