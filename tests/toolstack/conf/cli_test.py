#!/usr/bin/python3
# SPDX-License-Identifier: MIT
"""xl over a fake daemon: what it asks, what it prints, how it ends.  The last line is "N passed, N failed"."""
import json
import os
import pty
import re
import shutil
import socket
import struct
import subprocess
import sys
import tempfile
import time

from fake_xend import FakeXend

HERE = os.path.dirname(os.path.abspath(__file__))
ROOT = os.path.join(HERE, '../../..')
XL = os.path.join(ROOT, 'build/toolstack-asan/xl')

GUESTS = [
    {'name': 'Domain-0', 'uuid': '0', 'domid': 0, 'type': 'pv', 'state': 'running', 'flags': 'r-----', 'reason': None,
     'memory_kib': 1048576, 'maxmem_kib': 1048576, 'vcpus': 2, 'maxvcpus': 2, 'cpu_time_ns': 12300000000,
     'uptime_s': 100, 'addresses': [], 'autostart': False, 'persistent': False, 'source': None},
    {'name': 'web\x1b[31m', 'uuid': 'u', 'domid': 3, 'type': 'pv', 'state': 'blocked', 'flags': '-b----',
     'reason': None, 'memory_kib': 524288, 'maxmem_kib': 524288, 'vcpus': 1, 'maxvcpus': 4, 'cpu_time_ns': 0,
     'uptime_s': 90061, 'addresses': ['10.0.0.5'], 'autostart': True, 'persistent': True, 'source': '/etc/vm/web.cfg'},
    {'name': 'db', 'uuid': 'v', 'domid': None, 'type': 'pv', 'state': 'stopped', 'flags': '------', 'reason': None,
     'memory_kib': 0, 'maxmem_kib': 0, 'vcpus': 1, 'maxvcpus': 1, 'cpu_time_ns': 0, 'uptime_s': None, 'addresses': [],
     'autostart': False, 'persistent': True, 'source': None},
]

tests = []


def test(function):
    tests.append(function)
    return function


class Failure(Exception):
    pass


def check(condition, what):
    if not condition:
        raise Failure(what)


def equal(a, b):
    check(a == b, f'{a!r} is not {b!r}')


class Bench:
    """One test's daemon, configurations and calls of xl."""

    def __init__(self):
        self.daemon = FakeXend()
        self.folder = tempfile.mkdtemp(prefix='cli-test.')
        self.cfg = os.path.join(self.folder, 'web.cfg')
        self.write('name = "web"\nmemory = 512\nkernel = "/bin/sh"\n')

    def write(self, text):
        with open(self.cfg, 'w') as f:
            f.write(text)

    def xl(self, *args, stdin=''):
        env = dict(os.environ, XEND_SOCKET=self.daemon.path, ASAN_OPTIONS='detect_leaks=1:exitcode=99',
                   LC_ALL='C.UTF-8')
        run = subprocess.run([XL, *args], capture_output=True, text=True, env=env, input=stdin, timeout=60)
        check(run.returncode != 99 and 'Sanitizer' not in run.stderr, f'sanitizer: {args}: {run.stderr[-1500:]}')
        return run

    def last(self):
        return self.daemon.asked[-1]

    def close(self):
        self.daemon.close()
        shutil.rmtree(self.folder)


@test
def list_keeps_the_columns_of_xl(b):
    b.daemon.answer('list', {'ok': {'guests': GUESTS}})
    out = b.xl('list').stdout.splitlines()
    equal(out[0].split()[:6], ['Name', 'ID', 'Mem', 'VCPUs', 'State', 'Time(s)'])
    equal(out[1].split()[:6], ['Domain-0', '0', '1024', '2', 'r-----', '12.3'])
    equal(out[2].split()[1:9], ['3', '512', '1', '-b----', '0.0', 'idle', '1d1h', '10.0.0.5'])
    equal(out[3].split()[-3:], ['stopped', '-', '-'])
    equal(out[3].split()[:2], ['db', '-'])
    check('\x1b' not in ''.join(out), 'escape codes reach the terminal')
    b.xl('list', '--all', 'web')
    equal(b.last()['args'], {'all': True, 'guest': 'web'})
    check('1 day,  1:01:01' in b.xl('list', '--long').stdout, 'uptime')
    out = b.xl('list', '-v').stdout.splitlines()
    equal(out[2].split()[6:9], ['u', '-', '-'])
    equal(b.xl('list', '--names').stdout.splitlines()[2], 'db')
    for letter, word in (('-Z', 'Security'), ('-c', 'Pool-0'), ('-n', 'any node')):
        check(word in b.xl('list', letter).stdout, letter)
    b.xl('list', 'a', 'b')
    equal([r['args'] for r in b.daemon.asked[-2:]], [{'guest': 'a'}, {'guest': 'b'}])
    equal(b.xl('vm-list').stdout.split(), ['UUID', 'ID', 'name', 'u', '3', 'web\\x1b[31m'])


