/* SPDX-License-Identifier: MIT */
/*
 * Grant tables on the fake machine: mapping, copying and transferring, what is refused, guests that rewrite
 * entries at the worst moment, and exact reference counts.
 */
#include "unit.h"

#include "core/softirq.h"
#include "domain/memory.h"
#include "fake.h"
#include "grant/grant.h"
#include "hypercall/hypercall.h"
#include "lib/errno.h"

#define TEARDOWN()	CHECK(fake_check_clean())

static struct domain *a, *b, *c;
static mfn_t page_b;
static struct grant_entry_v1 *table_b;

static struct grant_entry_v1 *table_of(struct domain *d)
{
	mfn_t m;

	CHECK_EQ(grant_table_frame(d, 0, &m), 0);
	return mfn_to_virt(m);
}

static void grant(u32 ref, domid_t to, mfn_t frame, u16 extra)
{
	table_b[ref] = (struct grant_entry_v1){ GTF_permit_access | extra, to, (u32)mfn_x(frame) };
}

/* a maps what b grants; c looks on. */
static void setup(void)
{
	fake_start(1);
	a = fake_domain(0, true, 1);
	b = fake_domain(1, false, 1);
	c = fake_domain(2, false, 1);
	page_b = fake_guest_page(b);
	table_b = table_of(b);
	grant(8, 0, page_b, 0);
	fake_be(a->vcpu[0]);
}

static void finish(void)
{
	fake_domain_end(c);
	fake_domain_end(b);
	fake_domain_end(a);
	TEARDOWN();
}

static int map(u64 addr, u32 ref, u32 flags, u32 *handle)
{
	struct gnttab_map_grant_ref op = { .host_addr = addr, .flags = flags, .ref = ref, .dom = 1 };

	int rc = grant_map_refs(current->domain, &op, 1);

	*handle = op.handle;
	if (rc)
		return rc;
	if (!op.status)
		CHECK_EQ(op.dev_bus_addr, mfn_x(page_b) << PAGE_SHIFT);
	return op.status;
}

static int unmap(u64 addr, u64 bus, u32 handle)
{
	union grant_unmap_op op = { .unmap = { .host_addr = addr, .dev_bus_addr = bus, .handle = handle } };

	int rc = grant_unmap_refs(current->domain, &op, 1, false);

	return rc ? rc : op.unmap.status;
}

static u32 refs(mfn_t m)
{
	return mfn_to_frame(m)->refs & FRAME_REFS_MASK;
}

static u32 writers(mfn_t m)
{
	return mfn_to_frame(m)->type & FT_COUNT_MASK;
}

TEST(map_and_unmap)
{
	u32 h, h2;

	setup();
	CHECK_EQ(map(1, 8, GNTMAP_host_map, &h), GNTST_okay);
	CHECK_EQ(table_b[8].flags, GTF_permit_access | GTF_reading | GTF_writing);
	CHECK_EQ(refs(page_b), 2);
	CHECK_EQ(writers(page_b), 1);
	CHECK_EQ(map(2, 8, GNTMAP_host_map | GNTMAP_readonly, &h2), GNTST_okay);
	CHECK_EQ(refs(page_b), 3);
	CHECK_EQ(writers(page_b), 1);
	CHECK_EQ(unmap(1, 0, h), GNTST_okay);
	CHECK_EQ(table_b[8].flags, GTF_permit_access | GTF_reading);
	CHECK_EQ(unmap(1, 0, h), GNTST_bad_handle);
	CHECK_EQ(unmap(2, 0, h2), GNTST_okay);
	CHECK_EQ(table_b[8].flags, GTF_permit_access);
	CHECK_EQ(refs(page_b), 1);
	CHECK_EQ(writers(page_b), 0);
	CHECK(fake_tlb_flushes >= 2);
	CHECK_EQ(map(1, 8, GNTMAP_host_map, &h), GNTST_okay);
	CHECK_EQ(map(2, 8, GNTMAP_host_map | GNTMAP_readonly, &h2), GNTST_okay);
	CHECK_EQ(unmap(2, 0, h2), GNTST_okay);
	CHECK_EQ(table_b[8].flags, GTF_permit_access | GTF_reading | GTF_writing);
	CHECK_EQ(unmap(1, 0, h), GNTST_okay);
	CHECK_EQ(unmap(1, 0, 0x12345678), GNTST_bad_handle);
	finish();
}

