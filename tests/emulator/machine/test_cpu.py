"""What the processor executes and how it stops."""

from __future__ import annotations

from itertools import cycle

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bsdproc.emulator.machine import AddressSpace, Context, Engine, Stop
from bsdproc.emulator.machine.cpu import BP, DB, DE, DR6_BS, GP, PF, UD

from .programs import CONSTANT, DATA, NOTHING, TEXT, Program

KERNEL = 0xFFFF800000000000
READ_P, WRITE_P, READ, WRITE, FETCH, FETCH_P = 5, 7, 4, 6, 20, 21  # error codes, all with U


def test_a_slice_executes_just_as_many_instructions(program: Program) -> None:
    space, context = program("48ffc0" * 50)
    for count in (1, 2, 7, 1, 20):
        before = context.get("rax")
        assert space.cpu.run(context, count) is Stop.SLICE
        assert space.cpu.executed == count
        assert context.get("rax") == before + count
        assert context.get("rip") == TEXT + 3 * context.get("rax")


def test_no_instruction_asked_for_is_none(program: Program) -> None:
    space, context = program("48ffc0")
    assert space.cpu.run(context, 0) is Stop.SLICE
    assert (space.cpu.executed, context.get("rip")) == (0, TEXT)


def test_a_system_call_stops_behind_its_instruction(program: Program) -> None:
    space, context = program("9090" "0f05" "90" "0f05", rax=20, rcx=7, r11=9)
    assert space.cpu.run(context, 100) is Stop.SYSCALL
    assert space.cpu.executed == 3
    assert context.get("rip") == TEXT + 4
    assert space.peek(context.get("rip") - space.cpu.syscall_length, 2) == b"\x0f\x05"
    assert context.get("rax") == 20
    assert space.cpu.run(context, 2) is Stop.SYSCALL
    assert (space.cpu.executed, context.get("rip")) == (2, TEXT + 7)


def test_a_single_step_over_a_system_call_is_the_system_call(program: Program) -> None:
    space, context = program("0f05" "90")
    assert space.cpu.run(context, 1) is Stop.SYSCALL
    assert space.cpu.executed == 1


@pytest.mark.parametrize(
    ("code", "registers", "vector", "error", "address", "rip"),
    [
        ("31c9f7f1", {}, DE, 0, None, 2),
        ("b800000080" "31d2" "83caff" "f7f9", {"rcx": 0xFFFFFFFF}, DE, 0, None, 10),
        ("cc", {}, BP, 0, None, 1),
        ("cd03", {}, BP, 0, None, 2),
        ("0f0b", {}, UD, 0, None, 0),
        ("ce", {}, UD, 0, None, 0),
        ("8b00", {"rax": 0}, PF, READ, 0, 0),
        ("8b00", {"rax": NOTHING}, PF, READ, NOTHING, 0),
        ("8b00", {"rax": 0x600010}, PF, READ, 0x600010, 0),
        ("8900", {"rax": 0x600010}, PF, WRITE, 0x600010, 0),
        ("8900", {"rax": CONSTANT}, PF, WRITE, CONSTANT, 0),
        ("8900", {"rax": TEXT}, PF, WRITE_P, TEXT, 0),
        ("8b00", {"rax": KERNEL}, PF, READ_P, KERNEL, 0),
        ("8b00", {"rax": 1 << 48}, GP, 0, None, 0),
        ("8b00", {"rax": 1 << 63}, GP, 0, None, 0),
        ("ffe0", {"rax": 0}, PF, FETCH, 0, None),
        ("ffe0", {"rax": DATA}, PF, FETCH, DATA, None),
        ("c70001000000" "ffe0", {"rax": DATA}, PF, FETCH_P, DATA, None),
        ("f4", {}, GP, 0, None, 0),
        ("fa", {}, GP, 0, None, 0),
        ("fb", {}, GP, 0, None, 0),
        ("ec", {}, GP, 0, None, 0),
        ("ee", {}, GP, 0, None, 0),
        ("e4f0", {}, GP, 0, None, 0),
        ("6d", {"rdi": DATA}, GP, 0, None, 0),
        ("0f32", {}, GP, 0, None, 0),
        ("0f30", {}, GP, 0, None, 0),
        ("0f20c0", {}, GP, 0, None, 0),
        ("0f22c0", {}, GP, 0, None, 0),
        ("0f23f8", {}, GP, 0, None, 0),
        ("0f0110", {"rax": DATA}, GP, 0, None, 0),
        ("0f00d0", {}, GP, 0, None, 0),
        ("0f01f8", {}, GP, 0, None, 0),
        ("0f08", {}, GP, 0, None, 0),
        ("0f06", {}, GP, 0, None, 0),
        ("480f07", {}, GP, 0, None, 0),
        ("0f34", {}, GP, 0, None, 0),
        ("cd0e", {}, GP, 0x0E << 3 | 2, None, 0),
        ("cd01", {}, GP, 0x01 << 3 | 2, None, 0),
        ("cd21", {}, GP, 0x21 << 3 | 2, None, 0),
        ("cd80", {}, 0x80, 0, None, 2),
        ("8ed8", {"rax": 0x08}, GP, 0x08, None, 0),
        ("8ed8", {"rax": 0x1000}, GP, 0x1000, None, 0),
        ("f1", {}, DB, 0, None, 1),
    ],
)
def test_exceptions(program: Program, code: str, registers: dict[str, int], vector: int,
                    error: int, address: int | None, rip: int | None) -> None:
    """Vector, error code and address are the hardware's, again and again: a fault
    leaves everything so that the instruction can be restarted."""
    space, context = program(code, **registers)
    for _ in range(4):
        assert space.cpu.run(context, 100) is Stop.EXCEPTION
        seen = space.cpu.vector, space.cpu.error_code
        assert seen == (vector, error)
        if address is not None:
            assert space.cpu.address == address
            if rip is None:
                assert context.get("rip") == address
        if rip is not None:
            assert context.get("rip") == TEXT + rip
        if vector in (BP, DB, 0x80):
            context.set("rip", TEXT)


