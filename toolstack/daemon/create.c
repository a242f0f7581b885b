/* SPDX-License-Identifier: MIT */
/* See create.h.  The steps stand in create_work(), in order. */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "base/file.h"
#include "base/strbuf.h"
#include "build/pv.h"
#include "daemon/create.h"
#include "daemon/disk.h"
#include "daemon/kernels.h"
#include "daemon/policy.h"
#include "daemon/worker.h"
#include "daemon/xend.h"
#include "hv/calls.h"
#include "hv/domctl.h"

#define BALLOON_WAIT_MS 20000

/* Name who has the memory: the message a person needs. */
static int explain_memory(const struct guest *g, uint64_t need_kib, uint64_t free_kib, struct error *err)
{
	static struct xen_domctl_getdomaininfo list[HV_DOMAINS_MAX];
	int n = hv_sysctl_domains(0, list, HV_DOMAINS_MAX), rc;
	struct strbuf sb = STRBUF_INIT;

	for (int i = 0; i < n && sb.len < 300; i++) {
		const struct guest *other = guest_by_domid(list[i].domain);

		if (list[i].domain == g->domid)
			continue;
		strbuf_printf(&sb, "%s%s %llu", sb.len ? ", " : "",
			      list[i].domain == 0 ? "dom0" : other ? other->name : "another",
			      (unsigned long long)(list[i].tot_pages >> 8));
	}
	rc = error_set(err, ERR_RESOURCES, NULL, "needs %llu MiB, the host has %llu MiB free (%s)",
		       (unsigned long long)(need_kib >> 10), (unsigned long long)(free_kib >> 10),
		       sb.data ? sb.data : "");
	if (free_kib >> 10 > 64)
		error_hint(err, "'xl mem-set' makes other guests smaller; or set memory = %llu or less",
			   (unsigned long long)(free_kib >> 10) - 8);
	else
		error_hint(err, "stop a guest, make dom0 smaller ('xl mem-set 0 ...', dom0_mem= at boot), or "
				"add memory");
	strbuf_free(&sb);
	return rc;
}

uint64_t create_need_kib(const struct guest *g)
{
	return g->cfg->memory_kib + 4096u + 512u * g->cfg->maxvcpus;
}

static int free_memory(uint64_t *kib, struct error *err)
{
	struct xen_sysctl_physinfo info;
	int rc = hv_sysctl_physinfo(&info);

	if (rc)
		return error_set_errno(err, ERR_INTERNAL, -rc, NULL,
				       "cannot ask the hypervisor for free memory");
	*kib = (info.free_pages + info.scrub_pages - info.outstanding_pages) << 2;
	return 0;
}

/* While the free memory grows somebody (dom0's balloon) is giving it up: wait for that. */
static int check_memory(const struct guest *g, struct error *err)
{
	uint64_t need = create_need_kib(g), free_kib = 0, before = 0;
	int rc = free_memory(&free_kib, err), idle = 0;

	for (int ms = 0;
	     !rc && free_kib < need && xend.set.dom0_floor_kib && ms < BALLOON_WAIT_MS && idle < 10;
	     ms += 100) {
		before = free_kib;
		usleep(100000);
		rc = free_memory(&free_kib, err);
		idle = free_kib > before ? 0 : idle + 1;
	}
	return rc ? rc : free_kib < need ? explain_memory(g, need, free_kib, err) : 0;
}

static int check_kernel(const struct guest *g, struct error *err)
{
	int rc;

	if (g->cfg->type != GUEST_PV) {
		rc = error_set(err, ERR_UNSUPPORTED, NULL, "type \"%s\" is not supported yet",
			       guest_type_name(g->cfg->type));
		error_hint(err, "set type = \"pv\"");
		return rc;
	}
	if (!g->cfg->kernel) {
		rc = error_set(err, ERR_CONFIG, NULL, "no kernel is given");
		error_hint(err, "set kernel = \"/boot/vmlinuz-...\", or kernel = "
				"\"/usr/lib/grub-xen/grub-x86_64-xen.bin\" "
				"to boot from the guest's own disk");
		return rc;
	}
	if (access(g->cfg->kernel, R_OK) < 0)
		return error_set_errno(err, ERR_NONE, errno, NULL, "kernel '%s'", g->cfg->kernel);
	if (g->cfg->ramdisk && access(g->cfg->ramdisk, R_OK) < 0)
		return error_set_errno(err, ERR_NONE, errno, NULL, "ramdisk '%s'", g->cfg->ramdisk);
	return 0;
}

int create_check(const struct guest *g, struct error *err)
{
	int rc = check_kernel(g, err);

	for (size_t i = 0; !rc && i < g->cfg->n_disks; i++)
		rc = disk_check(&g->cfg->disks[i], err);
	if (!rc)
		rc = check_memory(g, err);
	return rc;
}

