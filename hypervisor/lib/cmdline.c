/* SPDX-License-Identifier: MIT */
/*
 * Tokenizer and value parsers for command lines. Pure, in place, no locks. The removal of quotes only ever
 * shortens a word, so the write position never passes the read position.
 */
#include "lib/cmdline.h"
#include "lib/errno.h"
#include "lib/overflow.h"
#include "lib/string.h"

static bool is_blank(char c)
{
	return c == ' ' || c == '\t' || c == '\n' || c == '\r';
}

bool cmdline_next(char **pos, struct cmdline_arg *arg)
{
	char *in = *pos, *out, quote = '\0';

	while (is_blank(*in))
		in++;
	if (!*in) {
		*pos = in;
		return false;
	}
	arg->key = out = in;
	arg->value = NULL;
	for (; *in && (quote || !is_blank(*in)); in++) {
		if (quote ? *in == quote : *in == '"' || *in == '\'') {
			quote = quote ? '\0' : *in;
		} else if (*in == '=' && !quote && !arg->value) {
			*out++ = '\0';
			arg->value = out;
		} else {
			*out++ = *in;
		}
	}
	*pos = *in ? in + 1 : in;
	*out = '\0';
	return true;
}

char *cmdline_next_item(char **pos, char separator)
{
	char *item = *pos, *end;

	if (!item || !*item)
		return NULL;
	end = strchr(item, separator);
	if (end)
		*end++ = '\0';
	*pos = end;
	return item;
}

int cmdline_parse_bool(const char *text)
{
	static const char words[][2][8] = {
		{ "0", "1" }, { "off", "on" }, { "no", "yes" }, { "false", "true" }, { "disable", "enable" },
	};

	for (size_t i = 0; i < ARRAY_SIZE(words); i++)
		for (int value = 0; value <= 1; value++)
			if (strcmp(text, words[i][value]) == 0)
				return value;
	return -EINVAL;
}

int cmdline_match_bool(const struct cmdline_arg *arg, const char *name)
{
	if (strcmp(arg->key, name) == 0)
		return arg->value ? cmdline_parse_bool(arg->value) : 1;
	if (str_has_prefix(arg->key, "no-") && strcmp(arg->key + 3, name) == 0)
		return arg->value ? -EINVAL : 0;
	return -ENOENT;
}

static int digit_of(char c)
{
	if (c >= '0' && c <= '9')
		return c - '0';
	if (c >= 'a' && c <= 'f')
		return c - 'a' + 10;
	if (c >= 'A' && c <= 'F')
		return c - 'A' + 10;
	return 99;
}

/* *text moves behind the digits, of which there must be one. */
static int parse_digits(const char **text, u64 *value)
{
	const char *p = *text;
	int base = 10;

	if (p[0] == '0' && (p[1] == 'x' || p[1] == 'X')) {
		base = 16;
		p += 2;
	} else if (p[0] == '0') {
		base = 8;
	}
	if (digit_of(*p) >= base)
		return -EINVAL;
	for (*value = 0; digit_of(*p) < base; p++)
		if (mul_overflows(*value, (u64)base, value) ||
		    add_overflows(*value, (u64)digit_of(*p), value))
			return -ERANGE;
	*text = p;
	return 0;
}

int cmdline_parse_u64(const char *text, u64 *value)
{
	u64 parsed;
	int rc = parse_digits(&text, &parsed);

	if (rc)
		return rc;
	if (*text)
		return -EINVAL;
	*value = parsed;
	return 0;
}

int cmdline_parse_s64(const char *text, s64 *value)
{
	bool negative = *text == '-';
	u64 magnitude;
	int rc = cmdline_parse_u64(text + negative, &magnitude);

	if (rc)
		return rc;
	if (magnitude > (u64)INT64_MAX + negative)
		return -ERANGE;
	*value = (s64)(negative ? -magnitude : magnitude);
	return 0;
}

/* The power of two that a suffix stands for, or -EINVAL. */
static int suffix_shift(char c)
{
	switch (c) {
	case 'b': case 'B':
		return 0;
	case 'k': case 'K': case '\0':
		return 10;
	case 'm': case 'M':
		return 20;
	case 'g': case 'G':
		return 30;
	case 't': case 'T':
		return 40;
	default:
		return -EINVAL;
	}
}

int cmdline_parse_size(const char *text, u64 *bytes)
{
	u64 number;
	int shift, rc = parse_digits(&text, &number);

	if (rc)
		return rc;
	shift = suffix_shift(*text);
	if (shift < 0 || (*text && text[1]))
		return -EINVAL;
	if (mul_overflows(number, 1UL << shift, bytes))
		return -ERANGE;
	return 0;
}