def test_other_exceptions_in_a_row_are_not_double_faults(program: Program) -> None:
    space, context = program("f7f1" "f4" "8b00" "cc", rcx=0, rax=0)
    for rip, vector in [(0, DE), (2, GP), (3, PF), (0, DE), (3, PF), (2, GP), (3, PF), (3, PF)]:
        context.set("rip", TEXT + rip)
        assert space.cpu.run(context, 10) is Stop.EXCEPTION
        assert space.cpu.vector == vector


def test_a_program_counter_that_is_no_address(program: Program) -> None:
    space, context = program("90", rip=0x8000000000000000)
    assert space.cpu.run(context, 1) is Stop.EXCEPTION
    assert (space.cpu.vector, space.cpu.error_code) == (GP, 0)
    assert context.get("rip") == 0x8000000000000000
    context.set("rip", TEXT)
    assert space.cpu.run(context, 1) is Stop.SLICE


@pytest.mark.parametrize("target", [0, DATA, NOTHING, 0x600000, 1 << 62])
def test_a_step_ends_before_the_next_instruction_faults(program: Program, target: int) -> None:
    """The jump is done; that there is nothing to execute is the next step's affair."""
    space, context = program("ffe0", rax=target)
    assert space.cpu.run(context, 1) is Stop.SLICE
    assert (space.cpu.executed, context.get("rip")) == (1, target)
    assert space.cpu.run(context, 1) is Stop.EXCEPTION
    assert space.cpu.executed == 0


def test_an_instruction_over_two_pages(program: Program) -> None:
    """Its second page comes in by a fault of its own, or is not there."""
    space, context = program("90")
    space.fill(TEXT + 0xFFD, bytes.fromhex("48b8" "8877665544332211"))
    context.set("rip", TEXT + 0xFFD)
    assert space.cpu.run(context, 1) is Stop.SLICE
    assert context.get("rax") == 0x1122334455667788
    space.fill(TEXT + 0x1FFD, bytes.fromhex("48b800"))
    context.set("rip", TEXT + 0x1FFD)
    assert space.cpu.run(context, 1) is Stop.EXCEPTION
    assert (space.cpu.vector, space.cpu.error_code) == (PF, FETCH)
    assert (context.get("rip"), space.cpu.address) == (TEXT + 0x1FFD, TEXT + 0x2000)


@pytest.mark.parametrize("slices", [[1], [2], [3], [100]])
def test_what_comes_before_an_instruction_that_is_half_there(program: Program,
                                                             slices: list[int]) -> None:
    """It is executed, although the processor translates whole blocks."""
    space, context = program("90")
    space.fill(TEXT + 0x1FF6, bytes.fromhex("48ffc3" "48ffc3" "50" "48b800"))
    context.set("rip", TEXT + 0x1FF6)
    done = 0
    for count in cycle(slices):
        stop = space.cpu.run(context, count)
        done += space.cpu.executed
        if stop is not Stop.SLICE:
            break
    assert (stop, space.cpu.vector, space.cpu.error_code) == (Stop.EXCEPTION, PF, FETCH)
    assert (context.get("rip"), space.cpu.address) == (TEXT + 0x1FFD, TEXT + 0x2000)
    assert (done, context.get("rbx")) == (3, 2)
    assert context.get("rflags") & 0x100 == 0


