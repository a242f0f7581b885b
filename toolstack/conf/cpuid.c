/* SPDX-License-Identifier: MIT */
/*
 * See cpuid.h.  Two forms, as Xen's users write them:
 *	"host,avx=0,sse4.2=0"				features by name
 *	[ "1:ecx=xxx0xxxx...,edx=...", "7,0:ebx=..." ]	registers, 32 characters from bit 31 down to 0
 * A bit is 1 (shown: it must be one that the guest could have), 0 (hidden), or x, k or s: as it would be anyway.  What
 * needs a hidden feature is hidden with it.
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/strbuf.h"
#include "conf/cpuid.h"

enum { R1_ECX, R1_EDX, R7_EBX, R7_ECX, R7_EDX, R71_EAX, RD1_EAX, RE1_ECX, RE1_EDX, RE7_EDX, RE8_EBX, RE21_EAX };

const struct cpuid_reg conf_cpuid_regs[CPUID_REGS] = {
	[R1_ECX] = { 1, CPUID_NO_SUBLEAF, 2 },
	[R1_EDX] = { 1, CPUID_NO_SUBLEAF, 3 },
	[R7_EBX] = { 7, 0, 1 },
	[R7_ECX] = { 7, 0, 2 },
	[R7_EDX] = { 7, 0, 3 },
	[R71_EAX] = { 7, 1, 0 },
	[RD1_EAX] = { 0xd, 1, 0 },
	[RE1_ECX] = { 0x80000001, CPUID_NO_SUBLEAF, 2 },
	[RE1_EDX] = { 0x80000001, CPUID_NO_SUBLEAF, 3 },
	[RE7_EDX] = { 0x80000007, CPUID_NO_SUBLEAF, 3 },
	[RE8_EBX] = { 0x80000008, CPUID_NO_SUBLEAF, 1 },
	[RE21_EAX] = { 0x80000021, CPUID_NO_SUBLEAF, 0 },
};

/* By the names of Xen's configurations; what a feature needs stands before it. */
static const struct feature {
	const char *name;
	unsigned int reg, bit;
	const char *needs;
} features[] = {
	{ "sse3", R1_ECX, 0, NULL }, { "pclmulqdq", R1_ECX, 1, NULL }, { "dtes64", R1_ECX, 2, NULL },
	{ "monitor", R1_ECX, 3, NULL }, { "dscpl", R1_ECX, 4, NULL }, { "vmx", R1_ECX, 5, NULL },
	{ "smx", R1_ECX, 6, NULL }, { "est", R1_ECX, 7, NULL }, { "tm2", R1_ECX, 8, NULL },
	{ "ssse3", R1_ECX, 9, NULL }, { "cntxid", R1_ECX, 10, NULL }, { "fma", R1_ECX, 12, "avx" },
	{ "cmpxchg16", R1_ECX, 13, NULL }, { "xtpr", R1_ECX, 14, NULL }, { "pdcm", R1_ECX, 15, NULL },
	{ "pcid", R1_ECX, 17, NULL }, { "dca", R1_ECX, 18, NULL }, { "sse4_1", R1_ECX, 19, NULL },
	{ "sse4.1", R1_ECX, 19, NULL }, { "sse4_2", R1_ECX, 20, NULL }, { "sse4.2", R1_ECX, 20, NULL },
	{ "x2apic", R1_ECX, 21, NULL }, { "movbe", R1_ECX, 22, NULL }, { "popcnt", R1_ECX, 23, NULL },
	{ "tsc-deadline", R1_ECX, 24, NULL }, { "aes", R1_ECX, 25, NULL }, { "xsave", R1_ECX, 26, NULL },
	{ "avx", R1_ECX, 28, "xsave" }, { "f16c", R1_ECX, 29, "avx" }, { "rdrand", R1_ECX, 30, NULL },
	{ "hypervisor", R1_ECX, 31, NULL }, { "fpu", R1_EDX, 0, NULL }, { "vme", R1_EDX, 1, NULL },
	{ "de", R1_EDX, 2, NULL }, { "pse", R1_EDX, 3, NULL }, { "tsc", R1_EDX, 4, NULL },
	{ "msr", R1_EDX, 5, NULL }, { "pae", R1_EDX, 6, NULL }, { "mce", R1_EDX, 7, NULL },
	{ "cmpxchg8", R1_EDX, 8, NULL }, { "apic", R1_EDX, 9, NULL }, { "sysenter", R1_EDX, 11, NULL },
	{ "mtrr", R1_EDX, 12, NULL }, { "pge", R1_EDX, 13, NULL }, { "mca", R1_EDX, 14, NULL },
	{ "cmov", R1_EDX, 15, NULL }, { "pat", R1_EDX, 16, NULL }, { "pse36", R1_EDX, 17, NULL },
	{ "psn", R1_EDX, 18, NULL }, { "clfsh", R1_EDX, 19, NULL }, { "ds", R1_EDX, 21, NULL },
	{ "acpi", R1_EDX, 22, NULL }, { "mmx", R1_EDX, 23, NULL }, { "fxsr", R1_EDX, 24, NULL },
	{ "sse", R1_EDX, 25, NULL }, { "sse2", R1_EDX, 26, NULL }, { "ss", R1_EDX, 27, NULL },
	{ "htt", R1_EDX, 28, NULL }, { "tm", R1_EDX, 29, NULL }, { "ia64", R1_EDX, 30, NULL },
	{ "pbe", R1_EDX, 31, NULL }, { "fsgsbase", R7_EBX, 0, NULL }, { "tsc_adjust", R7_EBX, 1, NULL },
	{ "bmi1", R7_EBX, 3, NULL }, { "hle", R7_EBX, 4, NULL }, { "avx2", R7_EBX, 5, "avx" },
	{ "smep", R7_EBX, 7, NULL }, { "bmi2", R7_EBX, 8, NULL }, { "erms", R7_EBX, 9, NULL },
	{ "invpcid", R7_EBX, 10, NULL }, { "rtm", R7_EBX, 11, NULL }, { "cmt", R7_EBX, 12, NULL },
	{ "mpx", R7_EBX, 14, NULL }, { "avx512f", R7_EBX, 16, "avx2" },
	{ "avx512dq", R7_EBX, 17, "avx512f" }, { "rdseed", R7_EBX, 18, NULL }, { "adx", R7_EBX, 19, NULL },
	{ "smap", R7_EBX, 20, NULL }, { "avx512-ifma", R7_EBX, 21, "avx512f" },
	{ "clflushopt", R7_EBX, 23, NULL }, { "clwb", R7_EBX, 24, NULL },
	{ "proc-trace", R7_EBX, 25, NULL }, { "avx512pf", R7_EBX, 26, "avx512f" },
	{ "avx512er", R7_EBX, 27, "avx512f" }, { "avx512cd", R7_EBX, 28, "avx512f" },
	{ "sha", R7_EBX, 29, NULL }, { "avx512bw", R7_EBX, 30, "avx512f" },
	{ "avx512vl", R7_EBX, 31, "avx512f" }, { "prefetchwt1", R7_ECX, 0, NULL },
	{ "avx512-vbmi", R7_ECX, 1, "avx512f" }, { "umip", R7_ECX, 2, NULL }, { "pku", R7_ECX, 3, NULL },
	{ "ospke", R7_ECX, 4, NULL }, { "avx512-vbmi2", R7_ECX, 6, "avx512f" }, { "gfni", R7_ECX, 8, NULL },
	{ "vaes", R7_ECX, 9, "avx" }, { "vpclmulqdq", R7_ECX, 10, "avx" },
	{ "avx512-vnni", R7_ECX, 11, "avx512f" }, { "avx512-bitalg", R7_ECX, 12, "avx512f" },
	{ "avx512-vpopcntdq", R7_ECX, 14, "avx512f" }, { "rdpid", R7_ECX, 22, NULL },
	{ "cldemote", R7_ECX, 25, NULL }, { "movdiri", R7_ECX, 27, NULL },
	{ "movdir64b", R7_ECX, 28, NULL }, { "avx512-4vnniw", R7_EDX, 2, "avx512f" },
	{ "avx512-4fmaps", R7_EDX, 3, "avx512f" }, { "fsrm", R7_EDX, 4, NULL },
	{ "avx512-vp2intersect", R7_EDX, 8, "avx512f" }, { "md-clear", R7_EDX, 10, NULL },
	{ "serialize", R7_EDX, 14, NULL }, { "tsxldtrk", R7_EDX, 16, NULL }, { "ibrsb", R7_EDX, 26, NULL },
	{ "stibp", R7_EDX, 27, NULL }, { "l1d-flush", R7_EDX, 28, NULL }, { "arch-caps", R7_EDX, 29, NULL },
	{ "core-caps", R7_EDX, 30, NULL }, { "ssbd", R7_EDX, 31, NULL }, { "avx-vnni", R71_EAX, 4, "avx2" },
	{ "avx512-bf16", R71_EAX, 5, "avx512f" }, { "fzrm", R71_EAX, 10, NULL },
	{ "fsrs", R71_EAX, 11, NULL }, { "fsrcs", R71_EAX, 12, NULL }, { "xsaveopt", RD1_EAX, 0, "xsave" },
	{ "xsavec", RD1_EAX, 1, "xsave" }, { "xgetbv1", RD1_EAX, 2, "xsave" },
	{ "xsaves", RD1_EAX, 3, "xsave" }, { "lahfsahf", RE1_ECX, 0, NULL },
	{ "cmplegacy", RE1_ECX, 1, NULL }, { "svm", RE1_ECX, 2, NULL }, { "extapic", RE1_ECX, 3, NULL },
	{ "altmovcr8", RE1_ECX, 4, NULL }, { "abm", RE1_ECX, 5, NULL }, { "sse4a", RE1_ECX, 6, NULL },
	{ "misalignsse", RE1_ECX, 7, NULL }, { "3dnowprefetch", RE1_ECX, 8, NULL },
	{ "osvw", RE1_ECX, 9, NULL }, { "ibs", RE1_ECX, 10, NULL }, { "xop", RE1_ECX, 11, "avx" },
	{ "skinit", RE1_ECX, 12, NULL }, { "wdt", RE1_ECX, 13, NULL }, { "lwp", RE1_ECX, 15, "xsave" },
	{ "fma4", RE1_ECX, 16, "avx" }, { "nodeid", RE1_ECX, 19, NULL }, { "tbm", RE1_ECX, 21, NULL },
	{ "topoext", RE1_ECX, 22, NULL }, { "perfctr_core", RE1_ECX, 23, NULL },
	{ "perfctr_nb", RE1_ECX, 24, NULL }, { "syscall", RE1_EDX, 11, NULL }, { "mp", RE1_EDX, 19, NULL },
	{ "nx", RE1_EDX, 20, NULL }, { "mmxext", RE1_EDX, 22, NULL }, { "ffxsr", RE1_EDX, 25, NULL },
	{ "page1gb", RE1_EDX, 26, NULL }, { "rdtscp", RE1_EDX, 27, NULL }, { "lm", RE1_EDX, 29, NULL },
	{ "3dnowext", RE1_EDX, 30, NULL }, { "3dnow", RE1_EDX, 31, NULL }, { "invtsc", RE7_EDX, 8, NULL },
	{ "clzero", RE8_EBX, 0, NULL }, { "rstr-fp-err-ptrs", RE8_EBX, 2, NULL },
	{ "wbnoinvd", RE8_EBX, 9, NULL }, { "ibpb", RE8_EBX, 12, NULL }, { "ppin", RE8_EBX, 23, NULL },
	{ "lfence+", RE21_EAX, 2, NULL }, { "nscb", RE21_EAX, 6, NULL },
};

