/* SPDX-License-Identifier: MIT */
/* Disks, interfaces, CPU lists, ranges, PCI functions. */
#include "conf/cpuid.h"
#include "helpers.h"

#include "conf/keys.h"

static struct guest_disk disk_of(const char *spec, char *why)
{
	struct guest_disk d = { 0 };
	struct error err = ERROR_INIT;

	if (conf_parse_disk(spec, &d, &err))
		strcpy(why, err.why);
	else
		*why = '\0';
	return d;
}

TEST(disks_by_position_name_and_prefix)
{
	static const struct { const char *spec, *target, *vdev; int ro, cdrom; } good[] = {
		{ "/a.img,raw,xvda,rw", "/a.img", "xvda", 0, 0 },
		{ "/a.img,,xvda", "/a.img", "xvda", 0, 0 },
		{ "/a.img, raw , xvda , r", "/a.img", "xvda", 1, 0 },
		{ "phy:/dev/vg/x,xvda,w", "/dev/vg/x", "xvda", 0, 0 },
		{ "phy:vg/x,xvda,w", "/dev/vg/x", "xvda", 0, 0 },
		{ "file:/a.img,xvda1,r", "/a.img", "xvda1", 1, 0 },
		{ "tap:aio:/a.img,sda,w", "/a.img", "sda", 0, 0 },
		{ "format=raw,vdev=xvdb,access=ro,target=/x,y=z", "/x,y=z", "xvdb", 1, 0 },
		{ "vdev=xvdb, target=/x", "/x", "xvdb", 0, 0 },
		{ "/cd.iso,raw,hdc:cdrom,r", "/cd.iso", "hdc", 1, 1 },
		{ "/cd.iso,,xvdc,devtype=cdrom", "/cd.iso", "xvdc", 1, 1 },
		{ ",,xvdc,cdrom", NULL, "xvdc", 1, 1 },
		{ "/d=1.img,raw,xvda,rw", "/d=1.img", "xvda", 0, 0 },
		{ "vg/x,raw,xvda", "/dev/vg/x", "xvda", 0, 0 },
		{ "tap2:tapdisk:aio:/a.img,xvda,w", "/a.img", "xvda", 0, 0 },
		{ "ioemu:/a.img,hda,r", "/a.img", "hda", 1, 0 },
		{ "format=,vdev=xvda,access=,target=/a", "/a", "xvda", 0, 0 },
		{ "/a,raw,xvda,untrusted,specification=xen", "/a", "xvda", 0, 0 },
		{ "/r.iso,,hdc,,cdrom", "/r.iso", "hdc", 1, 1 },
		{ ",hdc:cdrom,r", NULL, "hdc", 1, 1 },
		{ ",empty,hdc:cdrom,r", NULL, "hdc", 1, 1 },
		{ ",empty,xvdc,cdrom", NULL, "xvdc", 1, 1 },
	};
	char why[700];

	for (size_t i = 0; i < sizeof(good) / sizeof(good[0]); i++) {
		struct guest_disk d = disk_of(good[i].spec, why);

		CHECK_STR(why, "");
		CHECK_STR(d.vdev, good[i].vdev);
		if (good[i].target)
			CHECK_STR(d.target, good[i].target);
		else
			CHECK(d.target == NULL);
		CHECK_EQ(d.readonly, good[i].ro);
		CHECK_EQ(d.cdrom, good[i].cdrom);
		guest_disk_clear(&d);
	}
}

TEST(what_the_daemon_does_itself_may_be_said)
{
	struct guest_disk d;

	CHECK(conf_parse_disk("/a.img,raw,xvda,w,script=block,backend=Domain-0", &d, NULL) == 0);
	guest_disk_clear(&d);
}

