"""Signal frames of i386 programs.  ia32_sendsig and freebsd32_sigreturn."""

from __future__ import annotations

import struct
from typing import TYPE_CHECKING, Final

from bsdproc.emulator.bsd.amd64.fpu import (
    MC_FPOWNED_FPU,
    MC_FPOWNED_PCB,
    SAVEFPU,
    XSTATE_SIZE,
    fpu_drop,
    fpu_get,
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
from bsdproc.emulator.bsd.amd64.regs import protection_fault, rflags_of, set_rflags
from bsdproc.emulator.bsd.signo import CANNOT_MASK
from bsdproc.emulator.bsd.state import P
from bsdproc.emulator.errno import EINVAL, Refused
from bsdproc.emulator.freebsd import timers
from bsdproc.emulator.freebsd.amd64.signal import (
    MC_FPFMT_XMM,
    MC_HASFPXSTATE,
    SA_ONSTACK,
    SA_SIGINFO,
    SS_DISABLE,
    SS_ONSTACK,
    set_fpcontext,
    signed,
    sigonstack,
    sigset_bytes,
    sigset_of,
)
from bsdproc.emulator.freebsd.ia32.regs import HANDLER_SEGMENTS, M32, load_segments
from bsdproc.emulator.freebsd.timers import SI_TIMER
from bsdproc.emulator.machine.memory import MemoryFault

if TYPE_CHECKING:
    from bsdproc.emulator.bsd.state import KSigInfo, SigAction, Thread
    from bsdproc.emulator.freebsd.system import System

SIGINFO: Final = struct.Struct("<iiiiIiIIq24x")
"""struct siginfo32: signo, errno, code, pid, uid, status, addr, value, trap number."""
MCONTEXT: Final = struct.Struct("<20I 4I 512s 4I 16x")
"""struct ia32_mcontext: onstack, gs, fs, es, ds, edi, esi, ebp, isp, ebx, edx, ecx, eax,
trapno, err, eip, cs, eflags, esp, ss; length, format, owner, flags; floating-point
state; fs and gs base, the rest of the extended state and its length."""
STACK: Final = struct.Struct("<IIi")
UC_MCONTEXT: Final = 16
UC_STACK: Final = 660
UCONTEXT_SIZE: Final = 704
SF_UC: Final = 32
SF_SI: Final = 736
SIGFRAME_SIZE: Final = 800


def siginfo(ksi: KSigInfo) -> bytes:
    """struct siginfo32, 64 bytes: addresses and values are cut."""
    return SIGINFO.pack(
        ksi.signo, ksi.errno, signed(ksi.code), signed(ksi.pid), ksi.uid & M32,
        signed(ksi.status), ksi.addr & M32, ksi.value & M32, ksi.trapno)


def mcontext(td: Thread, *, on_stack: bool, xstate: int, xstate_size: int) -> bytes:
    """struct ia32_mcontext of the thread as it stands."""
    f, context = frame_of(td), context_of(td)
    (_, _, _, _, _, _, _, _, rdi, rsi, rbp, rbx, rdx, rcx, rax, rip, flags, rsp) = (
        context.general())
    cs, ss, ds, es, fs, gs = context.selectors()
    # A thread that has stood still since its last execve has been given the unit.
    given = f.fpu_used or td.proc.flag & P.TRACED
    owned = MC_FPOWNED_FPU if given else MC_FPOWNED_PCB
    return MCONTEXT.pack(
        int(on_stack), gs, fs, es, ds, rdi & M32, rsi & M32, rbp & M32, rsp & M32, rbx & M32,
        rdx & M32, rcx & M32, rax & M32, f.trapno, f.err & M32, rip & M32, cs,
        rflags_of(td, flags), rsp & M32, ss,
        MCONTEXT.size, MC_FPFMT_XMM, owned, MC_HASFPXSTATE, fpu_get(td),
        context.get("fs_base") & M32, context.get("gs_base") & M32, xstate, xstate_size)


def sendsig(system: System, td: Thread, action: SigAction, ksi: KSigInfo,
            mask: frozenset[int]) -> bool:
    """As amd64's, in i386's shape: the arguments are in the frame, and no red
    zone is left."""
    p, context, f = td.proc, context_of(td), frame_of(td)
    rsp = context.get("rsp")
    on_stack = sigonstack(td, rsp)
    enabled = not td.sigstk.flags & SS_DISABLE
    if enabled and not on_stack and action.flags & SA_ONSTACK:
        sp = td.sigstk.sp + td.sigstk.size
    else:
        sp = rsp
    extended = xstate_header()
    xstate = sp - len(extended) & ~0x3F & M32
    frame = xstate - SIGFRAME_SIZE & ~0xF & M32
    stack_flags = (SS_ONSTACK if on_stack else 0) if enabled else SS_DISABLE

    image = bytearray(SIGFRAME_SIZE)
    info, address = signed(ksi.code) & M32, ksi.addr & M32
    if action.flags & SA_SIGINFO:
        info, address = frame + SF_SI, 0
        if ksi.code == SI_TIMER:
            ksi = timers.accepted(td.proc, ksi)
        image[SF_SI:SF_SI + SIGINFO.size] = siginfo(ksi)
    struct.pack_into("<5I", image, 0, ksi.signo, info, frame + SF_UC, address,
                     action.handler & M32)
    image[SF_UC:SF_UC + 16] = sigset_bytes(mask)
    at = SF_UC + UC_MCONTEXT
    image[at:at + MCONTEXT.size] = mcontext(
        td, on_stack=on_stack, xstate=xstate, xstate_size=len(extended))
    STACK.pack_into(image, SF_UC + UC_STACK, td.sigstk.sp & M32, td.sigstk.size & M32,
                    stack_flags)
    space = p.space
    assert space is not None
    try:
        space.copyout(frame, bytes(image))
        space.copyout(xstate, extended)
    except (MemoryFault, Refused):
        system.note(f"process {p.pid} ({p.comm}) has no stack for its signal handler")
        return False

    fpu_drop(td)
    context.set("rsp", frame)
    context.set("rip", p.sigtramp[0])
    context.set("rflags", context.get("rflags") & ~(PSL_T | PSL_D))
    td.step = False
    load_segments(td, HANDLER_SEGMENTS)
    f.full_iret = f.due = True
    return True


def sigreturn(system: System, td: Thread, address: int) -> None:
    """freebsd32_sigreturn."""
    context, f, space = context_of(td), frame_of(td), td.proc.space
    assert space is not None
    uc = space.copyin(address, UCONTEXT_SIZE)
    (_, gs, fs, es, ds, edi, esi, ebp, _, ebx, edx, ecx, eax, trapno, err, eip, cs, eflags, esp,
     ss, _, fp_format, fp_owned, flags, fp_state, _, _, xstate, xstate_size,
     ) = MCONTEXT.unpack_from(uc, UC_MCONTEXT)
    if (eflags ^ rflags_of(td, context.get("rflags"))) & ~PSL_USERCHANGE:
        raise Refused(EINVAL)
    if cs & 3 != 3:
        from bsdproc.emulator.freebsd.signals import trapsignal

        trapsignal(system, td, protection_fault(f, context.get("rip")))
        raise Refused(EINVAL)
    header = None
    if flags & MC_HASFPXSTATE:
        if xstate_size > XSTATE_SIZE - SAVEFPU:
            raise Refused(EINVAL)
        header = space.copyin(xstate, xstate_size)
    set_fpcontext(td, fp_format, fp_owned, fp_state, header)
    high = context.general()[:8]
    context.set_general((*high, edi, esi, ebp, ebx, edx, ecx, eax, eip,
                         set_rflags(td, eflags), esp))
    load_segments(td, (("cs", cs & 0xFFFF), ("ss", ss & 0xFFFF), ("ds", ds & 0xFFFF),
                       ("es", es & 0xFFFF), ("fs", fs & 0xFFFF), ("gs", gs & 0xFFFF)))
    f.trapno, f.err, f.flags = trapno, err, HASSEGS
    f.full_iret = f.due = True
    td.sigmask = sigset_of(uc[:16]) - CANNOT_MASK
