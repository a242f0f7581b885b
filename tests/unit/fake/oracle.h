/* SPDX-License-Identifier: MIT */
/* See oracle.c. */
#ifndef ORACLE_H
#define ORACLE_H

#include "domain/domain.h"

#define ORACLE_DOMAINS	8u

/* Of domains 0 to n - 1, in order of number; no softirq is pending. */
void oracle(struct domain *const *all, u32 n);

#endif
