/* SPDX-License-Identifier: MIT */
/* The tree and the pure pieces below it: paths, numbers, permission strings, the string table, snapshots. */
#include "unit.h"

#include "store/path.h"
#include "store/strmap.h"
#include "store/tree.h"
#include "store/wire.h"

#include <errno.h>

static uint64_t gen;
static long counted;

static void count(void *ctx, const struct node *n, int sign)
{
	(void)ctx;
	(void)n;
	counted += sign;
}

static struct tree new_tree(void)
{
	struct tree t;

	store_tree_init(&t, &gen);
	t.account = count;
	counted = 1;
	return t;
}

static int apply(struct tree *t, enum op_type type, const char *path, const char *value)
{
	struct op op = { .type = type, .owner = OP_INHERIT, .path = path, .data = value };

	op.len = value ? strlen(value) : 0;
	return store_tree_apply(t, &op);
}

static const char *value_of(const struct tree *t, const char *path)
{
	static char text[64];
	struct node *n = store_tree_find(t, path, strlen(path));

	if (!n)
		return NULL;
	snprintf(text, sizeof(text), "%.*s", (int)store_node_value_len(n), store_node_value(n));
	return text;
}

TEST(paths_are_checked)
{
	static const char *const bad[] = { "", "//", "/a/", "/a//b", "a/", "/a b", "/\x80", "/a\n", "/a.b" };
	char buf[STORE_PATH_BUF], longest[XENSTORE_ABS_PATH_MAX + 3];
	size_t i;

	for (i = 0; i < sizeof(bad) / sizeof(bad[0]); i++)
		CHECK_EQ(store_path_resolve(bad[i], 0, buf), -EINVAL);
	CHECK_EQ(store_path_resolve("/", 0, buf), 0);
	CHECK_EQ(store_path_resolve("/A-z_0@/9", 0, buf), 0);
	CHECK_EQ(store_path_resolve("device/vif", 7, buf), 0);
	CHECK_STR(buf, "/local/domain/7/device/vif");
	memset(longest, 'a', sizeof(longest));
	longest[0] = '/';
	longest[XENSTORE_ABS_PATH_MAX] = '\0';
	CHECK_EQ(store_path_resolve(longest, 0, buf), 0);
	longest[XENSTORE_ABS_PATH_MAX] = 'a';
	longest[XENSTORE_ABS_PATH_MAX + 1] = '\0';
	CHECK_EQ(store_path_resolve(longest, 0, buf), -EINVAL);
	longest[0] = 'a';
	longest[XENSTORE_REL_PATH_MAX] = '\0';
	CHECK_EQ(store_path_resolve(longest, 0, buf), 0);
	longest[XENSTORE_REL_PATH_MAX] = 'a';
	CHECK_EQ(store_path_resolve(longest, 0, buf), -EINVAL);
}

TEST(paths_are_walked)
{
	CHECK_EQ(store_path_depth("/a/b/c", "/"), 3);
	CHECK_EQ(store_path_depth("/a/b/c", "/a"), 2);
	CHECK_EQ(store_path_depth("/a", "/a"), 0);
	CHECK_EQ(store_path_depth("/", "/"), 0);
	CHECK_EQ(store_path_parent_len("/a/bc", 5), 2);
	CHECK_EQ(store_path_parent_len("/a", 2), 1);
	CHECK_EQ(store_path_parent_len("/", 1), 1);
}

TEST(numbers_are_whole)
{
	uint64_t v;
	int64_t i;
	unsigned int d;

	CHECK_EQ(store_wire_number("65535", 65535, &v), 0);
	CHECK_EQ(store_wire_number("65536", 65535, &v), -EINVAL);
	CHECK_EQ(store_wire_number("", 9, &v), -EINVAL);
	CHECK_EQ(store_wire_number("1x", 99, &v), -EINVAL);
	CHECK_EQ(store_wire_number(" 1", 99, &v), -EINVAL);
	CHECK_EQ(store_wire_number("18446744073709551615", UINT64_MAX, &v), 0);
	CHECK_EQ(store_wire_number("18446744073709551616", UINT64_MAX, &v), -EINVAL);
	CHECK_EQ(store_wire_signed("-12", &i), 0);
	CHECK_EQ(i, (int64_t)-12);
	CHECK_EQ(store_wire_signed("-", &i), -EINVAL);
	CHECK_EQ(store_wire_domid("32751", &d), 0);
	CHECK_EQ(store_wire_domid("32752", &d), -EINVAL);
}

TEST(permission_strings_go_both_ways)
{
	struct store_perm p;
	char text[8];

	CHECK_EQ(store_perm_parse("b12", &p), 0);
	CHECK_EQ(p.access, STORE_PERM_READ | STORE_PERM_WRITE);
	store_perm_format(&p, text);
	CHECK_STR(text, "b12");
	CHECK_EQ(store_perm_parse("x1", &p), -EINVAL);
	CHECK_EQ(store_perm_parse("r", &p), -EINVAL);
	CHECK_EQ(store_perm_parse("r-1", &p), -EINVAL);
	CHECK_EQ(store_perm_parse("", &p), -EINVAL);
}

TEST(payloads_are_split)
{
	const char *out[4], *rest;
	size_t len;

	CHECK_EQ(store_wire_split("a\0b\0", 4, out, 4), 2);
	CHECK_STR(out[1], "b");
	CHECK_EQ(store_wire_split("a\0b", 3, out, 4), -EINVAL);
	CHECK_EQ(store_wire_split("", 0, out, 4), 0);
	CHECK_EQ(store_wire_split("\0\0\0\0\0", 5, out, 4), -EINVAL);
	CHECK(!store_wire_first("abc", 3, &rest, &len));
	CHECK_STR(store_wire_first("abc\0d", 5, &rest, &len), "abc");
	CHECK_EQ(len, 1);
}

