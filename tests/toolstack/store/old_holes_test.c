/* SPDX-License-Identifier: MIT */
/*
 * Published attacks of guests on other stores, one test each, named by their advisory: each once took a store down, ran
 * it out of memory, or gave a guest what is another's. tests/guest/ATTACKS.md says where the others are tried.
 */
#include "unit.h"

#include "harness.h"

static unsigned int nodes_of(unsigned int d)
{
	struct store_usage u;

	store_usage(bench, d, &u);
	return u.nodes;
}

/* The longest relative path there may be, and one byte more, wherever a path can stand. */
TEST(xsa_323_relative_paths_of_any_length)
{
	static const uint32_t types[] = { XS_READ, XS_MKDIR, XS_DIRECTORY, XS_GET_PERMS, XS_RM };
	static char path[XENSTORE_PAYLOAD_MAX];
	const char *answer;

	bench_start();
	home(1);
	memset(path, 'r', sizeof(path));
	path[XENSTORE_REL_PATH_MAX] = '\0';
	CHECK_STR(write_node(1, 0, path, "v"), "OK");
	CHECK_STR(say(1, XS_READ, 0, path, NULL), "v");
	CHECK_STR(say(1, XS_WATCH, 0, path, "t"), "OK");
	CHECK_EQ(drop_events(1), 1);
	for (size_t len = XENSTORE_REL_PATH_MAX + 1; len < sizeof(path) - 8; len += 7) {
		memset(path, 'r', sizeof(path));
		path[len] = '\0';
		for (size_t i = 0; i < sizeof(types) / sizeof(types[0]); i++)
			CHECK_STR(say(1, types[i], 0, path, NULL), "EINVAL");
		answer = say(1, XS_WATCH, 0, path, "t");
		CHECK_STR(answer, "EINVAL");
	}
	bench_stop();
}

/* The longest token and the longest path that an event can bring still fit into a message together. */
TEST(xsa_324_events_fit_their_message)
{
	static char token[XENSTORE_PAYLOAD_MAX], path[XENSTORE_ABS_PATH_MAX + 1];
	size_t len = sizeof(token) - 32, at;
	struct answer a;

	bench_start();
	home(1);
	memset(token, 't', sizeof(token));
	do
		token[--len] = '\0';
	while (len && strcmp(say(1, XS_WATCH, 0, "/local/domain/1", token), "OK"));
	CHECK(len > 256);
	drop_events(1);
	at = (size_t)sprintf(path, "/local/domain/1");
	while (at + 2 <= XENSTORE_ABS_PATH_MAX) {
		path[at++] = '/';
		path[at++] = 'd';
	}
	path[at] = '\0';
	CHECK_STR(write_node(0, 0, path, "v"), "OK");
	run();
	CHECK(get_message(1, &a));
	CHECK_EQ(a.type, XS_WATCH_EVENT);
	CHECK_EQ(a.len, at + 1 + len + 1);
	CHECK_STR(a.data, path);
	CHECK_STR(a.data + at + 1, token);
	bench_stop();
}

/* Who breaks the rules of the ring is not gone, and is told as gone once when it is. */
TEST(xsa_325_a_broken_ring_is_no_death)
{
	bench_start();
	say(0, XS_WATCH, 0, "@releaseDomain", "out");
	drop_events(0);
	page_of(1)->req_prod = page_of(1)->req_cons + XENSTORE_RING_SIZE + 1;
	store_kick(bench, 1);
	run();
	CHECK(page_of(1)->error != XENSTORE_ERROR_NONE);
	CHECK_STR(next_event(0), "");
	CHECK(store_is_introduced(bench, 1));
	store_domain_shutdown(bench, 1);
	CHECK_STR(next_event(0), "@releaseDomain out");
	store_domain_gone(bench, 1);
	CHECK_STR(next_event(0), "@releaseDomain out");
	CHECK_STR(next_event(0), "");
	CHECK(!store_is_introduced(bench, 1));
	bench_stop();
}

