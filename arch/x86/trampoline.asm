; SPDX-License-Identifier: GPL-2.0-or-later
; Real-mode start of an application processor (SDM 3A 8.4.4). Copied to one
; page below 1 MiB; everything in it is addressed relative to that page.
section .rodata
bits 16
align 16
global trampoline_start, trampoline_end, trampoline_args
trampoline_start:
	cli
	cld
	mov ax, cs
	mov ds, ax
	xor ebx, ebx
	mov bx, ax
	shl ebx, 4			; linear address of this page
	; The descriptor tables and far jumps need linear addresses.
	lea eax, [ebx + gdt - trampoline_start]
	mov [gdt_ptr - trampoline_start + 2], eax
	lea eax, [ebx + protected - trampoline_start]
	mov [far32 - trampoline_start], eax
	lea eax, [ebx + long_mode - trampoline_start]
	mov [far64 - trampoline_start], eax
	o32 lgdt [gdt_ptr - trampoline_start]
	mov eax, cr0
	or al, 1
	and eax, 0x9fffffff		; CD and NW are set after INIT (SDM 3A table 9-1)
	mov cr0, eax
	o32 jmp far [far32 - trampoline_start]

bits 32
protected:
	mov ax, 0x10
	mov ds, ax
	mov eax, 0x20			; PAE
	mov cr4, eax
	mov eax, [ebx + args.cr3 - trampoline_start]
	mov cr3, eax
	mov ecx, 0xc0000080
	rdmsr
	or eax, 0x900			; LME, NXE
	wrmsr
	mov eax, 0x80010021		; PG, WP, NE, PE
	mov cr0, eax
	jmp far [ebx + far64 - trampoline_start]

bits 64
long_mode:
	mov eax, 0x10
	mov ss, eax
	mov ds, eax
	mov es, eax
	mov rsp, [rbx + args.stack - trampoline_start]
	mov rdi, [rbx + args.cpu - trampoline_start]
	mov rax, [rbx + args.entry - trampoline_start]
	xor ebp, ebp
	call rax			; never returns
	ud2

far32:	dd 0
	dw 0x08
far64:	dd 0
	dw 0x18
align 8
gdt:	dq 0
	dq 0x00cf9b000000ffff		; 0x08 32-bit code
	dq 0x00cf93000000ffff		; 0x10 data
	dq 0x00af9b000000ffff		; 0x18 64-bit code
gdt_end:
gdt_ptr:
	dw gdt_end - gdt - 1
	dd 0
align 8
trampoline_args:			; struct trampoline_args in smp.c
args:
.cr3:	dq 0
.stack:	dq 0
.cpu:	dq 0
.entry:	dq 0
trampoline_end:
