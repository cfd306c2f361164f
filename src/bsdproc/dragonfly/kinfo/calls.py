"""The functions of kern.proc."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from bsdproc.dragonfly import _call, _check
from bsdproc.dragonfly.constants.kinfo import KernProc, KernProcFlags, Sysctl
from bsdproc.dragonfly.kinfo.misc import KinfoCputime, KinfoFile, KinfoSigtramp
from bsdproc.dragonfly.kinfo.proc import KinfoProc
from bsdproc.kernel import errors
from bsdproc.kernel.errors import KernelError
from bsdproc.typed import check
from bsdproc.typed.records import Malformed
from bsdproc.typed.texts import encoded, string, strings

if TYPE_CHECKING:
    from bsdproc.kernel.port import Kernel

_ROOT: Final = (int(Sysctl.CTL_KERN), int(Sysctl.KERN_PROC))
_LWP: Final = KernProcFlags.KERN_PROC_FLAG_LWP.value


def _mib(name: KernProc, *arguments: int, threads: bool = False) -> tuple[int, ...]:
    return (*_ROOT, name | _LWP if threads else int(name), *arguments)


def _sysctl(
    kernel: Kernel,
    name: KernProc,
    *arguments: int,
    threads: bool = False,
    new: bytes | None = None,
    target: int | None = None,
) -> bytes:
    """kern.proc.`name` with these arguments."""
    mib = _mib(name, *arguments, threads=threads)
    return _call.sysctl(kernel, mib, name.name, target, new=new)


def _missing(kernel: Kernel, name: KernProc, pid: int) -> KernelError:
    """ESRCH, which the kernel itself says of `pathname` alone: others find nothing."""
    error = errors.from_name("dragonfly", "ESRCH", call="sysctl", request=name.name, target=pid)
    return _call.completed(kernel, error, "sysctl", name.name, pid)


# -- lists of processes ---------------------------------------------------------------


def processes(
    *,
    pgrp: int | None = None,
    session: int | None = None,
    tty: int | None = None,
    uid: int | None = None,
    ruid: int | None = None,
    threads: bool = False,
    kernel: Kernel | None = None,
) -> list[KinfoProc]:
    """All processes that the caller can see, zombies too, or those that one filter picks.

    KERN_PROC_ALL, which has the kernel's threads as well (see `kernel_threads`);
    KERN_PROC_PGRP, KERN_PROC_TTY (a number as `KinfoProc.tty` has it), KERN_PROC_UID
    and KERN_PROC_RUID (effective and real user).  With `threads` there is a record for
    each thread (KERN_PROC_FLAG_LWP, the only bit of KERN_PROC_FLAGMASK).

    KERN_PROC_SESSION is a number without a sysctl: `NotSupported`.  `ValueError` for
    two filters.  sysctl(3).
    """
    kernel = _call.dragonfly(kernel)
    if session is not None:
        raise errors.not_supported(
            "dragonfly", call="sysctl", request=KernProc.KERN_PROC_SESSION.name,
            reason="no DragonFly kernel has kern.proc.session")
    chosen = check.one_filter({
        KernProc.KERN_PROC_PGRP: pgrp,
        KernProc.KERN_PROC_TTY: tty,
        KernProc.KERN_PROC_UID: uid,
        KernProc.KERN_PROC_RUID: ruid,
    })
    if chosen is not None:
        name, value = chosen
        data = _sysctl(kernel, name, _check.signed(value, 32, name.name), threads=threads)
    else:
        data = _sysctl(kernel, KernProc.KERN_PROC_ALL, threads=threads)
    return KinfoProc.fixed(kernel.machine, data, _record_size(kernel))


def _record_size(kernel: Kernel) -> int:
    """Bytes of a record of the running kernel, which may be newer than this library.

    The records do not say; the estimate for one process is exact."""
    least = KinfoProc.of(kernel.machine).sizeof
    return max(least, kernel.sysctl_size(_mib(KernProc.KERN_PROC_PID, kernel.getpid())))


def kernel_threads(*, kernel: Kernel | None = None) -> list[KinfoProc]:
    """KERN_PROC_ALL: the kernel's own threads, with -1 for a pid; `lwp` has the name.

    None in a jail, and none where security.ps_showallthreads is 0.  sysctl(3)."""
    return [one for one in processes(kernel=kernel) if one.is_kernel_thread]


def process(pid: int | None = None, *, kernel: Kernel | None = None) -> KinfoProc:
    """KERN_PROC_PID: one process, its threads taken together.  sysctl(3)."""
    kernel = _call.dragonfly(kernel)
    pid = check.own(kernel, pid)
    data = _sysctl(kernel, KernProc.KERN_PROC_PID, pid, target=pid)
    if not data:
        raise _missing(kernel, KernProc.KERN_PROC_PID, pid)
    return KinfoProc.fixed(kernel.machine, data, len(data))[0]


def threads(pid: int | None = None, *, kernel: Kernel | None = None) -> list[KinfoProc]:
    """KERN_PROC_PID with KERN_PROC_FLAG_LWP: a record for each thread of a process.

    Process 0 has one.  sysctl(3)."""
    kernel = _call.dragonfly(kernel)
    pid = check.own(kernel, pid)
    data = _sysctl(kernel, KernProc.KERN_PROC_PID, pid, threads=True, target=pid)
    if not data:
        raise _missing(kernel, KernProc.KERN_PROC_PID, pid)
    return KinfoProc.fixed(kernel.machine, data, _record_size(kernel))


# -- strings ----------------------------------------------------------------------------


def args(pid: int | None = None, *, tid: int | None = None,
         kernel: Kernel | None = None) -> tuple[str, ...]:
    """KERN_PROC_ARGS: a process's arguments, or the title that it has set; with `tid`
    the title of one of its threads, or the process's arguments where it has none.

    () where the kernel keeps none: for a process of the kernel's, for arguments of more
    than kern.ps_arg_cache_limit bytes, and for another user's while kern.ps_argsopen
    is 0.  sysctl(3)."""
    kernel = _call.dragonfly(kernel)
    pid = check.own(kernel, pid)
    more = () if tid is None else (_check.target(tid, "tid"),)
    data = _of(kernel, KernProc.KERN_PROC_ARGS, pid, *more)
    return strings(data)


def _of(kernel: Kernel, name: KernProc, pid: int, *more: int) -> bytes:
    """What the kernel says of a process; nothing is ESRCH when it is not there."""
    data = _sysctl(kernel, name, pid, *more, target=pid)
    if not data and not _sysctl(kernel, KernProc.KERN_PROC_PID, pid, target=pid):
        raise _missing(kernel, name, pid)
    return data


def set_args(title: str | None, *, tid: int | None = None, kernel: Kernel | None = None) -> None:
    """KERN_PROC_ARGS: set the caller's title, or with `tid` that of one of its threads;
    None brings the real arguments back.

    `KernelError` (ENOMEM) for a title that the kernel has not kept, as one of more than
    kern.ps_arg_cache_limit bytes with its header: it does not say so itself.  Another
    process's cannot be set.  sysctl(3)."""
    kernel = _call.dragonfly(kernel)
    if title is not None and not isinstance(title, str):
        raise TypeError(f"title must be a str, not {type(title).__name__}")
    new = encoded(title or "")
    if b"\0" in new:
        raise ValueError("a title ends at a NUL")
    pid = kernel.getpid()
    more = () if tid is None else (_check.target(tid, "tid"),)
    _sysctl(kernel, KernProc.KERN_PROC_ARGS, pid, *more, new=new, target=pid)
    if new and _sysctl(kernel, KernProc.KERN_PROC_ARGS, pid, *more) != new + b"\0":
        raise errors.from_name(
            "dragonfly", "ENOMEM", call="sysctl", request=KernProc.KERN_PROC_ARGS.name,
            target=pid, reason="the kernel has not kept it: kern.ps_arg_cache_limit")


