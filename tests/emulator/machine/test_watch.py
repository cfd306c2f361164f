"""Hardware watchpoints: the debug registers' work."""

from __future__ import annotations

import pytest

from bsdproc.emulator.machine import Context, Stop
from bsdproc.emulator.machine.cpu import DB, DR6_BS, PF, Cpu

from .programs import DATA, STACK, TEXT, Program

UNUSED = (0, 0, "w")


def hit(cpu: Cpu, context: Context, rip: int, bits: int, executed: int) -> None:
    """The next run ends in a debug exception there."""
    assert cpu.run(context, 1000) is Stop.EXCEPTION
    assert (cpu.vector, cpu.dr6, cpu.executed) == (DB, bits, executed)
    assert context.get("rip") == TEXT + rip


@pytest.mark.parametrize("touched", [True, False])
@pytest.mark.parametrize(
    ("code", "behind"),
    [
        ("90" "c60041" "90", 4),  # movb
        ("90" "488908" "90", 4),  # movq
        ("90" "480108" "90", 4),  # addq: it reads and writes
        ("90" "488708" "90", 4),  # xchg
        ("90" "f0480fb108" "90", 6),  # lock cmpxchg
        ("90" "0f1100" "90", 4),  # movups: 16 bytes
        ("90" "f30f7f00" "90", 5),  # movdqu
        ("90" "8f00" "90", 3),  # pop to memory
    ],
)
def test_stores_trap_behind_the_instruction(program: Program, code: str, behind: int,
                                            touched: bool) -> None:
    space, context = program(code + "0f05", rax=DATA, rcx=5)
    if touched:
        space.write(DATA, bytes(16))
    space.cpu.watch([UNUSED, UNUSED, (DATA, 1, "w")])
    hit(space.cpu, context, behind, 4, 2)
    assert space.cpu.run(context, 10) is Stop.SYSCALL


def test_reads_count_for_rw_only(program: Program) -> None:
    space, context = program("8b00" "8b00" "8900" "0f05", rax=DATA, rcx=DATA)
    space.cpu.watch([(DATA + 2, 2, "w"), (DATA + 3, 1, "rw")])
    hit(space.cpu, context, 2, 2, 1)
    context.set("rax", DATA)
    hit(space.cpu, context, 4, 2, 1)
    context.set("rax", DATA)
    hit(space.cpu, context, 6, 3, 1)
    assert space.cpu.run(context, 10) is Stop.SYSCALL


@pytest.mark.parametrize(("distance", "found"), [(-9, 0), (-8, 0), (-7, 1), (-1, 1), (0, 1),
                                                 (3, 1), (4, 0), (5, 0)])
def test_every_access_that_touches_a_byte(program: Program, distance: int, found: int) -> None:
    """An eight-byte store so far from a watched word of four."""
    space, context = program("488908" "0f05", rax=DATA + 0x100 + distance)
    space.cpu.watch([(DATA + 0x100, 4, "w")])
    if found:
        hit(space.cpu, context, 3, 1, 1)
    assert space.cpu.run(context, 10) is Stop.SYSCALL


@pytest.mark.parametrize("touched", [True, False])
def test_over_the_edge_of_a_page(program: Program, touched: bool) -> None:
    """The store begins in one page, the watched bytes lie in the next."""
    space, context = program("488908" "0f05", rax=DATA + 0xFFC, rcx=1)
    if touched:
        space.write(DATA, bytes(0x2000))
    space.cpu.watch([(DATA + 0x1000, 2, "w")])
    hit(space.cpu, context, 3, 1, 1)
    assert space.cpu.run(context, 10) is Stop.SYSCALL


def test_an_instruction_that_faults_has_not_touched(program: Program) -> None:
    space, context = program("ff30" "90", rax=DATA, rsp=0x600000)
    space.cpu.watch([(DATA, 4, "rw")])
    assert space.cpu.run(context, 10) is Stop.EXCEPTION
    assert (space.cpu.vector, space.cpu.address) == (PF, 0x5FFFF8)


def test_a_system_calls_own_access_does_not_trap(program: Program) -> None:
    space, context = program("90" "0f05")
    space.cpu.watch([(DATA, 8, "rw")])
    space.copyout(DATA, b"x" * 8)
    space.read(DATA, 8)
    assert space.cpu.run(context, 10) is Stop.SYSCALL


