/* SPDX-License-Identifier: MIT */
/*
 * What the store needs of the hypervisor.  A guest's ring is mapped by the grant that its builder left in
 * entry 1 of its table, so no right to map arbitrary memory is used; dom0's ring comes from its kernel.
 */
#include <errno.h>
#include <stdlib.h>
#include <sys/mman.h>

#include "abi/grant_table.h"
#include "daemon/ports.h"
#include "daemon/rings.h"
#include "daemon/xend.h"
#include "hv/hv.h"

#define DOMIDS 0x7ff0u

/* Local port of each connected domain; 0: not connected. */
static evtchn_port_t local_port[DOMIDS];

static bool on_ring(void *ctx)
{
	store_kick(xend.store, (unsigned int)(uintptr_t)ctx);
	return true;
}

static int ring_open(void *ctx, unsigned int domid, uint64_t gfn, uint32_t port, void **page)
{
	evtchn_port_t own = port;
	int rc = 0;

	(void)ctx;
	(void)gfn;
	if (domid >= DOMIDS)
		return -EINVAL;
	if (domid == 0)
		rc = hv_xenbus_map(page, &own);
	else
		*page = hv_grant_map((domid_t)domid, GNTTAB_RESERVED_XENSTORE);
	if (!rc && !*page)
		rc = -errno;
	if (rc)
		return rc;
	rc = port_bind_interdomain((domid_t)domid, own, on_ring, (void *)(uintptr_t)domid);
	if (rc < 0) {
		if (domid == 0)
			munmap(*page, HV_PAGE_SIZE);
		else
			hv_grant_unmap(*page);
		return rc;
	}
	local_port[domid] = (evtchn_port_t)rc;
	return 0;
}

static void ring_close(void *ctx, unsigned int domid, void *page)
{
	(void)ctx;
	port_unbind(local_port[domid]);
	local_port[domid] = 0;
	if (domid == 0)
		munmap(page, HV_PAGE_SIZE);
	else
		hv_grant_unmap(page);
}

static void ring_notify(void *ctx, unsigned int domid)
{
	(void)ctx;
	if (local_port[domid])
		port_notify(local_port[domid]);
}

const struct store_ring_ops rings_ops = { .open = ring_open, .close = ring_close, .notify = ring_notify };
