"""Machine-dependent ptrace requests and register sets.

cpu_ptrace of ptrace_machdep.c, and the register sets of imgact_elf.c, which
PT_GETREGSET and core dumps share.
"""

from __future__ import annotations

import struct
from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from bsdproc.emulator.errno import EINVAL, Refused
from bsdproc.emulator.freebsd.amd64 import fpu
from bsdproc.emulator.freebsd.amd64.frame import (
    MAXUSER,
    MAXUSER_LA57,
    UFS,
    UGS,
    context_of,
    frame_of,
)
from bsdproc.emulator.freebsd.amd64.regs import REG, getregs, setregs
from bsdproc.emulator.freebsd.amd64.signal import siginfo, sigset_bytes

if TYPE_CHECKING:
    from bsdproc.emulator.caller import UserMemory
    from bsdproc.emulator.freebsd.state import Thread
    from bsdproc.emulator.freebsd.system import System

OSRELDATE: Final = 1302001
"""kern.osreldate of 13.2-RELEASE, as pr_osreldate tells it."""

PT_FIRSTMACH: Final = 64
PT_GETXSTATE_OLD: Final = PT_FIRSTMACH + 2
PT_SETXSTATE_OLD: Final = PT_FIRSTMACH + 3
PT_GETXSTATE_INFO: Final = PT_FIRSTMACH + 4
PT_GETXSTATE: Final = PT_FIRSTMACH + 5
PT_SETXSTATE: Final = PT_FIRSTMACH + 6
PT_GETFSBASE: Final = PT_FIRSTMACH + 7
PT_SETFSBASE: Final = PT_FIRSTMACH + 8
PT_GETGSBASE: Final = PT_FIRSTMACH + 9
PT_SETGSBASE: Final = PT_FIRSTMACH + 10
FIRST_NAMES_OF_XSTATE_OLD: Final = {
    PT_FIRSTMACH: PT_GETXSTATE_OLD, PT_FIRSTMACH + 1: PT_SETXSTATE_OLD,
}

XSTATE_INFO: Final = struct.Struct("<QI4x")
"""struct ptrace_xstate_info."""

NT_PRSTATUS: Final = 1
NT_FPREGSET: Final = 2
NT_THRMISC: Final = 7
NT_PTLWPINFO: Final = 17
NT_X86_SEGBASES: Final = 0x200
NT_X86_XSTATE: Final = 0x202

PRSTATUS: Final = struct.Struct("<i4xQQQiii4x")
"""struct prstatus up to its registers."""
PRSTATUS_VERSION: Final = 1
THRMISC: Final = struct.Struct("<20s4x")
SEGBASES: Final = struct.Struct("<QQ")
LWPINFO: Final = struct.Struct("<iii16s16s4x80s20siII")
"""struct ptrace_lwpinfo: lwpid, event, flags, mask, list, siginfo, name, child,
system call and the number of its arguments."""
PL_EVENT_SIGNAL: Final = 1
PL_FLAG_SI: Final = 0x20


def machine_request(system: System, td: Thread, request: int, address: int, data: int,
                    mem: UserMemory) -> int:
    """A request from PT_FIRSTMACH on.  Unknown ones are `Refused(EINVAL)`."""
    request = FIRST_NAMES_OF_XSTATE_OLD.get(request, request)
    work = _REQUESTS.get(request)
    if work is None:
        raise Refused(EINVAL)
    work(td, address, data, mem)
    return 0


def _getxstate_old(td: Thread, address: int, data: int, mem: UserMemory) -> None:
    mem.copyout(address, fpu.xstate_header())


def _setxstate_old(td: Thread, address: int, data: int, mem: UserMemory) -> None:
    # The kernel compares without a sign: a negative size is too large.
    if not 0 <= data <= fpu.XSTATE_SIZE - fpu.SAVEFPU:
        raise Refused(EINVAL)
    fpu.setxstate_old(td, mem.copyin(address, data))


def _getxstate_info(td: Thread, address: int, data: int, mem: UserMemory) -> None:
    if data != XSTATE_INFO.size:
        raise Refused(EINVAL)
    mem.copyout(address, XSTATE_INFO.pack(fpu.XSAVE_MASK, fpu.XSTATE_SIZE))


def _getxstate(td: Thread, address: int, data: int, mem: UserMemory) -> None:
    """The size that the caller names is not looked at."""
    mem.copyout(address, fpu.getxstate(td))


def _setxstate(td: Thread, address: int, data: int, mem: UserMemory) -> None:
    if not fpu.SAVEFPU <= data <= fpu.XSTATE_SIZE:
        raise Refused(EINVAL)
    fpu.setxstate(td, mem.copyin(address, data))


def _getbase(name: str) -> Callable[[Thread, int, int, UserMemory], None]:
    def work(td: Thread, address: int, data: int, mem: UserMemory) -> None:
        mem.copyout(address, context_of(td).get(name).to_bytes(8, "little"))
    return work


def _setbase(name: str) -> Callable[[Thread, int, int, UserMemory], None]:
    def work(td: Thread, address: int, data: int, mem: UserMemory) -> None:
        base = int.from_bytes(mem.copyin(address, 8), "little")
        if base >= MAXUSER:
            raise Refused(EINVAL)
        set_base(td, name, base)
    return work


