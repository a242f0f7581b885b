/* SPDX-License-Identifier: MIT */
/* The checks that need the machine, over a machine made up here. */
#include <errno.h>

#include "helpers.h"

static int fake_file(const char *path, bool for_write, bool *is_block, uint64_t *size)
{
	*is_block = strncmp(path, "/dev/", 5) == 0;
	*size = strcmp(path, "/empty") ? 1 << 20 : 0;
	if (strstr(path, "missing"))
		return -ENOENT;
	if (strstr(path, "folder"))
		return -EISDIR;
	if (strstr(path, "ro") && for_write)
		return -EROFS;
	return 0;
}

static bool fake_bridge(const char *name)
{
	return strcmp(name, "br0") == 0;
}

static void fake_names(char *buf, size_t size)
{
	snprintf(buf, size, "br0, virbr0");
}

static unsigned int fake_cpus(void)
{
	return 4;
}

static const struct conf_host_ops fake = { fake_file, fake_bridge, fake_names, fake_cpus };

static void expect(const char *more, const char *why, const char *hint)
{
	char text[1024];
	struct error err = ERROR_INIT;
	struct parsed p;

	snprintf(text, sizeof(text), "%s%s", BASE, more);
	p = parse(text);
	REQUIRE(p.rc == 0);
	CHECK_EQ(conf_check_host(p.cfg, &fake, &p.diags) != 0, why != NULL);
	conf_diags_first(&p.diags, &err);
	if (why) {
		CHECK_STR(err.what, "guest 'web'");
		CHECK_STR(err.why, why);
	}
	if (hint)
		CHECK_STR(err.hint, hint);
	parsed_free(&p);
}

TEST(what_is_there_passes)
{
	expect("ramdisk='/r'\ndisk=['script=/s,vdev=xvdd,target=missing','/a,raw,xvda,rw','/ro,raw,xvdb,r','phy:/dev/"
	       "x,xvdc,w']\nvif=['','bridge=br0']\n"
	       "cpus='0-3'\n",
	       NULL, NULL);
}

TEST(what_is_not_is_told_with_a_remedy)
{
	expect("ramdisk='/missing'\n", "ramdisk /missing does not exist", NULL);
	expect("ramdisk='/empty'\n", "ramdisk /empty is empty", NULL);
	expect("disk=['/folder,raw,xvda,rw']\n", "disk xvda: /folder is a folder", NULL);
	expect("disk=['/ro,raw,xvda,rw']\n", "disk xvda: /ro cannot be written: Read-only file system",
	       "mode r gives the guest a disk that it only reads");
	expect("disk=['/empty,raw,xvda,rw']\n", "disk xvda: /empty has no sector (0 bytes)",
	       "truncate -s 4G FILE makes an empty disk image");
	expect("disk=['/a,raw,xvda,rw,backendtype=phy']\n",
	       "disk xvda: /a is not a block device, as backendtype=phy demands", NULL);
	expect("vif=['bridge=br7']\n", "bridge 'br7' does not exist",
	       "'xl net setup IF' makes one, vif=[''] joins the default network; existing bridges: br0, "
	       "virbr0");
	expect("vif=['script=/missing']\n", "script /missing cannot be used: No such file or directory",
	       NULL);
	expect("disk=['script=/missing,vdev=xvda,target=x']\n",
	       "script /missing cannot be used: No such file or directory", NULL);
	expect("cpus='7'\n", "cpus = '7': the host has CPUs 0-3 only", NULL);
}

TEST(the_real_host_is_asked)
{
	struct parsed p = parse("name='web'\nmemory=512\nkernel='/bin/bashh'\ndisk=['/"
				"etc,raw,xvda,rw']\nvif=['bridge=nobr7']\n");
	struct error err = ERROR_INIT;

	REQUIRE(p.rc == 0);
	CHECK(conf_check_host(p.cfg, NULL, &p.diags) != 0);
	CHECK_EQ(p.diags.n_fatal, 3);
	conf_diags_first(&p.diags, &err);
	CHECK_STR(err.why, "kernel /bin/bashh does not exist");
	CHECK_STR(err.hint, "did you mean /bin/bash?");
	parsed_free(&p);
}

int main(void)
{
	RUN(what_is_there_passes);
	RUN(what_is_not_is_told_with_a_remedy);
	RUN(the_real_host_is_asked);
	return unit_end();
}
