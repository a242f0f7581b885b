/* SPDX-License-Identifier: MIT */
/*
 * A privileged guest and an ordinary one on the modelled machine, for tests of what guests call: start() makes them,
 * end() takes them away and looks that nothing is left.
 */
#ifndef TWO_GUESTS_H
#define TWO_GUESTS_H

#include "abi/domctl.h"
#include "machine.h"
#include "oracle/oracle.h"
#include "unit.h"

static struct machine_guest *lord, *g;

#define LORD	(lord->d->vcpu[0])
#define V	(g->d->vcpu[0])

static inline void start(void)
{
	lord = machine_guest(1, true, 1);
	g = machine_guest(2, false, 2);
}

static inline void end(void)
{
	CHECK(oracle_check());
	machine_guest_end(lord);
	if (g)
		machine_guest_end(g);
	CHECK(oracle_check());
	if (!machine_is_clean()) {
		CHECK(false);
		machine_remember();
	}
}

/* By the privileged one, about domain `id`; the structure is as it came back. */
static inline long domctl(u32 cmd, domid_t id, struct xen_domctl *op)
{
	long rc;

	op->cmd = cmd;
	op->interface_version = XEN_DOMCTL_INTERFACE_VERSION;
	op->domain = id;
	CHECK(!machine_store(LORD, guest_va(0), op, sizeof(*op)));
	rc = machine_call(LORD, __HYPERVISOR_domctl, guest_va(0), 0, 0, 0);
	CHECK(!machine_load(LORD, op, guest_va(0), sizeof(*op)));
	return rc;
}

#endif
