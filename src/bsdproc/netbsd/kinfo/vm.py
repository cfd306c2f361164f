"""struct kinfo_vmentry: a mapping, as vm.proc.map lists it (<sys/sysctl.h>)."""

from __future__ import annotations

from bsdproc.netbsd.constants.kinfo import VmFlags, VmProtection, VmType, VnodeType
from bsdproc.netbsd.records import Record
from bsdproc.typed.records import Enumerated, Flagged, Number, Text
from bsdproc.typed.span import Span


class KinfoVmentry(Record, Span):
    """struct kinfo_vmentry."""

    struct = "struct kinfo_vmentry"
    __slots__ = ()

    start = Number("kve_start")
    """First address."""
    end = Number("kve_end")
    """The address after the last."""
    offset = Number("kve_offset")
    """Where it begins in the object behind it, in bytes."""
    type = Enumerated("kve_type", VmType)
    flags = Flagged("kve_flags", VmFlags)
    count = Number("kve_count")
    """Pages that it has."""
    wired_count = Number("kve_wired_count")
    """How often it is wired."""
    advice = Number("kve_advice")
    """madvise(2)'s."""
    attributes = Number("kve_attributes")
    protection = Flagged("kve_protection", VmProtection)
    max_protection = Flagged("kve_max_protection", VmProtection)
    """What mprotect(2) could make of it."""
    ref_count = Number("kve_ref_count")
    """How many mappings the object has."""
    inheritance = Number("kve_inheritance")
    """minherit(2)'s."""
    vn_fileid = Number("kve_vn_fileid")
    """The file's number."""
    vn_size = Number("kve_vn_size")
    """The file's bytes."""
    vn_fsid = Number("kve_vn_fsid")
    """The file system's number."""
    vn_rdev = Number("kve_vn_rdev")
    """The device that it is."""
    vn_type = Enumerated("kve_vn_type", VnodeType)
    vn_mode = Number("kve_vn_mode")
    """The file's permission bits."""
    path = Text("kve_path")
    """The file, "" for memory without one and where the kernel has lost the name."""
