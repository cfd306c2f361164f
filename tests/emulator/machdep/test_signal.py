"""Signal handlers: the frame that they find, and the way back."""

from __future__ import annotations

import struct

import pytest

from bsdproc.emulator.freebsd.amd64 import signal, vdso

from .programs import DATA, PT_CONTINUE, TEXT, Running, Start

SIGILL, SIGTRAP, SIGBUS, SIGSEGV, SIGUSR1, SIGUSR2 = 4, 5, 10, 11, 30, 31
SA_ONSTACK, SA_SIGINFO = 0x1, 0x40
ACTION = DATA
"""struct sigaction, to be written by the test."""
ALTERNATE = DATA + 0x100
"""stack_t."""
ON_ALTERNATE = DATA + 0x1000
HANDLER = TEXT + 0x40

# sigaction(SIGUSR1 as patched, ACTION, 0); sigaltstack(ALTERNATE, 0); int3; nop; int3
PROLOGUE = bytes.fromhex(
    "b8a0010000" "bf1e000000" "be00204000" "31d2" "0f05"
    "b835000000" "bf00214000" "31f6" "0f05"
    "cc" "90" "cc")
BREAK = PROLOGUE.index(b"\xcc\x90") + 1


def program(handler: str = "ccc3", signo: int = SIGUSR1) -> bytes:
    code = bytearray(PROLOGUE.ljust(0x40, b"\x90"))
    code[6:10] = struct.pack("<I", signo)
    return bytes(code) + bytes.fromhex(handler)


def data(flags: int, *, alternate: bool = False, mask: int = 0) -> bytes:
    action = struct.pack("<QI16s", HANDLER, flags, mask.to_bytes(16, "little"))
    stack = struct.pack("<QQi4x", ON_ALTERNATE, 0x1000, 0 if alternate else 4)
    return action.ljust(0x100, b"\0") + stack


def caught(start: Start, flags: int = 0, *, handler: str = "ccc3", alternate: bool = False,
           signo: int = SIGUSR1, mask: int = 0) -> Running:
    """A program that stands in its handler, at the breakpoint there, by a kill
    of its tracer's."""
    p = start(program(handler, signo), data(flags, alternate=alternate, mask=mask))
    assert p.stops() == SIGTRAP
    assert p.regs()["rip"] == TEXT + BREAK
    p.set_regs(**{f"r{n}": n for n in range(8, 16)}, rax=0xAA, rbx=0xBB, rcx=0xCC, rdx=0xDD,
               rsi=0x51, rdi=0xD1, rbp=0xBB9)
    p.kernel.kill(p.pid, signo)
    assert p.stops() == signo
    assert p.stops(signo) == SIGTRAP
    assert p.regs()["rip"] == HANDLER + 1
    return p


def mcontext(p: Running, uc: int) -> tuple[int | bytes, ...]:
    return signal.MCONTEXT.unpack(p.read(uc + signal.UC_MCONTEXT, signal.MCONTEXT.size))


def test_the_frame_of_an_old_handler(start: Start) -> None:
    """handler(signal, code, context, address)."""
    p = caught(start, mask=1 << SIGUSR2 - 1)
    r = p.regs()
    frame = r["rsp"] + 8
    assert frame % 16 == 0
    assert r["rdi"] == SIGUSR1
    assert r["rsi"] == 0x10001, "SI_USER"
    assert r["rdx"] == frame + signal.SF_UC
    assert r["rcx"] == 0
    back = p.word(r["rsp"])
    low, high = vdso.SIGTRAMP_RANGE
    assert low < back < high
    assert p.word(frame) == HANDLER
    assert p.read(frame + signal.SF_SI, 80) == bytes(80), "no siginfo without SA_SIGINFO"
    blocked = int.from_bytes(p.read(r["rdx"], 16), "little")
    assert blocked == 0, "the mask to come back to"
    assert p.thread.sigmask == {SIGUSR1, SIGUSR2}


