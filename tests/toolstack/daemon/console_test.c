/* SPDX-License-Identifier: MIT */
/*
 * The process that moves the bytes of consoles, with a guest's ring in a page of ours and the daemon's end of its
 * socket in our hand: what a guest writes arrives whole in the log and at who is attached, a flood and a full log hold
 * it up and lose nothing, indices that are nonsense harm nobody, and nothing is left of a console that was closed.
 */
#include <errno.h>
#include <event2/event.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <unistd.h>

#include "abi/io/console.h"
#include "base/file.h"
#include "daemon/console_process.h"
#include "daemon/console_wire.h"
#include "made_ports.h"

#define DOMID 5
#define PORT 9
#define LIMIT 8192
#define STAMP 24	/* bytes before each line of a log */

static struct event_base *base;
static int daemon_end;
static struct xencons_interface *ring;
static unsigned int passed, failed;
static unsigned int full_notices;

static void check(const char *what, bool good)
{
	if (!good)
		printf("not ok - %s\n", what);
	*(good ? &passed : &failed) += 1;
}

static void turn(void)
{
	event_base_loop(base, EVLOOP_NONBLOCK);
}

static char answer_buf[sizeof(struct con_answer) + CON_BYTES_MAX];

static int call_fd(struct con_call c, int fd)
{
	const struct con_answer *a = (const struct con_answer *)answer_buf;

	if (fd_send(daemon_end, &c, sizeof(c), fd) < 0)
		return -EIO;
	turn();
	while (recv(daemon_end, answer_buf, sizeof(answer_buf), MSG_DONTWAIT) >= (ssize_t)sizeof(*a)) {
		if (a->kind == CON_ANSWER)
			return a->rc;
		full_notices++;
	}
	return -ETIMEDOUT;
}

static int call(enum con_op op)
{
	return call_fd((struct con_call){ .op = op, .domid = DOMID }, -1);
}

static void hear_notices(void)
{
	const struct con_answer *a = (const struct con_answer *)answer_buf;

	while (recv(daemon_end, answer_buf, sizeof(answer_buf), MSG_DONTWAIT) >= (ssize_t)sizeof(*a))
		full_notices += a->kind == CON_LOG_FULL && a->domid == DOMID;
}

/* ---- the guest ---- */

/* As much as fits; how much that was, and in *heard whether it may signal on. */
static size_t guest_writes(const char *text, size_t len, bool *heard)
{
	uint32_t prod = ring->out_prod;
	size_t n = 0;

	for (; n < len && prod - ring->out_cons < sizeof(ring->out); n++, prod++)
		ring->out[MASK_XENCONS_IDX(prod, ring->out)] = text[n];
	ring->out_prod = prod;
	*heard = ports[PORT].fn(ports[PORT].ctx);
	return n;
}

static size_t guest_reads(char *text, size_t size)
{
	size_t n = 0;

	for (; n < size && ring->in_cons != ring->in_prod; n++, ring->in_cons++)
		text[n] = ring->in[MASK_XENCONS_IDX(ring->in_cons, ring->in)];
	return n;
}

/* ---- the daemon ---- */

static int new_log(void)
{
	int fd = memfd_create("log", MFD_CLOEXEC);

	check("a log", call_fd((struct con_call){ .op = CON_LOG, .domid = DOMID, .bytes = LIMIT }, fd) == 0);
	return fd;
}

static int attach(unsigned int lines, unsigned int flags)
{
	int fds[2], rc;

	if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK, 0, fds) < 0)
		return -errno;
	rc = call_fd((struct con_call){ .op = CON_ATTACH, .domid = DOMID, .lines = lines, .flags = flags }, fds[0]);
	close(fds[0]);
	if (rc)
		close(fds[1]);
	return rc ? rc : fds[1];
}

static bool reads(int fd, const char *text)
{
	char buf[4096];
	ssize_t n = read(fd, buf, sizeof(buf));

	return n == (ssize_t)strlen(text) && memcmp(buf, text, (size_t)n) == 0;
}

