# SPDX-License-Identifier: MIT
# What test scripts in dom0 use.
ok() { echo "ok - $*"; }
not_ok() { echo "not ok - $*"; }
# check NAME COMMAND...: the command must succeed; its output is shown if it does not.
check() {
	_n=$1; shift
	if "$@" > /tmp/check.out 2>&1; then ok "$_n"; return; else _rc=$?; fi
	not_ok "$_n (status $_rc)"; sed 's/^/    /' /tmp/check.out
	# What the daemon and the guests said last.
	for _l in /tmp/xend.log /var/log/xen*/console/*.log; do
		[ ! -s "$_l" ] || tail -n 5 "$_l" | sed "s|^|    ${_l##*/}: |"
	done
}
# refuse NAME TEXT COMMAND...: the command must fail and say TEXT (a grep pattern).
refuse() {
	_n=$1 _t=$2; shift 2
	if "$@" > /tmp/check.out 2>&1; then not_ok "$_n (succeeded)"
	elif grep -q -- "$_t" /tmp/check.out; then ok "$_n"
	else not_ok "$_n (other words)"; sed 's/^/    /' /tmp/check.out; fi
}
# until SECONDS COMMAND...: try again until it succeeds.
until_ok() {
	_s=$1; shift
	_end=$(( $(cut -d. -f1 /proc/uptime) + _s ))
	while ! "$@" > /dev/null 2>&1; do
		[ "$(cut -d. -f1 /proc/uptime)" -lt $_end ] || return 1
		sleep 0.2
	done
}
xend_start() {
	xend -v > /tmp/xend.log 2>&1 &
	XEND=$!
	until_ok 10 test -S /run/xend/socket || { not_ok "xend starts"; cat /tmp/xend.log; }
}
# What a test leaves is taken away before the next one: its guests, the daemon, and what they said.
xend_end() {
	[ -S /run/xend/socket ] || return 0
	for _g in $(xl list 2> /dev/null | awk 'NR > 1 && $2 > 0 { print $1 }'); do
		xl destroy "$_g" > /dev/null 2>&1
	done
	killall -q xend; until_ok 20 sh -c "! pidof xend" || killall -q -9 xend
	rm -rf /run/xend/socket /etc/vm/?.cfg /var/lib/xend /var/log/xend/console
}
# child store, child console: the process of the daemon's that is it.
child() {
	for _p in /proc/[0-9]*; do
		[ "$(cat $_p/comm 2> /dev/null)" = "xend-$1" ] && grep -q "^PPid:.$XEND\$" $_p/status 2> /dev/null &&
			echo ${_p#/proc/}
	done
}
# loops N: the daemon's disks have N loop devices; it names them itself, so the file's name is not shown.
loops() { [ "$(losetup -a | grep -c xend:)" = "$1" ]; }
# said GUEST TEXT: the guest's console log has the text.
said() { grep -q -- "$2" /var/log/xen*/console/"$1".log; }
# guest NAME [LINE...]: writes /etc/vm/NAME.cfg for the small guest.
guest() {
	_g=$1; shift
	{ echo "name = \"$_g\""; echo 'kernel = "/guest/vmlinuz"'; echo 'ramdisk = "/guest/domu.gz"'
	  echo 'memory = 160'; for _l in "$@"; do echo "$_l"; done; } > /etc/vm/$_g.cfg
}
