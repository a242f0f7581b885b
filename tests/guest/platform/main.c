/* SPDX-License-Identifier: MIT */
/* platform_op: its interface version is checked, what it tells is plausible, what is not there is refused. */
#include "guest.h"

const char test_title[] = "platform: operations of the hardware domain";

static struct xen_platform_op op;

static long call(uint32_t cmd)
{
	op.cmd = cmd;
	op.interface_version = XENPF_INTERFACE_VERSION;
	return hypercall(platform_op, &op);
}

static void cpus(void)
{
	static uint8_t map[8] = { 0xff };
	static uint64_t idle[64];
	long r;

	memset(&op, 0, sizeof(op));
	EXPECT(0, call(XENPF_get_cpuinfo));
	CHECK(op.u.pcpu_info.flags & XEN_PCPU_FLAGS_ONLINE, "CPU 0 is not online: %#x", op.u.pcpu_info.flags);
	memset(&op, 0, sizeof(op));
	op.u.pcpu_info.xen_cpuid = 0xffffffff;
	call(XENPF_get_cpuinfo);
	memset(&op, 0, sizeof(op));
	EXPECT(0, call(XENPF_get_cpu_version));
	CHECK(op.u.pcpu_version.vendor_id[0], "no vendor");
	memset(&op, 0, sizeof(op));
	op.u.cpu_ol.cpuid = 0xffffffff;
	CHECK(call(XENPF_cpu_online) < 0, "CPU 2^32 - 1 goes online");
	op.u.cpu_ol.cpuid = 0;
	CHECK(call(XENPF_cpu_offline) < 0, "CPU 0 goes offline");
	memset(&op, 0, sizeof(op));
	op.u.getidletime.cpumap_bitmap = (uint64_t)map;
	op.u.getidletime.cpumap_nr_cpus = 64;
	op.u.getidletime.idletime = (uint64_t)idle;
	r = call(XENPF_getidletime);			/* for frequency governors; may be absent */
	CHECK(r == -XEN_ENOSYS || (r == 0 && op.u.getidletime.now), "getidletime gave %ld, time %lu", r,
	      op.u.getidletime.now);
	op.u.getidletime.cpumap_bitmap = 0xffff830000000000;
	CHECK(call(XENPF_getidletime) < 0, "a map in the hypervisor is written");
}

static void firmware(void)
{
	memset(&op, 0, sizeof(op));
	op.u.firmware_info.type = XEN_FW_KBD_SHIFT_FLAGS;
	EXPECT(0, call(XENPF_firmware_info));
	memset(&op, 0, sizeof(op));
	op.u.firmware_info.type = XEN_FW_DISK_INFO;
	op.u.firmware_info.index = 999;
	CHECK(call(XENPF_firmware_info) < 0, "disk 999");
	op.u.firmware_info.type = 99;
	CHECK(call(XENPF_firmware_info) < 0, "firmware information 99");
	memset(&op, 0, sizeof(op));
	op.u.efi_runtime_call.function = XEN_EFI_get_time;
	CHECK(call(XENPF_efi_runtime_call) < 0, "EFI on a BIOS machine");
}

static void time(void)
{
	uint32_t before = shared_info->wc_sec;

	memset(&op, 0, sizeof(op));
	op.u.settime64.secs = 1800000000;
	op.u.settime64.system_time = system_time();
	EXPECT(0, call(XENPF_settime64));
	CHECK(shared_info->wc_sec + system_time() / 1000000000 - 1800000000 + 2 < 5,
	      "wall clock %u after set to 1800000000", shared_info->wc_sec);
	op.u.settime64.secs = before + op.u.settime64.system_time / 1000000000;
	EXPECT(0, call(XENPF_settime64));
	op.u.settime64.mbz = 1;
	CHECK(call(XENPF_settime64) < 0, "a field that must be zero is not looked at");
}

static void power_states(void)
{
	static uint32_t pdc[3] = { 1, 1, 0xffffffff };

	memset(&op, 0, sizeof(op));
	op.u.set_pminfo.type = XEN_PM_PDC;
	op.u.set_pminfo.u.pdc = (uint64_t)pdc;
	EXPECT(0, call(XENPF_set_processor_pminfo));
	CHECK(pdc[2] != 0xffffffff && (pdc[2] & 2), "capabilities %#x remain", pdc[2]);
	pdc[0] = 9;
	EXPECT(-XEN_EINVAL, call(XENPF_set_processor_pminfo));
	op.u.set_pminfo.u.pdc = 0xffff830000000000;
	EXPECT(-XEN_EFAULT, call(XENPF_set_processor_pminfo));
}

void test_main(void)
{
	power_states();
	memset(&op, 0, sizeof(op));
	op.cmd = XENPF_get_cpuinfo;
	op.interface_version = 0x12345678;
	EXPECT(-XEN_EACCES, hypercall(platform_op, &op));
	EXPECT(-XEN_ENOSYS, call(9999));
	cpus();
	firmware();
	time();
	memset(&op, 0, sizeof(op));
	op.u.enter_acpi_sleep.sleep_state = 99;
	CHECK(call(XENPF_enter_acpi_sleep) < 0, "sleep state 99");
	memset(&op, 0, sizeof(op));
	op.u.microcode.data = 0xffff830000000000;
	op.u.microcode.length = 4096;
	CHECK(call(XENPF_microcode_update) < 0, "microcode from the hypervisor");
	op.u.microcode.data = (uint64_t)&op;
	op.u.microcode.length = 0xffffffff;
	CHECK(call(XENPF_microcode_update) < 0, "4 GiB of microcode");
	memset(&op, 0, sizeof(op));
	op.u.resource_op.nr_entries = 0xffffffff;
	op.u.resource_op.entries = (uint64_t)&op;
	CHECK(call(XENPF_resource_op) < 0, "2^32 resource entries");
}
