/* SPDX-License-Identifier: MIT */
/*
 * Page faults: the error code and cr2 that the guest sees must be those of its own access, for absent pages, writes
 * to read-only ones, and execution of no-execute ones; and the hypervisor's half of the address space must look
 * like memory that is not ours, whatever lies there.
 */
#include "guest.h"

const char test_title[] = "pagefault: error codes, cr2, and the hypervisor's half";

static uint8_t page[PAGE_SIZE] PAGE;

static void expect_fault(const char *what, const volatile void *va, uint64_t code)
{
	EXPECT_TRAP(what, X86_PF, code);
	CHECK(trap_last.cr2 == (uint64_t)va, "%s: cr2 %#lx, wanted %p", what, trap_last.cr2, va);
}

static void in_kernel(void)
{
	volatile uint8_t *p = page + 0x123;

	unmapped(page);
	probe_read(p, NULL);
	expect_fault("read of an absent page", p, 0);
	probe_write(p, 1);
	expect_fault("write to an absent page", p, PFEC_W);
	read_only(page);
	CHECK(probe_read(p, NULL), "a read-only page cannot be read");
	probe_write(p, 1);
	expect_fault("write to a read-only page", p, PFEC_W | PFEC_P);
	writable(page);
	CHECK(probe_write(p, 7), "a writable page cannot be written");
}

static USER_FN void user_read(uint64_t arg)
{
	(void)*(volatile uint64_t *)arg;
	__asm__ volatile("ud2");
}

static USER_FN void user_write(uint64_t arg)
{
	*(volatile uint64_t *)arg = 1;
	__asm__ volatile("ud2");
}

static void user_case(const char *what, void (*fn)(uint64_t arg), uint64_t va, uint64_t code)
{
	struct regs end;

	user_run(fn, va, &end);
	CHECK(end.vector == X86_PF, "user %s: trap %ld", what, end.vector);
	CHECK(end.error_code == code, "user %s: error code %#lx, wanted %#lx", what, end.error_code, code);
	CHECK(trap_last.cr2 == va, "user %s: cr2 %#lx, wanted %#lx", what, trap_last.cr2, va);
}

static void in_user(void)
{
	struct regs end;

	unmapped(page);
	user_case("read of an absent page", user_read, (uint64_t)page, PFEC_U);
	user_case("write to an absent page", user_write, (uint64_t)page, PFEC_U | PFEC_W);
	read_only(page);
	user_case("write to a read-only page", user_write, (uint64_t)page, PFEC_U | PFEC_W | PFEC_P);
	writable(page);
	user_run(user_read, (uint64_t)page, &end);
	CHECK(end.vector == X86_UD, "user mode cannot read a page that it may: trap %ld", end.vector);
}

static void no_execute(void)
{
	struct regs end;

	page[0] = 0x0f;
	page[1] = 0x0b;		/* ud2 */
	user_run_at((uint64_t)page, FLAT_USER_CS, FLAT_USER_SS, EFLAGS_IF, 0, &end);
	CHECK(end.vector == X86_UD, "a data page cannot be executed without NX: trap %ld", end.vector);
	EXPECT(0, map_at(page, va_to_mfn(page) << 12 | PTE_DATA | PTE_NX, UVMF_INVLPG));
	user_run_at((uint64_t)page, FLAT_USER_CS, FLAT_USER_SS, EFLAGS_IF, 0, &end);
	CHECK(end.vector == X86_PF && end.error_code == (PFEC_U | PFEC_I | PFEC_P),
	      "execution of an NX page: trap %ld, error code %#lx", end.vector, end.error_code);
	writable(page);
}

/* Where the guest's own GDT is mapped, an access may be taken for the load of a selector, and then is #GP. */
static bool refused(uint64_t vector)
{
	return vector == X86_PF || vector == X86_GP;
}

/* From the guest, everything of the hypervisor but the M2P must be neither readable nor writable. */
static void hypervisor_half(void)
{
	static const uint64_t places[] = {
		0xffff800000000000, 0xffff804000000000, 0xffff808000000000, 0xffff810000000000, 0xffff820000000000,
		0xffff828000000000, 0xffff82c000000000, 0xffff82d040000000, 0xffff82d040200000, 0xffff82e000000000,
		0xffff830000000000, 0xffff830000100000, 0xffff83000f000000, 0xffff87fffffff000,
	};
	struct regs end;

	for (size_t i = 0; i < ARRAY_SIZE(places); i++) {
		if (places[i] != 0xffff800000000000)
			CHECK(!probe_read((void *)places[i], NULL), "kernel mode can read %#lx", places[i]);
		CHECK(!probe_write((void *)places[i], 0), "kernel mode can write %#lx", places[i]);
		CHECK(refused(trap_last.vector), "write to %#lx met trap %ld", places[i], trap_last.vector);
		user_run(user_write, places[i], &end);
		CHECK(refused(end.vector), "user write to %#lx met trap %ld", places[i], end.vector);
		user_run(user_read, places[i], &end);
		if (places[i] != 0xffff800000000000)
			CHECK(refused(end.vector), "user read of %#lx met trap %ld", places[i], end.vector);
	}
	CHECK(probe_read((void *)MACH2PHYS_VIRT_START, NULL), "the M2P cannot be read");
}

void test_main(void)
{
	in_kernel();
	in_user();
	no_execute();
	hypervisor_half();
}
