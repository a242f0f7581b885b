/* SPDX-License-Identifier: MIT */
/*
 * emul/: the decoder and emulator against the CPU that the tests run on, and against a table of encodings.
 *
 * Differential part: a random instruction is decoded, its effect computed on a copy of registers and memory;
 * then the same bytes run natively, with the same registers, over the same memory; registers, flags, memory
 * and the length must agree. Instructions that touch memory elsewhere than in the arena are passed over,
 * those that the decoder calls invalid must raise SIGILL. Privileged instructions cannot run here: they are
 * in the table.
 */
#include <setjmp.h>
#include <signal.h>
#include <stdint.h>
#include <sys/mman.h>

#include "unit.h"
#include "emul/emul.h"
#include "lib/errno.h"

#define ARENA_ADDR	0x10000000UL	/* memory that instructions may touch */
#define CODE_ADDR	0x10100000UL	/* near, for RIP-relative operands */
#define ARENA_SIZE	0x4000
#define TARGET		(ARENA_ADDR + ARENA_SIZE / 2)
#define FLAGS_TESTED	(RFLAGS_CF | RFLAGS_PF | RFLAGS_AF | RFLAGS_ZF | RFLAGS_SF | RFLAGS_OF | RFLAGS_DF)

static u8 *arena, *code;
static u8 before[ARENA_SIZE], expected[ARENA_SIZE];

/* Compatibility mode on Linux: its code and data selectors, and those of 64-bit code to come back. */
#define USER32_CS	0x23
#define USER_DS		0x2b
#define USER_CS		0x33

/* What native_run() loads and stores; the assembly knows the layout of struct regs. */
struct regs native_regs;
u64 native_host_rsp;
struct {
	u32 offset;
	u16 selector;
} __packed native_entry;	/* as a far jump takes it */
static u8 mode = 8;		/* of the code that is tested: 8, or 4 for compatibility mode */

/*
 * Load all registers from native_regs, jump to native_entry; the code there ends with a jump to native_exit,
 * which stores them all.
 */
void native_run(void);
void native_exit(void);

__asm__ (
	".text\n"
	"native_run:\n"
	"	pushq %rbx; pushq %rbp; pushq %r12; pushq %r13; pushq %r14; pushq %r15\n"
	"	movq %rsp, native_host_rsp(%rip)\n"
	"	pushq native_regs+144(%rip)\n"
	"	leaq native_regs(%rip), %rsp\n"
	"	popq %r15; popq %r14; popq %r13; popq %r12; popq %rbp; popq %rbx\n"
	"	popq %r11; popq %r10; popq %r9; popq %r8\n"
	"	popq %rax; popq %rcx; popq %rdx; popq %rsi; popq %rdi\n"
	"	movq native_host_rsp(%rip), %rsp\n"
	"	subq $8, %rsp\n"
	"	popfq\n"
	"	movq native_regs+152(%rip), %rsp\n"
	"	ljmpl *native_entry(%rip)\n"
	"native_exit:\n"
	"	movq %rsp, native_regs+152(%rip)\n"
	"	movq native_host_rsp(%rip), %rsp\n"
	"	pushfq\n"
	"	popq native_regs+144(%rip)\n"
	"	cld\n"
	"	leaq native_regs+120(%rip), %rsp\n"
	"	pushq %rdi; pushq %rsi; pushq %rdx; pushq %rcx; pushq %rax\n"
	"	pushq %r8; pushq %r9; pushq %r10; pushq %r11\n"
	"	pushq %rbx; pushq %rbp; pushq %r12; pushq %r13; pushq %r14; pushq %r15\n"
	"	movq native_host_rsp(%rip), %rsp\n"
	"	popq %r15; popq %r14; popq %r13; popq %r12; popq %rbp; popq %rbx\n"
	"	ret\n"
);
static_assert(offsetof(struct regs, rdi) == 112 && offsetof(struct regs, rflags) == 144 &&
	      offsetof(struct regs, rsp) == 152, "as the assembly has it");

static sigjmp_buf fault_env;
static volatile sig_atomic_t in_native;

