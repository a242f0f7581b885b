/* SPDX-License-Identifier: MIT */
/* Grants mapped into real page tables: the entry, its references, and what a guest may do to it meanwhile. */
#include "abi/grant_table.h"
#include "grant/internal.h"
#include "machine.h"
#include "mm/pt.h"
#include "oracle/oracle.h"
#include "unit.h"

static struct machine_guest *granter, *mapper;

#define BY	(mapper->d->vcpu[0])

/* Entry `ref` of the granter gives page `page` to the mapper. */
static void give(u32 ref, u32 page)
{
	CHECK(!grant_preset(granter->d, ref, mapper->d->id, mfn_x(granter->page[page])));
}

static void start(void)
{
	granter = machine_guest(1, false, 1);
	mapper = machine_guest(2, false, 2);
	give(8, 10);
	give(9, 11);
}

static void end(void)
{
	CHECK(oracle_check());
	machine_guest_end(mapper);
	CHECK(oracle_check());
	machine_guest_end(granter);
	CHECK(oracle_check());
	CHECK(machine_is_clean());
}

static s16 map(u32 ref, u64 addr, u32 flags, u32 *handle)
{
	struct gnttab_map_grant_ref op = { .host_addr = addr, .flags = flags, .ref = ref, .dom = granter->d->id };

	CHECK(!machine_op(BY, __HYPERVISOR_grant_table_op, GNTTABOP_map_grant_ref, &op, sizeof(op)));
	CHECK(oracle_check());
	*handle = op.handle;
	return op.status;
}

static s16 unmap(u32 handle, u64 addr)
{
	struct gnttab_unmap_grant_ref op = { .host_addr = addr, .handle = handle };

	CHECK(!machine_op(BY, __HYPERVISOR_grant_table_op, GNTTABOP_unmap_grant_ref, &op, sizeof(op)));
	CHECK(oracle_check());
	return op.status;
}

static s16 replace(u32 handle, u64 addr, u64 new_addr)
{
	struct gnttab_unmap_and_replace op = { .host_addr = addr, .new_addr = new_addr, .handle = handle };

	CHECK(!machine_op(BY, __HYPERVISOR_grant_table_op, GNTTABOP_unmap_and_replace, &op, sizeof(op)));
	CHECK(oracle_check());
	return op.status;
}

TEST(a_grant_is_mapped_written_and_unmapped)
{
	u64 word = 0x1234;
	u32 handle;

	start();
	CHECK_EQ(map(8, guest_va(20), GNTMAP_host_map, &handle), GNTST_okay);
	CHECK(!machine_store(BY, guest_va(20) + 8, &word, sizeof(word)));
	CHECK_EQ(((u64 *)mfn_to_virt(granter->page[10]))[1], 0x1234);
	CHECK_EQ(unmap(handle, guest_va(21)), GNTST_general_error);
	CHECK_EQ(unmap(handle, guest_va(20)), GNTST_okay);
	CHECK(machine_store(BY, guest_va(20) + 8, &word, sizeof(word)));
	CHECK_EQ(unmap(handle, guest_va(20)), GNTST_bad_handle);
	end();
}

/* The table found for one of a batch serves the next ones only as far as it reaches. */
TEST(a_batch_crosses_tables)
{
	struct gnttab_map_grant_ref ops[] = {
		{ .host_addr = guest_va(20), .flags = GNTMAP_host_map, .ref = 8 },
		{ .host_addr = guest_va(21) + (1 << 21), .flags = GNTMAP_host_map, .ref = 9 },
		{ .flags = GNTMAP_host_map | GNTMAP_contains_pte, .ref = 9 },
		{ .host_addr = HV_VIRT_START + (guest_va(21) & ((1 << 21) - 1)), .flags = GNTMAP_host_map, .ref = 9 },
		{ .host_addr = guest_va(21), .flags = GNTMAP_host_map, .ref = 9 },
	};
	static const s16 said[] = { 0, GNTST_bad_virt_addr, 0, GNTST_bad_virt_addr, 0 };
	u64 pte, word;

	start();
	pte = ops[2].host_addr = (mfn_x(mapper->l1) << PAGE_SHIFT) + 22 * 8;
	for (u32 i = 0; i < 2; i++)
		*(u64 *)mfn_to_virt(granter->page[10 + i]) = 70 + i;
	for (u32 i = 0; i < ARRAY_SIZE(ops); i++)
		ops[i].dom = granter->d->id;
	CHECK(!machine_store(BY, guest_va(0), ops, sizeof(ops)));
	CHECK_EQ(machine_call(BY, __HYPERVISOR_grant_table_op, GNTTABOP_map_grant_ref, guest_va(0), ARRAY_SIZE(ops), 0),
		 0);
	CHECK(oracle_check());
	CHECK(!machine_load(BY, ops, guest_va(0), sizeof(ops)));
	for (u32 i = 0; i < ARRAY_SIZE(ops); i++)
		CHECK_EQ(ops[i].status, said[i]);
	for (u32 i = 20; i < 23; i++) {
		CHECK(!machine_load(BY, &word, guest_va(i), sizeof(word)));
		CHECK_EQ(word, i == 20 ? 70 : 71);
	}
	CHECK_EQ(unmap(ops[4].handle, guest_va(21)), GNTST_okay);
	CHECK_EQ(unmap(ops[2].handle, pte), GNTST_okay);
	CHECK_EQ(unmap(ops[0].handle, guest_va(20)), GNTST_okay);
	end();
}