TEST(scripts_take_the_target_as_it_is)
{
	static const struct { const char *spec, *script, *target; } good[] = {
		{ "script=block-iscsi,vdev=xvda,target=iqn=x:y,portal=1.2.3.4", "/etc/xen/scripts/block-iscsi",
		  "iqn=x:y,portal=1.2.3.4" },
		{ "dummy:/dev/x,raw,xvda,w,script=/etc/vm/scripts/block-dummy", "/etc/vm/scripts/block-dummy",
		  "dummy:/dev/x" },
		{ "drbd:r0,xvda,w", "/etc/xen/scripts/block-drbd", "r0" },
		{ "phy:nbd:host:1,xvda,w", "/etc/xen/scripts/block-nbd", "host:1" },
		{ "/a,raw,xvda,script=/etc/xen/scripts/block", NULL, "/a" },
	};
	char why[700];

	for (size_t i = 0; i < sizeof(good) / sizeof(good[0]); i++) {
		struct guest_disk d = disk_of(good[i].spec, why);

		CHECK_STR(why, "");
		CHECK_STR(d.target, good[i].target);
		if (good[i].script)
			CHECK_STR(d.script, good[i].script);
		else
			CHECK(d.script == NULL);
		guest_disk_clear(&d);
	}
}

TEST(wrong_disks_are_explained)
{
	static const struct { const char *spec, *why; } bad[] = {
		{ "", "has no virtual device" },
		{ "/a.img", "has no virtual device" },
		{ "/a.img,qcow2,xvda,rw", "disk format 'qcow2' is not served" },
		{ "qcow2:/a.img,xvda,w", "disk format 'qcow2' is not served" },
		{ "/a.img,raw,xvdA,rw", "'xvdA' names no virtual disk" },
		{ "/a.img,raw,xvda,readwrite", "access 'readwrite' is unknown" },
		{ "/a.img,raw,xvda,rw,more", "'more' is no field of a disk, or one value too many" },
		{ "a.img,raw,xvda,rw", "disk 'a.img' is not an absolute path" },
		{ "vdev=xvda", "disk xvda has no target" },
		{ "/a,raw,xvda,rw,backendtype=qdisk", "backendtype 'qdisk' is not served" },
		{ "/a,raw,xvda,rw,frob=1", "unknown field 'frob'" },
		{ "vdev=xvda,vdev=xvdb,target=/x", "'vdev' is given twice" },
		{ "target=/x,vdev=xvda", "target= takes the rest of the text, so 'vdev=xvda' must stand before it" },
		{ "file:a,xvda,w", "disk 'a' is not an absolute path" },
		{ "/a,raw,xvda,specification=virtio", "specification 'virtio' is not served" },
		{ "vdev=xvda,script=/x", "disk xvda has a script, but no target to hand to it" },
		{ "x.img,raw,xvda,script=block", "disk 'x.img' is not an absolute path" },
		{ "/a,raw,xvda,backend=storage", "backend = 'storage': driver domains come in a later release" },
	};
	char why[700];

	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		struct guest_disk d = disk_of(bad[i].spec, why);

		CHECK_STR(why, bad[i].why);
		guest_disk_clear(&d);
	}
}

TEST(virtual_device_numbers_are_the_published_ones)
{
	static const struct { const char *name; uint32_t id;
	} good[] = {
		{ "xvda", 51712 },     { "xvda1", 51713 },     { "xvdb", 51728 },	{ "xvdp15", 51967 },
		{ "xvdq", 268439552 }, { "xvdaa", 268442112 }, { "xvda16", 268435472 }, { "hda", 768 },
		{ "hdb", 832 },	       { "hdc", 5632 },	       { "hdd1", 5697 },	{ "sda", 2048 },
		{ "sdb2", 2066 },      { "d0p1", 51713 },      { "51712", 51712 },
	};
	static const char *const bad[] = { "",	  "xvd",  "xvda01",  "xvda256", "hde",	     "sdq",
					   "foo", "xvd1", "xvdaaaa", "-1",	"xvda1x",    "d",
					   "dp1", "d1p",  "0",	     "xvda-1",	"9999999999" };
	uint32_t id;

	for (size_t i = 0; i < sizeof(good) / sizeof(good[0]); i++) {
		CHECK_EQ(conf_disk_devid(good[i].name, &id), 0);
		CHECK_EQ(id, good[i].id);
	}
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++)
		if (conf_disk_devid(bad[i], &id) == 0)
			unit_report(__FILE__, __LINE__, bad[i]);
}

