/* SPDX-License-Identifier: MIT */
/*
 * The screen: in text mode, characters and attributes are written to the buffer at 0xb8000, which scrolls; in a
 * graphics mode they are drawn (lfb.c). Runs under the console lock.
 */
#include "platform/vga.h"

#include "boot/boot_info.h"
#include "core/console.h"
#include "core/log.h"
#include "lib/errno.h"
#include "lib/string.h"
#include "mm/frame.h"
#include "platform/lfb.h"
#include "x86/cpu_ops.h"

#define TEXT_MADDR	0xb8000
#define CRTC_INDEX	0x3d4
#define CRTC_DATA	0x3d5
#define CRTC_CURSOR	0x0e		/* high byte; the low one follows */
#define ATTRIBUTE	0x0700u

static bool keep;
/* console lock: */
static u32 columns, rows, column, row;

static u16 *vga_text(void)
{
	return maddr_to_virt(TEXT_MADDR);
}

static void vga_newline(void)
{
	u16 *text = vga_text();

	column = 0;
	if (++row < rows)
		return;
	row = rows - 1;
	memmove(text, text + columns, columns * row * sizeof(*text));
	for (u32 i = 0; i < columns; i++)
		text[columns * row + i] = ATTRIBUTE | ' ';
}

static void vga_put(char c)
{
	if (c == '\n') {
		vga_newline();
		return;
	}
	if (c == '\r') {
		column = 0;
		return;
	}
	if (column >= columns)
		vga_newline();
	vga_text()[columns * row + column++] = ATTRIBUTE | (u8)c;
}

static void vga_show_cursor(void)
{
	u32 at = row * columns + column;

	outb(CRTC_INDEX, CRTC_CURSOR);
	outb(CRTC_DATA, at >> 8);
	outb(CRTC_INDEX, CRTC_CURSOR + 1);
	outb(CRTC_DATA, at);
}

static void vga_write(const char *text, size_t len)
{
	for (size_t i = 0; i < len; i++)
		vga_put(text[i]);
	vga_show_cursor();
}

static struct console_driver vga_driver = { .name = "vga", .write = vga_write };

void vga_init(void)
{
	const struct boot_video *v = &boot_info.video;
	u16 *text = vga_text();

	lfb_init();
	if (!v->text || !v->columns || !v->rows || v->columns * v->rows > 0x4000)
		return;
	columns = v->columns;
	rows = v->rows;
	for (u32 i = 0; i < columns * rows; i++)
		text[i] = ATTRIBUTE | ' ';
	console_register(&vga_driver);
}

void vga_release(void)
{
	boot_info.video.cursor_x = column;
	boot_info.video.cursor_y = row;
	if ((!columns && !lfb_in_use()) || keep)
		return;
	log_info("The screen goes to dom0; vga=keep would keep it");
	vga_driver.off = true;
	lfb_release();
}

/* "keep", "text-80x25" and the like, comma separated. Only the mode that the loader set is used. */
static int param_vga(const char *value)
{
	if (!value)
		return -EINVAL;
	if (!strcmp(value, "keep") || strstr(value, ",keep"))
		keep = true;
	else if (!str_has_prefix(value, "text-") && strcmp(value, "current") && strcmp(value, "ask"))
		return -EINVAL;
	return 0;
}

const struct param vga_params[] = {
	{ "vga", "the screen: keep leaves it to the hypervisor when dom0 runs", param_vga },
	{ 0 },
};
