"""Requests of the machine: segment bases, extended state, register sets."""

from __future__ import annotations

import struct
from collections.abc import Callable

import pytest

from bsdproc.emulator.bsd.amd64 import fpu

from .programs import TEXT, Running, Start

(PT_GETXSTATE_OLD, PT_SETXSTATE_OLD, PT_GETXSTATE_INFO, PT_GETXSTATE, PT_SETXSTATE, PT_GETFSBASE,
 PT_SETFSBASE, PT_GETGSBASE, PT_SETGSBASE) = range(66, 75)
PT_GETFPREGS, PT_SETFPREGS, PT_GETREGSET, PT_SETREGSET = 35, 36, 42, 43
EINVAL, EFAULT = 22, 14


def error(work: Callable[[], object]) -> int:
    with pytest.raises(OSError) as refused:
        work()
    return refused.value.errno or 0


def get(p: Running, request: int, size: int, data: int = 0) -> bytes:
    b = p.kernel.buffer(size)
    p.request(request, b, data)
    return b.read()


def put(p: Running, request: int, contents: bytes, data: int = 0) -> None:
    p.request(request, p.kernel.buffer(contents), data)


@pytest.mark.parametrize(("get_", "set_", "load"), [
    (PT_GETFSBASE, PT_SETFSBASE, "648b0425" "10000000"),       # mov %fs:16, %eax
    (PT_GETGSBASE, PT_SETGSBASE, "658b0425" "10000000")])
def test_a_segment_base_counts(start: Start, get_: int, set_: int, load: str) -> None:
    p = start(load + "cc", struct.pack("<8I", *range(100, 108)))
    put(p, set_, struct.pack("<Q", 0x402000 - 8))
    p.stops()
    assert p.regs()["rax"] == 102
    assert get(p, get_, 8) == struct.pack("<Q", 0x402000 - 8)


@pytest.mark.parametrize("request_", [PT_SETFSBASE, PT_SETGSBASE])
def test_bases_of_the_kernel_are_refused(start: Start, request_: int) -> None:
    p = start("ebfe")
    assert error(lambda: put(p, request_, struct.pack("<Q", 1 << 47))) == EINVAL
    put(p, request_, struct.pack("<Q", (1 << 47) - 1))
    assert error(lambda: p.request(request_, 0x10)) == EFAULT


def test_a_base_that_the_program_set(start: Start) -> None:
    """wrfsbase, and a selector that is loaded by the program."""
    p = start("b800304000" "f3480faed0" "cc" "31c0" "8ee0" "cc")
    p.stops()
    assert get(p, PT_GETFSBASE, 8) == struct.pack("<Q", 0x403000)
    p.stops()
    assert p.regs()["fs"] == 0


def test_extended_state_by_component(start: Start) -> None:
    """A component whose bit is clear becomes what a fresh program has."""
    p = start("ebfe")
    mask, length = struct.unpack("<QI4x", get(p, PT_GETXSTATE_INFO, 16, 16))
    assert (mask, length) == (3, 576)
    area = bytearray(get(p, PT_GETXSTATE, length))
    assert struct.unpack_from("<Q", area, 512) == (3,)
    area[160:176] = b"S" * 16
    area[32:42] = b"X" * 10
    struct.pack_into("<H", area, 0, 0x27F)
    put(p, PT_SETXSTATE, bytes(area), length)
    assert get(p, PT_GETFPREGS, 512)[160:176] == b"S" * 16
    struct.pack_into("<Q", area, 512, 2)
    put(p, PT_SETXSTATE, bytes(area), length)
    state = get(p, PT_GETFPREGS, 512)
    assert state[160:176] == b"S" * 16
    assert state[0:2] == b"\x7f\x03"
    assert state[32:42] == bytes(10)
    struct.pack_into("<Q", area, 512, 1)
    put(p, PT_SETXSTATE, bytes(area), length)
    state = get(p, PT_GETFPREGS, 512)
    assert state[160:176] == bytes(16)
    assert state[0:2] == b"\x7f\x02"


