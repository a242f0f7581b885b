/* SPDX-License-Identifier: MIT */
/*
 * Operations on the life of guests.  A request that waits for an outcome listens to the guest's events; the
 * guest's own progress does not depend on anybody waiting.
 */
#include <errno.h>
#include <event2/event.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "conf/conf.h"
#include "daemon/create.h"
#include "daemon/device.h"
#include "daemon/dump.h"
#include "daemon/events.h"
#include "daemon/ops.h"
#include "daemon/vif.h"
#include "daemon/worker.h"
#include "daemon/xend.h"
#include "hv/domctl.h"
#include "proto/proto.h"
#include "store/store.h"

static json_t *identity(const struct guest *g)
{
	char uuid[37];

	guest_uuid_text(g->uuid, uuid);
	return json_pack("{s:s, s:s, s:o}", "name", g->name, "uuid", uuid, "domid",
			 g->domid >= 0 ? json_integer(g->domid) : json_null());
}

/* ---- create and start ---- */

/* What a waiting start remembers. */
struct start_wait {
	json_t *notes;
	struct error err;	/* what failed; told when the guest is stopped */
	long wait_s;
	uint64_t started_ns;
};

static void start_end(struct request *rq, struct start_wait *w)
{
	json_decref(w->notes);
	free(w);
	rq->ctx = NULL;
}

static void start_ok(struct request *rq, struct guest *g)
{
	struct start_wait *w = rq->ctx;
	json_t *o = identity(g);

	json_object_set(o, "notes", w->notes);
	start_end(rq, w);
	request_ok(rq, o);
}

static void start_waited(struct request *rq)
{
	struct guest *g = guest_by_name(rq->guest);

	if (g)
		start_ok(rq, g);
}

static void start_event(struct request *rq, struct guest *g, const char *event, const struct error *err)
{
	struct start_wait *w = rq->ctx;
	double after = w->started_ns ? (double)(xend_now_ns() - w->started_ns) / 1e9 : 0;

	if (strcmp(event, "started") == 0) {
		w->started_ns = xend_now_ns();
		if (w->wait_s == 0 || request_timeout(rq, w->wait_s, start_waited) < 0)
			start_ok(rq, g);
	} else if (strcmp(event, "failed") == 0 && err) {
		w->err = *err;
	} else if (w->started_ns && (strcmp(event, "crashed") == 0 || strcmp(event, "shutdown") == 0)) {
		(void)error_set(&w->err, ERR_GUEST, NULL, "stopped %.1f s after its start: %s", after, g->reason);
		error_what(&w->err, "guest '%s'", g->name);
		error_hint(&w->err, "'xl logs %s' shows its console", g->name);
	} else if (strcmp(event, "stopped") == 0) {
		struct error e = w->err;

		if (!error_is_set(&e)) {
			(void)error_set(&e, ERR_CONFLICT, NULL, "was destroyed while it started");
			error_what(&e, "guest '%s'", g->name);
		}
		start_end(rq, w);
		request_fail(rq, &e);
	}
}

static int start_and_wait(struct request *rq, struct guest *g, json_t *notes, struct error *err)
{
	struct start_wait *w = calloc(1, sizeof(*w));
	int rc;

	if (!w)
		return error_set_errno(err, ERR_RESOURCES, ENOMEM, NULL, "start");
	w->notes = json_incref(notes);
	w->wait_s = (long)proto_arg_int(rq->args, "wait_s", 0);
	rq->ctx = w;
	rc = ops_listen(rq, g, start_event);
	if (!rc)
		rc = guest_start(g, proto_arg_bool(rq->args, "paused"), err);
	if (rc)
		start_end(rq, w);
	return rc;
}

/* A dry run: everything that would be checked, in a worker, since it may read disks. */
struct check_job {
	struct guest g;
};

static json_t *check_work(void *arg, struct error *err)
{
	struct check_job *job = arg;
	struct guest *g = &job->g;
	struct image img;

	for (size_t i = 0; i < g->cfg->n_vifs; i++)
		if (vif_check(g, &g->cfg->vifs[i], err))
			return NULL;
	if (create_check(g, err) || image_load(g->cfg->kernel, &img, err))
		return NULL;
	return json_object();
}

