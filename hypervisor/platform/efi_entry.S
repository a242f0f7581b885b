/* SPDX-License-Identifier: MIT */
/*
 * Into the firmware, which has Microsoft's calling convention: four arguments in rcx, rdx, r8 and r9, the others on the
 * stack above 32 bytes of the callee's; rbx, rbp, rdi, rsi and r12 to r15 are its caller's. What comes back is trusted
 * with nothing: stack, flags and kept registers are our own.
 */

	.text
	.globl efi_enter, efi_abandon

efi_enter:				/* (function, args): what it returns */
	push	%rbx
	push	%rbp
	push	%r12
	push	%r13
	push	%r14
	push	%r15
	pushfq
	mov	%rsp, efi_stack(%rip)
	and	$-16, %rsp
	sub	$48, %rsp
	mov	%rdi, %rax
	mov	32(%rsi), %rcx
	mov	%rcx, 32(%rsp)
	mov	(%rsi), %rcx
	mov	8(%rsi), %rdx
	mov	16(%rsi), %r8
	mov	24(%rsi), %r9
	call	*%rax
	mov	efi_stack(%rip), %rsp
1:	popfq
	pop	%r15
	pop	%r14
	pop	%r13
	pop	%r12
	pop	%rbp
	pop	%rbx
	ret

efi_abandon:				/* where efi_recover() goes on, %rsp as above */
	mov	$7, %eax
	bts	$63, %rax		/* EFI_DEVICE_ERROR */
	jmp	1b

	.section .note.GNU-stack, "", @progbits
