"""The other structs of <sys/kinfo.h>."""

from __future__ import annotations

from bsdproc.dragonfly.constants.kinfo import FileFlags, FileType
from bsdproc.dragonfly.records import Record
from bsdproc.typed.records import Enumerated, Flagged, Number, Text


class KinfoSigtramp(Record):
    """struct kinfo_sigtramp: where signal handlers return to, in every process."""

    struct = "struct kinfo_sigtramp"
    __slots__ = ()

    start = Number("ksigtramp_start")
    """First address."""
    end = Number("ksigtramp_end")
    """The address after the last."""


class KinfoFile(Record):
    """struct kinfo_file: an open file of a process, as the sysctl kern.file lists them."""

    struct = "struct kinfo_file"
    __slots__ = ()

    size = Number("f_size")
    """Bytes of the record."""
    pid = Number("f_pid")
    uid = Number("f_uid")
    fd = Number("f_fd")
    file = Number("f_file")
    """Kernel address of the open file."""
    type = Enumerated("f_type", FileType)
    count = Number("f_count")
    """References to the open file."""
    msgcount = Number("f_msgcount")
    """References from messages."""
    offset = Number("f_offset")
    """Where the next read begins, in bytes."""
    data = Number("f_data")
    """Kernel address of what is open."""
    flag = Flagged("f_flag", FileFlags)
    """How it is open."""


class KinfoCputime(Record):
    """struct kinfo_cputime: times of a processor in microseconds, as kern.cputime lists them."""

    struct = "struct kinfo_cputime"
    __slots__ = ()

    user = Number("cp_user")
    nice = Number("cp_nice")
    sys = Number("cp_sys")
    intr = Number("cp_intr")
    idle = Number("cp_idle")
    sample_pc = Number("cp_sample_pc")
    """Where it was when last looked at."""
    sample_sp = Number("cp_sample_sp")
    msg = Text("cp_msg")
    """What it was held up by then."""
