/* SPDX-License-Identifier: MIT */
/*
 * The door over a model in memory: a machine of FRAMES pages and a table of domains, enough of the control
 * interface that the builder and the daemon run on it as ordinary processes, under sanitizers.  It is strict
 * where a hypervisor is: frames of other domains cannot be mapped, page tables must be right to be pinned,
 * and what a domain had is counted when it goes.
 *
 * The machine is a file (of XEND_FAKE_MACHINE, or without a name), so that forked workers share it.  Nobody runs: a
 * guest stays where it was started until fake_shutdown() ends it.
 */
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <sys/file.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include "abi/event_channel.h"
#include "abi/grant_table.h"
#include "abi/memory.h"
#include "abi/version.h"
#include "base/error.h"
#include "hv/domctl.h"
#include "hv/fake.h"
#include "hv/hv.h"

struct fake_state *fake;
static int machine_fd = -1;

static off_t frame_offset(uint64_t mfn)
{
	return (off_t)(sizeof(struct fake_state) + HV_PAGE_SIZE - 1) / HV_PAGE_SIZE * HV_PAGE_SIZE +
	       (off_t)mfn * HV_PAGE_SIZE;
}

static void machine_init(void)
{
	memset(fake, 0, sizeof(*fake));
	fake->next_domid = 1;
	fake->domains[0].used = true;
	fake->domains[0].max_vcpus = 1;
	for (uint32_t i = 0; i < FAKE_FRAMES; i++)
		fake->owner[i] = FAKE_FREE;
	/* Some frames are never given, so that frame numbers and page numbers differ. */
	for (uint32_t i = 0; i < 64; i++)
		fake->owner[i] = 0;
}

int hv_open(struct error *err)
{
	const char *path = getenv("XEND_FAKE_MACHINE");
	off_t size = frame_offset(FAKE_FRAMES);
	bool fresh = true;

	if (machine_fd >= 0)
		return 0;
	machine_fd =
		path ? open(path, O_RDWR | O_CREAT | O_CLOEXEC, 0600) : memfd_create("machine", MFD_CLOEXEC);
	if (machine_fd >= 0 && path)
		fresh = lseek(machine_fd, 0, SEEK_END) == 0;
	if (machine_fd < 0 || (fresh && ftruncate(machine_fd, size) < 0))
		return error_set_errno(err, ERR_INTERNAL, errno, NULL, "fake machine");
	fake = mmap(NULL, sizeof(*fake), PROT_READ | PROT_WRITE, MAP_SHARED, machine_fd, 0);
	if (fake == MAP_FAILED)
		return error_set_errno(err, ERR_INTERNAL, errno, NULL, "fake machine");
	if (fresh)
		machine_init();
	return 0;
}

int hv_reopen(struct error *err)
{
	const char *path = getenv("XEND_FAKE_MACHINE");

	/* The model is shared with the parent; the descriptor a worker has closed. */
	if (path)
		machine_fd = open(path, O_RDWR | O_CLOEXEC);
	return machine_fd >= 0 ? 0 : error_set_errno(err, ERR_INTERNAL, errno, NULL, "fake machine");
}

void hv_close(void)
{
}

void *hv_buf_get(size_t bytes)
{
	return calloc(1, bytes ? bytes : 1);
}

void hv_buf_put(void *buf, size_t bytes)
{
	(void)bytes;
	free(buf);
}

/* ---- memory ---- */

void *fake_page(uint64_t mfn)
{
	void *p = mmap(NULL, HV_PAGE_SIZE, PROT_READ | PROT_WRITE, MAP_SHARED, machine_fd, frame_offset(mfn));

	return p == MAP_FAILED ? NULL : p;
}

