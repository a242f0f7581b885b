/* SPDX-License-Identifier: MIT */
/*
 * Asking the daemon: one request, progress on the way, the end.  Progress goes to stderr: on a
 * terminal as one line that is written over, otherwise only with -v.
 */
#include <errno.h>
#include <string.h>
#include <unistd.h>

#include "cli/cli.h"

static bool progress_shown;

static void clear_progress(void)
{
	if (progress_shown && isatty(STDERR_FILENO))
		fputs("\r\033[K", stderr);
	progress_shown = false;
}

static void show_progress(const struct cli *cli, const json_t *body)
{
	const json_t *percent = json_object_get(body, "percent");
	bool tty = isatty(STDERR_FILENO);
	char text[300];

	if (cli->quiet || (!tty && !cli->verbose))
		return;
	cli_safe(text, sizeof(text), json_text(body, "text", ""));
	if (tty && !cli->verbose)
		fputs("\r\033[K", stderr);
	if (json_is_integer(percent))
		fprintf(stderr, "%s (%d%%)", text, (int)json_integer_value(percent));
	else
		fputs(text, stderr);
	if (!tty || cli->verbose)
		fputc('\n', stderr);
	fflush(stderr);
	progress_shown = tty && !cli->verbose;
}

/* -1: go on; 0: the end, good; otherwise an exit code. */
static int take_reply(struct cli *cli, struct cli_call *call, const json_t *msg)
{
	enum proto_reply_kind kind;
	json_t *body;

	if (proto_check_reply(msg, &kind, &body, &call->err))
		return ERR_DAEMON;
	switch (kind) {
	case PROTO_PROGRESS:
		show_progress(cli, body);
		return -1;
	case PROTO_DATA:
		clear_progress();
		return call->on_data && call->on_data(cli, body, call->data_arg) ? 0 : -1;
	case PROTO_OK:
		call->result = json_incref(body);
		return 0;
	case PROTO_ERROR:
		return (int)call->err.code;
	}
	return ERR_DAEMON;
}

static int converse(struct cli *cli, struct cli_call *call, struct proto_conn *conn)
{
	int rc = proto_conn_send(conn, proto_make_request(call->op, call->args), -1);

	call->args = NULL;
	if (rc && rc != -EPIPE) {	/* it may have said why it closed */
		error_set_errno(&call->err, ERR_DAEMON, rc, "xend", "does not take the request");
		return ERR_DAEMON;
	}
	for (;;) {
		json_t *msg = NULL;

		rc = proto_conn_recv(conn, &msg, -1, &call->err);
		if (rc) {
			error_set_errno(&call->err, ERR_DAEMON, rc, "xend", "cannot be heard");
			return (int)call->err.code;
		}
		rc = take_reply(cli, call, msg);
		json_decref(msg);
		if (rc >= 0)
			return rc;
	}
}

int cli_call(struct cli *cli, struct cli_call *call)
{
	struct proto_conn conn;
	int rc;

	call->result = NULL;
	call->fd = -1;
	error_clear(&call->err);
	if (proto_connect(cli->socket ? cli->socket : proto_socket_path(), &conn, &call->err)) {
		json_decref(call->args);
		call->args = NULL;
		rc = (int)call->err.code;
	} else {
		rc = converse(cli, call, &conn);
		clear_progress();
		if (!rc)
			call->fd = proto_conn_take_fd(&conn);
		proto_conn_close(&conn);
	}
	if (rc && !call->quiet_errors)
		cli_fail(&call->err);
	return rc;
}

int cli_simple_call(struct cli *cli, const char *op, json_t *args, json_t **result)
{
	struct cli_call call = { .op = op, .args = args };
	const struct proto_op *po = proto_op_find(op);
	int rc;

	if (cli->dry_run && po && po->flags & PROTO_CHANGES)
		json_object_set_new(args, "dry_run", json_true());
	rc = cli_call(cli, &call);
	if (!rc && cli->json)
		rc = cli_print_json(call.result);
	if (!rc)
		cli_print_notes(call.result);
	if (!rc && result)
		*result = call.result;
	else
		json_decref(call.result);
	return rc;
}