/* ---- the domain ---- */

void create_cpu_bytes(const struct guest_cpus *set, uint8_t bytes[GUEST_CPUS_MAX / 8])
{
	struct xen_sysctl_cputopo topo[GUEST_CPUS_MAX];
	int n = set->node || set->not_node ? hv_sysctl_topology(topo, GUEST_CPUS_MAX) : 0;

	memcpy(bytes, set->cpu, GUEST_CPUS_MAX / 8);
	for (int i = 0; i < n; i++) {
		uint8_t bit = (uint8_t)(1u << (i % 8));

		if (topo[i].node < 64 && (set->node >> topo[i].node & 1))
			bytes[i / 8] |= bit;
		if (topo[i].node < 64 && (set->not_node >> topo[i].node & 1))
			bytes[i / 8] &= (uint8_t)~bit;
	}
}

/* What a list of sets says of one vCPU (the last one holds for all behind it) as bytes; NULL: nothing. */
static const uint8_t *cpus_of(const struct guest_cpus *sets, size_t n, unsigned int vcpu,
			      uint8_t bytes[GUEST_CPUS_MAX / 8])
{
	const struct guest_cpus *set = n ? &sets[vcpu < n ? vcpu : n - 1] : NULL;

	if (!set || !set->given)
		return NULL;
	create_cpu_bytes(set, bytes);
	return bytes;
}

static int set_affinity(const struct guest *g, domid_t domid, struct error *err)
{
	const struct guest_config *cfg = g->cfg;
	uint8_t hard[GUEST_CPUS_MAX / 8], soft[GUEST_CPUS_MAX / 8];

	for (unsigned int v = 0; v < cfg->maxvcpus; v++) {
		const uint8_t *h = cpus_of(cfg->cpus_hard, cfg->n_cpus_hard, v, hard);
		const uint8_t *s = cpus_of(cfg->cpus_soft, cfg->n_cpus_soft, v, soft);
		int rc = h || s ? hv_domctl_set_affinity(domid, v, h, s, GUEST_CPUS_MAX) : 0;

		if (rc)
			return error_set_errno(err, ERR_CONFIG, -rc, NULL,
					       "cannot bind vCPU %u to the CPUs of cpus= or cpus_soft=", v);
	}
	return 0;
}

static int allow_hardware(const struct guest *g, domid_t domid, struct error *err)
{
	const struct guest_config *cfg = g->cfg;
	int rc = 0;

	for (size_t i = 0; !rc && i < cfg->n_ioports; i++)
		rc = hv_domctl_allow_ioports(domid, (uint32_t)cfg->ioports[i].first,
					     (uint32_t)cfg->ioports[i].count, true);
	for (size_t i = 0; !rc && i < cfg->n_iomem; i++)
		rc = hv_domctl_allow_iomem(domid, cfg->iomem[i].first, cfg->iomem[i].count, true);
	for (size_t i = 0; !rc && i < cfg->n_irqs; i++)
		rc = hv_domctl_allow_irq(domid, (uint32_t)cfg->irqs[i].first, true);
	return rc ? error_set_errno(err, ERR_CONFIG, -rc, NULL,
				    "cannot allow the ports, memory or interrupts asked for")
		  : 0;
}

static int set_shares(domid_t domid, const struct guest_config *cfg)
{
	unsigned int sched_id;
	int rc;

	if (cfg->cpu_weight == 256 && !cfg->cap_percent)
		return 0;
	rc = hv_sysctl_sched_id(&sched_id);
	return rc ? rc : hv_domctl_set_sched(domid, sched_id, cfg->cpu_weight, cfg->cap_percent);
}

/* What its clocks shall show; told by the keys' names, since not every hypervisor does everything. */
static int set_clocks(const struct guest_config *cfg, domid_t domid, struct error *err)
{
	time_t now = time(NULL);
	struct tm local;
	int64_t offset = cfg->rtc_timeoffset_s + (cfg->localtime && localtime_r(&now, &local) ? local.tm_gmtoff : 0);
	int rc = cfg->tsc_mode ? hv_domctl_set_tsc_mode(domid, cfg->tsc_mode) : 0;

	if (rc == -EOPNOTSUPP) {
		rc = error_set(err, ERR_UNSUPPORTED, NULL, "this hypervisor does not serve its tsc_mode");
		error_hint(err, "tsc_mode = \"native\", or leave it out");
		return rc;
	}
	if (!rc && offset)
		rc = hv_domctl_set_time_offset(domid, offset);
	return rc ? error_set_errno(err, ERR_FAILED, -rc, NULL, "cannot set its clocks") : 0;
}

