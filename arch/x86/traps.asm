; SPDX-License-Identifier: GPL-2.0-or-later
; One stub a vector, all of one size, that leads to trap_handler(struct trap_frame *).
bits 64
default rel
%include "arch/x86/gpr.asm"

extern trap_handler

section .text exec

%macro STUB 1
	align 16
%if %1 = 8 || (%1 >= 10 && %1 <= 14) || %1 = 17 || %1 = 21 || %1 = 29 || %1 = 30
	; the processor has pushed an error code
%else
	push 0
%endif
	push %1
	jmp near trap_common
%endmacro

align 16
global trap_stubs
trap_stubs:
%assign i 0
%rep 256
	STUB i
%assign i i+1
%endrep
trap_stubs_end:
%if (trap_stubs_end - trap_stubs) > 256 * 16
%error "a stub is larger than 16 bytes"
%endif

; struct trap_frame, from its end.
%define TRAP_REGS rax, rcx, rdx, rbx, rbp, rsi, rdi, r8, r9, r10, r11, r12, r13, r14, r15
trap_common:
	pushes TRAP_REGS
	cld
	mov rdi, rsp
	mov rbx, rsp
	and rsp, -16
	call trap_handler
	mov rsp, rbx
	pops TRAP_REGS
	add rsp, 16
	iretq

; bool rdmsr_safe(uint32_t msr, uint64_t *v): false after a #GP, which traps.c leads to msr_fault.
global rdmsr_safe
rdmsr_safe:
	mov ecx, edi
	rdmsr
	shl rdx, 32
	or rax, rdx
	mov [rsi], rax
	mov eax, 1
	ret

; bool wrmsr_safe(uint32_t msr, uint64_t v)
global wrmsr_safe
wrmsr_safe:
	mov ecx, edi
	mov eax, esi
	mov rdx, rsi
	shr rdx, 32
	wrmsr
	mov eax, 1
	ret

global msr_fault
msr_fault:
	xor eax, eax
	ret
