"""Queues of events: what kevent(2) reports.

The subject of kern_event.c; what differs from system to system is in
`KqueueRules`.  A note asks for one kind of event of
one thing; it is queued when that comes about, and stays queued as long as
its filter says so.  Whether a file can be read is looked at when somebody
looks at the queue.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from bsdproc.emulator.bsd.file import (
    SELECT,
    Blocking,
    File,
    Kind,
    Ready,
)
from bsdproc.emulator.bsd.kqueuefiles import can_watch as can_watch
from bsdproc.emulator.bsd.kqueuefiles import file_event, file_ready, standing
from bsdproc.emulator.bsd.kqueuefiles import watch_file as watch_file
from bsdproc.emulator.bsd.kqueuerules import (
    AIO,
    FS,
    LIO,
    NOTE_ABSTIME,
    PROC,
    PROCDESC,
    READ,
    SIGNAL,
    TIMER,
    USER,
    VNODE,
    WRITE,
)
from bsdproc.emulator.bsd.state import Proc, Thread
from bsdproc.emulator.errno import EINVAL, Refused
from bsdproc.emulator.vnode import Access, Attributes

if TYPE_CHECKING:
    from bsdproc.emulator.bsd.kqueuerules import KqueueRules
    from bsdproc.emulator.bsd.system import System

OF_FILES = frozenset({READ, WRITE, VNODE, PROCDESC})
"""Filters whose ident is a descriptor."""

EV_ADD, EV_DELETE, EV_ENABLE, EV_DISABLE = 0x1, 0x2, 0x4, 0x8
EV_ONESHOT, EV_CLEAR, EV_RECEIPT, EV_DISPATCH = 0x10, 0x20, 0x40, 0x80
EV_FORCEONESHOT, EV_ERROR, EV_EOF = 0x100, 0x4000, 0x8000
NOTE_EXIT, NOTE_FORK, NOTE_EXEC = 0x80000000, 0x40000000, 0x20000000
NOTE_TRACK, NOTE_TRACKERR, NOTE_CHILD = 0x1, 0x2, 0x4
NOTE_TRIGGER, FFCONTROL, FFLAGS = 0x01000000, 0xC0000000, 0x00FFFFFF
FFAND, FFOR, FFCOPY = 0x40000000, 0x80000000, 0xC0000000


@dataclass(slots=True, eq=False)
class Note:
    """struct knote."""

    filter: int
    """By its number inside, as in `KqueueRules.filters`."""
    ident: int
    flags: int
    wanted: int
    """kn_sfflags: the filter's own flags, as they were given."""
    given: int
    """kn_sdata."""
    udata: int
    extra: tuple[int, ...] = (0, 0, 0, 0)
    file: File | None = None
    proc: Proc | None = None
    fflags: int = 0
    """What is reported, and `data` with it."""
    data: int = 0
    disabled: bool = False
    active: bool = False
    deadline: int | None = None
    """Of a timer, on the system's clock."""
    period: int = 0
    triggered: bool = False
    """Of EVFILT_USER."""
    dropped: bool = False
    """Nobody wants to know: it goes instead of being reported."""
    hears: Callable[[int], None] | None = None
    """How it is told of a file that it watches."""
    reported: tuple[int, ...] | None = None
    """How its file stood at the last report: with EV_CLEAR the same is no news."""


@dataclass(slots=True)
class Event:
    """struct kevent."""

    ident: int
    filter: int
    flags: int
    fflags: int
    data: int
    udata: int
    extra: tuple[int, ...] = field(default=(0, 0, 0, 0))


