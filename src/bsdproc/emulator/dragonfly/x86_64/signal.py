"""Signal frames on a program's stack, and the way back from a handler.

sendsig and sigreturn of pc64's machdep.c; struct sigframe, ucontext_t and
mcontext_t as the headers lay them out.
"""

from __future__ import annotations

import struct
from collections.abc import Iterable
from typing import TYPE_CHECKING, Final

from bsdproc.emulator.bsd.amd64.frame import PSL_D, PSL_T, context_of, frame_of
from bsdproc.emulator.bsd.signo import SA_ONSTACK, SA_SIGINFO
from bsdproc.emulator.dragonfly.signo import CANNOT_MASK, SIG_MAX
from bsdproc.emulator.dragonfly.state import SigAction, SigStack
from bsdproc.emulator.dragonfly.x86_64.regs import REG, put_trapframe, trapframe
from bsdproc.emulator.machine.memory import MemoryFault

if TYPE_CHECKING:
    from bsdproc.emulator.dragonfly.state import Thread

SIGTRAMP: Final = 0x7FFFFFDFE000
"""Where every process has the code that calls handlers, in a page of its own."""
SIGCODE: Final = bytes.fromhex(
    "ff1424"                # call *(%rsp)
    "488d7c2440"            # lea 64(%rsp), %rdi: the ucontext
    "6a00"                  # push $0
    "48c7c058010000"        # mov $344, %rax: sigreturn
    "0f05"                  # syscall
    "f4ebfd").ljust(32, b"\x90")

RED_ZONE: Final = 128
SS_ONSTACK, SS_DISABLE = 1, 4
MC_FPFMT_XMM, MC_FPOWNED_PCB = 0x10002, 0x20002
MCONTEXT_SIZE: Final = 1280
UC_MCONTEXT, UC_LINK, UC_STACK = 64, 1344, 1352
UCONTEXT_SIZE: Final = 1408
MC_LEN, MC_FPREGS = 208, 256
SF_UC: Final = 64
SF_SI: Final = SF_UC + UCONTEXT_SIZE
SIGFRAME_SIZE: Final = 1600
FXSAVE: Final = 512
SIGINFO: Final = struct.Struct("<iiiiIiQQq28x4x")
"""siginfo_t: signo, errno, code, pid, uid, status, addr, value, band."""
STACK: Final = struct.Struct("<QQi4x")
"""stack_t."""


def sigset_bytes(signals: Iterable[int]) -> bytes:
    """sigset_t: bit n - 1 for signal n."""
    bits = 0
    for sig in signals:
        bits |= 1 << sig - 1
    return bits.to_bytes(16, "little")


def sigset_of(data: bytes) -> frozenset[int]:
    bits = int.from_bytes(data, "little")
    return frozenset(n for n in range(1, SIG_MAX + 1) if bits >> n - 1 & 1)


def siginfo(sig: int = 0, code: int = 0, addr: int = 0) -> bytes:
    """siginfo_t, 80 bytes: number, code and address are all that it ever tells."""
    code = (code & 0xFFFFFFFF ^ 0x80000000) - 0x80000000
    return SIGINFO.pack(sig, 0, code, 0, 0, 0, addr & 0xFFFFFFFFFFFFFFFF, 0, 0)


def sendsig(td: Thread, action: SigAction, sig: int, mask: frozenset[int], code: int) -> bool:
    """Write the frame of a handler and point the lwp at it; `mask` is to be
    restored behind it.  False when the stack cannot take the frame."""
    context, f = context_of(td), frame_of(td)
    on_stack = bool(td.sigstk.flags & SS_ONSTACK)
    if td.altstack and not on_stack and action.flags & SA_ONSTACK:
        top = td.sigstk.sp + td.sigstk.size - SIGFRAME_SIZE
        stack = SigStack(td.sigstk.sp, td.sigstk.size, td.sigstk.flags | SS_ONSTACK)
    else:
        top = context.get("rsp") - SIGFRAME_SIZE - RED_ZONE
        stack = td.sigstk
    frame = (top & -16) & 0xFFFFFFFFFFFFFFFF
    image = bytearray(SIGFRAME_SIZE)
    struct.pack_into("<Q", image, 0, action.handler)
    image[SF_UC : SF_UC + 16] = sigset_bytes(mask)
    mc = SF_UC + UC_MCONTEXT
    struct.pack_into("<q", image, mc, int(on_stack))
    REG.pack_into(image, mc + 8, *trapframe(td))
    struct.pack_into("<III", image, mc + MC_LEN, MCONTEXT_SIZE, MC_FPFMT_XMM, MC_FPOWNED_PCB)
    image[mc + MC_FPREGS : mc + MC_FPREGS + FXSAVE] = context.fpu()
    STACK.pack_into(image, SF_UC + UC_STACK, td.sigstk.sp, td.sigstk.size, td.sigstk.flags)
    wants_info = bool(action.flags & SA_SIGINFO)
    if wants_info:
        image[SF_SI : SF_SI + SIGINFO.size] = siginfo(sig, code, f.addr)
    space = td.proc.space
    assert space is not None
    try:
        space.copyout(frame, bytes(image))
    except MemoryFault:
        return False
    td.sigstk = stack
    second = frame + SF_SI if wants_info else code & 0xFFFFFFFFFFFFFFFF
    for name, value in (("rdi", sig), ("rsi", second), ("rdx", frame + SF_UC), ("rcx", f.addr),
                        ("rsp", frame), ("rip", SIGTRAMP)):
        context.set(name, value)
    context.set("rflags", context.get("rflags") & ~(PSL_T | PSL_D))
    td.step = False
    f.full_iret = f.due = True
    return True


def sigreturn(td: Thread, address: int) -> None:
    """sys_sigreturn.  EINVAL for flags or a code selector that are not the program's to set."""
    space = td.proc.space
    assert space is not None
    data = space.copyin(address, UCONTEXT_SIZE)
    mc = UC_MCONTEXT
    put_trapframe(td, REG.unpack_from(data, mc + 8))
    (owned,) = struct.unpack_from("<I", data, mc + MC_LEN + 8)
    if owned == MC_FPOWNED_PCB:
        context_of(td).set_fpu(data[mc + MC_FPREGS : mc + MC_FPREGS + FXSAVE])
    (on_stack,) = struct.unpack_from("<q", data, mc)
    flags = td.sigstk.flags & ~SS_ONSTACK | (SS_ONSTACK if on_stack & 1 else 0)
    td.sigstk = SigStack(td.sigstk.sp, td.sigstk.size, flags)
    td.sigmask = sigset_of(data[:16]) - CANNOT_MASK
