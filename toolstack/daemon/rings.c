/* SPDX-License-Identifier: MIT */
/*
 * What the store needs of the hypervisor.  A guest's ring is mapped by the grant that its builder left in
 * entry 1 of its table, so no right to map arbitrary memory is used; dom0's ring comes from its kernel.
 */
#include <errno.h>
#include <event2/event.h>
#include <stdlib.h>
#include <sys/mman.h>

#include "abi/grant_table.h"
#include "abi/xs_wire.h"
#include "daemon/ports.h"
#include "daemon/rings.h"
#include "daemon/xend.h"
#include "hv/hv.h"

#define DOMIDS 0x7ff0u

/* Local port of each connected domain; 0: not connected. */
static evtchn_port_t local_port[DOMIDS];

/*
 * Their ring pages.  A guest signals only when it saw its ring empty before it wrote more, and the store
 * leaves a request in the ring until it is whole.  So while a part of one lies there, the store is made to
 * look again after 2 ms, then 4, up to 128.
 */
#define LOOK_MS_MIN 2
#define LOOK_MS_MAX 128
static struct xenstore_domain_interface *ring_page[DOMIDS];
static uint64_t again[(DOMIDS + 63) / 64];
static struct event *again_timer;
static int again_ms;

static bool is_part_left(unsigned int domid)
{
	const struct xenstore_domain_interface *page = ring_page[domid];

	return page && __atomic_load_n(&page->req_prod, __ATOMIC_ACQUIRE) != page->req_cons;
}

static void arm(void)
{
	struct timeval tv = { 0, again_ms * 1000 };

	event_add(again_timer, &tv);
}

static void on_again(evutil_socket_t fd, short what, void *arg)
{
	bool left = false;

	(void)fd;
	(void)what;
	(void)arg;
	for (unsigned int i = 0; i < sizeof(again) / sizeof(again[0]); i++)
		for (uint64_t bits = again[i]; bits; bits &= bits - 1) {
			unsigned int bit = (unsigned int)__builtin_ctzll(bits), domid = i * 64 + bit;

			if (is_part_left(domid)) {
				store_kick(xend.store, domid);
				left = true;
			} else {
				again[i] &= ~(1ull << bit);
			}
		}
	again_ms = again_ms < LOOK_MS_MAX ? again_ms * 2 : again_ms;
	if (left)
		arm();
}

static bool on_ring(void *ctx)
{
	unsigned int domid = (unsigned int)(uintptr_t)ctx;

	store_kick(xend.store, domid);
	again[domid / 64] |= 1ull << (domid % 64);
	if (!again_timer)
		again_timer = evtimer_new(xend.base, on_again, NULL);
	again_ms = LOOK_MS_MIN;
	if (again_timer)
		arm();
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
	ring_page[domid] = *page;
	return 0;
}

static void ring_close(void *ctx, unsigned int domid, void *page)
{
	(void)ctx;
	port_unbind(local_port[domid]);
	local_port[domid] = 0;
	ring_page[domid] = NULL;
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
