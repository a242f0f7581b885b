/* SPDX-License-Identifier: MIT */
/*
 * Draws characters on a linear frame buffer. Reading it would be slow: `shown` remembers what stands where, and of a
 * new page, or one that moved up, only the cells that changed are drawn. Runs under the console lock.
 *
 * At first it is reached at its machine address, which the boot tables map below 4 GiB; a screen above waits for
 * lfb_map().
 */
#include "platform/lfb.h"

#include "boot/boot_info.h"
#include "core/console.h"
#include "lib/string.h"
#include "mm/frame.h"
#include "mm/hostmap.h"
#include "platform/font.h"

#define CELL_WIDTH	8u
#define CELL_HEIGHT	(2 * FONT_HEIGHT)	/* each row of the font twice */
#define MAX_COLUMNS	320u
#define MAX_ROWS	135u
#define UNKNOWN		'\0'			/* in `shown`: what firmware and loader left there */
#define BRIGHTNESS	0xbbu

/* console lock: */
static u8 *screen;				/* NULL: not reachable yet */
static u32 columns, rows, column, row, lit;	/* lit: the value of a point of a letter */
static bool moved = true;			/* more than the current row may have changed */
static char shown[MAX_ROWS][MAX_COLUMNS], wanted[MAX_ROWS][MAX_COLUMNS];

static u32 point_bytes(void)
{
	return DIV_ROUND_UP(boot_info.video.bpp, 8);
}

static void draw(u32 at_row, u32 at_column, char c)
{
	const u8 *glyph = font[(u8)c < FONT_FIRST || (u8)c > FONT_LAST ? '?' - FONT_FIRST : (u8)c - FONT_FIRST];
	u32 bytes = point_bytes(), pitch = boot_info.video.pitch;
	u8 *to = screen + (u64)at_row * CELL_HEIGHT * pitch + at_column * CELL_WIDTH * bytes;
	u8 line[CELL_WIDTH * sizeof(lit)];

	for (u32 y = 0; y < FONT_HEIGHT; y++) {
		memset(line, 0, sizeof(line));
		for (u32 x = 0; x < FONT_WIDTH; x++)
			if (glyph[y] >> (FONT_WIDTH - 1 - x) & 1)
				memcpy(line + x * bytes, &lit, bytes);
		for (u32 twice = 0; twice < 2; twice++, to += pitch)
			memcpy(to, line, CELL_WIDTH * bytes);
	}
}

static void refresh_row(u32 r)
{
	for (u32 c = 0; c < columns; c++) {
		if (shown[r][c] == wanted[r][c])
			continue;
		draw(r, c, wanted[r][c]);
		shown[r][c] = wanted[r][c];
	}
}

/* A full page moves up by a quarter: drawing it anew for each line would cost more than all else that boot does. */
static void newline(void)
{
	u32 up = MAX(rows / 4, 1u);

	column = 0;
	if (row + 1 < rows) {
		if (screen)
			refresh_row(row);
		row++;
		return;
	}
	memmove(wanted[0], wanted[up], sizeof(wanted[0]) * (rows - up));
	row = rows - up;
	memset(wanted[row], ' ', sizeof(wanted[0]) * up);
	moved = true;
}

static void put(char c)
{
	if (c == '\n') {
		newline();
		return;
	}
	if (c == '\r') {
		column = 0;
		return;
	}
	if (column >= columns)
		newline();
	wanted[row][column++] = c;
}

/* A page that moved is drawn once for the whole text. */
static void lfb_write(const char *text, size_t len)
{
	u32 last;

	for (size_t i = 0; i < len; i++)
		put(text[i]);
	if (!screen)
		return;
	last = moved ? rows - 1 : row;
	for (u32 r = moved ? 0 : row; r <= last; r++)
		refresh_row(r);
	moved = false;
}

static struct console_driver lfb_driver = { .name = "lfb", .write = lfb_write };

bool lfb_in_use(void)
{
	return columns && !lfb_driver.off;
}

static u32 colour(u32 position, u32 size)
{
	return size && size <= 8 && position < 32 ? (BRIGHTNESS >> (8 - size)) << position : 0;
}

static u64 screen_size(const struct boot_video *v)
{
	return (u64)v->pitch * v->height;
}

void lfb_init(void)
{
	const struct boot_video *v = &boot_info.video;

	if (!v->linear || v->bpp < 15 || v->bpp > 32 || (u64)v->width * point_bytes() > v->pitch)
		return;
	columns = MIN(v->width / CELL_WIDTH, MAX_COLUMNS);
	rows = MIN(v->height / CELL_HEIGHT, MAX_ROWS);
	if (columns < 20 || !rows) {
		columns = 0;
		return;
	}
	lit = colour(v->red_pos, v->red_size) | colour(v->green_pos, v->green_size) | colour(v->blue_pos, v->blue_size);
	memset(wanted, ' ', sizeof(wanted));
	memset(shown, UNKNOWN, sizeof(shown));
	row = column = 0;
	if (v->lfb_base && v->lfb_base < GiB(4) && screen_size(v) <= GiB(4) - v->lfb_base)
		screen = (u8 *)v->lfb_base;
	console_register(&lfb_driver);
}

void lfb_map(void)
{
	const struct boot_video *v = &boot_info.video;

	if (!columns)
		return;
	screen = hostmap_mmio(v->lfb_base, screen_size(v), HOSTMAP_WC);
	moved = true;
}

void lfb_release(void)
{
	lfb_driver.off = true;
}
