"""What a stop tells, and what is stopped for."""

from __future__ import annotations

import struct
from functools import lru_cache

from bsdproc.emulator.bsd.state import TDB
from bsdproc.emulator.errno import EINVAL, Refused
from bsdproc.emulator.freebsd import entry, remote
from bsdproc.emulator.freebsd.ptrace.call import LWPINFO, Call, copyout, out_limited

PL_EVENT_NONE, PL_EVENT_SIGNAL = 0, 1
PL_FLAG_SCE, PL_FLAG_SCX, PL_FLAG_EXEC, PL_FLAG_SI = 4, 8, 0x10, 0x20
PL_FLAG_FORKED, PL_FLAG_CHILD, PL_FLAG_BORN, PL_FLAG_EXITED = 0x40, 0x80, 0x100, 0x200
PL_FLAG_VFORKED, PL_FLAG_VFORK_DONE = 0x400, 0x800
EVENTS = (entry.PTRACE_EXEC | entry.PTRACE_SCE | entry.PTRACE_SCX | entry.PTRACE_FORK
          | entry.PTRACE_LWP | entry.PTRACE_VFORK)
LWPINFO_SIGINFO_END = 128
NO_SIGINFO, NO_SIGNALS = bytes(80), bytes(16)

_TOLD = ((TDB.SCE, PL_FLAG_SCE), (TDB.SCX, PL_FLAG_SCX), (TDB.EXEC, PL_FLAG_EXEC),
         (TDB.FORK, PL_FLAG_FORKED), (TDB.CHILD, PL_FLAG_CHILD), (TDB.BORN, PL_FLAG_BORN),
         (TDB.EXIT, PL_FLAG_EXITED))
_XSIG, _IN_CALL = TDB.XSIG, TDB.SCE | TDB.SCX


@lru_cache(maxsize=256)
def sigset(signals: frozenset[int]) -> bytes:
    """sigset_t."""
    return sum(1 << (sig - 1) for sig in signals).to_bytes(16, "little")


def follow_fork(c: Call) -> int:
    return _event_bit(c, entry.PTRACE_FORK)


def lwp_events(c: Call) -> int:
    return _event_bit(c, entry.PTRACE_LWP)


def _event_bit(c: Call, bit: int) -> int:
    c.p.ptevents = c.p.ptevents | bit if c.data else c.p.ptevents & ~bit
    return 0


def get_event_mask(c: Call) -> int:
    if c.data != 4:
        raise Refused(EINVAL)
    copyout(c.mem, c.addr, c.p.ptevents.to_bytes(4, "little"))
    return 0


def set_event_mask(c: Call) -> int:
    mask = int.from_bytes(c.given, "little")
    if mask & ~EVENTS:
        raise Refused(EINVAL)
    c.p.ptevents = mask
    return 0


@lru_cache(maxsize=256)
def lwp_flags(dbg: int) -> int:
    """pl_flags, as far as td_dbgflags say it."""
    flags = sum(told for bit, told in _TOLD if dbg & bit)
    if dbg & _IN_CALL == _IN_CALL:
        flags &= ~PL_FLAG_SCX
    if dbg & (TDB.FORK | TDB.VFORK) == TDB.FORK | TDB.VFORK:
        flags |= PL_FLAG_VFORKED
    elif dbg & (TDB.FORK | TDB.SCX | TDB.VFORK) == TDB.VFORK:
        flags |= PL_FLAG_VFORK_DONE
    return flags


def lwpinfo(c: Call) -> int:
    if not 0 < c.data <= LWPINFO.size:
        raise Refused(EINVAL)
    td = c.td2
    dbg = td.dbgflags
    flags, siginfo = lwp_flags(dbg), NO_SIGINFO
    event = PL_EVENT_SIGNAL if dbg & _XSIG else PL_EVENT_NONE
    if event and td.si is not None and c.data >= LWPINFO_SIGINFO_END:
        flags |= PL_FLAG_SI
        siginfo = c.system.machdep.siginfo(td.si)
    child = td.dbg_forked if flags & PL_FLAG_FORKED else 0
    code, narg = (td.sc_code & 0xFFFFFFFF, td.sc_narg) if dbg & _IN_CALL else (0, 0)
    pending = sigset(frozenset(td.sigqueue.signals)) if td.sigqueue.entries else NO_SIGNALS
    info = LWPINFO.pack(td.tid, event, flags, sigset(td.sigmask) if td.sigmask else NO_SIGNALS,
                        pending, siginfo, td.name.encode("utf-8", "surrogateescape")[:19],
                        child, code, narg)
    copyout(c.mem, c.addr, info[: c.data])
    return 0


def get_sc_args(c: Call) -> int:
    if not c.td2.dbgflags & (TDB.SCE | TDB.SCX):
        raise Refused(EINVAL)
    args = c.td2.sc_args[: c.td2.sc_narg]
    words = struct.pack("<8Q", *(args + (0,) * 8)[:8])
    return out_limited(c, words)


def get_sc_ret(c: Call) -> int:
    td = c.td2
    if not td.dbgflags & TDB.SCX:
        raise Refused(EINVAL)
    r0, r1 = td.retval if td.errno == 0 else (0, 0)
    words = remote.sc_ret(r0, r1, td.errno)
    return out_limited(c, words)
