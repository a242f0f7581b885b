/* SPDX-License-Identifier: MIT */
/* Operations on a guest's devices: console, disks and nets, listed, plugged and unplugged while it runs. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "daemon/console.h"
#include "daemon/device.h"
#include "daemon/ops.h"
#include "daemon/plug.h"
#include "daemon/vif.h"
#include "daemon/xend.h"
#include "proto/proto.h"

static int op_console(struct request *rq, struct error *err)
{
	struct guest *g;
	json_t *o;
	int fd, rc = ops_running(rq, &g, err);

	if (rc)
		return rc;
	if (!g->console) {
		rc = error_set(err, ERR_FAILED, NULL, "its console is not connected");
		error_what(err, "guest '%s'", g->name);
		return rc;
	}
	fd = console_attach(g->console, (unsigned int)proto_arg_int(rq->args, "replay_lines", 25),
			    proto_arg_bool(rq->args, "read_only"));
	if (fd < 0)
		return error_set_errno(err, ERR_RESOURCES, -fd, NULL, "cannot attach to the console");
	o = json_pack("{s:s, s:i, s:s}", "name", g->name, "domid", g->domid, "pty", console_tty(g->console));
	request_ok_fd(rq, o, fd);
	close(fd);
	return 0;
}

/* A number that one end of a device wrote; guests write some: shown as numbers, never used. */
static json_t *node_number(const struct guest *g, enum device_kind kind, size_t i, bool backend,
			   const char *name)
{
	char *text = device_node(g, kind, i, backend, name);
	json_t *n = text ? json_integer(strtoll(text, NULL, 10)) : json_null();

	free(text);
	return n;
}

static void add_paths(json_t *o, const struct guest *g, enum device_kind kind, size_t i)
{
	char path[256];

	device_path(g, kind, i, false, path, sizeof(path));
	json_object_set_new(o, "frontend_path", json_string(path));
	device_path(g, kind, i, true, path, sizeof(path));
	json_object_set_new(o, "backend_path", json_string(path));
	json_object_set_new(o, "backend_domid", json_integer(0));
	json_object_set_new(o, "state", node_number(g, kind, i, false, "state"));
	json_object_set_new(o, "event_channel", node_number(g, kind, i, false, "event-channel"));
}

static int op_block_list(struct request *rq, struct error *err)
{
	struct guest *g;
	json_t *list;
	int rc = ops_running(rq, &g, err);

	if (rc)
		return rc;
	list = json_array();
	for (size_t i = 0; i < g->n_disks; i++) {
		const struct guest_disk *disk = &g->cfg->disks[i];
		json_t *o;

		if (g->disks[i].state == DEV_GONE)
			continue;
		o = json_pack("{s:s, s:i, s:s?, s:s, s:s}", "vdev", disk->vdev, "devid", (int)g->disks[i].id,
			      "target", disk->target, "format",
			      disk->format == GUEST_DISK_EMPTY ? "empty" : "raw", "mode",
			      disk->readonly ? "r" : "w");
		add_paths(o, g, DEVICE_VBD, i);
		json_object_set_new(o, "ring_ref", node_number(g, DEVICE_VBD, i, false, "ring-ref"));
		json_array_append_new(list, o);
	}
	request_ok(rq, json_pack("{s:o}", "disks", list));
	return 0;
}

static int op_network_list(struct request *rq, struct error *err)
{
	struct guest *g;
	json_t *list;
	int rc = ops_running(rq, &g, err);

	if (rc)
		return rc;
	list = json_array();
	for (size_t i = 0; i < g->n_vifs; i++) {
		const struct guest_vif *vif = &g->cfg->vifs[i];
		char mac[18], dev[16];
		json_t *o;

		if (g->vifs[i].state == DEV_GONE)
			continue;
		device_mac(g, i, mac);
		vif_name(g, i, dev);
		o = json_pack("{s:i, s:s, s:s, s:s?, s:s}", "index", (int)g->vifs[i].id, "mac",
			      mac, "bridge", vif->bridge ? vif->bridge : xend.set.bridge, "ip",
			      vif->ip	      ? vif->ip
			      : g->address[0] ? g->address
					      : NULL,
			      "dev", dev);
		add_paths(o, g, DEVICE_VIF, i);
		json_object_set_new(o, "tx_ring_ref", node_number(g, DEVICE_VIF, i, false, "tx-ring-ref"));
		json_object_set_new(o, "rx_ring_ref", node_number(g, DEVICE_VIF, i, false, "rx-ring-ref"));
		json_array_append_new(list, o);
	}
	request_ok(rq, json_pack("{s:o}", "vifs", list));
	return 0;
}

const struct handler ops_device[] = {
	{ "console", op_console }, { "block-list", op_block_list }, { "network-list", op_network_list },
	{ "block-attach", plug_block_attach }, { "block-detach", plug_block_detach },
	{ "network-attach", plug_net_attach }, { "network-detach", plug_net_detach }, { NULL, NULL },
};