/* Fields of CPUID that Xen's users may set, and that are no features. */
static const char *const numbers[] = { "maxleaf", "family", "model", "stepping", "localapicid", "proccount", "clflush",
	"brandid", "nc", "procpkg", "apicidsize", "maxhvleaf", "osxsave" };

#define COUNT(a) (sizeof(a) / sizeof((a)[0]))

static const struct feature *find(const char *name)
{
	for (size_t i = 0; i < COUNT(features); i++)
		if (strcmp(features[i].name, name) == 0)
			return &features[i];
	return NULL;
}

static int unknown(const char *name, struct error *err)
{
	const char *all[COUNT(features)], *near;

	for (size_t i = 0; i < COUNT(numbers); i++)
		if (strcmp(numbers[i], name) == 0)
			return error_set(err, ERR_UNSUPPORTED, NULL, "cpuid: '%s' cannot be chosen, features can",
					 name);
	for (size_t i = 0; i < COUNT(features); i++)
		all[i] = features[i].name;
	near = nearest_word(name, all, COUNT(features));
	if (near)
		return error_set(err, ERR_CONFIG, NULL, "cpuid: there is no feature '%.40s' (did you mean '%s'?)",
				 name, near);
	return error_set(err, ERR_CONFIG, NULL, "cpuid: there is no feature '%.40s'", name);
}

