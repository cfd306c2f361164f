"""The nodes of procfs(5), read and written."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType
from typing import TYPE_CHECKING, Final

from bsdproc.freebsd import _call, _check
from bsdproc.freebsd.auxv import AuxEntry
from bsdproc.freebsd.constants.kinfo import Limit
from bsdproc.freebsd.procfs.texts import (
    MapEntry,
    Status,
    parse_auxv,
    parse_map,
    parse_number,
    parse_rlimit,
    parse_status,
    parse_strings,
)
from bsdproc.freebsd.registers import (
    DEBUG,
    FLOATING,
    GENERAL,
    DebugRegisters,
    FpRegisters,
    Registers,
)
from bsdproc.typed import procfs as plumbing
from bsdproc.typed.limits import Rlimit
from bsdproc.typed.procfs import ROOT, FdEntry, Forbidden, Hidden, NodeMode, NodeStat, NoProcess
from bsdproc.typed.texts import encoded, text

if TYPE_CHECKING:
    from bsdproc.kernel.errors import KernelError
    from bsdproc.kernel.port import Kernel

_LAST: Final = 1 << 20
"""The kernel makes no longer text (PFS_MAXBUFSIZ)."""

NODES: Final[Mapping[str, NodeMode]] = MappingProxyType({
    "cmdline": NodeMode("file", 0o444),
    "dbregs": NodeMode("file", 0o600),
    "etype": NodeMode("file", 0o444),
    "fpregs": NodeMode("file", 0o600),
    "map": NodeMode("file", 0o444),
    "mem": NodeMode("file", 0o600),
    "note": NodeMode("file", 0o200),
    "notepg": NodeMode("file", 0o200),
    "regs": NodeMode("file", 0o600),
    "rlimit": NodeMode("file", 0o444),
    "status": NodeMode("file", 0o444),
    "osrel": NodeMode("file", 0o600),
    "file": NodeMode("link", 0o444),
})
"""A process's directory, in the kernel's order (procfs_init).

The permission bits of nodes with 0600 and 0200 are 0 for a P_SUGID process."""
__all__ = ["NODES", "ROOT", "FdEntry", "Forbidden", "Hidden", "NoProcess", "NodeMode", "NodeStat"]


def node_modes() -> Mapping[str, NodeMode]:
    """The nodes of a process's directory, with their kinds and modes.  procfs(5)."""
    return NODES


def _why(kernel: Kernel, name: str, error: KernelError) -> str | None:
    """procfs_candebug, procfs_notsystem; None where neither tells."""
    if name not in NODES:
        return "this kind of procfs has no such node"
    if name == "file":
        return None     # its program may have lost its name
    from bsdproc.freebsd.reasons import hidden

    return None if error.target is None else hidden(kernel, error.target)


_explained: Final = plumbing.Explained(_why)


@_explained
def _read(kernel: Kernel, root: str, pid: int | None, name: str) -> bytes:
    """A text as a whole."""
    return plumbing.read(kernel, root, pid, name, _LAST)


_read_at = _explained(plumbing.read_at)
_write = _explained(plumbing.write)
_readlink = _explained(plumbing.readlink)
_get = _explained(plumbing.get)
_put = _explained(plumbing.put)
_stat = _explained(plumbing.stat)


# -- the root ---------------------------------------------------------------------------


def pids(*, root: str = ROOT, kernel: Kernel | None = None) -> tuple[int, ...]:
    """The processes that have a directory: those that the caller can see, no zombies.

    `FileNotFoundError` where no procfs is mounted.  procfs(5)."""
    return plumbing.pids(_call.freebsd(kernel), root)


def curproc(*, root: str = ROOT, kernel: Kernel | None = None) -> int:
    """curproc: the calling process, as its link says.

    `FileNotFoundError` where no procfs is mounted.  procfs(5)."""
    link = _call.freebsd(kernel).readlink(f"{root}/curproc")
    return parse_number(encoded(link))


def nodes(pid: int | None = None, *, root: str = ROOT,
          kernel: Kernel | None = None) -> tuple[str, ...]:
    """The names in a process's directory: those that the caller can see.

    `NoProcess` where there is none.  procfs(5)."""
    return tuple(plumbing.listdir(_call.freebsd(kernel), root, pid))


def stat(pid: int | None = None, name: str = "", *, root: str = ROOT,
         kernel: Kernel | None = None) -> NodeStat:
    """A node as it is now, or the process's directory: lstat(2).

    `node_modes` says what they are as a rule; those with 0600 and 0200 have no rights
    left when the process runs a set-id program.  `NoProcess`, `Hidden`.  procfs(5)."""
    return _stat(_call.freebsd(kernel), root, pid, name)


