"""kevent(2): asking for events and waiting for them.

Filters of files' changes (EVFILT_VNODE), of asynchronous input and output and
the like are refused with EINVAL and a note in the kernel's log.
"""

from __future__ import annotations

import struct
from typing import TYPE_CHECKING

from bsdproc.emulator.bsd import kqueue as kq
from bsdproc.emulator.bsd import signo
from bsdproc.emulator.bsd.entry import Entry
from bsdproc.emulator.bsd.file import SELECT, Blocking
from bsdproc.emulator.bsd.kqueue import Event, Kqueue, Note
from bsdproc.emulator.bsd.state import P, Sleep, Thread
from bsdproc.emulator.bsd.syscalls.args import signed, space_of
from bsdproc.emulator.bsd.syscalls.time import deadline_at
from bsdproc.emulator.bsd.syscalls.width import narrow
from bsdproc.emulator.errno import EBADF, EINTR, EINVAL, ENOENT, ERESTART, EWOULDBLOCK, Refused
from bsdproc.emulator.freebsd.cred import p_cansee

if TYPE_CHECKING:
    from bsdproc.emulator.freebsd.system import System

Args = tuple[int, ...]

KEVENT = (struct.Struct("<QhHIqQ4Q"), struct.Struct("<IhHIqI4Q"))
"""struct kevent: amd64's and i386's."""
KEVENT11 = (struct.Struct("<QhHIqQ"), struct.Struct("<IhHIiI"))
"""The same as it was before 12."""
KNOWN = frozenset({kq.READ, kq.WRITE, kq.PROC, kq.SIGNAL, kq.TIMER, kq.PROCDESC, kq.USER})
EVFILT_SYSCOUNT = 13
EV_SYSFLAGS = 0xF000
NOT_KEPT = kq.EV_ADD | kq.EV_DELETE | kq.EV_ENABLE | kq.EV_DISABLE | kq.EV_FORCEONESHOT


def register(system: System, td: Thread, queue: Kqueue, event: Event) -> None:
    """kqueue_register, in its order of refusals."""
    flags = event.flags
    if flags & kq.EV_ENABLE and flags & kq.EV_DISABLE:
        raise Refused(EINVAL)
    if event.filter not in KNOWN:
        if -EVFILT_SYSCOUNT <= event.filter < 0:
            system.note(f"process {td.proc.pid} ({td.proc.comm}): kevent filter "
                        f"{event.filter} is not implemented")
        raise Refused(EINVAL)
    file = None
    if event.filter in kq.OF_FILES:
        if event.ident > 0x7FFFFFFF:
            raise Refused(EBADF)
        file = td.proc.files.get(event.ident)
        if file is queue:
            raise Refused(EINVAL)
    note = queue.find(event.filter, event.ident)
    if note is None:
        if not flags & kq.EV_ADD:
            raise Refused(ENOENT)
        note = Note(event.filter, event.ident, flags & ~NOT_KEPT, event.fflags, event.data,
                    event.udata, event.extra, file, disabled=bool(flags & kq.EV_DISABLE))
        event.fflags = event.data = 0
        _attach(system, td, queue, note)
        queue.notes.append(note)
    elif flags & kq.EV_DELETE:
        queue.forget(note)
        return
    else:
        _change(system, queue, note, event)
    if not note.disabled and (note.active or kq.happened(note, system.clock)):
        queue.activate(system, note)


def _attach(system: System, td: Thread, queue: Kqueue, note: Note) -> None:
    """f_attach."""
    if note.filter in (kq.READ, kq.WRITE, kq.PROCDESC):
        kq.can_watch(note)
        if note.filter == kq.PROCDESC:
            note.flags |= kq.EV_CLEAR
    elif note.filter == kq.SIGNAL:
        if not 0 < note.ident <= signo.SIG_MAX:
            raise Refused(EINVAL)
        note.flags |= kq.EV_CLEAR
        kq.watch_process(queue, note, td.proc)
    elif note.filter == kq.TIMER:
        kq.start_timer(note, system)
        if not note.wanted & kq.NOTE_ABSTIME:
            note.flags |= kq.EV_CLEAR
    elif note.filter == kq.USER:
        note.triggered = bool(note.fflags & kq.NOTE_TRIGGER)
    else:
        _attach_process(system, td, queue, note)


