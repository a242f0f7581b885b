/* SPDX-License-Identifier: MIT */
/*
 * The firmware of a UEFI machine: what it is, its clock, its variables. Names without end, sizes beyond reason and
 * buffers that are not there are answered by errors; what was asked is done. With the word "no-rs" nothing of it may be
 * called; with "faults" tests/boot/run has broken the firmware's GetTime: the machine must live on without its
 * services. On a BIOS machine (tests/guest/run) there is only a refusal to see.
 */
#include "guest.h"

const char test_title[] = "efi: runtime services";

#define ERROR(n)		(1UL << 63 | (n))
#define UNSUPPORTED		ERROR(3)
#define BUFFER_TOO_SMALL	ERROR(5)
#define DEVICE_ERROR		ERROR(7)
#define NOT_FOUND		ERROR(14)

#define NV_BS_RT		7
#define HYPERVISOR		0xffff830000000000
#define NOWHERE			0x0000600000000000

static struct xen_platform_op op;
static struct xenpf_efi_runtime_call *const c = &op.u.efi_runtime_call;

static const struct xenpf_efi_guid global = { 0x8be4df61, 0x93ca, 0x11d2,
					      { 0xaa, 0x0d, 0x00, 0xe0, 0x98, 0x03, 0x2b, 0x8c } };
static const struct xenpf_efi_guid own = { 0x6b6f6f62, 0x1234, 0x5678, { 1, 2, 3, 4, 5, 6, 7, 8 } };

static uint16_t boot_order[] = u"BootOrder", test_name[] = u"TestOfOurs";

static long platform(uint32_t cmd)
{
	op.cmd = cmd;
	op.interface_version = XENPF_INTERFACE_VERSION;
	return hypercall(platform_op, &op);
}

static long info(uint32_t index)
{
	op.u.firmware_info.type = XEN_FW_EFI_INFO;
	op.u.firmware_info.index = index;
	return platform(XENPF_firmware_info);
}

static void fresh(uint32_t function, uint32_t misc)
{
	memset(&op, 0, sizeof(op));
	c->function = function;
	c->misc = misc;
}

static long call(void)
{
	return platform(XENPF_efi_runtime_call);
}

static long simple(uint32_t function, uint32_t misc)
{
	fresh(function, misc);
	return call();
}

/* ---- what it is ---- */

static void facts(bool services)
{
	static uint16_t vendor[64];
	union xenpf_efi_info *i = &op.u.firmware_info.u.efi_info;
	uint64_t tables;

	memset(&op, 0, sizeof(op));
	EXPECT(0, info(XEN_FW_EFI_VERSION));
	CHECK(i->version >> 16 == 2, "version %#x", i->version);
	EXPECT(0, info(XEN_FW_EFI_CONFIG_TABLE));
	CHECK(i->cfg.addr && i->cfg.nent > 2 && i->cfg.nent < 100, "%u tables at %#lx", i->cfg.nent, i->cfg.addr);
	tables = i->cfg.addr;
	i->vendor.name = (uint64_t)vendor;
	i->vendor.bufsz = sizeof(vendor);
	EXPECT(0, info(XEN_FW_EFI_VENDOR));
	CHECK(vendor[0] == 'E' && vendor[1] == 'D' && vendor[2] == 'K', "vendor %c%c%c", vendor[0], vendor[1],
	      vendor[2]);
	memset(vendor, 0x55, sizeof(vendor));
	i->vendor.bufsz = 5;
	EXPECT(0, info(XEN_FW_EFI_VENDOR));
	CHECK(vendor[1] == 'D' && vendor[2] == 0x5555, "more of the vendor's name than there is room for");
	i->vendor.name = HYPERVISOR;
	EXPECT(-XEN_EFAULT, info(XEN_FW_EFI_VENDOR));
	i->mem.addr = tables;
	i->mem.size = ~0UL;
	EXPECT(0, info(XEN_FW_EFI_MEM_INFO));
	CHECK(i->mem.type >= 5 && i->mem.type <= 6 && i->mem.attr >> 63 && i->mem.size < 1UL << 30,
	      "tables in memory of type %u, attributes %#lx, size %#lx", i->mem.type, i->mem.attr, i->mem.size);
	i->mem.addr = ~0UL;
	EXPECT(-XEN_ESRCH, info(XEN_FW_EFI_MEM_INFO));
	EXPECT(services ? 0 : -XEN_EOPNOTSUPP, info(XEN_FW_EFI_RT_VERSION));
	EXPECT(-XEN_ESRCH, info(XEN_FW_EFI_PCI_ROM));
	EXPECT(-XEN_ENODATA, info(XEN_FW_EFI_APPLE_PROPERTIES));
	EXPECT(-XEN_EINVAL, info(7));
	EXPECT(-XEN_EINVAL, info(0xffffffff));
}

