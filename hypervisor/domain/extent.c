/* SPDX-License-Identifier: MIT */
/*
 * Blocks on their way to a domain. Each belongs to nobody while a vCPU clears it, and to the domain's list otherwise.
 * Lock: page_lock for the list; `dying` is set under it, so that nothing is put there any more once it has been
 * emptied.
 */
#include "domain/extent.h"

#include "core/softirq.h"
#include "domain/memory.h"
#include "lib/errno.h"
#include "mm/heap.h"
#include "mm/page_alloc.h"

#define AT_ONCE		8u		/* pages cleared between two looks at other work: 5,600 instructions */
#define AT_ONCE_ORDER	3u
/* what callers that never came back have left is dropped then */
#define KEPT_PAGES_MAX	(16u << EXTENT_ORDER_MAX)

static bool is_whole(const struct extent *e)
{
	return e->cleared == 1u << e->order;
}

struct kind {
	u32 order, memflags;
};

static bool is_same(const struct extent *e, const struct kind *k)
{
	return e->order == k->order && e->memflags == k->memflags;
}

static bool is_ready(const struct extent *e, const struct kind *k)
{
	return is_same(e, k) && is_whole(e);
}

static bool is_begun(const struct extent *e, const struct kind *k)
{
	return is_same(e, k) && !is_whole(e);
}

static bool is_other(const struct extent *e, const struct kind *k)
{
	return !is_same(e, k);
}

static bool is_any(const struct extent *e, const struct kind *k)
{
	return true;
}

/* One such off the list, or NULL. */
static struct extent *take(struct domain *d, bool (*wanted)(const struct extent *e, const struct kind *k),
			   const struct kind *k)
{
	struct extent **link, *e;

	spin_lock(&d->page_lock);
	for (link = &d->extents; (e = *link) != NULL && !wanted(e, k); link = &e->next)
		;
	if (e) {
		*link = e->next;
		d->extent_pages -= 1u << e->order;
	}
	spin_unlock(&d->page_lock);
	return e;
}

static void destroy(struct extent *e)
{
	page_free(e->first, e->order);
	heap_free(e);
}

static void keep(struct domain *d, struct extent *e)
{
	bool alive;

	spin_lock(&d->page_lock);
	alive = d->dying == DOMDYING_ALIVE;
	if (alive) {
		e->next = d->extents;
		d->extents = e;
		d->extent_pages += 1u << e->order;
	}
	spin_unlock(&d->page_lock);
	if (!alive)
		destroy(e);
}

static u32 count_ready(struct domain *d, const struct kind *k)
{
	u32 n = 0;

	spin_lock(&d->page_lock);
	for (const struct extent *e = d->extents; e; e = e->next)
		n += is_ready(e, k);
	spin_unlock(&d->page_lock);
	return n;
}

static struct extent *make(struct domain *d, const struct kind *k)
{
	struct extent *e = heap_new(struct extent);

	if (!e)
		return NULL;
	e->order = k->order;
	e->memflags = k->memflags;
	e->first = domain_alloc_unassigned(d, k->order, k->memflags);
	if (e->first)
		return e;
	heap_free(e);
	return NULL;
}

/* Where memory is short, what was begun for others and is not fetched goes first. */
static struct extent *make_by_all_means(struct domain *d, const struct kind *k)
{
	struct extent *e = make(d, k), *other;

	while (!e && (other = take(d, is_other, k)) != NULL) {
		destroy(other);
		e = make(d, k);
	}
	return e;
}

/* True when it is whole; false when the CPU has something else to do. */
static bool clear_more(struct extent *e)
{
	do {
		for (u32 i = 0; i < AT_ONCE && !is_whole(e); i++)
			page_clear(mfn_to_virt(frame_to_mfn(&e->first[e->cleared++])));
	} while (!is_whole(e) && !softirq_is_pending());
	return is_whole(e);
}

int extents_prepare(struct domain *d, u32 order, u32 memflags, u32 count)
{
	const struct kind k = { order, memflags };
	u32 done = count_ready(d, &k);
	struct extent *e;

	if (READ_ONCE(d->extent_pages) > KEPT_PAGES_MAX && extents_drop(d))
		return -ERESTART;
	if (done >= count)
		return 0;
	e = take(d, is_begun, &k);
	while (done < count) {
		bool whole;

		if (!e)
			e = make_by_all_means(d, &k);
		if (!e) {
			(void)extents_drop(d);
			return -ENOMEM;
		}
		whole = clear_more(e);
		keep(d, e);
		e = NULL;
		if (!whole || (++done < count && done % AT_ONCE == 0 && softirq_is_pending()))
			return -ERESTART;
	}
	return 0;
}

int extent_take(struct domain *d, u32 order, u32 memflags, struct frame **f)
{
	const struct kind k = { order, memflags };
	struct extent *e = take(d, is_ready, &k);

	if (!e)
		return READ_ONCE(d->dying) == DOMDYING_ALIVE ? -ERESTART : -ENOMEM;
	*f = e->first;
	heap_free(e);
	return 0;
}

int extent_get(struct domain *d, u32 order, u32 memflags, struct frame **f)
{
	int rc;

	if (order <= AT_ONCE_ORDER) {
		*f = domain_alloc_unassigned(d, order, memflags);
		if (!*f)
			return -ENOMEM;
		for (u32 i = 0; i < 1u << order; i++)
			page_clear(mfn_to_virt(frame_to_mfn(&(*f)[i])));
		return 0;
	}
	rc = extents_prepare(d, order, memflags, 1);
	return rc ? rc : extent_take(d, order, memflags, f);
}

int extents_drop(struct domain *d)
{
	struct extent *e;

	while ((e = take(d, is_any, NULL)) != NULL) {
		destroy(e);
		if (softirq_is_pending())
			return -ERESTART;
	}
	return 0;
}
