/* SPDX-License-Identifier: MIT */
/* The requests of the protocol as guests send them: reading, writing, permissions, quotas, administration. */
#include "unit.h"

#include "harness.h"

#include "store/path.h"

/* A node for domain d that d owns, as the toolstack makes them. */
static void give(unsigned int d, const char *path)
{
	char perm[8];

	snprintf(perm, sizeof(perm), "n%u", d);
	say(0, XS_MKDIR, 0, path, NULL);
	say(0, XS_SET_PERMS, 0, path, perm);
}

TEST(read_write_mkdir_rm_directory)
{
	const struct answer *a;

	bench_start();
	CHECK_STR(say(0, XS_READ, 0, "/a/b", NULL), "ENOENT");
	CHECK_STR(write_node(0, 0, "/a/b", "value"), "OK");
	CHECK_STR(say(0, XS_READ, 0, "/a/b", NULL), "value");
	CHECK_STR(say(0, XS_MKDIR, 0, "/a/b", NULL), "OK");
	CHECK_STR(say(0, XS_READ, 0, "/a/b", NULL), "value");
	CHECK_STR(say(0, XS_MKDIR, 0, "/a/c/d", NULL), "OK");
	a = ask_strings(0, XS_DIRECTORY, 0, "/a", NULL);
	CHECK_EQ(a->type, XS_DIRECTORY);
	CHECK_EQ(a->len, 4);
	CHECK(!memcmp(a->data, "b\0c\0", 4));
	a = ask_strings(0, XS_DIRECTORY, 0, "/a/b", NULL);
	CHECK_EQ(a->type, XS_DIRECTORY);
	CHECK_EQ(a->len, 0);
	CHECK_STR(say(0, XS_RM, 0, "/a", NULL), "OK");
	CHECK_STR(say(0, XS_RM, 0, "/a", NULL), "OK");
	CHECK_STR(say(0, XS_RM, 0, "/a/b", NULL), "ENOENT");
	CHECK_STR(say(0, XS_RM, 0, "/", NULL), "EINVAL");
	CHECK_STR(say(0, XS_READ, 0, "/a/b", NULL), "ENOENT");
	bench_stop();
}

TEST(values_are_bytes)
{
	const struct answer *a;

	bench_start();
	CHECK_STR(ask(0, XS_WRITE, 0, "/bin\0\0\xff\0x", 9)->data, "OK");
	a = ask_strings(0, XS_READ, 0, "/bin", NULL);
	CHECK_EQ(a->len, 4);
	CHECK(!memcmp(a->data, "\0\xff\0x", 4));
	bench_stop();
}

TEST(long_directories_come_in_parts)
{
	char path[64], all[64 * 1024], offset[16];
	size_t total = 0, i, names = 0;
	const struct answer *a;

	bench_start();
	for (i = 0; i < 700; i++) {
		snprintf(path, sizeof(path), "/dir/a-child-with-a-long-name-%04zu", i);
		write_node(0, 0, path, "");
	}
	CHECK_STR(say(0, XS_DIRECTORY, 0, "/dir", NULL), "E2BIG");
	for (;;) {
		size_t gen_len, len;

		snprintf(offset, sizeof(offset), "%zu", total);
		a = ask_strings(0, XS_DIRECTORY_PART, 0, "/dir", offset, NULL);
		REQUIRE(a->type == XS_DIRECTORY_PART);
		gen_len = strlen(a->data) + 1;
		len = a->len - gen_len;
		memcpy(all + total, a->data + gen_len, len);
		total += len;
		if (len == 1 || (len > 1 && !a->data[a->len - 2]))
			break;
	}
	for (i = 0; all[i]; i += strlen(all + i) + 1) {
		snprintf(path, sizeof(path), "a-child-with-a-long-name-%04zu", names++);
		CHECK_STR(all + i, path);
	}
	CHECK_EQ(names, 700);
	bench_stop();
}

