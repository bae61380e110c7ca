#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-or-later
# Makes a Debian system: make.sh FLAVOUR DIR leaves DIR/vmlinuz, DIR/initrd.img, DIR/disk.img.
#
# linux-image-FLAVOUR, its initrd by update-initramfs, and a root file system with
# systemd, of the release that this machine runs. Nothing in it is changed but what
# an installer asks for: a host name, the root file system, root's password (debian).
# Root is not needed where mmdebstrap can use user namespaces.
set -eu

flavour=$1
dir=$2
. /etc/os-release

mkdir -p "$dir"
rm -f "$dir/disk.img"
echo "making a Debian $VERSION_CODENAME system with linux-image-$flavour in $dir"
mmdebstrap --quiet --variant=minbase --format=null \
	--include="systemd-sysv,udev,kmod,busybox,initramfs-tools,linux-image-$flavour" \
	--aptopt='Acquire::Retries "5"' \
	--dpkgopt='path-exclude=/usr/share/doc/*' --dpkgopt='path-exclude=/usr/share/locale/*' \
	--dpkgopt='path-exclude=/usr/share/man/*' \
	--customize-hook='echo debian >"$1/etc/hostname"' \
	--customize-hook='echo "/dev/vda / ext4 defaults 0 1" >"$1/etc/fstab"' \
	--customize-hook='echo root:debian | chroot "$1" chpasswd' \
	--customize-hook='rm -rf "$1"/var/lib/apt/lists/* "$1"/var/cache/apt/*.bin' \
	--customize-hook="cp \"\$1/vmlinuz\" \"\$1/initrd.img\" '$dir'" \
	--customize-hook="mv \"\$1\"/boot/initrd.img-* '$dir/initrd.img'" \
	--customize-hook="sh guests/debian/disk.sh \"\$1\" '$dir/disk.new'" \
	"$VERSION_CODENAME"
mv "$dir/disk.new" "$dir/disk.img"
