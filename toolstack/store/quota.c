/* SPDX-License-Identifier: MIT */
/*
 * What each domain uses, and whether it may use more. Domain 0 and the daemon are counted but never refused.
 * A node is charged to its owner, whoever made it. Counts are of the live tree only; a transaction's new
 * nodes are counted by the transaction and checked again at commit.
 */
#include "store/core.h"

#include "store/mem.h"

#include <errno.h>
#include <stdlib.h>
#include <time.h>

struct domain *store_quota_find(const struct store *s, unsigned int domid)
{
	return domid < STORE_DOMID_LIMIT ? s->domains[domid] : NULL;
}

struct domain *store_quota_get(struct store *s, unsigned int domid)
{
	struct domain *d = s->domains[domid];

	if (!d) {
		d = store_mem_zalloc(sizeof(*d));
		d->domid = d->target = domid;
		s->domains[domid] = d;
		TAILQ_INSERT_TAIL(&s->known, d, all);
	}
	return d;
}

void store_quota_drop(struct store *s, struct domain *d)
{
	if (d->introduced || d->conns || d->nodes || d->perm_entries || d->watches || d->txns ||
	    d->domid == 0 || d->target != d->domid)
		return;
	s->domains[d->domid] = NULL;
	TAILQ_REMOVE(&s->known, d, all);
	free(d);
}

void store_quota_account(void *store, const struct node *n, int sign)
{
	struct store *s = store;
	struct domain *owner = store_quota_get(s, n->perms->p[0].domid);
	size_t bytes = store_node_bytes(n);
	unsigned int i;

	owner->nodes += (unsigned int)sign;
	owner->bytes += sign > 0 ? bytes : -bytes;
	s->stats.nodes += (unsigned int)sign;
	for (i = 1; i < n->perms->n; i++) {
		struct domain *d = store_quota_get(s, n->perms->p[i].domid);

		d->perm_entries += (unsigned int)sign;
		if (sign < 0)
			store_quota_drop(s, d);
	}
	if (sign < 0)
		store_quota_drop(s, owner);
}

void store_quota_bytes(struct conn *c, long delta)
{
	c->dom->bytes += (size_t)delta;
}

int store_quota_nodes(const struct conn *c, unsigned int more)
{
	if (c->who.privileged || c->dom->nodes + more <= c->s->opt.limits.nodes)
		return 0;
	return -ENOSPC;
}

int store_quota_node_size(const struct conn *c, size_t value_len, unsigned int nperms)
{
	const struct store_limits *l = &c->s->opt.limits;

	if (c->who.privileged)
		return 0;
	if (nperms > l->perms || value_len + nperms * sizeof(struct store_perm) > l->node_bytes)
		return -ENOSPC;
	return 0;
}

bool store_quota_memory_ok(const struct conn *c)
{
	return c->who.privileged || c->dom->bytes <= c->s->opt.limits.memory_bytes;
}

static uint64_t clock_us(clockid_t id)
{
	struct timespec ts;

	clock_gettime(id, &ts);
	return (uint64_t)ts.tv_sec * 1000000 + (uint64_t)ts.tv_nsec / 1000;
}

static uint64_t system_now_ms(void)
{
	return clock_us(CLOCK_MONOTONIC) / 1000;
}

static uint64_t system_cpu_us(void)
{
	return clock_us(CLOCK_THREAD_CPUTIME_ID);
}

const struct store_clock store_system_clock = { .now_ms = system_now_ms, .cpu_us = system_cpu_us };

/*
 * A bucket of one second's requests in thousandths, filled as time goes by and emptied by each request and by
 * the time that took: what an average request takes is free, so that dear requests are not cheaper than many.
 * The debt that one turn may leave is paid within a second.
 */
#define AVERAGE_US	10
#define QUIET_MS	100
#define PATIENCE	3	/* failed commits */

bool store_quota_may_run(struct conn *c, unsigned int *wait_ms)
{
	int64_t rate = c->s->opt.limits.requests_per_s;
	uint64_t now;

	if (c->who.privileged)
		return true;
	if (c->s->quiet && c->s->opt.clock->now_ms() < c->s->quiet_ms) {
		*wait_ms = 1;
		return false;
	}
	if (c->tokens >= 1000)
		return true;
	now = c->s->opt.clock->now_ms();
	if (!c->tokens_ms)
		c->tokens = rate * 1000;
	else
		c->tokens += (int64_t)(now - c->tokens_ms) * rate;
	if (c->tokens > rate * 1000)
		c->tokens = rate * 1000;
	c->tokens_ms = now;
	*wait_ms = 1 + (unsigned int)((1000 - c->tokens) / rate);
	return c->tokens >= 1000;
}

uint64_t store_quota_clock(const struct conn *c)
{
	return c->who.privileged ? 0 : c->s->opt.clock->cpu_us();
}

void store_quota_charge(struct conn *c, unsigned int requests, uint64_t since_us)
{
	int64_t full = (int64_t)c->s->opt.limits.requests_per_s * 1000;
	uint64_t took, n = requests;

	if (c->who.privileged)
		return;
	took = store_quota_clock(c) - since_us;
	if (took / AVERAGE_US > n)
		n = took / AVERAGE_US;
	c->tokens -= (int64_t)n * 1000;
	if (c->tokens < -full)	/* a clock that jumped (a stalled host) is no debt of the guest's */
		c->tokens = -full;
}

void store_quota_quiet(struct conn *c, bool on)
{
	struct store *s = c->s;

	if (!on && s->quiet == c)
		s->quiet = NULL;
	if (!on || !c->who.privileged || c->conflicts < PATIENCE)
		return;
	if (s->quiet && s->opt.clock->now_ms() < s->quiet_ms)
		return;
	s->quiet = c;
	s->quiet_ms = s->opt.clock->now_ms() + QUIET_MS;
}
