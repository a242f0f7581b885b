/* SPDX-License-Identifier: MIT */
/*
 * After all keys are in: what follows from others, defaults, and the rules that span keys.  Each
 * rule is one small function in the table at the end.
 */
#include <ctype.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <uuid/uuid.h>

#include "base/log.h"
#include "conf/build.h"
#include "conf/cpuid.h"

#define GRUB64 "/usr/lib/grub-xen/grub-x86_64-xen.bin"
#define GRUB32 "/usr/lib/grub-xen/grub-i386-xen.bin"
#define MEMORY_FLOOR_KIB 8192	/* below this no kernel starts */

typedef int rule_fn(struct conf_build *b, struct error *err);

int conf_check_name(const char *name, struct error *err)
{
	size_t len = strlen(name);

	if (len == 0 || len > GUEST_NAME_MAX)
		return error_set(err, ERR_CONFIG, NULL, "name '%.70s' is not 1 to %d characters long", name,
				 GUEST_NAME_MAX);
	for (size_t i = 0; i < len; i++) {
		if (isalnum((unsigned char)name[i]) || (i && strchr("-_.+", name[i])))
			continue;
		error_set(err, ERR_CONFIG, NULL, "name '%s' holds '%c'", name,
			  isprint((unsigned char)name[i]) ? name[i] : '?');
		error_hint(err, "letters, digits and - _ . + only; the first is a letter or a digit");
		return error_to_errno(ERR_CONFIG);
	}
	if (strspn(name, "0123456789") == len)
		return error_set(err, ERR_CONFIG, NULL, "name '%s' could be mistaken for a domain number",
				 name);
	if (strcmp(name, "Domain-0") == 0 || strcmp(name, "dom0") == 0)
		return error_set(err, ERR_CONFLICT, NULL, "name '%s' belongs to the host", name);
	return 0;
}

static int rule_name(struct conf_build *b, struct error *err)
{
	if (b->cfg.name)
		return conf_check_name(b->cfg.name, err);
	error_set(err, ERR_CONFIG, NULL, "the guest has no name");
	error_hint(err, "add a line: name = \"web\"");
	return error_to_errno(ERR_CONFIG);
}

static int rule_uuid(struct conf_build *b, struct error *err)
{
	(void)err;
	b->cfg.uuid_given = !uuid_is_null(b->cfg.uuid);
	if (!b->cfg.uuid_given)
		uuid_generate(b->cfg.uuid);
	return 0;
}

static int rule_type(struct conf_build *b, struct error *err)
{
	if (b->builder && strcmp(b->builder, "hvm") == 0)
		b->cfg.type = GUEST_HVM;
	else if (b->builder && strcmp(b->builder, "generic") && strcmp(b->builder, "linux"))
		return error_set(err, ERR_CONFIG, NULL, "builder = '%s': neither generic nor linux nor hvm",
				 b->builder);
	if (b->cfg.type == GUEST_PV)
		return 0;
	error_set(err, ERR_UNSUPPORTED, NULL, "type '%s' comes in a later release",
		  guest_type_name(b->cfg.type));
	error_hint(err,
		   "type = \"pv\" runs Linux kernels with Xen support, which distributions' kernels have");
	return error_to_errno(ERR_UNSUPPORTED);
}

static bool is_pvgrub_file(const char *path)
{
	const char *base = strrchr(path, '/') + 1;
	size_t len = strlen(base);

	/* as Debian, openSUSE and Xen itself name it */
	return (strncmp(base, "grub-", 5) == 0 && len > 8 && strcmp(base + len - 8, "-xen.bin") == 0) ||
	       strcmp(base, "grub.xen") == 0 || strcmp(base, "pvgrub64.bin") == 0 ||
	       strcmp(base, "pvgrub32.bin") == 0;
}

