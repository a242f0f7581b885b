/* SPDX-License-Identifier: MIT */
/*
 * Memory of other domains: by frame number (as the domain's builder), by resource (its grant table),
 * and by grant (its rings).  A mapping lives until hv_unmap() or the end of the process.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "base/strbuf.h"
#include "hv/door.h"
#include "hv/hv.h"
#include "hv/linux.h"

static int gntdev_fd = -1;

/* Grant mappings are few (two a guest); each remembers the index that gives it back. */
struct grant_page {
	void *addr;
	uint64_t index;
};
static struct grant_page *grants;
static size_t n_grants, cap_grants;

void door_map_close(void)
{
	if (gntdev_fd >= 0)
		close(gntdev_fd);
	gntdev_fd = -1;
	free(grants);
	grants = NULL;
	n_grants = cap_grants = 0;
}

static void *map_pages(size_t n, bool write)
{
	int prot = PROT_READ | (write ? PROT_WRITE : 0);
	void *p = mmap(NULL, n * HV_PAGE_SIZE, prot, MAP_SHARED, door_privcmd, 0);

	return p == MAP_FAILED ? NULL : p;
}

void *hv_map_foreign(domid_t domid, const xen_pfn_t *frames, size_t n, bool write, int *errs)
{
	int *results = errs ? errs : calloc(n, sizeof(*results));
	void *p = results && n ? map_pages(n, write) : NULL;
	struct privcmd_batch batch = {
		.num = (uint32_t)n, .dom = domid, .addr = (uintptr_t)p,
		.arr = (uintptr_t)frames, .err = (uintptr_t)results,
	};
	int bad = 0;

	if (p && ioctl(door_privcmd, PRIVCMD_MMAPBATCH_V2, &batch) < 0)
		bad = errno;
	for (size_t i = 0; p && !errs && !bad && i < n; i++)
		bad = -results[i];
	if (!errs)
		free(results);
	if (p && bad && !(errs && bad == ENOENT)) {
		munmap(p, n * HV_PAGE_SIZE);
		errno = bad;
		return NULL;
	}
	return p;
}

void *hv_map_resource(domid_t domid, uint32_t type, uint32_t id, uint32_t frame, size_t n)
{
	void *p = map_pages(n, true);
	struct privcmd_resource res = {
		.dom = domid, .type = type, .id = id, .idx = frame, .num = n, .addr = (uintptr_t)p,
	};

	if (p && ioctl(door_privcmd, PRIVCMD_MMAP_RESOURCE, &res) < 0) {
		int bad = errno;

		munmap(p, n * HV_PAGE_SIZE);
		errno = bad;
		return NULL;
	}
	return p;
}

void hv_unmap(void *addr, size_t n_pages)
{
	if (addr)
		munmap(addr, n_pages * HV_PAGE_SIZE);
}

void *hv_grant_map(domid_t domid, grant_ref_t ref)
{
	struct gntdev_map map = { .count = 1, .domid = domid, .ref = ref };
	struct gntdev_unmap undo = { .count = 1 };
	void *p;

	if (gntdev_fd < 0)
		gntdev_fd = open("/dev/xen/gntdev", O_RDWR | O_CLOEXEC);
	if (gntdev_fd < 0 || array_reserve((void **)&grants, &cap_grants, n_grants, sizeof(*grants)) < 0 ||
	    ioctl(gntdev_fd, GNTDEV_MAP, &map) < 0)
		return NULL;
	p = mmap(NULL, HV_PAGE_SIZE, PROT_READ | PROT_WRITE, MAP_SHARED, gntdev_fd, (off_t)map.index);
	if (p == MAP_FAILED) {
		int bad = errno;

		undo.index = map.index;
		(void)ioctl(gntdev_fd, GNTDEV_UNMAP, &undo);
		errno = bad;
		return NULL;
	}
	grants[n_grants++] = (struct grant_page){ p, map.index };
	return p;
}

void hv_grant_unmap(void *page)
{
	struct gntdev_unmap undo = { .count = 1 };

	for (size_t i = 0; i < n_grants; i++) {
		if (grants[i].addr != page)
			continue;
		munmap(page, HV_PAGE_SIZE);
		undo.index = grants[i].index;
		(void)ioctl(gntdev_fd, GNTDEV_UNMAP, &undo);
		grants[i] = grants[--n_grants];
		return;
	}
}

int hv_grant_offer(domid_t domid, grant_ref_t ref, uint64_t *offset)
{
	struct gntdev_map map = { .count = 1, .domid = domid, .ref = ref };
	int fd = open("/dev/xen/gntdev", O_RDWR | O_CLOEXEC), rc;

	if (fd < 0)
		return -errno;
	if (ioctl(fd, GNTDEV_MAP, &map) < 0) {
		rc = -errno;
		close(fd);
		return rc;
	}
	*offset = map.index;
	return fd;
}

int hv_xenbus_map(void **page, evtchn_port_t *port)
{
	int fd = open("/dev/xen/xenbus_backend", O_RDWR | O_CLOEXEC), rc;
	void *p;

	if (fd < 0)
		return -errno;
	rc = ioctl(fd, XENBUS_BACKEND_EVTCHN, 0);
	if (rc < 0) {
		rc = -errno;
		close(fd);
		return rc;
	}
	*port = (evtchn_port_t)rc;
	p = mmap(NULL, HV_PAGE_SIZE, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
	rc = p == MAP_FAILED ? -errno : 0;
	close(fd);
	*page = rc ? NULL : p;
	return rc;
}
