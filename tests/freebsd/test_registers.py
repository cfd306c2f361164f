"""Register files of the seven machines, from bytes."""

from __future__ import annotations

import copy
import pickle
from inspect import getattr_static

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bsdproc import abi
from bsdproc.freebsd.registers import (
    DEBUG,
    FLOATING,
    GENERAL,
    Amd64DebugRegisters,
    Amd64FpRegisters,
    Amd64Registers,
    Arm64DebugRegisters,
    Arm64FpRegisters,
    Arm64Registers,
    ArmRegisters,
    DebugAccess,
    I386DebugRegisters,
    I386FpRegisters,
    I386Registers,
    Powerpc64FpRegisters,
    Powerpc64leRegisters,
    Powerpc64Registers,
    Registers,
    Riscv64Registers,
    VfpRegisters,
    VmxRegisters,
    VmxRegistersLe,
    VsxRegisters,
    VsxRegistersLe,
    XmmRegisters,
)

MACHINES = tuple(GENERAL)


def test_all_machines_are_there() -> None:
    declared = {machine for system, machine in abi.targets() if system == "freebsd"}
    assert set(GENERAL) == set(FLOATING) == set(DEBUG) == declared


@pytest.mark.parametrize("machine", MACHINES)
def test_registers_cover_the_struct(machine: str) -> None:
    """Every byte of struct reg is some register's, each register's its own."""
    kind = GENERAL[machine]
    registers = kind()
    assert kind.size == abi.target("freebsd", machine).struct("struct reg").size
    for number, name in enumerate(kind.names(), 1):
        registers[name] = number
    assert registers.asdict() == {name: n for n, name in enumerate(kind.names(), 1)}
    assert kind(bytes(registers)) == registers
    covered = bytearray(kind.size)
    for name in kind.names():
        single = kind()
        single[name] = (1 << vars(kind)[name].bits) - 1
        for at, byte in enumerate(bytes(single)):
            assert not (byte and covered[at]), f"{name} overlaps another register"
            covered[at] |= byte
    assert covered.count(0) == {"amd64": 0}.get(machine, 0)


@pytest.mark.parametrize("machine", MACHINES)
def test_registers_are_where_the_struct_has_them(machine: str) -> None:
    """Against `Struct.unpack`, which goes by the same layout another way."""
    kind = GENERAL[machine]
    data = bytes(range(1, 256)) + bytes(range(1, 100))
    registers = kind(data[: kind.size])
    fields = abi.target("freebsd", machine).struct("struct reg").unpack(data)
    flat: list[int] = []
    for value in fields.values():
        flat += list(value) if isinstance(value, tuple) else [value]  # type: ignore[arg-type, list-item]
    bits = [vars(kind)[name].bits for name in kind.names()]
    expected = [value & (1 << width) - 1 for value, width in zip(flat, bits, strict=True)]
    assert list(registers.asdict().values()) == expected


@pytest.mark.parametrize("machine", MACHINES)
def test_neutral_names(machine: str) -> None:
    registers = GENERAL[machine]()
    for name in ("pc", "sp", "fp", "return_value", "syscall_number"):
        setattr(registers, name, 0x1234)
        assert getattr(registers, name) == 0x1234
    count = len(registers.argument_names)
    registers.arguments = tuple(range(1, count + 1))
    assert registers.arguments == tuple(range(1, count + 1))
    registers.syscall_arguments = (7,) if registers.syscall_argument_names else ()
    assert registers.syscall_arguments[:1] == ((7,) if count else ())


@pytest.mark.parametrize(("kind", "pc", "sp", "fp", "result", "number"), [
    (Amd64Registers, "rip", "rsp", "rbp", "rax", "rax"),
    (I386Registers, "eip", "esp", "ebp", "eax", "eax"),
    (Arm64Registers, "elr", "sp", "x29", "x0", "x8"),
    (ArmRegisters, "pc", "sp", "r11", "r0", "r7"),
    (Riscv64Registers, "sepc", "sp", "s0", "a0", "t0"),
    (Powerpc64Registers, "pc", "r1", "r31", "r3", "r0"),
    (Powerpc64leRegisters, "pc", "r1", "r31", "r3", "r0"),
])
def test_neutral_names_are_machine_registers(
    kind: type[Registers], pc: str, sp: str, fp: str, result: str, number: str
) -> None:
    registers = kind()
    names = {"pc": pc, "sp": sp, "fp": fp, "return_value": result}
    for value, (neutral, machine) in enumerate(names.items(), 0x100):
        registers[machine] = value
        assert getattr(registers, neutral) == value
    registers[number] = 0x200
    assert registers.syscall_number == 0x200