TEST(interfaces)
{
	struct guest_vif v;
	struct error err = ERROR_INIT;

	REQUIRE(conf_parse_vif("mac=00:16:3E:aa:bb:cc, bridge=br0,ip=10.0.0.5/24 "
			       "fd00::5,rate=10Mb/s@20ms,script=vif-route",
			       &v, NULL) == 0);
	CHECK(v.mac_given && v.mac[2] == 0x3e && v.mac[5] == 0xcc);
	CHECK_STR(v.bridge, "br0");
	CHECK_STR(v.ip, "10.0.0.5/24 fd00::5");
	CHECK_STR(v.script, "/etc/xen/scripts/vif-route");
	CHECK_EQ(v.rate_bytes_per_interval, 25000);
	CHECK_EQ(v.rate_interval_us, 20000);
	guest_vif_clear(&v);
	REQUIRE(conf_parse_vif("script=vif-bridge,type=vif,model=e1000", &v, NULL) == 0);
	CHECK(v.script == NULL);
	guest_vif_clear(&v);
	REQUIRE(conf_parse_vif("", &v, NULL) == 0);
	CHECK(!v.mac_given && !v.bridge);
	guest_vif_clear(&v);
	CHECK(conf_parse_vif("mac=01:00:00:00:00:00", &v, &err) != 0);
	CHECK_STR(err.why, "mac '01:00:00:00:00:00' is a multicast address");
	CHECK_STR(err.what, "vif 'mac=01:00:00:00:00:00'");
	CHECK(conf_parse_vif("mac=1:2:3:4:5:6", &v, NULL) != 0);
	CHECK(conf_parse_vif("bridge=averyveryverylongname", &v, NULL) != 0);
	CHECK(conf_parse_vif("bridge=../x", &v, NULL) != 0);
	CHECK(conf_parse_vif("bridge=ovsbr0.100:200", &v, NULL) != 0);
	CHECK(conf_parse_vif("bridge=a\nb,script=vif-openvswitch", &v, NULL) != 0);
	REQUIRE(conf_parse_vif("bridge=ovsbr0.100:200,script=vif-openvswitch", &v, NULL) == 0);
	CHECK_STR(v.bridge, "ovsbr0.100:200");
	guest_vif_clear(&v);
	CHECK(conf_parse_vif("ip=10.0.0.300", &v, NULL) != 0);
	CHECK(conf_parse_vif("ip=10.0.0.3/40", &v, NULL) != 0);
	CHECK(conf_parse_vif("rate=fast", &v, NULL) != 0);
	CHECK(conf_parse_vif("rate=10Mb", &v, NULL) != 0);
	CHECK(conf_parse_vif("br0", &v, NULL) != 0);
}

TEST(default_macs_are_stable_and_distinct)
{
	struct guest_config *a = guest_config_new(), *b = guest_config_new();
	uint8_t m[3][6];

	b->uuid[3] = 1;
	guest_vif_default_mac(a, 0, m[0]);
	guest_vif_default_mac(a, 1, m[1]);
	guest_vif_default_mac(b, 0, m[2]);
	CHECK(m[0][0] == 0 && m[0][1] == 0x16 && m[0][2] == 0x3e);
	CHECK(memcmp(m[0], m[1], 6) && memcmp(m[0], m[2], 6) && memcmp(m[1], m[2], 6));
	guest_vif_default_mac(a, 0, m[1]);
	CHECK(memcmp(m[0], m[1], 6) == 0);
	guest_config_free(a);
	guest_config_free(b);
}

static void check_cpus(const char *spec, const char *out)
{
	struct guest_cpus c;
	char text[256];

	CHECK_EQ(conf_parse_cpus(spec, &c, NULL), 0);
	conf_format_cpus(&c, text, sizeof(text));
	CHECK_STR(text, out);
}

