/* SPDX-License-Identifier: MIT */
/*
 * Slabs. A page holds objects of one size class behind a small head; a free object's first word links to the next.
 * Pages with a free object are on their class's list; an empty page goes back to the page allocator. What is too
 * large for a slab takes whole pages: its frame remembers the order (in `next`, with `prev` as the mark).
 *
 * Lock: heap_lock, for all classes.
 */
#include "mm/heap.h"

#include "core/lock.h"
#include "core/panic.h"
#include "lib/list.h"
#include "lib/overflow.h"
#include "lib/string.h"
#include "mm/page_alloc.h"

#define LARGE_MARK	0xfffffffeu
#define POISON		0xa5

struct slab {
	struct list_head list;
	void *free;
	u32 in_use;
	u32 class;
};

static const u16 class_size[] = { 32, 64, 96, 128, 192, 256, 336, 496, 672, 1008, 1344, 2016 };
static struct list_head partial[ARRAY_SIZE(class_size)];
static DEFINE_SPINLOCK(heap_lock, RANK_HEAP);
static u64 bytes_used;

void heap_init(void)
{
	for (u32 i = 0; i < ARRAY_SIZE(class_size); i++)
		list_init(&partial[i]);
}

static struct slab *slab_new(u32 class)
{
	struct slab *s = page_alloc_zeroed();
	u8 *obj;

	if (!s)
		return NULL;
	s->class = class;
	obj = (u8 *)s + sizeof(*s);
	while (obj + class_size[class] <= (u8 *)s + PAGE_SIZE) {
		*(void **)obj = s->free;
		s->free = obj;
		obj += class_size[class];
	}
	return s;
}
static_assert(sizeof(struct slab) % 16 == 0, "objects are aligned to 16");

static void *large_alloc(size_t size)
{
	u32 order = 0;
	void *p;

	while ((PAGE_SIZE << order) < size)
		if (++order > PAGE_ORDER_MAX)
			return NULL;
	p = pages_alloc_zeroed(order);
	if (!p)
		return NULL;
	virt_to_frame(p)->next = order;
	virt_to_frame(p)->prev = LARGE_MARK;
	atomic_add(&bytes_used, PAGE_SIZE << order);
	return p;
}

void *heap_alloc(size_t size)
{
	u32 class = 0;
	struct slab *s;
	void *obj;
	u64 flags;

	while (class < ARRAY_SIZE(class_size) && class_size[class] < size)
		class++;
	if (class == ARRAY_SIZE(class_size))
		return large_alloc(size);

	flags = spin_lock_irqsave(&heap_lock);
	s = list_empty(&partial[class]) ? NULL : list_first_entry(&partial[class], struct slab, list);
	if (!s) {
		s = slab_new(class);
		if (!s) {
			spin_unlock_irqrestore(&heap_lock, flags);
			return NULL;
		}
		list_add(&s->list, &partial[class]);
	}
	obj = s->free;
	s->free = *(void **)obj;
	s->in_use++;
	if (!s->free)
		list_del(&s->list);
	bytes_used += class_size[class];
	spin_unlock_irqrestore(&heap_lock, flags);
	memset(obj, 0, class_size[class]);
	return obj;
}

void *heap_alloc_array(size_t n, size_t size)
{
	size_t bytes;

	return __builtin_mul_overflow(n, size, &bytes) ? NULL : heap_alloc(bytes);
}

static void slab_free(void *p)
{
	struct slab *s = (struct slab *)((u64)p & PAGE_MASK);
	u32 size = class_size[s->class];
	u64 flags;

	memset(p, POISON, size);
	flags = spin_lock_irqsave(&heap_lock);
	if (!s->free)
		list_add(&s->list, &partial[s->class]);
	*(void **)p = s->free;
	s->free = p;
	bytes_used -= size;
	if (--s->in_use == 0)
		list_del(&s->list);
	else
		s = NULL;
	spin_unlock_irqrestore(&heap_lock, flags);
	page_free_virt(s);
}

void heap_free(void *p)
{
	struct frame *f;

	if (!p)
		return;
	f = virt_to_frame(p);
	if (((u64)p & ~PAGE_MASK) == 0 && f->prev == LARGE_MARK) {
		u32 order = f->next;

		atomic_sub(&bytes_used, PAGE_SIZE << order);
		memset(p, POISON, PAGE_SIZE << order);
		page_free(f, order);
	} else {
		slab_free(p);
	}
}

u64 heap_bytes_used(void)
{
	return READ_ONCE(bytes_used);
}
