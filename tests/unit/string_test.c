/* SPDX-License-Identifier: MIT */
/*
 * lib/string.c and lib/strext.c against libc: every small length and alignment, and overlaps. The file is
 * included under other names, because libc owns the real ones here.
 */
#include "unit.h"

#define memcpy hv_memcpy
#define memmove hv_memmove
#define memset hv_memset
#define memcmp hv_memcmp
#define memchr hv_memchr
#define strlen hv_strlen
#define strnlen hv_strnlen
#define strcmp hv_strcmp
#define strncmp hv_strncmp
#define strcasecmp hv_strcasecmp
#define strncasecmp hv_strncasecmp
#define strchr hv_strchr
#define strrchr hv_strrchr
#define strstr hv_strstr
#include "lib/string.c"
#include "lib/strext.c"
#undef memcpy
#undef memmove
#undef memset
#undef memcmp
#undef memchr
#undef strlen
#undef strnlen
#undef strcmp
#undef strncmp
#undef strcasecmp
#undef strncasecmp
#undef strchr
#undef strrchr
#undef strstr

static u8 ours[256], theirs[256], source[256];

static void fill(u8 *buf)
{
	for (int i = 0; i < 256; i++)
		buf[i] = unit_random();
}

TEST(copies_equal_libc)
{
	fill(source);
	fill(ours);
	memcpy(theirs, ours, sizeof(ours));
	for (size_t n = 0; n < 100; n++) {
		for (int align = 0; align < 64; align++) {
			CHECK(hv_memcpy(ours + align % 8, source + align / 8, n) == ours + align % 8);
			memcpy(theirs + align % 8, source + align / 8, n);
			REQUIRE(memcmp(ours, theirs, sizeof(ours)) == 0);
		}
	}
}

TEST(overlapping_moves_equal_libc)
{
	for (size_t n = 0; n < 80; n++) {
		for (size_t to = 0; to < 100; to++) {
			fill(ours);
			memcpy(theirs, ours, sizeof(ours));
			CHECK(hv_memmove(ours + to, ours + 50, n) == ours + to);
			memmove(theirs + to, theirs + 50, n);
			REQUIRE(memcmp(ours, theirs, sizeof(ours)) == 0);
		}
	}
}

TEST(fills_equal_libc)
{
	fill(ours);
	memcpy(theirs, ours, sizeof(ours));
	for (size_t n = 0; n < 100; n++) {
		for (int align = 0; align < 9; align++) {
			CHECK(hv_memset(ours + align, (int)n - 50, n) == ours + align);
			memset(theirs + align, (int)n - 50, n);
			REQUIRE(memcmp(ours, theirs, sizeof(ours)) == 0);
		}
	}
}

static int sign(int x)
{
	return (x > 0) - (x < 0);
}

TEST(comparisons_equal_libc)
{
	for (int i = 0; i < 20000; i++) {
		size_t n = unit_random() % 40, at = unit_random() % 40;

		fill(ours);
		memcpy(theirs, ours, sizeof(ours));
		theirs[at] = unit_random();
		CHECK_EQ(sign(hv_memcmp(ours, theirs, n)), sign(memcmp(ours, theirs, n)));
		CHECK(hv_memchr(ours, theirs[at], n) == memchr(ours, theirs[at], n));
	}
}

TEST(strings)
{
	static const char *const words[] = {
		"", "a", "ab", "abc", "ABC", "abd", "b", "aab", "xyzabcxyz", "\xff",
	};
	char buf[8];

	for (size_t i = 0; i < ARRAY_SIZE(words); i++) {
		CHECK_EQ(hv_strlen(words[i]), strlen(words[i]));
		CHECK_EQ(hv_strnlen(words[i], 2), strnlen(words[i], 2));
		CHECK(hv_strchr(words[i], 'c') == strchr(words[i], 'c'));
		CHECK(hv_strchr(words[i], 0) == strchr(words[i], 0));
		CHECK(hv_strrchr(words[i], 'x') == strrchr(words[i], 'x'));
		for (size_t j = 0; j < ARRAY_SIZE(words); j++) {
			CHECK_EQ(sign(hv_strcmp(words[i], words[j])), sign(strcmp(words[i], words[j])));
			CHECK_EQ(sign(hv_strncmp(words[i], words[j], 2)),
				 sign(strncmp(words[i], words[j], 2)));
			CHECK(hv_strstr(words[i], words[j]) == strstr(words[i], words[j]));
		}
	}
	CHECK_EQ(hv_strcasecmp("Dom0_MEM", "dom0_mem"), 0);
	CHECK(hv_strncasecmp("abX", "ABy", 3) < 0);
	CHECK_EQ(strlcpy(buf, "abc", sizeof(buf)), 3);
	CHECK_STR(buf, "abc");
	CHECK_EQ(strlcpy(buf, "0123456789", sizeof(buf)), 10);
	CHECK_STR(buf, "0123456");
	CHECK_EQ(strlcpy(NULL, "0123", 0), 4);
	CHECK(memchr_inv("aaab", 'a', 3) == NULL);
	CHECK(*(const char *)memchr_inv("aaab", 'a', 4) == 'b');
	CHECK(str_has_prefix("no-smt", "no-") && !str_has_prefix("n", "no-"));
}

TEST(whole_pages)
{
	static u8 page[4096], other[4096];

	for (int i = 0; i < 4096; i++)
		page[i] = i * 7;
	copy_page(other, page);
	CHECK(memcmp(page, other, 4096) == 0);
	clear_page(page);
	CHECK(memchr_inv(page, 0, 4096) == NULL);
}

int main(void)
{
	RUN(copies_equal_libc);
	RUN(overlapping_moves_equal_libc);
	RUN(fills_equal_libc);
	RUN(comparisons_equal_libc);
	RUN(strings);
	RUN(whole_pages);
	return unit_end();
}