@test
def words_that_users_of_xen_type(b):
    b.daemon.answer('create', {'ok': {'name': 'web', 'domid': 7}})
    for words in (['memory = 600'], ['memory=600', '-d'], ['--ignore-global-affinity-masks', 'memory = "600"']):
        equal(b.xl('create', b.cfg, *words).returncode, 0)
    equal(b.last()['args']['overrides'], ['memory = "600"'])
    run = b.xl('create', b.cfg, 'memory', '=', '600')
    check("hint: one word, quoted" in run.stderr, run.stderr)
    run = b.xl('config-update', 'web.cfg')
    check('xl config-update GUEST web.cfg' in run.stderr, run.stderr)
    for zero in '0', '0M':
        run = b.xl('mem-set', 'web', zero)
        check(f"'{zero}' is no amount of memory" in run.stderr and run.returncode == 2, run.stderr)
    run = b.xl('create', b.cfg, 'uuid=00000000-0000-0000-0000-000000000000')
    check("is dom0's" in run.stderr and run.returncode == 3, run.stderr)


@test
def a_heading_stands_above_what_there_is(b):
    b.daemon.answer('block-list', {'error': {'code': 'not-found', 'what': '', 'why': "no guest 'x'", 'hint': ''}})
    equal(b.xl('block-list', 'x').stdout, '')
    b.daemon.answer('block-list', {'ok': {'disks': []}})
    equal(b.xl('block-list', 'x', 'y').stdout.count('Vdev'), 1)


@test
def check_says_what_is_missing_once(b):
    b.write('name = "web"\nmemory = 512\nkernel = "/nosuch"\n')
    b.daemon.answer('check', {'ok': {'name': 'web', 'problems': [
        {'code': 'not-found', 'what': "guest 'web'", 'why': "kernel '/nosuch': No such file or directory", 'hint': ''},
        {'code': 'conflict', 'what': "guest 'web'", 'why': 'is taken', 'hint': ''}]}})
    err = b.xl('check', b.cfg).stderr
    check(err.count('nosuch') == 1 and 'is taken' in err, err)


@test
def json_is_the_result_itself(b):
    b.daemon.answer('list', {'ok': {'guests': GUESTS}})
    for args in (['list', '--json'], ['--json', 'list']):
        equal(json.loads(b.xl(*args).stdout), {'guests': GUESTS})


@test
def create_sends_text_source_and_overrides(b):
    b.daemon.answer('create', {'progress': {'text': 'building', 'percent': 50}},
                    {'ok': {'name': 'web', 'uuid': 'u', 'domid': 7, 'notes': ['mind the gap']}})
    run = b.xl('create', b.cfg, 'memory=1G', 'vcpus=2', '-p', '--wait', '5')
    equal(run.returncode, 0)
    equal(run.stdout, "guest 'web' runs as domain 7\n")
    check('note: mind the gap' in run.stderr, 'notes are shown')
    args = b.last()['args']
    equal(args['overrides'], ['memory=1G', 'vcpus=2'])
    equal((args['paused'], args['wait_s'], args['source']), (True, 5, b.cfg))
    check(args['config'].startswith('name = "web"'), 'the text goes along')
    equal(b.xl('create', '-f', b.cfg).returncode, 0)
    run = b.xl('create', '-v', b.cfg)
    check('building (50%)' in run.stderr, 'progress with -v')
    b.daemon.answer('wait', {'ok': {'name': 'web', 'state': 'stopped'}})
    equal(b.xl('create', '-F', b.cfg).returncode, 0)
    equal((b.last()['op'], b.last()['args']), ('wait', {'guest': 'web', 'state': 'stopped'}))
    b.daemon.answer('config-update', {'ok': {'name': 'web', 'changed': []}})
    equal(b.xl('config-update', 'web', '-f', b.cfg, 'vcpus=2').returncode, 0)
    equal(b.last()['args']['overrides'], ['vcpus=2'])


@test
def dry_run_is_passed_on(b):
    b.daemon.answer('create', {'ok': {'name': 'web', 'domid': None}})
    b.daemon.answer('destroy', {'ok': {'name': 'web', 'domid': 3}})
    for args in (['create', '-n', b.cfg], ['create', '--dryrun', b.cfg], ['-N', 'create', b.cfg]):
        run = b.xl(*args)
        equal(b.last()['args'].get('dry_run'), True)
        equal(run.stdout, "guest 'web' would be started\n")
    b.xl('destroy', '-n', 'web')
    equal(b.last()['args'], {'guest': 'web', 'dry_run': True})
    for words in (['pause', 'web'], ['mem-set', 'web', '99'], ['vcpu-set', 'web', '1'], ['vcpu-pin', 'web', '0', '0'],
                  ['rename', 'web', 'www'], ['enable', 'web'], ['sysrq', 'web', 'h'], ['block-detach', 'web', 'xvda']):
        b.daemon.answer(words[0], {'ok': {'name': 'web'}})
        equal(b.xl('-n', *words).stdout, f'{words[0]} web: would be done\n')
        equal(b.last()['args'].get('dry_run'), True)


@test
def a_broken_configuration_never_reaches_the_daemon(b):
    b.write('name = "web"\nmemroy = 512\nkernel = "/k"\n')
    run = b.xl('create', b.cfg)
    equal(run.returncode, 3)
    check("error: web.cfg:2: unknown key 'memroy' (did you mean 'memory'?)" in run.stderr, run.stderr)
    equal(b.daemon.asked, [])
    equal(b.xl('create', '/nonexistent.cfg').returncode, 4)
    # A bare name is looked for where configurations are.
    os.environ['XEN_CONFIGS'] = b.folder
    equal(b.xl('create', 'nosuch').returncode, 4)
    for word in ('web', 'web.cfg'):
        check("error: web.cfg:2: unknown key 'memroy'" in b.xl('create', word).stderr, word)
        equal(b.xl('check', word).returncode, 3)
    del os.environ['XEN_CONFIGS']
    b.write('name="web"\nmemory=512\nkernel="/k"\ntype="hvm"\n')
    equal(b.xl('create', b.cfg).returncode, 11)


