/* SPDX-License-Identifier: MIT */
/*
 * UEFI firmware that stays when the loader has left its boot services: the system table with what it leads to, and the
 * runtime services, which are called at their physical addresses on page tables of their own (efi_map.c), one CPU at a
 * time (efi.c). Numbers and layouts: UEFI 2.10, chapters 4, 7.2 and 8.
 */
#ifndef PLATFORM_EFI_H
#define PLATFORM_EFI_H

#include "boot/boot_info.h"
#include "core/param.h"

/* Offsets in the table of runtime services. */
enum efi_service {
	EFI_GET_TIME = 24, EFI_SET_TIME = 32, EFI_GET_WAKEUP_TIME = 40, EFI_SET_WAKEUP_TIME = 48,
	EFI_GET_VARIABLE = 72, EFI_GET_NEXT_VARIABLE_NAME = 80, EFI_SET_VARIABLE = 88,
	EFI_GET_NEXT_HIGH_MONOTONIC_COUNT = 96, EFI_RESET_SYSTEM = 104, EFI_QUERY_VARIABLE_INFO = 128,
	EFI_SERVICES_SIZE = 136,
};
#define EFI_ARGS		5

#define EFI_ERROR		(1ul << 63)
#define EFI_SUCCESS		0ul
#define EFI_UNSUPPORTED		(EFI_ERROR | 3)
#define EFI_BUFFER_TOO_SMALL	(EFI_ERROR | 5)
#define EFI_DEVICE_ERROR	(EFI_ERROR | 7)

enum { EFI_RUNTIME_CODE = 5, EFI_RUNTIME_DATA = 6 };	/* types of memory */

#define EFI_MEMORY_UC		0x1ul
#define EFI_MEMORY_WC		0x2ul
#define EFI_MEMORY_WT		0x4ul
#define EFI_MEMORY_WB		0x8ul
#define EFI_MEMORY_XP		0x4000ul
#define EFI_MEMORY_RO		0x20000ul
#define EFI_MEMORY_RUNTIME	(1ul << 63)

struct efi_descriptor {			/* EFI_MEMORY_DESCRIPTOR; an array's stride is told beside it */
	u32 type, pad;
	u64 start, virt, pages, attributes;
};
static_assert(sizeof(struct efi_descriptor) == 40, "UEFI 2.10, 7.2.3");

/* What the system table says; filled by efi_init(), constant afterwards. */
struct efi_facts {
	u32 revision;			/* of the system table; 0: no UEFI */
	u32 services_revision;
	u32 vendor_revision;
	u16 vendor[101];		/* ends with 0 */
};
extern struct efi_facts efi_facts;
extern const struct param efi_params[];

/* Boot, before memory is handed out: keeps what lies in memory of the boot services that will be reused. */
void efi_save_attributes(void);
void efi_init(void);

/* The address that a configuration table of the system table has, 0: there is none. Boot only. */
u64 efi_find_table(const u8 guid[16]);

/* Whether efi_call() can succeed. False for ever once the firmware has faulted. */
bool efi_usable(void);
/*
 * Calls the firmware and waits for it, which may take as long as it likes; interrupts stay as they are. The caller has
 * saved the FPU's registers, and pointers in `args` are addresses of the hypervisor. 0 and the firmware's status,
 * -EOPNOTSUPP if it cannot be called, or -ERESTART while another CPU is in it.
 */
int __must_check efi_call(enum efi_service service, const u64 args[EFI_ARGS], u64 *status);

/* Switches off or resets the machine; returns if the firmware does not. At the end of the machine only. */
void efi_reset(bool off);

/* A trap in ring 0: if it is the firmware's, what called it goes on without (true). */
struct regs;
bool efi_recover(struct regs *regs);

/* Memory of the firmware's code, which is dom0's as little as the hypervisor's. */
void efi_for_each_code(void (*fn)(u64 first_mfn, u64 last_mfn, void *arg), void *arg);

/* efi_map.c: what efi.c has it do. */
struct efi_map_result {
	u32 regions, skipped;
	u64 open_pages;			/* both writable and executable, since the firmware does not tell them apart */
};
void efi_map_save_attributes(const void *table, u64 room);
/* Into the lower half of `l4`. `odd_uc`: memory of unknown cacheability is mapped, uncached. 0 or -ENOMEM. */
int efi_map_build(u64 *l4, u64 (*alloc)(void), bool odd_uc, struct efi_map_result *result);
bool efi_is_code(u64 maddr);

#endif
