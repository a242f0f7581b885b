/* SPDX-License-Identifier: MIT */
/*
 * XENPF_efi_runtime_call over firmware of the test's: what it is given, what of its answers comes out, and that nothing
 * of the hypervisor's memory does whatever firmware or caller claim. XENPF_firmware_info likewise.
 */
#include "abi/platform.h"
#include "boot/boot_info.h"
#include "machine.h"
#include "oracle/oracle.h"
#include "unit.h"

#define NAME	guest_va(2)
#define BUFFER	guest_va(4)
#define BEYOND	(GUEST_BASE + 60 * PAGE_SIZE)	/* not mapped */

static struct machine_guest *lord;
static struct xen_platform_op op;
static struct xenpf_efi_runtime_call *const c = &op.u.efi_runtime_call;

#define LORD	(lord->d->vcpu[0])

/* What the firmware was called with, and what it is to do. */
static struct {
	u32 calls, busy;
	enum efi_service service;
	u64 args[EFI_ARGS];
	u16 name[64];
	u8 data[64];
	u64 size_in;
	u64 status, size_out;
} fw;

static void variable_call(const u64 args[EFI_ARGS])
{
	bool set = fw.service == EFI_SET_VARIABLE;

	memcpy(fw.name, (void *)args[0], sizeof(fw.name));
	fw.size_in = set ? args[3] : *(u64 *)args[3];
	if (set) {
		memcpy(fw.data, (void *)args[4], MIN(fw.size_in, sizeof(fw.data)));
		return;
	}
	*(u64 *)args[3] = fw.size_out;
	*(u32 *)args[2] = 7;
	if (!fw.status)
		memset((void *)args[4], 0xda, MIN(fw.size_out, fw.size_in));
}

static int firmware(enum efi_service service, const u64 args[EFI_ARGS], u64 *status)
{
	fw.calls++;
	fw.service = service;
	memcpy(fw.args, args, sizeof(fw.args));
	if (fw.busy && fw.busy--)
		return -ERESTART;
	*status = fw.status;
	switch (service) {
	case EFI_GET_VARIABLE:
	case EFI_SET_VARIABLE:
		variable_call(args);
		break;
	case EFI_GET_NEXT_VARIABLE_NAME:
		fw.size_in = *(u64 *)args[0];
		memcpy(fw.name, (void *)args[1], sizeof(fw.name));
		*(u64 *)args[0] = fw.size_out;
		if (!fw.status)
			memset((void *)args[1], 0x77, MIN(fw.size_out, 4094ul));
		break;
	case EFI_GET_TIME:
		*(struct xenpf_efi_time *)args[0] = (struct xenpf_efi_time){ .year = 2026, .ns = 5, .daylight = 3 };
		memcpy((void *)args[1], (u32[]){ 1, 50000000 }, 8);
		*(u8 *)(args[1] + 8) = 1;
		break;
	case EFI_GET_WAKEUP_TIME:
		*(u8 *)args[0] = 1;
		*(u8 *)args[1] = 1;
		*(struct xenpf_efi_time *)args[2] = (struct xenpf_efi_time){ .year = 2027 };
		break;
	case EFI_GET_NEXT_HIGH_MONOTONIC_COUNT:
		*(u32 *)args[0] = 0xabcd1234;
		break;
	case EFI_QUERY_VARIABLE_INFO:
		*(u64 *)args[1] = 1000, *(u64 *)args[2] = 900, *(u64 *)args[3] = 300;
		break;
	default:
		break;
	}
	return 0;
}

static void start(void)
{
	lord = machine_guest(1, true, 1);
	memset(&fw, 0, sizeof(fw));
	machine_firmware = firmware;
	boot_info.efi_system_table = 0x1000;
}

static void end(void)
{
	machine_firmware = NULL;
	boot_info.efi_system_table = 0;
	CHECK(oracle_check());
	machine_guest_end(lord);
	CHECK(machine_is_clean());
}

static long platform(u32 cmd)
{
	long rc;

	op.cmd = cmd;
	op.interface_version = XENPF_INTERFACE_VERSION;
	CHECK(!machine_store(LORD, guest_va(0), &op, sizeof(op)));
	rc = machine_call(LORD, __HYPERVISOR_platform_op, guest_va(0), 0, 0, 0);
	CHECK(!machine_load(LORD, &op, guest_va(0), sizeof(op)));
	return rc;
}

static long call(u32 function, u32 misc)
{
	c->function = function;
	c->misc = misc;
	return platform(XENPF_efi_runtime_call);
}

static void name(const char *text)
{
	u16 wide[64] = { 0 };

	for (u32 i = 0; text[i]; i++)
		wide[i] = text[i];
	CHECK(!machine_store(LORD, NAME, wide, sizeof(wide)));
}