static void on_fault(int signal)
{
	if (!in_native) {
		fprintf(stderr, "signal %d outside of tested code\n", signal);
		_Exit(99);
	}
	in_native = 0;
	siglongjmp(fault_env, signal);
}

static void set_up(void)
{
	static u8 stack[65536];
	stack_t alternate = { .ss_sp = stack, .ss_size = sizeof(stack) };
	struct sigaction action = { .sa_handler = on_fault, .sa_flags = SA_ONSTACK | SA_NODEFER };
	int signals[] = { SIGSEGV, SIGILL, SIGBUS, SIGTRAP, SIGFPE };

	if (arena)
		return;
	arena = mmap((void *)ARENA_ADDR, ARENA_SIZE, PROT_READ | PROT_WRITE,
		     MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED_NOREPLACE, -1, 0);
	code = mmap((void *)CODE_ADDR, 4096, PROT_READ | PROT_WRITE | PROT_EXEC,
		    MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED_NOREPLACE, -1, 0);
	if (arena == MAP_FAILED || code == MAP_FAILED) {
		perror("mmap");
		exit(1);
	}
	sigaltstack(&alternate, NULL);
	for (size_t i = 0; i < ARRAY_SIZE(signals); i++)
		sigaction(signals[i], &action, NULL);
}

#define TRAMPOLINE	0x100	/* in the code page: where 32-bit code returns to 64-bit mode */

/* jmp *0(%rip) to native_exit. */
static void put_exit(u8 *at)
{
	static const u8 jump[6] = { 0xff, 0x25, 0, 0, 0, 0 };
	void *exit_addr = (void *)native_exit;

	memcpy(at, jump, sizeof(jump));
	memcpy(at + sizeof(jump), &exit_addr, 8);
}

/* Run `len` bytes of code with native_regs. Returns 0 or the signal. */
static int run_native(const u8 *bytes, size_t len)
{
	u32 trampoline = CODE_ADDR + TRAMPOLINE;
	int signal;

	memset(code, 0xcc, 64);
	memcpy(code, bytes, len);
	native_entry.offset = CODE_ADDR;
	native_entry.selector = mode == 8 ? USER_CS : USER32_CS;
	if (mode == 8) {
		put_exit(code + len);
	} else {
		code[len] = 0xea;	/* ljmp $USER_CS, $trampoline */
		memcpy(code + len + 1, &trampoline, 4);
		code[len + 5] = USER_CS;
		code[len + 6] = 0;
		put_exit(code + TRAMPOLINE);
		__asm__ volatile ("movl %0, %%ds; movl %0, %%es" : : "r" (USER_DS));
	}
	signal = sigsetjmp(fault_env, 1);
	if (signal)
		return signal;
	in_native = 1;
	native_run();
	in_native = 0;
	return 0;
}

/* Opcodes that the differential test draws from, and whether 0f is in front. */
static const struct {
	u8 two_byte, opcode, modrm;
} drawn[] = {
	{ 0, 0x00, 1 }, { 0, 0x01, 1 }, { 0, 0x02, 1 }, { 0, 0x03, 1 }, { 0, 0x08, 1 }, { 0, 0x09, 1 },
	{ 0, 0x0b, 1 }, { 0, 0x10, 1 }, { 0, 0x11, 1 }, { 0, 0x13, 1 }, { 0, 0x18, 1 }, { 0, 0x19, 1 },
	{ 0, 0x1a, 1 }, { 0, 0x1b, 1 }, { 0, 0x20, 1 }, { 0, 0x21, 1 }, { 0, 0x23, 1 }, { 0, 0x28, 1 },
	{ 0, 0x29, 1 }, { 0, 0x2b, 1 }, { 0, 0x30, 1 }, { 0, 0x31, 1 }, { 0, 0x33, 1 }, { 0, 0x38, 1 },
	{ 0, 0x39, 1 }, { 0, 0x3a, 1 }, { 0, 0x3b, 1 }, { 0, 0x80, 1 }, { 0, 0x81, 1 }, { 0, 0x83, 1 },
	{ 0, 0x84, 1 }, { 0, 0x85, 1 }, { 0, 0x86, 1 }, { 0, 0x87, 1 }, { 0, 0x88, 1 }, { 0, 0x89, 1 },
	{ 0, 0x8a, 1 }, { 0, 0x8b, 1 }, { 0, 0xa4, 0 }, { 0, 0xa5, 0 }, { 0, 0xaa, 0 }, { 0, 0xab, 0 },
	{ 0, 0xac, 0 }, { 0, 0xad, 0 }, { 0, 0xc6, 1 }, { 0, 0xc7, 1 }, { 0, 0xf6, 1 }, { 0, 0xf7, 1 },
	{ 0, 0xfe, 1 }, { 0, 0xff, 1 }, { 0, 0xa0, 0 }, { 0, 0xa1, 0 }, { 0, 0xa2, 0 }, { 0, 0xa3, 0 },
	{ 1, 0xa3, 1 }, { 1, 0xab, 1 }, { 1, 0xb0, 1 }, { 1, 0xb1, 1 }, { 1, 0xb3, 1 }, { 1, 0xb6, 1 },
	{ 1, 0xb7, 1 }, { 1, 0xba, 1 }, { 1, 0xbb, 1 }, { 1, 0xbe, 1 }, { 1, 0xbf, 1 }, { 1, 0xc0, 1 },
	{ 1, 0xc1, 1 }, { 1, 0xc3, 1 }, { 1, 0xc7, 1 },
};

