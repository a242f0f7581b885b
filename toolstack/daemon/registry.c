/* SPDX-License-Identifier: MIT */
/*
 * The table of guests and its two traces on disk: STATE_DIR/guests/NAME.json for each defined guest (kept
 * over reboots) and RUN_DIR/guests/UUID.json for each that is not stopped (gone with the host's boot).  Both
 * are replaced atomically.  A file that cannot be read is named in the log and left alone.
 */
#include <dirent.h>
#include <errno.h>
#include <event2/event.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include <uuid/uuid.h>

#include "base/file.h"
#include "base/strbuf.h"
#include "conf/conf.h"
#include "daemon/console_log.h"
#include "daemon/guest.h"
#include "daemon/lease.h"
#include "daemon/xend.h"
#include "proto/proto.h"

#define FILE_MAX (1u << 20)

struct guest *guests;

static const char *const why_names[] = { "none",     "poweroff",   "reboot",  "crash",
					 "watchdog", "soft-reset", "destroy", "failed",
					 "interrupted" };

const char *guest_why_name(enum guest_why why)
{
	return why_names[why];
}

void guest_uuid_text(const uint8_t uuid[16], char text[37])
{
	uuid_unparse_lower(uuid, text);
}

/* ---- finding ---- */

struct guest *guest_by_name(const char *name)
{
	for (struct guest *g = guests; g; g = g->next)
		if (strcmp(g->name, name) == 0)
			return g;
	return NULL;
}

struct guest *guest_by_uuid(const uint8_t uuid[16])
{
	for (struct guest *g = guests; g; g = g->next)
		if (memcmp(g->uuid, uuid, 16) == 0)
			return g;
	return NULL;
}

struct guest *guest_by_domid(int domid)
{
	for (struct guest *g = guests; g; g = g->next)
		if (g->domid == domid && domid >= 0)
			return g;
	return NULL;
}

bool is_number(const char *word)
{
	return *word && !word[strspn(word, "0123456789")];
}

struct guest *guest_find(const char *word)
{
	uuid_t uuid;
	char *end;
	long n;

	if (is_number(word)) {
		errno = 0;
		n = strtol(word, &end, 10);
		return errno || n > 0x7fef ? NULL : guest_by_domid((int)n);
	}
	if (uuid_parse(word, uuid) == 0)
		return guest_by_uuid(uuid);
	return guest_by_name(word);
}

static void add_names(struct strbuf *sb, const char *label, bool running)
{
	bool any = false;

	for (struct guest *g = guests; g && sb->len < 380; g = g->next) {
		if ((g->state != GUEST_STOPPED) != running)
			continue;
		strbuf_printf(sb, "%s%s", any ? ", " : label, g->name);
		any = true;
	}
}

static const char *nearest_guest(const char *word)
{
	const char *names[256];
	size_t n = 0;

	for (struct guest *g = guests; g && n < sizeof(names) / sizeof(names[0]); g = g->next)
		names[n++] = g->name;
	return nearest_word(word, names, n);
}

int guest_need(const char *word, struct guest **g, struct error *err)
{
	struct strbuf sb = STRBUF_INIT;
	const char *near;
	int rc;

	*g = guest_find(word);
	if (*g)
		return 0;
	if (strcmp(word, "0") == 0 || strcmp(word, "Domain-0") == 0) {
		rc = error_set(err, ERR_CONFLICT, NULL, "Domain-0 is the host itself: this is for guests only");
		error_hint(err, "the host is shut down and restarted by its own commands, shutdown and reboot");
		return rc;
	}
	near = nearest_guest(word);
	if (near)
		rc = error_set(err, ERR_NOT_FOUND, NULL, "no guest '%s' (did you mean '%s'?)", word, near);
	else
		rc = error_set(err, ERR_NOT_FOUND, NULL, "no guest '%s'", word);
	add_names(&sb, "running: ", true);
	if (sb.len)
		strbuf_puts(&sb, "; ");
	add_names(&sb, "stopped: ", false);
	if (sb.data && sb.len > 2)
		error_hint(err, "%.*s", (int)(sb.data[sb.len - 2] == ';' ? sb.len - 2 : sb.len), sb.data);
	else
		error_hint(err, "there are no guests yet; 'xl create FILE' starts one");
	strbuf_free(&sb);
	return rc;
}

