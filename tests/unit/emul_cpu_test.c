/* SPDX-License-Identifier: MIT */
/*
 * emul/ against the CPU that the tests run on: a random instruction is decoded and its effect computed on a
 * copy of registers and memory; then the same bytes run natively, with the same registers, over the same
 * memory; registers, flags, memory and the length must agree. In 64-bit mode, and in 32-bit code by way of
 * Linux's compatibility mode.
 *
 * Instructions that touch memory elsewhere than in the arena are passed over, those that the decoder calls
 * invalid must raise SIGILL. Privileged instructions cannot run here: emul_test.c has them in a table.
 * EMUL_ROUNDS=n in the environment: how many to try.
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

		/*
		 * RIP-relative, absolute in 32-bit mode: aim at the arena, about a megabyte below the code.
		 */
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

int main(void)
{
	RUN(random_instructions_act_as_on_the_cpu);
	RUN(random_32_bit_instructions_act_as_on_the_cpu);
	return unit_end();
}
