/* SPDX-License-Identifier: MIT */
/*
 * See device.h.  One watch on all of dom0's backends drives the devices; what is read there is a number that
 * dom0's kernel wrote.  Nothing that a guest writes is used as anything but text to show.
 */
#include <errno.h>
#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "abi/io/xenbus.h"
#include "daemon/console.h"
#include "daemon/device.h"
#include "daemon/disk.h"
#include "daemon/events.h"
#include "daemon/hotplug.h"
#include "daemon/lease.h"
#include "daemon/plug.h"
#include "daemon/xend.h"
#include "daemon/xs.h"

#define BACKEND "/local/domain/0/backend"

static const char *const kind_names[] = { "vbd", "vif" };

/* A run of writes below one folder; the first failure sticks. */
struct writer {
	uint32_t tx;
	int rc;
	char base[128];
};

static void put(struct writer *w, const char *name, const char *fmt, ...) __printf_like(3, 4);

static void put(struct writer *w, const char *name, const char *fmt, ...)
{
	char path[320], value[2048];
	va_list ap;

	if (w->rc)
		return;
	va_start(ap, fmt);
	vsnprintf(value, sizeof(value), fmt, ap);
	va_end(ap);
	snprintf(path, sizeof(path), "%s%s%s", w->base, name[0] ? "/" : "", name);
	w->rc = xs_write(w->tx, path, value, strlen(value));
}

/* A folder of its owner that one other domain may read. */
static void folder(struct writer *w, const char *name, int owner, int reader)
{
	struct store_perm p[2] = { { (uint16_t)owner, STORE_PERM_NONE },
				   { (uint16_t)reader, STORE_PERM_READ } };
	char path[320];

	if (w->rc)
		return;
	snprintf(path, sizeof(path), "%s%s%s", w->base, name[0] ? "/" : "", name);
	w->rc = xs_mkdir(w->tx, path);
	if (!w->rc)
		w->rc = xs_set_perms(w->tx, path, p, owner == reader ? 1 : 2);
}

void device_path(const struct guest *g, enum device_kind kind, size_t i, bool backend, char *buf, size_t size)
{
	uint32_t id = kind == DEVICE_VBD ? g->disks[i].id : g->vifs[i].id;

	if (backend)
		snprintf(buf, size, BACKEND "/%s/%d/%" PRIu32, kind_names[kind], g->domid, id);
	else
		snprintf(buf, size, "/local/domain/%d/device/%s/%" PRIu32, g->domid, kind_names[kind], id);
}

struct guest_device *device_of(struct guest *g, enum device_kind kind, size_t i)
{
	return kind == DEVICE_VBD ? &g->disks[i] : &g->vifs[i];
}

char *device_node(const struct guest *g, enum device_kind kind, size_t i, bool backend, const char *name)
{
	char path[256], full[320], *value;

	device_path(g, kind, i, backend, path, sizeof(path));
	snprintf(full, sizeof(full), "%s/%s", path, name);
	return xs_read(STORE_TX_NONE, full, &value) == 0 ? value : NULL;
}

/* ---- publishing ---- */

static void publish_vbd(struct guest *g, size_t i, struct writer *w)
{
	const struct guest_disk *disk = &g->cfg->disks[i];
	const struct guest_device *d = &g->disks[i];

	put(w, "dev", "%s", disk->vdev);
	put(w, "bootable", "1");
	put(w, "type", "phy");
	put(w, "mode", "%s%s", disk->readonly ? "r" : "w", disk->shared ? "!" : "");
	put(w, "device-type", "%s", disk->cdrom ? "cdrom" : "disk");
	put(w, "removable", "%d", disk->removable || disk->cdrom);
	put(w, "discard-enable", "%d", disk->discard && !disk->readonly);
	put(w, "direct-io-safe", "%d", disk->direct_io_safe);
	if (d->loop >= 0)
		put(w, "params", "/dev/loop%d", d->loop);
	else
		put(w, "params", "%s", disk->target ? disk->target : "");
	if (disk->script)
		put(w, "script", "%s", disk->script);
	if (disk->target && !disk->script) {
		put(w, "physical-device", "%" PRIx32 ":%" PRIx32, d->major, d->minor);
		put(w, "hotplug-status", "connected");
	}
}

void device_mac_of(const struct guest_config *cfg, size_t i, uint32_t id, char text[18])
{
	uint8_t m[6];

	if (cfg->vifs[i].mac_given)
		memcpy(m, cfg->vifs[i].mac, 6);
	else
		guest_vif_default_mac(cfg, id, m);
	snprintf(text, 18, "%02x:%02x:%02x:%02x:%02x:%02x", m[0], m[1], m[2], m[3], m[4], m[5]);
}

void device_mac(const struct guest *g, size_t i, char text[18])
{
	device_mac_of(g->cfg, i, g->vifs[i].id, text);
}