/* bootloader= is the older word for firmware= as far as we serve it. */
static int rule_bootloader(struct conf_build *b, struct error *err)
{
	if (!b->bootloader || !b->bootloader[0])
		return 0;
	if (strcmp(b->bootloader, "pvgrub64") && strcmp(b->bootloader, "pvgrub32")) {
		error_set(err, ERR_UNSUPPORTED, NULL,
			  "bootloader = '%.80s' would read the guest's disk inside dom0, which is never done",
			  b->bootloader);
		error_hint(err, "firmware = \"pvgrub64\" (in XML <bootloader>pvgrub64</bootloader>) boots from the "
				"guest's own disk by GRUB");
		return error_to_errno(ERR_UNSUPPORTED);
	}
	if (b->firmware && strcmp(b->firmware, b->bootloader))
		return error_set(err, ERR_CONFIG, NULL,
				 "firmware = '%s' and bootloader = '%s' contradict each other", b->firmware,
				 b->bootloader);
	return conf_set_string(&b->firmware, b->bootloader, err);
}

static int rule_boot(struct conf_build *b, struct error *err)
{
	struct guest_config *cfg = &b->cfg;

	if (b->firmware && !cfg->kernel) {
		const char *path = strcmp(b->firmware, "pvgrub32") == 0 ? GRUB32 : GRUB64;

		if (conf_set_string(&cfg->kernel, path, err))
			return -ENOMEM;
	} else if (b->firmware && !is_pvgrub_file(cfg->kernel)) {
		return error_set(err, ERR_CONFIG, NULL,
				 "firmware = '%s' and kernel = '%.100s' contradict each other", b->firmware,
				 cfg->kernel);
	}
	if (!cfg->kernel && b->bootloader && b->bootloader[0])
		return 0;	/* refused above: one cause is enough */
	if (!cfg->kernel) {
		error_set(err, ERR_CONFIG, NULL, "there is nothing to boot");
		error_hint(err, "kernel = \"/boot/vmlinuz-...\", or firmware = \"pvgrub64\" to boot from the "
				"guest's disk");
		return error_to_errno(ERR_CONFIG);
	}
	cfg->boot = is_pvgrub_file(cfg->kernel) ? GUEST_BOOT_PVGRUB : GUEST_BOOT_DIRECT;
	if (cfg->boot == GUEST_BOOT_PVGRUB && cfg->n_disks == 0 && !cfg->ramdisk)
		return error_set(err, ERR_CONFIG, NULL,
				 "PV GRUB needs a disk to boot from, and there is none");
	return 0;
}

static int rule_cmdline(struct conf_build *b, struct error *err)
{
	struct guest_config *cfg = &b->cfg;
	char *line = NULL;

	if (cfg->cmdline) {
		if (cfg->boot != GUEST_BOOT_PVGRUB || !cfg->bootloader_args)
			return 0;
	}
	if (cfg->boot == GUEST_BOOT_PVGRUB && cfg->bootloader_args) {
		if (asprintf(&line, "%s%s%s", cfg->cmdline ? cfg->cmdline : "", cfg->cmdline ? " " : "",
			     cfg->bootloader_args) < 0)
			return conf_no_memory(err);
		free(cfg->bootloader_args);	/* now part of the line */
		cfg->bootloader_args = NULL;
	} else if (asprintf(&line, "%s%s%s%s", b->root ? "root=" : "", b->root ? b->root : "",
			    b->root && b->extra ? " " : "", b->extra ? b->extra : "") < 0) {
		return conf_no_memory(err);
	}
	free(cfg->cmdline);
	cfg->cmdline = line;
	if (strlen(line) > GUEST_CMDLINE_MAX)
		return error_set(err, ERR_CONFIG, NULL, "the command line is longer than %d bytes",
				 GUEST_CMDLINE_MAX);
	return 0;
}

static int rule_memory(struct conf_build *b, struct error *err)
{
	struct guest_config *cfg = &b->cfg;

	if (!cfg->memory_kib)
		cfg->memory_kib = cfg->maxmem_kib;
	if (!cfg->maxmem_kib)
		cfg->maxmem_kib = cfg->memory_kib;
	if (!cfg->memory_kib) {
		error_set(err, ERR_CONFIG, NULL, "the guest has no memory");
		error_hint(err, "add a line: memory = 512");
		return error_to_errno(ERR_CONFIG);
	}
	if (cfg->memory_kib < MEMORY_FLOOR_KIB)
		return error_set(err, ERR_CONFIG, NULL, "memory = %lluK is less than a kernel needs (%d MiB)",
				 (unsigned long long)cfg->memory_kib, MEMORY_FLOOR_KIB / 1024);
	if (cfg->memory_kib & 3 || cfg->maxmem_kib & 3)
		return error_set(err, ERR_CONFIG, NULL, "memory and maxmem must be whole pages of 4K");
	if (cfg->maxmem_kib < cfg->memory_kib)
		return error_set(err, ERR_CONFIG, NULL, "maxmem (%llu MiB) is below memory (%llu MiB)",
				 (unsigned long long)cfg->maxmem_kib / 1024,
				 (unsigned long long)cfg->memory_kib / 1024);
	return 0;
}

