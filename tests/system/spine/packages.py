# SPDX-License-Identifier: MIT
"""The packages that the spine's tests install: those of the tree, the same under the next version, and a hypervisor
that hangs."""

import contextlib
import fcntl
import os
import shutil
import subprocess

NEXT = "0.99.0"

# A multiboot2 image of a few bytes that stops for ever.
HANG = """
	.code32
	.section .text
	.align 8
mb:	.long 0xe85250d6, 0, mbe - mb, -(0xe85250d6 + 0 + (mbe - mb))
	.short 0, 0
	.long 8
mbe:
	.globl _start
_start:	cli
1:	hlt
	jmp 1b
"""


def version_of(tree):
    with open(os.path.join(tree, "packaging", "VERSION"), encoding="ascii") as f:
        return f.read().strip()


def build_next(tree, where):
    """The same sources and programs under another version number."""
    shutil.rmtree(where, ignore_errors=True)
    os.makedirs(where)
    for name in ("packaging", "bootloader-hooks", "config-examples", "man", "install.sh", "xen.spec", "LICENSE",
                 "hypervisor/abi", "toolstack/conf"):
        source, target = os.path.join(tree, name), os.path.join(where, name)
        if os.path.isdir(source):
            shutil.copytree(source, target)
        elif os.path.exists(source):
            shutil.copy2(source, target)
    os.makedirs(os.path.join(where, "build"))
    for name in ("toolstack", "hv", "xen.gz", "xen.sym"):
        if os.path.exists(os.path.join(tree, "build", name)):
            os.symlink(os.path.join(tree, "build", name), os.path.join(where, "build", name))
    with open(os.path.join(where, "packaging", "VERSION"), "w", encoding="ascii") as f:
        f.write(NEXT + "\n")
    pack(where, SOURCE_DATE_EPOCH="1700000000")


def pack(tree, **environment):
    for tool in ("mkrpm", "mktarball"):
        subprocess.run([os.path.join(tree, "packaging", tool)], check=True, stdout=subprocess.DEVNULL,
                       env=dict(os.environ, **environment))


def build_hang(path):
    subprocess.run(["gcc", "-m32", "-nostdlib", "-static",
                    "-Wl,--build-id=none,-Ttext=0x100000,-N,--no-warn-rwx-segments", "-x", "assembler",
                    "-o", path, "-"], input=HANG.encode(), check=True)


def cloud_image(path):
    """A disk image as clouds take them, for "xl new --image": Debian, cloud-init, no password, no kernel of dom0's."""
    if os.path.exists(path):
        return path
    work = path + ".d"
    shutil.rmtree(work, ignore_errors=True)
    os.makedirs(work)
    root, disk = os.path.join(work, "root"), os.path.join(work, "disk")
    subprocess.run(["mmdebstrap", "--quiet", "--variant=minbase", "--aptopt=APT::Install-Recommends \"false\"",
                    "--include=cloud-init,openssh-server,systemd-sysv,udev,dbus,iproute2,ifupdown,"
                    "isc-dhcp-client,sudo,kmod",
                    "--dpkgopt=path-exclude=/usr/share/doc/*", "--dpkgopt=path-exclude=/usr/share/locale/*",
                    "bookworm", root], check=True)
    with open(os.path.join(root, "etc/fstab"), "w", encoding="ascii") as f:
        f.write("LABEL=cloud / ext4 errors=remount-ro 0 1\n")
    subprocess.run("truncate -s 1500M disk; printf 'label: gpt\nsize=16MiB, type=U\ntype=L\n' | sfdisk -q disk; "
                   "mke2fs -q -t ext4 -L cloud -E offset=$((17 * 1048576)) -d root disk 1480M; "
                   "qemu-img convert -c -O qcow2 disk image", shell=True, cwd=work, check=True)
    os.replace(os.path.join(work, "image"), path)
    shutil.rmtree(work)
    return path


made = set()  # what this process has packed; a case that has many hosts, and many cases, take the same


@contextlib.contextmanager
def for_tests(tree, work):
    """{name on the second disk: path}; nobody else makes them anew meanwhile"""
    version = version_of(tree)
    os.makedirs(work, exist_ok=True)
    with open(os.path.join(work, "lock"), "w", encoding="ascii") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if work not in made:
            pack(tree)
            build_hang(os.path.join(work, "hang"))
            build_next(tree, os.path.join(work, "next"))
            made.add(work)
        built = os.path.join(tree, "build")
        following = os.path.join(work, "next", "build")
        yield {
            "xen.rpm": os.path.join(built, f"xen-{version}-1.x86_64.rpm"),
            "xen.tgz": os.path.join(built, f"xen-{version}-install.tgz"),
            "next.rpm": os.path.join(following, f"xen-{NEXT}-1.x86_64.rpm"),
            "next.tgz": os.path.join(following, f"xen-{NEXT}-install.tgz"),
            "hang": os.path.join(work, "hang"),
        }
