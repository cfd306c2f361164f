"""aio_read(2), lio_listio(2) and the calls that ask what became of it.

The subject of FreeBSD's vfs_aio.c.
"""

from __future__ import annotations

import struct
from typing import TYPE_CHECKING, Final

from bsdproc.emulator.bsd.file import FREAD, FWRITE, Blocking, VnodeFile
from bsdproc.emulator.bsd.files import SSIZE_MAX
from bsdproc.emulator.bsd.kqueue import EV_CLEAR, EV_DISPATCH, EV_ONESHOT, Kqueue, Note
from bsdproc.emulator.bsd.kqueuerules import AIO, LIO
from bsdproc.emulator.bsd.signo import SIG_MAX
from bsdproc.emulator.bsd.sockets import Socket
from bsdproc.emulator.bsd.state import Sleep, Thread
from bsdproc.emulator.bsd.syscalls.args import Args, int32, space_of
from bsdproc.emulator.bsd.syscalls.files import iovec
from bsdproc.emulator.bsd.syscalls.time import deadline_at
from bsdproc.emulator.bsd.syscalls.width import narrow
from bsdproc.emulator.errno import (
    EAGAIN,
    EBADF,
    EINPROGRESS,
    EINTR,
    EINVAL,
    EIO,
    ENOSYS,
    EOPNOTSUPP,
    EWOULDBLOCK,
    Refused,
)
from bsdproc.emulator.freebsd import aio
from bsdproc.emulator.freebsd.aio import Batch, Job, Notice
from bsdproc.emulator.freebsd.syscalls import Entry, Function

if TYPE_CHECKING:
    from bsdproc.emulator.freebsd.system import System

AIOCB: Final = struct.Struct("<i4xqQQ16xii24xiiQQ56x")
"""struct aiocb: descriptor, offset, buffer, its size, what to do, priority, and the notice;
between these the kernel's own words."""
STATUS, ERROR = 56, 64
SIGEVENT: Final = struct.Struct("<iiQQ56x")
LIO_WAIT, LIO_NOWAIT = 1, 0
CANCELED, NOTCANCELED, ALLDONE = 1, 2, 3
O_SYNC, O_DSYNC = 0x80, 0x1000000
NOTICES: Final = (aio.SIGEV_NONE, aio.SIGEV_SIGNAL, aio.SIGEV_KEVENT, aio.SIGEV_THREAD_ID)


def _wide(system: System, td: Thread) -> None:
    if narrow(td):
        system.note(f"process {td.proc.pid} ({td.proc.comm}): no asynchronous requests of "
                    "i386 programs")
        raise Refused(ENOSYS)


def _word(td: Thread, at: int, value: int) -> None:
    space_of(td).copyout(at, struct.pack("<q", value))


def _notice(td: Thread, words: tuple[int, int, int, int]) -> Notice:
    """EINVAL for another way of telling, and for signals that there are not."""
    how, signo, value, more = words
    if how not in NOTICES:
        raise Refused(EINVAL)
    if how in (aio.SIGEV_SIGNAL, aio.SIGEV_THREAD_ID) and not 0 < signo <= SIG_MAX:
        raise Refused(EINVAL)
    return Notice(how, signo, value, more)


def _note(td: Thread, notice: Notice, filter: int, ident: int) -> tuple[Kqueue, Note] | None:
    """The event that a kqueue will tell, if one is to."""
    if notice.how != aio.SIGEV_KEVENT:
        return None
    flags = notice.more & 0xFFFF
    if flags & ~(EV_CLEAR | EV_DISPATCH | EV_ONESHOT):
        raise Refused(EINVAL)
    queue = td.proc.files.get(notice.signo)
    if not isinstance(queue, Kqueue):
        raise Refused(EBADF)
    note = Note(filter, ident, flags, 0, 0, notice.value)
    queue.notes.append(note)
    return queue, note


