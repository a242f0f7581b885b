/* SPDX-License-Identifier: MIT */
/*
 * The 8254's channel 2, which the speaker used: counts down freely, its gate open and the speaker off.
 */
#include "platform/clock.h"

#include "x86/cpu_ops.h"

#define PIT_HZ		1193182u
#define PIT_CHANNEL2	0x42
#define PIT_COMMAND	0x43
#define   PIT_LATCH2	0x80
#define   PIT_MODE2_CH2	0xb4	/* channel 2, low then high byte, rate generator */
#define PORT_GATE	0x61
#define   GATE_OPEN	0x01
#define   GATE_SPEAKER	0x02

static u64 pit_read(void)
{
	u32 count;

	outb(PIT_COMMAND, PIT_LATCH2);
	count = inb(PIT_CHANNEL2);
	count |= (u32)inb(PIT_CHANNEL2) << 8;
	return -count & 0xffff;
}

static const struct ref_clock pit_clock = {
	.name = "pit", .hz = PIT_HZ, .mask = 0xffff, .window_us = 10000, .read = pit_read,
};

const struct ref_clock *pit_init(void)
{
	outb(PORT_GATE, (inb(PORT_GATE) & ~GATE_SPEAKER) | GATE_OPEN);
	outb(PIT_COMMAND, PIT_MODE2_CH2);
	outb(PIT_CHANNEL2, 0);
	outb(PIT_CHANNEL2, 0);
	return &pit_clock;
}
