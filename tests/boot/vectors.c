/* SPDX-License-Identifier: MIT */
/*
 * Processes that keep patterns of their own in all YMM registers and look at them for ever: whatever the hypervisor or
 * the kernel below does to CPUs meanwhile, none may find another's.
 *
 * usage: vectors PROCESSES STOP     works until the file STOP exists; then "VECTORS n looks", or "WRONG ..." before
 */
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

#define BYTES	512

#define EACH16(op)	op(0) op(1) op(2) op(3) op(4) op(5) op(6) op(7) op(8) op(9) op(10) op(11) op(12) op(13) \
			op(14) op(15)
#define LOAD(n)		"vmovdqu " #n "*32(%rdi), %ymm" #n "\n"
#define STORE(n)	"vmovdqu %ymm" #n ", " #n "*32(%rsi)\n"

/*
 * Loads from `want`, sleeps `naps` times and works a little, stores to `got`: no C in between that could use the
 * registers.
 */
void keep(const uint8_t *want, uint8_t *got, long naps);
__asm__(".text\n"
	"keep:	mov %rdx, %r8\n"
	EACH16(LOAD)
	"	lea nap(%rip), %r9\n"
	"	mov %rsi, %r10\n"
	"1:	mov $35, %eax\n"		/* nanosleep */
	"	mov %r9, %rdi\n"
	"	xor %esi, %esi\n"
	"	syscall\n"
	"	mov $5000, %ecx\n"
	"2:	dec %ecx\n"
	"	jnz 2b\n"
	"	dec %r8\n"
	"	jnz 1b\n"
	"	mov %r10, %rsi\n"
	EACH16(STORE)
	"	vzeroupper\n"
	"	ret\n"
	"nap:	.quad 0, 300000\n");

static void work(unsigned int seed, const char *stop, volatile uint64_t *looks)
{
	uint8_t want[BYTES], got[BYTES];

	while (access(stop, F_OK)) {
		for (unsigned int i = 0; i < BYTES; i++)
			want[i] = seed * 37 + i * 11 + (i >> 5) + *looks;
		keep(want, got, 20);
		++*looks;
		for (unsigned int i = 0; i < BYTES; i++)
			if (got[i] != want[i]) {
				printf("WRONG process %u, look %llu: byte %u of ymm%u is %#x, not %#x\n", seed,
				       (unsigned long long)*looks, i % 32, i / 32, got[i], want[i]);
				exit(1);
			}
	}
	exit(0);
}

int main(int argc, char **argv)
{
	int n = argc > 2 ? atoi(argv[1]) : 0, bad = 0, status;
	uint64_t *looks = mmap(NULL, 4096, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0), least = ~0ull;

	if (n < 1 || n > 512 || looks == MAP_FAILED) {
		fprintf(stderr, "usage: vectors PROCESSES STOP (1 to 512 processes)\n");
		return 2;
	}
	if (!__builtin_cpu_supports("avx")) {
		printf("VECTORS none: no AVX\n");
		return 1;
	}
	for (int i = 0; i < n; i++)
		if (!fork())
			work(i, argv[2], &looks[i]);
	while (wait(&status) > 0)
		bad += status != 0;
	for (int i = 0; i < n; i++)
		least = looks[i] < least ? looks[i] : least;
	printf("VECTORS %d of %d wrong, %llu looks at least\n", bad, n, (unsigned long long)least);
	return bad != 0;
}
