# SPDX-License-Identifier: MIT
#
# What must be true of a machine before anything on it is changed; sourced by install.sh and xen-boot, and put in
# front of the package's first scriptlet, so that all three say the same words.  Needs grub.sh.  Nothing here changes
# anything.  Each finding is one "error:" with a "hint:"; all are shown, not only the first.

problems=0

problem() { # what, remedy
	echo "error: $1" >&2
	[ -z "${2-}" ] || echo "hint: $2" >&2
	problems=$((problems + 1))
}

note() {
	echo "note: $*" >&2
}

check_cpu() {
	[ "$(uname -m)" = x86_64 ] ||
		problem "this machine is $(uname -m); Xen here is for x86-64 only" \
			"there is nothing to install for this machine"
	[ ! -r /proc/cpuinfo ] || grep -qw nx /proc/cpuinfo ||
		problem "the processor does not offer NX (no-execute)" \
			"switch it on in the firmware set-up ('Execute Disable', 'NX Mode')"
}

check_not_guest() {
	case $(systemd-detect-virt --container 2>/dev/null) in
	'' | none) ;;
	*) problem "this is a container, not a machine that boots" \
		"install on the host, or use --root DIR --no-bootloader" ;;
	esac
}

check_secure_boot() {
	! efi_variable_is_1 MokSBStateRT || return 0 # shim, and with it GRUB, was told not to look
	if efi_variable_is_1 SecureBoot; then
		problem "Secure Boot is on: GRUB will not load a hypervisor that the firmware's keys have not signed" \
			"switch Secure Boot off in the firmware set-up \
(or: mokutil --disable-validation, and reboot), then install again"
	fi
}

efi_variable_is_1() {
	for v in /sys/firmware/efi/efivars/"$1"-*; do
		[ -r "$v" ] && [ "$(od -An -tu1 -j4 -N1 "$v" | tr -d ' ')" = 1 ] && return 0
	done
	return 1
}

# The daemon and the verdict on the trial are systemd's to start.
check_init() {
	[ ! -d /run/systemd/system ] || return 0
	case $(readlink -f /sbin/init) in
	*/systemd) ;;
	*) problem "this machine's init is not systemd, which is to start xend ($(readlink -f /sbin/init))" \
		"$(pkg_hint systemd-sysv), reboot, then install again" ;;
	esac
}

# check_grub ROOT
check_grub() {
	without_grub="install with --no-bootloader (RPM: XEN_BOOTLOADER=no rpm -i ...)"
	if ! grub_tool mkconfig >/dev/null; then
		other=
		[ ! -d "$1/boot/loader/entries" ] && [ ! -d "$1/boot/efi/loader" ] ||
			other=" (this machine seems to use systemd-boot)"
		[ ! -e "$1/etc/lilo.conf" ] || other=" (this machine seems to use LILO)"
		problem "GRUB 2 is not installed$other" \
			"install it ($(pkg_hint grub2)), or $without_grub"
		return
	fi
	if ! grub_dir "$1" >/dev/null; then
		problem "no grub.cfg in /boot/grub or /boot/grub2: this machine does not boot by GRUB" \
			"run grub-install and update-grub, or $without_grub"
		return
	fi
	grub_is_generated "$1" || {
		problem "$(grub_dir "$1")/grub.cfg is written by hand, so it will not be touched" \
			"$without_grub; 'xen-boot entry' then prints the entry to add"
		return
	}
	[ -e "$1$(grub_dir "$1")/$(grub_platform)/multiboot2.mod" ] || case $(grub_platform) in
	*-efi) problem "GRUB's multiboot2 module is not in $(grub_dir "$1")/$(grub_platform)" \
		"$(pkg_hint "grub-$(grub_platform)")" ;;
	*) problem "GRUB's multiboot2 module is not in $(grub_dir "$1")/i386-pc" \
		"run grub-install again for this machine's disk" ;;
	esac
}

