/* SPDX-License-Identifier: MIT */
/*
 * vsnprintf(): one pass over the format; each conversion is parsed into a struct spec, then emitted.
 *
 * Pure, reentrant, uses some 100 bytes of stack; safe in NMI and panic context. The output never runs past
 * the buffer: all text goes through put(), which counts every character and stores those that fit.
 */
#include "lib/printf.h"
#include "lib/string.h"

struct out {
	char *buf;
	size_t size;		/* of buf */
	size_t len;		/* characters produced so far, stored or not */
};

struct spec {
	bool left, zero, alt, plus, space, upper, is_signed;
	int width;
	int precision;		/* -1: none given */
	int bytes;		/* size of the integer argument */
	unsigned int base;
};

static inline void put(struct out *out, char c)
{
	if (out->len < out->size)
		out->buf[out->len] = c;
	out->len++;
}

static void put_repeat(struct out *out, char c, int count)
{
	while (count-- > 0)
		put(out, c);
}

static void put_text(struct out *out, const struct spec *spec, const char *s)
{
	size_t len, i;

	if (!s)
		s = "(null)";
	len = strnlen(s, spec->precision < 0 ? SIZE_MAX : (size_t)spec->precision);
	if (!spec->left)
		put_repeat(out, ' ', spec->width - (int)len);
	for (i = 0; i < len; i++)
		put(out, s[i]);
	if (spec->left)
		put_repeat(out, ' ', spec->width - (int)len);
}

/* [spaces][sign or 0x][zeroes]digits[spaces] */
static void put_number(struct out *out, const struct spec *spec, u64 value)
{
	const char *alphabet = spec->upper ? "0123456789ABCDEF" : "0123456789abcdef";
	char digits[24], prefix[2];
	int n = 0, prefix_len = 0, zeroes, pad;

	if (spec->is_signed && (s64)value < 0) {
		prefix[prefix_len++] = '-';
		value = -value;
	} else if (spec->is_signed && (spec->plus || spec->space)) {
		prefix[prefix_len++] = spec->plus ? '+' : ' ';
	} else if (spec->alt && spec->base == 16 && value) {
		prefix[prefix_len++] = '0';
		prefix[prefix_len++] = spec->upper ? 'X' : 'x';
	}
	for (; value; value /= spec->base)
		digits[n++] = alphabet[value % spec->base];
	if (!n && spec->precision != 0)
		digits[n++] = '0';

	zeroes = spec->precision - n;
	if (spec->precision < 0 && spec->zero && !spec->left)
		zeroes = spec->width - prefix_len - n;
	if (spec->alt && spec->base == 8 && zeroes <= 0 && (!n || digits[n - 1] != '0'))
		zeroes = 1;
	zeroes = MAX(zeroes, 0);
	pad = spec->width - prefix_len - zeroes - n;

	if (!spec->left)
		put_repeat(out, ' ', pad);
	for (int i = 0; i < prefix_len; i++)
		put(out, prefix[i]);
	put_repeat(out, '0', zeroes);
	while (n)
		put(out, digits[--n]);
	if (spec->left)
		put_repeat(out, ' ', pad);
}

/* Sizes below int arrive promoted: cut them back to what the caller said. */
static u64 narrow(const struct spec *spec, u64 value)
{
	int shift = 64 - 8 * spec->bytes;

	return spec->is_signed ? (u64)((s64)(value << shift) >> shift) : value << shift >> shift;
}

static const char *parse_flags(struct spec *spec, const char *fmt)
{
	for (;; fmt++) {
		switch (*fmt) {
		case '-':
			spec->left = true;
			break;
		case '0':
			spec->zero = true;
			break;
		case '#':
			spec->alt = true;
			break;
		case '+':
			spec->plus = true;
			break;
		case ' ':
			spec->space = true;
			break;
		default:
			return fmt;
		}
	}
}

static const char *parse_digits(const char *fmt, int *value)
{
	*value = 0;
	for (; *fmt >= '0' && *fmt <= '9'; fmt++)
		if (*value < 100000)
			*value = *value * 10 + *fmt - '0';
	return fmt;
}

