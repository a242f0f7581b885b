/* SPDX-License-Identifier: MIT */
/*
 * From the loader to C on the boot CPU. Entered in 32-bit protected mode without paging, EAX = multiboot
 * magic (1 or 2), EBX = address of the loader's information. The image stands anywhere below 4 GiB at 2 MiB
 * alignment, so this code finds its place first and adds it to everything.
 *
 * Boot page tables, all with 2 MiB pages, readable, writable and executable until mm_init() builds the real
 * ones:
 *
 *   slot 0             identity of the first 4 GiB
 *   DIRECTMAP_SLOT     the same tables again
 *   IMAGE_SLOT         the image, at the address it is linked for
 */
#include "mm/layout.h"

#define MB1_MAGIC	0x1badb002
#define MB1_FLAGS	0x00000003	/* modules page aligned; memory map wanted */
#define MB1_LOADED	0x2badb002
#define MB2_MAGIC	0xe85250d6
#define MB2_LOADED	0x36d76289

#define PTE_TABLE	0x007		/* present, writable, user (rights are in the last level) */
#define PTE_2M		0x0e3		/* present, writable, accessed, dirty, large */

	.section .head, "ax"
	.code32
head_start:
	.balign 4
	.long MB1_MAGIC
	.long MB1_FLAGS
	.long -(MB1_MAGIC + MB1_FLAGS)

	.balign 8
mb2_header:
	.long MB2_MAGIC
	.long 0						/* i386 */
	.long mb2_header_end - mb2_header
	.long -(MB2_MAGIC + (mb2_header_end - mb2_header))

	.balign 8
/* Optional: we live without any of them but the map. */
mb2_requests:
	.short 1, 1
	.long mb2_requests_end - mb2_requests
	.long 1, 2, 3, 4, 6, 8, 12, 14, 15, 17, 21
mb2_requests_end:
	.balign 8					/* modules page aligned */
	.short 6, 1
	.long 8
	.balign 8					/* consoles: EGA text is fine, none is required */
	.short 4, 1
	.long 12
	.long 2
	.balign 8					/* framebuffer: no preference */
	.short 5, 1
	.long 20
	.long 0, 0, 0
	.balign 8					/* relocatable: 2 MiB to 4 GiB, as low as possible */
	.short 10, 1
	.long 24
	.long 0x200000, 0xffffffff, 0x200000, 1
	.balign 8
	.short 0, 0
	.long 8
mb2_header_end:
	.global boot_headers_end
boot_headers_end:

	.global boot_entry
boot_entry:
	cli
	cld
	cmp	$MB1_LOADED, %eax
	je	1f
	cmp	$MB2_LOADED, %eax
	jne	boot_stop
1:
	/*
	 * Where are we? The information's first word serves as a stack of one entry, and gets its value
	 * back.
	 */
	lea	4(%ebx), %esp
	mov	(%ebx), %edx
	call	2f
2:	pop	%ebp
	mov	%edx, (%ebx)
	sub	$(2b - head_start), %ebp
	lea	off_boot_stack_top(%ebp), %esp
	mov	%eax, %edi

	/* Long mode and NX, or a message. EBX is the information's address: keep it over CPUID. */
	mov	%ebx, %esi
	mov	$0x80000000, %eax
	cpuid
	cmp	$0x80000001, %eax
	jb	boot_unfit
	mov	$0x80000001, %eax
	cpuid
	mov	%esi, %ebx
	bt	$29, %edx
	jnc	boot_unfit
	bt	$20, %edx
	jnc	boot_unfit

	/* Level 2: four tables in a row map the first 4 GiB. */
	lea	off_boot_l2(%ebp), %eax
	xor	%ecx, %ecx
	mov	$PTE_2M, %edx
3:	mov	%edx, (%eax, %ecx, 8)
	movl	$0, 4(%eax, %ecx, 8)
	add	$0x200000, %edx
	inc	%ecx
	cmp	$2048, %ecx
	jb	3b
	lea	PTE_TABLE(%eax), %edx
	lea	off_boot_l3(%ebp), %eax
	xor	%ecx, %ecx
