# SPDX-License-Identifier: MIT
"""The xenstore protocol from a client's side, in plain Python: over a Unix socket, or over a ring page that
lives in a file, as guests of xenstored-test have it (see standalone.c)."""

import mmap
import os
import select
import socket
import struct
import time

(CONTROL, DIRECTORY, READ, GET_PERMS, WATCH, UNWATCH, TRANSACTION_START, TRANSACTION_END, INTRODUCE, RELEASE,
 GET_DOMAIN_PATH, WRITE, MKDIR, RM, SET_PERMS, WATCH_EVENT, ERROR, IS_DOMAIN_INTRODUCED, RESUME, SET_TARGET,
 _, RESET_WATCHES, DIRECTORY_PART) = range(23)


class XsError(Exception):
    pass


class Client:
    """Requests and answers over whatever send() and recv_some() carry."""

    def __init__(self):
        self.buf = b""
        self.events = []
        self.req_id = 0

    def put(self, kind, payload, tx=0):
        self.req_id += 1
        self.send(struct.pack("<4I", kind, self.req_id, tx, len(payload)) + payload)
        return self.req_id

    def message(self, deadline=None):
        """The next message, or None when the deadline has passed."""
        while True:
            if len(self.buf) >= 16:
                kind, req, tx, size = struct.unpack("<4I", self.buf[:16])
                assert size <= 4096, "answer of %d bytes" % size
                if len(self.buf) >= 16 + size:
                    data = self.buf[16:16 + size]
                    self.buf = self.buf[16 + size:]
                    return kind, req, tx, data
            if not self.recv_some(deadline):
                return None

    def answer(self, req_id, timeout=120):
        deadline = time.monotonic() + timeout
        while True:
            m = self.message(deadline)
            if m is None:
                raise TimeoutError("no answer to request %d" % req_id)
            kind, req, _, data = m
            if kind == WATCH_EVENT:
                self.events.append(tuple(data.rstrip(b"\0").split(b"\0")))
                continue
            assert req == req_id, "answer to %d while waiting for %d" % (req, req_id)
            if kind == ERROR:
                raise XsError(data.rstrip(b"\0").decode())
            return data

    def ask(self, kind, *strings, tx=0):
        return self.answer(self.put(kind, b"".join(s.encode() + b"\0" for s in strings), tx))

    def read(self, path, tx=0):
        return self.ask(READ, path, tx=tx).decode()

    def write(self, path, value, tx=0):
        return self.answer(self.put(WRITE, path.encode() + b"\0" + value.encode(), tx))

    def begin(self):
        return int(self.ask(TRANSACTION_START, "").rstrip(b"\0"))

    def end(self, tx, commit=True):
        return self.ask(TRANSACTION_END, "T" if commit else "F", tx=tx)

    def list(self, path, tx=0):
        return self.ask(DIRECTORY, path, tx=tx).decode().split("\0")[:-1]

    def event(self, timeout=60):
        deadline = time.monotonic() + timeout
        while not self.events:
            m = self.message(deadline)
            if m is None:
                return None
            assert m[0] == WATCH_EVENT, "an answer that nobody asked for"
            self.events.append(tuple(m[3].rstrip(b"\0").split(b"\0")))
        return self.events.pop(0)


class Socket(Client):
    def __init__(self, path, patience=60):
        super().__init__()
        end = time.monotonic() + patience
        while True:
            self.sock = socket.socket(socket.AF_UNIX)
            try:
                self.sock.connect(path)
                return
            except OSError:
                self.sock.close()
                if time.monotonic() > end:
                    raise
                time.sleep(0.01)

    def send(self, data):
        self.sock.sendall(data)

    def recv_some(self, deadline):
        wait = None if deadline is None else max(0, deadline - time.monotonic())
        if not select.select([self.sock], [], [], wait)[0]:
            return False
        data = self.sock.recv(65536)
        if not data:
            raise ConnectionResetError("the store closed the connection")
        self.buf += data
        return True

    def close(self):
        self.sock.close()


class Ring(Client):
    """A domain's page and event channel: files in a directory, made here, which survive the store's death."""

    def __init__(self, directory, domid):
        super().__init__()
        base = os.path.join(directory, str(domid))
        with open(base + ".ring", "wb") as f:
            f.write(bytes(4096))
        for part in (".in", ".out"):
            os.mkfifo(base + part)
        self.fd = os.open(base + ".ring", os.O_RDWR)
        self.page = mmap.mmap(self.fd, 4096)
        self.words = memoryview(self.page).cast("I")    # one store a word: struct.pack_into() zeroes first
        self.kick_fd = os.open(base + ".in", os.O_RDWR | os.O_NONBLOCK)
        self.event_fd = os.open(base + ".out", os.O_RDWR | os.O_NONBLOCK)

    def index(self, at):
        return self.words[at // 4]

    def set_index(self, at, value):
        self.words[at // 4] = value & 0xffffffff

    def kick(self):
        try:
            os.write(self.kick_fd, b"x")
        except BlockingIOError:
            pass

    def wait(self, deadline):
        left = 0.2 if deadline is None else min(0.2, deadline - time.monotonic())
        if left <= 0:
            return False
        if select.select([self.event_fd], [], [], left)[0]:
            try:
                os.read(self.event_fd, 4096)
            except BlockingIOError:
                pass
        return True

    def send(self, data, timeout=120):
        deadline = time.monotonic() + timeout
        while data:
            cons, prod = self.index(2048), self.index(2052)
            room = 1024 - ((prod - cons) & 0xffffffff)
            if room <= 0:
                if not self.wait(deadline):
                    raise TimeoutError("the request ring stays full")
                continue
            at = prod % 1024
            n = min(room, 1024 - at, len(data))
            self.page[at:at + n] = data[:n]
            self.set_index(2052, prod + n)
            data = data[n:]
            self.kick()

    def recv_some(self, deadline):
        while True:
            cons, prod = self.index(2056), self.index(2060)
            have = (prod - cons) & 0xffffffff
            assert have <= 1024, "answer ring claims %d bytes" % have
            if have:
                at = cons % 1024
                n = min(have, 1024 - at)
                self.buf += bytes(self.page[1024 + at:1024 + at + n])
                self.set_index(2056, cons + n)
                self.kick()
                return True
            if not self.wait(deadline):
                return False
