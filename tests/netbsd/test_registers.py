"""Registers of every machine: where they lie, and what they are called everywhere."""

from __future__ import annotations

import copy
import pickle

import pytest

from bsdproc import abi
from bsdproc.kernel.errors import NotSupported
from bsdproc.netbsd.registers import (
    DEBUG,
    FLOATING,
    GENERAL,
    XSTATE,
    DebugAccess,
    RegisterFile,
    Registers,
    VectorRegisters,
    XFeature,
    XmmRegisters,
    XState,
)

MACHINES = [machine for system, machine in abi.targets() if system == "netbsd"]
KINDS: list[type[RegisterFile]] = [
    *GENERAL.values(), *FLOATING.values(), *DEBUG.values(), *XSTATE.values(), XmmRegisters,
    VectorRegisters,
]


def test_every_machine_has_its_classes() -> None:
    assert set(GENERAL) == set(FLOATING) == set(MACHINES)
    for machine in MACHINES:
        has = abi.target("netbsd", machine).constants
        assert (machine in DEBUG) == ("PT_GETDBREGS" in has)
        assert (machine in XSTATE) == ("PT_GETXSTATE" in has)


@pytest.mark.parametrize("kind", KINDS)
def test_a_file_gives_its_bytes_back(kind: type[RegisterFile]) -> None:
    layout = abi.target("netbsd", kind.machine).struct(kind.struct)
    data = bytes(i * 11 % 256 for i in range(layout.size))
    made = kind(data)
    assert bytes(made) == data
    assert kind.size == layout.size
    for name in made.names():
        value = made[name]
        assert 0 <= value < 1 << 64
        made[name] = value
    assert bytes(made) == data
    assert pickle.loads(pickle.dumps(made)) == copy.copy(made) == made
    with pytest.raises(ValueError, match="bytes"):
        kind(data + b"x")


@pytest.mark.parametrize("machine", MACHINES)
def test_registers_do_not_lie_on_each_other(machine: str) -> None:
    kind = GENERAL[machine]
    for name in kind().names():
        made = kind()
        made[name] = 1
        assert [other for other in made.names() if made[other]] == [name]


# The indices that the machines' headers have for the places in struct reg.
PLACES = {
    "amd64": ("_REG_", {"rflags": "_REG_RFLAGS"}),
    "mipseb": ("_R_", {"zero": "_R_ZERO", "at": "_R_AST"}),
    "mipsel": ("_R_", {"zero": "_R_ZERO", "at": "_R_AST"}),
    "riscv64": ("_X_", {}),
    "riscv32": ("_X_", {}),
}


@pytest.mark.parametrize("machine", PLACES)
def test_places_are_those_of_the_header(machine: str) -> None:
    prefix, others = PLACES[machine]
    has = abi.target("netbsd", machine).constants
    made = GENERAL[machine]()
    word = abi.target("netbsd", machine).struct("struct reg").fields[0].element_size or 1
    checked = 0
    for name in made.names():
        place = has.get(others.get(name, prefix + name.upper()))
        if place is None:
            assert name == "pc"
            continue
        made = GENERAL[machine]()
        made[name] = 0xA5
        order = abi.target("netbsd", machine).byteorder
        assert int.from_bytes(bytes(made)[place * word : (place + 1) * word], order) == 0xA5, name
        checked += 1
    assert checked >= 26


NEUTRAL = {
    "amd64": ("rip", "rsp", "rbp", "rax", "rax"),
    "i386": ("eip", "esp", "ebp", "eax", "eax"),
    "aarch64": ("pc", "sp", "x29", "x0", None),
    "arm": ("pc", "sp", "r11", "r0", None),
    "riscv64": ("pc", "sp", "s0", "a0", "t6"),
    "riscv32": ("pc", "sp", "s0", "a0", "t6"),
    "powerpc": ("pc", "r1", "r31", "r3", "r0"),
    "mipseb": ("pc", "sp", "s8", "v0", "v0"),
    "mipsel": ("pc", "sp", "s8", "v0", "v0"),
    "sparc": ("pc", "o6", None, "o0", "g1"),
    "sparc64": ("pc", "o6", None, "o0", "g1"),
}


@pytest.mark.parametrize("machine", MACHINES)
def test_neutral_names(machine: str) -> None:
    made = GENERAL[machine]()
    neutral = ("pc", "sp", "fp", "return_value", "syscall_number")
    for name, own in zip(neutral, NEUTRAL[machine], strict=True):
        if own is None:
            with pytest.raises(NotSupported, match=machine):
                getattr(made, name)
            with pytest.raises(NotSupported):
                setattr(made, name, 1)
            continue
        setattr(made, name, 0x1000)
        assert made[own] == 0x1000
        made[own] = 0x2000
        assert getattr(made, name) == 0x2000


@pytest.mark.parametrize("machine", MACHINES)
def test_arguments(machine: str) -> None:
    made = GENERAL[machine]()
    count = len(made.argument_names)
    assert count == (0 if machine == "i386" else count)
    made.arguments = range(1, count + 1)
    assert made.arguments == tuple(range(1, count + 1))
    made.syscall_arguments = range(7, 7 + len(made.syscall_argument_names))
    assert made.syscall_arguments == tuple(range(7, 7 + len(made.syscall_argument_names)))
    with pytest.raises(ValueError, match="passes"):
        made.arguments = [0] * (count + 1)


def test_numbers_are_unsigned_and_fit() -> None:
    made = GENERAL["sparc64"]()
    made.pc = (1 << 64) - 1
    assert made.pc == (1 << 64) - 1
    for wrong in (-1, 1 << 64):
        with pytest.raises(ValueError, match="pc"):
            made.pc = wrong
    with pytest.raises(TypeError):
        made.pc = "1"       # type: ignore[assignment]


def test_debug_slots() -> None:
    for kind, lengths in ((DEBUG["amd64"], (1, 2, 4, 8)), (DEBUG["i386"], (1, 2, 4))):
        made = kind()
        assert made.lengths == lengths
        made.set_slot(1, 0x1000, DebugAccess.WRITE, 4)
        slot = made.slot(1)
        assert (slot.address, slot.access, slot.length, slot.enabled) == (
            0x1000, DebugAccess.WRITE, 4, True)
        assert made.dr7 == 0b1101 << 20 | 4
        made.clear_slot(1)
        assert not made.slot(1).enabled


def test_wide_registers() -> None:
    fp = FLOATING["amd64"]()
    fp.xmm[3] = 1 << 127 | 1        # type: ignore[attr-defined]
    assert fp.xmm[3] == 1 << 127 | 1        # type: ignore[attr-defined]
    vec = VectorRegisters()
    vec.vr[0] = 0x0102
    assert bytes(vec)[14:16] == b"\1\2"
    state: XState = XSTATE["amd64"]()
    state.hi16_zmm[15] = (1 << 512) - 1
    state.in_use |= XFeature.HI16_ZMM
    assert state.in_use == XFeature.HI16_ZMM
    assert isinstance(GENERAL["arm"](), Registers)
