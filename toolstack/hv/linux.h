/* SPDX-License-Identifier: MIT */
/*
 * What Linux's Xen device files take: ioctl numbers and their structs, in our own words.  Included by
 * hv/ alone.  A pointer is a uint64_t, since the kernel reads all of these as 64-bit values.
 */
#ifndef HV_LINUX_H
#define HV_LINUX_H

#include <stdint.h>
#include <sys/ioctl.h>

#define HV_IOC(type, nr, st) _IOC(_IOC_NONE, type, nr, sizeof(struct st))

/* /dev/xen/privcmd */
struct privcmd_call {
	uint64_t op;
	uint64_t arg[5];
};
struct privcmd_batch {
	uint32_t num;
	uint16_t dom;
	uint64_t addr;
	uint64_t arr;		/* const uint64_t[num]: frame numbers */
	uint64_t err;		/* int[num] */
};
struct privcmd_resource {
	uint16_t dom;
	uint32_t type;
	uint32_t id;
	uint32_t idx;
	uint64_t num;
	uint64_t addr;
};
#define PRIVCMD_HYPERCALL HV_IOC('P', 0, privcmd_call)
#define PRIVCMD_MMAPBATCH_V2 HV_IOC('P', 4, privcmd_batch)
#define PRIVCMD_MMAP_RESOURCE HV_IOC('P', 7, privcmd_resource)

/* /dev/xen/evtchn; read() gives ports that fired, write() unmasks them */
struct evtchn_virq { uint32_t virq; };
struct evtchn_interdomain { uint32_t remote_domain, remote_port; };
struct evtchn_port { uint32_t port; };
#define EVTCHN_BIND_VIRQ HV_IOC('E', 0, evtchn_virq)
#define EVTCHN_BIND_INTERDOMAIN HV_IOC('E', 1, evtchn_interdomain)
#define EVTCHN_BIND_UNBOUND HV_IOC('E', 2, evtchn_port)		/* .port is the remote domain */
#define EVTCHN_UNBIND HV_IOC('E', 3, evtchn_port)
#define EVTCHN_NOTIFY HV_IOC('E', 4, evtchn_port)

/* /dev/xen/gntdev */
struct gntdev_map {
	uint32_t count;
	uint32_t pad;
	uint64_t index;		/* out: the offset to mmap() */
	uint32_t domid;
	uint32_t ref;
};
struct gntdev_unmap {
	uint64_t index;
	uint32_t count;
	uint32_t pad;
};
#define GNTDEV_MAP HV_IOC('G', 0, gntdev_map)
#define GNTDEV_UNMAP HV_IOC('G', 1, gntdev_unmap)

/* /dev/xen/xenbus_backend; mmap() of one page at 0 is the ring */
#define XENBUS_BACKEND_EVTCHN _IOC(_IOC_NONE, 'B', 0, 0)

_Static_assert(sizeof(struct privcmd_call) == 48, "kernel layout");
_Static_assert(sizeof(struct privcmd_batch) == 32, "kernel layout");
_Static_assert(sizeof(struct privcmd_resource) == 32, "kernel layout");
_Static_assert(sizeof(struct gntdev_map) == 24, "kernel layout");

#endif
