"""The kern.proc sysctls: what a scenario asks by numbers, through `bsdproc.freebsd.kinfo`."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Final

from bsdproc.freebsd import kinfo
from bsdproc.freebsd.constants.kinfo import KernProc, LimitValue, Sysctl

from . import encode
from .tally import Inexpressible

if TYPE_CHECKING:
    from bsdproc.kernel import Kernel

Form = Callable[["Kernel", int], bytes]
ROOT: Final = [int(Sysctl.CTL_KERN), int(Sysctl.KERN_PROC)]
_THREADS: Final = int(KernProc.KERN_PROC_INC_THREAD)
_INFINITY: Final = LimitValue.RLIM_INFINITY.value
_FILTERS: Final = {
    KernProc.KERN_PROC_PGRP: "pgrp",
    KernProc.KERN_PROC_SESSION: "session",
    KernProc.KERN_PROC_TTY: "tty",
    KernProc.KERN_PROC_UID: "uid",
    KernProc.KERN_PROC_RUID: "ruid",
    KernProc.KERN_PROC_GID: "gid",
    KernProc.KERN_PROC_RGID: "rgid",
}


def name(mib: Sequence[int]) -> str:
    """A name of kern.proc by its C name, or its number."""
    kind = mib[2] if len(mib) > 2 else -1
    for member in KernProc:
        if member == kind:
            return member.name
    for member in KernProc:
        if kind >= 0 and kind & _THREADS and member == kind & ~_THREADS:
            return f"{member.name} with threads"
    return f"kern.proc.{kind}"


def _words(values: Sequence[str]) -> bytes:
    return b"".join(map(encode.text, values))


def _pathname(k: Kernel, pid: int) -> bytes:
    path = kinfo.pathname(pid, kernel=k)
    return b"" if path is None else encode.text(path)


def _auxv(k: Kernel, pid: int) -> bytes:
    return b"".join(
        encode.number(word, 8) for entry in kinfo.auxv(pid, kernel=k)
        for word in (entry.type, entry.value)
    )


FORMS: Final[dict[int, Form]] = {
    KernProc.KERN_PROC_ARGS: lambda k, pid: _words(kinfo.args(pid, kernel=k)),
    KernProc.KERN_PROC_ENV: lambda k, pid: _words(kinfo.env(pid, kernel=k)),
    KernProc.KERN_PROC_PATHNAME: _pathname,
    KernProc.KERN_PROC_SV_NAME: lambda k, pid: encode.text(kinfo.sv_name(pid, kernel=k)),
    KernProc.KERN_PROC_CWD: lambda k, pid: encode.record(kinfo.cwd(pid, kernel=k)),
    KernProc.KERN_PROC_FILEDESC: lambda k, pid: encode.table(kinfo.filedesc(pid, kernel=k)),
    KernProc.KERN_PROC_OFILEDESC: lambda k, pid: encode.table(kinfo.ofiledesc(pid, kernel=k)),
    KernProc.KERN_PROC_VMMAP: lambda k, pid: encode.table(kinfo.vmmap(pid, kernel=k)),
    KernProc.KERN_PROC_OVMMAP: lambda k, pid: encode.table(kinfo.ovmmap(pid, kernel=k)),
    KernProc.KERN_PROC_VM_LAYOUT: lambda k, pid: encode.record(kinfo.vm_layout(pid, kernel=k)),
    KernProc.KERN_PROC_PS_STRINGS: lambda k, pid: encode.number(
        kinfo.ps_strings(pid, kernel=k), 8),
    KernProc.KERN_PROC_SIGTRAMP: lambda k, pid: encode.record(kinfo.sigtramp(pid, kernel=k)),
    KernProc.KERN_PROC_SIGFASTBLK: lambda k, pid: encode.number(
        kinfo.sigfastblk(pid, kernel=k), 8),
    KernProc.KERN_PROC_AUXV: _auxv,
    KernProc.KERN_PROC_KSTACK: lambda k, pid: encode.table(kinfo.kstack(pid, kernel=k)),
    KernProc.KERN_PROC_GROUPS: lambda k, pid: b"".join(
        encode.number(gid, 4) for gid in kinfo.groups(pid, kernel=k)),
    KernProc.KERN_PROC_UMASK: lambda k, pid: encode.number(kinfo.umask(pid, kernel=k), 2),
    KernProc.KERN_PROC_OSREL: lambda k, pid: encode.number(kinfo.osrel(pid, kernel=k), 4),
}
"""What is asked of one process."""


def _rlimit(k: Kernel, pid: int, resource: int) -> bytes:
    found = kinfo.rlimit(pid, resource, kernel=k)
    return b"".join(encode.number(_INFINITY if bound is None else bound, 8)
                    for bound in (found.cur, found.max))


def ask(k: Kernel, mib: Sequence[int], new: bytes | None, room: int | None) -> bytes:
    """A sysctl of kern.proc through its typed function."""
    if room is not None:
        raise Inexpressible("a buffer of a given size")
    kind, arguments = (mib[2], list(mib[3:])) if len(mib) > 2 else (-1, [])
    if new is not None:
        return _set(k, kind, arguments, new)
    base, threads = kind & ~_THREADS, bool(kind & _THREADS)
    match base, threads, arguments:
        case KernProc.KERN_PROC_ALL, False, []:
            return encode.table(kinfo.processes(threads=True, kernel=k))
        case KernProc.KERN_PROC_PROC, False, []:
            return encode.table(kinfo.processes(kernel=k))
        case KernProc.KERN_PROC_PID, False, [pid]:
            return encode.record(kinfo.process(pid, kernel=k))
        case KernProc.KERN_PROC_PID, True, [pid]:
            return encode.table(kinfo.threads(pid, kernel=k))
        case base, threads, [value] if base in _FILTERS:
            return encode.table(_filtered(k, _FILTERS[KernProc(base)], value, threads))
        case KernProc.KERN_PROC_NFDS, False, [0]:
            return encode.number(kinfo.nfds(kernel=k), 4)
        case KernProc.KERN_PROC_RLIMIT, False, [pid, resource]:
            return _rlimit(k, pid, resource)
    form = FORMS.get(kind)
    if form is None or len(arguments) != 1:
        raise Inexpressible("a name or number of arguments that kern.proc does not have")
    return form(k, arguments[0])


def _filtered(k: Kernel, by: str, value: int, threads: bool) -> list[kinfo.KinfoProc]:
    match by:
        case "pgrp":
            return kinfo.processes(pgrp=value, threads=threads, kernel=k)
        case "session":
            return kinfo.processes(session=value, threads=threads, kernel=k)
        case "tty":
            return kinfo.processes(tty=value, threads=threads, kernel=k)
        case "uid":
            return kinfo.processes(uid=value, threads=threads, kernel=k)
        case "ruid":
            return kinfo.processes(ruid=value, threads=threads, kernel=k)
        case "gid":
            return kinfo.processes(gid=value, threads=threads, kernel=k)
        case _:
            return kinfo.processes(rgid=value, threads=threads, kernel=k)


def _set(k: Kernel, kind: int, arguments: list[int], new: bytes) -> bytes:
    match kind, arguments:
        case KernProc.KERN_PROC_ARGS, [pid]:
            _set_args(k, pid, new)
        case KernProc.KERN_PROC_RLIMIT, [pid, resource]:
            if len(new) != 16:
                raise Inexpressible("a new value of another size")
            cur, most = (int.from_bytes(new[at : at + 8], "little") for at in (0, 8))
            limit = kinfo.Rlimit(None if cur == _INFINITY else cur,
                                 None if most == _INFINITY else most)
            kinfo.set_rlimit(pid, resource, limit, kernel=k)
        case KernProc.KERN_PROC_OSREL, [pid]:
            if len(new) != 4:
                raise Inexpressible("a new value of another size")
            kinfo.set_osrel(pid, int.from_bytes(new, "little", signed=True), kernel=k)
        case _:
            raise Inexpressible("a new value for what cannot be set")
    return b""


def _set_args(k: Kernel, pid: int, new: bytes) -> None:
    if pid != k.getpid():
        raise Inexpressible("the title of another process")
    if new and not new.endswith(b"\0"):
        raise Inexpressible("a title that does not end")
    words = [word.decode("utf-8", "surrogateescape") for word in new.split(b"\0")[:-1]]
    kinfo.set_args(words or None, kernel=k)
