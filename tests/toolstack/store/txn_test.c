/* SPDX-License-Identifier: MIT */
/* Transactions: what they see, what they conflict with, what they may take. */
#include "unit.h"

#include "harness.h"

TEST(changes_show_at_commit)
{
	uint32_t tx;

	bench_start();
	write_node(0, 0, "/a", "old");
	tx = begin(0);
	CHECK(tx != 0);
	CHECK_STR(write_node(0, tx, "/a", "new"), "OK");
	CHECK_STR(write_node(0, tx, "/b/c", "new"), "OK");
	CHECK_STR(say(0, XS_READ, tx, "/a", NULL), "new");
	CHECK_STR(say(0, XS_READ, 0, "/a", NULL), "old");
	CHECK_STR(say(0, XS_READ, 0, "/b/c", NULL), "ENOENT");
	CHECK_STR(end(0, tx, true), "OK");
	CHECK_STR(say(0, XS_READ, 0, "/a", NULL), "new");
	CHECK_STR(say(0, XS_READ, 0, "/b/c", NULL), "new");
	CHECK_STR(end(0, tx, true), "ENOENT");
	bench_stop();
}

TEST(abort_leaves_nothing)
{
	uint32_t tx;

	bench_start();
	tx = begin(0);
	write_node(0, tx, "/a", "new");
	CHECK_STR(end(0, tx, false), "OK");
	CHECK_STR(say(0, XS_READ, 0, "/a", NULL), "ENOENT");
	bench_stop();
}

/* All that is read is of one moment, even what is read for the first time late. */
TEST(reads_are_of_one_moment)
{
	uint32_t tx;

	bench_start();
	write_node(0, 0, "/x", "1");
	write_node(0, 0, "/y", "1");
	tx = begin(0);
	CHECK_STR(say(0, XS_READ, tx, "/x", NULL), "1");
	write_node(0, 0, "/x", "2");
	write_node(0, 0, "/y", "2");
	CHECK_STR(say(0, XS_READ, tx, "/y", NULL), "1");
	CHECK_STR(end(0, tx, true), "EAGAIN");
	bench_stop();
}

/* What another does between, against what the transaction does: does the end conflict? */
static const char *race(uint32_t type, const char *mine, uint32_t other_type, const char *theirs)
{
	static char result[16];
	uint32_t tx;

	write_node(0, 0, "/d/a", "1");
	write_node(0, 0, "/d/b", "1");
	say(0, XS_RM, 0, "/d/new", NULL);
	say(0, XS_RM, 0, "/d/new2", NULL);
	tx = begin(0);
	if (type == XS_WRITE)
		write_node(0, tx, mine, "mine");
	else
		say(0, type, tx, mine, type == XS_SET_PERMS ? "r0" : NULL);
	if (other_type == XS_WRITE)
		write_node(0, 0, theirs, "theirs");
	else
		say(0, other_type, 0, theirs, other_type == XS_SET_PERMS ? "r1" : NULL);
	snprintf(result, sizeof(result), "%s", end(0, tx, true));
	return result;
}

TEST(only_real_conflicts_count)
{
	bench_start();
	CHECK_STR(race(XS_READ, "/d/a", XS_WRITE, "/d/a"), "EAGAIN");
	CHECK_STR(race(XS_READ, "/d/a", XS_WRITE, "/d/b"), "OK");
	CHECK_STR(race(XS_WRITE, "/d/a", XS_WRITE, "/d/a"), "EAGAIN");
	CHECK_STR(race(XS_WRITE, "/d/a", XS_WRITE, "/d/b"), "OK");
	CHECK_STR(race(XS_READ, "/d/new", XS_WRITE, "/d/new"), "EAGAIN");
	CHECK_STR(race(XS_WRITE, "/d/new", XS_WRITE, "/d/new"), "EAGAIN");
	CHECK_STR(race(XS_WRITE, "/d/new", XS_WRITE, "/d/new2"), "OK");
	CHECK_STR(race(XS_MKDIR, "/d/new", XS_RM, "/d"), "EAGAIN");
	CHECK_STR(race(XS_WRITE, "/d/new/x", XS_SET_PERMS, "/d"), "EAGAIN");
	CHECK_STR(race(XS_DIRECTORY, "/d", XS_WRITE, "/d/new"), "EAGAIN");
	CHECK_STR(race(XS_DIRECTORY, "/d", XS_WRITE, "/d/a"), "OK");
	CHECK_STR(race(XS_RM, "/d/a", XS_WRITE, "/d/a"), "EAGAIN");
	CHECK_STR(race(XS_RM, "/d/a", XS_WRITE, "/d/b"), "OK");
	CHECK_STR(race(XS_RM, "/d/new", XS_WRITE, "/d/new"), "EAGAIN");
	CHECK_STR(race(XS_READ, "/d/a", XS_RM, "/d"), "EAGAIN");
	CHECK_STR(race(XS_READ, "/d/a", XS_SET_PERMS, "/d/a"), "EAGAIN");
	CHECK_STR(race(XS_GET_PERMS, "/d/a", XS_SET_PERMS, "/d/a"), "EAGAIN");
	CHECK_STR(race(XS_SET_PERMS, "/d/a", XS_WRITE, "/d/b"), "OK");
	bench_stop();
}

