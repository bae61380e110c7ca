; SPDX-License-Identifier: GPL-2.0-or-later
; The page below 1 MiB through which every core enters the hypervisor: the boot core
; from the firmware, each other one from INIT (arch/x86/smp.c).

%define CR4_PAE     (1 << 5)
%define CR0_START   0x21		; PE, NE; caches, which are off after INIT, on (SDM 3A table 9-1)
%define CR0_PG_WP   0x80010000
%define MSR_EFER    0xc0000080
%define EFER_LME    (1 << 8)
%define ENTRY       0xffffffff80000008	; boot/handoff.h
%define AT(label)   (label - start_page)

; void start_enter(uint64_t page): page holds a copy of what begins below. Interrupts
; are off, and the page is mapped 1:1 and may be executed.
	bits 64
	section .text
	global start_enter:function hidden
start_enter:
	cld
	mov	rbx, rdi
	lea	rax, [rbx + AT(gdt)]
	mov	[rbx + AT(gdt_pointer) + 2], rax
	lea	rax, [rbx + AT(protected)]
	mov	[rbx + AT(far32)], eax
	lea	rax, [rbx + AT(long_mode)]
	mov	[rbx + AT(far64)], eax
	lgdt	[rbx + AT(gdt_pointer)]
	lidt	[rbx + AT(no_idt)]
	jmp	far dword [rbx + AT(far32)]

; Real mode, the page in CS (SDM 3A 8.4.4). The boot core has filled in what is below.
	section .rodata
	global start_page:data hidden, start_args:data hidden, start_end:data hidden
	bits 16
start_page:
	mov	ax, cs
	mov	ds, ax
	movzx	ebx, ax
	shl	ebx, 4			; linear address of this page
	o32 lgdt [AT(gdt_pointer)]
	o32 lidt [AT(no_idt)]
	mov	eax, CR0_START
	mov	cr0, eax
	o32 jmp	far [AT(far32)]

; From compatibility mode, too: paging goes off, as CR4.LA57 can only be changed
; outside long mode (SDM 3A 2.5, 4.1.1), and on with the loader's tables.
	bits 32
protected:
	mov	eax, 0x10
	mov	ds, eax
	mov	es, eax
	mov	ss, eax
	mov	eax, CR0_START
	mov	cr0, eax
	mov	eax, CR4_PAE
	mov	cr4, eax
	mov	eax, [ebx + AT(start_args.pml4)]
	mov	cr3, eax
	mov	ecx, MSR_EFER
	rdmsr
	or	eax, EFER_LME
	wrmsr
	mov	eax, CR0_PG_WP | CR0_START
	mov	cr0, eax
	jmp	far [ebx + AT(far64)]

	bits 64
long_mode:
	xor	eax, eax
	lldt	ax
	mov	ebx, ebx		; the mode switch leaves the upper half undefined
	mov	rdi, [rbx + AT(start_args.handoff)]
	mov	rax, ENTRY
	jmp	rax

gdt:		dq 0
		dq 0x00af9b000000ffff	; 0x08: 64-bit code
		dq 0x00cf93000000ffff	; 0x10: data
		dq 0x00cf9b000000ffff	; 0x18: 32-bit code
gdt_pointer:	dw gdt_pointer - gdt - 1
		dq 0
no_idt:		times 10 db 0		; an exception here ends in a reset
far32:		dd 0
		dw 0x18
far64:		dd 0
		dw 0x08
start_args:				; struct start_args in exit.c
.handoff:	dq 0
.pml4:		dq 0
start_end:
