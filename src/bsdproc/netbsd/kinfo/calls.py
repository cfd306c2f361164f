"""The sysctls that list processes, LWPs, files and mappings, and what a process was given."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from bsdproc.kernel import errors
from bsdproc.netbsd import _call, _check
from bsdproc.netbsd.constants.kinfo import KernFile, KernProc, ProcArgs, Sysctl, TtyFilter
from bsdproc.netbsd.kinfo.file import KinfoFile
from bsdproc.netbsd.kinfo.lwp import KinfoLwp
from bsdproc.netbsd.kinfo.proc import KinfoProc
from bsdproc.netbsd.kinfo.tables import table
from bsdproc.netbsd.kinfo.vm import KinfoVmentry
from bsdproc.typed import check
from bsdproc.typed.records import Malformed
from bsdproc.typed.texts import ended_strings, string

if TYPE_CHECKING:
    from bsdproc.kernel.port import Kernel

_PROC2: Final = (int(Sysctl.CTL_KERN), int(Sysctl.KERN_PROC2))
_LWP: Final = (int(Sysctl.CTL_KERN), int(Sysctl.KERN_LWP))
_FILE2: Final = (int(Sysctl.CTL_KERN), int(Sysctl.KERN_FILE2))
_ARGS: Final = (int(Sysctl.CTL_KERN), int(Sysctl.KERN_PROC_ARGS))
_MAP: Final = (int(Sysctl.CTL_VM), int(Sysctl.VM_PROC), int(Sysctl.VM_PROC_MAP))
_EVERY: Final = -1


# -- lists ------------------------------------------------------------------------------


def processes(
    *,
    pgrp: int | None = None,
    session: int | None = None,
    tty: int | TtyFilter | None = None,
    uid: int | None = None,
    ruid: int | None = None,
    gid: int | None = None,
    rgid: int | None = None,
    kernel: Kernel | None = None,
) -> list[KinfoProc]:
    """kern.proc2: all processes that the caller can see, or those that one filter picks.

    KERN_PROC_ALL; KERN_PROC_PGRP, KERN_PROC_SESSION, KERN_PROC_TTY (a device number,
    or KERN_PROC_TTY_NODEV, KERN_PROC_TTY_REVOKE), KERN_PROC_UID and KERN_PROC_RUID
    (effective and real user), KERN_PROC_GID and KERN_PROC_RGID (effective and real
    group).  Zombies are among them.  `ValueError` for two filters.  sysctl(3).
    """
    kernel = _call.netbsd(kernel)
    name, value = check.one_filter({
        KernProc.KERN_PROC_PGRP: pgrp,
        KernProc.KERN_PROC_SESSION: session,
        KernProc.KERN_PROC_TTY: tty,
        KernProc.KERN_PROC_UID: uid,
        KernProc.KERN_PROC_RUID: ruid,
        KernProc.KERN_PROC_GID: gid,
        KernProc.KERN_PROC_RGID: rgid,
    }) or (KernProc.KERN_PROC_ALL, 0)
    if isinstance(value, TtyFilter):
        value = value.value - (1 << 64)     # a mib's numbers are ints
    return _processes(kernel, name, _check.signed(value, 32, name.name), None)


def process(pid: int | None = None, *, kernel: Kernel | None = None) -> KinfoProc:
    """kern.proc2 with KERN_PROC_PID: one process.

    `ProcessLookupError` for one that is not there or not visible; the kernel answers
    that with an empty list.  sysctl(3)."""
    kernel = _call.netbsd(kernel)
    pid = check.own(kernel, pid)
    found = _processes(kernel, KernProc.KERN_PROC_PID, pid, pid)
    if not found:
        raise errors.from_name("netbsd", "ESRCH", call="sysctl", request="KERN_PROC_PID",
                               target=pid)
    return found[0]


def _processes(kernel: Kernel, name: KernProc, value: int, target: int | None
               ) -> list[KinfoProc]:
    def mib(size: int, count: int) -> tuple[int, ...]:
        return (*_PROC2, int(name), value, size, count)

    return table(kernel, KinfoProc, mib, name.name, target)


def lwps(pid: int | None = None, *, kernel: Kernel | None = None) -> list[KinfoLwp]:
    """kern.lwp: the LWPs of a process.

    `ProcessLookupError` (ESRCH) for one that is not there.  sysctl(3)."""
    kernel = _call.netbsd(kernel)
    return _lwps(kernel, check.own(kernel, pid))


def all_lwps(*, kernel: Kernel | None = None) -> list[KinfoLwp]:
    """kern.lwp with pid -1: the LWPs of every process that the caller can see.  sysctl(3)."""
    return _lwps(_call.netbsd(kernel), _EVERY)


def _lwps(kernel: Kernel, pid: int) -> list[KinfoLwp]:
    def mib(size: int, count: int) -> tuple[int, ...]:
        return (*_LWP, pid, size, count)

    return table(kernel, KinfoLwp, mib, "KERN_LWP", None if pid == _EVERY else pid)


def files(pid: int | None = None, *, kernel: Kernel | None = None) -> list[KinfoFile]:
    """kern.file2 with KERN_FILE_BYPID: a process's descriptors.  sysctl(3)."""
    kernel = _call.netbsd(kernel)
    return _files(kernel, KernFile.KERN_FILE_BYPID, check.own(kernel, pid))


