/* SPDX-License-Identifier: MIT */
/*
 * See lease.h.  dnsmasq is told as a guest would tell it, by DHCP's own message; that may be lost, and dnsmasq may
 * just be starting, so each is sent again until the file of leases has the address no more, a few times at most.
 * Hardware addresses that never were a guest's are none of ours: their leases run out.
 */
#include <event2/event.h>
#include <string.h>
#include <strings.h>

#include "daemon/device.h"
#include "daemon/guest.h"
#include "daemon/lease.h"
#include "daemon/names.h"
#include "daemon/nat.h"
#include "daemon/xend.h"

#define PENDING_MAX 256
#define TRIES_MAX 8

static struct pending {
	char mac[18];
	int tries;
} pending[PENDING_MAX];
static size_t n_pending;
static struct event *timer;

static bool vif_has(const struct guest_config *cfg, const struct guest *g, const char *mac)
{
	char text[18];

	for (size_t i = 0; cfg && i < cfg->n_vifs; i++) {
		bool runs = cfg == g->cfg && i < g->n_vifs;

		device_mac_of(cfg, i, runs ? g->vifs[i].id : (uint32_t)i, text);
		if (strcasecmp(text, mac) == 0 && !(runs && g->vifs[i].state == DEV_GONE))
			return true;
	}
	return false;
}

static bool is_a_guests(const char *mac)
{
	for (const struct guest *g = guests; g; g = g->next)
		if (vif_has(g->cfg, g, mac) || vif_has(g->again, g, mac) || vif_has(g->def, g, mac))
			return true;
	return false;
}

static const char *leased_to(const json_t *leases, const char *mac)
{
	const json_t *lease;
	size_t i;

	json_array_foreach(leases, i, lease)
		if (strcasecmp(json_string_value(json_object_get(lease, "mac")), mac) == 0)
			return json_string_value(json_object_get(lease, "ip"));
	return NULL;
}

/* Tell dnsmasq; true if it may have to be told again. */
static bool release(struct pending *p, const json_t *leases)
{
	const char *ip = leased_to(leases, p->mac);

	if (!ip || is_a_guests(p->mac) || p->tries++ >= TRIES_MAX)
		return false;
	nat_release(p->mac, ip);
	return true;
}

static void arm(long seconds, long us)
{
	struct timeval tv = { seconds, us };

	if (timer && !event_pending(timer, EV_TIMEOUT, NULL) && event_add(timer, &tv) < 0)
		log_warn("default network: addresses of guests that are gone stay taken for a while");
}

static void on_timer(evutil_socket_t fd, short what, void *arg)
{
	json_t *leases = nat_leases();
	size_t kept = 0;

	(void)fd;
	(void)what;
	(void)arg;
	names_update();
	for (size_t i = 0; i < n_pending; i++)
		if (release(&pending[i], leases))
			pending[kept++] = pending[i];
	n_pending = kept;
	json_decref(leases);
	if (n_pending)
		arm(1, 0);
}

static void enqueue(const char *mac)
{
	for (size_t i = 0; i < n_pending; i++)
		if (strcmp(pending[i].mac, mac) == 0)
			return;
	if (!xend.set.network || n_pending == PENDING_MAX)
		return;
	if (!timer)
		timer = evtimer_new(xend.base, on_timer, NULL);
	pending[n_pending].tries = 0;
	memcpy(pending[n_pending++].mac, mac, sizeof(pending->mac));
	arm(0, 50000);
}

void lease_release_vif(const struct guest *g, size_t i)
{
	char mac[18];

	device_mac(g, i, mac);
	enqueue(mac);
}

void lease_release_guest(const struct guest *g)
{
	char mac[18];

	for (size_t i = 0; g->cfg && i < g->n_vifs; i++)
		lease_release_vif(g, i);
	for (size_t i = 0; g->def && i < g->def->n_vifs; i++) {
		device_mac_of(g->def, i, (uint32_t)i, mac);
		enqueue(mac);
	}
}
