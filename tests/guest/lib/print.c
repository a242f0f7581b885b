/* SPDX-License-Identifier: MIT */
/* Printing to the hypervisor's console, the verdicts, and the few string functions that gcc calls. */
#include <stdarg.h>
#include "guest.h"

static unsigned int failures;

void *memcpy(void *d, const void *s, size_t n)
{
	void *r = d;

	__asm__ volatile("rep movsb" : "+D" (d), "+S" (s), "+c" (n) : : "memory");
	return r;
}

void *memset(void *d, int c, size_t n)
{
	void *r = d;

	__asm__ volatile("rep stosb" : "+D" (d), "+c" (n) : "a" (c) : "memory");
	return r;
}

int memcmp(const void *a, const void *b, size_t n)
{
	const uint8_t *x = a, *y = b;

	for (; n; n--, x++, y++)
		if (*x != *y)
			return *x - *y;
	return 0;
}

size_t strlen(const char *s)
{
	size_t n = 0;

	while (s[n])
		n++;
	return n;
}

int strncmp(const char *a, const char *b, size_t n)
{
	for (; n && *a && *a == *b; a++, b++)
		n--;
	return n ? (uint8_t)*a - (uint8_t)*b : 0;
}

int strcmp(const char *a, const char *b)
{
	return strncmp(a, b, ~0UL);
}

struct out {
	char text[512];
	size_t len;
};

static void put(struct out *o, char c)
{
	if (o->len < sizeof(o->text))
		o->text[o->len++] = c;
}

static void put_number(struct out *o, uint64_t v, unsigned int base, bool minus, int width, char pad)
{
	char digits[24];
	int n = 0;

	do
		digits[n++] = "0123456789abcdef"[v % base];
	while ((v /= base));
	if (minus)
		put(o, '-');
	while (width-- > n)
		put(o, pad);
	while (n)
		put(o, digits[--n]);
}

static const char *put_field(struct out *o, const char *f, va_list *ap)
{
	bool is_long = false;
	char pad = ' ';
	int width = 0;
	long v;

	for (; *f == '#' || *f == '0' || *f == '-'; f++)
		if (*f == '0')
			pad = '0';
	for (; *f >= '0' && *f <= '9'; f++)
		width = width * 10 + *f - '0';
	for (; *f == 'l' || *f == 'z'; f++)
		is_long = true;
	switch (*f) {
	case 's':
		for (const char *s = va_arg(*ap, const char *); *s; s++)
			put(o, *s);
		break;
	case 'c':
		put(o, (char)va_arg(*ap, int));
		break;
	case 'd':
		v = is_long ? va_arg(*ap, long) : va_arg(*ap, int);
		put_number(o, v < 0 ? -(uint64_t)v : (uint64_t)v, 10, v < 0, width, pad);
		break;
	case 'u':
		put_number(o, is_long ? va_arg(*ap, unsigned long) : va_arg(*ap, unsigned int), 10, false, width, pad);
		break;
	case 'x':
		put_number(o, is_long ? va_arg(*ap, unsigned long) : va_arg(*ap, unsigned int), 16, false, width, pad);
		break;
	case 'p':
		put_number(o, (uint64_t)va_arg(*ap, void *), 16, false, width, pad);
		break;
	default:
		put(o, *f);
	}
	return f;
}

static void vprint(const char *prefix, const char *fmt, va_list *ap, bool newline)
{
	struct out o = { .len = 0 };

	while (*prefix)
		put(&o, *prefix++);
	for (const char *f = fmt; *f; f++) {
		if (*f == '%')
			f = put_field(&o, f + 1, ap);
		else
			put(&o, *f);
	}
	if (newline)
		put(&o, '\n');
	hypercall(console_io, CONSOLEIO_write, o.len, o.text);
}

void printk(const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	vprint("", fmt, &ap, false);
	va_end(ap);
}

static void __attribute__((noreturn)) finish(const char *verdict)
{
	struct sched_shutdown off = { .reason = SHUTDOWN_poweroff };

	printk("Test result: %s\n", verdict);
	for (;;)
		hypercall(sched_op, SCHEDOP_shutdown, &off);
}

void test_skip(const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	vprint("skip: ", fmt, &ap, true);
	va_end(ap);
	finish("SKIP");
}

void test_error(const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	vprint("error: ", fmt, &ap, true);
	va_end(ap);
	finish("ERROR");
}

void test_failure(const char *fmt, ...)
{
	va_list ap;

	failures++;
	va_start(ap, fmt);
	vprint("failure: ", fmt, &ap, true);
	va_end(ap);
}

void test_done(void)
{
	finish(failures ? "FAILURE" : "SUCCESS");
}

static const char *error_name(long e)
{
	static const struct { int nr; const char *name; } names[] = {
		{ XEN_EPERM, "EPERM" }, { XEN_ENOENT, "ENOENT" }, { XEN_ESRCH, "ESRCH" }, { XEN_EIO, "EIO" },
		{ XEN_ENXIO, "ENXIO" }, { XEN_E2BIG, "E2BIG" }, { XEN_EAGAIN, "EAGAIN" }, { XEN_ENOMEM, "ENOMEM" },
		{ XEN_EACCES, "EACCES" }, { XEN_EFAULT, "EFAULT" }, { XEN_EBUSY, "EBUSY" }, { XEN_EEXIST, "EEXIST" },
		{ XEN_ENODEV, "ENODEV" }, { XEN_EINVAL, "EINVAL" }, { XEN_ENOSPC, "ENOSPC" }, { XEN_ENOSYS, "ENOSYS" },
		{ XEN_EOPNOTSUPP, "EOPNOTSUPP" }, { XEN_ETIME, "ETIME" }, { XEN_ERANGE, "ERANGE" },
		{ XEN_ENOBUFS, "ENOBUFS" }, { XEN_EDOM, "EDOM" },
	};

	for (size_t i = 0; i < ARRAY_SIZE(names); i++)
		if (e == -names[i].nr)
			return names[i].name;
	return "";
}

void check_result(const char *what, long got, long want)
{
	if (got != want)
		test_failure("%s gave %ld %s, wanted %ld %s", what, got, error_name(got), want, error_name(want));
}
