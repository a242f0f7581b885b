/* SPDX-License-Identifier: MIT */
/*
 * Core dumps over the fake machine.  Where a guest's memory lies stands in pages that the guest writes: an honest list
 * makes a whole dump, and a list that lies makes none, whatever it says.
 */
#include <elf.h>
#include <fcntl.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

#include "../../unit/unit.h"

#include "hv/calls.h"
#include "hv/domctl.h"
#include "hv/fake.h"
#include "stream/core.h"

#define PAGES 1024u
#define LIST 0			/* pfns 0 and 1: the list; behind it the page that names them, and its */
#define MID 2
#define TOP 3

static char out[] = "/tmp/core_test.XXXXXX";
static domid_t domid;
static xen_pfn_t mfns[PAGES];
static struct shared_info *shared;

static uint64_t *page(unsigned int pfn)
{
	static uint64_t *pages[PAGES];

	if (!pages[pfn])
		pages[pfn] = fake_page(mfns[pfn]);
	return pages[pfn];
}

static void make_guest(void)
{
	struct hv_create c = { .uuid = { 9 }, .max_vcpus = 2 };
	struct xen_domctl_getdomaininfo info;
	struct error err = ERROR_INIT;

	if (hv_open(&err))
		abort();
	domid = (domid_t)hv_domctl_create(0, &c);
	if (hv_domctl_max_mem(domid, PAGES * 4) || hv_memory_populate(domid, mfns, PAGES, 0) != PAGES ||
	    hv_domctl_info(domid, &info))
		abort();
	shared = fake_page(info.shared_info_frame);
}

static void tell_the_truth(void)
{
	for (unsigned int i = 0; i < 512; i++) {
		page(LIST)[i] = mfns[i];
		page(LIST + 1)[i] = mfns[512 + i];
	}
	page(LIST)[10] = UINT64_MAX;			/* given back */
	page(LIST)[11] = 1ull << 63 | 5;		/* another domain's */
	page(MID)[0] = mfns[LIST];
	page(MID)[1] = mfns[LIST + 1];
	page(TOP)[0] = mfns[MID];
	shared->arch.max_pfn = PAGES;
	shared->arch.pfn_to_mfn_frame_list_list = mfns[TOP];
	shared->arch.p2m_cr3 = 0;
}

static int dump(struct error *err, uint64_t *bytes)
{
	error_clear(err);
	return core_write(domid, out, bytes, NULL, err);
}

static void refused(const char *what, const char *words)
{
	struct error err = ERROR_INIT;
	struct stat st;
	uint64_t bytes;

	CHECK(dump(&err, &bytes) < 0);
	if (!strstr(err.why, words))
		printf("%s: %s\n", what, err.why);
	CHECK(strstr(err.why, words) != NULL);
	CHECK(stat(out, &st) < 0);
}

TEST(an_honest_list_makes_a_whole_dump)
{
	struct error err = ERROR_INIT;
	uint64_t bytes = 0, pair[2], word;
	Elf64_Ehdr eh;
	Elf64_Shdr sh[7];
	int fd;

	tell_the_truth();
	page(512)[7] = 0x1122334455667788;
	REQUIRE(dump(&err, &bytes) == 0);
	fd = open(out, O_RDONLY);
	REQUIRE(fd >= 0 && pread(fd, &eh, sizeof(eh), 0) == sizeof(eh));
	REQUIRE(eh.e_shnum == 7 && pread(fd, sh, sizeof(sh), (off_t)eh.e_shoff) == sizeof(sh));
	CHECK_EQ(sh[5].sh_size, (PAGES - 2) * 16);
	CHECK_EQ(sh[6].sh_size, (PAGES - 2) * 4096);
	CHECK_EQ(bytes, sh[6].sh_offset + sh[6].sh_size);
	CHECK_EQ(lseek(fd, 0, SEEK_END), bytes);
	REQUIRE(pread(fd, pair, sizeof(pair), (off_t)(sh[5].sh_offset + 510 * 16)) == sizeof(pair));
	CHECK_EQ(pair[0], 512);		/* two that have no frame are left out before it */
	CHECK_EQ(pair[1], mfns[512]);
	REQUIRE(pread(fd, &word, 8, (off_t)(sh[6].sh_offset + 510 * 4096 + 7 * 8)) == 8);
	CHECK_EQ(word, 0x1122334455667788);
	close(fd);
	unlink(out);
}

