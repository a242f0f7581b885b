/* SPDX-License-Identifier: MIT */
/*
 * Between the files of the hypercall fuzzer (../hypercall_fuzz.c has the whole picture).
 */
#ifndef HYPERCALL_FUZZ_H
#define HYPERCALL_FUZZ_H

#include "machine.h"

#define SLOTS		3u		/* guests at a time; the first is privileged */
#define VCPUS		2u
/* of vCPU 0; the next is vCPU 1's: structure, list at +2048, results at +3072 */
#define ARG_PAGE	0u
#define CONTEXT_PAGE	4u		/* two pages with a vcpu_guest_context */
#define CODE_PAGE	6u		/* instructions that are emulated */
#define ALIAS_PAGE	56u		/* the argument pages again, read-only; then */
#define NO_PAGE		60u		/* nothing is mapped */

struct slot {
	struct machine_guest *g;	/* its domain is held by a reference */
	bool repeating[VCPUS];		/* a hypercall asked to be repeated, and has not been yet */
};
extern struct slot slots[SLOTS];
extern struct slot *self;		/* whose vCPU acts now */
extern struct vcpu *actor;
extern bool fuzz_log;

/* input.c: numbers from the input; when it is used up, drawn ones for some steps, then zeros. */
void input_start(const u8 *data, size_t size);
bool input_left(void);
u8 in_byte(void);
u32 in_word(void);
u32 in_below(u32 n);
bool in_bit(void);

/* pick.c: numbers that mean something. */
mfn_t pick_mfn(void);
u64 pick_va(void);
u64 pick_pte(void);
u64 pick_pte_maddr(void);
domid_t pick_domid(void);
u64 pick_any(void);			/* any of the above, or a number small or wild */

/* calls.c */
void do_hypercall(void);
void repeat_hypercall(u32 vcpu);
/* Writes as the guest; what it cannot write stays as it is. */
void guest_write(u64 va, const void *from, size_t len);
/* The address told for an argument at `at`: mostly that, else one where it can only be read, or not at all. */
u64 as_seen(u64 at);

/* acts.c: what guests do without hypercalls, and what happens to them. */
void do_act(void);

/* What the CPU would fetch at CODE_PAGE. */
void set_code(const u8 *code, size_t len);
void act_context(void);			/* acts_cpu.c */
void act_page_table_store(void);
void act_instruction(void);
void act_handlers(void);
void act_trap(void);
void act_return(void);
void act_selector(void);
void act_mode(void);

/* run.c: for some turns the scheduler says who runs. */
void act_schedule(void);

/* ../hypercall_fuzz.c: whether v can make a call; if it only waits for an event, it is woken. */
bool may_act(struct vcpu *v);

/* recipes.c: several calls that belong together. */
void do_recipe(void);
/* The actor is a vCPU of s from now on, and runs here; false: none of them can. */
bool become(struct slot *s);
/*
 * The actor calls nr(cmd, &arg, count), or nr(&arg) if that is for control; *arg then holds what the hypervisor wrote.
 */
long recipe_call(u64 nr, u64 cmd, void *arg, size_t size, u64 count);

/* One that changes nothing but what guests may. */
void do_plain_recipe(void);

void recipe_tables(void);		/* recipes_tables.c */
void recipe_shortage(void);
void recipe_registers(void);		/* recipes_cpu.c */
void recipe_vcpu(void);
void recipe_dying(void);		/* recipes_end.c */
void recipe_end_of_machine(void);
void recipe_firmware(void);		/* recipes_firmware.c */
void recipe_channel(void);		/* recipes_event.c */
void recipe_local_ports(void);
void recipe_interrupt(void);
void recipe_shared_line(void);
void recipe_all_numbers(void);
void recipe_policy(domid_t id);		/* recipes_domain.c */
void recipe_new_domain(void);
void recipe_tools(void);
void recipe_memory(void);
void recipe_parameters(void);
void recipe_sleep(void);
void recipe_descriptors(void);

#endif
