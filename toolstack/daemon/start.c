/* SPDX-License-Identifier: MIT */
/*
 * The start of a guest: a worker makes the domain (create.c); the daemon then connects store, console and devices, all
 * at once, and lets it run.
 */
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "daemon/console.h"
#include "daemon/create.h"
#include "daemon/device.h"
#include "daemon/disk.h"
#include "daemon/events.h"
#include "daemon/hotplug.h"
#include "daemon/kernels.h"
#include "daemon/life.h"
#include "daemon/vif.h"
#include "daemon/worker.h"
#include "daemon/xend.h"
#include "daemon/xs.h"
#include "hv/domctl.h"

static void kernel_ended(struct guest *g);

static void fail_start(struct guest *g, const struct error *err)
{
	struct error e = *err;

	error_what(&e, "guest '%s'", g->name);
	snprintf(g->reason, sizeof(g->reason), "%.150s", e.why);
	events_emit(g, "failed", e.why, &e);
	guest_stop(g, WHY_FAILED);
}

/* The domain is built and its builder is gone: connect everything and let it run. */
static int connect_guest(struct guest *g, struct error *err)
{
	int rc = device_publish_guest(g, err);

	if (rc)
		return rc;
	rc = console_open(&g->console, g->name, (domid_t)g->domid, g->console_port, g->cfg->console_log_kib,
			  err);
	if (rc)
		return rc;
	rc = xs_introduce((unsigned int)g->domid, g->store_mfn, g->store_port);
	if (rc)
		return error_set_errno(err, ERR_INTERNAL, -rc, NULL, "cannot connect the guest's store ring");
	return 0;
}

void life_publish_tty(const struct guest *g)
{
	char path[64];

	snprintf(path, sizeof(path), "/local/domain/%d/console/tty", g->domid);
	if (g->console)
		(void)xs_printf(STORE_TX_NONE, path, "%s", console_tty(g->console));
}

static void on_create_message(void *ctx, json_t *msg, int fd)
{
	const json_t *device = json_object_get(msg, "device");
	size_t i = (size_t)json_integer_value(json_object_get(msg, "disk"));
	struct guest_device taken;
	struct error err = ERROR_INIT;
	struct guest *g = ctx;

	if (json_object_get(msg, "kernel")) {
		kernels_take(g->cfg->kernel, msg, fd);
		kernel_ended(g);
		return;
	}
	if (device && i < g->n_disks) {
		guest_device_from(device, &taken);
		if (disk_claim(g, i, &taken, &err) && g->state == GUEST_STARTING)
			fail_start(g, &err);
	}
	if (json_object_get(msg, "domid"))
		g->domid = (int)json_integer_value(json_object_get(msg, "domid"));
	(void)guest_journal(g);
}

static void let_run(struct guest *g)
{
	struct error err = ERROR_INIT;
	int rc;

	life_publish_tty(g);
	g->restarting = false;
	g->state = GUEST_RUNNING;
	g->started_ns = xend_now_ns();
	rc = guest_journal(g);
	if (!rc && !g->start_paused)
		rc = hv_domctl_unpause((domid_t)g->domid);
	if (rc) {
		(void)error_set_errno(&err, ERR_INTERNAL, -rc, NULL, "cannot let the guest run");
		fail_start(g, &err);
		return;
	}
	events_emit(g, "started", g->start_paused ? "paused" : "", NULL);
}

void guest_device_ready(struct guest *g, size_t i)
{
	if (g->state == GUEST_RUNNING) {
		(void)guest_journal(g);
		events_emit(g, "device", g->cfg->disks[i].vdev, NULL);
	} else if (g->state == GUEST_STARTING && !hotplug_is_adding(g)) {
		let_run(g);
	}
}

void guest_device_failed(struct guest *g, enum device_kind kind, size_t i, const struct error *err)
{
	if (g->state == GUEST_STARTING) {
		fail_start(g, err);
		return;
	}
	device_remove(g, kind, i);
	events_emit(g, "device-error", err->why, err);
}

static void on_created(void *ctx, json_t *result, const struct error *failed)
{
	struct guest *g = ctx;
	struct error err = ERROR_INIT;
	int rc;

	g->worker = NULL;
	kernel_ended(g);
	if (g->state != GUEST_STARTING) {	/* stopped meanwhile: it may have died before it could tell of a disk */
		disk_sweep(g->uuid);
		guest_stop_now(g);
		return;
	}
	if (!result) {
		fail_start(g, failed);
		return;
	}
	g->store_port = (evtchn_port_t)json_integer_value(json_object_get(result, "store_port"));
	g->console_port = (evtchn_port_t)json_integer_value(json_object_get(result, "console_port"));
	g->store_mfn = (xen_pfn_t)json_integer_value(json_object_get(result, "store_mfn"));
	g->console_mfn = (xen_pfn_t)json_integer_value(json_object_get(result, "console_mfn"));
	rc = connect_guest(g, &err);
	if (!rc)
		rc = hotplug_add_disks(g);
	if (rc) {
		if (!error_is_set(&err))
			(void)error_set_errno(&err, ERR_INTERNAL, -rc, NULL, "cannot call the scripts of its disks");
		fail_start(g, &err);
	} else if (!hotplug_is_adding(g)) {
		let_run(g);
	}
}

