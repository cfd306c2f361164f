"""A mounted procfs, where the systems agree: nodes read and written, refusals told apart."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import wraps
from typing import TYPE_CHECKING, Concatenate, Final, ParamSpec, TypeVar

from bsdproc.kernel.errors import KernelError, NoSuchProcess, NotFound, NotPermitted
from bsdproc.typed import check
from bsdproc.typed.records import Malformed
from bsdproc.typed.registers import RegisterFile

if TYPE_CHECKING:
    from bsdproc.kernel.port import Kernel

P = ParamSpec("P")
R = TypeVar("R", bound=RegisterFile)
T = TypeVar("T")
ROOT: Final = "/proc"
O_RDONLY: Final = 0
O_WRONLY: Final = 1
_DIGITS: Final = 10
_FIRST: Final = 1 << 14
_FORMATS: Final = {
    0o010000: "pipe", 0o020000: "device", 0o040000: "directory", 0o060000: "device",
    0o100000: "file", 0o120000: "link", 0o140000: "socket",
}
_FORBIDDEN: Final = frozenset({"EPERM", "EACCES"})
_GONE: Final = frozenset({"ENOENT", "EIO", "ESRCH", "EBADF"})


class NoProcess(NoSuchProcess):
    """The process has no directory: there is none, none visible, or it went meanwhile."""


class Hidden(NotFound):
    """The process is there, but not this node: not on this mount, or not for the caller."""


class Forbidden(NotPermitted):
    """The node is there, and the caller may not open it, or not use it."""


@dataclass(frozen=True, slots=True)
class FdEntry:
    """What an entry of a process's fd/ is."""

    kind: str
    """"file", "directory", "device", "pipe", "socket" or "link"."""
    target: str | None
    """What a link says."""


@dataclass(frozen=True, slots=True)
class NodeMode:
    """What a node is, whoever asks."""

    kind: str
    """"file", "link" or "directory"."""
    mode: int
    """Permission bits."""


@dataclass(frozen=True, slots=True)
class NodeStat:
    """What lstat(2) says of a node now: it goes by the process and by the caller."""

    kind: str
    """"file", "link" or "directory"."""
    mode: int
    """Permission bits."""
    uid: int
    """The process's real user."""
    gid: int
    """Its real group."""
    size: int
    """Bytes; 0 where the length is not known before it is read."""
    fileid: int
    """Its number in the file system."""


def is_number(name: str) -> bool:
    """Whether a name is that of a process or a descriptor."""
    return name.isascii() and name.isdigit() and len(name) <= _DIGITS


def path_of(kernel: Kernel, root: str, pid: int | None, name: str) -> tuple[str, int]:
    """A node's path, and whose it is."""
    if not isinstance(root, str):
        raise TypeError(f"root must be a str, not {type(root).__name__}")
    number = check.own(kernel, pid)
    return f"{root}/{number}/{name}", number


class Explained:
    """A decorator of functions below that take (kernel, root, pid, name): where a node is
    hidden or forbidden, the error has the reason that `why` finds."""

    def __init__(self, why: Callable[[Kernel, str, KernelError], str | None]) -> None:
        """`why` takes the kernel, the node's name and the error."""
        self._why = why

    def __call__(
        self, work: Callable[Concatenate[Kernel, str, int | None, str, P], T], /
    ) -> Callable[Concatenate[Kernel, str, int | None, str, P], T]:
        @wraps(work)
        def asked(kernel: Kernel, root: str, pid: int | None, name: str, /,
                  *args: P.args, **kwargs: P.kwargs) -> T:
            try:
                return work(kernel, root, pid, name, *args, **kwargs)
            except (Hidden, Forbidden) as error:
                if error.reason is None:
                    error.reason = self._why(kernel, name, error)
                raise

        return asked


def refused(kernel: Kernel, error: KernelError, path: str, pid: int) -> KernelError:
    """The error with what was asked, told apart by whether the process is there."""
    error.request, error.target = path, pid
    kind: type[KernelError] = Hidden
    if error.name in _FORBIDDEN:
        kind = Forbidden
    elif error.name not in _GONE:
        return error
    else:
        try:
            kernel.lstat(path.rpartition("/")[0])
        except KernelError:
            kind = NoProcess
        else:
            if error.name != "ENOENT":
                return error
    return kind(error.errno or 0, error.strerror or "", system=error.system, call=error.call,
                request=path, target=pid, reason=error.reason)


def read(kernel: Kernel, root: str, pid: int | None, name: str, most: int,
         first: int = _FIRST) -> bytes:
    """A text as a whole, of `most` bytes at the most (`Malformed` for more)."""
    path, number = path_of(kernel, root, pid, name)
    try:
        return whole(kernel, path, most, first)
    except KernelError as error:
        raise refused(kernel, error, path, number) from None


