/* SPDX-License-Identifier: MIT */
/*
 * A guest that provokes a message of the hypervisor again and again (XSA-152, XSA-169) shall neither fill the log,
 * where what matters would be overwritten, nor hold the machine up at its serial line: messages about guests come at a
 * steady rate.
 */
#include "abi/sysctl.h"
#include "guest.h"

#define TIMES	5000
#define ROOM	16384

const char test_title[] = "log-flood: 5,000 mistakes make a few lines in the log";

static uint64_t bad_table[512] PAGE;
static char text[ROOM];
static struct xen_sysctl s;

/* What was written to the ring since `from`; where it ends. */
static uint32_t read_log(uint32_t from, uint32_t *length)
{
	memset(&s, 0, sizeof(s));
	s.cmd = XEN_SYSCTL_readconsole;
	s.interface_version = XEN_SYSCTL_INTERFACE_VERSION;
	s.u.readconsole.incremental = 1;
	s.u.readconsole.index = from;
	s.u.readconsole.buffer = (uint64_t)text;
	s.u.readconsole.count = ROOM;
	EXPECT(0, hypercall(sysctl, &s));
	*length = s.u.readconsole.count;
	return s.u.readconsole.index;
}

void test_main(void)
{
	uint64_t frame = va_to_mfn(bad_table), start;
	uint32_t at = 0, length, lines = 0, said = 0;

	do
		at = read_log(at, &length);
	while (length);
	bad_table[5] = 0x0000890000000000UL;		/* a task state */
	read_only(bad_table);
	start = system_time();
	for (unsigned int i = 0; i < TIMES; i++)
		if (hypercall(set_gdt, &frame, 512) != -XEN_EINVAL)
			test_error("a task state in the GDT is taken");
	start = system_time() - start;
	do {
		at = read_log(at, &length);
		said += length;
		for (uint32_t i = 0; i < length; i++)
			lines += text[i] == '\n';
	} while (length);
	printk("%u lines in %lu ms\n", lines, start / 1000000);
	CHECK(lines <= 20 + start / 100000000, "%u lines, %u bytes, in the log after %u mistakes", lines, said, TIMES);
}
