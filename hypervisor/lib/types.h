/* SPDX-License-Identifier: MIT */
/*
 * Words that every file uses: integer types, compiler attributes, small arithmetic macros, page constants.
 *
 * Pure and freestanding. The guards let a host test include libc headers (which own some of the names) first.
 * The function-like macros evaluate their arguments once, except the alignment ones, which are meant for
 * constants too and evaluate the alignment twice.
 */
#ifndef LIB_TYPES_H
#define LIB_TYPES_H

#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

typedef uint8_t u8;
typedef uint16_t u16;
typedef uint32_t u32;
typedef uint64_t u64;
typedef int8_t s8;
typedef int16_t s16;
typedef int32_t s32;
typedef int64_t s64;

#ifndef static_assert
#define static_assert _Static_assert
#endif

#undef __packed
#undef __aligned
#undef __noreturn
#undef __must_check
#undef __printf
#define __packed		__attribute__((packed))
#define __aligned(n)		__attribute__((aligned(n)))
#define __noreturn		__attribute__((noreturn))
#define __must_check		__attribute__((warn_unused_result))
#define __printf(fmt, args)	__attribute__((format(printf, fmt, args)))
#define __maybe_unused		__attribute__((unused))
#define __section(name)		__attribute__((section(name)))
#define __noinline		__attribute__((noinline))
#define __cold			__attribute__((cold))
#undef __always_inline
#define __always_inline		inline __attribute__((always_inline))
#define fallthrough		__attribute__((fallthrough))

/* Before a loop: eight rounds at a time. Sanitizers change loops so that gcc complains of it. */
#ifdef HOST_TEST
#define UNROLL_BY_8
#else
#define UNROLL_BY_8		_Pragma("GCC unroll 8")
#endif

#define likely(x)		__builtin_expect(!!(x), 1)
#define unlikely(x)		__builtin_expect(!!(x), 0)

#define barrier()		__asm__ volatile ("" ::: "memory")
#ifdef HOST_TEST	/* the same, in words that a race detector understands */
#define READ_ONCE(x)		__atomic_load_n(&(x), __ATOMIC_RELAXED)
#define WRITE_ONCE(x, v)	__atomic_store_n(&(x), v, __ATOMIC_RELAXED)
#define TEST_ONCE(x)		(READ_ONCE(x) != 0)
#else
#define READ_ONCE(x)		(*(const volatile __typeof__(x) *)&(x))
#define WRITE_ONCE(x, v)	(*(volatile __typeof__(x) *)&(x) = (v))
/* READ_ONCE(x) != 0 by one instruction, into which the compiler folds no volatile load of its own. */
#define TEST_ONCE(x) ({										\
	bool test_once_;									\
	__asm__ volatile ("cmp%z1 $0, %1" : "=@ccne" (test_once_) : "m" (x));			\
	test_once_; })
#endif

/* The second term refuses a pointer at compile time. */
#define ARRAY_SIZE(a) (sizeof(a) / sizeof((a)[0]) + \
	0 * sizeof(char[1 - 2 * __builtin_types_compatible_p(__typeof__(a), __typeof__(&(a)[0]))]))

#define container_of(ptr, type, member) \
	((type *)((char *)(ptr) - offsetof(type, member)))

#undef MIN
#undef MAX
#define MIN(a, b) \
	({ __typeof__(a) min_a_ = (a); __typeof__(b) min_b_ = (b); min_a_ < min_b_ ? min_a_ : min_b_; })
#define MAX(a, b) \
	({ __typeof__(a) max_a_ = (a); __typeof__(b) max_b_ = (b); max_a_ > max_b_ ? max_a_ : max_b_; })
#define CLAMP(x, lo, hi)	MIN(MAX(x, lo), hi)

/* The alignment must be a power of two. */
#define ROUNDDOWN(x, align)	((x) & ~((__typeof__(x))(align) - 1))
#define ROUNDUP(x, align)	(((x) + ((__typeof__(x))(align) - 1)) & ~((__typeof__(x))(align) - 1))
#define IS_ALIGNED(x, align)	(((x) & ((__typeof__(x))(align) - 1)) == 0)
#define IS_POWER_OF_2(x)	((x) != 0 && ((x) & ((x) - 1)) == 0)
#define DIV_ROUND_UP(x, by)	(((x) + (by) - 1) / (by))

#define BIT(n)			(1UL << (n))
/* Bits lo..hi, both included. */
#define BITS(hi, lo)		((~0UL >> (63 - (hi))) & (~0UL << (lo)))

#define KiB(n)			((u64)(n) << 10)
#define MiB(n)			((u64)(n) << 20)
#define GiB(n)			((u64)(n) << 30)

#undef PAGE_SHIFT
#undef PAGE_SIZE
#undef PAGE_MASK
#define PAGE_SHIFT		12
#define PAGE_SIZE		(1UL << PAGE_SHIFT)
#define PAGE_MASK		(~(PAGE_SIZE - 1))	/* keeps the frame, drops the offset */
#define PFN_DOWN(x)		((u64)(x) >> PAGE_SHIFT)
#define PFN_UP(x)		(((u64)(x) + PAGE_SIZE - 1) >> PAGE_SHIFT)

#define STRINGIFY_(x)		#x
#define STRINGIFY(x)		STRINGIFY_(x)

static_assert(sizeof(long) == 8 && sizeof(void *) == 8, "the hypervisor is LP64");

#endif /* LIB_TYPES_H */
