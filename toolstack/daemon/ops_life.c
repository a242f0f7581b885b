/* SPDX-License-Identifier: MIT */
/* Operations on guests that run: pause, shut down, reboot, destroy, and waiting for what becomes of one. */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "daemon/dump.h"
#include "daemon/events.h"
#include "daemon/hoststop.h"
#include "daemon/ops.h"
#include "daemon/xend.h"
#include "daemon/xs.h"
#include "hv/domctl.h"
#include "proto/proto.h"

/* ---- pausing ---- */

/* The hypervisor counts pauses; people do not, so there is one at a time. */
static int check_paused(const struct guest *g, bool paused, struct error *err)
{
	struct xen_domctl_getdomaininfo info;
	int rc = hv_domctl_info((domid_t)g->domid, &info);

	if (rc)
		return error_set_errno(err, ERR_FAILED, -rc, NULL, "the hypervisor does not know it");
	if (paused == !(info.flags & XEN_DOMINF_paused))
		return 0;
	return error_set(err, ERR_CONFLICT, NULL, paused ? "is paused already" : "is not paused");
}

static int set_paused(struct request *rq, bool paused, struct error *err)
{
	struct guest *g;
	int rc = ops_running(rq, &g, err);

	if (rc)
		return rc;
	rc = check_paused(g, paused, err);
	if (!rc && !rq->dry_run) {
		rc = paused ? hv_domctl_pause((domid_t)g->domid) : hv_domctl_unpause((domid_t)g->domid);
		if (rc)
			rc = error_set_errno(err, ERR_FAILED, -rc, NULL, "cannot %spause it", paused ? "" : "un");
		else
			events_emit(g, paused ? "paused" : "unpaused", "", NULL);
	}
	if (rc)
		error_what(err, "guest '%s'", g->name);
	else
		request_ok(rq, ops_identity(g));
	return rc;
}

static int op_pause(struct request *rq, struct error *err)
{
	return set_paused(rq, true, err);
}

static int op_unpause(struct request *rq, struct error *err)
{
	return set_paused(rq, false, err);
}

/* ---- stopping ---- */

static void answer_done(struct request *rq, struct guest *g)
{
	json_t *o = ops_identity(g);

	json_object_set_new(o, "done", json_true());
	request_ok(rq, o);
}

static void stop_event(struct request *rq, struct guest *g, const char *event, const struct error *err)
{
	(void)err;
	if (strcmp(event, rq->until) == 0)
		answer_done(rq, g);
}

/* What the guest made of our request, as far as the store tells. */
static bool guest_took_request(const struct guest *g)
{
	char path[64], *value = NULL;
	bool took;

	snprintf(path, sizeof(path), "/local/domain/%d/control/shutdown", g->domid);
	took = xs_read(STORE_TX_NONE, path, &value) == 0 && value[0] == '\0';
	free(value);
	return took;
}

static void stop_timeout(struct request *rq)
{
	struct guest *g = guest_by_name(rq->guest);
	struct error err = ERROR_INIT;
	bool reboot = strcmp(rq->until, "started") == 0;

	if (!g || g->state == GUEST_STOPPED) {
		request_ok(rq, json_pack("{s:s, s:n, s:b}", "name", rq->guest, "domid", "done", true));
		return;
	}
	if (guest_took_request(g))
		(void)error_set(&err, ERR_TIMEOUT, NULL,
				"accepted the request to %s, but still runs after the time given",
				reboot ? "reboot" : "power off");
	else
		(void)error_set(&err, ERR_TIMEOUT, NULL, "did not react to the request to %s",
				reboot ? "reboot" : "power off");
	error_what(&err, "guest '%s'", g->name);
	error_hint(&err, "'xl console %s' shows what it does; 'xl destroy %s' pulls the plug", g->name,
		   g->name);
	request_fail(rq, &err);
}

static void force_stop(struct request *rq)
{
	struct guest *g = guest_by_name(rq->guest);

	request_progress(rq, -1, "time is up: destroying it");
	if (g)
		guest_stop(g, WHY_DESTROY);
}

/* Ask the guest's kernel and, if wanted, answer when the event `until` tells that it has done so. */
static int ask(struct request *rq, const char *what, const char *until, bool wait, long seconds,
	       void (*late)(struct request *rq), struct error *err)
{
	struct guest *g;
	json_t *o;
	int rc = ops_running(rq, &g, err);

	wait &= !rq->dry_run;
	rq->until = until;
	if (!rc && wait)
		rc = ops_listen(rq, g, stop_event, seconds, late, err);
	if (!rc && !rq->dry_run)
		rc = guest_ask(g, what, err);
	if (rc || wait)
		return rc;
	o = ops_identity(g);
	json_object_set_new(o, "done", json_false());
	request_ok(rq, o);
	return 0;
}