TEST(writes_make_parents)
{
	struct tree t = new_tree();

	CHECK_EQ(apply(&t, OP_WRITE, "/a/b/c", "v"), 0);
	CHECK_STR(value_of(&t, "/a/b/c"), "v");
	CHECK_STR(value_of(&t, "/a"), "");
	CHECK_EQ(counted, 4);
	CHECK_EQ(apply(&t, OP_MKDIR, "/a/b", NULL), 0);
	CHECK_STR(value_of(&t, "/a/b/c"), "v");
	CHECK_EQ(apply(&t, OP_RM, "/a/b", NULL), 0);
	CHECK_EQ(counted, 2);
	CHECK_EQ(apply(&t, OP_RM, "/a/b", NULL), -ENOENT);
	CHECK_EQ(apply(&t, OP_RM, "/", NULL), -EINVAL);
	store_tree_fini(&t);
}

TEST(children_are_sorted_and_found)
{
	struct tree t = new_tree();
	char path[32];
	int i;

	for (i = 0; i < 500; i++) {
		snprintf(path, sizeof(path), "/d/n%d", (i * 7919) % 500);
		apply(&t, OP_WRITE, path, path);
	}
	for (i = 0; i < 500; i++) {
		snprintf(path, sizeof(path), "/d/n%d", i);
		CHECK_STR(value_of(&t, path), path);
	}
	CHECK_EQ(store_tree_find(&t, "/d", 2)->nchild, 500);
	CHECK(!store_tree_find(&t, "/d/n", 4));
	CHECK(!store_tree_find(&t, "/d/n5000", 8));
	store_tree_fini(&t);
}

TEST(snapshots_keep_what_they_saw)
{
	struct tree t = new_tree(), old = { 0 };
	uint64_t a_gen;

	apply(&t, OP_WRITE, "/a", "1");
	apply(&t, OP_WRITE, "/b/c", "2");
	old.root = store_node_get(t.root);
	old.gen = &gen;
	a_gen = store_tree_find(&t, "/a", 2)->gen;
	apply(&t, OP_WRITE, "/a", "changed");
	apply(&t, OP_RM, "/b", NULL);
	CHECK_STR(value_of(&old, "/a"), "1");
	CHECK_STR(value_of(&old, "/b/c"), "2");
	CHECK_STR(value_of(&t, "/a"), "changed");
	CHECK(!value_of(&t, "/b/c"));
	CHECK_EQ(store_tree_find(&old, "/a", 2)->gen, a_gen);
	CHECK(store_tree_find(&t, "/a", 2)->gen > a_gen);
	store_tree_fini(&old);
	CHECK_STR(value_of(&t, "/a"), "changed");
	store_tree_fini(&t);
}

/* Many snapshots of a tree that changes at random; each must go on showing its moment. */
TEST(snapshots_against_copies)
{
	struct tree t = new_tree(), snap[8];
	char want[8][40][16], live[40][16] = { "" }, path[40];
	int i, k, n;

	memset(snap, 0, sizeof(snap));
	for (i = 0; i < 3000; i++) {
		k = (int)(unit_random() % 40);
		snprintf(path, sizeof(path), "/x%d/y%d/z%d", k % 3, k % 5, k);
		if (unit_random() % 4) {
			snprintf(live[k], sizeof(live[k]), "v%d", i);
			apply(&t, OP_WRITE, path, live[k]);
		} else {
			apply(&t, OP_RM, path, NULL);
			live[k][0] = '\0';
		}
		n = (int)(unit_random() % 8);
		if (unit_random() % 10 == 0) {
			if (snap[n].root)
				store_tree_fini(&snap[n]);
			snap[n].root = store_node_get(t.root);
			memcpy(want[n], live, sizeof(live));
		}
	}
	for (n = 0; n < 8; n++) {
		for (k = 0; snap[n].root && k < 40; k++) {
			const char *v;

			snprintf(path, sizeof(path), "/x%d/y%d/z%d", k % 3, k % 5, k);
			v = value_of(&snap[n], path);
			CHECK_STR(v ? v : "", want[n][k]);
		}
		if (snap[n].root)
			store_tree_fini(&snap[n]);
	}
	store_tree_fini(&t);
}

TEST(strings_map_to_pointers)
{
	struct strmap m;
	char key[16];
	size_t i;

	store_strmap_init(&m);
	for (i = 1; i <= 1000; i++) {
		snprintf(key, sizeof(key), "k%zu", i);
		*store_strmap_add(&m, key) = (void *)i;
	}
	for (i = 1; i <= 1000; i += 2) {
		snprintf(key, sizeof(key), "k%zu", i);
		store_strmap_del(&m, key);
	}
	for (i = 1; i <= 1000; i++) {
		void **slot;

		snprintf(key, sizeof(key), "k%zu", i);
		slot = store_strmap_find(&m, key, strlen(key));
		CHECK_EQ(slot ? (size_t)*slot : 0, i % 2 ? 0 : i);
	}
	CHECK_EQ(m.count, 500);
	store_strmap_clear(&m);
}

int main(void)
{
	RUN(paths_are_checked);
	RUN(paths_are_walked);
	RUN(numbers_are_whole);
	RUN(permission_strings_go_both_ways);
	RUN(payloads_are_split);
	RUN(writes_make_parents);
	RUN(children_are_sorted_and_found);
	RUN(snapshots_keep_what_they_saw);
	RUN(snapshots_against_copies);
	RUN(strings_map_to_pointers);
	return unit_end();
}
