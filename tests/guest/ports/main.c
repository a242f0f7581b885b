/* SPDX-License-Identifier: MIT */
/*
 * I/O ports: kernel mode of the hardware domain may use most; the hypervisor keeps what it drives itself (interrupt
 * controllers, its timer, its serial line). User mode may use what the kernel opened by set_iobitmap or set_iopl, and
 * nothing else; string instructions must obey the same, for their memory side too.
 */
#include "guest.h"

const char test_title[] = "ports: I/O ports and who may use them";

static bool in(uint16_t port, uint8_t *value)
{
	uint8_t v = 0;

	PROBE("inb %%dx, %%al", : "+a" (v) : "d" (port));
	*value = v;
	return trap_last.vector == -1;
}

static bool out(uint16_t port, uint8_t value)
{
	PROBE("outb %%al, %%dx", : : "a" (value), "d" (port));
	return trap_last.vector == -1;
}

static void kernel_mode(void)
{
	struct physdev_set_iopl iopl = { .iopl = 1 };
	uint8_t v;

	EXPECT(0, hypercall(physdev_op, PHYSDEVOP_set_iopl, &iopl));
	CHECK(in(0x80, &v), "port 0x80 met %ld", trap_last.vector);
	CHECK(out(0x80, 0), "port 0x80 met %ld", trap_last.vector);
	CHECK(out(0x70, 0x0a) && in(0x71, &v), "the RTC met %ld", trap_last.vector);
	/* Kept by the hypervisor: a fault, or all ones and no effect. */
	if (in(0x21, &v))
		CHECK(v == 0xff, "the interrupt controller's mask reads %#x", v);
	out(0x21, 0xff);
	out(0x43, 0x34);
	out(0x40, 1);
	out(0x40, 0);
	/* But for the counter by which Linux measures time: it waits for as long as that stands at ones. */
	for (int i = 0; i < 1000 && in(0x42, &v) && v == 0xff; i++)
		;
	CHECK(trap_last.vector != -1 || v != 0xff, "counter 2 stands at %#x", v);
	if (in(0x3f8 + 5, &v))
		CHECK(v == 0xff, "the hypervisor's serial line reads %#x", v);
	out(0x3f8 + 3, 0x80);
	printk("(the serial line still works)\n");
	iopl.iopl = 4;
	EXPECT(-XEN_EINVAL, hypercall(physdev_op, PHYSDEVOP_set_iopl, &iopl));
}

static void pci_config(void)
{
	uint32_t v = 0;

	PROBE("outl %%eax, %%dx", : : "a" (0x80000000), "d" (0xcf8));
	EXPECT_TRAP("write to 0xcf8", -1, -1);
	PROBE("inl %%dx, %%eax", : "+a" (v) : "d" (0xcfc));
	EXPECT_TRAP("read of 0xcfc", -1, -1);
	CHECK((v & 0xffff) == 0x8086 || (v & 0xffff) == 0x1af4, "host bridge %#x", v);
}

static void strings(void)
{
	static uint8_t buffer[16];
	uint64_t rdi = (uint64_t)buffer, rcx = 4, rsi;

	PROBE("rep insb", : "+D" (rdi), "+c" (rcx) : "d" (0x80) : "memory");
	EXPECT_TRAP("rep insb", -1, -1);
	CHECK(rcx == 0 && rdi == (uint64_t)buffer + 4, "rep insb: %lu left, at %#lx", rcx, rdi);
	rdi = 0xffff830000000000;
	rcx = 1;
	PROBE("rep insb", : "+D" (rdi), "+c" (rcx) : "d" (0x80) : "memory");
	CHECK(trap_last.vector == X86_PF || trap_last.vector == X86_GP, "insb into the hypervisor met %ld",
	      trap_last.vector);
	rsi = 0xffff830000000000;
	PROBE("outsb", : "+S" (rsi) : "d" (0x80) : "memory");
	CHECK(trap_last.vector == X86_PF || trap_last.vector == X86_GP, "outsb from the hypervisor met %ld",
	      trap_last.vector);
	rsi = 0x0000600000000000;
	PROBE("outsb", : "+S" (rsi) : "d" (0x80) : "memory");
	CHECK(trap_last.vector == X86_PF && trap_last.cr2 == 0x0000600000000000,
	      "outsb from absent memory met %ld, cr2 %#lx", trap_last.vector, trap_last.cr2);
}

