/* SPDX-License-Identifier: MIT */
/*
 * Several hypercalls in one: each runs, each leaves its result, a failing one does not stop the rest. A multicall
 * inside a multicall would recurse at the guest's will and must be refused; so must lists that are partly absent,
 * without losing the results of what ran.
 */
#include "guest.h"

const char test_title[] = "multicall: batches of hypercalls";

static struct multicall_entry list[600] PAGE;

static void results(void)
{
	long version = hypercall(xen_version, XENVER_version, NULL);

	for (int i = 0; i < 4; i++)
		list[i] = (struct multicall_entry) { .op = __HYPERVISOR_xen_version, .result = 77 };
	list[1].op = 60;					/* no such call */
	list[2].args[0] = 99;					/* no such sub-operation */
	EXPECT(0, hypercall(multicall, list, 4));
	CHECK((long)list[0].result == version, "first result %ld", (long)list[0].result);
	CHECK((long)list[1].result == -XEN_ENOSYS, "result of no call %ld", (long)list[1].result);
	CHECK((long)list[2].result == -XEN_ENOSYS, "result of no sub-operation %ld", (long)list[2].result);
	CHECK((long)list[3].result == version, "result after the failed ones %ld", (long)list[3].result);
	CHECK(list[0].op == __HYPERVISOR_xen_version, "the list was changed");
	EXPECT(0, hypercall(multicall, list, 0));
}

static void nested(void)
{
	list[0] = (struct multicall_entry) { .op = __HYPERVISOR_multicall, .args = { (uint64_t)&list[10], 1 } };
	list[10] = (struct multicall_entry) { .op = __HYPERVISOR_xen_version, .result = 77 };
	EXPECT(0, hypercall(multicall, list, 1));
	CHECK((long)list[0].result == -XEN_EINVAL, "nested: result %ld", (long)list[0].result);
	CHECK(list[10].result == 77, "the nested call ran");
	list[0] = (struct multicall_entry) { .op = __HYPERVISOR_multicall, .args = { (uint64_t)list, 1 } };
	EXPECT(0, hypercall(multicall, list, 1));
	CHECK((long)list[0].result == -XEN_EINVAL, "nested in itself: result %ld", (long)list[0].result);
	CHECK(hypercall(xen_version, XENVER_version, NULL) > 0, "plain calls no longer work");
}

static void absent(void)
{
	volatile uint8_t *end = (uint8_t *)list + 8 * PAGE_SIZE;
	struct multicall_entry *last = (struct multicall_entry *)(end - 2 * sizeof(*last));
	uint64_t l1 = va_to_mfn(end);

	last[0] = (struct multicall_entry) { .op = __HYPERVISOR_xen_version, .result = 77 };
	last[1] = last[0];
	unmapped(end);
	EXPECT(-XEN_EFAULT, hypercall(multicall, last, 3));
	CHECK(last[0].result != 77 && last[1].result != 77, "the entries before the absent one did not run");
	CHECK(hypercall(multicall, last, 1U << 31) < 0, "2^31 entries are taken");
	CHECK(hypercall(multicall, last, ~0UL) < 0, "2^64 - 1 entries are taken");
	EXPECT(0, map_at(end, l1 << 12 | PTE_DATA, UVMF_INVLPG));
}

static void long_list(void)
{
	for (size_t i = 0; i < ARRAY_SIZE(list); i++)
		list[i] = (struct multicall_entry) { .op = __HYPERVISOR_sched_op, .result = 77,
						     .args = { SCHEDOP_yield } };
	EXPECT(0, hypercall(multicall, list, ARRAY_SIZE(list)));
	for (size_t i = 0; i < ARRAY_SIZE(list); i++)
		if (list[i].result) {
			test_failure("entry %lu of a long list: result %ld", i, (long)list[i].result);
			break;
		}
}

/* A page-table update and the flush that belongs to it, as kernels send them. */
static void as_kernels_do(void)
{
	static uint64_t window[512] PAGE, other[512] PAGE;
	struct mmuext_op flush = { .cmd = MMUEXT_INVLPG_LOCAL, .arg1.linear_addr = (uint64_t)window };
	struct mmu_update update = { .val = va_to_mfn(other) << 12 | PTE_DATA };
	uint64_t value;

	other[0] = 0x77;
	pte_of((uint64_t)window, 1, &update.ptr);
	list[0] = (struct multicall_entry) { .op = __HYPERVISOR_mmu_update,
					     .args = { (uint64_t)&update, 1, 0, DOMID_SELF } };
	list[1] = (struct multicall_entry) { .op = __HYPERVISOR_mmuext_op,
					     .args = { (uint64_t)&flush, 1, 0, DOMID_SELF } };
	EXPECT(0, hypercall(multicall, list, 2));
	CHECK(list[0].result == 0 && list[1].result == 0, "results %ld %ld", (long)list[0].result,
	      (long)list[1].result);
	CHECK(probe_read(window, &value) && value == 0x77, "the window shows %#lx", value);
}

void test_main(void)
{
	results();
	nested();
	absent();
	long_list();
	as_kernels_do();
}
