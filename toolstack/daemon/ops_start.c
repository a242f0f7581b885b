/* SPDX-License-Identifier: MIT */
/*
 * Operations that start guests, and those that only check whether one could start.  A request that waits for
 * an outcome listens to the guest's events; the guest's own progress does not depend on anybody waiting.
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "conf/conf.h"
#include "daemon/create.h"
#include "daemon/events.h"
#include "daemon/ops.h"
#include "daemon/vif.h"
#include "daemon/worker.h"
#include "daemon/xend.h"
#include "proto/proto.h"

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
	json_t *o = ops_identity(g);

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
		(void)error_set(&w->err, ERR_GUEST, NULL, "stopped %.1f s after its start: %s", after,
				g->reason);
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
	rc = ops_listen(rq, g, start_event, 0, NULL, err);
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
		if (vif_check(&g->cfg->vifs[i], err))
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
		json_array_append_new(problems, proto_error(&err));
	}
	if (result || w->report)
		request_ok(w->rq, json_pack("{s:s, s:n, s:O, s:O}", "name", w->name, "domid", "notes",
					    w->notes, "problems", problems));
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
			rc = g->persistent ? guest_save_definition(g, err) : 0;
			if (!rc)
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
		request_ok(rq, json_pack("{s:s, s:[o], s:[]}", "name", "", "problems", proto_error(err), "notes"));
		error_clear(err);
		rc = 0;
	} else if (!rc) {
		rc = check_and_answer(rq, cfg, notes, true, err);
	}
	guest_config_free(cfg);
	json_decref(notes);
	return rc;
}

const struct handler ops_start[] = {
	{ "create", op_create }, { "start", op_start }, { "check", op_check }, { NULL, NULL },
};
