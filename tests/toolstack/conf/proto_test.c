/* SPDX-License-Identifier: MIT */
/* Messages: framing, checks, descriptors, hostile peers. */
#include <errno.h>
#include <fcntl.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#include "../../unit/unit.h"
#include "base/file.h"
#include "proto/proto.h"

struct pair {
	struct proto_conn a, b;
};

static struct pair make_pair(void)
{
	struct pair p;
	int fds[2];

	if (socketpair(AF_UNIX, SOCK_STREAM, 0, fds))
		abort();
	proto_conn_init(&p.a, fds[0], PROTO_REPLY_MAX);
	proto_conn_init(&p.b, fds[1], PROTO_REQUEST_MAX);
	return p;
}

static void close_pair(struct pair *p)
{
	proto_conn_close(&p->a);
	proto_conn_close(&p->b);
}

TEST(a_request_and_its_replies)
{
	struct pair p = make_pair();
	struct error err = ERROR_INIT;
	enum proto_reply_kind kind;
	const struct proto_op *op;
	json_t *msg, *args, *body;

	CHECK_EQ(proto_conn_send(&p.a, proto_make_request("pause", json_pack("{s:s}", "guest", "web")), -1),
		 0);
	REQUIRE(proto_conn_recv(&p.b, &msg, 1000, &err) == 0);
	CHECK_EQ(proto_check_request(msg, &op, &args, &err), 0);
	CHECK_STR(op->name, "pause");
	CHECK_STR(proto_arg_str(args, "guest"), "web");
	CHECK(proto_arg_str(args, "other") == NULL);
	CHECK_EQ(proto_arg_int(args, "n", 7), 7);
	json_decref(msg);

	CHECK_EQ(proto_conn_send(&p.b, proto_make_progress(40, "half"), -1), 0);
	error_set(&err, ERR_NOT_FOUND, "guest 'x'", "is not there");
	error_hint(&err, "look");
	CHECK_EQ(proto_conn_send(&p.b, proto_make_error(&err), -1), 0);
	error_clear(&err);
	REQUIRE(proto_conn_recv(&p.a, &msg, 1000, &err) == 0);
	CHECK_EQ(proto_check_reply(msg, &kind, &body, &err), 0);
	CHECK_EQ(kind, PROTO_PROGRESS);
	json_decref(msg);
	REQUIRE(proto_conn_recv(&p.a, &msg, 1000, &err) == 0);
	CHECK_EQ(proto_check_reply(msg, &kind, &body, &err), 0);
	CHECK_EQ(kind, PROTO_ERROR);
	CHECK_EQ(err.code, ERR_NOT_FOUND);
	CHECK_STR(err.hint, "look");
	json_decref(msg);
	close_pair(&p);
}

static const char *check(const char *text)
{
	static char why[900];
	json_t *msg = json_loads(text, 0, NULL), *args;
	const struct proto_op *op;
	struct error err = ERROR_INIT;

	if (!msg)
		return "test is no JSON";
	if (proto_check_request(msg, &op, &args, &err) == 0)
		strcpy(why, "");
	else
		snprintf(why, sizeof(why), "%s", err.why);
	json_decref(msg);
	return why;
}

TEST(requests_are_held_against_the_table)
{
	CHECK_STR(check("{\"v\":1,\"op\":\"list\",\"args\":{}}"), "");
	CHECK_STR(check("{\"v\":1,\"op\":\"list\",\"args\":{\"all\":true}}"), "");
	CHECK_STR(check("{\"op\":\"list\",\"args\":{}}"), "is no request: it needs 'v', 'op' and 'args'");
	CHECK_STR(check("{\"v\":2,\"op\":\"list\",\"args\":{}}"),
		  "speaks protocol version 1, the client version 2");
	CHECK_STR(check("{\"v\":1,\"op\":\"lst\",\"args\":{}}"), "unknown operation 'lst'");
	CHECK_STR(check("{\"v\":1,\"op\":\"list\"}"), "operation 'list' without arguments");
	CHECK_STR(check("{\"v\":1,\"op\":\"list\",\"args\":{\"al\":true}}"), "argument 'al' is unknown");
	CHECK_STR(check("{\"v\":1,\"op\":\"list\",\"args\":{\"all\":1}}"),
		  "argument 'all' is neither true nor false");
	CHECK_STR(check("{\"v\":1,\"op\":\"pause\",\"args\":{}}"), "argument 'guest' is missing");
	CHECK_STR(check("{\"v\":1,\"op\":\"pause\",\"args\":{\"guest\":\"\"}}"),
		  "argument 'guest' is not a guest's name, number or UUID");
	CHECK_STR(check("{\"v\":1,\"op\":\"vcpu-set\",\"args\":{\"guest\":\"a\",\"vcpus\":129}}"),
		  "argument 'vcpus' is not a number from 1 to 128");
	CHECK_STR(check("{\"v\":1,\"op\":\"sysrq\",\"args\":{\"guest\":\"a\",\"key\":\"ab\"}}"),
		  "argument 'key' is not a string of allowed length");
	CHECK_STR(check("{\"v\":1,\"op\":\"check\",\"args\":{\"config\":\"\",\"overrides\":[1]}}"),
		  "argument 'overrides' is not a list of strings");
}