static long get(u64 at, u64 to, u64 size)
{
	memset(&op, 0, sizeof(op));
	c->u.get_variable.name = at;
	c->u.get_variable.data = to;
	c->u.get_variable.size = size;
	c->u.get_variable.vendor_guid.data1 = 0x1111;
	return call(XEN_EFI_get_variable, 0);
}

static long set(u64 at, u64 from, u64 size)
{
	memset(&op, 0, sizeof(op));
	c->u.set_variable.name = at;
	c->u.set_variable.data = from;
	c->u.set_variable.size = size;
	return call(XEN_EFI_set_variable, 0x27);
}

TEST(nobody_there)
{
	start();
	memset(&op, 0, sizeof(op));
	machine_firmware = NULL;
	CHECK_EQ(call(XEN_EFI_get_time, 0), -EOPNOTSUPP);
	boot_info.efi_system_table = 0;
	CHECK_EQ(call(XEN_EFI_get_time, 0), -ENOSYS);
	machine_firmware = firmware;
	CHECK_EQ(call(XEN_EFI_get_time, 0), -ENOSYS);
	CHECK_EQ(fw.calls, 0);
	end();
}

TEST(clock)
{
	start();
	memset(&op, 0, sizeof(op));
	CHECK_EQ(call(XEN_EFI_get_time, 0), 0);
	CHECK_EQ(c->u.get_time.time.year, 2026);
	CHECK_EQ(c->u.get_time.time.daylight, 3);
	CHECK_EQ(c->u.get_time.accuracy, 50000000);
	CHECK_EQ(c->misc, XEN_EFI_GET_TIME_SET_CLEARS_NS);
	CHECK_EQ(call(XEN_EFI_get_time, 1), -EINVAL);
	fw.status = EFI_DEVICE_ERROR;
	memset(&op, 0, sizeof(op));
	CHECK_EQ(call(XEN_EFI_get_time, 0), 0);
	CHECK_EQ(c->status, EFI_DEVICE_ERROR);
	CHECK_EQ(c->u.get_time.time.year, 0);
	fw.status = 0;
	CHECK_EQ(call(XEN_EFI_get_wakeup_time, 0), 0);
	CHECK_EQ(c->misc, XEN_EFI_GET_WAKEUP_TIME_ENABLED | XEN_EFI_GET_WAKEUP_TIME_PENDING);
	CHECK_EQ(c->u.get_wakeup_time.year, 2027);
	CHECK_EQ(call(XEN_EFI_set_wakeup_time, XEN_EFI_SET_WAKEUP_TIME_ENABLE), 0);
	CHECK_EQ(fw.args[0], 1);
	CHECK(fw.args[1]);
	CHECK_EQ(call(XEN_EFI_set_wakeup_time, XEN_EFI_SET_WAKEUP_TIME_ENABLE_ONLY), 0);
	CHECK_EQ(fw.args[0], 0);
	CHECK_EQ(fw.args[1], 0);
	CHECK_EQ(call(XEN_EFI_set_wakeup_time, 4), -EINVAL);
	CHECK_EQ(call(XEN_EFI_set_time, 0), 0);
	CHECK_EQ(fw.service, EFI_SET_TIME);
	CHECK_EQ(call(XEN_EFI_set_time, 1), -EINVAL);
	end();
}

TEST(a_variable_is_read)
{
	u8 back[32];

	start();
	name("BootOrder");
	fw.size_out = 10;
	CHECK_EQ(get(NAME, BUFFER, 20), 0);
	CHECK_EQ(fw.service, EFI_GET_VARIABLE);
	CHECK_EQ(fw.size_in, 20);
	CHECK_EQ(fw.name[8], 'r');
	CHECK_EQ(c->u.get_variable.size, 10);
	CHECK_EQ(c->misc, 7);
	CHECK(!machine_load(LORD, back, BUFFER, sizeof(back)));
	CHECK_EQ(back[9], 0xda);
	CHECK_EQ(back[10], 0);
	fw.status = EFI_BUFFER_TOO_SMALL;
	fw.size_out = 100;
	CHECK_EQ(get(NAME, 0, 0), 0);
	CHECK_EQ(c->status, EFI_BUFFER_TOO_SMALL);
	CHECK_EQ(c->u.get_variable.size, 100);
	end();
}

