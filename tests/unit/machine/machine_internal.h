/* SPDX-License-Identifier: MIT */
/* Between the files of the whole machine. */
#ifndef MACHINE_INTERNAL_H
#define MACHINE_INTERNAL_H

#include "lib/types.h"

void machine_ram_start(void);
void machine_platform_start(void);
__noreturn void machine_stop(void);
void machine_work_done(void);		/* softirqs have run: nothing is pending */

#endif
