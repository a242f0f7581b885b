/* SPDX-License-Identifier: MIT */
/*
 * Handlers that do next to nothing, so that what is measured is the way in and out. At entry the stack
 * holds, from the top: rcx r11 [error code] rip cs rflags rsp ss. The iret hypercall wants one more word
 * in front of rip.
 */
#define IRET	hypercall_page + 23 * 32

	.text
/* A system call: rcx and r11 need not come back. */
	.globl lean_syscall
lean_syscall:
	pop	%rcx
	pop	%r11
	push	$0x100
	jmp	IRET

/* A page fault by an instruction of two bytes: go on behind it. */
	.globl lean_fault
lean_fault:
	pop	%rcx
	pop	%r11
	add	$8, %rsp
	addq	$2, (%rsp)
	push	$0
	jmp	IRET

/* The same without an error code: ud2. */
	.globl lean_skip2
lean_skip2:
	pop	%rcx
	pop	%r11
	addq	$2, (%rsp)
	push	$0
	jmp	IRET

/* int3, which is reported behind itself. */
	.globl lean_plain
lean_plain:
	pop	%rcx
	pop	%r11
	push	$0
	jmp	IRET

/* An event of the one port: note the time, clear its three bits, go back. */
	.globl lean_event
lean_event:
	push	%rax
	push	%rdx
	rdtsc
	shl	$32, %rdx
	or	%rax, %rdx
	mov	%rdx, event_entered(%rip)
	mov	event_info(%rip), %rax
	movb	$0, (%rax)			/* evtchn_upcall_pending */
	movq	$0, 8(%rax)			/* evtchn_pending_sel */
	mov	event_word(%rip), %rax
	mov	event_bit(%rip), %rdx
	lock btr %rdx, (%rax)
	pop	%rdx
	pop	%rax
	pop	%rcx
	pop	%r11
	push	$0
	jmp	IRET

	.bss
	.balign	8
	.globl event_entered, event_word, event_bit, event_info
event_entered:
	.quad	0
event_word:
	.quad	0
event_bit:
	.quad	0
event_info:
	.quad	0

	.section .note.GNU-stack, "", @progbits
