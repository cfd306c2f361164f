"""Registers: what is set is there, on the processor and off it."""

from __future__ import annotations

import struct

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bsdproc.emulator.machine import GENERAL, Context, Engine, Stop

from .programs import DATA, TEXT, Program, make

WORDS = st.integers(0, (1 << 64) - 1)


def test_a_new_thread() -> None:
    context = Context()
    values = dict(zip(GENERAL, context.general(), strict=True))
    assert values.pop("rflags") == 0x202
    assert set(values.values()) == {0}
    assert context.selectors() == (0x43, 0x3B, 0x3B, 0x3B, 0x13, 0x1B)
    assert Context(32).get("cs") == 0x33
    control, mxcsr = struct.unpack_from("<H22xI", context.fpu())
    assert (control, mxcsr, len(context.fpu())) == (0x37F, 0x1F80, 512)


def test_names_that_are_none() -> None:
    context = Context()
    for name in ("r16", "pc", ""):
        with pytest.raises(KeyError):
            context.get(name)
        with pytest.raises(KeyError):
            context.set(name, 0)
    with pytest.raises(ValueError, match="17 registers"):
        context.set_general([0] * 17)
    with pytest.raises(ValueError, match="511 bytes"):
        context.set_fpu(bytes(511))


@settings(max_examples=40, deadline=None)
@given(values=st.lists(WORDS, min_size=len(GENERAL), max_size=len(GENERAL)),
       image=st.binary(min_size=256, max_size=256), base=st.integers(0, (1 << 47) - 1))
def test_round_trip_over_the_processor(engine: Engine, values: list[int], image: bytes,
                                       base: int) -> None:
    """A NOP changes nothing but rip: not the vector registers, not a base."""
    space, _ = make(engine, "90")
    context = Context()
    named = dict(zip(GENERAL, values, strict=True))
    named["rip"], named["rflags"] = TEXT, 0x202 | named["rflags"] & 0x8D5
    context.set_general([named[n] for n in GENERAL])
    context.set_fpu(context.fpu()[:160] + image + bytes(96))
    context.set("fs_base", base)
    assert space.cpu.run(context, 1) is Stop.SLICE
    named["rip"] += 1
    assert dict(zip(GENERAL, context.general(), strict=True)) == named
    assert context.fpu()[160:416] == image
    assert context.get("fs_base") == base
    space.close()


def test_threads_do_not_see_each_others_registers(program: Program) -> None:
    space, first = program("48ffc0" "f30f7f07" "ebf7", rdi=DATA)
    second = first.copy()
    second.set("rdi", DATA + 16)
    for context, byte in ((first, 0x11), (second, 0x22)):
        image = bytearray(context.fpu())
        image[160:176] = bytes([byte]) * 16
        context.set_fpu(bytes(image))
    for _ in range(20):
        space.cpu.run(first, 3)
        space.cpu.run(second, 6)
    assert (first.get("rax"), second.get("rax")) == (20, 40)
    assert space.read(DATA, 32) == b"\x11" * 16 + b"\x22" * 16


def test_a_copy_is_of_the_moment(program: Program) -> None:
    space, context = program("48ffc0" * 20)
    space.cpu.run(context, 5)
    copy = context.copy()
    space.cpu.run(context, 5)
    assert (copy.get("rax"), context.get("rax")) == (5, 10)
    copy.set("rax", 100)
    space.cpu.run(copy, 1)
    assert (copy.get("rax"), context.get("rax")) == (101, 10)


def test_a_change_while_loaded(program: Program) -> None:
    space, context = program("48ffc0" "ebfb")
    space.cpu.run(context, 10)
    context.set("rax", 1000)
    context.set("rip", TEXT)
    space.cpu.run(context, 1)
    assert context.get("rax") == 1001


def test_the_stack_of_the_coprocessor(program: Program) -> None:
    """fld1; fldpi; fldz: three registers, in FXSAVE's form and back."""
    space, context = program("d9e8" "d9eb" "d9ee" "0f05" "def1" "0f05")
    assert space.cpu.run(context, 100) is Stop.SYSCALL
    image = context.fpu()
    status, tags = struct.unpack_from("<HB", image, 2)
    assert (status >> 11 & 7, tags) == (5, 0b11100000)
    assert image[64:74] == bytes.fromhex("00000000000000" "80" "ff3f")
    other = Context()
    other.set_general(context.general())
    other.set_fpu(image)
    space.cpu.run(Context(), 1)
    assert space.cpu.run(other, 100) is Stop.SYSCALL
    assert other.fpu()[4] == 0b11000000


def test_a_context_outlives_its_engine() -> None:
    engine = Engine(16 << 20)
    space, context = make(engine, "48ffc0" "90")
    space.cpu.run(context, 1)
    space.close()
    engine.close()
    assert (context.get("rax"), context.get("rip")) == (1, TEXT + 3)
    again = Engine(16 << 20)
    space, _ = make(again, "48ffc0" "48ffc0")
    assert space.cpu.run(context, 1) is Stop.SLICE
    assert context.get("rax") == 2
    again.close()