static void put_mac(const struct guest *g, size_t i, struct writer *w)
{
	char text[18];

	device_mac(g, i, text);
	put(w, "mac", "%s", text);
}

static void publish_vif(struct guest *g, size_t i, struct writer *w)
{
	const struct guest_vif *vif = &g->cfg->vifs[i];

	put(w, "handle", "%" PRIu32, g->vifs[i].id);
	put(w, "type", "vif");
	put(w, "script", "%s", vif->script ? vif->script : "");
	put(w, "bridge", "%s", vif->bridge ? vif->bridge : xend.set.bridge);
	if (vif->ip)
		put(w, "ip", "%s", vif->ip);
	if (vif->vifname)
		put(w, "vifname", "%s", vif->vifname);
	if (vif->gatewaydev)
		put(w, "gatewaydev", "%s", vif->gatewaydev);
	if (vif->rate_bytes_per_interval)
		put(w, "rate", "%" PRIu64 ",%" PRIu32, vif->rate_bytes_per_interval, vif->rate_interval_us);
	put_mac(g, i, w);
}

/* Both ends of one device. */
static int publish(struct guest *g, enum device_kind kind, size_t i, uint32_t tx)
{
	struct writer back = { .tx = tx }, front = { .tx = tx };
	uint32_t id = device_of(g, kind, i)->id;

	device_path(g, kind, i, true, back.base, sizeof(back.base));
	device_path(g, kind, i, false, front.base, sizeof(front.base));
	folder(&back, "", 0, g->domid);
	put(&back, "frontend", "%s", front.base);
	put(&back, "frontend-id", "%d", g->domid);
	put(&back, "online", "1");
	if (kind == DEVICE_VBD)
		publish_vbd(g, i, &back);
	else
		publish_vif(g, i, &back);
	put(&back, "state", "%d", XenbusStateInitialising);
	folder(&front, "", g->domid, 0);
	put(&front, "backend", "%s", back.base);
	put(&front, "backend-id", "0");
	if (kind == DEVICE_VBD) {
		put(&front, "virtual-device", "%" PRIu32, id);
		put(&front, "device-type", "%s", g->cfg->disks[i].cdrom ? "cdrom" : "disk");
		put(&front, "trusted", "%d", g->cfg->disks[i].trusted);
	} else {
		put(&front, "handle", "%" PRIu32, id);
		put(&front, "mtu", "%" PRIu32, g->cfg->vifs[i].mtu ? g->cfg->vifs[i].mtu : 1500);
		put(&front, "trusted", "%d", g->cfg->vifs[i].trusted);
		put_mac(g, i, &front);
	}
	put(&front, "state", "%d", XenbusStateInitialising);
	device_of(g, kind, i)->state = kind == DEVICE_VBD && g->cfg->disks[i].script ? DEV_ADDING : DEV_UP;
	return back.rc ? back.rc : front.rc;
}

/* The domain's own part of the store. */
static int publish_domain(struct guest *g, uint32_t tx)
{
	static const char *const guests_own[] = {
		"control/shutdown",
		"control/sysrq",
		"control/feature-poweroff",
		"control/feature-reboot",
		"control/feature-suspend",
		"device/suspend/event-channel",
		"data",
		"drivers",
		"feature",
		"attr",
		"error",
	};
	struct writer w = { .tx = tx }, vm = { .tx = tx };
	char uuid[37], name[64];

	guest_uuid_text(g->uuid, uuid);
	snprintf(w.base, sizeof(w.base), "/local/domain/%d", g->domid);
	snprintf(vm.base, sizeof(vm.base), "/vm/%s", uuid);
	folder(&vm, "", 0, g->domid);
	put(&vm, "name", "%s", g->name);
	put(&vm, "uuid", "%s", uuid);
	put(&vm, "image/ostype", "linux");
	put(&vm, "start_time", "%lld.00", (long long)time(NULL));	/* seconds and hundredths: xl uptime of Xen */
	folder(&w, "", 0, g->domid);
	put(&w, "vm", "%s", vm.base);
	put(&w, "name", "%s", g->name);
	put(&w, "domid", "%d", g->domid);
	put(&w, "memory/static-max", "%" PRIu64, g->cfg->maxmem_kib);
	put(&w, "memory/target", "%" PRIu64, g->cfg->memory_kib);
	for (uint32_t v = 0; v < g->cfg->maxvcpus; v++) {
		snprintf(name, sizeof(name), "cpu/%" PRIu32 "/availability", v);
		put(&w, name, "%s", v < g->cfg->vcpus ? "online" : "offline");
	}
	put(&w, "store/port", "%u", g->store_port);
	put(&w, "store/ring-ref", "%" PRIu64, g->store_mfn);
	folder(&w, "console", 0, g->domid);
	put(&w, "console/port", "%u", g->console_port);
	put(&w, "console/ring-ref", "%" PRIu64, g->console_mfn);
	put(&w, "console/type", "xenconsoled");
	put(&w, "console/output", "pty");
	put(&w, "console/limit", "1048576");
	put(&w, "control/platform-feature-multiprocessor-suspend", "1");
	put(&w, "control/platform-feature-xs_reset_watches", "1");
	folder(&w, "device", 0, g->domid);
	for (size_t i = 0; i < sizeof(guests_own) / sizeof(guests_own[0]); i++)
		folder(&w, guests_own[i], g->domid, g->domid);
	return w.rc ? w.rc : vm.rc;
}

