"""The nodes of procfs(5), read and written."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import TYPE_CHECKING, Final, TypeVar

from bsdproc.freebsd import _call, _check
from bsdproc.freebsd.constants.kinfo import Limit
from bsdproc.freebsd.kinfo.misc import AuxEntry, Rlimit
from bsdproc.freebsd.procfs.texts import (
    MapEntry,
    Status,
    parse_auxv,
    parse_map,
    parse_number,
    parse_rlimit,
    parse_status,
    parse_strings,
    text,
)
from bsdproc.freebsd.records import Malformed
from bsdproc.freebsd.registers import (
    DEBUG,
    FLOATING,
    GENERAL,
    DebugRegisters,
    FpRegisters,
    RegisterFile,
    Registers,
)
from bsdproc.kernel.errors import KernelError, NoSuchProcess, NotFound

if TYPE_CHECKING:
    from bsdproc.kernel.port import Kernel

R = TypeVar("R", bound=RegisterFile)
ROOT: Final = "/proc"
_O_RDONLY: Final = 0
_O_WRONLY: Final = 1
_FIRST: Final = 1 << 14
_LAST: Final = 1 << 20
"""The kernel makes no longer text (PFS_MAXBUFSIZ)."""


class NoProcess(NoSuchProcess):
    """The process has no directory: there is none, none visible, or it went meanwhile."""


class Hidden(NotFound):
    """The process is there, but not this node: not on this mount, or not for the caller."""


@dataclass(frozen=True, slots=True)
class NodeMode:
    """What a node is, whoever asks."""

    kind: str
    """"file", "link" or "directory"."""
    mode: int
    """Permission bits; those of nodes with 0600 and 0200 are 0 for a P_SUGID process."""


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
"""A process's directory, in the kernel's order (procfs_init)."""


def node_modes() -> Mapping[str, NodeMode]:
    """The nodes of a process's directory, with their kinds and modes."""
    return NODES


# -- reading and writing --------------------------------------------------------------


def _path(kernel: Kernel, root: str, pid: int | None, name: str) -> tuple[str, int]:
    """A node's path, and whose it is."""
    if not isinstance(root, str):
        raise TypeError(f"root must be a str, not {type(root).__name__}")
    number = kernel.getpid() if pid is None else _check.target(pid)
    return f"{root}/{number}/{name}", number


def _refused(kernel: Kernel, error: KernelError, path: str, pid: int) -> KernelError:
    """The error with what was asked, told apart by whether the process is there."""
    error.request, error.target = path, pid
    if error.name not in ("ENOENT", "EIO", "ESRCH", "EBADF"):
        return error
    kind: type[KernelError] = Hidden
    try:
        kernel.lstat(path.rpartition("/")[0])
    except KernelError:
        kind = NoProcess
    else:
        if error.name != "ENOENT":
            return error
    return kind(error.errno or 0, error.strerror or "", system=error.system, call=error.call,
                request=path, target=pid, reason=error.reason)


def _read(kernel: Kernel, root: str, pid: int | None, name: str) -> bytes:
    """A text as a whole.  Each read makes it anew, so that it has to fit into one."""
    path, number = _path(kernel, root, pid, name)
    try:
        fd = kernel.open(path, _O_RDONLY)
        try:
            size = _FIRST
            while True:
                data = kernel.pread(fd, size, 0)
                if len(data) < size:
                    return data
                if size >= _LAST:
                    raise Malformed(f"{path} has more than {size} bytes")
                size *= 4
        finally:
            kernel.close(fd)
    except KernelError as error:
        raise _refused(kernel, error, path, number) from None


def _at(kernel: Kernel, root: str, pid: int | None, name: str, offset: int, size: int) -> bytes:
    path, number = _path(kernel, root, pid, name)
    try:
        fd = kernel.open(path, _O_RDONLY)
        try:
            return kernel.pread(fd, size, offset)
        finally:
            kernel.close(fd)
    except KernelError as error:
        raise _refused(kernel, error, path, number) from None


def _write(kernel: Kernel, root: str, pid: int | None, name: str, data: bytes,
           offset: int = 0) -> int:
    path, number = _path(kernel, root, pid, name)
    try:
        fd = kernel.open(path, _O_WRONLY)
        try:
            return kernel.pwrite(fd, data, offset)
        finally:
            kernel.close(fd)
    except KernelError as error:
        raise _refused(kernel, error, path, number) from None


# -- the root ---------------------------------------------------------------------------