struct check_wait {
	struct request *rq;
	json_t *notes;
	char name[GUEST_NAME_MAX + 1];
	bool report;		/* `check`: problems are the result, not a failure */
};

static void on_checked(void *ctx, json_t *result, const struct error *failed)
{
	struct check_wait *w = ctx;
	struct error err = *failed;
	json_t *problems = json_array();

	if (!result) {
		error_what(&err, "guest '%s'", w->name);
		json_array_append_new(problems, json_pack("{s:s, s:s, s:s, s:s}", "code", error_code_name(err.code),
							  "what", err.what, "why", err.why, "hint", err.hint));
	}
	if (result || w->report)
		request_ok(w->rq, json_pack("{s:s, s:n, s:O, s:O}", "name", w->name, "domid", "notes", w->notes, "problems",
					    problems));
	else
		request_fail(w->rq, &err);
	json_decref(problems);
	json_decref(w->notes);
	free(w);
}

static int check_and_answer(struct request *rq, struct guest_config *cfg, json_t *notes, bool report,
			    struct error *err)
{
	static const struct worker_calls calls = { check_work, NULL, on_checked };
	struct check_wait *w = calloc(1, sizeof(*w));
	struct check_job job = { .g = { .cfg = cfg, .def = cfg, .domid = -1, .state = GUEST_STARTING } };
	struct worker *worker;
	int rc;

	if (!w)
		return error_set_errno(err, ERR_RESOURCES, ENOMEM, NULL, "check");
	snprintf(w->name, sizeof(w->name), "%s", cfg->name);
	snprintf(job.g.name, sizeof(job.g.name), "%s", cfg->name);
	w->rq = rq;
	w->report = report;
	w->notes = json_incref(notes);
	request_keep(rq);
	rc = worker_start(&worker, "check", &calls, &job, w, NULL, 0, err);
	if (rc) {
		json_decref(w->notes);
		free(w);
	}
	return rc;
}

static int check_free_name(const struct guest_config *cfg, struct error *err)
{
	struct guest *g = guest_by_name(cfg->name);
	int rc;

	if (!g || g->state == GUEST_STOPPED)
		return 0;
	rc = error_set(err, ERR_CONFLICT, NULL, "is already running (domain %d)", g->domid);
	error_what(err, "guest '%s'", cfg->name);
	error_hint(err, "'xl console %s' attaches to it; or set name=", cfg->name);
	return rc;
}

static int op_create(struct request *rq, struct error *err)
{
	struct guest_config *cfg = NULL;
	json_t *notes = json_array();
	struct guest *g;
	bool fresh;
	int rc = ops_parse_config(rq, &cfg, notes, err);

	if (!rc)
		rc = check_free_name(cfg, err);
	if (!rc && rq->dry_run) {
		rc = check_and_answer(rq, cfg, notes, false, err);
	} else if (!rc) {
		fresh = !guest_by_name(cfg->name);
		rc = guest_add(cfg, false, proto_arg_str(rq->args, "source"), &g, err);
		if (!rc) {
			cfg = NULL;
			rc = start_and_wait(rq, g, notes, err);
			if (rc && fresh)
				guest_forget(g);
		}
	}
	guest_config_free(cfg);
	json_decref(notes);
	return rc;
}

static int op_start(struct request *rq, struct error *err)
{
	json_t *notes = json_array();
	struct guest *g;
	int rc = guest_need(proto_arg_str(rq->args, "guest"), &g, err);

	if (!rc && rq->dry_run)
		rc = check_and_answer(rq, g->def, notes, false, err);
	else if (!rc)
		rc = start_and_wait(rq, g, notes, err);
	json_decref(notes);
	return rc;
}

static int op_check(struct request *rq, struct error *err)
{
	struct guest_config *cfg = NULL;
	json_t *notes = json_array();
	int rc = ops_parse_config(rq, &cfg, notes, err);

	if (rc && error_is_set(err)) {
		request_ok(rq, json_pack("{s:s, s:[{s:s, s:s, s:s, s:s}], s:[]}", "name", "", "problems", "code",
					 error_code_name(err->code), "what", err->what, "why", err->why, "hint", err->hint,
					 "notes"));
		error_clear(err);
		rc = 0;
	} else if (!rc) {
		rc = check_and_answer(rq, cfg, notes, true, err);
	}
	guest_config_free(cfg);
	json_decref(notes);
	return rc;
}