def test_arguments_of_amd64() -> None:
    registers = Amd64Registers()
    registers.arguments = (1, 2, 3, 4, 5, 6)
    assert (registers.rdi, registers.rsi, registers.rdx) == (1, 2, 3)
    assert (registers.rcx, registers.r8, registers.r9) == (4, 5, 6)
    registers.syscall_arguments = (9, 8, 7, 6)
    assert (registers.rdi, registers.r10, registers.rcx) == (9, 6, 4)
    with pytest.raises(ValueError, match="6 in registers, not 7"):
        registers.arguments = range(7)
    with pytest.raises(ValueError, match="rsi"):
        registers.arguments = (0, -1)
    assert registers.rdi == 9, "a refused assignment changes nothing"


def test_arguments_of_i386_are_on_the_stack() -> None:
    assert I386Registers().arguments == ()
    with pytest.raises(ValueError, match="0 in registers"):
        I386Registers().arguments = (1,)


def test_values_are_unsigned_and_checked() -> None:
    registers = Amd64Registers(b"\xff" * Amd64Registers().size)
    assert registers.rip == (1 << 64) - 1
    assert registers.trapno == 0xFFFFFFFF
    assert registers.fs == 0xFFFF
    for value in (-1, 1 << 64):
        with pytest.raises(ValueError, match="rip must be 0 to"):
            registers.rip = value
    with pytest.raises(ValueError, match="fs"):
        registers.fs = 0x10000
    for wrong in (1.0, "1", None, True):
        with pytest.raises(TypeError):
            registers["rip"] = wrong  # type: ignore[assignment]
    assert registers.rip == (1 << 64) - 1


def test_big_and_little_end() -> None:
    big, little = Powerpc64Registers(), Powerpc64leRegisters()
    big.r3 = little.r3 = 0x0102030405060708
    assert bytes(big)[24:32] == bytes(range(1, 9))
    assert bytes(little)[24:32] == bytes(range(8, 0, -1))
    assert big.r3 == little.r3
    assert big != little


def test_wrong_length_and_unknown_names() -> None:
    with pytest.raises(ValueError, match=r"struct reg of amd64 has 176 bytes, not 175"):
        Amd64Registers(bytes(175))
    with pytest.raises(KeyError, match="struct reg of amd64 has no 'eax'"):
        Amd64Registers()["eax"]
    with pytest.raises(KeyError, match="struct reg of amd64 has no 'eax'"):
        Amd64Registers()["eax"] = 1
    with pytest.raises(AttributeError):
        Amd64Registers().rxx = 1  # type: ignore[attr-defined]


@pytest.mark.parametrize("machine", GENERAL)
def test_as_a_mapping_of_names(machine: str) -> None:
    registers = GENERAL[machine]()
    registers.pc = 0x1000
    assert dict(registers) == registers.asdict()
    assert tuple(registers) == registers.names()
    assert registers.names()[0] in registers
    assert "pcc" not in registers
    assert 0 not in registers


def test_equality_copies_and_repr() -> None:
    registers = Amd64Registers()
    registers.rip = 0x401000
    twin = registers.copy()
    assert twin == registers
    assert copy.copy(registers) == registers
    assert copy.deepcopy(registers) == registers
    assert pickle.loads(pickle.dumps(registers)) == registers
    twin.rax = 1
    assert twin != registers
    assert registers.rax == 0
    assert registers != I386Registers()
    assert "rip=0x401000" in repr(registers)
    with pytest.raises(TypeError):
        hash(registers)


@given(st.binary(min_size=176, max_size=176))
def test_bytes_in_and_out(data: bytes) -> None:
    registers = Amd64Registers(data)
    again = Amd64Registers()
    for name, value in registers.asdict().items():
        again[name] = value
    assert bytes(again) == data


# -- floating point, vectors ------------------------------------------------------


@pytest.mark.parametrize("machine", MACHINES)
def test_floating_registers(machine: str) -> None:
    kind = FLOATING[machine]
    registers = kind()
    assert kind.size == abi.target("freebsd", machine).struct("struct fpreg").size
    assert kind(bytes(registers)) == registers
    for name in kind.names():
        registers[name] = 1
        assert registers[name] == 1


def test_xmm_registers() -> None:
    registers = Amd64FpRegisters()
    registers.xmm[15] = 0x0F0E0D0C0B0A09080706050403020100
    registers.st[7] = 0x3FFF8000000000000000
    registers.mxcsr = 0x1F80
    data = bytes(registers)
    assert data[160 + 15 * 16 :][:16] == bytes(range(16))
    assert data[32 + 7 * 16 :][:10] == bytes(7) + b"\x80\xff\x3f"
    assert data[24:28] == b"\x80\x1f\0\0"
    assert registers.xmm[-1] == registers.xmm[15]
    assert len(registers.xmm) == 16
    assert registers.xmm[14:] == (0, registers.xmm[15])
    with pytest.raises(ValueError, match="xmm"):
        registers.xmm[0] = 1 << 128
    with pytest.raises(IndexError):
        registers.xmm[16] = 0
    registers.xmm = [0] * 16
    assert not any(registers.xmm)
    with pytest.raises(ValueError, match="16 registers, not 2"):
        registers.xmm = (1, 2)


