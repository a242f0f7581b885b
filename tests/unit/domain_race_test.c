/* SPDX-License-Identifier: MIT */
/*
 * Races for a domain's life. domain/domain.c and event/pirq.c are compiled into this test with locks that first let
 * "another CPU" act, so that each window is hit with certainty.
 */
#include "hooks.h"
#include "core/lock.h"
#include "event/internal.h"

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

/* How often senders of events were waited for. */
static u32 waits;

static void count_wait(void)
{
	waits++;
}

#define spin_lock(lock)		(race(lock), (spin_lock)(lock))
#define event_synchronize()	(count_wait(), (event_synchronize)())

#include "domain/domain.c"
#include "event/pirq.c"

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

/* Whoever makes an interrupt known to a domain looked before the domain's table of them went. */
static struct machine_guest *going;

static void interrupts_go(void)
{
	CHECK_EQ(pirq_domain_destroy(going->d), 0);
}

static void begin_to_go(void)
{
	going = machine_guest(1, true, 1);
	race_lock = &pirq_lock;
	race_action = interrupts_go;
}

static void gone(int rc)
{
	CHECK_EQ(rc, -EINVAL);
	CHECK(!race_action);
	machine_guest_end(going);
	CHECK(oracle_check());
	CHECK(machine_is_clean());
}

TEST(no_interrupts_for_what_has_gone)
{
	int pirq = -1;
	u32 number;

	begin_to_go();
	gone(pirq_map_gsi(going->d, 5, &pirq));
	begin_to_go();
	gone(pirq_map_msi(going->d, 0x10, 0, 0, false, 1, &pirq));
	begin_to_go();
	gone(pirq_get_free(going->d, true, &number));
	begin_to_go();
	gone(pirq_bind_guest(going->d, 5, 1, false));
	begin_to_go();
	gone(pirq_unmap(going->d, 5));
	begin_to_go();
	pirq_dump(going->d);
	interrupts_go();
	race_action = NULL;
	gone(-EINVAL);
}

/* A number is taken out of the table first; what it stood for goes when nobody can be sending by it any more. */
TEST(senders_are_waited_for)
{
	struct machine_guest *g = machine_guest(1, true, 1);
	int pirq = -1;

	CHECK_EQ(pirq_map_gsi(g->d, 5, &pirq), 0);
	waits = 0;
	CHECK_EQ(pirq_unmap(g->d, pirq), 0);
	CHECK_EQ(waits, 1);
	pirq = -1;
	CHECK_EQ(pirq_map_msi(g->d, 0x10, 0, 0, false, 4, &pirq), 0);
	waits = 0;
	CHECK_EQ(pirq_unmap(g->d, pirq), 0);
	CHECK_EQ(waits, 4);
	machine_guest_end(g);
	CHECK(oracle_check());
	CHECK(machine_is_clean());
}

int main(void)
{
	machine_start();
	RUN(nobody_finds_a_domain_that_is_gone);
	RUN(no_interrupts_for_what_has_gone);
	RUN(senders_are_waited_for);
	return unit_end();
}