@test
def errors_have_their_shape_and_codes(b):
    b.daemon.answer('pause', {'error': {'code': 'not-found', 'what': "guest 'x'", 'why': 'does not exist',
                                        'hint': 'running: web'}})
    run = b.xl('pause', 'x')
    equal(run.stderr, "error: guest 'x': does not exist\nhint: running: web\n")
    equal(run.returncode, 4)
    for code, name in enumerate(['failed', 'usage', 'config', 'not-found', 'conflict', 'resources', 'permission',
                                 'daemon', 'timeout', 'guest', 'unsupported', 'internal'], 1):
        b.daemon.answer('pause', {'error': {'code': name, 'what': '', 'why': 'w', 'hint': ''}})
        equal(b.xl('pause', 'x').returncode, code)


@test
def words_that_do_not_exist(b):
    run = b.xl('lst')
    equal(run.returncode, 2)
    check("unknown command 'lst' (did you mean 'list'?)" in run.stderr, run.stderr)
    check("did you mean '--paused'" in b.xl('create', '--pauzed', b.cfg).stderr, 'option')
    equal(b.xl('pause').returncode, 2)
    equal(b.xl().returncode, 2)
    equal(b.xl('vcpu-set', 'web', 'two').returncode, 2)
    equal(b.xl('vcpu-pin', 'web', '0', 'x-y').returncode, 3)
    equal(b.xl('mem-set', 'web', 'lots').returncode, 2)
    for word in ('save', 'restore', 'migrate', 'pci-attach', 'cpupool-list', 'sched-credit', 'vtpm-list',
                 'usbdev-attach',
                 'psr-cat-show', 'vncviewer', 'cd-insert', 'remus', 'setenforce'):
        run = b.xl(word, 'web', 'host')
        equal((word, run.returncode), (word, 11))
        check(f"'{word}' is not served: " in run.stderr, run.stderr)
    check("did you mean 'list'" in b.xl('help', 'lst').stderr, 'help')
    equal(b.xl('console', '-t', 'serial', 'web').returncode, 2)
    equal(b.xl('console', '-n', '1', 'web').returncode, 2)
    equal(b.xl('create', '-V', b.cfg).returncode, 11)
    equal(b.xl('config-update', 'web').returncode, 2)
    equal(b.xl('shutdown').returncode, 2)
    equal(b.xl('wait', 'web', 'happy').returncode, 2)
    equal(b.xl('block-attach', 'web', 'x,y').returncode, 3)
    equal(b.xl('console', 'web', '-e', 'abc').returncode, 2)
    equal(b.daemon.asked, [])


@test
def no_daemon_is_said_clearly(b):
    run = b.xl('--socket', '/nonexistent/socket', 'list')
    equal(run.returncode, 8)
    check('hint: systemctl start xend' in run.stderr, run.stderr)


@test
def a_lying_daemon_is_survived(b):
    frames = [b'', b'\0\0\0\0', b'\xff\xff\xff\xff', b'\x05\0\0\0{', struct.pack('<I', 2) + b'[]',
              struct.pack('<I', 2) + b'{}', struct.pack('<I', 11) + b'{"ok":true}', b'\xff' * 100,
              struct.pack('<I', 10) + b'{"error":1', struct.pack('<I', 12) + b'{"error":{}}']
    for raw in frames:
        b.daemon.raw = raw
        run = b.xl('list')
        check(run.returncode in (1, 8), f'{raw!r}: {run.returncode}')
        check(run.stderr.startswith('error: '), run.stderr)
    b.daemon.raw = None
    for result in ({}, {'guests': 5}, {'guests': [1, None, {}]}, {'guests': [{'name': 5, 'addresses': [1]}]}):
        for cmd in ('list', 'vcpu-list', 'uptime', 'info', 'sched-credit2', 'net', 'doctor', 'metrics'):
            b.daemon.answer(cmd, {'ok': result})
            b.xl(cmd)
        b.daemon.answer('block-list', {'ok': {'disks': [1, {}]}})
        b.xl('block-list', 'web')
        b.daemon.answer('network-list', {'ok': {'vifs': [1, {}]}})
        b.xl('network-list', 'web')


@test
def simple_commands_ask_for_each_guest(b):
    for cmd in ('pause', 'unpause', 'destroy', 'undefine', 'enable', 'disable'):
        b.daemon.answer(cmd, {'ok': {'name': 'a'}})
        run = b.xl(cmd, 'a', 'b')
        equal((run.returncode, run.stdout), (0, ''))
        equal([r['args'] for r in b.daemon.asked[-2:]], [{'guest': 'a'}, {'guest': 'b'}])


