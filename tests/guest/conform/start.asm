; SPDX-License-Identifier: GPL-2.0-or-later
; Entry by multiboot, exceptions, and the way to CPL 3 and back; with LONG in 64-bit mode.
	extern rt_start, trap_entry
	global multiboot_entry, stubs, user_enter, user_leave, user_exit
	global gdt, gdt_pointer, int_stack_top, df_stack_top
%ifdef LONG
	global pml4, page_tables, hole3, hole2, hole1
%endif

KCS	equ 0x08
KDS	equ 0x10
UDS	equ 0x23
MAGIC	equ 0x1badb002
FLAGS	equ 3			; modules on pages, memory

	section .multiboot align=4
	dd MAGIC, FLAGS, -(MAGIC + FLAGS)

	section .data align=16
gdt:	dq 0
%ifdef LONG
	dq 0x00af9b000000ffff	; 08 kernel code
%else
	dq 0x00cf9b000000ffff
%endif
	dq 0x00cf93000000ffff	; 10 kernel data
	dq 0x00cffb000000ffff	; 18 user code, 32-bit
	dq 0x00cff3000000ffff	; 20 user data
	dq 0x00affb000000ffff	; 28 user code, 64-bit
	dq 0x00cff3000000ffff	; 30 user data, behind it for SYSEXIT
	times 24 - 7 dq 0	; 38 TSS, 48 tests
gdt_pointer:
	dw 24 * 8 - 1
	dd gdt, 0

	section .bss nobits align=4096
%ifdef LONG
pml4:	resb 4096
pdpt:	resb 4096
pds:	resb 4 * 4096
page_tables:
	resb 2 * 4096
hole3:	resb 4096
hole2:	resb 4096
hole1:	resb 4096
%endif
	resb 16384
stack_top:
	resb 8192
int_stack_top:			; from CPL 3
	resb 8192
df_stack_top:
user_sp:
	resq 1

	section .text
	bits 32
multiboot_entry:
	cld
	mov esp, stack_top
	lgdt [gdt_pointer]
%ifdef LONG
	xor ecx, ecx
.pd:	mov eax, ecx
	shl eax, 21
	or eax, 0x83
	mov [pds + ecx * 8], eax
	inc ecx
	cmp ecx, 2048
	jne .pd
	xor ecx, ecx
.pt:	mov eax, ecx
	shl eax, 12
	or eax, 3
	mov [page_tables + ecx * 8], eax
	inc ecx
	cmp ecx, 1024
	jne .pt
	mov dword [pds], page_tables + 7
	mov dword [pds + 8], page_tables + 4096 + 7
	mov dword [pdpt], pds + 7
	mov dword [pdpt + 8], pds + 0x1000 + 7
	mov dword [pdpt + 16], pds + 0x2000 + 7
	mov dword [pdpt + 24], pds + 0x3000 + 7
	mov dword [pml4], pdpt + 7
	mov eax, 0x20		; PAE
	mov cr4, eax
	mov eax, pml4
	mov cr3, eax
	mov ecx, 0xc0000080	; EFER: LME, NXE
	rdmsr
	or eax, 0x900
	wrmsr
	mov eax, 0x80010033	; PG, WP, NE, ET, MP, PE
%else
	mov eax, 0x00010033
%endif
	mov cr0, eax
	jmp KCS:.here
%ifdef LONG
	bits 64
%endif
.here:	mov eax, KDS
	mov ds, eax
	mov es, eax
	mov ss, eax
	xor eax, eax
	mov fs, eax
	mov gs, eax
	call rt_start

	align 16
stubs:
%assign i 0
%rep 256
	align 16
	; SDM 3A 6.13: only these push an error code.
%if !(i == 8 || (i >= 10 && i <= 14) || i == 17 || i == 21)
	push byte 0
%endif
	push i
	jmp trapped
%assign i i + 1
%endrep

	align 16
trapped:
%ifdef LONG
	push rax
	push rcx
	push rdx
	push rbx
	push rbp
	push rsi
	push rdi
	push r8
	push r9
	push r10
	push r11
	push r12
	push r13
	push r14
	push r15
	mov rdi, rsp
	cld
	call trap_entry
	mov rsp, rax
	pop r15
	pop r14
	pop r13
	pop r12
	pop r11
	pop r10
	pop r9
	pop r8
	pop rdi
	pop rsi
	pop rbp
	pop rbx
	pop rdx
	pop rcx
	pop rax
	add rsp, 16
	iretq

; user_enter(ip, arg, flags, cs)
user_enter:
	push rbx
	push rbp
	push r12
	push r13
	push r14
	push r15
	mov [user_sp], rsp
	push UDS
	push user_return
	push rdx
	push rcx
	push rdi
	mov rdi, rsi
	iretq

; user_leave(value): user_enter() returns it.
user_leave:
	mov rax, rdi
	mov rsp, [user_sp]
	pop r15
	pop r14
	pop r13
	pop r12
	pop rbp
	pop rbx
	ret
%else
	pusha
	push ds
	push es
	mov eax, KDS
	mov ds, eax
	mov es, eax
	push esp
	cld
	call trap_entry
	mov esp, eax
	pop es
	pop ds
	popa
	add esp, 8
	iret

user_enter:
	push ebx
	push ebp
	push esi
	push edi
	mov [user_sp], esp
	mov eax, [esp + 24]
	mov [user_return + 4], eax
	mov ebx, [esp + 20]
	mov ecx, [esp + 28]
	mov edx, [esp + 32]
	mov eax, UDS
	mov ds, eax
	mov es, eax
	push eax
	push user_return
	push ecx
	push edx
	push ebx
	iret

user_leave:
	mov eax, [esp + 4]
	mov esp, [user_sp]
	pop edi
	pop esi
	pop ebp
	pop ebx
	ret
%endif

	section .user.text exec align=16
user_exit:
	int 0x80

	section .user.data write align=16
	times 4096 - 16 db 0
	align 16, db 0
	dq 0
user_return:
%ifdef LONG
	dq user_exit
%else
	dd user_exit, 0
%endif