def test_floating_registers_of_other_machines() -> None:
    arm64 = Arm64FpRegisters()
    arm64.q[31] = 1 << 127
    arm64.fpcr = 3
    assert bytes(arm64)[511] == 0x80
    assert bytes(arm64)[516:520] == b"\x03\0\0\0"
    power = Powerpc64FpRegisters()
    power.f[0] = 0x3FF0000000000000
    assert bytes(power)[:8] == b"\x3f\xf0" + bytes(6)
    i386 = I386FpRegisters()
    i386.st[1] = 1
    i386.fcw = 0x37F
    assert bytes(i386)[38] == 1
    assert bytes(i386)[:4] == b"\x7f\x03\0\0"


def test_vector_sets() -> None:
    xmm = XmmRegisters()
    xmm.xmm[7] = 5
    assert xmm.size == 512
    assert bytes(xmm)[160 + 7 * 16] == 5
    vfp = VfpRegisters()
    vfp.d[31], vfp.fpscr = 1, 2
    assert vfp.size == 264
    assert bytes(vfp)[248:260] == b"\1" + bytes(7) + b"\2\0\0\0"
    for kind, at in ((VmxRegisters, 15), (VmxRegistersLe, 0)):
        vmx = kind()
        vmx.vr[0], vmx.vscr = 0xAB, 1
        assert vmx.size == 528
        assert bytes(vmx)[at] == 0xAB
    for vsx, place in ((VsxRegisters(), 7), (VsxRegistersLe(), 0)):
        vsx.vsr[0] = 0xCD
        assert len(bytes(vsx)) == 256
        assert bytes(vsx)[place] == 0xCD


# -- debug registers -----------------------------------------------------------------


def test_debug_slots() -> None:
    registers = Amd64DebugRegisters()
    registers.set_slot(0, 0x203000, DebugAccess.DBREG_DR7_WRONLY, 8)
    assert registers.dr7 == 0x90001     # what the recorded scenario sets
    registers.set_slot(2, 0x201004, DebugAccess.DBREG_DR7_EXEC)
    assert registers.dr7 == 0x90011
    assert registers.dr[0] == 0x203000
    slot = registers.slot(0)
    assert (slot.address, slot.access, slot.length, slot.enabled) == (
        0x203000, DebugAccess.DBREG_DR7_WRONLY, 8, True)
    assert not registers.slot(1).enabled
    registers.clear_slot(0)
    assert registers.dr7 == 0x10
    assert registers.dr0 == 0
    registers.dr6 = 0x4004
    assert registers.hits == (2,)
    registers.clear_hits()
    assert not registers.hits


def test_debug_slots_refused() -> None:
    registers = I386DebugRegisters()
    with pytest.raises(ValueError, match=r"\(1, 2, 4\) bytes, not 8"):
        registers.set_slot(0, 0, DebugAccess.DBREG_DR7_WRONLY, 8)
    with pytest.raises(ValueError, match="not aligned"):
        registers.set_slot(0, 2, DebugAccess.DBREG_DR7_RDWR, 4)
    with pytest.raises(ValueError, match="length 1"):
        registers.set_slot(0, 0, DebugAccess.DBREG_DR7_EXEC, 2)
    with pytest.raises(IndexError):
        registers.set_slot(4, 0, DebugAccess.DBREG_DR7_EXEC)
    with pytest.raises(ValueError, match="dr0"):
        registers.set_slot(0, 1 << 32, DebugAccess.DBREG_DR7_EXEC)
    assert not any(bytes(registers))


def test_debug_registers_of_arm64() -> None:
    registers = Arm64DebugRegisters()
    registers.nbkpts = 6
    registers.break_addr[1], registers.break_ctrl[1] = 0x400000, 0x1E5
    registers.watch_addr[0] = 0x1000
    data = bytes(registers)
    assert data[1] == 6
    assert data[8 + 16 : 8 + 28] == (0x400000).to_bytes(8, "little") + (0x1E5).to_bytes(4, "little")
    assert data[264:272] == (0x1000).to_bytes(8, "little")


def test_each_register_says_where_it_lies() -> None:
    assert repr(Amd64Registers.rip) == repr(Amd64Registers.pc) == "<r_rip: int>"
    assert repr(getattr_static(GENERAL["arm64"], "lr")) == "<lr: int>"
    assert repr(getattr_static(FLOATING["amd64"], "xmm")) == "<fpr_xacc, 16 of 16 bytes>"
