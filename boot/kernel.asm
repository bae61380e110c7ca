; SPDX-License-Identifier: GPL-2.0-or-later
; The hypervisor, as it is to lie in memory, without its BSS (boot/build.mk).
section .rodata
align 8
global kernel_begin:data hidden, kernel_end:data hidden
kernel_begin:
	incbin IMAGE
kernel_end:
