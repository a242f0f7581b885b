/* SPDX-License-Identifier: MIT */
/*
 * The life of a guest: see the picture in guest.h; start.c has its start.  Taking down is the same whatever the cause:
 * what was taken is in the journal, and giving back something twice does no harm.
 */
#include <errno.h>
#include <event2/event.h>
#include <stdio.h>
#include <stdlib.h>

#include "daemon/console.h"
#include "daemon/device.h"
#include "daemon/disk.h"
#include "daemon/events.h"
#include "daemon/hotplug.h"
#include "daemon/lease.h"
#include "daemon/life.h"
#include "daemon/plug.h"
#include "daemon/worker.h"
#include "daemon/xend.h"
#include "daemon/xs.h"
#include "hv/domctl.h"

#define QUICK_DEATH_NS (10ull * 1000000000)
#define QUICK_DEATHS_MAX 5
#define DESTROY_HERE_KIB (512u << 10)

static void take_down_domain(struct guest *g);

/* Nobody waits for its restart any more.  Returns what that was to start. */
static struct guest_config *end_wait(struct guest *g)
{
	struct guest_config *cfg = g->again;

	if (g->retry)
		event_del(g->retry);
	g->again = NULL;
	return cfg;
}

int guest_start(struct guest *g, bool paused, struct error *err)
{
	int rc;

	if (g->state != GUEST_STOPPED) {
		rc = error_set(err, ERR_CONFLICT, NULL, "is already %s",
			       g->state == GUEST_STOPPING ? "stopping" : "running");
	} else if (g->flawed) {
		rc = error_set(err, ERR_CONFIG, NULL, "its definition does not pass the checks of this version");
		error_hint(err, "the log of xend says what; 'xl define FILE' or 'xl create FILE' defines it anew");
	} else {
		guest_config_free(end_wait(g));
		g->restarting = false;
		return life_start(g, guest_config_copy(g->def), paused, err);
	}
	error_what(err, "guest '%s'", g->name);
	return rc;
}

/* ---- ending ---- */

enum guest_action life_action(const struct guest *g)
{
	switch (g->why) {
	case WHY_POWEROFF: return g->cfg->on_poweroff;
	case WHY_REBOOT: return g->cfg->on_reboot;
	case WHY_CRASH: return g->cfg->on_crash;
	case WHY_WATCHDOG: return g->cfg->on_watchdog;
	case WHY_SOFT_RESET: return g->cfg->on_soft_reset;
	case WHY_INTERRUPTED: return GUEST_ACTION_RESTART;
	default: return GUEST_ACTION_DESTROY;
	}
}

static bool wants_restart(const struct guest *g)
{
	switch (life_action(g)) {
	case GUEST_ACTION_RESTART: case GUEST_ACTION_RENAME_RESTART: case GUEST_ACTION_COREDUMP_RESTART:
	case GUEST_ACTION_SOFT_RESET:
		return true;
	default:
		return false;
	}
}

/* It is stopped and stays so. */
static void rest(struct guest *g)
{
	guest_config_free(end_wait(g));
	if (g->restarting) {
		g->restarting = false;
		(void)guest_journal(g);
	}
	if (!g->persistent)
		guest_forget(g);
}

static void on_retry(evutil_socket_t fd, short what, void *arg)
{
	struct guest *g = arg;
	struct error err = ERROR_INIT;
	struct guest_config *cfg = end_wait(g);

	(void)fd;
	(void)what;
	if ((cfg ? life_start(g, cfg, false, &err) : guest_start(g, false, &err)) < 0) {
		log_error(LOG_LEVEL_ERROR, &err);
		events_emit(g, "failed", err.why, &err);
		rest(g);
	}
}

/* Start again, later and later if the guest keeps dying young, and in the end (false) not at all. */
static bool restart(struct guest *g, bool quick)
{
	struct timeval delay = { 0, 1000 };

	g->quick_deaths = quick ? g->quick_deaths + 1 : 0;
	if (g->quick_deaths > QUICK_DEATHS_MAX) {
		g->quick_deaths = 0;
		snprintf(g->reason, sizeof(g->reason),
			 "died %d times soon after its start; not started again", QUICK_DEATHS_MAX + 1);
		events_emit(g, "failed", g->reason, NULL);
		return false;
	}
	if (g->quick_deaths > 1)
		delay.tv_sec = 1 << (g->quick_deaths - 1);
	if (!g->retry)
		g->retry = evtimer_new(xend.base, on_retry, g);
	if (g->retry && event_add(g->retry, &delay) == 0)
		return true;
	log_err("guest '%s': cannot be started again: out of memory", g->name);
	return false;
}

bool guest_restarts(const struct guest *g)
{
	return g->state == GUEST_STOPPED && g->retry && event_pending(g->retry, EV_TIMEOUT, NULL);
}

