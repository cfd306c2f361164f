"""struct kinfo_vmentry and its relatives: address spaces (<sys/user.h>)."""

from __future__ import annotations

from bsdproc.freebsd.constants.kinfo import (
    FileStatus,
    KvmeProtection,
    MapFlags,
    VmFlags,
    VmType,
    VnodeType,
)
from bsdproc.freebsd.records import Record
from bsdproc.typed.records import Enumerated, Flagged, Number, Tail, Text
from bsdproc.typed.span import Span


class KinfoVmentry(Record, Span):
    """struct kinfo_vmentry: one mapping of a process."""

    struct = "struct kinfo_vmentry"
    __slots__ = ()

    structsize = Number("kve_structsize")
    """Bytes of the record, which the kernel cuts after the path."""
    type = Enumerated("kve_type", VmType)
    """What is behind it."""
    start = Number("kve_start")
    end = Number("kve_end")
    """The address after the last."""
    offset = Number("kve_offset")
    """Where it begins in the object, in bytes."""
    vn_fileid = Number("kve_vn_fileid")
    """The file's number."""
    vn_fsid_freebsd11 = Number("kve_vn_fsid_freebsd11")
    flags = Flagged("kve_flags", VmFlags)
    resident = Number("kve_resident")
    """Pages in memory."""
    private_resident = Number("kve_private_resident")
    """Those of them that are the process's own."""
    protection = Flagged("kve_protection", KvmeProtection)
    ref_count = Number("kve_ref_count")
    """References to the object."""
    shadow_count = Number("kve_shadow_count")
    """Objects that shadow it."""
    vn_type = Enumerated("kve_vn_type", VnodeType)
    vn_size = Number("kve_vn_size")
    """The file's size in bytes."""
    vn_rdev_freebsd11 = Number("kve_vn_rdev_freebsd11")
    vn_mode = Number("kve_vn_mode")
    """The file's permission bits and type."""
    status = Flagged("kve_status", FileStatus)
    vn_fsid = Number("kve_type_spec._kve_vn_fsid")
    """The file's file system; of anonymous memory a handle (see `obj`)."""
    obj = Number("kve_type_spec._kve_obj")
    """A handle of anonymous memory, the same wherever it is mapped."""
    vn_rdev = Number("kve_vn_rdev")
    """The device that the file is."""
    path = Tail("kve_path")
    """"" when there is no file."""

    def __repr__(self) -> str:
        return (f"KinfoVmentry({self.start:#x}-{self.end:#x}, {self.protection!r}, "
                f"{self.type!r}, path={self.path!r})")


class KinfoOvmentry(Record, Span):
    """struct kinfo_ovmentry: the same as FreeBSD 7.0 had it."""

    struct = "struct kinfo_ovmentry"
    __slots__ = ()

    structsize = Number("kve_structsize")
    type = Enumerated("kve_type", VmType)
    start = Number("kve_start")
    end = Number("kve_end")
    flags = Flagged("kve_flags", VmFlags)
    resident = Number("kve_resident")
    private_resident = Number("kve_private_resident")
    protection = Flagged("kve_protection", KvmeProtection)
    ref_count = Number("kve_ref_count")
    shadow_count = Number("kve_shadow_count")
    path = Text("kve_path")
    offset = Number("kve_offset")
    fileid = Number("kve_fileid")
    fsid = Number("kve_fsid")

    def __repr__(self) -> str:
        return f"KinfoOvmentry({self.start:#x}-{self.end:#x}, path={self.path!r})"


class KinfoVmLayout(Record):
    """struct kinfo_vm_layout: where the parts of an address space are."""

    struct = "struct kinfo_vm_layout"
    __slots__ = ()

    min_user_addr = Number("kvm_min_user_addr")
    max_user_addr = Number("kvm_max_user_addr")
    text_addr = Number("kvm_text_addr")
    text_size = Number("kvm_text_size")
    """Bytes, as the other sizes."""
    data_addr = Number("kvm_data_addr")
    data_size = Number("kvm_data_size")
    stack_addr = Number("kvm_stack_addr")
    stack_size = Number("kvm_stack_size")
    map_flags = Flagged("kvm_map_flags", MapFlags)
    shp_addr = Number("kvm_shp_addr")
    """The shared page, where signal trampolines are."""
    shp_size = Number("kvm_shp_size")
