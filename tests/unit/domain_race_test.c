/* SPDX-License-Identifier: MIT */
/*
 * Races for a domain's life. domain/domain.c is compiled into this test with a lock that first lets "another CPU" act, so
 * that the window between the last reference and the table is hit with certainty.
 */
#include "hooks.h"
#include "core/lock.h"

static struct spinlock *race_lock;	/* before this lock is taken ... */
static void (*race_action)(void);	/* ... this happens, once */

static void race(struct spinlock *lock)
{
	void (*action)(void) = race_action;

	if (lock != race_lock || !action)
		return;
	race_action = NULL;
	action();
}

#define spin_lock(lock)	(race(lock), (spin_lock)(lock))

#include "domain/domain.c"

#include "machine.h"
#include "oracle/oracle.h"
#include "unit.h"

static u32 looked;

static void another_looks(void)
{
	struct domain *d = domain_get(1);

	looked++;
	CHECK(!d);
	if (d)
		atomic_dec(&d->refs);	/* it goes all the same */
}

TEST(nobody_finds_a_domain_that_is_gone)
{
	struct machine_guest *g = machine_guest(1, false, 1);
	struct domain *d = domain_get(1);

	machine_guest_end(g);
	CHECK_EQ(d->refs, 1);
	race_lock = &table_lock;
	race_action = another_looks;
	domain_put(d);
	CHECK_EQ(looked, 1);
	CHECK(!domain_get(1));
	CHECK(oracle_check());
	CHECK(machine_is_clean());
}

int main(void)
{
	machine_start();
	RUN(nobody_finds_a_domain_that_is_gone);
	return unit_end();
}
