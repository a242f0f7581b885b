# SPDX-License-Identifier: MIT
#
# Where this machine's GRUB 2 keeps its things and how its configuration is made; sourced by xen-boot, install.sh,
# 45_xen and the package's scriptlets.  Nothing here changes anything.  Every function takes the root of the tree to
# look at (empty for the running system).

# grub_dir ROOT: the folder of grub.cfg, from the root
grub_dir() {
	for d in /boot/grub /boot/grub2; do
		[ ! -e "$1$d/grub.cfg" ] || { echo "$d"; return 0; }
	done
	return 1
}

# grub_tool NAME: the program, under the name that this distribution gives it (grub-NAME or grub2-NAME)
grub_tool() {
	for t in "grub-$1" "grub2-$1" "/usr/sbin/grub-$1" "/usr/sbin/grub2-$1" "/usr/bin/grub-$1"; do
		command -v "$t" 2>/dev/null && return 0
	done
	return 1
}

# bootloader_wanted ROOT: yes or no: what was said at the installation, else the settings
bootloader_wanted() {
	bw=
	[ ! -r "$1/etc/default/xen-boot" ] ||
		bw=$(sed -n 's/^XEN_BOOTLOADER=//p' "$1/etc/default/xen-boot" | tr -d "\"'" | tail -n 1)
	! grep -qsx alone "$1/var/lib/xen/boot-undo" || bw=no
	echo "${bw:-yes}"
}

# grub_is_generated ROOT: grub.cfg is grub-mkconfig's work, not a person's
grub_is_generated() {
	grep -q '### BEGIN /etc/grub.d/00_header ###' "$1$(grub_dir "$1")/grub.cfg" 2>/dev/null
}

# grub_can_write PATH: GRUB itself can write there at boot (it cannot on LVM, RAID, btrfs, ZFS, squashfs)
grub_can_write() {
	gcw_probe=$(grub_tool probe) || return 1
	gcw_path=$1
	[ -e "$gcw_path" ] || gcw_path=$(dirname "$gcw_path")
	case $($gcw_probe --target=fs "$gcw_path" 2>/dev/null) in
	ext2 | xfs | fat | jfs | reiserfs) ;;
	*) return 1 ;;
	esac
	[ -z "$($gcw_probe --target=abstraction "$gcw_path" 2>/dev/null)" ]
}

# esp_folder: where the EFI system partition is mounted, if GRUB can write to it
esp_folder() {
	case $(grub_platform) in *-efi) ;; *) return 1 ;; esac
	for d in /boot/efi /efi; do
		[ -d $d ] && [ "$($(grub_tool probe) --target=fs $d 2>/dev/null)" = fat ] && grub_can_write $d && {
			echo $d
			return 0
		}
	done
	return 1
}

# trial_env: the file in which GRUB can note that a trial was taken: its environment; where it cannot write that, one on
# the EFI system partition.  Fails, but prints the environment, where there is neither.
trial_env() {
	te_env=$(readlink -f "$(grub_dir '')/grubenv")
	if ! grub_can_write "$te_env"; then
		te_esp=$(esp_folder) || { echo "$te_env"; return 1; }
		te_env=$te_esp/EFI/xen/grubenv
	fi
	echo "$te_env"
}

# grub_platform: the folder name of GRUB's modules for the firmware that booted this machine
grub_platform() {
	case $(cat /sys/firmware/efi/fw_platform_size 2>/dev/null) in
	32) echo i386-efi ;;
	*) if [ -d /sys/firmware/efi ]; then echo x86_64-efi; else echo i386-pc; fi ;;
	esac
}

# kernel_config ROOT KERNEL-VERSION: the file that says how that kernel was configured
kernel_config() {
	for c in "/boot/config-$2" "/boot/config-${2%.old}" "/lib/modules/$2/config" "/usr/lib/modules/$2/config" \
		"/etc/kernels/kernel-config-$2"; do
		[ ! -r "$1$c" ] || { echo "$1$c"; return 0; }
	done
	return 1
}

# why_not_dom0 ROOT KERNEL-VERSION: nothing, when that kernel can be dom0
why_not_dom0() {
	c=$(kernel_config "$1" "$2") || { echo "there is no config-$2"; return; }
	for o in CONFIG_XEN_DOM0=y CONFIG_XEN_PV=y; do # one for PVH alone has the first too
		grep -qx "$o" "$c" || { echo "no $o in its config"; return; }
	done
	packer=$(sed -n 's/^CONFIG_KERNEL_\(BZIP2\|LZMA\|LZO\)=y$/\1/p' "$c")
	[ -z "$packer" ] || echo "it is packed by $packer, which the hypervisor cannot unpack"
}

# kernels ROOT: the versions of those in /boot, newest first; what "make install" put aside is older than its namesake
kernels() {
	for k in "$1"/boot/vmlinuz-*; do
		[ -f "$k" ] || continue
		case $k in *.dpkg-* | *.rpmsave | *.rpmnew | *.sig | *.hmac | *rescue*) continue ;; esac
		echo "${k##*/vmlinuz-}"
	done | sed 's/\.old$/ 1/; / 1$/!s/$/ 2/' | sort -rV | sed 's/ 1$/.old/; s/ 2$//'
}

# dom0_kernels ROOT: kernels in /boot that can be dom0, newest first
dom0_kernels() {
	kernels "$1" | while read -r kver; do
		[ -n "$(why_not_dom0 "$1" "$kver")" ] || echo "/boot/vmlinuz-$kver"
	done
}

# dom0_auto_mib ROOT: dom0's share of this machine: 1 GiB + 1/16, at most 5/8.  Under the hypervisor the machine's
# size is what was written down when Linux last ran on the bare machine.
dom0_auto_mib() {
	if [ -e /sys/hypervisor/type ]; then
		kib=$(cat "$1/var/lib/xen/machine-kib" 2>/dev/null)
	else
		kib=$(awk '$1 == "MemTotal:" { print $2 }' /proc/meminfo)
	fi
	[ -n "$kib" ] || return 1
	mib=$((1024 + kib / 16384))
	most=$((kib * 5 / 8192))
	[ $mib -le $most ] || mib=$most
	echo $mib
}
