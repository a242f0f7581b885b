#!/bin/sh
# SPDX-License-Identifier: MIT
#
# Installs Xen on this machine, or takes it away again.  At the top of the source tree it installs what "make" has
# built; in the binary tarball it installs what lies beside it.
#
# Checks first, changes after.  All changes are written into a journal before the first is made, and the files that they
# replace are kept; a failure rolls back at once, a run that was cut short (a power cut, kill -9) is rolled back
# by the next run before that starts afresh.  Files appear by rename, whole.  The boot loader comes last, and in it
# the default last of all: at every instant the machine boots what it booted before, or the finished new thing.
set -eu
umask 022
PATH=$PATH:/usr/local/sbin:/usr/sbin:/sbin	# "su" without "-" leaves them out

here=$(cd "$(dirname "$0")" && pwd)
root='' dry='' bootloader=${XEN_BOOTLOADER-} default='' action=install

usage() {
	cat <<'USAGE'
usage: sh install.sh [OPTION...]
  --dry-run        check, and say what would be done; change nothing
  --no-bootloader  install the files, leave GRUB alone ("xen-boot entry" prints an entry to add by hand)
  --no-default     put Xen into GRUB's menu, but keep the present default
  --root DIR       install into the tree under DIR (an image, a chroot) instead of /
  --uninstall      take everything away again; guests' configuration and data stay
  --help           this

After installing: edit the templates in /etc/vm, reboot, then "xl create /etc/vm/NAME.cfg".  The first boot is on trial: if dom0
does not come up healthy, the next boot is plain Linux again.  See xen(7).
USAGE
}

say() { echo "xen: $*"; }

fail() { # what, remedy
	echo "error: $1" >&2
	[ -z "${2-}" ] || echo "hint: $2" >&2
	exit 1
}

while [ $# -gt 0 ]; do
	case $1 in
	--dry-run) dry=1 ;;
	--no-bootloader) bootloader=no ;;
	--no-default) default=no ;;
	--root) [ $# -gt 1 ] || fail "--root needs a folder" "sh install.sh --root DIR"; root=$2; shift ;;
	--root=*) root=${1#*=} ;;
	--uninstall) action=uninstall ;;
	--help | -h) usage; exit 0 ;;
	*) echo "error: unknown option '$1'" >&2; usage >&2; exit 2 ;;
	esac
	shift
done
if [ -n "$root" ]; then
	[ -d "$root" ] || fail "there is no folder '$root'" "mkdir it, or name the tree to install into"
	root=$(cd "$root" && pwd)
	[ "$root" != / ] || root=''
fi

# --- what is to be installed: lines of "kind mode where source"

if [ -f "$here/packaging/files.list" ]; then
	hooks=$here/bootloader-hooks
	version=$(cat "$here/packaging/VERSION")
	sources=$here
else
	hooks=$here/root/usr/lib/xen/boot
	version=$(cat "$here/root/usr/lib/xen/boot/version" 2>/dev/null) ||
		fail "the files of the package are not beside install.sh" "run it in the folder that the tarball made"
	sources=$here/root
fi
. "$hooks/grub.sh"
. "$hooks/checks.sh"
[ -n "$bootloader" ] || bootloader=$(bootloader_wanted "$root")

list_files() {
	if [ "$sources" = "$here" ]; then
		"$here/packaging/list-files" main | while read -r package kind mode where source; do
			echo "$kind $mode $where $source"
		done
	else
		cat "$here/files.list"
	fi
}

libraries() {
	if [ "$sources" = "$here" ]; then
		"$here/packaging/needed-libraries" "$here/build/toolstack/xl" "$here/build/toolstack/xend"
	else
		cat "$here/needed-libraries"
	fi
}

# --- the journal

j=$root/var/lib/xen/install
journal=$j/journal
manifest=$j/manifest