/* A node whose parents are made with it, and no room: none of them stays, in no transaction and in one. */
TEST(xsa_414_415_what_fails_leaves_no_part)
{
	uint32_t tx;

	bench_options.limits.nodes = 5;
	bench_start();
	home(1);
	CHECK_STR(write_node(1, 0, "a/b/c/d/e/f/g", "v"), "ENOSPC");
	CHECK_STR(say(1, XS_READ, 0, "a", NULL), "ENOENT");
	CHECK_EQ(nodes_of(1), 1);
	tx = begin(1);
	CHECK_STR(write_node(1, tx, "a/b/c/d/e/f/g", "v"), "ENOSPC");
	CHECK_STR(write_node(1, tx, "x/y", "v"), "OK");
	CHECK_STR(write_node(1, tx, "x/y/z/u/v/w", "v"), "ENOSPC");
	CHECK_STR(end(1, tx, true), "OK");
	CHECK_STR(say(1, XS_READ, 0, "a", NULL), "ENOENT");
	CHECK_STR(say(1, XS_READ, 0, "x/y/z", NULL), "ENOENT");
	CHECK_EQ(nodes_of(1), 3);
	bench_stop();
}

/* Two guests that make nodes in each other's, and start again and again, leave no more than they may have at a time. */
TEST(xsa_419_cooperating_guests)
{
	char path[64];
	unsigned int kept = 0, i, life;

	bench_options.limits.nodes = 20;
	bench_start();
	home(1);
	CHECK_STR(say(1, XS_MKDIR, 0, "shared", NULL), "OK");
	for (life = 0; life < 5; life++) {
		CHECK_STR(ask_strings(1, XS_SET_PERMS, 0, "shared", "b1", "b2", NULL)->data, "OK");
		home(2);
		for (i = 0; i < 40; i++) {
			snprintf(path, sizeof(path), "/local/domain/1/shared/n%u-%u", life, i);
			kept += !strcmp(write_node(2, 0, path, "v"), "OK");
		}
		CHECK(nodes_of(2) <= 20);
		store_domain_gone(bench, 2);
		run();
		CHECK_EQ(nodes_of(2), 0);
		CHECK_STR(say(0, XS_DIRECTORY, 0, "/local/domain/1/shared", NULL), "");
		CHECK_EQ(store_introduce(bench, 2, 1, 2), 0);
		run();
	}
	CHECK(kept >= 5);
	CHECK(nodes_of(1) <= 20);
	bench_stop();
}

/* Nodes that a transaction removes go outside of it too, and nothing is left to take off the count at its end. */
TEST(xsa_440_removed_on_both_sides)
{
	uint32_t tx;
	char path[32];

	bench_start();
	home(1);
	for (unsigned int i = 0; i < 8; i++) {
		snprintf(path, sizeof(path), "n%u", i);
		CHECK_STR(write_node(1, 0, path, "v"), "OK");
	}
	tx = begin(1);
	for (unsigned int i = 0; i < 8; i++) {
		snprintf(path, sizeof(path), "n%u", i);
		CHECK_STR(say(1, XS_RM, tx, path, NULL), "OK");
	}
	CHECK_STR(write_node(1, tx, "new", "v"), "OK");
	CHECK_STR(say(0, XS_RM, 0, "/local/domain/1", NULL), "OK");
	CHECK_EQ(nodes_of(1), 0);
	CHECK_STR(end(1, tx, true), "EAGAIN");
	CHECK_EQ(nodes_of(1), 0);
	CHECK_STR(say(0, XS_READ, 0, "/local/domain/1/new", NULL), "ENOENT");
	bench_stop();
}

int main(void)
{
	RUN(xsa_323_relative_paths_of_any_length);
	RUN(xsa_324_events_fit_their_message);
	RUN(xsa_325_a_broken_ring_is_no_death);
	RUN(xsa_414_415_what_fails_leaves_no_part);
	RUN(xsa_419_cooperating_guests);
	RUN(xsa_440_removed_on_both_sides);
	return unit_end();
}
