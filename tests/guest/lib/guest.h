/* SPDX-License-Identifier: MIT */
/*
 * What a test kernel is written with: verdicts, hypercalls, traps that may be expected, page tables, events and
 * user mode.
 *
 * A test is a folder with a main.c, whose head comment tells the hazard. It defines
 *
 *	const char test_title[];
 *	void test_main(void);
 *
 * and ends by one of four verdicts: success when test_main returns and nothing failed; skip when the machine lacks
 * what is needed; error when the test itself went wrong; failure when the hypervisor did.
 */
#ifndef GUEST_H
#define GUEST_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "abi/xen.h"
#include "abi/callback.h"
#include "abi/errno.h"
#include "abi/domctl.h"
#include "abi/event_channel.h"
#include "abi/features.h"
#include "abi/grant_table.h"
#include "abi/memory.h"
#include "abi/physdev.h"
#include "abi/platform.h"
#include "abi/sched.h"
#include "abi/vcpu.h"
#include "abi/version.h"

#define PAGE_SIZE	4096UL
#define PAGE		__attribute__((aligned(4096)))
#define ARRAY_SIZE(a)	(sizeof(a) / sizeof((a)[0]))
#define barrier()	__asm__ volatile("" ::: "memory")

/* ---- to be defined by the test ---- */

extern const char test_title[];
void test_main(void);

bool has_word(const char *word);	/* on the test kernel's own command line */

/* ---- verdicts ---- */

void printk(const char *fmt, ...) __attribute__((format(printf, 1, 2)));

/* These three end the test at once. */
void test_skip(const char *fmt, ...) __attribute__((noreturn, format(printf, 1, 2)));
void test_error(const char *fmt, ...) __attribute__((noreturn, format(printf, 1, 2)));
void test_done(void) __attribute__((noreturn));

/* Counts a failure and goes on. */
void test_failure(const char *fmt, ...) __attribute__((format(printf, 1, 2)));

#define CHECK(cond, ...) do { if (!(cond)) test_failure(__VA_ARGS__); } while (0)

/* A result, and what it should have been; negative numbers are named. */
void check_result(const char *what, long got, long want);
#define EXPECT(want, call) check_result(#call, (call), (want))

/* ---- hypercalls: results as the hypervisor gave them ---- */

long hypercall_page_call(long nr, uint64_t a1, uint64_t a2, uint64_t a3, uint64_t a4, uint64_t a5);
long hypercall_syscall(long nr, uint64_t a1, uint64_t a2, uint64_t a3, uint64_t a4, uint64_t a5);

#define HC_PICK(_0, _1, _2, _3, _4, _5, n, ...) n
#define HC0(nr)			hypercall_page_call(nr, 0, 0, 0, 0, 0)
#define HC1(nr, a)		hypercall_page_call(nr, (uint64_t)(a), 0, 0, 0, 0)
#define HC2(nr, a, b)		hypercall_page_call(nr, (uint64_t)(a), (uint64_t)(b), 0, 0, 0)
#define HC3(nr, a, b, c)	hypercall_page_call(nr, (uint64_t)(a), (uint64_t)(b), (uint64_t)(c), 0, 0)
#define HC4(nr, a, b, c, d)	\
	hypercall_page_call(nr, (uint64_t)(a), (uint64_t)(b), (uint64_t)(c), (uint64_t)(d), 0)
#define HC5(nr, a, b, c, d, e)	\
	hypercall_page_call(nr, (uint64_t)(a), (uint64_t)(b), (uint64_t)(c), (uint64_t)(d), (uint64_t)(e))
/* hypercall(name, arguments...): hypercall(sched_op, SCHEDOP_yield, NULL) */
#define hypercall(name, ...) \
	HC_PICK(0, ##__VA_ARGS__, HC5, HC4, HC3, HC2, HC1, HC0)(__HYPERVISOR_##name, ##__VA_ARGS__)

/* ---- traps ---- */

struct regs {
	uint64_t r15, r14, r13, r12, r11, r10, r9, r8, rdi, rsi, rbp, rbx, rdx, rcx, rax;
	uint64_t vector, error_code;
	uint64_t rip, cs, rflags, rsp, ss;	/* bits 32 to 39 of cs: the event mask when it happened */
};

/* In a frame, the lowest bits of cs tell kernel mode (0) from user mode (3); the CPU runs both in ring 3. */
#define FRAME_KERNEL_CS		(FLAT_KERNEL_CS & ~3)

#define VECTOR_EVENT		0x100
#define VECTOR_FAILSAFE		0x101
#define VECTOR_SYSCALL		0x102
#define VECTOR_SYSCALL32	0x103
#define VECTOR_NMI_CALLBACK	0x104
#define VECTOR_SYSENTER		0x105

#define X86_DE	0
#define X86_DB	1
#define X86_BP	3
#define X86_OF	4
#define X86_BR	5
#define X86_UD	6
#define X86_NM	7
#define X86_DF	8
#define X86_TS	10
#define X86_NP	11
#define X86_SS	12
#define X86_GP	13
#define X86_PF	14
#define X86_MF	16
#define X86_AC	17
#define X86_XM	19

#define PFEC_P	1
#define PFEC_W	2
#define PFEC_U	4
#define PFEC_I	16

#define EFLAGS_TF	0x100UL
#define EFLAGS_IF	0x200UL
#define EFLAGS_IOPL	0x3000UL
#define EFLAGS_AC	0x40000UL

/*
 * Called first for every trap and event; a test may replace it. True: dealt with, return to where regs now say.
 */
extern bool (*trap_hook)(struct regs *regs);

/* The last trap that an expected fault (PROBE below) met, or vector -1. */
struct trap_record {
	long vector;
	uint64_t error_code, cr2, rip, cs, rflags, rsp, ss;
};
extern struct trap_record trap_last;

/*
 * One instruction that may fault: PROBE("mov %0, %%ds", : : "r" (sel)) runs it and afterwards trap_last.vector
 * says what it met, -1 for nothing. Constraints as in asm; %= and memory clobbers are supplied.
 */
#define PROBE(insn, ...) do {						\
	trap_last.vector = -1;						\
	__asm__ volatile("1: " insn "\n"				\
			 "2:\n"						\
			 ".pushsection .ex_table, \"a\"\n"		\
			 ".quad 1b, 2b\n"				\
			 ".popsection"					\
			 __VA_ARGS__);					\
	barrier();							\
} while (0)

