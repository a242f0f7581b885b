/* SPDX-License-Identifier: MIT */
/* Between the files of the fake machine. */
#ifndef FAKE_INTERNAL_H
#define FAKE_INTERNAL_H

#include "lib/types.h"

void fake_mem_start(void);
bool fake_mem_clean(void);
void fake_cpu_start(u32 cpus);
bool fake_cpu_clean(void);
void fake_domain_start(void);
bool fake_domain_clean(void);
void fake_irq_start(void);

/* One lock for what the fakes keep, when CPUs are threads. */
void fake_lock(void);
void fake_unlock(void);

#endif
