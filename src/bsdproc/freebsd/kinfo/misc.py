"""The smaller things that kern.proc tells of a process (<sys/user.h>)."""

from __future__ import annotations

from bsdproc.freebsd.constants.kinfo import (
    EventFilter,
    KnoteData,
    KnoteStatus,
    KstackState,
    VnodeType,
)
from bsdproc.freebsd.records import Record
from bsdproc.typed.records import Enumerated, Flagged, Nested, Number, Numbers, Text


class KinfoKstack(Record):
    """struct kinfo_kstack: the kernel stack of one thread."""

    struct = "struct kinfo_kstack"
    __slots__ = ()

    tid = Number("kkst_tid")
    state = Enumerated("kkst_state", KstackState)
    trace = Text("kkst_trace")
    """Lines of "#0 0xffffffff80c0 at mi_switch+0xc2", as procstat(1) shows them."""

    def __repr__(self) -> str:
        return f"KinfoKstack(tid={self.tid}, state={self.state!r}, trace={self.trace!r})"


class KinfoSigtramp(Record):
    """struct kinfo_sigtramp: where signal handlers return to."""

    struct = "struct kinfo_sigtramp"
    __slots__ = ()

    start = Number("ksigtramp_start")
    end = Number("ksigtramp_end")
    """The address after the last."""


class Kevent(Record):
    """struct kevent: what a kqueue was asked to watch; kevent(2)."""

    struct = "struct kevent"
    __slots__ = ()

    ident = Number("ident")
    filter = Enumerated("filter", EventFilter)
    flags = Number("flags")
    """EV_*."""
    fflags = Number("fflags")
    """NOTE_*."""
    data = Number("data")
    udata = Number("udata")
    """A pointer of the user's."""
    ext = Numbers("ext")


class KinfoKnote(Record):
    """struct kinfo_knote: an event that a kqueue watches for."""

    struct = "struct kinfo_knote"
    __slots__ = ()

    kq_fd = Number("knt_kq_fd")
    """The kqueue's descriptor."""
    event = Nested("knt_event", Kevent)
    """What was asked for."""
    status = Flagged("knt_status", KnoteStatus)
    extdata = Enumerated("knt_extdata", KnoteData)
    """Which of the fields below are meant."""
    vnode_type = Enumerated("knt_vnode.knt_vnode_type", VnodeType)
    vnode_fsid = Number("knt_vnode.knt_vnode_fsid")
    vnode_fileid = Number("knt_vnode.knt_vnode_fileid")
    vnode_fullpath = Text("knt_vnode.knt_vnode_fullpath")
    pipe_ino = Number("knt_pipe.knt_pipe_ino")

    def __repr__(self) -> str:
        return f"KinfoKnote(kq_fd={self.kq_fd}, event={self.event!r}, status={self.status!r})"
