/* SPDX-License-Identifier: MIT */
/* Grant mappings in PV page tables: see grant.c. */
#ifndef PV_GRANT_H
#define PV_GRANT_H

void pv_grant_init(void);

#endif
