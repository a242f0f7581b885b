/* SPDX-License-Identifier: MIT */
/* Between the files of the oracle. */
#ifndef ORACLE_INTERNAL_H
#define ORACLE_INTERNAL_H

#include "machine.h"

/* What a frame should look like. */
struct expected {
	u32 refs;
	u32 type;		/* FT_*, once count is not 0 */
	u32 count;
	bool listed;		/* on a list of its owner */
};

extern struct expected expected[MACHINE_FRAMES];

/* Prints what is wrong; the check goes on. */
void oracle_wrong(const char *fmt, ...) __printf(1, 2);

/* Something stands for a reference to frame m; and for one of a type. `why` names it. */
void oracle_ref(mfn_t m, const char *why);
void oracle_typed_ref(mfn_t m, u32 type, const char *why);

void oracle_count_tables(void);		/* tables.c: what page tables, pins and half-done work stand for */
void oracle_count_domain(struct domain *d);	/* domains.c: what a domain's own structures stand for */
void oracle_check_grants(void);		/* domains.c: pins against mappings */

#endif