static size_t put_prefixes(u8 *p)
{
	static const u8 prefixes[] = { 0x66, 0x67, 0xf0, 0xf2, 0xf3, 0x3e, 0x26, 0x65 };
	size_t n = 0;

	while (unit_random() % 3 == 0 && n < 3)
		p[n++] = prefixes[unit_random() % (mode == 8 ? 8 : 7)];
	if (mode == 8 && unit_random() & 1)
		p[n++] = 0x40 | (unit_random() & 15);
	return n;
}

/* Up to 15 random bytes with a sensible beginning. */
static void draw_instruction(u8 *bytes)
{
	size_t which = unit_random() % ARRAY_SIZE(drawn), n;

	for (int i = 0; i < 16; i++)
		bytes[i] = unit_random();
	n = put_prefixes(bytes);
	if (drawn[which].two_byte)
		bytes[n++] = 0x0f;
	bytes[n++] = drawn[which].opcode;
	if (drawn[which].modrm) {
		u8 modrm = bytes[n++];

		/* RIP-relative, absolute in 32-bit mode: aim at the arena, about a megabyte below the code. */
		if ((modrm & 0xc7) == 5) {
			s32 disp = (s32)(TARGET - (mode == 8 ? CODE_ADDR : 0)) - (int)(unit_random() % 512);

			memcpy(bytes + n, &disp, 4);
		}
		/* Mostly short displacements. */
		if ((modrm & 0xc0) == 0x80 && unit_random() % 8)
			memset(bytes + n + ((modrm & 7) == 4), 0, 4);
	} else if ((drawn[which].opcode & 0xfc) == 0xa0) {
		u64 address = TARGET + unit_random() % 512;

		memcpy(bytes + n, &address, 8);
	}
}

static void draw_registers(void)
{
	u64 *r = (u64 *)&native_regs;

	for (int i = 0; i < 15; i++) {
		r[i] = unit_random() % 3 ? TARGET + unit_random() % 256 : unit_random() >> unit_random() % 64;
		if (unit_random() % 4 == 0)
			r[i] = unit_random() % 64;
	}
	for (int i = 0; mode == 4 && i < 15; i++)
		r[i] = i < 4 || (i > 5 && i < 10) ? 0 : (u32)r[i];	/* there is no r8 to r15 */
	native_regs.rsp = TARGET + unit_random() % 256;
	native_regs.rip = CODE_ADDR;
	native_regs.rflags = RFLAGS_FIXED | RFLAGS_IF | (unit_random() & FLAGS_TESTED);
	if (unit_random() % 8 == 0)
		native_regs.rflags &= ~RFLAGS_DF;
}