TEST(an_unmapped_entry_takes_the_place_of_another)
{
	u32 handle;
	u64 word;

	start();
	*(u64 *)mfn_to_virt(mapper->page[21]) = 77;
	CHECK_EQ(map(8, guest_va(20), GNTMAP_host_map, &handle), GNTST_okay);
	CHECK_EQ(replace(handle, guest_va(20), guest_va(21)), GNTST_okay);
	CHECK(!machine_load(BY, &word, guest_va(20), sizeof(word)));
	CHECK_EQ(word, 77);
	CHECK(machine_load(BY, &word, guest_va(21), sizeof(word)));
	end();
}

/* Its own address as the replacement must not leave the entry standing without its references. */
TEST(an_entry_cannot_replace_itself)
{
	u32 handle;

	start();
	CHECK_EQ(map(8, guest_va(20), GNTMAP_host_map, &handle), GNTST_okay);
	CHECK(replace(handle, guest_va(20), guest_va(20)) != GNTST_okay);
	CHECK_EQ(unmap(handle, guest_va(20)), GNTST_okay);
	CHECK_EQ(map(8, (mfn_x(mapper->l1) << PAGE_SHIFT) + 20 * 8, GNTMAP_host_map | GNTMAP_contains_pte, &handle),
		 GNTST_okay);
	CHECK(replace(handle, (mfn_x(mapper->l1) << PAGE_SHIFT) + 20 * 8, guest_va(20)) != GNTST_okay);
	end();
}

/* The guest overwrites the entry: its references go with it, and the handle has nothing left to unmap. */
TEST(an_overwritten_entry_keeps_only_the_pin)
{
	u32 handle;

	start();
	CHECK_EQ(map(8, guest_va(20), GNTMAP_host_map | GNTMAP_device_map, &handle), GNTST_okay);
	CHECK(!machine_call(BY, __HYPERVISOR_update_va_mapping, guest_va(20), 0, 0, 0));
	CHECK(oracle_check());
	CHECK(unmap(handle, guest_va(20)) != GNTST_okay);
	end();
}

TEST(a_granter_that_ends_first_waits_for_the_mapping)
{
	u32 handle;
	u64 word;

	start();
	*(u64 *)mfn_to_virt(granter->page[10]) = 99;
	CHECK_EQ(map(8, guest_va(20), GNTMAP_host_map, &handle), GNTST_okay);
	machine_guest_end(granter);
	CHECK(oracle_check());
	CHECK(!machine_load(BY, &word, guest_va(20), sizeof(word)));
	CHECK_EQ(word, 99);
	CHECK_EQ(unmap(handle, guest_va(20)), GNTST_okay);
	machine_guest_end(mapper);
	CHECK(oracle_check());
	CHECK(machine_is_clean());
}

TEST(read_only_grants_stay_so)
{
	u32 handle;
	u64 word = 1;

	start();
	CHECK_EQ(map(8, guest_va(20), GNTMAP_host_map | GNTMAP_readonly, &handle), GNTST_okay);
	CHECK(machine_store(BY, guest_va(20), &word, sizeof(word)));
	/* nor by an entry of one's own making */
	CHECK(machine_call(BY, __HYPERVISOR_update_va_mapping, guest_va(21),
			   pte_make(granter->page[10], PTE_PRESENT | PTE_WRITE | PTE_USER), 0, 0) < 0);
	CHECK(oracle_check());
	end();
}

