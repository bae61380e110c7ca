# SPDX-License-Identifier: GPL-2.0-or-later
# A 32-bit Linux guest: the PAE kernel of Debian 12 for i386, and the initramfs of the other one,
# with the 32-bit busybox-static.
#
## linux32-guest   fetch and verify Debian's i386 kernel and busybox, make the initramfs

.PHONY: linux32-guest
linux32-guest: $(B)/linux32/kernel/package $(B)/linux32/initrd.img

$(B)/linux32/kernel/package: guests/fetch.sh
	ARCH=i386 sh $< $(@D) linux-image-686-pae 'vmlinuz=boot/vmlinuz-*'

# After the kernel: they share an index.
$(B)/linux32/busybox/package: guests/fetch.sh $(B)/linux32/kernel/package
	ARCH=i386 sh $< $(@D) busybox-static 'busybox=*bin/busybox'

$(B)/linux32/initrd.img: $(B)/linux32/busybox/package guests/linux/mkinitrd.py guests/linux/initrd.list \
		guests/linux/inittab guests/linux/rc guests/linux/profile
	$(PYTHON) guests/linux/mkinitrd.py guests/linux/initrd.list $@ BUSYBOX=$(<D)/busybox
