#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""What clients and guests may do to xend, and what becomes of guests, over the fake hypervisor, under sanitizers.

usage: daemon_test.py BUILD_FOLDER [TEST...]

Each test is a function of the list at the end, with a daemon and a folder of its own; what the sanitizers say at the
daemon's end counts as a failure of it."""
import json, os, random, resource, shutil, signal, socket, struct, subprocess, sys, tempfile, threading, time

B = os.path.abspath(sys.argv[1])
sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), '..', 'store'))
import xsclient


class Host:
    """A machine in a folder: the fake hypervisor's memory, xend, and what it keeps."""
    def __init__(self):
        self.inside = []        # words before xend's own: what puts it elsewhere
        self.dir = tempfile.mkdtemp(prefix='xend-test.')
        self.path = lambda *names: os.path.join(self.dir, *names)
        self.env = dict(os.environ, XEND_SOCKET=self.path('run', 'socket'), XEND_FAKE_MACHINE=self.path('machine'))
        self.write('xend.conf', 'network = no\n')
        subprocess.run([f'{B}/build_test', '--kernel', self.path('kernel')], check=True)
        self.start()

    def start(self):
        self.log = open(self.path('xend.log'), 'ab')
        self.xend = subprocess.Popen([*self.inside, f'{B}/xend-fake', '-r', self.dir, '-c',
                                      self.path('xend.conf'), '-v'], env=self.env,
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

    def begin(self, *words):
        return subprocess.Popen([f'{B}/xl', *words], env=self.env, text=True, stdout=subprocess.PIPE,
                                stderr=subprocess.PIPE)

    def config(self, name, *lines, kernel=None, memory=24):
        return self.write(name + '.cfg', '\n'.join([f'name = "{name}"', f'kernel = "{kernel or self.path("kernel")}"',
                                                     f'memory = {memory}', *lines, '']))

    def loops(self):
        folder = self.path('machine.loops')
        return [n for n in os.listdir(folder) if n != 'hold'] if os.path.isdir(folder) else []

    def workers(self):
        return subprocess.run(['pgrep', '-P', str(self.xend.pid), '-x', 'xend-disk'],
                              capture_output=True).stdout.split()

    def names(self, *words):
        return self.xl('list', '--names', *words).stdout.split()

    def guest(self, name):
        return next(g for g in json.loads(self.xl('list', '--all', '--json').stdout)['guests'] if g['name'] == name)

    def shut_down(self, name, reason=1):
        """The guest ends (1: reboot), and the hypervisor tells of it by the first port that the daemon has bound."""
        self.end_domain(self.xl('domid', name).stdout.strip(), reason, check=True)

    def end_domain(self, domid, reason, check=False):
        subprocess.run([f'{B}/build_test', '--shutdown', str(domid), str(reason)], env=self.env, check=check)
        try:
            fd = os.open(self.path('machine.evtchn2'), os.O_WRONLY | os.O_NONBLOCK)
        except OSError:     # nobody listens: the daemon was killed, and the next one looks by itself
            return
        os.write(fd, struct.pack('<I', 1))
        os.close(fd)

    def connect(self, timeout=60):
        s = socket.socket(socket.AF_UNIX)
        s.settimeout(timeout)
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


def answers(s, n):
    """The next n messages, whole."""
    data, out = b'', []
    while len(out) < n:
        more = s.recv(1 << 20)
        assert more, f'{len(out)} answers of {n}'
        data += more
        while len(data) >= 4 and len(data) >= 4 + struct.unpack('<I', data[:4])[0]:
            end = 4 + struct.unpack('<I', data[:4])[0]
            out.append(json.loads(data[4:end]))
            data = data[end:]
    return out


def one_who_does_not_read(h):
    """Who asks on and on and reads no answer has his requests left until he does: none is lost, and none piles up."""
    h.xl('define', h.config('a', f'description = "{"d" * 4000}"'))
    s = h.connect()
    s.sendall(message('config', guest='a') * 5000)
    h.xl('list')
    s.settimeout(300)
    assert all('ok' in a for a in answers(s, 5000))
    s.close()


def a_thousand_clients(h):
    """A user's clients are counted: he keeps neither others out, nor root; who is turned away is told."""
    if os.getuid():
        return
    os.chmod(h.dir, 0o755)
    os.chmod(h.env['XEND_SOCKET'], 0o666)
    go, told = os.pipe(), os.pipe()
    pid = os.fork()
    if pid == 0:
        try:
            os.setgroups([])
            os.setgid(65534)
            os.setuid(65534)
            held = [h.connect(None) for _ in range(1000)]
            os.write(told[1], held[-1].recv(65536))
            os.read(go[0], 1)
        finally:
            os._exit(0)
    os.close(told[1])
    last = os.read(told[0], 65536)
    assert b'has 64 clients of this user already' in last, last
    h.xl('list')
    held = [h.connect(None) for _ in range(520)]
    h.refused('has 512 clients of this user', 'list')
    for s in held:
        s.close()
    h.until('there is room again', lambda: h.xl('list', check=False).returncode == 0)
    os.write(go[1], b'x')
    os.waitpid(pid, 0)
    h.until('they are forgotten', lambda: h.fds() < 100)


def renamed_before_it_is_there(h):
    """A guest that gets its name while it is being made has that one, and leaves no node of a domain -1."""
    image = h.write('disk.img', 'x' * 4096)
    os.makedirs(h.path('machine.loops'), exist_ok=True)
    h.write('machine.loops/hold', '')
    create = h.begin('create', h.config('a', f'disk = [ "{image},raw,xvda,w" ]'))
    h.until('it starts', lambda: 'a' in h.names('--all') and h.guest('a')['state'] == 'starting')
    h.xl('rename', 'a', 'b')
    os.unlink(h.path('machine.loops', 'hold'))
    assert create.wait(timeout=60) == 0, create.stderr.read()
    store = xsclient.Socket(h.path('run', 'store'))
    assert store.list('/local/domain') == ['0', '1'], store.list('/local/domain')
    assert store.read('/local/domain/1/name') == 'b'


def ask(h, op, **args):
    """One request, its last answer; None: the daemon has gone."""
    s = None
    try:
        s = h.connect()
        s.sendall(message(op, **args))
        data = b''
        while True:
            more = s.recv(1 << 20)
            if not more:
                return None
            data += more
            while len(data) >= 4 and len(data) >= 4 + struct.unpack('<I', data[:4])[0]:
                end = 4 + struct.unpack('<I', data[:4])[0]
                answer, data = json.loads(data[4:end]), data[end:]
                if 'ok' in answer or 'error' in answer:
                    return answer
    except (ConnectionError, FileNotFoundError):
        return None
    finally:
        if s:
            s.close()


def everything_at_once(h, kills=0):
    """Contradictory requests about the same few guests at the same time: each is answered, and nothing is left over."""
    images = [h.write(f'd{i}.img', 'x' * 4096) for i in range(3)]
    configs = {}
    for n in 'abc':
        for v, lines in enumerate(([], [f'disk = [ "{images["abc".index(n)]},raw,xvda,w" ]', 'on_reboot = "restart"'],
                                   ['maxvcpus = 2', 'on_poweroff = "restart"'])):
            with open(h.config(n, *lines)) as f:
                configs[n, v] = f.read()
    unanswered, lock = [], threading.Lock()

    def one(r):
        n = r.choice('abcd')
        op = r.choice(('create create define config-update start destroy destroy undefine pause unpause rename '
                       'block-attach block-attach block-detach shutdown reboot mem-set vcpu-set list wait console '
                       'enable disable dump-core ends ends leaves').split())
        args = {'guest': n}
        if op in ('create', 'define', 'config-update'):
            args = {'config': configs[r.choice('abc'), r.randrange(3)], **({} if op != 'config-update' else args)}
        if op == 'ends':
            domid = ((ask(h, 'domid', **args) or {}).get('ok') or {}).get('domid') or 0
            if domid > 0:
                with lock:
                    h.end_domain(domid, r.choice((0, 1, 3)))
            return
        if op == 'leaves':
            try:
                with h.connect() as s:
                    s.sendall(message(r.choice(('start', 'destroy', 'reboot')), **args))
            except (ConnectionError, FileNotFoundError):
                assert kills
            return
        args.update({'rename': {'new_name': r.choice('abcd')},
                     'mem-set': {'kib': r.choice((20480, 24576)), 'wait_s': 0},
                     'block-attach': {'disk': f'{r.choice(images)},raw,xvd{r.choice("abc")},'
                                              f'{r.choice(("w", "r", "w!"))}'},
                     'block-detach': {'vdev': f'xvd{r.choice("abc")}', 'force': True},
                     'vcpu-set': {'vcpus': r.choice((1, 2))},
                     'shutdown': {'wait': r.random() < .2, 'timeout_s': 1},
                     'reboot': {'wait': r.random() < .2, 'timeout_s': 1},
                     'wait': {'state': r.choice(('running', 'stopped')), 'timeout_s': 1},
                     'dump-core': {'path': h.path('core')}}.get(op, {}))
        if ask(h, op, **args) is None:
            unanswered.append((op, args))

    def many(seed):
        r = random.Random(seed)
        for _ in range(60):
            one(r)
    threads = [threading.Thread(target=many, args=(seed,)) for seed in range(6)]
    for t in threads:
        t.start()
    for _ in range(kills):
        time.sleep(1)
        h.kill()
        h.start()
    for t in threads:
        t.join()
    assert (kills or not unanswered) and h.xend.poll() is None, unanswered

    def gone():
        for name in h.names('--all')[1:]:
            ask(h, 'destroy', guest=name)
            ask(h, 'undefine', guest=name)
        return h.names('--all') == ['Domain-0']
    h.until('all guests can be ended', gone)
    h.until('all disks are given back', lambda: not h.loops())
    store = xsclient.Socket(h.path('run', 'store'))
    left = lambda: (store.list('/local/domain')[1:] + (store.list('/vm') if 'vm' in store.list('/') else []) +
                    os.listdir(h.path('run', 'guests')) + os.listdir(h.path('state', 'guests')))
    end = time.monotonic() + 30
    while left() and time.monotonic() < end:
        time.sleep(0.1)
    assert not left(), left()


def everything_at_once_and_killed(h):
    """The same while the daemon is killed: whoever was not answered may ask the next, which finds all there was."""
    everything_at_once(h, 5)


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


def one_disk_two_starts(h):
    """Two guests that start at once with one disk: each saw it free, one gets it."""
    h.write('xend.conf', 'network = no\ndom0_floor = 1\n')
    h.kill()
    h.start()
    image = h.write('disk.img', 'x' * 4096)
    disk = f'disk = [ "{image},raw,xvda,w" ]'
    h.xl('create', h.config('big', memory=180))
    both = [h.begin('create', h.config(n, disk, memory=72)) for n in 'ab']
    time.sleep(0.4)     # both have looked at the disk and wait for memory
    h.xl('destroy', 'big')
    ends = [(p.wait(timeout=60), p.stderr.read()) for p in both]
    assert sorted(rc for rc, _ in ends) != [0, 0], 'both have it'
    assert min(ends)[0] == 0 and 'is in use by guest' in max(ends)[1], ends
    h.until('one loop device', lambda: len(h.loops()) == 1)
    h.xl('destroy', next(n for n in 'ab' if n in h.names()))
    assert not h.loops(), h.loops()


def one_unpacks_for_all(h):
    """Of guests that start at once with one kernel, one unpacks it; if that one fails, the next one does."""
    h.write('xend.conf', 'network = no\ndom0_floor = 1\n')
    h.kill()
    h.start()
    h.xl('create', h.config('big', memory=130))
    with open(h.path('xend.log')) as log:
        log.seek(0, os.SEEK_END)
        kernel = shutil.copy(h.path('kernel'), h.path('cold'))
        first = h.begin('create', h.config('first', kernel=kernel, memory=124))   # waits a second for memory in vain
        h.until('it has begun', lambda: 'first' in h.names())
        h.xend.send_signal(signal.SIGSTOP)
        rest = {n: h.begin('create', '-p', h.config(n, kernel=kernel, memory=24)) for n in 'abc'}
        time.sleep(1)   # all ask at once
        h.xend.send_signal(signal.SIGCONT)
        h.until('b has begun', lambda: 'b' in h.names())
        h.xl('destroy', 'b')
        rest.pop('b').wait(timeout=60)
        assert first.wait(timeout=60) != 0
        for create in rest.values():
            assert create.wait(timeout=60) == 0, create.stderr.read()
        text = log.read()
    assert text.count('is unpacked') == 1, text
    held = [fd for fd in os.scandir(f'/proc/{h.xend.pid}/fd') if 'memfd:kernel' in os.readlink(fd.path)]
    assert len(held) == 2, held     # big's and the cold one
    assert sorted(h.names()) == ['Domain-0', 'a', 'big', 'c'], h.names()


def attach_to_one_that_goes(h):
    """A disk that is being attached when its guest goes is given back."""
    image = h.write('disk.img', 'x' * 4096)
    h.xl('create', h.config('a'))
    os.makedirs(h.path('machine.loops'), exist_ok=True)
    h.write('machine.loops/hold', '')
    attach = h.begin('block-attach', 'a', f'{image},raw,xvdb,w')
    h.until('its worker waits', lambda: h.workers())
    h.xl('destroy', 'a')
    os.unlink(h.path('machine.loops', 'hold'))
    assert attach.wait(timeout=60) != 0
    assert 'stopped meanwhile' in attach.stderr.read()
    assert not h.loops(), h.loops()


def attach_to_one_that_reboots(h):
    """A disk that is being attached when its guest reboots, or the daemon is killed, is none of the next start's."""
    image = h.write('disk.img', 'x' * 4096)
    hold = h.path('machine.loops', 'hold')
    os.makedirs(h.path('machine.loops'), exist_ok=True)
    h.xl('create', h.config('a', 'on_reboot = "restart"'))
    h.write('machine.loops/hold', '')
    attach = h.begin('block-attach', 'a', f'{image},raw,xvdb,w')
    h.until('its worker waits', lambda: h.workers())
    h.shut_down('a')
    h.until('it runs again', lambda: h.guest('a')['domid'] == 2 and h.guest('a')['state'] == 'blocked')
    os.unlink(hold)
    assert attach.wait(timeout=60) and 'meanwhile' in attach.stderr.read()
    assert not h.loops(), h.loops()
    h.write('machine.loops/hold', '')
    attach = h.begin('block-attach', 'a', f'{image},raw,xvdb,w')
    h.until('its worker waits', lambda: h.workers())
    h.xl('rename', 'a', 'b')        # which writes down all that there is
    h.kill()
    attach.wait(timeout=60)
    os.unlink(hold)
    h.write('run/guests/7.json.aB3xyZ', 'half')
    h.start()
    assert json.loads(h.xl('block-list', '--json', 'b').stdout)['disks'] == []
    assert len(os.listdir(h.path('run', 'guests'))) == 1
    assert not h.loops(), h.loops()


def nothing_else_is_opened(h):
    """Whoever may ask for a check cannot make xend open what is no file: for some devices that is an act."""
    os.mkfifo(h.path('pipe'))
    for n, cfg in enumerate((h.config('a', f'disk = [ "{h.path("pipe")},raw,xvda,w" ]'),
                             h.config('b', kernel=h.path('pipe')),
                             h.config('c', f'ramdisk = "{h.path("pipe")}"'))):
        reader = subprocess.Popen(['cat', h.path('pipe')], stdout=subprocess.PIPE)
        h.refused('neither a file' if n == 0 else '', 'check', cfg)
        h.refused('is not a file' if n else 'neither a file', 'create', cfg)
        time.sleep(0.1)
        assert reader.poll() is None, cfg
        reader.kill()
        reader.wait()


def renamed(h):
    """A guest that is called otherwise keeps its log, and has one definition, whatever a kill leaves of two steps."""
    h.xl('define', h.config('old'))
    h.xl('start', 'old')
    h.write('log/console/old.log', 'it spoke\n')
    h.xl('rename', 'old', 'new')
    assert 'it spoke' in h.xl('logs', 'new').stdout
    assert os.listdir(h.path('state', 'guests')) == ['new.json']
    os.rename(h.path('state', 'guests', 'new.json'), h.path('state', 'guests', 'old.json'))
    h.kill()
    h.start()
    assert h.names('--all') == ['Domain-0', 'new'], h.names('--all')
    assert os.listdir(h.path('state', 'guests')) == ['new.json']
    h.kill()        # as when it died in the middle of another: the definition has moved, what runs has the old name
    with open(h.path('state', 'guests', 'new.json')) as f:
        text = f.read()
    h.write('state/guests/newer.json', text.replace('"new"', '"newer"'))
    os.unlink(h.path('state', 'guests', 'new.json'))
    h.start()
    assert h.names() == ['Domain-0', 'newer'] and h.guest('newer')['domid'] == 1, h.names('--all')
    assert 'it spoke' in h.xl('logs', 'newer').stdout
    h.xl('rename', 'newer', 'new')
    h.xl('destroy', 'new')
    h.xl('undefine', 'new')
    assert not os.listdir(h.path('state', 'guests'))


def dump_to_a_long_path(h):
    """A dump goes where it was asked for, or nowhere: its path is not cut."""
    h.xl('create', h.config('a'))
    path = '/' + '/'.join(['d' * 200] * 4)
    s = h.connect()
    s.sendall(message('dump-core', guest='a', path=path, dry_run=True))
    assert json.loads(s.recv(65536)[4:])['ok']['path'] == path


def dump_without_descriptors(h):
    """A guest whose dump cannot begin is not left paused."""
    h.xl('create', h.config('a'))
    n = h.fds()
    old = resource.prlimit(h.xend.pid, resource.RLIMIT_NOFILE)
    resource.prlimit(h.xend.pid, resource.RLIMIT_NOFILE, (n + 1, old[1]))
    h.refused('cannot start a worker', 'dump-core', 'a', h.path('dump'))
    resource.prlimit(h.xend.pid, resource.RLIMIT_NOFILE, old)
    assert h.guest('a')['state'] == 'blocked', h.guest('a')


def long_logs_in_a_bugreport(h):
    """The end of a console's log is in the report, however long the log is."""
    h.xl('define', h.config('a'))
    os.makedirs(h.path('log', 'console'), exist_ok=True)
    h.write('log/console/a.log', ('x' * 79 + '\n') * 8000 + 'its last words\n')
    h.xl('bugreport', h.path('report.tar.gz'))
    text = subprocess.run(['tar', '-xzOf', h.path('report.tar.gz'), '--wildcards', '*/console-a.log'],
                          capture_output=True).stdout
    assert text.endswith(b'its last words\n') and len(text) < 100000, len(text)


def words_cut_within_a_character(h):
    """What a guest ended with is told, even where it had to be cut."""
    for name in ('a', 'ab'):
        h.xl('define', h.config(name, kernel='/' + 'é' * 100))
        h.refused('No such file', 'start', name)
        assert 'kernel' in (h.guest(name)['reason'] or ''), h.guest(name)
        h.refused('', 'check', h.path(name + '.cfg'))


def many_who_look(h):
    """A console has room for some, and the daemon keeps no descriptor of the rest."""
    h.xl('create', h.config('a'))
    before, held = h.fds(), []
    for _ in range(40):
        s = h.connect()
        s.sendall(message('console', guest='a'))
        data, fds, _, _ = socket.recv_fds(s, 65536, 4)
        held += fds
        s.close()
    assert len(held) == 31, len(held)      # the pty is one of 32
    for fd in held:
        os.close(fd)
    h.until('all are let go', lambda: h.fds() == before)


def waits_over_a_rename(h):
    """Who waits for a guest waits for it under any name."""
    h.xl('create', h.config('a'))
    wait = h.begin('wait', 'a', 'stopped')
    stop = h.begin('shutdown', '-w', 'a')
    time.sleep(0.5)
    h.xl('rename', 'a', 'b')
    h.xl('destroy', 'b')
    assert wait.wait(timeout=30) == 0 and stop.wait(timeout=30) == 0


def plugged_and_unplugged(h):
    """A disk comes and goes, by force where its backend (there is none here) says nothing."""
    image = h.write('disk.img', 'x' * 4096)
    h.xl('create', h.config('a', f'disk = [ "{image},raw,xvda,w" ]'))
    h.refused('is in use by guest', 'block-attach', 'a', f'{image},raw,xvdb,w')
    other = h.write('other.img', 'x' * 4096)
    h.xl('block-attach', 'a', f'{other},raw,xvdb,w')
    assert len(h.loops()) == 2
    h.refused("already has a disk 'xvdb'", 'block-attach', 'a', f'{other},raw,xvdb,w')
    h.xl('-n', 'block-detach', 'a', 'xvdb')
    h.xl('block-detach', '--force', 'a', 'xvdb')
    assert len(h.loops()) == 1
    assert [d['vdev'] for d in json.loads(h.xl('block-list', '--json', 'a').stdout)['disks']] == ['xvda']
    h.refused("has no disk 'xvdb'", 'block-detach', 'a', 'xvdb')


def created_over_a_definition(h):
    """A defined guest that is created anew is what it was created as, after a kill too; and it starts with the host."""
    h.xl('define', h.config('a'))
    h.xl('enable', '--order', '7', 'a')
    h.xl('define', h.config('a'))
    h.xl('create', h.config('a', memory=32))
    h.xl('destroy', 'a')
    h.kill()
    h.start()
    config = h.xl('config', 'a').stdout
    assert 'memory = 32' in config and 'autostart = 1' in config and 'autostart_order = 7' in config, config


def detach_begun(h):
    """A guest whose only disk is detached: the command that waits, the store, where the backend's state stands."""
    image = h.write('disk.img', 'x' * 4096)
    h.xl('create', h.config('a', f'disk = [ "{image},raw,xvda,w" ]'))
    detach = h.begin('block-detach', 'a', 'xvda')
    store = xsclient.Socket(h.path('run', 'store'))
    state = '/local/domain/0/backend/vbd/1/51712/state'
    return detach, store, state


def closed_while_nobody_looked(h):
    """A disk whose backend closes while the daemon is dead is given back by the next one."""
    detach, store, state = detach_begun(h)
    h.until('it is to close', lambda: store.read(state) == '5')
    h.xend.send_signal(signal.SIGSTOP)
    store.write(state, '6')
    h.kill()
    detach.wait(timeout=60)
    assert len(h.loops()) == 1
    h.start()
    assert not h.loops(), h.loops()
    assert json.loads(h.xl('block-list', '--json', 'a').stdout)['disks'] == []


def closed_while_it_connects(h):
    """A backend that was still connecting writes over the request to close: it is asked again."""
    detach, store, state = detach_begun(h)
    for said in '246':
        h.until('it is to close', lambda: store.read(state) == '5')
        store.write(state, said)
    assert detach.wait(timeout=60) == 0
    assert not h.loops(), h.loops()


def shut_down_with_the_host(h):
    """In the reverse of their order, each within its time, and for good."""
    h.xl('create', h.config('first', 'autostart_order = 10', 'shutdown_timeout = 1'))
    h.xl('create', h.config('second', 'autostart_order = 20', 'shutdown_timeout = 1'))
    h.xl('create', h.config('last', 'on_poweroff = "restart"', 'shutdown_timeout = 600'))
    h.refused('goes with --all', 'shutdown', '--in-order', 'last')
    h.xl('-n', 'shutdown', '--all', '--in-order')
    stop = h.begin('shutdown', '--all', '--in-order')
    time.sleep(0.5)
    h.refused('already', 'shutdown', '--all', '--in-order')
    assert len(h.names()) == 4
    h.shut_down('last', 0)
    assert stop.wait(timeout=60) == 0, stop.stderr.read()
    assert h.names('--all') == ['Domain-0']
    with open(h.path('xend.log')) as f:
        ends = [line.split("'")[1] for line in f if '): stopped' in line]
    assert ends == ['last', 'second', 'first'], ends


def network_changes_beside_the_loop(h):
    """The commands that change the host's network may hang: whoever else asks is answered meanwhile."""
    os.mkdir(h.path('bin'))
    ip = h.write('bin/ip', f"""#!/bin/sh
echo "$*" >> {h.path('ip.calls')}
[ "$1" = -j ] || cat >> {h.path('ip.batch')}
i=0; while [ ! -e {h.path('go')} ] && [ $i -lt 600 ]; do sleep 0.1; i=$((i + 1)); done
[ "$1" != -j ] && exit $(cat {h.path('status')} || echo 0)
[ "$2" != addr ] || echo '[{{"addr_info": [{{"local": "192.0.2.9", "prefixlen": 24, "scope": "global"}}]}}]'
""")
    os.chmod(ip, 0o755)
    h.kill()
    h.env['PATH'] = h.path('bin') + ':' + os.environ['PATH']
    h.start()
    setup = h.begin('net', 'setup', 'lo', '--bridge', 'brx', '--timeout', '3600')
    h.until('ip is called', lambda: os.path.exists(h.path('ip.calls')))
    h.xl('create', h.config('a'))
    h.refused('just being changed', 'net', 'setup', 'lo', '--bridge', 'bry')
    h.refused('just being changed', 'net', 'confirm')
    h.refused('just being changed', '-n', 'net', 'rollback')
    assert setup.poll() is None
    h.write('go', '')
    assert setup.wait(timeout=60) == 0, setup.stderr.read()
    assert 'brx is on trial' in setup.stdout.read()
    h.refused("'brx' is still on trial", 'net', 'setup', 'lo', '--bridge', 'bry')
    h.xl('net', 'rollback')
    with open(h.path('ip.batch')) as f:
        assert f.read() == (
            'link add brx type bridge\nlink set lo master brx\nlink set brx up\naddr del 192.0.2.9/24 dev lo\n'
            'addr add 192.0.2.9/24 dev brx\nlink set lo nomaster\naddr del 192.0.2.9/24 dev brx\n'
            'addr add 192.0.2.9/24 dev lo\nlink del brx\n')
    h.refused('no network change is on trial', 'net', 'rollback')
    h.write('status', '2')      # it fails half way: what was done is taken back
    h.refused('failed with status 2', 'net', 'setup', 'lo', '--bridge', 'brz')
    h.refused('no network change is on trial', 'net', 'confirm')
    with open(h.path('ip.batch')) as f:
        assert f.read().endswith('link del brz\n')
    assert not os.path.exists(h.path('run', 'network-undo'))
    os.unlink(h.path('status'))
    setup = h.begin('net', 'setup', 'lo', '--bridge', 'brx')     # a daemon that dies meanwhile finds what to take back
    setup.wait(timeout=60)
    h.kill()
    h.start()
    assert '?' in h.xl('net').stdout
    h.xl('net', 'rollback')


SCRIPT = """#!{python} -S
import os, sys, time
sys.path[:0] = [{store!r}]
import xsclient
s = xsclient.Socket({socket!r})
bus = os.environ['XENBUS_PATH']
with open({log!r}, 'a') as f: f.write(' '.join(sys.argv[1:]) + ' ' + bus + ' ' + os.environ.get('vif', '') + '\\n')
print('says', sys.argv[1])
if sys.argv[1] == 'online': sys.exit(0)
params = s.read(bus + '/params')
if sys.argv[1] == 'remove': assert s.read(bus + '/node') == params; sys.exit(0)
s.write(bus + '/node', params)
if params == 'hang':
    if os.fork() == 0: open({log!r} + '.child', 'w').write(str(os.getpid()))
    time.sleep(1000)
if params == 'daemon' and os.fork() == 0: time.sleep(3); os._exit(0)
if params == 'bad': s.write(bus + '/hotplug-error', 'no such \\x1b[31m target'); sys.exit(3)
if params == 'dies': print('it hurts'); sys.exit(4)
if params == 'mute': sys.exit(0)
s.write(bus + '/physical-device', params if params[:3] == 'fe:' else 'fe:1')
"""


def with_script(h, settings=''):
    """The machine again, with a script for devices in it, and what that was called with."""
    h.write('xend.conf', 'network = no\n' + settings)
    h.kill()
    h.start()
    path = h.write('block-test', SCRIPT.format(python=sys.executable, store=sys.path[0], socket=h.path('run', 'store'),
                                               log=h.path('calls')))
    os.chmod(path, 0o755)
    h.write('calls', '')
    return path, lambda: open(h.path('calls')).read().split('\n')[:-1], xsclient.Socket(h.path('run', 'store'))


def backend_closes(h, store, domid, devid):
    """What blkback does when its other end has gone."""
    state = f'/local/domain/0/backend/vbd/{domid}/{devid}/state'
    h.until('it is to close', lambda: store.read(state) == '5')
    store.write(state, '6')


def disks_by_script(h):
    """A script makes a guest's disk before it runs and takes it away when the backend has let go."""
    path, calls, store = with_script(h)
    disk = f'disk = [ "script={path},vdev=xvda,target=iqn.x:y,portal=1.2.3.4" ]'
    h.xl('create', h.config('a', disk))
    node = '/local/domain/0/backend/vbd/1/51712'
    assert calls() == ['add backend/vbd/1/51712 '], calls()
    assert store.read(node + '/params') == 'iqn.x:y,portal=1.2.3.4' and store.read(node + '/script') == path
    assert store.read(node + '/hotplug-status') == 'connected'
    assert 'says add' in open(h.path('xend.log')).read()
    h.refused('is in use by guest', 'create', h.config('b', disk))
    h.until('only one is left', lambda: h.names('--all') == ['Domain-0', 'a'])
    again = h.config('c', disk.replace('iqn.x:y,portal=1.2.3.4', 'fe:2'))
    h.xl('create', again)
    h.kill()
    h.start()
    store = xsclient.Socket(h.path('run', 'store'))
    destroy, calls0 = h.begin('destroy', 'a'), len(calls())
    h.until('the guest is shown while it stops', lambda: h.guest('a')['state'] == 'stopping')
    backend_closes(h, store, 1, 51712)
    assert destroy.wait(timeout=60) == 0, destroy.stderr.read()
    assert calls()[calls0:] == ['remove backend/vbd/1/51712 '], calls()
    assert h.names() == ['Domain-0', 'c']
    try:
        store.read(node + '/params')
        raise AssertionError('its nodes are there')
    except xsclient.XsError:
        pass
    config = h.write('again.cfg', h.xl('config', 'c').stdout)
    h.xl('check', config)
    xml = h.write('again.xml', h.xl('config', '--xml', 'c').stdout)
    assert f"<script path='{path}'/>" in open(xml).read()
    h.xl('check', xml)


def scripts_that_fail(h):
    """Each kind of failure is told with its cause; what was begun is taken down; nobody waits for long."""
    path, calls, store = with_script(h, 'script_timeout = 2\n')
    for target, words in (('bad', 'disk xvda: script'), ('bad', 'no such \\x1b[31m target'),
                          ('dies', 'failed with status 4: '),
                          ('mute', 'has written no physical-device'), ('hang', 'did not end within 2 s')):
        create = h.begin('create', h.config('a', f'disk = [ "script={path},vdev=xvda,target={target}" ]'))
        h.until('it was called', lambda: calls() and calls()[-1].startswith('add'))
        domid = int(calls()[-1].split('/')[2])
        backend_closes(h, store, domid, 51712)
        assert create.wait(timeout=60) != 0
        why = create.stderr.read()
        assert words in why and "guest 'a'" in why, why
        assert calls()[-1].startswith('remove'), calls()
        h.until('it is gone', lambda: h.names('--all') == ['Domain-0'])
    child = int(open(h.path('calls.child')).read())
    h.until('what it started is gone',
            lambda: not os.path.exists(f'/proc/{child}') or 'zombie' in open(f'/proc/{child}/status').read())
    h.refused('No such file', 'create', h.config('b', f'disk = [ "script=/nosuch,vdev=xvda,target=x" ]'))
    h.refused('cannot be used', 'check', h.path('b.cfg'))
    os.chmod(path, 0o777)
    h.refused('others than root may write it', 'create',
              h.config('c', f'disk = [ "script={path},vdev=xvda,target=x" ]'))
    if os.geteuid() == 0:
        os.chmod(path, 0o755)
        os.chown(path, 65534, -1)
        h.refused('others than root may write it', 'create', h.path('c.cfg'))
        os.chown(path, 0, -1)
    os.chmod(path, 0o755)
    # who may write a folder on the way, or a link there, may put another program there
    for folder in ('open', 'fine'):
        os.mkdir(h.path(folder))
    os.symlink(path, h.path('open', 'link'))
    os.symlink(h.path('open', 'link'), h.path('fine', 'link'))
    os.symlink('../open/../block-test', h.path('fine', 'other'))
    os.symlink('round', h.path('fine', 'round'))
    by = lambda name: h.config('d', f'disk = [ "script={h.path("fine", name)},vdev=xvda,target=x" ]')
    for name in ('link', 'other'):
        h.xl('-n', 'create', by(name))
    os.chmod(h.path('open'), 0o777)
    for name in ('link', 'other'):
        h.refused('others than root may write /', '-n', 'create', by(name))
    os.chmod(h.path('open'), 0o1777)
    h.xl('-n', 'create', by('link'))
    h.refused('symbolic links', '-n', 'create', by('round'))
    os.chmod(path, 0o644)
    h.refused('is no program', 'create', h.path('c.cfg'))


def disks_by_script_plugged(h):
    """The same while the guest runs; and a script may leave a server of its own behind."""
    path, calls, store = with_script(h, 'script_timeout = 20\n')
    h.xl('create', h.config('a'))
    disk = f'script={path},vdev=xvdb,target='
    h.xl('block-attach', 'a', disk + 'daemon')
    h.refused("already has a disk 'xvdb'", 'block-attach', 'a', disk + 'daemon')
    detach = h.begin('block-detach', 'a', 'xvdb')
    backend_closes(h, store, 1, 51728)
    assert detach.wait(timeout=60) == 0, detach.stderr.read()
    assert [c.split()[0] for c in calls()] == ['add', 'remove'], calls()
    attach = h.begin('block-attach', 'a', disk + 'bad')
    h.until('it fails', lambda: len(calls()) == 3)
    backend_closes(h, store, 1, 51728)
    assert attach.wait(timeout=60) and 'no such' in attach.stderr.read()
    attach = h.begin('block-attach', 'a', disk + 'hang')
    h.until('it hangs', lambda: os.path.exists(h.path('calls.child')))
    h.xl('block-list', 'a')
    destroy = h.begin('destroy', 'a')       # the script is cut short, and taken back
    backend_closes(h, store, 1, 51728)
    assert destroy.wait(timeout=60) == 0 and attach.wait(timeout=60)
    assert 'meanwhile' in attach.stderr.read()
    assert [c.split()[0] for c in calls()] == ['add', 'remove'] * 3, calls()
    h.xl('create', h.config('a'))
    attach = h.begin('block-attach', 'a', disk + 'hang')
    h.until('it hangs', lambda: len(calls()) == 7)
    h.kill()
    attach.wait(timeout=60)
    h.start()
    store = xsclient.Socket(h.path('run', 'store'))
    backend_closes(h, store, 2, 51728)      # what it was at is not known: taken down
    h.until('it is taken down', lambda: calls()[-1].startswith('remove'))
    h.until('and forgotten', lambda: json.loads(h.xl('block-list', '--json', 'a').stdout)['disks'] == [])


def cpus_of_nodes(h):
    """A set of CPUs by their nodes means the same in a configuration and to vcpu-pin."""
    h.xl('create', h.config('a', 'cpus = "nodes:0"'))
    h.xl('vcpu-pin', 'a', 'all', 'nodes:0')
    h.xl('vcpu-pin', 'a', '0', 'all', 'nodes:0')
    h.refused('refuses this set', 'vcpu-pin', 'a', '0', 'all,^nodes:0')
    h.refused('cannot bind vCPU 0', 'create', h.config('b', 'cpus = "all,^nodes:0"'))


def clocks(h):
    """A guest's clock is ahead by what its configuration says; what a hypervisor does not serve is told by its key."""
    h.env['TZ'] = 'XYZ-2'
    h.kill()
    h.start()
    for n, lines, ahead in ((1, ['localtime = 1'], 7200), (2, ['rtc_timeoffset = -60'], -60),
                            (3, ['localtime = 1', 'rtc_timeoffset = 60'], 7260), (4, [], 0)):
        h.xl('create', h.config(f'g{n}', *lines))
        seen = subprocess.run([f'{B}/build_test', '--clock', str(n)], env=h.env, capture_output=True, text=True,
                              check=True).stdout
        assert int(seen) == ahead, (lines, seen)
        xml = h.write('back.xml', h.xl('config', '--xml', f'g{n}').stdout)
        text = h.xl('config', xml).stdout
        assert all(line in text for line in lines) and ('localtime' in text) == ('localtime = 1' in lines), text
    h.refused('does not serve its tsc_mode', 'create', h.config('t', 'tsc_mode = "always_emulate"'))


def killed_while_it_starts(h):
    """A daemon that dies before its store has all rings back: the next one goes on with them, not from nothing."""
    h.xl('create', h.config('a'))
    h.kill()
    h.write('machine.kill', '')
    with open(h.path('xend.log'), 'ab') as log:
        died = subprocess.run([f'{B}/xend-fake', '-r', h.dir, '-c', h.path('xend.conf')], env=h.env, stdout=log,
                              stderr=log, timeout=60)
    assert died.returncode == -signal.SIGKILL, died.returncode
    h.start()
    with open(h.path('xend.log'), errors='replace') as f:
        said = [line for line in f if 'store ring' in line]
    assert not said, said


def bridge_of_two_words(h):
    """A bridge's name goes into a list of commands: it is held against what may name an interface."""
    h.refused('cannot name a network interface', '-n', 'net', 'setup', 'lo', '--bridge', 'br 0')


def images_of_the_hosts(h):
    """An image that dom0 itself has as a loop device, as a mounted one is, goes to no guest that would write it."""
    image = h.path('disk.img')
    with open(image, 'wb') as f:
        f.truncate(1 << 20)
    loop = subprocess.run(['losetup', '-f', '--show', image], capture_output=True, text=True)
    if loop.returncode:
        return      # none to be had here
    device = loop.stdout.strip()
    with_disk = lambda access: h.config('a', f'disk = [ "{image},raw,xvda,{access}" ]')
    try:
        h.refused(f'is in use by this host, as {device}', 'create', with_disk('rw'))
        h.xl('-n', 'create', with_disk('r'))
        h.xl('create', h.config('b'))
        h.refused('is in use by this host', 'block-attach', 'b', f'{image},raw,xvdb,w')
    finally:
        subprocess.run(['losetup', '-d', device], check=True)
    h.xl('create', with_disk('rw'))


def names_of_others(h):
    """A domain that another tool made may have any name: what shows it keeps to its format, no terminal obeys it."""
    h.xl('create', h.config('a'))
    h.kill()
    for name in os.listdir(h.path('run', 'guests')):
        os.unlink(h.path('run', 'guests', name))
    h.start()
    store = xsclient.Socket(h.path('run', 'store'))
    store.write('/local/domain/1/name', 'x"y\\z\x1b[31m')
    shown = 'x"y\\x5cz\\x1b[31m'
    assert shown in h.names(), h.names()
    for text in (h.xl(*words).stdout for words in (['list'], ['top', '-b', '-i', '1'], ['metrics'], ['vcpu-list'])):
        assert '\x1b' not in text and 'x"y' in text or 'x\\"y' in text, text
    line = next(line for line in h.xl('metrics').stdout.split('\n') if line.startswith('xen_guest_vcpus{guest="x'))
    value = line[line.index('"') + 1:line.rindex('"')]
    assert json.loads(f'"{value}"') == shown, line


RESOLVE = '''import socket, sys
s = socket.socket(socket.AF_INET, socket.SOCK_DGRAM); s.settimeout(5); name = sys.argv[1].encode()
s.sendto(b'xx\\1\\0\\0\\1\\0\\0\\0\\0\\0\\0' + bytes([len(name)]) + name + b'\\0\\0\\1\\0\\1', ('10.188.0.1', 53))
r = s.recv(512)
print('.'.join(map(str, r[-4:])) if r[7] else '')'''


def resolve(h, name):
    """The address that the default network's server tells for a name."""
    asked = subprocess.run(['nsenter', '-t', str(h.xend.pid), '-n', sys.executable, '-c', RESOLVE, name],
                           capture_output=True, text=True)
    return asked.stdout.strip() or None


def leases_given_back(h):
    """A lease of the default network ends with the guest: not over a stop of one that is defined, nor a stranger's."""
    h.inside = ['unshare', '-n', '-m', 'sh', '-c', 'mount -t sysfs sys /sys && ip link set lo up && exec "$0" "$@"']
    if os.geteuid() or subprocess.run([*h.inside, 'ip', 'link', 'add', 'name', 'b', 'type', 'bridge']).returncode:
        h.inside = []       # no network of our own to be had here
        return
    macs = {name: f'00:16:3e:00:00:0{n}' for n, name in enumerate(('gone', 'defined', 'stranger', 'plugged', 'rename'))}
    path = h.path('state', 'network', 'leases')
    h.kill()
    os.makedirs(os.path.dirname(path), exist_ok=True)
    with open(path, 'w') as f:
        for n, mac in enumerate(macs.values()):
            f.write(f'{int(time.time()) + 40000} {mac} 10.188.0.{n + 10} * *\n')
    leased = lambda: {name for name, mac in macs.items() if mac in open(path).read()}
    h.write('xend.conf', 'network = yes\n')
    os.chmod(h.dir, 0o755)      # dnsmasq reads the list of names as nobody
    h.start()
    assert leased() == set(macs), leased()
    vif = lambda name: f'vif = [ "mac={macs[name]}" ]'
    h.xl('create', h.config('gone', vif('gone')))
    h.xl('create', h.config('rename', vif('rename'), 'on_poweroff = "rename-restart"'))
    h.xl('define', h.config('defined', vif('defined')))
    h.xl('start', 'defined')
    h.xl('destroy', 'defined')
    h.xl('destroy', 'gone')
    h.shut_down('rename', 0)
    h.until('the lease of the guest that is gone is free', lambda: 'gone' not in leased())
    h.until('the one that is started again runs', lambda: h.guest('rename')['state'] in ('running', 'blocked'))
    assert leased() == set(macs) - {'gone'}, leased()
    h.until('its name is known', lambda: resolve(h, 'rename') == '10.188.0.14')
    assert resolve(h, 'stranger') is None
    h.xl('rename', 'rename', 'renamed')
    h.until('and its new one', lambda: resolve(h, 'renamed') == '10.188.0.14' and resolve(h, 'rename') is None)
    for word in 'ignore', '10.188.0.99', '12h':     # not for dnsmasq to take for something else
        h.xl('rename', 'renamed', word)
        assert open(h.path('run', 'dnsmasq.hosts')).read() == '', word
        h.xl('rename', word, 'renamed')
    h.xl('rename', 'renamed', 'rename')
    h.xl('network-attach', 'rename', f'mac={macs["plugged"]}')
    time.sleep(0.2)
    h.begin('network-detach', '-f', 'rename', '1')
    h.until('an unplugged one is free', lambda: 'plugged' not in leased())
    h.xl('undefine', 'defined')
    h.until('the one of a definition, too', lambda: 'defined' not in leased())
    h.xl('destroy', 'rename')
    h.until('and of the last', lambda: leased() == {'stranger'})


TESTS = [flood_while_busy, one_who_does_not_read, a_thousand_clients, renamed_before_it_is_there, everything_at_once,
         everything_at_once_and_killed, undefine_before_restart, destroy_before_restart, list_of_nobody,
         one_disk_two_starts, one_unpacks_for_all, attach_to_one_that_goes, attach_to_one_that_reboots,
         nothing_else_is_opened, renamed, dump_to_a_long_path, dump_without_descriptors,
         long_logs_in_a_bugreport, words_cut_within_a_character, many_who_look, waits_over_a_rename,
         plugged_and_unplugged, created_over_a_definition, closed_while_nobody_looked,
         closed_while_it_connects, shut_down_with_the_host, cpus_of_nodes, clocks, killed_while_it_starts,
         bridge_of_two_words, network_changes_beside_the_loop, disks_by_script,
         scripts_that_fail, disks_by_script_plugged, images_of_the_hosts, names_of_others,
         leases_given_back]

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
        print(f'not ok - {test.__name__}: {type(e).__name__} {e}'[:4000])
        if host:
            host.xend.kill()
print(f'{passed} passed, {failed} failed')
sys.exit(failed != 0)
