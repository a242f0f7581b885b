/* SPDX-License-Identifier: MIT */
/* What the store knows after it was killed: everything that anybody was told, and nothing twice. */
#include "unit.h"

#include "harness.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

static char file[128];

static void start(void)
{
	snprintf(file, sizeof(file), "/tmp/store-journal.%d", (int)getpid());
	unlink(file);
	bench_options.journal = file;
	bench_start();
}

static void restart(void)
{
	bench_kill();
	bench_open();
}

TEST(nodes_survive)
{
	struct store_usage before, after;

	start();
	home(1);
	write_node(1, 0, "a/b", "value");
	ask_strings(1, XS_SET_PERMS, 0, "a", "r1", "b2", NULL);
	write_node(0, 0, "/x/y", "1");
	say(0, XS_RM, 0, "/x", NULL);
	ask(0, XS_WRITE, 0, "/bin\0a\0b", 8);
	say(0, XS_SET_TARGET, 0, "2", "1");
	say(0, XS_SET_PERMS, 0, "@releaseDomain", "r0");
	store_usage(bench, 1, &before);
	restart();
	store_usage(bench, 1, &after);
	CHECK_EQ(before.nodes, after.nodes);
	CHECK_EQ(before.memory_bytes, after.memory_bytes);
	CHECK_STR(say(1, XS_READ, 0, "a/b", NULL), "value");
	CHECK_STR(say(0, XS_READ, 0, "/x", NULL), "ENOENT");
	CHECK_EQ(ask_strings(0, XS_READ, 0, "/bin", NULL)->len, 3);
	CHECK_EQ(ask_strings(1, XS_GET_PERMS, 0, "a", NULL)->len, 6);
	CHECK_STR(say(0, XS_GET_PERMS, 0, "@releaseDomain", NULL), "r0");
	CHECK_STR(write_node(2, 0, "/local/domain/1/new", "by target"), "OK");
	restart();
	CHECK_STR(say(0, XS_READ, 0, "/local/domain/1/new", NULL), "by target");
	bench_stop();
}

TEST(connections_survive)
{
	start();
	home(1);
	say(1, XS_WATCH, 0, "a", "tok");
	ask_strings(1, XS_WATCH, 0, "/local/domain/1", "deep", "0", NULL);
	drop_events(1);
	CHECK(store_is_introduced(bench, 1));
	restart();
	CHECK(store_is_introduced(bench, 0));
	CHECK(store_is_introduced(bench, 3));
	CHECK_STR(next_event(1), "");
	write_node(0, 0, "/local/domain/1/a", "x");
	CHECK_STR(next_event(1), "a tok");
	CHECK_STR(next_event(1), "");
	say(1, XS_UNWATCH, 0, "a", "tok");
	say(0, XS_RELEASE, 0, "2", NULL);
	store_domain_gone(bench, 3);
	restart();
	CHECK(!store_is_introduced(bench, 2));
	CHECK(!store_is_introduced(bench, 3));
	write_node(0, 0, "/local/domain/1/a", "y");
	CHECK_STR(next_event(1), "");
	bench_stop();
}

/* A domain that died while nobody was there: its ring cannot be opened, and @releaseDomain tells. */
TEST(domains_that_died_meanwhile)
{
	start();
	store_introduce(bench, 4, 0, 0);
	bench_kill();
	bench_options.ring = NULL;
	if (store_new(NULL, &bench_options, &bench))
		abort();
	store_start(bench);
	CHECK(!store_is_introduced(bench, 4));
	bench_stop();
}

/* A transaction goes on, keeps what it wrote, and is asked to run again. */
TEST(transactions_survive)
{
	uint32_t tx, old;

	start();
	home(1);
	write_node(1, 0, "a", "1");
	old = tx = begin(1);
	write_node(1, tx, "a", "2");
	write_node(1, tx, "b/c", "3");
	restart();
	CHECK_STR(say(1, XS_READ, tx, "a", NULL), "2");
	CHECK_STR(write_node(1, tx, "d", "4"), "OK");
	restart();
	CHECK_STR(say(1, XS_READ, tx, "d", NULL), "4");
	CHECK_STR(say(1, XS_READ, 0, "a", NULL), "1");
	CHECK_STR(end(1, tx, true), "EAGAIN");
	CHECK_STR(say(1, XS_READ, 0, "b", NULL), "ENOENT");
	tx = begin(1);
	CHECK(tx != old);
	write_node(1, tx, "a", "2");
	CHECK_STR(end(1, tx, true), "OK");
	restart();
	CHECK_STR(say(1, XS_READ, 0, "a", NULL), "2");
	CHECK_STR(end(1, tx, true), "ENOENT");
	bench_stop();
}

