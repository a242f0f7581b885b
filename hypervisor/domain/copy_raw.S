/* SPDX-License-Identifier: MIT */
/*
 * int copy_raw(void *to, const void *from, size_t len)
 *
 * Copies where either side may be a guest's memory that is not there: 0, or -EFAULT from any of the instructions listed
 * in the exception table. Up to 16 whole words go by a jump into a row of moves, 8 bytes of code a word, the last word
 * first; anything else by string instruction. Hot: 10 instructions and 2 a word.
 */
#include "x86/extable.h"

#define EFAULT		14
#define MAX_WORDS	16

	.section .text
	.globl copy_raw
	.type copy_raw, @function
	.balign 16
copy_raw:
	cmp	$MAX_WORDS * 8, %rdx
	ja	.Llong
	test	$7, %dl
	jnz	.Llong
	lea	copy_words_end(%rip), %rax
	sub	%rdx, %rax
	jmp	*%rax
	.set word, MAX_WORDS - 1
	.rept MAX_WORDS
3:	{disp8} mov	word * 8(%rsi), %rcx
4:	{disp8} mov	%rcx, word * 8(%rdi)
	EXTABLE 3b, .Lfault, EXTABLE_PLAIN
	EXTABLE 4b, .Lfault, EXTABLE_PLAIN
	.set word, word - 1
	.endr
	.globl copy_words_end
copy_words_end:
	xor	%eax, %eax
	ret
.Llong:
	mov	%rdx, %rcx
	shr	$3, %rcx
1:	rep movsq
	mov	%edx, %ecx
	and	$7, %ecx
2:	rep movsb
	xor	%eax, %eax
	ret
.Lfault:
	mov	$-EFAULT, %eax
	ret
	.size copy_raw, . - copy_raw

/* Sizes that the compiler knows have entries of their own: copy_words_end minus the bytes, and this. */
	.globl copy_four
	.balign 16
copy_four:
5:	mov	(%rsi), %ecx
6:	mov	%ecx, (%rdi)
	xor	%eax, %eax
	ret
	EXTABLE 5b, .Lfault, EXTABLE_PLAIN
	EXTABLE 6b, .Lfault, EXTABLE_PLAIN

	EXTABLE 1b, .Lfault, EXTABLE_PLAIN
	EXTABLE 2b, .Lfault, EXTABLE_PLAIN

	.section .note.GNU-stack, "", @progbits
