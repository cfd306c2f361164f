"""open(2) and its like: a file of a process's for what a path names."""

from __future__ import annotations

from typing import TYPE_CHECKING

from bsdproc.emulator.bsd import lockf
from bsdproc.emulator.bsd.file import (
    FREAD,
    FWRITE,
    O_APPEND,
    O_NONBLOCK,
    Blocking,
    File,
    Pipe,
    PipeBuffer,
    VnodeFile,
    access,
)
from bsdproc.emulator.bsd.files import (
    AT_FDCWD,
    O_ACCMODE,
    O_CLOEXEC,
    O_CREAT,
    O_DIRECTORY,
    O_EXCL,
    O_EXEC,
    O_EXLOCK,
    O_NOFOLLOW,
    O_SHLOCK,
    O_TRUNC,
    STAYS,
    nofile,
    running,
    where,
)
from bsdproc.emulator.bsd.state import Sleep, Thread
from bsdproc.emulator.errno import (
    EACCES,
    EEXIST,
    EINVAL,
    EISDIR,
    EMFILE,
    EMLINK,
    ENOENT,
    ENOTDIR,
    ENXIO,
    EOPNOTSUPP,
    ETXTBSY,
    Refused,
)
from bsdproc.emulator.vfs import (
    EXEC,
    READ,
    WRITE,
    Access,
    DescriptorDevice,
    Special,
    Told,
    Vnode,
)

if TYPE_CHECKING:
    from bsdproc.emulator.bsd.system import System


def openat(system: System, td: Thread, path: str, flags: int, mode: int = 0o600,
           at: int = AT_FDCWD) -> Blocking[int]:
    """openat(2): the descriptor."""
    if flags & O_EXEC:
        if flags & O_ACCMODE:
            raise Refused(EINVAL)
    elif flags & O_ACCMODE == O_ACCMODE:
        raise Refused(EINVAL)
    else:
        flags += 1
    table, limit = td.proc.files, nofile(td.proc)
    if len(table.slots) >= limit:
        raise Refused(EMFILE)
    # What is opened from a descriptor can do no more than that.
    limits = table.slots[at].limits if at in table.slots and not path.startswith("/") else None
    vnode = _opened(system, td, path, flags, mode, where(td, at, path))
    if isinstance(vnode, DescriptorDevice):
        return _another(td, vnode.number, flags, limit)
    file: File
    if isinstance(vnode, Special) and vnode.kind == "fifo":
        file = yield from _open_fifo(system, flags, vnode)
    else:
        file = VnodeFile(flags & STAYS, vnode)
        if flags & (O_SHLOCK | O_EXLOCK):
            yield from lockf.comes_with(system, file, exclusive=bool(flags & O_EXLOCK),
                                        wait=not flags & O_NONBLOCK)
        if flags & O_TRUNC and vnode.kind == "reg":
            vnode.truncate(0, access(td))
            system.file_cut(vnode, 0)
    try:
        return table.place(file, limit, cloexec=bool(flags & O_CLOEXEC), limits=limits)
    except Refused:
        file.hold().drop(system)
        raise


def _another(td: Thread, fd: int, flags: int, limit: int) -> int:
    """dupfdopen: the new descriptor is closed by execve if the old one is."""
    slot = td.proc.files.slot(fd)
    if flags & (FREAD | FWRITE) & ~slot.file.flag:
        raise Refused(EACCES)
    return td.proc.files.place(slot.file, limit, cloexec=slot.cloexec, limits=slot.limits)


def _opened(system: System, td: Thread, path: str, flags: int, mode: int,
            who: Access) -> Vnode:
    """vn_open: find or make the vnode, in the kernel's order of refusals."""
    fs = system.vfs
    if system.directory_or_file and flags & O_CREAT and flags & O_DIRECTORY:
        if flags & O_EXCL:
            raise Refused(EINVAL)
        flags &= ~O_CREAT
    follow = not flags & O_NOFOLLOW and flags & (O_CREAT | O_EXCL) != O_CREAT | O_EXCL
    found = fs.walk(path, who, follow)
    node = found.vnode
    if node is None:
        if not flags & O_CREAT:
            raise Refused(ENOENT)
        if found.trailing:
            raise Refused(system.no_such_directory)
        node = fs.new(found.directory, "reg", mode & ~td.proc.umask & 0o7777 & ~0o1000,
                      who.cred.uid)
        found.directory.add(found.name, node, who)
        return node
    if flags & O_CREAT:
        if error := system.creates(found):
            raise Refused(error)
        if flags & O_EXCL:
            raise Refused(EEXIST)
        if node.kind == "dir":
            raise Refused(EISDIR)
    if node.kind == "lnk":
        raise Refused(EMLINK)
    if node.kind == "sock":
        raise Refused(EOPNOTSUPP)
    if flags & O_DIRECTORY and node.kind != "dir":
        raise Refused(ENOTDIR)
    want = READ if flags & FREAD else 0
    if flags & (FWRITE | O_TRUNC):
        if node.kind == "dir":
            raise Refused(EISDIR)
        want |= WRITE
    if flags & O_EXEC:
        want |= EXEC
    busy = want & WRITE and node.kind == "reg" and running(system, node)
    if busy and system.text_busy_first:
        raise Refused(ETXTBSY)
    node.check(want, who)
    if busy:
        raise Refused(ETXTBSY)
    if flags & (FWRITE | O_APPEND) == FWRITE:
        node.keeps(node.APPEND)
    node.opened(bool(flags & FWRITE), who, bool(flags & O_EXCL))
    node.tell(Told.OPEN)
    if flags & (O_SHLOCK | O_EXLOCK) and node.fixed:
        raise Refused(EOPNOTSUPP)
    return node


def _open_fifo(system: System, flags: int, node: Vnode) -> Blocking[File]:
    """fifo_open: each side waits for the other."""
    assert isinstance(node, Special)
    if node.channel is None:
        node.channel = PipeBuffer()
    pipe = node.channel
    assert isinstance(pipe, PipeBuffer)
    if flags & FWRITE and not flags & FREAD and flags & O_NONBLOCK and pipe.readers == 0:
        raise Refused(ENXIO)
    file = Pipe(flags & STAYS, pipe if flags & FREAD else None,
                pipe if flags & FWRITE else None, node)
    pipe.changed(system)
    while not flags & O_NONBLOCK:
        if (not flags & FREAD or pipe.writers) and (not flags & FWRITE or pipe.readers):
            break
        error = yield Sleep(pipe, "fifoor" if flags & FREAD else "fifoow")
        if error:
            file.hold().drop(system)
            raise Refused(error)
    return file
