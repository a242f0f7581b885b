/* SPDX-License-Identifier: MIT */
/* libvirt's domain format. */
#include "helpers.h"

#define DOM(inside) "<domain type='xen'>\n<name>x</name><memory>524288</memory>\n" \
	"<os><type>linux</type><kernel>/k</kernel></os>\n" inside "</domain>"

static const char whole[] =
	"<domain type='xen' id='4'>\n"
	" <name>web</name>\n"
	" <uuid>c7a5fdbd-cdaf-9455-926a-d65c16db1809</uuid>\n"
	" <title>the web</title>\n"
	" <memory unit='MiB'>1024</memory><currentMemory>524288</currentMemory>\n"
	" <vcpu current='2' cpuset='0-3'>4</vcpu>\n"
	" <cputune><shares>512</shares></cputune>\n"
	" <os><type arch='x86_64' machine='xenpv'>linux</type><kernel>/boot/vmlinuz</kernel>\n"
	"  <initrd>/boot/initrd</initrd><cmdline>root=/dev/xvda1 ro</cmdline></os>\n"
	" <features><acpi/></features>\n"
	" <clock offset='utc'><timer name='tsc' mode='native'/></clock>\n"
	" <on_poweroff>destroy</on_poweroff><on_reboot>restart</on_reboot><on_crash>preserve</on_crash>\n"
	" <devices>\n"
	"  <emulator>/usr/bin/qemu</emulator>\n"
	"  <disk type='file' device='disk'><driver name='qemu' type='raw'/><source file='/a,b=c.img'/>\n"
	"   <target dev='xvda' bus='xen'/></disk>\n"
	"  <disk type='block' device='cdrom'><source dev='/dev/sr0'/><target dev='xvdc'/><readonly/></disk>\n"
	"  <interface type='bridge'><mac address='00:16:3e:11:22:33'/><source bridge='br0'/>\n"
	"   <ip address='10.0.0.5' prefix='24'/><script path='vif-bridge'/>\n"
	"   <bandwidth><outbound average='1000'/></bandwidth></interface>\n"
	"  <interface type='network'><source network='default'/></interface>\n"
	"  <console type='pty'/><memballoon model='xen'/>\n"
	" </devices>\n"
	"</domain>\n";

TEST(a_whole_definition)
{
	struct parsed p = parse(whole);

	CHECK_STR(p.first, "");
	REQUIRE(p.rc == 0);
	CHECK_STR(p.cfg->name, "web");
	CHECK(p.cfg->uuid_given && p.cfg->uuid[0] == 0xc7);
	CHECK_EQ(p.cfg->memory_kib, 512 << 10);
	CHECK_EQ(p.cfg->maxmem_kib, 1024 << 10);
	CHECK_EQ(p.cfg->vcpus, 2);
	CHECK_EQ(p.cfg->maxvcpus, 4);
	CHECK_EQ(p.cfg->n_cpus_hard, 1);
	CHECK(!guest_cpus_has(p.cfg->cpus_hard, 4));
	CHECK_EQ(p.cfg->cpu_weight, 512);
	CHECK_STR(p.cfg->cmdline, "root=/dev/xvda1 ro");
	CHECK_EQ(p.cfg->tsc_mode, 2);
	CHECK_EQ(p.cfg->on_crash, GUEST_ACTION_PRESERVE);
	CHECK_EQ(p.cfg->n_disks, 2);
	CHECK_STR(p.cfg->disks[0].target, "/a,b=c.img");
	CHECK(p.cfg->disks[1].cdrom && p.cfg->disks[1].readonly);
	CHECK_EQ(p.cfg->n_vifs, 2);
	CHECK_STR(p.cfg->vifs[0].ip, "10.0.0.5/24");
	CHECK_EQ(p.cfg->vifs[0].rate_bytes_per_interval, 50000);
	parsed_free(&p);
}

/* The parts that libvirt writes for a running PV guest, all of them. */
TEST(what_virsh_dumps)
{
	struct parsed p = parse(
		"<domain type='xen' id='3'><name>a</name><memory unit='KiB'>592896</memory>"
		"<currentMemory unit='KiB'>403456</currentMemory><vcpu placement='static'>3</vcpu>"
		"<os><type arch='x86_64' machine='xenpv'>linux</type><kernel>/k</kernel></os>"
		"<clock offset='variable' adjustment='0' basis='utc'/><devices>"
		"<emulator>/usr/bin/qemu-system-i386</emulator>"
		"<disk type='block' device='disk'><driver name='phy' type='raw'/><source dev='/dev/vg/a'/>"
		"<backingStore/><target dev='xvda' bus='xen'/></disk>"
		"<controller type='xenbus' index='0' maxGrantFrames='128' maxEventChannels='2047'/>"
		"<interface type='bridge'><mac address='00:16:3e:66:92:9c'/><source bridge='xenbr1'/>"
		"<script path='vif-bridge'/><target dev='vif3.0'/></interface>"
		"<console type='pty' tty='/dev/pts/2'><source path='/dev/pts/2'/>"
		"<target type='xen' port='0'/></console><input type='mouse' bus='xen'/>"
		"<memballoon model='xen'/></devices></domain>");

	CHECK_STR(p.first, "");
	REQUIRE(p.rc == 0);
	CHECK_EQ(p.diags.n, 0);
	CHECK_EQ(p.cfg->vcpus, 3);
	CHECK_EQ(p.cfg->max_grant_frames, 128);
	CHECK_EQ(p.cfg->max_event_channels, 2047);
	CHECK(p.cfg->vifs[0].vifname == NULL && p.cfg->vifs[0].script == NULL);
	parsed_free(&p);
}

