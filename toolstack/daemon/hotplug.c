/* SPDX-License-Identifier: MIT */
/* See hotplug.h. */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>

#include "daemon/disk.h"
#include "daemon/events.h"
#include "daemon/hotplug.h"
#include "daemon/script.h"
#include "daemon/xend.h"
#include "daemon/xs.h"

#define BACKEND_S 5	/* to close, when the guest is out of the way */

/* What a script says of its failure stands in the store; what it printed is second best. */
static void explain(const struct guest *g, enum device_kind kind, size_t i, const struct error *failed,
		    struct error *err)
{
	char *text = device_node(g, kind, i, true, "hotplug-error"), shown[256];

	error_clear(err);
	if (text && text[0])
		(void)error_set(err, ERR_FAILED, NULL, "script '%s': %s", script_of(g, kind, i),
				log_text(shown, sizeof(shown), text, strlen(text)));
	else
		(void)error_set(err, failed->code, NULL, "script '%s' %s", script_of(g, kind, i), failed->why);
	if (kind == DEVICE_VBD)
		error_what(err, "guest '%s': disk %s", g->name, g->cfg->disks[i].vdev);
	else
		error_what(err, "guest '%s': net %u", g->name, g->vifs[i].id);
	error_hint(err, "what it printed is in the log: journalctl -u xend");
	free(text);
}

/* ---- coming ---- */

/* The block device that the script made: by number, as on Linux, or by path. */
static int made_device(struct guest *g, size_t i, unsigned int *maj, unsigned int *min)
{
	char *number = device_node(g, DEVICE_VBD, i, true, "physical-device"), *path = NULL;
	struct stat st;
	int rc = number && sscanf(number, "%x:%x", maj, min) == 2 ? 0 : -ENODEV;

	if (rc)
		path = device_node(g, DEVICE_VBD, i, true, "physical-device-path");
	if (path && path[0] == '/' && stat(path, &st) == 0 && S_ISBLK(st.st_mode)) {
		*maj = major(st.st_rdev);
		*min = minor(st.st_rdev);
		rc = device_put(g, DEVICE_VBD, i, "physical-device", "%x:%x", *maj, *min);
	}
	free(number);
	free(path);
	return rc;
}

static void on_added(struct guest *g, enum device_kind kind, size_t i, const struct error *failed)
{
	struct guest_device *d = &g->disks[i];
	struct error none = ERROR_INIT, err = ERROR_INIT;
	unsigned int maj = 0, min = 0;

	if (d->state != DEV_ADDING) {	/* meanwhile it is to go */
		d->state = DEV_UP;
		device_remove(g, kind, i);
		return;
	}
	if (!failed && made_device(g, i, &maj, &min)) {
		(void)error_set(&none, ERR_FAILED, NULL, "has written no physical-device");
		failed = &none;
	}
	if (failed)
		explain(g, kind, i, failed, &err);
	else if (disk_claim_number(g, i, maj, min, &err) == 0 && device_put(g, kind, i, "hotplug-status", "connected"))
		(void)error_set(&err, ERR_INTERNAL, NULL, "cannot write to the store");
	if (error_is_set(&err)) {
		guest_device_failed(g, kind, i, &err);
		return;
	}
	d->state = DEV_UP;
	guest_device_ready(g, i);
}

int hotplug_add_disk(struct guest *g, size_t i)
{
	return script_start(g, DEVICE_VBD, i, "add", 0, on_added);
}

bool hotplug_is_adding(const struct guest *g)
{
	for (size_t i = 0; i < g->n_disks; i++)
		if (g->disks[i].state == DEV_ADDING)
			return true;
	return false;
}

int hotplug_add_disks(struct guest *g)
{
	int rc = hotplug_is_adding(g) ? guest_journal(g) : 0;

	for (size_t i = 0; !rc && i < g->n_disks; i++)
		if (g->disks[i].state == DEV_ADDING)
			rc = hotplug_add_disk(g, i);
	return rc;
}

static void on_online(struct guest *g, enum device_kind kind, size_t i, const struct error *failed)
{
	struct guest_device *d = &g->vifs[i];
	struct error why;

	if (d->state == DEV_ENDING) {
		d->state = DEV_UP;
		device_remove(g, kind, i);
	} else if (failed) {
		explain(g, kind, i, failed, &why);
		log_error(LOG_LEVEL_ERROR, &why);
		events_emit(g, "device-error", why.why, NULL);
	} else {
		device_vif_ready(g, i);
	}
}

int hotplug_online(struct guest *g, size_t i)
{
	return script_start(g, DEVICE_VIF, i, "online", 0, on_online);
}

/* ---- going ---- */

static void on_gone(struct guest *g, enum device_kind kind, size_t i, const struct error *failed)
{
	struct error why;

	if (failed) {
		explain(g, kind, i, failed, &why);
		log_error(LOG_LEVEL_WARN, &why);
	}
	device_gone(g, kind, i);
}

static bool has_closed(const struct guest *g, enum device_kind kind, size_t i)
{
	char *state = device_node(g, kind, i, true, "state");
	bool closed = !state || device_closed(state);

	free(state);
	return closed;
}

bool hotplug_end(struct guest *g, enum device_kind kind, size_t i)
{
	struct guest_device *d = device_of(g, kind, i);
	bool called = d->state != DEV_NEW && (kind == DEVICE_VBD || d->plugged), closed;

	if (!script_of(g, kind, i) || !called)
		return false;
	if (d->script) {
		if (d->state != DEV_ENDING)
			script_kill(d->script);	/* its end comes back here */
		d->state = DEV_ENDING;
		return true;
	}
	d->state = DEV_ENDING;
	(void)guest_journal(g);
	closed = has_closed(g, kind, i);
	device_let_go(g, kind, i, closed);
	return script_start(g, kind, i, kind == DEVICE_VBD ? "remove" : "offline", closed ? 0 : BACKEND_S,
			    on_gone) == 0;
}

void hotplug_closed(struct guest *g, enum device_kind kind, size_t i)
{
	struct guest_device *d = device_of(g, kind, i);

	if (d->state == DEV_ENDING && d->script)
		script_now(d->script);
}
