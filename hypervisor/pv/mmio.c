/* SPDX-License-Identifier: MIT */
/* One set of frame numbers; the set has its own lock. */
#include "pv/mmio.h"

#include "domain/rangeset.h"
#include "lib/errno.h"

static struct rangeset *read_only_frames;

int mmio_init(void)
{
	read_only_frames = rangeset_new("read-only MMIO");
	return read_only_frames ? 0 : -ENOMEM;
}

bool mmio_is_read_only(mfn_t m)
{
	return rangeset_contains(read_only_frames, mfn_x(m), mfn_x(m));
}

int mmio_set_read_only(mfn_t first, mfn_t last, bool read_only)
{
	return read_only ? rangeset_add(read_only_frames, mfn_x(first), mfn_x(last))
			 : rangeset_remove(read_only_frames, mfn_x(first), mfn_x(last));
}
