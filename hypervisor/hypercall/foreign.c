/* SPDX-License-Identifier: MIT */
/* See foreign.h. */
#include "hypercall/foreign.h"

struct domain *domain_io;

static struct domain *page_owner(domid_t id)
{
	if (id == DOMID_IO && current->domain->is_privileged) {
		atomic_inc(&domain_io->refs);
		return domain_io;
	}
	return domain_get_for_caller(id);
}

int foreign_get_slow(u32 foreign, struct foreign_pair *who)
{
	u32 pt = foreign >> 16;

	who->pg_owner = page_owner(foreign & 0xffff);
	if (!who->pg_owner)
		return current->domain->is_privileged ? -ESRCH : -EPERM;
	who->pt_owner = domain_get_for_caller(pt ? pt - 1 : DOMID_SELF);
	if (!who->pt_owner) {
		domain_put(who->pg_owner);
		return current->domain->is_privileged ? -ESRCH : -EPERM;
	}
	return 0;
}

void foreign_put_slow(struct foreign_pair *who)
{
	domain_put(who->pt_owner);
	domain_put(who->pg_owner);
}
