/* SPDX-License-Identifier: MIT */
/*
 * Hypercalls as a table of shapes. A shape says of what kind each register and each field of the argument structure is,
 * one letter a value; build() draws the values.
 *
 *   registers and fields of 64 bits           of 32 bits                     of 16 bits
 *     m  a frame's number                       p  an event port               d  a domain
 *     M  a frame's address (CR3)                v  a vCPU                      D  a new domain
 *     a  a guest address                        r  a grant entry               t  a small number
 *     e  a page-table entry                     h  a grant handle            of 8 bits
 *     E  an entry's machine address             s  a small number              b  0 or 1
 *     w  anything                               f  flags of a grant mapping    .  padding
 *     l  the address of a list of frames        o  an order                 registers only
 *     z  the address of the results             x  anything                    @  the structure's address
 *     q  a small number, S too; 0, 1 itself     k  the operation               n  how many structures
 *     u  flags of a flush                       V  the version                 c  the operation
 *     F  a foreign domain
 *     j  the context's address
 *     K  the address of some debug keys         B  address bits, or 0
 *     A  the address of a buffer                y  a tiny number
 *     T  a time that comes                      #, $  the shape's own numbers
 */
#include <stdio.h>
#include <string.h>

#include "abi/callback.h"
#include "abi/domctl.h"
#include "abi/event_channel.h"
#include "abi/grant_table.h"
#include "abi/mca.h"
#include "abi/memory.h"
#include "abi/nmi.h"
#include "abi/physdev.h"
#include "abi/platform.h"
#include "abi/sched.h"
#include "abi/sysctl.h"
#include "abi/version.h"
#include "abi/xen.h"
#include "fuzz.h"
#include "hypercall/hypercall.h"

struct shape {
	u8 nr;
	const char *regs, *fields;
	u32 op, version, own[2];
};

#define MMU(ops)	{ __HYPERVISOR_mmu_update, "@nzF", ops }
#define EXT(op)		{ __HYPERVISOR_mmuext_op, "@nzF", "k....mm", MMUEXT_##op }
#define EXTVA(op)	{ __HYPERVISOR_mmuext_op, "@nzF", "k....aa", MMUEXT_##op }
#define MEM(op, f)	{ __HYPERVISOR_memory_op, "c@", f, XENMEM_##op }
#define GNT(op, f)	{ __HYPERVISOR_grant_table_op, "c@n", f, GNTTABOP_##op }
#define EVT(op, f)	{ __HYPERVISOR_event_channel_op, "c@", f, EVTCHNOP_##op }
#define VCPU(op, f)	{ __HYPERVISOR_vcpu_op, "cv@", f, VCPUOP_##op }
#define SCHED(op, f)	{ __HYPERVISOR_sched_op, "c@", f, SCHEDOP_##op }
#define PHYS(op, f)	{ __HYPERVISOR_physdev_op, "c@", f, PHYSDEVOP_##op }
#define DOM(op, f)	{ __HYPERVISOR_domctl, "@", "kVd......" f, XEN_DOMCTL_##op, XEN_DOMCTL_INTERFACE_VERSION }
#define SYS(op, f)	{ __HYPERVISOR_sysctl, "@", "kV" f, XEN_SYSCTL_##op, XEN_SYSCTL_INTERFACE_VERSION }
#define DOM_OF(op, f, n)	{ __HYPERVISOR_domctl, "@", "kVd......" f, XEN_DOMCTL_##op, \
				  XEN_DOMCTL_INTERFACE_VERSION, { n } }
#define SYS_OF(op, f, ...)	{ __HYPERVISOR_sysctl, "@", "kV" f, XEN_SYSCTL_##op, \
				  XEN_SYSCTL_INTERFACE_VERSION, { __VA_ARGS__ } }
#define PLAT(op, f)	{ __HYPERVISOR_platform_op, "@", "kV" f, XENPF_##op, XENPF_INTERFACE_VERSION }
#define PLAT_OF(op, f, n)	{ __HYPERVISOR_platform_op, "@", "kV" f, XENPF_##op, XENPF_INTERFACE_VERSION, { n } }
#define PLAIN(name, r)	{ __HYPERVISOR_##name, r, "" }
#define PAD8		"........"