TEST(bad_requests_get_errors)
{
	bench_start();
	CHECK_STR(ask(0, 99, 0, "x", 2)->data, "ENOSYS");
	CHECK_STR(ask(0, XS_WATCH_EVENT, 0, "x", 2)->data, "ENOSYS");
	CHECK_STR(ask(0, 20, 0, "x", 2)->data, "ENOSYS");
	CHECK_STR(ask(0, XS_READ, 0, "", 0)->data, "EINVAL");
	CHECK_STR(ask(0, XS_READ, 0, "/a", 2)->data, "EINVAL");
	CHECK_STR(ask(0, XS_READ, 0, "/a\0/b", 6)->data, "EINVAL");
	CHECK_STR(ask(0, XS_WRITE, 0, "/a", 2)->data, "EINVAL");
	CHECK_STR(say(0, XS_WRITE, 0, "@releaseDomain", NULL), "EINVAL");
	CHECK_STR(say(0, XS_READ, 0, "@releaseDomain", NULL), "EINVAL");
	CHECK_STR(say(0, XS_READ, 77, "/", NULL), "ENOENT");
	CHECK_STR(say(0, XS_SET_PERMS, 0, "/", NULL), "EINVAL");
	CHECK_STR(say(0, XS_SET_PERMS, 0, "/", "z1"), "EINVAL");
	CHECK_STR(say(0, XS_TRANSACTION_END, 0, "T", NULL), "ENOENT");
	CHECK_STR(say(0, XS_INTRODUCE, 0, "5", "1"), "EINVAL");
	CHECK_STR(say(0, XS_GET_DOMAIN_PATH, 0, "nonsense", NULL), "EINVAL");
	bench_stop();
}

TEST(guests_see_only_what_they_may)
{
	bench_start();
	write_node(0, 0, "/secret/x", "1");
	CHECK_STR(say(1, XS_READ, 0, "/secret/x", NULL), "EACCES");
	CHECK_STR(say(1, XS_READ, 0, "/secret/absent", NULL), "EACCES");
	CHECK_STR(say(1, XS_DIRECTORY, 0, "/", NULL), "EACCES");
	CHECK_STR(write_node(1, 0, "/mine", "1"), "EACCES");
	CHECK_STR(say(1, XS_RM, 0, "/secret", NULL), "EACCES");
	give(1, "/local/domain/1");
	CHECK_STR(write_node(1, 0, "data/x", "1"), "OK");
	CHECK_STR(say(1, XS_READ, 0, "/local/domain/1/data/x", NULL), "1");
	CHECK_STR(say(2, XS_READ, 0, "/local/domain/1/data/x", NULL), "EACCES");
	CHECK_STR(say(1, XS_READ, 0, "absent", NULL), "ENOENT");
	CHECK_STR(say(0, XS_READ, 0, "/local/domain/1/data/x", NULL), "1");
	bench_stop();
}

TEST(permission_lists)
{
	bench_start();
	give(1, "/local/domain/1");
	write_node(1, 0, "shared", "1");
	CHECK_STR(say(1, XS_GET_PERMS, 0, "shared", NULL), "n1");
	CHECK_STR(say(1, XS_SET_PERMS, 0, "shared", "n2"), "EPERM");
	CHECK_STR(ask_strings(1, XS_SET_PERMS, 0, "shared", "r1", "n2", "b3", NULL)->data, "OK");
	CHECK_STR(say(2, XS_READ, 0, "/local/domain/1/shared", NULL), "EACCES");
	CHECK_STR(say(3, XS_READ, 0, "/local/domain/1/shared", NULL), "1");
	CHECK_STR(write_node(3, 0, "/local/domain/1/shared", "3"), "OK");
	CHECK_STR(say(3, XS_SET_PERMS, 0, "/local/domain/1/shared", "b3"), "EACCES");
	/* What domain 3 makes there is its own, but the rest of the list is the parent's. */
	CHECK_STR(write_node(3, 0, "/local/domain/1/shared/sub", "x"), "OK");
	CHECK_STR(say(3, XS_GET_PERMS, 0, "/local/domain/1/shared/sub", NULL), "r3");
	CHECK_STR(say(2, XS_READ, 0, "/local/domain/1/shared/sub", NULL), "EACCES");
	CHECK_STR(ask_strings(1, XS_SET_PERMS, 0, "shared", "b1", "r2", NULL)->data, "OK");
	CHECK_STR(write_node(2, 0, "/local/domain/1/shared", "2"), "EACCES");
	CHECK_STR(write_node(3, 0, "/local/domain/1/shared", "2"), "OK");
	bench_stop();
}

