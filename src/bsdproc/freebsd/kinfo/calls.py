"""The functions of kern.proc."""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import suppress
from typing import TYPE_CHECKING, Final

from bsdproc.freebsd import _call, _check
from bsdproc.freebsd import auxv as vector
from bsdproc.freebsd.constants.kinfo import KernProc, Limit, LimitValue, Sysctl
from bsdproc.freebsd.kinfo.file import KinfoFile, KinfoOfile
from bsdproc.freebsd.kinfo.misc import (
    KinfoKnote,
    KinfoKstack,
    KinfoSigtramp,
)
from bsdproc.freebsd.kinfo.proc import KinfoProc
from bsdproc.freebsd.kinfo.vm import KinfoOvmentry, KinfoVmentry, KinfoVmLayout
from bsdproc.kernel import errors
from bsdproc.kernel.errors import KernelError
from bsdproc.typed import check
from bsdproc.typed.enums import known
from bsdproc.typed.limits import Rlimit
from bsdproc.typed.records import Malformed
from bsdproc.typed.texts import encoded, string, strings

if TYPE_CHECKING:
    from bsdproc.kernel.port import Kernel

_ROOT: Final = (int(Sysctl.CTL_KERN), int(Sysctl.KERN_PROC))
_THREADS: Final = KernProc.KERN_PROC_INC_THREAD
_NO_PROGRAM: Final = b"null\0"
"""KERN_PROC_SV_NAME of the kernel's own processes."""
_INFINITY: Final = LimitValue.RLIM_INFINITY.value


def _sysctl(
    kernel: Kernel,
    name: KernProc,
    *arguments: int,
    threads: bool = False,
    new: bytes | None = None,
    target: int | None = None,
) -> bytes:
    """kern.proc.`name` with these arguments."""
    kind = name | _THREADS if threads else name
    mib = (*_ROOT, int(kind), *map(int, arguments))
    return _call.sysctl(kernel, mib, name.name, target, new=new)


def _of(kernel: Kernel | None, name: KernProc, pid: int | None, *more: int) -> tuple[Kernel, bytes]:
    """The kernel that is meant, and its answer about a process."""
    kernel = _call.freebsd(kernel)
    pid = check.own(kernel, pid)
    return kernel, _sysctl(kernel, name, pid, *more, target=pid)


def _number(kernel: Kernel, data: bytes, size: int, *, signed: bool = False) -> int:
    """A number of that many bytes."""
    if len(data) != size:
        raise Malformed(f"a number of {size} bytes was expected, not {len(data)}")
    return int.from_bytes(data, kernel.target.byteorder, signed=signed)


def _numbers(kernel: Kernel, data: bytes, size: int, what: str, *,
             signed: bool = False) -> tuple[int, ...]:
    """Numbers of that many bytes each; `what` is their C type."""
    if len(data) % size:
        raise Malformed(f"{len(data)} bytes are no whole number of {what}")
    order = kernel.target.byteorder
    return tuple(int.from_bytes(data[at : at + size], order, signed=signed)
                 for at in range(0, len(data), size))


# -- lists of processes ---------------------------------------------------------------

def processes(
    *,
    pgrp: int | None = None,
    session: int | None = None,
    tty: int | None = None,
    uid: int | None = None,
    ruid: int | None = None,
    gid: int | None = None,
    rgid: int | None = None,
    threads: bool = False,
    kernel: Kernel | None = None,
) -> list[KinfoProc]:
    """All processes that the caller can see, or those that one filter picks.

    KERN_PROC_PROC; KERN_PROC_PGRP, KERN_PROC_SESSION, KERN_PROC_TTY (a device
    number), KERN_PROC_UID and KERN_PROC_RUID (effective and real user),
    KERN_PROC_GID and KERN_PROC_RGID (groups of the credential, real group).

    With `threads` there is a record for each thread (KERN_PROC_INC_THREAD;
    KERN_PROC_ALL when nothing is picked).  `ValueError` for two filters.  sysctl(3).
    """
    kernel = _call.freebsd(kernel)
    chosen = check.one_filter({
        KernProc.KERN_PROC_PGRP: pgrp,
        KernProc.KERN_PROC_SESSION: session,
        KernProc.KERN_PROC_TTY: tty,
        KernProc.KERN_PROC_UID: uid,
        KernProc.KERN_PROC_RUID: ruid,
        KernProc.KERN_PROC_GID: gid,
        KernProc.KERN_PROC_RGID: rgid,
    })
    if chosen is not None:
        name, value = chosen
        data = _sysctl(kernel, name, _check.signed(value, 32, name.name), threads=threads)
    elif threads:
        data = _sysctl(kernel, KernProc.KERN_PROC_ALL)
    else:
        data = _sysctl(kernel, KernProc.KERN_PROC_PROC)
    return KinfoProc.sized(kernel.target.machine, data)