static int commit(uint32_t tx, int rc, struct error *err)
{
	if (rc)
		xs_tx_abort(tx);
	else
		rc = xs_tx_commit(tx);
	return rc ? error_set_errno(err, ERR_INTERNAL, -rc, NULL, "cannot write to the store") : 0;
}

int device_publish_guest(struct guest *g, struct error *err)
{
	uint32_t tx;
	int rc = xs_tx_start(&tx);

	if (rc)
		return error_set_errno(err, ERR_INTERNAL, -rc, NULL, "cannot write to the store");
	rc = publish_domain(g, tx);
	for (size_t i = 0; !rc && i < g->cfg->n_disks; i++)
		rc = publish(g, DEVICE_VBD, i, tx);
	for (size_t i = 0; !rc && i < g->cfg->n_vifs; i++)
		rc = publish(g, DEVICE_VIF, i, tx);
	return commit(tx, rc, err);
}

int device_publish(struct guest *g, enum device_kind kind, size_t i, struct error *err)
{
	uint32_t tx;
	int rc = xs_tx_start(&tx);

	if (rc)
		return error_set_errno(err, ERR_INTERNAL, -rc, NULL, "cannot write to the store");
	return commit(tx, publish(g, kind, i, tx), err);
}

/* ---- the end of devices ---- */

static void remove_nodes(struct guest *g, enum device_kind kind, size_t i)
{
	char path[256];

	device_path(g, kind, i, true, path, sizeof(path));
	(void)xs_rm(STORE_TX_NONE, path);
	device_path(g, kind, i, false, path, sizeof(path));
	(void)xs_rm(STORE_TX_NONE, path);
}

static void end_device(struct guest *g, enum device_kind kind, size_t i)
{
	struct guest_device *d = device_of(g, kind, i);

	remove_nodes(g, kind, i);
	if (kind == DEVICE_VBD)
		disk_release(g->uuid, d);
	d->state = DEV_GONE;
}

void device_remove(struct guest *g, enum device_kind kind, size_t i)
{
	if (device_of(g, kind, i)->state == DEV_GONE || hotplug_end(g, kind, i))
		return;
	device_gone(g, kind, i);
}

void device_gone(struct guest *g, enum device_kind kind, size_t i)
{
	if (kind == DEVICE_VIF)
		lease_release_vif(g, i);
	end_device(g, kind, i);
	if (g->state == GUEST_RUNNING)
		plug_forget(g, kind, i);
	guest_device_gone(g);
}

bool device_all_gone(const struct guest *g)
{
	for (size_t i = 0; i < g->n_disks; i++)
		if (g->disks[i].state != DEV_GONE)
			return false;
	for (size_t i = 0; i < g->n_vifs; i++)
		if (g->vifs[i].state != DEV_GONE)
			return false;
	return true;
}

bool device_remove_guest(struct guest *g)
{
	for (int k = DEVICE_VBD; k <= DEVICE_VIF; k++) {
		enum device_kind kind = (enum device_kind)k;
		size_t n = kind == DEVICE_VBD ? g->n_disks : g->n_vifs;

		for (size_t i = 0; i < n; i++)
			if (device_of(g, kind, i)->state != DEV_GONE && !hotplug_end(g, kind, i))
				end_device(g, kind, i);
	}
	return device_all_gone(g);
}

void device_forget_guest(struct guest *g)
{
	char path[320], uuid[37];

	for (int k = DEVICE_VBD; k <= DEVICE_VIF; k++) {
		snprintf(path, sizeof(path), BACKEND "/%s/%d", kind_names[k], g->domid);
		(void)xs_rm(STORE_TX_NONE, path);
	}
	snprintf(path, sizeof(path), "/local/domain/%d", g->domid);
	(void)xs_rm(STORE_TX_NONE, path);
	guest_uuid_text(g->uuid, uuid);
	snprintf(path, sizeof(path), "/vm/%s", uuid);
	(void)xs_rm(STORE_TX_NONE, path);
}

