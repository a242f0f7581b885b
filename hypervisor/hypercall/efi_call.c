/* SPDX-License-Identifier: MIT */
/*
 * XENPF_efi_runtime_call: dom0's calls of the firmware's runtime services. Arguments are copied in, sizes bounded, the
 * firmware called on the copies (platform/efi.h), results checked and copied out: firmware sees no memory of the
 * guest's, and what it claims to have written goes out only as far as there was room.
 */
#include "domain/guest_copy.h"
#include "domain/vcpu.h"
#include "hypercall/firmware.h"
#include "lib/errno.h"
#include "lib/string.h"
#include "mm/heap.h"
#include "platform/efi.h"
#include "x86/cpu_ops.h"
#include "x86/fpu.h"

#define NAME_MAX_BYTES	4096u		/* of a variable, with its final 0 */
#define DATA_MAX	KiB(128)

static_assert(sizeof(struct xenpf_efi_time) == 16 && offsetof(struct xenpf_efi_time, ns) == 8 &&
	      offsetof(struct xenpf_efi_time, daylight) == 14, "EFI_TIME, UEFI 2.10, 8.3");
static_assert(sizeof(struct xenpf_efi_guid) == 16, "EFI_GUID");

#define ARG(p)	((u64)(p))

/* Five arguments, whatever the service takes. The caller's FPU state is put away for as long. */
static int firmware(struct xenpf_efi_runtime_call *c, enum efi_service service, u64 a1, u64 a2, u64 a3, u64 a4, u64 a5)
{
	const u64 args[EFI_ARGS] = { a1, a2, a3, a4, a5 };
	bool no_fpu = read_cr0() & CR0_TS;
	struct vcpu *v = current;
	u64 status = EFI_UNSUPPORTED;
	int rc;

	fpu_save(v->fpu, v->xcr0);
	fpu_reset();
	rc = efi_call(service, args, &status);
	if (unlikely(fpu_restore(v->fpu, v->xcr0)))
		fpu_area_init(v->fpu);
	if (no_fpu)
		stts();
	c->status = status;
	return rc;
}

static bool good(const struct xenpf_efi_runtime_call *c)
{
	return !(c->status & EFI_ERROR);
}

/* ---- the clock ---- */

struct time_capabilities {
	u32 resolution, accuracy;
	u8 sets_to_zero;
};

static int get_time(struct xenpf_efi_runtime_call *c)
{
	struct time_capabilities caps = { 0 };
	struct xenpf_efi_time time = { 0 };
	int rc = firmware(c, EFI_GET_TIME, ARG(&time), ARG(&caps), 0, 0, 0);

	if (rc || !good(c))
		return rc;
	c->u.get_time.time = time;
	c->u.get_time.resolution = caps.resolution;
	c->u.get_time.accuracy = caps.accuracy;
	c->misc = caps.sets_to_zero ? XEN_EFI_GET_TIME_SET_CLEARS_NS : 0;
	return 0;
}

static int set_time(struct xenpf_efi_runtime_call *c)
{
	struct xenpf_efi_time time = c->u.set_time;

	return firmware(c, EFI_SET_TIME, ARG(&time), 0, 0, 0, 0);
}

static int get_wakeup_time(struct xenpf_efi_runtime_call *c)
{
	struct xenpf_efi_time time = { 0 };
	u8 enabled = 0, pending = 0;
	int rc = firmware(c, EFI_GET_WAKEUP_TIME, ARG(&enabled), ARG(&pending), ARG(&time), 0, 0);

	if (rc || !good(c))
		return rc;
	c->u.get_wakeup_time = time;
	c->misc = (enabled ? XEN_EFI_GET_WAKEUP_TIME_ENABLED : 0) | (pending ? XEN_EFI_GET_WAKEUP_TIME_PENDING : 0);
	return 0;
}

static int set_wakeup_time(struct xenpf_efi_runtime_call *c)
{
	struct xenpf_efi_time time = c->u.set_wakeup_time;
	bool enable = c->misc & XEN_EFI_SET_WAKEUP_TIME_ENABLE;
	bool as_it_is = c->misc & XEN_EFI_SET_WAKEUP_TIME_ENABLE_ONLY;

	c->misc = 0;
	return firmware(c, EFI_SET_WAKEUP_TIME, enable, as_it_is ? 0 : ARG(&time), 0, 0, 0);
}

static int get_next_high_count(struct xenpf_efi_runtime_call *c)
{
	u32 count = 0;
	int rc = firmware(c, EFI_GET_NEXT_HIGH_MONOTONIC_COUNT, ARG(&count), 0, 0, 0, 0);

	if (!rc)
		c->misc = count;
	return rc;
}

/* ---- variables ---- */

struct variable {
	u16 *name;
	void *data;
	struct xenpf_efi_guid guid;
};

static void variable_free(struct variable *var)
{
	heap_free(var->name);
	heap_free(var->data);
}

static int variable_alloc(struct variable *var, u64 room)
{
	*var = (struct variable){ .name = heap_alloc(NAME_MAX_BYTES), .data = heap_alloc(MAX(room, 1ul)) };
	if (var->name && var->data)
		return 0;
	variable_free(var);
	return -ENOMEM;
}

/* A piece at a time, since its length is not known and what lies behind may not be there. */
static int name_from_guest(u16 *name, u64 at)
{
	for (u32 i = 0; i < NAME_MAX_BYTES / sizeof(*name); i++) {
		if (guest_get_nth(&name[i], at, i))
			return -EFAULT;
		if (!name[i])
			return 0;
	}
	return -E2BIG;
}