/* Killed with a request half in the ring, at each byte; also one too long for the ring. */
TEST(half_requests_survive)
{
	char body[3000];
	struct xsd_sockmsg hdr = { .type = XS_WRITE, .len = sizeof(body) };
	struct answer a;
	size_t i;

	start();
	memset(body, 'x', sizeof(body));
	memcpy(body, "/v", 3);
	for (i = 1; i < sizeof(body); i += 97) {
		put_bytes(0, &hdr, sizeof(hdr));
		put_bytes(0, body, i);
		store_kick(bench, 0);
		run();
		restart();
		put_bytes(0, body + i, sizeof(body) - i);
		run();
		REQUIRE(get_message(0, &a));
		CHECK_STR(a.data, "OK");
		CHECK_EQ(ask_strings(0, XS_READ, 0, "/v", NULL)->len, sizeof(body) - 3);
	}
	bench_stop();
}

/* Killed with answers and events not fetched: all of them, in order, once. */
TEST(answers_survive)
{
	char path[64], want[64];
	struct answer a;
	int i, k = 0;

	start();
	home(1);
	say(1, XS_WATCH, 0, "d", "t");
	drop_events(1);
	for (i = 0; i < 200; i++) {
		snprintf(path, sizeof(path), "/local/domain/1/d/%d", i);
		write_node(0, 0, path, "");
		if (i % 17 == 0)
			restart();
		if (i % 5 == 0 && get_message(1, &a)) {
			snprintf(want, sizeof(want), "d/%d", k++);
			CHECK_STR(a.data, want);
		}
	}
	while (get_message(1, &a)) {
		snprintf(want, sizeof(want), "d/%d", k++);
		CHECK_STR(a.data, want);
	}
	CHECK_EQ(k, 200);
	bench_stop();
}

TEST(deaf_clients_stay_deaf)
{
	char path[64];
	int i, n;

	bench_options.limits.events = 20;
	start();
	home(1);
	say(1, XS_WATCH, 0, "d", "t");
	drop_events(1);
	for (i = 0; i < 300; i++) {
		snprintf(path, sizeof(path), "/local/domain/1/d/%d", i);
		write_node(0, 0, path, "");
	}
	restart();
	for (n = 0; n < 300; n++)
		if (!strcmp(next_event(1), "d t"))
			break;
	CHECK(n < 100);
	bench_stop();
}

/* A journal cut short at any byte: whatever is whole is there, and nothing else is believed. */
TEST(torn_journals)
{
	char copy[150], cmd[600];
	struct stat st;
	off_t cut;
	int i;

	start();
	for (i = 0; i < 10; i++)
		write_node(0, 0, "/n", i % 2 ? "odd" : "even");
	REQUIRE(!stat(file, &st));
	snprintf(copy, sizeof(copy), "%s.copy", file);
	snprintf(cmd, sizeof(cmd), "cp %s %s", file, copy);
	REQUIRE(!system(cmd));
	for (cut = st.st_size; cut >= 0; cut -= 7) {
		char *value;
		int rc;

		bench_kill();
		snprintf(cmd, sizeof(cmd), "cp %s %s && truncate -s %ld %s", copy, file, (long)cut, file);
		REQUIRE(!system(cmd));
		if (store_new(NULL, &bench_options, &bench))
			abort();
		rc = store_read(bench, 0, "/n", &value, NULL);
		if (!rc) {
			CHECK(!strcmp(value, "odd") || !strcmp(value, "even"));
			free(value);
		}
		CHECK_EQ(store_check(bench), 0);
	}
	unlink(copy);
	snprintf(copy, sizeof(copy), "%s.old", file);
	unlink(copy);
	bench_stop();
}

TEST(other_boots_are_put_aside)
{
	char old[150];

	bench_options.boot_id = "boot-one";
	start();
	write_node(0, 0, "/n", "1");
	restart();
	CHECK_STR(say(0, XS_READ, 0, "/n", NULL), "1");
	bench_kill();
	bench_options.boot_id = "boot-two";
	bench_open();
	CHECK(!store_is_introduced(bench, 0));
	snprintf(old, sizeof(old), "%s.old", file);
	CHECK_EQ(unlink(old), 0);
	bench_stop();
}

TEST(long_journals_are_written_afresh)
{
	char path[64], value[1000];
	struct stat st;
	int i;

	start();
	memset(value, 'v', sizeof(value));
	value[sizeof(value) - 1] = '\0';
	for (i = 0; i < 8000; i++) {
		snprintf(path, sizeof(path), "/n/%d", i % 50);
		CHECK_EQ(store_write(bench, 0, path, value, sizeof(value) - 1), 0);
	}
	REQUIRE(!stat(file, &st));
	CHECK(st.st_size < 3 << 20);
	write_node(0, 0, "/n/7", "last");
	restart();
	CHECK_STR(say(0, XS_READ, 0, "/n/7", NULL), "last");
	CHECK_STR(say(0, XS_READ, 0, "/n/8", NULL), value);
	bench_stop();
}

