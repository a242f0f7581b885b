/* SPDX-License-Identifier: MIT */
/*
 * Hypercalls through /dev/xen/privcmd, and the memory for their arguments.  /dev/xen/hypercall gives
 * pages that the kernel neither moves nor pages out; a small arena of them serves nearly all calls, as
 * a stack, so that a call costs one ioctl and no mmap.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdbool.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "hv/door.h"
#include "hv/hv.h"
#include "hv/linux.h"

#define ARENA_BYTES (64u * HV_PAGE_SIZE)

int door_privcmd = -1;
static int hypercall_fd = -1;
static uint8_t *arena;
static size_t arena_used;

static void *buf_map(size_t bytes)
{
	void *p = mmap(NULL, bytes, PROT_READ | PROT_WRITE, MAP_SHARED, hypercall_fd, 0);

	return p == MAP_FAILED ? NULL : p;
}

int hv_open(struct error *err)
{
	if (door_privcmd >= 0)
		return 0;
	door_privcmd = open("/dev/xen/privcmd", O_RDWR | O_CLOEXEC);
	if (door_privcmd < 0) {
		int rc = error_set_errno(err, ERR_NONE, errno, NULL, "cannot open /dev/xen/privcmd");

		error_hint(err, errno == EACCES ? "run as root" :
			   "is this machine booted into Xen, with the module xen-privcmd loaded?");
		return rc;
	}
	hypercall_fd = open("/dev/xen/hypercall", O_RDWR | O_CLOEXEC);
	if (hypercall_fd >= 0)
		arena = buf_map(ARENA_BYTES);
	if (!arena) {
		int rc = error_set_errno(err, ERR_NONE, errno, NULL, "cannot use /dev/xen/hypercall");

		hv_close();
		return rc;
	}
	arena_used = 0;
	return 0;
}

void hv_close(void)
{
	door_map_close();
	if (arena)
		munmap(arena, ARENA_BYTES);
	if (hypercall_fd >= 0)
		close(hypercall_fd);
	if (door_privcmd >= 0)
		close(door_privcmd);
	arena = NULL;
	hypercall_fd = door_privcmd = -1;
}

int hv_reopen(struct error *err)
{
	hv_close();
	return hv_open(err);
}

int64_t hv_call(unsigned int nr, uint64_t a0, uint64_t a1, uint64_t a2, uint64_t a3, uint64_t a4)
{
	struct privcmd_call call = { .op = nr, .arg = { a0, a1, a2, a3, a4 } };
	int rc = ioctl(door_privcmd, PRIVCMD_HYPERCALL, &call);

	return rc < 0 ? -errno : rc;
}

static size_t buf_round(size_t bytes)
{
	return (bytes + 63) & ~(size_t)63;
}

void *hv_buf_get(size_t bytes)
{
	size_t len = buf_round(bytes);
	void *p;

	if (len <= ARENA_BYTES - arena_used) {
		p = arena + arena_used;
		arena_used += len;
		memset(p, 0, bytes);
		return p;
	}
	return buf_map((bytes + HV_PAGE_SIZE - 1) & ~(size_t)(HV_PAGE_SIZE - 1));
}

void hv_buf_put(void *buf, size_t bytes)
{
	uint8_t *p = buf;

	if (!p)
		return;
	if (p >= arena && p < arena + ARENA_BYTES)
		arena_used = (size_t)(p - arena);
	else
		munmap(buf, (bytes + HV_PAGE_SIZE - 1) & ~(size_t)(HV_PAGE_SIZE - 1));
}
