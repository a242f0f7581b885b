/* SPDX-License-Identifier: MIT */
/*
 * The daemon's own start: guests that ran when the last daemon ended are taken up again, those that were half
 * built or half gone are taken down, and what belongs to nobody any more is given back.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "daemon/console.h"
#include "daemon/device.h"
#include "daemon/disk.h"
#include "daemon/life.h"
#include "daemon/vif.h"
#include "daemon/xend.h"
#include "daemon/xs.h"
#include "hv/domctl.h"


/* A worker may have made the domain and died before it could say so. */
static int find_domain(const struct guest *g)
{
	static struct xen_domctl_getdomaininfo list[HV_DOMAINS_MAX];
	int n = hv_sysctl_domains(1, list, HV_DOMAINS_MAX);

	for (int i = 0; i < n; i++)
		if (memcmp(list[i].handle, g->uuid, 16) == 0)
			return list[i].domain;
	return -1;
}

/* A script has been called for it; what the daemon does itself it does again. */
static bool was_online(const struct guest *g, size_t i)
{
	char *status = g->cfg->vifs[i].script ? device_node(g, DEVICE_VIF, i, true, "hotplug-status") : NULL;
	bool online = status != NULL;

	free(status);
	return online;
}

static void adopt(struct guest *g)
{
	struct error err = ERROR_INIT;
	int found = find_domain(g);

	if (g->state == GUEST_RUNNING && found == g->domid && found > 0) {
		if (console_open(&g->console, g->name, (domid_t)g->domid, g->console_port,
				 g->cfg->console_log_kib, &err) < 0)
			log_error(LOG_LEVEL_ERROR, &err);
		life_publish_tty(g);
		g->why = WHY_NONE;	/* an end that was being dealt with is seen again */
		if (!xs_is_introduced((unsigned int)g->domid) &&
		    xs_introduce((unsigned int)g->domid, g->store_mfn, g->store_port) < 0)
			log_err("guest '%s': its store ring cannot be connected again", g->name);
		for (size_t i = 0; i < g->n_vifs; i++)
			g->vifs[i].plugged = was_online(g, i);
		device_look_again(g);
		log_info("guest '%s' (domain %d): taken up again", g->name, g->domid);
		return;
	}
	if (found > 0)
		g->domid = found;
	if (g->state == GUEST_STARTING)
		g->why = g->restarting ? WHY_INTERRUPTED : WHY_FAILED;
	g->state = GUEST_STOPPING;
	guest_stop_now(g);
}

void life_adopt(void)
{
	struct guest *next;

	for (struct guest *g = guests; g; g = next) {
		next = g->next;
		if (g->state != GUEST_STOPPED)
			adopt(g);
	}
	disk_sweep(NULL);
	vif_rescan();
	guest_scan();
}
