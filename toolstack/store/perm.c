/* SPDX-License-Identifier: MIT */
/* The permission model; see perm.h. */
#include "store/perm.h"

#include "store/mem.h"
#include "store/wire.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct perms *store_perms_new(const struct store_perm *p, unsigned int n)
{
	struct perms *ps = store_mem_alloc(sizeof(*ps) + n * sizeof(*p));

	ps->refs = 1;
	ps->n = n;
	memcpy(ps->p, p, n * sizeof(*p));
	return ps;
}

struct perms *store_perms_get(struct perms *ps)
{
	ps->refs++;
	return ps;
}

void store_perms_put(struct perms *ps)
{
	if (ps && !--ps->refs)
		free(ps);
}

struct perms *store_perms_chown(struct perms *ps, unsigned int owner)
{
	struct perms *copy;

	if (ps->p[0].domid == owner)
		return store_perms_get(ps);
	copy = store_perms_new(ps->p, ps->n);
	copy->p[0].domid = (uint16_t)owner;
	return copy;
}

struct perms *store_perms_without(struct perms *ps, unsigned int domid)
{
	struct perms *copy;
	unsigned int i, n = 1;

	for (i = 1; i < ps->n && ps->p[i].domid != domid; i++)
		;
	if (i >= ps->n)
		return store_perms_get(ps);
	copy = store_perms_new(ps->p, ps->n);
	for (i = 1; i < ps->n; i++)
		if (ps->p[i].domid != domid)
			copy->p[n++] = ps->p[i];
	copy->n = n;
	return copy;
}

unsigned int store_perms_access(const struct perms *ps, const struct actor *who)
{
	const unsigned int all = STORE_PERM_READ | STORE_PERM_WRITE | STORE_PERM_OWNER;
	unsigned int i;

	if (who->privileged || ps->p[0].domid == who->domid || ps->p[0].domid == who->target)
		return all;
	for (i = 1; i < ps->n; i++)
		if (ps->p[i].domid == who->domid || ps->p[i].domid == who->target)
			return ps->p[i].access;
	return ps->p[0].access;
}

int store_perm_parse(const char *s, struct store_perm *p)
{
	unsigned int domid;

	switch (*s) {
	case 'n': p->access = STORE_PERM_NONE; break;
	case 'r': p->access = STORE_PERM_READ; break;
	case 'w': p->access = STORE_PERM_WRITE; break;
	case 'b': p->access = STORE_PERM_READ | STORE_PERM_WRITE; break;
	default: return -EINVAL;
	}
	if (store_wire_domid(s + 1, &domid))
		return -EINVAL;
	p->domid = (uint16_t)domid;
	return 0;
}

void store_perm_format(const struct store_perm *p, char *buf)
{
	snprintf(buf, 8, "%c%u", "nrwb"[p->access & 3], p->domid);
}