int device_put(struct guest *g, enum device_kind kind, size_t i, const char *name, const char *fmt, ...)
{
	char path[256], full[320], value[256];
	va_list ap;

	device_path(g, kind, i, true, path, sizeof(path));
	snprintf(full, sizeof(full), "%s/%s", path, name);
	va_start(ap, fmt);
	vsnprintf(value, sizeof(value), fmt, ap);
	va_end(ap);
	return xs_write(STORE_TX_NONE, full, value, strlen(value));
}

void device_let_go(struct guest *g, enum device_kind kind, size_t i, bool closed)
{
	char path[256];

	if (!closed && (device_put(g, kind, i, "online", "0") ||
			device_put(g, kind, i, "state", "%d", XenbusStateClosing)))
		log_warn("guest '%s': cannot tell a backend to close", g->name);
	device_path(g, kind, i, false, path, sizeof(path));
	(void)xs_rm(STORE_TX_NONE, path);
}

/* The guest's end watches the backend's state: that is where it learns that it is to close. */
static void ask_to_close(struct guest *g, enum device_kind kind, size_t i)
{
	struct writer w = { .tx = STORE_TX_NONE };

	device_path(g, kind, i, true, w.base, sizeof(w.base));
	put(&w, "online", "0");
	put(&w, "state", "%d", XenbusStateClosing);
	if (w.rc)
		device_remove(g, kind, i);
}

void device_close(struct guest *g, enum device_kind kind, size_t i)
{
	device_of(g, kind, i)->state = DEV_CLOSING;
	(void)guest_journal(g);
	ask_to_close(g, kind, i);
}

/* ---- what backends say ---- */

bool device_closed(const char *state)
{
	return atoi(state) == XenbusStateClosed;
}

static void on_backend_state(struct guest *g, enum device_kind kind, size_t i)
{
	char *text = device_node(g, kind, i, true, "state");
	int state = text ? atoi(text) : XenbusStateClosed;

	free(text);
	if (state == XenbusStateClosed)
		hotplug_closed(g, kind, i);
	if (device_of(g, kind, i)->state != DEV_CLOSING)
		return;
	if (state == XenbusStateClosed)
		device_remove(g, kind, i);
	else if (state != XenbusStateClosing)	/* it was still connecting, and wrote over our request */
		ask_to_close(g, kind, i);
}

/* What was being plugged in, or a script was at, when the last daemon died is taken down. */
static void look_again(struct guest *g, enum device_kind kind, size_t i)
{
	enum device_state state = device_of(g, kind, i)->state;

	if (state == DEV_NEW || state == DEV_ADDING || state == DEV_ENDING)
		device_remove(g, kind, i);
	else
		on_backend_state(g, kind, i);
}

void device_look_again(struct guest *g)
{
	for (size_t i = g->n_disks; i-- > 0;)
		look_again(g, DEVICE_VBD, i);
	for (size_t i = g->n_vifs; i-- > 0;)
		look_again(g, DEVICE_VIF, i);
}

static void on_backend_error(struct guest *g, enum device_kind kind, size_t i)
{
	char *text = device_node(g, kind, i, true, "error"), shown[256];

	if (!text)
		return;
	log_text(shown, sizeof(shown), text, strlen(text));
	events_emit(g, "device-error", shown, NULL);
	free(text);
}

static void on_backend(void *ctx, const char *path)
{
	char kind_name[8], leaf[32] = "";
	int domid;
	unsigned int id;
	struct guest *g;

	(void)ctx;
	if (sscanf(path, BACKEND "/%7[a-z]/%d/%u/%31s", kind_name, &domid, &id, leaf) < 3)
		return;
	if (strcmp(leaf, "state") != 0 && strcmp(leaf, "error") != 0 && leaf[0])
		return;
	g = guest_by_domid(domid);
	for (int k = DEVICE_VBD; g && k <= DEVICE_VIF; k++) {
		size_t n = k == DEVICE_VBD ? g->n_disks : g->n_vifs;

		if (strcmp(kind_name, kind_names[k]) != 0)
			continue;
		for (size_t i = 0; i < n; i++) {
			const struct guest_device *d = device_of(g, (enum device_kind)k, i);

			if (d->id != id || d->state == DEV_GONE)
				continue;
			if (strcmp(leaf, "error") == 0)
				on_backend_error(g, (enum device_kind)k, i);
			else
				on_backend_state(g, (enum device_kind)k, i);
			return;
		}
	}
}

void device_vif_ready(struct guest *g, size_t i)
{
	if (device_put(g, DEVICE_VIF, i, "hotplug-status", "connected"))
		log_warn("guest '%s': cannot tell netback that vif %zu is ready", g->name, i);
}

int device_init(struct error *err)
{
	int rc = xs_watch(BACKEND, on_backend, NULL);

	return rc ? error_set_errno(err, ERR_INTERNAL, -rc, NULL, "cannot watch the backends") : 0;
}
