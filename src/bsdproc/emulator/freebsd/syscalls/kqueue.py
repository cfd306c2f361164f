"""kevent(2) for signals.  The subject of FreeBSD's kern_event.c, as far as EVFILT_SIGNAL goes.

Other filters are refused with EINVAL and a note in the kernel's log.
"""

from __future__ import annotations

import struct
from typing import TYPE_CHECKING

from bsdproc.emulator.bsd import signo
from bsdproc.emulator.bsd.file import EVFILT_SIGNAL, Blocking, Knote, Kqueue
from bsdproc.emulator.bsd.state import Sleep, Thread
from bsdproc.emulator.bsd.syscalls.args import signed, space_of
from bsdproc.emulator.errno import EBADF, EINTR, EINVAL, ENOENT, ERESTART, EWOULDBLOCK, Refused

if TYPE_CHECKING:
    from bsdproc.emulator.freebsd.syscalls import Entry
    from bsdproc.emulator.freebsd.system import System

KEVENT = struct.Struct("<QhHIqQ4Q")
EV_ADD, EV_DELETE, EV_ENABLE, EV_DISABLE = 0x1, 0x2, 0x4, 0x8
EV_ONESHOT, EV_CLEAR, EV_RECEIPT, EV_DISPATCH = 0x10, 0x20, 0x40, 0x80
EV_ERROR = 0x4000
KEPT = EV_ONESHOT | EV_CLEAR | EV_DISPATCH


def _change(system: System, td: Thread, queue: Kqueue, change: tuple[int, ...]) -> None:
    """kqueue_register."""
    ident, filter_, flags, fflags, _, udata = change[:6]
    if filter_ != EVFILT_SIGNAL:
        system.note(f"process {td.proc.pid}: kevent filter {filter_} is not implemented")
        raise Refused(EINVAL)
    key = filter_, ident
    note = queue.notes.get(key)
    if note is None:
        if not flags & EV_ADD:
            raise Refused(ENOENT)
        if not 0 < ident <= signo.SIG_MAX:
            raise Refused(EINVAL)
        note = Knote(td.proc, ident, EV_CLEAR, 0, 0)
        queue.notes[key] = note
        if queue not in td.proc.kqueues:
            td.proc.kqueues.append(queue)
    if flags & EV_ADD:
        note.flags, note.fflags, note.udata = EV_CLEAR | flags & KEPT, fflags, udata
    if flags & EV_DELETE:
        del queue.notes[key]
        return
    if flags & EV_DISABLE:
        note.enabled = False
    if flags & EV_ENABLE:
        note.enabled = True


def _due(queue: Kqueue, room: int) -> list[bytes]:
    """kqueue_scan: what there is to report, taken off."""
    found: list[bytes] = []
    for key, note in list(queue.notes.items()):
        if len(found) == room:
            break
        if not note.enabled or not note.count:
            continue
        found.append(KEVENT.pack(note.signal, EVFILT_SIGNAL, note.flags, note.fflags,
                                 note.count, note.udata, 0, 0, 0, 0))
        note.count = 0
        if note.flags & EV_ONESHOT:
            del queue.notes[key]
        elif note.flags & EV_DISPATCH:
            note.enabled = False
    return found


def sys_kevent(system: System, td: Thread, args: tuple[int, ...]) -> Blocking[int]:
    queue = td.proc.files.get(signed(args[0]))
    if not isinstance(queue, Kqueue):
        raise Refused(EBADF)
    space, changes, room = space_of(td), signed(args[2]), signed(args[4])
    if changes < 0 or room < 0:
        raise Refused(EINVAL)
    answers: list[bytes] = []
    for i in range(changes):
        given = KEVENT.unpack(space.copyin(args[1] + i * KEVENT.size, KEVENT.size))
        error = 0
        try:
            _change(system, td, queue, given)
        except Refused as e:
            if len(answers) == room:
                raise
            error = e.errno
        if error or (given[2] & EV_RECEIPT and len(answers) < room):
            answers.append(KEVENT.pack(given[0], given[1], EV_ERROR, given[3], error, *given[5:]))
    if not answers and room:
        answers = yield from _scan(system, td, queue, room, args[5])
    for i, answer in enumerate(answers):
        space.copyout(args[3] + i * KEVENT.size, answer)
    return len(answers)


def _scan(system: System, td: Thread, queue: Kqueue, room: int,
          timeout: int) -> Blocking[list[bytes]]:
    deadline = None
    if timeout:
        sec, nsec = struct.unpack("<qq", space_of(td).copyin(timeout, 16))
        if sec < 0 or not 0 <= nsec < 10**9:
            raise Refused(EINVAL)
        deadline = system.clock + sec * 10**9 + nsec
    while not (found := _due(queue, room)):
        if deadline is not None and deadline <= system.clock:
            break
        error = yield Sleep(queue, "kqread", deadline)
        if error == EWOULDBLOCK:
            break
        if error:
            raise Refused(EINTR if error == ERESTART else error)
    return found


SYSCALLS: dict[int, Entry] = {
    560: ("kevent", 6, sys_kevent),
}