int guest_need_running(const char *word, struct guest **g, struct error *err)
{
	int rc = guest_need(word, g, err);

	if (rc || (*g)->state == GUEST_RUNNING)
		return rc;
	error_what(err, "guest '%s'", (*g)->name);
	if ((*g)->state == GUEST_STOPPED) {
		rc = error_set(err, ERR_CONFLICT, NULL, "is not running");
		error_hint(err, "'xl start %s' starts it", (*g)->name);
	} else {
		rc = error_set(err, ERR_CONFLICT, NULL, "is just %s",
			       (*g)->state == GUEST_STARTING ? "starting" : "stopping");
		error_hint(err, "'xl wait %s %s' waits for it", (*g)->name,
			   (*g)->state == GUEST_STARTING ? "running" : "stopped");
	}
	error_what(err, "guest '%s'", (*g)->name);
	return rc;
}

/* ---- adding and forgetting ---- */

int guest_fit_devices(struct guest *g)
{
	struct guest_device *d, *v;

	if (!g->cfg)
		return 0;
	d = realloc(g->disks, (g->cfg->n_disks + 1) * sizeof(*d));
	if (d)
		g->disks = d;
	v = realloc(g->vifs, (g->cfg->n_vifs + 1) * sizeof(*v));
	if (v)
		g->vifs = v;
	if (!d || !v)
		return -ENOMEM;
	for (; g->n_disks < g->cfg->n_disks; g->n_disks++)
		g->disks[g->n_disks] =
			(struct guest_device){ .id = g->cfg->disks[g->n_disks].devid, .loop = -1 };
	for (; g->n_vifs < g->cfg->n_vifs; g->n_vifs++)
		g->vifs[g->n_vifs] = (struct guest_device){ .id = (uint32_t)g->n_vifs, .loop = -1 };
	return 0;
}

static int check_taken(const struct guest_config *cfg, const struct guest *self, struct error *err)
{
	struct guest *g = guest_by_name(cfg->name);
	int rc;

	if (g && g != self) {
		char uuid[37];

		guest_uuid_text(g->uuid, uuid);
		rc = error_set(err, ERR_CONFLICT, NULL, "the name is taken by another guest (UUID %s)", uuid);
		error_hint(err, "'xl undefine %s' or 'xl rename %s NEW' frees it; or set name=", cfg->name,
			   cfg->name);
		error_what(err, "guest '%s'", cfg->name);
		return rc;
	}
	g = cfg->uuid_given ? guest_by_uuid(cfg->uuid) : NULL;
	if (g && g != self) {
		rc = error_set(err, ERR_CONFLICT, NULL, "its UUID is that of guest '%s'", g->name);
		error_hint(err, "leave uuid= out, or choose another");
		error_what(err, "guest '%s'", cfg->name);
		return rc;
	}
	return 0;
}

int guest_add(struct guest_config *cfg, bool persistent, const char *source, struct guest **out,
	      struct error *err)
{
	struct guest *g = guest_by_name(cfg->name);
	int rc;

	if (g && cfg->uuid_given && memcmp(cfg->uuid, g->uuid, 16) != 0)
		g = NULL;
	rc = check_taken(cfg, g, err);
	if (rc)
		return rc;
	if (!g) {
		g = calloc(1, sizeof(*g));
		if (!g)
			return error_set_errno(err, ERR_RESOURCES, ENOMEM, NULL, "guest");
		snprintf(g->name, sizeof(g->name), "%s", cfg->name);
		memcpy(g->uuid, cfg->uuid, 16);
		g->domid = -1;
		g->next = guests;
		guests = g;
	}
	memcpy(cfg->uuid, g->uuid, 16);
	cfg->uuid_given = true;
	if (g->def && g->def->autostart && !cfg->autostart) {	/* 'xl enable' is no part of the file */
		cfg->autostart = true;
		cfg->autostart_order = g->def->autostart_order;
		cfg->autostart_delay_s = g->def->autostart_delay_s;
	}
	guest_config_free(g->def);
	g->def = cfg;
	g->flawed = false;
	g->redefined = true;
	g->persistent |= persistent;
	if (source) {
		free(g->source);
		g->source = strdup(source);
	}
	*out = g;
	return 0;
}

