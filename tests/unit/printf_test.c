/* SPDX-License-Identifier: MIT */
/*
 * lib/printf.c against libc's vsnprintf: random formats out of all parts that ours understands, into buffers
 * of every size.
 */
#include "unit.h"

#define vsnprintf hv_vsnprintf
#define snprintf hv_snprintf
#include "lib/printf.c"
#undef vsnprintf
#undef snprintf

#pragma GCC diagnostic ignored "-Wformat-nonliteral"
#pragma GCC diagnostic ignored "-Wformat-overflow"
#pragma GCC diagnostic ignored "-Wformat"
#pragma GCC diagnostic ignored "-Wformat-truncation"
#pragma GCC diagnostic ignored "-Wformat-security"

static const char *random_format(void)
{
	static const char *const sizes[] = { "hh", "h", "", "l", "ll", "z", "j", "t" };
	static const char flags[] = "-0#+ ", kinds[] = "diuxXo";
	static char format[64];
	char *p = format;

	p += sprintf(p, "<%%");
	for (int i = unit_random() % 4; i > 0; i--)
		*p++ = flags[unit_random() % 5];
	if (unit_random() & 1)
		p += sprintf(p, "%lu", unit_random() % 25);
	if (unit_random() & 1)
		p += sprintf(p, ".%lu", unit_random() % 25);
	sprintf(p, "%s%c>", sizes[unit_random() % 8], kinds[unit_random() % 6]);
	return format;
}

TEST(integers_equal_libc)
{
	char ours[80], theirs[80];

	for (int i = 0; i < 200000; i++) {
		const char *format = random_format();
		u64 value = unit_random() >> unit_random() % 64;
		size_t size = unit_random() % 3 ? sizeof(ours) : unit_random() % 20;
		int a, b;

		memset(ours, '!', sizeof(ours));
		memset(theirs, '!', sizeof(theirs));
		if (unit_random() & 1)
			value = -value;
		a = hv_snprintf(ours, size, format, value);
		b = snprintf(theirs, size, format, value);
		if (a != b || memcmp(ours, theirs, sizeof(ours)) != 0) {
			printf("format %s value %#lx size %zu: %d \"%.40s\" against %d \"%.40s\"\n",
			       format, value, size, a, ours, b, theirs);
			REQUIRE(!"equal");
		}
	}
}

TEST(text)
{
	char buf[64], small[4];

	CHECK_EQ(hv_snprintf(buf, sizeof(buf), "%s|%5s|%-5s|%.2s|%.*s|%c%%",
			     "ab", "ab", "ab", "abc", 1, "xyz", 'c'), 22);
	CHECK_STR(buf, "ab|   ab|ab   |ab|x|c%");
	hv_snprintf(buf, sizeof(buf), "%*d|%-*d|", 4, 7, 4, 7);
	CHECK_STR(buf, "   7|7   |");
	hv_snprintf(buf, sizeof(buf), "%*d|", -4, 7);
	CHECK_STR(buf, "7   |");
	hv_snprintf(buf, sizeof(buf), "%p", (void *)0xffff830000001000UL);
	CHECK_STR(buf, "ffff830000001000");
	hv_snprintf(buf, sizeof(buf), "%s", (char *)NULL);
	CHECK_STR(buf, "(null)");
	hv_snprintf(buf, sizeof(buf), "a%qb%s", "never");
	CHECK_STR(buf, "a%qb%s");
	CHECK_EQ(hv_snprintf(small, sizeof(small), "%s", "abcdef"), 6);
	CHECK_STR(small, "abc");
	CHECK_EQ(hv_snprintf(NULL, 0, "%d", 12345), 5);
	CHECK_EQ(scnprintf(small, sizeof(small), "%s", "abcdef"), 3);
	CHECK_EQ(scnprintf(small, sizeof(small), "ab"), 2);
	CHECK_EQ(scnprintf(small, 0, "ab"), 0);
}

/* A precision bounds what is read: the bytes behind it need not be there. */
TEST(text_without_terminator)
{
	char *bytes = malloc(3), buf[8];

	memcpy(bytes, "xen", 3);
	hv_snprintf(buf, sizeof(buf), "%.3s", bytes);
	CHECK_STR(buf, "xen");
	free(bytes);
}

int main(void)
{
	RUN(integers_equal_libc);
	RUN(text);
	RUN(text_without_terminator);
	return unit_end();
}
