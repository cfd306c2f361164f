"""What a system's kqueues do in their own way, as data.

Inside, filters have FreeBSD's numbers.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

READ, WRITE, VNODE, PROC, SIGNAL, TIMER, PROCDESC, USER = -1, -2, -4, -5, -6, -7, -8, -11
AIO, FS, LIO = -3, -9, -10
NOTE_SECONDS, NOTE_MSECONDS, NOTE_USECONDS, NOTE_NSECONDS, NOTE_ABSTIME = 1, 2, 4, 8, 16


@dataclass(frozen=True, kw_only=True)
class KqueueRules:
    """A system's own answers."""

    filters: Mapping[int, int]
    """Its numbers of the filters that are there, and what they are inside."""
    lacking: frozenset[int]
    """Filters of its own that are not: EVFILT_FS, EVFILT_EMPTY."""
    kept_back: Mapping[int, int]
    """Filters that no program is given, and the errno: EVFILT_AIO, EVFILT_LIO (both come with a
    request), EVFILT_SENDFILE."""

    def number(self, filter: int) -> int:
        """The system's own number of a filter: what no program is given has one alone."""
        return next((own for own, inside in self.filters.items() if inside == filter), filter)

    # -- changes
    sysflags: int
    """EV_SYSFLAGS: flags that a program cannot give."""
    not_kept: int
    """Flags of a change that are not the note's: EV_ADD, EV_DELETE, EV_ENABLE, EV_DISABLE,
    EV_FORCEONESHOT."""
    one_way: bool
    """EV_ENABLE with EV_DISABLE is EINVAL."""
    skip_none: bool
    """A change of filter 0 is passed over."""
    room_counts: bool
    """Without room for an event, a change that fails is the call's error; otherwise
    the event is stored all the same, and the error is the call's when that fails."""
    early_timeout: bool
    """A timeout that is none is refused before any change is made."""
    any_timeout: bool
    """A timeout is never refused: one before now is one of nothing."""
    # -- files
    unwatchable: int
    """The errno for a filter that a file does not have."""
    pipe_gone: int
    """The errno for writing to a pipe whose other end is closed."""
    transfer: int
    """The errno of reading from or writing to a kqueue."""
    limits: int
    """The errno of fpathconf(2)."""
    eof: int
    """A flag beside EV_EOF when there are no data (EV_NODATA)."""
    hangup: int
    """A flag beside EV_EOF when a socket is shut both ways (EV_HUP)."""
    backlog: bool
    """The data of a listening socket are connections that wait."""
    # -- processes
    zombies: bool
    """A zombie can be watched for its exit."""
    exit_always: bool
    """An exit is told to those that did not ask for it, too."""
    track_two: bool
    """Who follows forks has two notes of a child: one tells of it, one waits for more."""
    track_flags: int
    """Flags that notes of a child have beside those of its parent's."""
    # -- file systems
    all_mounts: bool
    """Who watches mounts hears of what was not asked for, too."""
    # -- timers
    units: Mapping[int, int] | None
    """Of a timer's data, in nanoseconds, by flags; None: milliseconds whatever they are."""
    timer_zero: int | None
    """What a periodic timer of nothing counts as; None: EINVAL."""
    timers_anew: bool
    """A timer that is added again starts anew; otherwise it goes on as it was."""
    timer_failed: bool
    """A timer that is set anew in vain tells of that by an event."""
    # -- the user's events
    user_flags: bool
    """What the user sets is what was wanted; otherwise what is reported, and
    NOTE_TRIGGER counts when the event is added, too."""