4:	mov	%edx, (%eax, %ecx, 8)
	add	$0x1000, %edx
	inc	%ecx
	cmp	$4, %ecx
	jb	4b

	/* The image's window. */
	lea	off_boot_image_l2(%ebp), %eax
	xor	%ecx, %ecx
	lea	PTE_2M(%ebp), %edx
5:	mov	%edx, (%eax, %ecx, 8)
	add	$0x200000, %edx
	inc	%ecx
	cmp	$(IMAGE_VIRT_SIZE >> 21), %ecx
	jb	5b
	lea	off_boot_image_l3(%ebp), %ecx
	lea	PTE_TABLE(%eax), %edx
	mov	%edx, (%ecx)

	lea	off_boot_l4(%ebp), %eax
	lea	off_boot_l3 + PTE_TABLE(%ebp), %edx
	mov	%edx, (%eax)
	mov	%edx, DIRECTMAP_SLOT * 8(%eax)
	lea	off_boot_image_l3 + PTE_TABLE(%ebp), %edx
	mov	%edx, IMAGE_SLOT * 8(%eax)

	/* Paging and long mode. */
	mov	%eax, %cr3
	mov	$0x20, %eax			/* CR4.PAE */
	mov	%eax, %cr4
	mov	$0xc0000080, %ecx		/* EFER: LME, NXE */
	rdmsr
	or	$0x900, %eax
	wrmsr
	mov	$0x80010033, %eax		/* CR0: PG WP NE ET MP PE */
	mov	%eax, %cr0

	lea	off_boot_gdt(%ebp), %eax
	lea	off_boot_gdt_ptr(%ebp), %ecx
	mov	%eax, 2(%ecx)
	lgdt	(%ecx)
	lea	(boot_64 - head_start)(%ebp), %eax
	push	$8
	push	%eax
	lret

	.code64
boot_64:
	movabs	$boot_high, %rax
	jmp	*%rax

/* Nothing to say it with that surely exists: the serial port and the text screen get one line each. */
	.code32
boot_unfit:
	lea	(boot_unfit_text - head_start)(%ebp), %esi
	mov	$0xb8000, %edi
6:	mov	(%esi), %al
	test	%al, %al
	jz	boot_stop
	mov	$0x3f8, %dx
	out	%al, (%dx)
	mov	%al, (%edi)
	movb	$0x0f, 1(%edi)
	add	$2, %edi
	inc	%esi
	jmp	6b
boot_stop:
	hlt
	jmp	boot_stop
boot_unfit_text:
	.asciz "Xen needs a 64-bit processor with NX (switched on in the firmware's setup).\r\n"

	.section .text
	.code64
boot_high:
	lgdt	boot_gdt_high_ptr(%rip)
	mov	$0x10, %eax
	mov	%eax, %ss
	mov	%eax, %ds
	mov	%eax, %es
	/* struct cpu_local is on top: 256 bytes leave room; C fills it in. */
	lea	boot_stack + 32768 - 256(%rip), %rsp
	mov	%edi, %edi
	mov	%ebx, %esi
	mov	%ebp, %edx
	xor	%ebp, %ebp
	push	%rbp				/* a trace ends here */
	call	boot_main
	ud2

	.section .init.data, "aw"
	.balign 8
boot_gdt:
	.quad 0
	.quad 0x00af9b000000ffff
	.quad 0x00cf93000000ffff
boot_gdt_end:
	.global boot_gdt, boot_gdt_ptr
boot_gdt_ptr:
	.short boot_gdt_end - boot_gdt - 1
	.long 0
	.balign 8
boot_gdt_high_ptr:
	.short boot_gdt_end - boot_gdt - 1
	.quad boot_gdt

	.balign 4096
	.global boot_l4, boot_l3, boot_l2, boot_image_l3, boot_image_l2
boot_l4:
	.fill 4096, 1, 0
boot_l3:
	.fill 4096, 1, 0
boot_l2:
	.fill 4 * 4096, 1, 0
boot_image_l3:
	.fill 4096, 1, 0
boot_image_l2:
	.fill 4096, 1, 0

	.section .bss.boot_stack, "aw", @nobits
	.balign 32768
	.global boot_stack
boot_stack:
	.skip 32768