TEST(what_is_refused)
{
	struct gnttab_map_grant_ref op = { .host_addr = 1, .flags = GNTMAP_host_map, .ref = 8, .dom = 9 };
	u32 h;

	setup();
	CHECK_EQ(map(1, 9, GNTMAP_host_map, &h), GNTST_general_error);		/* entry is invalid */
	CHECK_EQ(map(1, 512, GNTMAP_host_map, &h), GNTST_bad_gntref);
	CHECK_EQ(map(1, ~0u, GNTMAP_host_map, &h), GNTST_bad_gntref);
	CHECK_EQ(map(1, 8, GNTMAP_readonly, &h), GNTST_bad_gntref);		/* map as what? */
	grant(9, 0, page_b, GTF_readonly);
	CHECK_EQ(map(1, 9, GNTMAP_host_map, &h), GNTST_general_error);
	grant(9, 2, page_b, 0);
	CHECK_EQ(map(1, 9, GNTMAP_host_map, &h), GNTST_general_error);		/* for another */
	grant(9, 0, fake_guest_page(c), 0);
	CHECK_EQ(map(1, 9, GNTMAP_host_map, &h), GNTST_bad_page);		/* not its own frame */
	grant(9, 0, INVALID_MFN, 0);
	CHECK_EQ(map(1, 9, GNTMAP_host_map, &h), GNTST_bad_page);
	grant(9, 0, b->shared_info_mfn, 0);
	CHECK_EQ(map(1, 9, GNTMAP_host_map, &h), GNTST_bad_page);		/* the hypervisor's */
	grant(9, 0, virt_to_mfn(table_b), 0);
	CHECK_EQ(map(1, 9, GNTMAP_host_map, &h), GNTST_bad_page);
	mfn_to_frame(page_b)->type = FT_L2 | 1;
	CHECK_EQ(map(1, 8, GNTMAP_host_map, &h), GNTST_bad_page);		/* a page table */
	mfn_to_frame(page_b)->type = 0;
	CHECK_EQ(table_b[8].flags, GTF_permit_access);
	table_b[9] = (struct grant_entry_v1){ GTF_transitive, 0, (u32)mfn_x(page_b) };
	CHECK_EQ(map(1, 9, GNTMAP_host_map, &h), GNTST_general_error);
	grant(9, 0, page_b, GTF_sub_page);
	CHECK_EQ(map(1, 9, GNTMAP_host_map, &h), GNTST_general_error);
	CHECK(!grant_map_refs(a, &op, 1));
	CHECK_EQ(op.status, GNTST_bad_domain);
	fake_map_fails = true;
	CHECK_EQ(map(1, 8, GNTMAP_host_map, &h), GNTST_bad_virt_addr);
	CHECK_EQ(map(1, 8, GNTMAP_host_map | GNTMAP_device_map, &h), GNTST_bad_virt_addr);
	fake_map_fails = false;
	CHECK_EQ(refs(page_b), 1);
	CHECK_EQ(table_b[8].flags, GTF_permit_access);
	CHECK_EQ(a->grant ? 0 : 1, 0);
	finish();
}

TEST(device_and_host_mapping_go_one_by_one)
{
	u64 bus;
	u32 h;

	setup();
	bus = mfn_x(page_b) << PAGE_SHIFT;
	CHECK_EQ(map(1, 8, GNTMAP_host_map | GNTMAP_device_map, &h), GNTST_okay);
	CHECK_EQ(refs(page_b), 3);
	CHECK_EQ(unmap(0, bus + PAGE_SIZE, h), GNTST_general_error);
	CHECK_EQ(unmap(1, 0, h), GNTST_okay);
	CHECK_EQ(table_b[8].flags, GTF_permit_access | GTF_reading | GTF_writing);
	CHECK_EQ(unmap(0, bus, h), GNTST_okay);
	CHECK_EQ(unmap(0, bus, h), GNTST_bad_handle);
	CHECK_EQ(refs(page_b), 1);
	CHECK_EQ(table_b[8].flags, GTF_permit_access);
	finish();
}

