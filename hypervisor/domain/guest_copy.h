/* SPDX-License-Identifier: MIT */
/*
 * The one pair of doors to guest memory. Addresses are virtual addresses of the current vCPU's guest, and must lie
 * wholly outside the hypervisor's half; a page that is not there (or not writable) gives -EFAULT, with an unspecified
 * part copied. May be called with locks held: faults are fixed up, nothing sleeps.
 */
#ifndef DOMAIN_GUEST_COPY_H
#define DOMAIN_GUEST_COPY_H

#include "lib/errno.h"
#include "lib/types.h"
#include "mm/layout.h"
#include "x86/cpu_ops.h"
#include "x86/extable.h"
#include "x86/features.h"

#define LOWER_HALF_END	0x0000800000000000ul

/* The mechanism, for both directions: copy_raw.S. Neither checks addresses. 0 or -EFAULT. */
int copy_raw(void *to, const void *from, size_t len);

#ifdef HOST_TEST
static inline long copy_small(void *to, const void *from, size_t len)
{
	return copy_raw(to, from, len);
}
#else
/* Sizes that copy_small() knows, all constant: up to 16 words of 8 bytes, or 4 bytes. */
static __always_inline long copy_small(void *to, const void *from, size_t len)
{
	long rc;

	if (len == 4)
		__asm__ volatile ("call copy_four" : "=a" (rc), "+D" (to), "+S" (from) : : "rcx", "cc", "memory");
	else
		__asm__ volatile ("call copy_words_end - %c3" : "=a" (rc), "+D" (to), "+S" (from) : "i" (len) :
				  "rcx", "cc", "memory");
	return rc;
}
#endif

/* Whether a copy of this size can take the quick way below: known to the compiler, and one of copy_small()'s. */
#define GUEST_COPY_IS_SMALL(len) \
	(__builtin_constant_p(len) && ((len) == 4 || ((len) && (len) % 8 == 0 && (len) <= 128)))

/* Whether a span lies wholly outside the hypervisor's half. */
static inline bool guest_range_ok(u64 va, size_t len)
{
	u64 end = va + len;

	return end >= va && (end <= LOWER_HALF_END || va >= HV_VIRT_END);
}

/*
 * One comparison for both halves that are the guest's, since they meet at address 0: whether all of a small span lies
 * outside the hypervisor's.
 */
static __always_inline bool guest_small_range_ok(u64 va, size_t len)
{
	return va - HV_VIRT_END <= LOWER_HALF_END - HV_VIRT_END - len;
}

/*
 * For the few frames that are read and written word by word, straight between registers and the guest: check the span
 * with guest_small_range_ok(), open, use, close. A word that is not there goes to the label `fault`, door open.
 */
static inline void guest_open(void)
{
	if (unlikely(cpu_features.smap))
		stac();
}

static inline void guest_close(void)
{
	if (unlikely(cpu_features.smap))
		clac();
}

#ifdef HOST_TEST
#define guest_store_word(va, value, fault) do {							\
		u64 word_ = (value);								\
		if (copy_raw((void *)(va), &word_, sizeof(word_)))				\
			goto fault;								\
	} while (0)
#define guest_load(to, va, fault) do {								\
		__typeof__(to) word_;								\
		if (copy_raw(&word_, (const void *)(va), sizeof(word_)))			\
			goto fault;								\
		(to) = word_;									\
	} while (0)
#else
#define guest_store_word(va, value, fault)							\
	__asm__ goto ("1: mov %1, %0\n\t" EXTABLE("1b", "%l2", EXTABLE_PLAIN)			\
		      : : "m" (*(u64 *)(va)), "r" ((u64)(value)) : "memory" : fault)
#define guest_load(to, va, fault)								\
	__asm__ goto ("1: mov %1, %0\n\t" EXTABLE("1b", "%l2", EXTABLE_PLAIN)			\
		      : "=r" (to) : "m" (*(const __typeof__(to) *)(va)) : : fault)
#endif

int guest_copy_from_any(void *to, u64 guest_va, size_t len) __must_check;
int guest_copy_to_any(u64 guest_va, const void *from, size_t len) __must_check;

/* Hot: 14 instructions and 2 a word. */
static __always_inline int __must_check guest_copy_from(void *to, u64 guest_va, size_t len)
{
	if (GUEST_COPY_IS_SMALL(len) && likely(!cpu_features.smap && guest_small_range_ok(guest_va, len)))
		return copy_small(to, (const void *)guest_va, len);
	return guest_copy_from_any(to, guest_va, len);
}

static __always_inline int __must_check guest_copy_to(u64 guest_va, const void *from, size_t len)
{
	if (GUEST_COPY_IS_SMALL(len) && likely(!cpu_features.smap && guest_small_range_ok(guest_va, len)))
		return copy_small((void *)guest_va, from, len);
	return guest_copy_to_any(guest_va, from, len);
}

/* The same for one word of 4 bytes, which needs no place in memory here. False: not so quickly; try guest_get(). */
static __always_inline bool guest_quick_u32(u32 *to, u64 va)
{
	u32 word;

	if (unlikely(!guest_small_range_ok(va, sizeof(word))))
		return false;
	guest_open();
	guest_load(word, va, fault);
	guest_close();
	*to = word;
	return true;
fault:
	guest_close();
	return false;
}

int guest_clear(u64 guest_va, size_t len) __must_check;

/*
 * One structure, or the n-th of an array at va, whose address may wrap: it is checked where it ends up. 0 or -EFAULT.
 */
#define guest_get(local_p, va)		guest_copy_from((local_p), (va), sizeof(*(local_p)))
#define guest_put(va, local_p)		guest_copy_to((va), (local_p), sizeof(*(local_p)))
#define guest_get_nth(local_p, va, n) \
	guest_copy_from((local_p), (va) + (u64)(n) * sizeof(*(local_p)), sizeof(*(local_p)))
#define guest_put_nth(va, n, local_p) \
	guest_copy_to((va) + (u64)(n) * sizeof(*(local_p)), (local_p), sizeof(*(local_p)))

#endif
