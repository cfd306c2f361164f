"""Register files of FreeBSD; see `bsdproc.typed.registers`."""

from __future__ import annotations

from bsdproc.typed import registers
from bsdproc.typed.registers import Bank, Neutral, Place, Register, View

__all__ = ["Bank", "Neutral", "Place", "Register", "RegisterFile", "View"]


class RegisterFile(registers.RegisterFile):
    """A struct of registers, kept as bytes; subclasses name the registers."""

    system = "freebsd"
    __slots__ = ()