/* The caller's sizes and addresses, then the firmware's. */
TEST(reading_with_lies)
{
	start();
	name("x");
	fw.size_out = 10;
	CHECK_EQ(get(BEYOND, BUFFER, 20), -EFAULT);
	CHECK_EQ(get(HV_VIRT_START, BUFFER, 20), -EFAULT);
	CHECK_EQ(get(~0ul, BUFFER, 20), -EFAULT);
	CHECK_EQ(fw.calls, 0);
	CHECK_EQ(get(NAME, BEYOND, 20), -EFAULT);
	CHECK_EQ(get(NAME, HV_VIRT_START, 20), -EFAULT);
	CHECK_EQ(get(NAME, BUFFER, ~0ul), 0);
	CHECK(fw.size_in <= 1 << 20);
	fw.status = EFI_BUFFER_TOO_SMALL;
	fw.size_out = 1 << 20;
	CHECK_EQ(get(NAME, BUFFER, ~0ul), -E2BIG);
	CHECK_EQ(get(NAME, BUFFER, 200000), 0);
	CHECK_EQ(c->u.get_variable.size, 1 << 20);
	fw.status = 0;
	fw.size_out = 21;
	CHECK_EQ(get(NAME, BUFFER, 20), -EIO);
	fw.size_out = ~0ul;
	CHECK_EQ(get(NAME, BUFFER, 20), -EIO);
	end();
}

TEST(a_variable_is_written)
{
	start();
	name("Name");
	CHECK(!machine_store(LORD, BUFFER, "content", 8));
	CHECK_EQ(set(NAME, BUFFER, 8), 0);
	CHECK_EQ(fw.service, EFI_SET_VARIABLE);
	CHECK_EQ(fw.args[2], 0x27);
	CHECK_EQ(fw.size_in, 8);
	CHECK(!memcmp(fw.data, "content", 8));
	CHECK_EQ(set(NAME, 0, 0), 0);
	CHECK_EQ(set(NAME, HV_VIRT_START, 0), 0);
	fw.calls = 0;
	CHECK_EQ(set(NAME, BEYOND, 8), -EFAULT);
	CHECK_EQ(set(NAME, HV_VIRT_START, 8), -EFAULT);
	CHECK_EQ(set(BEYOND, BUFFER, 8), -EFAULT);
	CHECK_EQ(set(NAME, BUFFER, (128 << 10) + 1), -E2BIG);
	CHECK_EQ(set(NAME, BUFFER, ~0ul), -E2BIG);
	CHECK_EQ(fw.calls, 0);
	end();
}

/* Three pages of letters. */
TEST(a_name_without_end)
{
	static u16 page[PAGE_SIZE / 2];

	start();
	for (u32 i = 0; i < ARRAY_SIZE(page); i++)
		page[i] = 'n';
	for (u32 i = 10; i < 13; i++)
		CHECK(!machine_store(LORD, guest_va(i), page, sizeof(page)));
	CHECK_EQ(get(guest_va(10), BUFFER, 20), -E2BIG);
	CHECK_EQ(set(guest_va(10) + 1, BUFFER, 20), -E2BIG);
	CHECK_EQ(fw.calls, 0);
	page[2047] = 0;
	CHECK(!machine_store(LORD, guest_va(10), page, sizeof(page)));
	CHECK_EQ(get(guest_va(10), BUFFER, 20), 0);
	end();
}

static long next(u64 at, u64 size)
{
	memset(&op, 0, sizeof(op));
	c->u.get_next_variable_name.name = at;
	c->u.get_next_variable_name.size = size;
	return call(XEN_EFI_get_next_variable_name, 0);
}

TEST(names)
{
	u16 back[64];

	start();
	name("First");
	fw.size_out = 12;
	CHECK_EQ(next(NAME, 64), 0);
	CHECK_EQ(fw.size_in, 64);
	CHECK_EQ(fw.name[0], 'F');
	CHECK_EQ(c->u.get_next_variable_name.size, 12);
	CHECK(!machine_load(LORD, back, NAME, sizeof(back)));
	CHECK_EQ(back[5], 0x7777);
	CHECK_EQ(back[6], 0);
	fw.size_out = ~0ul;			/* firmware that claims more: no more than the buffer goes out */
	CHECK_EQ(next(NAME, 64), 0);
	CHECK(!machine_load(LORD, back, NAME, sizeof(back)));
	CHECK_EQ(back[31], 0x7777);
	CHECK_EQ(back[32], 0);
	CHECK_EQ(next(NAME, ~0ul), 0);
	CHECK(fw.size_in < 4096);
	CHECK_EQ(next(BEYOND, 64), -EFAULT);
	CHECK_EQ(next(HV_VIRT_START, 64), -EFAULT);
	end();
}

