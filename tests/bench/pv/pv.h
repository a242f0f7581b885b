/* SPDX-License-Identifier: MIT */
/*
 * Rows measured by the PV kernel. A row does its operation n times; main.c counts what the virtual TSC
 * says, which under QEMU's instruction counter is one tick an instruction. Loops are kept to what cannot
 * be less; the empty loop is taken off.
 */
#ifndef PV_H
#define PV_H

#include "guest.h"

struct row {
	const char *name;
	void (*run)(uint64_t n);
	void (*prepare)(void);		/* or NULL */
	uint32_t n;			/* operations in one measurement */
	uint32_t per;			/* operations that one run(1) really is, e.g. entries of a batch */
};

extern const struct row trap_rows[], memory_rows[], switch_rows[], grant_rows[], domain_rows[];
void domains_note_start(void);

/* Rows that take their own time, since what is measured lies between two instructions: they put it here. */
extern uint64_t own_ticks;

/* A hypercall without a function around it: only the page's own instructions come with it. */
static inline __attribute__((always_inline))
long hc(const unsigned int nr, uint64_t a, uint64_t b, uint64_t c, uint64_t d)
{
	register uint64_t r10 __asm__("r10") = d;
	long result;

	__asm__ volatile("call hypercall_page + 32 * %c[nr]"
			 : "=a" (result), "+D" (a), "+S" (b), "+d" (c), "+r" (r10) : [nr] "i" (nr)
			 : "rcx", "r8", "r9", "r11", "memory", "cc");
	return result;
}

/* Lean handlers of stubs.S: as few instructions as will do. */
extern const char lean_syscall[], lean_fault[], lean_skip2[], lean_event[], lean_plain[];
extern uint64_t event_entered, event_word, event_bit, event_info;

void set_trap(unsigned int vector, const char *handler);
void set_callback_to(unsigned int type, const char *handler);
void trap_init(void);

#endif