def process(pid: int | None = None, *, kernel: Kernel | None = None) -> KinfoProc:
    """KERN_PROC_PID: one process, also by the id of one of its threads.

    `ProcessLookupError` (ESRCH) for a process that is not there, or not visible.  sysctl(3)."""
    return _process(kernel, pid, threads=False)[0]


def threads(pid: int | None = None, *, kernel: Kernel | None = None) -> list[KinfoProc]:
    """KERN_PROC_PID with KERN_PROC_INC_THREAD: a record for each thread of a process.

    `ProcessLookupError` (ESRCH) for a process that is not there, or not visible.  sysctl(3)."""
    return _process(kernel, pid, threads=True)


def _process(kernel: Kernel | None, pid: int | None, *, threads: bool) -> list[KinfoProc]:
    kernel = _call.freebsd(kernel)
    pid = check.own(kernel, pid)
    data = _sysctl(kernel, KernProc.KERN_PROC_PID, pid, threads=threads, target=pid)
    found = KinfoProc.sized(kernel.target.machine, data)
    if not found:
        raise errors.from_name("freebsd", "ESRCH", call="sysctl", request="KERN_PROC_PID",
                               target=pid)
    return found


# -- strings ----------------------------------------------------------------------------


def args(pid: int | None = None, *, kernel: Kernel | None = None) -> tuple[str, ...]:
    """KERN_PROC_ARGS: a process's arguments, or the title that it has set.

    `ProcessLookupError` (ESRCH) for a process that is not there, or not visible.  sysctl(3)."""
    return strings(_of(kernel, KernProc.KERN_PROC_ARGS, pid)[1])


def set_args(title: Sequence[str] | None, *, kernel: Kernel | None = None) -> None:
    """KERN_PROC_ARGS: set the caller's title; None brings the real arguments back.

    `KernelError` (ENOMEM) for more than kern.ps_arg_cache_limit bytes.  Another
    process's cannot be set.  sysctl(3)."""
    kernel = _call.freebsd(kernel)
    if isinstance(title, str):
        raise TypeError("title must be a sequence of strings, not one")
    new = b"".join(encoded(word) + b"\0" for word in title or ())
    pid = kernel.getpid()
    _sysctl(kernel, KernProc.KERN_PROC_ARGS, pid, new=new, target=pid)


def env(pid: int | None = None, *, kernel: Kernel | None = None) -> tuple[str, ...]:
    """KERN_PROC_ENV: the environment that a process was executed with: "NAME=value".

    `PermissionError` for a process that the caller may not debug, `KernelError`
    (ENOMEM) for an empty environment, as the kernel has it.  sysctl(3)."""
    try:
        return strings(_of(kernel, KernProc.KERN_PROC_ENV, pid)[1])
    except KernelError as error:
        if error.name == "ENOMEM" and error.reason is None:
            error.reason = "this is how the kernel answers for an empty environment"
        raise


def pathname(pid: int | None = None, *, kernel: Kernel | None = None) -> str | None:
    """KERN_PROC_PATHNAME: the file of a process's program; None when it has none.

    `FileNotFoundError` (ENOENT) when the kernel has lost the name.  sysctl(3)."""
    return string(_of(kernel, KernProc.KERN_PROC_PATHNAME, pid)[1]) or None


def sv_name(pid: int | None = None, *, kernel: Kernel | None = None) -> str:
    """KERN_PROC_SV_NAME: the ABI of a process: "FreeBSD ELF64".

    `ProcessLookupError` (ESRCH) for a process that is not there, or not visible.  sysctl(3)."""
    return string(_of(kernel, KernProc.KERN_PROC_SV_NAME, pid)[1])


# -- files ------------------------------------------------------------------------------


def cwd(pid: int | None = None, *, kernel: Kernel | None = None) -> KinfoFile:
    """KERN_PROC_CWD: the working directory, as a file.

    `PermissionError` (EPERM) for a process that the caller may not debug.  sysctl(3)."""
    kernel, data = _of(kernel, KernProc.KERN_PROC_CWD, pid)
    found = KinfoFile.sized(kernel.target.machine, data)
    if not found:
        raise Malformed("no record came back")
    return found[0]


def filedesc(pid: int | None = None, *, kernel: Kernel | None = None) -> list[KinfoFile]:
    """KERN_PROC_FILEDESC: program, directories and all descriptors of a process.

    What is no descriptor comes first (see `KinfoFile.slot`).  `PermissionError`
    for a process that the caller may not debug.  sysctl(3)."""
    kernel, data = _of(kernel, KernProc.KERN_PROC_FILEDESC, pid)
    return KinfoFile.sized(kernel.target.machine, data)


