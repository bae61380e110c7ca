# SPDX-License-Identifier: GPL-2.0-or-later
# memtest86+ as Debian packages it, the builds of 64 and of 32 bits.
#
## memtest-guest    fetch and verify Debian's memtest86+

.PHONY: memtest-guest
memtest-guest: $(B)/memtest/package

$(B)/memtest/package: guests/fetch.sh
	sh $< $(@D) memtest86+ 'x64.bin=boot/memtest86+x64.bin' 'ia32.bin=boot/memtest86+ia32.bin'
