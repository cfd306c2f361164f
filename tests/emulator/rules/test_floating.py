"""The floating-point registers that a debugger sets, and a handler's frame."""

from __future__ import annotations

import struct
from functools import partial

import pytest

from bsdproc.kernel import Kernel

from .conftest import Hold
from .held import Held

pytestmark = pytest.mark.privileged

ROOM = 0x30000000
HANDLER, CODE, STACK = ROOM + 0x9000, ROOM + 0x8000, ROOM + 0x7FF0
MXCSR, MXCSR_MASK = 24, 28
AT_START, ALL_OF_IT = 0x1F80, 0xFFFF
SIGACTION, SIGUSR1 = 416, 30
BREAKPOINT, NOP, RETURN = b"\xcc", b"\x90", b"\xc3"
MC_LEN, MC_OWNED, MC_FPSTATE = 800, 16, 24
"""mc_len's value, and what lies behind it from there."""
FPOWNED_FPU = 0x20001


def get(kernel: Kernel, t: Held) -> bytearray:
    size = kernel.target.struct("struct fpreg").size
    buffer = kernel.buffer(size)
    kernel.ptrace(kernel.target.constants["PT_GETFPREGS"], t.pid, buffer, 0)
    return bytearray(buffer.read())


def mxcsr(kernel: Kernel, t: Held) -> int:
    value: int = struct.unpack_from("<I", get(kernel, t), MXCSR)[0]
    return value


def with_mxcsr(kernel: Kernel, t: Held, value: int) -> bytes:
    """The registers with another %mxcsr."""
    area = get(kernel, t)
    struct.pack_into("<I", area, MXCSR, value)
    return bytes(area)


def by_request(kernel: Kernel, t: Held, area: bytes) -> None:
    kernel.ptrace(kernel.target.constants["PT_SETFPREGS"], t.pid, kernel.buffer(area), 0)


def by_regset(kernel: Kernel, t: Held, area: bytes) -> None:
    lent = kernel.buffer(area)
    vector = kernel.buffer(struct.pack("<QQ", lent.address, len(area)))
    kernel.ptrace(kernel.target.constants["PT_SETREGSET"], t.pid, vector, 2)


def by_node(kernel: Kernel, t: Held, area: bytes) -> None:
    fd = kernel.open(f"/proc/{t.pid}/fpregs", 1)
    kernel.pwrite(fd, area, 0)
    kernel.close(fd)


@pytest.mark.parametrize("way", [by_request, by_regset, by_node])
@pytest.mark.parametrize("value", [0x1FBF, ALL_OF_IT, 0x10000, 0xFFFFFFFF])
def test_mxcsr_is_taken_as_it_is(hold: Hold, kernel: Kernel, way: object, value: int) -> None:
    """With bits that no processor has; they are never let near one here."""
    t = hold("spin")
    assert callable(way)
    way(kernel, t, with_mxcsr(kernel, t, value))
    assert mxcsr(kernel, t) == value
    by_request(kernel, t, with_mxcsr(kernel, t, AT_START))


def test_the_mask_says_what_there_is(hold: Hold, kernel: Kernel) -> None:
    t = hold("spin")
    assert struct.unpack_from("<I", get(kernel, t), MXCSR_MASK) == (ALL_OF_IT,)


@pytest.mark.parametrize("value", [AT_START, ALL_OF_IT, 0x1FFFF, 0x80001F80])
@pytest.mark.parametrize("components", [0, 1, 2, 3])
def test_setxstate_masks_mxcsr(hold: Hold, kernel: Kernel, value: int, components: int) -> None:
    """Which goes with the x87's part: without that it is as at the start."""
    t, numbers = hold("spin"), kernel.target.constants
    info = kernel.buffer(16)
    kernel.ptrace(numbers["PT_GETXSTATE_INFO"], t.pid, info, 16)
    size = struct.unpack_from("<QI", info.read())[1]
    buffer = kernel.buffer(size)
    kernel.ptrace(numbers["PT_GETXSTATE"], t.pid, buffer, size)
    area = bytearray(buffer.read())
    struct.pack_into("<I", area, MXCSR, value)
    struct.pack_into("<Q", area, 512, components)
    kernel.ptrace(numbers["PT_SETXSTATE"], t.pid, kernel.buffer(area), size)
    assert mxcsr(kernel, t) == (value & ALL_OF_IT if components & 1 else AT_START)