def _make(system: System, td: Thread, at: int, kind: int, batch: Batch | None = None) -> None:
    """aio_aqueue, in its order of refusals; the error is left in the program's record."""
    _wide(system, td)
    _word(td, at + STATUS, -1)
    _word(td, at + ERROR, 0)
    try:
        job = _job(system, td, at, kind)
    except Refused as refused:
        _word(td, at + ERROR, refused.errno)
        raise
    if job is None:
        return
    job.batch = batch
    _word(td, at + ERROR, EINPROGRESS)
    aio.queue(system, td, job)


def _job(system: System, td: Thread, at: int, kind: int) -> Job | None:
    held = sum(len(one.all) for one in system.aio.values())
    own = system.aio.get(td.proc)
    if held >= aio.most(system, "") or (
            own is not None and len(own.all) >= aio.most(system, "_per_proc")):
        raise Refused(EAGAIN)
    fd, offset, buffer, size, opcode, _, *words = AIOCB.unpack(
        space_of(td).copyin(at, AIOCB.size))
    if kind & aio.VECTORED:
        where = iovec(td, buffer, int32(size))
    else:
        where = [(buffer, size)]
        if size > SSIZE_MAX:
            raise Refused(EINVAL)
    notice = _notice(td, (words[0], words[1], words[2], words[3]))
    if kind == aio.NOP:
        kind = opcode
        if kind not in (aio.NOP, aio.READ, aio.WRITE):
            raise Refused(EINVAL)
    need = FWRITE if kind & aio.WRITE else FREAD if kind & aio.READ else 0
    file = None if kind == aio.MLOCK else td.proc.files.get(fd, need)
    if kind & aio.SYNC and file is not None and file.vnode is None:
        raise Refused(EINVAL)
    if file is not None and kind & (aio.READ | aio.WRITE) and offset < 0 and (
            file.vnode is None or file.vnode.kind != "chr"):
        raise Refused(EINVAL)
    if kind == aio.NOP:
        return None
    if file is not None and not (isinstance(file, Socket) or (
            isinstance(file, VnodeFile) and file.vnode.kind in ("reg", "dir"))):
        raise Refused(EOPNOTSUPP)       # as without vfs.aio.enable_unsafe
    return Job(at, kind, file, offset, where, notice, note=_note(td, notice, AIO, at))


def _request(kind: int) -> Function:
    def call(system: System, td: Thread, args: Args) -> None:
        _make(system, td, args[0], kind)
    return call


def sys_aio_fsync(system: System, td: Thread, args: Args) -> None:
    if int32(args[0]) not in (O_SYNC, O_DSYNC):
        raise Refused(EINVAL)
    _make(system, td, args[1], aio.SYNC)


def _find(system: System, td: Thread, at: int) -> Job | None:
    held = system.aio.get(td.proc)
    return held.find(at) if held is not None else None


def sys_aio_return(system: System, td: Thread, args: Args) -> int:
    """The result, once: its error is the call's."""
    job = _find(system, td, args[0])
    if job is None or not job.finished:
        raise Refused(EINVAL)
    return _result(system, td, job)


def _result(system: System, td: Thread, job: Job) -> int:
    aio.forget(system, td.proc, job)
    _word(td, job.at + ERROR, job.error)
    _word(td, job.at + STATUS, job.status)
    if job.error:
        raise Refused(job.error)
    return job.status


def sys_aio_error(system: System, td: Thread, args: Args) -> int:
    """Of a request that was refused, what that was."""
    job = _find(system, td, args[0])
    if job is not None:
        return job.error if job.finished else EINPROGRESS
    status, error = struct.unpack("<qq", space_of(td).copyin(args[0] + STATUS, 16))
    if status == -1:
        return int(error) & 0xFFFFFFFF
    raise Refused(EINVAL)