static const struct shape shapes[] = {
	MMU("Ee"), MMU("Ee"), MMU("Ee"), MMU("Ee"), PLAIN(update_va_mapping, "aeu"), PLAIN(update_va_mapping, "aeu"),
	PLAIN(update_va_mapping, "aeu"), PLAIN(update_va_mapping_otherdomain, "aeuF"), EXT(PIN_L1_TABLE),
	EXT(PIN_L2_TABLE), EXT(PIN_L3_TABLE), EXT(PIN_L4_TABLE), EXT(UNPIN_TABLE), EXT(UNPIN_TABLE),
	EXT(UNPIN_TABLE), EXT(NEW_BASEPTR), EXT(NEW_USER_BASEPTR), EXT(CLEAR_PAGE), EXT(COPY_PAGE),
	EXTVA(TLB_FLUSH_LOCAL), EXTVA(INVLPG_LOCAL), EXTVA(TLB_FLUSH_MULTI), EXTVA(INVLPG_MULTI),
	EXTVA(TLB_FLUSH_ALL), EXTVA(INVLPG_ALL), EXTVA(FLUSH_CACHE), EXTVA(FLUSH_CACHE_GLOBAL),
	{ __HYPERVISOR_mmuext_op, "@nzF", "k....as....", MMUEXT_SET_LDT },
	{ __HYPERVISOR_mmuext_op, "@nzF", "x....ww" },
	PLAIN(set_gdt, "lq"), PLAIN(set_gdt, "lq"), PLAIN(update_descriptor, "Ew"),
	MEM(increase_reservation, "lqoBd"), MEM(decrease_reservation, "lqosd"), MEM(populate_physmap, "lqoBd"),
	MEM(exchange, "lqosd......lqosd......q"), MEM(exchange, "l1osd......l1oBd......0"),
	MEM(exchange, "l1osd......l1oBd......0"), MEM(current_reservation, "d"), MEM(maximum_reservation, "d"),
	MEM(maximum_gpfn, "d"), MEM(machphys_mapping, ""), MEM(machphys_mfn_list, "s....A"),
	MEM(memory_map, "s....A"), MEM(machine_memory_map, "s....A"), MEM(set_memory_map, "d......s....A"),
	MEM(claim_pages, "aqssd"), MEM(acquire_resource, "dtsssql"), MEM(acquire_resource, "d......b.......ql"),
	MEM(acquire_resource, "d......b.......q0"), MEM(get_vnumainfo, "d......"), MEM(claim_pages, "aq....sd"),
	MEM(maximum_ram_page, ""), MEM(add_to_physmap, "dtsqm"), MEM(get_sharing_freed_pages, ""),
	GNT(map_grant_ref, "afrd......" PAD8 "...."), GNT(map_grant_ref, "afrd......" PAD8 "...."),
	GNT(map_grant_ref, "Efrd......" PAD8 "...."), GNT(unmap_grant_ref, "aqh...."),
	GNT(unmap_grant_ref, "awh...."), GNT(unmap_grant_ref, "Eqh...."), GNT(unmap_and_replace, "aah...."),
	GNT(unmap_and_replace, "Eah...."), GNT(copy, "r....dtr....dttt...."), GNT(copy, "mdtr....dttt...."),
	GNT(copy, "r....dtmdttt...."), GNT(copy, "mdtmdttt...."), GNT(transfer, "md..r...."),
	GNT(setup_table, "d..st......A"), GNT(setup_table, "d..s........A"), GNT(query_size, "d..ss...."),
	GNT(swap_grant_ref, "rr...."), GNT(get_version, "d..s"), GNT(set_version, "s"),
	GNT(get_status_frames, "sd..a"), GNT(cache_flush, "wtts"),
	EVT(alloc_unbound, "ddp"), EVT(bind_interdomain, "d..pp"), EVT(bind_virq, "svp"), EVT(bind_ipi, "vp"),
	EVT(bind_pirq, "ssp"), EVT(bind_pirq, "s0..p"), EVT(close, "p"), EVT(send, "p"), EVT(status, "d..pssqq"),
	EVT(bind_vcpu, "pv"), EVT(unmask, "p"), EVT(reset, "d"), EVT(init_control, "msvq"),
	EVT(init_control, "msvq"), EVT(expand_array, "m"), EVT(set_priority, "ps"),
	{ __HYPERVISOR_vcpu_op, "cvj", "", VCPUOP_initialise }, VCPU(up, ""), VCPU(down, ""), VCPU(is_up, ""),
	VCPU(get_runstate_info, ""), VCPU(register_runstate_memory_area, "A"), VCPU(set_periodic_timer, "T"),
	VCPU(stop_periodic_timer, ""), VCPU(set_singleshot_timer, "Ts"), VCPU(stop_singleshot_timer, ""),
	VCPU(register_vcpu_info, "mss"), VCPU(register_vcpu_info, "mss"),
	{ __HYPERVISOR_vcpu_op, "cv", "", VCPUOP_send_nmi }, VCPU(get_physid, ""),
	VCPU(register_vcpu_time_memory_area, "A"),
	SCHED(yield, ""), SCHED(block, ""), SCHED(shutdown, "s"), SCHED(poll, "AsT...."),
	SCHED(remote_shutdown, "d..s"), SCHED(shutdown_code, "s"), SCHED(watchdog, "ss"), SCHED(pin_override, "s"),
	PLAIN(sched_op_compat, "qw"), PLAIN(set_timer_op, "T"),
	PHYS(eoi, "s"), PHYS(pirq_eoi_gmfn_v1, "m"), PHYS(pirq_eoi_gmfn_v2, "m"), PHYS(irq_status_query, "ss"),
	PHYS(set_iopl, "s"), PHYS(set_iobitmap, "As"), PHYS(apic_read, "qss"), PHYS(apic_write, "qss"),
	PHYS(alloc_irq_vector, "ss"), PHYS(map_pirq, "d..ssxsss....q"), PHYS(unmap_pirq, "d..s"),
	PHYS(setup_gsi, "sbb.."), PHYS(get_free_pirq, "ss"), PHYS(pci_device_add, "tbbq"),
	PHYS(manage_pci_add, "bb"), PHYS(restore_msi, "bb"), PHYS(prepare_msix, "tbb"), PHYS(prepare_msix, "...b"),
	PHYS(manage_pci_remove, "bb"), PHYS(pci_device_remove, "tbb"), PHYS(restore_msi_ext, "tbb"),
	PHYS(pci_mmcfg_reserved, "qtbbs"), PHYS(dbgp_op, "bb"),
	PLAIN(xen_version, "SA"), PLAIN(xen_version, "S0"), PLAIN(console_io, "qqA"), PLAIN(vm_assist, "qq"),
	PLAIN(set_trap_table, "A"), PLAIN(set_trap_table, "0"), PLAIN(set_callbacks, "aaa"),
	PLAIN(stack_switch, "qa"), PLAIN(fpu_taskswitch, "q"), PLAIN(set_debugreg, "qw"), PLAIN(get_debugreg, "q"),
	PLAIN(set_segment_base, "qw"), PLAIN(iret, ""), { __HYPERVISOR_event_channel_op_compat, "@", "ssssss" },
	{ __HYPERVISOR_physdev_op_compat, "@", "ssssss" }, PLAIN(xenpmu_op, "qa"), PLAIN(hypfs_op, "qaqaq"),
	{ __HYPERVISOR_nmi_op, "q@", "a" }, { __HYPERVISOR_callback_op, "q@", "tt....a" },
	{ __HYPERVISOR_callback_op, "c@", "tt....w", CALLBACKOP_register }, { __HYPERVISOR_arch_0, "@", "sxqqqq" },
	{ __HYPERVISOR_domctl, "@", "kVD......s" PAD8 PAD8 "...." "...." "ssss........" "............",
	  XEN_DOMCTL_createdomain, XEN_DOMCTL_INTERFACE_VERSION },
	DOM(destroydomain, ""), DOM(pausedomain, ""), DOM(unpausedomain, ""), DOM(resumedomain, ""),
	DOM(getdomaininfo, ""), DOM(max_mem, "q"), DOM(setvcpucontext, "v....j"), DOM(setvcpucontext, "v....j"),
	DOM(setvcpucontext, "v....0"), DOM(getvcpucontext, "v....j"), DOM(max_vcpus, "s"), DOM(getvcpuinfo, "v"),
	DOM(getpageframeinfo3, "ql"), DOM(getpageframeinfo3, "qA"), DOM(hypercall_init, "m"),
	DOM(iomem_permission, "mqb"), DOM(ioport_permission, "ssb"), DOM(irq_permission, "sb"),
	DOM(sendtrigger, "sv"), DOM(settimeoffset, "w"), DOM(gettscinfo, "ss"), DOM(settscinfo, "ss"),
	DOM(setvcpuaffinity, "vsAs....As...."), DOM(getvcpuaffinity, "vsAs....As...."), DOM(scheduler_op, "ssAs"),
	DOM(set_ext_vcpucontext, "vsaabbtaa"), DOM(get_ext_vcpucontext, "vsaa"), DOM(setvcpuextstate, "v....qqA"),
	DOM(getvcpuextstate, "v....qqA"), DOM(get_vcpu_msrs, "vsA"), DOM(get_vcpu_msrs, "vs0"),
	DOM(set_vcpu_msrs, "vsA"), DOM(get_cpu_policy, "ssAA"), DOM(set_cpu_policy, "ssAA"),
	DOM(setnodeaffinity, "As"), DOM_OF(set_address_size, "#", 64), DOM(shadow_op, "sss"),
	DOM(set_virq_handler, "s"), DOM(setdomainhandle, "ww"), DOM(set_address_size, "s"),
	SYS(physinfo, ""), SYS(readconsole, "bbbbsAs"), SYS(getdomaininfolist, "tsA"), SYS(getcpuinfo, "sAAs"),
	SYS(debug_keys, "As"), SYS(availheap, "ssss"), SYS(cputopoinfo, "s....A"), SYS(numainfo, "s....AA"),
	SYS(perfc_op, "1ssAA"), SYS(perfc_op, "sssll"), SYS(get_pmstat, "ss............AA"), SYS(pm_op, "ss"),
	SYS_OF(get_pmstat, "#yssqAA", PMSTAT_get_cxstat), SYS_OF(get_pmstat, "#y", PMSTAT_get_max_cx),
	SYS_OF(get_pmstat, "#y", PMSTAT_get_pxstat), SYS_OF(pm_op, "#sy", XEN_SYSCTL_pm_op_get_max_cstate),
	SYS_OF(pm_op, "#sy", XEN_SYSCTL_pm_op_set_max_cstate), SYS(debug_keys, "Ks"), SYS(debug_keys, "Ks"),
	SYS_OF(livepatch_op, "y#s"), SYS(livepatch_op, "ssss"), SYS(page_offline_op, "sssa"),
	{ __HYPERVISOR_mca, "@", "kVs....A", XEN_MC_physcpuinfo, XEN_MCA_INTERFACE_VERSION },
	{ __HYPERVISOR_mca, "@", "yVssq", 0, XEN_MCA_INTERFACE_VERSION }, PLAIN(xen_version, "SA"),
	PLAIN(xen_version, "SA"), PLAIN(console_io, "0SA"), PLAIN(console_io, "1SA"),
	SYS_OF(cpupool_op, "#yssssAs", XEN_SYSCTL_CPUPOOL_OP_INFO),
	SYS_OF(cpupool_op, "#sssssAs", XEN_SYSCTL_CPUPOOL_OP_FREEINFO), SYS(cpupool_op, "ssssss"),
	SYS(get_cpu_levelling_caps, "s"), SYS(scheduler_op, "sssss"), SYS(pcitopoinfo, "s....AA"),
	SYS(pcitopoinfo, "x....AA"), SYS(get_cpu_featureset, "ssA"), SYS(get_cpu_featureset, "ss0"),
	SYS(get_cpu_policy, "ssAA"), SYS(sched_id, ""), SYS(cpu_hotplug, "yy"),
	PLAT(settime64, "qssq"), PLAT(settime32, "ssq"), PLAT(set_processor_pminfo, "ssA"),
	PLAT_OF(set_processor_pminfo, "s#A", XEN_PM_PDC), PLAT(firmware_info, "ssw"),
	PLAT_OF(firmware_info, "#y", XEN_FW_KBD_SHIFT_FLAGS), PLAT(getidletime, "As....Aq"),
	PLAT(get_cpuinfo, "ssss"), PLAT(get_cpu_version, "sss"), PLAT(cpu_online, "s"), PLAT(cpu_offline, "s"),
	PLAT(enter_acpi_sleep, "sssss"),
	{ 0xff, "wwww", "" },		/* any number, any arguments */
};

