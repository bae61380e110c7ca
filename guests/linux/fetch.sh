#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-or-later
# Downloads Debian's cloud kernel package and takes its vmlinuz and config out, unchanged.
#
# fetch.sh DIR: leaves DIR/vmlinuz, DIR/config and DIR/package (name and version).
# Nothing is installed and no root is needed. The package must have the SHA-256
# of the signed apt index, and each file the MD5 that the package says.
set -eu

meta=linux-image-cloud-amd64
dir=$1

die()
{
	echo "guests/linux/fetch.sh: $*" >&2
	exit 1
}

field()
{
	apt-cache show --no-all-versions "$1" 2>/dev/null | sed -n "s/^$2: //p" | head -n 1
}

# The package that the metapackage's candidate version depends on, e.g.
# linux-image-6.1.0-56-cloud-amd64 (= 6.1.192-2).
package=$(field "$meta" Depends | grep -o 'linux-image-[0-9][^ ,]*-cloud-amd64' | head -n 1) || true
[ -n "$package" ] ||
	die "apt knows no package $meta: run 'apt-get update' (as root) and try again"
version=$(field "$package" Version)
sha256=$(field "$package" SHA256)
[ -n "$version" ] && [ -n "$sha256" ] ||
	die "apt has no index entry for $package: run 'apt-get update' (as root) and try again"

mkdir -p "$dir"
cd "$dir"
deb=$(field "$package" Filename)
deb=${deb##*/}
good()
{
	echo "$sha256  $deb" | sha256sum --check --status 2>/dev/null
}
if ! good; then
	rm -f -- *.deb
	echo "downloading $package $version"
	apt-get -qq -o APT::Sandbox::User=root download "$package=$version" ||
		die "cannot download $package $version: is the network there, and 'apt-get update' recent?"
	# apt escapes the epoch's colon in the name; there is one .deb here.
	[ -f "$deb" ] || mv -- *.deb "$deb"
	good || die "$dir/$deb does not have the SHA-256 of the apt index ($sha256); delete it and try again"
fi

kernel=${package#linux-image-}
dpkg-deb --ctrl-tarfile "$deb" | tar -xOf - ./md5sums >md5sums
for name in vmlinuz config; do
	file=boot/$name-$kernel
	dpkg-deb --fsys-tarfile "$deb" | tar -xOf - "./$file" >"$name.new"
	md5=$(sed -n "s|^\([0-9a-f]*\)  $file\$|\1|p" md5sums)
	[ -n "$md5" ] || die "$deb lists no MD5 for $file"
	echo "$md5  $name.new" | md5sum --check --status ||
		die "$file is not what $deb says it is (MD5 $md5)"
	mv "$name.new" "$name"
done
echo "$package $version" >package