def test_a_store_over_two_pages_is_all_or_nothing(program: Program) -> None:
    space, context = program("488908", rax=CONSTANT - 4, rcx=(1 << 64) - 1)
    space.map(CONSTANT - 0x1000, 0x1000, 3)
    assert space.cpu.run(context, 1) is Stop.EXCEPTION
    assert (space.cpu.vector, space.cpu.address) == (PF, CONSTANT)
    assert space.read(CONSTANT - 4, 4) == bytes(4)


def test_demand_paging_is_not_seen(program: Program) -> None:
    """A loop over pages that nobody touched yet: one slice, exact counts."""
    space, context = program("488900" "480500100000" "48ffc9" "75f2" "0f05", rax=DATA, rcx=4)
    assert space.cpu.run(context, 1000) is Stop.SYSCALL
    assert space.cpu.executed == 4 * 4 + 1
    space, context = program("488900" "480500100000" "48ffc9" "75f2" "0f05", rax=DATA, rcx=4)
    steps = 0
    while space.cpu.run(context, 1) is Stop.SLICE:
        assert space.cpu.executed == 1
        steps += 1
    assert steps == 16


def test_repeated_instructions_step_by_iteration(program: Program) -> None:
    space, context = program("f3aa" "90", rdi=DATA, rcx=5, rax=0x41)
    for left in (4, 3, 2, 1):
        assert space.cpu.run(context, 1) is Stop.SLICE
        assert (context.get("rcx"), context.get("rip")) == (left, TEXT)
    space.cpu.run(context, 2)
    assert context.get("rcx") == 0
    assert context.get("rip") >= TEXT + 2
    assert space.read(DATA, 6) == b"AAAAA\0"


def test_a_repeated_instruction_faults_where_it_got_to(program: Program) -> None:
    space, context = program("f3aa", rdi=DATA + 0x3FFE, rcx=8, rax=0x41)
    assert space.cpu.run(context, 100) is Stop.EXCEPTION
    assert (space.cpu.vector, space.cpu.address) == (PF, DATA + 0x4000)
    assert (context.get("rcx"), context.get("rip")) == (6, TEXT)


def test_a_program_may_trace_itself(program: Program) -> None:
    """popf sets the trap flag: #DB behind the next instruction, and behind each one after."""
    space, context = program("9c" "58" "480d00010000" "50" "9d" "90" "90" "90")
    assert space.cpu.run(context, 100) is Stop.EXCEPTION
    assert (space.cpu.vector, space.cpu.dr6 & DR6_BS) == (DB, DR6_BS)
    assert context.get("rip") == TEXT + 11
    assert space.cpu.run(context, 100) is Stop.EXCEPTION
    assert context.get("rip") == TEXT + 12
    context.set("rflags", context.get("rflags") & ~0x100)
    assert space.cpu.run(context, 1) is Stop.SLICE


def test_steps_do_not_show_in_the_flags(program: Program) -> None:
    space, context = program("9c" "58")
    space.cpu.run(context, 1)
    space.cpu.run(context, 1)
    assert context.get("rax") & 0x100 == 0


def test_flags_that_are_not_a_programs_to_change(program: Program) -> None:
    """popf in ring 3 leaves IOPL and the interrupt flag."""
    space, context = program("50" "9d", rax=0x3000)
    assert space.cpu.run(context, 2) is Stop.SLICE
    assert context.get("rflags") & 0x3200 == 0x200


def test_code_that_writes_itself(program: Program) -> None:
    """movb $0x48 over a 0x49: inc %r8 becomes inc %rax."""
    space, context = program("c60548000000" "48" "eb40" + "90" * 64 + "49ffc0" "0f05")
    space.protect(TEXT, 0x2000, 7)
    space.fill(TEXT, bytes.fromhex("c605" "42000000" "48" "eb40"))
    space.fill(TEXT + 0x49, bytes.fromhex("49ffc0" "0f05"))
    assert space.cpu.run(context, 100) is Stop.SYSCALL
    assert (context.get("rax"), context.get("r8")) == (1, 0)


