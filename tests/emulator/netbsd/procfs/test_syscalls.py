"""mount(2), unmount(2) and statvfs(2) around procfs: the order of their checks."""

from __future__ import annotations

from collections.abc import Callable
from types import SimpleNamespace
from typing import cast

import pytest

from bsdproc.emulator.bsd.state import Thread
from bsdproc.emulator.errno import (
    EBUSY,
    EFAULT,
    EINVAL,
    ENODEV,
    ENOENT,
    ENOTDIR,
    EOPNOTSUPP,
    EPERM,
    Refused,
)
from bsdproc.emulator.netbsd import mounts
from bsdproc.emulator.netbsd.mounts import MNT_EXPORTED, MNT_FORCE, MNT_RELOAD
from bsdproc.emulator.netbsd.procfs.mount import ARGS, MNT_GETARGS, MNT_UPDATE
from bsdproc.emulator.netbsd.system import System

from .fake import Cred, Machine

MNT_RDONLY, MNT_NOATIME, MNT_SYMPERM = 0x1, 0x4000000, 0x20000000
AT = 0x1000


class Caller:
    """A caller's system calls on a machine of the tests' own."""

    def __init__(self, machine: Machine) -> None:
        self.machine = machine
        self.memory: dict[int, bytes] = {AT: ARGS.pack(1, 1)}
        self.notes: list[str] = []
        self.proc = SimpleNamespace(cred=Cred(), cwd="/", root="/",
                                    files=SimpleNamespace(slots={}))
        machine.host.fs.mounts[0].kind, machine.host.fs.mounts[0].fsid = "ffs", 0
        machine.host.fs.mounts[0].flags = 0x5000
        machine.host.fs.mounts[0].source = "/dev/wd0a"
        self.system = cast("System", SimpleNamespace(
            vfs=machine.host.fs, procfs=machine.module, procs={2: self.proc},
            note=self.notes.append))
        self.td = cast("Thread", SimpleNamespace(proc=self.proc))

    def copyin(self, address: int, size: int) -> bytes:
        if address not in self.memory or len(self.memory[address]) < size:
            raise Refused(EFAULT)
        return self.memory[address][:size]

    def copyout(self, address: int, data: bytes) -> None:
        self.memory[address] = data

    def mount(self, path: str, flags: int = 0, address: int = AT, size: int = 8,
              fstype: str = "procfs") -> int:
        return mounts.mount(self.system, self.td, self, fstype, path, flags, address, size)

    def unmount(self, path: str, flags: int = 0) -> None:
        mounts.unmount(self.system, self.td, path, flags)


@pytest.fixture
def caller(machine: Machine) -> Caller:
    return Caller(machine)


def errno(call: Callable[..., object], *arguments: object, **named: object) -> int:
    with pytest.raises(Refused) as refused:
        call(*arguments, **named)
    return refused.value.errno


def test_mount(caller: Caller) -> None:
    """7.99.4: with short arguments and none, stacked, and with flags of all file systems."""
    for flags, size in ((0, 8), (0, 4), (0, 0), (MNT_SYMPERM, 8), (MNT_NOATIME, 8)):
        assert caller.mount("/mnt", flags, size=size) == 0
        found = mounts.statvfs(caller.system, caller.td, "/mnt")
        assert found.flags == 0x1000 | flags
        caller.unmount("/mnt")
    assert errno(caller.unmount, "/mnt") == EINVAL
    caller.memory[AT] = ARGS.pack(7, 0)
    assert errno(caller.mount, "/mnt") == EINVAL
    assert caller.mount("/mnt", size=4) == 0
    assert errno(caller.mount, "/mnt", address=0) == EINVAL
    assert errno(caller.mount, "/mnt", address=0x9999) == EFAULT
    assert errno(caller.mount, "/mnt", size=8193) == EINVAL