class Kqueue(File):
    """A kqueue: inherited by nobody."""

    kind = Kind.KQUEUE

    def __init__(self, system: System, flag: int) -> None:
        super().__init__(flag)
        self.rules = system.kqueues
        self.number = system.object_number()
        """Of the system's objects."""
        self.notes: list[Note] = []
        self.queue: list[Note] = []
        """Those that are to be reported, the first first."""

    def read(self, system: System, td: Thread, size: int, offset: int | None) -> Blocking[bytes]:
        raise Refused(self.rules.transfer)
        yield

    def write(self, system: System, td: Thread, data: bytes, offset: int | None) -> Blocking[int]:
        raise Refused(self.rules.transfer)
        yield

    def find(self, filter: int, ident: int) -> Note | None:
        for note in self.notes:
            if note.filter == filter and note.ident == ident:
                return note
        return None

    def forget(self, note: Note) -> None:
        """knote_drop."""
        self.notes.remove(note)
        if note in self.queue:
            self.queue.remove(note)
        self.leave(note)

    def leave(self, note: Note) -> None:
        """The note's process, or file, is no longer of interest."""
        if note.hears is not None and note.file is not None and note.file.vnode is not None:
            assert note.file.vnode.watchers is not None
            note.file.vnode.watchers.remove(note.hears)
            note.hears = None
        p, note.proc = note.proc, None
        if p is not None and self in p.kqueues and all(n.proc is not p for n in self.notes):
            p.kqueues.remove(self)

    def descriptor_closed(self, fd: int) -> None:
        """knote_fdclose: a descriptor of the process is closed."""
        for note in [n for n in self.notes if n.filter in OF_FILES and n.ident == fd]:
            self.forget(note)

    def activate(self, system: System, note: Note) -> None:
        """KNOTE_ACTIVATE."""
        note.active = True
        if not note.disabled and note not in self.queue:
            self.queue.append(note)
            system.wakeup(SELECT)

    def closed(self, system: System) -> None:
        for note in list(self.notes):
            self.forget(note)

    def refresh(self, clock: int) -> None:
        """Queue what has come about by itself: files and timers."""
        for note in self.notes:
            if note.disabled or note in self.queue:
                continue
            by_itself = note.filter in OF_FILES or note.filter == TIMER
            if by_itself and happened(self.rules, note, clock):
                self.queue.append(note)

    def next_deadline(self) -> int | None:
        """When the next timer is due."""
        return min((note.deadline for note in self.notes
                    if note.deadline is not None and not note.disabled), default=None)

    def take(self, clock: int, room: int) -> list[Event]:
        """kqueue_scan: what there is to report, taken off or queued again."""
        self.refresh(clock)
        found: list[Event] = []
        for note in list(self.queue):
            if len(found) == room:
                break
            if note not in self.queue:
                continue
            self.queue.remove(note)
            if note.disabled:
                continue
            if note.dropped:
                self.forget(note)
                continue
            if note.flags & EV_ONESHOT:
                found.append(_event(self.rules, note))
                self.forget(note)
                continue
            if not happened(self.rules, note, clock):
                note.active = False
                continue
            found.append(_report(self.rules, note))
            if note.flags & (EV_CLEAR | EV_DISPATCH):
                note.active = False
                if note.flags & EV_DISPATCH:
                    note.disabled = True
            else:
                self.queue.append(note)
        return found

    def ready(self) -> Ready:
        return Ready(bool(self.queue) or any(
            note.filter in OF_FILES and not note.disabled and happened(self.rules, note, 0)
            for note in self.notes), False)

    def attributes(self, who: Access) -> Attributes:
        return Attributes("fifo", 0, who.cred.uid, who.cred.gid, 0, 0, 0, 0)


def _event(rules: KqueueRules, note: Note) -> Event:
    return Event(note.ident, rules.number(note.filter), note.flags, note.fflags, note.data,
                 note.udata, note.extra)


def _report(rules: KqueueRules, note: Note) -> Event:
    """The note as the program is told, and what that takes off it."""
    event = _event(rules, note)
    if note.filter == USER and rules.user_flags:
        event.fflags, event.data = note.wanted, note.given
    if note.file is not None and note.filter not in (PROCDESC, VNODE):
        note.reported = standing(note)
    if note.flags & EV_CLEAR:
        note.data = note.fflags = 0
        note.triggered = False
    return event


# -- filters -----------------------------------------------------------------------
def happened(rules: KqueueRules, note: Note, clock: int) -> bool:
    """f_event without a hint."""
    if note.filter == TIMER:
        return _expired(note, clock)
    if note.filter in (USER, AIO, LIO):
        return note.triggered
    if note.filter == SIGNAL:
        return note.data != 0
    if note.filter in (VNODE, FS):
        return note.fflags != 0
    if note.filter == PROCDESC and not note.flags & EV_EOF:
        assert note.file is not None
        if note.file.exit_status is not None:
            process_gone(rules, note, note.file.exit_status)
    if note.filter in (PROC, PROCDESC):
        return note.fflags != 0 or bool(note.flags & EV_EOF)
    file_event(rules, note)
    if note.flags & EV_CLEAR and note.reported == standing(note):
        return False
    return file_ready(note)


def start_timer(note: Note, system: System) -> None:
    """filt_timervalidate and filt_timerstart: EINVAL."""
    rules = system.kqueues
    if note.given < 0:
        raise Refused(EINVAL)
    units, absolute = rules.units, bool(note.wanted & NOTE_ABSTIME and rules.units)
    if note.given == 0 and rules.timer_zero is None and not absolute:
        raise Refused(EINVAL)
    if note.given == 0 and not note.flags & EV_ONESHOT:
        note.given = rules.timer_zero or 0
    unit = 10**6 if units is None else units.get(note.wanted & ~NOTE_ABSTIME)
    if unit is None:
        raise Refused(EINVAL)
    time = note.given * unit
    if absolute:
        note.deadline, note.period = max(0, time - system.boot_ns), 0
    else:
        note.deadline, note.period = system.clock + time, time
        note.flags |= EV_CLEAR


