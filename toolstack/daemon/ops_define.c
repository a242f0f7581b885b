/* SPDX-License-Identifier: MIT */
/* Operations on what guests are: definitions, configurations, names, and whether they start with the host. */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "conf/conf.h"
#include "daemon/console.h"
#include "daemon/console_log.h"
#include "daemon/events.h"
#include "daemon/names.h"
#include "daemon/ops.h"
#include "daemon/xend.h"
#include "daemon/xs.h"
#include "proto/proto.h"

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
		request_ok(rq, json_pack("{s:s, s:b, s:O}", "name", cfg->name, "created", created, "notes",
					 notes));
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
		o = ops_identity(g);
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

	if (!rc && !g->persistent) {
		rc = error_set(err, ERR_CONFLICT, NULL, "is not defined: it is forgotten when it ends");
		error_what(err, "guest '%s'", g->name);
	}
	if (rc)
		return rc;
	answer = json_pack("{s:s}", "name", g->name);
	if (!rq->dry_run) {
		guest_drop_definition(g);
		g->persistent = false;
		events_emit(g, "undefined", "", NULL);
		(void)guest_journal(g);
		if (guest_restarts(g))
			guest_stop(g, WHY_DESTROY);
		else if (g->state == GUEST_STOPPED)
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
	request_ok(rq, json_pack("{s:s, s:o, s:s?, s:s?}", "name", g->name, "config",
				 conf_to_json(g->cfg ? g->cfg : g->def), "text", text, "source", g->source));
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
			g->flawed = false;
			g->redefined = true;
			cfg = NULL;
			rc = g->persistent ? guest_save_definition(g, err) : 0;
			(void)guest_journal(g);
		}
	}
	if (!rc)
		request_ok(rq,
			   json_pack("{s:s, s:O, s:O}", "name", g->name, "changed", changed, "notes", notes));
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
		g->def->autostart_delay_s =
			(uint32_t)proto_arg_int(rq->args, "delay_s", g->def->autostart_delay_s);
		rc = g->persistent ? guest_save_definition(g, err) : 0;
		(void)guest_journal(g);
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

static void set_name(struct guest *g, const char *name)
{
	struct guest_config *const configs[] = { g->def, g->cfg, g->again };

	snprintf(g->name, sizeof(g->name), "%s", name);
	for (size_t i = 0; i < 3; i++)
		if (configs[i]) {
			free(configs[i]->name);
			configs[i]->name = strdup(name);
		}
}

/* What is not published yet will be, under the name it has then. */
static void put_name(const char *path, const char *name)
{
	char *value;

	if (xs_read(STORE_TX_NONE, path, &value))
		return;
	free(value);
	(void)xs_printf(STORE_TX_NONE, path, "%s", name);
}

/* The name in the places that tools and people read. */
static void tell_name(struct guest *g, const char *old)
{
	char path[80], uuid[37];

	console_log_rename(old, g->name);
	if (g->console)
		console_rename(g->console, g->name);
	if (g->cfg) {
		guest_uuid_text(g->uuid, uuid);
		snprintf(path, sizeof(path), "/local/domain/%d/name", g->domid);
		put_name(path, g->name);
		snprintf(path, sizeof(path), "/vm/%s/name", uuid);
		put_name(path, g->name);
	}
	(void)guest_journal(g);
	names_update();
	events_emit(g, "renamed", old, NULL);
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
		set_name(g, name);
		rc = g->persistent ? guest_move_definition(g, old, err) : 0;
		if (rc)
			set_name(g, old);
		else
			tell_name(g, old);
	}
	if (!rc)
		request_ok(rq, json_pack("{s:s, s:s}", "name", name, "old_name", old));
	return rc;
}

const struct handler ops_define[] = {
	{ "define", op_define }, { "undefine", op_undefine }, { "config", op_config },
	{ "config-update", op_config_update }, { "enable", op_enable }, { "disable", op_disable },
	{ "rename", op_rename }, { NULL, NULL },
};
