/* SPDX-License-Identifier: MIT */
/* console_io with odd counts and pointers. The text it prints shows that the console still works. */
#include "guest.h"

const char test_title[] = "console: odd counts and pointers";

static char big[20000] PAGE;

void test_main(void)
{
	char one;

	EXPECT(0, hypercall(console_io, CONSOLEIO_write, 0, big));
	for (size_t i = 0; i < sizeof(big); i++)
		big[i] = i % 64 == 63 ? '\n' : 'a' + i % 26;
	EXPECT(0, hypercall(console_io, CONSOLEIO_write, 3000, big));
	EXPECT(0, hypercall(console_io, CONSOLEIO_write, 5, "a\0b\x7f\n"));
	EXPECT(-XEN_EFAULT, hypercall(console_io, CONSOLEIO_write, 10, 0xffff830000000000));
	EXPECT(-XEN_EFAULT, hypercall(console_io, CONSOLEIO_write, 10, 0x0000600000000000));
	CHECK(hypercall(console_io, CONSOLEIO_write, ~0UL, 0xffff830000000000) < 0, "2^64 - 1 bytes of the hypervisor");
	CHECK(hypercall(console_io, CONSOLEIO_read, 1, &one) >= 0, "read gives an error");
	CHECK(hypercall(console_io, CONSOLEIO_read, ~0UL, &one) <= 1, "read of 2^64 - 1 bytes");
	EXPECT(-XEN_ENOSYS, hypercall(console_io, 99, 1, &one));
}