static u64 arg_va(void)
{
	return guest_va(ARG_PAGE + actor->id);
}

u64 as_seen(u64 at)
{
	u32 b = in_byte();

	return b < 236 ? at : b < 246 ? at + (ALIAS_PAGE - ARG_PAGE) * PAGE_SIZE : guest_va(NO_PAGE);
}

/* Mostly where there is room, and something stands already. */
static u64 pick_buffer(void)
{
	return in_byte() < 200 ? arg_va() + 2048 + in_below(4) * 256 : pick_va();
}

static u64 draw_64(char kind)
{
	switch (kind) {
	case 'm': return mfn_x(pick_mfn());
	case 'M': return mfn_x(pick_mfn()) << PAGE_SHIFT;
	case 'a': return pick_va();
	case 'e': return pick_pte();
	case 'E': return pick_pte_maddr() | (in_byte() < 32 ? in_below(4) : 0);
	case 'l': return arg_va() + 2048;
	case 'z': return in_bit() ? 0 : arg_va() + 3072;
	case 'j': return guest_va(CONTEXT_PAGE);
	case '0': case '1': return kind - '0';
	case 'A': return pick_buffer();
	case 'T': return in_byte() < 200 ? 1000000ul << in_below(6) : pick_any();
	case 'S': return in_below(16);
	case 'K': return arg_va() + 2048;
	case 'q': return in_byte() < 240 ? in_below(8) : in_word();
	case 'u': return in_below(4) | (in_bit() ? UVMF_ALL : 0) | (in_byte() < 32 ? arg_va() : 0);
	case 'F': return in_byte() < 200 ? DOMID_SELF : pick_domid() | (in_bit() ? (pick_domid() + 1u) << 16 : 0);
	}
	return pick_any();
}