void guest_forget(struct guest *g)
{
	struct guest **p = &guests;

	while (*p != g)
		p = &(*p)->next;
	*p = g->next;
	lease_release_guest(g);
	if (g->retry)
		event_free(g->retry);
	guest_config_free(g->def);
	guest_config_free(g->cfg);
	guest_config_free(g->again);
	free(g->source);
	free(g->disks);
	free(g->vifs);
	free(g);
}

/* ---- definitions ---- */

static void definition_path(const char *name, char *buf, size_t size)
{
	snprintf(buf, size, "%s/guests/%s.json", xend.set.state_dir, name);
}

static int write_json(const char *path, json_t *json, struct error *err)
{
	char *text = json ? json_dumps(json, JSON_INDENT(1)) : NULL;
	int rc = text ? file_write_atomic(path, text, strlen(text), 0600, err) :
			error_set_errno(err, ERR_RESOURCES, ENOMEM, NULL, "%s", path);

	free(text);
	json_decref(json);
	return rc;
}

static int save_at(const char *path, const struct guest *g, struct error *err)
{
	return write_json(path, json_pack("{s:s, s:s?, s:o}", "name", g->name, "source", g->source, "config",
					  conf_to_json(g->def)), err);
}

int guest_save_definition(const struct guest *g, struct error *err)
{
	char path[512];

	definition_path(g->name, path, sizeof(path));
	return save_at(path, g, err);
}

/* In its old place first, then moved: a kill in between leaves one definition, which is put right when it is read. */
int guest_move_definition(const struct guest *g, const char *old_name, struct error *err)
{
	char from[512], to[512];
	int rc;

	definition_path(old_name, from, sizeof(from));
	definition_path(g->name, to, sizeof(to));
	rc = save_at(from, g, err);
	return rc || rename(from, to) == 0 ? rc : error_set_errno(err, ERR_NONE, errno, NULL, "%s", to);
}

void guest_drop_definition(const struct guest *g)
{
	char path[512];

	definition_path(g->name, path, sizeof(path));
	(void)unlink(path);
}

/* ---- the journal of what runs ---- */

json_t *guest_device_json(const struct guest_device *d)
{
	return json_pack("{s:i, s:i, s:i, s:i, s:i, s:I, s:I}", "state", (int)d->state, "id", (int)d->id,
			 "loop", d->loop, "major", (int)d->major, "minor", (int)d->minor,
			 "dev", (json_int_t)d->file_dev, "ino", (json_int_t)d->file_ino);
}

void guest_device_from(const json_t *o, struct guest_device *d)
{
#define NUMBER(key) json_integer_value(json_object_get(o, key))
	*d = (struct guest_device){
		.state = (enum device_state)NUMBER("state"), .id = (uint32_t)NUMBER("id"), .loop = (int)NUMBER("loop"),
		.major = (uint32_t)NUMBER("major"), .minor = (uint32_t)NUMBER("minor"),
		.file_dev = (uint64_t)NUMBER("dev"), .file_ino = (uint64_t)NUMBER("ino"),
	};
#undef NUMBER
}

static json_t *devices_json(const struct guest_device *d, size_t n)
{
	json_t *list = json_array();

	for (size_t i = 0; i < n; i++)
		json_array_append_new(list, guest_device_json(&d[i]));
	return list;
}

static void journal_path(const struct guest *g, char *buf, size_t size)
{
	char uuid[37];

	guest_uuid_text(g->uuid, uuid);
	snprintf(buf, size, "%s/guests/%s.json", xend.set.run_dir, uuid);
}

