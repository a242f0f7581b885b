/* SPDX-License-Identifier: MIT */
/*
 * A PV kernel that measures the hypervisor's primitives. Prints "row NAME HUNDREDTHS" for each row asked
 * for on its command line (rows=a:b:c; none: all), the least of several measurements: the rest is
 * somebody else's timer.
 */
#include "pv.h"

const char test_title[] = "bench: instructions per operation";

#define REPEATS	5

uint64_t own_ticks;

static bool wanted(const char *name)
{
	const char *list = (const char *)start_info->cmd_line;
	size_t len = strlen(name);

	while (*list && strncmp(list, "rows=", 5))
		list++;
	if (!*list)
		return true;
	for (list += 5; *list && *list != ' '; list++) {
		if (!strncmp(list, name, len) && (list[len] == ':' || list[len] == ' ' || !list[len]))
			return true;
		while (*list && *list != ':' && *list != ' ')
			list++;
		if (*list != ':')
			break;
	}
	return false;
}

static __attribute__((noinline)) void run_nothing(uint64_t n)
{
	for (uint64_t i = 0; i < n; i++)
		barrier();
}

static uint64_t measure(void (*run)(uint64_t n), uint64_t n)
{
	uint64_t best = ~0UL;

	run(n / 8 + 1);
	for (int i = 0; i < REPEATS; i++) {
		uint64_t before = rdtsc(), ticks;

		own_ticks = 0;
		run(n);
		ticks = own_ticks ? own_ticks : rdtsc() - before;
		if (ticks < best)
			best = ticks;
	}
	return best;
}

static void report(const struct row *row)
{
	uint64_t ticks, loop, ops = (uint64_t)row->n * (row->per ? row->per : 1);

	if (!wanted(row->name))
		return;
	if (row->prepare)
		row->prepare();
	ticks = measure(row->run, row->n);
	loop = own_ticks ? 0 : measure(run_nothing, row->n);
	own_ticks = 0;
	printk("row %s %lu\n", row->name, (ticks - loop) * 100 / ops);
	trap_init();			/* what the row changed */
}

void test_main(void)
{
	static const struct row *const tables[] = { trap_rows, memory_rows, switch_rows, grant_rows, domain_rows };

	domains_note_start();
	hypercall(vcpu_op, VCPUOP_stop_periodic_timer, 0, NULL);
	for (unsigned int i = 0; i < ARRAY_SIZE(tables); i++)
		for (const struct row *row = tables[i]; row->name; row++)
			report(row);
}
