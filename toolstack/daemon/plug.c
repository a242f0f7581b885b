/* SPDX-License-Identifier: MIT */
/*
 * Hot plug and unplug.  Attaching a disk opens its file in a worker; the daemon then writes the nodes and
 * answers when the backend has taken the device.  Detaching asks both ends to close and answers when the
 * backend has; a guest that does not do its part keeps its device unless --force is given.
 */
#include <errno.h>
#include <event2/event.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "abi/io/xenbus.h"
#include "base/strbuf.h"
#include "conf/conf.h"
#include "daemon/device.h"
#include "daemon/disk.h"
#include "daemon/events.h"
#include "daemon/hotplug.h"
#include "daemon/ops.h"
#include "daemon/plug.h"
#include "daemon/vif.h"
#include "daemon/worker.h"
#include "daemon/xend.h"
#include "proto/proto.h"

#define DETACH_S 10

/* One more entry at the end of cfg->disks or vifs (its contents taken over), and its runtime twin. */
static int append(struct guest *g, void *list, size_t *n, const void *item, size_t size)
{
	char *grown = reallocarray(*(void **)list, *n + 1, size);

	if (!grown)
		return -ENOMEM;
	*(void **)list = grown;
	memcpy(grown + (*n)++ * size, item, size);
	return guest_fit_devices(g);
}

static void erase(void *list, size_t *n, size_t i, size_t size)
{
	char *at = (char *)list + i * size;

	memmove(at, at + size, (--*n - i) * size);
}

void plug_forget(struct guest *g, enum device_kind kind, size_t i)
{
	struct guest_config *cfg = g->cfg;

	if (kind == DEVICE_VBD) {
		guest_disk_clear(&cfg->disks[i]);
		erase(cfg->disks, &cfg->n_disks, i, sizeof(*cfg->disks));
		erase(g->disks, &g->n_disks, i, sizeof(*g->disks));
	} else {
		guest_vif_clear(&cfg->vifs[i]);
		erase(cfg->vifs, &cfg->n_vifs, i, sizeof(*cfg->vifs));
		erase(g->vifs, &g->n_vifs, i, sizeof(*g->vifs));
	}
	(void)guest_journal(g);
}

static long find_disk(const struct guest *g, uint32_t id)
{
	for (size_t i = 0; i < g->n_disks; i++)
		if (g->disks[i].id == id && g->disks[i].state != DEV_GONE)
			return (long)i;
	return -1;
}

/* ---- attaching a disk ---- */

struct attach {
	struct request *rq;
	char guest[GUEST_NAME_MAX + 1];
	uint8_t uuid[16];
	int domid;
	uint32_t id;
	struct guest *g;	/* in the worker */
	size_t index;
};

static json_t *disk_json(const struct guest *g, const struct guest_disk *disk)
{
	return json_pack("{s:s, s:s, s:i}", "name", g->name, "vdev", disk->vdev, "devid", (int)disk->devid);
}

static void answer_disk(struct request *rq, const struct guest *g, size_t i)
{
	request_ok(rq, disk_json(g, &g->cfg->disks[i]));
}

static json_t *attach_work(void *arg, struct error *err)
{
	struct attach *a = arg;
	const struct guest_disk *disk = &a->g->cfg->disks[a->index];
	struct guest_device d = { .id = a->id, .loop = -1 };

	if (disk_check(disk, err) || disk_attach(a->g, disk, &d, err))
		return NULL;
	return json_pack("{s:o}", "device", guest_device_json(&d));
}

