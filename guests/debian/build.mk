# SPDX-License-Identifier: GPL-2.0-or-later
# A whole Debian as a guest: its own kernel and initrd, and a disk image with systemd.
#
## debian-guest    Debian's cloud kernel, its initrd and a disk, all as packaged (FLAVOUR=amd64: the stock one)

FLAVOUR := cloud-amd64

.PHONY: debian-guest
debian-guest: $(FLAVOUR:%=$(B)/debian/%/disk.img)

$(B)/debian/%/disk.img: guests/debian/make.sh
	sh $< $(*) $(@D)