/* Where `offset` is in the arena, or -1 if `size` bytes there are not inside. */
static long arena_offset(u64 offset, size_t size)
{
	if (offset < ARENA_ADDR || offset + size > ARENA_ADDR + ARENA_SIZE)
		return -1;
	return offset - ARENA_ADDR;
}

/* Emulate a string instruction on `expected`. False: it would leave the arena. */
static bool emulate_string(const struct emul_insn *insn, struct regs *regs)
{
	while (emul_string_count(insn, regs)) {
		long from = arena_offset(emul_string_src(insn, regs), insn->size);
		long to = arena_offset(emul_string_dst(insn, regs), insn->size);
		u64 value = insn->src;

		if (insn->op != EMUL_STOS && from < 0)
			return false;
		if (insn->op != EMUL_LODS && to < 0)
			return false;
		if (insn->op != EMUL_STOS)
			memcpy(&value, expected + from, insn->size);
		if (insn->op == EMUL_LODS)
			emul_write_reg(regs, 0, insn->size, value);
		else
			memcpy(expected + to, &value, insn->size);
		if (emul_string_advance(insn, regs, 1))
			return true;
	}
	return emul_string_advance(insn, regs, 0);
}

/* The same for all others. A register instead of memory is written as the caller of the emulator would. */
static bool emulate_data(const struct emul_insn *insn, struct regs *regs)
{
	struct emul_result result;
	u64 old[2] = { 0 };
	long at = 0;

	if (insn->is_mem) {
		at = arena_offset(insn->offset, insn->size);
		/* CMPXCHG16B raises #GP if not aligned. */
		if (at < 0 || (insn->size == 16 && at % 16))
			return false;
		memcpy(old, expected + at, insn->size);
	} else {
		old[0] = emul_read_reg(regs, insn->rm, insn->size);
	}
	if (emul_compute(insn, regs, old, &result))
		return false;
	/* With one register in both roles the order of the two writes would matter. */
	if (!insn->is_mem && result.write_mem && result.write_reg && ((insn->rm ^ insn->reg) & 15) == 0)
		return false;
	if (!insn->is_mem && insn->op == EMUL_CMPXCHG)
		return false;
	if (result.write_mem && insn->is_mem)
		memcpy(expected + at, result.mem, insn->size);
	else if (result.write_mem)
		emul_write_reg(regs, insn->rm, insn->size, result.mem[0]);
	emul_commit(insn, regs, &result);
	return true;
}

static void print_case(const char *what, const u8 *bytes, const struct emul_insn *insn)
{
	printf("%s: %s size %u len %u:", what, emul_op_name(insn->op), insn->size, insn->len);
	for (int i = 0; i < 15; i++)
		printf(" %02x", bytes[i]);
	printf("\n");
}

static bool same_registers(const struct regs *ours, u64 flags_mask)
{
	const u64 *a = (const u64 *)ours, *b = (const u64 *)&native_regs;
	bool same = true;

	for (int i = 0; i < 15; i++) {
		if (a[i] != b[i]) {
			printf("    register at %d: %#lx, CPU %#lx\n", i, a[i], b[i]);
			same = false;
		}
	}
	if (ours->rsp != native_regs.rsp)
		same = false;
	if ((ours->rflags ^ native_regs.rflags) & flags_mask) {
		printf("    flags %#lx, CPU %#lx\n", ours->rflags & flags_mask,
		       native_regs.rflags & flags_mask);
		same = false;
	}
	return same;
}

enum outcome { RAN, REFUSED, PASSED_OVER, WRONG };

/* Invalid here must be invalid there. */
static enum outcome try_refused(const u8 *bytes, int rc)
{
	if (rc != -EILSEQ)
		return PASSED_OVER;
	return run_native(bytes, 15) == SIGILL ? REFUSED : WRONG;
}

static enum outcome try_one(const u8 *bytes)
{
	struct regs ours = native_regs;
	struct emul_ctxt ctxt = { .regs = &ours, .bytes = bytes, .count = 15, .mode = mode };
	struct emul_insn insn;
	bool done;
	int rc = emul_decode(&ctxt, &insn);

