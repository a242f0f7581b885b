/* SPDX-License-Identifier: MIT */
/*
 * The boot CPU's stack across sleep. suspend_call() keeps the registers that C counts on and calls a function, which
 * puts the machine to sleep; waking, the trampoline jumps to suspend_wake, which returns to the caller in its place.
 */

	.text
	.global suspend_call, suspend_wake

suspend_call:				/* (function): 0 if it returned, 1 if the machine slept */
	push	%rbx
	push	%rbp
	push	%r12
	push	%r13
	push	%r14
	push	%r15
	mov	%rsp, suspend_stack(%rip)
	sub	$8, %rsp		/* a call aligns to 16 */
	call	*%rdi
	xor	%eax, %eax
	jmp	1f

suspend_wake:
	mov	$1, %eax
1:	mov	suspend_stack(%rip), %rsp
	pop	%r15
	pop	%r14
	pop	%r13
	pop	%r12
	pop	%rbp
	pop	%rbx
	ret
