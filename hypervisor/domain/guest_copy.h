/* SPDX-License-Identifier: MIT */
/*
 * The one pair of doors to guest memory. Addresses are virtual addresses of the current vCPU's guest, and must lie
 * wholly outside the hypervisor's half; a page that is not there (or not writable) gives -EFAULT, with an unspecified
 * part copied. For HVM guests the same calls walk the guest's own page tables. May be called with locks held:
 * faults are fixed up, nothing sleeps.
 */
#ifndef DOMAIN_GUEST_COPY_H
#define DOMAIN_GUEST_COPY_H

#include "lib/errno.h"
#include "lib/types.h"

int guest_copy_from(void *to, u64 guest_va, size_t len) __must_check;
int guest_copy_to(u64 guest_va, const void *from, size_t len) __must_check;
int guest_clear(u64 guest_va, size_t len) __must_check;
/* Up to the first zero byte, at most size - 1 bytes; returns the length or -EFAULT. */
long guest_copy_string(char *to, u64 guest_va, size_t size) __must_check;

/* The n-th element of a guest array: copy_from_guest_array(&local, va, i). -EFAULT if the address wraps. */
#define guest_get(local_p, va)		guest_copy_from((local_p), (va), sizeof(*(local_p)))
#define guest_put(va, local_p)		guest_copy_to((va), (local_p), sizeof(*(local_p)))
#define guest_get_nth(local_p, va, n) \
	guest_copy_from((local_p), (va) + (u64)(n) * sizeof(*(local_p)), sizeof(*(local_p)))
#define guest_put_nth(va, n, local_p) \
	guest_copy_to((va) + (u64)(n) * sizeof(*(local_p)), (local_p), sizeof(*(local_p)))

bool guest_range_ok(u64 guest_va, size_t len);

#endif