void *hv_map_foreign(domid_t domid, const xen_pfn_t *frames, size_t n, bool write, int *errs)
{
	int prot = PROT_READ | (write ? PROT_WRITE : 0);
	uint8_t *p = mmap(NULL, n * HV_PAGE_SIZE, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

	if (p == MAP_FAILED)
		return NULL;
	for (size_t i = 0; i < n; i++) {
		bool ok = frames[i] < FAKE_FRAMES && fake->owner[frames[i]] == domid &&
			  !(write && fake->type[frames[i]] == FAKE_TABLE);

		if (errs)
			errs[i] = ok ? 0 : -EINVAL;
		if (ok)
			ok = mmap(p + i * HV_PAGE_SIZE, HV_PAGE_SIZE, prot, MAP_SHARED | MAP_FIXED,
				  machine_fd, frame_offset(frames[i])) != MAP_FAILED;
		if (!ok && !errs) {
			munmap(p, n * HV_PAGE_SIZE);
			errno = EINVAL;
			return NULL;
		}
	}
	return p;
}

void *hv_map_resource(domid_t domid, uint32_t type, uint32_t id, uint32_t frame, size_t n)
{
	if (domid >= FAKE_DOMAINS || !fake->domains[domid].used || type != XENMEM_resource_grant_table ||
	    id || frame || n != 1) {
		errno = EINVAL;
		return NULL;
	}
	return fake_page(fake->domains[domid].grant_frame);
}

void hv_unmap(void *addr, size_t n_pages)
{
	if (addr)
		munmap(addr, n_pages * HV_PAGE_SIZE);
}

void *hv_grant_map(domid_t domid, grant_ref_t ref)
{
	struct grant_entry_v1 *t = hv_map_resource(domid, XENMEM_resource_grant_table, 0, 0, 1), e;

	if (!t)
		return NULL;
	e = t[ref];
	hv_unmap(t, 1);
	if (!(e.flags & GTF_permit_access) || e.domid != 0 || e.frame >= FAKE_FRAMES ||
	    fake->owner[e.frame] != domid) {
		errno = EPERM;
		return NULL;
	}
	return fake_page(e.frame);
}

void hv_grant_unmap(void *page)
{
	hv_unmap(page, 1);
}

int hv_grant_offer(domid_t domid, grant_ref_t ref, uint64_t *offset)
{
	const uint8_t *page = hv_grant_map(domid, ref);
	int fd;

	if (!page)
		return -errno;
	hv_grant_unmap((void *)(uintptr_t)page);
	fd = memfd_create("ring", MFD_CLOEXEC);
	*offset = 0;
	return fd < 0 || ftruncate(fd, HV_PAGE_SIZE) < 0 ? -errno : fd;
}

int hv_xenbus_map(void **page, evtchn_port_t *port)
{
	*page = hv_open(NULL) ? NULL : fake_page(1);
	*port = 1;
	return *page ? 0 : -ENOMEM;
}

static uint64_t frame_take(domid_t domid)
{
	for (uint64_t i = 0; i < FAKE_FRAMES; i++)
		if (fake->owner[i] == FAKE_FREE) {
			fake->owner[i] = domid;
			fake->type[i] = FAKE_PLAIN;
			return i;
		}
	return FAKE_NO_FRAME;
}

uint64_t fake_free_frames(void)
{
	uint64_t n = 0;

	for (uint64_t i = 0; i < FAKE_FRAMES; i++)
		n += fake->owner[i] == FAKE_FREE;
	return n;
}

/* A run of 2^order free frames, aligned. */
static uint64_t run_take(domid_t domid, unsigned int order)
{
	uint64_t n = 1ull << order;

	for (uint64_t i = 0; i + n <= FAKE_FRAMES; i += n) {
		uint64_t j = 0;

		while (j < n && fake->owner[i + j] == FAKE_FREE)
			j++;
		if (j < n)
			continue;
		for (j = 0; j < n; j++) {
			fake->owner[i + j] = domid;
			fake->type[i + j] = FAKE_PLAIN;
		}
		return i;
	}
	return FAKE_NO_FRAME;
}

static int64_t populate(const struct xen_memory_reservation *r)
{
	xen_pfn_t *list = (xen_pfn_t *)(uintptr_t)r->extent_start;
	struct fake_domain *d = &fake->domains[r->domid];

	for (uint64_t i = 0; i < r->nr_extents; i++) {
		uint64_t mfn = d->pages + (1ull << r->extent_order) > d->max_pages ? FAKE_NO_FRAME :
			       run_take(r->domid, r->extent_order);

		if (mfn == FAKE_NO_FRAME)
			return (int64_t)i;
		list[i] = mfn;
		d->pages += 1ull << r->extent_order;
	}
	return (int64_t)r->nr_extents;
}

static int64_t do_memory(unsigned int cmd, void *arg)
{
	struct xen_memory_reservation *r = arg;

	switch (cmd) {
	case XENMEM_populate_physmap:
		return r->domid < FAKE_DOMAINS && fake->domains[r->domid].used ? populate(r) : -ESRCH;
	case XENMEM_claim_pages:
		return r->nr_extents > fake_free_frames() ? -ENOMEM : 0;
	case XENMEM_set_memory_map:
		return 0;
	default:
		return -ENOSYS;
	}
}

/* ---- page tables: what a pin checks ---- */

#define PTE_FRAME(e) ((e) >> 12 & ((1ull << 40) - 1))

static int check_table(domid_t domid, uint64_t mfn, unsigned int level);

static int check_entry(domid_t domid, uint64_t entry, unsigned int level)
{
	uint64_t mfn = PTE_FRAME(entry);

	if (mfn >= FAKE_FRAMES || fake->owner[mfn] != domid)
		return -EPERM;
	if (level > 1)
		return check_table(domid, mfn, level - 1);
	/* Remember who is mapped writable; checked against the tables at the end. */
	if (entry & 2)
		fake->writable[mfn] = 1;
	return 0;
}

static int check_table(domid_t domid, uint64_t mfn, unsigned int level)
{
	uint64_t *table = fake_page(mfn);
	int rc = table ? 0 : -ENOMEM;

	if (!rc && fake->type[mfn] == FAKE_TABLE && fake->level[mfn] != level)
		rc = -EINVAL;
	fake->type[mfn] = FAKE_TABLE;
	fake->level[mfn] = (uint8_t)level;
	for (unsigned int i = 0; !rc && i < 512; i++)
		if (table[i] & 1)
			rc = check_entry(domid, table[i], level);
	hv_unmap(table, 1);
	return rc;
}

static int pin(domid_t domid, const struct mmuext_op *op)
{
	unsigned int top = op->cmd - MMUEXT_PIN_L1_TABLE + 1;
	int rc;

	if (op->cmd > MMUEXT_PIN_L4_TABLE || op->arg1.mfn >= FAKE_FRAMES ||
	    fake->owner[op->arg1.mfn] != domid)
		return -EINVAL;
	memset(fake->writable, 0, sizeof(fake->writable));
	rc = check_table(domid, op->arg1.mfn, top);
	for (uint64_t i = 0; !rc && i < FAKE_FRAMES; i++)
		if (fake->owner[i] == domid && fake->type[i] == FAKE_TABLE && fake->writable[i])
			rc = -EPERM;	/* a page table that is mapped writable */
	return rc;
}

/* ---- domctl and sysctl ---- */

static int create(struct xen_domctl *op)
{
	struct fake_domain *d;

	if (fake->next_domid >= FAKE_DOMAINS)
		return -ENOMEM;
	op->domain = (domid_t)fake->next_domid++;
	d = &fake->domains[op->domain];
	*d = (struct fake_domain){ .used = true, .paused = true, .max_vcpus = op->u.createdomain.max_vcpus };
	memcpy(d->handle, op->u.createdomain.handle, 16);
	d->shared_info = frame_take(op->domain);
	d->grant_frame = frame_take(op->domain);
	if (d->shared_info == FAKE_NO_FRAME || d->grant_frame == FAKE_NO_FRAME)
		return -ENOMEM;
	void *page = fake_page(d->grant_frame);

	memset(page, 0, HV_PAGE_SIZE);
	hv_unmap(page, 1);
	return 0;
}

static void fill_info(domid_t domid, struct xen_domctl_getdomaininfo *info)
{
	const struct fake_domain *d = &fake->domains[domid];

	memset(info, 0, sizeof(*info));
	info->domain = domid;
	info->flags = (d->paused ? XEN_DOMINF_paused : XEN_DOMINF_blocked) |
		      (d->shutdown ? XEN_DOMINF_shutdown : 0) |
		      (uint32_t)d->reason << XEN_DOMINF_shutdownshift;
	info->tot_pages = d->pages;
	info->max_pages = d->max_pages;
	info->shared_info_frame = d->shared_info;
	info->nr_online_vcpus = 1;
	info->max_vcpu_id = d->max_vcpus ? d->max_vcpus - 1 : 0;
	memcpy(info->handle, d->handle, 16);
}

static int destroy(domid_t domid)
{
	for (uint64_t i = 0; i < FAKE_FRAMES; i++)
		if (fake->owner[i] == domid)
			fake->owner[i] = FAKE_FREE;
	fake->domains[domid].used = false;
	return 0;
}

/* There is CPU 0 alone; a hard set without it is refused. */
static int set_affinity(const struct xen_domctl_vcpuaffinity *a)
{
	const uint8_t *hard = (const uint8_t *)(uintptr_t)a->cpumap_hard.bitmap;

	return a->flags & XEN_VCPUAFFINITY_HARD && !(hard[0] & 1) ? -EINVAL : 0;
}

/* A host with SSE3, XSAVE and AVX, and AVX2.  A policy may only take away. */
static const xen_cpuid_leaf_t fake_leaves[] = {
	{ 1, XEN_CPUID_NO_SUBLEAF, 0, 0, 1u << 0 | 1u << 26 | 1u << 28, 1u << 25 }, { 7, 0, 0, 1u << 5, 0, 0 },
};

static int get_cpu_policy(struct xen_domctl_cpu_policy *p)
{
	if (p->nr_leaves < 2)
		return -ENOBUFS;
	p->nr_leaves = 2;
	memcpy((void *)(uintptr_t)p->leaves, fake_leaves, sizeof(fake_leaves));
	return 0;
}

static int set_cpu_policy(const struct xen_domctl_cpu_policy *p)
{
	const xen_cpuid_leaf_t *l = (const xen_cpuid_leaf_t *)(uintptr_t)p->leaves;

	for (uint32_t i = 0; i < p->nr_leaves; i++, l++) {
		const xen_cpuid_leaf_t *own = l->leaf == 1 ? &fake_leaves[0] : &fake_leaves[1];

		if (l->leaf != own->leaf || l->subleaf != own->subleaf ||
		    (l->b & ~own->b) | (l->c & ~own->c) | (l->d & ~own->d))
			return -EINVAL;
	}
	return 0;
}

static int do_domctl(struct xen_domctl *op)
{
	struct fake_domain *d = op->domain < FAKE_DOMAINS ? &fake->domains[op->domain] : NULL;

	if (op->interface_version != XEN_DOMCTL_INTERFACE_VERSION)
		return -EACCES;
	if (op->cmd == XEN_DOMCTL_createdomain)
		return create(op);
	if (!d || !d->used)
		return -ESRCH;
	switch (op->cmd) {
	case XEN_DOMCTL_max_vcpus: d->max_vcpus = op->u.max_vcpus.max; return 0;
	case XEN_DOMCTL_max_mem: d->max_pages = op->u.max_mem.max_memkb >> 2; return 0;
	case XEN_DOMCTL_pausedomain: d->paused = true; return 0;
	case XEN_DOMCTL_unpausedomain: d->paused = false; return 0;
	case XEN_DOMCTL_getdomaininfo: fill_info(op->domain, &op->u.getdomaininfo); return 0;
	case XEN_DOMCTL_destroydomain: return destroy(op->domain);
	case XEN_DOMCTL_setvcpucontext:
		memcpy(&d->context, (void *)(uintptr_t)op->u.vcpucontext.ctxt, sizeof(d->context));
		return 0;
	case XEN_DOMCTL_getvcpucontext:
		memcpy((void *)(uintptr_t)op->u.vcpucontext.ctxt, &d->context, sizeof(d->context));
		return 0;
	case XEN_DOMCTL_getvcpuinfo:
		op->u.getvcpuinfo.online = 1;
		return op->u.getvcpuinfo.vcpu < d->max_vcpus ? 0 : -ESRCH;
	case XEN_DOMCTL_setvcpuaffinity: return set_affinity(&op->u.vcpuaffinity);
	case XEN_DOMCTL_scheduler_op: return 0;
	case XEN_DOMCTL_get_cpu_policy: return get_cpu_policy(&op->u.cpu_policy);
	case XEN_DOMCTL_set_cpu_policy: return set_cpu_policy(&op->u.cpu_policy);
	case XEN_DOMCTL_settscinfo:
		return op->u.tsc_info.tsc_mode == 1 || op->u.tsc_info.tsc_mode == 3 ? -EOPNOTSUPP : 0;
	case XEN_DOMCTL_settimeoffset: d->time_offset = op->u.settimeoffset.time_offset_seconds; return 0;
	default: return -ENOSYS;
	}
}

static int list_domains(struct xen_sysctl_getdomaininfolist *l)
{
	struct xen_domctl_getdomaininfo *out = (void *)(uintptr_t)l->buffer;

	l->num_domains = 0;
	for (unsigned int i = l->first_domain; i < FAKE_DOMAINS && l->num_domains < l->max_domains; i++)
		if (fake->domains[i].used)
			fill_info((domid_t)i, &out[l->num_domains++]);
	return 0;
}

static int do_sysctl(struct xen_sysctl *op)
{
	if (op->interface_version != XEN_SYSCTL_INTERFACE_VERSION)
		return -EACCES;
	switch (op->cmd) {
	case XEN_SYSCTL_physinfo:
		op->u.physinfo = (struct xen_sysctl_physinfo){ .nr_cpus = 1,
							       .threads_per_core = 1,
							       .cores_per_socket = 1,
							       .nr_nodes = 1,
							       .cpu_khz = 1000000,
							       .capabilities = XEN_SYSCTL_PHYSCAP_pv,
							       .total_pages = FAKE_FRAMES,
							       .free_pages = fake_free_frames(),
							       .max_mfn = FAKE_FRAMES - 1 };
		return 0;
	case XEN_SYSCTL_getdomaininfolist: return list_domains(&op->u.getdomaininfolist);
	case XEN_SYSCTL_cputopoinfo:
		op->u.cputopoinfo.num_cpus = 1;
		*(struct xen_sysctl_cputopo *)(uintptr_t)op->u.cputopoinfo.cputopo = (struct xen_sysctl_cputopo){ 0 };
		return 0;
	case XEN_SYSCTL_sched_id: op->u.sched_id.sched_id = XEN_SCHEDULER_CREDIT2; return 0;
	default: return -ENOSYS;
	}
}

static int alloc_port(struct evtchn_alloc_unbound *a)
{
	if (a->dom >= FAKE_DOMAINS || !fake->domains[a->dom].used)
		return -ESRCH;
	a->port = ++fake->domains[a->dom].ports;
	return 0;
}

int64_t hv_call(unsigned int nr, uint64_t a0, uint64_t a1, uint64_t a2, uint64_t a3, uint64_t a4)
{
	(void)a2;
	(void)a4;
	switch (nr) {
	case __HYPERVISOR_domctl: return do_domctl((void *)(uintptr_t)a0);
	case __HYPERVISOR_sysctl: return do_sysctl((void *)(uintptr_t)a0);
	case __HYPERVISOR_memory_op: return do_memory((unsigned int)a0, (void *)(uintptr_t)a1);
	case __HYPERVISOR_mmuext_op: return pin((domid_t)a3, (void *)(uintptr_t)a0);
	case __HYPERVISOR_event_channel_op:
		return a0 == EVTCHNOP_alloc_unbound ? alloc_port((void *)(uintptr_t)a1) : -ENOSYS;
	case __HYPERVISOR_xen_version:
		return a0 == XENVER_version ? 4 << 16 | 17 : a0 == XENVER_pagesize ? 4096 : -ENOSYS;
	default: return -ENOSYS;
	}
}

int fake_shutdown(domid_t domid, unsigned int reason)
{
	if (domid >= FAKE_DOMAINS || !fake->domains[domid].used)
		return -ESRCH;
	fake->domains[domid].shutdown = true;
	fake->domains[domid].reason = (uint8_t)reason;
	return 0;
}

/* ---- event channels: every binding gets a number, and what fires is what a test writes there ---- */

static int next_port = 1;

int hv_evtchn_open(void)
{
	static unsigned int n;
	const char *machine = getenv("XEND_FAKE_MACHINE");
	char path[256];
	int fd;

	snprintf(path, sizeof(path), "%s.evtchn%u", machine ? machine : "", n++);
	if (machine && (unlink(path), mkfifo(path, 0600)) < 0)
		return -errno;
	fd = machine ? open(path, O_RDWR | O_NONBLOCK | O_CLOEXEC) : eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
	return fd < 0 ? -errno : fd;
}

/*
 * Whoever binds while MACHINE.kill is there dies of it, slowly: others see its descriptors close before they are
 * signalled.
 */
static void die_if_asked(void)
{
	const char *machine = getenv("XEND_FAKE_MACHINE");
	char path[256];

	snprintf(path, sizeof(path), "%s.kill", machine ? machine : "");
	if (machine && unlink(path) == 0) {
		close_range(3, ~0U, 0);
		usleep(200000);
		raise(SIGKILL);
	}
}

int hv_evtchn_bind_interdomain(int fd, domid_t domid, evtchn_port_t remote)
{
	(void)fd;
	die_if_asked();
	if (domid >= FAKE_DOMAINS || !fake->domains[domid].used ||
	    (domid && (remote == 0 || remote > fake->domains[domid].ports)))
		return -EINVAL;
	return next_port++;
}

int hv_evtchn_bind_virq(int fd, unsigned int virq)
{
	(void)fd;
	(void)virq;
	return next_port++;
}

int hv_evtchn_pending(int fd, evtchn_port_t *ports, size_t max)
{
	ssize_t n = read(fd, ports, max * sizeof(*ports));

	return n < 0 ? (errno == EAGAIN ? 0 : -errno) : (int)((size_t)n / sizeof(*ports));
}

/* Nobody is told, and nothing is masked. */
static int accept_port(int fd, evtchn_port_t port)
{
	(void)fd;
	(void)port;
	return 0;
}

int hv_evtchn_unbind(int fd, evtchn_port_t port) __attribute__((alias("accept_port")));
int hv_evtchn_notify(int fd, evtchn_port_t port) __attribute__((alias("accept_port")));
int hv_evtchn_unmask(int fd, evtchn_port_t port) __attribute__((alias("accept_port")));
