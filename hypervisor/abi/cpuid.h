/* SPDX-License-Identifier: MIT */
/* The CPUID leaves in which a guest recognises the hypervisor, from XEN_CPUID_FIRST_LEAF. */
#ifndef ABI_CPUID_H
#define ABI_CPUID_H

#define XEN_CPUID_FIRST_LEAF		0x40000000
#define XEN_CPUID_LEAF(i)		(XEN_CPUID_FIRST_LEAF + (i))

/* Leaf 0: highest leaf in eax, "XenVMMXenVMM" in ebx, ecx, edx. */
#define XEN_CPUID_SIGNATURE_EBX		0x566e6558	/* "XenV" */
#define XEN_CPUID_SIGNATURE_ECX		0x65584d4d	/* "MMXe" */
#define XEN_CPUID_SIGNATURE_EDX		0x4d4d566e	/* "nVMM" */

/* Leaf 2: number of hypercall pages, base of the hypercall MSRs, features 1 and 2. */
#define _XEN_CPUID_FEAT1_MMU_PT_UPDATE_PRESERVE_AD	0
#define XEN_CPUID_FEAT1_MMU_PT_UPDATE_PRESERVE_AD	(1u << 0)

/* Leaf 4 (HVM): eax; vCPU id in ebx, domain id in ecx. */
#define XEN_HVM_CPUID_APIC_ACCESS_VIRT	(1u << 0)
#define XEN_HVM_CPUID_X2APIC_VIRT	(1u << 1)
#define XEN_HVM_CPUID_IOMMU_MAPPINGS	(1u << 2)
#define XEN_HVM_CPUID_VCPU_ID_PRESENT	(1u << 3)
#define XEN_HVM_CPUID_DOMID_PRESENT	(1u << 4)
#define XEN_HVM_CPUID_EXT_DEST_ID	(1u << 5)
#define XEN_HVM_CPUID_UPCALL_VECTOR	(1u << 6)

/* Leaf 5 (PV), subleaf 0, ebx: width of machine addresses. */
#define XEN_CPUID_MACHINE_ADDRESS_WIDTH_MASK	(0xffu << 0)

#define XEN_CPUID_MAX_NUM_LEAVES	5

#endif