/* ---- definitions ---- */

static int op_define(struct request *rq, struct error *err)
{
	struct guest_config *cfg = NULL;
	json_t *notes = json_array(), *o;
	struct guest *g;
	bool created;
	int rc = ops_parse_config(rq, &cfg, notes, err);

	if (rc)
		goto out;
	created = !guest_by_name(cfg->name);
	if (rq->dry_run) {
		request_ok(rq, json_pack("{s:s, s:b, s:O}", "name", cfg->name, "created", created, "notes", notes));
		goto out;
	}
	rc = guest_add(cfg, true, proto_arg_str(rq->args, "source"), &g, err);
	if (rc)
		goto out;
	cfg = NULL;
	rc = guest_save_definition(g, err);
	if (!rc)
		rc = guest_journal(g);
	if (!rc) {
		events_emit(g, "defined", "", NULL);
		o = identity(g);
		json_object_set_new(o, "created", json_boolean(created));
		json_object_set(o, "notes", notes);
		request_ok(rq, o);
	}
out:
	guest_config_free(cfg);
	json_decref(notes);
	return rc;
}

static int op_undefine(struct request *rq, struct error *err)
{
	struct guest *g;
	json_t *answer;
	int rc = guest_need(proto_arg_str(rq->args, "guest"), &g, err);

	if (rc)
		return rc;
	answer = json_pack("{s:s}", "name", g->name);
	if (!rq->dry_run) {
		guest_drop_definition(g);
		g->persistent = false;
		events_emit(g, "undefined", "", NULL);
		(void)guest_journal(g);
		if (g->state == GUEST_STOPPED)
			guest_forget(g);
	}
	request_ok(rq, answer);
	return 0;
}

static int op_config(struct request *rq, struct error *err)
{
	struct guest *g;
	int rc = guest_need(proto_arg_str(rq->args, "guest"), &g, err);
	char *text;

	if (rc)
		return rc;
	text = conf_to_text(g->cfg ? g->cfg : g->def);
	request_ok(rq, json_pack("{s:s, s:o, s:s?, s:s?}", "name", g->name, "config", conf_to_json(g->cfg ? g->cfg : g->def),
				 "text", text, "source", g->source));
	free(text);
	return 0;
}

static int op_config_update(struct request *rq, struct error *err)
{
	struct guest_config *cfg = NULL;
	json_t *notes = json_array(), *changed = json_array(), *before, *after, *value;
	struct guest *g;
	const char *key;
	int rc = guest_need(proto_arg_str(rq->args, "guest"), &g, err);

	if (!rc)
		rc = ops_parse_config(rq, &cfg, notes, err);
	if (!rc) {
		free(cfg->name);
		cfg->name = strdup(g->name);
		memcpy(cfg->uuid, g->uuid, 16);
		cfg->uuid_given = true;
		before = conf_to_json(g->def);
		after = conf_to_json(cfg);
		json_object_foreach(after, key, value)
			if (!json_equal(value, json_object_get(before, key)))
				json_array_append_new(changed, json_string(key));
		json_object_foreach(before, key, value)
			if (!json_object_get(after, key))
				json_array_append_new(changed, json_string(key));
		json_decref(before);
		json_decref(after);
		if (!rq->dry_run) {
			guest_config_free(g->def);
			g->def = cfg;
			cfg = NULL;
			rc = g->persistent ? guest_save_definition(g, err) : 0;
			(void)guest_journal(g);
		}
	}
	if (!rc)
		request_ok(rq, json_pack("{s:s, s:O, s:O}", "name", g->name, "changed", changed, "notes", notes));
	guest_config_free(cfg);
	json_decref(notes);
	json_decref(changed);
	return rc;
}

