/* SPDX-License-Identifier: MIT */
/*
 * What the hypervisor says about guests: it tells by VIRQ_DOM_EXC that some domain has changed, guest_scan()
 * finds out which, and on_shutdown() does what the guest's configuration says about its end.
 */
#include <errno.h>
#include <event2/event.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "abi/sched.h"
#include "daemon/console.h"
#include "daemon/device.h"
#include "daemon/dump.h"
#include "daemon/events.h"
#include "daemon/life.h"
#include "daemon/ports.h"
#include "daemon/xend.h"
#include "daemon/xs.h"
#include "hv/domctl.h"

#define TAIL_BYTES 8192
#define DYING_MS_MIN 5
#define DYING_MS_MAX 1000

static const struct {
	enum guest_why why;
	const char *event, *text;
} shutdown_reasons[] = {
	[SHUTDOWN_poweroff] = { WHY_POWEROFF, "shutdown", "powered off" },
	[SHUTDOWN_reboot] = { WHY_REBOOT, "reboot", "rebooted" },
	[SHUTDOWN_suspend] = { WHY_NONE, "suspended", "suspended" },
	[SHUTDOWN_crash] = { WHY_CRASH, "crashed", "crashed" },
	[SHUTDOWN_watchdog] = { WHY_WATCHDOG, "crashed", "its watchdog expired" },
	[SHUTDOWN_soft_reset] = { WHY_SOFT_RESET, "reboot", "asked for a soft reset" },
};

/* The line of the console that tells most: a panic's first, else the last. */
static void last_words(const struct guest *g, char *buf, size_t size)
{
	static const char *const telling[] = { "Kernel panic", "BUG: ", "Oops: ", "error: " };
	char *tail = malloc(TAIL_BYTES), *line, *save = NULL, best[160] = "";
	bool found = false;

	buf[0] = '\0';
	if (g->console && tail) {
		console_tail(g->console, tail, TAIL_BYTES);
		for (line = strtok_r(tail, "\r\n", &save); line && !found;
		     line = strtok_r(NULL, "\r\n", &save)) {
			for (size_t i = 0; i < sizeof(telling) / sizeof(telling[0]) && !found; i++)
				found = strstr(line, telling[i]) != NULL;
			if (found || (strlen(line) > 4 && !strstr(line, "---[ end")))
				snprintf(best, sizeof(best), "%s", line);
		}
		log_text(buf, size, best, strlen(best));
	}
	free(tail);
}

static void on_shutdown(struct guest *g, unsigned int code)
{
	char words[160];

	if (code >= sizeof(shutdown_reasons) / sizeof(shutdown_reasons[0]))
		code = SHUTDOWN_crash;
	if (g->why != WHY_NONE || shutdown_reasons[code].why == WHY_NONE)
		return;		/* seen before; or suspended, which its saver waits for */
	g->why = shutdown_reasons[code].why;
	if (g->restart_asked && g->why == WHY_POWEROFF)
		g->why = WHY_REBOOT;
	last_words(g, words, sizeof(words));
	snprintf(g->reason, sizeof(g->reason), "%s%s%.110s", shutdown_reasons[code].text,
		 g->why == WHY_CRASH && words[0] ? ": " : "", g->why == WHY_CRASH ? words : "");
	xs_domain_shutdown((unsigned int)g->domid);
	(void)guest_journal(g);
	events_emit(g, shutdown_reasons[code].event, g->reason, NULL);
	switch (life_action(g)) {
	case GUEST_ACTION_PRESERVE:
		break;
	case GUEST_ACTION_COREDUMP_DESTROY: case GUEST_ACTION_COREDUMP_RESTART:
		if (dump_crashed(g) < 0)
			guest_stop(g, g->why);
		break;
	default:
		guest_stop(g, g->why);
		break;
	}
}

/*
 * A domain that is dying waits for backends to let its pages go; the interrupt at its end is looked for, but
 * not relied upon.
 */
static void on_dying_timer(evutil_socket_t fd, short what, void *arg)
{
	(void)fd;
	(void)what;
	(void)arg;
	guest_scan();
}

void life_watch_dying(void)
{
	static struct event *timer;
	static long ms = DYING_MS_MIN;
	struct timeval tv;
	bool any = false;

	for (struct guest *g = guests; g; g = g->next)
		any |= g->state == GUEST_STOPPING && !g->worker;
	ms = any ? (ms * 2 < DYING_MS_MAX ? ms * 2 : DYING_MS_MAX) : DYING_MS_MIN;
	tv = (struct timeval){ ms / 1000, ms % 1000 * 1000 };
	if (!timer)
		timer = evtimer_new(xend.base, on_dying_timer, NULL);
	if (any && timer)
		event_add(timer, &tv);
}

void guest_scan(void)
{
	static struct xen_domctl_getdomaininfo list[HV_DOMAINS_MAX];
	int n = hv_sysctl_domains(0, list, HV_DOMAINS_MAX);
	struct guest *next;

	if (n < 0) {
		log_err("cannot list domains: %s", strerror(-n));
		return;
	}
	for (struct guest *g = guests; g; g = next) {
		const struct xen_domctl_getdomaininfo *info = NULL;

		next = g->next;
		if (g->domid <= 0 || g->worker)
			continue;
		for (int i = 0; i < n && !info; i++)
			if (list[i].domain == g->domid && memcmp(list[i].handle, g->uuid, 16) == 0)
				info = &list[i];
		if (!info && g->state == GUEST_STOPPING) {
			if (device_all_gone(g))
				life_finish(g);
		}
		else if (!info && g->state == GUEST_RUNNING)
			guest_stop(g, WHY_DESTROY);	/* somebody else destroyed it */
		else if (info && g->state == GUEST_RUNNING && info->flags & XEN_DOMINF_dying)
			guest_stop(g, WHY_DESTROY);
		else if (info && g->state == GUEST_RUNNING && info->flags & XEN_DOMINF_shutdown)
			on_shutdown(g, info->flags >> XEN_DOMINF_shutdownshift & XEN_DOMINF_shutdownmask);
	}
	life_watch_dying();
}

static bool on_domain_exception(void *ctx)
{
	(void)ctx;
	guest_scan();
	return true;
}

int life_init(struct error *err)
{
	unsigned int sched_id;
	int rc = hv_sysctl_sched_id(&sched_id);

	if (rc) {
		rc = error_set_errno(err, ERR_NONE, -rc, NULL, "the hypervisor does not answer");
		error_hint(err, "this xend speaks the control interface of Xen 4.17");
		return rc;
	}
	rc = port_bind_virq(VIRQ_DOM_EXC, on_domain_exception, NULL);
	if (rc < 0) {
		rc = error_set_errno(err, ERR_CONFLICT, -rc, NULL,
				     "cannot bind the interrupt for changes of domains");
		error_hint(err, "is xenstored or another xend running?");
		return rc;
	}
	return 0;
}