@test
def arguments_arrive_in_their_types(b):
    cases = [
        (['shutdown', '-w', '-t', '9', 'web'], 'shutdown', {'guest': 'web', 'wait': True, 'timeout_s': 9}),
        (['shutdown', '--force-after', '3', 'web'], 'shutdown', {'guest': 'web', 'wait': True, 'force_after_s': 3}),
        (['reboot', 'web'], 'reboot', {'guest': 'web'}),
        (['mem-set', 'web', '1G'], 'mem-set', {'guest': 'web', 'kib': 1048576, 'wait_s': 10}),
        (['mem-set', 'web', '1G', '-w', '0', '-f'], 'mem-set',
         {'guest': 'web', 'kib': 1048576, 'wait_s': 0, 'force': True}),
        (['mem-max', 'web', '256'], 'mem-max', {'guest': 'web', 'kib': 262144}),
        (['vcpu-set', 'web', '2'], 'vcpu-set', {'guest': 'web', 'vcpus': 2}),
        (['vcpu-pin', 'web', 'all', '0-3', '1'], 'vcpu-pin', {'guest': 'web', 'vcpu': -1, 'hard': '0-3', 'soft': '1'}),
        (['vcpu-pin', 'web', '1', '-', '2'], 'vcpu-pin', {'guest': 'web', 'vcpu': 1, 'soft': '2'}),
        (['sched-credit2', '-d', 'web', '-w', '512', '-c', '50'], 'sched-credit2',
         {'guest': 'web', 'weight': 512, 'cap': 50}),
        (['block-attach', 'web', '/x,raw,xvdb,rw'], 'block-attach', {'guest': 'web', 'disk': '/x,raw,xvdb,rw'}),
        (['block-attach', 'web', 'phy:/dev/x', 'xvdb', 'w'], 'block-attach',
         {'guest': 'web', 'disk': 'phy:/dev/x,xvdb,w'}),
        (['block-detach', '-f', 'web', 'xvdb'], 'block-detach', {'guest': 'web', 'vdev': 'xvdb', 'force': True}),
        (['network-attach', 'web'], 'network-attach', {'guest': 'web', 'vif': ''}),
        (['network-attach', 'web', 'bridge=br0', 'mtu=9000'], 'network-attach',
         {'guest': 'web', 'vif': 'bridge=br0,mtu=9000'}),
        (['network-detach', 'web', '0'], 'network-detach', {'guest': 'web', 'vif': '0'}),
        (['rename', 'web', 'www'], 'rename', {'guest': 'web', 'new_name': 'www'}),
        (['sysrq', 'web', 't'], 'sysrq', {'guest': 'web', 'key': 't'}),
        (['trigger', 'web', 'nmi', '1'], 'trigger', {'guest': 'web', 'trigger': 'nmi', 'vcpu': 1}),
        (['debug-keys', 'h'], 'debug-keys', {'keys': 'h'}),
        (['wait', 'web', 'stopped', '-t', '5'], 'wait', {'guest': 'web', 'state': 'stopped', 'timeout_s': 5}),
        (['domname', '3'], 'domname', {'domid': 3}),
        (['dump-core', '-l', 'web', '/tmp/c'], 'dump-core', {'guest': 'web', 'path': '/tmp/c', 'live': True}),
        (['net', 'setup', 'eth0', '-b', 'br1', '-t', '30'], 'net-setup',
         {'interface': 'eth0', 'bridge': 'br1', 'timeout_s': 30}),
        (['net', 'confirm'], 'net-confirm', {}),
        (['net'], 'net', {}),
        (['enable', '-o', '5', 'web'], 'enable', {'guest': 'web', 'order': 5}),
    ]
    for words, op, args in cases:
        b.daemon.answer(op, {'ok': {'name': 'web'}})
        run = b.xl(*words)
        equal((words, run.returncode), (words, 0))
        equal((b.last()['op'], b.last()['args']), (op, args))


