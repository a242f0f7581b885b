/* SPDX-License-Identifier: MIT */
/*
 * See network.h.  Moving addresses and routes between an interface and its bridge is a list of `ip` commands,
 * and so is the way back, which is written to RUN_DIR/network-undo before anything is changed: a daemon that
 * died in between finds it there.  The commands run in a worker: `ip` may take its time.
 */
#include <dirent.h>
#include <errno.h>
#include <event2/event.h>
#include <net/if.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/file.h"
#include "base/proc.h"
#include "base/strbuf.h"
#include "conf/conf.h"
#include "daemon/guest.h"
#include "daemon/link.h"
#include "daemon/nat.h"
#include "daemon/network.h"
#include "daemon/vif.h"
#include "daemon/worker.h"
#include "daemon/xend.h"

#define UNDO_SOON_S 30	/* what a daemon finds half done, or could not take back at once */

static struct event *undo_timer;
static uint64_t undo_at_ns;		/* 0: nothing on trial */
static char trial_bridge[IFNAMSIZ];
static bool changing;			/* a worker is at it */

/* ---- the default network ---- */

static void start_default(void)
{
	unsigned int index = link_index(xend.set.bridge);
	int rc = 0;

	if (!index) {
		rc = link_make_bridge(xend.set.bridge);
		index = link_index(xend.set.bridge);
	} else if (!link_is_bridge(xend.set.bridge)) {
		log_err("default network: '%s' exists and is not a bridge: set bridge= in /etc/xend.conf",
			xend.set.bridge);
		return;
	}
	if (!rc)
		rc = link_add_address(index, xend.set.subnet);
	if (!rc)
		rc = link_set(index, true, 0, 0, NULL);
	if (!rc)
		rc = nat_start(xend.set.bridge, xend.set.subnet);
	if (rc)
		log_err("default network: bridge '%s': %s", xend.set.bridge, strerror(-rc));
	else
		log_info("default network: bridge '%s', %s", xend.set.bridge, xend.set.subnet);
}

/* ---- bridges over real interfaces, on trial ---- */

static void undo_path(char *buf, size_t size)
{
	snprintf(buf, size, "%s/network-undo", xend.set.run_dir);
}

static int run_ip(const char *const *argv, const char *input, char **output, struct error *err)
{
	struct proc_run run = {
		.argv = argv, .input = input, .input_len = input ? strlen(input) : 0, .timeout_ms = 10000
	};
	struct proc_result res = { 0 };
	int rc = proc_run(&run, &res, err);

	if (output && !rc)
		*output = res.output;
	else
		free(res.output);
	return rc;
}

static json_t *ip_json(const char *what, const char *interface, struct error *err)
{
	const char *addr[] = { "ip", "-j", "addr", "show", "dev", interface, NULL };
	const char *route[] = { "ip", "-j", "route", "show", "dev", interface, NULL };
	char *text = NULL;
	json_t *json;

	if (run_ip(what[0] == 'a' ? addr : route, NULL, &text, err))
		return NULL;
	json = json_loads(text && text[0] ? text : "[]", 0, NULL);
	free(text);
	if (!json)
		(void)error_set(err, ERR_FAILED, NULL,
				"'ip -j' does not answer in JSON; install iproute2 5 or later");
	return json;
}

/* Add lines that give `to` what `from` has: addresses, then the routes that are no part of them. */
static void move_lines(struct strbuf *sb, const json_t *addrs, const json_t *routes, const char *from,
		       const char *to)
{
	size_t i, j;
	json_t *link, *a, *r;

	json_array_foreach(addrs, i, link)
		json_array_foreach(json_object_get(link, "addr_info"), j, a) {
			const char *scope = json_string_value(json_object_get(a, "scope"));
			const char *local = json_string_value(json_object_get(a, "local"));

			if (!local || !scope || strcmp(scope, "link") == 0)
				continue;
			strbuf_printf(sb, "addr del %s/%d dev %s\naddr add %s/%d dev %s\n", local,
				      (int)json_integer_value(json_object_get(a, "prefixlen")), from, local,
				      (int)json_integer_value(json_object_get(a, "prefixlen")), to);
		}
	json_array_foreach(routes, i, r) {
		const char *dst = json_string_value(json_object_get(r, "dst"));
		const char *via = json_string_value(json_object_get(r, "gateway"));

		if (dst && via)
			strbuf_printf(sb, "route replace %s via %s dev %s\n", dst, via, to);
	}
}

static int apply(const char *batch, struct error *err)
{
	static const char *const argv[] = { "ip", "-force", "-batch", "-", NULL };

	return run_ip(argv, batch, NULL, err);
}

