/* SPDX-License-Identifier: MIT */
/* The xl.cfg syntax and the meaning of its keys. */
#include "helpers.h"

TEST(a_small_guest_gets_its_defaults)
{
	struct parsed p = parse(BASE);

	REQUIRE(p.rc == 0);
	CHECK_STR(p.cfg->name, "web");
	CHECK_EQ(p.cfg->memory_kib, 512 * 1024);
	CHECK_EQ(p.cfg->maxmem_kib, 512 * 1024);
	CHECK_EQ(p.cfg->vcpus, 1);
	CHECK_EQ(p.cfg->maxvcpus, 1);
	CHECK_EQ(p.cfg->cpu_weight, 256);
	CHECK_EQ(p.cfg->on_poweroff, GUEST_ACTION_DESTROY);
	CHECK_EQ(p.cfg->on_reboot, GUEST_ACTION_RESTART);
	CHECK_EQ(p.cfg->max_grant_frames, 64);
	CHECK_STR(p.cfg->cmdline, "");
	CHECK_EQ(p.cfg->uuid_given, 0);
	CHECK_EQ(p.cfg->boot, GUEST_BOOT_DIRECT);
	parsed_free(&p);
}

TEST(syntax_takes_comments_semicolons_lists_and_continuations)
{
	struct parsed p = parse("# head\nname = \"web\"; memory=0x200 # tail\n\nkernel\\\n = '/k'\n"
				"vif = [ '',\n  # inside\n  'bridge=br0'\n  , ]\nextra = 'a \\x41\\'b'\n"
				"extra += ' c'\nvif += [ 'mtu=9000' ]\n");

	REQUIRE(p.rc == 0);
	CHECK_EQ(p.cfg->memory_kib, 512 * 1024);
	CHECK_EQ(p.cfg->n_vifs, 3);
	CHECK_EQ(p.cfg->vifs[2].mtu, 9000);
	parsed_free(&p);
	p = parse("\xef\xbb\xbfname='web'\r\nmemory=512\r\nkernel='/k'\r\n");
	CHECK_EQ(p.rc, 0);
	parsed_free(&p);
	p = parse("name='web'\nmemory=512\nkernel='/k'");
	CHECK_EQ(p.rc, 0);
	parsed_free(&p);
}

TEST(texts_and_lists_are_appended_to_and_numbers_are_not)
{
	struct parsed p = parse("name='web'\nmemory=512\nfirmware='pvgrub64'\ndisk=['/a,raw,xvda,rw']\n"
				"bootloader_args=['a','b']\nbootloader_args+=['c']\n");

	REQUIRE(p.rc == 0);
	CHECK(p.cfg->cmdline && strstr(p.cfg->cmdline, "a b c"));
	parsed_free(&p);
	CHECK_REFUSED(BASE "cap += 150\n", "t.cfg:4: cap += works on strings and lists only");
}

TEST(syntax_errors_name_their_line)
{
	CHECK_REFUSED(BASE "disk = [ '/a,raw,xvda,rw',\n\n", "t.cfg:4: '[' is never closed");
	CHECK_REFUSED(BASE "extra = 'abc\n", "t.cfg:4: string without its closing '");
	CHECK_REFUSED(BASE "vcpus 2\n", "t.cfg:4: expected '=' after the key, found '2'");
	CHECK_REFUSED(BASE "vcpus = 2 3\n", "t.cfg:4: expected the end of the line, found '3'");
	CHECK_REFUSED(BASE "vcpus = two\n", "t.cfg:4: expected a value, found 'two'; text stands in quotes");
	CHECK_REFUSED(BASE "vcpus = 2x\n", "t.cfg:4: '2x' is no number; put text in quotes");
	CHECK_REFUSED(BASE "vcpus = 99999999999999999999\n",
		      "t.cfg:4: number 99999999999999999999 is too large");
	CHECK_REFUSED(BASE "= 3\n", "t.cfg:4: expected a key, found '='");
	CHECK_REFUSED(BASE "extra = 'a\\q'\n",
		      "t.cfg:4: unknown escape in a string; write \\\\ for one backslash");
	CHECK_REFUSED(BASE "vif = [ '' '' ]\n", "t.cfg:4: expected ',' or ']', found ''");
	CHECK_REFUSED(BASE "x = [[[[[[]]]]]]\n", "t.cfg:4: lists nested deeper than 4");
	CHECK_REFUSED("\x01\n", "t.cfg:1: unexpected byte \\x01");
}