TEST(features_of_the_processor)
{
	struct parsed p = parse(
		"<domain type='xen'><name>p</name><memory>524288</memory><cpu mode='host-passthrough' check='none'>"
		"<feature policy='disable' name='pni'/><feature policy='optional' name='avx'/>"
		"<feature policy='require' name='tsc'/></cpu><os><type>xen</type><kernel>/k</kernel></os></domain>");
	char *text;

	CHECK_STR(p.first, "");
	REQUIRE(p.rc == 0);
	CHECK_EQ(p.diags.n, 0);
	CHECK_STR(p.cfg->cpuid, "host,sse3=0,tsc=1");
	text = conf_to_xml(p.cfg);
	CHECK(text && strstr(text, "<feature policy='disable' name='sse3'/>"));
	free(text);
	parsed_free(&p);
	p = parse(DOM("<cpu mode='host-passthrough'/>"));
	CHECK(p.rc == 0 && !p.cfg->cpuid);
	parsed_free(&p);
	CHECK_REFUSED(DOM("<cpu><feature policy='disable' name='avxx'/></cpu>"),
		      "t.cfg:4: cpuid: there is no feature 'avxx' (did you mean 'avx'?)");
}

TEST(filters_of_interfaces)
{
	struct parsed p = parse(DOM(
		"<devices><interface type='bridge'><source bridge='br0'/><filterref filter='clean-traffic'>"
		"<parameter name='CTRL_IP_LEARNING' value='dhcp'/></filterref></interface></devices>"));
	char *text;

	CHECK_STR(p.first, "");
	REQUIRE(p.rc == 0);
	CHECK_EQ(p.cfg->vifs[0].antispoof, ANTISPOOF_ON);
	text = conf_to_xml(p.cfg);
	CHECK(text && strstr(text, "<filterref filter='clean-traffic'/>"));
	free(text);
	parsed_free(&p);
	CHECK_REFUSED(DOM("<devices><interface type='bridge'><source bridge='b'/>"
			  "<filterref filter='no-arp'/></interface></devices>"),
		      "t.cfg:4: <filterref filter='no-arp'> is not served");
}

TEST(pinning_one_by_one)
{
	struct parsed p = parse(
		"<domain type='xen'><name>p</name><memory>524288</memory><vcpu>2</vcpu><cputune>"
		"<vcpupin vcpu='0' cpuset='1'/><vcpupin vcpu='1' cpuset='2-3'/></cputune>"
		"<os><type>xen</type><kernel>/k</kernel></os></domain>");

	CHECK_STR(p.first, "");
	REQUIRE(p.rc == 0);
	CHECK_EQ(p.cfg->n_cpus_hard, 2);
	CHECK(guest_cpus_has(&p.cfg->cpus_hard[1], 3) && !guest_cpus_has(&p.cfg->cpus_hard[1], 1));
	parsed_free(&p);
}

/* In any order, and not for each vCPU. */
TEST(pins_by_number)
{
	struct parsed p = parse(
		"<domain type='xen'><name>p</name><memory>524288</memory><vcpu cpuset='4-5'>4</vcpu><cputune>"
		"<vcpupin vcpu='2' cpuset='7'/><vcpupin vcpu='0' cpuset='1'/></cputune>"
		"<os><type>xen</type><kernel>/k</kernel></os></domain>");

	CHECK_STR(p.first, "");
	REQUIRE(p.rc == 0);
	CHECK_EQ(p.cfg->n_cpus_hard, 3);
	CHECK(guest_cpus_has(&p.cfg->cpus_hard[0], 1) && !guest_cpus_has(&p.cfg->cpus_hard[0], 4));
	CHECK(guest_cpus_has(&p.cfg->cpus_hard[1], 5) && !guest_cpus_has(&p.cfg->cpus_hard[1], 7));
	CHECK(guest_cpus_has(&p.cfg->cpus_hard[2], 7));
	parsed_free(&p);
	CHECK_REFUSED(DOM("<cputune><vcpupin vcpu='1' cpuset='3'/><vcpupin vcpu='1' cpuset='3'/></cputune>"),
		      "t.cfg:4: vCPU 1 is pinned twice");
	CHECK_REFUSED(DOM("<cputune><vcpupin vcpu='x' cpuset='3'/></cputune>"),
		      "t.cfg:4: <vcpupin vcpu='x'>: not a number from 0 to 127");
}


