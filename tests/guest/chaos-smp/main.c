/* SPDX-License-Identifier: MIT */
/*
 * Two vCPUs do random page-table operations on the same few pages at once: pins against unpins, maps against pins,
 * updates of tables that are being torn down. Reference counts and types must survive the races, which the end shows:
 * with everything undone, every page can be plain data again.
 */
#include "guest.h"

const char test_title[] = "chaos-smp: two vCPUs at odds over a few pages";

#define PAGES	8
#define ROUNDS	6000

static uint64_t pool[PAGES][512] PAGE;
static uint64_t windows[2][PAGES][512] PAGE;
static uint64_t mfns[PAGES];
static volatile bool done[2];
static volatile unsigned int succeeded[2];

static uint32_t rnd(uint32_t *seed, uint32_t n)
{
	*seed = *seed * 1664525 + 1013904223;
	return (*seed >> 8) % n;
}

static void play(unsigned int cpu)
{
	static const uint64_t flags[] = { PTE_DATA, PTE_RO, PTE_TABLE, 0, PTE_P };
	uint32_t seed = 77 + cpu * 1000003;

	for (int round = 0; round < ROUNDS; round++) {
		unsigned int i = rnd(&seed, PAGES), j = rnd(&seed, PAGES);
		uint64_t entry = mfns[j] << 12 | flags[rnd(&seed, ARRAY_SIZE(flags))];
		long r;

		switch (rnd(&seed, 7)) {
		case 0:
			r = mmuext_one(MMUEXT_PIN_L1_TABLE + rnd(&seed, 4), mfns[i]);
			break;
		case 1:
			r = mmuext_one(MMUEXT_UNPIN_TABLE, mfns[i]);
			break;
		case 2:
			r = map_at(windows[cpu][i], entry, UVMF_INVLPG);
			break;
		case 3:
			r = map_at(windows[1 - cpu][i], entry, UVMF_NONE);
			break;
		case 4:
			r = mmu_update_one(mfns[i] << 12 | rnd(&seed, 256) * 8, entry);
			break;
		case 5:
			r = mmuext_one(MMUEXT_NEW_USER_BASEPTR, rnd(&seed, 3) ? mfns[i] : 0);
			break;
		default:
			r = mmuext_one(MMUEXT_CLEAR_PAGE, mfns[i]);
		}
		succeeded[cpu] += r == 0;
	}
	mmuext_one(MMUEXT_NEW_USER_BASEPTR, 0);
	done[cpu] = true;
	while (cpu)
		hypercall(vcpu_op, VCPUOP_down, cpu, NULL);
}

static void undo(void)
{
	for (int c = 0; c < 2; c++)
		for (int i = 0; i < PAGES; i++)
			EXPECT(0, map_at(windows[c][i], 0, UVMF_INVLPG));
	/* Entries out of whatever tables there are, then pins off, until nothing changes any more. */
	for (int pass = 0; pass < 4; pass++)
		for (int i = 0; i < PAGES; i++) {
			for (unsigned int slot = 0; slot < 256; slot++)
				mmu_update_one(mfns[i] << 12 | slot * 8, 0);
			mmuext_one(MMUEXT_UNPIN_TABLE, mfns[i]);
		}
	for (int i = 0; i < PAGES; i++) {
		long r = map_at(pool[i], mfns[i] << 12 | PTE_DATA, UVMF_INVLPG);

		CHECK(r == 0, "page %d cannot be mapped writable after all is undone: %ld", i, r);
		CHECK(r || probe_write(pool[i], 1), "page %d cannot be written", i);
	}
}

void test_main(void)
{
	uint64_t end;

	if (hypercall(vcpu_op, VCPUOP_is_up, 1, NULL) == -XEN_ENOENT)
		test_skip("this machine has one vCPU");
	for (int i = 0; i < PAGES; i++) {
		mfns[i] = va_to_mfn(pool[i]);
		unmapped(pool[i]);
	}
	if (vcpu_run(1, play))
		test_error("cannot start vCPU 1");
	play(0);
	end = system_time() + 60000000000;
	while (!done[1] && system_time() < end)
		hypercall(sched_op, SCHEDOP_yield, NULL);
	CHECK(done[1], "vCPU 1 does not end");
	printk("of %u operations each, %u and %u succeeded\n", ROUNDS, succeeded[0], succeeded[1]);
	undo();
}
