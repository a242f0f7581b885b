/* SPDX-License-Identifier: MIT */
/*
 * The flat image inside a 32-bit ELF file, the only kind that QEMU's multiboot loader takes. wrap.lds
 * places it.
 */
	.section .image, "awx"
	.incbin IMAGE
	.section .note.GNU-stack, "", @progbits
