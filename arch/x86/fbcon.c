/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Framebuffer text console: a shadow of characters, only changed cells are drawn. */
#include "arch/x86/fbcon.h"

#define GLYPH_W  8u
#define GLYPH_H  16u
#define MAX_COLS 240u
#define MAX_ROWS 135u
#define TAB      8u

extern const uint8_t font_glyphs[]; /* 256 of them; arch/x86/font.asm */

static volatile uint32_t *fb;
static unsigned stride, cols, rows, col, row;
static uint32_t ink;
static char text[MAX_ROWS][MAX_COLS];  /* what should be there */
static char drawn[MAX_ROWS][MAX_COLS]; /* what is */

void fbcon_init(const struct handoff_fb *f, void *pixels)
{
	if (!pixels)
		return;
	stride = f->stride;
	cols = (unsigned)min_u64(f->width / GLYPH_W, MAX_COLS);
	rows = (unsigned)min_u64(f->height / GLYPH_H, MAX_ROWS);
	if (!cols || !rows)
		return;
	ink = f->ink;
	memset(text, ' ', sizeof(text));
	memset(drawn, ' ', sizeof(drawn));
	fb = pixels;
	for (uint64_t i = 0; i < (uint64_t)stride * f->height; i++)
		fb[i] = 0;
}

static void draw(unsigned r, unsigned c)
{
	const uint8_t *g = font_glyphs + (uint8_t)text[r][c] * GLYPH_H;
	volatile uint32_t *p = fb + (uint64_t)r * GLYPH_H * stride + (uint64_t)c * GLYPH_W;

	for (unsigned y = 0; y < GLYPH_H; y++, p += stride)
		for (unsigned x = 0; x < GLYPH_W; x++)
			p[x] = g[y] & (0x80u >> x) ? ink : 0;
	drawn[r][c] = text[r][c];
}

/* By half a screen: nearly every cell is drawn anew then, so it must not be done at each line. */
static void scroll(void)
{
	unsigned up = (rows + 1) / 2;

	row = rows - up;
	memmove(text[0], text[up], sizeof(text[0]) * row);
	memset(text[row], ' ', sizeof(text[0]) * up);
}

static void newline(void)
{
	col = 0;
	if (row + 1 < rows)
		row++;
	else
		scroll();
}

static void put(char ch)
{
	bool shows = ch >= ' ' && ch <= '~';

	if (ch == '\n' || (shows && col == cols))
		newline();
	if (shows)
		text[row][col++] = ch;
	else if (ch == '\r')
		col = 0;
	else if (ch == '\b')
		col -= col > 0;
	else if (ch == '\t')
		col = (unsigned)min_u64((col + TAB) & ~(TAB - 1), cols - 1);
}

void fbcon_write(const char *s, size_t n)
{
	if (!fb)
		return;
	for (size_t i = 0; i < n; i++)
		put(s[i]);
	for (unsigned r = 0; r < rows; r++)
		for (unsigned c = 0; c < cols; c++)
			if (text[r][c] != drawn[r][c])
				draw(r, c);
}