TEST(unmapping_the_wrong_address_changes_nothing)
{
	u32 h;

	setup();
	CHECK_EQ(map(1, 8, GNTMAP_host_map, &h), GNTST_okay);
	CHECK_EQ(unmap(2, 0, h), GNTST_general_error);
	CHECK_EQ(unmap(0, 0, h), GNTST_okay);		/* asks for nothing */
	CHECK_EQ(refs(page_b), 2);
	CHECK_EQ(unmap(1, 0, h), GNTST_okay);
	finish();
}

TEST(an_entry_in_use_is_not_read_again)
{
	u32 h, h2;

	setup();
	CHECK_EQ(map(1, 8, GNTMAP_host_map, &h), GNTST_okay);
	/* The granter lies: other frame, other domain, no flags. */
	table_b[8] = (struct grant_entry_v1){ 0, 2, (u32)mfn_x(fake_guest_page(b)) };
	CHECK_EQ(map(2, 8, GNTMAP_host_map, &h2), GNTST_okay);
	CHECK_EQ(refs(page_b), 3);
	fake_be(c->vcpu[0]);
	CHECK_EQ(map(3, 8, GNTMAP_host_map, &h2), GNTST_general_error);
	fake_be(a->vcpu[0]);
	CHECK_EQ(unmap(1, 0, h), GNTST_okay);
	CHECK_EQ(refs(page_b), 2);
	finish();
}

TEST(granter_dies_first)
{
	u32 h;

	setup();
	CHECK_EQ(map(1, 8, GNTMAP_host_map, &h), GNTST_okay);
	fake_domain_end(b);
	CHECK_EQ(refs(page_b), 1);
	CHECK_EQ(map(2, 8, GNTMAP_host_map, &h), GNTST_bad_gntref);
	CHECK_EQ(unmap(1, 0, 0), GNTST_okay);
	CHECK_EQ(refs(page_b), 0);
	fake_domain_end(c);
	fake_domain_end(a);
	TEARDOWN();
}

TEST(mapper_dies_first)
{
	u32 h;

	setup();
	CHECK_EQ(map(1, 8, GNTMAP_host_map, &h), GNTST_okay);
	CHECK_EQ(map(2, 8, GNTMAP_host_map | GNTMAP_device_map | GNTMAP_readonly, &h), GNTST_okay);
	CHECK_EQ(map(0, 8, GNTMAP_device_map, &h), GNTST_okay);
	fake_domain_end(a);
	CHECK_EQ(table_b[8].flags, GTF_permit_access);
	CHECK_EQ(refs(page_b), 1);
	CHECK_EQ(writers(page_b), 0);
	fake_domain_end(c);
	fake_domain_end(b);
	TEARDOWN();
}

TEST(mapping_dropped_by_other_means)
{
	u32 h;

	setup();
	CHECK_EQ(map(1, 8, GNTMAP_host_map, &h), GNTST_okay);
	fake_pte_drop(&fake_ptes[1]);
	CHECK_EQ(refs(page_b), 1);
	CHECK_EQ(unmap(1, 0, h), GNTST_general_error);
	fake_domain_end(b);			/* stays as a shadow for the handle's sake */
	fake_domain_end(a);
	fake_domain_end(c);
	TEARDOWN();
}

TEST(handles_run_out)
{
	u32 h, n = 0;
	int rc;

	setup();
	while ((rc = map(0, 8, GNTMAP_device_map, &h)) == GNTST_okay)
		n++;
	CHECK_EQ(rc, GNTST_no_space);
	CHECK_EQ(n, 2 * 256);
	CHECK_EQ(unmap(0, mfn_x(page_b) << PAGE_SHIFT, 17), GNTST_okay);
	CHECK_EQ(map(0, 8, GNTMAP_device_map, &h), GNTST_okay);
	CHECK_EQ(h, 17);
	finish();
}

