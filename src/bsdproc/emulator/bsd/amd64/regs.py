"""General registers: ptrace's view of them, and what the kernel does with
them at exec, fork, thread creation and system calls.

exec_machdep.c, vm_machdep.c and trap.c of amd64.
"""

from __future__ import annotations

import contextlib
import struct
from collections.abc import Callable
from typing import TYPE_CHECKING, Final

from bsdproc.emulator.bsd.amd64 import debug
from bsdproc.emulator.bsd.amd64.fpu import INITIAL
from bsdproc.emulator.bsd.amd64.frame import (
    HASSEGS,
    LOADABLE,
    MAXUSER,
    MAXUSER_LA57,
    PSL_C,
    PSL_KEPT,
    PSL_T,
    PSL_USER,
    PSL_USERCHANGE,
    UCODE,
    UCODE32,
    USER_SEGMENTS,
    Frame,
    context_of,
    frame_of,
)
from bsdproc.emulator.bsd.amd64.trapno import BUS_OBJERR, T_PROTFLT
from bsdproc.emulator.bsd.signo import SIGBUS
from bsdproc.emulator.bsd.state import TDB, KSigInfo
from bsdproc.emulator.errno import EINVAL, EJUSTRETURN, ERESTART, Refused
from bsdproc.emulator.machine.cpu import Context
from bsdproc.emulator.machine.memory import MemoryFault

if TYPE_CHECKING:
    from bsdproc.emulator.bsd.state import Thread

REG: Final = struct.Struct("<15Q I H H I H H Q Q Q Q Q")
"""struct reg: r15 .. rax, trapno, fs, gs, err, es, ds, rip, cs, rflags, rsp, ss."""

SYS_SYSCALL: Final = 0
SYS___SYSCALL: Final = 198
SYSCALL_LENGTH: Final = 2
"""Bytes of the instruction, which a restarted call goes back by."""


def rflags_of(td: Thread, flags: int) -> int:
    """The flags as the frame has them, of those in the context."""
    return flags & PSL_KEPT | (PSL_USER | PSL_T if td.step else PSL_USER)


def set_rflags(td: Thread, flags: int) -> int:
    """Keep the trap flag; the flags that the context is to hold."""
    td.step = bool(flags & PSL_T)
    return flags & PSL_KEPT | PSL_USER


def getregs(td: Thread) -> bytes:
    """fill_regs: struct reg.  Trap number and error code read as 0."""
    context = context_of(td)
    (r15, r14, r13, r12, r11, r10, r9, r8, rdi, rsi, rbp, rbx, rdx, rcx, rax,
     rip, flags, rsp) = context.general()
    cs, ss, ds, es, fs, gs = context.selectors()
    if td.md is not None and not td.md.flags & HASSEGS:
        ds = es = fs = gs = 0
    return REG.pack(
        r15, r14, r13, r12, r11, r10, r9, r8, rdi, rsi, rbp, rbx, rdx, rcx, rax,
        0, fs, gs, 0, es, ds, rip, cs,
        flags & PSL_KEPT | (PSL_USER | PSL_T if td.step else PSL_USER), rsp, ss)


def setregs(td: Thread, data: bytes) -> None:
    """set_regs.  `Refused(EINVAL)` for flags that are not a program's to
    change and for a code selector of another privilege.  The data selectors
    are left alone, whatever they are set to."""
    (r15, r14, r13, r12, r11, r10, r9, r8, rdi, rsi, rbp, rbx, rdx, rcx, rax,
     _, _, _, _, _, _, rip, cs, rflags, rsp, ss) = REG.unpack(data)
    context = context_of(td)
    rflags &= 0xFFFFFFFF
    old = rflags_of(td, context.get("rflags"))
    if (rflags ^ old) & ~PSL_USERCHANGE or cs & 3 != 3:
        raise Refused(EINVAL)
    for name, selector in (("cs", cs), ("ss", ss)):
        if context.get(name) != selector:
            context.set(name, selector)
    f = frame_of(td)
    f.full_iret = f.due = True
    context.set_general((r15, r14, r13, r12, r11, r10, r9, r8, rdi, rsi, rbp, rbx, rdx, rcx, rax,
                         rip, set_rflags(td, rflags), rsp))


