#!/usr/bin/python3
# SPDX-License-Identifier: MIT
"""Kills the store with -9 at random moments under load and starts it again. Guests (rings) must not notice:
every request is answered once and in order, every change is there, every watch event comes once. Tools
(sockets) reconnect, and find what they were told was done.
usage: kill_test.py XENSTORED [KILLS [SEED]]"""

import os
import random
import subprocess
import sys
import tempfile
import threading
import time
import traceback

import xsclient as xs

GUESTS = 4
state = {"stop": False, "failed": [], "rounds": [0] * (GUESTS + 2), "shared": [0] * (GUESTS + 2)}


def increment(c, path, n):
    """One more in a transaction, however often that takes. Counts what was told to be done."""
    while True:
        tx = c.begin()
        c.write(path, str(int(c.read(path, tx)) + 1), tx)
        assert c.read(path, tx).isdigit()
        try:
            c.end(tx)
            state["shared"][n] += 1
            return
        except xs.XsError as e:
            assert str(e) == "EAGAIN", str(e)


def guest(c, n):
    rng = random.Random(n)
    c.ask(xs.WATCH, "w", "tok")
    assert c.event(30) == (b"w", b"tok")
    c.write("own", "0")
    i = 0
    while not state["stop"]:
        i += 1
        c.write("w/n", str(i))
        assert c.event(30) == (b"w/n", b"tok"), "event %d of guest %d" % (i, n)
        assert c.read("w/n") == str(i)
        big = "x" * rng.randrange(1900)
        c.write("big", big)
        assert c.read("big") == big
        increment(c, "own", GUESTS + 1)
        if i % 7 == 0:
            increment(c, "/shared", n)
        c.ask(xs.MKDIR, "d/%d" % (i % 5))
        c.ask(xs.RM, "d")
        state["rounds"][n] = i
    assert int(c.read("own")) == i
    # Nothing that nobody waited for may have come.
    assert c.event(0.3) is None and not c.buf


def tool(path):
    """A socket client: told done is done; not told may be either."""
    last, i = -1, 0
    while not state["stop"]:
        try:
            c = xs.Socket(path, 30)
            while not state["stop"]:
                if last >= 0:
                    found = int(c.read("/tool"))
                    assert found in (last, i), "lost a write"
                    last = found    # also what was not told: the next kill may come before the next answer
                i += 1
                c.write("/tool", str(i))
                last = i
        except (ConnectionError, BrokenPipeError):
            pass
    state["rounds"][0] = i


def run(fn, *args):
    def body():
        try:
            fn(*args)
        except BaseException:
            state["failed"].append(args[-1])
            traceback.print_exc(file=sys.stdout)
    t = threading.Thread(target=body)
    t.start()
    return t


def start(binary, d):
    return subprocess.Popen([binary, d + "/socket", d + "/journal", d])


def set_up(d):
    rings = [xs.Ring(d, n) for n in range(1, GUESTS + 1)]
    c = xs.Socket(d + "/socket")
    for n in range(1, GUESTS + 1):
        c.ask(xs.INTRODUCE, str(n), "1", "1")
        c.ask(xs.MKDIR, "/local/domain/%d" % n)
        c.ask(xs.SET_PERMS, "/local/domain/%d" % n, "n%d" % n)
    c.write("/shared", "0")
    c.ask(xs.SET_PERMS, "/shared", "b0")
    c.close()
    return rings


def main():
    binary, kills = sys.argv[1], int(sys.argv[2]) if len(sys.argv) > 2 else 100
    rng = random.Random(int(sys.argv[3]) if len(sys.argv) > 3 else 1)
    d = tempfile.mkdtemp(prefix="store-kill.", dir="/dev/shm" if os.path.isdir("/dev/shm") else None)
    proc = start(binary, d)
    rings = set_up(d)
    threads = [run(guest, r, n + 1) for n, r in enumerate(rings)] + [run(tool, d + "/socket")]
    done = 0
    while done < kills and not state["failed"]:
        time.sleep(rng.random() ** 2 * 0.15)
        proc.kill()
        proc.wait()
        proc = start(binary, d)
        done += 1
    state["stop"] = True
    for t in threads:
        t.join(60)
    c = xs.Socket(d + "/socket")
    whole = c.ask(xs.CONTROL, "check") == b"OK\0"
    shared = int(c.read("/shared"))
    want = sum(state["shared"][1:GUESTS + 1])
    proc.terminate()
    clean = proc.wait(20) == 0
    ok = not state["failed"] and whole and clean and shared == want
    print("%d kills; guests' rounds %s, the tool's writes %d; shared counter %d of %d%s" % (
        done, state["rounds"][1:GUESTS + 1], state["rounds"][0], shared, want,
        "" if ok else "; FAILED: %s" % state["failed"]))
    if ok:
        for f in os.listdir(d):
            os.unlink(os.path.join(d, f))
        os.rmdir(d)
    else:
        print("kept: %s" % d)
    print("%d passed, %d failed" % (ok, not ok))
    return not ok


sys.exit(main())