static int rule_vcpus(struct conf_build *b, struct error *err)
{
	struct guest_config *cfg = &b->cfg;

	if (!cfg->vcpus)
		cfg->vcpus = 1;
	if (!cfg->maxvcpus)
		cfg->maxvcpus = cfg->vcpus;
	if (cfg->vcpus > cfg->maxvcpus)
		return error_set(err, ERR_CONFIG, NULL, "vcpus (%u) is above maxvcpus (%u)", cfg->vcpus,
				 cfg->maxvcpus);
	if (cfg->n_cpus_hard > cfg->maxvcpus || cfg->n_cpus_soft > cfg->maxvcpus)
		return error_set(err, ERR_CONFIG, NULL, "cpus has more entries than the guest has vCPUs (%u)",
				 cfg->maxvcpus);
	if (cfg->cap_percent > cfg->maxvcpus * 100)
		return error_set(err, ERR_CONFIG, NULL, "cap = %u is more than %u vCPUs can use",
				 cfg->cap_percent, cfg->maxvcpus);
	return 0;
}

static int rule_disks(struct conf_build *b, struct error *err)
{
	const struct guest_config *cfg = &b->cfg;

	for (size_t i = 0; i < cfg->n_disks; i++)
		for (size_t j = 0; j < i; j++) {
			const struct guest_disk *p = &cfg->disks[i], *q = &cfg->disks[j];

			if (p->devid == q->devid)
				return error_set(err, ERR_CONFIG, NULL, "two disks are %s", p->vdev);
			if (p->target && q->target && !p->script && !q->script &&
			    strcmp(p->target, q->target) == 0 && !(p->readonly && q->readonly) &&
			    !(p->shared && q->shared))
				return error_set(err, ERR_CONFIG, NULL, "%s and %s are the same file %.100s",
						 q->vdev, p->vdev, p->target);
		}
	return 0;
}

static int rule_vifs(struct conf_build *b, struct error *err)
{
	const struct guest_config *cfg = &b->cfg;

	for (size_t i = 0; i < cfg->n_vifs; i++)
		for (size_t j = 0; j < i; j++) {
			const struct guest_vif *p = &cfg->vifs[i], *q = &cfg->vifs[j];

			if (p->mac_given && q->mac_given && memcmp(p->mac, q->mac, 6) == 0)
				return error_set(err, ERR_CONFIG, NULL,
						 "interfaces %zu and %zu have the same MAC address", j, i);
			if (p->vifname && q->vifname && strcmp(p->vifname, q->vifname) == 0)
				return error_set(err, ERR_CONFIG, NULL,
						 "interfaces %zu and %zu are both named %s", j, i,
						 p->vifname);
		}
	return 0;
}

static int rule_actions(struct conf_build *b, struct error *err)
{
	const struct guest_config *cfg = &b->cfg;

	if (cfg->on_poweroff == GUEST_ACTION_SOFT_RESET || cfg->on_reboot == GUEST_ACTION_SOFT_RESET ||
	    cfg->on_crash == GUEST_ACTION_SOFT_RESET || cfg->on_watchdog == GUEST_ACTION_SOFT_RESET)
		return error_set(err, ERR_CONFIG, NULL, "soft-reset is an answer to on_soft_reset only");
	return 0;
}

static int rule_pool(struct conf_build *b, struct error *err)
{
	if (!b->cfg.pool || strcmp(b->cfg.pool, "Pool-0") == 0)
		return 0;
	error_set(err, ERR_UNSUPPORTED, NULL, "pool = '%s': there is one CPU pool, Pool-0", b->cfg.pool);
	error_hint(err, "cpus = \"...\" keeps a guest on some of the CPUs");
	return error_to_errno(ERR_UNSUPPORTED);
}

