"""kqueue(2) and kevent(2): asking for events and waiting for them.

Filters that are not there are refused with EINVAL and a note in the kernel's
log.  What differs from system to system is in `KqueueRules`.
"""

from __future__ import annotations

import struct
from typing import TYPE_CHECKING

from bsdproc.emulator.bsd import files, signo
from bsdproc.emulator.bsd import kqueue as kq
from bsdproc.emulator.bsd.entry import Entry
from bsdproc.emulator.bsd.file import FREAD, FWRITE, SELECT, Blocking
from bsdproc.emulator.bsd.kqueue import Event, Kqueue, Note
from bsdproc.emulator.bsd.kqueuerules import FS, PROCDESC, SIGNAL, TIMER, USER, VNODE
from bsdproc.emulator.bsd.state import P, Sleep, Thread
from bsdproc.emulator.bsd.syscalls.args import signed, space_of
from bsdproc.emulator.bsd.syscalls.time import deadline_at
from bsdproc.emulator.errno import EBADF, EINTR, EINVAL, ENOENT, ERESTART, EWOULDBLOCK, Refused
from bsdproc.emulator.machine.memory import MemoryFault

if TYPE_CHECKING:
    from bsdproc.emulator.bsd.system import System

Args = tuple[int, ...]


def kqueue(system: System, td: Thread, flag: int = 0, cloexec: bool = False) -> int:
    """A new queue's descriptor."""
    queue = Kqueue(system, FREAD | FWRITE | flag)
    return td.proc.files.place(queue, files.nofile(td.proc), cloexec=cloexec)


def sys_kqueue(system: System, td: Thread, args: Args) -> int:
    return kqueue(system, td)


def register(system: System, td: Thread, queue: Kqueue, event: Event) -> None:
    """kqueue_register, in its order of refusals.  The event's filter has the
    program's number."""
    flags, rules = event.flags, queue.rules
    if rules.one_way and flags & kq.EV_ENABLE and flags & kq.EV_DISABLE:
        raise Refused(EINVAL)
    kind = rules.filters.get(event.filter)
    if kind is None:
        if event.filter in rules.lacking:
            system.note(f"process {td.proc.pid} ({td.proc.comm}): kevent filter "
                        f"{event.filter} is not implemented")
        raise Refused(rules.kept_back.get(event.filter, EINVAL))
    file = None
    if kind in kq.OF_FILES:
        if event.ident > 0x7FFFFFFF:
            raise Refused(EBADF)
        file = td.proc.files.watched(event.ident)
        if file is queue:
            raise Refused(EINVAL)
    note = queue.find(kind, event.ident)
    if note is None:
        if not flags & kq.EV_ADD:
            raise Refused(ENOENT)
        note = Note(kind, event.ident, flags & ~rules.not_kept, event.fflags, event.data,
                    event.udata, event.extra, file, disabled=bool(flags & kq.EV_DISABLE))
        event.fflags = event.data = 0
        _attach(system, td, queue, note)
        queue.notes.append(note)
    elif flags & kq.EV_DELETE:
        queue.forget(note)
        return
    else:
        _change(system, queue, note, event)
    if not note.disabled and (note.active or kq.happened(rules, note, system.clock)):
        queue.activate(system, note)


def _attach(system: System, td: Thread, queue: Kqueue, note: Note) -> None:
    """f_attach."""
    if note.filter in kq.OF_FILES:
        kq.can_watch(queue.rules, note)
        if note.filter == PROCDESC:
            note.flags |= kq.EV_CLEAR
        elif note.filter == VNODE:
            kq.watch_file(system, queue, note)
    elif note.filter == SIGNAL:
        if not 0 < note.ident <= signo.SIG_MAX:
            raise Refused(EINVAL)
        note.flags |= kq.EV_CLEAR
        kq.watch_process(queue, note, td.proc)
    elif note.filter == TIMER:
        kq.start_timer(note, system)
    elif note.filter == USER:
        kq.start_user(queue.rules, note)
    elif note.filter == FS:
        note.flags |= kq.EV_CLEAR
    else:
        _attach_process(system, td, queue, note)


