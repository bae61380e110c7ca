; SPDX-License-Identifier: GPL-2.0-or-later
; From the firmware's CPU state to the one that boot/handoff.h promises.

%define CR4_PAE  (1 << 5)
%define CR4_LA57 (1 << 12)
%define CR4_VMXE (1 << 13)
%define CR0_PG   (1 << 31)

	default rel
	bits 64
	section .text

; void jump_enter(uint64_t page): page holds a copy of what begins below.
; Interrupts go off, then our own tables replace the firmware's, with as many
; levels as the CPU is set to: from then on all memory may be executed.
	global jump_enter:function hidden
jump_enter:
	cli
	cld
	mov	rax, [rdi + jump_pml4 - jump_begin]
	mov	rcx, cr4
	test	ecx, CR4_LA57
	cmovnz	rax, [rdi + jump_pml5 - jump_begin]
	; CET and PCID need the tables that are about to go; VMXE may be locked on.
	and	ecx, CR4_PAE | CR4_LA57 | CR4_VMXE
	mov	cr4, rcx
	mov	cr3, rax
	lea	rax, [rdi + jump_code - jump_begin]
	jmp	rax

	align	16
	global jump_begin:data hidden
	global jump_end:data hidden
jump_begin:
jump_entry:	dq 0			; struct jump
jump_handoff:	dq 0
jump_stack:	dq 0
jump_pml4:	dq 0
jump_pml5:	dq 0

gdt:		dq 0
		dq 0x00af9b000000ffff	; 0x08: 64-bit code
		dq 0x00cf93000000ffff	; 0x10: data
		dq 0x00cf9b000000ffff	; 0x18: 32-bit code
gdt_end:
gdt_pointer:	dw gdt_end - gdt - 1
		dq 0
no_idt:		dw 0			; an exception here ends in a reset
		dq 0

; RDI = this page. All below is below 1 MiB, mapped 1:1.
jump_code:
	lea	rsp, [rdi + 0x1000]
	lea	rax, [gdt]
	mov	[gdt_pointer + 2], rax
	lgdt	[gdt_pointer]
	lidt	[no_idt]
	mov	eax, 0x10
	mov	ds, eax
	mov	es, eax
	mov	ss, eax
	xor	eax, eax
	mov	fs, eax
	mov	gs, eax
	lldt	ax
	mov	rax, cr4
	test	eax, CR4_LA57
	lea	rax, [enter]
	mov	ecx, 0x08
	jz	.far
	lea	rax, [four_levels]
	mov	ecx, 0x18
.far:
	push	rcx
	push	rax
	retfq

; CR4.LA57 can only be changed outside long mode (SDM 3A 2.5, 4.1.1): to
; compatibility mode, paging off, the 4-level tables in, paging on, and back.
	bits 32
four_levels:
	mov	eax, cr0
	and	eax, ~CR0_PG
	mov	cr0, eax
	mov	eax, cr4
	and	eax, ~CR4_LA57
	mov	cr4, eax
	mov	eax, [edi + jump_pml4 - jump_begin]
	mov	cr3, eax
	mov	eax, cr0
	or	eax, CR0_PG
	mov	cr0, eax
	lea	eax, [edi + enter - jump_begin]
	push	dword 0x08
	push	eax
	retf

	bits 64
enter:
	mov	edi, edi
	mov	rsp, [rdi + jump_stack - jump_begin]
	mov	rax, [rdi + jump_entry - jump_begin]
	mov	rdi, [rdi + jump_handoff - jump_begin]
	xor	ebp, ebp
	jmp	rax
jump_end:
