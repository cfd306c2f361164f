"""Reading and writing that a program does not wait for: the requests of processes, and
who does them.  The subject of FreeBSD's vfs_aio.c.

A thread of the kernel's does each request, in its turn; what it does not sleep for is
done by then.
"""

from __future__ import annotations

from collections.abc import Generator
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Final

from bsdproc.emulator.bsd.file import SELECT, File
from bsdproc.emulator.bsd.kqueue import EV_EOF, Kqueue, Note
from bsdproc.emulator.bsd.state import KSigInfo, Proc, Sleep, Thread
from bsdproc.emulator.bsd.system import ThreadExited
from bsdproc.emulator.errno import ECANCELED, EFAULT, EINTR, ERESTART, Refused
from bsdproc.emulator.freebsd.syscalls import residence
from bsdproc.emulator.machine.memory import MemoryFault

if TYPE_CHECKING:
    from bsdproc.emulator.freebsd.system import System

NOP, WRITE, READ, VECTORED, SYNC, MLOCK = 0, 1, 2, 4, 8, 0x20
SI_ASYNCIO: Final = 0x10004
SIGEV_NONE, SIGEV_SIGNAL, SIGEV_KEVENT, SIGEV_THREAD_ID = 0, 1, 3, 4
PER_PROCESS, ALL = 256, 1024
"""Requests of a process, and of all."""


def most(system: System, whose: str) -> int:
    """vfs.aio.max_aio_queue and vfs.aio.max_aio_queue_per_proc."""
    return int(system.settings.get(f"vfs.aio.max_aio_queue{whose}",
                                   PER_PROCESS if whose else ALL))


@dataclass(frozen=True, slots=True)
class Notice:
    """struct sigevent: how one wants to hear of the end."""

    how: int = SIGEV_NONE
    signo: int = 0
    """The signal, or the kqueue."""
    value: int = 0
    more: int = 0
    """The thread, or flags of the event."""


@dataclass(slots=True, eq=False)
class Batch:
    """struct aioliojob: requests that were made by one lio_listio."""

    notice: Notice
    left: int = 0
    note: tuple[Kqueue, Note] | None = None


@dataclass(slots=True, eq=False)
class Job:
    """struct kaiocb."""

    at: int
    """The program's struct aiocb."""
    opcode: int
    file: File | None
    offset: int
    where: list[tuple[int, int]]
    notice: Notice
    batch: Batch | None = None
    status: int = -1
    error: int = 0
    finished: bool = False
    worker: Thread | None = None
    note: tuple[Kqueue, Note] | None = None
    sent: KSigInfo | None = None
    """The signal of its end, which nobody needs who has the result."""


@dataclass(slots=True)
class Requests:
    """struct kaioinfo: those of a process, the oldest first."""

    all: list[Job] = field(default_factory=list)

    def find(self, at: int) -> Job | None:
        return next((job for job in self.all if job.at == at), None)

    def done(self) -> Job | None:
        return next((job for job in self.all if job.finished), None)


def requests(system: System, p: Proc) -> Requests:
    return system.aio.setdefault(p, Requests())


def queue(system: System, td: Thread, job: Job) -> None:
    """A thread of the kernel's takes it on."""
    if job.file is not None:
        job.file.hold()
    requests(system, td.proc).all.append(job)
    if job.batch is not None:
        job.batch.left += 1
    kernel = system.kernel_proc
    job.worker = Thread(kernel, system.new_tid(kernel), None)
    job.worker.kernel = _work(system, td, job)
    system.run_first([job.worker])


def _work(system: System, td: Thread, job: Job) -> Generator[Sleep | None, int, None]:
    try:
        job.status = yield from _do(system, td, job)
    except Refused as refused:
        job.error = EINTR if refused.errno == ERESTART else refused.errno
    except MemoryFault:
        job.error = EFAULT
    worker = job.worker
    finish(system, td.proc, job)
    if worker is not None:
        system.remove_thread(worker)
        system.free_tid(worker.tid)
    raise ThreadExited


def _do(system: System, td: Thread, job: Job) -> Generator[Sleep | None, int, int]:
    """One request; bytes done, or 0."""
    space, file = td.proc.space, job.file
    assert space is not None
    if job.opcode == MLOCK:
        residence.sys_mlock(system, td, job.where[0])
        return 0
    if file is None or job.opcode & SYNC:
        return 0
    offset = job.offset if file.seekable else None
    size = sum(length for _, length in job.where)
    if job.opcode & READ:
        data = yield from file.read(system, td, size, offset)
        done = 0
        for at, length in job.where:
            space.copyout(at, data[done : done + length])
            done += length
        return len(data)
    data = b"".join(space.copyin(at, length) for at, length in job.where if length)
    return (yield from file.write(system, td, data, offset))


def finish(system: System, p: Proc, job: Job) -> None:
    """aio_bio_done_notify: whoever wants to hear of it does."""
    job.finished, job.worker = True, None
    if job.error:
        job.status = -1
    if job.file is not None:
        job.file.drop(system)
    if job.note is not None:
        _, note = job.note
        note.data, note.flags = job.error, note.flags | EV_EOF
        _tell(system, job.note)
    elif job.notice.how in (SIGEV_SIGNAL, SIGEV_THREAD_ID):
        job.sent = _signal(system, p, job.notice)
    batch = job.batch
    if batch is not None:
        batch.left -= 1
        if not batch.left:
            batch_done(system, p, batch)
    system.wakeup(("aio", p))


def batch_done(system: System, p: Proc, batch: Batch) -> None:
    if batch.note is not None:
        _tell(system, batch.note)
    elif batch.notice.how in (SIGEV_SIGNAL, SIGEV_THREAD_ID):
        _signal(system, p, batch.notice)


def _signal(system: System, p: Proc, notice: Notice) -> KSigInfo:
    ksi = KSigInfo(notice.signo, SI_ASYNCIO, value=notice.value)
    if notice.how == SIGEV_THREAD_ID:
        td = system.threads.get(notice.more)
        if td is not None and td.proc is p:
            system.tdsignal(td, ksi)
    else:
        system.psignal(p, ksi)
    return ksi


def _tell(system: System, where: tuple[Kqueue, Note]) -> None:
    kqueue, note = where
    note.triggered = True
    if note in kqueue.notes:
        kqueue.activate(system, note)
        system.wakeup(SELECT)


def forget(system: System, p: Proc, job: Job) -> None:
    """aio_free_entry: the program has its result."""
    held = requests(system, p)
    held.all.remove(job)
    if job.note is not None and job.note[1] in job.note[0].notes:
        job.note[0].forget(job.note[1])
    for queue in (p.sigqueue, *(td.sigqueue for td in p.threads)):
        if job.sent is not None and any(ksi is job.sent for ksi in queue.entries):
            queue.entries.remove(job.sent)
    if not held.all:
        del system.aio[p]


def cancel(system: System, p: Proc, job: Job) -> None:
    """It has not begun, or waits for what may never come."""
    worker, job.worker = job.worker, None
    if worker is not None and worker.kernel is not None:
        kernel, worker.kernel = worker.kernel, None
        system.remove_thread(worker)
        system.free_tid(worker.tid)
        kernel.close()
    job.error = ECANCELED
    finish(system, p, job)


def rundown(system: System, p: Proc) -> None:
    """aio_proc_rundown: an exit, or another program; nobody hears of the rest."""
    for job in list(system.aio[p].all):
        job.notice, job.batch, job.note = Notice(), None, None
        if not job.finished:
            cancel(system, p, job)
    system.aio.pop(p, None)