# -- texts ----------------------------------------------------------------------------------


def status(pid: int | None = None, *, root: str = ROOT, kernel: Kernel | None = None) -> Status:
    """status: names, ids, times and credentials.

    `NoProcess` for none that is visible, `Malformed` for another text.  procfs(5)."""
    return parse_status(_read(_call.freebsd(kernel), root, pid, "status"))


def map(pid: int | None = None, *, root: str = ROOT,
        kernel: Kernel | None = None) -> tuple[MapEntry, ...]:
    """map: the address space, by rising address.  The caller must be able to debug it.

    `Forbidden` else; `NoProcess`, `Malformed`.  procfs(5)."""
    return parse_map(_read(_call.freebsd(kernel), root, pid, "map"))


def rlimit(pid: int | None = None, *, root: str = ROOT,
           kernel: Kernel | None = None) -> dict[Limit | str, Rlimit]:
    """rlimit: the resource limits, in getrlimit(2)'s units, in the kernel's order.

    `NoProcess` for none that is visible, `Malformed` for another text.  procfs(5)."""
    return parse_rlimit(_read(_call.freebsd(kernel), root, pid, "rlimit"))


def cmdline(pid: int | None = None, *, root: str = ROOT,
            kernel: Kernel | None = None) -> tuple[str, ...]:
    """cmdline: arguments, or the title that it set; () of a kernel process.

    `NoProcess` for none that is visible.  procfs(5)."""
    return parse_strings(_read(_call.freebsd(kernel), root, pid, "cmdline"))


def environ(pid: int | None = None, *, root: str = ROOT,
            kernel: Kernel | None = None) -> tuple[str, ...]:
    """environ (linprocfs): the environment that it was executed with.

    `Hidden` on a procfs that is none of Linux's.  linprocfs(5)."""
    return parse_strings(_read(_call.freebsd(kernel), root, pid, "environ"))


def etype(pid: int | None = None, *, root: str = ROOT, kernel: Kernel | None = None) -> str:
    """etype: the program's ABI: "FreeBSD ELF64".

    `NoProcess` for none that is visible.  procfs(5)."""
    return text(_read(_call.freebsd(kernel), root, pid, "etype")).removesuffix("\n")


def osrel(pid: int | None = None, *, root: str = ROOT, kernel: Kernel | None = None) -> int:
    """osrel: the version of FreeBSD that its program was built for.

    `Hidden` for who may not debug it.  procfs(5)."""
    return parse_number(_read(_call.freebsd(kernel), root, pid, "osrel"))


def set_osrel(pid: int | None, value: int, *, root: str = ROOT,
              kernel: Kernel | None = None) -> None:
    """osrel: set it.

    `Hidden` for who may not debug it.  procfs(5)."""
    number = _check.unsigned(value, 31, "osrel")
    _write(_call.freebsd(kernel), root, pid, "osrel", b"%d\n" % number)


def file(pid: int | None = None, *, root: str = ROOT, kernel: Kernel | None = None) -> str | None:
    """file: the program; None where an older kernel has lost its name and says "unknown".

    `Hidden` (ENOENT) where a newer one has lost it.  procfs(5)."""
    found = _readlink(_call.freebsd(kernel), root, pid, "file")
    return None if found == "unknown" else found


def exe(pid: int | None = None, *, root: str = ROOT, kernel: Kernel | None = None) -> str | None:
    """exe (linprocfs): the same under Linux's name.

    `Hidden` on a procfs that is none of Linux's.  linprocfs(5)."""
    found = _readlink(_call.freebsd(kernel), root, pid, "exe")
    return None if found == "unknown" else found


def auxv(pid: int | None = None, *, root: str = ROOT,
         kernel: Kernel | None = None) -> tuple[AuxEntry, ...]:
    """auxv (linprocfs): what the kernel told its program at the start.

    `Hidden` on a procfs that is none of Linux's, `Malformed` for half an entry.  linprocfs(5)."""
    kernel = _call.freebsd(kernel)
    return parse_auxv(kernel.machine, _read(kernel, root, pid, "auxv"))


def fd(pid: int | None = None, *, root: str = ROOT,
       kernel: Kernel | None = None) -> dict[int, FdEntry]:
    """fd (linprocfs): open descriptors, each with what it is.

    linprocfs shows only those of who asks (see `kinfo.filedesc` for anybody's).
    `Hidden` on a procfs that is none of Linux's.  linprocfs(5)."""
    return _fd(_call.freebsd(kernel), root, pid, "fd")


