/* SPDX-License-Identifier: MIT */
/* The bench for tests of the store; see harness.h. */
#include "harness.h"

#include "store/core.h"
#include "store/journal.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

struct store *bench;
struct store_options bench_options;
unsigned int bench_notified[GUESTS];
uint64_t bench_now_ms = 1000;
unsigned int bench_cpu_step_us;
void (*bench_meanwhile)(void);

static struct xenstore_domain_interface *pages[GUESTS];
static struct answer *events[GUESTS];
static unsigned int nevents[GUESTS];

struct xenstore_domain_interface *page_of(unsigned int domid)
{
	if (!pages[domid])
		pages[domid] = calloc(1, sizeof(*pages[domid]));
	return pages[domid];
}

static int ring_open(void *ctx, unsigned int domid, uint64_t gfn, uint32_t port, void **page)
{
	(void)ctx;
	(void)gfn;
	if (domid >= GUESTS || port == 0xdead)
		return -ESRCH;
	*page = page_of(domid);
	return 0;
}

static void ring_close(void *ctx, unsigned int domid, void *page)
{
	(void)ctx;
	(void)domid;
	(void)page;
}

static void ring_notify(void *ctx, unsigned int domid)
{
	(void)ctx;
	bench_notified[domid]++;
}

static void log_quiet(void *ctx, bool is_error, const char *message)
{
	(void)ctx;
	if (getenv("STORE_LOG"))
		fprintf(stderr, "store: %s%s\n", is_error ? "error: " : "", message);
}

static uint64_t now_ms(void)
{
	return bench_now_ms;
}

static uint64_t cpu_us(void)
{
	static uint64_t used;
	static unsigned int looks;	/* before and after requests of a guest */
	void (*f)(void) = bench_meanwhile;

	if (looks++ % 2 && f) {
		bench_meanwhile = NULL;
		f();
	}
	return used += bench_cpu_step_us;
}

void bench_open(void)
{
	static const struct store_clock clock = { .now_ms = now_ms, .cpu_us = cpu_us };
	static const struct store_ring_ops ops = { .open = ring_open, .close = ring_close,
		.notify = ring_notify };

	bench_options.ring = &ops;
	bench_options.log = log_quiet;
	bench_options.clock = &clock;
	if (store_new(NULL, &bench_options, &bench))
		abort();
	store_start(bench);
	run();
}

void bench_start(void)
{
	unsigned int i;

	bench_open();
	for (i = 0; i < 4; i++)
		if (store_introduce(bench, i, 100 + i, 10 + i))
			abort();
	run();
}

static void forget_pages(void)
{
	unsigned int i;

	for (i = 0; i < GUESTS; i++) {
		free(pages[i]);
		free(events[i]);
		pages[i] = NULL;
		events[i] = NULL;
		nevents[i] = 0;
	}
}

void bench_kill(void)
{
	store_journal_close(bench);
	store_free(bench);
	bench = NULL;
}

void bench_stop(void)
{
	if (store_check(bench)) {
		fprintf(stderr, "store_check found faults\n");
		abort();
	}
	store_free(bench);
	bench = NULL;
	forget_pages();
	if (bench_options.journal)
		unlink(bench_options.journal);
	memset(&bench_options, 0, sizeof(bench_options));
	bench_cpu_step_us = 0;
}

void run(void)
{
	unsigned int rounds = 0;

	while (store_turn(bench))
		if (++rounds > 100000)
			abort();
}

void put_bytes(unsigned int domid, const void *data, size_t len)
{
	struct xenstore_domain_interface *p = page_of(domid);
	const char *from = data;

	while (len) {
		if (p->req_prod - p->req_cons == XENSTORE_RING_SIZE) {
			uint32_t before = p->req_cons;

			store_kick(bench, domid);
			run();
			if (p->req_cons == before)
				return;
			continue;
		}
		p->req[MASK_XENSTORE_IDX(p->req_prod)] = *from++;
		p->req_prod++;
		len--;
	}
	store_kick(bench, domid);
}

void put_quietly(unsigned int domid, const void *data, size_t len)
{
	struct xenstore_domain_interface *p = page_of(domid);
	const char *from = data;
	uint32_t before = p->req_prod;

	for (; len; len--)
		p->req[MASK_XENSTORE_IDX(p->req_prod++)] = *from++;
	if (before == p->req_cons)
		store_kick(bench, domid);
}