static int op_shutdown(struct request *rq, struct error *err)
{
	long timeout = (long)proto_arg_int(rq->args, "timeout_s", 60),
	     force = (long)proto_arg_int(rq->args, "force_after_s", 0);

	return ask(rq, "poweroff", "stopped", proto_arg_bool(rq->args, "wait") || force, force ? force : timeout,
		   force ? force_stop : stop_timeout, err);
}

static int op_reboot(struct request *rq, struct error *err)
{
	return ask(rq, "reboot", "started", proto_arg_bool(rq->args, "wait"),
		   (long)proto_arg_int(rq->args, "timeout_s", 120), stop_timeout, err);
}

static int op_destroy(struct request *rq, struct error *err)
{
	struct guest *g;
	json_t *o;
	int rc = guest_need(proto_arg_str(rq->args, "guest"), &g, err);

	if (rc)
		return rc;
	if (g->state == GUEST_STOPPED && !guest_restarts(g))
		return guest_need_running(g->name, &g, err);
	if (rq->dry_run || g->state == GUEST_STOPPED) {
		o = ops_identity(g);
		if (!rq->dry_run)
			guest_stop(g, WHY_DESTROY);
		request_ok(rq, o);
		return 0;
	}
	rq->until = "stopped";
	rc = ops_listen(rq, g, stop_event, 0, NULL, err);
	if (!rc)
		guest_stop(g, WHY_DESTROY);
	return rc;
}

/* ---- wait ---- */

static bool in_state(const struct guest *g, const char *state)
{
	struct xen_domctl_getdomaininfo info;

	if (!g)
		return strcmp(state, "stopped") == 0;
	if (strcmp(state, "stopped") == 0)
		return g->state == GUEST_STOPPED;
	if (g->state != GUEST_RUNNING || hv_domctl_info((domid_t)g->domid, &info))
		return false;
	if (strcmp(state, "address") == 0)
		return g->address[0] != '\0';
	if (strcmp(state, "paused") == 0)
		return info.flags & XEN_DOMINF_paused;
	if (strcmp(state, "crashed") == 0)
		return g->why == WHY_CRASH;
	return !(info.flags & (XEN_DOMINF_paused | XEN_DOMINF_shutdown));
}

static void wait_event(struct request *rq, struct guest *g, const char *event, const struct error *err)
{
	bool crashed = strcmp(event, "crashed") == 0 && strcmp(rq->until, "crashed") == 0;

	(void)err;
	if (crashed || in_state(g, rq->until))
		request_ok(rq, json_pack("{s:s, s:s}", "name", g->name, "state", rq->until));
}

static void wait_timeout(struct request *rq)
{
	struct error err = ERROR_INIT;

	(void)error_set(&err, ERR_TIMEOUT, NULL, "is not %s within the time given", rq->until);
	error_what(&err, "guest '%s'", rq->guest);
	request_fail(rq, &err);
}

static int op_wait(struct request *rq, struct error *err)
{
	static const char *const states[] = { "running", "stopped", "paused", "crashed", "address" };
	const char *state = proto_arg_str(rq->args, "state"), *found = NULL;
	long timeout = (long)proto_arg_int(rq->args, "timeout_s", 0);
	struct guest *g;
	int rc = guest_need(proto_arg_str(rq->args, "guest"), &g, err);

	for (size_t i = 0; i < sizeof(states) / sizeof(states[0]); i++)
		if (strcmp(state, states[i]) == 0)
			found = states[i];
	if (!rc && !found)
		rc = error_set(err, ERR_USAGE, NULL,
			       "no state '%s' to wait for (running, stopped, paused, crashed, address)",
			       state);
	if (rc)
		return rc;
	if (in_state(g, found)) {
		request_ok(rq, json_pack("{s:s, s:s}", "name", g->name, "state", found));
		return 0;
	}
	rq->until = found;
	return ops_listen(rq, g, wait_event, timeout, wait_timeout, err);
}

const struct handler ops_life[] = {
	{ "pause", op_pause },	       { "unpause", op_unpause },
	{ "shutdown", op_shutdown },   { "reboot", op_reboot },
	{ "destroy", op_destroy },     { "wait", op_wait },
	{ "dump-core", dump_request }, { "shutdown-all", host_stop_request },
	{ NULL, NULL },
};