	if (rc)
		return try_refused(bytes, rc);
	memcpy(expected, before, ARENA_SIZE);
	if (insn.op >= EMUL_MOVS && insn.op <= EMUL_LODS)
		done = emul_string_count(&insn, &ours) < 10000 && emulate_string(&insn, &ours);
	else
		done = emulate_data(&insn, &ours);
	if (!done)
		return PASSED_OVER;

	memcpy(arena, before, ARENA_SIZE);
	rc = run_native(bytes, insn.len);
	if (rc) {
		print_case("the CPU raised a signal", bytes, &insn);
		return WRONG;
	}
	if (!same_registers(&ours, FLAGS_TESTED) || ours.rip != CODE_ADDR + insn.len) {
		print_case("registers differ", bytes, &insn);
		return WRONG;
	}
	if (memcmp(arena, expected, ARENA_SIZE) != 0) {
		print_case("memory differs", bytes, &insn);
		return WRONG;
	}
	return RAN;
}

static void compare_with_cpu(long rounds)
{
	unsigned long count[4] = { 0 };
	u8 bytes[16];

	set_up();
	for (long i = rounds; i > 0; i--) {
		if (i % 64 == 0)
			for (int k = 0; k < ARENA_SIZE; k += 8)
				*(u64 *)(before + k) = unit_random() % 2 ? unit_random() : 0;
		draw_registers();
		draw_instruction(bytes);
		count[try_one(bytes)]++;
		if (count[WRONG] > 10)
			break;
	}
	printf("    mode %u: %lu agree, %lu refused by both, %lu passed over, %lu differ\n", mode,
	       count[RAN], count[REFUSED], count[PASSED_OVER], count[WRONG]);
	CHECK_EQ(count[WRONG], 0);
	CHECK(count[RAN] > count[PASSED_OVER] / 4);
}

static long rounds_wanted(void)
{
	const char *rounds = getenv("EMUL_ROUNDS");

	return rounds ? atol(rounds) : 400000;
}

TEST(random_instructions_act_as_on_the_cpu)
{
	mode = 8;
	compare_with_cpu(rounds_wanted());
}

TEST(random_32_bit_instructions_act_as_on_the_cpu)
{
	mode = 4;
	compare_with_cpu(rounds_wanted());
}

struct encoding {
	const char *bytes;
	u8 len, mode, op, size;
	u64 detail;		/* register, port or offset, as the instruction has it */
};

#define BYTES(text)	text, sizeof(text) - 1

