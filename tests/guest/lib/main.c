/* SPDX-License-Identifier: MIT */
/* From the first C instruction to the test and its verdict; further vCPUs. */
#include "guest.h"

void guest_main(struct start_info *si);
void trap_init(void);
extern const char vcpu_start[], event_stub[], failsafe_stub[], syscall_stub[];

#define MAX_VCPUS	4

static struct shared_info shared_page[PAGE_SIZE / sizeof(struct shared_info) + 1] PAGE;
static uint8_t vcpu_stacks[MAX_VCPUS][4 * PAGE_SIZE] PAGE;
static void (*vcpu_fn[MAX_VCPUS])(unsigned int cpu);

_Static_assert(sizeof(shared_page) >= PAGE_SIZE, "the shared info page is mapped over it");

void guest_main(struct start_info *si)
{
	long r;

	start_info = si;
	shared_info = shared_page;
	r = map_at(shared_page, si->shared_info | PTE_DATA, UVMF_INVLPG);
	if (r)
		test_error("cannot map the shared info page: %ld", r);
	shared_info->vcpu_info[0].evtchn_upcall_mask = 1;
	trap_init();
	printk("--- %s\n", test_title);
	test_main();
	test_done();
}

bool has_word(const char *word)
{
	size_t n = strlen(word);

	for (const char *line = (const char *)start_info->cmd_line; *line; line++)
		if (!strncmp(line, word, n))
			return true;
	return false;
}

void vcpu_main(unsigned int cpu)
{
	vcpu_fn[cpu](cpu);
	for (;;)
		hypercall(vcpu_op, VCPUOP_down, cpu, NULL);
}

long vcpu_run(unsigned int cpu, void (*fn)(unsigned int cpu))
{
	static struct vcpu_guest_context ctxt;
	long r;

	if (cpu == 0 || cpu >= MAX_VCPUS)
		test_error("no stack for vCPU %u", cpu);
	vcpu_fn[cpu] = fn;
	memset(&ctxt, 0, sizeof(ctxt));
	ctxt.flags = VGCF_in_kernel;
	ctxt.user_regs.rip = (uint64_t)vcpu_start;
	ctxt.user_regs.cs = FLAT_KERNEL_CS;
	ctxt.user_regs.ss = FLAT_KERNEL_SS;
	ctxt.user_regs.rflags = EFLAGS_IF;
	ctxt.user_regs.rsp = (uint64_t)vcpu_stacks[cpu] + 3 * PAGE_SIZE;
	ctxt.user_regs.rdi = cpu;
	ctxt.kernel_ss = FLAT_KERNEL_SS;
	ctxt.kernel_sp = (uint64_t)vcpu_stacks[cpu] + 4 * PAGE_SIZE;
	ctxt.ctrlreg[3] = xen_pfn_to_cr3(root_mfn());
	ctxt.event_callback_eip = (uint64_t)event_stub;
	ctxt.failsafe_callback_eip = (uint64_t)failsafe_stub;
	ctxt.syscall_callback_eip = (uint64_t)syscall_stub;
	shared_info->vcpu_info[cpu].evtchn_upcall_mask = 1;
	r = hypercall(vcpu_op, VCPUOP_initialise, cpu, &ctxt);
	if (r)
		return r;
	return hypercall(vcpu_op, VCPUOP_up, cpu, NULL);
}
