"""An LWP in a core: the notes whose owner ends with its id."""

from __future__ import annotations

from collections.abc import Mapping
from functools import cached_property
from types import MappingProxyType
from typing import TypeVar

from bsdproc.kernel.errors import not_supported
from bsdproc.netbsd.constants.ptrace import MACHINE_REQUESTS, Request
from bsdproc.netbsd.ptrace.lwp import LwpStatus
from bsdproc.netbsd.registers import (
    DEBUG,
    FLOATING,
    GENERAL,
    XSTATE,
    DebugRegisters,
    FpRegisters,
    RegisterFile,
    Registers,
    VectorRegisters,
    XmmRegisters,
    XState,
)
from bsdproc.typed.core import Decoding, NoNote
from bsdproc.typed.core.base import Frozen

F = TypeVar("F", bound=RegisterFile)


class Lwp(Frozen):
    """One LWP, as it was when the core was written.

    The types of its notes are ptrace(2)'s requests, and those of registers have another
    number on each machine.  A register set is decoded anew each time, for it can be changed;
    `NoNote` is one that the kernel has not written, `BadCore` one that is damaged,
    `NotSupported` one that the machine does not have."""

    lwpid: int
    notes: Mapping[int, bytes]
    """Its notes as they stand, by type, in the file's order."""

    def __init__(self, machine: str, lwpid: int, notes: Mapping[int, bytes]) -> None:
        vars(self).update(_machine=machine, lwpid=lwpid, notes=MappingProxyType(notes))

    _machine: str

    @property
    def registers(self) -> Registers:
        """PT_GETREGS: the general registers."""
        return self._file("PT_GETREGS", GENERAL.get(self._machine))

    @property
    def fpregs(self) -> FpRegisters:
        """PT_GETFPREGS: the floating-point registers."""
        return self._file("PT_GETFPREGS", FLOATING.get(self._machine))

    @property
    def xstate(self) -> XState:
        """PT_GETXSTATE (amd64, i386): the extended state; from NetBSD 9 on."""
        return self._file("PT_GETXSTATE", XSTATE.get(self._machine))

    @property
    def dbregs(self) -> DebugRegisters:
        """PT_GETDBREGS (amd64, i386): the debug registers, which NetBSD's kernel does not
        write."""
        return self._file("PT_GETDBREGS", DEBUG.get(self._machine))

    @property
    def xmmregs(self) -> XmmRegisters:
        """PT_GETXMMREGS (i386): the SSE registers, which NetBSD's kernel does not write."""
        return self._file("PT_GETXMMREGS", XmmRegisters)

    @property
    def vecregs(self) -> VectorRegisters:
        """PT_GETVECREGS (powerpc): AltiVec, which NetBSD's kernel does not write."""
        return self._file("PT_GETVECREGS", VectorRegisters)

    @cached_property
    def status(self) -> LwpStatus:
        """PT_LWPSTATUS: its signals and its name; from NetBSD 10 on."""
        data = self._data("PT_LWPSTATUS", Request.PT_LWPSTATUS)
        with Decoding("PT_LWPSTATUS"):
            return LwpStatus.of(self._machine)(data)

    def _file(self, request: str, kind: type[F] | None) -> F:
        number = MACHINE_REQUESTS[self._machine].__members__.get(request)
        if number is None or kind is None:
            raise not_supported("netbsd", call="core", request=request,
                                reason=f"{self._machine} has no such registers")
        data = self._data(request, number)
        with Decoding(request):
            return kind(data)

    def _data(self, request: str, number: int) -> bytes:
        try:
            return self.notes[number]
        except KeyError:
            raise NoNote(f"LWP {self.lwpid} has no {request} in the core") from None

    def __repr__(self) -> str:
        return f"Lwp(lwpid={self.lwpid}, notes={[int(note) for note in self.notes]})"