/* Leaves no room on the file system of path, or gives it back. */
static void fill(const char *dir, bool full)
{
	char cmd[200];

	snprintf(cmd, sizeof(cmd), full ? "cat /dev/zero > %s/filler 2>/dev/null" : "rm %s/filler", dir);
	CHECK_EQ(!system(cmd), !full);
}

/*
 * Without space the store goes on, and starts again too; with space again, nothing is missing.
 */
TEST(full_file_systems)
{
	char value[1000], path[32];
	char dir[64], cmd[400];
	struct store_stats st;
	int i;

	snprintf(dir, sizeof(dir), "/tmp/store-full.%d", (int)getpid());
	snprintf(cmd, sizeof(cmd), "mkdir %s && mount -t tmpfs -o size=256k tmpfs %s 2>/dev/null", dir, dir);
	if (system(cmd)) {
		rmdir(dir);
		printf("skipped: full_file_systems needs to mount\n");
		return;
	}
	snprintf(file, sizeof(file), "%s/journal", dir);
	bench_options.journal = file;
	bench_start();
	memset(value, 'v', sizeof(value));
	for (i = 0; i < 500; i++) {
		snprintf(path, sizeof(path), "/n/%d", i);
		CHECK_EQ(store_write(bench, 0, path, value, sizeof(value)), 0);
	}
	CHECK_EQ(store_rm(bench, 0, "/n"), 0);
	bench_now_ms += 1000;
	CHECK_EQ(store_write(bench, 0, "/after", "1", 1), 0);
	store_stats(bench, &st);
	CHECK(st.journal_bytes < 10000);
	restart();
	CHECK_STR(say(0, XS_READ, 0, "/after", NULL), "1");
	CHECK_STR(say(0, XS_READ, 0, "/n/7", NULL), "ENOENT");
	fill(dir, true);
	restart();
	CHECK_STR(say(0, XS_READ, 0, "/after", NULL), "1");
	bench_kill();
	unlink(file);
	fill(dir, false);
	fill(dir, true);
	bench_open();
	CHECK_EQ(store_introduce(bench, 0, 100, 10), 0);
	CHECK_STR(say(0, XS_READ, 0, "/after", NULL), "ENOENT");
	fill(dir, false);
	bench_now_ms += 1000;
	CHECK_EQ(store_write(bench, 0, "/after", "2", 1), 0);
	restart();
	CHECK_STR(say(0, XS_READ, 0, "/after", NULL), "2");
	bench_stop();
	snprintf(cmd, sizeof(cmd), "umount %s && rmdir %s", dir, dir);
	CHECK_EQ(system(cmd), 0);
}

/* Random work of three guests with kills in between, against a model of what each was told. */
TEST(random_work_and_kills)
{
	char model[3][20][16] = { { "" } }, path[32], text[16];
	unsigned int i, d, n, kills = 0;

	start();
	for (d = 1; d <= 3; d++)
		home(d);
	for (i = 0; i < 4000; i++) {
		d = (unsigned int)(unit_random() % 3);
		n = (unsigned int)(unit_random() % 20);
		snprintf(path, sizeof(path), "x%u/n%u", n % 3, n);
		snprintf(text, sizeof(text), "v%u", i);
		switch (unit_random() % 8) {
		case 0:
			if (!strcmp(say(d + 1, XS_RM, 0, path, NULL), "OK"))
				model[d][n][0] = '\0';
			break;
		case 1:
			restart();
			kills++;
			break;
		case 2: {
			uint32_t tx = begin(d + 1);

			write_node(d + 1, tx, path, text);
			if (unit_random() % 2)
				restart();
			if (!strcmp(end(d + 1, tx, true), "OK"))
				strcpy(model[d][n], text);
			break;
		}
		default:
			CHECK_STR(write_node(d + 1, 0, path, text), "OK");
			strcpy(model[d][n], text);
		}
	}
	for (d = 0; d < 3; d++) {
		for (n = 0; n < 20; n++) {
			snprintf(path, sizeof(path), "x%u/n%u", n % 3, n);
			CHECK_STR(say(d + 1, XS_READ, 0, path, NULL),
				  model[d][n][0] ? model[d][n] : "ENOENT");
		}
	}
	CHECK(kills > 100);
	bench_stop();
}

int main(void)
{
	RUN(nodes_survive);
	RUN(connections_survive);
	RUN(domains_that_died_meanwhile);
	RUN(transactions_survive);
	RUN(half_requests_survive);
	RUN(answers_survive);
	RUN(deaf_clients_stay_deaf);
	RUN(torn_journals);
	RUN(other_boots_are_put_aside);
	RUN(long_journals_are_written_afresh);
	RUN(full_file_systems);
	RUN(random_work_and_kills);
	return unit_end();
}
