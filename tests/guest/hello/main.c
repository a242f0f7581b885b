/* SPDX-License-Identifier: MIT */
/*
 * The least that a PV kernel needs: it starts, finds its start_info as published, and can print and ask for the
 * version. When this fails, no other test means anything.
 */
#include "guest.h"

const char test_title[] = "hello: start of day";

static void check_start_info(void)
{
	const struct start_info *si = start_info;

	printk("magic \"%s\", %lu pages, flags %#x, page tables at %#lx + %lu, p2m at %#lx, module at %#lx + %lu\n",
	       si->magic, si->nr_pages, si->flags, si->pt_base, si->nr_pt_frames, si->mfn_list, si->mod_start,
	       si->mod_len);
	CHECK(!strncmp(si->magic, "xen-3.0-x86_64", 14), "wrong magic");
	CHECK(si->nr_pages >= 1024, "only %lu pages", si->nr_pages);
	CHECK((si->flags & (SIF_PRIVILEGED | SIF_INITDOMAIN)) == (SIF_PRIVILEGED | SIF_INITDOMAIN),
	      "flags %#x lack those of dom0", si->flags);
	CHECK(si->pt_base && !(si->pt_base & 4095), "page tables at %#lx", si->pt_base);
	CHECK(si->mfn_list && !(si->mfn_list & 7), "p2m at %#lx", si->mfn_list);
	CHECK(!(si->shared_info & 4095), "shared info at %#lx", si->shared_info);
}

static void check_frames(void)
{
	for (uint64_t pfn = 0; pfn < start_info->nr_pages; pfn += 61) {
		uint64_t mfn = pfn_to_mfn(pfn);

		if (m2p[mfn] != pfn) {
			test_failure("frame %#lx is machine frame %#lx, which the M2P gives to %#lx", pfn, mfn,
				     m2p[mfn]);
			return;
		}
	}
}

void test_main(void)
{
	char extra[16];
	long v = hypercall(xen_version, XENVER_version, NULL);

	CHECK(v >> 16 == 4 && (v & 0xffff) == 17, "version %ld.%ld, wanted 4.17", v >> 16, v & 0xffff);
	EXPECT(0, hypercall(xen_version, XENVER_extraversion, extra));
	printk("version %ld.%ld%s\n", v >> 16, v & 0xffff, extra);
	CHECK(v == hypercall_syscall(__HYPERVISOR_xen_version, XENVER_version, 0, 0, 0, 0),
	      "a bare syscall gives another answer");
	EXPECT(-XEN_ENOSYS, HC1(63, 0));
	EXPECT(-XEN_ENOSYS, HC1(11, 0));
	check_start_info();
	check_frames();
}
