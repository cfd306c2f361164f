"""What queues of events tell of files: what can be read or written, and what is
done with them.  The filters' own part of kern_event.c, sys_pipe.c, uipc_socket.c
and vfs_subr.c."""

from __future__ import annotations

from typing import TYPE_CHECKING, cast

from bsdproc.emulator.bsd.file import (
    PIPE_BUF,
    PIPE_SIZE,
    HostStream,
    Kind,
    Pipe,
    VnodeFile,
)
from bsdproc.emulator.bsd.kqueuerules import PROCDESC, READ, VNODE, WRITE
from bsdproc.emulator.bsd.sockets import LOW_WATER, Socket
from bsdproc.emulator.errno import ENODEV, Refused

if TYPE_CHECKING:
    from bsdproc.emulator.bsd.kqueue import Kqueue, Note
    from bsdproc.emulator.bsd.kqueuerules import KqueueRules
    from bsdproc.emulator.bsd.system import System

EV_EOF = 0x8000
NOTE_LOWAT, NOTE_FILE_POLL = 0x1, 0x2


def standing(note: Note) -> tuple[int, ...]:
    """How the note's file stands: another answer is news."""
    file = note.file
    if isinstance(file, Pipe) and note.filter == READ and file.reads is not None:
        return file.reads.taken + len(file.reads.data), file.reads.writers == 0
    if isinstance(file, Socket) and note.filter == READ:
        return file.arrived, len(file.waiting), file.cant_receive
    return note.data, note.flags & EV_EOF


def can_watch(rules: KqueueRules, note: Note) -> None:
    """fo_kqfilter: refused for what a file does not tell of."""
    file = note.file
    told = {Kind.KQUEUE: (READ,), Kind.PROCDESC: (PROCDESC,), Kind.SHM: ()}
    assert file is not None
    if note.filter == VNODE and isinstance(file, VnodeFile):
        if file.vnode.kind == "chr":
            raise Refused(ENODEV)
        return
    if note.filter not in told.get(file.kind, (READ, WRITE)):
        raise Refused(rules.unwatchable)
    if note.filter == WRITE and isinstance(file, Pipe) and file.vnode is None and (
            file.writes is not None and file.writes.readers == 0):
        raise Refused(rules.pipe_gone)


def file_event(rules: KqueueRules, note: Note) -> None:
    """What a file's filter puts into `data`, `flags` and `fflags`."""
    file = note.file
    if isinstance(file, HostStream):
        note.data = 0 if note.filter == READ else PIPE_SIZE
    elif isinstance(file, Pipe):
        _pipe(rules, note, file)
    elif isinstance(file, Socket):
        _socket(rules, note, file)
    elif file is not None and file.kind == Kind.KQUEUE:
        queue = cast("Kqueue", file)
        note.data = len(queue.queue) or int(file.ready().read)
    elif isinstance(file, VnodeFile):
        size = file.vnode.size if file.vnode.kind == "reg" else file.offset
        note.data = size - file.offset if note.filter == READ else 0
    elif file is not None and (amount := file.amount(note.filter == WRITE)) is not None:
        note.data = amount


def _pipe(rules: KqueueRules, note: Note, file: Pipe) -> None:
    if note.filter == READ:
        pipe = file.reads
        note.data = len(pipe.data) if pipe is not None else 0
        gone = pipe is None or pipe.writers == 0
    else:
        pipe = file.writes
        gone = pipe is None or pipe.readers == 0
        note.data = 0 if gone or pipe is None else PIPE_SIZE - len(pipe.data)
    if gone:
        note.flags |= EV_EOF | (0 if note.data else rules.eof)


def _socket(rules: KqueueRules, note: Note, file: Socket) -> None:
    if note.filter == READ:
        waits = len(file.waiting) if rules.backlog else 0
        note.data = waits if file.limit is not None else file.available
        gone = file.cant_receive
    else:
        note.data = file.free
        gone = file.cant_send
    if gone:
        note.flags |= EV_EOF
        if note.filter == WRITE or not note.data:
            note.flags |= rules.eof
        if file.cant_receive and file.cant_send:
            note.flags |= rules.hangup
        note.fflags = file.error


def file_ready(note: Note) -> bool:
    if note.flags & EV_EOF:
        return True
    file = note.file
    if isinstance(file, VnodeFile):
        return note.filter == WRITE or note.data != 0 or bool(note.wanted & NOTE_FILE_POLL)
    low = note.given if note.wanted & NOTE_LOWAT else 0
    if isinstance(file, Socket):
        if file.error or (note.filter == READ and file.waiting):
            return True
        if note.filter == WRITE:
            if file.connection and not file.connected:
                return False
            return note.data >= (low or min(LOW_WATER, file.space))
        return note.data >= (low or 1)
    if note.filter == WRITE:
        return note.data >= (low or PIPE_BUF)
    return note.data >= (low or 1)


def watch_file(system: System, queue: Kqueue, note: Note) -> None:
    """EVFILT_VNODE: the note hears of what it wants to know."""
    assert note.file is not None
    node = note.file.vnode
    assert node is not None

    def hear(what: int) -> None:
        if note.wanted & what:
            note.fflags |= what         # with what was not wanted
            queue.activate(system, note)

    note.hears = hear
    if node.watchers is None:
        node.watchers = []
    node.watchers.append(hear)