/* Readers do not make a writer, however many they are; and a writer may join them only where writing is granted. */
TEST(many_readers)
{
	struct grant_entry_v1 *e;
	u32 first, second, third;

	start();
	e = &granter->d->grant->shared[0][8];
	e->flags |= GTF_readonly;
	CHECK_EQ(map(8, guest_va(20), GNTMAP_host_map | GNTMAP_readonly, &first), GNTST_okay);
	CHECK_EQ(map(8, guest_va(21), GNTMAP_host_map | GNTMAP_readonly, &second), GNTST_okay);
	CHECK_EQ(e->flags & (GTF_reading | GTF_writing), GTF_reading);
	CHECK(map(8, guest_va(22), GNTMAP_host_map, &third) != GNTST_okay);
	CHECK_EQ(e->flags & (GTF_reading | GTF_writing), GTF_reading);
	e->flags &= (u16)~GTF_readonly;
	CHECK_EQ(map(8, guest_va(22), GNTMAP_host_map, &third), GNTST_okay);
	CHECK_EQ(e->flags & (GTF_reading | GTF_writing), GTF_reading | GTF_writing);
	CHECK_EQ(unmap(third, guest_va(22)), GNTST_okay);
	CHECK_EQ(e->flags & (GTF_reading | GTF_writing), GTF_reading);
	CHECK_EQ(unmap(first, guest_va(20)), GNTST_okay);
	CHECK_EQ(e->flags & (GTF_reading | GTF_writing), GTF_reading);
	CHECK_EQ(unmap(second, guest_va(21)), GNTST_okay);
	CHECK_EQ(e->flags & (GTF_reading | GTF_writing), 0);
	end();
}

static u32 looks;

static bool every_time(void)
{
	return ++looks;
}

/* One turn after the other, each as short as can be; the result. */
static long in_turns(u32 cmd, void *op, size_t size, u32 *turns)
{
	const u64 args[6] = { cmd, guest_va(0), 1 };
	bool again;
	long rc;

	CHECK(!machine_store(BY, guest_va(0), op, size));
	machine_preempt_by(every_time);
	again = machine_call_once(BY, __HYPERVISOR_grant_table_op, args, &rc);
	for (*turns = 1; again && *turns < 1000; ++*turns) {
		machine_preempt_by(every_time);
		again = machine_repeat(BY, &rc);
	}
	machine_preempt_by(NULL);
	CHECK(!machine_load(BY, op, guest_va(0), size));
	return rc;
}

TEST(a_table_grows_in_turns)
{
	struct gnttab_setup_table op = { .dom = DOMID_SELF, .nr_frames = 2, .frame_list = guest_va(1) };
	u64 frame[2];
	u32 turns;

	start();
	CHECK_EQ(in_turns(GNTTABOP_setup_table, &op, sizeof(op), &turns), 0);
	CHECK_EQ(op.status, GNTST_okay);
	CHECK(turns >= 2);
	CHECK(!machine_load(BY, frame, guest_va(1), sizeof(frame)));
	CHECK(frame[0] && frame[1] && frame[0] != frame[1]);
	end();
}

/* A frame that is mapped by the last of many handles, and one that is by none. */
TEST(a_mapping_is_looked_for_in_turns)
{
	struct gnttab_cache_flush op = { .length = 64, .op = GNTTAB_CACHE_CLEAN };
	u32 handle, turns;

	start();
	CHECK_EQ(map(8, guest_va(20), GNTMAP_host_map, &handle), GNTST_okay);
	op.a.dev_bus_addr = mfn_x(granter->page[10]) << PAGE_SHIFT;
	CHECK_EQ(in_turns(GNTTABOP_cache_flush, &op, sizeof(op), &turns), 0);
	op.a.dev_bus_addr = mfn_x(granter->page[11]) << PAGE_SHIFT;
	CHECK_EQ(in_turns(GNTTABOP_cache_flush, &op, sizeof(op), &turns), -EPERM);
	CHECK(turns >= 2);
	CHECK_EQ(unmap(handle, guest_va(20)), GNTST_okay);
	op.a.dev_bus_addr = mfn_x(granter->page[10]) << PAGE_SHIFT;
	CHECK_EQ(in_turns(GNTTABOP_cache_flush, &op, sizeof(op), &turns), -EPERM);
	end();
}

int main(void)
{
	machine_start();
	RUN(a_grant_is_mapped_written_and_unmapped);
	RUN(a_batch_crosses_tables);
	RUN(an_unmapped_entry_takes_the_place_of_another);
	RUN(an_entry_cannot_replace_itself);
	RUN(an_overwritten_entry_keeps_only_the_pin);
	RUN(a_granter_that_ends_first_waits_for_the_mapping);
	RUN(read_only_grants_stay_so);
	RUN(many_readers);
	RUN(a_table_grows_in_turns);
	RUN(a_mapping_is_looked_for_in_turns);
	return unit_end();
}
