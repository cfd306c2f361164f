"""PT_GETREGSET and PT_SETREGSET: register sets by the note that a core has for them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final, Literal, Self, SupportsBytes, overload

from bsdproc import abi
from bsdproc.freebsd import _call, _check
from bsdproc.freebsd.constants.machine import XsaveArea
from bsdproc.freebsd.constants.ptrace import Note
from bsdproc.freebsd.ptrace.xstate import XFeature, XState, XStateInfo
from bsdproc.freebsd.registers import (
    FLOATING,
    GENERAL,
    FpRegisters,
    Registers,
    VfpRegisters,
    VmxRegisters,
    VmxRegistersLe,
    VsxRegisters,
    VsxRegistersLe,
)
from bsdproc.kernel import errors
from bsdproc.typed.records import Malformed
from bsdproc.typed.texts import encoded, string

if TYPE_CHECKING:
    from bsdproc.kernel.port import Kernel

Settable = SupportsBytes | bytearray | memoryview | str | tuple[int, ...]
"""What can be set as a register set: what `getregset` gives, and bytes."""


@dataclass(frozen=True, slots=True)
class Prstatus:
    """NT_PRSTATUS: prstatus_t of <sys/procfs.h>."""

    version: int
    """PRSTATUS_VERSION, 1."""
    statussz: int
    """Bytes of the whole."""
    gregsetsz: int
    """Bytes of the general registers."""
    fpregsetsz: int
    """Bytes of the floating-point registers, which are not in it."""
    osreldate: int
    cursig: int
    """The signal that the thread has stopped for, or 0."""
    pid: int
    """The thread's id."""
    registers: Registers

    @classmethod
    def decode(cls, machine: str, data: bytes) -> Self:
        """From the struct of a FreeBSD machine; `ValueError` for too few bytes."""
        layout = _layout(machine, "struct prstatus")
        version, total, gregs, fpregs, osreldate, cursig, pid = layout.reader(*_PRSTATUS)(data, 0)
        start = layout.field("pr_reg").offset
        kind = GENERAL[machine]
        registers = kind(data[start : start + kind.size])
        return cls(version, total, gregs, fpregs, osreldate, cursig, pid, registers)

    def __bytes__(self) -> bytes:
        layout = _layout(self.registers.machine, "struct prstatus")
        numbers = (self.version, self.statussz, self.gregsetsz, self.fpregsetsz,
                   self.osreldate, self.cursig, self.pid)
        data = bytearray(layout.pack(dict(zip(_PRSTATUS, numbers, strict=True))))
        start = layout.field("pr_reg").offset
        registers = bytes(self.registers)
        data[start : start + len(registers)] = registers
        return bytes(data)


_PRSTATUS: Final = (
    "pr_version", "pr_statussz", "pr_gregsetsz", "pr_fpregsetsz", "pr_osreldate", "pr_cursig",
    "pr_pid",
)  # fmt: skip


def _layout(machine: str, name: str) -> abi.Struct:
    return abi.target("freebsd", machine).struct(name)


@dataclass(frozen=True, slots=True)
class SegmentBases:
    """NT_X86_SEGBASES: struct segbasereg of <x86/reg.h>."""

    fsbase: int
    gsbase: int
    pointer: int
    """Bytes of each."""

    def __bytes__(self) -> bytes:
        size = self.pointer
        return self.fsbase.to_bytes(size, "little") + self.gsbase.to_bytes(size, "little")


@dataclass(frozen=True, slots=True)
class AddressMask:
    """NT_ARM_ADDR_MASK: the bits of a pointer that sign it (struct arm64_addr_mask)."""

    code: int
    data: int

    def __bytes__(self) -> bytes:
        return self.code.to_bytes(8, "little") + self.data.to_bytes(8, "little")


@dataclass(frozen=True, slots=True)
class SveRegisters:
    """NT_ARM_SVE: struct svereg_header of <machine/reg.h>, and the registers."""

    size: int
    """Bytes with the header."""
    maxsize: int
    """Bytes that the longest vectors would need."""
    vec_len: int
    """Bytes of a vector."""
    max_vec_len: int
    flags: int
    """SVEREG_FLAG_SVE (1) when the registers are those of SVE, else of NEON."""
    registers: bytes

    def __bytes__(self) -> bytes:
        head = _layout("arm64", "struct svereg_header").pack({
            "sve_size": self.size, "sve_maxsize": self.maxsize, "sve_vec_len": self.vec_len,
            "sve_max_vec_len": self.max_vec_len, "sve_flags": self.flags,
        })
        return head + self.registers


@overload
def getregset(pid: int, note: Literal[Note.NT_PRSTATUS], *,
              kernel: Kernel | None = None) -> Prstatus: ...
@overload
def getregset(pid: int, note: Literal[Note.NT_FPREGSET], *,
              kernel: Kernel | None = None) -> FpRegisters: ...
