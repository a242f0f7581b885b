/* SPDX-License-Identifier: MIT */
/* The ring page in the hands of a hostile guest, and the reconnection that the protocol offers. */
#include "unit.h"

#include "harness.h"

#include <stdio.h>
#include <unistd.h>

static void kick(unsigned int d)
{
	store_kick(bench, d);
	run();
}

static struct xenstore_domain_interface saved;

/* A guest whose ring is dead, while the others still work. */
static void check_dead(unsigned int d, uint32_t why)
{
	struct xenstore_domain_interface *p = page_of(d);
	uint32_t prod = p->rsp_prod;

	CHECK_EQ(p->error, why);
	kick(d);
	kick(d);
	CHECK_EQ(p->rsp_prod, prod);
	CHECK_STR(say(3, XS_IS_DOMAIN_INTRODUCED, 0, "1", NULL), "T");
}

static void reconnect(unsigned int d)
{
	page_of(d)->connection = XENSTORE_RECONNECT;
	kick(d);
	CHECK_EQ(page_of(d)->connection, XENSTORE_CONNECTED);
	CHECK_EQ(page_of(d)->error, XENSTORE_ERROR_NONE);
	CHECK_EQ(page_of(d)->req_cons | page_of(d)->req_prod | page_of(d)->rsp_cons | page_of(d)->rsp_prod,
		 0);
	CHECK_STR(say(d, XS_GET_DOMAIN_PATH, 0, "9", NULL), "/local/domain/9");
}

TEST(features_are_told)
{
	bench_start();
	CHECK_EQ(page_of(1)->server_features,
		 XENSTORE_SERVER_FEATURE_RECONNECTION | XENSTORE_SERVER_FEATURE_ERROR);
	bench_stop();
}

TEST(wrong_producer)
{
	bench_start();
	page_of(1)->req_prod = page_of(1)->req_cons + XENSTORE_RING_SIZE + 1;
	kick(1);
	check_dead(1, XENSTORE_ERROR_RINGIDX);
	reconnect(1);
	page_of(1)->req_prod = page_of(1)->req_cons - 1;
	kick(1);
	check_dead(1, XENSTORE_ERROR_RINGIDX);
	reconnect(1);
	bench_stop();
}

TEST(wrong_consumer)
{
	bench_start();
	page_of(1)->rsp_cons = page_of(1)->rsp_prod + 1;
	put_request(1, XS_GET_DOMAIN_PATH, 0, "9", 2);
	kick(1);
	check_dead(1, XENSTORE_ERROR_RINGIDX);
	reconnect(1);
	bench_stop();
}

/* Our indices are ours: what the guest writes there does not move us. */
TEST(overwritten_indices_are_put_right)
{
	struct xenstore_domain_interface *p;

	bench_start();
	p = page_of(1);
	p->server_features = 0xffffffff;
	saved = *p;
	p->req_cons = 0x12345678;
	put_bytes(1, NULL, 0);
	kick(1);
	CHECK_EQ(p->req_cons, saved.req_cons);
	p->rsp_prod = 77;
	CHECK_STR(say(3, XS_GET_DOMAIN_PATH, 0, "9", NULL), "/local/domain/9");
	bench_stop();
}

TEST(too_long_a_message)
{
	struct xsd_sockmsg hdr = { .type = XS_READ, .len = XENSTORE_PAYLOAD_MAX + 1 };

	bench_start();
	say(1, XS_WATCH, 0, "x", "t");
	put_bytes(1, &hdr, sizeof(hdr));
	kick(1);
	check_dead(1, XENSTORE_ERROR_PROTO);
	reconnect(1);
	hdr.len = 0xffffffff;
	put_bytes(1, &hdr, sizeof(hdr));
	kick(1);
	check_dead(1, XENSTORE_ERROR_PROTO);
	reconnect(1);
	bench_stop();
}

TEST(reconnection_forgets_watches_and_transactions)
{
	struct store_usage u;

	bench_start();
	say(1, XS_WATCH, 0, "x", "t");
	begin(1);
	put_bytes(1, "half a hea", 10);
	kick(1);
	store_usage(bench, 1, &u);
	CHECK_EQ(u.watches, 1);
	CHECK_EQ(u.transactions, 1);
	reconnect(1);
	store_usage(bench, 1, &u);
	CHECK_EQ(u.watches, 0);
	CHECK_EQ(u.transactions, 0);
	bench_stop();
}