static int read_variable(struct xenpf_efi_runtime_call *c, struct variable *var, u64 room)
{
	u64 asked = c->u.get_variable.size, size = room;
	u32 attributes = 0;
	int rc = firmware(c, EFI_GET_VARIABLE, ARG(var->name), ARG(&var->guid), ARG(&attributes), ARG(&size),
			  ARG(var->data));

	if (rc)
		return rc;
	if (c->status == EFI_BUFFER_TOO_SMALL && room < asked && size <= asked)
		return -E2BIG;		/* it would have fit into the caller's buffer, and does not into ours */
	if (good(c) && size > room)
		return -EIO;
	if (good(c) && guest_copy_to(c->u.get_variable.data, var->data, size))
		return -EFAULT;
	c->misc = attributes;
	c->u.get_variable.size = size;
	return 0;
}

static int get_variable(struct xenpf_efi_runtime_call *c)
{
	u64 room = MIN(c->u.get_variable.size, DATA_MAX);
	struct variable var;
	int rc = variable_alloc(&var, room);

	if (rc)
		return rc;
	var.guid = c->u.get_variable.vendor_guid;
	rc = name_from_guest(var.name, c->u.get_variable.name);
	if (!rc)
		rc = read_variable(c, &var, room);
	variable_free(&var);
	return rc;
}

static int set_variable(struct xenpf_efi_runtime_call *c)
{
	u64 size = c->u.set_variable.size;
	struct variable var;
	int rc;

	if (size > DATA_MAX)
		return -E2BIG;
	rc = variable_alloc(&var, size);
	if (rc)
		return rc;
	var.guid = c->u.set_variable.vendor_guid;
	rc = name_from_guest(var.name, c->u.set_variable.name);
	if (!rc && size && guest_copy_from(var.data, c->u.set_variable.data, size))
		rc = -EFAULT;
	if (!rc)
		rc = firmware(c, EFI_SET_VARIABLE, ARG(var.name), ARG(&var.guid), c->misc, size, ARG(var.data));
	variable_free(&var);
	return rc;
}

/* The buffer is filled as far as it was before, since there is firmware that puts something else into size. */
static int next_name(struct xenpf_efi_runtime_call *c, u16 *name, u64 room)
{
	struct xenpf_efi_guid guid = c->u.get_next_variable_name.vendor_guid;
	u64 size = room;
	int rc;

	if (guest_copy_from(name, c->u.get_next_variable_name.name, room))
		return -EFAULT;
	rc = firmware(c, EFI_GET_NEXT_VARIABLE_NAME, ARG(&size), ARG(name), ARG(&guid), 0, 0);
	if (rc)
		return rc;
	if (good(c) && guest_copy_to(c->u.get_next_variable_name.name, name, room))
		return -EFAULT;
	c->u.get_next_variable_name.vendor_guid = guid;
	c->u.get_next_variable_name.size = size;
	return 0;
}

static int get_next_variable_name(struct xenpf_efi_runtime_call *c)
{
	u64 room = MIN(c->u.get_next_variable_name.size, NAME_MAX_BYTES - sizeof(u16));	/* it ends, whoever filled it */
	u16 *name = heap_alloc(NAME_MAX_BYTES);
	int rc;

	if (!name)
		return -ENOMEM;
	rc = next_name(c, name, room);
	heap_free(name);
	return rc;
}

/* Of what the boot services said nothing is known: the loader has left them. */
static int query_variable_info(struct xenpf_efi_runtime_call *c)
{
	u64 store = 0, remain = 0, largest = 0;
	int rc = 0;

	c->status = EFI_UNSUPPORTED;
	if (!(c->misc & XEN_EFI_VARINFO_BOOT_SNAPSHOT))
		rc = firmware(c, EFI_QUERY_VARIABLE_INFO, c->u.query_variable_info.attr, ARG(&store), ARG(&remain),
			      ARG(&largest), 0);
	c->u.query_variable_info.max_store_size = store;
	c->u.query_variable_info.remain_store_size = remain;
	c->u.query_variable_info.max_size = largest;
	return rc;
}

/* Capsules have numbers, and in Xen as here no more: ENOSYS. */
static const struct {
	u32 misc;		/* bits that may be set */
	int (*call)(struct xenpf_efi_runtime_call *c);
} calls[] = {
	[XEN_EFI_get_time] = { 0, get_time },
	[XEN_EFI_set_time] = { 0, set_time },
	[XEN_EFI_get_wakeup_time] = { 0, get_wakeup_time },
	[XEN_EFI_set_wakeup_time] = { XEN_EFI_SET_WAKEUP_TIME_ENABLE | XEN_EFI_SET_WAKEUP_TIME_ENABLE_ONLY,
				      set_wakeup_time },
	[XEN_EFI_get_next_high_monotonic_count] = { 0, get_next_high_count },
	[XEN_EFI_get_variable] = { 0, get_variable },
	[XEN_EFI_set_variable] = { ~0u, set_variable },
	[XEN_EFI_get_next_variable_name] = { 0, get_next_variable_name },
	[XEN_EFI_query_variable_info] = { XEN_EFI_VARINFO_BOOT_SNAPSHOT, query_variable_info },
};

int efi_runtime_call(struct xenpf_efi_runtime_call *c)
{
	if (!boot_info.efi_system_table)
		return -ENOSYS;
	if (!efi_usable())
		return -EOPNOTSUPP;
	if (c->function >= ARRAY_SIZE(calls) || !calls[c->function].call)
		return -ENOSYS;
	if (c->misc & ~calls[c->function].misc)
		return -EINVAL;
	return calls[c->function].call(c);
}
