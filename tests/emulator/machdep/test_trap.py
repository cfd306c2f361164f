"""Each exception of the processor as the signal that a program gets of it."""

from __future__ import annotations

import struct
from dataclasses import dataclass
from types import SimpleNamespace

import pytest

from bsdproc.emulator.bsd.amd64 import frame
from bsdproc.emulator.bsd.amd64 import trap as traps
from bsdproc.emulator.bsd.amd64 import trapno as t
from bsdproc.emulator.bsd.state import Thread
from bsdproc.emulator.machine.cpu import Context

from .programs import DATA, TEXT, Bare, Start

SIGILL, SIGTRAP, SIGFPE, SIGBUS, SIGSEGV = 4, 5, 8, 10, 11
PSL_RF = 0x10000


@dataclass(frozen=True)
class Case:
    what: str
    code: str
    signal: int
    si_code: int
    trapno: int
    offset: int
    """Of the program counter, from TEXT."""
    address: int | None = None
    """None: the program counter."""
    data: bytes = b""


UNMASK_X87 = "d92c2500204000"         # fldcw DATA
CASES = [
    Case("int3", "cc", SIGTRAP, 1, 3, 1),
    Case("int3, the long one", "cd03", SIGTRAP, 1, 3, 2),
    Case("icebp", "f1", SIGTRAP, 2, 10, 1),
    Case("into the void", "0f0b", SIGILL, 5, 1, 0),
    Case("an instruction that is none", "06", SIGILL, 5, 1, 0),
    Case("hlt", "90f4", SIGBUS, 3, 9, 1),
    Case("cli", "fa", SIGBUS, 3, 9, 0),
    Case("rdmsr", "0f32", SIGBUS, 3, 9, 0),
    Case("mov from cr0", "0f20c0", SIGBUS, 3, 9, 0),
    Case("in", "e460", SIGBUS, 3, 9, 0),
    Case("int $0x21", "90cd21", SIGBUS, 3, 9, 1),
    Case("int $4", "cd04", SIGFPE, 1, 20, 2),
    Case("division by zero", "31c931d2f7f1", SIGFPE, 2, 18, 4),
    Case("a quotient too large", "b2ffb9010000 00f7f1".replace(" ", ""), SIGFPE, 2, 18, 7),
    Case("read of nothing", "a1efbe000000000000", SIGSEGV, 1, 12, 0, 0xBEEF),
    Case("write to text", "c6042500104000aa", SIGSEGV, 2, 12, 0, TEXT),
    Case("write to nothing", "c6042500000001aa", SIGSEGV, 1, 12, 0, 0x1000000),
    Case("jump into data", "ff2425" "00204000", SIGSEGV, 2, 12, DATA + 8 - TEXT, DATA + 8,
         struct.pack("<Q", DATA + 8)),
    Case("jump to nothing", "ff2425" "00204000", SIGSEGV, 1, 12, 0x7000 - TEXT, 0x7000,
         struct.pack("<Q", 0x7000)),
    Case("jump to an address that is none", "ff2425" "00204000", SIGBUS, 3, 9, (1 << 63) - TEXT,
         None, struct.pack("<Q", 1 << 63)),
    Case("read of an address that is none", "48a10000000000000080", SIGBUS, 3, 9, 0),
    Case("read of a kernel's address", "48a1000000000080ffff", SIGSEGV, 1, 12, 0,
         0xFFFF800000000000),
    Case("x87 division by zero", UNMASK_X87 + "d9e8d9eedef9" "9b", SIGFPE, 3, 6, 13, None,
         struct.pack("<H", 0x37F & ~4)),
]


@pytest.mark.parametrize("case", CASES, ids=lambda c: c.what)
def test_exception(start: Start, case: Case) -> None:
    p = start(case.code, case.data)
    signal = p.stops()
    i = p.info()
    pc = p.regs()["rip"]
    address = pc if case.address is None else case.address
    assert (signal, i.code, i.trapno, hex(pc - TEXT), hex(i.address)) == (
        case.signal, case.si_code, case.trapno, hex(case.offset), hex(address))
    assert i.flags & 0x20


