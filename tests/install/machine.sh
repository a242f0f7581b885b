# SPDX-License-Identifier: MIT
#
# A machine that only the installer takes for one: a tree with this machine's programs under it (an overlay, so that
# it may write), an /etc, /boot and /var of its own, GRUB's own scripts and rpm, and a grub-probe that answers what
# the test wants.  Everything runs in a mount namespace (run.sh sees to that), is in memory, and made in a tenth of a
# second; so every obstacle and every distribution's way can be tried.  Sourced.

m=
stubs=/usr/local/sbin

# new_machine [FAMILY]: debian, fedora or suse
new_machine() {
	drop_machine
	m=$(mktemp -d)
	mount -t tmpfs -o mode=755 machine "$m"
	mkdir -p "$m/.usr" "$m/.work" "$m/usr" "$m/etc/default" "$m/etc/grub.d" "$m/etc/systemd/system" "$m/etc/rpm" \
		"$m/etc/profile.d" "$m/boot/grub" "$m/proc" "$m/sys" "$m/dev/disk/by-uuid" \
		"$m/dev/disk/by-partuuid" "$m/run" "$m/root" "$m/tmp" \
		"$m/var/lib/rpm" "$m/var/log"
	mount -t overlay -o "lowerdir=/usr,upperdir=$m/.usr,workdir=$m/.work" overlay "$m/usr"
	for d in bin sbin lib lib64; do ln -s "usr/$d" "$m/$d"; done
	mount --bind /proc "$m/proc"
	for d in null zero urandom; do : >"$m/dev/$d"; mount --bind "/dev/$d" "$m/dev/$d"; done
	ln -s /proc/self/fd "$m/dev/fd"
	: >"$m/dev/disk/by-uuid/0000-root"
	: >"$m/dev/disk/by-partuuid/0000-part"
	cp -a /etc/alternatives /etc/ld.so.cache /etc/grub.d "$m/etc/"
	rm -f "$m/etc/grub.d/30_os-prober" "$m/etc/grub.d/30_uefi-firmware"
	printf 'root:x:0:0::/root:/bin/sh\n' >"$m/etc/passwd"
	printf 'root:x:0:\n' >"$m/etc/group"
	printf '%s\n' GRUB_DEFAULT=0 GRUB_TIMEOUT=5 GRUB_DISTRIBUTOR=Debian 'GRUB_CMDLINE_LINUX_DEFAULT="quiet"' \
		'GRUB_CMDLINE_LINUX="console=ttyS0,115200"' >"$m/etc/default/grub"
	fs=ext2 abstraction='' device=/dev/vda3 separate='' esp=''
	stub systemd-detect-virt 'echo none'
	mkdir -p "$m/usr/lib/systemd"
	ln -sfn /usr/lib/systemd/systemd "$m/usr/sbin/init"
	for p in dnsmasq nft modprobe ip; do [ -e "/usr/sbin/$p" ] || stub $p; done
	kernel_comes 6.1.0-10-amd64
	grub_modules i386-pc
	make_"${1:-debian}"
	inside "$editenv /boot/$grub/grubenv create"
	mount --bind "$packages" "$m/root"
	grub_answers
}

drop_machine() {
	[ -z "$m" ] || { umount -R -l "$m"; rmdir "$m"; }
	m=
}

make_debian() {
	grub=grub mkconfig=grub-mkconfig editenv=grub-editenv
	stub update-grub 'exec grub-mkconfig -o /boot/grub/grub.cfg'
}

# The other distributions' GRUB has a 2 in its programs' names and its folder.
make_grub2() {
	grub=grub2 mkconfig=grub2-mkconfig editenv=grub2-editenv
	mv "$m/boot/grub" "$m/boot/grub2"
	rm -f "$m/etc/grub.d/05_debian_theme"
	sed -e 's/grub-probe/grub2-probe/; s/grub-script-check/grub2-script-check/; s/grub-mkrelpath/grub2-mkrelpath/' \
		-e "s,pkgdatadir=\"[^\"]*\",pkgdatadir=$1," "$m/usr/sbin/grub-mkconfig" >"$m/usr/sbin/grub2-mkconfig"
	chmod 755 "$m/usr/sbin/grub2-mkconfig"
	for p in editenv script-check; do mv "$m/usr/bin/grub-$p" "$m/usr/bin/grub2-$p"; done
	rm -f "$m/usr/sbin/grub-mkconfig" "$m/usr/sbin/grub-probe" "$m/usr/bin/grub-mkrelpath"
	sed -i 's/grub-probe/grub2-probe/; s/grub-mkrelpath/grub2-mkrelpath/; s/grub-script-check/grub2-script-check/' \
		"$m/usr/share/grub/grub-mkconfig_lib"
	[ "$1" = /usr/share/grub ] || mv "$m/usr/share/grub" "$m$1"
}