@test
def new_makes_defines_and_starts(b):
    images, configs = os.path.join(b.folder, 'images'), os.path.join(b.folder, 'vm')
    image, tools = os.path.join(b.folder, 'src.img'), os.path.join(b.folder, 'bin')
    os.environ.update(XEN_NEW_GUEST=os.path.join(ROOT, 'packaging/new-guest'), XEN_IMAGES=images, XEN_CONFIGS=configs)
    try:
        with open(image, 'wb') as f:
            f.truncate(40 << 20)
        subprocess.run(['sfdisk', '-q', image], input='label: gpt\n,4M,21686148-6449-6E6F-744E-656564454649\n,,L\n',
                       text=True, check=True)
        words = ['new', 'web', '--image', image, '--kernel', '/bin/sh', '--ramdisk', '/bin/sh', '--mem', '99']
        b.daemon.answer('config', {'ok': {'name': 'web'}})
        equal(b.xl(*words).returncode, 5)
        equal(b.xl('--socket', '/nonexistent', *words).returncode, 8)
        check(not os.path.exists(images), 'nothing is made for a name that is taken, or without a daemon')
        b.daemon.answer('config', {'error': {'code': 'not-found', 'what': '', 'why': 'no guest', 'hint': ''}})
        b.daemon.answer('define', {'ok': {'name': 'web'}})
        b.daemon.answer('start', {'ok': {'name': 'web', 'domid': 7}})
        run = b.xl('-n', *words)
        check('would make' in run.stdout and not os.path.exists(images), 'a dry run makes nothing')
        # A tool that fails half-way: all is taken back, and nobody is asked to start anything.
        os.mkdir(tools)
        with open(os.path.join(tools, 'mcopy'), 'w') as f:
            f.write('#!/bin/sh\nexit 1\n')
        os.chmod(os.path.join(tools, 'mcopy'), 0o755)
        path, os.environ['PATH'] = os.environ['PATH'], tools + ':' + os.environ['PATH']
        run = b.xl(*words)
        os.environ['PATH'] = path
        check(run.returncode != 0, run.stdout)
        equal((os.listdir(images), os.listdir(configs)), ([], []))
        equal({r['op'] for r in b.daemon.asked}, {'config'})
        del b.daemon.asked[:]
        run = b.xl(*words, '--disk', '64M')
        equal((run.returncode, run.stdout), (0, "guest 'web' runs as domain 7; its console: xl console web\n"))
        equal([r['op'] for r in b.daemon.asked], ['config', 'define', 'start'])
        check('password' in run.stderr, run.stderr)
        equal(os.path.getsize(os.path.join(images, 'web.img')), 64 << 20)
        equal(b.xl('check', os.path.join(configs, 'web.cfg')).returncode, 0)
        with open(os.path.join(configs, 'web.cfg')) as f:
            check('root = "/dev/xvda2 ro"\n' in f.read(), 'the root is found')
        equal(b.xl(*words).returncode, 5)
        with open(image, 'wb') as f:
            f.write(b'\xfd7zXZ\0' + bytes(2 << 20))
        words[1] = 'db'
        run = b.xl(*words)
        equal(run.returncode, 3)
        check('hint: unxz' in run.stderr, run.stderr)
        for bad in (['new', 'web'], ['new', '--debian']):
            equal(b.xl(*bad).returncode, 2)
        equal(b.xl('new', 'a/b', '--debian').returncode, 3)
    finally:
        for name in ('XEN_NEW_GUEST', 'XEN_IMAGES', 'XEN_CONFIGS'):
            os.environ.pop(name, None)


@test
def info_reads_like_xl_info(b):
    b.daemon.answer('info',
                    {'ok': {'host': 'h', 'nr_cpus': 4, 'total_memory_kib': 4194304, 'xen_major': 4, 'cpu_mhz': 2000.5}})
    rows = dict(line.split(':', 1) for line in b.xl('info').stdout.splitlines())
    rows = {k.strip(): v.strip() for k, v in rows.items()}
    equal(rows, {'host': 'h', 'nr_cpus': '4', 'total_memory': '4096', 'xen_major': '4', 'cpu_mhz': '2000.500'})
    equal(b.xl('info', '-n').stdout.splitlines()[-1].split(), ['0:', '4096', '0', '10'])


@test
def streams_are_printed_as_they_come(b):
    b.daemon.answer('dmesg', {'data': 'one\n'}, {'data': 'two\n'}, {'ok': {}})
    equal(b.xl('dmesg', '-c').stdout, 'one\ntwo\n')
    equal(b.last()['args'], {'clear': True})
    b.daemon.answer('logs', {'data': 'x\n'}, {'ok': {}})
    equal(b.xl('logs', '-l', '5', 'web').stdout, 'x\n')
    b.daemon.answer('events', {'data': {'time': 0, 'guest': 'w\x1b', 'event': 'started', 'detail': ''}}, {'ok': {}})
    out = b.xl('events').stdout
    check('started' in out and '\x1b' not in out, out)
    equal(json.loads(b.xl('events', '--json').stdout)['event'], 'started')


@test
def check_works_without_a_daemon(b):
    run = b.xl('--socket', '/nonexistent', 'check', b.cfg)
    equal((run.returncode, run.stdout), (0, f"{b.cfg}: guest 'web' is fine\n"))
    run = b.xl('--socket', '/nonexistent', 'check', b.cfg, "vif=['bridge=nobr7']")
    equal(run.returncode, 3)
    check("error: guest 'web': bridge 'nobr7' does not exist" in run.stderr, run.stderr)
    b.daemon.answer('check', {'ok': {'problems': [{'code': 'conflict', 'what': "guest 'web'", 'why': 'runs already',
                                                   'hint': 'h'}]}})
    run = b.xl('check', b.cfg)
    equal(run.returncode, 3)
    check("error: guest 'web': runs already\nhint: h\n" in run.stderr, run.stderr)
    equal(json.loads(b.xl('check', '--json', b.cfg).stdout)['problems'][0]['code'], 'conflict')


@test
def shutdown_all_spares_dom0(b):
    b.daemon.answer('list', {'ok': {'guests': GUESTS[:2]}})
    b.daemon.answer('shutdown', {'ok': {'name': 'web', 'done': True}})
    equal(b.xl('shutdown', '-a').returncode, 0)
    equal([r['op'] for r in b.daemon.asked], ['list', 'shutdown'])


