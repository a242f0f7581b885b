/* SPDX-License-Identifier: MIT */
/*
 * Every way in. Each saves the registers as a struct regs, finds the CPU's stack and calls C; the one way out to a
 * guest, guest_return, restores them. Nothing is decided here but how to return.
 *
 * From a guest the frame lands in struct vcpu itself: the TSS's RSP0 (and for SYSCALL the stub) points right above
 * vcpu->regs, where vcpu->hv_stack stands:
 *
 *	hv_stack   <- stack of the CPU, loaded after the registers are saved
 *	ss ... rip    pushed by the processor
 *	vector:error  one word
 *	rdi ... r15   <- %rsp when the registers are saved, and the argument of the C function
 *	landing       a fault of the final IRET pushes its frame here (below)
 *
 * From inside the hypervisor everything stays on the current stack.
 */
#include "entry/offsets.h"

	.section .text

.macro SAVE_GPRS
	push	%rdi
	push	%rsi
	push	%rdx
	push	%rcx
	push	%rax
	push	%r8
	push	%r9
	push	%r10
	push	%r11
	push	%rbx
	push	%rbp
	push	%r12
	push	%r13
	push	%r14
	push	%r15
.endm

/* The registers that C keeps for its caller, then those that it does not. */
.macro RESTORE_KEPT
	pop	%r15
	pop	%r14
	pop	%r13
	pop	%r12
	pop	%rbp
	pop	%rbx
.endm

.macro RESTORE_LOST
	pop	%r11
	pop	%r10
	pop	%r9
	pop	%r8
	pop	%rax
	pop	%rcx
	pop	%rdx
	pop	%rsi
	pop	%rdi
.endm

.macro RESTORE_GPRS
	RESTORE_KEPT
	RESTORE_LOST
.endm

/* Out of the guest's flags: string direction, and SMAP's door, which a guest may have left open. */
.macro SANE_FLAGS
	cld
	cmpb	$0, entry_smap(%rip)
	je	.Lnosmap\@
	clac
.Lnosmap\@:
.endm

/* ---- exceptions and interrupts: one stub a vector ---- */

	.balign 16
stubs:
	.set vec, 0
	.rept 256
	.balign 16
	.if !(vec == 8 || (vec >= 10 && vec <= 14) || vec == 17 || vec == 21)
	push	$0
	.endif
	movl	$vec, 4(%rsp)
	.if vec == 1
	jmp	ist_debug
	.elseif vec == 2 || vec == 8 || vec == 18
	jmp	ist_common
	.else
	jmp	common
	.endif
	.set vec, vec + 1
	.endr

	.section .rodata
	.balign 8
	.globl entry_stubs
entry_stubs:
	.set vec, 0
	.rept 256
	.quad	stubs + vec * 16
	.set vec, vec + 1
	.endr

	.section .text
	.balign 16
common:
	SAVE_GPRS
	SANE_FLAGS
	mov	%rsp, %rdi
	testb	$3, REGS_cs(%rsp)
	jz	from_hypervisor
from_guest:
	mov	REGS_SIZE(%rdi), %rsp
	xor	%ebp, %ebp
	call	trap_from_guest
	test	%rax, %rax
	jnz	return_all
	jmp	guest_return

from_hypervisor:
	lea	guest_iret(%rip), %rax
	cmp	%rax, REGS_rip(%rsp)
	je	iret_fault
	call	trap_from_hypervisor
	RESTORE_GPRS
	add	$8, %rsp
	iretq

/*
 * The guest's frame was such that IRET refused it. The fault's own frame stands below vcpu->regs and holds the
 * general registers, which had been restored already; %rsp was &vcpu->regs.rip then.
 */
iret_fault:
	mov	REGS_rsp(%rsp), %rax
	mov	(REGS_SIZE - REGS_rip)(%rax), %rsp
	xor	%ebp, %ebp
	call	iret_fault_from_guest
	jmp	guest_return

/*
 * On a stack of their own, whatever they interrupt; inside the hypervisor the same way back. To a guest it is the one
 * way out: its frame may be one that IRET refuses by now, and there may be something to tell it. NMIs are blocked until
 * an IRET, so there is one on the way.
 */
ist_common:
	SAVE_GPRS
	SANE_FLAGS
	mov	%rsp, %rdi
	mov	%rsp, %rbx
	and	$-16, %rsp
	call	trap_on_own_stack
	testb	$3, REGS_cs(%rbx)
	jz	ist_return
	mov	%rbx, %rdi
	call	move_frame_to_vcpu
	mov	REGS_SIZE(%rax), %rsp
	xor	%ebp, %ebp
	mov	%rsp, %rax
	mov	%ss, %edx
	push	%rdx
	push	%rax
	pushfq
	mov	%cs, %edx
	push	%rdx
	lea	guest_return(%rip), %rdx
	push	%rdx
	iretq