# For tests: die as if the power were cut, before change number XEN_INSTALL_DIE_AT.
changes=0
change() {
	changes=$((changes + 1))
	[ "$changes" != "${XEN_INSTALL_DIE_AT-}" ] || kill -9 $$
}

log() {
	change
	echo "$*" >>"$journal"
}

# The name under which a file is written before it appears: hidden, so that neither GRUB's scripts nor a folder of
# drop-ins take it for one of theirs.
fresh() {
	echo "$root${1%/*}/.xen-new.${1##*/}"
}

kept() { # the place where the file that PATH had before is kept
	echo "$j/old/$(echo "$1" | tr / %)"
}

# Undo what the journal says, newest first.  May itself be cut short and run again.
roll_back() {
	[ -f "$journal" ] || return 0
	sed '1!G;h;$!d' "$journal" >"$j/reversed"
	while read -r what path; do
		change
		case $what in
		new) rm -f "$root$path" "$(fresh "$path")" ;;
		old)
			rm -f "$(fresh "$path")"
			[ ! -e "$(kept "$path")" ] && [ ! -h "$(kept "$path")" ] || mv -f "$(kept "$path")" "$root$path"
			;;
		dir) rmdir "$root$path" 2>/dev/null || : ;;
		unit) unit_disable "$path" ;;
		boot) undo_boot ;;
		group) drop_group ;;
		esac
	done <"$j/reversed"
	sync
	rm -rf "$j/old" "$j/list" "$j/plan" "$j/reversed" "$manifest.new" "$journal"
	[ -e "$manifest" ] || rmdir "$j" "$root/var/lib/xen" 2>/dev/null || :
}

# The boot loader was being changed.  Where there was no Xen before, it is taken out while its tools are still here.
undo_boot() {
	[ -z "$root" ] && [ -x /usr/sbin/xen-boot ] && [ "$bootloader" = yes ] || return 0
	grep -q '^begin .* upgrade$' "$journal" || /usr/sbin/xen-boot remove >/dev/null 2>&1 || :
}

# Where there was an older version, its files are back after roll_back and are registered again.
roll_back_all() {
	if grep -q '^end$' "$journal"; then
		[ ! -e "$manifest.new" ] || mv -f "$manifest.new" "$manifest"
		rm -rf "$j/old" "$j/list" "$j/plan"
		rm -f "$journal"
		return
	fi
	before=$(sed -n 's/^boot //p' "$journal" | tail -n 1)
	upgraded=$(grep '^begin .* upgrade$' "$journal") || upgraded=
	roll_back
	[ -n "$upgraded" ] && [ -n "$before" ] && [ -z "$root" ] && [ "$bootloader" = yes ] || return 0
	/usr/sbin/xen-boot refresh || :
	[ "$before" != good ] || /usr/sbin/xen-boot default xen || :
}

in_hand=
on_exit() {
	status=$?
	[ -n "$in_hand" ] && [ $status != 0 ] || exit $status
	in_hand=
	set +e
	say "something failed; putting everything back as it was" >&2
	roll_back_all
	say "nothing has been changed" >&2
	exit $status
}

# --- one file

checksum() {
	cksum <"$1" | tr ' ' :
}

# was_ours PATH: the checksum under which the manifest of the version before knows it
was_ours() {
	[ -f "$manifest" ] && awk -v p="$1" '$3 == p { print $4; exit }' "$manifest"
}

has_mode() { # mode where; there are none on a /boot of vfat
	[ "$(stat -c %a "$root$2")" = "${1#0}" ] || [ "$(stat -f -c %T "$root$2")" = msdos ]
}

same() { # kind mode where source
	case $1 in
	link) [ "$(readlink "$root$3" 2>/dev/null)" = "$4" ] ;;
	dir) [ -d "$root$3" ] ;;
	*) [ -f "$root$3" ] && [ ! -h "$root$3" ] && cmp -s "$sources/$4" "$root$3" && has_mode "$2" "$3" ;;
	esac
}

