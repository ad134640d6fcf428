# SPDX-License-Identifier: GPL-2.0
# shellcheck shell=sh
# KTAP from a shell script, on the host and, as /lab/ktap.sh, in the guest. Source it, and call finish at the end.

echo "KTAP version 1"
ktap_nr=0
ktap_failed=0

# point DESCRIPTION COMMAND...: passed if the command succeeds
point() {
	ktap_description=$1
	shift
	ktap_nr=$((ktap_nr + 1))
	if "$@"; then
		echo "ok $ktap_nr $ktap_description"
	else
		echo "not ok $ktap_nr $ktap_description"
		ktap_failed=1
	fi
}

# equal EXPECTED FOUND: a command for point()
equal() {
	[ "$1" = "$2" ] || { echo "# expected '$1', found '$2'" && false; }
}

# skip_point DESCRIPTION REASON
skip_point() {
	ktap_nr=$((ktap_nr + 1))
	echo "ok $ktap_nr $1 # SKIP $2"
}

# finish: prints the plan. A script that died on the way has printed none, so it does not look complete.
finish() {
	echo "1..$ktap_nr"
	exit "$ktap_failed"
}