TEST(every_mistake_is_told_in_one_run)
{
	struct parsed p = parse(
		"name = 'web'\nmemroy = 512\nvcpus = 'two'\nkernel = [\nextra = 'x'\nboot = 'c'\n");

	CHECK(p.rc != 0);
	CHECK(p.diags.n_fatal >= 3);
	parsed_free(&p);
}

TEST(unknown_keys_get_a_suggestion)
{
	CHECK_REFUSED(BASE "memroy = 512\n", "t.cfg:4: unknown key 'memroy' (did you mean 'memory'?)");
	CHECK_REFUSED(BASE "diks = []\n", "t.cfg:4: unknown key 'diks' (did you mean 'disk'?)");
	CHECK_REFUSED(BASE "frobnicate = 1\n", "t.cfg:4: unknown key 'frobnicate'");
	CHECK_REFUSED(BASE "vif = ['bridg=br0']\n",
		      "t.cfg:4: vif = ['bridg=br0']: unknown field 'bridg' (did you mean 'bridge'?)");
}

TEST(wrong_values_are_shown)
{
	CHECK_REFUSED(BASE "vcpus = 'two'\n", "t.cfg:4: vcpus = 'two' is not a number");
	CHECK_REFUSED(BASE "vcpus = 0\n", "t.cfg:4: vcpus = '0' must be from 1 to 128");
	CHECK_REFUSED(BASE "vcpus = [1]\n", "t.cfg:4: vcpus = [...]: a list is not what this key takes");
	CHECK_REFUSED(BASE "disk = '/x'\n", "t.cfg:4: disk = /x: a string is not what this key takes");
	CHECK_REFUSED(BASE "vif = [['a']]\n", "t.cfg:4: vif = [...]: a list is not what this key takes");
	CHECK_REFUSED(BASE "on_crash = 'destory'\n",
		      "t.cfg:4: on_crash = 'destory': unknown value (did you mean 'destroy'?)");
	CHECK_REFUSED(BASE "uuid = 'abc'\n", "t.cfg:4: uuid = 'abc' is not a UUID");
	CHECK_REFUSED(BASE "uuid = '4dea22b31d52d8f32516782e98ab3fa'\n",
		      "t.cfg:4: uuid = '4dea22b31d52d8f32516782e98ab3fa' is not a UUID");
	CHECK_REFUSED(BASE "uuid = '00000000000000000000000000000000'\n",
		      "t.cfg:4: uuid = '00000000-0000-0000-0000-000000000000' is dom0's");
	CHECK_REFUSED(BASE "localtime = 'maybe'\n", "t.cfg:4: localtime = 'maybe' must be 1 or 0");
	CHECK_REFUSED("name='web'\nmemory='lots'\nkernel='/k'\n", "t.cfg:2: 'lots' is no amount of memory");
	CHECK_REFUSED("name='web'\nmemory=512\nkernel='vmlinuz'\n",
		      "t.cfg:3: kernel = 'vmlinuz' is not an absolute path");
	CHECK_REFUSED(BASE "cpus = '9999'\n", "t.cfg:4: '9999' in CPU list '9999' is not understood");
}

