#!/bin/sh
# SPDX-License-Identifier: MIT
# The daemon and the command line over the fake hypervisor, under sanitizers: no Xen, no root rights on anything real.
# usage: fake-daemon.sh BUILD_FOLDER
set -u
B=$(cd "$1" && pwd); W=$(mktemp -d); P=0 F=0
XEND_SOCKET=$W/run/socket XEND_FAKE_MACHINE=$W/machine; export XEND_SOCKET XEND_FAKE_MACHINE
XL=$B/xl
ok() { P=$((P + 1)); }
not_ok() { F=$((F + 1)); echo "not ok - $*"; }
check() { n=$1; shift; if "$@" > "$W/out" 2>&1; then ok; else not_ok "$n"; sed 's/^/    /' "$W/out"; fi; }
refuse() { n=$1 t=$2; shift 2
	if "$@" > "$W/out" 2>&1; then not_ok "$n (succeeded)"; elif grep -q -- "$t" "$W/out"; then ok; else
	not_ok "$n (other words)"; sed 's/^/    /' "$W/out"; fi; }
start() {
	"$B/xend-fake" -r "$W" -c "$W/xend.conf" -v >> "$W/xend.log" 2>&1 & XEND=$!
	i=0
	while ! $XL list > "$W/list" 2>&1; do
		i=$((i + 1))
		[ $i -lt 600 ] || { not_ok "xend starts"; cat "$W/xend.log" "$W/list"; finish; exit 1; }
		sleep 0.1
	done
}
finish() { kill "$XEND" 2>/dev/null; wait "$XEND" 2>/dev/null; rm -rf "$W"; }
echo 'network = no' > "$W/xend.conf"
"$B/build_test" --kernel "$W/kernel" || exit 1
guest() {
	g=$1; shift
	printf '%s\n' "name = \"$g\"" "kernel = \"$W/kernel\"" "memory = ${MEM:-24}" "$@" > "$W/$g.cfg"
}
start
guest a; guest b 'vif = [ "bridge=nosuch" ]'; guest c 'disk = [ "/nosuch.img,raw,xvda,w" ]'; MEM=4096 guest big; guest d
check "list" $XL list
check "info" $XL info
check "create" $XL create "$W/a.cfg"
check "it is listed" sh -c "$XL list | grep -q '^a '"
check "domid" test "$($XL domid a)" = 1
refuse "again" "already running" $XL create "$W/a.cfg"
refuse "no bridge" "bridge 'nosuch' does not exist" $XL create "$W/b.cfg"
refuse "no disk" "/nosuch.img" $XL create "$W/c.cfg"
refuse "no memory" "needs 4096 MiB\|needs 4" $XL create "$W/big.cfg"
refuse "no kernel" "/nosuch" $XL create "$W/a.cfg" 'name="x"' 'kernel="/nosuch"'
head -c 5000 "$W/kernel" > "$W/short"
# The processes that serve guests have no rights; when one dies the daemon ends, and the next one knows all it knew.
child() { pgrep -P "$XEND" -x "xend-$1"; }
rights() { grep -q "^$2:[[:space:]]*$3\$" "/proc/$(child "$1")/status"; }
for p in store:store console:empty; do
	is=${p%:*}
	check "$is: its system calls are a list" rights "$is" Seccomp 2
	check "$is: it cannot gain rights" rights "$is" NoNewPrivs 1
	if [ "$(id -u)" = 0 ]; then
		check "$is: it is nobody" rights "$is" Uid "65534.*65534"
		check "$is: it has no capability" rights "$is" CapEff 0000000000000000
		check "$is: its folder is all it sees" test "$(readlink "/proc/$(child "$is")/root")" = \
			"$W/run/private/${p#*:}"
	fi
	kill -9 "$(child "$is")"; wait "$XEND"
	check "without its $is the daemon ends" test $? -ne 0
	start
	check "the guest is there" sh -c "$XL list | grep -q '^a '"
	[ "$(id -u)" != 0 ] || check "and so is its console" sh -c "ls -l /proc/$(child console)/fd | grep -q ptmx"