def test_what_comes_before_the_file_system_is_asked(caller: Caller) -> None:
    assert errno(caller.mount, "/none") == ENOENT
    assert errno(caller.mount, "/mnt", fstype="procfs2") == ENODEV
    assert caller.notes == []
    assert errno(caller.mount, "/mnt", fstype="tmpfs") == ENODEV
    assert "tmpfs" in caller.notes[0]
    assert errno(caller.mount, "/bin/sh") == ENOTDIR
    assert errno(caller.mount, "/mnt", MNT_EXPORTED) == EINVAL
    assert errno(caller.mount, "/etc", MNT_UPDATE) == EINVAL
    assert errno(caller.mount, "/proc", MNT_UPDATE) == EOPNOTSUPP
    assert errno(caller.mount, "/proc", MNT_UPDATE, fstype="whatever") == EOPNOTSUPP
    assert errno(caller.mount, "/proc", MNT_UPDATE, address=0) == EINVAL
    assert errno(caller.mount, "/proc", MNT_UPDATE | MNT_RELOAD, address=0) == EOPNOTSUPP
    assert errno(caller.mount, "/", MNT_UPDATE) == EOPNOTSUPP
    caller.proc.cred = Cred(1000, 1000, 1000)
    assert errno(caller.mount, "/mnt") == EPERM
    assert errno(caller.mount, "/proc", MNT_UPDATE) == EPERM
    assert errno(caller.unmount, "/proc") == EPERM


def test_getargs(caller: Caller) -> None:
    caller.memory[AT] = bytes(8)
    caller.proc.cred = Cred(1000, 1000, 1000)
    assert caller.mount("/proc", MNT_GETARGS) == 8
    assert caller.memory[AT] == ARGS.pack(1, 1)
    assert caller.mount("/", MNT_GETARGS) == 8
    assert caller.memory[AT] == bytes(8)
    assert errno(caller.mount, "/proc", MNT_GETARGS, size=4) == EINVAL
    assert errno(caller.mount, "/proc", MNT_GETARGS, address=0) == EINVAL
    assert errno(caller.mount, "/proc", MNT_GETARGS | MNT_UPDATE) == EINVAL
    assert errno(caller.mount, "/etc", MNT_GETARGS) == EINVAL


@pytest.mark.rule("netbsd-procfs_vfsops-1.112", "busy")
@pytest.mark.rule("netbsd-procfs_vfsops-1.114", "busy")
def test_unmount(caller: Caller) -> None:
    caller.mount("/mnt")
    node = caller.machine.find("/mnt/1/status")
    caller.proc.files.slots[3] = SimpleNamespace(file=SimpleNamespace(vnode=node))
    hooks = len(caller.machine.module.exec_hooks)
    assert errno(caller.unmount, "/mnt") == EBUSY
    assert len(caller.machine.module.exec_hooks) == hooks
    caller.unmount("/mnt", MNT_FORCE)
    assert caller.machine.module.exec_hooks == caller.machine.module.exec_hooks[:1]
    with pytest.raises(Refused):
        node.read_at(0, 8)
    assert errno(caller.unmount, "/etc") == EINVAL
    assert errno(caller.unmount, "/") == EINVAL
    caller.proc.cwd = "/proc/1"
    assert errno(caller.unmount, "/proc") == EBUSY
    caller.proc.cwd, caller.proc.files.slots = "/", {}
    caller.mount("/proc/1")
    assert errno(caller.unmount, "/proc", MNT_FORCE) == EBUSY


def test_statvfs(caller: Caller) -> None:
    caller.mount("/mnt", MNT_RDONLY)
    found = mounts.statvfs(caller.system, caller.td, "/mnt/1/status")
    assert (found.bsize, found.frsize, found.iosize) == (4096, 4096, 4096)
    assert (found.blocks, found.bfree, found.bavail, found.files, found.ffree) == (
        1, 0, 0, 1044, 1041)
    assert (found.namemax, found.flags, found.owner) == (255, 0x1001, 0)
    assert found.fsid == (0x1B02, 0x1AE1B)
    assert (found.fstype, found.mounted_from, found.mounted_on) == ("procfs", "procfs", "/mnt")
    root = mounts.statvfs(caller.system, caller.td, "/etc")
    assert (root.fstype, root.mounted_from, root.mounted_on) == ("ffs", "/dev/wd0a", "/")
    assert (root.bsize, root.frsize, root.flags) == (16384, 2048, 0x5000)
