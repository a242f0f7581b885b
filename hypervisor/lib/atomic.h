/* SPDX-License-Identifier: MIT */
/*
 * Atomic operations, all sequentially consistent unless the name says otherwise.
 *
 * On x86 each is one locked instruction. The macros take a pointer to any integer of 1, 2, 4 or 8 bytes,
 * which may be memory shared with a guest. Bit operations work on arrays of longs, or, with the _u32 names,
 * on the 32-bit words of the ABI. The operations of bitmap.h without these names are not atomic.
 */
#ifndef LIB_ATOMIC_H
#define LIB_ATOMIC_H

#include "lib/types.h"

#define atomic_read(p)		__atomic_load_n(p, __ATOMIC_RELAXED)
#define atomic_write(p, v)	__atomic_store_n(p, v, __ATOMIC_RELAXED)
#define load_acquire(p)		__atomic_load_n(p, __ATOMIC_ACQUIRE)
#define store_release(p, v)	__atomic_store_n(p, v, __ATOMIC_RELEASE)

/* These answer the value before the operation. */
#define xchg(p, v)		__atomic_exchange_n(p, v, __ATOMIC_SEQ_CST)
#define atomic_fetch_add(p, v)	__atomic_fetch_add(p, v, __ATOMIC_SEQ_CST)
#define atomic_fetch_sub(p, v)	__atomic_fetch_sub(p, v, __ATOMIC_SEQ_CST)
#define atomic_fetch_and(p, v)	__atomic_fetch_and(p, v, __ATOMIC_SEQ_CST)
#define atomic_fetch_or(p, v)	__atomic_fetch_or(p, v, __ATOMIC_SEQ_CST)

/* These answer the value after it. */
#define atomic_add_return(p, v)	__atomic_add_fetch(p, v, __ATOMIC_SEQ_CST)
#define atomic_sub_return(p, v)	__atomic_sub_fetch(p, v, __ATOMIC_SEQ_CST)

#define atomic_add(p, v)	((void)atomic_add_return(p, v))
#define atomic_sub(p, v)	((void)atomic_sub_return(p, v))
#define atomic_inc(p)		atomic_add(p, 1)
#define atomic_dec(p)		atomic_sub(p, 1)
#define atomic_dec_and_test(p)	(atomic_sub_return(p, 1) == 0)

/* Answers the value found: the exchange happened exactly if that equals `old`. */
#define cmpxchg(p, old, new) ({									\
	__typeof__(*(p)) cmpxchg_found_ = (old);						\
	__atomic_compare_exchange_n(p, &cmpxchg_found_, new, false, __ATOMIC_SEQ_CST, __ATOMIC_SEQ_CST); \
	cmpxchg_found_; })

/* Answers whether the exchange happened; else *old_p is now the value found. For retry loops. */
#define try_cmpxchg(p, old_p, new) \
	__atomic_compare_exchange_n(p, old_p, new, false, __ATOMIC_SEQ_CST, __ATOMIC_SEQ_CST)

#define smp_mb()		__atomic_thread_fence(__ATOMIC_SEQ_CST)
#define smp_rmb()		barrier()	/* loads are not reordered with loads on x86 */
#define smp_wmb()		barrier()	/* nor stores with stores */

#ifdef HOST_TEST
u64 host_relaxed __attribute__((weak));		/* how often somebody waited: one for all files */
#define note_relaxed()	((void)__atomic_fetch_add(&host_relaxed, 1, __ATOMIC_RELAXED))
#else
#define note_relaxed()	((void)0)
#endif

/* For loops that really wait: under a hypervisor or an emulator it may give the CPU away for a long time. */
static inline void cpu_relax(void)
{
	note_relaxed();
	__asm__ volatile ("pause" ::: "memory");
}

#define DEFINE_BIT_OPS(suffix, word, width)							\
	static inline void set_bit##suffix(u64 nr, word *map)					\
	{											\
		__atomic_or_fetch(map + nr / width, (word)1 << nr % width, __ATOMIC_SEQ_CST);	\
	}											\
	static inline void clear_bit##suffix(u64 nr, word *map)					\
	{											\
		__atomic_and_fetch(map + nr / width, ~((word)1 << nr % width), __ATOMIC_SEQ_CST); \
	}											\
	static inline bool test_bit##suffix(u64 nr, const word *map)				\
	{											\
		return __atomic_load_n(map + nr / width, __ATOMIC_RELAXED) >> nr % width & 1;	\
	}

DEFINE_BIT_OPS(, unsigned long, 64)
DEFINE_BIT_OPS(_u32, u32, 32)

#undef DEFINE_BIT_OPS

#ifdef __SANITIZE_THREAD__	/* the same, in words that a race detector understands */
#define DEFINE_TEST_AND(name, word, insn, fetch, operand) \
	static inline bool test_and_##name(u64 nr, word *map)					\
	{											\
		word mask = (word)1 << nr % (8 * sizeof(word));					\
		return fetch(map + nr / (8 * sizeof(word)), operand, __ATOMIC_SEQ_CST) & mask;	\
	}
#else			/* the instruction finds the word by itself */
#define DEFINE_TEST_AND(name, word, insn, fetch, operand) \
	static inline bool test_and_##name(u64 nr, word *map)					\
	{											\
		bool was;									\
		__asm__ volatile ("lock " insn " %2, %1" : "=@ccc" (was), "+m" (*map) : "r" ((word)nr) : "memory"); \
		return was;									\
	}
#endif

DEFINE_TEST_AND(set_bit, unsigned long, "bts", __atomic_fetch_or, mask)
DEFINE_TEST_AND(set_bit_u32, u32, "bts", __atomic_fetch_or, mask)
DEFINE_TEST_AND(clear_bit, unsigned long, "btr", __atomic_fetch_and, ~mask)
DEFINE_TEST_AND(clear_bit_u32, u32, "btr", __atomic_fetch_and, ~mask)

#undef DEFINE_TEST_AND

#endif /* LIB_ATOMIC_H */