static void on_attached(void *ctx, json_t *result, const struct error *failed)
{
	struct attach *a = ctx;
	struct guest *g = guest_by_uuid(a->uuid);
	struct guest_device taken = { .loop = -1 };
	struct error err = *failed;
	long i = g ? find_disk(g, a->id) : -1;
	int rc = result ? 0 : -EIO;

	if (result)
		guest_device_from(json_object_get(result, "device"), &taken);
	if (i >= 0 && g->domid != a->domid)	/* another disk, of a later start */
		i = -1;
	if (!rc && (i < 0 || g->state != GUEST_RUNNING))
		rc = error_set(&err, ERR_CONFLICT, NULL, "the guest stopped meanwhile");
	if (!rc)
		rc = disk_claim(g, (size_t)i, &taken, &err);
	if (!rc) {
		(void)guest_journal(g);
		rc = device_publish(g, DEVICE_VBD, (size_t)i, &err);
	}
	if (rc) {
		disk_release(a->uuid, &taken);
		if (i >= 0)
			plug_forget(g, DEVICE_VBD, (size_t)i);
		error_what(&err, "guest '%s'", a->guest);
		request_fail(a->rq, &err);
	} else {
		(void)guest_journal(g);
		events_emit(g, "device", g->cfg->disks[i].vdev, NULL);
		answer_disk(a->rq, g, (size_t)i);
	}
	free(a);
}

static int begin_attach(struct request *rq, struct guest *g, uint32_t id, struct error *err)
{
	static const struct worker_calls calls = { attach_work, NULL, on_attached };
	struct attach *a = calloc(1, sizeof(*a));
	struct worker *w;
	int rc;

	if (!a)
		return error_set_errno(err, ERR_RESOURCES, ENOMEM, NULL, "block-attach");
	a->rq = rq;
	a->g = g;
	a->id = id;
	a->domid = g->domid;
	a->index = g->n_disks - 1;
	snprintf(a->guest, sizeof(a->guest), "%s", g->name);
	memcpy(a->uuid, g->uuid, sizeof(a->uuid));
	request_keep(rq);
	rc = worker_start(&w, "disk", &calls, a, a, NULL, 0, err);
	if (rc)
		free(a);
	return rc;
}

/* Its script makes it, and tells by events what came of that. */
struct scripted {
	uint32_t id;
	struct error err;
};

static void scripted_event(struct request *rq, struct guest *g, const char *event, const struct error *err)
{
	struct scripted *a = rq->ctx;
	long i = find_disk(g, a->id);
	enum device_state state = i < 0 ? DEV_GONE : g->disks[i].state;
	struct error e;

	if (err && state == DEV_ENDING && !error_is_set(&a->err))
		a->err = *err;
	if (strcmp(event, "stopped") != 0 && (strcmp(event, "device") != 0 || (state != DEV_UP && state != DEV_GONE)))
		return;
	e = a->err;
	free(a);
	rq->ctx = NULL;
	if (state == DEV_UP && g->state == GUEST_RUNNING) {
		g->disks[i].plugging = false;
		answer_disk(rq, g, (size_t)i);
		return;
	}
	if (!error_is_set(&e))
		(void)error_set(&e, ERR_CONFLICT, NULL, "the disk was detached, or the guest stopped, meanwhile");
	error_what(&e, "guest '%s'", g->name);
	request_fail(rq, &e);
}

static int begin_scripted(struct request *rq, struct guest *g, uint32_t id, struct error *err)
{
	struct scripted *a = calloc(1, sizeof(*a));
	size_t i = g->n_disks - 1;
	int rc;

	if (!a)
		return error_set_errno(err, ERR_RESOURCES, ENOMEM, NULL, "block-attach");
	a->id = id;
	rq->ctx = a;
	rc = ops_listen(rq, g, scripted_event, 0, NULL, err);
	if (!rc)
		rc = device_publish(g, DEVICE_VBD, i, err);
	if (rc) {
		free(a);
		rq->ctx = NULL;
		return rc;
	}
	(void)guest_journal(g);
	if (hotplug_add_disk(g, i)) {
		(void)error_set_errno(&a->err, ERR_RESOURCES, ENOMEM, NULL, "block-attach");
		device_remove(g, DEVICE_VBD, i);	/* its event answers */
	}
	return 0;
}

