"""A handler's frame and contexts: struct sigframe_siginfo, ucontext_t.

The subject of NetBSD's sendsig_siginfo, cpu_getmcontext and cpu_setmcontext
of amd64.  A handler returns into its program's own trampoline, which it gave
to __sigaction_sigtramp; that finds the ucontext in r15 and calls setcontext.
"""

from __future__ import annotations

import struct
from typing import TYPE_CHECKING, Final

from bsdproc.emulator.bsd.amd64.fpu import fpu_get, fpu_set
from bsdproc.emulator.bsd.amd64.frame import PSL_D, PSL_T, context_of, frame_of
from bsdproc.emulator.bsd.state import KSigInfo, SigAction, SigStack, Thread
from bsdproc.emulator.errno import EINVAL, Refused
from bsdproc.emulator.machine.memory import MemoryFault
from bsdproc.emulator.netbsd.amd64.regs import MAXUSER, getregs, setregs
from bsdproc.emulator.netbsd.signo import CANNOT_MASK, NSIG
from bsdproc.emulator.netbsd.state import lwp, pack_info

if TYPE_CHECKING:
    from bsdproc.emulator.netbsd.system import System

SIGINFO_SIZE: Final = 128
UCONTEXT_SIZE: Final = 784
HEAD: Final = struct.Struct("<I4xQ16sQQi4x")
"""uc_flags, uc_link, uc_sigmask, uc_stack."""
REGS: Final = slice(56, 264)
TLSBASE: Final = slice(264, 272)
FPREGS: Final = slice(272, 784)
UC_SIGMASK, UC_STACK, UC_CPU, UC_FPU = 0x1, 0x2, 0x4, 0x8
UC_SETSTACK, UC_CLRSTACK, UC_TLSBASE = 0x10000, 0x20000, 0x80000
SS_ONSTACK, SS_DISABLE = 1, 4
SA_ONSTACK: Final = 1
FRAME_SIZE: Final = 8 + SIGINFO_SIZE + UCONTEXT_SIZE
RED_ZONE: Final = 128
CLEARED: Final = PSL_T | PSL_D | 0x4000 | 0x10000 | 0x40000
"""PSL_CLEARSIG: T, D, NT, RF and AC."""


def sigset(signals: frozenset[int] | set[int]) -> bytes:
    """sigset_t."""
    return sum(1 << (sig - 1) for sig in signals).to_bytes(16, "little")


def members(data: bytes) -> frozenset[int]:
    """Those of a sigset_t that are signals."""
    bits = int.from_bytes(data[:16], "little")
    return frozenset(n for n in range(1, NSIG) if bits >> n - 1 & 1)


def siginfo(ksi: KSigInfo) -> bytes:
    """siginfo_t."""
    return pack_info(ksi).ljust(SIGINFO_SIZE, b"\0")


def on_stack(td: Thread, sp: int) -> bool:
    stack = td.sigstk
    return not stack.flags & SS_DISABLE and 0 <= sp - stack.sp < stack.size


def ucontext(td: Thread, mask: frozenset[int], flags: int) -> bytes:
    """getucontext: of the thread as it stands."""
    stack, context = td.sigstk, context_of(td)
    if on_stack(td, context.get("rsp")):
        where = (stack.sp, stack.size, SS_ONSTACK)
    else:
        p = td.proc
        where = (p.stack_base, p.stack_size, 0)
    return b"".join((
        HEAD.pack(flags | UC_SIGMASK | UC_STACK | UC_CPU | UC_FPU | UC_TLSBASE, 0, sigset(mask),
                  *where),
        getregs(td), struct.pack("<Q", context.get("fs_base")), fpu_get(td)))


def sendsig(system: System, td: Thread, action: SigAction, ksi: KSigInfo,
            mask: frozenset[int]) -> bool:
    """Write the frame of a handler and point the thread at it; False when
    its stack cannot take it, which ends the process by SIGILL."""
    p, context = td.proc, context_of(td)
    rsp = context.get("rsp")
    away = bool(action.flags & SA_ONSTACK) and not td.sigstk.flags & SS_DISABLE and not (
        on_stack(td, rsp))
    top = td.sigstk.sp + td.sigstk.size if away else rsp - RED_ZONE
    frame = ((top - FRAME_SIZE & ~0xF) - 8) & (1 << 64) - 1
    at_info, at_context = frame + 8, frame + 8 + SIGINFO_SIZE
    where = UC_SETSTACK if on_stack(td, rsp) else UC_CLRSTACK
    data = (struct.pack("<Q", p.sigacts.tramps.get(ksi.signo, 0)) + siginfo(ksi)
            + ucontext(td, mask, where))
    assert p.space is not None
    try:
        p.space.copyout(frame, data)
    except (MemoryFault, Refused):
        system.note(f"process {p.pid} ({p.comm}) has no stack for its signal handler")
        return False
    context.set("rdi", ksi.signo)
    context.set("rsi", at_info)
    context.set("rdx", at_context)
    context.set("r15", at_context)
    context.set("rsp", frame)
    context.set("rip", action.handler)
    context.set("rflags", context.get("rflags") & ~CLEARED)
    td.step = False
    f = frame_of(td)
    f.full_iret = f.due = True
    return True


def setcontext(system: System, td: Thread, address: int) -> None:
    """setcontext(2)."""
    space = td.proc.space
    assert space is not None
    load(td, space.copyin(address, UCONTEXT_SIZE))


def load(td: Thread, data: bytes) -> None:
    """setucontext: what the context's flags say of it; EINVAL as for setregs."""
    flags, _, mask, sp, size, _ = HEAD.unpack_from(data)
    context = context_of(td)
    if flags & UC_CPU:
        setregs(td, data[REGS])
    if flags & UC_TLSBASE:
        (base,) = struct.unpack("<Q", data[TLSBASE])
        if base >= MAXUSER:
            raise Refused(EINVAL)
        context.set("fs_base", base)
        lwp(td).private = base
    if flags & UC_FPU:
        fpu_set(td, data[FPREGS])
    if flags & UC_SIGMASK:
        td.sigmask = members(mask) - CANNOT_MASK
    if flags & UC_SETSTACK and td.sigstk.flags & SS_DISABLE:
        td.sigstk = SigStack(sp, size, 0)
