"""Descriptors and the calls on them: the subject of kern_descrip.c,
vfs_syscalls.c and sys_generic.c.

`read`, `write`, `pread` and `pwrite` may sleep and are generators;
the others are plain functions.  System calls and the port's methods both come
here; paths are text, with undecodable bytes as surrogate escapes.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, BinaryIO

from bsdproc.emulator.bsd.file import (
    FREAD,
    FWRITE,
    O_APPEND,
    O_NONBLOCK,
    Blocking,
    File,
    HostStream,
    Pipe,
    PipeBuffer,
    VnodeFile,
    access,
    host_stream,
)
from bsdproc.emulator.bsd.filetable import FileTable as FileTable
from bsdproc.emulator.bsd.state import Proc, Thread
from bsdproc.emulator.errno import (
    EBADF,
    ECAPMODE,
    EINVAL,
    EISDIR,
    ENOTCAPABLE,
    ENOTDIR,
    ENXIO,
    EOVERFLOW,
    EPERM,
    ESPIPE,
    ETXTBSY,
    Refused,
)
from bsdproc.emulator.vfs import (
    EXEC,
    READ,
    WRITE,
    Access,
    Attributes,
    Entry,
    FileSystem,
    Regular,
    Vnode,
    base_system,
)

if TYPE_CHECKING:
    from bsdproc.emulator.bsd.system import System

O_ACCMODE = 0x3
O_ASYNC, O_FSYNC, O_NOFOLLOW, O_CREAT, O_TRUNC, O_EXCL = 0x40, 0x80, 0x100, 0x200, 0x400, 0x800
O_SHLOCK, O_EXLOCK = 0x10, 0x20
O_DIRECT, O_DIRECTORY, O_EXEC, O_CLOEXEC = 0x10000, 0x20000, 0x40000, 0x100000
O_DSYNC = 0x1000000
STAYS = (FREAD | FWRITE | O_APPEND | O_NONBLOCK | O_ASYNC | O_FSYNC | O_DSYNC | O_DIRECT
         | O_EXEC)
"""FMASK: the flags of open(2) that the file keeps."""
AT_FDCWD = -100
PYTHON = "/usr/local/bin/python3"
"""The program that the driver executes, so to speak: an empty file."""
MNT_ROOTFS, MNT_LOCAL = 0x4000, 0x1000
RLIMIT_NOFILE = 8
SSIZE_MAX = (1 << 63) - 1


# -- setting up ---------------------------------------------------------------
def boot_file_system(system: System) -> FileSystem:
    """The name space that the kernel boots with."""
    source = system.entropy()
    fs = base_system(lambda: system.boot_ns + system.clock, source.randbytes)
    fs.mounts[0].flags = MNT_ROOTFS | MNT_LOCAL
    fs.install(PYTHON, b"", 0o555)
    system.mount_boot(fs)
    return fs


def standard_table(stdout: BinaryIO | None, stderr: BinaryIO | None) -> FileTable:
    """Descriptors 0, 1 and 2 of the driver: the host's streams."""
    table = FileTable()
    for flag, given, name in ((FREAD, None, "stdin"), (FWRITE, stdout, "stdout"),
                              (FWRITE, stderr, "stderr")):
        table.place(HostStream(flag, host_stream(given, name)), 3)
    return table


# -- open and close -----------------------------------------------------------
def nofile(p: Proc) -> int:
    return p.rlimits.get(RLIMIT_NOFILE, (SSIZE_MAX, 0))[0]


def start(td: Thread, at: int) -> Access:
    """Where a relative path of an at-call starts: EBADF, ENOTDIR."""
    who = access(td)
    if at == AT_FDCWD:
        return who
    file = td.proc.files.get(at)
    if not isinstance(file, VnodeFile) or file.vnode.kind != "dir":
        raise Refused(ENOTDIR)
    return Access(who.cred, file.vnode, who.root, td, td.proc.cred.capmode)


def where(td: Thread, at: int, path: str) -> Access:
    """`start`, but an absolute path does not look at the descriptor.  In
    capability mode a path starts at a descriptor and stays beneath it:
    ECAPMODE, ENOTCAPABLE."""
    if td.proc.cred.capmode:
        if at == AT_FDCWD:
            raise Refused(ECAPMODE)
        if path.startswith("/"):
            raise Refused(ENOTCAPABLE)
    return access(td) if path.startswith("/") else start(td, at)


def running(system: System, vnode: Vnode) -> bool:
    """Whether some process executes this file."""
    return any(vnode in (p.text, p.linker) and p.space is not None
               for p in system.procs.values())


def close(system: System, td: Thread, fd: int) -> None:
    td.proc.files.close(system, fd)


def close_range(system: System, td: Thread, low: int, high: int, cloexec: bool = False) -> None:
    """close_range(2), with CLOSE_RANGE_CLOEXEC: mark them instead."""
    if low > high:
        raise Refused(EINVAL)
    table = td.proc.files
    for fd, slot in table.items():
        if low <= fd <= high:
            if cloexec:
                slot.cloexec = True
            else:
                table.close(system, fd)


