/* SPDX-License-Identifier: MIT */
/*
 * Device frames that a guest may look at but not write, because the hypervisor programs them: MSI-X tables, MMCONFIG
 * of its own devices.
 */
#ifndef PV_MMIO_H
#define PV_MMIO_H

#include "lib/typesafe.h"

bool mmio_is_read_only(mfn_t m);
int mmio_set_read_only(mfn_t first, mfn_t last, bool read_only);
int mmio_init(void);

#endif
