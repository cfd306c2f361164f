"""Register sets: what PT_GETREGSET names, and core dumps have of each thread.

imgact_elf.c, and for the segment bases ptrace_machdep.c.
"""

from __future__ import annotations

import struct
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from bsdproc.emulator.bsd.amd64 import fpu, regs
from bsdproc.emulator.bsd.amd64.frame import context_of
from bsdproc.emulator.errno import EINVAL, Refused
from bsdproc.emulator.freebsd.amd64 import signal
from bsdproc.emulator.freebsd.amd64.abi import ELF32
from bsdproc.emulator.freebsd.amd64.request import set_base
from bsdproc.emulator.freebsd.amd64.signal import sigset_bytes
from bsdproc.emulator.freebsd.ia32 import regs as regs32
from bsdproc.emulator.freebsd.ia32 import signal as signal32

if TYPE_CHECKING:
    from bsdproc.emulator.bsd.state import Thread

OSRELDATE: Final = 1302001
"""kern.osreldate of 13.2-RELEASE, as pr_osreldate tells it."""

NT_PRSTATUS: Final = 1
NT_FPREGSET: Final = 2
NT_THRMISC: Final = 7
NT_PTLWPINFO: Final = 17
NT_X86_SEGBASES: Final = 0x200
NT_X86_XSTATE: Final = 0x202

PRSTATUS_VERSION: Final = 1
PRSTATUS: Final = struct.Struct("<i4xQQQiii4x")
"""struct prstatus up to its registers: version, three sizes, release, signal, thread."""
PRSTATUS32: Final = struct.Struct("<iIIIiii")
THRMISC: Final = struct.Struct("<20s4x")
SEGBASES: Final = struct.Struct("<QQ")
SEGBASES32: Final = struct.Struct("<II")
LWPINFO: Final = struct.Struct("<iii16s16s4x80s20siII")
"""struct ptrace_lwpinfo: lwpid, event, flags, mask, list, siginfo, name, child,
system call and the number of its arguments."""
LWPINFO32: Final = struct.Struct("<iii16s16s64s20siII")
PL_EVENT_SIGNAL: Final = 1
PL_FLAG_SI: Final = 0x20


@dataclass(frozen=True, slots=True)
class RegSet:
    """struct regset: a note's size, and how it is read and (if at all) written."""

    note: int
    size: int
    get: Callable[[Thread], bytes]
    set: Callable[[Thread, bytes], None] | None = None


def _prstatus(td: Thread) -> bytes:
    head = PRSTATUS.pack(PRSTATUS_VERSION, PRSTATUS.size + regs.REG.size, regs.REG.size,
                         fpu.SAVEFPU, OSRELDATE, td.proc.sig, td.tid)
    return head + regs.getregs(td)


def _prstatus32(td: Thread) -> bytes:
    head = PRSTATUS32.pack(PRSTATUS_VERSION, PRSTATUS32.size + regs32.REG.size, regs32.REG.size,
                           regs32.FPREG_SIZE, OSRELDATE, td.proc.sig, td.tid)
    return head + regs32.getregs(td)


def _set_registers(set_: Callable[[Thread, bytes], None],
                   head: int) -> Callable[[Thread, bytes], None]:
    """Registers that set_regs refuses are silently not set."""

    def work(td: Thread, data: bytes) -> None:
        try:
            set_(td, data[head:])
        except Refused as e:
            if e.errno != EINVAL:
                raise
    return work


def _thrmisc(td: Thread) -> bytes:
    return THRMISC.pack(td.name.encode("utf-8", "surrogateescape")[:19])


def _lwpinfo(record: struct.Struct,
             siginfo: Callable[..., bytes]) -> Callable[[Thread], bytes]:
    """A core dump's idea of PT_LWPINFO: the thread, its masks, its signal."""

    def work(td: Thread) -> bytes:
        event, flags, info = 0, 0, b""
        if td.si is not None and td.si.signo:
            event, flags, info = PL_EVENT_SIGNAL, PL_FLAG_SI, siginfo(td.si)
        return struct.pack("<i", record.size) + record.pack(
            td.tid, event, flags, sigset_bytes(td.sigmask), sigset_bytes(td.sigqueue.signals),
            info, td.name.encode("utf-8", "surrogateescape")[:19], 0, 0, 0)
    return work