def _attach_process(system: System, td: Thread, queue: Kqueue, note: Note) -> None:
    """filt_procattach: a zombie may be asked for its exit alone."""
    pid = signed(note.ident)
    p = system.pfind_any(pid) if note.wanted & kq.NOTE_EXIT else system.find_proc(pid)
    p_cansee(system, td, p)
    note.flags |= kq.EV_CLEAR
    if p.flag & P.WEXIT:
        kq.process_gone(note, kq.exit_status(p))
        note.active = True
    else:
        kq.watch_process(queue, note, p)


def _change(system: System, queue: Kqueue, note: Note, event: Event) -> None:
    """A note that there is already."""
    if event.flags & kq.EV_FORCEONESHOT:
        note.flags |= kq.EV_ONESHOT
        queue.activate(system, note)
    if event.flags & kq.EV_ENABLE:
        note.disabled = False
    elif event.flags & kq.EV_DISABLE:
        note.disabled = True
        if note in queue.queue:
            queue.queue.remove(note)
    note.udata = event.udata
    if note.filter == kq.USER:
        kq.touch_user(note, event)
    elif note.filter == kq.TIMER:
        if event.flags & kq.EV_ADD:
            if note in queue.queue:
                queue.queue.remove(note)
            note.active, note.data = False, 0
            note.wanted, note.given = event.fflags, event.data
            try:
                kq.start_timer(note, system)
            except Refused as e:
                note.flags |= kq.EV_ERROR
                note.data, note.deadline = e.errno, None
    else:
        note.wanted, note.given = event.fflags, event.data


def sys_kevent(system: System, td: Thread, args: Args) -> Blocking[int]:
    return _kevent(system, td, args, KEVENT[narrow(td)])


def sys_freebsd11_kevent(system: System, td: Thread, args: Args) -> Blocking[int]:
    return _kevent(system, td, args, KEVENT11[narrow(td)])


def _kevent(system: System, td: Thread, args: Args, form: struct.Struct) -> Blocking[int]:
    """kern_kevent: changes that fail are events, as long as there is room for them."""
    deadline = deadline_at(system, td, args[5])
    queue = td.proc.files.get(signed(args[0]))
    if not isinstance(queue, Kqueue):
        raise Refused(EBADF)
    space, changes, room, told = space_of(td), signed(args[2]), signed(args[4]), 0
    for i in range(changes):
        ident, filter_, flags, fflags, data, udata, *extra = form.unpack(
            space.copyin(args[1] + i * form.size, form.size))
        if not filter_:
            continue
        event = Event(ident, filter_, flags & ~EV_SYSFLAGS, fflags, data, udata,
                      tuple(extra) or (0, 0, 0, 0))
        error = 0
        try:
            register(system, td, queue, event)
        except Refused as e:
            error = e.errno
        if error or event.flags & kq.EV_RECEIPT:
            if told == room:
                if error:
                    raise Refused(error)
                return 0
            event.flags, event.data = kq.EV_ERROR, error
            _tell(td, args[3] + told * form.size, form, event)
            told += 1
    if told:
        return told
    if room < 0:
        raise Refused(EINVAL)
    found = (yield from _scan(system, queue, room, deadline)) if room else []
    for i, event in enumerate(found):
        _tell(td, args[3] + i * form.size, form, event)
    return len(found)


def _tell(td: Thread, address: int, form: struct.Struct, event: Event) -> None:
    extra = event.extra if form in KEVENT else ()
    data = signed(event.data) if form is KEVENT11[1] else event.data
    space_of(td).copyout(address, form.pack(
        event.ident, event.filter, event.flags, event.fflags & 0xFFFFFFFF, data,
        event.udata, *extra))


def _scan(system: System, queue: Kqueue, room: int, deadline: int | None) -> Blocking[list[Event]]:
    while not (found := queue.take(system.clock, room)):
        if deadline is not None and deadline <= system.clock:
            break
        error = yield Sleep(SELECT, "kqread", kq.timer_limit(queue, deadline))
        if error and error != EWOULDBLOCK:
            raise Refused(EINTR if error == ERESTART else error)
    return found


SYSCALLS: dict[int, Entry] = {
    363: ("freebsd11_kevent", 6, sys_freebsd11_kevent),
    560: ("kevent", 6, sys_kevent),
}
