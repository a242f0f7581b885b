#!/usr/bin/python3
# SPDX-License-Identifier: MIT
"""The store over its socket, against Debian's xenstore-utils, python3-pyxs, and a client of our own.
usage: socket_test.py XENSTORED"""

import os
import subprocess
import sys
import tempfile
import threading
import time
import traceback

import xsclient as xs

TESTS = []


def test(fn):
    TESTS.append(fn)
    return fn


class Bench:
    def __init__(self, binary):
        self.dir = tempfile.mkdtemp(prefix="store-socket.")
        self.path = self.dir + "/socket"
        self.proc = subprocess.Popen([binary, self.path, self.dir + "/journal", self.dir])
        self.env = dict(os.environ, XENSTORED_PATH=self.path, XENSTORED_RUNDIR=self.dir)
        xs.Socket(self.path).close()

    def tool(self, *args, ok=True, timeout=120):
        p = subprocess.run(args, env=self.env, capture_output=True, text=True, timeout=timeout)
        assert (p.returncode == 0) == ok, "%s: %d %s" % (args, p.returncode, p.stderr)
        return p.stdout

    def stop(self):
        self.proc.terminate()
        code = self.proc.wait(20)
        for f in os.listdir(self.dir):
            os.unlink(os.path.join(self.dir, f))
        os.rmdir(self.dir)
        assert code == 0, "the store ended with %d" % code


def refused(error, fn, *args, **kw):
    try:
        fn(*args, **kw)
    except xs.XsError as e:
        assert str(e) == error, "%s instead of %s" % (e, error)
        return
    raise AssertionError("%s was not refused" % fn)


@test
def utils_read_and_write(b):
    b.tool("xenstore-write", "/t/a", "one", "/t/b", "two words", "/t/c/d", "")
    assert b.tool("xenstore-read", "/t/a", "/t/b") == "one\ntwo words\n"
    assert b.tool("xenstore-list", "/t").split() == ["a", "b", "c"]
    assert b.tool("xenstore-ls", "-f", "/t") == '/t/a = "one"\n/t/b = "two words"\n/t/c = ""\n/t/c/d = ""\n'
    b.tool("xenstore-exists", "/t/c/d")
    b.tool("xenstore-exists", "/t/c/e", ok=False)
    b.tool("xenstore-rm", "-t", "/t/c/d")
    b.tool("xenstore-exists", "/t/c", ok=False)
    b.tool("xenstore-read", "/t/none", ok=False)
    b.tool("xenstore-rm", "/t")


@test
def utils_permissions(b):
    b.tool("xenstore-write", "/p/a", "1")
    b.tool("xenstore-chmod", "-r", "/p", "n0", "r5", "b7")
    assert '(n0,r5,b7)' in b.tool("xenstore-ls", "-p", "/p")
    b.tool("xenstore-rm", "/p")


@test
def utils_watch(b):
    p = subprocess.Popen(["xenstore-watch", "-n", "3", "/w"], env=b.env, stdout=subprocess.PIPE, text=True)
    c = xs.Socket(b.path)
    assert p.stdout.readline() == "/w\n"
    c.write("/w/x", "1")
    c.ask(xs.RM, "/w")
    assert p.stdout.readline() == "/w/x\n"
    assert p.stdout.readline() == "/w\n"
    assert p.wait(10) == 0


@test
def utils_long_directory(b):
    c = xs.Socket(b.path)
    for i in range(600):
        c.write("/long/child-number-%04d" % i, "")
    assert len(b.tool("xenstore-list", "/long").split()) == 600
    b.tool("xenstore-rm", "/long")


@test
def pyxs_client(b):
    import pyxs

    with pyxs.Client(unix_socket_path=b.path) as c:
        c.write(b"/y/a", b"1")
        assert c.read(b"/y/a") == b"1"
        assert c.exists(b"/y") and not c.exists(b"/none")
        assert c.list(b"/y") == [b"a"]
        c.mkdir(b"/y/d")
        c.set_perms(b"/y/d", [b"b3", b"r4"])
        assert c.get_perms(b"/y/d") == [b"b3", b"r4"]
        assert c.get_domain_path(3) == b"/local/domain/3"
        assert not c.is_domain_introduced(3)
        c.transaction()
        c.write(b"/y/t", b"2")
        c.commit()
        assert c.read(b"/y/t") == b"2"
        c.transaction()
        c.write(b"/y/t", b"3")
        c.rollback()
        assert c.read(b"/y/t") == b"2"
        m = c.monitor()
        m.watch(b"/y/t", b"token")
        events = m.wait()
        assert tuple(next(events)) == (b"/y/t", b"token")
        c.write(b"/y/t", b"4")
        assert tuple(next(events)) == (b"/y/t", b"token")
        m.unwatch(b"/y/t", b"token")
        m.close()
        c.delete(b"/y")