/* ---- its clock ---- */

/* Days since 1970, by counting. */
static uint64_t days(uint32_t year, uint32_t month, uint32_t day)
{
	static const uint8_t length[] = { 31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31 };
	uint64_t n = day - 1;

	for (uint32_t y = 1970; y < year; y++)
		n += y % 4 ? 365 : 366;
	for (uint32_t m = 1; m < month; m++)
		n += length[m - 1] + (m == 2 && year % 4 == 0);
	return n;
}

static void clock(void)
{
	struct xenpf_efi_time t;
	uint64_t seconds, wall;

	EXPECT(0, simple(XEN_EFI_get_time, 0));
	EXPECT(0, c->status);
	t = c->u.get_time.time;
	CHECK(t.year > 2000 && t.year < 2100 && t.month - 1u < 12 && t.day - 1u < 31, "%u-%u-%u", t.year, t.month,
	      t.day);
	seconds = days(t.year, t.month, t.day) * 86400 + t.hour * 3600 + t.min * 60 + t.sec;
	wall = shared_info->wc_sec + system_time() / 1000000000;
	CHECK(seconds - wall + 5 <= 10, "the firmware's clock says %lu, ours %lu", seconds, wall);
	CHECK(c->u.get_time.resolution, "no resolution");

	fresh(XEN_EFI_set_time, 0);
	c->u.set_time = t;
	EXPECT(0, call());
	EXPECT(0, c->status);
	c->u.set_time.month = 13;
	c->misc = 0;
	EXPECT(0, call());
	CHECK(c->status >> 63, "month 13 is set");
	EXPECT(-XEN_EINVAL, simple(XEN_EFI_get_time, 1));
	EXPECT(-XEN_EINVAL, simple(XEN_EFI_set_time, 1));
	EXPECT(0, simple(XEN_EFI_get_wakeup_time, 0));
	EXPECT(0, simple(XEN_EFI_set_wakeup_time, XEN_EFI_SET_WAKEUP_TIME_ENABLE_ONLY));
	EXPECT(-XEN_EINVAL, simple(XEN_EFI_set_wakeup_time, 4));
}

/* ---- its variables ---- */

static long get(uint16_t *name, const struct xenpf_efi_guid *guid, void *data, uint64_t size)
{
	fresh(XEN_EFI_get_variable, 0);
	c->u.get_variable.name = (uint64_t)name;
	c->u.get_variable.vendor_guid = *guid;
	c->u.get_variable.data = (uint64_t)data;
	c->u.get_variable.size = size;
	return call();
}

static long set(uint16_t *name, const void *data, uint64_t size)
{
	fresh(XEN_EFI_set_variable, NV_BS_RT);
	c->u.set_variable.name = (uint64_t)name;
	c->u.set_variable.vendor_guid = own;
	c->u.set_variable.data = (uint64_t)data;
	c->u.set_variable.size = size;
	return call();
}