# pkg_hint WHAT...: the command that installs it here
pkg_hint() {
	if command -v apt-get >/dev/null 2>&1; then m=2 c='apt-get install'
	elif command -v dnf >/dev/null 2>&1; then m=3 c='dnf install'
	elif command -v zypper >/dev/null 2>&1; then m=4 c='zypper install'
	else m=2 c='install the package'; fi
	p=$(awk -v w=" $* " -v m=$m 'index(w, " " $1 " ") { printf "%s%s", sep, $m; sep = " " }' <<-'TABLE'
		grub2              grub-pc             grub2-tools            grub2
		grub-x86_64-efi    grub-efi-amd64-bin  grub2-efi-x64-modules  grub2-x86_64-efi
		grub-i386-efi      grub-efi-ia32-bin   grub2-efi-ia32-modules grub2-i386-efi
		kernel             linux-image-amd64   kernel                 kernel-default
		dnsmasq            dnsmasq-base        dnsmasq                dnsmasq
		nft                nftables            nftables               nftables
		ip                 iproute2            iproute                iproute2
		systemd-sysv       systemd-sysv        systemd                systemd-sysvinit
		modprobe           kmod                kmod                   kmod
		libxml2.so.2       libxml2             libxml2                libxml2-2
		libjansson.so.4    libjansson4         jansson                libjansson4
		libuuid.so.1       libuuid1            libuuid                libuuid1
		libevent-2.1.so.7  libevent-2.1-7      libevent               libevent-2_1-7
		libevent_core-2.1.so.7  libevent-core-2.1-7  libevent         libevent-2_1-7
		libncurses.so.6    libncurses6         ncurses-libs           libncurses6
		libncursesw.so.6   libncursesw6        ncurses-libs           libncurses6
		libtinfo.so.6      libtinfo6           ncurses-libs           libncurses6
		libmnl.so.0        libmnl0             libmnl                 libmnl0
		libz.so.1          zlib1g              zlib                   libz1
		libbz2.so.1.0      libbz2-1.0          bzip2-libs             libbz2-1
		liblzma.so.5       liblzma5            xz-libs                liblzma5
		liblzo2.so.2       liblzo2-2           lzo                    liblzo2-2
		liblz4.so.1        liblz4-1            lz4-libs               liblz4-1
		libzstd.so.1       libzstd1            libzstd                libzstd1
		libc.so.6          libc6               glibc                  glibc
		libdl.so.2         libc6               glibc                  glibc
	TABLE
	)
	echo "$c ${p:-$*}"
}

# check_kernel ROOT
check_kernel() {
	k=$(dom0_kernels "$1" | head -n 1)
	if [ -z "$k" ]; then
		seen=$(kernels "$1" | while read -r kver; do
			echo "$kver ($(why_not_dom0 "$1" "$kver"))"
		done | sed '2,$s/^/, /')
		problem "no kernel in /boot can run as dom0; here: $(echo ${seen:-none})" "$(pkg_hint kernel)"
		return
	fi
	c=$(kernel_config "$1" "${k#/boot/vmlinuz-}")
	for o in XEN_BLKDEV_BACKEND:disks XEN_NETDEV_BACKEND:network XEN_GNTDEV:consoles; do
		grep -q "^CONFIG_${o%:*}=[ym]" "$c" || note "$k has no CONFIG_${o%:*}: guests will have no ${o#*:}"
	done
}

# check_space ROOT KIB: room for the image and a new grub.cfg in /boot, and a little in the rest
check_space() {
	free=$(df -Pk "$1/boot" 2>/dev/null | awk 'NR == 2 { print $4 }')
	[ "${free:-0}" -ge $(($2 + 512)) ] ||
		problem "/boot has ${free:-0} KiB free, $(($2 + 512)) are needed" \
			"remove an old kernel (apt-get autoremove, dnf remove --oldinstallonly)"
	free=$(df -Pk "$1/usr" 2>/dev/null | awk 'NR == 2 { print $4 }')
	[ "${free:-0}" -ge 16384 ] ||
		problem "/usr has ${free:-0} KiB free, 16384 are needed" "make room on that file system"
}

# What is installed into a /boot that is not mounted would never be seen by GRUB.
check_boot_is_mounted() {
	awk '$2 == "/boot" && $1 !~ /^#/ { found = 1 } END { exit !found }' /etc/fstab 2>/dev/null || return 0
	mountpoint -q /boot ||
		problem "/boot is not mounted, and /etc/fstab has a file system for it" "mount /boot"
}

# check_writable ROOT
check_writable() {
	for d in /boot /etc /usr /var; do
		[ -d "$1$d" ] || continue
		[ -w "$1$d" ] || problem "$1$d cannot be written to" \
			"mount it read-write (mount -o remount,rw $d) and be root"
	done
}

