/* SPDX-License-Identifier: MIT */
/*
 * int copy_raw(void *to, const void *from, size_t len)
 *
 * Copies where either side may be a guest's memory that is not there: 0, or -EFAULT from any of the instructions
 * listed in the exception table. Small structures go word by word, long ones by string instruction.
 */
#include "x86/extable.h"

#define EFAULT	14

	.section .text
	.globl copy_raw
	.type copy_raw, @function
	.balign 16
copy_raw:
	cmp	$128, %rdx
	ja	.Llong
	sub	$8, %rdx
	jb	.Ltail
.Lwords:
1:	mov	(%rsi), %rax
2:	mov	%rax, (%rdi)
	add	$8, %rsi
	add	$8, %rdi
	sub	$8, %rdx
	jae	.Lwords
.Ltail:
	add	$8, %rdx
	jz	.Ldone
.Lbytes:
3:	movb	(%rsi), %al
4:	movb	%al, (%rdi)
	inc	%rsi
	inc	%rdi
	dec	%rdx
	jnz	.Lbytes
.Ldone:
	xor	%eax, %eax
	ret
.Llong:
	mov	%rdx, %rcx
	shr	$3, %rcx
5:	rep movsq
	mov	%edx, %ecx
	and	$7, %ecx
6:	rep movsb
	xor	%eax, %eax
	ret
.Lfault:
	mov	$-EFAULT, %eax
	ret
	.size copy_raw, . - copy_raw

	EXTABLE 1b, .Lfault, EXTABLE_PLAIN
	EXTABLE 2b, .Lfault, EXTABLE_PLAIN
	EXTABLE 3b, .Lfault, EXTABLE_PLAIN
	EXTABLE 4b, .Lfault, EXTABLE_PLAIN
	EXTABLE 5b, .Lfault, EXTABLE_PLAIN
	EXTABLE 6b, .Lfault, EXTABLE_PLAIN

	.section .note.GNU-stack, "", @progbits