@test
def console_carries_bytes_both_ways(b):
    ours, theirs = socket.socketpair()
    b.daemon.answer('console', {'ok': {'name': 'web', 'domid': 3, 'pty': '/dev/pts/9'}}, fd=theirs.fileno())
    ours.sendall(b'last lines\n')
    env = dict(os.environ, XEND_SOCKET=b.daemon.path, ASAN_OPTIONS='exitcode=99')
    pid, tty = pty.fork()
    if pid == 0:
        os.execve(XL, [XL, 'console', 'web'], env)

    def read_until(word):
        data = b''
        end = time.time() + 120
        while word not in data and time.time() < end:
            data += os.read(tty, 4096)
        check(word in data, f'{word} in {data}')

    read_until(b'last lines')
    os.write(tty, b'hello\r')
    got = b''
    while len(got) < 6:
        got += ours.recv(100)
    equal(got, b'hello\r')
    ours.sendall(b'more\r\n')
    read_until(b'more')
    os.write(tty, b'\x1d')
    _, status = os.waitpid(pid, 0)
    equal(os.waitstatus_to_exitcode(status), 0)
    os.close(tty)
    theirs.close()
    ours.close()


@test
def console_ends_with_the_guest(b):
    ours, theirs = socket.socketpair()
    b.daemon.answer('console', {'ok': {'name': 'web', 'domid': 3}}, fd=theirs.fileno())
    ours.sendall(b'bye\n')
    ours.shutdown(socket.SHUT_WR)
    run = b.xl('console', 'web')
    equal((run.returncode, run.stdout), (0, 'bye\n'))
    b.daemon.answer('console', {'ok': {'name': 'web', 'domid': 3}})
    equal(b.xl('console', 'web').returncode, 8)
    theirs.close()
    ours.close()


@test
def config_shows_what_was_given_and_what_was_understood(b):
    b.daemon.answer('config', {'ok': {'name': 'web', 'text': 'the text\n', 'source': None,
                                      'config': {'name': 'web', 'memory': 512, 'kernel': '/k', 'vcpus': 2}}})
    equal(b.xl('config', 'web').stdout, 'the text\n')
    out = b.xl('config', '-f', 'web').stdout
    check('vcpus = 2\n' in out and 'name = "web"\n' in out, out)
    check('<vcpu>2</vcpu>' in b.xl('config', '--xml', 'web').stdout, 'XML')
    # A file is converted, both ways, without a daemon.
    xml = b.xl('--socket', '/nonexistent', 'config', '-x', b.cfg).stdout
    check("<domain type='xen'>" in xml, xml)
    b.write(xml)
    equal(b.xl('config', b.cfg).stdout.split('\n')[0], 'name = "web"')
    b.write('name = 5 5')
    equal(b.xl('config', b.cfg).returncode, 3)


@test
def top_prints_lines(b):
    t = [0]

    def sample(_):
        t[0] += 1
        return {'ok': {'time_ns': t[0] * 1000000000, 'host': {'cpus': 1, 'total_kib': 1, 'free_kib': 0},
                       'guests': [dict(GUESTS[0], cpu_time_ns=t[0] * 500000000, vcpu_time_ns=[0], disks=[], vifs=[])]}}
    b.daemon.answer('sample', sample)
    out = b.xl('top', '-b', '-i', '1', '-d', '1').stdout.splitlines()
    check(out[0].startswith('NAME'), out)
    equal(out[1].split()[:4], ['Domain-0', '0', 'running', '50.0'])
    check('\x1b' not in ''.join(out), 'escape codes')


@test
def top_draws_and_leaves(b):
    b.daemon.answer('sample', {'ok': {'time_ns': 1, 'host': {'cpus': 1}, 'guests': GUESTS}})
    pid, tty = pty.fork()
    if pid == 0:
        os.execve(XL, [XL, 'top'], dict(os.environ, XEND_SOCKET=b.daemon.path, TERM='xterm', LC_ALL='C.UTF-8',
                                        ASAN_OPTIONS='detect_leaks=0:exitcode=99'))
    data = b''
    while b'Domain-0' not in data:
        data += os.read(tty, 4096)
    os.write(tty, b'vmgg' + b'\x1b[B' * 9 + b'\x1b[A\x1b[6~\x1b[5~+-jkq')
    try:
        while True:
            if not os.read(tty, 4096):
                break
    except OSError:
        pass
    _, status = os.waitpid(pid, 0)
    equal(os.waitstatus_to_exitcode(status), 0)
    os.close(tty)


@test
def every_command_has_help_and_an_example(b):
    overview = b.xl('help').stdout
    names = [line.split()[0] for line in overview.splitlines() if line.startswith('  ') and line[2].isalpha()]
    check(len(names) >= 45, names)
    for name in names:
        out = b.xl(name, '--help').stdout
        check(out.startswith(f'usage: xl {name}'), name)
        check('Example: xl ' in out, f'{name} has no example')
    check('disk' in b.xl('help', 'config').stdout, 'keys')
    check('vdev=' in b.xl('help', 'config', 'disk').stdout, 'fields')
    check("did you mean 'disk'" in b.xl('help', 'config', 'dsk').stderr, 'nearest')
    equal(b.xl('explain', '6').stdout.split()[:2], ['6', 'resources'])
    equal(b.xl('explain', 'timeout').stdout.split()[0], '9')
    equal(b.xl('explain', '77').returncode, 2)


@test
def examples_of_the_help_are_good_command_lines(b):
    for op in ('list', 'start', 'destroy'):
        b.daemon.answer(op, {'ok': {'name': 'web', 'guests': []}})
    overview = b.xl('help').stdout
    names = [line.split()[0] for line in overview.splitlines() if line.startswith('  ') and line[2].isalpha()]
    for name in names:
        example = [l for l in b.xl(name, '--help').stdout.splitlines() if l.startswith('Example: xl ')][0]
        words = example[len('Example: xl '):].split('|')[0].split()
        words = [b.cfg if w.startswith('/etc/vm/') else w for w in words]
        if name in ('top', 'bugreport', 'console', 'create', 'new'):
            continue
        run = b.xl(*words)
        check(run.returncode != 2, f'{name}: {words}: {run.stderr}')


