/* SPDX-License-Identifier: MIT */
/*
 * Numbers of the model-specific registers that the hypervisor itself uses, with their bits (SDM 4, APM 2 A).
 */
#ifndef X86_MSR_H
#define X86_MSR_H

#define MSR_TSC			0x10u
#define MSR_APIC_BASE		0x1bu
#define   APIC_BASE_BSP		(1u << 8)
#define   APIC_BASE_X2APIC	(1u << 10)
#define   APIC_BASE_ENABLE	(1u << 11)
#define MSR_FEATURE_CONTROL	0x3au
#define MSR_TSC_ADJUST		0x3bu
#define MSR_SPEC_CTRL		0x48u
#define MSR_PRED_CMD		0x49u
#define MSR_UCODE_REV		0x8bu
#define MSR_PLATFORM_INFO	0xceu
#define MSR_ARCH_CAPABILITIES	0x10au
#define MSR_SYSENTER_CS		0x174u
#define MSR_SYSENTER_ESP	0x175u
#define MSR_SYSENTER_EIP	0x176u
#define MSR_MCG_CAP		0x179u
#define   MCG_CAP_BANKS		0xffu
#define   MCG_CAP_CTL		(1u << 8)
#define MSR_MCG_STATUS		0x17au
#define   MCG_STATUS_RIPV	(1u << 0)
#define   MCG_STATUS_EIPV	(1u << 1)
#define   MCG_STATUS_MCIP	(1u << 2)
#define MSR_MCG_CTL		0x17bu
#define MSR_MISC_ENABLE		0x1a0u
#define   MISC_ENABLE_LIMIT_CPUID (1ul << 22)
#define   MISC_ENABLE_XD_DISABLE (1ul << 34)
#define MSR_DEBUGCTL		0x1d9u
#define MSR_MTRR_CAP		0xfeu
#define MSR_MTRR_PHYSBASE(n)	(0x200u + 2 * (n))
#define MSR_MTRR_PHYSMASK(n)	(0x201u + 2 * (n))
#define MSR_MTRR_DEF_TYPE	0x2ffu
#define MSR_PAT			0x277u
#define MSR_MC_CTL(bank)	(0x400u + 4 * (bank))
#define MSR_MC_STATUS(bank)	(0x401u + 4 * (bank))
#define MSR_MC_ADDR(bank)	(0x402u + 4 * (bank))
#define MSR_MC_MISC(bank)	(0x403u + 4 * (bank))
#define   MC_STATUS_VALID	(1ul << 63)
#define   MC_STATUS_OVERFLOW	(1ul << 62)
#define   MC_STATUS_UC		(1ul << 61)
#define   MC_STATUS_MISCV	(1ul << 59)
#define   MC_STATUS_ADDRV	(1ul << 58)
#define   MC_STATUS_PCC		(1ul << 57)
#define MSR_TSC_DEADLINE	0x6e0u
#define MSR_X2APIC(reg)		(0x800u + ((reg) >> 4))
#define MSR_XSS			0xda0u
#define MSR_EFER		0xc0000080u
#define   EFER_SCE		(1ul << 0)
#define   EFER_LME		(1ul << 8)
#define   EFER_LMA		(1ul << 10)
#define   EFER_NXE		(1ul << 11)
#define   EFER_SVME		(1ul << 12)
#define   EFER_LMSLE		(1ul << 13)
#define   EFER_FFXSR		(1ul << 14)
#define MSR_STAR		0xc0000081u
#define MSR_LSTAR		0xc0000082u
#define MSR_CSTAR		0xc0000083u
#define MSR_SFMASK		0xc0000084u
#define MSR_FS_BASE		0xc0000100u
#define MSR_GS_BASE		0xc0000101u
#define MSR_KERNEL_GS_BASE	0xc0000102u
#define MSR_TSC_AUX		0xc0000103u
#define MSR_SYSCFG		0xc0010010u
#define MSR_HWCR		0xc0010015u
#define MSR_INT_PENDING		0xc0010055u
#define MSR_PSTATE_DEF0		0xc0010064u
#define MSR_VM_CR		0xc0010114u
#define MSR_OSVW_ID_LENGTH	0xc0010140u

#define CR0_PE			(1ul << 0)
#define CR0_MP			(1ul << 1)
#define CR0_EM			(1ul << 2)
#define CR0_TS			(1ul << 3)
#define CR0_ET			(1ul << 4)
#define CR0_NE			(1ul << 5)
#define CR0_WP			(1ul << 16)
#define CR0_AM			(1ul << 18)
#define CR0_NW			(1ul << 29)
#define CR0_CD			(1ul << 30)
#define CR0_PG			(1ul << 31)

#define CR4_VME			(1ul << 0)
#define CR4_PVI			(1ul << 1)
#define CR4_TSD			(1ul << 2)
#define CR4_DE			(1ul << 3)
#define CR4_PSE			(1ul << 4)
#define CR4_PAE			(1ul << 5)
#define CR4_MCE			(1ul << 6)
#define CR4_PGE			(1ul << 7)
#define CR4_PCE			(1ul << 8)
#define CR4_OSFXSR		(1ul << 9)
#define CR4_OSXMMEXCPT		(1ul << 10)
#define CR4_UMIP		(1ul << 11)
#define CR4_LA57		(1ul << 12)
#define CR4_VMXE		(1ul << 13)
#define CR4_FSGSBASE		(1ul << 16)
#define CR4_PCIDE		(1ul << 17)
#define CR4_OSXSAVE		(1ul << 18)
#define CR4_SMEP		(1ul << 20)
#define CR4_SMAP		(1ul << 21)
#define CR4_PKE			(1ul << 22)
#define CR4_CET			(1ul << 23)

/*
 * What the hypervisor programs into IA32_PAT: WB WT UC- UC WC WP UC UC, the published layout of the PV ABI.
 */
#define PAT_HYPERVISOR		0x050100070406ul

#endif
