"""Register files of NetBSD; see `bsdproc.typed.registers`."""

from __future__ import annotations

from bsdproc.typed import registers
from bsdproc.typed.registers import Absent, Bank, Neutral, Register, View

__all__ = ["Absent", "Bank", "Neutral", "Register", "RegisterFile", "View"]


class RegisterFile(registers.RegisterFile):
    """A struct of registers, kept as bytes; subclasses name the registers."""

    system = "netbsd"
    __slots__ = ()
