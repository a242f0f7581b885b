/* SPDX-License-Identifier: MIT */
/* lib/cmdline.c: words, quotes, lists, switches, numbers and sizes, good and absurd. */
#include "unit.h"
#include "lib/cmdline.h"
#include "lib/errno.h"

TEST(words)
{
	char line[] = "  com1=115200,8n1 'dom0_mem=512M max'  no-smt\tfoo=\"a b\"c= x=y=z =v k= "
		      "\"unclosed end";
	static const char *const expected[][2] = {
		{ "com1", "115200,8n1" }, { "dom0_mem=512M max", NULL }, { "no-smt", NULL },
		{ "foo", "a bc=" },
		{ "x", "y=z" }, { "", "v" }, { "k", "" }, { "unclosed end", NULL },
	};
	struct cmdline_arg arg;
	char *pos = line;

	for (size_t i = 0; i < ARRAY_SIZE(expected); i++) {
		REQUIRE(cmdline_next(&pos, &arg));
		CHECK_STR(arg.key, expected[i][0]);
		CHECK_EQ(arg.value == NULL, expected[i][1] == NULL);
		if (arg.value && expected[i][1])
			CHECK_STR(arg.value, expected[i][1]);
	}
	CHECK(!cmdline_next(&pos, &arg));
	CHECK(!cmdline_next(&pos, &arg));
}

TEST(items)
{
	char list[] = "512M,max:1G,,x", empty[] = "";
	char *pos = list;

	CHECK_STR(cmdline_next_item(&pos, ','), "512M");
	CHECK_STR(cmdline_next_item(&pos, ','), "max:1G");
	CHECK_STR(cmdline_next_item(&pos, ','), "");
	CHECK_STR(cmdline_next_item(&pos, ','), "x");
	CHECK(!cmdline_next_item(&pos, ','));
	pos = empty;
	CHECK(!cmdline_next_item(&pos, ','));
}

static int match(const char *key, const char *value)
{
	struct cmdline_arg arg = { (char *)key, (char *)value };

	return cmdline_match_bool(&arg, "smt");
}

TEST(switches)
{
	CHECK_EQ(match("smt", NULL), 1);
	CHECK_EQ(match("no-smt", NULL), 0);
	CHECK_EQ(match("no-smt", "on"), -EINVAL);
	CHECK_EQ(match("smt", "on"), 1);
	CHECK_EQ(match("smt", "0"), 0);
	CHECK_EQ(match("smt", "disable"), 0);
	CHECK_EQ(match("smt", "maybe"), -EINVAL);
	CHECK_EQ(match("smtx", NULL), -ENOENT);
	CHECK_EQ(match("no-", NULL), -ENOENT);
}

TEST(numbers)
{
	u64 u = 77;
	s64 s = 77;

	CHECK(cmdline_parse_u64("0", &u) == 0 && u == 0);
	CHECK(cmdline_parse_u64("0x1F", &u) == 0 && u == 31);
	CHECK(cmdline_parse_u64("017", &u) == 0 && u == 15);
	CHECK(cmdline_parse_u64("18446744073709551615", &u) == 0 && u == ~0UL);
	CHECK_EQ(cmdline_parse_u64("18446744073709551616", &u), -ERANGE);
	CHECK_EQ(cmdline_parse_u64("", &u), -EINVAL);
	CHECK_EQ(cmdline_parse_u64("0x", &u), -EINVAL);
	CHECK_EQ(cmdline_parse_u64("08", &u), -EINVAL);
	CHECK_EQ(cmdline_parse_u64("12a", &u), -EINVAL);
	CHECK(cmdline_parse_s64("-9223372036854775808", &s) == 0 && s == INT64_MIN);
	CHECK_EQ(cmdline_parse_s64("9223372036854775808", &s), -ERANGE);
	CHECK_EQ(cmdline_parse_s64("--1", &s), -EINVAL);
}

TEST(sizes)
{
	u64 bytes;

	CHECK(cmdline_parse_size("512M", &bytes) == 0 && bytes == MiB(512));
	CHECK(cmdline_parse_size("2", &bytes) == 0 && bytes == 2048);
	CHECK(cmdline_parse_size("0x10b", &bytes) == 0 && bytes == 0x10b * 1024);
	CHECK(cmdline_parse_size("16B", &bytes) == 0 && bytes == 16);
	CHECK(cmdline_parse_size("1t", &bytes) == 0 && bytes == 1UL << 40);
	CHECK_EQ(cmdline_parse_size("1MB", &bytes), -EINVAL);
	CHECK_EQ(cmdline_parse_size("-1", &bytes), -EINVAL);
	CHECK_EQ(cmdline_parse_size("99999999999999999T", &bytes), -ERANGE);
}

int main(void)
{
	RUN(words);
	RUN(items);
	RUN(switches);
	RUN(numbers);
	RUN(sizes);
	return unit_end();
}
