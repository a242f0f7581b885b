/* SPDX-License-Identifier: MIT */
/*
 * The state given for a second vCPU, with rubbish in every field in turn: selectors, flags, FPU image, debug and
 * control registers, bases, trap table. What the hypervisor takes must not harm it when that vCPU runs; what it refuses
 * must leave the vCPU as it was (XSA-296 and others).
 */
#include "guest.h"

const char test_title[] = "vcpu-state: rubbish in the state of a vCPU";

extern const char vcpu_start[], event_stub[], failsafe_stub[], syscall_stub[];
static struct vcpu_guest_context c;
static uint8_t stack[4 * PAGE_SIZE] PAGE;

static void good(void)
{
	memset(&c, 0, sizeof(c));
	c.flags = VGCF_in_kernel;
	c.user_regs.rip = (uint64_t)vcpu_start;
	c.user_regs.cs = FLAT_KERNEL_CS;
	c.user_regs.ss = FLAT_KERNEL_SS;
	c.user_regs.rflags = EFLAGS_IF;
	c.user_regs.rsp = (uint64_t)stack + 2 * PAGE_SIZE;
	c.user_regs.rdi = 1;
	c.kernel_ss = FLAT_KERNEL_SS;
	c.kernel_sp = (uint64_t)stack + 4 * PAGE_SIZE;
	c.ctrlreg[3] = xen_pfn_to_cr3(root_mfn());
	c.event_callback_eip = (uint64_t)event_stub;
	c.failsafe_callback_eip = (uint64_t)failsafe_stub;
	c.syscall_callback_eip = (uint64_t)syscall_stub;
}

static void refuse(const char *what)
{
	long r = hypercall(vcpu_op, VCPUOP_initialise, 1, &c);

	CHECK(r < 0, "a vCPU with %s is made", what);
	if (r == 0)
		test_error("so nothing more can be tried");
}

static void refusals(void)
{
	good();
	c.gdt_ents = 512;
	c.gdt_frames[0] = 0xfffffff;
	refuse("a GDT in no frame");
	good();
	c.gdt_ents = 512 * 14 + 1;
	refuse("a GDT of 15 pages");
	good();
	c.gdt_ents = ~0UL;
	refuse("a GDT of 2^64 entries");
	good();
	c.ctrlreg[1] = xen_pfn_to_cr3(va_to_mfn(stack));
	refuse("a data page as user mode's L4");
	good();
	c.failsafe_callback_eip = 0x0000800000000000;
	refuse("a non-canonical failsafe callback");
	good();
	c.syscall_callback_eip = 0x0000800000000000;
	refuse("a non-canonical syscall callback");
	good();
	c.trap_ctxt[3].address = 0x0000800000000000;
	refuse("a non-canonical trap handler");
}

/* Everything else that can be wrong at once, and then it runs. */
static void run_rubbish(void)
{
	uint64_t end;
	long r;

	good();
	memset(&c.fpu_ctxt, 0xff, sizeof(c.fpu_ctxt));
	c.flags |= VGCF_i387_valid;
	for (int i = 0; i < 8; i++)
		c.debugreg[i] = i == 7 ? 0xffff : 0xffff830000000000 + i;
	c.ctrlreg[0] = ~0UL;
	c.ctrlreg[4] = ~0UL;
	c.user_regs.rflags = 0xffffffffUL & ~EFLAGS_TF;
	c.user_regs.ds = 0xfff8;
	c.user_regs.es = 0xe008;
	c.user_regs.fs = 0xe041;
	c.user_regs.gs = 0x1234;
	c.fs_base = 0xffff830000000000;
	c.ldt_ents = 5;
	c.ldt_base = 0;
	c.vm_assist = ~0UL;
	r = hypercall(vcpu_op, VCPUOP_initialise, 1, &c);
	printk("initialise with rubbish gave %ld\n", r);
	if (r < 0) {
		good();
		EXPECT(0, hypercall(vcpu_op, VCPUOP_initialise, 1, &c));
	}
	EXPECT(0, hypercall(vcpu_op, VCPUOP_up, 1, NULL));
	end = system_time() + 300000000;
	while (system_time() < end)
		hypercall(sched_op, SCHEDOP_yield, NULL);
	printk("vCPU 1 is up: %ld\n", hypercall(vcpu_op, VCPUOP_is_up, 1, NULL));
	CHECK(hypercall(xen_version, XENVER_version, NULL) > 0, "unreachable");
}

/* Where vCPU 1 comes to, if it comes to anything: main.c's vcpu_main finds no function and faults there. */
static bool hook(struct regs *regs)
{
	if (regs->rsp >= (uint64_t)stack && regs->rsp <= (uint64_t)stack + sizeof(stack))
		for (;;)
			hypercall(vcpu_op, VCPUOP_down, 1, NULL);
	return false;
}

void test_main(void)
{
	if (hypercall(vcpu_op, VCPUOP_is_up, 1, NULL) == -XEN_ENOENT)
		test_skip("this machine has one vCPU");
	trap_hook = hook;
	refusals();
	run_rubbish();
}