def test_the_saved_context_is_the_interrupted_one(start: Start) -> None:
    p = caught(start)
    frame = p.regs()["rsp"] + 8
    (onstack, rdi, rsi, rdx, rcx, r8, r9, rax, rbx, rbp, r10, r11, r12, r13, r14, r15, _, fs, gs,
     _, flags, es, ds, _, rip, cs, rflags, rsp, ss, length, form, owned, fpu, fsbase, gsbase,
     xstate, xsize) = mcontext(p, frame + signal.SF_UC)
    assert (rdi, rsi, rdx, rcx, rax, rbx, rbp) == (0xD1, 0x51, 0xDD, 0xCC, 0xAA, 0xBB, 0xBB9)
    assert (r8, r9, r10, r11, r12, r13, r14, r15) == tuple(range(8, 16))
    assert (rip, cs, ss, ds, es, fs, gs) == (TEXT + BREAK, 0x43, 0x3B, 0x3B, 0x3B, 0x13, 0x1B)
    assert isinstance(rflags, int)
    assert rflags & 0x202 == 0x202
    assert (length, form, onstack, flags) == (800, 0x10002, 0, 5)
    assert isinstance(rsp, int)
    assert isinstance(xstate, int)
    assert frame + signal.SIGFRAME_SIZE <= xstate <= rsp - 128 - 64, "the red zone stays"
    assert xstate % 64 == 0
    assert xsize == 64
    assert p.word(xstate) == 3
    assert isinstance(fpu, bytes)
    assert fpu[:2] == b"\x7f\x03"
    assert (fsbase, gsbase) == (0, 0)
    assert owned in (0x20001, 0x20002)


def test_the_way_back_restores_everything(start: Start) -> None:
    p = caught(start)
    p.write(TEXT + BREAK, b"\xcc")
    assert p.stops() == SIGTRAP
    r = p.regs()
    assert r["rip"] == TEXT + BREAK + 1
    assert [r[f"r{n}"] for n in range(8, 16)] == list(range(8, 16))
    assert [r[n] for n in ("rax", "rbx", "rcx", "rdx", "rsi", "rdi", "rbp")] == [
        0xAA, 0xBB, 0xCC, 0xDD, 0x51, 0xD1, 0xBB9]
    assert p.thread.sigmask == set()


def test_siginfo_of_a_fault(start: Start) -> None:
    p = start(program(signo=SIGSEGV), data(SA_SIGINFO))
    p.stops()
    p.write(TEXT + BREAK, bytes.fromhex("a1efbe000000000000"))
    assert p.stops() == SIGSEGV
    assert p.stops(SIGSEGV) == SIGTRAP
    r = p.regs()
    frame = r["rsp"] + 8
    assert r["rsi"] == frame + signal.SF_SI
    assert r["rcx"] == 0xBEEF
    signo, errno, code, _, _, _, address, _, trapno = signal.SIGINFO.unpack(p.read(r["rsi"], 80))
    assert (signo, errno, code, address, trapno) == (SIGSEGV, 0, 1, 0xBEEF, 12)
    words = mcontext(p, r["rdx"])
    assert (words[16], words[19], words[23]) == (12, 0xBEEF, 4), "trapno, addr, err: user read"


def test_the_alternate_stack(start: Start) -> None:
    p = caught(start, SA_ONSTACK | SA_SIGINFO, alternate=True)
    r = p.regs()
    assert ON_ALTERNATE <= r["rsp"] < ON_ALTERNATE + 0x1000
    uc = r["rdx"]
    assert struct.unpack("<QQi", p.read(uc + signal.UC_STACK, 20)) == (ON_ALTERNATE, 0x1000, 0)
    assert p.word(uc + signal.UC_MCONTEXT) == 0


def test_not_asked_for_the_alternate_stack(start: Start) -> None:
    p = caught(start, alternate=True)
    r = p.regs()
    assert not ON_ALTERNATE <= r["rsp"] < ON_ALTERNATE + 0x1000