def _expired(note: Note, clock: int) -> bool:
    """filt_timerexpire: count how often it was due."""
    while note.deadline is not None and note.deadline <= clock:
        note.data += 1
        if note.flags & EV_ONESHOT or note.period == 0:
            note.deadline = None
        else:
            behind = (clock - note.deadline) // note.period
            note.data += behind
            note.deadline += note.period * (behind + 1)
    return note.data != 0


def start_user(rules: KqueueRules, note: Note) -> None:
    """filt_userattach."""
    if not rules.user_flags:
        note.triggered = bool(note.wanted & NOTE_TRIGGER)
        note.fflags, note.data = chosen(0, note.wanted), note.given


def touch_user(rules: KqueueRules, note: Note, event: Event) -> None:
    """filt_usertouch."""
    if event.fflags & NOTE_TRIGGER:
        note.triggered = True
    before = note.wanted if rules.user_flags else note.fflags
    flags = chosen(before, event.fflags)
    if rules.user_flags:
        note.wanted, note.given = flags, event.data
    else:
        note.fflags, note.data = flags, event.data
    if event.flags & EV_CLEAR:
        note.triggered, note.data = False, 0
        note.fflags = note.fflags if not rules.user_flags else 0


def chosen(before: int, fflags: int) -> int:
    """What NOTE_FFAND, NOTE_FFOR and NOTE_FFCOPY make of a user's flags."""
    control, flags = fflags & FFCONTROL, fflags & FFLAGS
    if control == FFAND:
        return before & flags
    if control == FFOR:
        return before | flags
    return flags if control == FFCOPY else before


def file_systems(system: System, what: int) -> None:
    """vfs_event_signal: who watches hears of a mount or an unmount."""
    for p in system.procs.values():
        for slot in p.files.slots.values():
            if isinstance(slot.file, Kqueue):
                for note in slot.file.notes:
                    told = what if slot.file.rules.all_mounts else note.wanted & what
                    if note.filter == FS and told:
                        note.fflags |= told
                        slot.file.activate(system, note)


# -- what processes do ---------------------------------------------------------------
def _notes_of(p: Proc, filter: int) -> list[tuple[Kqueue, Note]]:
    return [(queue, note) for queue in list(p.kqueues) for note in list(queue.notes)
            if note.proc is p and note.filter == filter]


def signalled(system: System, p: Proc, sig: int) -> None:
    """A process was sent a signal, whatever becomes of it."""
    for queue, note in _notes_of(p, SIGNAL):
        if note.ident == sig:
            note.data += 1
            queue.activate(system, note)


def _happens(system: System, queue: Kqueue, note: Note, event: int) -> None:
    """filt_proc with a hint that is not the exit."""
    note.fflags |= note.wanted & event
    if note.fflags:
        queue.activate(system, note)


def executed(system: System, p: Proc) -> None:
    for queue, note in _notes_of(p, PROC):
        _happens(system, queue, note, NOTE_EXEC)


def exited(system: System, p: Proc) -> None:
    """knote_exit."""
    for queue, note in _notes_of(p, PROC):
        process_gone(queue.rules, note, system.exit_status(p))
        queue.activate(system, note)
        queue.leave(note)
    for queue, note in _notes_of(p, SIGNAL):
        queue.leave(note)


def process_gone(rules: KqueueRules, note: Note, status: int) -> None:
    """What a note tells of an exit."""
    note.fflags |= note.wanted & NOTE_EXIT
    note.flags |= EV_EOF | EV_ONESHOT | rules.eof
    if note.fflags & NOTE_EXIT or rules.exit_always:
        note.data = status
    note.dropped = not note.fflags and not rules.exit_always


def forked(system: System, p: Proc, child: Proc) -> None:
    """knote_fork: who follows is told of the child, and waits for more of it."""
    for queue, note in _notes_of(p, PROC):
        if note.wanted & NOTE_TRACK:
            flags = note.flags | queue.rules.track_flags
            follows = Note(PROC, child.pid, flags, note.wanted, note.ident, note.udata,
                           note.extra, proc=child)
            told = follows
            if queue.rules.track_two:
                told = Note(PROC, child.pid, flags | EV_ONESHOT,
                            note.wanted & ~(NOTE_EXIT | NOTE_EXEC | NOTE_FORK), note.ident,
                            note.udata, note.extra, proc=child)
                queue.notes.append(told)
            told.fflags, told.data = NOTE_CHILD, note.ident
            queue.notes.append(follows)
            child.kqueues.append(queue)
            queue.activate(system, told)
        _happens(system, queue, note, NOTE_FORK)


def watch_process(queue: Kqueue, note: Note, p: Proc) -> None:
    note.proc = p
    if queue not in p.kqueues:
        p.kqueues.append(queue)


def timer_limit(queue: Kqueue, deadline: int | None) -> int | None:
    """The earlier of a deadline and the queue's next timer."""
    timer = queue.next_deadline()
    return timer if deadline is None else deadline if timer is None else min(deadline, timer)
