/* SPDX-License-Identifier: MIT */
/*
 * mmuext_op: counts, unknown commands, pages cleared and copied, flushes; other domains; and the bit of the count by
 * which an interrupted call continues, used by a guest on its own.
 */
#include "guest.h"

const char test_title[] = "mmuext: commands, counts, pages cleared and copied";

static uint64_t a[512] PAGE, b[512] PAGE;

static void pages(void)
{
	a[0] = a[511] = 7;
	EXPECT(0, mmuext_one(MMUEXT_CLEAR_PAGE, va_to_mfn(a)));
	CHECK(a[0] == 0 && a[511] == 0, "not cleared: %#lx, %#lx", a[0], a[511]);
	b[3] = 0x1234;
	EXPECT(0, mmuext_two(MMUEXT_COPY_PAGE, va_to_mfn(a), va_to_mfn(b)));
	CHECK(a[3] == 0x1234, "not copied: %#lx", a[3]);
	CHECK(mmuext_one(MMUEXT_CLEAR_PAGE, 0xfffffff) < 0, "no frame is cleared");
	CHECK(mmuext_one(MMUEXT_CLEAR_PAGE, 0x200) < 0, "a frame that is not ours is cleared");
	CHECK(mmuext_two(MMUEXT_COPY_PAGE, va_to_mfn(a), 0x200) < 0, "a frame that is not ours is copied");
	CHECK(mmuext_two(MMUEXT_COPY_PAGE, 0x200, va_to_mfn(a)) < 0, "a frame that is not ours is overwritten");
	read_only(a);
	EXPECT(0, mmuext_one(MMUEXT_CLEAR_PAGE, va_to_mfn(a)));		/* ours, and no table: allowed */
	writable(a);
}

static void commands(void)
{
	static const unsigned int flushes[] = { MMUEXT_TLB_FLUSH_LOCAL, MMUEXT_INVLPG_LOCAL, MMUEXT_TLB_FLUSH_ALL,
						MMUEXT_INVLPG_ALL };
	static const unsigned int unknown[] = { 14, 21, 99, 0xffffffff };

	for (size_t i = 0; i < ARRAY_SIZE(flushes); i++)
		check_result("flush", mmuext_two(flushes[i], (uint64_t)a, 0), 0);
	check_result("invlpg of a non-canonical address", mmuext_two(MMUEXT_INVLPG_LOCAL, 0x0000800000000000, 0), 0);
	check_result("invlpg of the hypervisor", mmuext_two(MMUEXT_INVLPG_ALL, 0xffff82d040200000, 0), 0);
	for (size_t i = 0; i < ARRAY_SIZE(unknown); i++)
		CHECK(mmuext_one(unknown[i], va_to_mfn(a)) < 0, "command %#x succeeds", unknown[i]);
	mmuext_one(MMUEXT_FLUSH_CACHE, 0);
	CHECK(mmuext_one(MMUEXT_MARK_SUPER, va_to_mfn(a)) < 0, "superpages are offered");
}

static void counts(void)
{
	static struct mmuext_op ops[3];
	uint32_t done = 55;

	for (int i = 0; i < 3; i++)
		ops[i] = (struct mmuext_op) { .cmd = MMUEXT_TLB_FLUSH_LOCAL };
	EXPECT(0, hypercall(mmuext_op, ops, 3, &done, DOMID_SELF));
	CHECK(done == 3, "%u of 3 done", done);
	ops[1] = (struct mmuext_op) { .cmd = 99 };
	CHECK(hypercall(mmuext_op, ops, 3, &done, DOMID_SELF) < 0, "a bad one in a batch");
	CHECK(done == 1, "%u done before the bad one", done);
	hypercall(mmuext_op, ops, 0x80000000U, &done, DOMID_SELF);
	hypercall(mmuext_op, ops, 0x80000001U, &done, DOMID_SELF);
	CHECK(hypercall(mmuext_op, ops, 0xffffffffU, 0xffff830000000000, DOMID_SELF) < 0, "2^32 - 1 commands");
	CHECK(hypercall(mmuext_op, ops, 1, NULL, 77) < 0, "for domain 77");
	CHECK(mmu_update_one(0, 0) < 0, "mmu_update of frame 0");
	CHECK(hypercall(xen_version, XENVER_version, NULL) > 0, "unreachable");
}

void test_main(void)
{
	pages();
	commands();
	counts();
}