TEST(targets_lend_their_rights)
{
	bench_start();
	give(1, "/local/domain/1");
	CHECK_STR(write_node(2, 0, "/local/domain/1/x", "1"), "EACCES");
	CHECK_STR(say(1, XS_SET_TARGET, 0, "2", "1"), "EACCES");
	CHECK_STR(say(0, XS_SET_TARGET, 0, "2", "1"), "OK");
	CHECK_STR(write_node(2, 0, "/local/domain/1/x", "1"), "OK");
	CHECK_STR(write_node(3, 0, "/local/domain/1/x", "1"), "EACCES");
	store_domain_gone(bench, 1);
	give(1, "/local/domain/1");
	CHECK_STR(write_node(2, 0, "/local/domain/1/x", "1"), "EACCES");
	bench_stop();
}

TEST(administration_is_for_domain_0)
{
	bench_start();
	CHECK_STR(ask_strings(1, XS_INTRODUCE, 0, "5", "1", "1", NULL)->data, "EACCES");
	CHECK_STR(say(1, XS_RELEASE, 0, "2", NULL), "EACCES");
	CHECK_STR(say(1, XS_RESUME, 0, "2", NULL), "EACCES");
	CHECK_STR(say(1, XS_CONTROL, 0, "check", NULL), "EACCES");
	CHECK_STR(say(1, XS_IS_DOMAIN_INTRODUCED, 0, "2", NULL), "T");
	CHECK_STR(say(1, XS_IS_DOMAIN_INTRODUCED, 0, "5", NULL), "F");
	CHECK_STR(say(1, XS_GET_DOMAIN_PATH, 0, "007", NULL), "/local/domain/7");
	CHECK_STR(ask_strings(0, XS_INTRODUCE, 0, "5", "-4", "9", NULL)->data, "OK");
	CHECK(store_is_introduced(bench, 5));
	CHECK_STR(ask_strings(0, XS_INTRODUCE, 0, "6", "1", "57005", NULL)->data, "EINVAL");
	CHECK(!store_is_introduced(bench, 6));
	CHECK_STR(ask_strings(0, XS_INTRODUCE, 0, "0", "1", "1", NULL)->data, "EINVAL");
	CHECK_STR(say(0, XS_RESUME, 0, "5", NULL), "OK");
	CHECK_STR(say(0, XS_RELEASE, 0, "5", NULL), "OK");
	CHECK_STR(say(0, XS_RELEASE, 0, "5", NULL), "ENOENT");
	CHECK_STR(say(0, XS_CONTROL, 0, "check", NULL), "OK");
	bench_stop();
}

TEST(nodes_are_rationed)
{
	char path[64], big[XENSTORE_PAYLOAD_MAX];
	struct store_usage u;
	int i;

	bench_options.limits.nodes = 50;
	bench_start();
	give(1, "/local/domain/1");
	for (i = 0; i < 49; i++) {
		snprintf(path, sizeof(path), "n%d", i);
		CHECK_STR(write_node(1, 0, path, "v"), "OK");
	}
	CHECK_STR(write_node(1, 0, "more", "v"), "ENOSPC");
	CHECK_STR(say(1, XS_MKDIR, 0, "more", NULL), "ENOSPC");
	CHECK_STR(write_node(1, 0, "n0", "again"), "OK");
	store_usage(bench, 1, &u);
	CHECK_EQ(u.nodes, 50);
	/* Domain 0 is not held back, and what it makes there is charged all the same. */
	CHECK_STR(write_node(0, 0, "/local/domain/1/by-0", "v"), "OK");
	store_usage(bench, 1, &u);
	CHECK_EQ(u.nodes, 51);
	CHECK_STR(say(1, XS_RM, 0, "n1", NULL), "OK");
	CHECK_STR(say(1, XS_RM, 0, "n2", NULL), "OK");
	CHECK_STR(write_node(1, 0, "more", "v"), "OK");
	memset(big, 'x', sizeof(big));
	big[2047 + 1] = '\0';
	CHECK_STR(write_node(1, 0, "n0", big), "ENOSPC");
	big[2000] = '\0';
	CHECK_STR(write_node(1, 0, "n0", big), "OK");
	CHECK_STR(ask_strings(1, XS_SET_PERMS, 0, "n0", "n1", "r2", "r3", "r4", "r5", "r6", NULL)->data,
		  "ENOSPC");
	CHECK_STR(ask_strings(1, XS_SET_PERMS, 0, "n0", "n1", "r2", "r3", "r4", "r5", NULL)->data, "OK");
	bench_stop();
}