/* In a batch each element fails or succeeds for itself, whoever stands beside it. */
TEST(a_batch_of_good_and_bad)
{
	static const struct gnttab_map_grant_ref asked[] = {
		{ .host_addr = 1, .flags = GNTMAP_host_map, .ref = 8, .dom = 1 },
		{ .host_addr = 2, .flags = GNTMAP_host_map, .ref = 8, .dom = 9 },
		{ .host_addr = 3, .flags = GNTMAP_readonly, .ref = 8, .dom = 1 },
		{ .host_addr = 4, .flags = GNTMAP_host_map | GNTMAP_readonly, .ref = 8, .dom = 1 },
		{ .host_addr = 5, .flags = GNTMAP_host_map, .ref = 3, .dom = DOMID_SELF },
		{ .host_addr = 6, .flags = GNTMAP_host_map, .ref = 9, .dom = 1 },
		{ .host_addr = FAKE_PTES, .flags = GNTMAP_host_map, .ref = 8, .dom = 1 },
		{ .host_addr = 7, .flags = GNTMAP_host_map, .ref = 8, .dom = 1 },
	};
	static const s16 said[] = { 0, GNTST_bad_domain, GNTST_bad_gntref, 0, 0, GNTST_general_error,
				    GNTST_bad_virt_addr, 0 };
	struct gnttab_map_grant_ref ops[ARRAY_SIZE(asked)];
	union grant_unmap_op unmaps[ARRAY_SIZE(asked)];
	mfn_t own;

	setup();
	own = fake_guest_page(a);
	table_of(a)[3] = (struct grant_entry_v1){ GTF_permit_access, 0, (u32)mfn_x(own) };
	memcpy(ops, asked, sizeof(ops));
	CHECK(!grant_map_refs(a, ops, ARRAY_SIZE(ops)));
	for (u32 i = 0; i < ARRAY_SIZE(ops); i++) {
		CHECK_EQ(ops[i].status, said[i]);
		unmaps[i].unmap = (struct gnttab_unmap_grant_ref){ .host_addr = asked[i].host_addr,
								   .handle = said[i] ? 0x7777 : ops[i].handle };
	}
	CHECK_EQ(refs(page_b), 4);
	CHECK_EQ(writers(page_b), 2);
	CHECK_EQ(refs(own), 2);
	unmaps[3].unmap.host_addr = 50;
	CHECK(!grant_unmap_refs(a, unmaps, ARRAY_SIZE(ops), false));
	for (u32 i = 0; i < ARRAY_SIZE(ops); i++)
		CHECK_EQ(unmaps[i].unmap.status,
			 said[i] ? GNTST_bad_handle : i == 3 ? GNTST_general_error : GNTST_okay);
	CHECK_EQ(refs(page_b), 2);
	CHECK_EQ(writers(page_b), 0);
	CHECK_EQ(refs(own), 1);
	CHECK_EQ(table_b[8].flags, GTF_permit_access | GTF_reading);
	CHECK_EQ(unmap(4, 0, ops[3].handle), GNTST_okay);
	finish();
}

/* The tables are busy: nothing is mapped, nothing unmapped, a handle stays what it was, and the guest calls again. */
TEST(tables_that_cannot_be_changed_now)
{
	u32 h, h2;

	setup();
	CHECK_EQ(map(1, 8, GNTMAP_host_map, &h), GNTST_okay);
	fake_begin_fails = true;
	CHECK_EQ(map(2, 8, GNTMAP_host_map | GNTMAP_device_map, &h2), -ERESTART);
	CHECK_EQ(unmap(1, 0, h), -ERESTART);
	CHECK_EQ(refs(page_b), 2);
	CHECK_EQ(writers(page_b), 1);
	fake_begin_fails = false;
	CHECK_EQ(unmap(1, 0, h), GNTST_okay);
	CHECK_EQ(refs(page_b), 1);
	finish();
}