def ofiledesc(pid: int | None = None, *, kernel: Kernel | None = None) -> list[KinfoOfile]:
    """KERN_PROC_OFILEDESC: the same in FreeBSD 7.0's layout.

    Kernels have it when they were built with COMPAT_FREEBSD7 (ENOENT else).
    `PermissionError` (EPERM) for a process that the caller may not debug.  sysctl(3)."""
    kernel, data = _of(kernel, KernProc.KERN_PROC_OFILEDESC, pid)
    return KinfoOfile.sized(kernel.target.machine, data)


def nfds(*, kernel: Kernel | None = None) -> int:
    """KERN_PROC_NFDS: how many descriptors the caller has open; of nobody else.  sysctl(3)."""
    kernel = _call.freebsd(kernel)
    return _number(kernel, _sysctl(kernel, KernProc.KERN_PROC_NFDS, 0), 4)


def kqueue(pid: int | None, fd: int, *, kernel: Kernel | None = None) -> list[KinfoKnote]:
    """KERN_PROC_KQUEUE: the events that a process's kqueue watches for.

    `fd` is the kqueue's descriptor in that process.  `TooOld` before FreeBSD 15.  sysctl(3)."""
    kernel, data = _of(kernel, KernProc.KERN_PROC_KQUEUE, pid, _check.length(fd, "fd"))
    return KinfoKnote.fixed(kernel.target.machine, data)


# -- address space ------------------------------------------------------------------------


def vmmap(pid: int | None = None, *, kernel: Kernel | None = None) -> list[KinfoVmentry]:
    """KERN_PROC_VMMAP: the mappings of a process, by rising address.

    `PermissionError` for a process that the caller may not debug.  sysctl(3)."""
    kernel, data = _of(kernel, KernProc.KERN_PROC_VMMAP, pid)
    return KinfoVmentry.sized(kernel.target.machine, data)


def ovmmap(pid: int | None = None, *, kernel: Kernel | None = None) -> list[KinfoOvmentry]:
    """KERN_PROC_OVMMAP: the same in FreeBSD 7.0's layout.

    Kernels have it when they were built with COMPAT_FREEBSD7 (ENOENT else).
    `PermissionError` (EPERM) for a process that the caller may not debug.  sysctl(3)."""
    kernel, data = _of(kernel, KernProc.KERN_PROC_OVMMAP, pid)
    return KinfoOvmentry.sized(kernel.target.machine, data)


def vm_layout(pid: int | None = None, *, kernel: Kernel | None = None) -> KinfoVmLayout:
    """KERN_PROC_VM_LAYOUT: where text, data and stack of a process are.

    `TooOld` before FreeBSD 14.  sysctl(3)."""
    kernel, data = _of(kernel, KernProc.KERN_PROC_VM_LAYOUT, pid)
    return KinfoVmLayout.single(kernel.target.machine, data)


def ps_strings(pid: int | None = None, *, kernel: Kernel | None = None) -> int:
    """KERN_PROC_PS_STRINGS: where a process's struct ps_strings is.

    `PermissionError` (EPERM) for a process that the caller may not debug.  sysctl(3)."""
    kernel, data = _of(kernel, KernProc.KERN_PROC_PS_STRINGS, pid)
    return _number(kernel, data, kernel.target.pointer)


def sigtramp(pid: int | None = None, *, kernel: Kernel | None = None) -> KinfoSigtramp:
    """KERN_PROC_SIGTRAMP: where a process's signal handlers return to.

    `ValueError` for a process of the kernel's own, by its id or a thread's: the request
    makes FreeBSD 13.2 panic.  sysctl(3)."""
    kernel = _call.freebsd(kernel)
    pid = check.own(kernel, pid)
    with suppress(KernelError):     # the request itself says what is wrong
        if _sysctl(kernel, KernProc.KERN_PROC_SV_NAME, pid, target=pid) == _NO_PROGRAM:
            raise ValueError(f"{pid} is the kernel's own and has no signal handlers")
    data = _sysctl(kernel, KernProc.KERN_PROC_SIGTRAMP, pid, target=pid)
    return KinfoSigtramp.single(kernel.target.machine, data)


def sigfastblk(pid: int | None = None, *, kernel: Kernel | None = None) -> int:
    """KERN_PROC_SIGFASTBLK: the word by which a process blocks signals; sigfastblock(2).

    `KernelError` (ENOTTY) for a process that has none.  sysctl(3)."""
    kernel, data = _of(kernel, KernProc.KERN_PROC_SIGFASTBLK, pid)
    return _number(kernel, data, kernel.target.pointer)


def auxv(pid: int | None = None, *, kernel: Kernel | None = None) -> tuple[vector.AuxEntry, ...]:
    """KERN_PROC_AUXV: what the kernel told a process's program at its start.

    `PermissionError` for a process that the caller may not debug.  sysctl(3)."""
    kernel, data = _of(kernel, KernProc.KERN_PROC_AUXV, pid)
    return vector.parse(kernel.target.machine, data)


