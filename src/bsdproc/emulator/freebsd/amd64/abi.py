"""What differs between the programs that the kernel runs: 64-bit ones and
i386's (struct sysentvec)."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from bsdproc.emulator.bsd.amd64 import frame
from bsdproc.emulator.freebsd.amd64 import vdso
from bsdproc.emulator.freebsd.ia32 import vdso as vdso32

if TYPE_CHECKING:
    from bsdproc.emulator.bsd.state import Proc


@dataclass(frozen=True, slots=True)
class Abi:
    name: str
    """sv_name, as `Proc.sysent` has it."""
    bits: int
    maxuser: int
    shared_page: int
    shared: vdso.SharedPage
    sigtramp: tuple[int, int]
    """What KERN_PROC_SIGTRAMP tells."""
    timekeep: int
    usrstack: int
    maxssiz: int
    maxdsiz: int
    load_address: int
    """ET_DYN_LOAD_ADDR."""
    word: str
    """A pointer, for `struct`."""
    rounds_path: bool
    """The program's path on the stack begins at a whole word."""

    @property
    def size(self) -> int:
        """Bytes of a pointer."""
        return self.bits // 8


ELF64: Final = Abi(
    name="FreeBSD ELF64", bits=64, maxuser=frame.MAXUSER, shared_page=vdso.SHARED_PAGE,
    shared=vdso.SHARED, sigtramp=vdso.SIGTRAMP_TOLD, timekeep=vdso.TIMEKEEP,
    usrstack=vdso.USRSTACK, maxssiz=512 << 20, maxdsiz=32 << 30, load_address=0x01021000,
    word="Q", rounds_path=True)
ELF32: Final = Abi(
    name="FreeBSD ELF32", bits=32, maxuser=vdso32.MAXUSER, shared_page=vdso32.SHARED_PAGE,
    shared=vdso32.SHARED, sigtramp=vdso32.SIGTRAMP_RANGE, timekeep=vdso32.TIMEKEEP,
    usrstack=vdso32.USRSTACK, maxssiz=64 << 20, maxdsiz=512 << 20, load_address=0x2000,
    word="I", rounds_path=False)


def abi_of(p: Proc) -> Abi:
    """Of the program that a process runs."""
    return ELF32 if p.sysent == ELF32.name else ELF64
