/* SPDX-License-Identifier: MIT */
/* Included ahead of every file of the whole machine: the one question of the real code that a test answers itself. */
#ifndef MACHINE_HOOKS_H
#define MACHINE_HOOKS_H

#include "core/softirq.h"

bool machine_softirq_is_pending(void);
#define softirq_is_pending()	machine_softirq_is_pending()

#endif
