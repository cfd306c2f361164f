"""Signal frames on a program's stack, and the way back from a handler.

sendsig and sigreturn of amd64's exec_machdep.c; struct sigframe, ucontext_t,
mcontext_t and siginfo_t as the headers lay them out.
"""

from __future__ import annotations

import struct
from collections.abc import Iterable
from typing import TYPE_CHECKING, Final

from bsdproc.emulator.bsd.amd64.fpu import (
    MC_FPOWNED_FPU,
    MC_FPOWNED_NONE,
    MC_FPOWNED_PCB,
    SAVEFPU,
    XSTATE_SIZE,
    fpu_drop,
    fpu_get,
    fpu_set,
    xstate_header,
)
from bsdproc.emulator.bsd.amd64.frame import (
    HASSEGS,
    PSL_D,
    PSL_T,
    PSL_USERCHANGE,
    context_of,
    frame_of,
)
from bsdproc.emulator.bsd.amd64.regs import rflags_of, set_rflags, user_segments
from bsdproc.emulator.bsd.amd64.trapno import BUS_OBJERR, T_PROTFLT
from bsdproc.emulator.bsd.signo import CANNOT_MASK, SIG_MAX, SIGBUS
from bsdproc.emulator.bsd.state import KSigInfo, P
from bsdproc.emulator.errno import EINVAL, Refused
from bsdproc.emulator.freebsd import timers
from bsdproc.emulator.freebsd.timers import SI_TIMER
from bsdproc.emulator.machine.memory import MemoryFault

if TYPE_CHECKING:
    from bsdproc.emulator.bsd.state import SigAction, Thread
    from bsdproc.emulator.freebsd.system import System

SA_ONSTACK: Final = 0x1
SA_SIGINFO: Final = 0x40
SS_ONSTACK: Final = 0x1
SS_DISABLE: Final = 0x4

MC_HASBASES: Final = 0x2
MC_HASFPXSTATE: Final = 0x4
MC_FLAG_MASK: Final = HASSEGS | MC_HASBASES | MC_HASFPXSTATE
MC_FPFMT_NODEV: Final = 0x10000
MC_FPFMT_XMM: Final = 0x10002

RED_ZONE: Final = 128

SIGINFO: Final = struct.Struct("<iiiiIiQQq32x")
"""siginfo_t: signo, errno, code, pid, uid, status, addr, value, trap number (of a
timer's signal its number, and in the upper half how often it was due since)."""
MCONTEXT: Final = struct.Struct("<16Q IHH Q IHH Q Q Q Q Q Q 3Q 512s Q Q Q Q 32x")
"""mcontext_t: onstack, the trap frame from rdi on, length, format and owner of
the floating-point state and its 512 bytes, fs and gs base, where the rest of
the extended state is and how long."""
STACK: Final = struct.Struct("<QQi4x")
"""stack_t."""
MCONTEXT_SIZE: Final = 800
UC_MCONTEXT: Final = 16
UC_STACK: Final = 824
UCONTEXT_SIZE: Final = 880
SF_UC: Final = 16
SF_SI: Final = 896
SIGFRAME_SIZE: Final = 976


def sigset_bytes(signals: Iterable[int]) -> bytes:
    """sigset_t: bit n - 1 for signal n."""
    bits = 0
    for sig in signals:
        bits |= 1 << sig - 1
    return bits.to_bytes(16, "little")


def sigset_of(data: bytes) -> frozenset[int]:
    bits = int.from_bytes(data, "little")
    return frozenset(n for n in range(1, SIG_MAX + 1) if bits >> n - 1 & 1)


def signed(value: int) -> int:
    return (value & 0xFFFFFFFF ^ 0x80000000) - 0x80000000


def siginfo(ksi: KSigInfo) -> bytes:
    """siginfo_t, 80 bytes."""
    return SIGINFO.pack(
        ksi.signo, ksi.errno, signed(ksi.code), signed(ksi.pid), ksi.uid & 0xFFFFFFFF,
        signed(ksi.status), ksi.addr & 0xFFFFFFFFFFFFFFFF, ksi.value & 0xFFFFFFFFFFFFFFFF,
        ksi.trapno)


def sigonstack(td: Thread, sp: int) -> bool:
    """Whether the thread runs on its alternate stack."""
    stack = td.sigstk
    return not stack.flags & SS_DISABLE and 0 <= sp - stack.sp < stack.size


def mcontext(td: Thread, *, on_stack: bool, flags: int, xstate: int, xstate_size: int) -> bytes:
    """mcontext_t of the thread as it stands."""
    f, context = frame_of(td), context_of(td)
    (r15, r14, r13, r12, r11, r10, r9, r8, rdi, rsi, rbp, rbx, rdx, rcx, rax,
     rip, rflags, rsp) = context.general()
    cs, ss, ds, es, fs, gs = context.selectors()
    # A thread that has stood still since its last execve has been given the unit.
    given = f.fpu_used or td.proc.flag & P.TRACED
    owned = MC_FPOWNED_FPU if given else MC_FPOWNED_PCB
    return MCONTEXT.pack(
        int(on_stack), rdi, rsi, rdx, rcx, r8, r9, rax, rbx, rbp, r10, r11, r12, r13, r14, r15,
        f.trapno, fs, gs, f.addr, flags, es, ds, f.err, rip, cs,
        rflags_of(td, rflags), rsp, ss, MCONTEXT_SIZE, MC_FPFMT_XMM, owned, fpu_get(td),
        context.get("fs_base"), context.get("gs_base"), xstate, xstate_size)