TEST(unmap_and_replace)
{
	union grant_unmap_op op = { .replace = { .host_addr = 1, .new_addr = 5 } };
	u32 h;

	setup();
	CHECK_EQ(map(1, 8, GNTMAP_host_map, &h), GNTST_okay);
	op.replace.handle = h;
	fake_ptes[5] = (struct fake_pte){ 5, mfn(7), 0, c };
	CHECK(!grant_unmap_refs(a, &op, 1, true));
	CHECK_EQ(op.replace.status, GNTST_okay);
	CHECK_EQ(mfn_x(fake_ptes[1].frame), 7);
	CHECK(!fake_ptes[5].d);
	CHECK_EQ(refs(page_b), 1);
	memset(fake_ptes, 0, sizeof(fake_ptes));
	finish();
}

/* Copies */

static int copy(struct gnttab_copy op)
{
	struct grant_copier copier;

	grant_copy_begin(&copier, current->domain);
	grant_copy(&copier, &op);
	grant_copy_finish(&copier);
	return op.status;
}

TEST(copy_between_grant_and_own_frame)
{
	struct gnttab_copy op = { .flags = GNTCOPY_source_gref, .len = 100 };
	char *from, *to;
	mfn_t own;

	setup();
	own = fake_guest_page(a);
	from = mfn_to_virt(page_b);
	to = mfn_to_virt(own);
	memset(from + 10, 'x', 100);
	op.source.u.ref = 8;
	op.source.domid = 1;
	op.source.offset = 10;
	op.dest.u.gmfn = mfn_x(own);
	op.dest.domid = DOMID_SELF;
	op.dest.offset = 4096 - 100;
	CHECK_EQ(copy(op), GNTST_okay);
	CHECK(!memcmp(from + 10, to + 4096 - 100, 100));
	CHECK_EQ(table_b[8].flags, GTF_permit_access);
	CHECK_EQ(refs(page_b), 1);
	op.len = 101;
	CHECK_EQ(copy(op), GNTST_bad_copy_arg);
	op.dest.offset = 0;
	op.source.offset = 4096 - 100;
	CHECK_EQ(copy(op), GNTST_bad_copy_arg);
	op.source.offset = 0xffff;
	CHECK_EQ(copy(op), GNTST_bad_copy_arg);
	op.source.offset = 0;
	op.len = 10;
	op.dest.domid = 1;
	CHECK_EQ(copy(op), GNTST_permission_denied);
	op.dest.domid = DOMID_SELF;
	op.dest.u.gmfn = mfn_x(page_b);
	CHECK_EQ(copy(op), GNTST_bad_page);
	op.dest.u.gmfn = ~0ul;
	CHECK_EQ(copy(op), GNTST_bad_page);
	mfn_to_frame(own)->type = FT_L1 | 1;
	op.dest.u.gmfn = mfn_x(own);
	CHECK_EQ(copy(op), GNTST_bad_page);
	mfn_to_frame(own)->type = 0;
	grant(8, 0, page_b, GTF_readonly);
	CHECK_EQ(copy(op), GNTST_okay);
	op.flags = GNTCOPY_dest_gref | GNTCOPY_source_gref;
	op.dest.u.ref = 8;
	op.dest.domid = 1;
	CHECK_EQ(copy(op), GNTST_general_error);
	CHECK_EQ(refs(page_b), 1);
	finish();
}

TEST(a_run_of_copies_keeps_its_ends)
{
	struct gnttab_copy *ops;
	u32 i;

	setup();
	ops = fake_guest_alloc(64 * sizeof(*ops));
	for (i = 0; i < 64; i++) {
		ops[i] = (struct gnttab_copy){ .flags = GNTCOPY_dest_gref, .len = 64, .status = 1 };
		ops[i].source.u.gmfn = mfn_x(fake_guest_page(a));
		ops[i].source.domid = DOMID_SELF;
		ops[i].dest.u.ref = 8;
		ops[i].dest.domid = 1;
		ops[i].dest.offset = (u16)(64 * i);
		memset(mfn_to_virt(mfn(ops[i].source.u.gmfn)), (int)i, 64);
	}
	CHECK_EQ(do_grant_table_op(GNTTABOP_copy, (u64)ops, 64), 0);
	for (i = 0; i < 64; i++) {
		CHECK_EQ(ops[i].status, GNTST_okay);
		CHECK_EQ(((u8 *)mfn_to_virt(page_b))[64 * i + 3], i);
	}
	CHECK_EQ(refs(page_b), 1);
	CHECK_EQ(table_b[8].flags, GTF_permit_access);
	finish();
}