# --- the files, in passes: first the journal tells all that will change; then what is replaced is kept and what is new is
# made beside; then it appears.  Between two passes all is flushed: a power cut leaves nothing that the journal does
# not know, and no file in pieces.

plan_parents() {
	way=
	for part in $(dirname "$1" | tr / ' '); do
		way=$way/$part
		[ -d "$root$way" ] || grep -qx "dir $way" "$journal" || log "dir $way"
	done
}

plan_file() { # kind mode where source
	! same "$@" || return 0
	where=$3
	if [ "$1" = config ] && [ -e "$root$3" ]; then
		[ "$(was_ours "$3")" = "$(checksum "$root$3")" ] || {
			[ "$(was_ours "$3")" = "$(checksum "$sources/$4")" ] && return 0
			where=$3.new
			say "$3 was changed by hand and stays; the new one is $where"
		}
	fi
	plan_parents "$where"
	if [ "$1" = dir ]; then
		log "dir $where"
	elif [ -e "$root$where" ] || [ -h "$root$where" ]; then
		log "old $where"
	else
		log "new $where"
	fi
	echo "$1 $2 $where $4" >>"$j/plan"
}

plan_retired() { # the files of the version before that the new one does not have
	[ -f "$manifest" ] || return 0
	while read -r kind mode where sum; do
		case $kind in dir | config) continue ;; esac
		[ -e "$root$where" ] || [ -h "$root$where" ] || continue
		! grep -q "^[a-z]* [0-9-]* $where " "$j/list" || continue
		log "old $where"
		echo "gone - $where -" >>"$j/plan"
	done <"$manifest"
}

keep() { # where
	[ -e "$root$1" ] || [ -h "$root$1" ] || return 0
	change
	cp -pP "$root$1" "$(kept "$1").part"
	mv -f "$(kept "$1").part" "$(kept "$1")"
}

make_beside() { # kind mode where source
	[ "$1" = dir ] || keep "$3"
	change
	case $1 in
	gone) ;;
	dir) [ -d "$root$3" ] || mkdir -p -m "$2" "$root$3" ;;
	*)
		mkdir -p "$root${3%/*}"
		if [ "$1" = link ]; then
			ln -sfn "$4" "$(fresh "$3")"
		else
			cp "$sources/$4" "$(fresh "$3")"
			chmod "$2" "$(fresh "$3")"
		fi
		;;
	esac
}

appear() { # kind mode where source
	case $1 in gone | dir) return ;; esac
	change
	mv -f "$(fresh "$3")" "$root$3"
}

retire() { # kind mode where source
	[ "$1" = gone ] || return 0
	change
	rm -f "$root$3"
}

# pass WHAT: done with each line of the plan
pass() {
	while read -r kind mode where source; do
		"$1" "$kind" "$mode" "$where" "$source"
	done <"$j/plan"
}

write_manifest() {
	list_files | while read -r kind mode where source; do
		sum=-
		case $kind in file | config) sum=$(checksum "$sources/$source") ;; esac
		echo "$kind $mode $where $sum"
	done >"$manifest.new"
}

# --- systemd, the group

units="xend.service xen-guests.service xen-boot-mark.service"

wanted_by() {
	case $1 in xen-boot-mark.service) echo sysinit.target.wants ;; *) echo multi-user.target.wants ;; esac
}

unit_link() {
	echo "/etc/systemd/system/$(wanted_by "$1")/$1"
}

plan_unit() {
	[ ! -h "$root$(unit_link "$1")" ] || return 0
	plan_parents "$(unit_link "$1")"
	log "unit $1"
}

unit_enable() {
	link=$root$(unit_link "$1")
	[ ! -h "$link" ] || return 0
	change
	mkdir -p "${link%/*}"
	ln -sf "/usr/lib/systemd/system/$1" "$link"
}

unit_disable() {
	rm -f "$root$(unit_link "$1")"
}