TEST(two_transactions_one_wins)
{
	uint32_t a, b;

	bench_start();
	home(1);
	a = begin(0);
	b = begin(1);
	CHECK_STR(write_node(0, a, "/local/domain/1/n", "0"), "OK");
	CHECK_STR(write_node(1, b, "n", "1"), "OK");
	CHECK_STR(end(1, b, true), "OK");
	CHECK_STR(end(0, a, true), "EAGAIN");
	CHECK_STR(say(0, XS_READ, 0, "/local/domain/1/n", NULL), "1");
	bench_stop();
}

/* Ids are per client: another's are not to be had. */
TEST(transactions_are_private)
{
	uint32_t tx;

	bench_start();
	home(1);
	home(2);
	tx = begin(1);
	CHECK_STR(say(2, XS_DIRECTORY, tx, "/local/domain/2", NULL), "ENOENT");
	CHECK_STR(end(2, tx, true), "ENOENT");
	CHECK_STR(say(1, XS_TRANSACTION_START, tx, "", NULL), "EBUSY");
	CHECK_STR(end(1, tx, true), "OK");
	bench_stop();
}

TEST(transactions_are_rationed)
{
	struct store_usage u;
	char path[32];
	uint32_t tx = 0;
	int i, ok = 0;

	bench_options.limits.transactions = 5;
	bench_options.limits.transaction_ops = 20;
	bench_options.limits.nodes = 30;
	bench_start();
	home(1);
	for (i = 0; i < 5; i++)
		tx = begin(1);
	CHECK_STR(say(1, XS_TRANSACTION_START, 0, "", NULL), "ENOSPC");
	for (i = 0; i < 30; i++) {
		snprintf(path, sizeof(path), "a/n%d", i);
		ok += !strcmp(write_node(1, tx, path, ""), "OK");
	}
	CHECK_EQ(ok, 20);
	CHECK_STR(end(1, tx, true), "OK");
	tx = begin(1);
	for (i = 0; i < 30; i++) {
		snprintf(path, sizeof(path), "b/n%d", i);
		ok += !strcmp(write_node(1, tx, path, ""), "OK");
	}
	CHECK_EQ(ok, 27);	/* 30 nodes: home, a and its 20, b and 7 below it */
	CHECK_STR(end(1, tx, true), "OK");
	store_usage(bench, 1, &u);
	CHECK_EQ(u.nodes, 30);
	CHECK_EQ(u.transactions, 4);
	CHECK_STR(say(1, XS_RESET_WATCHES, 0, "", NULL), "OK");
	store_usage(bench, 1, &u);
	CHECK_EQ(u.transactions, 0);
	bench_stop();
}

/* Quota is checked against what is there at the end, not only against what was there at the start. */
TEST(quota_holds_at_commit)
{
	struct store_usage u;
	uint32_t a, b;
	char path[32];
	int i;

	bench_options.limits.nodes = 20;
	bench_start();
	home(1);
	a = begin(1);
	b = begin(1);
	for (i = 0; i < 15; i++) {
		snprintf(path, sizeof(path), "a%d", i);
		CHECK_STR(write_node(1, a, path, ""), "OK");
		snprintf(path, sizeof(path), "b%d", i);
		CHECK_STR(write_node(1, b, path, ""), "OK");
	}
	CHECK_STR(end(1, a, true), "OK");
	CHECK_STR(end(1, b, true), "ENOSPC");
	store_usage(bench, 1, &u);
	CHECK_EQ(u.nodes, 16);
	bench_stop();
}