TEST(long_arrays_stop_for_other_work)
{
	struct gnttab_copy *ops;
	u32 i;

	setup();
	ops = fake_guest_alloc(64 * sizeof(*ops));
	for (i = 0; i < 64; i++) {
		ops[i] = (struct gnttab_copy){ .flags = GNTCOPY_dest_gref | GNTCOPY_source_gref,
			.status = 1 };
		ops[i].source.u.ref = ops[i].dest.u.ref = 8;
		ops[i].source.domid = ops[i].dest.domid = 1;
	}
	fake_softirq_after = 21;
	CHECK_EQ(do_grant_table_op(GNTTABOP_copy, (u64)ops, 64), -ERESTART);
	CHECK_EQ(fake_restart_args[0], GNTTABOP_copy);
	i = 64 - (u32)fake_restart_args[2];
	CHECK(i > 8 && i < 24);
	CHECK_EQ(fake_restart_args[1], (u64)(ops + i));
	CHECK_EQ(ops[i - 1].status, GNTST_okay);
	CHECK_EQ(ops[i].status, 1);
	CHECK_EQ(table_b[8].flags, GTF_permit_access);	/* nothing is held meanwhile */
	cpu_local()->softirq_pending = 0;
	CHECK_EQ(do_grant_table_op(GNTTABOP_copy, fake_restart_args[1], (u32)fake_restart_args[2]), 0);
	CHECK_EQ(ops[63].status, GNTST_okay);
	finish();
}

/* The table */

TEST(setup_and_query)
{
	struct gnttab_query_size *q;
	struct gnttab_setup_table *s;
	u64 *frames;

	setup();
	q = fake_guest_alloc(sizeof(*q));
	s = fake_guest_alloc(sizeof(*s));
	frames = fake_guest_alloc(4 * sizeof(*frames));
	q->dom = 1;
	CHECK_EQ(do_grant_table_op(GNTTABOP_query_size, (u64)q, 1), 0);
	CHECK_EQ(q->nr_frames, 1);
	CHECK_EQ(q->max_nr_frames, 4);
	*s = (struct gnttab_setup_table){ .dom = DOMID_SELF, .nr_frames = 4, .frame_list = (u64)frames };
	CHECK_EQ(do_grant_table_op(GNTTABOP_setup_table, (u64)s, 1), 0);
	CHECK_EQ(s->status, GNTST_okay);
	CHECK(frames[3] && mfn_to_frame(mfn(frames[3]))->flags == FRAME_SHARED);
	s->nr_frames = 5;
	CHECK_EQ(do_grant_table_op(GNTTABOP_setup_table, (u64)s, 1), 0);
	CHECK_EQ(s->status, GNTST_general_error);
	s->nr_frames = 2;
	s->frame_list = 8;
	CHECK_EQ(do_grant_table_op(GNTTABOP_setup_table, (u64)s, 1), -EFAULT);
	CHECK_EQ(do_grant_table_op(GNTTABOP_setup_table, (u64)s, 2), -EINVAL);
	fake_be(c->vcpu[0]);
	s->dom = 1;
	CHECK_EQ(do_grant_table_op(GNTTABOP_setup_table, (u64)s, 1), 0);
	CHECK_EQ(s->status, GNTST_permission_denied);
	CHECK_EQ(do_grant_table_op(GNTTABOP_query_size, (u64)q, 1), 0);
	CHECK_EQ(q->status, GNTST_permission_denied);
	q->dom = 44;
	CHECK_EQ(do_grant_table_op(GNTTABOP_query_size, (u64)q, 1), 0);
	CHECK_EQ(q->status, GNTST_bad_domain);
	finish();
}