def sendsig(system: System, td: Thread, action: SigAction, ksi: KSigInfo,
            mask: frozenset[int]) -> bool:
    """Write the frame of a handler and point the thread at it; `mask` is to
    be restored behind it.  False when the stack cannot take the frame: the
    process is then to be ended by SIGILL."""
    p, context, f = td.proc, context_of(td), frame_of(td)
    rsp = context.get("rsp")
    on_stack = sigonstack(td, rsp)
    enabled = not td.sigstk.flags & SS_DISABLE
    if enabled and not on_stack and action.flags & SA_ONSTACK:
        sp = td.sigstk.sp + td.sigstk.size
    else:
        sp = rsp - RED_ZONE
    extended = xstate_header()
    xstate = sp - len(extended) & ~0x3F & 0xFFFFFFFFFFFFFFFF
    frame = xstate - SIGFRAME_SIZE & ~0xF & 0xFFFFFFFFFFFFFFFF
    stack_flags = (SS_ONSTACK if on_stack else 0) if enabled else SS_DISABLE

    image = bytearray(SIGFRAME_SIZE)
    struct.pack_into("<Q", image, 0, action.handler)
    image[SF_UC:SF_UC + 16] = sigset_bytes(mask)
    at = SF_UC + UC_MCONTEXT
    image[at:at + MCONTEXT_SIZE] = mcontext(
        td, on_stack=on_stack, flags=f.flags | MC_HASFPXSTATE, xstate=xstate,
        xstate_size=len(extended))
    STACK.pack_into(image, SF_UC + UC_STACK, td.sigstk.sp, td.sigstk.size, stack_flags)
    rsi = ksi.code & 0xFFFFFFFFFFFFFFFF
    if action.flags & SA_SIGINFO:
        rsi = frame + SF_SI
        if ksi.code == SI_TIMER:
            ksi = timers.accepted(td.proc, ksi)
        image[SF_SI:SF_SI + SIGINFO.size] = siginfo(ksi)
    space = p.space
    assert space is not None
    try:
        space.copyout(frame, bytes(image))
        space.copyout(xstate, extended)
    except (MemoryFault, Refused):
        system.note(f"process {p.pid} ({p.comm}) has no stack for its signal handler")
        return False

    fpu_drop(td)
    context.set("rdi", ksi.signo)
    context.set("rsi", rsi)
    context.set("rdx", frame + SF_UC)
    context.set("rcx", ksi.addr & 0xFFFFFFFFFFFFFFFF)
    context.set("rsp", frame)
    context.set("rip", p.sigtramp[0])
    context.set("rflags", context.get("rflags") & ~(PSL_T | PSL_D))
    td.step = False
    user_segments(context)
    f.flags = HASSEGS
    f.full_iret = f.due = True
    return True


def sigreturn(system: System, td: Thread, address: int) -> None:
    """sigreturn(2): put back what sendsig saved, or what the handler made of
    it.  `Refused` as the call's error; then nothing has changed.  The call's
    result is EJUSTRETURN."""
    p, context, f = td.proc, context_of(td), frame_of(td)
    space = p.space
    assert space is not None
    uc = space.copyin(address, UCONTEXT_SIZE)
    (_, rdi, rsi, rdx, rcx, r8, r9, rax, rbx, rbp, r10, r11, r12, r13, r14, r15,
     trapno, fs, gs, addr, flags, es, ds, err, rip, cs, rflags, rsp, ss,
     _, fp_format, fp_owned, fp_state, fs_base, gs_base, xstate, xstate_size,
     ) = MCONTEXT.unpack_from(uc, UC_MCONTEXT)
    if flags & ~MC_FLAG_MASK:
        raise Refused(EINVAL)
    old = rflags_of(td, context.get("rflags"))
    if (rflags ^ old) & ~PSL_USERCHANGE:
        raise Refused(EINVAL)
    if cs & 3 != 3:
        from bsdproc.emulator.freebsd.signals import trapsignal

        trapsignal(system, td, KSigInfo(SIGBUS, BUS_OBJERR, addr=context.get("rip"),
                                        trapno=T_PROTFLT))
        raise Refused(EINVAL)
    header = None
    if flags & MC_HASFPXSTATE:
        if xstate_size > XSTATE_SIZE - SAVEFPU:
            raise Refused(EINVAL)
        header = space.copyin(xstate, xstate_size)
    set_fpcontext(td, fp_format, fp_owned, fp_state, header)
    context.set_general((r15, r14, r13, r12, r11, r10, r9, r8, rdi, rsi, rbp, rbx, rdx, rcx, rax,
                         rip, set_rflags(td, rflags), rsp))
    for name, value in (("cs", cs), ("ss", ss), ("ds", ds), ("es", es), ("fs", fs), ("gs", gs),
                        ("fs_base", fs_base), ("gs_base", gs_base)):
        if context.get(name) != value:
            context.set(name, value)
    f.trapno, f.addr, f.err, f.flags = trapno, addr, err, flags
    f.full_iret = f.due = True
    td.sigmask = sigset_of(uc[:16]) - CANNOT_MASK


def set_fpcontext(td: Thread, fp_format: int, owned: int, state: bytes,
                   header: bytes | None) -> None:
    """set_fpcontext: by the format and owner that the context names."""
    if fp_format == MC_FPFMT_NODEV:
        return
    if fp_format != MC_FPFMT_XMM:
        raise Refused(EINVAL)
    if owned == MC_FPOWNED_NONE:
        fpu_drop(td)
    elif owned in (MC_FPOWNED_FPU, MC_FPOWNED_PCB):
        fpu_set(td, state, header)
    else:
        raise Refused(EINVAL)