reload_units() {
	[ -n "$root" ] || [ ! -d /run/systemd/system ] || systemctl daemon-reload || :
}

group_is_missing() {
	! grep -q '^xen:' "$root/etc/group" 2>/dev/null && command -v groupadd >/dev/null 2>&1
}

make_group() {
	group_is_missing || return 0
	change
	groupadd -r ${root:+-R "$root"} xen || :
}

drop_group() {
	grep -qs '^xen:[^:]*:[^:]*:$' "$root/etc/group" || return 0
	groupdel ${root:+-R "$root"} xen 2>/dev/null || :
}

# --- the whole

is_complete() { # nothing differs from what would be installed
	[ -f "$manifest" ] && [ ! -f "$journal" ] || return 1
	write_manifest
	cmp -s "$manifest" "$manifest.new" || { rm -f "$manifest.new"; return 1; }
	rm -f "$manifest.new"
	list_files | while read -r kind mode where source; do
		[ "$kind" != config ] || [ ! -e "$root$where" ] || continue
		same "$kind" "$mode" "$where" "$source" || exit 1
	done
}

registered() {
	[ -n "$root" ] || [ "$bootloader" = no ] ||
		{ [ -x /etc/grub.d/45_xen ] && grep -q "menuentry 'Xen $version, with Linux" "$(grub_dir '')/grub.cfg" 2>/dev/null; }
}

image_kib() {
	case $sources in
	"$here") i=$here/build/xen.gz ;;
	*) i=$sources/boot/xen-$version.gz ;;
	esac
	echo $(($(stat -c %s "$i") / 1024 + 1))
}

do_install() {
	[ "$sources" != "$here" ] || "$here/packaging/list-files" main >/dev/null || fail "not everything is built" "make"
	needs=$(libraries)
	# An image of this version does not need its space twice.
	kib=$(image_kib)
	[ ! -e "$root/boot/xen-$version.gz" ] || kib=0
	check_machine "$root" "$version" "$kib" "$needs" "$bootloader" ||
		fail "$problems of the checks above failed; nothing has been changed"
	[ -z "$root" ] && rpm_owned && fail "this machine has the RPM of Xen" "upgrade with rpm -U, or remove it first (rpm -e xen)"
	if is_complete && registered; then
		say "Xen $version is installed already; nothing to do"
		return
	fi
	if [ -n "$dry" ]; then
		show_plan
		return
	fi
	if [ -f "$journal" ]; then
		say "an earlier run was cut short; clearing up after it"
		roll_back_all
	fi
	trap on_exit EXIT
	trap 'exit 130' INT HUP TERM
	change
	mkdir -p "$j/old"
	in_hand=1
	install_files
	install_boot
	finish
}

rpm_owned() {
	command -v rpm >/dev/null 2>&1 && rpm -qf /usr/lib/xen/boot/version >/dev/null 2>&1
}

show_plan() {
	list_files | while read -r kind mode where source; do
		same "$kind" "$mode" "$where" "$source" || echo "would write $root$where"
	done
	[ -n "$root" ] || [ "$bootloader" = no ] || echo "would add 'Xen $version, with Linux ...' to GRUB's menu and try it at the next reboot"
}

install_files() {
	say "installing Xen $version${root:+ into $root}"
	list_files >"$j/list"
	: >"$j/plan"
	log "begin $version$([ ! -f "$manifest" ] || echo " upgrade")"
	while read -r kind mode where source; do
		plan_file "$kind" "$mode" "$where" "$source"
	done <"$j/list"
	plan_retired
	for u in $units; do plan_unit "$u"; done
	! group_is_missing || log group
	sync
	pass make_beside
	sync
	pass appear
	[ "$default" != no ] || set_no_default
	make_group
	for u in $units; do unit_enable "$u"; done
	reload_units
	sync
}