/* Nothing is left of the domain. */
void life_finish(struct guest *g)
{
	bool again = wants_restart(g) && !xend.stopping && !xend.host_stops && g->why != WHY_DESTROY;
	bool quick = g->started_ns && xend_now_ns() - g->started_ns < QUICK_DEATH_NS;

	if (g->domid > 0)
		xs_domain_gone((unsigned int)g->domid);
	g->state = GUEST_STOPPED;
	g->restarting = again;
	for (size_t i = g->n_disks; i-- > 0;)
		if (g->disks[i].plugging)
			plug_forget(g, DEVICE_VBD, i);
	lease_release_guest(g);
	if (again && !g->redefined) {
		g->again = g->cfg;
		g->cfg = NULL;
	}
	g->n_disks = g->n_vifs = 0;
	g->started_ns = 0;
	(void)guest_journal(g);
	events_emit(g, "stopped", guest_why_name(g->why), NULL);
	guest_config_free(g->cfg);
	g->cfg = NULL;
	g->domid = -1;
	if (!again || !restart(g, quick))
		rest(g);
}

static json_t *destroy_work(void *arg, struct error *err)
{
	struct guest *g = arg;
	int rc;

	do
		rc = hv_domctl_destroy((domid_t)g->domid);
	while (rc == -EAGAIN);
	if (rc && rc != -ESRCH) {
		(void)error_set_errno(err, ERR_INTERNAL, -rc, NULL,
				      "the hypervisor does not destroy domain %d", g->domid);
		return NULL;
	}
	return json_object();
}

/* A small domain is gone sooner than a worker is started; a large one would stop the daemon for too long. */
static bool destroy_at_once(const struct guest *g)
{
	return g->cfg->maxmem_kib <= DESTROY_HERE_KIB && hv_domctl_destroy((domid_t)g->domid) == 0;
}

static void on_destroyed(void *ctx, json_t *result, const struct error *err)
{
	struct guest *g = ctx;
	struct xen_domctl_getdomaininfo info;

	g->worker = NULL;
	if (!result)
		log_error(LOG_LEVEL_ERROR, err);
	/* It may still be dying, while backends hold some of its pages: VIRQ_DOM_EXC follows. */
	if (hv_domctl_info((domid_t)g->domid, &info) == -ESRCH)
		life_finish(g);
	else
		life_watch_dying();
}

/* Give back what the guest has, in an order in which nothing holds anything else. */
static void take_down(struct guest *g)
{
	console_close(g->console);
	g->console = NULL;
	if (g->domid <= 0) {
		for (size_t i = 0; i < g->n_disks; i++)
			disk_release(g->uuid, &g->disks[i]);
		life_finish(g);
		return;
	}
	if (hv_domctl_pause((domid_t)g->domid) < 0)
		log_debug("guest '%s': domain %d is gone already", g->name, g->domid);
	(void)xs_release((unsigned int)g->domid);
	if (device_remove_guest(g))
		take_down_domain(g);
}

static void take_down_domain(struct guest *g)
{
	static const struct worker_calls calls = { destroy_work, NULL, on_destroyed };
	struct xen_domctl_getdomaininfo info;
	struct error err = ERROR_INIT;

	device_forget_guest(g);
	if (destroy_at_once(g)) {
		if (hv_domctl_info((domid_t)g->domid, &info) == -ESRCH)
			life_finish(g);
		else
			life_watch_dying();
		return;
	}
	if (worker_start(&g->worker, "destroy", &calls, g, g, NULL, 0, &err) < 0) {
		log_error(LOG_LEVEL_ERROR, &err);
		if (hv_domctl_destroy((domid_t)g->domid) == 0)
			guest_scan();
	}
}

void guest_stop(struct guest *g, enum guest_why why)
{
	if (guest_restarts(g)) {
		rest(g);
		return;
	}
	if (g->state == GUEST_STOPPED)
		return;
	if (g->state == GUEST_STOPPING) {
		if (why == WHY_DESTROY)
			g->why = why;
		return;
	}
	g->state = GUEST_STOPPING;
	g->awaits_kernel = false;
	g->why = why;
	(void)guest_journal(g);
	if (g->worker)
		worker_kill(g->worker);	/* take_down() follows when it is gone */
	else
		take_down(g);
}

void guest_stop_now(struct guest *g)
{
	take_down(g);
}

void guest_device_gone(struct guest *g)
{
	if (g->state == GUEST_RUNNING) {
		(void)guest_journal(g);
		events_emit(g, "device", "gone", NULL);
	} else if (g->state == GUEST_STOPPING && !g->worker) {
		(void)guest_journal(g);
		if (device_all_gone(g))
			take_down_domain(g);
	}
}

int guest_ask(struct guest *g, const char *what, struct error *err)
{
	char path[64];
	int rc;

	snprintf(path, sizeof(path), "/local/domain/%d/control/shutdown", g->domid);
	rc = xs_printf(STORE_TX_NONE, path, "%s", what);
	if (rc) {
		rc = error_set_errno(err, ERR_INTERNAL, -rc, NULL, "cannot ask it to %s", what);
		error_what(err, "guest '%s'", g->name);
	}
	return rc;
}
