; SPDX-License-Identifier: GPL-2.0-or-later
; First instructions of the hypervisor, and the switch to a core's own stack.
bits 64
default rel

extern boot_main

section .text.entry exec
global entry
; Interrupts off, direction flag clear, RDI = physical address of struct handoff (boot/handoff.h).
; The cores come here one after the other, and leave the boot stack for their own.
entry:
	lea rsp, [boot_stack_top]
	xor ebp, ebp
	call [entry_next]		; never returns
	ud2

; Where the next core goes on.
section .data
global entry_next
entry_next:
	dq boot_main

section .text exec
; void call_on_stack(uint64_t top, void (*fn)(void)): never returns.
global call_on_stack
call_on_stack:
	mov rsp, rdi
	xor ebp, ebp
	call rsi			; a call, as backtraces end with what called
	ud2

; void reload_segments(void): CS and data selectors of the core's new GDT.
global reload_segments
reload_segments:
	pop rax
	push 0x08
	push rax
	mov eax, 0x10
	mov ds, eax
	mov es, eax
	mov ss, eax
	xor eax, eax
	mov fs, eax
	mov gs, eax
	retfq

section .bss
align 4096
boot_stack:
	resb 8192
boot_stack_top:
