#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-or-later
# Downloads a Debian package and takes files out of it, unchanged.
#
# fetch.sh DIR PACKAGE NAME=PATTERN...: leaves the file that matches PATTERN in the package
# as DIR/NAME, and DIR/package (name and version). A metapackage of a kernel,
# linux-image-FLAVOUR, stands for the kernel that it depends on.
# ARCH=i386 in the environment: of Debian 12 for that architecture, the last with kernels for it.
# Nothing is installed and no root is needed. The package must have the SHA-256
# of the signed apt index, and each file the MD5 that the package says.
set -eu

dir=$1
package=$2
shift 2
update="run 'apt-get update' (as root) and try again"

die()
{
	echo "guests/fetch.sh: $*" >&2
	exit 1
}

field()
{
	apt-cache show --no-all-versions "$1" 2>/dev/null | sed -n "s/^$2: //p" | head -n 1
}

mkdir -p "$dir"
cd "$dir"

# Another architecture has an index of its own beside DIR: the machine's is left as it is.
if [ -n "${ARCH:-}" ]; then
	apt=${PWD%/*}/apt-$ARCH
	mkdir -p "$apt/lists/partial" "$apt/archives/partial"
	keys=/usr/share/keyrings/debian-archive-keyring.gpg
	echo "deb [signed-by=$keys] http://deb.debian.org/debian bookworm main" >"$apt/sources.list"
	cat >"$apt/apt.conf" <<-END
		APT::Architecture "$ARCH"; APT::Architectures { "$ARCH"; };
		APT::Sandbox::User "root"; Acquire::Languages "none"; Acquire::Retries "5";
		Dir::State "$apt"; Dir::State::status "/dev/null"; Dir::Cache "$apt";
		Dir::Etc::sourcelist "$apt/sources.list"; Dir::Etc::sourceparts "/dev/null";
	END
	export APT_CONFIG="$apt/apt.conf"
	update="is the network there?"
	if [ -z "$(find "$apt/updated" -mmin -60 2>/dev/null)" ]; then
		echo "downloading the index of Debian 12 for $ARCH"
		apt-get -qq update || die "cannot download the index of Debian 12 for $ARCH: $update"
		touch "$apt/updated"
	fi
fi

# linux-image-amd64 depends on, e.g., linux-image-6.1.0-56-amd64 (= 6.1.192-2).
case $package in
linux-image-*)
	flavour=${package#linux-image-}
	real=$(field "$package" Depends | grep -o "linux-image-[0-9][^ ,]*-$flavour" | head -n 1) || true
	[ -n "$real" ] || die "apt knows no package $package: $update"
	package=$real ;;
esac
version=$(field "$package" Version)
sha256=$(field "$package" SHA256)
[ -n "$version" ] && [ -n "$sha256" ] || die "apt has no index entry for $package: $update"

deb=$(field "$package" Filename)
deb=${deb##*/}
good()
{
	echo "$sha256  $deb" | sha256sum --check --status 2>/dev/null
}
if ! good; then
	rm -f -- *.deb
	echo "downloading $package $version"
	apt-get -qq -o APT::Sandbox::User=root -o Acquire::Retries=5 download "$package=$version" ||
		die "cannot download $package $version: is the network there, and 'apt-get update' recent?"
	# apt escapes the epoch's colon in the name; there is one .deb here.
	[ -f "$deb" ] || mv -- *.deb "$deb"
	good || die "$dir/$deb does not have the SHA-256 of the apt index ($sha256); delete it and try again"
fi

dpkg-deb --ctrl-tarfile "$deb" | tar -xOf - ./md5sums >md5sums
for word; do
	name=${word%%=*}
	dpkg-deb --fsys-tarfile "$deb" | tar -xOf - --wildcards "./${word#*=}" >"$name.new" ||
		die "$deb has no file ${word#*=}"
	md5=$(md5sum <"$name.new")
	grep -q "^${md5%% *}  " md5sums || die "${word#*=} is not what $deb says it is"
	mv "$name.new" "$name"
done
echo "$package $version" >package