/*
 * dom0 may have all the memory there is: let it give up what this guest lacks, down to the floor that the
 * settings state.  Its kernel does so in its own time; the worker waits for it (create.c).
 */
static void shrink_dom0(const struct guest *g)
{
	struct xen_domctl_getdomaininfo dom0;
	struct xen_sysctl_physinfo p;
	uint64_t need = create_need_kib(g), free_kib, target;

	if (!xend.set.dom0_floor_kib || hv_sysctl_physinfo(&p) || hv_domctl_info(0, &dom0))
		return;
	free_kib = (p.free_pages + p.scrub_pages - p.outstanding_pages) << 2;
	if (free_kib >= need || (dom0.tot_pages << 2) < need - free_kib + xend.set.dom0_floor_kib)
		return;
	target = (dom0.tot_pages << 2) - (need - free_kib);
	log_info("dom0 is asked to shrink to %llu MiB for guest '%s'", (unsigned long long)target >> 10,
		 g->name);
	(void)xs_printf(STORE_TX_NONE, "/local/domain/0/memory/target", "%llu",
			   (unsigned long long)target);
}

/* A guest that unpacks this kernel, or (awaits) waits for it. */
static struct guest *starter_with(const char *kernel, bool awaits)
{
	for (struct guest *g = guests; g; g = g->next)
		if ((awaits ? g->awaits_kernel : g->unpacks) && strcmp(g->cfg->kernel, kernel) == 0)
			return g;
	return NULL;
}

/* Start the worker, at once or when the kernel that another guest's worker unpacks is there. */
static int build_guest(struct guest *g, struct error *err)
{
	static const struct worker_calls calls = { create_work, on_create_message, on_created };
	const char *kernel = g->cfg->kernel;
	struct create_job job = { .g = g, .kernel = kernel ? kernels_find(kernel) : NULL };
	int rc;

	if (kernel && !job.kernel && starter_with(kernel, false)) {
		g->awaits_kernel = true;
		return 0;
	}
	rc = worker_start(&g->worker, "create", &calls, &job, g, job.kernel ? &job.kernel->fd : NULL,
			  job.kernel ? 1 : 0, err);
	g->unpacks = !rc && kernel && !job.kernel;
	return rc;
}

/* The worker of g has brought its kernel, or will not: who waits for it goes on with it, or one of them unpacks it. */
static void kernel_ended(struct guest *g)
{
	struct guest *next;

	if (!g->unpacks)
		return;
	g->unpacks = false;
	while (!starter_with(g->cfg->kernel, false) && (next = starter_with(g->cfg->kernel, true))) {
		struct error err = ERROR_INIT;

		next->awaits_kernel = false;
		if (build_guest(next, &err))
			fail_start(next, &err);
	}
}

int life_start(struct guest *g, struct guest_config *cfg, bool paused, struct error *err)
{
	int rc;

	g->cfg = cfg;
	g->redefined = false;
	g->n_disks = g->n_vifs = 0;
	g->why = WHY_NONE;
	g->domid = -1;
	g->hv_gone = false;
	g->start_paused = paused;
	g->restart_asked = false;
	g->address[0] = '\0';
	rc = g->cfg ? guest_fit_devices(g) : -ENOMEM;
	for (size_t i = 0; !rc && i < g->cfg->n_vifs; i++)
		rc = vif_check(&g->cfg->vifs[i], err);
	if (!rc) {
		g->state = GUEST_STARTING;
		rc = guest_journal(g);
	}
	if (!rc) {
		shrink_dom0(g);
		events_emit(g, "starting", "", NULL);
		rc = build_guest(g, err);
	}
	if (rc) {
		g->state = GUEST_STOPPED;
		g->restarting = false;
		(void)guest_journal(g);
		guest_config_free(g->cfg);
		g->cfg = NULL;
		g->n_disks = g->n_vifs = 0;
		if (!error_is_set(err))
			rc = error_set_errno(err, ERR_RESOURCES, -rc, NULL, "cannot start");
		error_what(err, "guest '%s'", g->name);
	}
	return rc;
}