static int make_domain(const struct create_job *job, struct pv_guest *pv, struct error *err)
{
	const struct guest_config *cfg = job->g->cfg;
	struct hv_create c = {
		.max_vcpus = cfg->maxvcpus,
		.max_evtchn_port = cfg->max_event_channels,
		.max_grant_frames = (int32_t)cfg->max_grant_frames,
		.max_maptrack_frames = (int32_t)cfg->max_maptrack_frames,
		.max_grant_version = cfg->max_grant_version,
	};
	struct xen_domctl_getdomaininfo info;
	int rc;

	memcpy(c.uuid, job->g->uuid, 16);
	rc = hv_domctl_create(0, &c);
	if (rc < 0)
		return error_set_errno(err, rc == -ENOMEM ? ERR_RESOURCES : ERR_FAILED, -rc, NULL,
				       "the hypervisor refuses a new domain");
	pv->domid = (domid_t)rc;
	worker_send(json_pack("{s:i}", "domid", rc), -1);
	rc = hv_domctl_max_vcpus(pv->domid, cfg->maxvcpus);
	if (!rc)
		rc = hv_domctl_max_mem(pv->domid, cfg->maxmem_kib + CREATE_SLACK_KIB);
	if (!rc)
		rc = set_shares(pv->domid, cfg);
	if (!rc)
		rc = hv_evtchn_alloc(pv->domid, 0, &pv->store_port);
	if (!rc)
		rc = hv_evtchn_alloc(pv->domid, 0, &pv->console_port);
	if (!rc)
		rc = hv_domctl_info(pv->domid, &info);
	if (rc)
		return error_set_errno(err, rc == -ENOMEM ? ERR_RESOURCES : ERR_FAILED, -rc, NULL,
				       "cannot set up the new domain");
	pv->shared_info = info.shared_info_frame;
	rc = policy_apply(pv->domid, cfg->cpuid, err);
	if (!rc)
		rc = set_clocks(cfg, pv->domid, err);
	if (!rc)
		rc = set_affinity(job->g, pv->domid, err);
	return rc ? rc : allow_hardware(job->g, pv->domid, err);
}

/* ---- what it is made of ---- */

static int take_disks(const struct create_job *job, struct error *err)
{
	struct guest *g = job->g;
	int rc = 0;

	for (size_t i = 0; !rc && i < g->cfg->n_disks; i++) {
		rc = disk_attach(g, &g->cfg->disks[i], &g->disks[i], err);
		if (!rc && g->disks[i].file_ino)
			worker_send(json_pack("{s:i, s:o}", "disk", (int)i, "device", guest_device_json(&g->disks[i])),
				    -1);
	}
	return rc;
}

static int take_kernel(const struct create_job *job, struct image *img, struct error *err)
{
	int rc;

	if (job->kernel) {
		*img = *job->kernel;
		return 0;
	}
	worker_progress(-1, "unpacking the kernel");
	rc = image_load(job->g->cfg->kernel, img, err);
	if (!rc)
		worker_send(kernels_message(img), img->fd);
	return rc;
}

static int take_ramdisk(const struct guest *g, struct pv_guest *pv, struct error *err)
{
	struct stat st;

	pv->ramdisk_fd = -1;
	if (!g->cfg->ramdisk)
		return 0;
	pv->ramdisk_fd = file_open_plain(g->cfg->ramdisk, O_RDONLY, false, &st);
	if (pv->ramdisk_fd == -EISDIR || pv->ramdisk_fd == -ENOTBLK)
		return error_set(err, ERR_CONFIG, NULL, "ramdisk '%s' is not a file", g->cfg->ramdisk);
	if (pv->ramdisk_fd < 0)
		return error_set_errno(err, ERR_NONE, pv->ramdisk_fd, NULL, "ramdisk '%s'", g->cfg->ramdisk);
	pv->ramdisk_len = (uint64_t)st.st_size;
	return 0;
}

json_t *create_work(void *arg, struct error *err)
{
	struct create_job *job = arg;
	const struct guest_config *cfg = job->g->cfg;
	struct pv_guest pv = { .cmdline = cfg->cmdline, .n_pages = cfg->memory_kib >> 2,
			       .max_pages = cfg->maxmem_kib >> 2 };
	struct pv_plan plan;
	struct image img;

	/* Nothing is taken before all of this is known to be right. */
	if (create_check(job->g, err) || take_kernel(job, &img, err) || take_ramdisk(job->g, &pv, err) ||
	    pv_plan(&plan, &img.info, pv.ramdisk_len, pv.n_pages, err))
		return NULL;
	pv.image = &img;
	if (take_disks(job, err) || make_domain(job, &pv, err) || pv_build(&pv, err))
		return NULL;
	return json_pack("{s:i, s:i, s:i, s:I, s:I}", "domid", pv.domid, "store_port", (int)pv.store_port,
			 "console_port", (int)pv.console_port, "store_mfn", (json_int_t)pv.store_mfn,
			 "console_mfn", (json_int_t)pv.console_mfn);
}