def pids(*, root: str = ROOT, kernel: Kernel | None = None) -> tuple[int, ...]:
    """The processes that have a directory: those that the caller can see, no zombies."""
    found = _call.freebsd(kernel).listdir(root)
    return tuple(sorted(int(name) for name in found if name.isascii() and name.isdigit()))


def curproc(*, root: str = ROOT, kernel: Kernel | None = None) -> int:
    """curproc: the calling process, as its link says."""
    return parse_number(_call.freebsd(kernel).readlink(f"{root}/curproc").encode())


def nodes(pid: int | None = None, *, root: str = ROOT,
          kernel: Kernel | None = None) -> tuple[str, ...]:
    """The names in a process's directory: those that the caller can see."""
    kernel = _call.freebsd(kernel)
    path, number = _path(kernel, root, pid, "")
    try:
        return tuple(kernel.listdir(path.rstrip("/")))
    except KernelError as error:
        raise _refused(kernel, error, path, number) from None


# -- texts ----------------------------------------------------------------------------------


def status(pid: int | None = None, *, root: str = ROOT, kernel: Kernel | None = None) -> Status:
    """status: names, ids, times and credentials."""
    return parse_status(_read(_call.freebsd(kernel), root, pid, "status"))


def map(pid: int | None = None, *, root: str = ROOT,
        kernel: Kernel | None = None) -> tuple[MapEntry, ...]:
    """map: the address space, by rising address.  The caller must be able to debug it."""
    return parse_map(_read(_call.freebsd(kernel), root, pid, "map"))


def rlimit(pid: int | None = None, *, root: str = ROOT,
           kernel: Kernel | None = None) -> dict[Limit | str, Rlimit]:
    """rlimit: the resource limits, in getrlimit(2)'s units, in the kernel's order."""
    return parse_rlimit(_read(_call.freebsd(kernel), root, pid, "rlimit"))


def cmdline(pid: int | None = None, *, root: str = ROOT,
            kernel: Kernel | None = None) -> tuple[str, ...]:
    """cmdline: arguments, or the title that it set; () of a kernel process."""
    return parse_strings(_read(_call.freebsd(kernel), root, pid, "cmdline"))


def environ(pid: int | None = None, *, root: str = ROOT,
            kernel: Kernel | None = None) -> tuple[str, ...]:
    """environ (linprocfs): the environment that it was executed with."""
    return parse_strings(_read(_call.freebsd(kernel), root, pid, "environ"))


def etype(pid: int | None = None, *, root: str = ROOT, kernel: Kernel | None = None) -> str:
    """etype: the program's ABI: "FreeBSD ELF64"."""
    return text(_read(_call.freebsd(kernel), root, pid, "etype")).removesuffix("\n")


def osrel(pid: int | None = None, *, root: str = ROOT, kernel: Kernel | None = None) -> int:
    """osrel: the version of FreeBSD that its program was built for."""
    return parse_number(_read(_call.freebsd(kernel), root, pid, "osrel"))


def set_osrel(pid: int | None, value: int, *, root: str = ROOT,
              kernel: Kernel | None = None) -> None:
    """osrel: set it."""
    number = _check.unsigned(value, 31, "osrel")
    _write(_call.freebsd(kernel), root, pid, "osrel", b"%d\n" % number)


def file(pid: int | None = None, *, root: str = ROOT, kernel: Kernel | None = None) -> str | None:
    """file: the program; None where an older kernel has lost its name and says "unknown".

    `FileNotFoundError` (ENOENT) where a newer one has."""
    kernel = _call.freebsd(kernel)
    path, number = _path(kernel, root, pid, "file")
    try:
        found = kernel.readlink(path)
    except KernelError as error:
        raise _refused(kernel, error, path, number) from None
    return None if found == "unknown" else found


def auxv(pid: int | None = None, *, root: str = ROOT,
         kernel: Kernel | None = None) -> tuple[AuxEntry, ...]:
    """auxv (linprocfs): what the kernel told its program at the start."""
    kernel = _call.freebsd(kernel)
    return parse_auxv(kernel.machine, _read(kernel, root, pid, "auxv"))


def fd(pid: int | None = None, *, root: str = ROOT, kernel: Kernel | None = None) -> dict[int, str]:
    """fd (linprocfs): open descriptors, each with what its link says."""
    kernel = _call.freebsd(kernel)
    path, number = _path(kernel, root, pid, "fd")
    try:
        names = [name for name in kernel.listdir(path) if name.isascii() and name.isdigit()]
        return {int(name): kernel.readlink(f"{path}/{name}") for name in names}
    except KernelError as error:
        raise _refused(kernel, error, path, number) from None


