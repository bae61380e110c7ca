; SPDX-License-Identifier: GPL-2.0-or-later
; A bzImage by its form, whose 16-bit code tries what real mode is made of, says so by INT 10h,
; and ends by the debug-exit port: with 0 after everything, else with the number of the failure.
bits 16

SETUP	equ 0x1000
BASE	equ 0x200000			; where the payload goes

	times 0x1f1 db 0
	db (payload - $$) / 512 - 1	; setup_sects
	dw 0
	dd (end - payload) / 16		; syssize
	times 0x1fe - ($ - $$) db 0
	dw 0xaa55
	jmp short start			; its length tells where the header ends
	db "HdrS"
	dw 0x20c
	times 0x211 - ($ - $$) db 0
	db 1				; LOADED_HIGH
	times 0x22c - ($ - $$) db 0
	dd 0x7fffffff			; initrd_addr_max
	times 0x238 - ($ - $$) db 0
	dd 255				; cmdline_size
	times 0x258 - ($ - $$) db 0
	dq BASE
	dd 4096				; init_size
	times 0x268 - ($ - $$) db 0

%macro must 2				; condition, number of the failure
	j%1 %%good
	mov ax, %2
	jmp fail
%%good:
%endmacro

start:	pushfd
	pop dword [state.flags]
	mov [state.sp], sp
	mov [state.cs], cs
	mov [state.ss], ss
	mov [state.es], es
	mov [state.fs], fs
	mov [state.gs], gs
	mov eax, cr0
	mov [state.cr0], eax
	jmp SETUP:same			; for the addresses of what follows
same:	mov si, state			; each with its name before it
show:	call text
	mov eax, [si]
	add si, 4
	call hex
	cmp si, state.end
	jb show
	mov al, 10
	call put

; INT 15h: what it does not know, and the map to its end.
	xor ax, ax
	mov es, ax
	mov di, 0x7000
	clc
	mov ax, 0x2401
	int 0x15
	must c, 1
	cmp ah, 0x86
	must e, 2
	mov ah, 1
	int 0x16			; no key
	must e, 3
	xor ebx, ebx
	mov eax, 0xe820
	mov ecx, 20
	xor edx, edx			; not "SMAP"
	int 0x15
	must c, 4
next:	mov eax, 0xe820
	mov ecx, 20
	mov edx, 0x534d4150
	stc
	int 0x15
	must nc, 5
	cmp eax, 0x534d4150
	must e, 6
	cmp ecx, 20
	must e, 7
	mov si, name.range
	call text
	mov eax, [es:di]
	call hex
	mov eax, [es:di + 8]
	call hex
	mov eax, [es:di + 16]
	call hex
	mov al, 10
	call put
	test ebx, ebx
	jnz next
	mov ah, 0x88
	int 0x15
	must nc, 8
	mov [sizes], ax
	mov ax, 0xe801
	int 0x15
	must nc, 9
	mov [sizes + 2], ax
	mov [sizes + 4], bx
	cmp ax, cx
	must e, 10
	cmp bx, dx
	must e, 11
	mov si, name.sizes
	call text
	movzx eax, word [sizes]
	call hex
	movzx eax, word [sizes + 2]
	call hex
	movzx eax, word [sizes + 4]
	call hex
	mov al, 10
	call put

; INT n, IRET and exceptions, which push no error code here.
	mov word [es:0x60 * 4], soft
	mov word [es:0x60 * 4 + 2], SETUP
	sti
	stc
	int 0x60
	must c, 12			; as IRET brings the flags back
	pushf
	pop ax
	test ah, 2			; IF
	must nz, 13
	cli
	cmp bx, 0x60
	must e, 14
%macro vector 1
	mov word [es:%1 * 4], fault
	mov word [es:%1 * 4 + 2], SETUP
%endmacro
	vector 0
	vector 6
	vector 13
	xor cx, cx
	mov ax, 1
	mov dx, sp
divide:	div cl
	dw 0				; the handler goes on 4 bytes behind what failed
	cmp bx, divide
	must e, 15
bad:	ud2
	dw 0
	cmp bx, bad
	must e, 16
	mov ecx, 0x12345
refused:
	rdmsr				; no such one: #GP
	dw 0
	cmp bx, refused
	must e, 17
	cmp sp, dx
	must e, 18
	mov si, name.faults
	call text