static json_t *rollback_work(void *arg, struct error *err)
{
	char path[256], *text;
	size_t len;
	int rc;

	(void)arg;
	undo_path(path, sizeof(path));
	if (file_read(path, 64 << 10, &text, &len, err) < 0)
		return NULL;
	rc = apply(text, err);
	free(text);
	return rc ? NULL : json_object();
}

/* Nothing is on trial any more, even if some of the commands failed: doing them again would not help. */
static void end_trial(void)
{
	char path[256];

	undo_path(path, sizeof(path));
	(void)unlink(path);
	undo_at_ns = 0;
	if (undo_timer)
		evtimer_del(undo_timer);
}

/* What a worker is to do, and who is told. */
struct change {
	char interface[IFNAMSIZ], bridge[IFNAMSIZ];
	long timeout_s;
	network_done_fn *done;
	void *ctx;
	struct error why;	/* of a rollback: the setup's failure */
};

static void change_end(struct change *c, const struct error *err)
{
	changing = false;
	if (c->done)
		c->done(c->ctx, error_is_set(err) ? err : NULL);
	else if (error_is_set(err))
		log_error(LOG_LEVEL_ERROR, err);
	free(c);
}

static void on_rolled_back(void *ctx, json_t *result, const struct error *err)
{
	struct change *c = ctx;

	end_trial();
	if (result && !error_is_set(&c->why))
		log_info("bridge '%s' was not kept: the network is as it was", trial_bridge);
	change_end(c, error_is_set(&c->why) ? &c->why : err);
}

static int begin_change(struct change *c, const struct worker_calls *calls, struct error *err)
{
	struct worker *w;
	int rc = worker_start(&w, "net", calls, c, c, NULL, 0, err);

	changing = rc == 0;
	return rc;
}

static const struct worker_calls rollback_calls = { rollback_work, NULL, on_rolled_back };

int network_check_trial(struct error *err)
{
	if (changing)
		return error_set(err, ERR_CONFLICT, NULL, "the network is just being changed");
	return undo_at_ns ? 0 : error_set(err, ERR_CONFLICT, NULL, "no network change is on trial");
}

int network_rollback(network_done_fn *done, void *ctx, struct error *err)
{
	struct change *c;
	int rc = network_check_trial(err);

	if (rc)
		return rc;
	c = calloc(1, sizeof(*c));
	if (!c)
		return error_set_errno(err, ERR_RESOURCES, ENOMEM, NULL, "net rollback");
	c->done = done;
	c->ctx = ctx;
	rc = begin_change(c, &rollback_calls, err);
	if (rc)
		free(c);
	return rc;
}

static void on_undo(evutil_socket_t fd, short what, void *arg)
{
	struct error err = ERROR_INIT;

	(void)fd;
	(void)what;
	(void)arg;
	if (network_rollback(NULL, NULL, &err) < 0)
		log_error(LOG_LEVEL_ERROR, &err);
}

static int arm_undo(const char *bridge, long seconds)
{
	struct timeval tv = { seconds, 0 };

	snprintf(trial_bridge, sizeof(trial_bridge), "%s", bridge);
	if (!undo_timer)
		undo_timer = evtimer_new(xend.base, on_undo, NULL);
	undo_at_ns = xend_now_ns() + (uint64_t)seconds * 1000000000;
	return undo_timer && event_add(undo_timer, &tv) == 0 ? 0 : -ENOMEM;
}

int network_confirm(struct error *err)
{
	int rc = network_check_trial(err);

	if (!rc)
		end_trial();
	return rc;
}

int network_check_setup(const char *interface, const char *bridge, struct error *err)
{
	int rc = 0;

	if (changing) {
		rc = error_set(err, ERR_CONFLICT, NULL, "the network is just being changed");
	} else if (undo_at_ns) {
		rc = error_set(err, ERR_CONFLICT, NULL, "bridge '%s' is still on trial", trial_bridge);
		error_hint(err, "'xl net confirm' keeps it, 'xl net rollback' takes it back");
	} else if (!link_index(interface)) {
		rc = error_set(err, ERR_NOT_FOUND, NULL, "interface '%s' does not exist", interface);
	} else if (link_is_bridge(interface)) {
		rc = error_set(err, ERR_CONFLICT, NULL, "'%s' is a bridge already", interface);
		error_hint(err, "use it: vif=[\"bridge=%s\"]", interface);
	} else if (link_index(bridge)) {
		rc = error_set(err, ERR_CONFLICT, NULL, "'%s' exists already", bridge);
	} else {
		rc = conf_check_ifname(bridge, err);
	}
	return rc;
}