int plug_block_attach(struct request *rq, struct error *err)
{
	struct guest_disk disk = { 0 };
	struct guest *g;
	int rc = ops_running(rq, &g, err);

	if (!rc)
		rc = conf_parse_disk(proto_arg_str(rq->args, "disk"), &disk, err);
	if (rc)
		return rc;
	if (find_disk(g, disk.devid) >= 0) {
		rc = error_set(err, ERR_CONFLICT, NULL, "already has a disk '%s'", disk.vdev);
		error_what(err, "guest '%s'", g->name);
	} else {
		rc = disk_check(&disk, err);
	}
	if (rc || rq->dry_run) {
		if (!rc)
			request_ok(rq, disk_json(g, &disk));
		error_what(err, "guest '%s'", g->name);
		guest_disk_clear(&disk);
		return rc;
	}
	if (append(g, &g->cfg->disks, &g->cfg->n_disks, &disk, sizeof(disk)) < 0) {
		guest_disk_clear(&disk);
		return error_set_errno(err, ERR_RESOURCES, ENOMEM, NULL, "block-attach");
	}
	g->disks[g->n_disks - 1].plugging = true;
	rc = (disk.script ? begin_scripted : begin_attach)(rq, g, disk.devid, err);
	if (rc)
		plug_forget(g, DEVICE_VBD, g->n_disks - 1);
	return rc;
}

/* ---- attaching a net ---- */

static uint32_t free_vif(const struct guest *g)
{
	uint32_t id = 0;

	for (size_t i = 0; i < g->n_vifs; i++)
		if (g->vifs[i].id >= id)
			id = g->vifs[i].id + 1;
	return id;
}

static void answer_vif(struct request *rq, const struct guest *g, size_t i)
{
	char mac[18];

	device_mac(g, i, mac);
	request_ok(rq,
		   json_pack("{s:s, s:i, s:s}", "name", g->name, "index", (int)g->vifs[i].id, "mac", mac));
}

int plug_net_attach(struct request *rq, struct error *err)
{
	const char *spec = proto_arg_str(rq->args, "vif");
	struct guest_vif vif = { 0 };
	struct guest *g;
	uint32_t id;
	int rc = ops_running(rq, &g, err);

	if (!rc)
		rc = conf_parse_vif(spec ? spec : "", &vif, err);
	if (rc)
		return rc;
	rc = vif_check(&vif, err);
	if (rc || rq->dry_run) {
		if (!rc)
			request_ok(rq, json_pack("{s:s, s:i, s:s}", "name", g->name, "index",
						 (int)free_vif(g), "mac", ""));
		error_what(err, "guest '%s'", g->name);
		guest_vif_clear(&vif);
		return rc;
	}
	id = free_vif(g);
	if (append(g, &g->cfg->vifs, &g->cfg->n_vifs, &vif, sizeof(vif)) < 0) {
		guest_vif_clear(&vif);
		return error_set_errno(err, ERR_RESOURCES, ENOMEM, NULL, "network-attach");
	}
	g->vifs[g->n_vifs - 1].id = id;
	rc = device_publish(g, DEVICE_VIF, g->n_vifs - 1, err);
	if (rc) {
		plug_forget(g, DEVICE_VIF, g->n_vifs - 1);
		return rc;
	}
	(void)guest_journal(g);
	events_emit(g, "device", "network attached", NULL);
	answer_vif(rq, g, g->n_vifs - 1);
	return 0;
}

/* ---- detaching ---- */

struct detach {
	enum device_kind kind;
	uint32_t id;
	bool force;
	json_t *answer;
};

static long detach_index(const struct detach *d, struct guest *g)
{
	size_t n = d->kind == DEVICE_VBD ? g->n_disks : g->n_vifs;

	for (size_t i = 0; i < n; i++)
		if (device_of(g, d->kind, i)->id == d->id)
			return (long)i;
	return -1;
}

static void detach_end(struct request *rq)
{
	free(rq->ctx);
	rq->ctx = NULL;
}

static void detach_event(struct request *rq, struct guest *g, const char *event, const struct error *err)
{
	struct detach *d = rq->ctx;
	json_t *answer = d->answer;
	long i = detach_index(d, g);

	(void)err;
	if (strcmp(event, "device") != 0 && strcmp(event, "stopped") != 0)
		return;
	if (i >= 0 && device_of(g, d->kind, (size_t)i)->state != DEV_GONE)
		return;
	detach_end(rq);
	request_ok(rq, answer);
}