@pytest.mark.parametrize("value", [AT_START, ALL_OF_IT, 0x10000, 0xFFFFFFFF])
def test_sigreturn_masks_mxcsr(hold: Hold, kernel: Kernel, value: int) -> None:
    """In the frame it is called with; the unit was the thread's when it was
    interrupted."""
    t = hold("spin")
    t.map(ROOM, 16 * 4096, 7)
    t.write(ROOM, struct.pack("<Qi16x", HANDLER, 0x40))
    assert t.call(SIGACTION, SIGUSR1, ROOM, 0)[0] == 0
    t.write(HANDLER, BREAKPOINT + RETURN)
    t.write(CODE, NOP + BREAKPOINT)
    layout = kernel.target.struct("struct reg")
    registers = kernel.buffer(layout.size)
    ask = partial(kernel.ptrace, pid=t.pid, addr=registers, data=0)
    ask(kernel.target.constants["PT_GETREGS"])
    wanted = bytearray(registers.read())
    layout.put(wanted, "r_rip", CODE)
    layout.put(wanted, "r_rsp", STACK)
    registers.write(wanted)
    ask(kernel.target.constants["PT_SETREGS"])
    t.go(SIGUSR1)
    ask(kernel.target.constants["PT_GETREGS"])
    frame = layout.get(registers.read(), "r_rdx")
    assert isinstance(frame, int)
    words = struct.unpack("<50q", t.read(frame, 400))
    context = frame + 8 * words.index(MC_LEN)
    assert struct.unpack("<q", t.read(context + MC_OWNED, 8)) == (FPOWNED_FPU,)
    t.write(context + MC_FPSTATE + MXCSR, struct.pack("<I", value))
    t.go()
    assert mxcsr(kernel, t) == value & ALL_OF_IT


def xstate(kernel: Kernel, t: Held, area: bytes | None = None) -> bytes:
    """PT_GETXSTATE's legacy area, after PT_SETXSTATE with these bytes in it."""
    numbers = kernel.target.constants
    info = kernel.buffer(16)
    kernel.ptrace(numbers["PT_GETXSTATE_INFO"], t.pid, info, 16)
    size = struct.unpack_from("<QI", info.read())[1]
    buffer = kernel.buffer(size)
    if area is not None:
        kernel.ptrace(numbers["PT_GETXSTATE"], t.pid, buffer, size)
        buffer.write(area + buffer.read()[len(area):])
        kernel.ptrace(numbers["PT_SETXSTATE"], t.pid, buffer, size)
    kernel.ptrace(numbers["PT_GETXSTATE"], t.pid, buffer, size)
    return buffer.read()[:512]


@pytest.mark.parametrize("offset", [5, 28, 42, 416, 464, 511])
def test_setxstate_keeps_what_no_register_holds(
        hold: Hold, kernel: Kernel, offset: int) -> None:
    """PT_GETFPREGS shows none of it but the mask, and PT_SETFPREGS leaves it alone."""
    t = hold("spin")
    area = bytearray(xstate(kernel, t))
    area[offset] ^= 0x5A
    assert xstate(kernel, t, bytes(area)) == area
    shown = get(kernel, t)[offset]
    assert shown == (area[offset] if offset == MXCSR_MASK else 0)
    by_request(kernel, t, bytes(512))
    assert xstate(kernel, t)[offset] == (0 if offset == MXCSR_MASK else area[offset])


@pytest.mark.parametrize("mask", [0, ALL_OF_IT, 0x2FFFF, 0xFFFFFFFF])
def test_setfpregs_masks_the_mask(hold: Hold, kernel: Kernel, mask: int) -> None:
    t = hold("spin")
    area = bytearray(get(kernel, t))
    struct.pack_into("<I", area, MXCSR_MASK, mask)
    by_request(kernel, t, bytes(area))
    assert struct.unpack_from("<I", get(kernel, t), MXCSR_MASK) == (mask & ALL_OF_IT,)