def all_files(*, kernel: Kernel | None = None) -> list[KinfoFile]:
    """kern.file2 with KERN_FILE_BYFILE: every open file, once.  sysctl(3)."""
    return _files(_call.netbsd(kernel), KernFile.KERN_FILE_BYFILE, 0)


def _files(kernel: Kernel, name: KernFile, value: int) -> list[KinfoFile]:
    def mib(size: int, count: int) -> tuple[int, ...]:
        return (*_FILE2, int(name), value, size, count)

    return table(kernel, KinfoFile, mib, name.name, value or None)


def vmmap(pid: int | None = None, *, kernel: Kernel | None = None) -> list[KinfoVmentry]:
    """vm.proc.map: the mappings of a process, by rising address.

    VM_PROC_MAP.  `PermissionError` for a process that the caller may not look into.  sysctl(3)."""
    kernel = _call.netbsd(kernel)
    pid = check.own(kernel, pid)

    def mib(size: int, count: int) -> tuple[int, ...]:
        return (*_MAP, pid, size)

    return table(kernel, KinfoVmentry, mib, "VM_PROC_MAP", pid)


# -- what a process was given -------------------------------------------------------------


def _args(kernel: Kernel | None, name: ProcArgs, pid: int | None) -> tuple[Kernel, bytes]:
    kernel = _call.netbsd(kernel)
    pid = check.own(kernel, pid)
    return kernel, _call.sysctl(kernel, (*_ARGS, pid, int(name)), name.name, pid)


def _count(kernel: Kernel | None, name: ProcArgs, pid: int | None) -> int:
    kernel, data = _args(kernel, name, pid)
    if len(data) != 4:
        raise Malformed(f"{name.name} gives 4 bytes, not {len(data)}")
    return int.from_bytes(data, kernel.target.byteorder, signed=True)


def argv(pid: int | None = None, *, kernel: Kernel | None = None) -> tuple[str, ...]:
    """KERN_PROC_ARGV: a process's arguments as they stand in its memory; a title that it
    has set is among them.

    `KernelError` (EINVAL) for a kernel process, a zombie and a pid that is not there.
    sysctl(3)."""
    return ended_strings(_args(kernel, ProcArgs.KERN_PROC_ARGV, pid)[1])


def nargv(pid: int | None = None, *, kernel: Kernel | None = None) -> int:
    """KERN_PROC_NARGV: how many arguments a process has.  sysctl(3)."""
    return _count(kernel, ProcArgs.KERN_PROC_NARGV, pid)


def env(pid: int | None = None, *, kernel: Kernel | None = None) -> tuple[str, ...]:
    """KERN_PROC_ENV: a process's environment as it stands in its memory: "NAME=value".

    `PermissionError` for another user's process.  sysctl(3)."""
    return ended_strings(_args(kernel, ProcArgs.KERN_PROC_ENV, pid)[1])


def nenv(pid: int | None = None, *, kernel: Kernel | None = None) -> int:
    """KERN_PROC_NENV: how many strings a process's environment has.

    `PermissionError` for another user's process.  sysctl(3)."""
    return _count(kernel, ProcArgs.KERN_PROC_NENV, pid)


def pathname(pid: int | None = None, *, kernel: Kernel | None = None) -> str:
    """KERN_PROC_PATHNAME: the file of a process's program.

    `FileNotFoundError` (ENOENT) where it has none, `TooOld` before NetBSD 8.  sysctl(3)."""
    return string(_args(kernel, ProcArgs.KERN_PROC_PATHNAME, pid)[1])


def cwd(pid: int | None = None, *, kernel: Kernel | None = None) -> str:
    """KERN_PROC_CWD: a process's working directory.

    `TooOld` before NetBSD 9.  sysctl(3)."""
    return string(_args(kernel, ProcArgs.KERN_PROC_CWD, pid)[1])