static int set_autostart(struct request *rq, bool on, struct error *err)
{
	struct guest *g;
	int rc = guest_need(proto_arg_str(rq->args, "guest"), &g, err);

	if (rc)
		return rc;
	if (!g->persistent && on) {
		rc = error_set(err, ERR_CONFLICT, NULL, "is not defined, so it cannot start with the host");
		error_what(err, "guest '%s'", g->name);
		error_hint(err, "'xl define FILE' keeps it");
		return rc;
	}
	if (!rq->dry_run) {
		g->def->autostart = on;
		g->def->autostart_order = (uint32_t)proto_arg_int(rq->args, "order", g->def->autostart_order);
		g->def->autostart_delay_s = (uint32_t)proto_arg_int(rq->args, "delay_s", g->def->autostart_delay_s);
		rc = g->persistent ? guest_save_definition(g, err) : 0;
	}
	if (!rc)
		request_ok(rq, json_pack("{s:s}", "name", g->name));
	return rc;
}

static int op_enable(struct request *rq, struct error *err)
{
	return set_autostart(rq, true, err);
}

static int op_disable(struct request *rq, struct error *err)
{
	return set_autostart(rq, false, err);
}

/* The name in the places that tools read. */
static void rename_in_store(const struct guest *g)
{
	char path[80], uuid[37];

	guest_uuid_text(g->uuid, uuid);
	snprintf(path, sizeof(path), "/local/domain/%d/name", g->domid);
	(void)store_printf(xend.store, STORE_TX_NONE, path, "%s", g->name);
	snprintf(path, sizeof(path), "/vm/%s/name", uuid);
	(void)store_printf(xend.store, STORE_TX_NONE, path, "%s", g->name);
}

static int op_rename(struct request *rq, struct error *err)
{
	const char *name = proto_arg_str(rq->args, "new_name");
	char old[GUEST_NAME_MAX + 1];
	struct guest *g;
	int rc = guest_need(proto_arg_str(rq->args, "guest"), &g, err);

	if (!rc)
		rc = conf_check_name(name, err);
	if (!rc && guest_by_name(name) && guest_by_name(name) != g) {
		rc = error_set(err, ERR_CONFLICT, NULL, "the name '%s' is taken", name);
		error_what(err, "guest '%s'", g->name);
	}
	if (rc)
		return rc;
	snprintf(old, sizeof(old), "%s", g->name);
	if (!rq->dry_run) {
		if (g->persistent)
			guest_drop_definition(g);
		snprintf(g->name, sizeof(g->name), "%s", name);
		free(g->def->name);
		g->def->name = strdup(name);
		if (g->cfg) {
			free(g->cfg->name);
			g->cfg->name = strdup(name);
			rename_in_store(g);
		}
		if (g->persistent)
			rc = guest_save_definition(g, err);
		(void)guest_journal(g);
		events_emit(g, "renamed", old, NULL);
	}
	if (!rc)
		request_ok(rq, json_pack("{s:s, s:s}", "name", name, "old_name", old));
	return rc;
}

/* ---- pausing ---- */

static int set_paused(struct request *rq, bool paused, struct error *err)
{
	struct guest *g;
	int rc = ops_running(rq, &g, err);

	if (!rc && !rq->dry_run) {
		rc = paused ? hv_domctl_pause((domid_t)g->domid) : hv_domctl_unpause((domid_t)g->domid);
		if (rc) {
			rc = error_set_errno(err, ERR_FAILED, -rc, NULL, "cannot %spause it", paused ? "" : "un");
			error_what(err, "guest '%s'", g->name);
		} else {
			events_emit(g, paused ? "paused" : "unpaused", "", NULL);
		}
	}
	if (!rc)
		request_ok(rq, identity(g));
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
	json_t *o = identity(g);

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
	took = store_read(xend.store, STORE_TX_NONE, path, &value, NULL) == 0 && value[0] == '\0';
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
		(void)error_set(&err, ERR_TIMEOUT, NULL, "accepted the request to %s, but still runs after the time given",
				reboot ? "reboot" : "power off");
	else
		(void)error_set(&err, ERR_TIMEOUT, NULL, "did not react to the request to %s",
				reboot ? "reboot" : "power off");
	error_what(&err, "guest '%s'", g->name);
	error_hint(&err, "'xl console %s' shows what it does; 'xl destroy %s' pulls the plug", g->name, g->name);
	request_fail(rq, &err);
}