def kstack(pid: int | None = None, *, kernel: Kernel | None = None) -> list[KinfoKstack]:
    """KERN_PROC_KSTACK: the kernel stacks of a process's threads.

    Kernels have it when they were built with STACK or DDB (ENOENT else).
    `PermissionError` (EPERM) for a process that the caller may not debug.  sysctl(3)."""
    kernel, data = _of(kernel, KernProc.KERN_PROC_KSTACK, pid)
    return KinfoKstack.fixed(kernel.target.machine, data)


# -- attributes ---------------------------------------------------------------------------


def groups(pid: int | None = None, *, kernel: Kernel | None = None) -> tuple[int, ...]:
    """KERN_PROC_GROUPS: the effective group and all supplementary ones of a process.

    `ProcessLookupError` (ESRCH) for a process that is not there, or not visible.  sysctl(3)."""
    kernel, data = _of(kernel, KernProc.KERN_PROC_GROUPS, pid)
    return _numbers(kernel, data, kernel.target.scalars["gid_t"].size, "gid_t")


def rlimit(pid: int | None, resource: Limit | int, *, kernel: Kernel | None = None) -> Rlimit:
    """KERN_PROC_RLIMIT: one resource limit of a process.

    `ProcessLookupError` (ESRCH) for a process that is not there, or not visible.  sysctl(3)."""
    kernel, data = _of(kernel, KernProc.KERN_PROC_RLIMIT, pid, _check.length(resource, "resource"))
    layout = kernel.target.struct("struct rlimit")
    if len(data) != layout.size:
        raise Malformed(f"{layout.name} takes {layout.size} bytes, not {len(data)}")
    cur, most = layout.reader("rlim_cur", "rlim_max")(data, 0)
    return Rlimit(_bound(cur), _bound(most))


def set_rlimit(
    pid: int | None, resource: Limit | int, limit: Rlimit, *, kernel: Kernel | None = None
) -> None:
    """KERN_PROC_RLIMIT: set a resource limit of a process.

    `PermissionError` for another's process and for raising the upper bound.  sysctl(3)."""
    kernel = _call.freebsd(kernel)
    pid = check.own(kernel, pid)
    if not isinstance(limit, Rlimit):
        raise TypeError(f"a limit is an Rlimit, not {type(limit).__name__}")
    values = [_INFINITY if value is None else _check.length(_check.signed(value, 64, "limit"))
              for value in (limit.cur, limit.max)]
    new = kernel.target.struct("struct rlimit").pack(
        {"rlim_cur": values[0], "rlim_max": values[1]})
    _sysctl(kernel, KernProc.KERN_PROC_RLIMIT, pid, _check.length(resource, "resource"), new=new,
            target=pid)


def rlimit_usage(pid: int | None = None, *, kernel: Kernel | None = None
                 ) -> dict[Limit | int, int | None]:
    """KERN_PROC_RLIMIT_USAGE: how much of each limited resource a process uses.

    None for resources without a meaningful value.  `TooOld` before FreeBSD 15.  sysctl(3)."""
    kernel, data = _of(kernel, KernProc.KERN_PROC_RLIMIT_USAGE, pid)
    used = _numbers(kernel, data, 8, "rlim_t", signed=True)
    return {known(Limit, index): None if value == -1 else value
            for index, value in enumerate(used)}


def _bound(value: int) -> int | None:
    return None if value == _INFINITY else value


def umask(pid: int | None = None, *, kernel: Kernel | None = None) -> int:
    """KERN_PROC_UMASK: a process's file mode mask.

    `PermissionError` (EPERM) for a process that the caller may not debug.  sysctl(3)."""
    kernel, data = _of(kernel, KernProc.KERN_PROC_UMASK, pid)
    return _number(kernel, data, 2)


def osrel(pid: int | None = None, *, kernel: Kernel | None = None) -> int:
    """KERN_PROC_OSREL: the version of FreeBSD that a process's program was built for.

    `ProcessLookupError` (ESRCH) for a process that is not there, or not visible.  sysctl(3)."""
    kernel, data = _of(kernel, KernProc.KERN_PROC_OSREL, pid)
    return _number(kernel, data, 4, signed=True)


def set_osrel(pid: int | None, value: int, *, kernel: Kernel | None = None) -> None:
    """KERN_PROC_OSREL: set that version, of the caller's own or another's program.

    `PermissionError` (EPERM) for a process that the caller may not debug.  sysctl(3)."""
    kernel = _call.freebsd(kernel)
    pid = check.own(kernel, pid)
    number = _check.length(_check.signed(value, 32, "osrel"), "osrel")
    _sysctl(kernel, KernProc.KERN_PROC_OSREL, pid,
            new=number.to_bytes(4, kernel.target.byteorder), target=pid)