/*
 * What is narrower than a register leaves the rest of it as it was, or nulls it; nothing of the hypervisor shows
 * (XSA-63, 67).
 */
static void widths(void)
{
	static uint8_t buffer[16];
	uint64_t rax = 0x1122334455667788, rdi = (uint64_t)(buffer + 4);

	PROBE("inb %%dx, %%al", : "+a" (rax) : "d" (0x80));
	CHECK(rax >> 8 == 0x11223344556677, "inb made %#lx of the register", rax);
	rax = 0x1122334455667788;
	PROBE("inw %%dx, %%ax", : "+a" (rax) : "d" (0x80));
	CHECK(rax >> 16 == 0x112233445566, "inw made %#lx of the register", rax);
	PROBE("inl %%dx, %%eax", : "+a" (rax) : "d" (0xcf8));
	CHECK(rax >> 32 == 0, "inl made %#lx of the register", rax);
	memset(buffer, 0xee, sizeof(buffer));
	PROBE("insw", : "+D" (rdi) : "d" (0x80) : "memory");
	CHECK(buffer[3] == 0xee && buffer[6] == 0xee && rdi == (uint64_t)(buffer + 6),
	      "insw wrote %#x and %#x beside its word", buffer[3], buffer[6]);
}

static USER_FN void user_in(uint64_t port)
{
	__asm__ volatile("inb %%dx, %%al; ud2" : : "d" (port));
}

static void user(uint16_t port, bool allowed, const char *when)
{
	struct regs end;

	user_run(user_in, port, &end);
	CHECK(end.vector == (allowed ? X86_UD : X86_GP), "user mode, %s: port %#x met %ld", when, port, end.vector);
}

static void user_mode(void)
{
	static uint8_t bitmap[8192];
	struct physdev_set_iobitmap m = { .bitmap = (uint64_t)bitmap, .nr_ports = 65536 };
	struct physdev_set_iopl iopl = { .iopl = 1 };

	user(0x80, false, "at first");
	memset(bitmap, 0xff, sizeof(bitmap));
	bitmap[0x80 / 8] &= ~1;
	EXPECT(0, hypercall(physdev_op, PHYSDEVOP_set_iobitmap, &m));
	user(0x80, true, "with 0x80 open");
	user(0x81, false, "with 0x80 open");
	m.nr_ports = 65537;
	EXPECT(-XEN_EINVAL, hypercall(physdev_op, PHYSDEVOP_set_iobitmap, &m));
	m.nr_ports = 0;
	EXPECT(0, hypercall(physdev_op, PHYSDEVOP_set_iobitmap, &m));
	user(0x80, false, "with all closed");
	iopl.iopl = 3;
	EXPECT(0, hypercall(physdev_op, PHYSDEVOP_set_iopl, &iopl));
	user(0x81, true, "with IOPL 3");
	iopl.iopl = 1;
	EXPECT(0, hypercall(physdev_op, PHYSDEVOP_set_iopl, &iopl));
	user(0x81, false, "with IOPL 1");
}

/* The kernel counts as ring 1, so IOPL 0 shuts it out; with the assist it counts as ring 0, which nothing shuts out. */
static void architectural_iopl(void)
{
	struct physdev_set_iopl iopl = { .iopl = 0 };
	uint8_t v;

	EXPECT(0, hypercall(physdev_op, PHYSDEVOP_set_iopl, &iopl));
	CHECK(!in(0x80, &v), "port 0x80 is open with IOPL 0");
	PROBE("cli");
	EXPECT_TRAP("CLI with IOPL 0", X86_GP, 0);
	EXPECT(0, hypercall(vm_assist, VMASST_CMD_enable, VMASST_TYPE_architectural_iopl));
	CHECK(in(0x80, &v), "port 0x80 met %ld with IOPL 0 and the assist", trap_last.vector);
	PROBE("cli");
	EXPECT_TRAP("CLI with IOPL 0 and the assist", -1, 0);
	user(0x80, false, "with IOPL 0 and the assist");
	EXPECT(0, hypercall(vm_assist, VMASST_CMD_disable, VMASST_TYPE_architectural_iopl));
	iopl.iopl = 1;
	EXPECT(0, hypercall(physdev_op, PHYSDEVOP_set_iopl, &iopl));
}

void test_main(void)
{
	kernel_mode();
	pci_config();
	strings();
	widths();
	user_mode();
	architectural_iopl();
}