def _segbases(form: struct.Struct) -> Callable[[Thread], bytes]:
    mask = (1 << 4 * form.size) - 1

    def work(td: Thread) -> bytes:
        context = context_of(td)
        return form.pack(context.get("fs_base") & mask, context.get("gs_base") & mask)
    return work


def _set_segbases(form: struct.Struct) -> Callable[[Thread, bytes], None]:
    """Any value goes; a bad one is found when the thread runs on."""

    def work(td: Thread, data: bytes) -> None:
        fs_base, gs_base = form.unpack(data)
        set_base(td, "fs_base", fs_base)
        set_base(td, "gs_base", gs_base)
    return work


_THRMISC = RegSet(NT_THRMISC, THRMISC.size, _thrmisc)
REGSETS: Final = (
    RegSet(NT_PRSTATUS, PRSTATUS.size + regs.REG.size, _prstatus,
           _set_registers(regs.setregs, PRSTATUS.size)),
    RegSet(NT_FPREGSET, fpu.SAVEFPU, fpu.getfpregs, fpu.setfpregs),
    _THRMISC,
    RegSet(NT_PTLWPINFO, 4 + LWPINFO.size, _lwpinfo(LWPINFO, signal.siginfo)),
    RegSet(NT_X86_SEGBASES, SEGBASES.size, _segbases(SEGBASES), _set_segbases(SEGBASES)),
)
"""In the order of a core dump's notes."""
_SEGBASES32 = RegSet(NT_X86_SEGBASES, SEGBASES32.size, _segbases(SEGBASES32),
                     _set_segbases(SEGBASES32))
REGSETS32: Final = (
    RegSet(NT_PRSTATUS, PRSTATUS32.size + regs32.REG.size, _prstatus32,
           _set_registers(regs32.setregs, PRSTATUS32.size)),
    RegSet(NT_FPREGSET, regs32.FPREG_SIZE, regs32.getfpregs, regs32.setfpregs),
    _THRMISC,
    RegSet(NT_PTLWPINFO, 4 + LWPINFO32.size, _lwpinfo(LWPINFO32, signal32.siginfo)),
    _SEGBASES32,
    _SEGBASES32,
)
"""Those of an i386 program, whoever asks.  The kernel has the segment bases twice, by
amd64's and by i386's code, and dumps them twice."""


def regsets_of(td: Thread) -> tuple[RegSet, ...]:
    return REGSETS32 if td.proc.sysent == ELF32.name else REGSETS


def find_regset(td: Thread, note: int) -> RegSet:
    """proc_find_regset; 13.2 has none for NT_X86_XSTATE."""
    for regset in regsets_of(td):
        if regset.note == note:
            return regset
    raise Refused(EINVAL)


def regset_size(td: Thread, note: int) -> int:
    """What PT_GETREGSET answers to a null base."""
    return find_regset(td, note).size


def get_regset(td: Thread, note: int, size: int) -> bytes:
    """proc_read_regset: `Refused(EINVAL)` for an unknown note and another size."""
    regset = find_regset(td, note)
    if size != regset.size:
        raise Refused(EINVAL)
    return regset.get(td)


def set_regset(td: Thread, note: int, size: int, copyin: Callable[[], bytes]) -> None:
    """proc_write_regset: `Refused(EINVAL)` for an unknown note, another size
    and a set that can only be read, before the contents are copied in."""
    regset = find_regset(td, note)
    if size != regset.size or regset.set is None:
        raise Refused(EINVAL)
    regset.set(td, copyin())


def core_notes(td: Thread) -> Iterator[tuple[int, bytes]]:
    """(note type, contents) of a thread in a core dump: every register set,
    then the extended state."""
    for regset in regsets_of(td):
        yield regset.note, regset.get(td)
    yield NT_X86_XSTATE, fpu.core_xstate(td)