def test_a_fault_can_be_tried_again(start: Start) -> None:
    """The frame says resume, as the processor does for everything that restarts."""
    p = start("a1efbe000000000000cc")
    assert p.stops() == SIGSEGV
    assert p.regs()["rflags"] & PSL_RF
    assert p.stops() == SIGSEGV
    p.set_regs(rip=TEXT + 9)
    assert p.stops() == SIGTRAP
    assert not p.regs()["rflags"] & PSL_RF


def test_the_stack_grows_to_its_limit(start: Start) -> None:
    """Down to the gap below it: SEGV_ACCERR, as it is a mapping without rights."""
    p = start("8800" "8800" "8800")                  # mov %al, (%rax), three times
    bottom, top = p.proc.stack_base, p.proc.stack_base + p.proc.stack_size
    p.set_regs(rax=top - 0x123456)
    p.stops(request=9)
    assert p.regs()["rip"] == TEXT + 2
    space = p.proc.space
    assert space is not None
    assert sum(e.size for e in space.entries if e.kind == "stack") == 0x140000
    p.set_regs(rax=bottom + 0x1000)
    p.stops(request=9)
    assert p.regs()["rip"] == TEXT + 4, "all of it"
    p.set_regs(rax=bottom + 0xFFF)
    assert p.stops() == SIGSEGV
    i = p.info()
    assert (i.code, i.trapno, i.address) == (2, 12, bottom + 0xFFF)


def test_sse_exceptions() -> None:
    """By the status register; the emulated processor raises none itself."""
    cpu = SimpleNamespace(vector=traps.XM, error_code=0, address=0)
    td = Thread(Bare(), 100001, Context(64))
    area = bytearray(512)
    struct.pack_into("<I", area, 24, 0x1F80 & ~0x400 | 0x8 | 0x20)   # overflow, and inexact
    frame.context_of(td).set_fpu(bytes(area))
    ksi = traps.trap(cpu, td)  # type: ignore[arg-type]
    assert (ksi.signo, ksi.code, ksi.trapno) == (SIGFPE, t.FPE_FLTOVF, t.T_XMMFLT)


def test_old_programs_get_sigbus_for_protection(start: Start) -> None:
    """Those from before 7.0, by their note."""
    p = start("c6042500104000aa", osrel=600000)
    assert p.stops() == SIGBUS
    i = p.info()
    assert (i.code, i.trapno, i.address) == (12, 12, TEXT)


@pytest.mark.parametrize(
    ("exceptions", "code"),
    [(0x01, t.FPE_FLTINV), (0x41, t.FPE_FLTSUB), (0x04, t.FPE_FLTDIV), (0x44, t.FPE_FLTDIV),
     (0x02, t.FPE_FLTUND), (0x08, t.FPE_FLTOVF), (0x10, t.FPE_FLTUND), (0x20, t.FPE_FLTRES),
     (0x28, t.FPE_FLTOVF), (0x0C, t.FPE_FLTDIV), (0x0A, t.FPE_FLTUND), (0x60, t.FPE_FLTRES),
     (0x40, t.FPE_FLTSUB), (0x7F, t.FPE_FLTSUB), (0x3F, t.FPE_FLTINV), (0, 0)])
def test_of_several_exceptions_one_is_told(exceptions: int, code: int) -> None:
    assert traps.fpe_code(exceptions) == code


def test_a_step_over_a_system_call_has_no_trap_number(start: Start) -> None:
    p = start("b814000000" "0f05" "90cc")
    p.stops(request=9)
    assert p.info().trapno == 10
    p.stops(request=9)
    i = p.info()
    assert (i.trapno, i.code, i.address) == (0, 2, TEXT + 7)