static void open_console(void)
{
	int fd = memfd_create("ring", 0);

	if (ftruncate(fd, 4096) < 0)
		exit(1);
	ring = mmap(NULL, 4096, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
	check("open", call_fd((struct con_call){ .op = CON_OPEN, .domid = DOMID, .port = PORT }, fd) == 0);
	close(fd);
}

/* ---- tests ---- */

static void nonsense(void)
{
	check("no such call", call(CON_OP_COUNT) == -EINVAL);
	check("no such domain", call(CON_TAIL) == -ENOENT && call(CON_CLOSE) == -ENOENT && call(CON_LOG) == -ENOENT);
	check("no domain at all", call_fd((struct con_call){ .op = CON_OPEN, .domid = 0x7ff0 }, -1) == -EINVAL);
	check("a ring that is no page", call_fd((struct con_call){ .op = CON_OPEN, .domid = DOMID }, -1) < 0);
}

static void bytes_flow(void)
{
	static const char early[] = "before\n", word[] = "hello\nworld\n";
	char text[3000];
	int pty, log, one, late, mute;
	bool heard;

	open_console();
	check("twice", call(CON_OPEN) == -EEXIST);
	memcpy(ring->out, early, sizeof(early) - 1);
	ring->out_prod = sizeof(early) - 1;
	pty = attach(0, CON_PTY);
	check("nothing flows before there is a log", ring->out_cons == 0);
	log = new_log();
	check("what was said before is logged", pread(log, text, sizeof(text), 0) == STAMP + 7);
	check("and read", reads(pty, early));
	check("and its port is heard from now on", ports[PORT].unmasked == 1);
	one = attach(0, 0);
	guest_writes(word, sizeof(word) - 1, &heard);
	check("a word", heard && reads(pty, word) && reads(one, word) && ports[PORT].notified > 0);
	late = attach(1, 0);
	check("one line again", reads(late, "world\n"));
	check("the tail", call_fd((struct con_call){ .op = CON_TAIL, .domid = DOMID, .bytes = 6 }, -1) == 0 &&
	      memcmp(((struct con_answer *)answer_buf)->bytes, "world\n", 6) == 0);
	mute = attach(0, CON_READ_ONLY);
	check("typed", write(mute, "rm", 2) == 2 && write(one, "ls\n", 3) == 3);
	turn();
	check("only who may type is heard", guest_reads(text, sizeof(text)) == 3 && memcmp(text, "ls\n", 3) == 0);
	close(mute);
	close(late);
	close(one);
	turn();
	check("close", call(CON_CLOSE) == 0 && !ports[PORT].fn);
	check("the pty's end", read(pty, text, 1) == 0);
	close(pty);
	close(log);
}

static void a_kilobyte_is_pasted(void)
{
	char typed[5000], got[5000];
	size_t n = 0;
	int one;
	bool heard;

	open_console();
	close(new_log());
	one = attach(0, 0);
	for (size_t i = 0; i < sizeof(typed); i++)
		typed[i] = (char)('a' + i % 23);
	check("pasted", write(one, typed, sizeof(typed)) == (ssize_t)sizeof(typed));
	for (int i = 0; i < 40; i++) {
		turn();
		n += guest_reads(got + n, sizeof(got) - n);
		guest_writes("", 0, &heard);
	}
	check("and arrives whole", n == sizeof(got) && memcmp(got, typed, n) == 0);
	close(one);
	call(CON_CLOSE);
}

static void indices_lie(void)
{
	static const uint32_t lies[] = { 2049, 0x80000000u, 0xffffffffu, 12345 };
	struct con_answer *a = (struct con_answer *)answer_buf;
	int one;

	open_console();
	close(new_log());
	one = attach(0, 0);
	for (size_t i = 0; i < sizeof(lies) / sizeof(lies[0]); i++) {
		ring->out_prod = ring->out_cons + lies[i];
		ring->in_prod = ring->in_cons + lies[i];
		(void)!write(one, "x", 1);
		ports[PORT].fn(ports[PORT].ctx);
		turn();
		check("its word is taken, a ring's worth at most", ring->out_cons == ring->out_prod);
	}
	check("what is kept is four rings at most",
	      call_fd((struct con_call){ .op = CON_TAIL, .domid = DOMID, .bytes = 1u << 20 }, -1) == 0 &&
	      a->len <= 4 * sizeof(ring->out));
	close(one);
	call(CON_CLOSE);
}

static void a_flood(void)
{
	char piece[2048];
	unsigned int n = 0, before;
	bool heard = true;

	open_console();
	check("no log", call(CON_LOG) == 0);
	memset(piece, 'x', sizeof(piece));
	while (heard && n < 1000)
		n += guest_writes(piece, sizeof(piece), &heard) > 0;
	check("64 KiB a tick", n == 32 || n == 33);
	before = ports[PORT].unmasked;
	next_tick(base);
	check("and on at the next", ports[PORT].unmasked == before + 1);
	call(CON_CLOSE);
}

/* Lines of 64 bytes with their numbers, a log's limit each time: all of them are in one log or the next. */
static void logs_are_full(void)
{
	char line[65], text[4 * LIMIT];
	unsigned int said = 0, kept = 0;
	bool heard = true;
	int log;
	ssize_t n;

	open_console();
	log = new_log();
	full_notices = 0;
	for (int logs = 0; logs < 3; logs++) {
		while (heard && said < 1000) {
			snprintf(line, sizeof(line), "%063u\n", said++);
			guest_writes(line, 64, &heard);
		}
		for (int i = 0; i < 20 && guest_writes("", 0, &heard) == 0; i++)
			;
		hear_notices();
		check("one notice a log", full_notices == (unsigned int)logs + 1);
		snprintf(line, sizeof(line), "%063u\n", said++);
		guest_writes(line, 64, &heard);
		next_tick(base);
		check("held up, not forgotten", !heard);
		n = pread(log, text, sizeof(text), 0);
		check("within its limit, and the lines of a ring", n > LIMIT && n < LIMIT + 4096);
		for (ssize_t i = 0; i + STAMP + 64 <= n; i += STAMP + 64)
			kept += strtoul(text + i + STAMP, NULL, 10) == kept;
		close(log);
		log = new_log();
		heard = true;
	}
	n = pread(log, text, sizeof(text), 0);
	for (ssize_t i = 0; i + STAMP + 64 <= n; i += STAMP + 64)
		kept += strtoul(text + i + STAMP, NULL, 10) == kept;
	check("no line is lost", kept == said);
	close(log);
	call(CON_CLOSE);
}

static void many_look(void)
{
	int fds[40], n = 0;
	char c;

	open_console();
	close(new_log());
	while (n < 40 && (fds[n] = attach(0, 0)) >= 0)
		n++;
	check("32 readers", n == 32 && fds[n] == -EUSERS);
	call(CON_CLOSE);
	while (n--) {
		check("all are let go", read(fds[n], &c, 1) == 0);
		close(fds[n]);
	}
}

int main(void)
{
	int sv[2];

	base = event_base_new();
	if (!base || socketpair(AF_UNIX, SOCK_SEQPACKET, 0, sv) < 0)
		return 1;
	daemon_end = sv[0];
	check("starts", console_serve(base, sv[1], -1) == 0);
	nonsense();
	bytes_flow();
	a_kilobyte_is_pasted();
	indices_lie();
	a_flood();
	logs_are_full();
	many_look();
	printf("%u passed, %u failed\n", passed, failed);
	return failed > 0;
}
