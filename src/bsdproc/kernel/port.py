"""The port: what a kernel is to the rest of the library.

The calls here stand at the C boundary.  Integers, caller addresses and
buffers in the target's own layout go in and out; nothing is typed.  The
native kernel and every emulated one implement them, so that whatever is
written above this line is the same code on a BSD and off it.

A failed call raises an `OSError` whose ``errno`` is the *target's* number
(FreeBSD's EAGAIN is 35 on any host).
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import TYPE_CHECKING, NamedTuple, Protocol, TypeVar

if TYPE_CHECKING:
    from bsdproc.abi import Target

T = TypeVar("T")


class Buffer(Protocol):
    """Memory of the calling process that a kernel reads and writes by address."""

    @property
    def address(self) -> int:
        """Where it lies, as the target's kernel is told."""

    def __len__(self) -> int: ...

    def read(self, offset: int = 0, size: int | None = None) -> bytes:
        """A copy of `size` bytes from `offset` (all that follow without a size)."""

    def write(self, data: bytes | bytearray | memoryview, offset: int = 0) -> None:
        """Replace bytes from `offset`; `ValueError` beyond the end."""


Address = int | Buffer
"""A pointer argument: lent memory, or a number.

The caller's memory is what it was lent, and no more: a number that is to be a
pointer into it and lies elsewhere is EFAULT, as is what a request stores
beyond a buffer's end.  A pointer inside a structure is one of these, too."""


class Waited(NamedTuple):
    """What wait4(2) gives: (0, 0, b"") with WNOHANG when there is no news."""

    pid: int
    status: int
    rusage: bytes


class Waited6(NamedTuple):
    """What wait6(2) gives: `struct __wrusage` and `siginfo_t` as bytes."""

    pid: int
    status: int
    wrusage: bytes
    siginfo: bytes


class Caller(NamedTuple):
    """The calling process: its identity, credentials, group and session."""

    pid: int
    ppid: int
    pgid: int
    sid: int
    uid: int
    """Effective; `ruid` and `svuid` are the real and saved ones."""
    ruid: int
    svuid: int
    gid: int
    rgid: int
    svgid: int
    groups: tuple[int, ...]


class Stat(NamedTuple):
    """The part of lstat(2) that procfs and program files need."""

    mode: int
    size: int
    uid: int
    gid: int
    ino: int
    nlink: int


class StatVfs(NamedTuple):
    """A mounted file system, as statvfs(3) and statfs(2) know it.

    Sizes are in bytes.  What only root may know is 0 to others: `fsid`."""

    bsize: int
    """The size to transfer by (statvfs's; FreeBSD's f_iosize)."""
    frsize: int
    """The unit of `blocks`, `bfree` and `bavail` (FreeBSD's f_bsize)."""
    iosize: int
    blocks: int
    bfree: int
    bavail: int
    """Signed: below 0 where only root can still write."""
    files: int
    ffree: int
    namemax: int
    flags: int
    """MNT_RDONLY and the like, with the system's numbers."""
    fsid: tuple[int, int]
    owner: int
    """The uid that mounted it."""
    fstype: str
    mounted_from: str
    mounted_on: str


