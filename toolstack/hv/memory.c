/* SPDX-License-Identifier: MIT */
/*
 * Calls that are no domctl and no sysctl: memory_op, mmuext_op and event_channel_op on behalf of a domain
 * that is being built, and xen_version.
 */
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "abi/version.h"
#include "hv/calls.h"

#define POPULATE_BATCH 4096u

/* One argument struct, copied to and from memory that the hypervisor may use. */
static int64_t call_with(unsigned int nr, unsigned int cmd, void *arg, size_t size)
{
	void *buf = hv_buf_get(size);
	int64_t rc;

	if (!buf)
		return -ENOMEM;
	memcpy(buf, arg, size);
	rc = hv_call(nr, cmd, (uintptr_t)buf, 0, 0, 0);
	memcpy(arg, buf, size);
	hv_buf_put(buf, size);
	return rc;
}

int64_t hv_memory_populate(domid_t domid, xen_pfn_t *frames, size_t n, unsigned int order)
{
	size_t room = (n < POPULATE_BATCH ? n : POPULATE_BATCH) * sizeof(*frames), done = 0;
	xen_pfn_t *list = hv_buf_get(room);
	int64_t rc = list ? 0 : -ENOMEM;

	while (rc >= 0 && done < n) {
		size_t batch = n - done < POPULATE_BATCH ? n - done : POPULATE_BATCH;
		struct xen_memory_reservation res = {
			.extent_start = (uintptr_t)list,
			.nr_extents = batch,
			.extent_order = order,
			.domid = domid,
		};

		memcpy(list, frames + done, batch * sizeof(*list));
		rc = call_with(__HYPERVISOR_memory_op, XENMEM_populate_physmap, &res, sizeof(res));
		if (rc < 0)
			break;
		memcpy(frames + done, list, (size_t)rc * sizeof(*list));
		done += (size_t)rc;
		if ((size_t)rc < batch)
			break;
	}
	hv_buf_put(list, room);
	return rc < 0 ? rc : (int64_t)done;
}

int hv_memory_claim(domid_t domid, uint64_t n_pages)
{
	struct xen_memory_reservation res = { .nr_extents = n_pages, .domid = domid };

	return (int)call_with(__HYPERVISOR_memory_op, XENMEM_claim_pages, &res, sizeof(res));
}

int hv_memory_set_map(domid_t domid, uint64_t ram_bytes)
{
	struct { uint64_t addr, size; uint32_t type; } __attribute__((packed)) *ram;
	struct xen_foreign_memory_map map = { .domid = domid, .map.nr_entries = 1 };
	int rc;

	ram = hv_buf_get(sizeof(*ram));
	if (!ram)
		return -ENOMEM;
	ram->addr = 0;
	ram->size = ram_bytes;
	ram->type = 1;
	map.map.buffer = (uintptr_t)ram;
	rc = (int)call_with(__HYPERVISOR_memory_op, XENMEM_set_memory_map, &map, sizeof(map));
	hv_buf_put(ram, sizeof(*ram));
	return rc;
}

int hv_mmuext_pin(domid_t domid, unsigned int op, xen_pfn_t mfn)
{
	struct mmuext_op *arg = hv_buf_get(sizeof(*arg));
	int rc;

	if (!arg)
		return -ENOMEM;
	arg->cmd = op;
	arg->arg1.mfn = mfn;
	rc = (int)hv_call(__HYPERVISOR_mmuext_op, (uintptr_t)arg, 1, 0, domid, 0);
	hv_buf_put(arg, sizeof(*arg));
	return rc;
}

int hv_evtchn_alloc(domid_t domid, domid_t remote, evtchn_port_t *port)
{
	struct evtchn_alloc_unbound arg = { .dom = domid, .remote_dom = remote };
	int rc = (int)call_with(__HYPERVISOR_event_channel_op, EVTCHNOP_alloc_unbound, &arg, sizeof(arg));

	*port = arg.port;
	return rc;
}

static void version_text(unsigned int cmd, char *dst, size_t size, size_t published)
{
	char text[1024] = "";

	if (call_with(__HYPERVISOR_xen_version, cmd, text, published) < 0)
		text[0] = '\0';
	text[published - 1] = '\0';
	snprintf(dst, size, "%s", text);
}

static void version_build_id(struct hv_version *v)
{
	struct { uint32_t len; uint8_t id[64]; } arg = { .len = 28 };
	int64_t n = call_with(__HYPERVISOR_xen_version, XENVER_build_id, &arg, sizeof(arg));

	v->build_id[0] = '\0';
	for (int64_t i = 0; i < n && i < 28; i++)
		snprintf(v->build_id + 2 * i, 3, "%02x", arg.id[i]);
}

int hv_version(struct hv_version *v)
{
	struct { char compiler[64], by[16], domain[32], date[32]; } info = { 0 };
	int64_t ver = hv_call(__HYPERVISOR_xen_version, XENVER_version, 0, 0, 0, 0);

	if (ver < 0)
		return (int)ver;
	memset(v, 0, sizeof(*v));
	v->major = (unsigned int)(ver >> 16);
	v->minor = (unsigned int)(ver & 0xffff);
	v->page_size = (unsigned int)hv_call(__HYPERVISOR_xen_version, XENVER_pagesize, 0, 0, 0, 0);
	version_text(XENVER_extraversion, v->extra, sizeof(v->extra), 16);
	version_text(XENVER_capabilities, v->capabilities, sizeof(v->capabilities), 1024);
	version_text(XENVER_changeset, v->changeset, sizeof(v->changeset), 64);
	version_text(XENVER_commandline, v->commandline, sizeof(v->commandline), 1024);
	(void)call_with(__HYPERVISOR_xen_version, XENVER_platform_parameters, &v->virt_start,
			sizeof(v->virt_start));
	if (call_with(__HYPERVISOR_xen_version, XENVER_compile_info, &info, sizeof(info)) >= 0) {
		snprintf(v->compiler, sizeof(v->compiler), "%.63s", info.compiler);
		snprintf(v->compile_by, sizeof(v->compile_by), "%.15s", info.by);
		snprintf(v->compile_domain, sizeof(v->compile_domain), "%.31s", info.domain);
		snprintf(v->compile_date, sizeof(v->compile_date), "%.31s", info.date);
	}
	version_build_id(v);
	return 0;
}
