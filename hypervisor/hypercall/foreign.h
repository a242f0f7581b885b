/* SPDX-License-Identifier: MIT */
/*
 * The `foreigndom` argument of the memory hypercalls: whose frames are meant (low 16 bits), and for mmu_update whose
 * page tables (high 16 bits, the number plus 1; 0: the caller's). Only the privileged may name anybody else.
 */
#ifndef HYPERCALL_FOREIGN_H
#define HYPERCALL_FOREIGN_H

#include "core/percpu.h"
#include "domain/domain.h"
#include "lib/errno.h"

struct foreign_pair {
	struct domain *pt_owner, *pg_owner;
};

int foreign_get_slow(u32 foreign, struct foreign_pair *who);
void foreign_put_slow(struct foreign_pair *who);

static inline int foreign_get(u32 foreign, struct foreign_pair *who)
{
	if (unlikely(foreign != DOMID_SELF))
		return foreign_get_slow(foreign, who);
	who->pt_owner = who->pg_owner = current->domain;
	return 0;
}

static inline void foreign_put(struct foreign_pair *who)
{
	if (unlikely(who->pt_owner != current->domain || who->pg_owner != current->domain))
		foreign_put_slow(who);
}

#endif
