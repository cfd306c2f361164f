"""Machine-dependent ptrace requests: cpu_ptrace of ptrace_machdep.c."""

from __future__ import annotations

import struct
from collections.abc import Callable
from typing import TYPE_CHECKING, Final

from bsdproc.emulator.bsd.amd64 import fpu
from bsdproc.emulator.bsd.amd64.frame import MAXUSER_LA57, UFS, UGS, context_of, frame_of
from bsdproc.emulator.errno import EINVAL, Refused
from bsdproc.emulator.freebsd.amd64.abi import abi_of

if TYPE_CHECKING:
    from bsdproc.emulator.bsd.state import Thread
    from bsdproc.emulator.caller import UserMemory
    from bsdproc.emulator.freebsd.system import System

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
        if base >= abi_of(td.proc).maxuser:
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


Work = Callable[["Thread", int, int, "UserMemory"], None]

XSTATE: Final[dict[int, Work]] = {
    PT_GETXSTATE_OLD: _getxstate_old,
    PT_SETXSTATE_OLD: _setxstate_old,
    PT_GETXSTATE: _getxstate,
    PT_SETXSTATE: _setxstate,
}
"""Those that are the same for every debugger."""
_REQUESTS: Final[dict[int, Work]] = {
    **XSTATE,
    PT_GETXSTATE_INFO: _getxstate_info,
    PT_GETFSBASE: _getbase("fs_base"),
    PT_SETFSBASE: _setbase("fs_base"),
    PT_GETGSBASE: _getbase("gs_base"),
    PT_SETGSBASE: _setbase("gs_base"),
}
