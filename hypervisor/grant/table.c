/* SPDX-License-Identifier: MIT */
/*
 * The table itself: made, grown, asked about, and taken apart. It grows when the guest or its builder asks,
 * up to a limit set at creation. The frames that the guest writes are the hypervisor's, lent to the domain.
 *
 * At the end of a domain others may still have frames of it mapped: the frames lent go at once, the active
 * entries stay until the domain itself goes, which the references of those mappings put off.
 */
#include "core/log.h"
#include "core/softirq.h"
#include "domain/guest_copy.h"
#include "domain/memory.h"
#include "grant/internal.h"
#include "lib/errno.h"
#include "mm/heap.h"
#include "mm/page_alloc.h"

/* Numbers beyond 2^31 mean "as usual" in the control interface. */
static int limit_choose(u32 wanted, u32 usual, u32 most, u32 *out)
{
	*out = wanted > 0x7fffffffu ? usual : wanted;
	return *out > most ? -EINVAL : 0;
}

int grant_domain_init(struct domain *d, u32 max_frames, u32 max_maptrack)
{
	struct grant_table *gt;

	gt = heap_new(struct grant_table);
	if (!gt)
		return -ENOMEM;
	if (limit_choose(max_frames, GRANT_FRAMES_DEFAULT, GRANT_FRAMES_LIMIT, &gt->max_frames) ||
	    limit_choose(max_maptrack, TRACK_FRAMES_DEFAULT, TRACK_FRAMES_LIMIT, &gt->max_track_frames)) {
		heap_free(gt);
		return -EINVAL;
	}
	spin_lock_init(&gt->lock, RANK_GRANT, "grant table");
	spin_lock_init(&gt->track_lock, RANK_NONE, "grant tracks");
	gt->track_free = NO_TRACK;
	d->grant = gt;
	d->max_grant_frames = gt->max_frames;
	d->max_maptrack_frames = gt->max_track_frames;
	gt->shared = heap_alloc_array(MAX(gt->max_frames, 1u), sizeof(*gt->shared));
	gt->active = heap_alloc_array(MAX(gt->max_frames, 1u), sizeof(*gt->active));
	gt->track = heap_alloc_array(MAX(gt->max_track_frames, 1u), sizeof(*gt->track));
	if (gt->shared && gt->active && gt->track)
		return 0;
	grant_domain_free(d);
	return -ENOMEM;
}

/* One frame more; the lock is held. */
static int grow_one(struct domain *d)
{
	struct grant_table *gt = d->grant;
	struct grant_active *active;
	struct frame *f;

	if (gt->closed)
		return -ESRCH;
	if (gt->nr_frames >= gt->max_frames)
		return -ENOSPC;
	active = heap_alloc_array(ENTRIES_PER_FRAME, sizeof(*active));
	if (!active)
		return -ENOMEM;
	f = page_alloc(0, PAGE_HEAP);
	if (!f) {
		heap_free(active);
		return -ENOMEM;
	}
	page_clear(mfn_to_virt(frame_to_mfn(f)));
	domain_share_page(d, f, true);
	gt->shared[gt->nr_frames] = mfn_to_virt(frame_to_mfn(f));
	gt->active[gt->nr_frames] = active;
	gt->nr_frames++;
	return 0;
}

int grant_table_grow(struct domain *d, u32 frames)
{
	struct grant_table *gt = d->grant;
	int rc = 0;

	if (frames > gt->max_frames)
		return -ENOSPC;
	spin_lock(&gt->lock);
	while (!rc && gt->nr_frames < frames) {
		rc = grow_one(d);
		if (!rc && gt->nr_frames < frames && softirq_is_pending())
			rc = -ERESTART;
	}
	spin_unlock(&gt->lock);
	return rc;
}

static mfn_t shared_mfn(const struct grant_table *gt, u32 index)
{
	return virt_to_mfn(gt->shared[index]);
}

int grant_table_frame(struct domain *d, u32 index, mfn_t *mfn)
{
	struct grant_table *gt = d->grant;
	int rc;

	if (!gt || index >= gt->max_frames)
		return -EINVAL;
	rc = grant_table_grow(d, index + 1);
	if (rc)
		return rc;
	spin_lock(&gt->lock);
	if (gt->closed)
		rc = -ESRCH;
	else
		*mfn = shared_mfn(gt, index);
	spin_unlock(&gt->lock);
	return rc;
}

int grant_preset(struct domain *d, u32 ref, domid_t to, u32 gfn)
{
	struct grant_table *gt = d->grant;
	int rc = grant_table_grow(d, ref / ENTRIES_PER_FRAME + 1);
	struct grant_entry_v1 *e;

	if (rc)
		return rc;
	spin_lock(&gt->lock);
	if (gt->closed) {
		rc = -ESRCH;
	} else {
		e = &gt->shared[ref / ENTRIES_PER_FRAME][ref % ENTRIES_PER_FRAME];
		e->frame = gfn;
		e->domid = to;
		store_release(&e->flags, GTF_permit_access);
	}
	spin_unlock(&gt->lock);
	return rc;
}