def pipe2(system: System, td: Thread, flags: int = 0) -> tuple[int, int]:
    """pipe2(2), O_CLOEXEC and O_NONBLOCK: the two ends' descriptors."""
    if flags & ~(O_CLOEXEC | O_NONBLOCK):
        raise Refused(EINVAL)
    number = td.proc.pid << 20 | len(td.proc.files.slots) << 8
    forth = PipeBuffer(number)
    back = PipeBuffer(number | 0x80) if system.two_way_pipes else None
    keep = flags & O_NONBLOCK
    reads, writes = keep | FREAD, keep | FWRITE
    if back is not None:
        reads = writes = reads | writes
    table, limit, cloexec = td.proc.files, nofile(td.proc), bool(flags & O_CLOEXEC)
    first = table.place(Pipe(reads, forth, back), limit, cloexec=cloexec)
    try:
        return first, table.place(Pipe(writes, back, forth), limit, cloexec=cloexec)
    except Refused:
        table.close(system, first)
        raise


def dup(system: System, td: Thread, fd: int, low: int = 0, cloexec: bool = False) -> int:
    """dup(2); with `low` F_DUPFD."""
    table, limit = td.proc.files, nofile(td.proc)
    slot = table.slot(fd)
    if not 0 <= low < limit:
        raise Refused(EINVAL)
    return table.place(slot.file, limit, low, cloexec, slot.limits)


def dup2(system: System, td: Thread, fd: int, to: int, cloexec: bool = False) -> int:
    table = td.proc.files
    slot = table.slot(fd)
    if to < 0 or to >= nofile(td.proc):
        raise Refused(EBADF)
    if fd != to:
        table.replace(system, to, slot.file, cloexec, slot.limits)
    else:
        slot.cloexec = cloexec if cloexec else slot.cloexec
    return to


# -- reading and writing --------------------------------------------------------
def read(system: System, td: Thread, fd: int, size: int) -> Blocking[bytes]:
    file = td.proc.files.get(fd, FREAD)
    if size == 0:       # nobody is asked
        return b""
    return (yield from file.read(system, td, _length(size), None))


def write(system: System, td: Thread, fd: int, data: bytes) -> Blocking[int]:
    file = td.proc.files.get(fd, FWRITE)
    return (yield from file.write(system, td, data, None))


def pread(system: System, td: Thread, fd: int, size: int, offset: int) -> Blocking[bytes]:
    file = td.proc.files.get(fd, FREAD)
    _position(file, offset)
    if size == 0:
        return b""
    return (yield from file.read(system, td, _length(size), offset))


def pwrite(system: System, td: Thread, fd: int, data: bytes, offset: int) -> Blocking[int]:
    file = td.proc.files.get(fd, FWRITE)
    _position(file, offset)
    return (yield from file.write(system, td, data, offset))


def _length(size: int) -> int:
    if not 0 <= size <= SSIZE_MAX:
        raise Refused(EINVAL)
    return size


def _position(file: File, offset: int) -> None:
    if not file.seekable:
        raise Refused(ESPIPE)
    if offset < 0 and not (isinstance(file, VnodeFile) and file.vnode.kind == "chr"):
        raise Refused(EINVAL)


def lseek(system: System, td: Thread, fd: int, offset: int, whence: int) -> int:
    """lseek(2): SEEK_SET 0, SEEK_CUR 1, SEEK_END 2, SEEK_DATA 3, SEEK_HOLE 4
    (a file here is all data)."""
    file = td.proc.files.get(fd)
    if not file.seekable:
        raise Refused(ESPIPE)
    counts = file.vnode is None or file.vnode.kind != "chr"
    if whence in (3, 4):
        if file.vnode is not None and not isinstance(file.vnode, Regular):
            raise Refused(EINVAL)
        size = file.attributes(access(td)).size
        if not 0 <= offset < size:
            raise Refused(ENXIO)
        target = offset if whence == 3 else size
    elif whence in (0, 1, 2):
        base = (0, file.offset, file.attributes(access(td)).size if whence == 2 else 0)[whence]
        target = base + offset
        if counts and target > SSIZE_MAX:
            raise Refused(EOVERFLOW)
        target = (target + SSIZE_MAX + 1) % (1 << 64) - SSIZE_MAX - 1
    else:
        raise Refused(EINVAL)
    if counts and target < 0:
        raise Refused(EINVAL)
    file.offset = target
    return target


def ftruncate(system: System, td: Thread, fd: int, size: int) -> None:
    file = td.proc.files.get(fd)
    if size < 0 or not file.flag & FWRITE:
        raise Refused(EINVAL)
    file.truncate(system, td, size)


def truncate(system: System, td: Thread, path: str, size: int) -> None:
    if size < 0:
        raise Refused(EINVAL)
    who = access(td)
    node = system.vfs.find(path, who)
    if node.kind == "dir":
        raise Refused(EISDIR)
    busy = node.kind == "reg" and running(system, node)
    if busy and system.text_busy_first:
        raise Refused(ETXTBSY)
    node.check(WRITE, who)
    if busy:
        raise Refused(ETXTBSY)
    node.truncate(size, who)
    system.file_cut(node, size)


