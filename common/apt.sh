# SPDX-License-Identifier: GPL-2.0
# shellcheck shell=bash
# Sourced after lib.sh: packages of another Debian suite than the machine's own, from the mirror that the machine uses.
# The machine's own apt fetches them, with its proxies, credentials and signature checks. Lists, cache and sources are
# ours, below $dl/apt: the system's stay as they are.

# shellcheck disable=SC2154 # from lib.sh
dl=$build/dl

# The end of messages about a missing package: what else the user can do, such as ", or give KERNEL=DIR".
otherwise=

# try COMMAND...: leaves the errors of the command in $errors, and not in a file, because the disk may be full.
try() {
	errors=$("$@" 2>&1 >/dev/null)
}

disk_was_full() {
	[[ $errors = *'No space left on device'* ]]
}

# Leaves out the system's hooks and pins, which are for the system's packages.
write_apt_conf() {
	mkdir -p "$dl/apt/lists/partial" "$dl/apt/cache/archives/partial" "$dl/apt/sources.d" "$dl/apt/package"
	: >"$dl/apt/status"
	cat >"$dl/apt/apt.conf" <<-EOF
		#clear APT::Update::Pre-Invoke;
		#clear APT::Update::Post-Invoke;
		#clear APT::Update::Post-Invoke-Success;
		APT::Sandbox::User "root";
		APT::Architecture "amd64";
		Dir::State::status "$dl/apt/status";
		Dir::State::lists "$dl/apt/lists";
		Dir::Cache "$dl/apt/cache";
		Dir::Etc::sourcelist "/dev/null";
		Dir::Etc::sourceparts "$dl/apt/sources.d";
		Dir::Etc::preferences "/dev/null";
		Dir::Etc::preferencesparts "/dev/null";
	EOF
}

our_apt() {
	local command=$1
	shift
	"$command" -q -c "$dl/apt/apt.conf" "$@"
}

# lock_packages: waits until no other script uses the lists and packages below $dl. The lock lasts as long as this shell.
lock_packages() {
	mkdir -p "$dl"
	exec 9>"$dl/lock"
	flock 9
}

# planned ARGUMENT...: prints NAME=VERSION of each package that "apt-get install ARGUMENT..." would unpack
planned() {
	local plan
	plan=$(our_apt apt-get -s --no-install-recommends install "$@") || return
	sed -n 's/^Inst \([^ ]*\) \(\[[^]]*\] \)\{0,1\}(\([^ ]*\) .*/\1=\3/p' <<<"$plan"
}

# Prints the URIs of the Debian archives that the machine uses. apt itself reads its sources: deb822 or one-line,
# enabled or not, with any number of URIs. Security archives are left out, as they do not mirror the main one. Other
# vendors' repositories use Debian's suite names, too, so URIs whose path ends in debian come first.
debian_uris() {
	apt-get -o Debug::NoLocking=1 --print-uris update 2>/dev/null |
		sed -nE "s#^'(.*)/dists/([^/']*)/main/binary-[^']*'.*#\2 \1#p" |
		awk '$1 ~ /^(bookworm|trixie|forky|duke|sid|(old)*stable|testing|unstable)(-updates|-backports)?$/ {
			rank = $2 ~ /\/debian(\.list)?$/ ? 1 : 2
			if (!seen[$2]++) print rank, $2 }' | sort -s -n -k1,1 | cut -d' ' -f2
}

# Names the keyring that verifies every suite of Debian: the Signed-By of a source may be for the suite of that source
# only.
signed_by() {
	local f
	for f in /usr/share/keyrings/debian-archive-keyring.{gpg,pgp}; do
		if [ -r "$f" ]; then
			echo "Signed-By: $f"
			return
		fi
	done
}

# update_from URI TYPE SUITE
update_from() {
	local targets=Packages
	[ "$2" = deb ] || targets=Sources
	cat >"$dl/apt/sources.d/suite.sources" <<-EOF
		Types: $2
		URIs: $1
		Suites: $3
		Components: main
		Targets: $targets
		$(signed_by)
	EOF
	try our_apt apt-get --error-on=any update
}

# update_lists TYPE SUITES: fills our lists from the first mirror that has the suite, or all suites if there are
# several.
update_lists() {
	local uri uris cause
	write_apt_conf
	uris=$(debian_uris)
	[ -n "$uris" ] || die "apt has no source for Debian's main archive to take $2 from: add one$otherwise"
	for uri in $uris; do
		update_from "$uri" "$@" && return
	done
	! disk_was_full || die "the disk of $build is full: free some space and run this again"
	cause=$(grep -m1 '^E:' <<<"$errors" | cut -c4- | tr -s ' ')
	case $errors in
	*"does not have a Release file"* | *" 404 "*) die "no mirror of this machine has the suite $2 ($cause): use another mirror$otherwise" ;;
	*"not signed"* | *signature* | *GPG*) die "$2 could not be authenticated ($cause): install debian-archive-keyring$otherwise" ;;
	*) die "the package mirror cannot be reached (${cause:-no reason given}): check the network and apt's proxy$otherwise" ;;
	esac
}