@_explained
def _fd(kernel: Kernel, root: str, pid: int | None, name: str) -> dict[int, FdEntry]:
    return plumbing.fd(kernel, root, pid)


def ctl(pid: int, command: str, *, root: str = ROOT, kernel: Kernel | None = None) -> None:
    """ctl: a command of procfs's own debugging, which FreeBSD has no more (`Hidden`).

    procfs(5)."""
    if not isinstance(command, str):
        raise TypeError(f"a command is a str, not {type(command).__name__}")
    _write(_call.freebsd(kernel), root, pid, "ctl", command.encode())


def note(pid: int, data: bytes, *, root: str = ROOT, kernel: Kernel | None = None) -> int:
    """note: send it a note.  FreeBSD has never delivered one (EOPNOTSUPP).

    `KernelError`, `Hidden` for who may not debug it.  procfs(5)."""
    return _write(_call.freebsd(kernel), root, pid, "note", _check.octets(data))


def notepg(pid: int, data: bytes, *, root: str = ROOT, kernel: Kernel | None = None) -> int:
    """notepg: the same for its process group (EOPNOTSUPP).

    `KernelError`, `Hidden` for who may not debug it.  procfs(5)."""
    return _write(_call.freebsd(kernel), root, pid, "notepg", _check.octets(data))


# -- memory and registers -----------------------------------------------------------------


def read_mem(pid: int | None, address: int, size: int, *, root: str = ROOT,
             kernel: Kernel | None = None) -> bytes:
    """mem: up to `size` bytes from `address`; `KernelError` (EFAULT) for what is not mapped.

    The process need not be stopped.  Addresses are those that a file offset can be,
    below 2**63.  procfs(5)."""
    kernel = _call.freebsd(kernel)
    return _read_at(kernel, root, pid, "mem", _check.unsigned(address, 63, "address"),
                    _check.length(size))


def write_mem(pid: int | None, address: int, data: bytes, *, root: str = ROOT,
              kernel: Kernel | None = None) -> int:
    """mem: write at `address`; how many bytes were written.

    `KernelError` (EFAULT) for what is not mapped, `Hidden` for who may not debug it.  procfs(5)."""
    kernel = _call.freebsd(kernel)
    return _write(kernel, root, pid, "mem", _check.octets(data),
                  _check.unsigned(address, 63, "address"))


def regs(pid: int | None, *, root: str = ROOT, kernel: Kernel | None = None) -> Registers:
    """regs: general registers of a stopped process's first thread (EBUSY for one that runs).

    procfs(5)."""
    kernel = _call.freebsd(kernel)
    return _get(kernel, root, pid, "regs", GENERAL[kernel.machine])


def set_regs(pid: int | None, registers: Registers, *, root: str = ROOT,
             kernel: Kernel | None = None) -> None:
    """regs: set them.

    `KernelError` (EBUSY) for one that runs, `Hidden` for who may not debug it.  procfs(5)."""
    kernel = _call.freebsd(kernel)
    _put(kernel, root, pid, "regs", registers, GENERAL[kernel.machine])


def fpregs(pid: int | None, *, root: str = ROOT, kernel: Kernel | None = None) -> FpRegisters:
    """fpregs: floating-point registers, as `regs`.

    `KernelError` (EBUSY) for one that runs, `Hidden` for who may not debug it.  procfs(5)."""
    kernel = _call.freebsd(kernel)
    return _get(kernel, root, pid, "fpregs", FLOATING[kernel.machine])


def set_fpregs(pid: int | None, registers: FpRegisters, *, root: str = ROOT,
               kernel: Kernel | None = None) -> None:
    """fpregs: set them.

    `KernelError` (EBUSY) for one that runs, `Hidden` for who may not debug it.  procfs(5)."""
    kernel = _call.freebsd(kernel)
    _put(kernel, root, pid, "fpregs", registers, FLOATING[kernel.machine])


def dbregs(pid: int | None, *, root: str = ROOT, kernel: Kernel | None = None) -> DebugRegisters:
    """dbregs: debug registers, also of a process that runs.

    `Hidden` for who may not debug it.  procfs(5)."""
    kernel = _call.freebsd(kernel)
    return _get(kernel, root, pid, "dbregs", DEBUG[kernel.machine])


def set_dbregs(pid: int | None, registers: DebugRegisters, *, root: str = ROOT,
               kernel: Kernel | None = None) -> None:
    """dbregs: set them, of a stopped process.

    `KernelError` (EBUSY) for one that runs, `Hidden` for who may not debug it.  procfs(5)."""
    kernel = _call.freebsd(kernel)
    _put(kernel, root, pid, "dbregs", registers, DEBUG[kernel.machine])
