# SPDX-License-Identifier: GPL-2.0-or-later
# The Debian installer for booting from the network: its kernel and initrd as packaged.
#
## installer-guest  fetch and verify the Debian installer's kernel and initrd

INSTALLER_RELEASE := $(shell . /etc/os-release && echo $${VERSION_ID:-12})
INSTALLER_PACKAGE := debian-installer-$(INSTALLER_RELEASE)-netboot-amd64

.PHONY: installer-guest
installer-guest: $(B)/installer/package

$(B)/installer/package: guests/fetch.sh
	sh $< $(@D) $(INSTALLER_PACKAGE) 'vmlinuz=*/text/*/linux' 'initrd.gz=*/text/*/initrd.gz'