TEST(messages_in_every_split)
{
	struct {
		struct xsd_sockmsg hdr;
		char body[8];
	} m = { { .type = XS_GET_DOMAIN_PATH, .len = 2 }, "9" };
	struct answer a;
	size_t i, k, len = sizeof(m.hdr) + 2;

	bench_start();
	for (i = 0; i <= len; i++) {
		for (k = i; k <= len; k++) {
			put_bytes(1, &m, i);
			kick(1);
			put_bytes(1, (char *)&m + i, k - i);
			kick(1);
			put_bytes(1, (char *)&m + k, len - k);
			kick(1);
			REQUIRE(get_message(1, &a));
			CHECK_STR(a.data, "/local/domain/9");
		}
	}
	bench_stop();
}

TEST(long_messages_pass_through_the_small_ring)
{
	char value[XENSTORE_PAYLOAD_MAX - 3], body[XENSTORE_PAYLOAD_MAX];
	const struct answer *a;
	int i;

	bench_start();
	for (i = 0; i < 20; i++) {
		memset(value, 'a' + i, sizeof(value));
		memcpy(body, "/v", 3);
		memcpy(body + 3, value, sizeof(value));
		CHECK_STR(ask(0, XS_WRITE, 0, body, sizeof(body))->data, "OK");
		a = ask_strings(0, XS_READ, 0, "/v", NULL);
		CHECK_EQ(a->len, sizeof(value));
		CHECK(!memcmp(a->data, value, sizeof(value)));
	}
	bench_stop();
}

/* A request that a driver writes in two pieces, and where it stands after it. */
static struct {
	struct xsd_sockmsg hdr;
	char body[8];
} pieces = { { .type = XS_GET_DOMAIN_PATH, .len = 2 }, "9" };
#define PIECES_LEN (sizeof(pieces.hdr) + 2)

static void whole_meanwhile(void)
{
	put_quietly(1, &pieces, PIECES_LEN);
}

static void head_meanwhile(void)
{
	put_quietly(1, &pieces, sizeof(pieces.hdr));
}

static void check_answered(unsigned int n)
{
	struct answer a;

	CHECK_EQ(page_of(1)->rsp_prod - page_of(1)->rsp_cons, n * (sizeof(pieces.hdr) + 16));
	for (; n; n--) {
		REQUIRE(get_message(1, &a));
		CHECK_STR(a.data, "/local/domain/9");
	}
	CHECK_EQ(page_of(1)->req_cons, page_of(1)->req_prod);
}

/* Drivers signal only when they saw the ring empty. Wherever the store is meanwhile, it must not miss any. */
TEST(drivers_signal_only_what_finds_the_ring_empty)
{
	bench_start();
	put_quietly(1, &pieces, sizeof(pieces.hdr));
	run();
	put_quietly(1, &pieces.body, 2);
	run();
	check_answered(1);

	bench_meanwhile = whole_meanwhile;
	put_quietly(1, &pieces, PIECES_LEN);
	run();
	check_answered(2);

	bench_meanwhile = head_meanwhile;
	put_quietly(1, &pieces, PIECES_LEN);
	run();
	put_quietly(1, &pieces.body, 2);
	run();
	check_answered(2);
	bench_stop();
}

/* A part that was taken from the ring survives a restart, wherever it was cut. */
TEST(parts_survive_a_restart)
{
	static char file[64];
	size_t i;

	snprintf(file, sizeof(file), "/tmp/store-ring.%d", (int)getpid());
	bench_options.journal = file;
	bench_start();
	for (i = 0; i <= PIECES_LEN; i++) {
		put_quietly(1, &pieces, i);
		run();
		bench_kill();
		bench_open();
		put_quietly(1, (char *)&pieces + i, PIECES_LEN - i);
		run();
		check_answered(1);
	}
	bench_stop();
}

/* Who asks without fetching answers is not served any more, and costs nothing more. */
TEST(answers_not_fetched)
{
	struct xenstore_domain_interface *p;
	unsigned int i, served = 0;
	struct answer a;

	bench_start();
	p = page_of(1);
	for (i = 0; i < 2000 && p->req_prod - p->req_cons < XENSTORE_RING_SIZE - 100; i++) {
		put_request(1, XS_READ, 0, "/", 2);
		kick(1);
	}
	CHECK(i < 2000);
	CHECK_STR(say(2, XS_GET_DOMAIN_PATH, 0, "9", NULL), "/local/domain/9");
	while (get_message(1, &a))
		served++;
	CHECK_EQ(served, i);
	bench_stop();
}

