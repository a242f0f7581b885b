/* SPDX-License-Identifier: MIT */
/*
 * Performance counters: how often what happened, for `xenperf`. One array a CPU, written by its own CPU with a plain
 * increment; whoever reads adds them up, and resets them to within what happens meanwhile. Hypercalls are counted in
 * their vCPU (domain/vcpu.h), by number. Paths of a few hundred instructions are not counted.
 */
#ifndef X86_PERFC_H
#define X86_PERFC_H

#include "x86/percpu.h"

#define PERFC_LIST(X)							\
	X(interrupts, "interrupts taken")				\
	X(context_switches, "vCPU switches")				\
	X(flushes_asked, "TLB flushes asked of other CPUs")		\
	X(restarts, "hypercalls interrupted and restarted")		\
	X(instructions, "privileged instructions of guests emulated")	\
	X(pte_writes, "stores to page tables emulated")			\
	X(promoted, "frames checked as page tables")			\
	X(demoted, "page tables taken down")				\
	X(crashes, "domains crashed")					\
	X(created, "domains created")					\
	X(destroyed, "domains destroyed")

enum perfc {
#define PERFC_NAME(name, text) PERFC_##name,
	PERFC_LIST(PERFC_NAME)
#undef PERFC_NAME
	PERFC_NR
};

#ifdef HOST_TEST
#define perfc_inc(counter) ((void)PERFC_##counter)
#else
extern u32 perfc_counts[MAX_CPUS][PERFC_NR];
#define perfc_inc(counter) ((void)perfc_counts[this_cpu()][PERFC_##counter]++)
#endif

#endif
