/* SPDX-License-Identifier: MIT */
/* See foreign.h. */
#include "hypercall/foreign.h"

/*
 * Device memory is nobody's: who names DOMID_IO means what it has a right to itself. DOMID_XEN's frames are those that
 * the hypervisor lends for reading.
 */
static struct domain *page_owner(domid_t id)
{
	if (id == DOMID_XEN && current->domain->is_privileged) {
		atomic_inc(&domain_lent->refs);
		return domain_lent;
	}
	return domain_get_for_caller(id == DOMID_IO && current->domain->is_privileged ? DOMID_SELF : id);
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
	/* the caller by another name: foreign_put() takes it for DOMID_SELF, which is not counted */
	if (who->pt_owner == current->domain && who->pg_owner == current->domain)
		foreign_put_slow(who);
	return 0;
}

void foreign_put_slow(struct foreign_pair *who)
{
	domain_put(who->pt_owner);
	domain_put(who->pg_owner);
}
