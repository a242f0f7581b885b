/* SPDX-License-Identifier: MIT */
/* See p2m.h. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "hv/domctl.h"
#include "hv/hv.h"
#include "stream/p2m.h"

#define PER_PAGE 512u
#define PFN_MAX (1ull << 31)	/* 8 TiB: beyond, the list makes no sense */

static uint64_t up(uint64_t n)
{
	return (n + PER_PAGE - 1) / PER_PAGE;
}

/* Copy n numbers that lie, 512 a page, in the guest's frames[]. */
static int read_level(domid_t domid, const xen_pfn_t *frames, uint64_t n, xen_pfn_t *out)
{
	const uint64_t batch = 1024;

	for (uint64_t page = 0; page < up(n); page += batch) {
		uint64_t pages = up(n) - page < batch ? up(n) - page : batch;
		uint64_t from = page * PER_PAGE, count = pages * PER_PAGE;
		void *p = hv_map_foreign(domid, frames + page, pages, false, NULL);

		if (!p)
			return -errno;
		memcpy(out + from, p, (n - from < count ? n - from : count) * sizeof(*out));
		hv_unmap(p, pages);
	}
	return 0;
}

/* The root page and the number of entries, read once. */
static int read_root(domid_t domid, xen_pfn_t shared_info, xen_pfn_t *root, uint64_t *n)
{
	struct shared_info *s = hv_map_foreign(domid, &shared_info, 1, false, NULL);

	if (!s)
		return -errno;
	*n = __atomic_load_n(&s->arch.max_pfn, __ATOMIC_RELAXED);
	*root = __atomic_load_n(&s->arch.pfn_to_mfn_frame_list_list, __ATOMIC_RELAXED);
	hv_unmap(s, 1);
	return *n == 0 || *n > PFN_MAX || *root == 0 || up(up(*n)) > PER_PAGE ? -ENODATA : 0;
}

int p2m_read(domid_t domid, xen_pfn_t shared_info, xen_pfn_t **mfns, uint64_t *n, struct error *err)
{
	xen_pfn_t root, *mids = NULL, *leaves = NULL, *list = NULL;
	int rc = read_root(domid, shared_info, &root, n);

	if (rc == -ENODATA)
		return error_set(
			err, ERR_GUEST, NULL,
			"the guest has not told where its memory is: its kernel did not get that far");
	if (!rc) {
		mids = calloc(up(up(*n)), sizeof(*mids));
		leaves = calloc(up(*n), sizeof(*leaves));
		list = calloc(*n, sizeof(*list));
		rc = mids && leaves && list ? 0 : -ENOMEM;
	}
	if (!rc)
		rc = read_level(domid, &root, up(up(*n)), mids);
	if (!rc)
		rc = read_level(domid, mids, up(*n), leaves);
	if (!rc)
		rc = read_level(domid, leaves, *n, list);
	free(mids);
	free(leaves);
	if (rc) {
		free(list);
		return error_set_errno(err, ERR_GUEST, -rc, NULL,
				       "the guest's list of its memory cannot be read");
	}
	/* The top bits are the guest's own marks. */
	for (uint64_t i = 0; i < *n; i++)
		if (list[i] >> 52)
			list[i] = P2M_INVALID;
	*mfns = list;
	return 0;
}