TEST(memory_is_rationed)
{
	char path[64], value[2001];
	int i, made = 0;

	bench_options.limits.memory_bytes = 64 << 10;
	bench_start();
	give(1, "/local/domain/1");
	memset(value, 'x', 2000);
	value[2000] = '\0';
	for (i = 0; i < 100; i++) {
		snprintf(path, sizeof(path), "n%d", i);
		made += !strcmp(write_node(1, 0, path, value), "OK");
	}
	CHECK(made > 20 && made < 40);
	CHECK_STR(say(1, XS_READ, 0, "n0", NULL), "ENOMEM");
	CHECK_STR(say(1, XS_RM, 0, "n0", NULL), "OK");
	CHECK_STR(say(1, XS_RM, 0, "n1", NULL), "OK");
	CHECK_STR(say(1, XS_READ, 0, "n3", NULL), value);
	bench_stop();
}

/* A domain id that is used again must not find what its predecessor owned or was allowed. */
TEST(gone_domains_leave_nothing)
{
	struct store_usage u;

	bench_start();
	give(1, "/local/domain/1");
	write_node(1, 0, "x/y/z", "1");
	write_node(0, 0, "/shared", "1");
	ask_strings(0, XS_SET_PERMS, 0, "/shared", "n0", "r1", "r2", NULL);
	CHECK_STR(say(1, XS_READ, 0, "/shared", NULL), "1");
	store_domain_gone(bench, 1);
	run();
	CHECK_STR(say(0, XS_READ, 0, "/local/domain/1", NULL), "ENOENT");
	CHECK_STR(say(0, XS_DIRECTORY, 0, "/local/domain", NULL), "");
	store_usage(bench, 1, &u);
	CHECK_EQ(u.nodes + u.memory_bytes, 0);
	store_introduce(bench, 1, 1, 1);
	run();
	CHECK_STR(say(1, XS_READ, 0, "/shared", NULL), "EACCES");
	CHECK_STR(say(2, XS_READ, 0, "/shared", NULL), "1");
	bench_stop();
}

/* Even the root, should somebody have given it away, comes back to domain 0. */
TEST(the_root_is_never_orphaned)
{
	bench_start();
	CHECK_STR(say(0, XS_SET_PERMS, 0, "/", "n1"), "OK");
	CHECK_STR(write_node(1, 0, "/mine", "1"), "OK");
	store_domain_gone(bench, 1);
	CHECK_STR(say(0, XS_GET_PERMS, 0, "/", NULL), "n0");
	CHECK_STR(say(0, XS_READ, 0, "/mine", NULL), "ENOENT");
	bench_stop();
}

static unsigned int known;

static void end_domain(void *ctx, unsigned int domid, bool introduced)
{
	(void)ctx;
	known++;
	CHECK_EQ(introduced, domid < 4);
	store_domain_gone(bench, domid);
}

/* As the daemon does after a restart: whatever the hypervisor no longer has goes, while the list is walked. */
TEST(all_domains_may_go_at_once)
{
	bench_start();
	give(1, "/local/domain/1");
	write_node(1, 0, "x", "1");
	ask_strings(1, XS_SET_PERMS, 0, "x", "n1", "r7", "r8", "r9", NULL);
	known = 0;
	store_each_domain(bench, end_domain, NULL);
	CHECK(known >= 4);
	CHECK(!store_is_introduced(bench, 1));
	CHECK(store_is_introduced(bench, 0));
	run();
	CHECK_STR(say(0, XS_DIRECTORY, 0, "/local/domain", NULL), "");
	bench_stop();
}

