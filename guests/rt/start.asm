; SPDX-License-Identifier: MIT
; Entry of a paravirtual guest, hypercall stub, and the landing of every vector.

	bits 64
	default rel

KERNEL_CS	equ 0x10
KERNEL_DS	equ 0x18
TSS_SEL		equ 0x20

	extern rt_main, rt_trap
	global start, hcall, probe_call, probe_resume, rt_vectors
	global rt_use_vmcall, probe_sp, fault_stack_top

	section .text

; RDI = start info (guests/include/mullion.h). The stack of the hypervisor's
; making is left at once, so that its memory can be reused.
start:
	lea rsp, [stack_top]
	xor ebp, ebp
	lgdt [gdt_ptr]
	lea rax, [.reload]
	push KERNEL_CS
	push rax
	retfq
.reload:
	mov eax, KERNEL_DS
	mov ds, eax
	mov es, eax
	mov ss, eax
	xor eax, eax
	mov fs, eax
	mov gs, eax

	; The descriptor's base is scattered (SDM 3A 3.5), so it is filled in here.
	lea rax, [rt_tss]
	lea rdx, [gdt.tss]
	mov [rdx + 2], ax
	shr rax, 16
	mov [rdx + 4], al
	mov [rdx + 7], ah
	shr rax, 16
	mov [rdx + 8], eax
	mov eax, TSS_SEL
	ltr ax

	cld
	call rt_main
	ud2

; int64_t hcall(nr, a0, a1, a2, a3, a4): from the C registers into those of the ABI.
hcall:
	mov rax, rdi
	mov rdi, rsi
	mov rsi, rdx
	mov rdx, rcx
	mov r10, r8
	mov r8, r9
	cmp byte [rt_use_vmcall], 0
	je .amd
	vmcall
	ret
.amd:
	vmmcall
	ret

; int probe_call(void (*fn)(void *), void *arg): -1, or the vector of the
; exception that ended fn; rt_trap() then comes back to probe_resume.
probe_call:
	push rbx
	push rbp
	push r12
	push r13
	push r14
	push r15
	pushfq
	push qword [probe_sp]
	mov [probe_sp], rsp
	sub rsp, 8
	mov rax, rdi
	mov rdi, rsi
	call rax
	mov eax, -1
probe_resume:
	mov rsp, [probe_sp]
	pop qword [probe_sp]
	popfq
	pop r15
	pop r14
	pop r13
	pop r12
	pop rbp
	pop rbx
	ret

; One stub a vector: an error code (0 where the CPU gives none) and the number.
%assign v 0
%rep 256
stub_ %+ v:
	%if v = 8 || (v >= 10 && v <= 14) || v = 17 || v = 21 || v = 29 || v = 30
	%else
	push 0
	%endif
	push v
	jmp near trap_common
	%assign v v + 1
%endrep

trap_common:
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
	cld
	mov rdi, rsp
	mov rbx, rsp
	and rsp, -16
	call rt_trap
	mov rsp, rbx
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

	section .rodata
	align 8
rt_vectors:
%assign v 0
%rep 256
	dq stub_ %+ v
	%assign v v + 1
%endrep

	section .data
	align 16
gdt:
	dq 0
	dq 0
	dq 0x00af9b000000ffff	; 0x10 kernel code, 64-bit
	dq 0x00cf93000000ffff	; 0x18 kernel data
.tss:
	dw 103, 0
	db 0, 0x89, 0, 0
	dq 0
	dq 0x00cff3000000ffff	; 0x30 user data
	dq 0x00affb000000ffff	; 0x38 user code, 64-bit
gdt_end:
gdt_ptr:
	dw gdt_end - gdt - 1
	dq gdt

	align 16
rt_tss:				; 64-bit TSS (SDM 3A 7.7)
	dd 0
	dq trap_stack_top	; RSP0
	times 3 dq 0
	dq fault_stack_top	; IST1: #DF
	times 6 dq 0
	dd 0
	dw 0, 104		; I/O map beyond the limit: no ports for CPL 3

rt_use_vmcall:
	db 0

	section .bss
	alignb 16
	resb 32768
stack_top:
	resb 8192
trap_stack_top:
	resb 8192
fault_stack_top:
probe_sp:
	resq 1