@test
def completion_knows_commands_options_guests_and_keys(b):
    b.daemon.answer('list', {'ok': {'guests': GUESTS}})
    script = b.xl('completion', 'bash').stdout
    path = os.path.join(b.folder, 'completion')
    with open(path, 'w') as f:
        f.write(script)
    os.symlink(XL, os.path.join(b.folder, 'xl'))

    def complete(*words):
        code = (f'source {path}; COMP_WORDS=({" ".join(repr(w) for w in words)}); COMP_CWORD={len(words) - 1}; '
                'compopt() { :; }; _xl; printf "%s\\n" "${COMPREPLY[@]}"')
        env = dict(os.environ, PATH=b.folder + ':' + os.environ['PATH'], XEND_SOCKET=b.daemon.path,
                   ASAN_OPTIONS='detect_leaks=0')
        run = subprocess.run(['bash', '-c', code], capture_output=True, text=True, env=env)
        equal(run.stderr, '')
        return run.stdout.split()
    check('shutdown' in complete('xl', 'sh'), 'commands')
    check('--force-after' in complete('xl', 'shutdown', '--f'), 'options')
    check('db' in complete('xl', 'pause', 'd'), 'guests')
    check('memory=' in complete('xl', 'create', 'x.cfg', 'mem'), 'keys')
    equal(complete('xl', 'trigger', 'db', 'nm'), ['nmi'])
    check(b.cfg in complete('xl', 'new', 'x', '--image', b.cfg[:-2]), 'files behind options')
    check('db' in complete('xl', 'sched-credit2', '-d', 'd'), 'guests behind options')


@test
def doctor_and_bugreport_work_without_a_daemon(b):
    run = b.xl('--socket', '/nonexistent', 'doctor')
    equal(run.returncode, 1)
    check('fail' in run.stdout and 'xend' in run.stdout, run.stdout)
    check(len(json.loads(b.xl('doctor', '--json').stdout)['checks']) > 3, 'json')
    b.daemon.answer('bugreport', {'ok': {'files': [{'name': 'journal', 'text': 'x'}]}})
    archive = os.path.join(b.folder, 'r.tar.gz')
    equal(b.xl('bugreport', archive).returncode, 0)
    names = subprocess.run(['tar', 'tzf', archive], capture_output=True, text=True).stdout
    check('/journal\n' in names and '/uname\n' in names, names)
    b.daemon.answer('bugreport', {'ok': {'files': [{'name': '../evil', 'text': 'x'}]}})
    equal(b.xl('bugreport', archive).returncode, 8)


@test
def output_that_cannot_be_written_is_an_error(b):
    b.daemon.answer('list', {'ok': {'guests': GUESTS}})
    env = dict(os.environ, XEND_SOCKET=b.daemon.path)
    for args in (['list'], ['list', '--json']):
        with open('/dev/full', 'w') as full:
            run = subprocess.run([XL, *args], stdout=full, stderr=subprocess.PIPE, env=env)
        check(run.returncode != 0, args)


@test
def templates_are_good(b):
    folder = os.path.join(ROOT, 'config-examples')
    names = [n for n in sorted(os.listdir(folder)) if n.endswith('.cfg')]
    check(len(names) >= 7, names)
    seen = []
    for name in names:
        run = b.xl('check', '--syntax', os.path.join(folder, name))
        equal((name, run.returncode, run.stderr), (name, 0, ''))
        seen.append(run.stdout.split("'")[1])
        equal(name, seen[-1] + '.cfg')
    # As a reader would edit it, and as the demo does.
    with open(os.path.join(folder, 'initramfs.cfg')) as f:
        text = f.read()
    for key in ('name', 'ramdisk', 'extra', '#disk'):
        check(f'\n{key} = ' in text, key)
    b.write(text.replace('#disk', 'disk').replace('"initramfs"', '"one"'))
    equal(b.xl('check', '-s', b.cfg).returncode, 0)


@test
def the_schema_alone_accepts_the_xml_template(b):
    if not shutil.which('xmllint'):
        return
    run = subprocess.run(['xmllint', '--noout', '--relaxng', os.path.join(ROOT, 'toolstack/conf/vm.rng'),
                          os.path.join(ROOT, 'config-examples/libvirt.cfg')], capture_output=True, text=True)
    equal((run.returncode, run.stderr.split()[-1:]), (0, ['validates']))


@test
def manual_pages_are_what_the_tables_make(b):
    for page in ('xl.1', 'vm.cfg.5'):
        out = []
        with open(os.path.join(ROOT, 'man/src', page + '.in')) as f:
            lines = f.read().splitlines()
        for line in lines[1:]:
            if line.startswith('@') and line.endswith('@'):
                out.append(b.xl('help', '--mdoc', line.strip('@')).stdout)
            else:
                out.append(line + '\n')
        with open(os.path.join(ROOT, 'man', page)) as f:
            check(f.read() == ''.join(out), f'{page} is old: make -C toolstack man')


