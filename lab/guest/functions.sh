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
