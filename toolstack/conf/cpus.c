/* SPDX-License-Identifier: MIT */
/*
 * Sets of host CPUs: "all", "0-3,5,^1", "nodes:0-3,^node:2".  Exclusions win over inclusions, in
 * whatever order they stand; a list of exclusions alone starts from all CPUs.
 */
#include <ctype.h>
#include <stdlib.h>
#include <string.h>

#include "conf/conf.h"

static int bad_set(struct error *err, const char *spec, const char *part)
{
	error_set(err, ERR_CONFIG, NULL, "'%.60s' in CPU list '%.80s' is not understood", part, spec);
	error_hint(err, "all, 0-3,8, 0-7,^3, nodes:0, ^node:1; CPUs up to %d", GUEST_CPUS_MAX - 1);
	return error_to_errno(ERR_CONFIG);
}

/* "3" or "3-7" within limit. */
static bool parse_range(const char *s, unsigned long limit, unsigned long *first, unsigned long *last)
{
	char *rest;

	if (!isdigit((unsigned char)*s))
		return false;
	*first = *last = strtoul(s, &rest, 10);
	if (*rest == '-' && isdigit((unsigned char)rest[1]))
		*last = strtoul(rest + 1, &rest, 10);
	return *rest == '\0' && *first <= *last && *last < limit;
}

struct sets {
	uint64_t in[GUEST_CPUS_MAX / 64], out[GUEST_CPUS_MAX / 64];
	uint64_t node, not_node;
	bool any_in, any;
};

static bool add_part(struct sets *sets, const char *s)
{
	bool minus = *s == '^';
	unsigned long first, last;
	bool nodes;

	s += minus;
	sets->any = true;
	sets->any_in |= !minus;
	if (strcmp(s, "all") == 0) {
		memset(minus ? sets->out : sets->in, 0xff, sizeof(sets->in));
		return true;
	}
	nodes = strncmp(s, "node:", 5) == 0 || strncmp(s, "nodes:", 6) == 0;
	if (nodes && strcmp(strchr(s, ':') + 1, "all") == 0) {
		*(minus ? &sets->not_node : &sets->node) = ~UINT64_C(0);
		return true;
	}
	if (!parse_range(nodes ? strchr(s, ':') + 1 : s, nodes ? GUEST_NODES_MAX : GUEST_CPUS_MAX, &first,
			 &last))
		return false;
	for (unsigned long i = first; i <= last; i++) {
		if (nodes)
			*(minus ? &sets->not_node : &sets->node) |= UINT64_C(1) << i;
		else
			(minus ? sets->out : sets->in)[i / 64] |= UINT64_C(1) << i % 64;
	}
	return true;
}

int conf_parse_cpus(const char *spec, struct guest_cpus *cpus, struct error *err)
{
	struct sets sets = { 0 };
	char copy[1024], *save = NULL;
	uint64_t left = 0;

	memset(cpus, 0, sizeof(*cpus));
	if (strlen(spec) >= sizeof(copy))
		return error_set(err, ERR_CONFIG, NULL, "CPU list '%.60s...' is too long", spec);
	strcpy(copy, spec);
	for (char *part = strtok_r(copy, ", ", &save); part; part = strtok_r(NULL, ", ", &save))
		if (!add_part(&sets, part))
			return bad_set(err, spec, part);
	if (!sets.any)
		return bad_set(err, spec, "");
	cpus->given = true;
	cpus->node = sets.node;
	cpus->not_node = sets.not_node;
	for (size_t i = 0; i < GUEST_CPUS_MAX / 64; i++) {
		cpus->cpu[i] = (sets.any_in ? sets.in[i] : ~UINT64_C(0)) & ~sets.out[i];
		left |= cpus->cpu[i];
	}
	if (!left && !(cpus->node & ~cpus->not_node))
		return error_set(err, ERR_CONFIG, NULL, "CPU list '%.80s' leaves no CPU", spec);
	return 0;
}

bool guest_cpus_has(const struct guest_cpus *set, unsigned int cpu)
{
	if (!set->given)
		return true;
	return cpu < GUEST_CPUS_MAX && (set->cpu[cpu / 64] >> cpu % 64 & 1);
}

static size_t put_ranges(const uint64_t *bits, unsigned int n, const char *prefix, char *buf, size_t size,
			 size_t len)
{
	for (unsigned int i = 0; i < n; i++) {
		unsigned int first = i;

		if (!(bits[i / 64] >> i % 64 & 1))
			continue;
		while (i + 1 < n && (bits[(i + 1) / 64] >> (i + 1) % 64 & 1))
			i++;
		if (len >= size)
			return len;
		len += (size_t)snprintf(buf + len, size - len, first == i ? "%s%s%u" : "%s%s%u-%u",
					len ? "," : "", prefix, first, i);
	}
	return len;
}

void conf_format_cpus(const struct guest_cpus *cpus, char *buf, size_t size)
{
	bool all = true;
	size_t len;

	for (size_t i = 0; i < GUEST_CPUS_MAX / 64; i++)
		all &= cpus->cpu[i] == ~UINT64_C(0);
	if (!cpus->given || all)
		len = (size_t)snprintf(buf, size, "all");
	else
		len = put_ranges(cpus->cpu, GUEST_CPUS_MAX, "", buf, size, 0);
	if (!cpus->given)
		return;
	len = put_ranges(&cpus->node, GUEST_NODES_MAX, "nodes:", buf, size, len);
	put_ranges(&cpus->not_node, GUEST_NODES_MAX, "^nodes:", buf, size, len);
}