def test_a_handler_within_a_handler_stays_on_the_alternate_stack(start: Start) -> None:
    p = caught(start, SA_ONSTACK | 0x10, alternate=True)     # SA_NODEFER
    outer = p.regs()["rsp"]
    p.write(HANDLER + 1, b"\x90" * 8 + b"\xc3")
    p.kernel.kill(p.pid, SIGUSR1)
    assert p.stops() == SIGUSR1
    assert p.stops(SIGUSR1) == SIGTRAP
    r = p.regs()
    assert ON_ALTERNATE <= r["rsp"] < outer - 128
    assert p.word(r["rdx"] + signal.UC_MCONTEXT) == 1
    assert struct.unpack("<i", p.read(r["rdx"] + signal.UC_STACK + 16, 4)) == (1,)


def test_a_handler_may_change_where_it_goes_back_to(start: Start) -> None:
    p = caught(start)
    uc = p.regs()["rdx"]
    rip = uc + signal.UC_MCONTEXT + 160
    assert p.word(rip) == TEXT + BREAK
    p.write(rip, struct.pack("<Q", TEXT + BREAK + 1))
    assert p.stops() == SIGTRAP
    assert p.regs()["rip"] == TEXT + BREAK + 2


@pytest.mark.parametrize(
    ("offset", "value", "error"),
    [(136 + 8, 0x100, 22), (176, 0x202 | 0x3000, 22), (208, 0x10001, 22), (216, 7, 22),
     (752, 0x10, 14), (760, 65, 22), (760, 63, 22)])
def test_contexts_that_sigreturn_refuses(start: Start, offset: int, value: int,
                                         error: int) -> None:
    """Unknown flags, privileged rflags, formats, and states that are not
    there: the call fails, and its trampoline with it."""
    p = caught(start)
    uc = p.regs()["rdx"]
    at = uc + signal.UC_MCONTEXT + offset
    size = 4 if offset == 144 else 8
    p.write(at, value.to_bytes(size, "little"))
    assert p.stops() == SIGBUS
    r = p.regs()
    assert r["rip"] == vdso.SIGTRAMP_RANGE[1] - 3, "hlt"
    assert r["rax"] == error
    assert r["rflags"] & 1


def test_a_foreign_code_selector_is_sigbus_at_once(start: Start) -> None:
    p = caught(start)
    uc = p.regs()["rdx"]
    p.write(uc + signal.UC_MCONTEXT + 168, struct.pack("<Q", 0x40))
    assert p.stops() == SIGBUS
    i = p.info()
    assert (i.code, i.trapno) == (3, 9)
    assert p.regs()["rip"] == vdso.SIGTRAMP_RANGE[1] - 3
    assert p.regs()["rax"] == 22


def test_a_stack_that_cannot_take_the_frame(start: Start) -> None:
    """The process is ended by SIGILL, whatever the signal was."""
    p = start(program(), data(0))
    p.stops()
    p.set_regs(rsp=0x1000)
    p.kernel.kill(p.pid, SIGUSR1)
    assert p.stops() == SIGUSR1
    p.request(PT_CONTINUE, 1, SIGUSR1)
    status = p.wait()
    assert status & 0x7F == SIGILL
    assert any("no stack" in line for line in p.kernel.log)


def test_floating_point_in_a_handler(start: Start) -> None:
    """It begins with a clean state, and the program's comes back."""
    p = start(program("0f57c0" "660fefc9" "cc" "0f28c8" "c3"), data(0))
    p.stops()
    before = p.kernel.buffer(512)
    p.request(35, before)
    image = bytearray(before.read())
    image[160:192] = bytes(range(32))
    p.request(36, p.kernel.buffer(image))
    p.kernel.kill(p.pid, SIGUSR1)
    p.stops()
    assert p.stops(SIGUSR1) == SIGTRAP
    p.write(TEXT + BREAK, b"\xcc")
    assert p.stops() == SIGTRAP
    after = p.kernel.buffer(512)
    p.request(35, after)
    assert after.read(160, 32) == bytes(range(32))


def test_a_step_into_a_handler_is_no_step_in_it(start: Start) -> None:
    """The trap flag is not handed to the handler."""
    p = start(program("90" * 8 + "c3"), data(0))
    p.stops()
    p.kernel.kill(p.pid, SIGUSR1)
    p.stops()
    assert p.stops(SIGUSR1, request=9) == SIGTRAP
    assert p.regs()["rip"] == TEXT + BREAK + 1, "the step is done where the program stood"