done
refuse "a kernel cut short" "cut short" $XL create "$W/a.cfg" 'name="x"' "kernel=\"$W/short\""
refuse "a typo" "did you mean 'memory'" $XL create "$W/a.cfg" 'name="x"' 'memroy=5'
refuse "a guest that is not there" "no guest 'zz'" $XL destroy zz
refuse "a guest's name misspelt" "did you mean 'a'" $XL destroy aa
for c in destroy pause shutdown; do refuse "$c dom0" "Domain-0 is the host itself" $XL $c Domain-0; done
check "domid of dom0" test "$($XL domid Domain-0)" = 0
refuse "less memory than dom0 lives on" "too little to live on" $XL mem-set Domain-0 16
refuse "a maximum below the memory" "is below its memory" $XL mem-max a 16
refuse "a CPU that is not there" "the host has CPUs 0-0 only" $XL vcpu-pin a 0 99
refuse "a button of a PV guest" "takes only nmi" $XL trigger a power
refuse "a vCPU that is not there" "has no vCPU 5" $XL trigger a nmi 5
refuse "undefine what is not defined" "is not defined" $XL undefine a
check "dom0's vCPUs" $XL vcpu-set Domain-0 1
refuse "more than dom0 has" "more than its maxvcpus" $XL vcpu-set Domain-0 9
refuse "a feature that the host has not" "this host cannot give its guests 'sse4" \
	$XL create "$W/a.cfg" 'name="x"' 'cpuid="host,sse4_2=1"'
check "features hidden and asked for" $XL create "$W/a.cfg" 'name="x"' 'cpuid="host,avx=0,sse3=1"'
check "by bits" $XL create "$W/a.cfg" 'name="y"' 'cpuid=["7,0:ebx=xxxxxxxxxxxxxxxxxxxxxxxxxx0xxxxx"]'
for g in x y; do check "destroy $g" $XL destroy $g; done
check "failures leave nothing" sh -c "[ \$($XL list | wc -l) = 3 ]"
check "define" $XL define "$W/d.cfg"
check "define again" $XL define "$W/d.cfg"
check "start" $XL start d
check "pause" $XL pause d
refuse "pause again" "is paused already" $XL pause d
check "unpause" $XL unpause d
refuse "unpause again" "is not paused" $XL unpause d
check "in the order of their numbers" sh -c "$XL list | awk 'NR > 1 { print \$2 }' | sort -n -c"
refuse "a disk that is none" "has no disk 'nope'" $XL block-detach d nope
check "rename" $XL rename d e
check "mem-set" $XL mem-set -w 0 e 20
refuse "less than a guest lives on" "11 MiB are too little" $XL mem-set e 11
refuse "said how to insist" "at least 12 MiB: .*--force" $XL mem-set e 11
check "who insists" $XL mem-set --force --wait 0 e 11
check "may go back, or some of the way" $XL mem-set --wait 0 e 11500K
check "all the way" $XL mem-set -w 0 e 20
refuse "there is an end to it" "at least 8 MiB$" $XL mem-set -f e 7
check "vcpu-list" $XL vcpu-list
check "config" $XL config e
check "config as XML" sh -c "$XL config --xml e > $W/e.xml && $XL check --syntax $W/e.xml"
kill -9 "$XEND"; wait "$XEND" 2>/dev/null
start
check "a is still there" test "$($XL domid a)" = 1
check "e too" sh -c "$XL list | grep -q '^e '"
check "reads its store" sh -c "$XL domname 1 | grep -q '^a'"
# What this version would not start runs on all the same, and is told when it is to start anew.
guest f; check "define f" $XL define "$W/f.cfg"; check "start f" $XL start f; F_ID=$($XL domid f)
kill -9 "$XEND"; wait "$XEND" 2>/dev/null
python3 - "$W/run/guests" <<'PY'
import json, pathlib, sys
for path in pathlib.Path(sys.argv[1]).glob('*.json'):
    guest = json.loads(path.read_text())
    if guest['name'] == 'f':
        for part in 'config', 'def': guest[part].update(memroy=5, vcpus='many', disk=[{'vdev': 'nonsense'}])
        path.write_text(json.dumps(guest))
PY
start
check "a guest whose configuration is refused now is still there" test "$($XL domid f)" = "$F_ID"
check "the log says what is refused" grep -q "nonsense\|memroy\|many" "$W/xend.log"
check "it is destroyed as any other" $XL destroy f
refuse "and not started without what is refused" "does not pass the checks" $XL start f
check "defined anew" $XL define "$W/f.cfg"
check "it starts" $XL start f
check "destroy f" $XL destroy f
check "undefine f" $XL undefine f
# With the host: one order after the other, once a boot; a daemon that dies meanwhile goes on with the order it was at.
for g in p q s; do guest $g; check "define $g" $XL define "$W/$g.cfg"; done
check "enable p" $XL enable --order 5 p
check "enable q" $XL enable --order 3 q
await() { j=0; while ! "$@" > /dev/null 2>&1; do j=$((j + 1)); [ $j -lt 300 ] || return 1; sleep 0.1; done; }
began() { $XL list | grep '^[pqs] ' | cut -c1 | sort | tr -d '\n'; }
kill -9 "$XEND"; wait "$XEND" 2>/dev/null; rm -f "$W/run/autostarted"; start
check "autostart is done" await grep -q done "$W/run/autostarted"
check "those that are marked run" test "$(began)" = pq
check "in their order" sh -c "grep -o \"'[pq]' (domain .*: start[a-z]*\" '$W/xend.log' | tail -4 | tr -d '\n' |
	grep -q \"'q'.*started'p'.*starting.*started\""