/* A second INTRODUCE whose ring cannot be had disconnects the domain. */
TEST(failed_introductions)
{
	bench_start();
	say(0, XS_WATCH, 0, "@releaseDomain", "out");
	drop_events(0);
	CHECK_STR(ask_strings(0, XS_INTRODUCE, 0, "2", "1", "57005", NULL)->data, "EINVAL");
	CHECK(!store_is_introduced(bench, 2));
	CHECK_STR(next_event(0), "@releaseDomain out");
	CHECK_STR(ask_strings(0, XS_INTRODUCE, 0, "2", "1", "7", NULL)->data, "OK");
	CHECK_STR(say(2, XS_GET_DOMAIN_PATH, 0, "9", NULL), "/local/domain/9");
	bench_stop();
}

TEST(deep_trees_hold)
{
	char path[XENSTORE_ABS_PATH_MAX + 1];
	size_t i;

	bench_start();
	for (i = 0; i + 1 < sizeof(path); i += 2)
		memcpy(path + i, "/d", 2);
	path[XENSTORE_ABS_PATH_MAX] = '\0';
	CHECK_STR(write_node(0, 0, path, "deep"), "OK");
	CHECK_STR(say(0, XS_READ, 0, path, NULL), "deep");
	path[2] = '\0';
	CHECK_STR(say(0, XS_RM, 0, path, NULL), "OK");
	bench_stop();
}

TEST(the_daemon_speaks_directly)
{
	char *value;
	struct store_perm p[2] = { { .domid = 1 }, { .domid = 2, .access = STORE_PERM_READ } };
	uint32_t tx;
	size_t len;

	bench_start();
	CHECK_EQ(store_write(bench, 0, "/vm/name", "guest7", 6), 0);
	CHECK_EQ(store_read(bench, 0, "/vm/name", &value, &len), 0);
	CHECK_STR(value, "guest7");
	CHECK_EQ(len, 6);
	free(value);
	CHECK(store_read(bench, 0, "/vm/none", &value, NULL) < 0);
	CHECK(store_read(bench, 0, "bad path", &value, NULL) < 0);
	CHECK_EQ(store_set_perms(bench, 0, "/vm/name", p, 2), 0);
	CHECK_STR(say(0, XS_GET_PERMS, 0, "/vm/name", NULL), "n1");
	CHECK_STR(say(1, XS_READ, 0, "/vm/name", NULL), "guest7");
	CHECK_STR(say(2, XS_READ, 0, "/vm/name", NULL), "guest7");
	CHECK_EQ(store_tx_start(bench, &tx), 0);
	CHECK_EQ(store_write(bench, tx, "/vm/a", "1", 1), 0);
	CHECK_EQ(store_mkdir(bench, tx, "/vm/b"), 0);
	CHECK_STR(say(0, XS_READ, 0, "/vm/a", NULL), "ENOENT");
	CHECK_EQ(store_tx_commit(bench, tx), 0);
	CHECK_STR(say(0, XS_READ, 0, "/vm/a", NULL), "1");
	CHECK(store_tx_commit(bench, tx) < 0);
	CHECK_EQ(store_rm(bench, 0, "/vm"), 0);
	bench_stop();
}

int main(void)
{
	RUN(read_write_mkdir_rm_directory);
	RUN(values_are_bytes);
	RUN(long_directories_come_in_parts);
	RUN(bad_requests_get_errors);
	RUN(guests_see_only_what_they_may);
	RUN(permission_lists);
	RUN(targets_lend_their_rights);
	RUN(administration_is_for_domain_0);
	RUN(nodes_are_rationed);
	RUN(memory_is_rationed);
	RUN(gone_domains_leave_nothing);
	RUN(the_root_is_never_orphaned);
	RUN(all_domains_may_go_at_once);
	RUN(failed_introductions);
	RUN(deep_trees_hold);
	RUN(the_daemon_speaks_directly);
	return unit_end();
}