# check_other_xen ROOT VERSION: a Xen that is not ours
check_other_xen() {
	ours=$(cat "$1/usr/lib/xen/boot/version" 2>/dev/null)
	for f in "$1"/boot/xen*; do
		case ${f##*/} in "xen-$2.gz" | "xen-$2.gz;"* | "xen-$ours.gz" | "xen*" | xen-*.config) continue ;; esac
		[ -f "$f" ] || continue
		# a version of ours whose upgrade was cut short
		! grep -qs " ${f#"$1"}\( \|\$\)" "$1/var/lib/xen/install/manifest" "$1/var/lib/xen/install/journal" ||
			continue
		[ "$(rpm -qf --qf '%{name}' "$f" 2>/dev/null)" != xen ] || continue
		problem "${f#"$1"} is a hypervisor of another make$(owner_of "$1" "$f")" \
			"remove that one first, then install again"
	done
	[ -n "$ours" ] || [ -e "$1/var/lib/xen/install/journal" ] ||
	for f in /usr/sbin/xl /usr/sbin/xend /usr/sbin/xm; do
		[ ! -e "$1$f" ] || problem "$f is here already, from another Xen$(owner_of "$1" "$f")" \
			"remove that one first, then install again"
	done
}

owner_of() {
	[ -z "$1" ] || return 0
	o=$(dpkg -S "$2" 2>/dev/null | sed 's/:.*//')
	[ -n "$o" ] || o=$(rpm -qf "$2" 2>/dev/null) || o=
	[ -z "$o" ] || echo " (package $o)"
}

# check_programs ROOT: what the daemon calls; DHCP and NAT only for the default network
check_programs() {
	for p in ip modprobe dnsmasq nft; do
		case $p in
		dnsmasq | nft) ! grep -qs '^ *network *= *no' "$1/etc/xend.conf" || continue ;;
		esac
		for d in /usr/sbin /usr/bin /sbin /bin /usr/local/sbin; do
			[ ! -x "$1$d/$p" ] || continue 2
		done
		missing="$missing $p"
	done
}

# Everything that is missing is one finding, with one command.
check_missing() {
	missing=
	check_libraries "$@"
	check_programs "$1"
	[ -n "$missing" ] || return 0
	# shellcheck disable=SC2086 # a list of names
	if [ -n "$1" ]; then
		note "not in $1:$missing"
	else
		problem "not installed, and needed by xend and xl:$missing" "$(pkg_hint $missing)"
	fi
}

# check_libraries ROOT "SONAME... glibc-VERSION": what our programs are linked with
check_libraries() {
	have=$(chroot "${1:-/}" /sbin/ldconfig -p 2>/dev/null) || return 0
	have=$(echo "$have" | grep ',x86-64[,)]') || {
		problem "the programs and libraries of this system are not 64-bit ones, whatever its kernel is" \
			"install a 64-bit system (Debian: amd64)"
		return
	}
	for need in $2; do
		case $need in
		glibc-*)
			v=$(chroot "${1:-/}" ldd --version 2>/dev/null | sed -n '1s/.* \([0-9.]*\)$/\1/p')
			[ -z "$v" ] ||
				[ "$(printf '%s\n' "$v" "${need#glibc-}" | sort -V | head -n 1)" = "${need#glibc-}" ] ||
				problem "the C library here is glibc $v, the programs need ${need#glibc-}" \
					"upgrade the distribution, or build from source"
			;;
		*)
			! echo "$have" | grep -qF "$need (" || continue
			newer=$(newer_library "$need" "$have")
			if [ -n "$newer" ]; then
				problem "$newer is here, the programs need the older $need" \
					"build them from source on this distribution (make rpm, make tarball)"
			else
				missing="$missing $need"
			fi
			;;
		esac
	done
}

# newer_library SONAME HAVE: that library under a later number: no package will bring the old one
newer_library() {
	echo "$2" | awk -v name="${1%.so.*}.so." -v number="${1##*.so.}" \
		'index($1, name) == 1 && substr($1, length(name) + 1) + 0 > number + 0 { print $1; exit }'
}

# check_machine ROOT VERSION IMAGE-KIB LIBRARIES BOOTLOADER(yes|no): all of it; fails when anything was found
check_machine() {
	[ "$(id -u)" = 0 ] || problem "you are not root" "sudo, or su -"
	check_cpu
	[ -n "$1" ] || { check_init; check_boot_is_mounted; }
	if [ -z "$1" ] && [ "$5" = yes ]; then
		check_not_guest
		check_secure_boot
	fi
	check_writable "$1"
	check_space "$1" "$3"
	check_other_xen "$1" "$2"
	check_kernel "$1"
	[ "$5" = no ] || [ -n "$1" ] || check_grub "$1"
	check_missing "$1" "$4"
	[ $problems = 0 ]
}