void check_trap(const char *what, long vector, long error_code);
/* EXPECT_TRAP(X86_GP, 0): what the last PROBE met. An error code of -1 is not looked at. */
#define EXPECT_TRAP(what, vector, error)	check_trap(what, vector, error)

bool probe_read(const volatile void *p, uint64_t *value);	/* true: no trap */
bool probe_write(volatile void *p, uint64_t value);

/* ---- memory ---- */

#define PTE_P		0x1UL
#define PTE_RW		0x2UL
#define PTE_US		0x4UL
#define PTE_PCD		0x10UL
#define PTE_A		0x20UL
#define PTE_D		0x40UL
#define PTE_PSE		0x80UL
#define PTE_G		0x100UL
#define PTE_NX		(1UL << 63)
#define PTE_MFN_MASK	0x000ffffffffff000UL
#define PTE_DATA	(PTE_P | PTE_RW | PTE_US | PTE_A | PTE_D)
#define PTE_TABLE	(PTE_P | PTE_RW | PTE_US | PTE_A)
#define PTE_RO		(PTE_P | PTE_US | PTE_A | PTE_D)

extern struct start_info *start_info;
extern struct shared_info *shared_info;

#define m2p		((const volatile uint64_t *)MACH2PHYS_VIRT_START)
uint64_t pfn_to_mfn(uint64_t pfn);
uint64_t va_to_mfn(const volatile void *va);		/* of memory in the kernel's own mapping */
void *mfn_to_va(uint64_t mfn);
uint64_t root_mfn(void);				/* of the L4 */

/* The entry of `level` (1 to 4) that maps va: where it can be read, and its machine address. */
volatile uint64_t *pte_of(uint64_t va, int level, uint64_t *maddr);
void read_only(const volatile void *va);		/* error if it cannot be done */
void writable(const volatile void *va);
void unmapped(const volatile void *va);
long map_at(const volatile void *va, uint64_t pte, uint64_t flags);	/* update_va_mapping, checked by the caller */

long mmu_update_one(uint64_t ptr, uint64_t val);
long mmuext_one(unsigned int cmd, uint64_t mfn);
long mmuext_two(unsigned int cmd, uint64_t arg1, uint64_t arg2);

/* ---- events ---- */

typedef void event_fn(uint32_t port);
extern event_fn *event_handlers[4096];			/* two-level delivery calls these */
extern volatile uint64_t event_count[4096];

void event_unmask(uint32_t port);
void event_mask(uint32_t port);
static inline void events_on(void)
{
	shared_info->vcpu_info[0].evtchn_upcall_mask = 0;
	barrier();
	if (*(volatile uint8_t *)&shared_info->vcpu_info[0].evtchn_upcall_pending)
		hypercall_page_call(__HYPERVISOR_xen_version, 0, 0, 0, 0, 0);	/* any call delivers what waits */
}
static inline void events_off(void)
{
	shared_info->vcpu_info[0].evtchn_upcall_mask = 1;
	barrier();
}
uint32_t bind_virq(uint32_t virq, uint32_t vcpu);	/* error if it cannot be done */
uint32_t bind_ipi(uint32_t vcpu);
void close_port(uint32_t port);
long event_send(uint32_t port);
bool wait_event(uint32_t port, uint64_t count, uint64_t ns);	/* until event_count[port] >= count */

uint64_t system_time(void);				/* ns, from vCPU 0's time info */
static inline uint64_t rdtsc(void)
{
	uint32_t lo, hi;

	__asm__ volatile("rdtsc" : "=a" (lo), "=d" (hi));
	return (uint64_t)hi << 32 | lo;
}

/* ---- user mode ---- */

/*
 * Runs fn(arg) in user mode until it traps, and gives what trap that was. Code for user mode must not touch
 * the kernel's globals unless told so: both modes have the same page tables here.
 */
void user_run(void (*fn)(uint64_t arg), uint64_t arg, struct regs *end);
void user_run_at(uint64_t rip, uint64_t cs, uint64_t ss, uint64_t rflags, uint64_t arg, struct regs *end);
#define USER_FN	__attribute__((noinline, used, section(".text.user")))

/* ---- further vCPUs ---- */

/* Starts vCPU `cpu`, which calls fn. 0 or the hypervisor's error. */
long vcpu_run(unsigned int cpu, void (*fn)(unsigned int cpu));
void vcpu_main(unsigned int cpu) __attribute__((noreturn));

/* ---- control of other domains ---- */

/* What the next operation takes, and what the last one has brought. */
extern struct xen_domctl ctl;
long domain_try(uint32_t cmd, domid_t domain);		/* to its end, however often it gives way */
void domain_do(uint32_t cmd, domid_t domain);		/* error if it is refused */

/* ---- library ---- */

void *memcpy(void *d, const void *s, size_t n);
void *memset(void *d, int c, size_t n);
int memcmp(const void *a, const void *b, size_t n);
size_t strlen(const char *s);
int strcmp(const char *a, const char *b);
int strncmp(const char *a, const char *b, size_t n);

#endif