static const struct encoding encodings[] = {
	{ BYTES("\xf4"), 8, EMUL_HLT, 0, 0 },
	{ BYTES("\xfa"), 8, EMUL_CLI, 0, 0 },
	{ BYTES("\xfb"), 4, EMUL_STI, 0, 0 },
	{ BYTES("\xe4\x80"), 8, EMUL_IN, 1, 0x80 },
	{ BYTES("\xe5\x70"), 8, EMUL_IN, 4, 0x70 },
	{ BYTES("\x66\xe7\x70"), 8, EMUL_OUT, 2, 0x70 },
	{ BYTES("\xec"), 8, EMUL_IN, 1, 0x3f8 },
	{ BYTES("\x66\xed"), 8, EMUL_IN, 2, 0x3f8 },
	{ BYTES("\x48\xef"), 8, EMUL_OUT, 4, 0x3f8 },
	{ BYTES("\xee"), 4, EMUL_OUT, 1, 0x3f8 },
	{ BYTES("\xed"), 2, EMUL_IN, 2, 0x3f8 },
	{ BYTES("\x66\xed"), 2, EMUL_IN, 4, 0x3f8 },
	{ BYTES("\xf3\x6c"), 8, EMUL_INS, 1, 0x3f8 },
	{ BYTES("\x66\x6f"), 8, EMUL_OUTS, 2, 0x3f8 },
	{ BYTES("\x0f\x20\xc0"), 8, EMUL_MOV_FROM_CR, 8, 0 },
	{ BYTES("\x44\x0f\x20\xc1"), 8, EMUL_MOV_FROM_CR, 8, 8 },
	{ BYTES("\xf0\x0f\x22\xc1"), 8, EMUL_MOV_TO_CR, 8, 8 },
	{ BYTES("\x0f\x22\xda"), 8, EMUL_MOV_TO_CR, 8, 3 },
	{ BYTES("\x0f\x22\xe2"), 4, EMUL_MOV_TO_CR, 4, 4 },
	{ BYTES("\x0f\x21\xf8"), 8, EMUL_MOV_FROM_DR, 8, 7 },
	{ BYTES("\x0f\x23\xf0"), 8, EMUL_MOV_TO_DR, 8, 6 },
	{ BYTES("\x0f\x32"), 8, EMUL_RDMSR, 0, 0 },
	{ BYTES("\x0f\x30"), 8, EMUL_WRMSR, 0, 0 },
	{ BYTES("\x0f\x31"), 8, EMUL_RDTSC, 0, 0 },
	{ BYTES("\x0f\x33"), 8, EMUL_RDPMC, 0, 0 },
	{ BYTES("\x0f\x01\xf9"), 8, EMUL_RDTSCP, 0, 0 },
	{ BYTES("\x0f\x01\xd0"), 8, EMUL_XGETBV, 0, 0 },
	{ BYTES("\x0f\x01\xd1"), 8, EMUL_XSETBV, 0, 0 },
	{ BYTES("\x0f\x01\xf8"), 8, EMUL_SWAPGS, 0, 0 },
	{ BYTES("\x0f\x01\xca"), 8, EMUL_CLAC, 0, 0 },
	{ BYTES("\x0f\x01\xc1"), 8, EMUL_VMCALL, 0, 0 },
	{ BYTES("\x0f\x01\xd9"), 8, EMUL_VMMCALL, 0, 0 },
	{ BYTES("\x0f\x06"), 8, EMUL_CLTS, 0, 0 },
	{ BYTES("\x0f\x08"), 8, EMUL_INVD, 0, 0 },
	{ BYTES("\x0f\x09"), 8, EMUL_WBINVD, 0, 0 },
	{ BYTES("\x0f\xa2"), 8, EMUL_CPUID, 0, 0 },
	{ BYTES("\x0f\x0bxen\x0f\xa2"), 8, EMUL_CPUID, 0, 0 },
	{ BYTES("\x0f\x0b"), 8, EMUL_UD2, 0, 0 },
	{ BYTES("\x0f\x01\x38"), 8, EMUL_INVLPG, 4, 0x1000 },
	{ BYTES("\x0f\x01\x10"), 8, EMUL_LGDT, 8, 0x1000 },
	{ BYTES("\x0f\x01\x58\x10"), 4, EMUL_LIDT, 4, 0x1010 },
	{ BYTES("\x0f\x01\xe1"), 8, EMUL_SMSW, 4, 1 },
	{ BYTES("\x0f\x01\x20"), 8, EMUL_SMSW, 2, 0x1000 },
	{ BYTES("\x0f\x01\xf2"), 8, EMUL_LMSW, 2, 2 },
	{ BYTES("\x0f\x00\xd1"), 8, EMUL_LLDT, 2, 1 },
	{ BYTES("\x0f\x00\xd9"), 8, EMUL_LTR, 2, 1 },
	{ BYTES("\x66\x0f\x38\x82\x08"), 8, EMUL_INVPCID, 8, 0x1000 },
	{ BYTES("\xf3\x48\x0f\xae\xd9"), 8, EMUL_WRGSBASE, 8, 1 },
	{ BYTES("\x48\xcf"), 8, EMUL_IRET, 8, 0 },
	{ BYTES("\x0f\x07"), 8, EMUL_SYSRET, 0, 0 },
	{ BYTES("\xcd\x80"), 8, EMUL_INT, 0, 0x80 },
	{ BYTES("\xcc"), 8, EMUL_INT3, 0, 0 },
	{ BYTES("\x48\x89\x08"), 8, EMUL_MOV, 8, 0x1000 },
	{ BYTES("\x48\x87\x48\x08"), 8, EMUL_XCHG, 8, 0x1008 },
	{ BYTES("\xf0\x80\x60\x05\xbf"), 8, EMUL_AND, 1, 0x1005 },
	{ BYTES("\xf0\x48\x0f\xb1\x90\x00\x01\x00\x00"), 8, EMUL_CMPXCHG, 8, 0x1100 },
	{ BYTES("\xf0\x0f\xc7\x08"), 4, EMUL_CMPXCHG8B, 8, 0x1000 },
	{ BYTES("\xf0\x48\x0f\xc7\x08"), 8, EMUL_CMPXCHG8B, 16, 0x1000 },
	/* 16-bit addressing: [bx+si], [bp+2], [disp16]; and 32-bit code with the address prefix. */
	{ BYTES("\x89\x00"), 2, EMUL_MOV, 2, 0x2300 },
	{ BYTES("\x89\x46\x02"), 2, EMUL_MOV, 2, 0x4002 },
	{ BYTES("\x66\x89\x0e\x34\x12"), 2, EMUL_MOV, 4, 0x1234 },
	{ BYTES("\x67\x88\x00"), 4, EMUL_MOV, 1, 0x2300 },
	{ BYTES("\x67\x66\x89\x00"), 2, EMUL_MOV, 4, 0x1000 },
	/* Absolute, 32-bit: no RIP-relative addressing there. */
	{ BYTES("\x89\x0d\x78\x56\x34\x12"), 4, EMUL_MOV, 4, 0x12345678 },
	{ BYTES("\x89\x0d\x10\x00\x00\x00"), 8, EMUL_MOV, 4, 0x800016 },
	/* Seen by 64-bit code as a REX prefix, by 32-bit code not at all. */
	{ BYTES("\x67\x89\x08"), 8, EMUL_MOV, 4, 0x1000 },
};

