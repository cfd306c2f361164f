"""The map of a tracee's address space."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from bsdproc.freebsd import _call, _check
from bsdproc.freebsd.constants.ptrace import VmProtection
from bsdproc.kernel import errors
from bsdproc.kernel.errors import KernelError
from bsdproc.typed.enums import flags
from bsdproc.typed.records import Malformed
from bsdproc.typed.span import Span
from bsdproc.typed.texts import text

if TYPE_CHECKING:
    from bsdproc.kernel.port import Kernel

_PATH_MAX: Final = 1024
_PATH_LIMIT: Final = 1 << 16
_ATTEMPTS: Final = 32
_VNOVAL: Final = (1 << 32) - 1


@dataclass(frozen=True, slots=True)
class VmEntry(Span):
    """struct ptrace_vm_entry: one range of a tracee's map."""

    entry: int
    """The number to ask for the next range with."""
    timestamp: int
    """Generation of the map when it was asked."""
    start: int
    """First address."""
    end: int
    """The address after the last: pve_end + 1."""
    offset: int
    """Where it begins in the object behind it, in bytes."""
    protection: VmProtection
    """What the mapping permits (pve_prot)."""
    path: str | None
    """The file behind it; None for memory without one."""
    fileid: int | None
    """The file's number; None without a file."""
    fsid: int | None
    """Its file system's number; None without a file."""


def vm_timestamp(pid: int, *, kernel: Kernel | None = None) -> int:
    """PT_VM_TIMESTAMP: a number that changes when the map of a stopped tracee does.

    `KernelError` (EPERM, EBUSY, ESRCH) for what is no stopped tracee of the caller's.
    ptrace(2)."""
    return _call.ptrace(_call.freebsd(kernel), "PT_VM_TIMESTAMP", pid)


def vm_entry(pid: int, entry: int = 0, *, kernel: Kernel | None = None) -> VmEntry:
    """PT_VM_ENTRY: one range of the map of a stopped tracee.

    0 asks for the first, and each answer's `entry` for the next one.
    `FileNotFoundError` (ENOENT) after the last, `KernelError` (EINVAL) for
    numbers beyond; a path too long for the first buffer is asked for again with
    a larger one.  ptrace(2).
    """
    kernel = _call.freebsd(kernel)
    _check.length(_check.signed(entry, 32, "entry"), "entry")
    room = _PATH_MAX
    while True:
        try:
            return _entry(kernel, pid, entry, room)
        except KernelError as error:
            if error.name != "ENAMETOOLONG" or room >= _PATH_LIMIT:
                raise
        room *= 2


def _entry(kernel: Kernel, pid: int, entry: int, room: int) -> VmEntry:
    layout = kernel.target.struct("struct ptrace_vm_entry")
    path = kernel.buffer(room)
    desc = kernel.buffer(
        layout.pack({"pve_entry": entry, "pve_pathlen": room, "pve_path": path.address})
    )
    _call.ptrace(kernel, "PT_VM_ENTRY", pid, desc)
    (number, stamp, start, end, offset, prot, length, fileid, fsid) = layout.reader(
        "pve_entry", "pve_timestamp", "pve_start", "pve_end", "pve_offset", "pve_prot",
        "pve_pathlen", "pve_fileid", "pve_fsid",
    )(desc.read(), 0)
    name = path.read(0, min(length, room)).partition(b"\0")[0] if length else b""
    file = fsid != _VNOVAL
    return VmEntry(
        entry=number, timestamp=stamp, start=start, end=end + 1, offset=offset,
        protection=flags(VmProtection, prot),
        path=text(name) if name else None,
        fileid=fileid if file else None,
        fsid=fsid if file else None,
    )


def vm_map(pid: int, *, kernel: Kernel | None = None) -> tuple[VmEntry, ...]:
    """All ranges of a stopped tracee's map, by rising address, as they were at one time.

    Begun again when the map's timestamp moves in between, as it may when another
    process shares the address space.  `BlockingIOError` (EAGAIN) when it never
    held still.  ptrace(2).
    """
    kernel = _call.freebsd(kernel)
    for _ in range(_ATTEMPTS):
        stamp = vm_timestamp(pid, kernel=kernel)
        found = _walk(kernel, pid, stamp)
        if found is not None and vm_timestamp(pid, kernel=kernel) == stamp:
            return found
    raise errors.from_name("freebsd", "EAGAIN", call="ptrace", request="PT_VM_ENTRY", target=pid,
                           reason=f"the map changed while it was read, {_ATTEMPTS} times")


def _walk(kernel: Kernel, pid: int, stamp: int) -> tuple[VmEntry, ...] | None:
    """The whole map; None when it is no more the one of that timestamp."""
    found: list[VmEntry] = []
    number = 0
    while True:
        try:
            entry = vm_entry(pid, number, kernel=kernel)
        except KernelError as error:
            if error.name == "ENOENT":
                return tuple(found)
            if error.name == "EINVAL" and found:
                return None     # the entries that were counted on are gone
            raise
        if entry.timestamp != stamp:
            return None
        if entry.entry <= number:
            raise Malformed(f"range {entry.entry} of a map follows range {number}")
        found.append(entry)
        number = entry.entry
