"""A thread in a core: the notes from one NT_PRSTATUS to the next."""

from __future__ import annotations

from collections.abc import Mapping
from functools import cached_property
from types import MappingProxyType
from typing import Literal, overload

from bsdproc import abi
from bsdproc.freebsd.constants.ptrace import Note
from bsdproc.freebsd.constants.signals import Signal
from bsdproc.freebsd.ptrace.lwp import LwpInfo
from bsdproc.freebsd.ptrace.regset import (
    AddressMask,
    Prstatus,
    RegisterSet,
    SegmentBases,
    SveRegisters,
    contents,
)
from bsdproc.freebsd.ptrace.xstate import XState
from bsdproc.freebsd.registers import (
    FpRegisters,
    Registers,
    VfpRegisters,
    VmxRegisters,
    VsxRegisters,
)
from bsdproc.freebsd.siginfo import Siginfo
from bsdproc.typed.core import BadCore, Decoding, NoNote
from bsdproc.typed.core.base import Frozen
from bsdproc.typed.enums import known

_STATUS_VERSION = 1


def label(note: int) -> str:
    """A note's type by its name."""
    one = known(Note, note)
    return one.name if isinstance(one, Note) else f"note {note:#x}"


class Thread(Frozen):
    """One thread, as it was when the core was written."""

    notes: Mapping[int, bytes]
    """Its notes as they stand, by type, in the file's order (see `regset`)."""

    def __init__(self, machine: str, notes: Mapping[int, bytes]) -> None:
        vars(self).update(_machine=machine, notes=MappingProxyType(notes))

    _machine: str

    @overload
    def regset(self, note: Literal[Note.NT_PRSTATUS]) -> Prstatus: ...
    @overload
    def regset(self, note: Literal[Note.NT_FPREGSET]) -> FpRegisters: ...
    @overload
    def regset(self, note: Literal[Note.NT_THRMISC]) -> str: ...
    @overload
    def regset(self, note: Literal[Note.NT_X86_SEGBASES]) -> SegmentBases: ...
    @overload
    def regset(self, note: Literal[Note.NT_X86_XSTATE]) -> XState: ...
    @overload
    def regset(self, note: Literal[Note.NT_ARM_VFP]) -> VfpRegisters: ...
    @overload
    def regset(self, note: Literal[Note.NT_ARM_TLS]) -> tuple[int, ...]: ...
    @overload
    def regset(self, note: Literal[Note.NT_ARM_ADDR_MASK]) -> AddressMask: ...
    @overload
    def regset(self, note: Literal[Note.NT_ARM_SVE]) -> SveRegisters: ...
    @overload
    def regset(self, note: Literal[Note.NT_PPC_VMX]) -> VmxRegisters: ...
    @overload
    def regset(self, note: Literal[Note.NT_PPC_VSX]) -> VsxRegisters: ...
    @overload
    def regset(self, note: Note | int) -> RegisterSet: ...
    def regset(self, note: Note | int) -> RegisterSet:
        """A register set by its note, as `bsdproc.freebsd.ptrace.getregset` gives it.

        A new one each time, for it can be changed.  `NoNote` when the thread has none,
        `NotSupported` for another machine's, `BadCore` for damaged bytes."""
        data = self._data(note)
        with Decoding(label(note)):
            return contents(abi.target("freebsd", self._machine), note, data)

    def _data(self, note: Note | int) -> bytes:
        try:
            return self.notes[note]
        except KeyError:
            raise NoNote(f"the thread has no {label(note)} in the core") from None

    @property
    def prstatus(self) -> Prstatus:
        """NT_PRSTATUS, as a copy of one's own."""
        found = self.regset(Note.NT_PRSTATUS)
        if found.version != _STATUS_VERSION:
            raise BadCore(f"NT_PRSTATUS: version {found.version}, not {_STATUS_VERSION}")
        return found

    @cached_property
    def lwpid(self) -> int:
        """The thread's id."""
        return self.prstatus.pid

    @cached_property
    def cursig(self) -> Signal | int | None:
        """The signal that the process was ended or stopped by; all threads have the same."""
        number = self.prstatus.cursig
        return known(Signal, number) if number else None

    @property
    def registers(self) -> Registers:
        """The general registers, of NT_PRSTATUS."""
        return self.prstatus.registers

    @property
    def fpregs(self) -> FpRegisters:
        """NT_FPREGSET: the floating-point registers.

        `NoNote` for a 32-bit process of arm64, whose NT_FPREGSET is empty: it has them in
        NT_ARM_VFP alone."""
        if self._machine == "arm" and len(self._data(Note.NT_FPREGSET)) == _ARM_DUMMY:
            raise NoNote("a 32-bit process of arm64 has its floating-point registers in "
                         "NT_ARM_VFP")
        return self.regset(Note.NT_FPREGSET)

    @cached_property
    def tdname(self) -> str:
        """NT_THRMISC: the thread's name."""
        return self.regset(Note.NT_THRMISC)

    @cached_property
    def lwpinfo(self) -> LwpInfo:
        """NT_PTLWPINFO: what PT_LWPINFO would have given.

        Flags and event say no more than whether `siginfo` is meant."""
        data = self._data(Note.NT_PTLWPINFO)
        with Decoding("NT_PTLWPINFO"):
            size, rest = sized(data, abi.target("freebsd", self._machine))
            return LwpInfo.of(self._machine)(rest, 0, min(size, len(rest)))

    @property
    def siginfo(self) -> Siginfo | None:
        """What the signal says that this thread got last; None when it got none."""
        return self.lwpinfo.siginfo

    def __repr__(self) -> str:
        return f"Thread(lwpid={self.lwpid}, pc={self.registers.pc:#x})"


_ARM_DUMMY = 4
"""Bytes of arm64's struct fpreg32."""


def sized(data: bytes, target: abi.Target) -> tuple[int, bytes]:
    """What a note has after the size of its structs, and that size.

    `ValueError` for a note that has no size."""
    if len(data) < 4:
        raise ValueError(f"{len(data)} bytes have no size in front")
    size = int.from_bytes(data[:4], target.byteorder, signed=True)
    if size <= 0:
        raise ValueError(f"a struct of {size} bytes")
    return size, data[4:]