static void force_stop(struct request *rq)
{
	struct guest *g = guest_by_name(rq->guest);

	request_progress(rq, -1, "time is up: destroying it");
	if (g)
		guest_stop(g, WHY_DESTROY);
}

static int op_shutdown(struct request *rq, struct error *err)
{
	long timeout = (long)proto_arg_int(rq->args, "timeout_s", 60), force = (long)proto_arg_int(rq->args, "force_after_s", 0);
	struct guest *g;
	json_t *o;
	int rc = ops_running(rq, &g, err);

	if (rc)
		return rc;
	if (rq->dry_run || (!proto_arg_bool(rq->args, "wait") && !force)) {
		rc = rq->dry_run ? 0 : guest_ask(g, "poweroff", err);
		if (rc)
			return rc;
		o = identity(g);
		json_object_set_new(o, "done", json_false());
		request_ok(rq, o);
		return 0;
	}
	rq->until = "stopped";
	rc = ops_listen(rq, g, stop_event);
	if (!rc)
		rc = request_timeout(rq, force ? force : timeout, force ? force_stop : stop_timeout);
	if (rc)
		return error_set_errno(err, ERR_RESOURCES, -rc, NULL, "shutdown");
	return guest_ask(g, "poweroff", err);
}

static int op_reboot(struct request *rq, struct error *err)
{
	struct guest *g;
	json_t *o;
	int rc = ops_running(rq, &g, err);

	if (rc)
		return rc;
	if (rq->dry_run || !proto_arg_bool(rq->args, "wait")) {
		rc = rq->dry_run ? 0 : guest_ask(g, "reboot", err);
		if (rc)
			return rc;
		o = identity(g);
		json_object_set_new(o, "done", json_false());
		request_ok(rq, o);
		return 0;
	}
	rq->until = "started";
	rc = ops_listen(rq, g, stop_event);
	if (!rc)
		rc = request_timeout(rq, (long)proto_arg_int(rq->args, "timeout_s", 120), stop_timeout);
	if (rc)
		return error_set_errno(err, ERR_RESOURCES, -rc, NULL, "reboot");
	return guest_ask(g, "reboot", err);
}

static int op_destroy(struct request *rq, struct error *err)
{
	struct guest *g;
	int rc = guest_need(proto_arg_str(rq->args, "guest"), &g, err);

	if (rc)
		return rc;
	if (g->state == GUEST_STOPPED && g->retry && event_pending(g->retry, EV_TIMEOUT, NULL)) {
		event_del(g->retry);
		request_ok(rq, identity(g));
		return 0;
	}
	if (g->state == GUEST_STOPPED)
		return guest_need_running(g->name, &g, err);
	if (rq->dry_run) {
		request_ok(rq, identity(g));
		return 0;
	}
	rq->until = "stopped";
	rc = ops_listen(rq, g, stop_event);
	if (rc)
		return error_set_errno(err, ERR_RESOURCES, -rc, NULL, "destroy");
	guest_stop(g, WHY_DESTROY);
	return 0;
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
		rc = error_set(err, ERR_USAGE, NULL, "no state '%s' to wait for (running, stopped, paused, crashed, address)",
			       state);
	if (rc)
		return rc;
	if (in_state(g, found)) {
		request_ok(rq, json_pack("{s:s, s:s}", "name", g->name, "state", found));
		return 0;
	}
	rq->until = found;
	rc = ops_listen(rq, g, wait_event);
	if (!rc && timeout)
		rc = request_timeout(rq, timeout, wait_timeout);
	return rc ? error_set_errno(err, ERR_RESOURCES, -rc, NULL, "wait") : 0;
}

const struct handler ops_life[] = {
	{ "define", op_define }, { "undefine", op_undefine }, { "create", op_create }, { "start", op_start },
	{ "check", op_check }, { "config", op_config }, { "config-update", op_config_update }, { "enable", op_enable },
	{ "disable", op_disable }, { "rename", op_rename }, { "pause", op_pause }, { "unpause", op_unpause },
	{ "shutdown", op_shutdown }, { "reboot", op_reboot }, { "destroy", op_destroy }, { "wait", op_wait },
	{ "dump-core", dump_request }, { NULL, NULL },
};
