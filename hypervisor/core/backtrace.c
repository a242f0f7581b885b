/* SPDX-License-Identifier: MIT */
/*
 * Walks frame pointers, but only inside the stack block of this CPU, and upwards: whatever a broken stack
 * holds, the walk ends and reads nothing that is not there.
 */
#include "core/backtrace.h"

#include "core/log.h"
#include "core/percpu.h"
#include "core/symbols.h"
#include "x86/cpu_ops.h"
#include "x86/image.h"

#define MAX_FRAMES	32

/*
 * A call that does not return may be its function's last instruction: `back` finds the call, not what
 * follows.
 */
static void backtrace_print_address(u64 address, u32 back)
{
	char name[96];

	symbol_format(name, sizeof(name), address - back);
	log_err("   [<%016lx>] %s", address, name);
}

/* A frame holds the caller's frame pointer and the return address. The guard page has none. */
static bool backtrace_frame_valid(u64 fp)
{
	u64 block = (u64)cpu_stack_block(cpu_local()), offset = fp - block;

	return fp % 8 == 0 && offset <= CPU_STACK_SIZE - sizeof(struct cpu_local) - 16 &&
	       (offset <= CPU_GUARD_OFFSET - 16 || offset >= CPU_GUARD_OFFSET + PAGE_SIZE);
}

static void backtrace_walk(u64 fp)
{
	for (u32 i = 0; i < MAX_FRAMES && backtrace_frame_valid(fp); i++) {
		const u64 *frame = (const u64 *)fp;

		if (!image_contains_text(frame[1]))
			return;
		backtrace_print_address(frame[1], 1);
		if (frame[0] <= fp)
			return;
		fp = frame[0];
	}
}

void backtrace_print_here(void)
{
	log_err("Xen call trace:");
	backtrace_walk((u64)__builtin_frame_address(0));
}

void backtrace_print(const struct regs *regs)
{
	log_err("Xen call trace:");
	backtrace_print_address(regs->rip, 0);
	backtrace_walk(regs->rbp);
}

void regs_print(const struct regs *r)
{
	char name[96];

	symbol_format(name, sizeof(name), r->rip);
	log_err("CPU:    %u", this_cpu());
	log_err("RIP:    %04x:[<%016lx>] %s", (u16)r->cs, r->rip, regs_from_guest(r) ? "(guest)" : name);
	log_err("RFLAGS: %016lx   vector: %u   error code: %04x", r->rflags, r->vector, r->error_code);
	log_err("rax: %016lx   rbx: %016lx   rcx: %016lx", r->rax, r->rbx, r->rcx);
	log_err("rdx: %016lx   rsi: %016lx   rdi: %016lx", r->rdx, r->rsi, r->rdi);
	log_err("rbp: %016lx   rsp: %016lx   r8:  %016lx", r->rbp, r->rsp, r->r8);
	log_err("r9:  %016lx   r10: %016lx   r11: %016lx", r->r9, r->r10, r->r11);
	log_err("r12: %016lx   r13: %016lx   r14: %016lx", r->r12, r->r13, r->r14);
	log_err("r15: %016lx   cr0: %016lx   cr4: %016lx", r->r15, read_cr0(), read_cr4_hardware());
	log_err("cr3: %016lx   cr2: %016lx   ss: %04x   cs: %04x", read_cr3(), read_cr2(), (u16)r->ss,
		(u16)r->cs);
}