TEST(rules_across_keys)
{
	CHECK_REFUSED("memory=512\nkernel='/k'\n", "t.cfg: the guest has no name");
	CHECK_REFUSED("name='web'\nkernel='/k'\n", "t.cfg: the guest has no memory");
	CHECK_REFUSED("name='web'\nmemory=512\n", "t.cfg: there is nothing to boot");
	CHECK_REFUSED("name='12'\nmemory=512\nkernel='/k'\n",
		      "t.cfg:1: name '12' could be mistaken for a domain number");
	CHECK_REFUSED("name='a/b'\nmemory=512\nkernel='/k'\n", "t.cfg:1: name 'a/b' holds '/'");
	CHECK_REFUSED("name='Domain-0'\nmemory=512\nkernel='/k'\n",
		      "t.cfg:1: name 'Domain-0' belongs to the host");
	CHECK_REFUSED(BASE "maxmem=256\n", "t.cfg:2: maxmem (256 MiB) is below memory (512 MiB)");
	CHECK_REFUSED(BASE "vcpus=4\nmaxvcpus=2\n", "t.cfg:4: vcpus (4) is above maxvcpus (2)");
	CHECK_REFUSED(BASE "disk=['/a,raw,xvda,rw','/b,raw,xvda,rw']\n", "t.cfg:4: two disks are xvda");
	CHECK_REFUSED(BASE "disk=['/a,raw,xvda,rw','/a,raw,xvdb,rw']\n",
		      "t.cfg:4: xvda and xvdb are the same file /a");
	CHECK_REFUSED(BASE "vif=['mac=00:16:3e:00:00:01','mac=00:16:3e:00:00:01']\n",
		      "t.cfg:4: interfaces 0 and 1 have the same MAC address");
	CHECK_REFUSED(BASE "on_crash='soft-reset'\n", "t.cfg: soft-reset is an answer to on_soft_reset only");
	CHECK_REFUSED(BASE "pool='fast'\n", "t.cfg:4: pool = 'fast': there is one CPU pool, Pool-0");
	CHECK_REFUSED(BASE "name='other'\n", "t.cfg:4: key 'name' is given twice, first in line 1");
	CHECK_REFUSED("name='web'\nmemory=4\nkernel='/k'\n",
		      "t.cfg:2: memory = 4096K is less than a kernel needs (8 MiB)");
}

/* Files of xm were programs, and files that were made long ago hold what means nothing now. */
TEST(files_of_old)
{
	struct parsed p = parse("import os, re\narch = os.uname()[4]\nif re.search('64', arch):\n    x = 1\n" BASE);

	CHECK_STR(p.first, "t.cfg:1: 'import' is Python, as the files of xm could be; write lines KEY = VALUE with the "
			   "plain values");
	CHECK_EQ(p.diags.n, 1);
	parsed_free(&p);
	CHECK_REFUSED("name='web'\nmemory=512\nkernel='/boot/vmlinuz-%s' % ver\n",
		      "t.cfg:3: '%': values are not computed here; write the result");
	CHECK_REFUSED(BASE "localtime=True\n", "t.cfg:4: 'True' is no value; a switch is 1 or 0");
	CHECK_REFUSED(BASE "initrd='/r'\n", "t.cfg:4: unknown key 'initrd' (did you mean 'ramdisk'?)");
	CHECK_REFUSED(BASE "bridge='br0'\n", "t.cfg:4: unknown key 'bridge' (did you mean 'vif'?)");
	p = parse(BASE "dhcp='dhcp'\nacpi=0\nusbctrl=[]\npassthrough='disabled'\nbootloader=''\n");
	CHECK_STR(p.first, "");
	CHECK_EQ(p.diags.n, 4);
	parsed_free(&p);
}

TEST(refused_keys_are_named_and_lenient_notes_them)
{
	struct conf_options lenient = { .source = "t.cfg", .lenient = true };
	struct parsed p;

	CHECK_REFUSED(BASE "vtpm = ['x']\n", "t.cfg:4: key 'vtpm' comes in a later release");
	p = parse(BASE "boot = 'c'\nacpi = 1\npae=1\nkeymap='en-us'\n");
	CHECK_EQ(p.rc, 0);
	CHECK_EQ(p.diags.n, 4);
	CHECK_STR(p.diags.items[0].err.why, "key 'boot' is for PVH and HVM guests, and means nothing to a PV guest");
	parsed_free(&p);
	CHECK_REFUSED(BASE "type = 'hvm'\n", "t.cfg:4: type 'hvm' comes in a later release");
	CHECK_REFUSED(BASE "builder = 'hvm'\nboot = 'd'\nvnc = 1\n", "t.cfg:4: type 'hvm' comes in a later release");
	CHECK_REFUSED(BASE "builder = 'hvm'\n", "t.cfg:4: type 'hvm' comes in a later release");
	CHECK_REFUSED(
		BASE "bootloader = 'pygrub'\n",
		"t.cfg:4: bootloader = 'pygrub' would read the guest's disk inside dom0, which is never done");
	p = parse_with(BASE "vtpm = ['x']\nvnuma = ['y']\n", &lenient);
	CHECK_EQ(p.rc, 0);
	CHECK_EQ(p.diags.n, 2);
	CHECK_EQ(p.diags.n_fatal, 0);
	parsed_free(&p);
	p = parse_with(BASE "memroy = 3\n", &lenient);
	CHECK(p.rc != 0);
	parsed_free(&p);
}

