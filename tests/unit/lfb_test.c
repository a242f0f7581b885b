/* SPDX-License-Identifier: MIT */
/*
 * Text on graphics screens of several forms: the points of each letter, lines that are too long, pages that move up,
 * modes that cannot be drawn on. The buffer has not a byte more than the mode says, so ASan sees what misses it.
 */
#include "unit.h"

#include "boot/boot_info.h"
#include "core/console.h"
#include "mm/hostmap.h"
#include "platform/font.h"
#include "platform/lfb.h"

struct boot_info boot_info;
static u8 *buffer;
static struct console_driver *driver;
static u32 registered;

void console_register(struct console_driver *d)
{
	driver = d;
	registered++;
}

void *hostmap_mmio(u64 maddr, u64 size, enum hostmap_cache cache)
{
	CHECK_EQ(maddr, boot_info.video.lfb_base);
	CHECK_EQ(size, boot_info.video.pitch * boot_info.video.height);
	CHECK_EQ(cache, HOSTMAP_WC);
	return buffer;
}

static void say(const char *text)
{
	driver->write(text, strlen(text));
}

/* Beyond 4 GiB, so that nothing is drawn before lfb_map(). */
static void mode(u32 width, u32 height, u32 bpp)
{
	u32 bytes = (bpp + 7) / 8, pitch = width * bytes + 12;

	free(buffer);
	buffer = malloc(pitch * height);
	memset(buffer, 0x5a, pitch * height);
	boot_info.video = (struct boot_video){
		.linear = true, .width = width, .height = height, .pitch = pitch, .bpp = bpp, .lfb_base = 1ul << 40,
		.red_pos = bpp <= 16 ? 11 : 16, .red_size = bpp <= 16 ? 5 : 8, .green_pos = bpp <= 16 ? 5 : 8,
		.green_size = bpp <= 16 ? 6 : 8, .blue_pos = 0, .blue_size = bpp <= 16 ? 5 : 8,
	};
}

/* What stands in a cell, read back by its points; '\0' if it is no letter. */
static char letter(u32 row, u32 column)
{
	u32 bytes = (boot_info.video.bpp + 7) / 8, lit = bytes == 2 ? 0xbdd7 : 0xbbbbbb;
	u8 points[FONT_HEIGHT] = { 0 };

	for (u32 y = 0; y < 16; y++)
		for (u32 x = 0; x < 8; x++) {
			u32 value = 0;

			memcpy(&value, buffer + (row * 16 + y) * boot_info.video.pitch + (column * 8 + x) * bytes,
			       bytes);
			if (value && (value != lit || x >= FONT_WIDTH))
				return '\0';
			if (x < FONT_WIDTH)
				points[y / 2] |= (value == lit) << (FONT_WIDTH - 1 - x);
		}
	for (u32 c = 0; c < ARRAY_SIZE(font); c++)
		if (!memcmp(points, font[c], FONT_HEIGHT))
			return FONT_FIRST + c;
	return '\0';
}

static bool stands(u32 row, const char *text)
{
	for (u32 i = 0; text[i]; i++)
		if (letter(row, i) != text[i])
			return false;
	return true;
}

TEST(no_letter_is_like_another)
{
	for (u32 a = 0; a < ARRAY_SIZE(font); a++)
		for (u32 b = 0; b < a; b++)
			CHECK(memcmp(font[a], font[b], FONT_HEIGHT));
}

TEST(modes_that_cannot_be_drawn_on)
{
	static const struct boot_video bad[] = {
		{ .text = true }, { 0 },
		{ .linear = true, .width = 640, .height = 480, .pitch = 640, .bpp = 8 },
		{ .linear = true, .width = 640, .height = 480, .pitch = 640, .bpp = 32 },
		{ .linear = true, .width = 640, .height = 480, .pitch = 0xffff, .bpp = 64 },
		{ .linear = true, .width = 100, .height = 480, .pitch = 400, .bpp = 32 },
		{ .linear = true, .width = 640, .height = 15, .pitch = 2560, .bpp = 32 },
	};

	for (u32 i = 0; i < ARRAY_SIZE(bad); i++) {
		boot_info.video = bad[i];
		lfb_init();
		lfb_map();
	}
	CHECK_EQ(registered, 0);
	CHECK(!lfb_in_use());
}

/* One after the other, as the module has one life: the text goes on where it was. */
static void text_on(u32 width, u32 height, u32 bpp)
{
	mode(width, height, bpp);
	lfb_init();
	CHECK(lfb_in_use());
	lfb_map();
}

TEST(text)
{
	char all[FONT_LAST - FONT_FIRST + 2] = { 0 }, line[30];

	mode(800, 48, 32);
	lfb_init();
	CHECK(lfb_in_use());
	say("(XEN) before there are tables\n");
	CHECK_EQ(buffer[0], 0x5a);
	lfb_map();
	say("x");
	CHECK(stands(0, "(XEN) before there are tables "));
	CHECK(stands(1, "x "));
	say("y\rz\n");
	CHECK(stands(1, "zy "));
	for (u32 i = 0; i < sizeof(all) - 1; i++)
		all[i] = FONT_FIRST + i;
	say(all);
	CHECK(stands(2, all));
	say("\nfourth");
	CHECK(stands(0, "zy "));
	CHECK(stands(1, all));
	CHECK(stands(2, "fourth "));
	CHECK_EQ(letter(2, 99), ' ');
	for (u32 i = 0; i < 10; i++) {
		snprintf(line, sizeof(line), "\nline %u\nand %u", i, i);
		say(line);
	}
	CHECK(stands(0, "and 8 "));
	CHECK(stands(1, "line 9 "));
	CHECK(stands(2, "and 9 "));
	say("\n");
	for (u32 i = 0; i < 101; i++)
		say("w");
	CHECK(stands(1, "wwwww"));
	CHECK(stands(2, "w "));
	say("\t\x80\n");
	CHECK(stands(1, "w?? "));
}

TEST(other_depths)
{
	static const u8 depths[] = { 15, 16, 24 };

	for (u32 i = 0; i < ARRAY_SIZE(depths); i++) {
		text_on(400, 100, depths[i]);
		say("one\n\n\tHello!\n ~~~");
		CHECK(stands(0, "one "));
		CHECK(stands(2, "?Hello! "));
		CHECK(stands(3, " ~~~ "));
	}
}

/* Twelve rows: they move up by three. */
TEST(a_page_moves_up)
{
	char line[30];

	text_on(400, 12 * 16 + 5, 32);
	for (u32 i = 0; i < 13; i++) {
		snprintf(line, sizeof(line), "line %u\n", i);
		say(line);
	}
	CHECK(stands(0, "line 3 "));
	CHECK(stands(8, "line 11 "));
	CHECK(stands(9, "line 12 "));
	CHECK(stands(10, "          "));
	CHECK(stands(11, "          "));
}

TEST(dom0_takes_it)
{
	lfb_release();
	CHECK(!lfb_in_use());
	CHECK(driver->off);
}

int main(void)
{
	RUN(no_letter_is_like_another);
	RUN(modes_that_cannot_be_drawn_on);
	RUN(text);
	RUN(other_depths);
	RUN(a_page_moves_up);
	RUN(dom0_takes_it);
	free(buffer);
	return unit_end();
}