static u32 draw_32(char kind)
{
	switch (kind) {
	case 'p': return in_byte() < 250 ? in_below(12) : in_word();
	case 'v': return in_byte() < 250 ? in_below(VCPUS) : in_word();
	case 'r': return in_byte() < 250 ? 8 + in_below(6) : in_word();
	case 'h': return in_byte() < 250 ? in_below(6) : in_word();
	case 's': return in_byte() < 230 ? in_below(16) : in_word();
	case 'f': return in_byte() < 200 ? 2u << in_below(2) | in_below(8) : in_below(64);
	case 'o': return in_byte() < 200 ? in_below(3) : in_below(24);
	case 'B': return in_bit() ? 0 : 16 + in_below(16);
	case 'y': return in_below(4);
	}
	return in_word();
}

/* What the shape says itself; seldom another. */
static bool own_number(const struct shape *s, char kind, u32 *out)
{
	const char *known = strchr("kV#$", kind);
	const u32 numbers[] = { s->op, s->version, s->own[0], s->own[1] };

	if (!known || in_byte() >= 252)
		return false;
	*out = numbers[known - "kV#$"];
	return true;
}

/* One value of that kind into *out; its size. */
static size_t draw(const struct shape *s, char kind, u64 *out)
{
	u32 known;

	if (strchr("mMaeEwlzqujF01SKAT", kind)) {
		*out = draw_64(kind);
		return 8;
	}
	if (strchr("pvrhsfoxkVBy#$", kind)) {
		*out = own_number(s, kind, &known) ? known : draw_32(kind);
		return 4;
	}
	if (kind == 'd' || kind == 'D' || kind == 't') {
		*out = kind == 'd' ? pick_domid() : kind == 'D' ? 61 + in_below(4) :
		       in_byte() < 230 ? in_below(64) : in_word() & 0xffff;
		return 2;
	}
	*out = kind == 'b' ? in_bit() : 0;
	return 1;
}