def ctl(pid: int, command: str, *, root: str = ROOT, kernel: Kernel | None = None) -> None:
    """ctl: a command of procfs's own debugging, which FreeBSD has no more (`Hidden`)."""
    _write(_call.freebsd(kernel), root, pid, "ctl", command.encode())


def note(pid: int, data: bytes, *, root: str = ROOT, kernel: Kernel | None = None) -> int:
    """note: send it a note.  FreeBSD has never delivered one (EOPNOTSUPP)."""
    return _write(_call.freebsd(kernel), root, pid, "note", _check.octets(data))


def notepg(pid: int, data: bytes, *, root: str = ROOT, kernel: Kernel | None = None) -> int:
    """notepg: the same for its process group (EOPNOTSUPP)."""
    return _write(_call.freebsd(kernel), root, pid, "notepg", _check.octets(data))


# -- memory and registers -----------------------------------------------------------------


def read_mem(pid: int | None, address: int, size: int, *, root: str = ROOT,
             kernel: Kernel | None = None) -> bytes:
    """mem: up to `size` bytes from `address`; `KernelError` (EFAULT) for what is not mapped.

    The process need not be stopped.  Addresses are those that a file offset can be,
    below 2**63."""
    kernel = _call.freebsd(kernel)
    return _at(kernel, root, pid, "mem", _check.unsigned(address, 63, "address"),
               _check.length(size))


def write_mem(pid: int | None, address: int, data: bytes, *, root: str = ROOT,
              kernel: Kernel | None = None) -> int:
    """mem: write at `address`; how many bytes were written."""
    kernel = _call.freebsd(kernel)
    return _write(kernel, root, pid, "mem", _check.octets(data),
                  _check.unsigned(address, 63, "address"))


def _get(kernel: Kernel, root: str, pid: int | None, name: str, kind: type[R]) -> R:
    size = len(bytes(kind()))
    data = _at(kernel, root, pid, name, 0, size)
    if len(data) != size:
        raise Malformed(f"{name} has {size} bytes, not {len(data)}")
    return kind(data)


def _set(kernel: Kernel, root: str, pid: int | None, name: str, registers: RegisterFile,
         kind: type[RegisterFile]) -> None:
    if not isinstance(registers, kind) or registers.machine != kind.machine:
        raise TypeError(f"{name} of {kernel.machine} takes {kind.__name__}, "
                        f"not {type(registers).__name__}")
    _write(kernel, root, pid, name, bytes(registers))


def regs(pid: int | None, *, root: str = ROOT, kernel: Kernel | None = None) -> Registers:
    """regs: general registers of a stopped process's first thread (EBUSY for one that runs)."""
    kernel = _call.freebsd(kernel)
    return _get(kernel, root, pid, "regs", GENERAL[kernel.machine])


def set_regs(pid: int | None, registers: Registers, *, root: str = ROOT,
             kernel: Kernel | None = None) -> None:
    """regs: set them."""
    kernel = _call.freebsd(kernel)
    _set(kernel, root, pid, "regs", registers, GENERAL[kernel.machine])


def fpregs(pid: int | None, *, root: str = ROOT, kernel: Kernel | None = None) -> FpRegisters:
    """fpregs: floating-point registers, as `regs`."""
    kernel = _call.freebsd(kernel)
    return _get(kernel, root, pid, "fpregs", FLOATING[kernel.machine])


def set_fpregs(pid: int | None, registers: FpRegisters, *, root: str = ROOT,
               kernel: Kernel | None = None) -> None:
    """fpregs: set them."""
    kernel = _call.freebsd(kernel)
    _set(kernel, root, pid, "fpregs", registers, FLOATING[kernel.machine])


def dbregs(pid: int | None, *, root: str = ROOT, kernel: Kernel | None = None) -> DebugRegisters:
    """dbregs: debug registers, also of a process that runs."""
    kernel = _call.freebsd(kernel)
    return _get(kernel, root, pid, "dbregs", DEBUG[kernel.machine])


def set_dbregs(pid: int | None, registers: DebugRegisters, *, root: str = ROOT,
               kernel: Kernel | None = None) -> None:
    """dbregs: set them, of a stopped process."""
    kernel = _call.freebsd(kernel)
    _set(kernel, root, pid, "dbregs", registers, DEBUG[kernel.machine])
