"""What the kernel keeps of a thread beside the processor's own registers.

The registers, selectors and segment bases live in the thread's `Context`; the
last trap's number and cause (struct trapframe) and the flags of struct pcb
live here.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from bsdproc.emulator.bsd.state import Thread
    from bsdproc.emulator.machine.cpu import Context

UCODE32: Final = 0x33
UDATA: Final = 0x3B
UCODE: Final = 0x43
UFS: Final = 0x13
UGS: Final = 0x1B
USER_SEGMENTS: Final = (
    ("cs", UCODE), ("ss", UDATA), ("ds", UDATA), ("es", UDATA), ("fs", UFS), ("gs", UGS))
LOADABLE: Final = frozenset((UFS, UGS, UDATA))
"""Writable data selectors of user privilege in the GDT."""

PSL_C: Final = 0x1
PSL_T: Final = 0x100
PSL_D: Final = 0x400
PSL_RF: Final = 0x10000
PSL_USER: Final = 0x202
PSL_USERCHANGE: Final = 0x254DD5 | PSL_T
"""What a program or its debugger may change: CF PF AF ZF SF TF DF OF NT RF AC ID."""
PSL_KEPT: Final = PSL_USERCHANGE & ~PSL_T
"""Of these, what the processor's own register holds; `Thread.step` is TF."""

MAXUSER: Final = 0x8000_0000_0000
"""VM_MAXUSER_ADDRESS_LA48: the end of a program's addresses."""
MAXUSER_LA57: Final = 1 << 56
"""VM_MAXUSER_ADDRESS: what checks compare with that do not know the process."""

HASSEGS: Final = 1


class Frame:
    """struct trapframe and struct pcb, as far as the Context has it not."""

    __slots__ = ("addr", "dbregs", "due", "err", "flags", "fpu_used", "full_iret", "ia32",
                 "int80", "sysret", "trapno")

    def __init__(self) -> None:
        self.reset()

    def reset(self) -> None:
        """The frame of a new program."""
        self.flags = HASSEGS
        self.trapno = 0
        """Of the last trap, with its error code and address."""
        self.err = 0
        self.addr = 0
        self.full_iret = True
        """PCB_FULL_IRET: the way back loads every register from the frame."""
        self.sysret = False
        """It came in by syscall: the way back spoils some registers."""
        self.int80 = False
        """It came in by int $0x80, which spoils nothing."""
        self.due = True
        """regs.userret() has something to do before the program runs on."""
        self.dbregs = False
        """PCB_DBREGS: the debug registers are loaded whenever it runs."""
        self.fpu_used = False
        """PCB_USERFPUINITDONE."""
        self.ia32 = False
        """PCB_32BIT: it runs an i386 program."""

    def copy(self) -> Frame:
        new = Frame()
        for name in Frame.__slots__:
            setattr(new, name, getattr(self, name))
        return new


def frame_of(td: Thread) -> Frame:
    """td_frame and td_pcb, made when first asked for."""
    frame = td.md
    if frame is None:
        frame = td.md = Frame()
    return frame


def context_of(td: Thread) -> Context:
    """The registers of a thread that runs emulated code."""
    context = td.context
    assert context is not None, f"{td!r} runs no emulated program"
    return context