def test_a_breakpoint_written_into_executed_code(program: Program) -> None:
    space, context = program("48ffc0" "48ffc0" "ebf8")
    space.cpu.run(context, 3000)
    for _ in range(3):
        space.write(TEXT + 3, b"\xcc")
        context.set("rip", TEXT)
        assert space.cpu.run(context, 100) is Stop.EXCEPTION
        assert (space.cpu.vector, context.get("rip")) == (BP, TEXT + 4)
        space.write(TEXT + 3, b"\x48")
        context.set("rip", TEXT + 3)
        assert space.cpu.run(context, 300) is Stop.SLICE


def test_a_page_that_is_used_again_has_no_old_code(engine: Engine) -> None:
    for byte, vector in [(b"\xcc", BP), (b"\x0f\x0b", UD), (b"\xf4", GP), (b"\xcc", BP)]:
        space = AddressSpace(engine=engine)
        space.map(TEXT, 0x1000, 5, contents=byte)
        context = Context()
        context.set("rip", TEXT)
        assert space.cpu.run(context, 10) is Stop.EXCEPTION
        assert space.cpu.vector == vector
        space.close()


def test_time_and_identity_are_the_emulators_own() -> None:
    ticks = iter([5, (7 << 32) + 1])
    with_clock = Engine(16 << 20, clock=lambda: next(ticks))
    space = AddressSpace(engine=with_clock)
    space.map(TEXT, 0x1000, 5, contents=bytes.fromhex("0f31" "0f05" "0f31" "0f05" "0fa2" "0f05"))
    context = Context()
    context.set("rip", TEXT)
    assert space.cpu.run(context, 10) is Stop.SYSCALL
    assert (context.get("rax"), context.get("rdx")) == (5, 0)
    assert space.cpu.run(context, 10) is Stop.SYSCALL
    assert (context.get("rax"), context.get("rdx")) == (1, 7)
    context.set("rax", 1)
    assert space.cpu.run(context, 10) is Stop.SYSCALL
    assert context.get("rcx") & (1 << 28 | 1 << 30) == 0  # neither AVX nor RDRAND
    with_clock.close()


def test_an_error_of_the_clock_comes_out() -> None:
    def broken() -> int:
        raise LookupError("no time")

    with_clock = Engine(16 << 20, clock=broken)
    space = AddressSpace(engine=with_clock)
    space.map(TEXT, 0x1000, 5, contents=bytes.fromhex("0f31" "90"))
    context = Context()
    context.set("rip", TEXT)
    with pytest.raises(LookupError, match="no time"):
        space.cpu.run(context, 10)
    with_clock.close()


def test_segment_bases(program: Program) -> None:
    space, context = program("64488b0425" "00000000" "65488b1c25" "08000000",
                             fs_base=DATA, gs_base=DATA + 16)
    space.write(DATA, b"".join(n.to_bytes(8, "little") for n in (11, 22, 33, 44)))
    assert space.cpu.run(context, 2) is Stop.SLICE
    assert (context.get("rax"), context.get("rbx")) == (11, 44)
    assert context.get("fs_base") == DATA


def test_a_program_sets_its_own_base(program: Program) -> None:
    space, context = program("f3480faed0" "64488b0425" "00000000", rax=DATA)
    space.write(DATA, (77).to_bytes(8, "little"))
    assert space.cpu.run(context, 2) is Stop.SLICE
    assert (context.get("rax"), context.get("fs_base")) == (77, DATA)


def test_floating_point_faults(program: Program) -> None:
    """Unmask zero-divide, divide, wait: #MF (16)."""
    space, context = program("d92f" "d9e8" "d9ee" "def9" "9b", rdi=DATA)
    space.write(DATA, (0x37B).to_bytes(2, "little"))
    assert space.cpu.run(context, 100) is Stop.EXCEPTION
    assert space.cpu.vector == 16
    assert int.from_bytes(context.fpu()[2:4], "little") & 4


def test_code_selectors_that_there_are_not(program: Program) -> None:
    space, context = program("90", cs=0x23)
    assert space.cpu.run(context, 1) is Stop.EXCEPTION
    assert (space.cpu.vector, space.cpu.error_code) == (GP, 0x20)
    context.set("cs", 0x43)
    assert space.cpu.run(context, 1) is Stop.SLICE