/* One that waits to be started again stands there as one whose end goes on: that is what the next daemon shall do. */
int guest_journal(const struct guest *g)
{
	bool waiting = g->state == GUEST_STOPPED && g->restarting;
	const struct guest_config *cfg = g->cfg ? g->cfg : g->again ? g->again : g->def;
	struct error err = ERROR_INIT;
	char path[512];
	json_t *json;
	int rc;

	journal_path(g, path, sizeof(path));
	if (g->state == GUEST_STOPPED && !waiting)
		return unlink(path) < 0 && errno != ENOENT ? -errno : 0;
	json = json_pack(
		"{s:s, s:b, s:s?, s:i, s:i, s:o, s:i, s:i, s:i, s:I, s:I, s:I, s:b, s:b, s:b, s:b, s:o, s:o, s:o, s:o}",
		"name", g->name, "persistent", g->persistent, "source", g->source,
		"state", (int)(waiting ? GUEST_STOPPING : g->state), "why", (int)g->why,
		"reason", proto_text(g->reason), "domid", waiting ? -1 : g->domid, "store_port", (int)g->store_port,
		"console_port", (int)g->console_port, "store_mfn", (json_int_t)g->store_mfn, "console_mfn",
		(json_int_t)g->console_mfn, "started_ns", (json_int_t)g->started_ns, "paused",
		g->start_paused, "restart", g->restart_asked, "restarting", g->restarting, "redefined",
		g->redefined, "config", conf_to_json(cfg), "def", conf_to_json(g->def), "disks",
		devices_json(g->disks, g->n_disks), "vifs", devices_json(g->vifs, g->n_vifs));
	rc = write_json(path, json, &err);
	if (rc)
		log_error(LOG_LEVEL_ERROR, &err);
	return rc;
}

/* Found by their numbers: the configuration may have lost one that this version refuses. */
static void devices_from(const json_t *list, struct guest_device *d, size_t n)
{
	for (size_t i = 0; i < n; i++)
		for (size_t k = 0; k < json_array_size(list); k++) {
			struct guest_device was;

			guest_device_from(json_array_get(list, k), &was);
			if (was.id == d[i].id) {
				d[i] = was;
				break;
			}
		}
}

/* NULL and an error in the log if the checks do not pass, unless `salvage`: then without what does not pass them. */
static struct guest_config *config_from(const json_t *json, const char *path, bool salvage)
{
	struct conf_options opt = { .source = path, .lenient = true, .salvage = salvage };
	struct conf_diags diags = { 0 };
	struct guest_config *cfg = NULL;
	struct error err = ERROR_INIT;

	if (json && conf_from_json(json, &opt, &cfg, &diags) < 0) {
		conf_diags_first(&diags, &err);
		log_error(LOG_LEVEL_ERROR, &err);
	}
	conf_diags_free(&diags);
	return cfg;
}

/* What runs is ours, whatever a later version thinks of its configuration. */
static struct guest_config *running_config(const json_t *json, const char *path, bool *flawed)
{
	struct guest_config *cfg = config_from(json, path, false);

	*flawed = !cfg;
	return cfg ? cfg : config_from(json, path, true);
}

static void adopt_definition(const json_t *json, const char *path)
{
	struct guest_config *cfg = config_from(json_object_get(json, "config"), path, false);
	struct error err = ERROR_INIT;
	char right[512];
	struct guest *g;

	if (!cfg)
		return;
	if (guest_add(cfg, true, json_string_value(json_object_get(json, "source")), &g, &err) < 0) {
		log_error(LOG_LEVEL_ERROR, &err);
		guest_config_free(cfg);
		return;
	}
	definition_path(g->name, right, sizeof(right));
	if (strcmp(path, right) != 0 && rename(path, right) < 0)
		log_warn("%s holds the definition of '%s': %s", path, g->name, strerror(errno));
}

/* Renaming moves the definition first: a daemon killed behind that has left the old name here. */
static void take_new_name(struct guest_config *cfg, struct guest_config *def)
{
	const struct guest *g = guest_by_uuid(def->uuid);
	struct guest_config *both[] = { cfg, def };

	if (!g || strcmp(g->name, def->name) == 0)
		return;
	console_log_rename(def->name, g->name);
	for (size_t i = 0; i < 2; i++) {
		char *name = strdup(g->name);

		if (name) {
			free(both[i]->name);
			both[i]->name = name;
		}
	}
}