void put_request(unsigned int domid, uint32_t type, uint32_t tx, const void *data, size_t len)
{
	static uint32_t id;
	struct xsd_sockmsg hdr = { .type = type, .req_id = ++id, .tx_id = tx, .len = (uint32_t)len };

	put_bytes(domid, &hdr, sizeof(hdr));
	put_bytes(domid, data, len);
}

static bool get_bytes(unsigned int domid, void *data, size_t len)
{
	struct xenstore_domain_interface *p = page_of(domid);
	char *to = data;

	while (len) {
		if (p->rsp_prod == p->rsp_cons) {
			store_kick(bench, domid);
			run();
			if (p->rsp_prod == p->rsp_cons)
				return false;
		}
		if (p->rsp_prod - p->rsp_cons > XENSTORE_RING_SIZE)
			return false;	/* a test damaged it */
		*to++ = p->rsp[MASK_XENSTORE_IDX(p->rsp_cons)];
		p->rsp_cons++;
		len--;
	}
	return true;
}

bool get_message(unsigned int domid, struct answer *a)
{
	struct xsd_sockmsg hdr;

	if (!get_bytes(domid, &hdr, sizeof(hdr)) || hdr.len > XENSTORE_PAYLOAD_MAX)
		return false;
	a->type = hdr.type;
	a->req_id = hdr.req_id;
	a->tx_id = hdr.tx_id;
	a->len = hdr.len;
	if (!get_bytes(domid, a->data, hdr.len))
		return false;
	a->data[hdr.len] = '\0';
	return true;
}

static void keep_event(unsigned int domid, const struct answer *a)
{
	events[domid] = realloc(events[domid], (nevents[domid] + 1) * sizeof(*a));
	events[domid][nevents[domid]++] = *a;
}

const struct answer *ask(unsigned int domid, uint32_t type, uint32_t tx, const void *data, size_t len)
{
	static struct answer a;

	put_request(domid, type, tx, data, len);
	run();
	while (get_message(domid, &a)) {
		if (a.type != XS_WATCH_EVENT)
			return &a;
		keep_event(domid, &a);
	}
	memset(&a, 0, sizeof(a));
	a.type = XS_INVALID;
	return &a;
}

const struct answer *ask_strings(unsigned int domid, uint32_t type, uint32_t tx, ...)
{
	char body[XENSTORE_PAYLOAD_MAX];
	size_t len = 0;
	const char *s;
	va_list ap;

	va_start(ap, tx);
	while ((s = va_arg(ap, const char *))) {
		memcpy(body + len, s, strlen(s) + 1);
		len += strlen(s) + 1;
	}
	va_end(ap);
	return ask(domid, type, tx, body, len);
}

const char *say(unsigned int domid, uint32_t type, uint32_t tx, const char *a, const char *b)
{
	return ask_strings(domid, type, tx, a, b, NULL)->data;
}

void home(unsigned int domid)
{
	char path[32], perm[8];

	snprintf(path, sizeof(path), "/local/domain/%u", domid);
	snprintf(perm, sizeof(perm), "n%u", domid);
	say(0, XS_MKDIR, 0, path, NULL);
	say(0, XS_SET_PERMS, 0, path, perm);
}

const char *write_node(unsigned int domid, uint32_t tx, const char *path, const char *value)
{
	char body[XENSTORE_PAYLOAD_MAX];
	size_t n = strlen(path) + 1;

	memcpy(body, path, n);
	memcpy(body + n, value, strlen(value));
	return ask(domid, XS_WRITE, tx, body, n + strlen(value))->data;
}

uint32_t begin(unsigned int domid)
{
	return (uint32_t)strtoul(say(domid, XS_TRANSACTION_START, 0, "", NULL), NULL, 10);
}

const char *end(unsigned int domid, uint32_t tx, bool commit)
{
	return say(domid, XS_TRANSACTION_END, tx, commit ? "T" : "F", NULL);
}

const char *next_event(unsigned int domid)
{
	static char text[2 * XENSTORE_PAYLOAD_MAX];
	struct answer a;

	run();
	if (nevents[domid]) {
		a = events[domid][0];
		memmove(events[domid], events[domid] + 1, --nevents[domid] * sizeof(a));
	} else if (!get_message(domid, &a)) {
		return "";
	}
	if (a.type != XS_WATCH_EVENT)
		return "not an event";
	snprintf(text, sizeof(text), "%s %s", a.data, a.data + strlen(a.data) + 1);
	return text;
}

unsigned int drop_events(unsigned int domid)
{
	unsigned int n = 0;

	while (*next_event(domid))
		n++;
	return n;
}