/* A domain named by the caller, counted, or GNTST_bad_domain, GNTST_permission_denied. */
static int target_get(domid_t id, struct domain **out)
{
	struct domain *any;

	*out = domain_get_for_caller(id);
	if (*out && (*out)->grant)
		return GNTST_okay;
	if (*out) {
		domain_put(*out);
		return GNTST_bad_domain;
	}
	any = domain_get(id);
	if (!any)
		return GNTST_bad_domain;
	domain_put(any);
	return GNTST_permission_denied;
}

/* Where an interrupted call for this list goes on; the lock keeps calls of several vCPUs apart. */
static u32 setup_resume(struct grant_table *gt, u64 list)
{
	u32 at;

	spin_lock(&gt->lock);
	at = gt->setup_list == list ? gt->setup_at : 0;
	gt->setup_list = gt->setup_at = 0;
	spin_unlock(&gt->lock);
	return at;
}

static void setup_remember(struct grant_table *gt, u64 list, u32 at)
{
	spin_lock(&gt->lock);
	gt->setup_list = list;
	gt->setup_at = at;
	spin_unlock(&gt->lock);
}

/* Frames never leave the table while the domain can run. -EFAULT; -ERESTART: d's table remembers how far it came. */
static int put_frame_list(struct domain *d, struct domain *target, const struct gnttab_setup_table *op)
{
	u32 i = setup_resume(d->grant, op->frame_list), entry_bytes = d->pv.is_32bit ? 4 : 8;
	struct grant_table *gt = target->grant;

	while (i < op->nr_frames) {
		u64 number;

		spin_lock(&gt->lock);
		number = gt->closed ? 0 : mfn_x(shared_mfn(gt, i));
		spin_unlock(&gt->lock);
		if (guest_copy_to(op->frame_list + (u64)i * entry_bytes, &number, entry_bytes))
			return -EFAULT;
		if (++i % 64 == 0 && i < op->nr_frames && softirq_is_pending()) {
			setup_remember(d->grant, op->frame_list, i);
			return -ERESTART;
		}
	}
	return 0;
}

int grant_setup_table(struct domain *d, struct gnttab_setup_table *op)
{
	struct domain *target;
	int rc = target_get(op->dom, &target);

	if (rc) {
		op->status = (s16)rc;
		return 0;
	}
	rc = op->nr_frames > target->grant->max_frames ? -ENOSPC : grant_table_grow(target, op->nr_frames);
	if (rc && rc != -ERESTART) {
		op->status = GNTST_general_error;
		rc = 0;
	} else if (!rc) {
		op->status = GNTST_okay;
		rc = put_frame_list(d, target, op);
	}
	domain_put(target);
	return rc;
}

int grant_query_size(struct domain *d, struct gnttab_query_size *op)
{
	struct domain *target;

	(void)d;
	op->status = (s16)target_get(op->dom, &target);
	if (op->status)
		return 0;
	op->nr_frames = READ_ONCE(target->grant->nr_frames);
	op->max_nr_frames = target->grant->max_frames;
	domain_put(target);
	return 0;
}

int grant_set_version(struct domain *d, struct gnttab_set_version *op)
{
	(void)d;
	if (op->version != 1 && op->version != 2)
		return -EINVAL;
	return op->version == 1 ? 0 : -ENOSYS;
}

int grant_get_version(struct domain *d, struct gnttab_get_version *op)
{
	struct domain *target;
	int rc = target_get(op->dom, &target);

	(void)d;
	if (rc)
		return rc == GNTST_permission_denied ? -EPERM : -ESRCH;
	op->version = 1;
	domain_put(target);
	return 0;
}

int grant_swap_ref(struct domain *d, struct gnttab_swap_grant_ref *op)
{
	struct grant_table *gt = d->grant;
	struct grant_entry_v1 *a, *b, tmp;
	const struct grant_active *used_a, *used_b;
	u32 fa = op->ref_a / ENTRIES_PER_FRAME, ia = op->ref_a % ENTRIES_PER_FRAME;
	u32 fb = op->ref_b / ENTRIES_PER_FRAME, ib = op->ref_b % ENTRIES_PER_FRAME;

	spin_lock(&gt->lock);
	if (gt->closed || fa >= gt->nr_frames || fb >= gt->nr_frames) {
		op->status = GNTST_bad_gntref;
		goto out;
	}
	a = &gt->shared[fa][ia];
	b = &gt->shared[fb][ib];
	used_a = &gt->active[fa][ia];
	used_b = &gt->active[fb][ib];
	if (used_a->readers || used_a->writers || used_b->readers || used_b->writers) {
		op->status = GNTST_eagain;
		goto out;
	}
	tmp = *a;
	*a = *b;
	*b = tmp;
	op->status = GNTST_okay;
out:
	spin_unlock(&gt->lock);
	return 0;
}