TEST(cpu_lists)
{
	struct guest_cpus c;

	check_cpus("all", "all");
	check_cpus("0-3,5,^1", "0,2-3,5");
	check_cpus("^1,0-3", "0,2-3");
	check_cpus("^7", "0-6,8-1023");
	check_cpus("nodes:0-3,^node:2", "nodes:0-3,^nodes:2");
	check_cpus("1,node:1", "1,nodes:1");
	check_cpus("3, 4", "3-4");
	CHECK(conf_parse_cpus("", &c, NULL) != 0);
	CHECK(conf_parse_cpus("1024", &c, NULL) != 0);
	CHECK(conf_parse_cpus("3-1", &c, NULL) != 0);
	CHECK(conf_parse_cpus("a", &c, NULL) != 0);
	CHECK(conf_parse_cpus("1,^1", &c, NULL) != 0);
	CHECK(conf_parse_cpus("node:64", &c, NULL) != 0);
	CHECK(conf_parse_cpus("1-", &c, NULL) != 0);
}

TEST(hardware_ranges)
{
	struct parsed p = parse(BASE
				"ioports=['2f8-2ff','3F8']\niomem=['fe900,1','a0,20@100']\nirqs=[7,'9']\n");

	REQUIRE(p.rc == 0);
	CHECK_EQ(p.cfg->ioports[0].first, 0x2f8);
	CHECK_EQ(p.cfg->ioports[0].count, 8);
	CHECK_EQ(p.cfg->ioports[1].count, 1);
	CHECK_EQ(p.cfg->iomem[1].gfn, 0x100);
	CHECK_EQ(p.cfg->irqs[1].first, 9);
	parsed_free(&p);
	CHECK_REFUSED(BASE "ioports=['10000']\n",
		      "t.cfg:4: ioports = ['10000']: '10000' is no range of I/O ports");
	CHECK_REFUSED(BASE "ioports=['5-4']\n", "t.cfg:4: ioports = ['5-4']: '5-4' is no range of I/O ports");
	CHECK_REFUSED(BASE "iomem=['5']\n", "t.cfg:4: iomem = ['5']: '5' is no range of memory frames");
	CHECK_REFUSED(BASE "irqs=[-1]\n", "t.cfg:4: irqs = ['-1']: '-1' is no interrupt number");
}

TEST(devices_to_come_are_understood_and_refused)
{
	struct conf_options lenient = { .source = "t.cfg", .lenient = true };
	struct guest_pci pci;
	struct guest_vfb vfb;
	struct guest_channel channel;
	struct parsed p;

	CHECK_EQ(conf_item_parse(&conf_pci_list, "0001:04:1f.7@5,permissive=1", &pci, NULL), 0);
	CHECK(pci.domain == 1 && pci.bus == 4 && pci.slot == 0x1f && pci.func == 7 && pci.vslot == 5 &&
	      pci.permissive);
	CHECK(conf_item_parse(&conf_pci_list, "", &pci, NULL) != 0);
	CHECK(conf_item_parse(&conf_pci_list, "00:20.0", &pci, NULL) != 0);
	CHECK_EQ(conf_item_parse(&conf_vfb_list, "vncdisplay=3,vncpasswd=geheim", &vfb, NULL), 0);
	CHECK_STR(vfb.vncpasswd, "geheim");
	conf_item_clear(&conf_vfb_list, &vfb);
	CHECK_EQ(conf_item_parse(&conf_channel_list, "name=x,connection=socket,path=/run/x", &channel, NULL),
		 0);
	conf_item_clear(&conf_channel_list, &channel);
	CHECK(conf_item_parse(&conf_channel_list, "name=x,connection=tcp", &channel, NULL) != 0);

	CHECK_REFUSED(BASE "pci=['03:00.0']\n", "t.cfg:4: key 'pci' comes in a later release");
	CHECK_REFUSED(BASE "disk=['/a,raw,xvda,rw,backend=storage']\n",
		      "t.cfg:4: disk = ['/a,raw,xvda,rw,backend=storage']: backend = 'storage': driver domains come in "
		      "a later release");
	p = parse_with(BASE "pci=['03:00.0']\ne820_host=1\nvpmu=0\ncpuid='host'\n", &lenient);
	REQUIRE(p.rc == 0);
	CHECK_EQ(p.diags.n, 2);
	CHECK(p.cfg->n_pcis == 0 && !p.cfg->e820_host);
	parsed_free(&p);
}

