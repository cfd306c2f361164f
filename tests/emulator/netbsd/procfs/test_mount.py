"""Mounting a procfs: the arguments, what the mount is like, and its end."""

from __future__ import annotations

import pytest

from bsdproc.emulator.errno import (
    EBADF,
    EINVAL,
    EIO,
    EOPNOTSUPP,
    Refused,
)
from bsdproc.emulator.netbsd.procfs import types
from bsdproc.emulator.netbsd.procfs.mount import (
    ARGS,
    MNT_GETARGS,
    MNT_LOCAL,
    MNT_UPDATE,
    NAMEMAX,
    Procfs,
    ProcfsModule,
)

from .fake import Machine

GOOD = ARGS.pack(1, 1)
OTHER_VERSION = ARGS.pack(7, 0)


def refusal(machine: Machine, data: bytes | None, flags: int = 0,
            over: Procfs | None = None) -> int:
    with pytest.raises(Refused) as refused:
        machine.module.mount(machine.host.fs.clock, data, flags, over)
    return refused.value.errno


@pytest.mark.rule("netbsd-procfs_vfsops-1.112", "null-args")
@pytest.mark.rule("netbsd-procfs_vfsops-1.114", "null-args")
@pytest.mark.parametrize("flags", [0, MNT_GETARGS, MNT_UPDATE])
def test_no_arguments_come_first(machine: Machine, flags: int) -> None:
    assert refusal(machine, None, flags) == EINVAL


@pytest.mark.rule("netbsd-procfs_vfsops-1.112", "getargs", "getargs-short", "getargs-unmounted",
                  "getargs-first")
@pytest.mark.rule("netbsd-procfs_vfsops-1.114", "getargs", "getargs-short", "getargs-unmounted",
                  "getargs-first")
def test_getargs(machine: Machine) -> None:
    """7.99.4: 8 bytes, version 1 and the flags; four are too few."""
    def asked(data: bytes, over: Procfs, flags: int = 0) -> object:
        return machine.module.mount(machine.host.fs.clock, data, MNT_GETARGS | flags, over)

    assert asked(bytes(8), machine.procfs) == ARGS.pack(1, 1)
    assert asked(OTHER_VERSION + b"more", machine.procfs, MNT_UPDATE) == ARGS.pack(1, 1)
    assert asked(bytes(8), machine.mount("/mnt", 0)) == ARGS.pack(1, 0)
    assert refusal(machine, bytes(7), MNT_GETARGS, machine.procfs) == EINVAL
    assert refusal(machine, bytes(7), MNT_GETARGS) == EINVAL
    assert refusal(machine, bytes(8), MNT_GETARGS) == EIO


@pytest.mark.rule("netbsd-procfs_vfsops-1.112", "update")
@pytest.mark.rule("netbsd-procfs_vfsops-1.114", "update")
def test_there_is_no_update(machine: Machine) -> None:
    assert refusal(machine, GOOD, MNT_UPDATE, machine.procfs) == EOPNOTSUPP
    assert refusal(machine, OTHER_VERSION, MNT_UPDATE, machine.procfs) == EOPNOTSUPP


@pytest.mark.rule("netbsd-procfs_vfsops-1.112", "version", "short-args", "flags")
@pytest.mark.rule("netbsd-procfs_vfsops-1.114", "version", "short-args", "flags")
def test_version_and_flags(machine: Machine) -> None:
    assert refusal(machine, OTHER_VERSION) == EINVAL
    assert refusal(machine, ARGS.pack(0, 0)) == EINVAL
    for data, arguments in ((OTHER_VERSION[:4], 0), (b"", 0), (ARGS.pack(1, 3), 3), (GOOD, 1)):
        new = machine.module.mount(machine.host.fs.clock, data)
        assert isinstance(new, Procfs)
        assert new.arguments == arguments