TEST(every_op_is_sound)
{
	for (size_t i = 0; i < proto_n_ops; i++) {
		bool dry = false;

		CHECK(proto_op_find(proto_ops[i].name) == &proto_ops[i]);
		CHECK(proto_ops[i].result != NULL);
		for (const struct proto_arg *a = proto_ops[i].args; a->name; a++) {
			dry |= strcmp(a->name, "dry_run") == 0;
			CHECK(a->min <= a->max);
		}
		CHECK_EQ(dry, (proto_ops[i].flags & PROTO_CHANGES) != 0);
	}
}

static int feed(struct proto_conn *conn, int from, const void *data, size_t len)
{
	json_t *msg = NULL;
	int rc;

	if (fd_write_all(from, data, len))
		abort();
	rc = proto_conn_fill(conn);
	if (!rc)
		rc = proto_conn_next(conn, &msg, NULL);
	json_decref(msg);
	return rc;
}

TEST(broken_frames_end_the_connection)
{
	static const struct { const char *bytes; size_t len; int rc;
	} cases[] = {
		{ "\0\0\0\0", 4, -EMSGSIZE },
		{ "\xff\xff\xff\xff", 4, -EMSGSIZE },
		{ "\2\0\0\0{", 5, -EAGAIN },
		{ "\2\0\0\0{}", 6, 0 },
		{ "\2\0\0\0[]", 6, -EPROTO },
		{ "\2\0\0\0xx", 6, -EPROTO },
		{ "\1\0\0\0", 3, -EAGAIN },
		{ "\4\0\0\0\"\xff\xfe\"", 8, -EPROTO },
		{ "\xd\0\0\0{\"a\":1,\"a\":2}", 17, -EPROTO },
	};
	char deep[4 + 100];

	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct pair p = make_pair();

		CHECK_EQ(feed(&p.b, p.a.fd, cases[i].bytes, cases[i].len), cases[i].rc);
		close_pair(&p);
	}
	memset(deep, '[', sizeof(deep));
	memcpy(deep, "\x64\0\0\0", 4);
	struct pair p = make_pair();
	CHECK_EQ(feed(&p.b, p.a.fd, deep, sizeof(deep)), -EPROTO);
	close_pair(&p);
}

TEST(bytes_one_at_a_time)
{
	struct pair p = make_pair();
	const char bytes[] = "\x0d\0\0\0{\"v\":[1,2,3]}\2\0\0\0{}";
	json_t *msg = NULL;
	int got = 0;

	for (size_t i = 0; i < sizeof(bytes) - 1; i++) {
		CHECK_EQ(fd_write_all(p.a.fd, bytes + i, 1), 0);
		CHECK_EQ(proto_conn_fill(&p.b), 0);
		if (proto_conn_next(&p.b, &msg, NULL) == 0) {
			got++;
			json_decref(msg);
		}
	}
	CHECK_EQ(got, 2);
	close_pair(&p);
}

TEST(a_descriptor_goes_along)
{
	struct pair p = make_pair();
	int pipe_fds[2], fd;
	json_t *msg;
	char c = 0;

	CHECK_EQ(pipe(pipe_fds), 0);
	CHECK_EQ(proto_conn_queue(&p.b, proto_make_progress(-1, "first"), -1), 0);
	CHECK_EQ(proto_conn_queue(&p.b, proto_make_ok(json_object()), pipe_fds[1]), 0);
	CHECK_EQ(proto_conn_queue(&p.b, proto_make_ok(json_object()), pipe_fds[1]), -EBUSY);
	CHECK_EQ(proto_conn_queue(&p.b, proto_make_progress(-1, "last"), -1), 0);
	CHECK_EQ(proto_conn_flush(&p.b), 0);
	close(pipe_fds[1]);
	/* All of it is there at once; the descriptor belongs to the second. */
	REQUIRE(proto_conn_recv(&p.a, &msg, 1000, NULL) == 0);
	json_decref(msg);
	CHECK_EQ(proto_conn_take_fd(&p.a), -1);
	REQUIRE(proto_conn_recv(&p.a, &msg, 1000, NULL) == 0);
	json_decref(msg);
	fd = proto_conn_take_fd(&p.a);
	REQUIRE(fd >= 0);
	CHECK_EQ(proto_conn_take_fd(&p.a), -1);
	REQUIRE(proto_conn_recv(&p.a, &msg, 1000, NULL) == 0);
	json_decref(msg);
	CHECK_EQ(proto_conn_take_fd(&p.a), -1);
	CHECK_EQ(write(fd, "x", 1), 1);
	CHECK_EQ(read(pipe_fds[0], &c, 1), 1);
	CHECK_EQ(c, 'x');
	close(fd);
	close(pipe_fds[0]);
	close_pair(&p);
}

