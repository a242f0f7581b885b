/* SPDX-License-Identifier: MIT */
/* See vif.h. */
#include <errno.h>
#include <event2/event.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "daemon/device.h"
#include "daemon/guard.h"
#include "daemon/hotplug.h"
#include "daemon/link.h"
#include "daemon/names.h"
#include "daemon/script.h"
#include "daemon/vif.h"
#include "daemon/xend.h"

static const char *bridge_of(const struct guest_vif *vif)
{
	return vif->bridge ? vif->bridge : xend.set.bridge;
}

bool vif_is_home(const struct guest_vif *vif)
{
	return xend.set.network && !vif->script && strcmp(bridge_of(vif), xend.set.bridge) == 0;
}

void vif_name(const struct guest *g, size_t i, char name[16])
{
	const char *own = g->cfg->vifs[i].vifname;

	if (own)
		snprintf(name, 16, "%s", own);
	else
		snprintf(name, 16, "vif%d.%u", g->domid, g->vifs[i].id);
}

int vif_check(const struct guest_vif *vif, struct error *err)
{
	const char *bridge = bridge_of(vif);
	int rc;

	if (vif->script)
		return script_check(vif->script, err);
	if (link_is_bridge(bridge))
		return 0;
	if (link_index(bridge))
		rc = error_set(err, ERR_CONFIG, NULL, "'%s' is not a bridge", bridge);
	else
		rc = error_set(err, ERR_NOT_FOUND, NULL, "bridge '%s' does not exist", bridge);
	error_hint(err,
		   "'xl net setup' makes one, or set vif=[\"bridge=NAME\"]; 'xl net' lists those there are");
	return rc;
}

static void plug(struct guest *g, size_t i, const char *name, unsigned int index)
{
	const struct guest_vif *vif = &g->cfg->vifs[i];
	unsigned int master = link_index(bridge_of(vif));
	int rc = 0;

	if (vif->vifname && strcmp(vif->vifname, name) != 0)
		rc = link_set(index, false, 0, 0, vif->vifname);
	if (!rc && vif->script)
		rc = hotplug_online(g, i);
	else if (!rc)
		rc = link_set(index, true, master, vif->mtu, NULL);
	if (rc) {
		log_err("guest '%s': cannot put %s on bridge '%s': %s", g->name, name, bridge_of(vif),
			strerror(-rc));
		return;
	}
	g->vifs[i].plugged = true;
	names_update();
	if (!vif->script)
		guard_vif(g, i);
}

static void on_interface(const char *name, unsigned int index)
{
	unsigned int id;
	int domid;
	struct guest *g;
	char rest;

	if (sscanf(name, "vif%d.%u%c", &domid, &id, &rest) != 2)
		return;
	g = guest_by_domid(domid);
	for (size_t i = 0; g && i < g->n_vifs; i++)
		if (g->vifs[i].id == id && g->vifs[i].state == DEV_UP && !g->vifs[i].plugged)
			plug(g, i, name, index);
}

static void on_netlink(evutil_socket_t fd, short what, void *arg)
{
	(void)what;
	(void)arg;
	link_watch_read((int)fd, on_interface);
}

void vif_rescan(void)
{
	(void)link_each(on_interface);
}

int vif_init(struct error *err)
{
	int fd = link_watch_open();
	struct event *ev = fd < 0 ? NULL : event_new(xend.base, fd, EV_READ | EV_PERSIST, on_netlink, NULL);

	if (!ev || event_add(ev, NULL) < 0)
		return error_set_errno(err, ERR_NONE, fd < 0 ? -fd : ENOMEM, NULL,
				       "cannot watch network interfaces");
	return 0;
}