static void variables(void)
{
	static uint8_t data[3000], back[4096];

	EXPECT(0, get(boot_order, &global, back, 0));
	CHECK(c->status == BUFFER_TOO_SMALL && c->u.get_variable.size % 2 == 0 && c->u.get_variable.size,
	      "BootOrder without room: status %#lx, size %lu", c->status, c->u.get_variable.size);
	EXPECT(0, get(boot_order, &global, back, sizeof(back)));
	CHECK(!c->status && c->misc == NV_BS_RT, "BootOrder: status %#lx, attributes %#x", c->status, c->misc);

	for (uint32_t i = 0; i < sizeof(data); i++)
		data[i] = i * 7;
	EXPECT(0, get(test_name, &own, back, sizeof(back)));
	CHECK(c->status == NOT_FOUND, "a variable that is not there: %#lx", c->status);
	EXPECT(0, set(test_name, data, sizeof(data)));
	EXPECT(0, c->status);
	EXPECT(0, get(test_name, &own, back, sizeof(back)));
	CHECK(!c->status && c->u.get_variable.size == sizeof(data) && !memcmp(data, back, sizeof(data)) &&
	      c->misc == NV_BS_RT,
	      "what was set: status %#lx, %lu bytes, attributes %#x", c->status, c->u.get_variable.size, c->misc);
	EXPECT(0, set(test_name, NULL, 0));
	EXPECT(0, c->status);
	EXPECT(0, get(test_name, &own, back, sizeof(back)));
	CHECK(c->status == NOT_FOUND, "a variable that was deleted: %#lx", c->status);
}

static void names(void)
{
	static uint16_t name[512];
	uint32_t n = 0;
	bool seen = false;

	fresh(XEN_EFI_get_next_variable_name, 0);
	do {
		c->function = XEN_EFI_get_next_variable_name;
		c->u.get_next_variable_name.size = sizeof(name);
		c->u.get_next_variable_name.name = (uint64_t)name;
		if (call()) {
			test_failure("the next name is refused");
			return;
		}
		seen |= !c->status && !memcmp(name, boot_order, sizeof(boot_order));
	} while (!c->status && ++n < 1000);
	CHECK(c->status == NOT_FOUND && seen && n > 5, "%u names, status %#lx, BootOrder among them: %d", n, c->status,
	      seen);

	name[0] = 0;
	fresh(XEN_EFI_get_next_variable_name, 0);
	c->u.get_next_variable_name.size = 2;
	c->u.get_next_variable_name.name = (uint64_t)name;
	EXPECT(0, call());
	CHECK(c->status == BUFFER_TOO_SMALL && c->u.get_next_variable_name.size > 2, "a name without room: %#lx",
	      c->status);
	c->u.get_next_variable_name.size = 2;
	c->u.get_next_variable_name.name = HYPERVISOR;
	EXPECT(-XEN_EFAULT, call());
}

static void others(void)
{
	fresh(XEN_EFI_query_variable_info, 0);
	c->u.query_variable_info.attr = NV_BS_RT;
	EXPECT(0, call());
	CHECK(!c->status && c->u.query_variable_info.remain_store_size &&
	      c->u.query_variable_info.remain_store_size <= c->u.query_variable_info.max_store_size,
	      "room for variables: status %#lx, %lu of %lu", c->status, c->u.query_variable_info.remain_store_size,
	      c->u.query_variable_info.max_store_size);
	EXPECT(0, simple(XEN_EFI_query_variable_info, XEN_EFI_VARINFO_BOOT_SNAPSHOT));
	CHECK(c->status == UNSUPPORTED, "the boot services' word: %#lx", c->status);
	EXPECT(-XEN_EINVAL, simple(XEN_EFI_query_variable_info, 2));
	EXPECT(0, simple(XEN_EFI_get_next_high_monotonic_count, 0));
	EXPECT(-XEN_EINVAL, simple(XEN_EFI_get_next_high_monotonic_count, 1));
	EXPECT(-XEN_ENOSYS, simple(XEN_EFI_query_capsule_capabilities, 0));
	EXPECT(-XEN_ENOSYS, simple(XEN_EFI_update_capsule, 0));
	EXPECT(-XEN_ENOSYS, simple(0, 0));
	EXPECT(-XEN_ENOSYS, simple(12, 0));
	EXPECT(-XEN_ENOSYS, simple(0xffffffff, 0));
}

