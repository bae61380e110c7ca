; SPDX-License-Identifier: GPL-2.0-or-later
; The BIOS of a guest that begins in real mode, at F000:0: the vCPU starts here, and Linux's
; setup code finds interrupts that answer what it asks (arch/x86/boot) and that is there.
; All others say, as a BIOS does of what it lacks, CF and AH = 86h; and ZF: no key is waiting.
bits 16

SETUP equ 0x1000			; GUEST_SETUP >> 4
STACK equ 0xe000			; GUEST_SETUP_HEAP

	mov eax, 0x10			; ET; the caches are off after a reset
	mov cr0, eax
	mov eax, 0xf0000000 + unknown
	mov cx, 256
	rep stosd			; DS, ES, EDI and DF are 0 since the reset
	mov word [0x10 * 4], video
	mov word [0x15 * 4], system
	mov ax, SETUP			; Linux Documentation/arch/x86/boot.rst, "Running the Kernel"
	mov ds, ax
	mov es, ax
	mov fs, ax
	mov gs, ax
	mov ss, ax
	mov sp, STACK
	jmp SETUP + 0x20:0

unknown:
	mov ah, 0x86
	push bp
	mov bp, sp
	or byte [bp + 6], 0x41		; of the caller's flags
	pop bp
	iret

video:	cmp ah, 0x0e			; teletype: to the debug port, which nobody has to set up
	jne unknown
	out 0xe9, al
	iret

system:	cmp eax, 0xe820			; ACPI 6.5 15.1
	je e820
	cmp ax, 0xe801
	je e801
	cmp ah, 0x88			; KiB above 1 MiB, as many as AX can say
	jne unknown
	mov eax, [cs:upper]
	shr eax, 10
	cmp eax, 0xffff
	jbe known
	mov ax, 0xffff
known:	push bp
	mov bp, sp
	and byte [bp + 6], 0xfe
	pop bp
	iret

e801:	mov eax, [cs:upper]		; AX: KiB from 1 to 16 MiB, BX: 64 KiB above; also CX, DX
	shr eax, 10
	xor bx, bx
	sub eax, 15 << 10
	jbe .less
	shr eax, 6
	mov bx, ax
	xor eax, eax
.less:	add ax, 15 << 10
	mov cx, ax
	mov dx, bx
	jmp known

e820:	cmp edx, 0x534d4150		; "SMAP"
	jne unknown
	cmp ecx, 20
	jb unknown
	cmp ebx, 5			; the entry's number; E820_MAX
	jae unknown
	push si
	push di
	imul si, bx, 20
	add si, map
	mov cx, 10
	cld
	cs rep movsw
	inc bx
	cmp dword [cs:si + 16], 0		; an entry of no type ends the map
	jne .more
	xor bx, bx
.more:	pop di
	pop si
	mov eax, edx
	mov ecx, 20
	jmp known

map:					; load_e820() puts its entries here
upper equ map + 3 * 20 + 8		; the size of the one from 1 MiB on