@test
def introduce_and_release(b):
    ring = xs.Ring(b.dir, 9)
    c = xs.Socket(b.path)
    c.ask(xs.WATCH, "@introduceDomain", "in")
    c.ask(xs.WATCH, "@releaseDomain", "out")
    assert c.event() and c.event()
    refused("ENOENT", c.ask, xs.INTRODUCE, "8", "1", "1")     # no such ring
    c.ask(xs.INTRODUCE, "9", "1234", "5")
    assert c.event() == (b"@introduceDomain", b"in")
    assert c.ask(xs.IS_DOMAIN_INTRODUCED, "9") == b"T\0"
    c.ask(xs.MKDIR, "/local/domain/9")
    c.ask(xs.SET_PERMS, "/local/domain/9", "n9")
    ring.write("name", "nine")
    assert c.read("/local/domain/9/name") == "nine"
    refused("EACCES", ring.read, "/")
    c.ask(xs.RELEASE, "9")
    assert c.event() == (b"@releaseDomain", b"out")
    c.ask(xs.RM, "/local")


@test
def interrupted_clients(b):
    for cut in range(1, 40):
        c = xs.Socket(b.path)
        c.ask(xs.WATCH, "/cut", "t")
        c.begin()
        c.sock.send((b"\x0b\0\0\0" + bytes(8) + b"\x10\0\0\0" + b"/cut/x\0" + b"123456789")[:cut])
        c.close()
    c = xs.Socket(b.path)
    assert c.list("/cut") == ["x"]
    c.ask(xs.RM, "/cut")
    assert c.ask(xs.CONTROL, "check") == b"OK\0"


@test
def oversized_messages_end_the_connection(b):
    c = xs.Socket(b.path)
    c.send(b"\x02\0\0\0" + bytes(8) + b"\x01\x10\0\0")
    try:
        c.message(time.monotonic() + 60)
        raise AssertionError("the connection is still there")
    except ConnectionResetError:
        pass


@test
def many_requests_in_one_go(b):
    c = xs.Socket(b.path)
    ids = [c.put(xs.WRITE, b"/many/%d\0v" % (i % 500)) for i in range(2000)]
    for i in ids:
        assert c.answer(i) == b"OK\0"
    assert len(c.list("/many")) == 500
    c.ask(xs.RM, "/many")


@test
def client_that_never_reads(b):
    """It asks for ever and watches everything; others go on as if it were not there."""
    deaf = xs.Socket(b.path)
    deaf.put(xs.WATCH, b"/\0t\0")
    deaf.sock.setblocking(False)
    sent = 0
    c = xs.Socket(b.path)
    c.write("/deaf", "x" * 2000)
    try:
        while sent < 100000:
            deaf.put(xs.READ, b"/deaf\0")
            sent += 1
    except BlockingIOError:
        pass
    assert sent < 100000, "the store kept reading from a client that does not"
    for i in range(3000):
        c.write("/deaf", str(i))
    assert c.read("/deaf") == "2999"
    deaf.close()
    c.ask(xs.RM, "/deaf")


@test
def parallel_transactions_count_right(b):
    done = []

    def work():
        c = xs.Socket(b.path)
        n = 0
        while n < 50:
            tx = c.begin()
            c.write("/sum", str(int(c.read("/sum", tx)) + 1), tx)
            try:
                c.end(tx)
                n += 1
            except xs.XsError as e:
                assert str(e) == "EAGAIN"
        done.append(n)
        c.close()

    xs.Socket(b.path).write("/sum", "0")
    threads = [threading.Thread(target=work) for _ in range(4)]
    [t.start() for t in threads]
    [t.join() for t in threads]
    assert xs.Socket(b.path).read("/sum") == "200" and done == [50] * 4


@test
def hundreds_of_clients(b):
    clients = [xs.Socket(b.path) for _ in range(300)]
    for i, c in enumerate(clients):
        c.write("/crowd/%d" % i, "x")
    for c in clients:
        c.close()
    c = xs.Socket(b.path)
    assert len(c.list("/crowd")) == 300
    c.ask(xs.RM, "/crowd")
    # Nothing is left over of them.
    deadline = time.monotonic() + 60
    fds = "/proc/%d/fd" % b.proc.pid
    while len(os.listdir(fds)) > 40 and time.monotonic() < deadline:
        time.sleep(0.05)
    assert len(os.listdir(fds)) <= 40, "%d descriptors" % len(os.listdir(fds))


def main():
    passed = failed = 0
    for fn in TESTS:
        b = Bench(sys.argv[1])
        try:
            fn(b)
            b.stop()
            passed += 1
        except Exception:
            failed += 1
            print("FAILED %s" % fn.__name__)
            traceback.print_exc(file=sys.stdout)
            b.proc.kill()
            b.proc.wait()
    print("%d passed, %d failed" % (passed, failed))
    return failed != 0


sys.exit(main())
