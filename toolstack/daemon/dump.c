/* SPDX-License-Identifier: MIT */
/* See dump.h. */
#include <dirent.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "base/file.h"
#include "daemon/dump.h"
#include "daemon/events.h"
#include "daemon/ops.h"
#include "daemon/worker.h"
#include "daemon/xend.h"
#include "hv/domctl.h"
#include "proto/proto.h"
#include "stream/core.h"

struct dump {
	char guest[GUEST_NAME_MAX + 1];
	int domid;
	char path[4096];
	struct request *rq;		/* NULL: a crash */
	bool resume, reset, crash;	/* what follows */
};

static void tell_progress(int percent)
{
	worker_progress(percent, "dumping");
}

static json_t *dump_work(void *arg, struct error *err)
{
	struct dump *d = arg;
	uint64_t bytes;

	if (core_write((domid_t)d->domid, d->path, &bytes, d->rq ? tell_progress : NULL, err))
		return NULL;
	return json_pack("{s:s, s:s, s:I}", "name", d->guest, "path", d->path, "bytes", (json_int_t)bytes);
}

static int by_name(const struct dirent **a, const struct dirent **b)
{
	return strcmp((*b)->d_name, (*a)->d_name);
}

static const char *filter_name;

static int is_dump_of(const struct dirent *e)
{
	size_t n = strlen(filter_name);

	return strncmp(e->d_name, filter_name, n) == 0 && e->d_name[n] == '@';
}

/* Names end with the time, so the newest sort first. */
static void drop_old_dumps(const char *guest)
{
	char dir[300], path[600];
	struct dirent **list;
	int n;

	filter_name = guest;
	snprintf(dir, sizeof(dir), "%s/dumps", xend.set.log_dir);
	n = scandir(dir, &list, is_dump_of, by_name);
	for (int i = 0; i < n; i++) {
		snprintf(path, sizeof(path), "%s/%s", dir, list[i]->d_name);
		if ((unsigned int)i >= xend.set.dump_keep)
			(void)unlink(path);
		free(list[i]);
	}
	if (n >= 0)
		free(list);
}

static int default_path(const struct guest *g, char *path, size_t size, struct error *err)
{
	char dir[300], when[32];
	time_t now = time(NULL);
	struct tm tm;

	snprintf(dir, sizeof(dir), "%s/dumps", xend.set.log_dir);
	if (file_make_dirs(dir, 0700, err) < 0)
		return -EIO;
	localtime_r(&now, &tm);
	strftime(when, sizeof(when), "%Y%m%d-%H%M%S", &tm);
	snprintf(path, size, "%s/%s@%s.core", dir, g->name, when);
	return 0;
}

static void on_message(void *ctx, json_t *msg, int fd)
{
	const struct dump *d = ctx;
	json_t *p = json_object_get(msg, "progress");

	if (fd >= 0)
		close(fd);
	if (d->rq && p)
		request_progress(d->rq, (int)json_integer_value(json_object_get(p, "percent")),
				 json_string_value(json_object_get(p, "text")));
}

static void after_request(const struct dump *d, struct guest *g)
{
	if (d->reset) {
		g->why = WHY_NONE;
		guest_stop(g, WHY_REBOOT);
	} else if (d->crash) {
		guest_stop(g, WHY_DESTROY);
	} else if (d->resume && hv_domctl_unpause((domid_t)g->domid) < 0) {
		log_err("guest '%s': cannot let it go on after its dump", g->name);
	}
}

static void on_dumped(void *ctx, json_t *result, const struct error *failed)
{
	struct dump *d = ctx;
	struct guest *g = guest_by_domid(d->domid);
	struct error err = *failed;

	if (g)
		g->worker = NULL;
	drop_old_dumps(d->guest);
	if (!result)
		error_what(&err, "guest '%s'", d->guest);
	if (d->rq && result)
		request_ok(d->rq, json_incref(result));
	else if (d->rq)
		request_fail(d->rq, &err);
	else if (!result)
		log_error(LOG_LEVEL_WARN, &err);
	else if (g)
		events_emit(g, "dumped", d->path, NULL);
	if (g && g->state == GUEST_STOPPING)
		guest_stop_now(g);
	else if (g && d->rq)
		after_request(d, g);
	else if (g)
		guest_stop(g, g->why);
	free(d);
}

static int begin(struct dump *d, struct guest *g, struct error *err)
{
	static const struct worker_calls calls = { dump_work, on_message, on_dumped };

	snprintf(d->guest, sizeof(d->guest), "%s", g->name);
	d->domid = g->domid;
	return worker_start(&g->worker, "dump", &calls, d, d, NULL, 0, err);
}

int dump_crashed(struct guest *g)
{
	struct dump *d = calloc(1, sizeof(*d));
	struct error err = ERROR_INIT;
	int rc = d ? default_path(g, d->path, sizeof(d->path), &err) : -ENOMEM;

	if (!rc)
		rc = begin(d, g, &err);
	if (rc) {
		if (error_is_set(&err))
			log_error(LOG_LEVEL_WARN, &err);
		free(d);
	}
	return rc;
}

int dump_request(struct request *rq, struct error *err)
{
	const char *path = proto_arg_str(rq->args, "path");
	struct xen_domctl_getdomaininfo info;
	struct guest *g;
	struct dump *d;
	int rc = ops_running(rq, &g, err);

	if (rc)
		return rc;
	if (g->worker)
		return error_set(err, ERR_CONFLICT, NULL, "guest '%s' is being dumped already", g->name);
	if (path && (path[0] != '/' || strlen(path) >= sizeof(d->path)))
		return error_set(err, ERR_USAGE, NULL, "'%.200s' is not an absolute path, or too long", path);
	d = calloc(1, sizeof(*d));
	if (!d)
		return error_set_errno(err, ERR_RESOURCES, ENOMEM, NULL, "dump-core");
	if (path)
		snprintf(d->path, sizeof(d->path), "%s", path);
	else
		rc = default_path(g, d->path, sizeof(d->path), err);
	if (!rc && rq->dry_run) {
		request_ok(rq, json_pack("{s:s, s:s, s:i}", "name", g->name, "path", d->path, "bytes", 0));
		free(d);
		return 0;
	}
	d->rq = rq;
	d->crash = proto_arg_bool(rq->args, "crash");
	d->reset = proto_arg_bool(rq->args, "reset");
	if (!rc && !proto_arg_bool(rq->args, "live")) {
		d->resume =
			hv_domctl_info((domid_t)g->domid, &info) == 0 && !(info.flags & XEN_DOMINF_paused);
		rc = hv_domctl_pause((domid_t)g->domid);
	}
	if (!rc) {
		request_keep(rq);
		rc = begin(d, g, err);
		if (rc && d->resume)
			(void)!hv_domctl_unpause((domid_t)g->domid);
	}
	if (rc)
		free(d);
	return rc && !error_is_set(err) ? error_set_errno(err, ERR_FAILED, -rc, NULL, "dump-core") : rc;
}
