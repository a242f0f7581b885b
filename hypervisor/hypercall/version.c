/* SPDX-License-Identifier: MIT */
/* xen_version: what this hypervisor is. Mostly text; the build's own facts come from the generated version_info.h. */
#include "abi/version.h"

#include "abi/features.h"
#include "boot/boot_info.h"
#include "core/build_id.h"
#include "core/percpu.h"
#include "domain/domain.h"
#include "domain/guest_copy.h"
#include "hypercall/hypercall.h"
#include "lib/errno.h"
#include "lib/string.h"
#include "mm/layout.h"
#include "version_info.h"

#define XEN_MAJOR	4u
#define XEN_MINOR	17u
#define PV_CAPABILITIES	"xen-3.0-x86_64"

static long put_text(u64 arg, const char *text, size_t room)
{
	char buf[1024] = { 0 };

	strlcpy(buf, text, MIN(room, sizeof(buf)));
	return guest_copy_to(arg, buf, room);
}

static long compile_info(u64 arg)
{
	struct xen_compile_info info = { 0 };

	strlcpy(info.compiler, XEN_COMPILER, sizeof(info.compiler));
	strlcpy(info.compile_date, XEN_BUILD_DATE, sizeof(info.compile_date));
	return guest_put(arg, &info);
}

static long features(u64 arg)
{
	struct xen_feature_info fi;

	if (guest_get(&fi, arg))
		return -EFAULT;
	fi.submap = 0;
	if (fi.submap_idx)
		return fi.submap_idx < XENFEAT_NR_SUBMAPS ? guest_put(arg, &fi) : -EINVAL;
	fi.submap = BIT(XENFEAT_pae_pgdir_above_4gb) | BIT(XENFEAT_mmu_pt_update_preserve_ad) |
		    BIT(XENFEAT_highmem_assist) | BIT(XENFEAT_gnttab_map_avail_bits) |
		    BIT(XENFEAT_memory_op_vnode_supported);
	/* dom0's memory is what devices see: its frame numbers are the machine's */
	fi.submap |= current->domain->is_privileged ? BIT(XENFEAT_dom0) | BIT(XENFEAT_direct_mapped) :
						      BIT(XENFEAT_not_direct_mapped);
	return guest_put(arg, &fi);
}

static long build_id(u64 arg)
{
	struct xen_build_id head;
	u32 len;
	const u8 *id = build_id_get(&len);

	if (!len)
		return -ENODATA;
	if (!arg)
		return len;
	if (guest_get(&head, arg))
		return -EFAULT;
	if (!head.len)
		return -EINVAL;
	if (head.len < len)
		return -ENOBUFS;
	head.len = len;
	if (guest_put(arg, &head) || guest_copy_to(arg + sizeof(head), id, len))
		return -EFAULT;
	return len;
}

static long platform_parameters(u64 arg)
{
	struct xen_platform_parameters params = { .virt_start = HV_VIRT_START };

	return guest_put(arg, &params);
}

static __noinline long tell(int cmd, u64 arg)
{
	switch (cmd) {
	case XENVER_extraversion:
		return put_text(arg, "." XEN_PRODUCT_VERSION, XEN_EXTRAVERSION_LEN);
	case XENVER_compile_info:
		return compile_info(arg);
	case XENVER_capabilities:
		return put_text(arg, PV_CAPABILITIES, XEN_CAPABILITIES_INFO_LEN);
	case XENVER_changeset:
		return put_text(arg, XEN_CHANGESET, XEN_CHANGESET_INFO_LEN);
	case XENVER_platform_parameters:
		return platform_parameters(arg);
	case XENVER_get_features:
		return features(arg);
	case XENVER_pagesize:
		return arg ? -EINVAL : (long)PAGE_SIZE;
	case XENVER_guest_handle:
		return guest_copy_to(arg, current->domain->handle, sizeof(current->domain->handle));
	case XENVER_commandline:
		return put_text(arg, current->domain->is_privileged ? boot_info.cmdline : "<denied>", 1024);
	case XENVER_build_id:
		return build_id(arg);
	}
	return -ENOSYS;
}

/* XENVER_version is what a guest calls to have pending events looked at: nothing is quicker. */
long do_xen_version(int cmd, u64 arg)
{
	return likely(cmd == XENVER_version) ? XEN_MAJOR << 16 | XEN_MINOR : tell(cmd, arg);
}