def set_pc(td: Thread, address: int) -> None:
    """ptrace_set_pc: where PT_CONTINUE goes on."""
    context_of(td).set("rip", address)
    f = frame_of(td)
    f.full_iret = f.due = True


def single_step(td: Thread) -> None:
    """ptrace_single_step: trap once.  A trap flag that is there already, the
    program's own say, is not ours to take away afterwards."""
    if not td.step:
        td.step = True
        td.dbgflags |= TDB.STEP


def clear_single_step(td: Thread) -> None:
    """ptrace_clear_single_step."""
    td.step = False
    td.dbgflags &= ~TDB.STEP


def exec_setregs(td: Thread, entry: int, stack: int) -> None:
    """The registers of a new program.  `stack` is where argc stands.  A
    pending step survives."""
    frame_of(td).reset()
    td.dr[:] = [0] * 16
    context = context_of(td)
    context.set_general((0, 0, 0, 0, 0, 0, 0, 0, stack, 0, 0, 0, 0, 0, 0,
                         entry, PSL_USER, (stack - 8 & ~0xF) + 8))
    user_segments(context)
    context.set("fs_base", 0)
    context.set("gs_base", 0)
    context.set_fpu(INITIAL)


def user_segments(context: Context) -> None:
    """The selectors of every 64-bit program."""
    for name, selector in USER_SEGMENTS:
        if context.get(name) != selector:
            context.set(name, selector)


def copy_thread(parent: Thread, child: Thread) -> None:
    """cpu_copy_thread: what a new thread has of the one that makes it.  The
    context is the caller's to copy; a step is not handed on."""
    # Both return with every register restored, unlike from other system calls.
    frame_of(parent).full_iret = True
    f = child.md = frame_of(parent).copy()
    f.due = True
    f.sysret = False
    child.dr = list(parent.dr)
    child.step = False


def cpu_fork(parent: Thread, child: Thread) -> None:
    """cpu_fork and x86_set_fork_retval: 0 and 1 in the child's result
    registers, no carry, no debug registers."""
    copy_thread(parent, child)
    frame_of(child).dbregs = False
    child.dr = [0] * 16
    context = context_of(child)
    context.set("rax", 0)
    context.set("rdx", 1)
    context.set("rflags", context.get("rflags") & ~PSL_C)


def cpu_set_upcall(td: Thread, entry: int, argument: int, stack_base: int,
                   stack_size: int) -> None:
    """Where a new thread begins, and on which stack.  A stack that cannot be
    written is not noticed here."""
    rsp = ((stack_base + stack_size) & ~0xF & 0xFFFFFFFFFFFFFFFF) - 8 & 0xFFFFFFFFFFFFFFFF
    frame_of(td).flags = HASSEGS
    context = context_of(td)
    user_segments(context)
    context.set("rbp", 0)
    context.set("rsp", rsp)
    context.set("rip", entry)
    context.set("rdi", argument)
    space = td.proc.space
    assert space is not None
    with contextlib.suppress(MemoryFault, Refused):
        space.copyout(rsp, bytes(8))


def cpu_set_user_tls(td: Thread, base: int) -> None:
    """`Refused(EINVAL)` beyond what any program can address."""
    if base >= MAXUSER_LA57:
        raise Refused(EINVAL)
    f = frame_of(td)
    f.full_iret = f.due = True
    context_of(td).set("fs_base", base)


# -- system calls ------------------------------------------------------------
# These three are on every system call's way: they change registers in place.
(R15, R14, R13, R12, R11, R10, R9, R8, RDI, RSI, RBP, RBX, RDX, RCX, RAX, RIP, RFLAGS,
 RSP) = range(18)
"""Places in `Context.words`."""