ist_return:
	mov	%rbx, %rsp
	RESTORE_GPRS
	add	$8, %rsp
	iretq

/* #DB comes on its own stack too, since it may strike between SYSCALL and its stack; a guest's goes the normal way. */
ist_debug:
	SAVE_GPRS
	SANE_FLAGS
	mov	%rsp, %rdi
	testb	$3, REGS_cs(%rsp)
	jz	1f
	call	move_frame_to_vcpu
	mov	%rax, %rdi
	jmp	from_guest
1:	mov	%rsp, %rbx
	and	$-16, %rsp
	call	trap_on_own_stack
	jmp	ist_return

/* ---- SYSCALL: a stub a CPU, since nothing else tells which one it is ---- */

	.macro STUBS name, target
	.balign 32
	.globl \name
\name:
	.set cpu, 0
	.rept MAX_CPUS_ASM
	.balign 32
	mov	%rsp, syscall_slots + cpu * 16(%rip)
	mov	syscall_slots + cpu * 16 + 8(%rip), %rsp
	push	$SEL_GUEST_SS
	push	syscall_slots + cpu * 16(%rip)
	jmp	\target
	.set cpu, cpu + 1
	.endr
	.endm

	STUBS	syscall_stubs, syscall_entry
	STUBS	cstar_stubs, cstar_entry

	.balign 16
syscall_entry:
	push	%r11
	push	$SEL_GUEST_CS64
	push	%rcx
	push	$0
	movl	$REGS_VEC_SYSCALL_ASM, 4(%rsp)
	SAVE_GPRS
	mov	REGS_SIZE(%rsp), %rsp
	mov	%r10, %rcx			/* C's fourth argument; the other five stand where C has them */
	call	syscall_from_guest		/* &current->regs, interrupts off; or NULL if there is more to do */
	test	%rax, %rax
	jz	guest_return
	lea	REGS_r11(%rax), %rsp		/* what C keeps is the guest's still */
	jmp	return_rest

/* ---- the one way out; interrupts may be on ---- */

	.balign 16
	.globl guest_return
guest_return:
	call	exit_to_guest			/* decides; interrupts off; returns &current->regs */
return_all:
	mov	%rax, %rsp
	RESTORE_KEPT
return_rest:
	cmpl	$REGS_VEC_SYSCALL_ASM, REGS_vector - REGS_r11(%rsp)
	jne	1f
	/* SYSRET with a non-canonical address would fault in ring 0, on the guest's stack */
	mov	REGS_rip - REGS_r11(%rsp), %rcx
	mov	%rcx, %rdx
	shl	$16, %rdx
	sar	$16, %rdx
	cmp	%rcx, %rdx
	jne	1f
	mov	REGS_rflags - REGS_r11(%rsp), %r11
	add	$8, %rsp			/* r11: dead */
	pop	%r10
	pop	%r9
	pop	%r8
	pop	%rax
	pop	%rdx				/* rcx: dead */
	pop	%rdx
	pop	%rsi
	pop	%rdi
	mov	(REGS_rsp - REGS_vector_word)(%rsp), %rsp
	sysretq
1:	RESTORE_LOST
	add	$8, %rsp
	.globl guest_iret
guest_iret:
	iretq

	.balign 16
cstar_entry:
	push	%r11
	push	$SEL_GUEST_CS32
	push	%rcx
	push	$0
	movl	$REGS_VEC_SYSCALL32_ASM, 4(%rsp)
	SAVE_GPRS
	mov	REGS_SIZE(%rsp), %rsp
	xor	%ebp, %ebp
	call	syscall32_from_guest
	jmp	guest_return

/*
 * SYSENTER (Intel): the processor saved nothing, so the guest's handler learns nothing of rip and rsp; it keeps
 * its own convention. RSP is already the one above vcpu->regs (MSR_SYSENTER_ESP is set at each switch).
 */
	.globl sysenter_entry
	.balign 16
sysenter_entry:
	push	$SEL_GUEST_SS
	push	$0
	pushfq
	orl	$0x200, (%rsp)
	push	$2				/* TF and NT are still the guest's: not for us */
	popfq
	push	$3				/* a null selector of ring 3: "came by sysenter" */
	push	$0
	push	$0
	movl	$REGS_VEC_SYSENTER_ASM, 4(%rsp)
	SAVE_GPRS
	SANE_FLAGS
	mov	REGS_SIZE(%rsp), %rsp
	xor	%ebp, %ebp
	call	sysenter_from_guest
	jmp	guest_return

/* void stack_reset_and_jump(u64 stack, void (*fn)(void)): begins anew on an empty stack. */
	.globl stack_reset_and_jump
stack_reset_and_jump:
	mov	%rdi, %rsp
	xor	%ebp, %ebp
	push	$0
	jmp	*%rsi

	.section .bss
	.balign 64
	.globl syscall_slots
syscall_slots:
	.skip	MAX_CPUS_ASM * 16

	.section .note.GNU-stack, "", @progbits
