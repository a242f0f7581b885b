/* SPDX-License-Identifier: MIT */
/* xen_version: every sub-operation, with strings that end and features that match what the hypervisor does. */
#include "guest.h"

const char test_title[] = "version: who the hypervisor says it is";

static char text[1100];

static void string(const char *what, unsigned int op, size_t size)
{
	memset(text, 0x7f, sizeof(text));
	check_result(what, hypercall(xen_version, op, text), 0);
	for (size_t i = 0; i < size; i++)
		if (!text[i]) {
			printk("%s: \"%s\"\n", what, text);
			CHECK(text[size] == 0x7f, "%s: writes beyond %lu bytes", what, size);
			return;
		}
	test_failure("%s: no end within %lu bytes", what, size);
}

void test_main(void)
{
	struct xen_feature_info f = { .submap_idx = 0 };
	struct xen_compile_info c;
	struct xen_platform_parameters p;
	xen_domain_handle_t handle;
	struct {
		struct xen_build_id id;
		uint8_t room[64];
	} b = { .id.len = 64 };
	long r;

	string("extraversion", XENVER_extraversion, sizeof(xen_extraversion_t));
	string("capabilities", XENVER_capabilities, sizeof(xen_capabilities_info_t));
	CHECK(!strncmp(text, "xen-3.0-x86_64", 14), "capabilities do not begin with xen-3.0-x86_64");
	string("changeset", XENVER_changeset, sizeof(xen_changeset_info_t));
	string("commandline", XENVER_commandline, sizeof(xen_commandline_t));
	EXPECT(0, hypercall(xen_version, XENVER_compile_info, &c));
	printk("compiled by %s with %s on %s\n", c.compile_by, c.compiler, c.compile_date);
	EXPECT(0, hypercall(xen_version, XENVER_platform_parameters, &p));
	CHECK(p.virt_start == HYPERVISOR_VIRT_START, "the hypervisor begins at %#lx", p.virt_start);
	EXPECT(4096, hypercall(xen_version, XENVER_pagesize, NULL));
	EXPECT(0, hypercall(xen_version, XENVER_guest_handle, handle));
	EXPECT(0, hypercall(xen_version, XENVER_get_features, &f));
	printk("features %#x\n", f.submap);
	CHECK(f.submap & 1U << XENFEAT_dom0, "no dom0 feature: %#x", f.submap);
	CHECK((f.submap >> XENFEAT_not_direct_mapped & 3) == 2, "dom0 is direct-mapped, but features are %#x",
	      f.submap);
	CHECK(f.submap & 1U << XENFEAT_mmu_pt_update_preserve_ad, "no PRESERVE_AD: %#x", f.submap);
	CHECK(f.submap & 1U << XENFEAT_gnttab_map_avail_bits, "no available bits of grant maps: %#x", f.submap);
	CHECK(!(f.submap & 1U << XENFEAT_auto_translated_physmap), "translated, for a PV guest: %#x", f.submap);
	f.submap_idx = 1;
	EXPECT(-XEN_EINVAL, hypercall(xen_version, XENVER_get_features, &f));
	r = hypercall(xen_version, XENVER_build_id, NULL);
	CHECK(r > 0 && r <= 64, "build id of %ld bytes", r);
	CHECK(hypercall(xen_version, XENVER_build_id, &b) == r && b.id.len <= 64, "build id: length %u", b.id.len);
	b.id.len = 1;
	CHECK(hypercall(xen_version, XENVER_build_id, &b) < 0, "a build id in one byte");
	EXPECT(-XEN_ENOSYS, hypercall(xen_version, 99, text));
	EXPECT(-XEN_EFAULT, hypercall(xen_version, XENVER_extraversion, 0xffff830000000000));
}
