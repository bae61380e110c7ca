#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-or-later
# Installs what tools/packages.txt lists and is missing; silent when nothing is.
set -eu

list=$(dirname "$0")/packages.txt

die()
{
	printf 'install: %s\n' "$*" >&2
	exit 1
}

{ command -v dpkg-query && command -v apt-get; } >/dev/null ||
	die "this is not Debian: install what $list names by this system's own means, then run make with DEPS=no."

# Installed packages, and what they provide (virtual packages), one a line.
have=$(dpkg-query -W -f '${db:Status-Status} ${Package}, ${Provides}\n' |
	sed -n 's/^installed //p' | tr ',' '\n' | sed 's/^ *//; s/[ (].*//')

installed()
{
	printf '%s\n' "$have" | grep -qxF "$1"
}

# Lines of the list, without comments and blanks: "a | b" with one alternative missing or more.
missing=
while IFS= read -r line; do
	line=${line%%#*}
	[ -n "$(printf %s "$line" | tr -d ' |')" ] || continue
	found=
	for name in $(printf %s "$line" | tr '|' ' '); do
		if installed "$name"; then
			found=yes
		fi
	done
	[ -n "$found" ] || missing="$missing
$line"
done <"$list"
[ -n "$missing" ] || exit 0

# apt knows a package when it has a candidate version.
known()
{
	apt-cache policy "$1" 2>/dev/null | grep -q '^  Candidate: [^(]'
}

# The first alternative of each missing line that apt knows; sets $wanted, or $unknown.
choose()
{
	wanted=
	unknown=
	while IFS= read -r line; do
		[ -n "$line" ] || continue
		pick=
		for name in $(printf %s "$line" | tr '|' ' '); do
			if [ -z "$pick" ] && known "$name"; then
				pick=$name
			fi
		done
		if [ -n "$pick" ]; then
			wanted="$wanted $pick"
		else
			unknown="$unknown ($line)"
		fi
	done <<END
$missing
END
}

root=
if [ "$(id -u)" -ne 0 ]; then
	names=$(printf '%s\n' "$missing" | sed 's/|.*//' | tr -s '\n ' '  ')
	command -v sudo >/dev/null ||
		die "packages are missing, and there is no sudo here. As root, run:
    apt-get update && apt-get install --no-install-recommends$names"
	root=sudo
fi

choose
if [ -n "$unknown" ]; then
	echo "install: asking Debian's servers for the list of packages (apt-get update)"
	$root apt-get -q update || die "apt-get update failed: see above; check the network and /etc/apt/sources.list, then run this again."
	choose
fi
[ -z "$unknown" ] ||
	die "apt knows no package for:$unknown. Mullion needs Debian 12 or 13 with the section main in /etc/apt/sources.list."

echo "install: these Debian packages are missing and will be installed now:$wanted"
# Recommended packages would bring a desktop with the emulators.
apt_install()
{
	# shellcheck disable=SC2086 # one word for each package
	$root env DEBIAN_FRONTEND=noninteractive apt-get -q -y install --no-install-recommends $wanted
}
if ! apt_install; then
	# A list of packages that is older than the servers names files that are gone.
	echo "install: trying again with a fresh list of packages (apt-get update)"
	{ $root apt-get -q update && apt_install; } ||
		die "apt-get failed: see above. Mend that, or run: apt-get install --no-install-recommends$wanted"
fi