def whole(kernel: Kernel, path: str, most: int, first: int = _FIRST) -> bytes:
    """A file as a whole.  Each read makes a text anew, so that it has to fit into one:
    of `first` bytes to begin with, of `most` at the most (`Malformed` for more)."""
    fd = kernel.open(path, O_RDONLY)
    try:
        size = first
        while True:
            data = kernel.pread(fd, size, 0)
            if len(data) < size:
                return data
            if size >= most:
                raise Malformed(f"{path} has more than {size} bytes")
            size *= 4
    finally:
        kernel.close(fd)


def read_at(kernel: Kernel, root: str, pid: int | None, name: str, offset: int,
            size: int) -> bytes:
    """Up to `size` bytes from an offset."""
    path, number = path_of(kernel, root, pid, name)
    try:
        fd = kernel.open(path, O_RDONLY)
        try:
            return kernel.pread(fd, size, offset)
        finally:
            kernel.close(fd)
    except KernelError as error:
        raise refused(kernel, error, path, number) from None


def write(kernel: Kernel, root: str, pid: int | None, name: str, data: bytes,
          offset: int = 0) -> int:
    """Write at an offset; how many bytes were written."""
    path, number = path_of(kernel, root, pid, name)
    try:
        fd = kernel.open(path, O_WRONLY)
        try:
            return kernel.pwrite(fd, data, offset)
        finally:
            kernel.close(fd)
    except KernelError as error:
        raise refused(kernel, error, path, number) from None


def readlink(kernel: Kernel, root: str, pid: int | None, name: str) -> str:
    """What a link says."""
    path, number = path_of(kernel, root, pid, name)
    try:
        return kernel.readlink(path)
    except KernelError as error:
        raise refused(kernel, error, path, number) from None


def listdir(kernel: Kernel, root: str, pid: int | None, name: str = "") -> list[str]:
    """The names in a process's directory, or in one of it."""
    path, number = path_of(kernel, root, pid, name)
    try:
        return kernel.listdir(path.rstrip("/"))
    except KernelError as error:
        raise refused(kernel, error, path, number) from None


def stat(kernel: Kernel, root: str, pid: int | None, name: str) -> NodeStat:
    """A node's lstat(2); the process's directory without a name."""
    path, number = path_of(kernel, root, pid, name)
    try:
        found = kernel.lstat(path.rstrip("/"))
    except KernelError as error:
        raise refused(kernel, error, path, number) from None
    return NodeStat(_FORMATS.get(found.mode & 0o170000, "file"), found.mode & 0o7777, found.uid,
                    found.gid, found.size, found.ino)


def fd(kernel: Kernel, root: str, pid: int | None) -> dict[int, FdEntry]:
    """The descriptors in a process's fd/; those that are closed meanwhile are left out."""
    found: dict[int, FdEntry] = {}
    for name in listdir(kernel, root, pid, "fd"):
        if is_number(name):
            try:
                found[int(name)] = fd_entry(kernel, root, pid, int(name))
            except KernelError as error:
                if error.name not in _GONE:
                    raise
    return found


def fd_entry(kernel: Kernel, root: str, pid: int | None, descriptor: int) -> FdEntry:
    """What one entry of fd/ is."""
    path, number = path_of(kernel, root, pid, f"fd/{descriptor}")
    try:
        kind = _FORMATS.get(kernel.lstat(path).mode & 0o170000, "file")
        return FdEntry(kind, kernel.readlink(path) if kind == "link" else None)
    except KernelError as error:
        raise refused(kernel, error, path, number) from None


def pids(kernel: Kernel, root: str) -> tuple[int, ...]:
    """The processes that have a directory, by rising number."""
    found = kernel.listdir(root)
    return tuple(sorted(int(name) for name in found if is_number(name)))


def get(kernel: Kernel, root: str, pid: int | None, name: str, kind: type[R]) -> R:
    """A node that is a register file."""
    data = read_at(kernel, root, pid, name, 0, kind.size)
    if len(data) != kind.size:
        raise Malformed(f"{name} has {kind.size} bytes, not {len(data)}")
    return kind(data)


def put(kernel: Kernel, root: str, pid: int | None, name: str, registers: RegisterFile,
        kind: type[RegisterFile]) -> None:
    """Set one; `TypeError` for another class's."""
    if not isinstance(registers, kind) or registers.machine != kind.machine:
        raise TypeError(f"{name} of {kernel.machine} takes {kind.__name__}, "
                        f"not {type(registers).__name__}")
    write(kernel, root, pid, name, bytes(registers))
