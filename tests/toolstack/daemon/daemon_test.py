#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""What clients and guests may do to xend, and what becomes of guests, over the fake hypervisor, under sanitizers.

usage: daemon_test.py BUILD_FOLDER [TEST...]

Each test is a function of the list at the end, with a daemon and a folder of its own; what the sanitizers say at the
daemon's end counts as a failure of it."""
import json, os, shutil, signal, socket, struct, subprocess, sys, tempfile, time

B = os.path.abspath(sys.argv[1])


class Host:
    """A machine in a folder: the fake hypervisor's memory, xend, and what it keeps."""
    def __init__(self):
        self.dir = tempfile.mkdtemp(prefix='xend-test.')
        self.path = lambda *names: os.path.join(self.dir, *names)
        self.env = dict(os.environ, XEND_SOCKET=self.path('run', 'socket'), XEND_FAKE_MACHINE=self.path('machine'))
        self.write('xend.conf', 'network = no\n')
        subprocess.run([f'{B}/build_test', '--kernel', self.path('kernel')], check=True)
        self.start()

    def start(self):
        self.log = open(self.path('xend.log'), 'ab')
        self.xend = subprocess.Popen([f'{B}/xend-fake', '-r', self.dir, '-c', self.path('xend.conf'), '-v'], env=self.env,
                                     stdout=self.log, stderr=self.log)
        self.until('xend answers', lambda: self.xl('list', check=False).returncode == 0)

    def until(self, what, seen, seconds=60):
        end = time.monotonic() + seconds
        while not seen():
            assert time.monotonic() < end, f'not seen: {what}'
            time.sleep(0.05)

    def write(self, name, text):
        with open(self.path(name), 'w') as f:
            f.write(text)
        return self.path(name)

    def xl(self, *words, check=True):
        r = subprocess.run([f'{B}/xl', *words], env=self.env, text=True, capture_output=True, timeout=120)
        assert not check or r.returncode == 0, f'xl {" ".join(words)}: {r.stdout}{r.stderr}'
        return r

    def refused(self, words, *xl):
        r = self.xl(*xl, check=False)
        assert r.returncode and words in r.stderr, f'xl {" ".join(xl)}: {r.returncode} {r.stdout}{r.stderr}'

    def config(self, name, *lines, kernel=None):
        return self.write(name + '.cfg', '\n'.join([f'name = "{name}"', f'kernel = "{kernel or self.path("kernel")}"',
                                                     'memory = 24', *lines, '']))

    def names(self, *words):
        return self.xl('list', '--names', *words).stdout.split()

    def guest(self, name):
        return next(g for g in json.loads(self.xl('list', '--all', '--json').stdout)['guests'] if g['name'] == name)

    def shut_down(self, name, reason=1):
        """The guest ends (1: reboot), and the hypervisor tells of it by the first port that the daemon has bound."""
        domid = self.xl('domid', name).stdout.strip()
        subprocess.run([f'{B}/build_test', '--shutdown', domid, str(reason)], env=self.env, check=True)
        with open(self.path('machine.evtchn1'), 'wb') as f:
            f.write(struct.pack('<I', 1))

    def connect(self):
        s = socket.socket(socket.AF_UNIX)
        s.settimeout(60)
        s.connect(self.env['XEND_SOCKET'])
        return s

    def fds(self):
        return len(os.listdir(f'/proc/{self.xend.pid}/fd'))

    def cpu_ticks(self):
        with open(f'/proc/{self.xend.pid}/stat') as f:
            return sum(map(int, f.read().rsplit(')', 1)[1].split()[11:13]))

    def kill(self):
        self.xend.kill()
        self.xend.wait()

    def end(self):
        self.xend.terminate()
        status = self.xend.wait(timeout=60)
        with open(self.path('xend.log'), errors='replace') as f:
            text = f.read()
        for word in ('ERROR: AddressSanitizer', 'runtime error', 'ERROR: LeakSanitizer'):
            assert word not in text, text[text.index(word) - 200:][:3000]
        assert status == 0, f'xend ended with {status}: {text[-1500:]}'
        shutil.rmtree(self.dir)


def message(op, **args):
    text = json.dumps({'v': 1, 'op': op, 'args': args}).encode()
    return struct.pack('<I', len(text)) + text


def flood_while_busy(h):
    """Who sends on and on while a request of his runs is cut off, and costs nothing."""
    h.xl('create', h.config('a'))
    s = h.connect()
    s.sendall(message('wait', guest='a', state='crashed'))
    try:
        for _ in range(1000):
            s.send(b'x' * 65536)
        raise AssertionError('it takes all that comes')
    except (BrokenPipeError, ConnectionResetError):
        pass
    before = h.cpu_ticks()
    time.sleep(1)
    assert h.cpu_ticks() - before < 10, f'{h.cpu_ticks() - before} ticks in a second'
    s.close()
    h.xl('list')


def undefine_before_restart(h):
    """A guest that waits to be started again and is undefined meanwhile is gone, its timer too."""
    h.xl('define', h.config('a'))
    h.xl('start', 'a')
    for _ in range(2):
        h.shut_down('a')
        h.until('it restarts', lambda: h.guest('a')['domid'] is None or h.guest('a')['uptime_s'] is not None)
    h.until('it waits', lambda: h.guest('a')['state'] == 'stopped')
    h.xl('undefine', 'a')
    time.sleep(3)
    assert 'a' not in h.names('--all')


def destroy_before_restart(h):
    """A guest that is not defined and is destroyed before it starts again is forgotten; a dry run changes nothing."""
    h.xl('create', h.config('a'))
    for _ in range(2):
        h.shut_down('a')
        h.until('it restarts', lambda: h.guest('a')['domid'] is None or h.guest('a')['uptime_s'] is not None)
    h.until('it waits', lambda: h.guest('a')['state'] == 'stopped')
    h.xl('-n', 'destroy', 'a')
    h.until('it runs again', lambda: h.guest('a')['state'] == 'paused' or h.guest('a')['domid'] is not None, 20)
    h.shut_down('a')
    h.until('it waits', lambda: h.guest('a')['state'] == 'stopped')
    h.xl('destroy', 'a')
    assert 'a' not in h.names('--all')


def list_of_nobody(h):
    """What is asked for and is not there costs no memory: the leak would be told at the daemon's end."""
    for _ in range(3):
        h.refused("no guest 'zz'", 'list', 'zz')


TESTS = [flood_while_busy, undefine_before_restart, destroy_before_restart, list_of_nobody]

passed = failed = 0
for test in TESTS:
    if sys.argv[2:] and test.__name__ not in sys.argv[2:]:
        continue
    host = None
    try:
        host = Host()
        test(host)
        host.end()
        passed += 1
    except Exception as e:  # the test's name and its words are what counts
        failed += 1
        print(f'not ok - {test.__name__}: {type(e).__name__} {e}')
        if host:
            host.xend.kill()
print(f'{passed} passed, {failed} failed')
sys.exit(failed != 0)
