; SPDX-License-Identifier: GPL-2.0-or-later
; The console font: GNU Unifont 8x16 as packaged (GPL-2.0-or-later with the font exception).
section .rodata
align 4
global font_glyphs
font_glyphs:
	incbin "build/font.psf", 4	; behind the header of PSF1, which the Makefile checks
