/* SPDX-License-Identifier: MIT */
/* lib/list.h: order, removal while walking, splicing. */
#include "unit.h"
#include "lib/list.h"

struct item {
	int value;
	struct list_head link;
};

static struct item items[4];

static int digits(struct list_head *list)
{
	struct item *item;
	int number = 0, reversed = 0, scale = 1;

	list_for_each_entry(item, list, link)
		number = number * 10 + item->value;
	list_for_each_entry_reverse(item, list, link) {
		reversed += item->value * scale;
		scale *= 10;
	}
	CHECK_EQ(number, reversed);
	return number;
}

TEST(adding_and_moving)
{
	LIST_HEAD(list);

	CHECK(list_empty(&list));
	CHECK(list_first_entry_or_null(&list, struct item, link) == NULL);
	for (int i = 0; i < 4; i++) {
		items[i].value = i + 1;
		list_add_tail(&items[i].link, &list);
	}
	CHECK_EQ(digits(&list), 1234);
	list_move_tail(&items[1].link, &list);
	CHECK_EQ(digits(&list), 1342);
	list_del_init(&items[3].link);
	CHECK(list_empty(&items[3].link));
	list_add(&items[3].link, &list);
	CHECK_EQ(digits(&list), 4132);
	CHECK_EQ(list_first_entry(&list, struct item, link)->value, 4);
	CHECK_EQ(list_last_entry(&list, struct item, link)->value, 2);
}

TEST(removing_while_walking)
{
	LIST_HEAD(list);
	LIST_HEAD(other);
	struct item *item, *next;

	for (int i = 0; i < 4; i++) {
		items[i].value = i + 1;
		list_add_tail(&items[i].link, i < 2 ? &list : &other);
	}
	list_splice_tail_init(&other, &list);
	CHECK(list_empty(&other));
	list_splice_tail_init(&other, &list);
	CHECK_EQ(digits(&list), 1234);
	list_for_each_entry_safe(item, next, &list, link)
		if (item->value & 1)
			list_del(&item->link);
	CHECK_EQ(digits(&list), 24);
	CHECK(items[0].link.next == NULL);
}

int main(void)
{
	RUN(adding_and_moving);
	RUN(removing_while_walking);
	return unit_end();
}