TEST(overrides_replace_what_the_file_says)
{
	const char *const several[] = { "memory=700; vcpus=3", "extra=a;b" };
	const char *const words[] = { "memory=1G", "name=other", "cpus=0-3,^1", "vif=['bridge=b']",
				      "extra+= x" };
	struct conf_options opt = { .source = "t.cfg", .overrides = words, .n_overrides = 5 };
	const char *const broken[] = { "memory" };
	struct parsed p = parse_with(BASE "extra='q'\nvcpus=1\nvif=['','']\n", &opt);

	REQUIRE(p.rc == 0);
	CHECK_EQ(p.cfg->memory_kib, 1024 * 1024);
	CHECK_STR(p.cfg->name, "other");
	CHECK_EQ(p.cfg->n_vifs, 1);
	CHECK_STR(p.cfg->cmdline, "q x");
	CHECK(!guest_cpus_has(&p.cfg->cpus_hard[0], 1) && guest_cpus_has(&p.cfg->cpus_hard[0], 3));
	parsed_free(&p);
	opt.overrides = broken;
	opt.n_overrides = 1;
	p = parse_with(BASE, &opt);
	CHECK_STR(p.first, "command line: 'memory' is not key=value");
	parsed_free(&p);
	opt.overrides = several;
	opt.n_overrides = 2;
	p = parse_with(BASE, &opt);
	REQUIRE(p.rc == 0);
	CHECK_EQ(p.cfg->memory_kib, 700 << 10);
	CHECK_EQ(p.cfg->vcpus, 3);
	CHECK_STR(p.cfg->cmdline, "a;b");
	parsed_free(&p);
}

TEST(command_line_is_joined_or_whole)
{
	struct parsed p = parse(BASE "root='/dev/xvda1 ro'\nextra='quiet'\n");

	CHECK_STR(p.cfg->cmdline, "root=/dev/xvda1 ro quiet");
	parsed_free(&p);
	p = parse(BASE "root='/dev/xvda1'\nextra='quiet'\ncmdline='all of it'\n");
	CHECK_STR(p.cfg->cmdline, "all of it");
	parsed_free(&p);
}

TEST(pv_grub_is_known_by_firmware_or_by_its_file)
{
	struct parsed p = parse("name='g'\nmemory=256\nfirmware='pvgrub64'\ndisk=['/a,raw,xvda,rw']\n");

	REQUIRE(p.rc == 0);
	CHECK_EQ(p.cfg->boot, GUEST_BOOT_PVGRUB);
	CHECK_STR(p.cfg->kernel, "/usr/lib/grub-xen/grub-x86_64-xen.bin");
	parsed_free(&p);
	p = parse("name='g'\nmemory=256\nkernel='/opt/grub-i386-xen.bin'\ndisk=['/a,raw,xvda,rw']\n"
		  "bootloader_args='(hd0)/grub.cfg'\n");
	REQUIRE(p.rc == 0);
	CHECK_EQ(p.cfg->boot, GUEST_BOOT_PVGRUB);
	CHECK_STR(p.cfg->cmdline, "(hd0)/grub.cfg");
	parsed_free(&p);
	CHECK_REFUSED("name='g'\nmemory=256\nfirmware='pvgrub64'\n",
		      "t.cfg: PV GRUB needs a disk to boot from, and there is none");
	CHECK_REFUSED(BASE "firmware='ovmf'\n",
		      "t.cfg:4: firmware = 'ovmf': only pvgrub64 and pvgrub32 are for PV guests");
}

