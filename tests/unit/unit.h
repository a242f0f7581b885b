/* SPDX-License-Identifier: MIT */
/*
 * The whole framework of the unit tests. A test file is
 *
 *	#include "unit.h"
 *	TEST(list_add_puts_first)
 *	{
 *		CHECK(list_empty(&list));
 *		CHECK_EQ(count(&list), 0);
 *	}
 *	int main(void)
 *	{
 *		RUN(list_add_puts_first);
 *		return unit_end();
 *	}
 *
 * and a line in the Makefile. A failed check is printed and the test goes on; REQUIRE ends the test instead.
 * A test that is not RUN is a compile error (unused function). `UNIT=word ./foo_test` runs only the tests
 * with that word in their names.
 */
#ifndef UNIT_H
#define UNIT_H

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static unsigned int unit_passed, unit_failed, unit_checks_failed;

#define TEST(name)	static void name(void)

static inline void unit_report(const char *file, int line, const char *text)
{
	printf("%s:%d: failed: %s\n", file, line, text);
	unit_checks_failed++;
}

#define CHECK(condition) \
	do { if (!(condition)) unit_report(__FILE__, __LINE__, #condition); } while (0)

#define REQUIRE(condition) \
	do { if (!(condition)) { unit_report(__FILE__, __LINE__, #condition); return; } } while (0)

/* Integers (or pointers cast to them); both values are printed. */
#define CHECK_EQ(a, b)									\
	do {										\
		unsigned long long unit_a_ = (unsigned long long)(a), unit_b_ = (unsigned long long)(b); \
		if (unit_a_ != unit_b_) {						\
			unit_report(__FILE__, __LINE__, #a " == " #b);			\
			printf("    %#llx (%lld) against %#llx (%lld)\n",		\
			       unit_a_, (long long)unit_a_, unit_b_, (long long)unit_b_); \
		}									\
	} while (0)

#define CHECK_STR(a, b)									\
	do {										\
		const char *unit_s_ = (a), *unit_t_ = (b);				\
		if (!unit_s_ || !unit_t_ || strcmp(unit_s_, unit_t_) != 0) {		\
			unit_report(__FILE__, __LINE__, #a " is " #b);			\
			printf("    \"%s\" against \"%s\"\n", unit_s_ ? unit_s_ : "(null)", \
			       unit_t_ ? unit_t_ : "(null)");				\
		}									\
	} while (0)

#define RUN(name)	unit_run(#name, name)

static inline void unit_run(const char *name, void (*test)(void))
{
	const char *filter = getenv("UNIT");

	if (filter && !strstr(name, filter))
		return;
	unit_checks_failed = 0;
	test();
	if (unit_checks_failed) {
		printf("FAILED %s\n", name);
		unit_failed++;
	} else {
		unit_passed++;
	}
	fflush(stdout);
}

static inline int unit_end(void)
{
	printf("%u passed, %u failed\n", unit_passed, unit_failed);
	return unit_failed != 0;
}

/*
 * A random number generator that repeats: xorshift64*. UNIT_SEED=n in the environment starts another
 * sequence.
 */
static unsigned long unit_random_state;

static inline unsigned long unit_random(void)
{
	if (!unit_random_state) {
		const char *seed = getenv("UNIT_SEED");

		unit_random_state = 88172645463325252UL;
		if (seed)
			unit_random_state += strtoul(seed, NULL, 0) * 0x9e3779b97f4a7c15UL;
	}
	unit_random_state ^= unit_random_state >> 12;
	unit_random_state ^= unit_random_state << 25;
	unit_random_state ^= unit_random_state >> 27;
	return unit_random_state * 0x2545f4914f6cdd1dUL;
}

#endif /* UNIT_H */