set_no_default() {
	f=/etc/default/xen-boot
	grep -q " $f\$" "$journal" || { log "old $f"; keep "$f"; }
	sed 's/^XEN_DEFAULT=.*/XEN_DEFAULT=no/' "$root$f" >"$(fresh $f)"
	sync
	change
	mv -f "$(fresh $f)" "$root$f"
}

install_boot() {
	if [ -n "$root" ]; then
		say "the boot loader under $root is not touched; update-grub inside it lists Xen, xen-boot trial arms it"
		return
	fi
	before=$($(grub_tool editenv) "$(trial_env)" list 2>/dev/null | sed -n 's/^xen_boot=//p') || before=
	log "boot ${before:-unset}"
	change
	XEN_BOOTLOADER=$bootloader /usr/sbin/xen-boot install
}

finish() {
	pass retire
	write_manifest
	sed -n 's/^dir //p' "$journal" >>"$j/made"
	sync
	# from here on a cut is finished, not undone
	log end
	sync
	in_hand=
	change
	mv -f "$manifest.new" "$manifest"
	change
	rm -rf "$j/old" "$j/list" "$j/plan"
	rm -f "$journal"
	sync
	[ -n "$root" ] || start_daemon
	say "done; guests' templates are in /etc/vm, the manual is xen(7)"
	[ -n "$root" ] || [ "$bootloader" = no ] || say "now: reboot"
}

# An upgrade while running under the hypervisor: the new daemon takes over from the old one.
start_daemon() {
	[ -e /sys/hypervisor/type ] && [ -d /run/systemd/system ] || return 0
	systemctl restart xend.service || say "xend did not start again; see: systemctl status xend"
}

do_uninstall() {
	[ "$(id -u)" = 0 ] || fail "you are not root" "sudo sh install.sh --uninstall"
	[ -n "$root" ] || ! rpm_owned || fail "this machine has the RPM of Xen" "rpm -e xen"
	if [ -f "$journal" ]; then
		say "an earlier run was cut short; undoing what it had begun"
		[ -n "$dry" ] || roll_back_all
	fi
	[ -f "$manifest" ] || { say "Xen is not installed${root:+ in $root}"; return; }
	no_guests
	if [ -n "$dry" ]; then
		awk '$1 != "dir" { print "would remove " $3 }' "$manifest"
		return
	fi
	if [ -z "$root" ]; then
		[ ! -d /run/systemd/system ] || systemctl stop xend.service 2>/dev/null || :
		[ ! -x /usr/sbin/xen-boot ] || /usr/sbin/xen-boot remove
	fi
	for u in $units; do change; unit_disable "$u"; done
	remove_files
	drop_group
	reload_units
	change
	rm -rf "$j"
	rmdir "$root/var/lib/xen" 2>/dev/null || :
	sync
	say "Xen is removed; this machine boots Linux as it did before"
}

no_guests() {
	[ -z "$root" ] && [ -e /sys/hypervisor/type ] || return 0
	guests=$(timeout 20 xl list 2>/dev/null | awk 'NR > 1 && $1 != "Domain-0" && $2 ~ /^[0-9]+$/ { print $1 }' | tr '\n' ' ')
	[ -z "$guests" ] || fail "guests are running: $guests" "xl shutdown them first"
}

remove_files() {
	while read -r kind mode where sum; do
		change
		case $kind in
		dir) continue ;;
		config)
			[ "$(checksum "$root$where" 2>/dev/null)" = "$sum" ] || {
				[ ! -e "$root$where" ] || say "$where was changed by hand and stays"
				continue
			}
			;;
		esac
		rm -f "$root$where" "$root$where.new"
	done <"$manifest"
	# the folders that were not there before, deepest first; those with something of the user's in them stay
	LC_ALL=C sort -ru "$j/made" 2>/dev/null >"$j/made.sorted" || :
	while read -r d; do
		rmdir "$root$d" 2>/dev/null || :
	done <"$j/made.sorted"
}

do_$action
