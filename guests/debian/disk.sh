#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-or-later
# disk.sh ROOT IMAGE: an ext4 file system of what is below ROOT, with a third of free space.
# A bind mount shows ROOT without what is mounted in it.
set -eu
PATH=$PATH:/usr/sbin:/sbin

mkdir "$1.disk"
mount --bind "$1" "$1.disk"
size=$(du -sm "$1.disk" | cut -f 1)
mkfs.ext4 -q -L debian -d "$1.disk" "$2" $((size * 4 / 3 + 32))M
umount "$1.disk"
rmdir "$1.disk"
