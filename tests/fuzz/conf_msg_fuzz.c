/* SPDX-License-Identifier: MIT */
/*
 * Fuzzes what xend reads from its clients and xl from xend: the bytes go through a real connection in pieces,
 * every message is held against the table, and as a reply.
 */
#include <stdint.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <unistd.h>

#include "proto/proto.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void use_message(json_t *msg)
{
	const struct proto_op *op = NULL;
	enum proto_reply_kind kind;
	struct error err = ERROR_INIT;
	json_t *args = NULL, *body;

	if (proto_check_request(msg, &op, &args, &err) == 0) {
		for (const struct proto_arg *a = op->args; a->name; a++)
			if (a->required && !json_object_get(args, a->name))
				abort();
	} else if (!error_is_set(&err)) {
		abort();
	}
	error_clear(&err);
	if (proto_check_reply(msg, &kind, &body, &err) == 0 && !body)
		abort();
	json_decref(msg);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct proto_conn conn;
	size_t step = size ? data[0] % 61 + 1 : 1;
	int fds[2], rc = 0;

	if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK, 0, fds))
		abort();
	proto_conn_init(&conn, fds[0], PROTO_REQUEST_MAX);
	for (size_t i = 1; i < size && (rc == 0 || rc == -11); i += step) {
		json_t *msg;

		if (write(fds[1], data + i, size - i < step ? size - i : step) < 0)
			break;
		rc = proto_conn_fill(&conn);
		if (rc && rc != -11)
			break;
		while ((rc = proto_conn_next(&conn, &msg, NULL)) == 0)
			use_message(msg);
	}
	proto_conn_close(&conn);
	close(fds[1]);
	return 0;
}
