/* SPDX-License-Identifier: MIT */
/* libvirt's domain format. */
#include "helpers.h"

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

#define DOM(inside) "<domain type='xen'>\n<name>x</name><memory>524288</memory>\n" \
	"<os><type>linux</type><kernel>/k</kernel></os>\n" inside "</domain>"

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
	CHECK_REFUSED(DOM("<devices><graphics type='vnc' port='5901'/></devices>"),
		      "t.cfg: key 'vfb' comes in a later release");
	CHECK_REFUSED(DOM("<devices><hostdev type='pci'><source><address bus='3' slot='0x1f' "
			  "function='1'/></source>"
			  "</hostdev></devices>"),
		      "t.cfg: key 'pci' comes in a later release");
	CHECK_REFUSED(DOM("<features><xen><e820_host state='on'/></xen></features>"),
		      "t.cfg: key 'e820_host' comes in a later release");
	p = parse_with(DOM("<devices><tpm/></devices><cpu/>"), &lenient);
	CHECK_EQ(p.rc, 0);
	CHECK_EQ(p.diags.n, 2);
	parsed_free(&p);
	p = parse(DOM("<on_crash>explode</on_crash>"));
	CHECK(p.rc != 0);
	parsed_free(&p);
	p = parse(DOM("<devices><disk type='network'><target dev='xvda'/></disk></devices>"));
	CHECK(p.rc != 0);
	parsed_free(&p);
	p = parse("<domain type='kvm'><name>x</name></domain>");
	CHECK(p.rc != 0);
	parsed_free(&p);
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
	RUN(pinning_one_by_one);
	RUN(problems_are_named);
	RUN(entities_and_files_are_out_of_reach);
	return unit_end();
}
