/* SPDX-License-Identifier: MIT */
/* Rows: page faults, mappings and their protection. What page tables cost. */
#define _GNU_SOURCE
#include "linux.h"

#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#define REGION	(256 * PAGE)

static int file;
static char *area;

static char *map(size_t len, int flags, int fd)
{
	char *p = mmap(NULL, len, PROT_READ | PROT_WRITE, MAP_PRIVATE | flags, fd, 0);

	if (p == MAP_FAILED)
		die("mmap");
	return p;
}

/* A page at a time, in regions that come and go; huge pages are kept out. */
static void touch(long n, int flags, int fd, int prot)
{
	while (n > 0) {
		long pages = n < REGION / PAGE ? n : REGION / PAGE;
		char *p = mmap(NULL, REGION, prot, flags, fd, 0);

		if (p == MAP_FAILED)
			die("mmap");
		madvise(p, REGION, MADV_NOHUGEPAGE);
		madvise(p, REGION, MADV_RANDOM);
		for (long i = 0; i < pages; i++) {
			if (prot & PROT_WRITE)
				p[i * PAGE] = 1;
			else
				(void)*(volatile char *)(p + i * PAGE);
		}
		munmap(p, REGION);
		n -= pages;
	}
}

static void fault_anonymous(long n)
{
	touch(n, MAP_PRIVATE | MAP_ANONYMOUS, -1, PROT_READ | PROT_WRITE);
}

static void fault_file(long n)
{
	touch(n, MAP_SHARED, file, PROT_READ);
}

static void make_file(void)
{
	static char page[PAGE];

	MUST(file = open("/tmp/file", O_RDWR | O_CREAT | O_TRUNC, 0600));
	for (int i = 0; i < REGION / PAGE; i++)
		MUST(write(file, page, PAGE));
}

static void drop_file(void)
{
	close(file);
	unlink("/tmp/file");
}

static void map_unmap(long n)
{
	while (n--) {
		char *p = map(16 * PAGE, MAP_ANONYMOUS, -1);

		p[0] = 1;
		munmap(p, 16 * PAGE);
	}
}

/* The whole file at once: a batch of entries. */
static void map_file(long n)
{
	while (n--) {
		char *p = mmap(NULL, REGION, PROT_READ, MAP_SHARED | MAP_POPULATE, file, 0);

		if (p == MAP_FAILED)
			die("mmap");
		munmap(p, REGION);
	}
}

static void make_area(void)
{
	area = map(32 * PAGE, MAP_ANONYMOUS, -1);
	madvise(area, 32 * PAGE, MADV_NOHUGEPAGE);
	memset(area, 1, 32 * PAGE);
}

static void drop_area(void)
{
	munmap(area, 32 * PAGE);
}

/* Read-only and back, each page touched again. */
static void protect(long n)
{
	while (n--) {
		MUST(mprotect(area, 32 * PAGE, PROT_READ));
		MUST(mprotect(area, 32 * PAGE, PROT_READ | PROT_WRITE));
		for (int i = 0; i < 32; i++)
			area[i * PAGE] = 2;
	}
}

static void grow_heap(long n)
{
	while (n--) {
		char *p = sbrk(16 * PAGE);

		for (int i = 0; i < 16; i++)
			p[i * PAGE] = 1;
		sbrk(-16 * PAGE);
	}
}

const struct row memory_rows[] = {
	{ "fault_anonymous", fault_anonymous, NULL, NULL },
	{ "fault_file", fault_file, make_file, drop_file },
	{ "mmap_munmap", map_unmap, NULL, NULL },
	{ "mmap_file_256", map_file, make_file, drop_file },
	{ "mprotect_32", protect, make_area, drop_area },
	{ "brk_16", grow_heap, NULL, NULL },
	{ NULL, NULL, NULL, NULL }
};