/* A flood by one guest, and another's request in the midst of it. */
TEST(floods_do_not_starve_others)
{
	unsigned int i, before;

	bench_start();
	for (i = 0; i < 40; i++)
		put_request(1, XS_READ, 0, "/", 2);
	put_request(2, XS_GET_DOMAIN_PATH, 0, "9", 2);
	before = page_of(2)->rsp_prod;
	store_turn(bench);
	CHECK(page_of(2)->rsp_prod != before);
	CHECK(page_of(1)->req_prod != page_of(1)->req_cons);
	run();
	CHECK_EQ(page_of(1)->req_prod, page_of(1)->req_cons);
	bench_stop();
}

/* How many of up to n requests domain 1 gets served. */
static unsigned int served_of(unsigned int n)
{
	struct answer a;
	unsigned int i;

	for (i = 0; i < n; i++) {
		put_request(1, XS_READ, 0, "/", 2);
		kick(1);
		if (!get_message(1, &a))
			break;
	}
	return i;
}

TEST(requests_per_second_are_limited)
{
	bench_options.limits.requests_per_s = 100;
	bench_start();
	CHECK_EQ(served_of(300), 100);
	CHECK_STR(say(2, XS_GET_DOMAIN_PATH, 0, "9", NULL), "/local/domain/9");
	bench_now_ms += 9;
	CHECK_EQ(served_of(1), 0);
	bench_now_ms += 31;	/* 40 ms in all are four requests */
	CHECK_EQ(served_of(300), 4);
	bench_now_ms += 3600 * 1000;	/* but never more than a second's at once */
	CHECK_EQ(served_of(300), 100);
	bench_stop();
}

/* A dear request costs as many as could have been had for its time. */
TEST(requests_pay_for_the_time_they_take)
{
	bench_options.limits.requests_per_s = 1000;
	bench_start();
	bench_cpu_step_us = 1000;
	CHECK_EQ(served_of(300), 10);
	CHECK_STR(say(2, XS_GET_DOMAIN_PATH, 0, "9", NULL), "/local/domain/9");
	bench_stop();
}

/*
 * A minute that passed while its request was served (a host that stood still) keeps a guest out for a second, no more.
 */
TEST(a_clock_that_jumps_is_no_debt)
{
	bench_options.limits.requests_per_s = 1000;
	bench_start();
	bench_cpu_step_us = 60 * 1000 * 1000;
	CHECK_EQ(served_of(300), 1);
	bench_cpu_step_us = 0;
	bench_now_ms += 999;
	CHECK_EQ(served_of(1), 0);
	bench_now_ms += 2;
	CHECK_EQ(served_of(1), 1);
	bench_stop();
}

/* Random bytes into every field, again and again; domain 3 must not notice. */
TEST(noise)
{
	unsigned int i, k;

	bench_start();
	for (i = 0; i < 20000; i++) {
		unsigned char *p = (unsigned char *)page_of(1), noise = (unsigned char)unit_random();

		switch (unit_random() % 5) {
		case 0:
			p[unit_random() % sizeof(struct xenstore_domain_interface)] = noise;
			break;
		case 1:
			p[2048 + unit_random() % 28] = noise;
			break;
		case 2:
			for (k = 0; k < 1024; k++)
				p[k] = (unsigned char)(unit_random() % 3 ? 0 : unit_random());
			break;
		case 3:
			page_of(1)->req_prod = page_of(1)->req_cons + (uint32_t)(unit_random() % 1025);
			break;
		default:
			page_of(1)->connection = XENSTORE_RECONNECT;
			break;
		}
		kick(1);
		if (i % 500 == 0)
			CHECK_STR(say(3, XS_GET_DOMAIN_PATH, 0, "9", NULL), "/local/domain/9");
	}
	bench_stop();
}

int main(void)
{
	RUN(features_are_told);
	RUN(wrong_producer);
	RUN(wrong_consumer);
	RUN(overwritten_indices_are_put_right);
	RUN(too_long_a_message);
	RUN(reconnection_forgets_watches_and_transactions);
	RUN(messages_in_every_split);
	RUN(long_messages_pass_through_the_small_ring);
	RUN(drivers_signal_only_what_finds_the_ring_empty);
	RUN(parts_survive_a_restart);
	RUN(answers_not_fetched);
	RUN(floods_do_not_starve_others);
	RUN(requests_per_second_are_limited);
	RUN(requests_pay_for_the_time_they_take);
	RUN(a_clock_that_jumps_is_no_debt);
	RUN(noise);
	return unit_end();
}
