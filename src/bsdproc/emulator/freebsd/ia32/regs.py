"""Registers of an i386 program as its own structures have them, its system
calls and its beginnings.  ia32_reg.c, ia32_syscall.c and ia32_signal.c.
"""

from __future__ import annotations

import contextlib
import struct
from collections.abc import Callable
from typing import TYPE_CHECKING, Final

from bsdproc.emulator.bsd.amd64 import fpu
from bsdproc.emulator.bsd.amd64.frame import (
    HASSEGS,
    MAXUSER_LA57,
    PSL_USER,
    PSL_USERCHANGE,
    UCODE32,
    UDATA,
    UFS,
    UGS,
    context_of,
    frame_of,
)
from bsdproc.emulator.bsd.amd64.regs import (
    RAX,
    RDX,
    RSP,
    SYS___SYSCALL,
    SYS_SYSCALL,
    SYSCALL_LENGTH,
    rflags_of,
    set_rflags,
)
from bsdproc.emulator.errno import EINVAL, Refused
from bsdproc.emulator.machine.memory import MemoryFault

if TYPE_CHECKING:
    from bsdproc.emulator.bsd.state import Thread

REG: Final = struct.Struct("<19I")
"""struct reg32: fs, es, ds, edi, esi, ebp, isp, ebx, edx, ecx, eax, trapno, err, eip, cs,
eflags, esp, ss, gs."""
DBREG: Final = struct.Struct("<8I")
ENV87: Final = struct.Struct("<HxxHxxHxxIHHIHxx")
"""struct env87: control, status, tags, instruction pointer and its segment, opcode,
operand pointer and its segment."""
FPREG_SIZE: Final = 176
M32: Final = 0xFFFFFFFF

USER_SEGMENTS: Final = (
    ("cs", UCODE32), ("ss", UDATA), ("ds", UDATA), ("es", UDATA), ("fs", UFS), ("gs", UGS))
HANDLER_SEGMENTS: Final = USER_SEGMENTS[:4]


def load_segments(td: Thread, segments: tuple[tuple[str, int], ...]) -> None:
    context = context_of(td)
    for name, selector in segments:
        if context.get(name) != selector:
            context.set(name, selector)


def getregs(td: Thread) -> bytes:
    """fill_regs32: struct reg32."""
    context = context_of(td)
    (_, _, _, _, _, _, _, _, rdi, rsi, rbp, rbx, rdx, rcx, rax, rip, flags, rsp) = (
        context.general())
    cs, ss, ds, es, fs, gs = context.selectors()
    if not frame_of(td).flags & HASSEGS:
        ds, es, fs, gs = UDATA, UDATA, UFS, UGS
    return REG.pack(
        fs, es, ds, rdi & M32, rsi & M32, rbp & M32, 0, rbx & M32, rdx & M32, rcx & M32,
        rax & M32, 0, 0, rip & M32, cs, rflags_of(td, flags), rsp & M32, ss, gs)


def setregs(td: Thread, data: bytes) -> None:
    """set_regs32: every selector is set, unlike by amd64's; `Refused(EINVAL)`
    for the same flags and code selectors."""
    (fs, es, ds, edi, esi, ebp, _, ebx, edx, ecx, eax, _, _, eip, cs, eflags, esp, ss,
     gs) = REG.unpack(data)
    context = context_of(td)
    if (eflags ^ rflags_of(td, context.get("rflags"))) & ~PSL_USERCHANGE or cs & 3 != 3:
        raise Refused(EINVAL)
    high = context.general()[:8]
    context.set_general((*high, edi, esi, ebp, ebx, edx, ecx, eax, eip,
                         set_rflags(td, eflags), esp))
    load_segments(td, (("cs", cs & 0xFFFF), ("ss", ss & 0xFFFF), ("ds", ds & 0xFFFF),
                       ("es", es & 0xFFFF), ("fs", fs & 0xFFFF), ("gs", gs & 0xFFFF)))
    f = frame_of(td)
    f.flags = HASSEGS
    f.full_iret = f.due = True


