"""The arguments of system calls: numbers in registers, and what lies in a program's memory."""

from __future__ import annotations

from typing import TYPE_CHECKING

from bsdproc.emulator.bsd.syscalls.width import pointer
from bsdproc.emulator.errno import E2BIG, EFAULT, ENAMETOOLONG, Refused
from bsdproc.emulator.machine.memory import AddressSpace, MemoryFault, TooLong

if TYPE_CHECKING:
    from bsdproc.emulator.bsd.state import Thread

Args = tuple[int, ...]
PATH_MAX = 1024
ARG_MAX = 512 * 1024


def space(td: Thread) -> AddressSpace:
    """The memory of a program that makes a system call."""
    found = td.proc.space
    assert found is not None
    return found


def int64(value: int) -> int:
    value &= (1 << 64) - 1
    return value - (1 << 64) if value >> 63 else value


def path_at(td: Thread, address: int) -> str:
    """A path in the program's memory: ENAMETOOLONG without an end."""
    try:
        data = space(td).copyinstr(address, PATH_MAX)
    except TooLong:
        raise Refused(ENAMETOOLONG) from None
    return data.decode("utf-8", "surrogateescape")


def space_of(td: Thread) -> AddressSpace:
    """The memory of an emulated program."""
    space = td.proc.space
    if space is None:
        raise Refused(EFAULT)
    return space


def signed(value: int) -> int:
    """An int argument: its low 32 bits."""
    value &= 0xFFFFFFFF
    return value - (1 << 32) if value >> 31 else value


def path_argument(td: Thread, address: int) -> str:
    return space_of(td).copyinstr(address, PATH_MAX).decode("utf-8", "surrogateescape")


def strings(td: Thread, address: int) -> list[bytes]:
    """A vector of strings up to its null."""
    space, size, form = space_of(td), 0, pointer(td)
    strings: list[bytes] = []
    if address == 0:
        raise Refused(EFAULT)
    while True:
        where = int.from_bytes(space.copyin(address, form.size), "little")
        if where == 0:
            return strings
        text = space.copyinstr(where, ARG_MAX)
        size += len(text) + 1
        if size > ARG_MAX:
            raise Refused(E2BIG)
        strings.append(text)
        address += form.size


class UserSpace:
    """A program's memory as `UserMemory`: its faults are EFAULT."""

    __slots__ = ("space",)

    def __init__(self, space: AddressSpace) -> None:
        self.space = space

    def copyin(self, address: int, size: int) -> bytes:
        try:
            return self.space.copyin(address, size)
        except MemoryFault:
            raise Refused(EFAULT) from None

    def copyout(self, address: int, data: bytes) -> None:
        try:
            self.space.copyout(address, data)
        except MemoryFault:
            raise Refused(EFAULT) from None


int32 = signed
