/* SPDX-License-Identifier: MIT */
/* Domains that a test makes and looks after. */
#include "guest.h"

#define ERESTART	85	/* Debian's Xen lets callers see it */

struct xen_domctl ctl;

long domain_try(uint32_t cmd, domid_t domain)
{
	long rc;

	ctl.cmd = cmd;
	ctl.interface_version = XEN_DOMCTL_INTERFACE_VERSION;
	ctl.domain = domain;
	while ((rc = hypercall(domctl, &ctl)) == -ERESTART)
		;
	return rc;
}

void domain_do(uint32_t cmd, domid_t domain)
{
	long rc = domain_try(cmd, domain);

	if (rc)
		test_error("domctl %u of domain %u gives %ld", cmd, domain, rc);
}
