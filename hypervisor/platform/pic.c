/* SPDX-License-Identifier: MIT */
/*
 * 8259 pair. All interrupts come through IO-APICs or as messages; a spurious one may still appear at the
 * vectors set here and is ignored by irq_dispatch().
 */
#include "platform/pic.h"

#include "x86/cpu_ops.h"
#include "x86/vectors.h"

#define PIC1	0x20
#define PIC2	0xa0
#define ICW1	0x11	/* edge triggered, cascade, a fourth word follows */
#define ICW4	0x01	/* 8086 mode */

void pic_init(void)
{
	outb(PIC1 + 1, 0xff);
	outb(PIC2 + 1, 0xff);
	outb(PIC1, ICW1);
	outb(PIC1 + 1, VECTOR_LEGACY_FIRST);
	outb(PIC1 + 1, 1 << 2);
	outb(PIC1 + 1, ICW4);
	outb(PIC2, ICW1);
	outb(PIC2 + 1, VECTOR_LEGACY_FIRST + 8);
	outb(PIC2 + 1, 2);
	outb(PIC2 + 1, ICW4);
	outb(PIC1 + 1, 0xff);
	outb(PIC2 + 1, 0xff);
}
