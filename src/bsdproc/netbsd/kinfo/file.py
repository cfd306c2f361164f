"""struct kinfo_file: an open file, as kern.file2 lists it (<sys/sysctl.h>)."""

from __future__ import annotations

from bsdproc.netbsd.constants.kinfo import FileFlags, FileType, VnodeType
from bsdproc.netbsd.records import Record
from bsdproc.typed.records import Enumerated, Flagged, Number


class KinfoFile(Record):
    """struct kinfo_file.  Kernel addresses are 0 for callers that may not see them."""

    struct = "struct kinfo_file"
    __slots__ = ()

    fileaddr = Number("ki_fileaddr")
    """Kernel address of the open file: equal for descriptors that share it."""
    flag = Flagged("ki_flag", FileFlags)
    """How it is open."""
    iflags = Number("ki_iflags")
    """Internal flags."""
    type = Enumerated("ki_ftype", FileType)
    count = Number("ki_count")
    """How many refer to it."""
    msgcount = Number("ki_msgcount")
    """How many of them are on their way in a message."""
    usecount = Number("ki_usecount")
    """How many use it at the moment."""
    fucred = Number("ki_fucred")
    """Kernel address of the credential that opened it."""
    uid = Number("ki_fuid")
    """Effective user of that credential."""
    gid = Number("ki_fgid")
    """Effective group of it."""
    ops = Number("ki_fops")
    """Kernel address of its operations."""
    offset = Number("ki_foffset")
    """Where the next read or write is, in bytes."""
    data = Number("ki_fdata")
    """Kernel address of the vnode, socket, pipe .."""
    vun = Number("ki_vun")
    """Of a vnode: kernel address of its socket, device or FIFO."""
    vsize = Number("ki_vsize")
    """Of a vnode: bytes."""
    vtype = Enumerated("ki_vtype", VnodeType)
    """Of a vnode: what it is."""
    vtag = Number("ki_vtag")
    """Of a vnode: VT_* of its file system."""
    vdata = Number("ki_vdata")
    """Of a vnode: kernel address of its file system's data."""
    pid = Number("ki_pid")
    """Whose descriptor it is."""
    fd = Number("ki_fd")
    """The descriptor."""
    ofileflags = Number("ki_ofileflags")
    """The descriptor's flags: 1 for close-on-exec."""
