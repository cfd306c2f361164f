"""Words, PT_IO and registers of a stopped process."""

from __future__ import annotations

import struct

import pytest

from bsdproc.emulator import NetBSD

from .stage import (
    CS,
    PROGRAM,
    PT_GETDBREGS,
    PT_GETFPREGS,
    PT_GETREGS,
    PT_GETXSTATE,
    PT_IO,
    PT_READ_D,
    PT_READ_I,
    PT_SETDBREGS,
    PT_SETFPREGS,
    PT_SETXSTATE,
    PT_WRITE_D,
    PT_WRITE_I,
    RAX,
    RBX,
    RFLAGS,
    RIP,
    RSP,
    Tracee,
    launch,
    refused,
)

READ_D, WRITE_D, READ_I, WRITE_I, READ_AUXV = range(1, 6)
MAXUSER = 0x7F8000000000
IMAGE = 0x200000


@pytest.fixture
def tracee(kernel: NetBSD) -> Tracee:
    return launch(kernel, "nap")


# -- words -----------------------------------------------------------------------
@pytest.mark.rule("netbsd-sys_ptrace_common", "word")
def test_words_of_both_spaces_are_the_same(tracee: Tracee) -> None:
    where = tracee.symbol("word")
    assert tracee.ask(PT_READ_D, where) == tracee.ask(PT_READ_I, where) == 0x55667788
    tracee.ask(PT_WRITE_I, where, 305419896)
    assert tracee.ask(PT_READ_D, where) == 305419896


@pytest.mark.rule("netbsd-sys_ptrace_common", "word")
def test_a_word_may_lie_anywhere(tracee: Tracee) -> None:
    assert tracee.ask(PT_READ_D, tracee.symbol("word") + 1) == 0x44556677


def test_a_word_may_be_minus_one(tracee: Tracee) -> None:
    tracee.ask(PT_WRITE_D, tracee.symbol("word"), -1)
    assert tracee.ask(PT_READ_D, tracee.symbol("word")) == -1


def test_text_can_be_written(tracee: Tracee) -> None:
    main = tracee.symbol("main")
    tracee.ask(PT_WRITE_I, main, 0x7F000000)
    assert tracee.ask(PT_READ_I, main) == 0x7F000000


@pytest.mark.parametrize("where", [0, 0x10000])
@pytest.mark.rule("netbsd-sys_ptrace_common", "word-short")
def test_words_where_nothing_is(tracee: Tracee, where: int) -> None:
    assert refused(lambda: tracee.ask(PT_READ_D, where)) == "EINVAL"
    assert refused(lambda: tracee.ask(PT_WRITE_D, where, 1)) == "EINVAL"


# -- PT_IO ---------------------------------------------------------------------------
@pytest.mark.rule("netbsd-sys_ptrace_common", "io")
def test_io_reads_and_writes(tracee: Tracee) -> None:
    where = tracee.symbol("word")
    assert tracee.io(READ_D, where, 8) == 0x1122334455667788.to_bytes(8, "little")
    tracee.io(WRITE_D, where, b"12345678")
    assert tracee.io(READ_I, where, 8) == b"12345678"


@pytest.mark.rule("netbsd-sys_ptrace_common", "io")
def test_io_where_nothing_is_counts_nothing(tracee: Tracee) -> None:
    assert refused(lambda: tracee.io(READ_D, 0, 16)) == "EINVAL"


def test_io_that_leaves_the_mapping_is_refused_whole(tracee: Tracee) -> None:
    end = MAXUSER - 16
    assert len(tracee.io(READ_D, end, 16)) == 16
    assert refused(lambda: tracee.io(READ_D, IMAGE - 8, 16)) == "EINVAL"


def test_io_beyond_every_program_is_the_end(tracee: Tracee) -> None:
    assert tracee.io(READ_D, MAXUSER, 16) == b""
    assert tracee.io(READ_D, MAXUSER - 4, 16) == tracee.io(READ_D, MAXUSER - 4, 4)


@pytest.mark.rule("netbsd-sys_ptrace_common", "io-operation")
def test_io_of_an_unknown_kind(tracee: Tracee) -> None:
    assert refused(lambda: tracee.io(9, tracee.symbol("word"), 8)) == "EINVAL"


@pytest.mark.rule("netbsd-sys_ptrace_common", "io-nothing")
def test_io_of_nothing(tracee: Tracee) -> None:
    assert refused(lambda: tracee.io(READ_D, tracee.symbol("word"), 8, 0)) == "EINVAL"


@pytest.mark.rule("netbsd-sys_ptrace_common", "io-size")
def test_io_with_another_size_of_the_descriptor(tracee: Tracee) -> None:
    assert refused(lambda: tracee.fetch(PT_IO, 32, 31)) == "EINVAL"
    assert refused(lambda: tracee.fetch(PT_IO, 32, 0)) == "EINVAL"      # its length is 0


def test_io_into_the_callers_own_nowhere(tracee: Tracee) -> None:
    desc = struct.pack("<i4xQQQ", READ_D, tracee.symbol("word"), 8, 8)
    assert refused(lambda: tracee.fetch(PT_IO, 32, 32, desc)) == "EFAULT"


