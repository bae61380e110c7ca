; SPDX-License-Identifier: GPL-2.0-or-later
; The entries of a 32-bit kernel: multiboot 1 and PVH. Both end in pc_main(eax, ebx, how).
	bits 32

	extern pc_main
	global multiboot_entry

MAGIC	equ 0x1badb002
FLAGS	equ 3			; modules on pages, memory

	section .multiboot align=4
	dd MAGIC, FLAGS, -(MAGIC + FLAGS)

	section .note.xen note align=4
	dd 4, 4, 18		; XEN_ELFNOTE_PHYS32_ENTRY
	db "Xen", 0
	dd pvh_entry

	section .bss nobits align=16
	resb 8192
stack_top:

	section .text
multiboot_entry:
	xor ecx, ecx
	jmp start
pvh_entry:
	mov ecx, 1
start:
	mov esp, stack_top
	push ecx
	push ebx
	push eax
	call pc_main
.end:	cli
	hlt
	jmp .end