static json_t *setup_work(void *arg, struct error *err)
{
	struct strbuf todo = STRBUF_INIT, undo = STRBUF_INIT;
	const struct change *c = arg;
	json_t *addrs, *routes;
	char path[256];

	if (!(addrs = ip_json("addr", c->interface, err)) || !(routes = ip_json("route", c->interface, err)))
		return NULL;
	strbuf_printf(&todo, "link add %s type bridge\nlink set %s master %s\nlink set %s up\n", c->bridge,
		      c->interface, c->bridge, c->bridge);
	move_lines(&todo, addrs, routes, c->interface, c->bridge);
	strbuf_printf(&undo, "link set %s nomaster\n", c->interface);
	move_lines(&undo, addrs, routes, c->bridge, c->interface);
	strbuf_printf(&undo, "link del %s\n", c->bridge);
	undo_path(path, sizeof(path));
	if (todo.failed || undo.failed) {
		(void)error_set_errno(err, ERR_RESOURCES, ENOMEM, NULL, "net setup");
		return NULL;
	}
	if (file_write_atomic(path, undo.data, undo.len, 0600, err) || apply(todo.data, err))
		return NULL;
	return json_object();
}

/* What was half done is taken back, by the list that was written before it was begun. */
static void on_set_up(void *ctx, json_t *result, const struct error *failed)
{
	struct change *c = ctx;
	struct error err = *failed, ignored = ERROR_INIT;
	char path[256];

	if (result && arm_undo(c->bridge, c->timeout_s) < 0)
		(void)error_set_errno(&err, ERR_RESOURCES, ENOMEM, NULL, "net setup");
	undo_path(path, sizeof(path));
	if (!error_is_set(&err) || access(path, F_OK) < 0) {
		change_end(c, &err);
		return;
	}
	c->why = err;
	if (begin_change(c, &rollback_calls, &ignored)) {
		if (arm_undo(c->bridge, UNDO_SOON_S) < 0)
			log_error(LOG_LEVEL_ERROR, &ignored);
		change_end(c, &err);
	}
}

int network_setup(const char *interface, const char *bridge, long timeout_s, network_done_fn *done, void *ctx,
		  struct error *err)
{
	static const struct worker_calls calls = { setup_work, NULL, on_set_up };
	struct change *c;
	int rc = network_check_setup(interface, bridge, err);

	if (rc)
		return rc;
	c = calloc(1, sizeof(*c));
	if (!c)
		return error_set_errno(err, ERR_RESOURCES, ENOMEM, NULL, "net setup");
	*c = (struct change){ .timeout_s = timeout_s, .done = done, .ctx = ctx };
	snprintf(c->interface, sizeof(c->interface), "%s", interface);
	snprintf(c->bridge, sizeof(c->bridge), "%s", bridge);
	rc = begin_change(c, &calls, err);
	if (rc)
		free(c);
	return rc;
}

/* ---- what there is ---- */

static json_t *ports_of(const char *bridge)
{
	char path[128];
	json_t *list = json_array();
	struct dirent *e;
	DIR *dir;

	snprintf(path, sizeof(path), "/sys/class/net/%s/brif", bridge);
	dir = opendir(path);
	while (dir && (e = readdir(dir)))
		if (e->d_name[0] != '.')
			json_array_append_new(list, json_string(e->d_name));
	if (dir)
		closedir(dir);
	return list;
}

static json_t *found_bridges;

static void add_bridge(const char *name, unsigned int index)
{
	bool ours = xend.set.network && strcmp(name, xend.set.bridge) == 0;

	(void)index;
	if (!link_is_bridge(name))
		return;
	json_array_append_new(found_bridges, json_pack("{s:s, s:s, s:s?, s:o, s:o}", "name", name, "kind",
		ours ? "nat" : strcmp(name, trial_bridge) == 0 ? "bridged" : "foreign",
		"address", ours ? xend.set.subnet : NULL, "interfaces", ports_of(name),
		"leases", ours ? nat_leases() : json_array()));
}

json_t *network_json(void)
{
	json_t *pending = json_null();
	uint64_t now = xend_now_ns();

	found_bridges = json_array();
	(void)link_each(add_bridge);
	if (undo_at_ns)
		pending = json_pack("{s:s, s:I}", "bridge", trial_bridge, "seconds_left",
				    (json_int_t)(undo_at_ns > now ? (undo_at_ns - now) / 1000000000 : 0));
	return json_pack("{s:o, s:o}", "bridges", found_bridges, "pending", pending);
}

int network_init(struct error *err)
{
	char path[256];

	(void)err;
	if (xend.set.network)
		start_default();
	/* A change was on trial when the last daemon died: the trial begins anew, short. */
	undo_path(path, sizeof(path));
	if (access(path, F_OK) == 0 && arm_undo("?", UNDO_SOON_S) < 0)
		log_err("the network change on trial cannot be timed");
	return 0;
}

void network_stop(void)
{
	nat_stop();
}