static void detach_timeout(struct request *rq)
{
	struct detach *d = rq->ctx;
	struct guest *g = guest_by_name(rq->guest);
	struct error err = ERROR_INIT;
	long i = g ? detach_index(d, g) : -1;

	if (i >= 0 && device_of(g, d->kind, (size_t)i)->state == DEV_ENDING &&
	    request_timeout(rq, DETACH_S, detach_timeout) == 0)
		return;		/* closed, and with its script, whose time has a limit of its own */
	if (i >= 0 && d->force) {
		device_remove(g, d->kind, (size_t)i);	/* its event answers */
		return;
	}
	(void)error_set(&err, ERR_GUEST, NULL,
			"does not let the device go within %d s (is it mounted or in use?)", DETACH_S);
	error_what(&err, "guest '%s'", rq->guest);
	error_hint(&err, "unmount it in the guest, or use --force");
	json_decref(d->answer);
	detach_end(rq);
	request_fail(rq, &err);
}

static int begin_detach(struct request *rq, struct guest *g, enum device_kind kind, size_t i, json_t *answer,
			struct error *err)
{
	struct detach *d = calloc(1, sizeof(*d));
	int rc;

	if (rq->dry_run) {
		free(d);
		request_ok(rq, answer);
		return 0;
	}
	if (!d) {
		json_decref(answer);
		return error_set_errno(err, ERR_RESOURCES, ENOMEM, NULL, "detach");
	}
	*d = (struct detach){ kind, device_of(g, kind, i)->id, proto_arg_bool(rq->args, "force"), answer };
	rq->ctx = d;
	rc = ops_listen(rq, g, detach_event, d->force ? 2 : DETACH_S, detach_timeout, err);
	if (rc) {
		json_decref(answer);
		detach_end(rq);
		return rc;
	}
	device_close(g, kind, i);
	return 0;
}

int plug_block_detach(struct request *rq, struct error *err)
{
	const char *vdev = proto_arg_str(rq->args, "vdev");
	struct guest *g;
	uint32_t id = 0;
	long i = -1;
	int rc = ops_running(rq, &g, err);

	if (rc)
		return rc;
	if (is_number(vdev))
		i = find_disk(g, (uint32_t)strtoul(vdev, NULL, 10));
	else if (conf_disk_devid(vdev, &id) == 0)
		i = find_disk(g, id);
	if (i < 0) {
		rc = error_set(err, ERR_NOT_FOUND, NULL, "has no disk '%s'", vdev);
		error_what(err, "guest '%s'", g->name);
		error_hint(err, "'xl block-list %s' shows its disks", g->name);
		return rc;
	}
	return begin_detach(rq, g, DEVICE_VBD, (size_t)i,
			    disk_json(g, &g->cfg->disks[i]), err);
}

int plug_net_detach(struct request *rq, struct error *err)
{
	const char *word = proto_arg_str(rq->args, "vif");
	struct guest *g;
	char mac[18];
	int rc = ops_running(rq, &g, err);

	if (rc)
		return rc;
	for (size_t i = 0; i < g->n_vifs; i++) {
		device_mac(g, i, mac);
		if (g->vifs[i].state != DEV_GONE &&
		    (strcasecmp(word, mac) == 0 || (is_number(word) && g->vifs[i].id == strtoul(word, NULL, 10))))
			return begin_detach(rq, g, DEVICE_VIF, i,
					    json_pack("{s:s, s:i, s:s}", "name", g->name, "index",
						      (int)g->vifs[i].id, "mac", mac),
					    err);
	}
	rc = error_set(err, ERR_NOT_FOUND, NULL, "has no network interface '%s'", word);
	error_what(err, "guest '%s'", g->name);
	error_hint(err, "'xl network-list %s' shows them", g->name);
	return rc;
}