static u64 detail_of(const struct emul_insn *insn)
{
	switch (insn->op) {
	case EMUL_IN: case EMUL_OUT: case EMUL_INS: case EMUL_OUTS:
		return insn->port;
	case EMUL_MOV_FROM_CR: case EMUL_MOV_TO_CR: case EMUL_MOV_FROM_DR: case EMUL_MOV_TO_DR:
		return insn->reg;
	case EMUL_INT:
		return insn->src;
	default:
		return insn->is_mem ? insn->offset : insn->rm;
	}
}

TEST(encodings_of_the_table)
{
	const struct regs regs = {
		.rax = 0x1000, .rbx = 0x2000, .rsi = 0x300, .rdx = 0x3f8, .rbp = 0x4000, .rip = 0x800000,
	};

	for (size_t i = 0; i < ARRAY_SIZE(encodings); i++) {
		const struct encoding *e = &encodings[i];
		u8 bytes[16] = { 0 };
		struct emul_ctxt ctxt = { .regs = &regs, .bytes = bytes, .count = 15, .mode = e->mode };
		struct emul_insn insn;
		unsigned int failed = unit_checks_failed;

		memcpy(bytes, e->bytes, e->len);
		CHECK_EQ(emul_decode(&ctxt, &insn), 0);
		CHECK_STR(emul_op_name(insn.op), emul_op_name(e->op));
		CHECK_EQ(insn.len, e->len);
		if (e->size) {
			CHECK_EQ(insn.size, e->size);
			CHECK_EQ(detail_of(&insn), e->detail);
		}
		/* With fewer bytes the decoder asks for more, whatever it has seen. */
		for (ctxt.count = 0; ctxt.count < e->len; ctxt.count++)
			CHECK(emul_decode(&ctxt, &insn) == -ENODATA || e->bytes[0] == 0x0f);
		if (unit_checks_failed != failed)
			printf("    in row %zu\n", i);
	}
}

