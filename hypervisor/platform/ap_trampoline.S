/* SPDX-License-Identifier: MIT */
/*
 * From real mode to the hypervisor's C on another processor. The page may stand anywhere below 1 MiB: CS
 * holds it, addresses are distances from its start, and the far jumps' targets are patched with the base.
 */
#include "platform/ap_trampoline.h"

#define OFF(label)	((label) - ap_trampoline_start)

	.section .rodata, "a"
	.global ap_trampoline_start, ap_trampoline_end
	.balign 16
	.code16
ap_trampoline_start:
	cli
	cld
	mov	%cs, %ax
	mov	%ax, %ds
	movl	$1, AP_PARAM_ALIVE
	movzwl	%ax, %ebx
	shl	$4, %ebx			/* the page's address */

	lea	OFF(ap_gdt)(%ebx), %eax
	mov	%eax, OFF(ap_gdt_ptr) + 2
	lea	OFF(ap_32)(%ebx), %eax
	mov	%eax, OFF(ap_jump_32)
	lea	OFF(ap_64)(%ebx), %eax
	mov	%eax, OFF(ap_jump_64)
	lgdtl	OFF(ap_gdt_ptr)
	mov	$0x11, %eax			/* PE, ET */
	mov	%eax, %cr0
	ljmpl	*OFF(ap_jump_32)

	.code32
ap_32:
	mov	$0x10, %eax
	mov	%eax, %ds
	mov	%eax, %ss
	mov	$0x20, %eax			/* PAE */
	mov	%eax, %cr4
	mov	AP_PARAM_CR3(%ebx), %eax
	mov	%eax, %cr3
	mov	$0xc0000080, %ecx		/* EFER: LME, NXE */
	rdmsr
	or	$0x900, %eax
	wrmsr
	mov	$0x80010033, %eax		/* PG WP NE ET MP PE */
	mov	%eax, %cr0
	ljmp	*OFF(ap_jump_64)(%ebx)

	.code64
ap_64:
	mov	$0x10, %eax
	mov	%eax, %ss
	mov	AP_PARAM_STACK(%rbx), %rsp
	mov	AP_PARAM_ENTRY(%rbx), %rax
	xor	%ebp, %ebp
	push	%rbp				/* a trace ends here */
	jmp	*%rax

	.balign 8
ap_gdt:
	.quad 0
	.quad 0x00cf9b000000ffff		/* 0x08: 32-bit code */
	.quad 0x00cf93000000ffff		/* 0x10: data */
	.quad 0x00af9b000000ffff		/* 0x18: 64-bit code */
ap_gdt_end:
ap_gdt_ptr:
	.short ap_gdt_end - ap_gdt - 1
	.long 0
	.balign 4
ap_jump_32:
	.long 0
	.short 0x08
	.balign 4
ap_jump_64:
	.long 0
	.short 0x18
	.balign 8
ap_trampoline_end:
