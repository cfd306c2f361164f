"""A thread's context as a program gets and sets it: get_mcontext and set_mcontext
of amd64's exec_machdep.c, ia32_get_mcontext and ia32_set_mcontext.

Unlike a handler's return it leaves alone what a program may not set, instead of
refusing it, and the code selector.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from bsdproc.emulator.bsd.amd64.fpu import SAVEFPU, XSTATE_SIZE
from bsdproc.emulator.bsd.amd64.frame import (
    HASSEGS,
    PSL_C,
    PSL_USERCHANGE,
    context_of,
    frame_of,
)
from bsdproc.emulator.bsd.amd64.regs import rflags_of, set_rflags
from bsdproc.emulator.errno import EINVAL, Refused
from bsdproc.emulator.freebsd.amd64 import signal
from bsdproc.emulator.freebsd.amd64.signal import (
    MC_FLAG_MASK,
    MC_HASBASES,
    MC_HASFPXSTATE,
    set_fpcontext,
    sigonstack,
)
from bsdproc.emulator.freebsd.ia32 import signal as signal32
from bsdproc.emulator.freebsd.ia32.regs import load_segments

if TYPE_CHECKING:
    from bsdproc.emulator.bsd.state import Thread

_RDX, _RAX, _RFLAGS = 3, 7, 26
"""Where MCONTEXT has them, and i386's form."""
_EDX, _EAX, _EFLAGS = 10, 12, 17
SIZE: Final = 16 + signal.MCONTEXT_SIZE
SIZE32: Final = 16 + signal32.MCONTEXT.size
"""UC_COPY_SIZE: the mask of signals and the registers."""


def get_mcontext(td: Thread) -> bytes:
    """As it will be when the call has returned 0."""
    on_stack = sigonstack(td, context_of(td).get("rsp"))
    if frame_of(td).ia32:
        form, cleared, flags = signal32.MCONTEXT, (_EDX, _EAX), _EFLAGS
        words = [*form.unpack(signal32.mcontext(td, on_stack=on_stack, xstate=0, xstate_size=0))]
        words[23] = frame_of(td).flags
    else:
        form, cleared, flags = signal.MCONTEXT, (_RDX, _RAX), _RFLAGS
        words = [*form.unpack(signal.mcontext(td, on_stack=on_stack, flags=frame_of(td).flags,
                                              xstate=0, xstate_size=0))]
    for at in cleared:
        words[at] = 0
    words[flags] &= ~PSL_C
    return form.pack(*words)


def _extended(td: Thread, flags: int, at: int, size: int) -> bytes | None:
    """What of the floating-point state a context has elsewhere."""
    if not flags & MC_HASFPXSTATE:
        return None
    if size > XSTATE_SIZE - SAVEFPU:
        raise Refused(EINVAL)
    assert td.proc.space is not None
    return td.proc.space.copyin(at, size)


def set_mcontext(td: Thread, data: bytes) -> None:
    """EINVAL for a context that is none; then nothing has changed."""
    if frame_of(td).ia32:
        _set_mcontext32(td, data)
        return
    context, f = context_of(td), frame_of(td)
    (_, rdi, rsi, rdx, rcx, r8, r9, rax, rbx, rbp, r10, r11, r12, r13, r14, r15,
     _, fs, gs, _, flags, es, ds, _, rip, _, rflags, rsp, ss,
     size, fp_format, fp_owned, fp_state, fs_base, gs_base, xstate, xstate_size,
     ) = signal.MCONTEXT.unpack(data)
    if size != signal.MCONTEXT_SIZE or flags & ~MC_FLAG_MASK:
        raise Refused(EINVAL)
    rflags = _changed(td, rflags)
    set_fpcontext(td, fp_format, fp_owned, fp_state, _extended(td, flags, xstate, xstate_size))
    context.set_general((r15, r14, r13, r12, r11, r10, r9, r8, rdi, rsi, rbp, rbx, rdx, rcx, rax,
                         rip, set_rflags(td, rflags), rsp))
    new = {"ss": ss}
    if flags & HASSEGS:
        new |= {"ds": ds, "es": es, "fs": fs, "gs": gs}
    if flags & MC_HASBASES:
        new |= {"fs_base": fs_base, "gs_base": gs_base}
    for name, value in new.items():
        if context.get(name) != value:
            context.set(name, value)
    f.flags = flags
    f.full_iret = f.due = True


def _set_mcontext32(td: Thread, data: bytes) -> None:
    context, f = context_of(td), frame_of(td)
    (_, gs, fs, es, ds, edi, esi, ebp, _, ebx, edx, ecx, eax, _, _, eip, _, eflags, esp,
     ss, size, fp_format, fp_owned, flags, fp_state, _, _, xstate, xstate_size,
     ) = signal32.MCONTEXT.unpack(data)
    if size != signal32.MCONTEXT.size:
        raise Refused(EINVAL)
    eflags = _changed(td, eflags)
    set_fpcontext(td, fp_format, fp_owned, fp_state, _extended(td, flags, xstate, xstate_size))
    context.set_general((*context.general()[:8], edi, esi, ebp, ebx, edx, ecx, eax, eip,
                         set_rflags(td, eflags), esp))
    load_segments(td, (("ss", ss & 0xFFFF), ("ds", ds & 0xFFFF), ("es", es & 0xFFFF),
                       ("fs", fs & 0xFFFF), ("gs", gs & 0xFFFF)))
    f.flags = HASSEGS
    f.full_iret = f.due = True


def _changed(td: Thread, flags: int) -> int:
    """The flags that a program may change from the context, the others as they are."""
    now = rflags_of(td, context_of(td).get("rflags"))
    return (flags & PSL_USERCHANGE) | (now & ~PSL_USERCHANGE)