@test
def the_manual_names_every_command_and_key(b):
    with open(os.path.join(ROOT, 'man/xl.1')) as f:
        text = f.read()
    for line in b.xl('help').stdout.splitlines():
        if line.startswith('  ') and line[2].isalpha():
            check(f'.It Ic "\\&{line.split()[0]}"' in text, line)


@test
def options_are_the_same_in_the_manual_the_help_and_the_completion(b):
    with open(os.path.join(ROOT, 'man/xl.1')) as f:
        sections = re.split(r'^\.It Ic "\\&', re.split(r'^\.Sh ', f.read().split('.Sh COMMANDS')[1], flags=re.M)[0],
                            flags=re.M)[1:]
    completion = b.xl('completion', 'bash').stdout
    seen = []
    for section in sections:
        name = section.split('"')[0]
        manual = set(re.findall(r'Fl Fl ([a-z-]+)', section))
        own = set(re.findall(r'^ +(?:-\w, )?--([a-z-]+)', b.xl(name, '--help').stdout, re.M))
        equal((name, manual), (name, own))
        case = re.search(rf'^\s*(?:[\w|-]+\|)?{re.escape(name)}(?:\|[\w|-]+)?\)(.*?);;$', completion, re.M | re.S)
        check(case or not own, f'{name}: no case in the completion')
        for option in own:
            check(f'--{option}' in case.group(1), f'{name} --{option}: not completed')
        seen.append(name)
    equal(sorted(seen),
          sorted(l.split()[0] for l in b.xl('help').stdout.splitlines() if l.startswith('  ') and l[2].isalpha()))


@test
def commands_in_the_prose_of_the_manual_exist(b):
    commands = {l.split()[0] for l in b.xl('help').stdout.splitlines() if l.startswith('  ') and l[2].isalpha()}
    helps, count = {}, 0
    pages = [os.path.join(ROOT, 'man', p) for p in os.listdir(os.path.join(ROOT, 'man')) if p != 'src']
    pages += [os.path.join(ROOT, 'config-examples', p) for p in os.listdir(os.path.join(ROOT, 'config-examples'))]
    for page in pages + [os.path.join(ROOT, 'README.md')]:
        with open(page) as f:
            for line in f:
                for phrase in re.findall(r"(?:\.(?:Ql|Dl) |^ *\$ |['`]|[;#] )xl ([a-z0-9][^'`;#|&]*)", line):
                    words = phrase.replace('\\', '').split()
                    check(words[0] in commands or words[0] == 'help', f'{page}: xl {phrase}')
                    helps.setdefault(words[0], b.xl(words[0], '--help').stdout)
                    for option in re.findall(r'(?<=\s)(--[a-z-]+|-\w)\b', ' ' + ' '.join(words[1:])):
                        check(option + ' ' in helps[words[0]].replace(',', ' ') + ' -n --json -v -q ',
                              f'{page}: xl {phrase}')
                    count += 1
    check(count > 60, f'{count} commands found')


@test
def examples_in_the_manual_of_configurations_are_good(b):
    with open(os.path.join(ROOT, 'man/vm.cfg.5')) as f:
        page = f.read()
    refused = ('vfb', 'channel', 'pci', 'driver_domain', 'e820_host', 'vpmu',
               'xend_suspend_evtchn_compat', 'seclabel', 'init_seclabel')
    keys = re.findall(r'^\.Dl "\\&(\w+)" = "\\&(.*)"$', page, re.M)
    check(len(keys) > 50, f'{len(keys)} examples')
    for key, value in keys:
        value = value.replace('\\(dq', '"').replace('\\(aq', "'").replace('\\&', '').replace('\\e', '\\')
        grub = key in ('bootloader', 'firmware', 'bootloader_args')
        lines = ['name="x"', 'memory=64', 'disk=["/x.img,raw,xvda,w"]', 'vcpus=2'] + \
            ([] if grub else ['kernel="/bin/sh"'])
        lines += {'bootloader_args': ['firmware="pvgrub64"'], 'vcpus': ['maxvcpus=4']}.get(key, [])
        base = '\n'.join([l for l in lines if not l.startswith(key + '=')] + [f'{key} = {value}', ''])
        b.write(base)
        run = b.xl('check', '--syntax', b.cfg)
        check(run.returncode == 0 or (key in refused and key.replace('init_', '') in run.stderr),
              f'{key} = {value}: {run.stderr}')
    blocks = re.findall(r'^\.Bd -literal.*?\n(.*?)^\.Ed', page, re.M | re.S)
    check(len(blocks) >= 4, f'{len(blocks)} blocks')
    for block in blocks:
        if 'error:' in block:
            continue
        b.write(block)
        run = b.xl('check', '--syntax', b.cfg)
        equal((block, run.returncode, run.stderr), (block, 0, ''))


def main():
    passed = failed = 0
    word = sys.argv[1] if len(sys.argv) > 1 else ''
    for function in tests:
        if word not in function.__name__:
            continue
        bench = Bench()
        try:
            function(bench)
            passed += 1
        except (Failure, subprocess.TimeoutExpired, ValueError, KeyError, IndexError, OSError) as e:
            print(f'FAILED {function.__name__}: {e}')
            failed += 1
        finally:
            bench.close()
    print(f'{passed} passed, {failed} failed')
    return failed != 0


if __name__ == '__main__':
    sys.exit(main())
