/* SPDX-License-Identifier: MIT */
/* cpuid=: features that a guest is shown or not, in the words of Xen's configurations or by bits of the registers. */
#ifndef CONF_CPUID_H
#define CONF_CPUID_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/error.h"

/* Registers that hold features, one bit each. */
#define CPUID_REGS 12u
#define CPUID_NO_SUBLEAF 0xffffffffu
struct cpuid_reg {
	uint32_t leaf, subleaf;
	unsigned int reg;		/* 0: eax, 1: ebx, 2: ecx, 3: edx */
};
extern const struct cpuid_reg conf_cpuid_regs[CPUID_REGS];

struct conf_cpuid {
	uint32_t on[CPUID_REGS], off[CPUID_REGS];
};

/* "host,...": features by name; otherwise leaves and bits of their registers. */
bool conf_cpuid_by_name(const char *text);
int conf_parse_cpuid(const char *text, struct conf_cpuid *want, struct error *err) __must_check;
/* "avx", or "bit 9 of edx in leaf 0x1" if it has no name. */
void conf_cpuid_bit_name(unsigned int reg, unsigned int bit, char *buf, size_t size);

#endif
