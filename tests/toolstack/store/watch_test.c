/* SPDX-License-Identifier: MIT */
/* Watches: who hears what, how often, and what becomes of clients that do not listen. */
#include "unit.h"

#include "harness.h"

TEST(first_event_comes_at_once)
{
	bench_start();
	CHECK_STR(say(0, XS_WATCH, 0, "/not/there", "tok"), "OK");
	CHECK_STR(next_event(0), "/not/there tok");
	CHECK_STR(next_event(0), "");
	CHECK_STR(say(0, XS_WATCH, 0, "/not/there", "tok"), "EEXIST");
	CHECK_STR(say(0, XS_WATCH, 0, "/not/there", "other"), "OK");
	CHECK_STR(say(0, XS_UNWATCH, 0, "/not/there", "nobody"), "ENOENT");
	CHECK_STR(say(0, XS_UNWATCH, 0, "/not/there", "tok"), "OK");
	CHECK_STR(say(0, XS_UNWATCH, 0, "/not/there", "tok"), "ENOENT");
	CHECK_STR(say(0, XS_WATCH, 0, "@nonsense", "tok"), "EINVAL");
	CHECK_STR(say(0, XS_WATCH, 0, "/x", NULL), "EINVAL");
	bench_stop();
}

TEST(changes_at_and_below_are_heard)
{
	bench_start();
	say(0, XS_WATCH, 0, "/a", "t");
	drop_events(0);
	write_node(0, 0, "/a", "1");
	CHECK_STR(next_event(0), "/a t");
	write_node(0, 0, "/a/b/c", "1");
	CHECK_STR(next_event(0), "/a/b/c t");
	write_node(0, 0, "/ab", "1");
	say(0, XS_MKDIR, 0, "/a/b", NULL);
	say(0, XS_READ, 0, "/a/b", NULL);
	CHECK_STR(next_event(0), "");
	say(0, XS_SET_PERMS, 0, "/a/b", "r0");
	CHECK_STR(next_event(0), "/a/b t");
	say(0, XS_RM, 0, "/a/b/c", NULL);
	CHECK_STR(next_event(0), "/a/b/c t");
	say(0, XS_RM, 0, "/a", NULL);
	CHECK_STR(next_event(0), "/a t");
	CHECK_STR(next_event(0), "");
	bench_stop();
}

/* Whoever watches below a removed node hears of its own path, if that existed. */
TEST(removal_is_heard_below)
{
	bench_start();
	write_node(0, 0, "/a/b/c", "1");
	say(0, XS_WATCH, 0, "/a/b/c", "leaf");
	say(0, XS_WATCH, 0, "/a/b/none", "none");
	say(0, XS_WATCH, 0, "/", "root");
	drop_events(0);
	say(0, XS_RM, 0, "/a", NULL);
	CHECK_STR(next_event(0), "/a root");
	CHECK_STR(next_event(0), "/a/b/c leaf");
	CHECK_STR(next_event(0), "");
	bench_stop();
}

TEST(relative_watches_speak_relatively)
{
	bench_start();
	home(1);
	CHECK_STR(say(1, XS_WATCH, 0, "device", "t"), "OK");
	CHECK_STR(next_event(1), "device t");
	write_node(0, 0, "/local/domain/1/device/vif/0", "x");
	/* made by domain 0, but owned by 1 as its parent is */
	CHECK_STR(next_event(1), "device/vif/0 t");
	CHECK_STR(say(1, XS_UNWATCH, 0, "device", "t"), "OK");
	CHECK_STR(say(1, XS_WATCH, 0, "/local/domain/1/device", "t"), "OK");
	CHECK_STR(next_event(1), "/local/domain/1/device t");
	bench_stop();
}

