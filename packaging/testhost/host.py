# SPDX-License-Identifier: MIT
"""A Debian host in QEMU, driven over its serial line as a person would drive it.

One object is one machine: a copy-on-write overlay on the image that mkimage made, a QEMU process, and the text that
came out of the serial port.  The machine outlives QEMU processes, so that pulling the plug is one call.  Nothing is
read but the serial line; files go in as a tar archive on a second disk.  The serial line also carries the
hypervisor's and the kernel's messages: an answer is found between two markers, never by a prompt.
"""

import contextlib
import fcntl
import json
import os
import re
import select
import shutil
import socket
import subprocess
import sys
import tarfile
import tempfile
import time
import zlib

# UEFI firmware and its empty variables, as Debian, Fedora and openSUSE place them.
OVMF = [("/usr/share/OVMF/OVMF_CODE_4M.fd", "/usr/share/OVMF/OVMF_VARS_4M.fd"),
        ("/usr/share/OVMF/OVMF_CODE.fd", "/usr/share/OVMF/OVMF_VARS.fd"),
        ("/usr/share/edk2/ovmf/OVMF_CODE.fd", "/usr/share/edk2/ovmf/OVMF_VARS.fd"),
        ("/usr/share/qemu/ovmf-x86_64-code.bin", "/usr/share/qemu/ovmf-x86_64-vars.bin")]
PAYLOAD_SIZE = 1 << 30
# Times given are those of an idle machine, generously; a busy one gets so many times more before we give up.
PATIENCE = 4
ESCAPES = re.compile(rb"\x1b\[[0-9;?]*[A-Za-z]|\x1b[()][A-Z0-9]|\x1bc|\r")


def ovmf():
    for pair in OVMF:
        if all(map(os.path.exists, pair)):
            return pair
    raise HostError("no UEFI firmware for QEMU is here; apt-get install ovmf")


class HostError(Exception):
    """The machine did not do what was asked; the message ends with what its console said last."""