TEST(problems_are_named)
{
	struct conf_options lenient = { .source = "t.cfg", .lenient = true };
	struct parsed p;

	CHECK_REFUSED(DOM("<memroy>5</memroy>"),
		      "t.cfg:4: unknown element <memroy> in <domain> (did you mean <memory>?)");
	CHECK_REFUSED(DOM("<devices><tpm/></devices>"), "t.cfg:4: <tpm> in <devices> is not served");
	CHECK_REFUSED(
		"<domain type='xen'>\n<name>x</domain>",
		"t.cfg:2: is not well-formed XML: Opening and ending tag mismatch: name line 2 and domain");
	CHECK_REFUSED("<network/>", "t.cfg:1: the root element is <network>");
	CHECK_REFUSED(
		DOM("<devices><disk type='file'><source file='/a'/><target dev='zzz'/></disk></devices>"),
		"t.cfg:4: disk = ['vdev=zzz,access=rw,target=/a']: 'zzz' names no virtual disk");
	CHECK_REFUSED(
		DOM("<devices><interface type='bridge'><source bridge='a,script=/x'/></interface></devices>"),
		"t.cfg:4: bridge='a,script=/x' may not hold a comma");
	CHECK_REFUSED(DOM("<devices><hostdev type='pci'><source><address bus='3' slot='0x1f' "
			  "function='1'/></source>"
			  "</hostdev></devices>"),
		      "t.cfg:4: key 'pci' comes in a later release");
	CHECK_REFUSED(DOM("<features><xen><e820_host state='on'/></xen></features>"),
		      "t.cfg:4: key 'e820_host' comes in a later release");
	p = parse_with(DOM("<devices><tpm/></devices><pm/>"), &lenient);
	CHECK_EQ(p.rc, 0);
	CHECK_EQ(p.diags.n, 2);
	parsed_free(&p);
}

/* The schema's own words are the last resort: what can be said better is said before it. */
TEST(values_are_told_by_line_and_word)
{
	CHECK_REFUSED(DOM("<on_crash>explode</on_crash>"), "t.cfg:4: on_crash = 'explode': unknown value");
	CHECK_REFUSED(DOM("<vcpu>x</vcpu>"), "t.cfg:4: vcpus = 'x' is not a number");
	CHECK_REFUSED(DOM("<uuid>zz</uuid>"), "t.cfg:4: uuid = 'zz' is not a UUID");
	CHECK_REFUSED(DOM("<memory>1</memory>"), "t.cfg:4: <memory> is given twice");
	CHECK_REFUSED(DOM("<devices><disk type='network'><target dev='xvda'/></disk></devices>"),
		      "t.cfg:4: <disk type='network'> is not served");
	CHECK_REFUSED(DOM("<devices><disk type='file'><source file='/x'/><target dev='vda' bus='virtio'/></disk>"
			  "</devices>"),
		      "t.cfg:4: <target bus='virtio'> is not served");
	CHECK_REFUSED(DOM("<devices><interface type='direct'/></devices>"),
		      "t.cfg:4: <interface type='direct'> is not served");
	CHECK_REFUSED(DOM("<devices><interface type='bridge'><filterref filter='x'/></interface></devices>"),
		      "t.cfg:4: <filterref filter='x'> is not served");
	CHECK_REFUSED(DOM("<clock offset='timezone'/>"), "t.cfg:4: <clock offset='timezone'> is not served");
	CHECK_REFUSED(DOM("<bootloader>/usr/bin/pygrub</bootloader>"),
		      "t.cfg:4: bootloader = '/usr/bin/pygrub' would read the guest's disk inside dom0, which is never "
		      "done");
	CHECK_REFUSED(DOM("<devices><disk type='file' devic='x'><source file='/x'/><target dev='xvda'/></disk>"
			  "</devices>"),
		      "t.cfg:4: does not match the schema: Invalid attribute devic for element disk");
}

TEST(definitions_for_something_else_have_one_cause)
{
	struct parsed p;

	CHECK_REFUSED("<domain type='kvm'><name>x</name><cpu/><foo/></domain>",
		      "t.cfg:1: the definition is for 'kvm', not for Xen");
	p = parse("<domain type='xen'><name>x</name><memory>9999</memory><os><type machine='xenfv'>hvm</type>"
		  "<loader>/x</loader><boot dev='hd'/></os><features><viridian/></features></domain>");
	CHECK_STR(p.first, "t.cfg:1: HVM guests come in a later release");
	CHECK_EQ(p.diags.n, 1);
	parsed_free(&p);
}