def sys_aio_suspend(system: System, td: Thread, args: Args) -> Blocking[int]:
    """Until one of them has ended: EAGAIN when the time is over."""
    at, count = args[0], int32(args[1])
    _wide(system, td)
    if not 0 <= count <= aio.most(system, "_per_proc"):
        raise Refused(EINVAL)
    deadline = deadline_at(system, td, args[2])
    data = space_of(td).copyin(at, 8 * count) if count else b""
    wanted = [one for one, in struct.iter_unpack("<Q", data) if one]
    if not wanted:
        return 0
    while True:
        jobs = [job for one in wanted if (job := _find(system, td, one)) is not None]
        if not jobs or any(job.finished for job in jobs):
            return 0
        error = yield Sleep(("aio", td.proc), "aiospn", deadline)
        if error:
            raise Refused(EAGAIN if error == EWOULDBLOCK else EINTR)


def sys_aio_cancel(system: System, td: Thread, args: Args) -> int:
    """What has not ended of a descriptor's requests, or one of them."""
    file, held = td.proc.files.get(int32(args[0])), system.aio.get(td.proc)
    jobs = [job for job in (held.all if held is not None else ())
            if job.file is file and args[1] in (0, job.at) and not job.finished]
    for job in jobs:
        aio.cancel(system, td.proc, job)
    return CANCELED if jobs else ALLDONE


def sys_aio_waitcomplete(system: System, td: Thread, args: Args) -> Blocking[int]:
    """The next result of any request, and whose it is."""
    _wide(system, td)
    _word(td, args[0], 0)
    deadline = deadline_at(system, td, args[1])
    while True:
        held = system.aio.get(td.proc)
        job = held.done() if held is not None else None
        if job is not None:
            _word(td, args[0], job.at)
            return _result(system, td, job)
        error = yield Sleep(("aio", td.proc), "aiowc", deadline)
        if error:
            raise Refused(EAGAIN if error == EWOULDBLOCK else EINTR)


def sys_lio_listio(system: System, td: Thread, args: Args) -> Blocking[int]:
    """Several requests; EIO where one of them could not be made."""
    mode, at, count = int32(args[0]), args[1], int32(args[2])
    _wide(system, td)
    if mode not in (LIO_WAIT, LIO_NOWAIT) or not 0 <= count <= aio.most(system, "_per_proc"):
        raise Refused(EINVAL)
    batch = Batch(Notice())
    if args[3] and mode == LIO_NOWAIT:
        words = SIGEVENT.unpack(space_of(td).copyin(args[3], SIGEVENT.size))
        batch.notice = _notice(td, (words[0], words[1], words[2], words[3]))
        batch.note = _note(td, batch.notice, LIO, at)
    data = space_of(td).copyin(at, 8 * count) if count else b""
    batch.left = 1              # the list itself, until all is asked for
    failed = again = False
    for one, in struct.iter_unpack("<Q", data):
        try:
            if one:
                _make(system, td, one, aio.NOP, batch)
        except Refused as refused:
            again |= refused.errno == EAGAIN
            failed |= refused.errno != EAGAIN
    batch.left -= 1
    if not batch.left:
        aio.batch_done(system, td.proc, batch)
    while mode == LIO_WAIT and batch.left:
        if (yield Sleep(("aio", td.proc), "aiospn")):
            raise Refused(EINTR)
    if failed or again:
        raise Refused(EIO if failed else EAGAIN)
    return 0


SYSCALLS: dict[int, Entry] = {
    255: ("aio_read", 1, _request(aio.READ)),
    256: ("aio_write", 1, _request(aio.WRITE)),
    257: ("lio_listio", 4, sys_lio_listio),
    314: ("aio_return", 1, sys_aio_return),
    315: ("aio_suspend", 3, sys_aio_suspend),
    316: ("aio_cancel", 2, sys_aio_cancel),
    317: ("aio_error", 1, sys_aio_error),
    359: ("aio_waitcomplete", 2, sys_aio_waitcomplete),
    465: ("aio_fsync", 2, sys_aio_fsync),
    543: ("aio_mlock", 1, _request(aio.MLOCK)),
    578: ("aio_writev", 1, _request(aio.WRITE | aio.VECTORED)),
    579: ("aio_readv", 1, _request(aio.READ | aio.VECTORED)),
}