@overload
def getregset(pid: int, note: Literal[Note.NT_THRMISC], *,
              kernel: Kernel | None = None) -> str: ...
@overload
def getregset(pid: int, note: Literal[Note.NT_X86_SEGBASES], *,
              kernel: Kernel | None = None) -> SegmentBases: ...
@overload
def getregset(pid: int, note: Literal[Note.NT_X86_XSTATE], *,
              kernel: Kernel | None = None) -> XState: ...
@overload
def getregset(pid: int, note: Literal[Note.NT_ARM_VFP], *,
              kernel: Kernel | None = None) -> VfpRegisters: ...
@overload
def getregset(pid: int, note: Literal[Note.NT_ARM_TLS], *,
              kernel: Kernel | None = None) -> tuple[int, ...]: ...
@overload
def getregset(pid: int, note: Literal[Note.NT_ARM_ADDR_MASK], *,
              kernel: Kernel | None = None) -> AddressMask: ...
@overload
def getregset(pid: int, note: Literal[Note.NT_ARM_SVE], *,
              kernel: Kernel | None = None) -> SveRegisters: ...
@overload
def getregset(pid: int, note: Literal[Note.NT_PPC_VMX], *,
              kernel: Kernel | None = None) -> VmxRegisters: ...
@overload
def getregset(pid: int, note: Literal[Note.NT_PPC_VSX], *,
              kernel: Kernel | None = None) -> VsxRegisters: ...
@overload
def getregset(pid: int, note: Note | int, *,
              kernel: Kernel | None = None) -> RegisterSet: ...
def getregset(pid: int, note: Note | int, *, kernel: Kernel | None = None) -> RegisterSet:
    """PT_GETREGSET: a thread's register set by its note.

    NT_PRSTATUS gives a `Prstatus`, NT_FPREGSET the machine's `FpRegisters`,
    NT_THRMISC the thread's name, NT_X86_SEGBASES `SegmentBases`, NT_X86_XSTATE an
    `XState`, NT_ARM_VFP `VfpRegisters`, NT_ARM_TLS the thread pointers,
    NT_ARM_ADDR_MASK an `AddressMask`, NT_ARM_SVE `SveRegisters`, NT_PPC_VMX
    `VmxRegisters`, NT_PPC_VSX `VsxRegisters`; any other note its bytes.

    `NotSupported`, before the call, for another machine's note; `KernelError`
    (EINVAL) for one that the kernel does not know, `TooOld` on a kernel before
    13.1.  ptrace(2).
    """
    kernel = _call.freebsd(kernel)
    data = getregset_bytes(pid, note, kernel=kernel)
    return decode(kernel, note, data)


def setregset(pid: int, note: Note | int, value: Settable, *,
              kernel: Kernel | None = None) -> None:
    """PT_SETREGSET: set a thread's register set by its note.

    `value` is what `getregset` gives for the note, or the bytes.  The kernel
    wants exactly the set's size (EINVAL) and does not let the thread's name be
    set.  `NotSupported`, before the call, for another machine's note.  ptrace(2).
    """
    kernel = _call.freebsd(kernel)
    number = _note(kernel, note)
    _exchange(kernel, "PT_SETREGSET", pid, number, _encode(kernel, value))


def _encode(kernel: Kernel, value: Settable) -> bytes:
    if isinstance(value, str):
        return encoded(value)
    if isinstance(value, tuple):        # NT_ARM_TLS
        size, order = kernel.target.pointer, kernel.target.byteorder
        return b"".join(
            _check.unsigned(word, size * 8, "register").to_bytes(size, order) for word in value)
    if not isinstance(value, SupportsBytes | bytearray | memoryview):
        raise TypeError(f"a register set must have bytes, not be a {type(value).__name__}")
    return bytes(value)


def getregset_size(pid: int, note: Note | int, *, kernel: Kernel | None = None) -> int:
    """PT_GETREGSET without a buffer: how many bytes the set has.

    `KernelError` (EPERM, EBUSY, ESRCH) for what is no stopped tracee of the caller's.
    ptrace(2)."""
    kernel = _call.freebsd(kernel)
    return _exchange(kernel, "PT_GETREGSET", pid, _note(kernel, note), None)[0]


def getregset_bytes(pid: int, note: Note | int, *, kernel: Kernel | None = None) -> bytes:
    """PT_GETREGSET: a thread's register set as the kernel gives it.

    `KernelError` (EPERM, EBUSY, ESRCH) for what is no stopped tracee of the caller's.
    ptrace(2)."""
    kernel = _call.freebsd(kernel)
    number = _note(kernel, note)
    size = _exchange(kernel, "PT_GETREGSET", pid, number, None)[0]
    if size > _LARGEST:
        raise Malformed(f"no register set has {size} bytes")
    length, data = _exchange(kernel, "PT_GETREGSET", pid, number, bytes(size))
    return data[:length]


