/* SPDX-License-Identifier: MIT */
/*
 * Rows measured inside Linux. A row does its operation n times; main.c doubles n until it is long enough,
 * repeats, and takes the least. Time is the TSC, which under QEMU's instruction counter is one tick an
 * instruction.
 */
#ifndef LINUX_H
#define LINUX_H

#include <stddef.h>
#include <stdint.h>

struct row {
	const char *name;
	void (*run)(long n);
	void (*prepare)(void);		/* once, or NULL */
	void (*finish)(void);		/* once, or NULL */
};

extern const struct row call_rows[], memory_rows[], process_rows[], pipe_rows[];

void die(const char *what) __attribute__((noreturn));
#define MUST(call) do { if ((long)(call) < 0) die(#call); } while (0)

static inline uint64_t rdtsc(void)
{
	uint32_t lo, hi;

	__asm__ volatile("rdtsc" : "=a" (lo), "=d" (hi));
	return (uint64_t)hi << 32 | lo;
}

#define PAGE	4096

#endif
