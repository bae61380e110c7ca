; SPDX-License-Identifier: GPL-2.0-or-later
; What trap stubs and both ways into a guest do to many registers at once. It is
; included by them, and has no object of its own.

%macro pushes 1-*
%rep %0
	push %1
%rotate 1
%endrep
%endmacro

; The same list as the pushes: the last one first.
%macro pops 1-*
%rep %0
%rotate -1
	pop %1
%endrep
%endmacro

; No value of the guest outlives this in a register for speculation to find.
%macro clears 1-*
%rep %0
	xor %1, %1
%rotate 1
%endrep
%endmacro

; A guest's registers by their number (kernel/vcpu.h): RDI points to gpr[16]. RSP is
; not among them, and RAX and RDI, which every caller treats in a way of its own, are
; not either.
%macro gprs 1
	%1 rcx, 1
	%1 rdx, 2
	%1 rbx, 3
	%1 rbp, 5
	%1 rsi, 6
%assign %%n 8
%rep 8
	%1 r%[%%n], %%n
%assign %%n %%n + 1
%endrep
%endmacro
%define GPR(n) rdi + 8 * (n)
%macro load_gpr 2
	mov %1, [GPR(%2)]
%endmacro
%macro save_gpr 2
	mov [GPR(%2)], %1
%endmacro

%define CALLEE_SAVED rbp, rbx, r12, r13, r14, r15
