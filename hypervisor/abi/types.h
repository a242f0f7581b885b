/* SPDX-License-Identifier: MIT */
/*
 * The words of the interface: what the numbers between a guest and the hypervisor are called.
 *
 * Everything under abi/ describes the published Xen 4.17 interface for x86-64 in our own words. Names of
 * structs, fields and constants are exactly the published ones, so that a reader can look them up; layouts
 * are proven equal to the published headers by tests/abi.
 *
 * A pointer that a guest hands over is never a C pointer here: it is a uint64_t, with the type of what it
 * points at in a comment, because only the guest-copy functions may follow it.
 */
#ifndef ABI_TYPES_H
#define ABI_TYPES_H

#include <stddef.h>
#include <stdint.h>

typedef uint16_t domid_t;		/* a domain's number; 0x7FF0 and above have meanings of their own */
typedef uint64_t xen_pfn_t;		/* a page frame number, machine or guest as the field's name says */
typedef uint64_t xen_ulong_t;		/* the guest's machine word */
typedef uint64_t xen_callback_t;	/* a linear address in the guest that the hypervisor jumps to */

typedef uint32_t evtchn_port_t;
typedef uint32_t grant_ref_t;
typedef uint32_t grant_handle_t;

typedef uint8_t xen_domain_handle_t[16];	/* the UUID of a domain, as raw bytes */

typedef struct {
	uint8_t a[16];
} xen_uuid_t;

_Static_assert(sizeof(void *) == 8, "the layouts below are those of a 64-bit machine");

#endif