TEST(memory_has_units)
{
	static const struct { const char *text; uint64_t kib;
	} good[] = {
		{ "512", 512 << 10 },	{ "512M", 512 << 10 }, { "512MiB", 512 << 10 },
		{ "2G", 2 << 20 },	{ "2g", 2 << 20 },     { "2048K", 2048 },
		{ "0x100", 256 << 10 }, { "1T", 1 << 30 },     { "64Mb", 64 << 10 },
	};
	static const char *const bad[] = {
		"",	    "M",  "-5", "1.5G", "512Q", "512MM", "99999999999999999999",
		"9999999T", " 5", "5 ", "0x",	"5Gx"
	};
	uint64_t kib;

	for (size_t i = 0; i < sizeof(good) / sizeof(good[0]); i++) {
		CHECK_EQ(conf_parse_mem_kib(good[i].text, 'M', &kib, NULL), 0);
		CHECK_EQ(kib, good[i].kib);
	}
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++)
		CHECK(conf_parse_mem_kib(bad[i], 'M', &kib, NULL) != 0);
}

TEST(files_of_xen_tools_are_understood)
{
	struct parsed p = parse(
		"kernel      = '/boot/vmlinuz-5.10'\nextra       = 'elevator=noop'\nramdisk     = "
		"'/boot/initrd.img'\n"
		"\nvcpus       = '1'\nmemory      = '256'\n\nroot        = '/dev/xvda2 ro'\ndisk        = [\n"
		"                  'file:/home/xen/web/disk.img,xvda2,w',\n"
		"                  'file:/home/xen/web/swap.img,xvda1,w',\n              ]\n\nname        = "
		"'web'\n"
		"vif         = [ 'mac=00:16:3E:AE:69:E5' ]\non_poweroff = 'destroy'\non_crash    = "
		"'restart'\n");

	CHECK_STR(p.first, "");
	REQUIRE(p.rc == 0);
	CHECK_STR(p.cfg->cmdline, "root=/dev/xvda2 ro elevator=noop");
	CHECK_STR(p.cfg->disks[1].vdev, "xvda1");
	CHECK_EQ(p.cfg->vifs[0].mac[3], 0xae);
	parsed_free(&p);
}

TEST(text_is_utf8)
{
	struct parsed p = parse(BASE "title='B\xc3\xbcro'\n");

	CHECK_EQ(p.rc, 0);
	parsed_free(&p);
	CHECK_REFUSED(BASE "title='B\xfcro'\n", "t.cfg:4: the value of 'title' is not UTF-8 text");
	CHECK_REFUSED(BASE "disk=['/\\xff,raw,xvda,rw']\n", "t.cfg:4: the value of 'disk' is not UTF-8 text");
}

TEST(very_long_input_is_bounded)
{
	size_t size = CONF_TEXT_MAX + 1;
	char *text = malloc(size + 1);
	struct conf_diags diags = { 0 };
	struct guest_config *cfg;

	memset(text, '[', size);
	text[size] = '\0';
	CHECK(conf_parse(text, size, NULL, &cfg, &diags) != 0);
	conf_diags_free(&diags);
	text[0] = 'x';
	text[1] = '=';
	CHECK(conf_parse(text, size - 1, NULL, &cfg, &diags) != 0);
	conf_diags_free(&diags);
	for (size_t i = 0; i + 4 <= size; i += 4)
		memcpy(text + i, "a=1\n", 4);
	CHECK(conf_parse(text, size - 1, NULL, &cfg, &diags) != 0);
	CHECK(diags.n <= 200);
	conf_diags_free(&diags);
	free(text);
}

int main(void)
{
	RUN(a_small_guest_gets_its_defaults);
	RUN(syntax_takes_comments_semicolons_lists_and_continuations);
	RUN(texts_and_lists_are_appended_to_and_numbers_are_not);
	RUN(syntax_errors_name_their_line);
	RUN(every_mistake_is_told_in_one_run);
	RUN(unknown_keys_get_a_suggestion);
	RUN(wrong_values_are_shown);
	RUN(rules_across_keys);
	RUN(files_of_old);
	RUN(refused_keys_are_named_and_lenient_notes_them);
	RUN(overrides_replace_what_the_file_says);
	RUN(command_line_is_joined_or_whole);
	RUN(pv_grub_is_known_by_firmware_or_by_its_file);
	RUN(memory_has_units);
	RUN(files_of_xen_tools_are_understood);
	RUN(text_is_utf8);
	RUN(very_long_input_is_bounded);
	return unit_end();
}