/* RAM of d's own, or that it has mapped of others: 1 or 0; -ERESTART. */
static int frame_is_reachable(struct domain *d, u64 n)
{
	struct frame *f;

	if (n >= frame_max || !mfn_valid(mfn(n)))
		return 0;
	f = mfn_to_frame(mfn(n));
	if (frame_get(f, d->id)) {
		frame_put(f);
		return 1;
	}
	return grant_is_mapped_by(d, (u32)n);
}

/*
 * Devices see the caches on x86, so cleaning needs nothing; throwing away what is cached is not offered, as
 * it could bring back older contents.
 */
int grant_cache_flush(struct domain *d, struct gnttab_cache_flush *op)
{
	u64 end = (u64)op->offset + op->length;
	int rc;

	if (op->op & ~(GNTTAB_CACHE_CLEAN | GNTTAB_CACHE_INVAL | GNTTAB_CACHE_SOURCE_GREF) || end > PAGE_SIZE)
		return -EINVAL;
	if (!op->length || !(op->op & (GNTTAB_CACHE_CLEAN | GNTTAB_CACHE_INVAL)))
		return 0;
	if (op->op & GNTTAB_CACHE_SOURCE_GREF)
		return -EOPNOTSUPP;
	rc = frame_is_reachable(d, op->a.dev_bus_addr >> PAGE_SHIFT);
	if (rc <= 0)
		return rc ? rc : -EPERM;
	return op->op & GNTTAB_CACHE_INVAL ? -EOPNOTSUPP : 0;
}

/* Nothing is mapped any more, and nobody maps: what the handles stood in. */
static int free_tracks(struct grant_table *gt)
{
	gt->track_free = NO_TRACK;
	while (gt->nr_track_frames) {
		u32 last = --gt->nr_track_frames;

		heap_free(gt->track[last]);
		gt->track[last] = NULL;
		if (softirq_is_pending())
			return -ERESTART;
	}
	return 0;
}

static bool any_pinned(const struct grant_active *a)
{
	for (u32 i = 0; i < ENTRIES_PER_FRAME; i++)
		if (a[i].readers | a[i].writers)
			return true;
	return false;
}

/* The lent frame goes, and the entries unless somebody has one mapped yet: what is not pinned now is never again. */
static void drop_frame(struct grant_table *gt, u32 i)
{
	struct grant_entry_v1 *page;
	struct grant_active *active = NULL;

	spin_lock(&gt->lock);
	page = gt->shared[i];
	gt->shared[i] = NULL;
	if (gt->active[i] && !any_pinned(gt->active[i])) {
		active = gt->active[i];
		gt->active[i] = NULL;
	}
	spin_unlock(&gt->lock);
	heap_free(active);
	if (page)
		domain_unshare_page(virt_to_frame(page));
}

int grant_domain_destroy(struct domain *d)
{
	struct grant_table *gt = d->grant;
	int rc;

	if (!gt)
		return 0;
	spin_lock(&gt->lock);
	gt->closed = true;
	spin_unlock(&gt->lock);
	rc = grant_release_mappings(d);
	if (!rc)
		rc = free_tracks(gt);
	while (!rc && gt->unshare_position < gt->nr_frames) {
		drop_frame(gt, gt->unshare_position++);
		rc = softirq_is_pending() ? -ERESTART : 0;
	}
	return rc;
}

/* What domain_destroy() has left: all of a domain that was not finished, else entries that others had mapped. */
void grant_domain_free(struct domain *d)
{
	struct grant_table *gt = d->grant;
	u32 i;

	if (!gt)
		return;
	for (i = 0; gt->active && i < gt->nr_frames; i++)
		heap_free(gt->active[i]);
	for (i = 0; gt->track && i < gt->nr_track_frames; i++)
		heap_free(gt->track[i]);
	heap_free(gt->shared);
	heap_free(gt->active);
	heap_free(gt->track);
	heap_free(gt);
	d->grant = NULL;
}

void grant_dump(struct domain *d)
{
	struct grant_table *gt = d->grant;
	u32 i;

	if (!gt)
		return;
	log_info("d%u: grant table of %u frames, at most %u; maps %u grants of others, at most %u", d->id,
		 gt->nr_frames,
		 gt->max_frames, gt->tracks_used, gt->max_track_frames * TRACKS_PER_FRAME);
	for (i = 0; i < gt->nr_frames * ENTRIES_PER_FRAME; i++) {
		const struct grant_active *page = READ_ONCE(gt->active[i / ENTRIES_PER_FRAME]);
		const struct grant_active *a = page ? &page[i % ENTRIES_PER_FRAME] : NULL;

		if (a && (a->readers || a->writers))
			log_info("    grant %u: frame %#x to d%u, %u reading, %u writing", i, a->mfn,
				 a->domid, a->readers,
				 a->writers);
	}
}