TEST(permissions_hold_in_transactions)
{
	uint32_t tx;

	bench_start();
	home(1);
	write_node(0, 0, "/secret", "1");
	tx = begin(1);
	CHECK_STR(say(1, XS_READ, tx, "/secret", NULL), "EACCES");
	CHECK_STR(write_node(1, tx, "/new", ""), "EACCES");
	CHECK_STR(write_node(1, tx, "x", "1"), "OK");
	/* The right is taken away before the end. */
	say(0, XS_SET_PERMS, 0, "/local/domain/1", "n2");
	CHECK_STR(end(1, tx, true), "EAGAIN");
	CHECK_STR(say(0, XS_READ, 0, "/local/domain/1/x", NULL), "ENOENT");
	bench_stop();
}

/* A guest that always writes what the toolstack reads does not keep it from its work. */
TEST(guests_cannot_hold_up_the_toolstack)
{
	int tries = 0, writes = 0;
	uint32_t tx;

	bench_start();
	home(1);
	write_node(1, 0, "n", "0");
	do {
		tx = begin(0);
		say(0, XS_READ, tx, "/local/domain/1/n", NULL);
		put_request(1, XS_WRITE, 0, "n\0x", 3);
		run();
		writes++;
		write_node(0, tx, "/result", "1");
	} while (strcmp(end(0, tx, true), "OK") && ++tries < 10);
	CHECK_EQ(tries, 3);
	store_kick(bench, 1);
	run();
	for (; writes; writes--) {
		struct answer a;

		REQUIRE(get_message(1, &a));
		CHECK_STR(a.data, "OK");
	}
	bench_stop();
}

/*
 * Random transactions of three guests on a few shared counters: each adds one inside a transaction, so in the
 * end every counter equals the number of commits that were told "OK".
 */
TEST(no_increment_is_lost)
{
	struct {
		uint32_t tx;
		int node, value;
	} g[3] = { { 0 } };
	int want[4] = { 0 }, i, k, conflicts = 0;
	char path[32], text[16];

	bench_start();
	for (k = 0; k < 4; k++) {
		snprintf(path, sizeof(path), "/count/%d", k);
		write_node(0, 0, path, "0");
		ask_strings(0, XS_SET_PERMS, 0, path, "b0", NULL);
	}
	for (i = 0; i < 2000; i++) {
		unsigned int d = unit_random() % 3;

		if (!g[d].tx) {
			g[d].tx = begin(d + 1);
			g[d].node = (int)(unit_random() % 4);
			snprintf(path, sizeof(path), "/count/%d", g[d].node);
			g[d].value = atoi(say(d + 1, XS_READ, g[d].tx, path, NULL));
			continue;
		}
		snprintf(path, sizeof(path), "/count/%d", g[d].node);
		snprintf(text, sizeof(text), "%d", g[d].value + 1);
		CHECK_STR(write_node(d + 1, g[d].tx, path, text), "OK");
		if (!strcmp(end(d + 1, g[d].tx, true), "OK"))
			want[g[d].node]++;
		else
			conflicts++;
		g[d].tx = 0;
	}
	CHECK(conflicts > 10);
	for (k = 0; k < 4; k++) {
		snprintf(path, sizeof(path), "/count/%d", k);
		CHECK_EQ(atoi(say(0, XS_READ, 0, path, NULL)), want[k]);
	}
	bench_stop();
}

int main(void)
{
	RUN(changes_show_at_commit);
	RUN(abort_leaves_nothing);
	RUN(reads_are_of_one_moment);
	RUN(only_real_conflicts_count);
	RUN(two_transactions_one_wins);
	RUN(transactions_are_private);
	RUN(transactions_are_rationed);
	RUN(quota_holds_at_commit);
	RUN(permissions_hold_in_transactions);
	RUN(guests_cannot_hold_up_the_toolstack);
	RUN(no_increment_is_lost);
	return unit_end();
}