/* False: not one of the characters. */
static bool set_bit(struct conf_cpuid *want, unsigned int reg, unsigned int bit, char value)
{
	want->on[reg] &= ~(1u << bit);
	want->off[reg] &= ~(1u << bit);
	if (value == '1')
		want->on[reg] |= 1u << bit;
	else if (value == '0')
		want->off[reg] |= 1u << bit;
	return value && strchr("01xks", value);
}

static int parse_name(char *word, struct conf_cpuid *want, struct error *err)
{
	char *value = strchr(word, '=');
	const struct feature *f;

	if (value)
		*value++ = '\0';
	f = find(word);
	if (!f)
		return unknown(word, err);
	if (!value || strlen(value) != 1 || !set_bit(want, f->reg, f->bit, value[0]))
		return error_set(err, ERR_CONFIG, NULL, "cpuid: '%s' needs a value: 0, 1, or x for as it is", word);
	return 0;
}

/* "1" or "0x7,0" before the colon.  CPUID_REGS: it holds no features. */
static unsigned int find_reg(uint32_t leaf, uint32_t subleaf, const char *name)
{
	static const char *const names[] = { "eax", "ebx", "ecx", "edx" };

	for (unsigned int i = 0; i < CPUID_REGS; i++)
		if (conf_cpuid_regs[i].leaf == leaf && strcmp(names[conf_cpuid_regs[i].reg], name) == 0 &&
		    (conf_cpuid_regs[i].subleaf == subleaf ||
		     (subleaf == CPUID_NO_SUBLEAF && conf_cpuid_regs[i].subleaf == 0)))
			return i;
	return CPUID_REGS;
}