; A string to a port, by the segment that DS has.
	mov si, name.string
	mov cx, name.string_end - name.string
	mov dx, 0xe9
	rep outsb

; To protected mode and back, with a flat DS that stays: "big real mode".
	mov byte [mode], 0
	lgdt [gdt.ptr]
	mov eax, cr0
	or al, 1
	mov cr0, eax
	jmp dword 0x08:SETUP * 16 + protected
back:	mov eax, cr0
	and al, 0xfe
	mov cr0, eax
	jmp SETUP:real
real:	mov ax, SETUP
	mov es, ax
	mov ss, ax
	cmp byte [es:mode], 32
	must e, 19
	cmp dword [dword BASE], "ABCD"
	must e, 20
	mov eax, [dword 0xfee00030]	; the local APIC's version
	and al, 0xf0
	cmp al, 0x10
	must e, 21

; HLT, and the timer by PIC and LINT0: as virtual wire mode has it.
	mov dword [dword 0xfee000f0], 0x1ff
	mov dword [dword 0xfee00350], 0x700
	mov ax, SETUP
	mov ds, ax			; keeps the limit of 4 GiB
	xor ax, ax
	mov es, ax
	mov word [es:8 * 4], tick
	mov word [es:8 * 4 + 2], SETUP
	mov si, pic
.pic:	lodsw
	movzx dx, al
	mov al, ah
	out dx, al
	cmp si, pic.end
	jb .pic
.wait:	sti
	hlt
	cli
	cmp word [ticks], 3
	jb .wait
	mov si, name.ticks
	call text
	xor ax, ax
fail:	mov dx, 0xf4
	out dx, ax
	hlt

soft:	pushf
	pop ax
	test ah, 2			; INT clears IF
	jnz .no
	mov bx, 0x60
.no:	clc
	iret

fault:	push bp				; BX: where it was
	mov bp, sp
	mov bx, [bp + 2]
	add word [bp + 2], 4
	pop bp
	iret

tick:	push ax
	inc word [cs:ticks]
	mov al, 0x20
	out 0x20, al
	pop ax
	iret

text:	lodsb				; to the 0; SI behind it
	test al, al
	jz hex.end
	call put
	jmp text

hex:	mov cx, 8			; EAX, and a blank
.digit:	rol eax, 4
	push eax
	and al, 15
	cmp al, 10
	sbb al, 0x69
	das
	call put
	pop eax
	loop .digit
	mov al, ' '
	call put
.end:	ret

put:	push bx
	mov ah, 0x0e
	mov bx, 7
	int 0x10
	pop bx
	ret

bits 32
protected:
	mov ax, 0x10
	mov ds, ax
	mov byte [SETUP * 16 + mode], 32
	cmp dword [BASE], "ABCD"
	je .same
	mov byte [SETUP * 16 + mode], 1
.same:	jmp 0x18:back
bits 16

align 8
gdt:	dq 0, 0x00cf9b000000ffff, 0x00cf93000000ffff
	dq 0x00009b000000ffff | SETUP << 20	; 16-bit code at SETUP
.ptr:	dw $ - gdt - 1
	dd SETUP * 16 + gdt

state:	db "real: cs ", 0
.cs:	dd 0
	db "ss ", 0
.ss:	dd 0
	db "es ", 0
.es:	dd 0
	db "fs ", 0
.fs:	dd 0
	db "gs ", 0
.gs:	dd 0
	db "sp ", 0
.sp:	dd 0
	db "cr0 ", 0
.cr0:	dd 0
	db "flags ", 0
.flags:	dd 0
.end:
name:
.range:	db "real: memory ", 0
.sizes:	db "real: sizes ", 0
.faults:
	db "real: INT n and exceptions", 10, 0
.string:
	db "real: a string", 10
.string_end:
.ticks:	db "real: 3 ticks", 10, 0
sizes:	times 3 dw 0
ticks:	dw 0
mode:	db 0
pic:	db 0x20, 0x11, 0x21, 8, 0x21, 4, 0x21, 1, 0x21, 0xfe	; IRQ 0 is vector 8, others masked
	db 0x43, 0x34, 0x40, 0, 0x40, 0x20			; channel 0, mode 2, every 7 ms
.end:

	align 512
payload:
	db "ABCD"
	times 1024 - 4 db 0
end:
