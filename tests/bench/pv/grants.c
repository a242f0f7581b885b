/* SPDX-License-Identifier: MIT */
/*
 * Rows: what disks and networks are made of, pages of others mapped and copied. Granter and user are one domain, as the
 * work is the same; in batches, as backends do it.
 */
#include "abi/grant_table.h"

#include "pv.h"

#define BATCH	16

static struct grant_entry_v1 table[512] PAGE;
static uint64_t given[BATCH][512] PAGE, window[BATCH][512] PAGE, own[BATCH][512] PAGE;
static struct gnttab_map_grant_ref maps[BATCH];
static struct gnttab_unmap_grant_ref unmaps[BATCH];
static struct gnttab_copy copies[BATCH];

static void prepare_grants(void)
{
	uint64_t frame;
	struct gnttab_setup_table t = { .dom = DOMID_SELF, .nr_frames = 1, .frame_list = (uint64_t)&frame };

	if (hypercall(grant_table_op, GNTTABOP_setup_table, &t, 1) || t.status ||
	    map_at(table, frame << 12 | PTE_DATA, UVMF_INVLPG))
		test_error("no grant table");
	for (int i = 0; i < BATCH; i++) {
		grant_ref_t ref = 20 + i;

		table[ref] = (struct grant_entry_v1) { GTF_permit_access, 0, va_to_mfn(given[i]) };
		unmapped(window[i]);
		maps[i] = (struct gnttab_map_grant_ref) {
			.host_addr = (uint64_t)window[i], .flags = GNTMAP_host_map, .ref = ref,
		};
	}
}

static void map_unmap(uint64_t n)
{
	while (n--) {
		hc(__HYPERVISOR_grant_table_op, GNTTABOP_map_grant_ref, (uint64_t)maps, BATCH, 0);
		for (int i = 0; i < BATCH; i++)
			unmaps[i] = (struct gnttab_unmap_grant_ref) { .host_addr = maps[i].host_addr,
								      .handle = maps[i].handle };
		hc(__HYPERVISOR_grant_table_op, GNTTABOP_unmap_grant_ref, (uint64_t)unmaps, BATCH, 0);
	}
	if (maps[0].status || unmaps[0].status)
		test_error("map says %d, unmap %d", maps[0].status, unmaps[0].status);
}

static void prepare_copy(uint16_t len)
{
	prepare_grants();
	for (int i = 0; i < BATCH; i++)
		copies[i] = (struct gnttab_copy) {
			.source = { .u.ref = 20 + i, .domid = DOMID_SELF },
			.dest = { .u.gmfn = va_to_mfn(own[i]), .domid = DOMID_SELF },
			.len = len, .flags = GNTCOPY_source_gref,
		};
}

static void prepare_copy_small(void) { prepare_copy(64); }
static void prepare_copy_page(void) { prepare_copy(4096); }

static void copy(uint64_t n)
{
	while (n--)
		hc(__HYPERVISOR_grant_table_op, GNTTABOP_copy, (uint64_t)copies, BATCH, 0);
	if (copies[0].status)
		test_error("copy says %d", copies[0].status);
}

const struct row grant_rows[] = {
	{ "grant_map_unmap", map_unmap, prepare_grants, 50, BATCH },
	{ "grant_copy_64", copy, prepare_copy_small, 50, BATCH },
	{ "grant_copy_page", copy, prepare_copy_page, 50, BATCH },
	{ NULL, NULL, NULL, 0, 0 }
};
