/* SPDX-License-Identifier: MIT */
/* Registers and accounts of domains, for the console. Reads without locks: a debugging aid must not hang. */
#include "domain/dump.h"

#include "core/log.h"
#include "domain/guest_copy.h"
#include "event/event.h"
#include "grant/grant.h"
#include "platform/machine.h"
#include "sched/sched.h"

static void dump_stack(const struct vcpu *v)
{
	u64 sp = v->regs.rsp, w[4];

	if (v != current)
		return;
	for (u32 row = 0; row < 24; row++, sp += sizeof(w)) {
		if (guest_copy_from(w, sp, sizeof(w)))
			return;
		log_err("   %016lx: %016lx %016lx %016lx %016lx", sp, w[0], w[1], w[2], w[3]);
	}
}

void vcpu_dump_registers(const struct vcpu *v)
{
	const struct regs *r = &v->regs;

	log_err("----[ domain %u vCPU %u, CPU %u, %s mode ]----", v->domain->id, v->id, v->processor,
		v->pv.kernel_mode ? "kernel" : "user");
	log_err("rip: %04lx:%016lx  rflags: %016lx", r->cs, r->rip, r->rflags);
	log_err("rax: %016lx  rbx: %016lx  rcx: %016lx", r->rax, r->rbx, r->rcx);
	log_err("rdx: %016lx  rsi: %016lx  rdi: %016lx", r->rdx, r->rsi, r->rdi);
	log_err("rbp: %016lx  rsp: %016lx  r8:  %016lx", r->rbp, r->rsp, r->r8);
	log_err("r9:  %016lx  r10: %016lx  r11: %016lx", r->r9, r->r10, r->r11);
	log_err("r12: %016lx  r13: %016lx  r14: %016lx", r->r12, r->r13, r->r14);
	log_err("r15: %016lx  cr2: %016lx  cr3: %016lx", r->r15, v->pv.cr2, mfn_x(v->pv.kernel_l4) << PAGE_SHIFT);
	log_err("error code: %#x  vector: %#x  upcall mask: %u pending: %u", r->error_code, r->vector,
		v->info->evtchn_upcall_mask, v->info->evtchn_upcall_pending);
	dump_stack(v);
}

void domain_dump(struct domain *d)
{
	struct vcpu *v;
	u32 i;

	log_info("domain %u: refs %u dying %d pause_count %u pages %lu of %lu, shared %lu, shutdown %d code %#x", d->id,
		 d->refs, d->dying, d->pause_count, d->tot_pages, d->max_pages, d->shared_pages, d->is_shut_down,
		 d->shutdown_code);
	for_each_vcpu(d, v, i)
		log_info("  vCPU %u: CPU %u running %d flags %#x pauses %u rip %#lx upcall pending %u mask %u", v->id,
			 v->processor, v->is_running, v->pause_flags, v->pause_count, v->regs.rip,
			 v->info->evtchn_upcall_pending, v->info->evtchn_upcall_mask);
}

static bool dump_domain(struct domain *d, void *arg)
{
	domain_dump(d);
	return true;
}

static bool dump_events(struct domain *d, void *arg)
{
	event_dump(d);
	return true;
}

static bool dump_grants(struct domain *d, void *arg)
{
	grant_dump(d);
	return true;
}

static bool dump_vcpus(struct domain *d, void *arg)
{
	struct vcpu *v;
	u32 i;

	for_each_vcpu(d, v, i)
		vcpu_dump_registers(v);
	return true;
}

static void key_domains(u8 key)
{
	domain_each(0, key == 'q' ? dump_domain : key == 'e' ? dump_events : key == 'g' ? dump_grants : dump_vcpus,
		    NULL);
}

static bool dump_memory_of(struct domain *d, void *arg)
{
	if (d->max_pages == ~0ul)
		log_info("  domain %u: %lu KiB, no limit", d->id, d->tot_pages << 2);
	else
		log_info("  domain %u: %lu KiB of at most %lu KiB", d->id, d->tot_pages << 2, d->max_pages << 2);
	return true;
}

static void key_memory(u8 key)
{
	memory_dump();
	domain_each(0, dump_memory_of, NULL);
}

static void key_frames(u8 key)
{
	frame_dump();
}

static void key_run_queues(u8 key)
{
	sched_dump();
}

void domain_dump_init(void)
{
	keyhandler_register('m', key_memory, "memory");
	keyhandler_register('f', key_frames, "frames by use and type");
	keyhandler_register('r', key_run_queues, "run queues");
	keyhandler_register('q', key_domains, "domains and their vCPUs");
	keyhandler_register('e', key_domains, "event channels");
	keyhandler_register('g', key_domains, "grant tables");
	keyhandler_register('0', key_domains, "registers of all vCPUs");
}