static void absurdities(void)
{
	static uint16_t endless[4096];
	static uint8_t data[16];

	for (uint32_t i = 0; i < ARRAY_SIZE(endless); i++)
		endless[i] = 'x';
	EXPECT(-XEN_E2BIG, get(endless, &own, data, sizeof(data)));
	EXPECT(-XEN_E2BIG, set(endless, data, sizeof(data)));
	EXPECT(-XEN_EFAULT, get((uint16_t *)HYPERVISOR, &own, data, sizeof(data)));
	EXPECT(-XEN_EFAULT, set((uint16_t *)NOWHERE, data, sizeof(data)));
	EXPECT(-XEN_EFAULT, set(test_name, (void *)HYPERVISOR, 16));
	EXPECT(-XEN_EFAULT, set(test_name, (void *)NOWHERE, 16));
	EXPECT(-XEN_E2BIG, set(test_name, data, ~0UL));
	EXPECT(-XEN_E2BIG, set(test_name, data, 128 * 1024 + 1));
	EXPECT(-XEN_EFAULT, get(boot_order, &global, (void *)HYPERVISOR, 4096));
	EXPECT(0, get(boot_order, &global, endless, ~0UL));
	EXPECT(0, c->status);
}

static uint8_t before[512] __attribute__((aligned(16))), after[512] __attribute__((aligned(16)));

/* Calls and looks: the registers of the FPU are as they were, and so is the flag that they may not be used. */
static void registers(void)
{
	__asm__ volatile("movups %0, %%xmm5; fldpi; fxsave %1" : "+m" (test_name) : "m" (before) : "memory");
	EXPECT(0, simple(XEN_EFI_get_time, 0));
	__asm__ volatile("fxsave %0" : : "m" (after) : "memory");
	CHECK(!memcmp(before, after, 416), "the FPU's registers are others after a call");
	EXPECT(0, hypercall(fpu_taskswitch, 1));
	EXPECT(0, simple(XEN_EFI_get_time, 0));
	PROBE("fninit");
	EXPECT_TRAP("an instruction of the FPU with TS set", X86_NM, -1);
	EXPECT(0, hypercall(fpu_taskswitch, 0));
}

/* tests/boot/run breaks the firmware, and then types something. */
static void broken(void)
{
	char key;

	printk("waiting for a fault\n");
	while (hypercall(console_io, CONSOLEIO_read, 1, &key) <= 0)
		hypercall(sched_op, SCHEDOP_yield, NULL);
	EXPECT(0, simple(XEN_EFI_get_time, 0));
	CHECK(c->status == DEVICE_ERROR, "the call that faulted: status %#lx", c->status);
	EXPECT(-XEN_EOPNOTSUPP, simple(XEN_EFI_get_time, 0));
	EXPECT(-XEN_EOPNOTSUPP, simple(XEN_EFI_get_next_high_monotonic_count, 0));
	facts(false);
}

void test_main(void)
{
	memset(&op, 0, sizeof(op));
	if (info(XEN_FW_EFI_CONFIG_TABLE) == -XEN_ENOSYS) {
		EXPECT(-XEN_ENOSYS, simple(XEN_EFI_get_time, 0));
		return;
	}
	if (has_word("faults")) {
		broken();
		return;
	}
	if (has_word("no-rs")) {
		facts(false);
		EXPECT(-XEN_EOPNOTSUPP, simple(XEN_EFI_get_time, 0));
		return;
	}
	facts(true);
	clock();
	variables();
	names();
	others();
	absurdities();
	registers();
}