TEST(only_readers_hear)
{
	bench_start();
	home(1);
	write_node(0, 0, "/local/domain/1/pub", "1");
	write_node(0, 0, "/hidden/x", "1");
	say(2, XS_WATCH, 0, "/local/domain/1", "t");
	say(2, XS_WATCH, 0, "/hidden", "t");
	drop_events(2);
	write_node(0, 0, "/hidden/x", "2");
	write_node(1, 0, "pub", "2");
	CHECK_STR(next_event(2), "");
	ask_strings(0, XS_SET_PERMS, 0, "/local/domain/1/pub", "n1", "r2", NULL);
	CHECK_STR(next_event(2), "/local/domain/1/pub t");
	write_node(1, 0, "pub", "3");
	CHECK_STR(next_event(2), "/local/domain/1/pub t");
	/* The loss of the right is the last thing heard. */
	say(0, XS_SET_PERMS, 0, "/local/domain/1/pub", "n1");
	CHECK_STR(next_event(2), "/local/domain/1/pub t");
	write_node(1, 0, "pub", "4");
	CHECK_STR(next_event(2), "");
	bench_stop();
}

TEST(transactions_are_heard_once_committed)
{
	uint32_t tx;

	bench_start();
	write_node(0, 0, "/w/gone/x", "");
	say(0, XS_WATCH, 0, "/w", "t");
	drop_events(0);
	tx = begin(0);
	write_node(0, tx, "/w/a", "1");
	write_node(0, tx, "/w/a", "2");
	write_node(0, tx, "/w/b", "1");
	say(0, XS_RM, tx, "/w/gone", NULL);
	CHECK_STR(next_event(0), "");
	end(0, tx, true);
	CHECK_STR(next_event(0), "/w/gone t");
	CHECK_STR(next_event(0), "/w/a t");
	CHECK_STR(next_event(0), "/w/b t");
	CHECK_STR(next_event(0), "");
	tx = begin(0);
	write_node(0, tx, "/w/a", "3");
	end(0, tx, false);
	CHECK_STR(next_event(0), "");
	bench_stop();
}

TEST(depth_limits_what_is_heard)
{
	bench_start();
	CHECK_STR(ask_strings(0, XS_WATCH, 0, "/a", "t", "1", NULL)->data, "OK");
	CHECK_STR(ask_strings(0, XS_WATCH, 0, "/a", "u", "x", NULL)->data, "EINVAL");
	drop_events(0);
	write_node(0, 0, "/a/b/c", "");
	CHECK_STR(next_event(0), "");
	write_node(0, 0, "/a/b", "");
	CHECK_STR(next_event(0), "/a/b t");
	bench_stop();
}

TEST(domains_come_and_go)
{
	bench_start();
	say(0, XS_WATCH, 0, "@introduceDomain", "in");
	say(0, XS_WATCH, 0, "@releaseDomain", "out");
	ask_strings(0, XS_WATCH, 0, "@releaseDomain", "which", "1", NULL);
	say(1, XS_WATCH, 0, "@releaseDomain", "guest");
	drop_events(0);
	drop_events(1);
	ask_strings(0, XS_INTRODUCE, 0, "5", "1", "1", NULL);
	CHECK_STR(next_event(0), "@introduceDomain in");
	ask_strings(0, XS_INTRODUCE, 0, "5", "1", "1", NULL);
	CHECK_STR(next_event(0), "");
	store_domain_shutdown(bench, 5);
	CHECK_STR(next_event(0), "@releaseDomain out");
	CHECK_STR(next_event(0), "@releaseDomain/5 which");
	store_domain_shutdown(bench, 5);
	CHECK_STR(next_event(0), "");
	say(0, XS_RESUME, 0, "5", NULL);
	store_domain_shutdown(bench, 5);
	CHECK_EQ(drop_events(0), 2);
	say(0, XS_RELEASE, 0, "5", NULL);
	CHECK_EQ(drop_events(0), 2);
	/* Guests hear nothing of that unless they are allowed to. */
	CHECK_STR(next_event(1), "");
	CHECK_STR(say(1, XS_SET_PERMS, 0, "@releaseDomain", "r1"), "EACCES");
	CHECK_STR(say(1, XS_GET_PERMS, 0, "@releaseDomain", NULL), "EACCES");
	CHECK_STR(ask_strings(0, XS_SET_PERMS, 0, "@releaseDomain", "n0", "r1", NULL)->data, "OK");
	CHECK_STR(say(0, XS_GET_PERMS, 0, "@releaseDomain", NULL), "n0");
	store_domain_gone(bench, 2);
	CHECK_STR(next_event(1), "@releaseDomain guest");
	bench_stop();
}