/* The structure, aligned as C does it. */
static size_t build(const struct shape *s, u8 *mem, size_t room)
{
	size_t at = 0, most = 1;

	for (const char *kind = s->fields; *kind; kind++) {
		u64 value;
		size_t size = draw(s, *kind, &value);

		at = ROUNDUP(at, size);
		if (at + size > room)
			break;
		memcpy(mem + at, &value, size);
		at += size;
		most = MAX(most, size);
	}
	return ROUNDUP(at, most);
}

void guest_write(u64 va, const void *from, size_t len)
{
	(void)!machine_store(actor, va, from, len);
}

static void write_keys(void)
{
	static const char known[] = "demqruvwgiaMHtzS*h0f";
	char keys[8];

	for (u32 i = 0; i < sizeof(keys); i++)
		keys[i] = in_byte() < 240 ? known[in_below(sizeof(known) - 1)] : (char)in_byte();
	guest_write(arg_va() + 2048, keys, sizeof(keys));
}

static void write_list(void)
{
	u64 list[8];

	for (u32 i = 0; i < ARRAY_SIZE(list); i++)
		list[i] = mfn_x(pick_mfn());
	guest_write(arg_va() + 2048, list, sizeof(list));
}

/* Registers, and what they point to. A structure of the privileged has more to say in what follows it. */
static void prepare(const struct shape *s, u64 at, u64 *args)
{
	u8 mem[512] = { 0 };
	u32 n = in_byte() < 200 ? 1 : 1 + in_below(4);
	size_t len = 0;

	if (!strchr(s->regs, 'n'))
		n = 1;
	for (u32 i = 0; i < n; i++)
		len += build(s, mem + len, sizeof(mem) - len);
	if (strchr(s->regs, '@'))
		guest_write(at, mem,
			    s->nr == __HYPERVISOR_domctl || s->nr == __HYPERVISOR_sysctl ? 200 : MAX(len, 64ul));
	if (strchr(s->regs, 'l') || strchr(s->fields, 'l'))
		write_list();
	if (strchr(s->fields, 'K'))
		write_keys();
	for (u32 i = 0; s->regs[i]; i++) {
		switch (s->regs[i]) {
		case '@': args[i] = as_seen(at); break;
		case 'n': args[i] = n; break;
		case 'c': args[i] = in_byte() < 252 ? s->op : in_word(); break;
		case 'v': args[i] = draw_32('v'); break;
		default: args[i] = draw_64(s->regs[i]);
		}
	}
}