def set_base(td: Thread, name: str, base: int) -> None:
    """A segment's base, "fs_base" or "gs_base", with the selector that keeps it."""
    context, f = context_of(td), frame_of(td)
    f.full_iret = f.due = True
    segment, selector = ("fs", UFS) if name == "fs_base" else ("gs", UGS)
    if context.get(segment) != selector:
        context.set(segment, selector)
    context.set(name, base)


def set_user_base(td: Thread, name: str, base: int) -> None:
    """sysarch(2)'s: only what no program can address is `Refused(EINVAL)`."""
    if base >= MAXUSER_LA57:
        raise Refused(EINVAL)
    set_base(td, name, base)


_REQUESTS: Final[dict[int, Callable[[Thread, int, int, UserMemory], None]]] = {
    PT_GETXSTATE_OLD: _getxstate_old,
    PT_SETXSTATE_OLD: _setxstate_old,
    PT_GETXSTATE_INFO: _getxstate_info,
    PT_GETXSTATE: _getxstate,
    PT_SETXSTATE: _setxstate,
    PT_GETFSBASE: _getbase("fs_base"),
    PT_SETFSBASE: _setbase("fs_base"),
    PT_GETGSBASE: _getbase("gs_base"),
    PT_SETGSBASE: _setbase("gs_base"),
}


# -- register sets -----------------------------------------------------------
@dataclass(frozen=True, slots=True)
class RegSet:
    """struct regset: a note's size, and how it is read and (if at all) written."""

    note: int
    size: int
    get: Callable[[Thread], bytes]
    set: Callable[[Thread, bytes], None] | None = None


def _prstatus(td: Thread) -> bytes:
    head = PRSTATUS.pack(PRSTATUS_VERSION, PRSTATUS.size + REG.size, REG.size, fpu.SAVEFPU,
                         OSRELDATE, td.proc.sig, td.tid)
    return head + getregs(td)


def _set_prstatus(td: Thread, data: bytes) -> None:
    """Registers that set_regs refuses are silently not set."""
    try:
        setregs(td, data[PRSTATUS.size:])
    except Refused as e:
        if e.errno != EINVAL:
            raise


def _thrmisc(td: Thread) -> bytes:
    return THRMISC.pack(td.name.encode()[:19])


def _lwpinfo(td: Thread) -> bytes:
    """A core dump's idea of PT_LWPINFO: the thread, its masks, its signal."""
    signal = td.si
    event, flags, info = 0, 0, bytes(80)
    if signal is not None and signal.signo:
        event, flags, info = PL_EVENT_SIGNAL, PL_FLAG_SI, siginfo(signal)
    record = LWPINFO.pack(
        td.tid, event, flags, *_masks(td), info, td.name.encode()[:19], 0, 0, 0)
    return struct.pack("<i", len(record)) + record


def _masks(td: Thread) -> tuple[bytes, bytes]:
    return sigset_bytes(td.sigmask), sigset_bytes(td.sigqueue.signals)


def _segbases(td: Thread) -> bytes:
    context = context_of(td)
    return SEGBASES.pack(context.get("fs_base"), context.get("gs_base"))


def _set_segbases(td: Thread, data: bytes) -> None:
    """Any value goes; a bad one is found when the thread runs on."""
    fs_base, gs_base = SEGBASES.unpack(data)
    set_base(td, "fs_base", fs_base)
    set_base(td, "gs_base", gs_base)


REGSETS: Final = {
    r.note: r
    for r in (
        RegSet(NT_PRSTATUS, PRSTATUS.size + REG.size, _prstatus, _set_prstatus),
        RegSet(NT_FPREGSET, fpu.SAVEFPU, fpu.getfpregs, fpu.setfpregs),
        RegSet(NT_THRMISC, THRMISC.size, _thrmisc),
        RegSet(NT_PTLWPINFO, 4 + LWPINFO.size, _lwpinfo),
        RegSet(NT_X86_SEGBASES, SEGBASES.size, _segbases, _set_segbases),
    )
}
"""In the order of a core dump's notes."""


def find_regset(note: int) -> RegSet:
    """proc_find_regset; 13.2 has none for NT_X86_XSTATE."""
    regset = REGSETS.get(note)
    if regset is None:
        raise Refused(EINVAL)
    return regset


def regset_size(td: Thread, note: int) -> int:
    """What PT_GETREGSET answers to a null base."""
    return find_regset(note).size


def get_regset(td: Thread, note: int, size: int) -> bytes:
    """proc_read_regset: `Refused(EINVAL)` for an unknown note and another size."""
    regset = find_regset(note)
    if size != regset.size:
        raise Refused(EINVAL)
    return regset.get(td)


def set_regset(td: Thread, note: int, size: int, copyin: Callable[[], bytes]) -> None:
    """proc_write_regset: `Refused(EINVAL)` for an unknown note, another size
    and a set that can only be read, before the contents are copied in."""
    regset = find_regset(note)
    if size != regset.size or regset.set is None:
        raise Refused(EINVAL)
    regset.set(td, copyin())
