"""Floating-point state: struct fpreg, struct savefpu and the XSAVE area.

The emulated processor has x87 and SSE, so that the area is the 512 bytes of
FXSAVE and a header of 64.  exec_machdep.c and fpu.c of amd64.
"""

from __future__ import annotations

import struct
from typing import TYPE_CHECKING, Final

from bsdproc.emulator.bsd.amd64.frame import context_of, frame_of
from bsdproc.emulator.errno import EINVAL, Refused

if TYPE_CHECKING:
    from bsdproc.emulator.bsd.state import Thread

SAVEFPU: Final = 512
"""struct savefpu and struct fpreg."""
XSTATE_HEADER: Final = 64
XSTATE_SIZE: Final = SAVEFPU + XSTATE_HEADER
"""cpu_max_ext_state_size."""
XFEATURE_X87, XFEATURE_SSE = 1, 2
XSAVE_MASK: Final = XFEATURE_X87 | XFEATURE_SSE
XCR0_OFFSET: Final = 464
"""Where in the legacy area's unused end a core dump tells the mask."""
MXCSR_OFFSET: Final = 24
MXCSR_MASK: Final = 0xFFFF
XMM_OFFSET: Final = 160
XMM_END: Final = 416
PADDING: Final = (
    slice(5, 6), *(slice(42 + 16 * i, 48 + 16 * i) for i in range(8)), slice(XMM_END, SAVEFPU))
"""What no register has of the area."""

MC_FPOWNED_NONE: Final = 0x20000
MC_FPOWNED_FPU: Final = 0x20001
MC_FPOWNED_PCB: Final = 0x20002


def initial_state(control: int) -> bytes:
    """fpu_initialstate: what a program finds, and a signal handler."""
    area = bytearray(SAVEFPU)
    struct.pack_into("<H", area, 0, control)
    struct.pack_into("<II", area, MXCSR_OFFSET, 0x1F80, MXCSR_MASK)
    return bytes(area)


INITIAL: Final = initial_state(0x37F)
INITIAL_IA32: Final = initial_state(0x127F)
"""An i386 program's x87 rounds to 53 bits and its invalid operations trap."""


def fpu_get(td: Thread) -> bytes:
    """fpugetregs: the FXSAVE area.  What no register holds, too, as a debugger wrote it,
    until the processor writes its own."""
    frame_of(td).fpu_used = True
    return context_of(td).fpu()


def fpu_set(td: Thread, area: bytes, header: bytes | None = None) -> None:
    """fpusetregs.  `header` is what follows the legacy area of an XSAVE area:
    components whose bit is clear there become their initial state."""
    new = bytearray(area)
    if header is not None:
        if not XSTATE_HEADER <= len(header) <= XSTATE_SIZE - SAVEFPU:
            raise Refused(EINVAL)
        (features,) = struct.unpack_from("<Q", header)
        if features & ~XSAVE_MASK:
            raise Refused(EINVAL)
        if not features & XFEATURE_X87:     # %mxcsr lies in its part of the area
            new[:XMM_OFFSET] = (INITIAL_IA32 if frame_of(td).ia32 else INITIAL)[:XMM_OFFSET]
        if not features & XFEATURE_SSE:
            new[XMM_OFFSET:XMM_END] = bytes(XMM_END - XMM_OFFSET)
    (mxcsr_value,) = struct.unpack_from("<I", new, MXCSR_OFFSET)
    struct.pack_into("<I", new, MXCSR_OFFSET, mxcsr_value & MXCSR_MASK)
    context_of(td).set_fpu(bytes(new))
    frame_of(td).fpu_used = True


def fpu_drop(td: Thread) -> None:
    """fpstate_drop: the initial state, from now on."""
    f = frame_of(td)
    context_of(td).set_fpu(INITIAL_IA32 if f.ia32 else INITIAL)
    f.fpu_used = False


def getfpregs(td: Thread) -> bytes:
    """fill_fpregs: struct fpreg; each x87 register's ten bytes in sixteen."""
    area = bytearray(fpu_get(td))
    for padding in PADDING:
        area[padding] = bytes(padding.stop - padding.start)
    return bytes(area)


def setfpregs(td: Thread, data: bytes) -> None:
    """set_fpregs.  Bytes that belong to no register stay what they were; %mxcsr is
    taken as it is, with bits that no processor knows."""
    before, area = fpu_get(td), bytearray(data)
    for padding in PADDING:
        area[padding] = before[padding]
    (mask,) = struct.unpack_from("<I", area, MXCSR_OFFSET + 4)
    struct.pack_into("<I", area, MXCSR_OFFSET + 4, mask & MXCSR_MASK)
    context_of(td).set_fpu(bytes(area))
    frame_of(td).fpu_used = True


def xstate_header() -> bytes:
    """struct xstate_hdr: both components are there."""
    return struct.pack("<Q56x", XSAVE_MASK)


def getxstate(td: Thread) -> bytes:
    """PT_GETXSTATE: the whole area."""
    return fpu_get(td) + xstate_header()


def setxstate(td: Thread, data: bytes) -> None:
    """PT_SETXSTATE: legacy area and header, whole."""
    fpu_set(td, data[:SAVEFPU], data[SAVEFPU:])


def setxstate_old(td: Thread, data: bytes) -> None:
    """PT_SETXSTATE_OLD: what follows the legacy area."""
    fpu_set(td, fpu_get(td), data)


def core_xstate(td: Thread) -> bytes:
    """NT_X86_XSTATE of a core dump: the area, with the mask for debuggers."""
    area = bytearray(getxstate(td))
    struct.pack_into("<Q", area, XCR0_OFFSET, XSAVE_MASK)
    return bytes(area)