static const char *parse_size(struct spec *spec, const char *fmt)
{
	spec->bytes = sizeof(int);
	switch (*fmt) {
	case 'h':
		spec->bytes = fmt[1] == 'h' ? 1 : 2;
		return fmt + (fmt[1] == 'h' ? 2 : 1);
	case 'l':
		spec->bytes = 8;
		return fmt + (fmt[1] == 'l' ? 2 : 1);
	case 'z':
	case 't':
	case 'j':
		spec->bytes = 8;
		return fmt + 1;
	default:
		return fmt;
	}
}

/* False: not a conversion of integers. */
static bool parse_integer(struct spec *spec, char conversion)
{
	switch (conversion) {
	case 'd':
	case 'i':
		spec->is_signed = true;
		spec->base = 10;
		return true;
	case 'u':
		spec->base = 10;
		return true;
	case 'o':
		spec->base = 8;
		return true;
	case 'X':
		spec->upper = true;
		fallthrough;
	case 'x':
		spec->base = 16;
		return true;
	default:
		return false;
	}
}

/* A va_list cannot be passed by address portably when it is itself a parameter; a struct can. */
struct arguments {
	va_list list;
};

static const char *parse_width(struct spec *spec, const char *fmt, struct arguments *args)
{
	if (*fmt == '*') {
		spec->width = va_arg(args->list, int);
		fmt++;
	} else {
		fmt = parse_digits(fmt, &spec->width);
	}
	if (spec->width < 0) {
		spec->left = true;
		spec->width = spec->width == INT32_MIN ? 0 : -spec->width;
	}
	if (*fmt != '.')
		return fmt;
	fmt++;
	if (*fmt != '*')
		return parse_digits(fmt, &spec->precision);
	spec->precision = MAX(va_arg(args->list, int), -1);
	return fmt + 1;
}

static void put_integer(struct out *out, const struct spec *spec, struct arguments *args)
{
	u64 value;

	if (spec->bytes == 8)
		value = va_arg(args->list, u64);
	else
		value = narrow(spec, va_arg(args->list, unsigned int));
	put_number(out, spec, value);
}

/* `fmt` is behind the %. Returns the rest of the format, or NULL if the conversion is unknown. */
static const char *convert(struct out *out, const char *fmt, struct arguments *args)
{
	struct spec spec = { .precision = -1 };
	char one[2] = { 0 };

	fmt = parse_flags(&spec, fmt);
	fmt = parse_width(&spec, fmt, args);
	fmt = parse_size(&spec, fmt);
	if (parse_integer(&spec, *fmt)) {
		put_integer(out, &spec, args);
		return fmt + 1;
	}
	switch (*fmt) {
	case 's':
		put_text(out, &spec, va_arg(args->list, const char *));
		break;
	case 'c':
		one[0] = va_arg(args->list, int);
		spec.precision = -1;
		put_text(out, &spec, one);
		break;
	case 'p':
		spec.base = 16;
		spec.precision = 16;
		put_number(out, &spec, (u64)va_arg(args->list, void *));
		break;
	case '%':
		put(out, '%');
		break;
	default:
		return NULL;
	}
	return fmt + 1;
}

int vsnprintf(char *buf, size_t size, const char *fmt, va_list list)
{
	struct out out = { .buf = buf, .size = size };
	struct arguments args;
	const char *next;

	va_copy(args.list, list);
	for (; *fmt; fmt = next) {
		next = fmt + 1;
		if (*fmt != '%') {
			put(&out, *fmt);
			continue;
		}
		next = convert(&out, fmt + 1, &args);
		if (!next) {
			for (; *fmt; fmt++)
				put(&out, *fmt);
			break;
		}
	}
	va_end(args.list);
	if (size)
		buf[MIN(out.len, size - 1)] = '\0';
	return out.len;
}

int snprintf(char *buf, size_t size, const char *fmt, ...)
{
	va_list args;
	int len;

	va_start(args, fmt);
	len = vsnprintf(buf, size, fmt, args);
	va_end(args);
	return len;
}
