/* SPDX-License-Identifier: MIT */
/*
 * Non-maskable interrupts: sent to oneself, they come to the registered callback, or to the trap table's entry, which
 * is the same; once, and not nested. Without a handler they are lost.
 */
#include "guest.h"

const char test_title[] = "nmi: send_nmi and its callback";

extern const char nmi_stub[];
static volatile int nmis, depth, deepest;

static bool hook(struct regs *regs)
{
	if (regs->vector != VECTOR_NMI_CALLBACK)
		return false;
	nmis++;
	depth++;
	if (depth > deepest)
		deepest = depth;
	if (nmis == 2)
		hypercall(vcpu_op, VCPUOP_send_nmi, 0, NULL);
	depth--;
	return true;
}

void test_main(void)
{
	struct callback_register cb = { .type = CALLBACKTYPE_nmi, .address = (uint64_t)nmi_stub };
	struct callback_unregister un = { .type = CALLBACKTYPE_nmi };

	static const struct trap_info in_table[2] = { { 2, 4, FLAT_KERNEL_CS, (uint64_t)nmi_stub } };

	trap_hook = hook;
	EXPECT(0, hypercall(callback_op, CALLBACKOP_register, &cb));
	EXPECT(0, hypercall(vcpu_op, VCPUOP_send_nmi, 0, NULL));
	hypercall(xen_version, XENVER_version, NULL);
	CHECK(nmis == 1, "%d NMIs after one was sent", nmis);
	EXPECT(0, hypercall(vcpu_op, VCPUOP_send_nmi, 0, NULL));
	hypercall(xen_version, XENVER_version, NULL);
	CHECK(nmis == 3, "%d NMIs after the handler sent one itself", nmis);
	CHECK(deepest == 1, "NMIs nest %d deep", deepest);
	EXPECT(-XEN_ENOENT, hypercall(vcpu_op, VCPUOP_send_nmi, 99, NULL));
	EXPECT(0, hypercall(callback_op, CALLBACKOP_unregister, &un));
	EXPECT(0, hypercall(vcpu_op, VCPUOP_send_nmi, 0, NULL));
	hypercall(xen_version, XENVER_version, NULL);
	EXPECT(0, hypercall(set_trap_table, in_table));
	hypercall(xen_version, XENVER_version, NULL);
	CHECK(nmis == 3, "%d NMIs, though one was sent without a handler", nmis);
	EXPECT(0, hypercall(vcpu_op, VCPUOP_send_nmi, 0, NULL));
	hypercall(xen_version, XENVER_version, NULL);
	CHECK(nmis == 4, "%d NMIs, the last by the trap table", nmis);
}