def _exchange(kernel: Kernel, request: str, pid: int, note: int,
              data: bytes | None) -> tuple[int, bytes]:
    """The request with an iovec: its length and the buffer afterwards."""
    layout = kernel.target.struct("struct iovec")
    held = kernel.buffer(data or b"\0")
    vec = kernel.buffer(layout.pack({
        "iov_base": 0 if data is None else held.address,
        "iov_len": 0 if data is None else len(data),
    }))
    _call.ptrace(kernel, request, pid, vec, note)
    length = layout.get(vec.read(), "iov_len")
    assert isinstance(length, int)
    return length, held.read(0, len(data or b""))


_LARGEST: Final = 1 << 20
_XCR0: Final = XsaveArea.X86_XSTATE_XCR0_OFFSET.value
"""Where the kernel leaves XCR0 in the legacy area."""
_MACHINES: Final = {
    Note.NT_X86_SEGBASES: ("amd64", "i386"),
    Note.NT_X86_XSTATE: ("amd64", "i386"),
    Note.NT_ARM_VFP: ("arm", "arm64"),
    Note.NT_ARM_TLS: ("arm", "arm64"),
    Note.NT_ARM_SVE: ("arm64",),
    Note.NT_ARM_ADDR_MASK: ("arm64",),
    Note.NT_PPC_VMX: ("powerpc64", "powerpc64le"),
    Note.NT_PPC_VSX: ("powerpc64", "powerpc64le"),
}


def _note(kernel: Kernel, note: Note | int) -> int:
    """The note's number; `NotSupported` when it is another machine's."""
    return _number(kernel.target.machine, note, "ptrace")


def _number(machine: str, note: Note | int, call: str) -> int:
    number = _check.signed(note, 32, "note")
    machines = _MACHINES.get(Note(number)) if number in Note._value2member_map_ else None
    if machines is not None and machine not in machines:
        raise errors.not_supported(
            "freebsd", call=call, request=Note(number).name,
            reason=f"{machine} has no such register set",
        )
    return number


RegisterSet = (
    Prstatus | FpRegisters | str | SegmentBases | XState | VfpRegisters | tuple[int, ...]
    | AddressMask | SveRegisters | VmxRegisters | VsxRegisters | bytes
)


def decode(kernel: Kernel, note: Note | int, data: bytes) -> RegisterSet:
    """A register set by its note, as `getregset` gives it.

    `ValueError` for bytes that are too few for it, `NotSupported` for another
    machine's note.  ptrace(2)."""
    _note(kernel, note)
    return contents(kernel.target, note, data)


def contents(target: abi.Target, note: Note | int, data: bytes) -> RegisterSet:
    """The same of a machine's layout, out of a core."""
    _number(target.machine, note, "core")
    machine, order = target.machine, target.byteorder
    little = order == "little"
    match note:
        case Note.NT_PRSTATUS:
            return Prstatus.decode(machine, data)
        case Note.NT_FPREGSET:
            return FLOATING[machine](data)
        case Note.NT_THRMISC:
            name = _layout(machine, "struct thrmisc").get(data, "pr_tname")
            assert isinstance(name, bytes)
            return string(name)
        case Note.NT_X86_SEGBASES:
            layout = _layout(machine, "struct segbasereg")
            fsbase, gsbase = layout.reader("r_fsbase", "r_gsbase")(data, 0)
            return SegmentBases(fsbase, gsbase, target.pointer)
        case Note.NT_X86_XSTATE:
            if len(data) < _XCR0 + 8:
                raise ValueError(f"an xsave area has more than {len(data)} bytes")
            mask = XFeature(int.from_bytes(data[_XCR0 : _XCR0 + 8], "little"))
            return XState(data, XStateInfo(mask, len(data)))
        case Note.NT_ARM_VFP:
            return VfpRegisters(data)
        case Note.NT_ARM_TLS:
            size = target.pointer
            return tuple(int.from_bytes(data[at : at + size], order)
                         for at in range(0, len(data) - size + 1, size))
        case Note.NT_ARM_ADDR_MASK:
            code, pointers = _layout("arm64", "struct arm64_addr_mask").reader(
                "code", "data")(data, 0)
            return AddressMask(code, pointers)
        case Note.NT_ARM_SVE:
            layout = _layout("arm64", "struct svereg_header")
            if len(data) < layout.size:
                raise ValueError(f"{layout.name} takes {layout.size} bytes, not {len(data)}")
            total, largest, length, longest, bits = layout.reader(
                "sve_size", "sve_maxsize", "sve_vec_len", "sve_max_vec_len", "sve_flags")(data, 0)
            return SveRegisters(total, largest, length, longest, bits, data[layout.size :])
        case Note.NT_PPC_VMX:
            return (VmxRegistersLe if little else VmxRegisters)(data)
        case Note.NT_PPC_VSX:
            return (VsxRegistersLe if little else VsxRegisters)(data)
    return data
