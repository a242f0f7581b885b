/* SPDX-License-Identifier: MIT */
/*
 * Copying from and to the running PV guest: its page tables are loaded, so its addresses work as they are; an
 * exception-table entry catches what is not there. With SMAP the door is open only for the length of the copy.
 */
#include "domain/guest_copy.h"

#include "mm/layout.h"
#include "mm/page_alloc.h"
#include "x86/cpu_ops.h"
#include "x86/features.h"

static int open_and_copy(void *to, const void *from, size_t len)
{
	int rc;

	if (!cpu_features.smap)
		return copy_raw(to, from, len);
	stac();
	rc = copy_raw(to, from, len);
	clac();
	return rc;
}

int guest_copy_from_any(void *to, u64 guest_va, size_t len)
{
	if (unlikely(!guest_range_ok(guest_va, len)))
		return -EFAULT;
	return open_and_copy(to, (const void *)guest_va, len);
}

int guest_copy_to_any(u64 guest_va, const void *from, size_t len)
{
	if (unlikely(!guest_range_ok(guest_va, len)))
		return -EFAULT;
	return open_and_copy((void *)guest_va, from, len);
}

int guest_clear(u64 guest_va, size_t len)
{
	static const u8 zeros[256];

	while (len) {
		size_t n = MIN(len, sizeof(zeros));

		if (guest_copy_to(guest_va, zeros, n))
			return -EFAULT;
		guest_va += n;
		len -= n;
	}
	return 0;
}
