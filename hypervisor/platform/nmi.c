/* SPDX-License-Identifier: MIT */
/*
 * What an NMI means is asked of port 0x61 (memory parity or a device error); another CPU's panic uses it to
 * stop us. A machine check that processor state does not survive ends the machine with its banks printed;
 * others are cleared, counted and reported.
 */
#include "platform/nmi.h"

#include "core/console.h"
#include "core/ipi.h"
#include "core/keyhandler.h"
#include "core/log.h"
#include "core/panic.h"
#include "core/softirq.h"
#include "lib/errno.h"
#include "lib/string.h"
#include "x86/cpu_ops.h"
#include "x86/features.h"

#define PORT_REASON	0x61
#define   REASON_SERR	0x80
#define   REASON_IOCHK	0x40
#define   CLEAR_SERR	0x04
#define   CLEAR_IOCHK	0x08

enum nmi_action { NMI_DOM0, NMI_IGNORE, NMI_FATAL };

static enum nmi_action action = NMI_DOM0;
/* Atomic counts; the softirq says what is new. */
static u32 count_serr, count_iochk, count_unknown, count_mce;
static u32 told_serr, told_iochk, told_unknown, told_mce;

void (*nmi_dom0_hook)(void);

static void nmi_report(u32 count, u32 *told, const char *what)
{
	u32 now = atomic_read(&count);

	if (now == *told)
		return;
	log_err("NMI: %s, %u so far", what, now);
	*told = now;
	if (action == NMI_FATAL)
		panic("NMI: %s (nmi=fatal)", what);
	if (action == NMI_DOM0 && nmi_dom0_hook)
		nmi_dom0_hook();
}

static void nmi_softirq(void)
{
	nmi_report(count_serr, &told_serr, "PCI system error or memory parity error");
	nmi_report(count_iochk, &told_iochk, "I/O check error");
	nmi_report(count_unknown, &told_unknown, "no known reason");
	if (told_mce != count_mce) {
		told_mce = count_mce;
		log_err("Machine check: corrected or contained errors, %u so far", told_mce);
	}
}

void nmi_interrupt(struct regs *regs)
{
	u8 reason;

	if (ipi_stop_requested())
		for (;;)
			hlt();
	if (this_cpu() == 0) {
		reason = inb(PORT_REASON);
		if (reason & REASON_SERR) {
			atomic_inc(&count_serr);
			outb(PORT_REASON, (reason & 0xf) | CLEAR_SERR);
		}
		if (reason & REASON_IOCHK) {
			atomic_inc(&count_iochk);
			outb(PORT_REASON, (reason & 0xf) | CLEAR_IOCHK);
		}
		if (!(reason & (REASON_SERR | REASON_IOCHK)))
			atomic_inc(&count_unknown);
	} else {
		atomic_inc(&count_unknown);
	}
	if (action != NMI_IGNORE)
		softirq_raise(SOFTIRQ_NMI);
}

/* 0 where there are no registers, whatever CPUID says: emulators are not always of one mind with themselves. */
static u64 mce_capabilities(void)
{
	u64 cap;

	return cpu_features.mca && !rdmsr_safe(MSR_MCG_CAP, &cap) ? cap : 0;
}

static u32 mce_bank_count(void)
{
	return mce_capabilities() & MCG_CAP_BANKS;
}

/* Switches all banks on and forgets what they held: it belongs to the time before us. */
void mce_init_cpu(void)
{
	u32 banks = mce_bank_count();

	if (!banks || !cpu_features.mce)
		return;
	if ((mce_capabilities() & MCG_CAP_CTL) && wrmsr_safe(MSR_MCG_CTL, ~0ul))
		log_debug("CPU%u: machine checks cannot be switched on together", this_cpu());
	for (u32 i = 0; i < banks; i++)
		if (wrmsr_safe(MSR_MC_CTL(i), ~0ul) || wrmsr_safe(MSR_MC_STATUS(i), 0))
			log_debug("CPU%u: machine check bank %u cannot be programmed", this_cpu(), i);
}

static void mce_print_bank(u32 bank, u64 status)
{
	u64 address = 0, misc = 0;

	if ((status & MC_STATUS_ADDRV) && rdmsr_safe(MSR_MC_ADDR(bank), &address))
		address = 0;
	if ((status & MC_STATUS_MISCV) && rdmsr_safe(MSR_MC_MISC(bank), &misc))
		misc = 0;
	log_err("Machine check: CPU %u, bank %u: status %016lx, address %016lx, misc %016lx", this_cpu(),
		bank, status,
		address, misc);
}

void machine_check_interrupt(struct regs *regs)
{
	u64 global, status;
	bool known = cpu_features.mca && !rdmsr_safe(MSR_MCG_STATUS, &global);
	bool fatal = !known || !(global & MCG_STATUS_RIPV);

	for (u32 i = 0; i < mce_bank_count(); i++)
		if (!rdmsr_safe(MSR_MC_STATUS(i), &status) && (status & MC_STATUS_VALID))
			fatal |= (status & (MC_STATUS_PCC | MC_STATUS_UC)) != 0;
	if (fatal) {
		console_enter_panic();
		for (u32 i = 0; i < mce_bank_count(); i++)
			if (!rdmsr_safe(MSR_MC_STATUS(i), &status) && (status & MC_STATUS_VALID))
				mce_print_bank(i, status);
		panic_regs(regs, "Machine check: fatal hardware error, says the processor (%#lx)", known ? global : 0);
	}
	for (u32 i = 0; i < mce_bank_count(); i++)
		if (wrmsr_safe(MSR_MC_STATUS(i), 0))
			continue;
	wrmsr(MSR_MCG_STATUS, 0);
	atomic_inc(&count_mce);
	softirq_raise(SOFTIRQ_NMI);
}

static void key_nmi(u8 key)
{
	log_info("NMIs: system error %u, I/O check %u, unknown %u; machine checks survived: %u", count_serr,
		 count_iochk,
		 count_unknown, count_mce);
}

void nmi_init(void)
{
	softirq_register(SOFTIRQ_NMI, nmi_softirq);
	keyhandler_register('N', key_nmi, "NMI and machine check counts");
}

static int param_nmi(const char *value)
{
	static const char *const names[] = { [NMI_DOM0] = "dom0", [NMI_IGNORE] = "ignore",
					    [NMI_FATAL] = "fatal" };

	for (u32 i = 0; value && i < ARRAY_SIZE(names); i++)
		if (!strcmp(value, names[i])) {
			action = i;
			return 0;
		}
	return -EINVAL;
}

const struct param nmi_params[] = {
	{ "nmi", "hardware NMIs: dom0, ignore or fatal", param_nmi },
	{ 0 },
};
