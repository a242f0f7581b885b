/* SPDX-License-Identifier: MIT */
/* See vif.h. */
#include <errno.h>
#include <event2/event.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/proc.h"
#include "daemon/device.h"
#include "daemon/link.h"
#include "daemon/vif.h"
#include "daemon/worker.h"
#include "daemon/xend.h"

static const char *bridge_of(const struct guest_vif *vif)
{
	return vif->bridge ? vif->bridge : xend.set.bridge;
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

	if (vif->script || link_is_bridge(bridge))
		return 0;
	if (link_index(bridge))
		rc = error_set(err, ERR_CONFIG, NULL, "'%s' is not a bridge", bridge);
	else
		rc = error_set(err, ERR_NOT_FOUND, NULL, "bridge '%s' does not exist", bridge);
	error_hint(err,
		   "'xl net setup' makes one, or set vif=[\"bridge=NAME\"]; 'xl net' lists those there are");
	return rc;
}

/* An administrator's own script in place of the bridge; called as the published hotplug scripts are. */
struct script {
	char guest[GUEST_NAME_MAX + 1];
	int domid;
	uint32_t id;
	char path[1024], name[16], bridge[64], xenbus[256];
};

static json_t *script_work(void *arg, struct error *err)
{
	const struct script *s = arg;
	const char *argv[] = { s->path, "online", NULL };
	char env_path[300], env_vif[32], env_dev[32], env_bridge[80];
	const char *env[] = { env_path, env_vif, env_dev, env_bridge, "type_if=vif",
			      "PATH=/usr/sbin:/usr/bin:/sbin:/bin", NULL };
	struct proc_run run = { .argv = argv, .env = env, .timeout_ms = 30000 };

	snprintf(env_path, sizeof(env_path), "XENBUS_PATH=%s", s->xenbus);
	snprintf(env_vif, sizeof(env_vif), "vif=%s", s->name);
	snprintf(env_dev, sizeof(env_dev), "dev=%s", s->name);
	snprintf(env_bridge, sizeof(env_bridge), "bridge=%s", s->bridge);
	return proc_run(&run, NULL, err) ? NULL : json_object();
}

static void on_script(void *ctx, json_t *result, const struct error *err)
{
	struct script *s = ctx;
	struct guest *g = guest_by_domid(s->domid);

	if (!result)
		log_err("guest '%s': script '%s' for %s: %s", s->guest, s->path, s->name, err->why);
	for (size_t i = 0; result && g && i < g->n_vifs; i++)
		if (g->vifs[i].id == s->id && g->vifs[i].state == DEV_UP)
			device_vif_ready(g, i);
	free(s);
}

static int start_script(const struct guest *g, size_t i, const char *name)
{
	static const struct worker_calls calls = { script_work, NULL, on_script };
	const struct guest_vif *vif = &g->cfg->vifs[i];
	struct script *s = calloc(1, sizeof(*s));
	struct error err = ERROR_INIT;
	struct worker *w;
	int rc;

	if (!s)
		return -ENOMEM;
	s->domid = g->domid;
	s->id = g->vifs[i].id;
	snprintf(s->guest, sizeof(s->guest), "%s", g->name);
	snprintf(s->path, sizeof(s->path), "%s", vif->script);
	snprintf(s->name, sizeof(s->name), "%s", name);
	snprintf(s->bridge, sizeof(s->bridge), "%s", bridge_of(vif));
	device_path(g, DEVICE_VIF, i, true, s->xenbus, sizeof(s->xenbus));
	rc = worker_start(&w, "script", &calls, s, s, NULL, 0, &err);
	if (rc)
		free(s);
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
		rc = start_script(g, i, vif->vifname ? vif->vifname : name);
	else if (!rc)
		rc = link_set(index, true, master, vif->mtu, NULL);
	if (rc) {
		log_err("guest '%s': cannot put %s on bridge '%s': %s", g->name, name, bridge_of(vif),
			strerror(-rc));
		return;
	}
	g->vifs[i].plugged = true;
	if (!vif->script)
		device_vif_ready(g, i);
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
