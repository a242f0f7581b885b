# SPDX-License-Identifier: MIT
"""
A daemon made of canned answers, to test xl against: it speaks the frames of proto.h and keeps what it was asked.
Each answer is a list of messages; a function is called with the arguments.  `fd` in an answer is passed along.
"""
import array
import json
import os
import socket
import struct
import tempfile
import threading


class FakeXend:
    def __init__(self):
        self.folder = tempfile.mkdtemp(prefix='fake-xend.')
        self.path = os.path.join(self.folder, 'socket')
        self.answers = {}
        self.asked = []
        self.raw = None
        self.server = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        self.server.bind(self.path)
        self.server.listen(16)
        threading.Thread(target=self.serve, daemon=True).start()

    def answer(self, op, *messages, fd=None):
        self.answers[op] = (messages, fd)

    def serve(self):
        while True:
            try:
                conn, _ = self.server.accept()
            except OSError:
                return
            threading.Thread(target=self.talk, args=(conn,), daemon=True).start()

    def read(self, conn, n):
        data = b''
        while len(data) < n:
            more = conn.recv(n - len(data))
            if not more:
                return None
            data += more
        return data

    def talk(self, conn):
        with conn:
            head = self.read(conn, 4)
            if head is None:
                return
            request = json.loads(self.read(conn, struct.unpack('<I', head)[0]))
            self.asked.append(request)
            if self.raw is not None:
                conn.sendall(self.raw)
                return
            missing = ({'error': {'code': 'internal', 'what': '', 'why': 'not canned', 'hint': ''}},)
            messages, fd = self.answers.get(request['op'], (missing, None))
            for msg in messages:
                if callable(msg):
                    msg = msg(request['args'])
                text = json.dumps(msg).encode()
                frame = struct.pack('<I', len(text)) + text
                if fd is not None and 'ok' in msg:
                    rights = array.array('i', [fd])
                    conn.sendmsg([frame], [(socket.SOL_SOCKET, socket.SCM_RIGHTS, rights)])
                else:
                    conn.sendall(frame)

    def close(self):
        self.server.close()
        os.unlink(self.path)
        os.rmdir(self.folder)