static void adopt_running(const json_t *json, const char *path)
{
	bool cfg_flawed, def_flawed;
	struct guest_config *cfg = running_config(json_object_get(json, "config"), path, &cfg_flawed);
	struct guest_config *def = running_config(json_object_get(json, "def"), path, &def_flawed);
	struct error err = ERROR_INIT;
	struct guest *g = NULL;

#define NUMBER(key) json_integer_value(json_object_get(json, key))
	if (cfg && def)
		take_new_name(cfg, def);
	if (!cfg || !def || guest_add(def, json_is_true(json_object_get(json, "persistent")),
				      json_string_value(json_object_get(json, "source")), &g, &err) < 0) {
		if (error_is_set(&err))
			log_error(LOG_LEVEL_ERROR, &err);
		guest_config_free(cfg);
		guest_config_free(def);
		return;
	}
	g->cfg = cfg;
	g->flawed = def_flawed;
	g->redefined = json_is_true(json_object_get(json, "redefined")) || cfg_flawed;
	g->restarting = json_is_true(json_object_get(json, "restarting"));
	g->state = (enum guest_state)NUMBER("state");
	g->why = (enum guest_why)NUMBER("why");
	snprintf(g->reason, sizeof(g->reason), "%s", json_string_value(json_object_get(json, "reason")));
	g->domid = (int)NUMBER("domid");
	g->store_port = (evtchn_port_t)NUMBER("store_port");
	g->console_port = (evtchn_port_t)NUMBER("console_port");
	g->store_mfn = (xen_pfn_t)NUMBER("store_mfn");
	g->console_mfn = (xen_pfn_t)NUMBER("console_mfn");
	g->started_ns = (uint64_t)NUMBER("started_ns");
	g->start_paused = json_is_true(json_object_get(json, "paused"));
	g->restart_asked = json_is_true(json_object_get(json, "restart"));
#undef NUMBER
	if (guest_fit_devices(g) == 0) {
		devices_from(json_object_get(json, "disks"), g->disks, g->n_disks);
		devices_from(json_object_get(json, "vifs"), g->vifs, g->n_vifs);
	}
}

static int load_folder(const char *folder, void (*adopt)(const json_t *json, const char *path),
		       struct error *err)
{
	DIR *dir;
	struct dirent *e;

	if (file_make_dirs(folder, 0700, err) < 0)
		return -EIO;
	dir = opendir(folder);
	if (!dir)
		return error_set_errno(err, ERR_NONE, errno, NULL, "cannot read %s", folder);
	while ((e = readdir(dir))) {
		size_t n = strlen(e->d_name);
		struct error bad = ERROR_INIT;
		char path[1024], *text;
		json_t *json;
		size_t len;

		snprintf(path, sizeof(path), "%s/%s", folder, e->d_name);
		if (n < 6 || strcmp(e->d_name + n - 5, ".json") != 0) {
			if (n > 12 && strncmp(e->d_name + n - 12, ".json.", 6) == 0)
				(void)unlink(path);	/* a daemon was killed before it could rename it */
			continue;
		}
		if (file_read(path, FILE_MAX, &text, &len, &bad) < 0) {
			log_error(LOG_LEVEL_ERROR, &bad);
			continue;
		}
		json = json_loadb(text, len, 0, NULL);
		if (json)
			adopt(json, path);
		else
			log_err("%s is damaged and is left alone", path);
		json_decref(json);
		free(text);
	}
	closedir(dir);
	return 0;
}

int registry_load(struct error *err)
{
	char folder[512];
	int rc;

	snprintf(folder, sizeof(folder), "%s/guests", xend.set.state_dir);
	rc = load_folder(folder, adopt_definition, err);
	if (rc)
		return rc;
	snprintf(folder, sizeof(folder), "%s/guests", xend.set.run_dir);
	return load_folder(folder, adopt_running, err);
}