for g in p q; do check "destroy $g" $XL destroy $g; done
kill -9 "$XEND"; wait "$XEND" 2>/dev/null; start
check "not again in this boot" test "$(began)" = ""
kill -9 "$XEND"; wait "$XEND" 2>/dev/null; printf 5 > "$W/run/autostarted"; start
check "what was cut short goes on" await grep -q done "$W/run/autostarted"
check "with its order, and those before it are left alone" test "$(began)" = p
check "destroy p again" $XL destroy p
for g in p q s; do check "undefine $g" $XL undefine $g; done
# A reader may be slow to ask, ask nothing, or go away; others are served meanwhile.
scrape() {
	python3 - "$W/run/metrics" "$1" <<'PY'
import socket, sys, time
def reader():
    s = socket.socket(socket.AF_UNIX); s.settimeout(60); s.connect(sys.argv[1]); return s
gone = [reader() for _ in range(3)]
s = reader(); kind = sys.argv[2]
if kind == 'late': time.sleep(0.5)
if kind == 'mute': s.shutdown(socket.SHUT_WR)
else: s.sendall(b'GET /metrics HTTP/1.1\r\nHost: x\r\n\r\n')
[g.close() for g in gone]
data = b''
while part := s.recv(65536): data += part
head, body = data.split(b'\r\n\r\n', 1)
assert b'200 OK' in head and int(head.split(b'Content-Length: ')[1]) == len(body) and b'xen_host_cpus' in body, head
PY
}
for how in early late mute; do check "figures for one who is $how" scrape $how; done
check "metrics" sh -c "$XL metrics | grep -q 'xen_guest_memory_bytes{guest=\"a\"}'"
find "$W" -name console -type d -exec sh -c 'echo hello > "$1/a.log"' _ {} \;
check "bugreport" sh -c "$XL bugreport $W/report.tar.gz && tar tzf $W/report.tar.gz > $W/names &&
	grep -q console-a.log $W/names && grep -q config-a.cfg $W/names"
refuse "doctor" "problem" $XL doctor
check "destroy" $XL destroy a
check "destroy e" $XL destroy e
check "e is stopped" sh -c "$XL list --all | grep -q '^e '"
check "start again" $XL start e
check "destroy again" $XL destroy e
check "undefine" $XL undefine e
refuse "gone" "no guest 'e'" $XL start e
fds() { ls "/proc/$XEND/fd" "/proc/$(child store)/fd" "/proc/$(child console)/fd" | wc -l; }
$XL create -p "$W/a.cfg" > "$W/out" 2>&1 && $XL destroy a; FDS=$(fds)
i=0
while [ $i -lt 20 ]; do
	$XL create -p "$W/a.cfg" > /dev/null && $XL destroy a > /dev/null || { not_ok "round $i"; break; }
	i=$((i + 1))
done
same_fds() { [ "$(fds)" -le "$FDS" ]; }
check "no descriptor is left" await same_fds
check "nothing is left" sh -c "[ \$($XL list | wc -l) = 2 ] && [ -z \"\$(ls $W/run/guests)\" ]"
FREE=$($XL info --json | grep -o '"free_memory_kib": *[0-9]*' | grep -o '[0-9]*$')
check "all memory is back" test "$FREE" -gt 260000
# Requests that are none.
for junk in '{}' '{"v":1}' '{"v":1,"op":"list","args":5}' '{"v":1,"op":"nosuch","args":{}}' 'xx' \
	'{"v":1,"op":"destroy","args":{"guest":7}}'; do
	python3 - "$XEND_SOCKET" "$junk" <<'PY' > /dev/null 2>&1
import socket, struct, sys
s = socket.socket(socket.AF_UNIX); s.connect(sys.argv[1]); s.settimeout(60)
d = sys.argv[2].encode(); s.send(struct.pack('<I', len(d)) + d)
try: print(s.recv(4096))
except Exception as e: print(e)
PY
done
check "junk did no harm" $XL list
kill -TERM "$XEND"; wait "$XEND"; st=$?
check "it ends in peace (status $st)" test $st = 0
if grep -q "ERROR: AddressSanitizer\|runtime error\|LeakSanitizer" "$W/xend.log"; then
	not_ok "sanitizers"
	grep -A25 "ERROR\|runtime error" "$W/xend.log" | head -60
else
	ok
fi
[ $F -eq 0 ] || tail -15 "$W/xend.log"
finish
echo "$P passed, $F failed"
[ $F -eq 0 ]
