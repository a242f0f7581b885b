/* SPDX-License-Identifier: MIT */
/*
 * platform_op: what dom0 asks of the machine. One function an operation; each gets the copied-in structure and may
 * change it; the dispatcher copies it back if the function says so. The table gives the privilege (all: dom0 only).
 */
#include "abi/platform.h"

#include "core/ipi.h"
#include "core/percpu.h"
#include "core/time.h"
#include "domain/guest_copy.h"
#include "domain/time_info.h"
#include "hypercall/cpu_switch.h"
#include "hypercall/firmware.h"
#include "hypercall/hypercall.h"
#include "hypercall/sleep.h"
#include "lib/errno.h"
#include "lib/string.h"
#include "platform/machine.h"
#include "sched/sched.h"
#include "x86/cpu_ops.h"
#include "x86/features.h"

#define NSEC_PER_SEC	1000000000u
#define COPY_BACK	1	/* result of an operation: success, and the structure goes back to the caller */

static int op_settime32(struct xen_platform_op *op)
{
	u32 nsecs = op->u.settime32.nsecs;

	time_wallclock_set(op->u.settime32.secs + nsecs / NSEC_PER_SEC, nsecs % NSEC_PER_SEC,
			   op->u.settime32.system_time);
	time_wallclock_update_all();
	return 0;
}

static int op_settime64(struct xen_platform_op *op)
{
	if (op->u.settime64.mbz || op->u.settime64.nsecs >= NSEC_PER_SEC)
		return -EINVAL;
	time_wallclock_set(op->u.settime64.secs, op->u.settime64.nsecs, op->u.settime64.system_time);
	time_wallclock_update_all();
	return 0;
}

static int op_firmware_info(struct xen_platform_op *op)
{
	int rc = firmware_info(&op->u.firmware_info);

	return rc ? rc : COPY_BACK;
}

static int op_efi_runtime_call(struct xen_platform_op *op)
{
	int rc = efi_runtime_call(&op->u.efi_runtime_call);

	return rc ? rc : COPY_BACK;
}

static int op_acpi_sleep(struct xen_platform_op *op)
{
	return sleep_enter(&op->u.enter_acpi_sleep);
}

static int op_getidletime(struct xen_platform_op *op)
{
	struct xenpf_getidletime *g = &op->u.getidletime;
	u32 n = MIN(g->cpumap_nr_cpus, MAX_CPUS);
	u8 map[MAX_CPUS / 8] = { 0 };

	if (guest_copy_from(map, g->cpumap_bitmap, DIV_ROUND_UP(n, 8)))
		return -EFAULT;
	for (u32 cpu = 0; cpu < n; cpu++) {
		u64 idle;

		if (!(map[cpu / 8] & (1u << (cpu % 8))))
			continue;
		if (!cpumask_test(cpu, &cpu_online_mask)) {
			map[cpu / 8] &= ~(1u << (cpu % 8));
			continue;
		}
		idle = sched_vcpu_time_ns(domain_idle->vcpu[cpu]);
		if (guest_put_nth(g->idletime, cpu, &idle))
			return -EFAULT;
	}
	g->now = time_now_ns();
	return guest_copy_to(g->cpumap_bitmap, map, DIV_ROUND_UP(n, 8)) ? -EFAULT : COPY_BACK;
}

static u32 last_present_cpu(void)
{
	u32 last = 0;

	for (u32 cpu = 0; cpu < MAX_CPUS; cpu++)
		if (cpu_is_present(cpu))
			last = cpu;
	return last;
}

static int op_get_cpuinfo(struct xen_platform_op *op)
{
	struct xenpf_pcpuinfo *info = &op->u.pcpu_info;
	u32 cpu = info->xen_cpuid;

	info->max_present = last_present_cpu();
	if (cpu >= MAX_CPUS || !cpu_is_present(cpu)) {
		info->flags = XEN_PCPU_FLAGS_INVALID;
		return COPY_BACK;
	}
	info->flags = cpumask_test(cpu, &cpu_online_mask) ? XEN_PCPU_FLAGS_ONLINE : 0;
	info->apic_id = cpu_apic_id(cpu);
	info->acpi_id = cpu_acpi_id(cpu);
	return COPY_BACK;
}

