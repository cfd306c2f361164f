"""A random walk over nodes, processes and mounts: only refusals, and what is dead stays dead."""

from __future__ import annotations

import random
from collections.abc import Callable

import pytest

from bsdproc.emulator import NetBSD
from bsdproc.emulator.netbsd.procfs import types
from bsdproc.emulator.netbsd.procfs.mount import Revision
from bsdproc.kernel import KernelError

from . import remote
from .remote import DATA

NAMES = (*(type.name for type in types.IN_PROCESS), "fd/0", "fd/1", "fd/3", ".", "..", "nothing")
ROOT = (*(type.name for type in types.IN_ROOT if type.inside == "root"), "sysvipc/msg", "curproc",
        "self")
FLAGS = (0, 0, 1, 2, 0x802, 0x402, 0x202)
OFFSETS = (0, 1, 8, 208, 209, remote.TEXT, DATA + 0x800, DATA + 0x1FF0, 0x7F7FF8000000,
           0x7F7FFFFFF000, 0x7F7FFFFFFFFF, 0x7F8000000000, 1 << 62)
SIZES = (0, 1, 7, 64, 65, 512, 70000)
STEPS = 400


class Walk:
    """A kernel, what was started in it, and what is open."""

    def __init__(self, kernel: NetBSD, seed: int) -> None:
        self.kernel, self.random = kernel, random.Random(seed)
        self.pids: list[int] = []
        self.fds: list[int] = []
        self.dead: set[int] = set()
        self.refused = 0

    def start(self) -> None:
        if len(self.pids) < 4:
            path = self.random.choice(("/tmp/target", "/tmp/setuid"))
            self.pids.append(self.kernel.spawn(path, ["x"], uid=self.random.choice((None, 1000))))

    def signal(self) -> None:
        self.kernel.kill(self.random.choice(self.pids), self.random.choice((9, 10, 17, 19)))

    def collect(self) -> None:
        self.kernel.wait4(-1, 1)

    def settle(self) -> None:
        self.kernel.settle(0.00002)

    def _path(self) -> str:
        if self.random.random() < 0.2:
            return f"/proc/{self.random.choice(ROOT)}"
        pid = self.random.choice((*self.pids, 0, 1, self.kernel.getpid(), 4711))
        return f"/proc/{pid}/{self.random.choice(NAMES)}"

    def open(self) -> None:
        self.fds.append(self.kernel.open(self._path(), self.random.choice(FLAGS)))

    def close(self) -> None:
        fd = self.fds.pop(self.random.randrange(len(self.fds)))
        self.dead.discard(fd)
        self.kernel.close(fd)

    def read(self) -> None:
        fd, at = self.random.choice(self.fds), self.random.choice(OFFSETS)
        try:
            self.kernel.pread(fd, self.random.choice(SIZES[1:]), at)
        except KernelError as error:
            if error.name == "EIO":
                self.dead.add(fd)
            raise
        assert fd not in self.dead

    def write(self) -> None:
        self.kernel.pwrite(self.random.choice(self.fds), bytes(self.random.choice(SIZES)),
                           self.random.choice(OFFSETS))

    def look(self) -> None:
        self.random.choice((self.kernel.lstat, self.kernel.readlink, self.kernel.listdir))(
            self._path())

    def mount(self) -> None:
        self.kernel.mount("procfs", "/mnt", 0, self.kernel.buffer(b"\1\0\0\0\1\0\0\0"), 8)

    def unmount(self) -> None:
        self.kernel.unmount("/mnt", self.random.choice((0, 0x80000)))

    def step(self) -> None:
        actions: tuple[Callable[[], object], ...] = (
            self.start, self.signal, self.collect, self.settle, self.open, self.open, self.close,
            self.read, self.read, self.write, self.look, self.mount, self.unmount)
        action = self.random.choice(actions)
        if (not self.fds and action in (self.close, self.read, self.write)) or (
                not self.pids and action == self.signal):
            return
        try:
            action()
        except KernelError:
            self.refused += 1


@pytest.mark.parametrize("seed", range(2))
def test_a_walk(revision: Revision, seed: int) -> None:
    with NetBSD(procfs_revision=revision) as kernel:
        kernel.install("/tmp/target", remote.program())
        kernel.install("/tmp/setuid", remote.program(), 0o4755)
        walk = Walk(kernel, seed)
        for _ in range(STEPS):
            walk.step()
        assert STEPS - walk.refused > STEPS // 4
        for fd in walk.fds:
            kernel.close(fd)
        while kernel.statvfs("/mnt").mounted_on == "/mnt":
            kernel.unmount("/mnt")
        kernel.unmount("/proc")
        assert kernel.listdir("/proc") == []
