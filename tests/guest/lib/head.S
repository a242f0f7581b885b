/* SPDX-License-Identifier: MIT */
/*
 * Ways into a test kernel: its ELF notes, its first instruction, and the stubs by which the hypervisor enters
 * it for traps, events, failed returns, syscalls and NMIs.
 *
 * At entry from the hypervisor the stack holds, from the top:
 *
 *	rcx  r11  [error code]  rip  cs  rflags  rsp  ss
 *
 * The stubs make a struct regs (guest.h) of it, call C, and go back by the iret hypercall, for which one more
 * word (flags, 0) is pushed in front of rip.
 */

#define NOTE(type, body...)				\
	.pushsection .note.Xen, "a", @note;		\
	.balign 4; .long 4, 3f - 2f, type; .asciz "Xen";	\
	2: body; 3: .balign 4; .popsection

	NOTE(6, .asciz "guest-test")		/* GUEST_OS */
	NOTE(5, .asciz "xen-3.0")		/* XEN_VERSION */
	NOTE(8, .asciz "generic")		/* LOADER */
	/* no ENTRY (1): then the ELF header's entry point holds, as Xen's own test framework has it */
	NOTE(2, .quad hypercall_page)		/* HYPERCALL_PAGE */
	NOTE(3, .quad 0)			/* VIRT_BASE */
	NOTE(4, .quad 0)			/* PADDR_OFFSET */
	NOTE(9, .asciz "yes")			/* PAE_MODE */
	NOTE(10, .asciz "!writable_page_tables|pae_pgdir_above_4gb")	/* FEATURES */
	NOTE(13, .quad 1, 1)			/* L1_MFN_VALID: mask and value of the present bit */
	NOTE(17, .long 1 << 11)			/* SUPPORTED_FEATURES: dom0 */

	.text
	.globl _start
_start:
	cld
	lea stack_top(%rip), %rsp
	xor %ebp, %ebp
	mov %rsi, %rdi
	call guest_main
	ud2

/* A second vCPU starts here with its own stack and its number in %rdi. */
	.globl vcpu_start
vcpu_start:
	cld
	xor %ebp, %ebp
	call vcpu_main
	ud2

	.balign 4096
	.globl hypercall_page
hypercall_page:
	.fill 4096, 1, 0x90

	.macro SAVE_REGS
	push %rax; push %rcx; push %rdx; push %rbx; push %rbp; push %rsi; push %rdi
	push %r8; push %r9; push %r10; push %r11; push %r12; push %r13; push %r14; push %r15
	.endm

	.macro LOAD_REGS
	pop %r15; pop %r14; pop %r13; pop %r12; pop %r11; pop %r10; pop %r9; pop %r8
	pop %rdi; pop %rsi; pop %rbp; pop %rbx; pop %rdx; pop %rcx; pop %rax
	.endm

	.macro STUB name, vector, has_error
	.globl \name
\name:
	pop %rcx
	pop %r11
	.if !\has_error
	push $0
	.endif
	push $\vector
	jmp common
	.endm

common:
	SAVE_REGS
	cld
	mov %rsp, %rdi
	mov %rsp, %rbx				/* kept over the call */
	and $-16, %rsp
	call trap_entry
	mov %rbx, %rsp
	.globl return_to_guest
return_to_guest:				/* %rsp points at a struct regs */
	LOAD_REGS
	add $16, %rsp				/* vector, error code */
	push $0
	jmp hypercall_page + 23 * 32

	/* Traps 0 to 19, by vector; which of them carry an error code is the architecture's choice. */
	.irp v, 0, 1, 2, 3, 4, 5, 6, 7, 9, 15, 16, 18, 19
	STUB trap_stub_\v, \v, 0
	.endr
	.irp v, 8, 10, 11, 12, 13, 14, 17
	STUB trap_stub_\v, \v, 1
	.endr
	STUB trap_stub_32, 32, 0		/* a gate for `int $n` from user mode */
	STUB trap_stub_128, 128, 0

	/* Pseudo vectors beyond 255: see guest.h. The failsafe frame has ds, es, fs, gs in front of it. */
	STUB event_stub, 0x100, 0
	STUB syscall_stub, 0x102, 0
	STUB syscall32_stub, 0x103, 0
	STUB nmi_stub, 0x104, 0
	STUB sysenter_stub, 0x105, 0
	.globl failsafe_stub
failsafe_stub:
	pop %rcx
	pop %r11
	add $32, %rsp				/* ds es fs gs */
	push $0
	push $0x101
	jmp common

	.section .rodata
	.globl trap_stubs
	.balign 8
trap_stubs:
	.irp v, 0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16, 17, 18, 19
	.if (\v < 15) || (\v > 15)
	.quad trap_stub_\v
	.else
	.quad 0
	.endif
	.endr

	.text
/* uint64_t hypercall_page_call(nr, a1, a2, a3, a4, a5): through the page that the hypervisor filled. */
	.globl hypercall_page_call
hypercall_page_call:
	mov %rdi, %rax
	mov %rsi, %rdi
	mov %rdx, %rsi
	mov %rcx, %rdx
	mov %r8, %r10
	mov %r9, %r8
	shl $5, %rax
	add $hypercall_page, %rax
	jmp *%rax

/* uint64_t hypercall_syscall(nr, a1, a2, a3, a4, a5): the bare instruction. */
	.globl hypercall_syscall
hypercall_syscall:
	mov %rdi, %rax
	mov %rsi, %rdi
	mov %rdx, %rsi
	mov %rcx, %rdx
	mov %r8, %r10
	mov %r9, %r8
	syscall
	ret

/*
 * void user_enter(rip, rsp, cs, ss, rflags, rdi): saves where we are, then goes to user mode. user_leave, called
 * in kernel mode by the trap code, comes back here.
 */
	.globl user_enter, user_leave
user_enter:
	push %rbx; push %rbp; push %r12; push %r13; push %r14; push %r15
	mov %rsp, user_saved_rsp(%rip)
	push %rcx				/* ss */
	push %rsi				/* rsp */
	push %r8				/* rflags */
	push %rdx				/* cs */
	push %rdi				/* rip */
	mov %r9, %rdi
	xor %eax, %eax
	push $0
	jmp hypercall_page + 23 * 32
user_leave:
	mov user_saved_rsp(%rip), %rsp
	pop %r15; pop %r14; pop %r13; pop %r12; pop %rbp; pop %rbx
	ret

	.bss
user_saved_rsp:
	.quad 0
	.balign 4096
	.skip 32768
	.globl stack_top
stack_top:
	.skip 16384				/* the stack for entries from user mode */
	.globl kernel_stack_top
kernel_stack_top:
	.skip 16384
	.globl user_stack_top
user_stack_top:
	.skip 64

	.section .note.GNU-stack, "", @progbits
