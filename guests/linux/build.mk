# SPDX-License-Identifier: GPL-2.0-or-later
# The Linux guest: Debian's cloud kernel as packaged, and an initramfs of busybox-static.

## linux-guest      fetch and verify Debian's kernel, make the initramfs
.PHONY: linux-guest
linux-guest: $(B)/linux/vmlinuz $(B)/linux/initrd.img $(B)/linux/virtio.img

GUEST_FILES += '\mullion\vmlinuz=$(B)/linux/vmlinuz' '\mullion\initrd.img=$(B)/linux/initrd.img'

BUSYBOX ?= $(firstword $(wildcard /bin/busybox /usr/bin/busybox) /bin/busybox)

# The initramfs of a test has them, in the order in which they are loaded.
VIRTIO_MODULES := virtio_ring virtio virtio_pci_modern_dev virtio_pci_legacy_dev virtio_pci virtio_balloon

$(B)/linux/vmlinuz: guests/fetch.sh guests/linux/build.mk
	sh $< $(@D) linux-image-cloud-amd64 'vmlinuz=boot/vmlinuz-*' 'config=boot/config-*' \
		$(foreach m,$(VIRTIO_MODULES),'$(m).ko=lib/modules/*/kernel/drivers/virtio/$(m).ko')

$(B)/linux/virtio.img: $(B)/linux/vmlinuz $(B)/linux/initrd.img guests/linux/mkinitrd.py
	for m in $(VIRTIO_MODULES); do echo "file /$$m.ko 0644 $(B)/linux/$$m.ko"; done | \
		$(PYTHON) guests/linux/mkinitrd.py /dev/stdin $@.new
	cat $(B)/linux/initrd.img $@.new >$@

$(B)/linux/initrd.img: guests/linux/mkinitrd.py guests/linux/initrd.list guests/linux/inittab \
		guests/linux/rc guests/linux/profile
	@mkdir -p $(@D)
	@"$(BUSYBOX)" --list 2>/dev/null | grep -qx cttyhack || \
		{ echo "$@: $(BUSYBOX) is missing or lacks cttyhack: install the Debian package busybox-static" >&2; exit 1; }
	$(PYTHON) $< guests/linux/initrd.list $@ BUSYBOX="$(BUSYBOX)"
