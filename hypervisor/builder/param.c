/* SPDX-License-Identifier: MIT */
/*
 * Options about dom0. Its memory is in memory.c.
 */
#include "builder/builder.h"
#include "builder/dom0_mem.h"
#include "lib/cmdline.h"
#include "lib/errno.h"
#include "lib/string.h"
#include "x86/cpumask.h"

static u32 min_vcpus = 1, max_vcpus = MAX_CPUS;	/* dom0_max_vcpus= */
bool builder_pin_vcpus;

u32 builder_vcpus(u32 cpus)
{
	return CLAMP(cpus, min_vcpus, max_vcpus);
}

static bool is_vcpu_count(const char *text, u64 *n)
{
	return !cmdline_parse_u64(text, n) && *n && *n <= MAX_CPUS;
}

/* N, or MIN-MAX, either of which may be missing: as many as CPUs within these. */
static int set_max_vcpus(const char *value)
{
	char low[8];
	const char *dash = value ? strchr(value, '-') : NULL;
	u64 least = 1, most = MAX_CPUS;

	if (!value || !*value || !strcmp(value, "-"))
		return -EINVAL;
	if (!dash) {
		if (!is_vcpu_count(value, &most))
			return -EINVAL;
		least = most;
	} else {
		if ((size_t)(dash - value) >= sizeof(low))
			return -EINVAL;
		strlcpy(low, value, dash - value + 1);
		if ((*low && !is_vcpu_count(low, &least)) || (dash[1] && !is_vcpu_count(dash + 1, &most)) ||
		    least > most)
			return -EINVAL;
	}
	min_vcpus = least;
	max_vcpus = most;
	return 0;
}

static int set_vcpus_pin(const char *value)
{
	int on = param_switch(value);

	if (on < 0)
		return -EINVAL;
	builder_pin_vcpus = on;
	return 0;
}

/* A list of switches, of which "pv" is the one that is true here. */
static int set_dom0(const char *value)
{
	char copy[64], *pos = copy, *item;

	if (!value || strlcpy(copy, value, sizeof(copy)) >= sizeof(copy))
		return -EINVAL;
	while ((item = cmdline_next_item(&pos, ',')) != NULL)
		if (strcmp(item, "pv") && strcmp(item, "verbose"))
			return -EINVAL;
	return 0;
}

const struct param builder_params[] = {
	{ "dom0_mem", "memory of dom0: SIZE[,min:SIZE][,max:SIZE]", dom0_mem_parse },
	{ "dom0_max_vcpus", "virtual CPUs of dom0: N or MIN-MAX", set_max_vcpus },
	{ "dom0_vcpus_pin", "each of dom0's virtual CPUs stays on the processor of its number", set_vcpus_pin },
	{ "dom0", "what dom0 is: pv", set_dom0 },
	{ NULL, NULL, NULL },
};
