/* SPDX-License-Identifier: MIT */
/*
 * Sets of numbers as an array of ranges, sorted, never touching or overlapping one another, so that
 * membership is a binary search. Adding merges, removing splits; the array doubles when it is full.
 *
 *   [3..5] [9..9] [20..31]    add 6..8 -> [3..9] [20..31]    remove 25..26 -> [3..9] [20..24] [27..31]
 *
 * Lock: each set's own, a leaf.
 */
#include "domain/rangeset.h"

#include "core/lock.h"
#include "lib/errno.h"
#include "lib/string.h"
#include "mm/heap.h"

#define RANGES_FIRST	8u
#define RANGES_MAX	4096u

struct range {
	u64 first, last;
};

struct rangeset {
	struct spinlock lock;
	u32 count, room;
	struct range *range;
};

struct rangeset *rangeset_new(const char *name)
{
	struct rangeset *r = heap_new(struct rangeset);

	if (!r)
		return NULL;
	spin_lock_init(&r->lock, RANK_NONE, name);
	return r;
}

void rangeset_free(struct rangeset *r)
{
	if (!r)
		return;
	heap_free(r->range);
	heap_free(r);
}

/* Makes room for one range more. */
static int make_room(struct rangeset *r)
{
	u32 room = r->room ? r->room * 2 : RANGES_FIRST;
	struct range *bigger;

	if (r->count < r->room)
		return 0;
	if (room > RANGES_MAX)
		return -ENOMEM;
	bigger = heap_alloc_array(room, sizeof(*bigger));
	if (!bigger)
		return -ENOMEM;
	if (r->count)
		memcpy(bigger, r->range, r->count * sizeof(*bigger));
	heap_free(r->range);
	r->range = bigger;
	r->room = room;
	return 0;
}

/* The first range that ends at or after n; count if none does. */
static u32 find(const struct rangeset *r, u64 n)
{
	u32 low = 0, high = r->count;

	while (low < high) {
		u32 middle = (low + high) / 2;

		if (r->range[middle].last < n)
			low = middle + 1;
		else
			high = middle;
	}
	return low;
}

/* Replaces ranges [at, at + gone) by `n` new ones; there is room. */
static void splice(struct rangeset *r, u32 at, u32 gone, const struct range *new, u32 n)
{
	memmove(&r->range[at + n], &r->range[at + gone], (r->count - at - gone) * sizeof(*new));
	if (n)
		memcpy(&r->range[at], new, n * sizeof(*new));
	r->count += n - gone;
}

static int add_locked(struct rangeset *r, u64 first, u64 last)
{
	struct range new = { first, last };
	u32 at, end;
	int rc = make_room(r);

	if (rc)
		return rc;
	/* Everything that overlaps or touches becomes part of the new range. */
	at = find(r, first ? first - 1 : 0);
	for (end = at; end < r->count && (last == ~0ul || r->range[end].first <= last + 1); end++) {
		new.first = MIN(new.first, r->range[end].first);
		new.last = MAX(new.last, r->range[end].last);
	}
	splice(r, at, end - at, &new, 1);
	return 0;
}

static int remove_locked(struct rangeset *r, u64 first, u64 last)
{
	struct range left[2];
	u32 at, end, n = 0;
	int rc = make_room(r);

	if (rc)
		return rc;
	at = find(r, first);
	for (end = at; end < r->count && r->range[end].first <= last; end++)
		;
	if (end == at)
		return 0;
	if (r->range[at].first < first)
		left[n++] = (struct range){ r->range[at].first, first - 1 };
	if (r->range[end - 1].last > last)
		left[n++] = (struct range){ last + 1, r->range[end - 1].last };
	splice(r, at, end - at, left, n);
	return 0;
}

int rangeset_add(struct rangeset *r, u64 first, u64 last)
{
	int rc;

	if (first > last)
		return -EINVAL;
	spin_lock(&r->lock);
	rc = add_locked(r, first, last);
	spin_unlock(&r->lock);
	return rc;
}

int rangeset_remove(struct rangeset *r, u64 first, u64 last)
{
	int rc;

	if (first > last)
		return -EINVAL;
	spin_lock(&r->lock);
	rc = remove_locked(r, first, last);
	spin_unlock(&r->lock);
	return rc;
}

/* The lock is not part of what a const set promises. */
static struct spinlock *lock_of(const struct rangeset *r)
{
	return (struct spinlock *)&r->lock;
}

bool rangeset_contains(const struct rangeset *r, u64 first, u64 last)
{
	bool yes;
	u32 i;

	if (first > last)
		return false;
	spin_lock(lock_of(r));
	i = find(r, first);
	yes = i < r->count && r->range[i].first <= first && r->range[i].last >= last;
	spin_unlock(lock_of(r));
	return yes;
}

bool rangeset_overlaps(const struct rangeset *r, u64 first, u64 last)
{
	bool yes;
	u32 i;

	if (first > last)
		return false;
	spin_lock(lock_of(r));
	i = find(r, first);
	yes = i < r->count && r->range[i].first <= last;
	spin_unlock(lock_of(r));
	return yes;
}