static int parse_reg(uint32_t leaf, uint32_t subleaf, char *word, struct conf_cpuid *want, struct error *err)
{
	char *bits = strchr(word, '=');
	unsigned int reg;

	if (!bits || strspn(bits + 1, "01xks") != 32 || strlen(bits) != 33)
		return error_set(err, ERR_CONFIG, NULL,
				 "cpuid: '%.60s' is not a register and its 32 bits, from 31 on: ecx=xx0x...", word);
	*bits++ = '\0';
	reg = find_reg(leaf, subleaf, word);
	if (reg == CPUID_REGS && strspn(bits, "xks") != 32)
		return error_set(err, ERR_UNSUPPORTED, NULL,
				 "cpuid: %s of leaf %#x holds no features that can be chosen", word, leaf);
	for (unsigned int i = 0; reg < CPUID_REGS && i < 32; i++)
		(void)set_bit(want, reg, 31 - i, bits[i]);
	return 0;
}

static int parse_leaf(char *text, struct conf_cpuid *want, struct error *err)
{
	char *rest, *save = NULL;
	uint32_t leaf = (uint32_t)strtoul(text, &rest, 0), subleaf = CPUID_NO_SUBLEAF;
	int rc = 0;

	if (rest != text && *rest == ',')
		subleaf = (uint32_t)strtoul(rest + 1, &rest, 0);
	if (rest == text || *rest != ':')
		return error_set(err, ERR_CONFIG, NULL,
				 "cpuid: '%.60s' begins neither with 'host,' nor with a leaf: '1:ecx=...'", text);
	for (char *w = strtok_r(rest + 1, ",", &save); !rc && w; w = strtok_r(NULL, ",", &save))
		rc = parse_reg(leaf, subleaf, w, want, err);
	return rc;
}

/* The table has what is needed first, but for a few of other registers: so until nothing changes. */
static void hide_dependents(struct conf_cpuid *want)
{
	bool again = true;

	while (again) {
		again = false;
		for (size_t i = 0; i < COUNT(features); i++) {
			const struct feature *f = &features[i], *needs = f->needs ? find(f->needs) : NULL;

			if (!needs || !(want->off[needs->reg] >> needs->bit & 1) || want->off[f->reg] >> f->bit & 1)
				continue;
			(void)set_bit(want, f->reg, f->bit, '0');
			again = true;
		}
	}
}

bool conf_cpuid_by_name(const char *text)
{
	return strcmp(text, "host") == 0 || strncmp(text, "host,", 5) == 0;
}

int conf_parse_cpuid(const char *text, struct conf_cpuid *want, struct error *err)
{
	char *copy = strdup(text), *save = NULL;
	bool by_name = conf_cpuid_by_name(text);
	int rc = copy ? 0 : error_set_errno(err, ERR_RESOURCES, ENOMEM, NULL, "cpuid");

	*want = (struct conf_cpuid){ 0 };
	for (char *w = copy ? strtok_r(copy, by_name ? "," : ";", &save) : NULL; !rc && w;
	     w = strtok_r(NULL, by_name ? "," : ";", &save))
		if (!by_name)
			rc = parse_leaf(w, want, err);
		else if (w != copy)
			rc = parse_name(w, want, err);
	hide_dependents(want);
	free(copy);
	return rc;
}

void conf_cpuid_bit_name(unsigned int reg, unsigned int bit, char *buf, size_t size)
{
	static const char names[] = "abcd";

	for (size_t i = 0; i < COUNT(features); i++)
		if (features[i].reg == reg && features[i].bit == bit) {
			snprintf(buf, size, "%s", features[i].name);
			return;
		}
	snprintf(buf, size, "bit %u of e%cx in leaf %#x", bit, names[conf_cpuid_regs[reg].reg],
		 conf_cpuid_regs[reg].leaf);
}