TEST(a_descriptor_that_nobody_takes_is_closed)
{
	struct pair p = make_pair();
	int pipe_fds[2];
	json_t *msg;
	char c;

	CHECK_EQ(pipe(pipe_fds), 0);
	CHECK_EQ(proto_conn_queue(&p.b, proto_make_ok(json_object()), pipe_fds[1]), 0);
	CHECK_EQ(proto_conn_queue(&p.b, proto_make_progress(-1, "next"), -1), 0);
	CHECK_EQ(proto_conn_flush(&p.b), 0);
	close(pipe_fds[1]);
	for (int i = 0; i < 2; i++) {
		REQUIRE(proto_conn_recv(&p.a, &msg, 1000, NULL) == 0);
		json_decref(msg);
	}
	CHECK_EQ(read(pipe_fds[0], &c, 1), 0);
	close(pipe_fds[0]);
	close_pair(&p);
}

TEST(large_messages_pass_a_slow_reader)
{
	struct pair p = make_pair();
	size_t len = 3 << 20;
	char *big = malloc(len);
	json_t *msg = NULL;
	int rc;

	memset(big, 'x', len);
	CHECK_EQ(fd_set_nonblock(p.b.fd, 1), 0);
	CHECK_EQ(fd_set_nonblock(p.a.fd, 1), 0);
	CHECK_EQ(proto_conn_queue(&p.b, proto_make_data(json_stringn(big, len)), -1), 0);
	do {
		rc = proto_conn_flush(&p.b);
		CHECK(rc == 0 || rc == -EAGAIN);
		CHECK_EQ(proto_conn_fill(&p.a), 0);
	} while (proto_conn_next(&p.a, &msg, NULL) == -EAGAIN);
	REQUIRE(msg != NULL);
	CHECK_EQ(json_string_length(json_object_get(msg, "data")), len);
	json_decref(msg);
	free(big);
	close_pair(&p);
}

TEST(guests_bytes_become_valid_text)
{
	static const struct { const char *in; size_t len; const char *out; } cases[] = {
		{ "abc", 3, "abc" }, { "\xc3\xa4", 2, "\xc3\xa4" }, { "\xc3", 1, "\xef\xbf\xbd" },
		{ "a\xff" "b", 3, "a\xef\xbf\xbd" "b" }, { "\xc0\x80", 2, "\xef\xbf\xbd\xef\xbf\xbd" },
		{ "\xed\xa0\x80", 3, "\xef\xbf\xbd\xef\xbf\xbd\xef\xbf\xbd" }, { "\0", 1, "\xef\xbf\xbd" },
		{ "\xf4\x90\x80\x80", 4, "\xef\xbf\xbd\xef\xbf\xbd\xef\xbf\xbd\xef\xbf\xbd" },
	};

	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		json_t *json = proto_bytes(cases[i].in, cases[i].len);

		REQUIRE(json != NULL);
		CHECK_STR(json_string_value(json), cases[i].out);
		json_decref(json);
	}
}

TEST(sockets_are_made_private_and_dead_ones_replaced)
{
	char folder[] = "/tmp/proto-test.XXXXXX", path[64];
	struct error err = ERROR_INIT;
	struct proto_conn conn;
	struct proto_peer peer;
	struct stat st;
	int fd, again;

	REQUIRE(mkdtemp(folder) != NULL);
	snprintf(path, sizeof(path), "%s/s", folder);
	CHECK(proto_connect(path, &conn, &err) != 0);
	CHECK_EQ(err.code, ERR_DAEMON);
	error_clear(&err);
	fd = proto_listen(path, (gid_t)-1, &err);
	REQUIRE(fd >= 0);
	CHECK_EQ(stat(path, &st), 0);
	CHECK_EQ(st.st_mode & 0777, 0660);
	CHECK(proto_listen(path, (gid_t)-1, &err) < 0);
	CHECK_EQ(err.code, ERR_CONFLICT);
	error_clear(&err);
	REQUIRE(proto_connect(path, &conn, &err) == 0);
	CHECK_EQ(proto_peer(conn.fd, &peer), 0);
	CHECK_EQ(peer.uid, getuid());
	proto_conn_close(&conn);
	close(fd);
	again = proto_listen(path, (gid_t)-1, &err);
	CHECK(again >= 0);
	close(again);
	unlink(path);
	rmdir(folder);
}

int main(void)
{
	RUN(a_request_and_its_replies);
	RUN(requests_are_held_against_the_table);
	RUN(every_op_is_sound);
	RUN(broken_frames_end_the_connection);
	RUN(bytes_one_at_a_time);
	RUN(a_descriptor_goes_along);
	RUN(a_descriptor_that_nobody_takes_is_closed);
	RUN(large_messages_pass_a_slow_reader);
	RUN(guests_bytes_become_valid_text);
	RUN(sockets_are_made_private_and_dead_ones_replaced);
	return unit_end();
}
