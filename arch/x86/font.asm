; SPDX-License-Identifier: GPL-2.0-or-later
; The console font: GNU Unifont 8x16 as packaged (GPL-2.0-or-later with the font exception).
section .rodata
align 4
global font_psf
font_psf:
	incbin "build/font.psf"