# -- names ----------------------------------------------------------------------
def fstat(system: System, td: Thread, fd: int) -> Attributes:
    return td.proc.files.get(fd).attributes(access(td))


def fstatat(system: System, td: Thread, path: str, follow: bool = True,
            at: int = AT_FDCWD) -> Attributes:
    """fstatat(2); with follow=False what lstat(2) gives."""
    who = where(td, at, path)
    return system.vfs.find(path, who, follow).attributes(who)


def readlink(system: System, td: Thread, path: str, at: int = AT_FDCWD) -> str:
    who = where(td, at, path)
    return system.vfs.find(path, who, follow=False).readlink(who)


def listdir(system: System, td: Thread, path: str) -> list[str]:
    """The names in a directory, as opening and reading it gives them."""
    who = access(td)
    node = system.vfs.find(path, who)
    if node.kind != "dir":
        raise Refused(ENOTDIR)
    node.check(READ, who)
    node.opened(False, who)
    return [entry.name for entry in node.entries(who)]


def entries(system: System, td: Thread, fd: int) -> tuple[File, list[Entry]]:
    """A directory's file and all it lists, "." and ".." first."""
    file = td.proc.files.get(fd, FREAD)
    if not isinstance(file, VnodeFile) or file.vnode.kind != "dir":
        raise Refused(EINVAL)
    node, who = file.vnode, access(td)
    listed, dots = node.entries(who), node.dots()
    own = [Entry(name, ino, "dir") for name, ino in zip((".", ".."), dots or (), strict=False)]
    return file, own + listed


def unlink(system: System, td: Thread, path: str, at: int = AT_FDCWD) -> None:
    system.vfs.unlink(path, where(td, at, path))


def rmdir(system: System, td: Thread, path: str, at: int = AT_FDCWD) -> None:
    system.vfs.rmdir(path, where(td, at, path))


def mkdir(system: System, td: Thread, path: str, mode: int = 0o755, at: int = AT_FDCWD) -> None:
    system.vfs.mkdir(path, mode & ~td.proc.umask & 0o1777, where(td, at, path))


def mkfifo(system: System, td: Thread, path: str, mode: int, at: int = AT_FDCWD) -> None:
    system.vfs.create(path, mode & ~td.proc.umask & 0o7777, where(td, at, path), "fifo")


def chmod(system: System, td: Thread, path: str, mode: int, follow: bool = True,
          at: int = AT_FDCWD) -> None:
    who = where(td, at, path)
    system.vfs.find(path, who, follow).set_attributes(who, mode=mode & 0o7777)


def chown(system: System, td: Thread, path: str, uid: int, gid: int, follow: bool = True,
          at: int = AT_FDCWD) -> None:
    """-1 leaves an id as it is."""
    who = where(td, at, path)
    system.vfs.find(path, who, follow).set_attributes(who, uid=identity(uid), gid=identity(gid))


def identity(id: int) -> int | None:
    """A uid_t or gid_t; None for -1, which stands for none."""
    id &= 0xFFFFFFFF
    return None if id == 0xFFFFFFFF else id


def fchange(system: System, td: Thread, fd: int, *, mode: int | None = None,
            uid: int | None = None, gid: int | None = None) -> None:
    """fchmod(2) and fchown(2): EINVAL for what is no vnode."""
    node = td.proc.files.get(fd).vnode
    if node is None:
        raise Refused(EINVAL)
    node.set_attributes(access(td), mode=mode, uid=uid, gid=gid)


def getcwd(system: System, td: Thread) -> str:
    """As the process sees it: ENOENT when the directory is gone."""
    fs, p = system.vfs, td.proc
    return fs.path_of(fs.lookup(p.cwd), p.root)


def chdir(system: System, td: Thread, path: str) -> None:
    who = access(td)
    _enter(system, td, system.vfs.find(path, who), who)


def fchdir(system: System, td: Thread, fd: int) -> None:
    file = td.proc.files.get(fd)
    if not isinstance(file, VnodeFile):
        raise Refused(ENOTDIR)
    _enter(system, td, file.vnode, access(td))


def _enter(system: System, td: Thread, node: Vnode, who: Access) -> None:
    if node.kind != "dir":
        raise Refused(ENOTDIR)
    node.check(EXEC, who)
    td.proc.cwd = system.vfs.path_of(node)


def chroot(system: System, td: Thread, path: str) -> None:
    system.may_chroot(td)
    node = system.vfs.find(path, access(td))
    if node.kind != "dir":
        raise Refused(ENOTDIR)
    p = td.proc
    if not system.leaves_root(p) and any(
            slot.file.vnode is not None and slot.file.vnode.kind == "dir"
            for slot in p.files.slots.values()):
        raise Refused(EPERM)
    p.root = system.vfs.path_of(node)
    p.jail_dir = p.jail_dir or p.root