class Kernel(Protocol):
    """A kernel, seen by one process of it: the caller."""

    @property
    def system(self) -> str:
        """"freebsd", "netbsd" or "dragonfly"."""

    @property
    def machine(self) -> str:
        """The caller's machine as `bsdproc.abi` names it: "amd64", "arm64" .."""

    @property
    def release(self) -> str:
        """As uname -r says it: "13.2-RELEASE"."""

    @property
    def version(self) -> int:
        """The number that interfaces are dated by: kern.osreldate, __NetBSD_Version__."""

    @property
    def target(self) -> Target:
        """Layouts and constants of this system and machine."""

    def __enter__(self) -> Kernel:
        """Make this the default kernel until the block is left."""

    def __exit__(self, *exc: object) -> None: ...

    # -- the caller and its memory ------------------------------------------
    def buffer(self, contents: int | bytes | bytearray | memoryview) -> Buffer:
        """Lend memory: so many zero bytes, or a copy of these."""

    def caller(self) -> Caller:
        """Who asks: its ids and credentials."""

    def getpid(self) -> int:
        """The caller's process id."""

    # -- processes ----------------------------------------------------------
    def spawn(
        self,
        path: str,
        argv: Sequence[str],
        env: Mapping[str, str] | None = None,
        *,
        traced: bool = False,
        new_group: bool = False,
        uid: int | None = None,
        gid: int | None = None,
        groups: Sequence[int] | None = None,
        cwd: str | None = None,
        fds: Mapping[int, int] | None = None,
    ) -> int:
        """fork, then in the child setpgid(0, 0), chdir, dup2 as asked,
        PT_TRACE_ME if `traced`, setgroups, setgid, setuid, and execve.

        The tracing comes before the ids because NetBSD lets nobody but root
        be traced who has changed his ids since his last execve.

        `argv` has argv[0].  `env` None passes the caller's environment on.
        `fds` maps descriptors of the child to the caller's; those not named
        are 0, 1 and 2 as they are, and all others are closed.  With a `uid`,
        `gid` defaults to it and `groups` to that gid alone.  Returns the
        child's pid when its execve is done (for a traced one: succeeded, its
        stop not yet waited for).  What fails in the child raises here, with
        its errno, and leaves no child behind.
        """

    def wait4(self, pid: int, options: int = 0, detail: bool = True) -> Waited:
        """wait4(2).  EINTR is retried as Python does.  Without `detail` the kernel is not
        asked for the rusage (a null pointer): it is b""."""

    def wait6(self, idtype: int, id: int, options: int, detail: bool = True) -> Waited6:
        """wait6(2).  Without `detail` neither wrusage nor siginfo is asked for."""

    def kill(self, pid: int, signal: int) -> None:
        """kill(2)."""

    def run_child(self, work: Callable[[Kernel], T], *, uid: int | None = None,
                  gid: int | None = None) -> T:
        """Run work(kernel) to its end in a new child process of the caller,
        setgroups, setgid and setuid first if asked; collect the child and
        return what it returned, or raise what it raised (both pickled on a
        native kernel).  `kernel.getpid()` inside is the child's pid."""

    def settle(self, seconds: float) -> None:
        """Let time pass and other processes run for about that long."""

    # -- process control ----------------------------------------------------
    def ptrace(self, request: int, pid: int, addr: Address, data: int) -> int:
        """ptrace(2).  A result of -1 that is no error is returned."""

    def procctl(self, idtype: int, id: int, command: int, data: Address) -> int:
        """procctl(2)."""

    def sysctl(self, mib: Sequence[int] | str, *, new: bytes | None = None,
               room: int | None = None) -> bytes:
        """sysctl(3) by number or by name: the old value.

        Without `room` the buffer is sized, fetched and grown until the value
        is whole; with it, exactly that large (ENOMEM when that is too
        little), and 0 asks for no old value.  `new` is the value to set
        (then no old value is fetched unless `room` says so)."""

    def sysctl_size(self, mib: Sequence[int] | str) -> int:
        """What the kernel answers to a null buffer: bytes, an estimate."""

    # -- files: programs, procfs, core dumps --------------------------------
    def open(self, path: str, flags: int, mode: int = 0o600) -> int:
        """open(2); flags are the target's."""

    def close(self, fd: int) -> None:
        """close(2)."""

    def pipe(self) -> tuple[int, int]:
        """pipe(2): (read end, write end), close-on-exec."""

    def read(self, fd: int, size: int) -> bytes:
        """read(2): up to `size` bytes from where the file stands; none at its end."""

    def write(self, fd: int, data: bytes) -> int:
        """write(2): how many bytes were taken."""

    def pread(self, fd: int, size: int, offset: int) -> bytes:
        """pread(2): the same from `offset`."""

    def pwrite(self, fd: int, data: bytes, offset: int) -> int:
        """pwrite(2)."""

    def lstat(self, path: str) -> Stat:
        """lstat(2)."""

    def readlink(self, path: str) -> str:
        """readlink(2)."""

    def listdir(self, path: str) -> list[str]:
        """The names in a directory, without . and .."""

    def unlink(self, path: str) -> None:
        """unlink(2)."""

    def mkdir(self, path: str, mode: int = 0o755) -> None:
        """mkdir(2)."""

    def rmdir(self, path: str) -> None:
        """rmdir(2)."""

    def chmod(self, path: str, mode: int) -> None:
        """chmod(2)."""

    def chown(self, path: str, uid: int, gid: int) -> None:
        """chown(2)."""

    # -- file systems ---------------------------------------------------------
    def mount(self, fstype: str, path: str, flags: int, data: Address = 0, size: int = 0) -> int:
        """mount(2): what it returns (0; on NetBSD with MNT_GETARGS the bytes
        that it stored).

        `data` is the file system's own argument structure, or 0, and `size`
        its bytes, which NetBSD alone is told.  Pointers inside are the
        caller's own affair: no procfs has any."""

    def nmount(self, iov: Sequence[bytes | Buffer], flags: int) -> None:
        """nmount(2), FreeBSD's (`NotSupported` elsewhere): names and values
        in turn, each a `struct iovec` of its own; empty bytes are (NULL, 0).

        Names, and values that are text, end in a NUL.  A value that is a
        buffer may be written: the kernel says in "errmsg" what it dislikes."""

    def unmount(self, path: str, flags: int = 0) -> None:
        """unmount(2)."""

    def statvfs(self, path: str) -> StatVfs:
        """The file system that a path lies on."""