@pytest.mark.rule("netbsd-procfs_vfsops-1.112", "flags-linux")
@pytest.mark.rule("netbsd-procfs_vfsops-1.114", "flags-linux")
def test_flags_decide_what_is_shown(machine: Machine) -> None:
    machine.target()
    machine.mount("/mnt", 0)
    linux = {entry.name for entry in machine.find("/proc").entries()}
    plain = {entry.name for entry in machine.find("/mnt").entries()}
    assert linux - plain == {"meminfo", "cpuinfo", "uptime", "mounts", "devices", "stat",
                             "loadavg", "version", "sysvipc", "sys"}
    assert plain == {"curproc", "self", "0", "1", "2", "21"}
    linux = {entry.name for entry in machine.find("/proc/21").entries()}
    plain = {entry.name for entry in machine.find("/mnt/21").entries()}
    assert linux - plain == {"stat", "statm", "task", "limits"}
    for name in ("meminfo", "sysvipc", "sys", "21/stat", "21/task"):
        assert machine.errno(f"/mnt/{name}") == 2
        assert machine.errno(f"/proc/{name}") == 0


@pytest.mark.rule("netbsd-procfs_vfsops-1.112", "namemax", "local", "fsid", "names", "root")
@pytest.mark.rule("netbsd-procfs_vfsops-1.114", "namemax", "local", "fsid", "names", "root")
def test_what_a_mount_is_like(machine: Machine) -> None:
    """7.99.4's first two had 0x1b01 and 0x1b02."""
    second = machine.mount("/mnt")
    assert NAMEMAX == 255
    assert machine.procfs.flags == MNT_LOCAL
    assert (machine.procfs.fsid, second.fsid) == (0x1B01, 0x1B02)
    assert (second.kind, second.source, second.on) == ("procfs", "procfs", "/mnt")
    root = second.root
    assert root is second.node(types.ROOT, 0)
    assert root.attributes().ino == 2


@pytest.mark.rule("netbsd-procfs_vfsops-1.112", "statvfs-sizes", "statvfs-files", "statvfs-free")
@pytest.mark.rule("netbsd-procfs_vfsops-1.114", "statvfs-sizes", "statvfs-files", "statvfs-free")
def test_statvfs(machine: Machine) -> None:
    assert tuple(machine.procfs.statistics()) == (4096, 1, 0, 1044, 1041)
    machine.target()
    assert machine.procfs.statistics().ffree == 1040


@pytest.mark.rule("netbsd-procfs_vfsops-1.112", "force", "unmounted")
@pytest.mark.rule("netbsd-procfs_vfsops-1.114", "force", "unmounted")
def test_a_forced_unmount_kills_what_is_open(machine: Machine) -> None:
    machine.target()
    second = machine.mount("/mnt")
    status, here = machine.open("/mnt/21/status"), machine.open("/proc/21/status")
    machine.module.unmounted(second, force=True)
    with pytest.raises(Refused) as refused:
        status.read_at(0, 100)
    assert refused.value.errno == EIO
    with pytest.raises(Refused) as refused:
        status.attributes()
    assert refused.value.errno == EBADF
    assert here.read_at(0, 4) == b"targ"
    assert second.nodes() == []


def test_an_unmount_lets_go_of_what_remembered_something(machine: Machine) -> None:
    machine.target()
    second = machine.mount("/mnt")
    machine.open("/mnt/21/mem", write=True)
    assert [node.type.key for node in second.nodes() if node.pid == 21] == ["mem"]
    machine.module.unmounted(second, force=False)
    assert [node for node in second.nodes() if node.pid == 21] == []


def test_mounts_stack(machine: Machine) -> None:
    machine.mount("/proc", 0)
    assert machine.errno("/proc/meminfo") == 2
    machine.host.fs.unmount("/proc")
    assert machine.errno("/proc/meminfo") == 0


def test_revisions_are_known() -> None:
    with pytest.raises(ValueError, match=r"1\.115.*1\.112, 1\.114"):
        ProcfsModule(Machine().host, "1.115")  # type: ignore[arg-type]