def cwd(pid: int | None = None, *, kernel: Kernel | None = None) -> str | None:
    """KERN_PROC_CWD: the working directory, as it was called even when it was removed.

    None where the kernel does not say: for another user's process while
    kern.ps_argsopen is 0.  sysctl(3)."""
    kernel = _call.dragonfly(kernel)
    data = _of(kernel, KernProc.KERN_PROC_CWD, check.own(kernel, pid))
    return string(data) if data else None


def pathname(pid: int | None = None, *, kernel: Kernel | None = None) -> str:
    """KERN_PROC_PATHNAME: the file of a process's program, as it is called now.

    `ValueError` for process 0: the request makes DragonFly 5.9 panic.  sysctl(3)."""
    if pid == 0:
        raise ValueError("process 0 has no program")
    kernel = _call.dragonfly(kernel)
    pid = check.own(kernel, pid)
    return string(_sysctl(kernel, KernProc.KERN_PROC_PATHNAME, pid, target=pid))


def sigtramp(*, kernel: Kernel | None = None) -> KinfoSigtramp:
    """KERN_PROC_SIGTRAMP: where signal handlers return to, in every process.  sysctl(3)."""
    kernel = _call.dragonfly(kernel)
    return KinfoSigtramp.single(kernel.machine, _sysctl(kernel, KernProc.KERN_PROC_SIGTRAMP))


# -- beside kern.proc ---------------------------------------------------------------------


def files(*, kernel: Kernel | None = None) -> list[KinfoFile]:
    """kern.file: the open files of all processes; in a jail, of its own.  sysctl(3)."""
    kernel = _call.dragonfly(kernel)
    data = _call.sysctl(kernel, "kern.file", "kern.file")
    size = int.from_bytes(data[:8], kernel.target.byteorder)
    found = KinfoFile.fixed(kernel.machine, data, size) if data else []
    if any(one.size != size for one in found):
        raise Malformed("the records of kern.file are of more than one size")
    return found


def cputimes(*, kernel: Kernel | None = None) -> list[KinfoCputime]:
    """kern.cputime: how each processor has spent its time.  sysctl(3)."""
    kernel = _call.dragonfly(kernel)
    data = _call.sysctl(kernel, "kern.cputime", "kern.cputime")
    return KinfoCputime.fixed(kernel.machine, data)
