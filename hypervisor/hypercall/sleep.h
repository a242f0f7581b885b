/* SPDX-License-Identifier: MIT */
/*
 * Sleep states, as dom0's ACPI asks for them.
 */
#ifndef HYPERCALL_SLEEP_H
#define HYPERCALL_SLEEP_H

struct xenpf_enter_acpi_sleep;

/*
 * S3: returns to dom0 after waking. S5: does not return. Others: -EOPNOTSUPP. -EBUSY, -ERESTART: another vCPU is at it.
 */
int sleep_enter(const struct xenpf_enter_acpi_sleep *s);

#endif