class TestThirtyTwoBits:
    """i386 code under the same kernel: compatibility mode."""

    def test_system_call(self, program: Program) -> None:
        space, context = program("b814000000" "40" "cd80", mode=32)
        assert space.cpu.run(context, 100) is Stop.EXCEPTION
        assert (space.cpu.vector, context.get("eax"), context.get("eip")) == (0x80, 21, TEXT + 8)
        assert context.get("cs") == 0x33

    def test_addresses_are_32_bits_wide(self, program: Program) -> None:
        space, context = program("8b80" "ffffffff", mode=32, rax=DATA + 1)
        space.write(DATA, (0x55667788).to_bytes(4, "little"))
        assert space.cpu.run(context, 1) is Stop.SLICE
        assert context.get("eax") == 0x55667788

    def test_faults(self, program: Program) -> None:
        space, context = program("a100000000" "cc", mode=32)
        assert space.cpu.run(context, 100) is Stop.EXCEPTION
        assert (space.cpu.vector, space.cpu.error_code, space.cpu.address) == (PF, READ, 0)

    def test_both_kinds_take_turns(self, program: Program) -> None:
        space, context = program("40" * 30, mode=32)
        other, wide = program("48ffc0" * 30)
        for _ in range(5):
            space.cpu.run(context, 2)
            other.cpu.run(wide, 3)
        assert (context.get("eax"), wide.get("rax")) == (10, 15)
        assert (context.get("eip"), wide.get("rip")) == (TEXT + 10, TEXT + 45)


@settings(max_examples=60, deadline=None)
@given(code=st.binary(min_size=1, max_size=40), count=st.integers(1, 50))
def test_any_bytes_end_in_a_stop(engine: Engine, code: bytes, count: int) -> None:
    """Whatever is executed, the machine stays whole and another program runs after it."""
    space = AddressSpace(engine=engine)
    space.map(TEXT, 0x1000, 5, contents=code)
    space.map(DATA, 0x1000, 3)
    context = Context()
    for name, value in (("rip", TEXT), ("rsp", DATA + 0x800), ("rax", DATA), ("rdi", DATA)):
        context.set(name, value)
    stop = space.cpu.run(context, count)
    assert stop in Stop
    assert 0 <= space.cpu.executed <= count
    assert context.get("cs") == 0x43
    space.close()
    check = AddressSpace(engine=engine)
    check.map(TEXT, 0x1000, 5, contents=bytes.fromhex("48ffc0" "0f05"))
    good = Context()
    good.set("rip", TEXT)
    assert check.cpu.run(good, 10) is Stop.SYSCALL
    assert good.get("rax") == 1
    check.close()


PIECES = [bytes.fromhex(code) for code in (
    "90", "48ffc0", "4801d8", "50", "5b", "9c", "9d", "e800000000", "c3", "74fe", "eb00", "f3aa",
    "f3a4", "488907", "488b1f", "0f05", "cc", "0f0b", "31c0", "f7f1", "cd80", "8b06", "0fa2",
    "f3480fb8c3", "0f58c1", "d9e8", "def9", "c60790", "48ffcf", "ffe7")]


@settings(max_examples=150, deadline=None)
@given(code=st.lists(st.sampled_from(PIECES), min_size=1, max_size=25),
       mode=st.sampled_from([64, 32]), total=st.integers(1, 200),
       slices=st.lists(st.integers(1, 9), min_size=1, max_size=9))
def test_slices_of_any_size_come_to_the_same(engine: Engine, code: list[bytes], mode: int,
                                             total: int, slices: list[int]) -> None:
    """One instruction at a time, in slices or at once: the same registers, memory and stops."""
    def life(slices: list[int]) -> list[object]:
        space = AddressSpace(mode, engine=engine)
        space.map(TEXT, 0x1000, 7, contents=b"".join(code))
        space.map(DATA, 0x1000, 3)
        context = Context(mode)
        for name, value in (("rip", TEXT), ("rsp", DATA + 0x800), ("rdi", DATA + 0x100),
                            ("rsi", TEXT), ("rcx", 20)):
            context.set(name, value)
        done, seen = 0, list[object]()
        for count in cycle(slices):
            stop = space.cpu.run(context, min(count, total - done))
            done += space.cpu.executed
            if stop is Stop.SYSCALL:
                seen.append(("system call", done, context.general()))
            elif stop is Stop.EXCEPTION:
                seen.append((space.cpu.vector, space.cpu.error_code, done, context.general()))
                if space.cpu.vector not in (BP, DB, 0x80):
                    break
            if done == total:
                break
        seen += [done, context.general(), context.fpu(), space.read(DATA, 0x1000),
                 space.read(TEXT, 0x1000)]
        space.close()
        return seen

    assert life([1]) == life(slices) == life([total])