TEST(others)
{
	start();
	memset(&op, 0, sizeof(op));
	CHECK_EQ(call(XEN_EFI_get_next_high_monotonic_count, 0), 0);
	CHECK_EQ(c->misc, 0xabcd1234);
	CHECK_EQ(call(XEN_EFI_query_variable_info, 0), 0);
	CHECK_EQ(c->u.query_variable_info.max_store_size, 1000);
	CHECK_EQ(c->u.query_variable_info.max_size, 300);
	fw.calls = 0;
	CHECK_EQ(call(XEN_EFI_query_variable_info, XEN_EFI_VARINFO_BOOT_SNAPSHOT), 0);
	CHECK_EQ(c->status, EFI_UNSUPPORTED);
	CHECK_EQ(c->u.query_variable_info.max_store_size, 0);
	CHECK_EQ(call(XEN_EFI_query_variable_info, 2), -EINVAL);
	for (u32 i = 0; i < 3; i++)
		CHECK_EQ(call((u32[]){ 0, 12, ~0u }[i], 0), -ENOSYS);
	CHECK_EQ(call(XEN_EFI_query_capsule_capabilities, 0), -ENOSYS);
	CHECK_EQ(call(XEN_EFI_update_capsule, 0), -ENOSYS);
	CHECK_EQ(fw.calls, 0);
	end();
}

/* Another CPU is in the firmware: the guest asks again until it is out. */
TEST(waiting)
{
	start();
	memset(&op, 0, sizeof(op));
	fw.busy = 3;
	CHECK_EQ(call(XEN_EFI_get_time, 0), 0);
	CHECK_EQ(fw.calls, 4);
	CHECK_EQ(c->u.get_time.time.year, 2026);
	end();
}

static long item(u32 index)
{
	op.u.firmware_info.type = XEN_FW_EFI_INFO;
	op.u.firmware_info.index = index;
	return platform(XENPF_firmware_info);
}

TEST(facts)
{
	union xenpf_efi_info *i = &op.u.firmware_info.u.efi_info;
	u16 back[8];

	start();
	memset(&op, 0, sizeof(op));
	boot_info.nr_efi_map = 2;
	boot_info.efi_map[0] = (struct boot_efi_region){ 5, 0x1000, 3, 8 };
	boot_info.efi_map[1] = (struct boot_efi_region){ 6, 0x10000, ~0ul, 9 };
	efi_facts = (struct efi_facts){ .revision = 0x20046, .services_revision = 0x20040, .vendor_revision = 9,
					.vendor = u"abc" };
	CHECK_EQ(item(XEN_FW_EFI_VERSION), 0);
	CHECK_EQ(i->version, 0x20046);
	CHECK_EQ(item(XEN_FW_EFI_RT_VERSION), 0);
	CHECK_EQ(i->version, 0x20040);
	machine_firmware = NULL;
	CHECK_EQ(item(XEN_FW_EFI_RT_VERSION), -EOPNOTSUPP);
	i->vendor.bufsz = 6;
	i->vendor.name = BUFFER;
	CHECK_EQ(item(XEN_FW_EFI_VENDOR), 0);
	CHECK_EQ(i->vendor.revision, 9);
	CHECK(!machine_load(LORD, back, BUFFER, sizeof(back)));
	CHECK(back[2] == 'c' && back[3] == 0 && back[4] == 0);
	i->vendor.bufsz = ~0u;
	i->vendor.name = BEYOND;
	CHECK_EQ(item(XEN_FW_EFI_VENDOR), -EFAULT);
	i->mem.addr = 0x2800;
	i->mem.size = ~0ul;
	CHECK_EQ(item(XEN_FW_EFI_MEM_INFO), 0);
	CHECK(i->mem.type == 5 && i->mem.attr == 8 && i->mem.size == 0x1800);
	i->mem.addr = 0x4000;
	CHECK_EQ(item(XEN_FW_EFI_MEM_INFO), -ESRCH);
	CHECK_EQ(item(XEN_FW_EFI_CONFIG_TABLE), -ESRCH);
	CHECK_EQ(item(XEN_FW_EFI_PCI_ROM), -ESRCH);
	CHECK_EQ(item(XEN_FW_EFI_APPLE_PROPERTIES), -ENODATA);
	CHECK_EQ(item(7), -EINVAL);
	CHECK_EQ(item(~0u), -EINVAL);
	boot_info.nr_efi_map = 0;
	end();
}

TEST(no_memory)
{
	start();
	name("x");
	for (u32 n = 1; n < 3; n++) {
		machine_heap_fail_after(n);
		CHECK_EQ(get(NAME, BUFFER, 20), -ENOMEM);
		CHECK_EQ(set(NAME, BUFFER, 20), -ENOMEM);
	}
	machine_heap_fail_after(1);
	CHECK_EQ(next(NAME, 20), -ENOMEM);
	machine_heap_fail_after(0);
	CHECK_EQ(fw.calls, 0);
	end();
}

int main(void)
{
	machine_start();
	RUN(nobody_there);
	RUN(clock);
	RUN(a_variable_is_read);
	RUN(reading_with_lies);
	RUN(a_variable_is_written);
	RUN(a_name_without_end);
	RUN(names);
	RUN(others);
	RUN(waiting);
	RUN(facts);
	RUN(no_memory);
	return unit_end();
}