@pytest.mark.rule("netbsd-sys_ptrace_common", "io-auxv")
def test_io_of_the_auxiliary_vector(tracee: Tracee) -> None:
    data = tracee.io(READ_AUXV, 0, 4096)
    vector = dict(struct.iter_unpack("<QQ", data[: 13 * 16]))
    assert vector[6] == 4096                                    # AT_PAGESZ
    assert vector[9] == tracee.symbol("_start")                 # AT_ENTRY
    assert vector[13] == MAXUSER                                # AT_STACKBASE
    assert tracee.io(READ_D, vector[2014], 11) == PROGRAM.encode() + b"\0"  # AT_SUN_EXECNAME
    assert refused(lambda: tracee.io(READ_AUXV, 5000, 8)) == "EIO"


# -- registers ---------------------------------------------------------------------------
def test_registers_of_a_new_program(tracee: Tracee) -> None:
    registers = tracee.registers()
    assert registers[RIP] == tracee.symbol("_start")
    assert registers[RBX] == MAXUSER - 32                       # its ps_strings
    assert registers[CS] == 0x47
    assert registers[RSP] % 16 == 0
    argc, argv = struct.unpack("<QQ", tracee.io(READ_D, registers[RSP], 16))
    assert argc == 2
    assert tracee.io(READ_D, argv, 11) == PROGRAM.encode() + b"\0"


@pytest.mark.rule("netbsd-sys_ptrace_common", "regs")
def test_registers_can_be_set(tracee: Tracee) -> None:
    registers = tracee.registers()
    registers[RAX] = 0xFEDCBA9876543210
    tracee.set_registers(registers)
    assert tracee.registers() == registers


def test_flags_of_the_system_are_not_a_programs(tracee: Tracee) -> None:
    registers = tracee.registers()
    registers[RFLAGS] |= 0x3000
    assert refused(lambda: tracee.set_registers(registers)) == "EINVAL"


def test_selectors_of_the_kernel_are_not_a_programs(tracee: Tracee) -> None:
    registers = tracee.registers()
    registers[CS] = 8
    assert refused(lambda: tracee.set_registers(registers)) == "EINVAL"


def test_a_program_cannot_be_sent_out_of_its_addresses(tracee: Tracee) -> None:
    registers = tracee.registers()
    registers[RIP] = MAXUSER
    assert refused(lambda: tracee.set_registers(registers)) == "EINVAL"


@pytest.mark.rule("netbsd-sys_ptrace_common", "regs-lwp")
def test_with_one_lwp_its_number_does_not_matter(tracee: Tracee) -> None:
    assert tracee.registers(55) == tracee.registers(0) == tracee.registers(tracee.pid)


@pytest.mark.rule("netbsd-sys_ptrace_common", "regs")
def test_registers_into_nowhere(tracee: Tracee) -> None:
    assert refused(lambda: tracee.ask(PT_GETREGS, 0)) == "EFAULT"


def test_floating_point_registers(tracee: Tracee) -> None:
    image = bytearray(tracee.fetch(PT_GETFPREGS, 512, 0))
    assert struct.unpack_from("<H", image) == (0x37F,)
    assert struct.unpack_from("<I", image, 24) == (0x1F80,)
    image[160:176] = bytes(range(16))
    tracee.put(PT_SETFPREGS, bytes(image), 0)
    assert tracee.fetch(PT_GETFPREGS, 512, 0)[160:176] == bytes(range(16))


def test_debug_registers(tracee: Tracee) -> None:
    image = bytearray(tracee.fetch(PT_GETDBREGS, 128, 0))
    struct.pack_into("<Q", image, 0, tracee.symbol("word"))
    tracee.put(PT_SETDBREGS, bytes(image), 0)
    assert tracee.fetch(PT_GETDBREGS, 128, 0)[:8] == image[:8]


def test_the_extended_state(tracee: Tracee) -> None:
    size = tracee.kernel.target.struct("struct xstate").size
    buffer = tracee.kernel.buffer(size)
    done = tracee.fetch(PT_GETXSTATE, 16, 0, struct.pack("<QQ", buffer.address, size))
    assert struct.unpack("<QQ", done) == (buffer.address, size)
    image = bytearray(buffer.read())
    assert struct.unpack_from("<QQ", image) == (3, 3)
    assert image[16:528] == tracee.fetch(PT_GETFPREGS, 512, 0)
    image[16 + 160:16 + 176] = bytes(range(16))
    struct.pack_into("<Q", image, 0, 2)
    buffer.write(bytes(image))
    tracee.put(PT_SETXSTATE, struct.pack("<QQ", buffer.address, size), 0)
    assert tracee.fetch(PT_GETFPREGS, 512, 0)[160:176] == bytes(range(16))


def test_extended_state_that_the_processor_lacks(tracee: Tracee) -> None:
    size = tracee.kernel.target.struct("struct xstate").size
    buffer = tracee.kernel.buffer(struct.pack("<QQ", 7, 7).ljust(size, b"\0"))
    assert refused(lambda: tracee.put(
        PT_SETXSTATE, struct.pack("<QQ", buffer.address, size), 0)) == "EINVAL"