static const struct shape *pick_shape(void)
{
	u32 b = in_byte();

	/* page tables a good part of the time */
	return &shapes[b < 104 ? b % 32 : (b << 8 | in_byte()) % ARRAY_SIZE(shapes)];
}

/* One of those at the end, which are the privileged's, by them if they can. */
static const struct shape *pick_control(void)
{
	static u32 first;

	while (!first || shapes[first].nr != __HYPERVISOR_domctl)
		first++;
	(void)become(&slots[0]);
	return &shapes[first + (in_byte() << 8 | in_byte()) % (ARRAY_SIZE(shapes) - first)];
}

static void print(const char *what, u64 nr, const u64 *a, long rc, bool again)
{
	if (fuzz_log)
		printf("d%uv%u %s %lu(%#lx, %#lx, %#lx, %#lx) = %ld%s\n", actor->domain->id, actor->id, what, nr, a[0],
		       a[1], a[2], a[3], rc, again ? ", again" : "");
}

/* Up to four entries at +1024, their structures in the context pages' place. */
static void prepare_multicall(u64 *args)
{
	struct multicall_entry e[4];
	u32 n = 1 + in_below(4);

	memset(e, 0, sizeof(e));
	for (u32 i = 0; i < n; i++) {
		const struct shape *s = pick_shape();

		e[i].op = s->nr == 0xff ? in_byte() : in_byte() < 250 ? s->nr : __HYPERVISOR_multicall;
		prepare(s, arg_va() + 256 * (i % 4), (u64 *)e[i].args);
	}
	guest_write(arg_va() + 1024, e, n * sizeof(*e));
	args[0] = in_byte() < 250 ? as_seen(arg_va() + 1024) : pick_va();
	args[1] = n;
}

static u32 preempt_mode;

static bool decide(void)
{
	return preempt_mode == 1 || in_bit();
}

void do_hypercall(void)
{
	u64 args[6] = { 0 }, nr;
	u32 how = in_byte();
	bool again;
	long rc;

	if (how % 16 == 15) {
		nr = __HYPERVISOR_multicall;
		prepare_multicall(args);
	} else {
		const struct shape *s = how % 4 == 2 ? pick_control() : pick_shape();

		nr = s->nr == 0xff ? in_byte() : s->nr;
		prepare(s, arg_va(), args);
	}
	preempt_mode = how >> 4 & 3;
	if (preempt_mode == 1 || preempt_mode == 2)
		machine_preempt_by(decide);
	if (how >> 6 == 3 && in_bit())
		machine_heap_fail_after(1 + in_below(4));
	again = machine_call_once(actor, nr, args, &rc);
	machine_heap_fail_after(0);
	machine_preempt_by(NULL);
	self->repeating[actor->id] = again;
	print("calls", nr, args, rc, again);
}

void repeat_hypercall(u32 vcpu)
{
	const struct regs *r = &actor->regs;
	const u64 args[4] = { r->rdi, r->rsi, r->rdx, r->r10 };
	u64 nr = r->rax;
	long rc;

	if (preempt_mode == 1 || preempt_mode == 2)
		machine_preempt_by(decide);
	self->repeating[vcpu] = machine_repeat(actor, &rc);
	machine_preempt_by(NULL);
	print("repeats", nr, args, rc, self->repeating[vcpu]);
}