TEST(watches_are_rationed)
{
	char path[32], token[XENSTORE_PAYLOAD_MAX - 10];
	struct store_usage u;
	int i, ok = 0;

	bench_options.limits.watches = 10;
	bench_start();
	for (i = 0; i < 20; i++) {
		snprintf(path, sizeof(path), "w%d", i);
		ok += !strcmp(say(1, XS_WATCH, 0, path, "t"), "OK");
	}
	CHECK_EQ(ok, 10);
	CHECK_STR(say(1, XS_WATCH, 0, "more", "t"), "E2BIG");
	memset(token, 'x', sizeof(token));
	token[sizeof(token) - 1] = '\0';
	CHECK_STR(say(0, XS_WATCH, 0, "/a", token), "EINVAL");
	CHECK_STR(say(1, XS_RESET_WATCHES, 0, "", NULL), "OK");
	store_usage(bench, 1, &u);
	CHECK_EQ(u.watches, 0);
	drop_events(1);
	write_node(0, 0, "/local/domain/1/w1", "");
	CHECK_STR(next_event(1), "");
	bench_stop();
}

/*
 * A guest that reads no events costs a bounded amount, and afterwards still learns that it must look again.
 */
TEST(deaf_clients_are_bounded)
{
	unsigned int i, n;
	char path[64];

	bench_options.limits.events = 50;
	bench_start();
	home(1);
	say(1, XS_WATCH, 0, "data", "t");
	say(1, XS_WATCH, 0, "/local/domain/1", "home");
	drop_events(1);
	for (i = 0; i < 5000; i++) {
		snprintf(path, sizeof(path), "/local/domain/1/data/%u", i % 400);
		write_node(0, 0, path, "v");
	}
	for (n = 0; ; n++) {
		const char *e = next_event(1);

		if (!strcmp(e, "data t"))
			break;
		REQUIRE(*e && n < 200);
	}
	while (*next_event(1))
		REQUIRE(++n < 200);
	CHECK(n >= 50);
	write_node(0, 0, "/local/domain/1/data/7", "v");
	CHECK_STR(next_event(1), "data/7 t");
	bench_stop();
}

static char heard[64];
static unsigned int heard_count;
static struct store_watch *own;

static void hear(void *ctx, const char *path)
{
	heard_count++;
	snprintf(heard, sizeof(heard), "%s", path);
	if (ctx)
		store_unwatch(bench, own);
}

TEST(the_daemon_watches_directly)
{
	struct store_watch *w;

	bench_start();
	heard_count = 0;
	CHECK_EQ(store_watch(bench, "/a", hear, NULL, &w), 0);
	CHECK_EQ(heard_count, 0);
	run();
	CHECK_EQ(heard_count, 1);
	write_node(0, 0, "/a/b", "1");
	run();
	CHECK_STR(heard, "/a/b");
	store_write(bench, 0, "/a/c", "1", 1);
	store_unwatch(bench, w);
	run();
	CHECK_EQ(heard_count, 2);
	/* A watch may end itself with further events waiting. */
	CHECK_EQ(store_watch(bench, "@introduceDomain", hear, bench, &own), 0);
	store_introduce(bench, 7, 1, 1);
	store_introduce(bench, 8, 1, 1);
	run();
	CHECK_EQ(heard_count, 3);
	bench_stop();
}

int main(void)
{
	RUN(first_event_comes_at_once);
	RUN(changes_at_and_below_are_heard);
	RUN(removal_is_heard_below);
	RUN(relative_watches_speak_relatively);
	RUN(only_readers_hear);
	RUN(transactions_are_heard_once_committed);
	RUN(depth_limits_what_is_heard);
	RUN(domains_come_and_go);
	RUN(watches_are_rationed);
	RUN(deaf_clients_are_bounded);
	RUN(the_daemon_watches_directly);
	return unit_end();
}