def _attach_process(system: System, td: Thread, queue: Kqueue, note: Note) -> None:
    """filt_procattach: a zombie may be asked for its exit alone, if at all."""
    pid = signed(note.ident)
    dead = queue.rules.zombies and note.wanted & kq.NOTE_EXIT
    p = system.pfind_any(pid) if dead else system.find_proc(pid)
    system.may_watch(td, p)
    note.flags |= kq.EV_CLEAR
    note.wanted &= ~kq.NOTE_CHILD
    if p.flag & P.WEXIT:
        kq.process_gone(queue.rules, note, system.exit_status(p))
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
    if note.filter == USER:
        kq.touch_user(queue.rules, note, event)
    elif note.filter == TIMER and queue.rules.timers_anew:
        if event.flags & kq.EV_ADD:
            _set_anew(system, queue, note, event)
    else:
        note.wanted, note.given = event.fflags, event.data


def _set_anew(system: System, queue: Kqueue, note: Note, event: Event) -> None:
    """filt_timertouch."""
    if note in queue.queue:
        queue.queue.remove(note)
    note.active, note.data = False, 0
    note.wanted, note.given = event.fflags, event.data
    try:
        kq.start_timer(note, system)
    except Refused as e:
        note.deadline = None
        if not queue.rules.timer_failed:
            raise
        note.flags |= kq.EV_ERROR
        note.data = e.errno


def kevent(system: System, td: Thread, args: Args, form: struct.Struct) -> Blocking[int]:
    """kern_kevent: changes that fail are events, as long as there is room for them.
    `form` is struct kevent: ident, filter, flags, fflags, data, udata and more."""
    rules = system.kqueues
    deadline = _deadline(system, td, args[5]) if rules.early_timeout else None
    queue = td.proc.files.get(signed(args[0]))
    if not isinstance(queue, Kqueue):
        raise Refused(EBADF)
    space, changes, room, told = space_of(td), signed(args[2]), signed(args[4]), 0
    if args[5]:
        space.copyin(args[5], 1)
    for i in range(changes):
        ident, filter_, flags, fflags, data, udata, *extra = form.unpack(
            space.copyin(args[1] + i * form.size, form.size))
        if not filter_ and rules.skip_none:
            continue
        event = Event(ident, filter_, flags & ~rules.sysflags, fflags, data, udata,
                      tuple(extra) or (0, 0, 0, 0))
        error = 0
        try:
            register(system, td, queue, event)
        except Refused as e:
            error = e.errno
        if error or event.flags & kq.EV_RECEIPT:
            if rules.room_counts and told == room:
                if error:
                    raise Refused(error)
                return 0
            event.flags, event.data = kq.EV_ERROR, error
            if not _stored(td, args[3] + told * form.size, form, event):
                raise Refused(error)
            told += 1
    if told:
        return told
    if room < 0 and rules.room_counts:
        raise Refused(EINVAL)
    if room <= 0:
        return 0
    if not rules.early_timeout:
        deadline = _deadline(system, td, args[5])
    found = yield from _scan(system, queue, room, deadline)
    for i, event in enumerate(found):
        _tell(td, args[3] + i * form.size, form, event)
    return len(found)


def _deadline(system: System, td: Thread, address: int) -> int | None:
    try:
        return deadline_at(system, td, address)
    except Refused:
        if not system.kqueues.any_timeout:
            raise
    return system.clock


def _stored(td: Thread, address: int, form: struct.Struct, event: Event) -> bool:
    """Whether a change's error could be told."""
    try:
        _tell(td, address, form, event)
    except MemoryFault:
        return False
    return True


def _tell(td: Thread, address: int, form: struct.Struct, event: Event) -> None:
    head = event.ident, event.filter, event.flags, event.fflags & 0xFFFFFFFF
    data = event.data if form.size >= 32 else signed(event.data)
    extra = event.extra if form.size > 40 else ()
    space_of(td).copyout(address, form.pack(*head, data, event.udata, *extra))


def _scan(system: System, queue: Kqueue, room: int, deadline: int | None) -> Blocking[list[Event]]:
    while not (found := queue.take(system.clock, room)):
        if deadline is not None and deadline <= system.clock:
            break
        error = yield Sleep(SELECT, "kqread", kq.timer_limit(queue, deadline))
        if error and error != EWOULDBLOCK:
            raise Refused(EINTR if error == ERESTART else error)
    return found


CALLS: dict[str, Entry] = {
    "kqueue": ("kqueue", 0, sys_kqueue),
}