TEST(versions)
{
	struct gnttab_set_version *v;
	struct gnttab_get_version *g;
	struct gnttab_get_status_frames *st;

	setup();
	v = fake_guest_alloc(sizeof(*v));
	g = fake_guest_alloc(sizeof(*g));
	st = fake_guest_alloc(sizeof(*st));
	v->version = 1;
	CHECK_EQ(do_grant_table_op(GNTTABOP_set_version, (u64)v, 1), 0);
	v->version = 2;
	CHECK_EQ(do_grant_table_op(GNTTABOP_set_version, (u64)v, 1), -ENOSYS);
	v->version = 3;
	CHECK_EQ(do_grant_table_op(GNTTABOP_set_version, (u64)v, 1), -EINVAL);
	g->dom = DOMID_SELF;
	CHECK_EQ(do_grant_table_op(GNTTABOP_get_version, (u64)g, 1), 0);
	CHECK_EQ(g->version, 1);
	g->dom = 44;
	CHECK_EQ(do_grant_table_op(GNTTABOP_get_version, (u64)g, 1), -ESRCH);
	CHECK_EQ(do_grant_table_op(GNTTABOP_get_status_frames, (u64)st, 1), 0);
	CHECK_EQ(st->status, GNTST_general_error);
	CHECK_EQ(do_grant_table_op(GNTTABOP_dump_table, (u64)g, 1), -ENOSYS);
	CHECK_EQ(do_grant_table_op(77, (u64)g, 1), -ENOSYS);
	CHECK_EQ(do_grant_table_op(GNTTABOP_map_grant_ref, (u64)g, 0x80000000u), -EINVAL);
	CHECK_EQ(do_grant_table_op(GNTTABOP_map_grant_ref, HV_VIRT_START - 32, 5), -EFAULT);
	finish();
}

TEST(swap)
{
	struct gnttab_swap_grant_ref op = { .ref_a = 8, .ref_b = 9 };
	u32 h;

	setup();
	CHECK_EQ(map(1, 8, GNTMAP_host_map, &h), GNTST_okay);
	grant_swap_ref(b, &op);
	CHECK_EQ(op.status, GNTST_eagain);
	CHECK_EQ(unmap(1, 0, h), GNTST_okay);
	grant_swap_ref(b, &op);
	CHECK_EQ(op.status, GNTST_okay);
	CHECK_EQ(table_b[9].frame, mfn_x(page_b));
	CHECK_EQ(table_b[8].flags, 0);
	op.ref_a = 5000;
	grant_swap_ref(b, &op);
	CHECK_EQ(op.status, GNTST_bad_gntref);
	finish();
}

TEST(transfer)
{
	struct gnttab_transfer op = { .domid = 1, .ref = 10 };
	mfn_t own, other;

	setup();
	own = fake_guest_page(a);
	memset(mfn_to_virt(own), 'q', 4096);
	table_b[10] = (struct grant_entry_v1){ GTF_accept_transfer, 0, 0 };
	op.mfn = mfn_x(own);
	grant_transfer(a, &op);
	CHECK_EQ(op.status, GNTST_okay);
	CHECK_EQ(mfn_to_frame(own)->owner, 1);
	CHECK_EQ(table_b[10].frame, mfn_x(own));
	CHECK_EQ(table_b[10].flags, GTF_accept_transfer | GTF_transfer_committed | GTF_transfer_completed);
	grant_transfer(a, &op);
	CHECK_EQ(op.status, GNTST_bad_page);		/* not ours any more */
	op.mfn = ~0ul;
	grant_transfer(a, &op);
	CHECK_EQ(op.status, GNTST_bad_page);
	op.mfn = mfn_x(a->shared_info_mfn);
	grant_transfer(a, &op);
	CHECK_EQ(op.status, GNTST_bad_page);
	other = fake_guest_page(a);
	op.mfn = mfn_x(other);
	grant_transfer(a, &op);
	CHECK_EQ(op.status, GNTST_bad_gntref);		/* entry used up; the page is gone as published */
	CHECK_EQ(refs(other), 0);
	b->max_pages = b->tot_pages;
	table_b[11] = (struct grant_entry_v1){ GTF_accept_transfer, 0, 0 };
	other = fake_guest_page(a);
	op.mfn = mfn_x(other);
	op.ref = 11;
	grant_transfer(a, &op);
	CHECK_EQ(op.status, GNTST_general_error);
	CHECK_EQ(table_b[11].flags, GTF_accept_transfer);
	finish();
}