class Host:
    def __init__(self, image, workdir, firmware="bios", memory_mib=2048, cpus=1, cpu="qemu64,+svm,+npt", disk="virtio",
                 echo=None, ready=False, cache="unsafe", record=False):
        """A machine on a copy-on-write overlay of image; with ready, on a copy of an image that save_ready() left.

        cache: "writeback" where the plug is to be pulled: what the machine has not flushed is then really lost.
        record: keep a log of all writes to the disk in writes.log; not together with ready.
        """
        self.dir = os.path.abspath(workdir)
        os.makedirs(self.dir, exist_ok=True)
        self.firmware, self.memory_mib, self.cpus, self.cpu, self.disk = firmware, memory_mib, cpus, cpu, disk
        self.overlay = os.path.join(self.dir, "disk.qcow2")
        self.payload = os.path.join(self.dir, "payload.tar")
        self.log = open(os.path.join(self.dir, "serial.log"), "ab", buffering=0)
        self.times = open(os.path.join(self.dir, "times.log"), "ab", buffering=0)
        self.line, self.started = b"", time.time()
        self.cache = cache
        # Debian's kernels for clouds drive no other
        self.nic = "virtio-net-pci" if "cloud" in os.path.basename(image) else "e1000"
        self.writes = os.path.join(self.dir, "writes.log") if record else None
        self.echo, self.serial, self.qemu, self.qmp = echo, None, None, None
        self.text, self.mark, self.serial_no = b"", 0, 0
        self.vars = os.path.join(self.dir, "vars.qcow2")
        self.resume = ready
        self._make_disks(image, ready)

    def _make_disks(self, image, ready):
        if ready:
            for suffix, path in (("", self.overlay), (".vars", self.vars)):
                if os.path.exists(image + suffix):
                    subprocess.run(["cp", "--sparse=always", image + suffix, path], check=True)
        else:
            subprocess.run(["qemu-img", "create", "-q", "-f", "qcow2", "-F", "qcow2", "-b", os.path.abspath(image),
                            self.overlay], check=True)
            if self.firmware == "uefi":
                subprocess.run(["qemu-img", "convert", "-O", "qcow2", ovmf()[1], self.vars], check=True)
        self.put({})

    def put(self, files):
        """Lay files ({name: path on this machine}) on the second disk; fetch() unpacks them inside."""
        with tarfile.open(self.payload, "w", format=tarfile.GNU_FORMAT) as tar:
            for name, path in files.items():
                tar.add(path, arcname=name)
        if os.path.getsize(self.payload) > PAYLOAD_SIZE:
            raise HostError("more files than the second disk holds")
        os.truncate(self.payload, PAYLOAD_SIZE)

    # --- power

    def _qemu_args(self):
        # With icount a busy guest's clock follows its instructions, not ours: a slow builder trips no time-outs inside.
        args = ["qemu-system-x86_64", "-accel", "tcg,thread=single", "-icount", "shift=2", "-m", str(self.memory_mib),
                "-smp", str(self.cpus),
                "-cpu", self.cpu, "-display", "none", "-nodefaults", "-vga", "std",
                "-chardev", f"socket,id=ser,path={self.sockets}/serial,server=on,wait=on", "-serial", "chardev:ser",
                "-qmp", f"unix:{self.sockets}/qmp,server=on,wait=off", "-nic", f"user,model={self.nic}",
                # a reset ends this process and we start another: what QEMU translated for one boot makes it crawl when
                # the next boot writes over that memory
                "-action", "reboot=shutdown"]
        if self.firmware == "uefi":
            args += ["-machine", "q35", "-drive", f"if=pflash,format=raw,readonly=on,file={ovmf()[0]}",
                     "-drive", f"if=pflash,format=qcow2,file={self.vars}"]
        disk = f"file={self.overlay},format=qcow2"
        if self.writes:
            open(self.writes, "wb").close()
            disk = f"driver=blklogwrites,file.driver=qcow2,file.file.filename={self.overlay}," \
                f"log.driver=file,log.filename={self.writes}"
        args += ["-drive", f"{disk},if={self.disk},cache={self.cache},index=0",
                 "-drive", f"file={self.payload},format=raw,if=virtio,index=1,readonly=on"]
        return args

    def power_on(self):
        self.sockets = tempfile.mkdtemp(prefix="testhost.")  # short: a socket's path has 107 bytes at most
        args = self._qemu_args() + (["-loadvm", "ready"] if self.resume else [])
        self.qemu = subprocess.Popen(args, stdin=subprocess.DEVNULL,
                                     stderr=open(os.path.join(self.dir, "qemu.log"), "ab"))
        self.serial = self._connect(f"{self.sockets}/serial")
        self.qmp = self._connect(f"{self.sockets}/qmp")
        self._qmp("qmp_capabilities")

    def _connect(self, path):
        for _ in range(1200):
            sock = socket.socket(socket.AF_UNIX)
            try:
                sock.connect(path)
                return sock
            except OSError:
                sock.close()
                if self.qemu.poll() is not None:
                    raise HostError("QEMU did not start; see qemu.log in " + self.dir)
                time.sleep(0.05)
        raise HostError("QEMU does not open " + path)

    def _qmp(self, command, **arguments):
        self.qmp.sendall(json.dumps({"execute": command, "arguments": arguments}).encode() + b"\n")

    def save_ready(self, path):
        """Keep the running, logged-in machine as path, for Host(path, ..., ready=True); ends this one."""
        self._qmp("human-monitor-command", **{"command-line": "savevm ready"})
        self._qmp("quit")
        self.wait_for_power_off(300)
        for suffix, source in ((".vars", self.vars), ("", self.overlay)):
            if os.path.exists(source):
                os.replace(source, path + suffix)

    def start(self, timeout=300):
        """Power on and log in, or go on where save_ready() stopped."""
        self.power_on()
        if self.resume:
            self.resume = False
            self.run("date -s @%d" % time.time(), timeout)
        else:
            self.login(timeout)

    def reset(self):
        """Pull the plug and put it back: the machine flushes nothing and is not asked."""
        self._qmp("system_reset")
        self.qemu.wait(60 * PATIENCE)
        self._drain()
        self._drop_text()
        self.power_off()
        self.power_on()

    def pull_plug(self):
        """Nothing is flushed, nobody is asked: what was only in the disk's cache is lost; and put it back."""
        assert self.cache == "writeback"
        self.power_off()
        self._drop_text()
        self.power_on()

    def _drop_text(self):
        self.mark = len(self.text)

    def goes_on(self):
        """Whether the machine is on; one that was reset is, as soon as it has its new process."""
        if self.qemu.poll() is None:
            return True
        events = b""
        try:
            while data := self.qmp.recv(65536):
                events += data
        except OSError:
            pass
        if b'"guest-reset"' not in events:
            return False
        self.power_off()
        self.power_on()
        return True

    def power_off(self):
        """Pull the plug."""
        if self.qemu is None:
            return
        self.qemu.kill()
        self.qemu.wait()
        for sock in filter(None, (self.serial, self.qmp)):
            sock.close()
        shutil.rmtree(self.sockets, ignore_errors=True)
        self.qemu = None

    def wait_for_power_off(self, timeout):
        end = time.time() + timeout * PATIENCE
        while self.qemu.poll() is None:
            if time.time() > end:
                raise HostError("did not power off" + self._tail())
            self._pump(0.2)
        self.power_off()

    # --- the serial line

    def _pump(self, timeout):
        ready, _, _ = select.select([self.serial], [], [], timeout)
        if not ready:
            return
        data = self.serial.recv(65536)
        if not data:
            time.sleep(timeout)
            return
        self.log.write(data)
        self._note_times(data)
        self.text += ESCAPES.sub(b"", data)
        if self.echo:
            self.echo.write(ESCAPES.sub(b"", data).decode("utf-8", "replace"))
            self.echo.flush()

    def _drain(self):
        """What a QEMU that has ended had still said."""
        length = -1
        while length != len(self.text):
            length = len(self.text)
            self._pump(0)

    def _note_times(self, data):
        """times.log: each line with the second at which it came, and the seconds of CPU that QEMU had taken by then."""
        self.line += data
        *lines, self.line = self.line.split(b"\n")
        if lines and self.qemu.poll() is None:
            with open(f"/proc/{self.qemu.pid}/stat", encoding="ascii") as stat:
                fields = stat.read().rsplit(")", 1)[1].split()
            cpu = (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")
            for line in lines:
                text = ESCAPES.sub(b"", line)[:160]
                self.times.write(b"%7.1f %7.1f  %s\n" % (time.time() - self.started, cpu, text))

    def _tail(self):
        return "\n--- the console's last lines:\n" + self.text[-2500:].decode("utf-8", "replace")

    def expect(self, patterns, timeout):
        """Wait until one of the patterns shows after the last match; return its index and the match."""
        if isinstance(patterns, (str, bytes)):
            patterns = [patterns]
        compiled = [re.compile(p.encode() if isinstance(p, str) else p) for p in patterns]
        end = time.time() + timeout * PATIENCE
        while True:
            found = [(m.start(), i, m) for i, m in enumerate(c.search(self.text, self.mark) for c in compiled) if m]
            if found:
                _, index, match = min(found, key=lambda f: f[0])
                self.mark = match.end()
                return index, match
            if time.time() > end:
                raise HostError(f"waited {timeout * PATIENCE} s for {patterns} in vain" + self._tail())
            if self.qemu.poll() is not None:
                self._drain()
                if any(c.search(self.text, self.mark) for c in compiled):
                    continue
                if self.goes_on():
                    continue
                raise HostError(f"QEMU ended while waiting for {patterns}" + self._tail())
            self._pump(0.5)

    def send(self, text, pace=64):
        """Type, a few characters at a time: real UARTs have small buffers."""
        data = text.encode()
        for start in range(0, len(data), pace):
            self.serial.sendall(data[start:start + pace])
            self._pump(0.01)

    def login(self, timeout=300):
        self.expect(r"login: ?", timeout)
        for _ in range(3):
            self.send("root\n")
            try:
                self.expect(r"root@[a-z]+:[^\n]*# ?", 40)
                break
            except HostError:
                continue
        self.send("stty -echo cols 200; dmesg -n 1; export PS1= PS2= TERM=dumb PAGER=cat SYSTEMD_COLORS=0\n")
        self.run("true", 60)

    def run(self, command, timeout=60, check=True):
        """Run shell commands inside; their output (hypervisor lines taken out), and their status if check is off.

        With check the first that fails ends them ("set -e"), and HostError tells of it."""
        self.serial_no += 1
        tag = f"@{self.serial_no}@"
        self.send(f"echo '<''{tag}'; ( {'set -e' if check else ':'}\n{command}\n) </dev/null; echo '>''{tag}'$?\n")
        self.expect("<" + tag, timeout)
        _, match = self.expect("(?s)(.*?)>" + tag + r"(\d+)", timeout)
        lines = [l for l in match.group(1).decode("utf-8", "replace").split("\n") if not l.startswith("(XEN)")]
        output, status = "\n".join(lines).strip("\n"), int(match.group(2))
        if not check:
            return output, status
        if status:
            raise HostError(f"'{command}' ended with {status}:\n{output}")
        return output

    def fetch(self, where="/root"):
        """Unpack what put() laid out, inside, under the folder where."""
        disk = "/dev/vdb" if self.disk == "virtio" else "/dev/vda"
        return self.run(f"blockdev --flushbufs {disk}; mkdir -p {where} && tar -C {where} -xf {disk}", 120)

    def reboot(self, timeout=300):
        """An orderly reboot; the caller says what it expects next."""
        self.send("systemctl reboot\n")
        self.expect(r"(?i)reboot: Restarting system|reboot: machine restart|Rebooting", timeout)


@contextlib.contextmanager
def made_once(path):
    """Whoever comes second waits until the first has made it."""
    os.makedirs(os.path.dirname(path), exist_ok=True)
    with open(path + ".lock", "w", encoding="ascii") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield


def ready_for(firmware="bios", image=None):
    """A host that is up and logged in, kept with its memory: goes on in a second or two."""
    image = image or image_for()
    ready = image.replace(".qcow2", f".{firmware}.ready")
    with made_once(ready):
        if not os.path.exists(ready) or os.path.getmtime(ready) < os.path.getmtime(image):
            print(f"testhost: booting a {firmware} host once, to keep it ready", file=sys.stderr)
            machine = Host(image, overlay_dir("ready-" + os.path.basename(ready)), firmware=firmware)
            machine.start()
            machine.run("systemctl is-system-running --wait; sync", 120, check=False)
            machine.save_ready(ready)
    return ready


def overlay_dir(name):
    """build/testhost/run/NAME, emptied."""
    top = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
    path = os.path.join(top, "build", "testhost", "run", name)
    shutil.rmtree(path, ignore_errors=True)
    return path


def image_for(suite="bookworm", kernel="amd64", layout="plain", extra=""):
    """The image of a host, made when it is not there yet; it boots by BIOS and by UEFI."""
    here = os.path.dirname(os.path.abspath(__file__))
    name = "-".join([suite] + [x.replace("/", "-") for x in (kernel, layout) if x not in ("amd64", "plain")])
    name += f"-{zlib.crc32(extra.encode()):08x}" if extra else ""
    out = os.path.normpath(os.path.join(here, "..", "..", "build", "testhost", name + ".qcow2"))
    with made_once(out):
        if subprocess.run([os.path.join(here, "mkimage"), "--suite", suite, "--kernel", kernel, "--layout", layout,
                           "--with", extra, out], check=False, stdout=sys.stderr).returncode:
            raise HostError(f"the image of a host, {out}, could not be made; what was said is above")
    return out