def fetch_syscall_args(
    td: Thread, narg_of: Callable[[int], int]
) -> tuple[int, int, tuple[int, ...]]:
    """cpu_fetch_syscall_args: (number, how many arguments, six or more of
    them), seen through syscall(2) and __syscall(2).  Arguments beyond the
    registers come from the stack, above a return address.  Called again, it
    reads the frame anew.

    In place of rcx, which the instruction destroyed, the frame has the fourth
    argument (fast_syscall).
    """
    words = context_of(td).words()
    f = frame_of(td)
    if not f.sysret and not f.int80:
        f.sysret = f.due = True
        f.full_iret = False
        f.err = SYSCALL_LENGTH
        f.flags = HASSEGS
        words[RCX] = words[R10]
    args: tuple[int, ...] = (words[RDI], words[RSI], words[RDX], words[RCX], words[R8], words[R9])
    code = words[RAX] & 0xFFFFFFFF
    if code in (SYS_SYSCALL, SYS___SYSCALL):
        code, args = args[0] & 0xFFFFFFFF, args[1:]
    narg = narg_of(code)
    if narg > len(args):
        space = td.proc.space
        assert space is not None
        more = narg - len(args)
        args += struct.unpack(f"<{more}Q", space.copyin(words[RSP] + 8, 8 * more))
    td.retval = (0, words[RDX])
    return code, narg, args


def int80_syscall(td: Thread) -> None:
    """The gate of i386 programs, which others may use too: registers are as the
    program had them, the fourth argument in rcx."""
    f = frame_of(td)
    f.int80 = f.due = f.full_iret = True
    f.err = SYSCALL_LENGTH
    f.flags = HASSEGS


def set_syscall_retval(td: Thread, error: int, retval: tuple[int, int]) -> None:
    """cpu_set_syscall_retval: results and no carry, or the error and carry;
    a restarted call goes back to its instruction."""
    if error == EJUSTRETURN:
        return
    words = context_of(td).words()
    if error == 0:
        words[RAX] = retval[0] & 0xFFFFFFFFFFFFFFFF
        words[RDX] = retval[1] & 0xFFFFFFFFFFFFFFFF
        words[RFLAGS] &= ~PSL_C
    elif error == ERESTART:
        words[RIP] = words[RIP] - SYSCALL_LENGTH & 0xFFFFFFFFFFFFFFFF
        words[R10] = words[RCX]
        frame_of(td).full_iret = True
    else:
        words[RAX] = error
        words[RFLAGS] |= PSL_C


def userret(td: Thread) -> KSigInfo | None:
    """The way back to the program, to be gone when `frame.due` says so.

    After a system call the registers that sysret does not restore are
    spoilt; after anything that may have put odd values into the frame these
    are looked at, and what iret or a segment load would refuse is a general
    protection fault, which is returned."""
    f = frame_of(td)
    f.due = False
    if f.dbregs:
        debug.settle(td)
    context = context_of(td)
    if f.sysret:
        f.sysret = False
        words = context.words()
        if not f.full_iret and words[RIP] < MAXUSER:
            words[RCX] = words[RIP]
            words[R11] = rflags_of(td, words[RFLAGS])
            words[R10] = words[R9] = words[R8] = 0
            return None
    f.full_iret = f.int80 = False
    rip = context.get("rip")
    for base in ("fs_base", "gs_base"):
        if not canonical(context.get(base)):
            context.set(base, 0)
            f.due = f.full_iret = True
            return protection_fault(f, rip)
    if (not canonical(rip) or context.get("cs") not in (UCODE, UCODE32)
            or context.get("ss") not in LOADABLE):
        f.due = True
        return protection_fault(f, rip)
    return None


def canonical(address: int) -> bool:
    return address < MAXUSER or address >= (1 << 64) - MAXUSER


def protection_fault(f: Frame, rip: int) -> KSigInfo:
    """SIGBUS as trap() makes it of T_PROTFLT."""
    f.trapno, f.err, f.addr = T_PROTFLT, 0, 0
    return KSigInfo(SIGBUS, BUS_OBJERR, addr=rip, trapno=T_PROTFLT)
