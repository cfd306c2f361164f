"""Debug registers of a tracee."""

from __future__ import annotations

import struct

import pytest

from bsdproc.emulator.bsd.amd64 import debug

from .programs import DATA, PT_CONTINUE, PT_STEP, TEXT, Running, Start

PT_GETDBREGS, PT_SETDBREGS = 37, 38
SIGTRAP = 5
EXECUTE, WRITE, READ_WRITE = 0, 1, 3
LENGTH = {1: 0, 2: 1, 8: 2, 4: 3}


def control(slot: int, kind: int, size: int, *, local: bool = True) -> int:
    return (1 if local else 2) << 2 * slot | (kind | LENGTH[size] << 2) << 16 + 4 * slot


def arm(p: Running, *addresses: int, dr7: int, dr6: int = 0) -> None:
    words = [*addresses, *[0] * (4 - len(addresses)), 0, 0, dr6, dr7, *[0] * 8]
    p.request(PT_SETDBREGS, p.kernel.buffer(struct.pack("<16Q", *words)))


def look(p: Running) -> tuple[int, ...]:
    b = p.kernel.buffer(128)
    p.request(PT_GETDBREGS, b)
    return struct.unpack("<16Q", b.read())


# mov $7, %eax; mov %al, DATA; mov %eax, DATA+8; mov DATA+8, %ecx; add $1, DATA(qword); jmp .
CODE = "b807000000" "880425" "00204000" "890425" "08204000" "8b0c25" "08204000" \
       "488304250020400001" "ebfe"
AFTER_BYTE, AFTER_STORE, AFTER_LOAD, AFTER_ADD = 12, 19, 26, 35


@pytest.mark.parametrize(
    ("address", "size", "kind", "stops"),
    [(DATA, 1, WRITE, [AFTER_BYTE, AFTER_ADD]), (DATA, 8, WRITE, [AFTER_BYTE, AFTER_ADD]),
     (DATA + 8, 4, WRITE, [AFTER_STORE]), (DATA + 8, 4, READ_WRITE, [AFTER_STORE, AFTER_LOAD]),
     (DATA + 10, 2, READ_WRITE, [AFTER_STORE, AFTER_LOAD]), (DATA + 4, 4, WRITE, [AFTER_ADD]),
     (TEXT + AFTER_STORE - 0, 1, EXECUTE, [AFTER_STORE])])
def test_where_a_watchpoint_stops(start: Start, address: int, size: int, kind: int,
                                  stops: list[int]) -> None:
    p = start(CODE)
    p.write(TEXT + AFTER_ADD, b"\xcc")
    arm(p, address, dr7=control(0, kind, size))
    found = []
    while True:
        assert p.stops() == SIGTRAP
        i = p.info()
        if i.trapno == 3:
            break
        assert (i.code, i.trapno) == (2, 10)
        assert look(p)[6] & 0xF == 1
        found.append(p.regs()["rip"] - TEXT)
        if kind == EXECUTE:      # it would stop here again: the processor sets no resume flag
            p.set_regs(rflags=p.regs()["rflags"] | 0x10000)
    assert found == stops


def test_the_status_tells_which_slot(start: Start) -> None:
    p = start(CODE)
    arm(p, DATA, 0, DATA + 8, dr7=control(0, WRITE, 1) | control(2, WRITE, 4, local=False))
    p.stops()
    assert look(p)[6] == debug.DR6_ONES | 1
    p.stops()
    assert look(p)[6] == debug.DR6_ONES | 4


def test_a_step_that_hits_tells_of_both(start: Start) -> None:
    p = start(CODE)
    arm(p, DATA, dr7=control(0, WRITE, 1))
    p.stops(request=PT_STEP)
    assert look(p)[6] == debug.DR6_ONES | debug.DR6_BS
    p.stops(request=PT_STEP)
    assert p.regs()["rip"] == TEXT + AFTER_BYTE
    assert look(p)[6] == debug.DR6_ONES | debug.DR6_BS | 1
    assert not p.regs()["rflags"] & 0x100
    assert p.stops() == SIGTRAP
    assert p.regs()["rip"] == TEXT + AFTER_ADD


def test_fixed_bits_show_once_the_thread_ran(start: Start) -> None:
    p = start(CODE)
    arm(p, DATA + 0x100, dr7=control(0, WRITE, 1) | 0xF800)
    assert look(p)[7] == control(0, WRITE, 1) | 0xF800
    p.stops(request=PT_STEP)
    assert look(p)[7] == control(0, WRITE, 1) | 0x400


def test_a_step_without_debug_registers_leaves_no_status(start: Start) -> None:
    p = start(CODE)
    p.stops(request=PT_STEP)
    assert look(p) == (0,) * 16


def test_taken_away_it_stops_no_more(start: Start) -> None:
    p = start(CODE)
    arm(p, DATA, dr7=control(0, WRITE, 1))
    p.stops()
    arm(p, dr7=0)
    p.write(TEXT + AFTER_ADD, b"\xcc")
    p.stops()
    assert p.info().trapno == 3


def test_a_fork_does_not_inherit_them(start: Start) -> None:
    """The child writes where the parent's watchpoint is, and is not stopped."""
    p = start("b802000000" "0f05" "c6042500204000aa" "ebfe")
    arm(p, DATA, dr7=control(0, WRITE, 1))
    assert p.stops() == SIGTRAP
    assert look(p)[6] & 0xF == 1
    child = next(q for q in p.kernel._system.procs.values() if q.parent is p.proc)
    p.kernel.settle(0.01)
    assert child.threads[0].dr == [0] * 16
    assert child.space is not None
    assert child.space.peek(DATA, 1) == b"\xaa"
    p.kernel.kill(child.pid, 9)


def test_addresses_beyond_memory_never_stop(start: Start) -> None:
    p = start(CODE)
    arm(p, 0x900000000000, dr7=control(0, READ_WRITE, 8))
    p.write(TEXT + AFTER_ADD, b"\xcc")
    p.stops(request=PT_CONTINUE)
    assert p.info().trapno == 3


def test_alignment_is_by_the_length(start: Start) -> None:
    """The low bits of an address do not count."""
    p = start(CODE)
    arm(p, DATA + 11, dr7=control(0, WRITE, 4))
    p.stops()
    assert p.regs()["rip"] == TEXT + AFTER_STORE