def test_calls_and_returns_are_stores_and_loads(program: Program) -> None:
    space, context = program("e805000000" "0f05" "909090" "c3")
    top = STACK - 0x100 - 8
    space.cpu.watch([(top, 8, "rw")])
    hit(space.cpu, context, 10, 1, 1)
    hit(space.cpu, context, 5, 1, 1)


def test_a_repeated_store_traps_by_iteration(program: Program) -> None:
    space, context = program("f3aa" "0f05", rdi=DATA, rcx=8)
    space.cpu.watch([(DATA + 3, 2, "w")])
    assert space.cpu.run(context, 100) is Stop.EXCEPTION
    assert (context.get("rcx"), context.get("rdi")) == (4, DATA + 4)
    assert space.cpu.run(context, 100) is Stop.EXCEPTION
    assert context.get("rcx") == 3
    assert space.cpu.run(context, 100) is Stop.SYSCALL


def test_a_hot_loop_is_stopped_at_the_very_store(program: Program) -> None:
    """inc %rcx; mov %rcx, (%rax, %rcx, 8)"""
    space, context = program("48ffc1" "48890cc8" "ebf7", rax=DATA)
    space.cpu.run(context, 300)
    space.cpu.watch([(DATA + 8 * 200, 8, "w")])
    assert space.cpu.run(context, 100_000) is Stop.EXCEPTION
    assert (context.get("rcx"), space.cpu.executed) == (200, 300 - 1)
    space.cpu.watch([])
    context.set("rcx", 0)
    assert space.cpu.run(context, 900) is Stop.SLICE


def test_execution_traps_before_the_instruction(program: Program) -> None:
    space, context = program("48ffc0" "48ffc0" "48ffc0" "0f05")
    space.cpu.watch([UNUSED, (TEXT + 3, 1, "x")])
    hit(space.cpu, context, 3, 2, 1)
    assert context.get("rax") == 1
    hit(space.cpu, context, 3, 2, 0)
    context.set("rflags", context.get("rflags") | 0x10000)
    assert space.cpu.run(context, 1) is Stop.SLICE
    assert (context.get("rax"), context.get("rflags") & 0x10000) == (2, 0)
    context.set("rip", TEXT + 3)
    context.set("rflags", context.get("rflags") | 0x10000)
    assert space.cpu.run(context, 100) is Stop.SYSCALL
    assert (context.get("rax"), space.cpu.executed) == (4, 3)


def test_a_step_onto_an_execution_point_is_a_step(program: Program) -> None:
    space, context = program("90" "90" "90")
    space.cpu.watch([(TEXT + 1, 1, "x")])
    assert space.cpu.run(context, 1) is Stop.SLICE
    hit(space.cpu, context, 1, 1, 0)


def test_step_and_watchpoint_in_one(program: Program) -> None:
    """The program's own trap flag and a data watchpoint: both show."""
    space, context = program("c60041" "90", rax=DATA)
    context.set("rflags", 0x302)
    space.cpu.watch([(DATA, 1, "w")])
    assert space.cpu.run(context, 10) is Stop.EXCEPTION
    assert (space.cpu.vector, space.cpu.dr6) == (DB, DR6_BS | 1)


def test_watchpoints_belong_to_one_address_space(program: Program) -> None:
    space, context = program("c60041" "0f05", rax=DATA)
    other, neighbour = program("c60041" "0f05", rax=DATA)
    space.cpu.watch([(DATA, 1, "w")])
    assert other.cpu.run(neighbour, 10) is Stop.SYSCALL
    hit(space.cpu, context, 3, 1, 1)
    neighbour.set("rip", TEXT)
    assert other.cpu.run(neighbour, 10) is Stop.SYSCALL


def test_a_page_that_moves_is_still_watched(program: Program) -> None:
    """After a fork the first store copies the page."""
    space, context = program("c60041" "0f05", rax=DATA)
    space.write(DATA, b"old")
    space.cpu.watch([(DATA, 1, "w")])
    child = space.fork()
    hit(space.cpu, context, 3, 1, 1)
    assert (space.read(DATA, 3), child.read(DATA, 3)) == (b"Ald", b"old")
    child.close()


@pytest.mark.parametrize("point", [(DATA, 3, "w"), (DATA, 4, "r"), (-1, 4, "w"), (DATA, 16, "rw")])
def test_what_is_no_watchpoint(program: Program, point: tuple[int, int, str]) -> None:
    space, _ = program("90")
    with pytest.raises(ValueError, match="no watchpoint"):
        space.cpu.watch([point])
