/* SPDX-License-Identifier: MIT */
/* Operations on a guest's devices: console, disks and nets, listed, plugged and unplugged while it runs. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "daemon/console.h"
#include "daemon/ops.h"
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

const struct handler ops_device[] = {
	{ "console", op_console }, { NULL, NULL },
};