def getfpregs(td: Thread) -> bytes:
    """fill_fpregs32: the x87 state as FNSAVE lays it out."""
    area = fpu.fpu_get(td)
    context = context_of(td)
    control, status, tags, opcode, rip, rdp = struct.unpack_from("<HHBxHQQ", area)
    accumulators = [area[32 + 16 * i:42 + 16 * i] for i in range(8)]
    words = 0
    top = status >> 11 & 7
    for physical in range(8):
        words |= _tag(tags >> physical & 1, accumulators[physical - top & 7]) << 2 * physical
    env = ENV87.pack(control, status, words, rip & M32, context.get("cs"), opcode, rdp & M32,
                     context.get("ds"))
    return (env + b"".join(accumulators)).ljust(FPREG_SIZE, b"\0")


def _tag(used: int, accumulator: bytes) -> int:
    """Two bits of the full tag word: 0 a number, 1 zero, 2 special, 3 empty."""
    if not used:
        return 3
    mantissa, exponent = struct.unpack("<QH", accumulator)
    exponent &= 0x7FFF
    if exponent == 0:
        return 2 if mantissa else 1
    return 2 if exponent == 0x7FFF else 0


def setfpregs(td: Thread, data: bytes) -> None:
    """set_fpregs32: the vector registers stay."""
    area = bytearray(fpu.fpu_get(td))
    control, status, words, eip, _, opcode, foo, _ = ENV87.unpack_from(data)
    tags = sum(1 << i for i in range(8) if words >> 2 * i & 3 != 3)
    struct.pack_into("<HHBxHQQ", area, 0, control, status, tags, opcode, eip, foo)
    for i in range(8):
        area[32 + 16 * i:42 + 16 * i] = data[28 + 10 * i:38 + 10 * i]
    fpu.fpu_set(td, bytes(area))


def exec_setregs(td: Thread, entry: int, stack: int) -> None:
    """ia32_setregs: the stack points at argc, ebx at ps_strings."""
    f = frame_of(td)
    f.reset()
    f.ia32 = True
    td.dr[:] = [0] * 16
    context = context_of(td)
    context.set_general((*[0] * 11, td.proc.ps_strings, 0, 0, 0, entry, PSL_USER, stack))
    load_segments(td, USER_SEGMENTS)
    context.set("fs_base", 0)
    context.set("gs_base", 0)
    context.set_fpu(fpu.INITIAL_IA32)


def cpu_set_upcall(td: Thread, entry: int, argument: int, stack_base: int,
                   stack_size: int) -> None:
    """A new thread calls its entry: the argument is above a null return address."""
    rsp = (stack_base + stack_size - 4 & M32 & ~0xF) - 4 & M32
    context = context_of(td)
    context.set("rbp", 0)
    context.set("rsp", rsp)
    context.set("rip", entry)
    space = td.proc.space
    assert space is not None
    with contextlib.suppress(MemoryFault, Refused):
        space.copyout(rsp, struct.pack("<II", 0, argument & M32))


def cpu_set_user_tls(td: Thread, base: int) -> None:
    """gs is the thread's."""
    if base >= MAXUSER_LA57:
        raise Refused(EINVAL)
    f = frame_of(td)
    f.full_iret = f.due = True
    context_of(td).set("gs_base", base)


def fetch_syscall_args(
    td: Thread, narg_of: Callable[[int], int]
) -> tuple[int, int, tuple[int, ...]]:
    """ia32_fetch_syscall_args: arguments are words on the stack above a return
    address; the number may be the first of them."""
    words = context_of(td).words()
    frame_of(td).err = SYSCALL_LENGTH
    space = td.proc.space
    assert space is not None
    at = (words[RSP] & M32) + 4
    code = words[RAX] & M32
    if code in (SYS_SYSCALL, SYS___SYSCALL):
        # __syscall's number is a quad, to keep what follows aligned.
        step = 4 if code == SYS_SYSCALL else 8
        code = int.from_bytes(space.copyin(at, 4), "little")
        at += step
    narg = narg_of(code)
    args = struct.unpack(f"<{narg}I", space.copyin(at, 4 * narg)) if narg else ()
    td.retval = (0, words[RDX])
    return code, narg, args