def test_extended_state_that_there_is_not(start: Start) -> None:
    p = start("ebfe")
    area = bytearray(get(p, PT_GETXSTATE, 576))
    struct.pack_into("<Q", area, 512, 7)
    assert error(lambda: put(p, PT_SETXSTATE, bytes(area), 576)) == EINVAL
    assert error(lambda: put(p, PT_SETXSTATE, bytes(area), 512)) == EINVAL, "no header"
    assert error(lambda: put(p, PT_SETXSTATE, bytes(area), -1)) == EINVAL
    assert error(lambda: p.request(PT_GETXSTATE, 0x10, 576)) == EFAULT
    assert error(lambda: p.request(PT_SETXSTATE, 0x10, 576)) == EFAULT


@pytest.mark.parametrize(("get_", "set_"), [(66, 67), (64, 65)])
def test_the_old_requests(start: Start, get_: int, set_: int) -> None:
    """What follows the legacy area, under two numbers each."""
    p = start("ebfe")
    assert get(p, get_, 64) == struct.pack("<Q56x", 3)
    put(p, set_, struct.pack("<Q56x", 3), 64)
    assert error(lambda: put(p, set_, bytes(128), 65)) == EINVAL
    assert error(lambda: put(p, set_, bytes(128), 63)) == EINVAL


def test_mxcsr_is_taken_as_it_is(start: Start) -> None:
    """As the kernel takes it; what a processor makes of the other bits is seen by
    nobody, for it could not be given them."""
    p = start("90ebfe")
    area = bytearray(get(p, PT_GETFPREGS, 512))
    struct.pack_into("<I", area, 24, 0xFFFFFFFF)
    area[416:] = b"?" * 96
    put(p, PT_SETFPREGS, bytes(area))
    assert struct.unpack_from("<I", get(p, PT_GETFPREGS, 512), 24) == (0xFFFFFFFF,)
    p.stops(request=9)
    state = get(p, PT_GETFPREGS, 512)
    assert struct.unpack_from("<I", state, 24)[0] & fpu.MXCSR_MASK == fpu.MXCSR_MASK
    assert state[416:] == bytes(96)


def test_register_sets_that_can_only_be_read(start: Start) -> None:
    p = start("ebfe")
    for note, size in ((7, 24), (17, 164)):
        out = p.kernel.buffer(size)
        put(p, PT_GETREGSET, struct.pack("<QQ", out.address, size), note)
        assert error(lambda: put(
            p, PT_SETREGSET, struct.pack("<QQ", out.address, size), note)) == EINVAL  # noqa: B023
    assert error(lambda: put(p, PT_SETREGSET, struct.pack("<QQ", 0x10, 24), 7)) == EINVAL, (
        "before the address is looked at")
    assert error(lambda: put(p, PT_SETREGSET, struct.pack("<QQ", 0x10, 224), 1)) == EFAULT
    assert error(lambda: put(p, PT_GETREGSET, struct.pack("<QQ", 0, 0), 0x202)) == EINVAL, (
        "NT_X86_XSTATE came later")


def test_status_register_set(start: Start) -> None:
    p = start("cc")
    p.stops()
    out = p.kernel.buffer(224)
    put(p, PT_GETREGSET, struct.pack("<QQ", out.address, 224), 1)
    version, size, gregs, fpregs, osrel, signal, tid = struct.unpack_from("<i4xQQQiii", out.read())
    assert (version, size, gregs, fpregs, osrel) == (1, 224, 176, 512, 1302001)
    assert (signal, tid) == (5, p.thread.tid)
    assert out.read(48) == bytes(p.regs().data)


def test_lwpinfo_register_set(start: Start) -> None:
    p = start("cc")
    p.stops()
    out = p.kernel.buffer(164)
    put(p, PT_GETREGSET, struct.pack("<QQ", out.address, 164), 17)
    size, tid, event, flags = struct.unpack_from("<iiii", out.read())
    assert (size, tid, event, flags) == (160, p.thread.tid, 1, 0x20)
    assert struct.unpack_from("<i4xi", out.read(), 4 + 48) == (5, 1)


def test_refused_registers_of_a_set_are_not_set(start: Start) -> None:
    """The register set swallows what PT_SETREGS would refuse."""
    p = start("ebfe")
    out = p.kernel.buffer(224)
    vec = struct.pack("<QQ", out.address, 224)
    put(p, PT_GETREGSET, vec, 1)
    out.write(struct.pack("<Q", 0x3202), 48 + 152)
    out.write(struct.pack("<Q", TEXT + 5), 48 + 136)
    put(p, PT_SETREGSET, vec, 1)
    assert p.regs()["rip"] == TEXT
