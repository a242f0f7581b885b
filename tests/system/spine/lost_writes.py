# SPDX-License-Identifier: MIT
"""A disk as it is after the plug was pulled: what was flushed is there; of what came after that, some writes are
there and others are not, in no order.

QEMU notes every write and flush of a host (Host(record=True)); Disk plays them onto the image that the host started
from, up to any of them.  Then the disk is looked at with two pairs of eyes: GRUB's, which reads without the file
system's journal (grub-fstest is GRUB's own code), and Linux', after the journal is played back.  A second makes
a moment, so that hundreds can be tried; that such a disk boots is the business of the case "plug".
"""

import collections
import contextlib
import os
import re
import shutil
import struct
import subprocess
import tempfile

Write = collections.namedtuple("Write", "where start length flush")
FLUSH, FUA, DISCARD = 1, 2, 4
ROOT_OFFSET = 66 << 20  # of the file system in mkimage's plain layout
ROOT_IN_GRUB = "(loop0,gpt3)"
CONFIGURATION, ENVIRONMENT = "/boot/grub/grub.cfg", "/boot/grub/grubenv"
UNFINISHED = "/var/lib/xen/unfinished"
JOURNAL, MANIFEST = "/var/lib/xen/install/journal", "/var/lib/xen/install/manifest"
DATABASE = ["/root/.rpmdb/rpmdb.sqlite", "/root/.rpmdb/rpmdb.sqlite-wal"]  # Debian's place for rpm's


def read_log(path):
    """The writes in a log of QEMU's blklogwrites; where and length in bytes, start: where the data is in the log."""
    writes = []
    with open(path, "rb") as log:
        size = os.fstat(log.fileno()).st_size
        sector = struct.unpack("<QQQI", log.read(28))[3]
        at = sector
        while at + sector <= size:
            log.seek(at)
            where, count, flags, _ = struct.unpack("<QQQQ", log.read(32))
            data = 0 if flags & DISCARD else count * sector
            if at + sector + data > size or not (count or flags):
                break
            writes.append(Write(where * sector, at + sector, data, bool(flags & (FLUSH | FUA))))
            at += sector + data
    return writes


def files_of(tree, version):
    """What the package consists of, links aside."""
    listed = subprocess.run([os.path.join(tree, "packaging", "list-files"), "main"], capture_output=True, text=True,
                            check=True).stdout
    rows = [line.split() for line in listed.splitlines()]
    return {re.sub(r"/xen-[0-9.]+\.gz", f"/xen-{version}.gz", where)
            for _, kind, _, where, *_ in rows if kind in ("file", "config")}


class Disk:
    """An image onto which writes are played, forwards only; folder is its place to work."""

    def __init__(self, image, log, folder, kernel, paths):
        os.makedirs(folder, exist_ok=True)
        self.path, self.folder = os.path.join(folder, "disk.raw"), folder
        self.booted = [CONFIGURATION, ENVIRONMENT, f"/boot/vmlinuz-{kernel}", f"/boot/initrd.img-{kernel}"]
        self.paths = sorted(paths)
        subprocess.run(["qemu-img", "convert", "-O", "raw", image, self.path], check=True)
        self.log, self.writes, self.done = open(log, "rb"), read_log(log), 0
        self.file = open(self.path, "r+b", buffering=0)

    def close(self):
        self.file.close()
        self.log.close()
        shutil.rmtree(self.folder)

    # --- the writes

    def _write(self, write):
        self.log.seek(write.start)
        os.pwrite(self.file.fileno(), self.log.read(write.length), write.where)

    def play(self, until):
        """All writes before number until."""
        for write in self.writes[self.done:until]:
            self._write(write)
        self.done = max(self.done, until)

    @contextlib.contextmanager
    def _with(self, writes):
        """These writes are on the disk, for a while."""
        before = []
        for write in writes:
            before.append((os.pread(self.file.fileno(), write.length, write.where), write.where))
            self._write(write)
        yield
        for data, where in reversed(before):
            os.pwrite(self.file.fileno(), data, where)

    def cut(self, at, dice):
        """For a while the disk is as if the plug had been pulled before write number at."""
        self.play(max((i + 1 for i in range(self.done, at) if self.writes[i].flush), default=self.done))
        share = dice.choice((0, 0.5, 0.9, 1))
        return self._with([w for w in self.writes[self.done:at] if dice.random() < share])

    def at(self, number):
        """What Linux would see after all writes before this one."""
        with self._with(self.writes[self.done:number]):
            return self.seen_by_linux()

    # --- two pairs of eyes: {path: contents}, without the paths that are not there

    def seen_by_grub(self, paths):
        seen = {}
        for path in paths:
            run = subprocess.run(["grub-fstest", self.path, "cat", ROOT_IN_GRUB + path], capture_output=True,
                                 check=False)
            if not run.returncode and b"error:" not in run.stderr:
                seen[path] = run.stdout
        return seen

    def seen_by_linux(self):
        paths = self.booted + DATABASE + [UNFINISHED, JOURNAL, MANIFEST] + self.paths
        seen = {}
        with tempfile.TemporaryDirectory(dir=self.folder) as work:
            copy = os.path.join(work, "copy")
            subprocess.run(["cp", "--sparse=always", self.path, copy], check=True)
            subprocess.run(["e2fsck", "-E", "journal_only", "-y", f"{copy}?offset={ROOT_OFFSET}"], capture_output=True,
                           check=False)
            wanted = "".join(f"dump {path} {work}/{number}\n" for number, path in enumerate(paths))
            subprocess.run(["debugfs", f"{copy}?offset={ROOT_OFFSET}"], input=wanted.encode(), capture_output=True,
                           check=True)
            for number, path in enumerate(paths):
                with contextlib.suppress(FileNotFoundError), open(os.path.join(work, str(number)), "rb") as f:
                    seen[path] = f.read()
        return seen