# Fedora and RHEL: kernels stand in /boot/loader/entries, and grub.cfg reads them when it boots (BLS).
make_fedora() {
	make_grub2 /usr/share/grub
	mkdir -p "$m/boot/loader/entries"
	printf '#!/bin/sh\necho "insmod blscfg"\necho "blscfg"\n' >"$m/etc/grub.d/10_linux"
	mv "$m/boot/initrd.img-6.1.0-10-amd64" "$m/boot/initramfs-6.1.0-10-amd64.img"
	bls_entry 6.1.0-10-amd64
}

bls_entry() {
	printf '%s\n' "title Fedora Linux ($1)" "version $1" "linux /vmlinuz-$1" "initrd /initramfs-$1.img" \
		"options root=/dev/vda3 ro" >"$m/boot/loader/entries/0123-$1.conf"
}

make_suse() {
	make_grub2 /usr/share/grub2
	mv "$m/boot/initrd.img-6.1.0-10-amd64" "$m/boot/initrd-6.1.0-10-amd64"
}

grub_modules() {
	mkdir -p "$m/boot/grub/$1"
	: >"$m/boot/grub/$1/multiboot2.mod"
}

kernel_comes() {
	echo kernel >"$m/boot/vmlinuz-$1"
	echo initrd >"$m/boot/initrd.img-$1"
	printf 'CONFIG_XEN_%s\n' PV=y DOM0=y BLKDEV_BACKEND=m NETDEV_BACKEND=m GNTDEV=m >"$m/boot/config-$1"
}

kernel_goes() {
	rm -f "$m/boot/vmlinuz-$1" "$m/boot/initrd.img-$1" "$m/boot/config-$1"
}

stub() { # name, body
	printf '#!/bin/sh\n%s\n' "${2-}" >"$m/usr/.stub"
	chmod 755 "$m/usr/.stub"
	mkdir -p "$m$stubs"
	mv "$m/usr/.stub" "$m$stubs/$1"
}

# What grub-probe and grub-mkrelpath say of this machine: / is $device, a $fs in a $abstraction; with $separate set,
# /boot is an ext2 of its own on /dev/vda2; with $esp, the EFI system partition is at /boot/efi.
grub_answers() {
	two=${grub#grub}
	cat >"$m/usr/.probe" <<PROBE
#!/bin/sh
t=\$(echo "\$*" | sed -n 's/.*--target=\\([a-z_]*\\).*/\\1/p; s/.*-t \\([a-z_]*\\).*/\\1/p')
fs=$fs abstraction=$abstraction device=$device
if [ -n "$separate" ]; then
	case \$* in */boot* | */dev/vda2*) fs=ext2 abstraction='' device=/dev/vda2 ;; esac
fi
if [ -n "$esp" ]; then
	case \$* in */boot/efi*) fs=fat abstraction='' device=/dev/vda1 ;; esac
fi
case \$t in
device) echo \$device ;;
fs) echo \$fs ;;
fs_uuid) echo 0000-root ;;
partuuid) echo 0000-part ;;
partmap) echo gpt ;;
abstraction) echo \$abstraction ;;
drive) echo '(hd0,gpt3)' ;;
hints_string) echo '--hint-bios=hd0,gpt3' ;;
esac
PROBE
	printf '#!/bin/sh\nfor a; do :; done\n[ -z "%s" ] || a=${a#/boot}\necho "${a:-/}"\n' "$separate" \
		>"$m/usr/.relpath"
	chmod 755 "$m/usr/.probe" "$m/usr/.relpath"
	mv "$m/usr/.probe" "$m/usr/sbin/grub$two-probe"
	mv "$m/usr/.relpath" "$m/usr/bin/grub$two-mkrelpath"
	inside "$mkconfig -o /boot/$grub/grub.cfg" >/dev/null 2>&1
}

uefi() { # [32]
	mkdir -p "$m/sys/firmware/efi/efivars"
	echo "${1:-64}" >"$m/sys/firmware/efi/fw_platform_size"
	[ "${1-}" = 32 ] && modules=i386-efi || modules=x86_64-efi
	mv "$m/boot/$grub/i386-pc" "$m/boot/$grub/$modules"
}

# Runs a command of the shell in the machine.
inside() {
	chroot "$m" /usr/bin/env -i PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin HOME=/tmp \
		LC_ALL=C ${with-} /bin/sh -c "$1"
}

# Everything in it that an installation could change; of grub.cfg what it does, as scripts that print nothing come and
# go.
picture() {
	(cd "$m" && find boot etc sys var \( -path var/lib/rpm -o -path var/log -o -name grub.cfg -o -path var/cache \
		-o -name '*-' -o -name '.pwd.lock' \) -prune -o -printf '%p %y %m %l\n' -type f -exec cksum {} +
	cd "$m/usr" && find sbin local lib/systemd lib/xen lib/kernel lib/sysusers.d share/xen share/bash-completion \
		share/man share/doc/xen \( -type d -printf 'usr/%p d %m\n' \) -o -printf 'usr/%p %y %m %s %l\n'
	grep -v -e '^$' -e 20_linux_xen "$m/boot/$grub/grub.cfg") 2>/dev/null | LC_ALL=C sort
}
