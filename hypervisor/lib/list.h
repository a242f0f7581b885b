/* SPDX-License-Identifier: MIT */
/*
 * Doubly linked circular list, intrusive: a struct list_head inside each element and one as the anchor.
 *
 *   anchor <-> a <-> b <-> c <-> anchor      empty: the anchor points at itself
 *
 * An element removed with list_del() points at nothing, so that a second removal faults at once; one removed
 * with list_del_init() points at itself, and list_empty() says whether it is on a list. The caller locks.
 */
#ifndef LIB_LIST_H
#define LIB_LIST_H

#include "lib/types.h"

struct list_head {
	struct list_head *next, *prev;
};

#define LIST_HEAD_INIT(name)	{ &(name), &(name) }
#define LIST_HEAD(name)		struct list_head name = LIST_HEAD_INIT(name)

static inline void list_init(struct list_head *head)
{
	head->next = head;
	head->prev = head;
}

static inline bool list_empty(const struct list_head *head)
{
	return head->next == head;
}

static inline void list_insert_between(struct list_head *node, struct list_head *prev, struct list_head *next)
{
	node->prev = prev;
	node->next = next;
	prev->next = node;
	next->prev = node;
}

/* As the first element, or behind `head` if that is itself an element. */
static inline void list_add(struct list_head *node, struct list_head *head)
{
	list_insert_between(node, head, head->next);
}

/* As the last element, or before `head` if that is itself an element. */
static inline void list_add_tail(struct list_head *node, struct list_head *head)
{
	list_insert_between(node, head->prev, head);
}

static inline void list_unlink(struct list_head *node)
{
	node->prev->next = node->next;
	node->next->prev = node->prev;
}

static inline void list_del(struct list_head *node)
{
	list_unlink(node);
	node->next = NULL;
	node->prev = NULL;
}

static inline void list_del_init(struct list_head *node)
{
	list_unlink(node);
	list_init(node);
}

static inline void list_move_tail(struct list_head *node, struct list_head *head)
{
	list_unlink(node);
	list_add_tail(node, head);
}

/* All of `from` to the end of `to`; `from` is empty afterwards. */
static inline void list_splice_tail_init(struct list_head *from, struct list_head *to)
{
	if (list_empty(from))
		return;
	from->next->prev = to->prev;
	to->prev->next = from->next;
	from->prev->next = to;
	to->prev = from->prev;
	list_init(from);
}

#define list_entry(node, type, member)		container_of(node, type, member)
/* Only for a list that is not empty. */
#define list_first_entry(head, type, member)	list_entry((head)->next, type, member)
#define list_last_entry(head, type, member)	list_entry((head)->prev, type, member)
#define list_next_entry(pos, member)		list_entry((pos)->member.next, __typeof__(*(pos)), member)
#define list_prev_entry(pos, member)		list_entry((pos)->member.prev, __typeof__(*(pos)), member)

#define list_first_entry_or_null(head, type, member) \
	(list_empty(head) ? NULL : list_first_entry(head, type, member))

#define list_for_each_entry(pos, head, member)						\
	for ((pos) = list_entry((head)->next, __typeof__(*(pos)), member);		\
	     &(pos)->member != (head);							\
	     (pos) = list_next_entry(pos, member))

#define list_for_each_entry_reverse(pos, head, member)					\
	for ((pos) = list_entry((head)->prev, __typeof__(*(pos)), member);		\
	     &(pos)->member != (head);							\
	     (pos) = list_prev_entry(pos, member))

/* The body may remove `pos`. */
#define list_for_each_entry_safe(pos, tmp, head, member)				\
	for ((pos) = list_entry((head)->next, __typeof__(*(pos)), member),		\
	     (tmp) = list_next_entry(pos, member);					\
	     &(pos)->member != (head);							\
	     (pos) = (tmp), (tmp) = list_next_entry(tmp, member))

#endif /* LIB_LIST_H */