def packages_in(seen):
    """What rpm would say is installed, had it this database."""
    with tempfile.TemporaryDirectory() as work:
        for path in DATABASE:
            if seen.get(path):
                with open(os.path.join(work, os.path.basename(path)), "wb") as f:
                    f.write(seen[path])
        query = subprocess.run(["rpm", "--dbpath", work, "-qa"], capture_output=True, text=True, check=False)
    return "broken: " + query.stderr if "error:" in query.stderr else query.stdout


def in_turn(environment):
    """Whether GRUB would take our entry by itself."""
    return b"xen_boot=trial" in environment or b"xen_boot=good" in environment


def wrong_for_grub(disk, before, after):
    seen = disk.seen_by_grub(disk.booted)
    for path in disk.booted:
        if seen.get(path) not in (before[path], after[path]):
            return f"GRUB sees a {path} that is neither the old nor the new one"
    if in_turn(seen[ENVIRONMENT]):
        image = re.search(rb"multiboot2 (/boot/\S+)", seen[CONFIGURATION])
        if not image:
            return "GRUB is to take an entry that is not there"
        path = image.group(1).decode()
        if disk.seen_by_grub([path]).get(path) not in (before.get(path, b""), after.get(path, b"")):
            return f"GRUB would boot a {path} that is not whole"
    return None


def what_is_wrong(disk, before, after):
    """Why this disk boots neither what it did before nor the finished new thing, or running again does not help."""
    wrong = wrong_for_grub(disk, before, after)
    if wrong:
        return wrong
    seen = disk.seen_by_linux()
    for path in disk.booted:
        if seen.get(path) not in (before[path], after[path]):
            return f"Linux sees a {path} that is neither the old nor the new one"
    torn = [p for p in disk.paths if seen.get(p) not in (None, before.get(p), after.get(p))]
    if torn:
        return f"these files are neither the old nor the new ones: {torn}"
    not_new = [p for p in disk.paths if seen.get(p) != after.get(p)]
    if not_new and in_turn(seen[ENVIRONMENT]) and not in_turn(before[ENVIRONMENT]):
        return f"the new thing is in turn, and these of its files are not whole: {not_new}"
    if packages_in(before) == packages_in(after):
        return wrong_for_tarball(disk, seen, before) if not_new else None
    return wrong_for_rpm(seen, before, after, not_new)


def wrong_for_tarball(disk, seen, before):
    known = seen.get(JOURNAL, b"").decode().split()
    unknown = [p for p in disk.paths if seen.get(p) != before.get(p) and p not in known]
    return f"the next run of install.sh will not know of {unknown}" if unknown and MANIFEST not in seen else None


def wrong_for_rpm(seen, before, after, not_new):
    packages, target = packages_in(seen), packages_in(after)
    if "broken" in packages:
        # the one that rpm makes at its first call may be, until the first scriptlet has flushed it: xen(7) says what to
        # do
        return None if UNFINISHED not in seen and not packages_in(before) else "rpm's database is " + packages
    if packages == target:
        if not_new:
            return f"rpm takes its work for done, and these files are not as they should be: {not_new}"
        if target and seen[CONFIGURATION] != after[CONFIGURATION] and UNFINISHED not in seen:
            return "rpm takes its work for done, and nothing tells the next boot to complete it"
    elif len(packages.split()) > 1 and UNFINISHED not in seen:
        return "rpm has two versions in its database, and nothing tells the next boot to take out the old one"
    return None