TEST(segments_and_prefixes)
{
	struct regs regs = { .rbp = 0x100, .rsp = 0x200 };
	struct emul_ctxt ctxt = { .regs = &regs, .count = 15, .mode = 8 };
	struct emul_insn insn;
	static const struct {
		u8 bytes[16], mode, seg;
	} rows[] = {
		{ { 0x89, 0x45, 0x00 }, 8, EMUL_SS }, { { 0x89, 0x04, 0x24 }, 8, EMUL_SS },
		{ { 0x41, 0x89, 0x45, 0x00 }, 8, EMUL_DS }, { { 0x89, 0x07 }, 8, EMUL_DS },
		{ { 0x64, 0x89, 0x45, 0x00 }, 8, EMUL_FS }, { { 0x65, 0x2e, 0x89, 0x07 }, 8, EMUL_GS },
		{ { 0x2e, 0x89, 0x07 }, 8, EMUL_DS }, { { 0x2e, 0x89, 0x07 }, 4, EMUL_CS },
		{ { 0x26, 0x89, 0x45, 0x00 }, 4, EMUL_ES }, { { 0x89, 0x46, 0x00 }, 2, EMUL_SS },
		{ { 0x89, 0x06, 0x00, 0x00 }, 2, EMUL_DS }, { { 0x36, 0x89, 0x07 }, 2, EMUL_SS },
	};

	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		ctxt.bytes = rows[i].bytes;
		ctxt.mode = rows[i].mode;
		CHECK_EQ(emul_decode(&ctxt, &insn), 0);
		CHECK_EQ(insn.seg, rows[i].seg);
	}
}

TEST(refusals)
{
	struct regs regs = { 0 };
	static const u8 endless[16] = "\x66\x66\x66\x66\x66\x66\x66\x66\x66\x66\x66\x66\x66\x66\x66\x66";
	static const u8 unknown[16] = "\x0f\x58\xc0", locked_cli[16] = "\xf0\xfa", cr1[16] = "\x0f\x20\xc8";
	static const u8 locked_load[16] = "\xf0\x8b\x00", swapgs[16] = "\x0f\x01\xf8", inc_32[16] = "\x40";
	struct emul_ctxt ctxt = { .regs = &regs, .bytes = endless, .count = 15, .mode = 8 };
	struct emul_insn insn;

	CHECK_EQ(emul_decode(&ctxt, &insn), -E2BIG);
	ctxt.count = 14;
	CHECK_EQ(emul_decode(&ctxt, &insn), -ENODATA);
	ctxt.count = 15;
	ctxt.bytes = unknown;
	CHECK_EQ(emul_decode(&ctxt, &insn), -EOPNOTSUPP);
	ctxt.bytes = locked_cli;
	CHECK_EQ(emul_decode(&ctxt, &insn), -EILSEQ);
	ctxt.bytes = locked_load;
	CHECK_EQ(emul_decode(&ctxt, &insn), -EILSEQ);
	ctxt.bytes = cr1;
	CHECK_EQ(emul_decode(&ctxt, &insn), -EILSEQ);
	ctxt.mode = 4;
	ctxt.bytes = swapgs;
	CHECK_EQ(emul_decode(&ctxt, &insn), -EILSEQ);
	ctxt.bytes = inc_32;
	CHECK_EQ(emul_decode(&ctxt, &insn), -EOPNOTSUPP);
}

/* Nothing but a decode here: any bytes at all, at the very end of a heap block, in all modes. */
TEST(any_bytes_decode_or_fail)
{
	struct regs regs = { .rax = ~0UL, .rcx = 1UL << 63, .rip = ~0UL - 3 };

	for (int i = 0; i < 300000; i++) {
		size_t n = unit_random() % 16;
		u8 *bytes = malloc(n ? n : 1);
		struct emul_ctxt ctxt = {
			.regs = &regs, .bytes = bytes, .count = n, .mode = 2 << unit_random() % 3,
		};
		struct emul_insn insn;

		for (size_t k = 0; k < n; k++)
			bytes[k] = unit_random();
		if (n && unit_random() & 1)
			bytes[0] = 0x0f;
		if (emul_decode(&ctxt, &insn) == 0) {
			CHECK(insn.len > 0 && insn.len <= n);
			CHECK(insn.op > EMUL_UNKNOWN && insn.op <= EMUL_VMX_SVM);
			CHECK(insn.is_mem || insn.rm < 20);
		}
		free(bytes);
	}
}

int main(void)
{
	RUN(encodings_of_the_table);
	RUN(segments_and_prefixes);
	RUN(refusals);
	RUN(any_bytes_decode_or_fail);
	RUN(random_instructions_act_as_on_the_cpu);
	RUN(random_32_bit_instructions_act_as_on_the_cpu);
	return unit_end();
}