TEST(frames_that_are_another_domains_are_zeroes)
{
	struct error err = ERROR_INIT;
	uint64_t bytes, word = 1;
	Elf64_Ehdr eh;
	Elf64_Shdr sh[7];
	int fd;

	tell_the_truth();
	page(LIST)[20] = 3;		/* the machine's own */
	page(LIST)[21] = 1ull << 40;	/* nobody's */
	REQUIRE(dump(&err, &bytes) == 0);
	fd = open(out, O_RDONLY);
	REQUIRE(fd >= 0 && pread(fd, &eh, sizeof(eh), 0) == sizeof(eh));
	REQUIRE(pread(fd, sh, sizeof(sh), (off_t)eh.e_shoff) == sizeof(sh));
	REQUIRE(pread(fd, &word, 8, (off_t)(sh[6].sh_offset + 18 * 4096)) == 8);
	CHECK_EQ(word, 0);
	close(fd);
	unlink(out);
}

TEST(a_list_that_names_frames_again_and_again_fills_no_disk)
{
	tell_the_truth();
	for (unsigned int i = 0; i < 512; i++) {
		page(TOP)[i] = mfns[MID];
		page(MID)[i] = mfns[LIST + 1];
	}
	shared->arch.max_pfn = 512 * 512;
	refused("repeated", "names more than 5120 pages");
}

/* The largest list that may be told of, which names nothing: 1 GiB of numbers, in two pages. */
TEST(a_list_of_nothing_takes_no_memory)
{
	struct error err = ERROR_INIT;
	struct rusage before, after;
	uint64_t bytes;

	tell_the_truth();
	for (unsigned int i = 0; i < 512; i++) {
		page(TOP)[i] = mfns[MID];
		page(MID)[i] = mfns[LIST];
		page(LIST)[i] = UINT64_MAX;
	}
	shared->arch.max_pfn = 512ull * 512 * 512;
	getrusage(RUSAGE_SELF, &before);
	CHECK_EQ(dump(&err, &bytes), 0);
	getrusage(RUSAGE_SELF, &after);
	CHECK(after.ru_maxrss - before.ru_maxrss < 64 << 10);
	unlink(out);
}

TEST(nonsense_is_refused)
{
	tell_the_truth();
	shared->arch.max_pfn = 0;
	refused("no pages", "has not told");
	shared->arch.max_pfn = UINT64_MAX;
	refused("all pages", "has not told");
	tell_the_truth();
	shared->arch.pfn_to_mfn_frame_list_list = 3;
	refused("another's top", "cannot be read");
	tell_the_truth();
	page(MID)[1] = UINT64_MAX;
	refused("a hole", "cannot be read");
	tell_the_truth();
	shared->arch.p2m_cr3 = mfns[LIST] << 12;
	shared->arch.p2m_vaddr = 0xfffffffffffff000;
	refused("a list beyond the end", "");
	shared->arch.p2m_vaddr = 1;
	refused("a list amid a page", "has not told");
	shared->arch.p2m_vaddr = 0x8000000000;
	refused("a table that is none", "");
}

int main(void)
{
	close(mkstemp(out));
	unlink(out);
	make_guest();
	RUN(an_honest_list_makes_a_whole_dump);
	RUN(frames_that_are_another_domains_are_zeroes);
	RUN(a_list_that_names_frames_again_and_again_fills_no_disk);
	RUN(a_list_of_nothing_takes_no_memory);
	RUN(nonsense_is_refused);
	return unit_end();
}