/* virt-install --paravirt writes a screen, pointers and so on, which a guest does without. */
TEST(what_virt_install_writes)
{
	struct parsed p = parse(DOM(
		"<metadata><l:os xmlns:l='http://libosinfo.org/xmlns'/></metadata><vcpu>2</vcpu><clock offset='utc'/>"
		"<on_lockfailure>poweroff</on_lockfailure><devices><emulator>/usr/bin/qemu-system-x86_64</emulator>"
		"<disk type='file' device='disk'><driver name='qemu' type='raw' cache='none' io='native'/>"
		"<source file='/x.img'/><target dev='xvda' bus='xen'/><boot order='1'/></disk>"
		"<controller type='usb' index='0'/><interface type='ethernet'><mac address='00:16:3e:5d:c7:9f'/>"
		"<script path='vif-route'/><ip address='172.14.5.6' family='ipv4'/><guest dev='eth0'/>"
		"<link state='up'/></interface><graphics type='vnc' port='-1' autoport='yes'/>"
		"<channel type='pty'><target type='xen' name='org.qemu.guest_agent.0'/></channel>"
		"<input type='mouse' bus='xen'/><video><model type='xen'/></video></devices>"));

	CHECK_STR(p.first, "");
	REQUIRE(p.rc == 0);
	CHECK_EQ(p.diags.n, 4);	/* on_lockfailure, link, graphics, channel */
	CHECK_STR(p.cfg->vifs[0].ip, "172.14.5.6");
	parsed_free(&p);
}

/* Out and in again: the same guest. */
TEST(xml_round_trip)
{
	static const char text[] =
		"name='rt'\nuuid='c7a5fdbd-cdaf-9455-926a-d65c16db1809'\ntitle='a <b> & \\'c\\''\nkernel='/k'\n"
		"ramdisk='/r'\nextra='console=hvc0 x=\"1\"'\nmemory=512\nmaxmem=1024\nvcpus=2\nmaxvcpus=4\n"
		"cpus=['0','1-2','all']\ncpu_weight=99\npool='Pool-0'\ntsc_mode='native'\non_crash='restart'\n"
		"max_grant_frames=70\ndisk=['vdev=xvda,target=/a,b.img','phy:/dev/vg/x,xvdb,r',"
		"'/s.img,raw,xvdc,w!,no-discard',',hdc:cdrom,r']\n"
		"vif=['','bridge=br0,mac=00:16:3e:01:02:03,ip=10.0.0.5/24 fd00::5,mtu=9000,"
		"rate=10Mb/s,vifname=v0,model=e1000','script=vif-route']\n";
	struct parsed a = parse("name='rt'\n"), b;
	char *xml, *one, *two;

	parsed_free(&a);
	a = parse(text);
	CHECK_STR(a.first, "");
	REQUIRE(a.rc == 0);
	xml = conf_to_xml(a.cfg);
	b = parse(xml);
	CHECK_STR(b.first, "");
	CHECK_EQ(b.diags.n, 0);
	REQUIRE(b.rc == 0);
	one = conf_to_text(a.cfg);
	two = conf_to_text(b.cfg);
	CHECK_STR(one, two);
	CHECK(strstr(xml, "no place") == NULL);
	free(xml);
	free(one);
	free(two);
	parsed_free(&b);
	a.cfg->cap_percent = 50;
	a.cfg->disks[0].trusted = false;
	xml = conf_to_xml(a.cfg);
	CHECK(strstr(xml, "<!-- this format has no place for: cap disk:untrusted -->") != NULL);
	free(xml);
	parsed_free(&a);
}

TEST(entities_and_files_are_out_of_reach)
{
	CHECK_REFUSED("<!DOCTYPE domain [<!ENTITY x SYSTEM 'file:///etc/passwd'>]>\n<domain type='xen'>"
		      "<name>&x;</name></domain>",
		      "t.cfg:2: a document type with entities is not accepted");
	CHECK_REFUSED(
		"<!DOCTYPE d [<!ENTITY a 'aaaaaaaaaa'><!ENTITY b '&a;&a;&a;&a;&a;&a;'>]><domain>&b;</domain>",
		"t.cfg:1: a document type with entities is not accepted");
}

int main(void)
{
	RUN(a_whole_definition);
	RUN(what_virsh_dumps);
	RUN(features_of_the_processor);
	RUN(filters_of_interfaces);
	RUN(pinning_one_by_one);
	RUN(pins_by_number);
	RUN(problems_are_named);
	RUN(values_are_told_by_line_and_word);
	RUN(definitions_for_something_else_have_one_cause);
	RUN(what_virt_install_writes);
	RUN(xml_round_trip);
	RUN(entities_and_files_are_out_of_reach);
	return unit_end();
}