TEST(cache_flush)
{
	struct gnttab_cache_flush op = { .length = 64, .op = GNTTAB_CACHE_CLEAN };
	u32 h;

	setup();
	op.a.dev_bus_addr = mfn_x(fake_guest_page(a)) << PAGE_SHIFT;
	CHECK_EQ(grant_cache_flush(a, &op), 0);
	op.a.dev_bus_addr = mfn_x(page_b) << PAGE_SHIFT;
	CHECK_EQ(grant_cache_flush(a, &op), -EPERM);
	CHECK_EQ(map(1, 8, GNTMAP_host_map, &h), GNTST_okay);
	CHECK_EQ(grant_cache_flush(a, &op), 0);
	op.op |= GNTTAB_CACHE_INVAL;
	CHECK_EQ(grant_cache_flush(a, &op), -EOPNOTSUPP);
	CHECK_EQ(unmap(1, 0, h), GNTST_okay);
	op.op = GNTTAB_CACHE_CLEAN;
	op.a.dev_bus_addr = ~0ul;
	CHECK_EQ(grant_cache_flush(a, &op), -EPERM);
	op.length = 5000;
	CHECK_EQ(grant_cache_flush(a, &op), -EINVAL);
	finish();
}

TEST(no_memory)
{
	struct gnttab_setup_table op = { .dom = DOMID_SELF, .nr_frames = 2 };
	u32 h;

	setup();
	fake_alloc_fails = true;
	CHECK_EQ(grant_setup_table(a, &op), 0);
	CHECK_EQ(op.status, GNTST_general_error);
	CHECK_EQ(map(1, 8, GNTMAP_host_map, &h), GNTST_no_space);
	fake_alloc_fails = false;
	finish();
}

TEST(limits_of_a_domain)
{
	struct domain d = { .id = 5 };

	fake_start(1);
	CHECK_EQ(grant_domain_init(&d, 100000, 1), -EINVAL);
	CHECK_EQ(grant_domain_init(&d, 1, 100000), -EINVAL);
	CHECK_EQ(grant_domain_init(&d, ~0u, ~0u), 0);
	CHECK_EQ(d.max_grant_frames, 64);
	CHECK_EQ(d.max_maptrack_frames, 1024);
	grant_domain_free(&d);
	fake_alloc_fails = true;
	CHECK_EQ(grant_domain_init(&d, 1, 1), -ENOMEM);
	fake_alloc_fails = false;
	TEARDOWN();
}

int main(void)
{
	RUN(map_and_unmap);
	RUN(what_is_refused);
	RUN(device_and_host_mapping_go_one_by_one);
	RUN(unmapping_the_wrong_address_changes_nothing);
	RUN(an_entry_in_use_is_not_read_again);
	RUN(granter_dies_first);
	RUN(mapper_dies_first);
	RUN(mapping_dropped_by_other_means);
	RUN(handles_run_out);
	RUN(a_batch_of_good_and_bad);
	RUN(tables_that_cannot_be_changed_now);
	RUN(unmap_and_replace);
	RUN(copy_between_grant_and_own_frame);
	RUN(a_run_of_copies_keeps_its_ends);
	RUN(long_arrays_stop_for_other_work);
	RUN(setup_and_query);
	RUN(versions);
	RUN(swap);
	RUN(transfer);
	RUN(cache_flush);
	RUN(no_memory);
	RUN(limits_of_a_domain);
	return unit_end();
}