static int op_get_cpu_version(struct xen_platform_op *op)
{
	struct xenpf_pcpu_version *ver = &op->u.pcpu_version;
	struct cpuid_regs id = cpuid(0);

	ver->max_present = last_present_cpu();
	if (ver->xen_cpuid >= MAX_CPUS || !cpumask_test(ver->xen_cpuid, &cpu_online_mask)) {
		memset(ver->vendor_id, 0, sizeof(ver->vendor_id));
		ver->family = ver->model = ver->stepping = 0;
		return COPY_BACK;
	}
	memcpy(ver->vendor_id, &id.ebx, 4);
	memcpy(ver->vendor_id + 4, &id.edx, 4);
	memcpy(ver->vendor_id + 8, &id.ecx, 4);
	ver->family = cpu_features.family;
	ver->model = cpu_features.model;
	ver->stepping = cpu_features.stepping;
	return COPY_BACK;
}

static int op_cpu_online(struct xen_platform_op *op)
{
	return cpu_switch(op->u.cpu_ol.cpuid, true);
}

static int op_cpu_offline(struct xen_platform_op *op)
{
	return cpu_switch(op->u.cpu_ol.cpuid, false);
}

#define FIRST_OP	XENPF_settime32

/*
 * dom0 asks which power states of ACPI it may announce to the firmware (_PDC): revision, count, capabilities. CPUs idle
 * by HLT here and keep their frequency, so of the capabilities only what HLT needs remains. The states themselves are
 * not taken: see CAVEATS.md.
 */
#define PDC_C1_HALT	0x2u
#define PDC_SMP_C1PT	0x8u

static int op_pminfo(struct xen_platform_op *op)
{
	u64 at = op->u.set_pminfo.u.pdc;
	u32 pdc[3];

	if (op->u.set_pminfo.type != XEN_PM_PDC)
		return -ENOSYS;
	if (guest_copy_from(pdc, at, sizeof(pdc)))
		return -EFAULT;
	if (pdc[0] != 1 || pdc[1] != 1)
		return -EINVAL;
	pdc[2] &= PDC_C1_HALT | PDC_SMP_C1PT;
	return guest_copy_to(at, pdc, sizeof(pdc)) ? -EFAULT : 0;
}

static int (*const ops[])(struct xen_platform_op *op) = {
	[XENPF_settime32 - FIRST_OP] = op_settime32,
	[XENPF_settime64 - FIRST_OP] = op_settime64,
	[XENPF_firmware_info - FIRST_OP] = op_firmware_info,
	[XENPF_efi_runtime_call - FIRST_OP] = op_efi_runtime_call,
	[XENPF_enter_acpi_sleep - FIRST_OP] = op_acpi_sleep,
	[XENPF_getidletime - FIRST_OP] = op_getidletime,
	[XENPF_get_cpuinfo - FIRST_OP] = op_get_cpuinfo,
	[XENPF_get_cpu_version - FIRST_OP] = op_get_cpu_version,
	[XENPF_set_processor_pminfo - FIRST_OP] = op_pminfo,
	[XENPF_cpu_online - FIRST_OP] = op_cpu_online,
	[XENPF_cpu_offline - FIRST_OP] = op_cpu_offline,
};

long do_platform_op(u64 arg)
{
	struct xen_platform_op op;
	u32 index;
	int rc;

	if (guest_get(&op, arg))
		return -EFAULT;
	if (op.interface_version != XENPF_INTERFACE_VERSION)
		return -EACCES;
	index = op.cmd - FIRST_OP;
	if (op.cmd < FIRST_OP || index >= ARRAY_SIZE(ops) || !ops[index])
		return -ENOSYS;
	rc = ops[index](&op);
	if (rc == -ERESTART)
		return hypercall_restart(__HYPERVISOR_platform_op, 1, arg);
	if (rc == COPY_BACK)
		return guest_put(arg, &op);
	return rc;
}
