/* SPDX-License-Identifier: MIT */
/* The iret hypercall with a stack pointer where nothing is mapped: no frame to believe, so the guest is killed. */
#include "guest.h"

const char test_title[] = "crash-bad-iret-stack: iret from nowhere";

void test_main(void)
{
	__asm__ volatile("mov %0, %%rsp; mov $23, %%eax; syscall" : : "r" (0x0000600000000000) : "memory");
}