static int rule_label(struct conf_build *b, struct error *err)
{
	if (!b->cfg.seclabel && !b->cfg.init_seclabel)
		return 0;
	error_set(err, ERR_UNSUPPORTED, NULL,
		  "seclabel needs a hypervisor with a security policy, which this is not");
	return error_to_errno(ERR_UNSUPPORTED);
}

static int rule_cpuid(struct conf_build *b, struct error *err)
{
	struct conf_cpuid want;

	return b->cfg.cpuid ? conf_parse_cpuid(b->cfg.cpuid, &want, err) : 0;
}

/* Each rule with the key (or its older word) in whose line its problem stands, if that was given. */
static const struct {
	rule_fn *check;
	const char *key, *older;
} rules[] = {
	{ rule_name, "name", NULL }, { rule_uuid, "uuid", NULL }, { rule_type, "type", "builder" },
	{ rule_bootloader, "bootloader", NULL },
	{ rule_boot, "kernel", NULL }, { rule_cmdline, "extra", NULL }, { rule_memory, "memory", NULL },
	{ rule_vcpus, "vcpus", NULL },
	{ rule_disks, "disk", NULL }, { rule_vifs, "vif", NULL }, { rule_actions, NULL, NULL },
	{ rule_pool, "pool", NULL }, { rule_label, "seclabel", NULL }, { rule_cpuid, "cpuid", NULL },
};

/* Does a key that is not served yet ask for anything? */
static bool asks_for_more(const struct conf_key *key, const struct conf_build *b,
			  const struct guest_config *fresh)
{
	return key->kind == KEY_LIST ? *(const size_t *)((const char *)b + key->offset_n) != 0
				     : !conf_scalar_same(key, b, fresh);
}

/* Back to its default, so that what is written out and read again is what runs. */
static void forget_key(const struct conf_key *key, struct conf_build *b, const struct guest_config *fresh)
{
	struct strbuf usual = STRBUF_INIT;

	if (key->kind == KEY_LIST) {
		conf_list_clear(key, b);
		return;
	}
	conf_scalar_format(key, fresh, &usual);
	if (conf_scalar_parse(key, usual.data ? usual.data : "", b, NULL))
		log_debug("%s keeps its value", key->name);
	strbuf_free(&usual);
}

/* "web.cfg:9" of the last line that gave the key, by either word; without one the file's name alone. */
static unsigned int where(const struct conf_assigns *list, const struct conf_options *opt, const char *key,
			  const char *older, struct error *err)
{
	for (size_t i = key ? list->n : 0; i-- > 0;) {
		const struct conf_assign *as = &list->items[i];

		if (strcmp(as->key, key) && (!older || strcmp(as->key, older)))
			continue;
		if (as->override)
			snprintf(err->what, sizeof(err->what), "command line");
		else if (as->line)
			snprintf(err->what, sizeof(err->what), "%.140s:%u", conf_source(opt), as->line);
		else
			break;
		return as->override ? 0 : as->line;
	}
	snprintf(err->what, sizeof(err->what), "%.140s", conf_source(opt));
	return 0;
}

static void refuse_later_keys(const struct conf_assigns *list, struct conf_build *b,
			      const struct conf_options *opt, struct conf_diags *diags)
{
	struct guest_config *fresh = guest_config_new();

	conf_for_each_key(sec, key) {
		struct error err = ERROR_INIT;

		if (!fresh || !(key->flags & KEY_LATER) || !asks_for_more(key, b, fresh))
			continue;
		error_set(&err, ERR_UNSUPPORTED, conf_source(opt), "key '%s' %s", key->name,
			  conf_refusal_text(REFUSE_LATER));
		if (!opt || !opt->lenient)
			error_hint(&err, "remove it, or use --lenient to start without it");
		conf_diag_add(diags, !(opt && opt->lenient), where(list, opt, key->name, NULL, &err), &err);
		forget_key(key, b, fresh);
	}
	guest_config_free(fresh);
}

void conf_finish(const struct conf_assigns *list, struct conf_build *b, const struct conf_options *opt,
		 struct conf_diags *diags)
{
	for (size_t i = 0; i < sizeof(rules) / sizeof(rules[0]); i++) {
		struct error err = ERROR_INIT;

		if (rules[i].check(b, &err))
			conf_diag_add(diags, true, where(list, opt, rules[i].key, rules[i].older, &err), &err);
	}
	refuse_later_keys(list, b, opt, diags);
}