/* Register and bit of a feature as the manuals of the processors have them. */
static bool hides(const char *text, uint32_t leaf, unsigned int reg, unsigned int bit)
{
	struct conf_cpuid want;

	if (conf_parse_cpuid(text, &want, NULL))
		return false;
	for (unsigned int i = 0; i < CPUID_REGS; i++)
		if (conf_cpuid_regs[i].leaf == leaf && conf_cpuid_regs[i].reg == reg)
			return want.off[i] >> bit & 1;
	return false;
}

TEST(cpu_features)
{
	struct conf_cpuid want;

	CHECK(hides("host,sse3=0", 1, 2, 0) && hides("host,avx=x,tm=0", 1, 3, 29) &&
	      !hides("host,avx=x,tm=0", 1, 2, 28));
	CHECK(hides("host,sse4.2=0", 1, 2, 20) && hides("host,sse4_2=0", 1, 2, 20) &&
	      hides("host,nx=0", 0x80000001, 3, 20));
	CHECK(hides("host,xsave=0", 7, 1, 5) && hides("host,avx=0", 7, 1, 16) && !hides("host,avx2=0", 1, 2, 28));
	CHECK(hides("1:ecx=xxx0xxxxxxxxxxxxxxxxxxxxxxxxxxxx", 1, 2, 28));
	CHECK(hides("1:eax=xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx,edx=xx0kkkkkssssxxxxxxxxxxxxxxxxxxxx;"
		    "7,0:ebx=xxxxxxxxxxxxxxxxxxxxxxxxxx0xxxxx",
		    7, 1, 5));
	CHECK_EQ(conf_parse_cpuid("host,avx=1,avx=0", &want, NULL), 0);
	CHECK(!want.on[0] && want.off[0] == (1u << 28 | 1u << 12 | 1u << 29));
	CHECK_REFUSED(BASE "cpuid='host,avxx=0'\n", "t.cfg:4: cpuid: there is no feature 'avxx' (did you mean 'avx'?)");
	CHECK_REFUSED(BASE "cpuid='host,family=6'\n", "t.cfg:4: cpuid: 'family' cannot be chosen, features can");
	CHECK_REFUSED(BASE "cpuid='host,avx=2'\n", "t.cfg:4: cpuid: 'avx' needs a value: 0, 1, or x for as it is");
	CHECK_REFUSED(BASE "cpuid='avx=0'\n",
		      "t.cfg:4: cpuid: 'avx=0' begins neither with 'host,' nor with a leaf: '1:ecx=...'");
	CHECK_REFUSED(BASE "cpuid=['1:ecx=x0']\n",
		      "t.cfg:4: cpuid: 'ecx=x0' is not a register and its 32 bits, from 31 on: ecx=xx0x...");
	CHECK_REFUSED(BASE "cpuid=['2:eax=0xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx']\n",
		      "t.cfg:4: cpuid: eax of leaf 0x2 holds no features that can be chosen");
}

int main(void)
{
	RUN(disks_by_position_name_and_prefix);
	RUN(what_the_daemon_does_itself_may_be_said);
	RUN(scripts_take_the_target_as_it_is);
	RUN(wrong_disks_are_explained);
	RUN(virtual_device_numbers_are_the_published_ones);
	RUN(interfaces);
	RUN(default_macs_are_stable_and_distinct);
	RUN(cpu_lists);
	RUN(hardware_ranges);
	RUN(devices_to_come_are_understood_and_refused);
	RUN(cpu_features);
	return unit_end();
}
