# SPDX-License-Identifier: MIT
#
# Before the files go (argument: how many versions stay): refuse while guests run, take Xen out of GRUB.
[ "$1" = 0 ] || exit 0
if [ -e /sys/hypervisor/type ]; then
	guests=$(timeout 20 xl list 2>/dev/null |
		awk 'NR > 1 && $1 != "Domain-0" && $2 ~ /^[0-9]+$/ { print $1 }' | tr '\n' ' ')
	if [ -n "$guests" ]; then
		echo "error: guests are running: $guests" >&2
		echo "hint: xl shutdown them first" >&2
		exit 1
	fi
fi
[ ! -d /run/systemd/system ] || systemctl stop xend.service 2>/dev/null || :
/usr/sbin/xen-boot remove || :
for u in xend xen-guests xen-boot-mark; do
	systemctl disable --quiet $u.service 2>/dev/null || :
done
exit 0
