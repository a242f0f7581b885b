# SPDX-License-Identifier: MIT
#
# After the files are gone (argument: how many versions stay): put away what the administrator changed.
[ ! -d /run/systemd/system ] || systemctl daemon-reload || :
# rpm's database is flushed, and /boot may be a file system of its own: no image may come back after a power cut
sync
[ "$1" = 0 ] || exit 0
# rpm makes folders that are not there, but takes away only what a package owns
rmdir /usr/share/man/man1 /usr/share/man/man5 /usr/share/man/man7 /usr/share/man/man8 2>/dev/null || :
# Guests' configuration stays, under its own name.
for f in /etc/vm/*.rpmsave; do
	[ ! -e "$f" ] || mv "$f" "${f%.rpmsave}"
done
if getent group xen | grep -q ':$'; then
	groupdel xen 2>/dev/null || :
fi
exit 0
