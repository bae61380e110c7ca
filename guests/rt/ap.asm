; SPDX-License-Identifier: MIT
; Start of another vCPU in real mode (SDM 3A 8.4.4): copied to one page below 1 MiB.

	bits 16
	default abs
	global ap_code, ap_code_end, ap_args

AP_PAGE	equ 0x9000		; rt.h: RT_AP_PAGE
%define HERE(label) (AP_PAGE + (label) - ap_code)

	section .rodata
	align 16
ap_code:
	cli
	xor ax, ax
	mov ds, ax
	o32 lgdt [HERE(ap_gdt_ptr)]
	mov eax, 0x20			; PAE
	mov cr4, eax
	mov eax, [HERE(ap_args.cr3)]
	mov cr3, eax
	mov ecx, 0xc0000080		; EFER: LME, NXE
	mov eax, 0x900
	xor edx, edx
	wrmsr
	mov eax, 0x80010021		; PG, WP, NE, PE: straight into long mode
	mov cr0, eax
	jmp dword 0x10:HERE(.long)

	bits 64
.long:
	mov eax, 0x18
	mov ds, eax
	mov es, eax
	mov ss, eax
	mov rsp, [HERE(ap_args.stack)]
	xor ebp, ebp
	xor eax, eax
	mov fs, eax
	mov gs, eax
	call [HERE(ap_args.entry)]
	ud2

	align 8
ap_gdt:	dq 0, 0
	dq 0x00af9b000000ffff		; 0x10 kernel code, 64-bit, as in start.asm
	dq 0x00cf93000000ffff		; 0x18 kernel data
ap_gdt_ptr:
	dw 31
	dd HERE(ap_gdt)
	align 8
ap_args:				; struct ap_args in ap.c
.cr3:	dq 0
.stack:	dq 0
.entry:	dq 0
ap_code_end:
