/* SPDX-License-Identifier: MIT */
/*
 * Requests to a device model: one slot for each vCPU in a shared page, handed over by `state`, and a page of
 * writes that nobody waits for.
 */
#ifndef ABI_HVM_IOREQ_H
#define ABI_HVM_IOREQ_H

#include "abi/types.h"

#define IOREQ_READ		1
#define IOREQ_WRITE		0

#define STATE_IOREQ_NONE	0	/* free */
#define STATE_IOREQ_READY	1	/* for the device model */
#define STATE_IOREQ_INPROCESS	2
#define STATE_IORESP_READY	3	/* answered */

#define IOREQ_TYPE_PIO		0
#define IOREQ_TYPE_COPY		1	/* memory */
#define IOREQ_TYPE_PCI_CONFIG	2	/* addr: SBDF high, register low */
#define IOREQ_TYPE_TIMEOFFSET	7
#define IOREQ_TYPE_INVALIDATE	8	/* forget cached mappings */

struct ioreq {
	uint64_t addr;
	uint64_t data;			/* value, or guest physical address with data_is_ptr */
	uint32_t count;			/* of a string instruction */
	uint32_t size;			/* bytes, 1 to 8 */
	uint32_t vp_eport;		/* event channel of the vCPU */
	uint16_t _pad0;
	uint8_t state:4;		/* STATE_IO* */
	uint8_t data_is_ptr:1;
	uint8_t dir:1;			/* IOREQ_READ or IOREQ_WRITE */
	uint8_t df:1;			/* addresses go down */
	uint8_t _pad1:1;
	uint8_t type;			/* IOREQ_TYPE_* */
};

struct shared_iopage {
	struct ioreq vcpu_ioreq[1];	/* one for each vCPU */
};

struct buf_ioreq {
	uint8_t type;			/* IOREQ_TYPE_* */
	uint8_t pad:1;
	uint8_t dir:1;
	uint8_t size:2;			/* 1 << size bytes; 8 bytes take two slots */
	uint32_t addr:20;
	uint32_t data;
};

#define IOREQ_BUFFER_SLOT_NUM	511	/* what fits behind the pointers */

struct buffered_iopage {
	uint32_t read_pointer;
	uint32_t write_pointer;
	struct buf_ioreq buf_ioreq[IOREQ_BUFFER_SLOT_NUM];
};

/* Fixed ports of the emulated ACPI block. V1 is the newer layout. */
#define ACPI_PM1A_EVT_BLK_ADDRESS_V0	0x1f40
#define ACPI_PM1A_CNT_BLK_ADDRESS_V0	(ACPI_PM1A_EVT_BLK_ADDRESS_V0 + 0x04)
#define ACPI_PM_TMR_BLK_ADDRESS_V0	(ACPI_PM1A_EVT_BLK_ADDRESS_V0 + 0x08)
#define ACPI_GPE0_BLK_ADDRESS_V0	(ACPI_PM_TMR_BLK_ADDRESS_V0 + 0x20)
#define ACPI_GPE0_BLK_LEN_V0		0x08
#define ACPI_PM1A_EVT_BLK_ADDRESS_V1	0xb000
#define ACPI_PM1A_CNT_BLK_ADDRESS_V1	(ACPI_PM1A_EVT_BLK_ADDRESS_V1 + 0x04)
#define ACPI_PM_TMR_BLK_ADDRESS_V1	(ACPI_PM1A_EVT_BLK_ADDRESS_V1 + 0x08)
#define ACPI_GPE0_BLK_ADDRESS_V1	0xafe0
#define ACPI_GPE0_BLK_LEN_V1		0x04

_Static_assert(sizeof(struct ioreq) == 32, "four words");
_Static_assert(sizeof(struct buf_ioreq) == 8, "one word");
_Static_assert(sizeof(struct buffered_iopage) == 4096, "one page");

#endif
