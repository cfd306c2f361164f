"""Reading and writing memory, registers and notes, as 7.99.4 was recorded."""

from __future__ import annotations

import pytest

from bsdproc.emulator.errno import (
    EBADF,
    EBUSY,
    EINVAL,
    EMSGSIZE,
    EOPNOTSUPP,
    ESRCH,
    Refused,
    RefusedAfter,
)
from bsdproc.emulator.vnode import Vnode

from .fake import BASE, Lwp, Machine, Process

END = BASE + 8192


@pytest.fixture
def target(machine: Machine) -> Process:
    process = machine.target()
    process.memory[:10] = b"MEM-MARKER"
    return process


def refusal(node: Vnode, offset: int, data: bytes | None = None, size: int = 16) -> Refused:
    with pytest.raises(Refused) as refused:
        node.read_at(offset, size) if data is None else node.write_at(offset, data)
    return refused.value


@pytest.fixture
def mem(machine: Machine, target: Process) -> Vnode:
    return machine.open("/proc/21/mem", write=True, both=True)


# -- memory
def test_memory(mem: Vnode, target: Process) -> None:
    assert mem.read_at(BASE, 10) == b"MEM-MARKER"
    assert mem.write_at(BASE, b"WRITTEN") == 7
    assert mem.read_at(BASE, 10) == b"WRITTENKER"
    assert mem.read_at(0, 0) == b""
    assert mem.write_at(0, b"") == 0


@pytest.mark.parametrize("offset", [0, 0x10000, END - 8, BASE - 4])
def test_memory_that_is_not_mapped(mem: Vnode, offset: int) -> None:
    """Also where only a part of it is not."""
    assert refusal(mem, offset).errno == EINVAL
    assert refusal(mem, offset, bytes(16)).errno == EINVAL


def test_the_end_of_memory(mem: Vnode, target: Process) -> None:
    for offset in (target.memory_end, 0x800000000000):
        assert mem.read_at(offset, 16) == b""
        assert mem.write_at(offset, b"abc") == 0
    assert refusal(mem, -4096).errno == EINVAL
    target.memory_end = END
    assert mem.read_at(END - 8, 16) == bytes(8)
    assert mem.write_at(END - 8, bytes(16)) == 8


def test_large_transfers_go_by_pieces(mem: Vnode, target: Process) -> None:
    """What lies before the piece that fails is written."""
    target.memory = bytearray(0x20000)
    assert len(mem.read_at(BASE + 5, 0x1FFF0)) == 0x1FFF0
    assert refusal(mem, BASE + 0x8000, b"x" * 0x20000).errno == EINVAL
    assert target.memory[0x8000:0x18000] == b"x" * 0x10000
    assert target.memory[0x18000:] == bytes(0x8000)


# -- registers
@pytest.mark.parametrize(("name", "size"), [("regs", 208), ("fpregs", 512)])
def test_registers(machine: Machine, target: Process, name: str, size: int) -> None:
    node = machine.open(f"/proc/21/{name}", write=True, both=True)
    whole = node.read_at(0, 8192)
    assert len(whole) == size
    assert node.read_at(8, 16) == whole[8:24]
    assert node.read_at(0, 3) == whole[:3]
    assert node.read_at(size, 16) == b""
    assert refusal(node, size + 1).errno == EINVAL
    assert refusal(node, size + 1, b"x").errno == EINVAL
    assert refusal(node, 0, whole).errno == EBUSY
    assert target.lwp is not None
    target.lwp.stopped = True
    assert node.write_at(0, whole) == size
    assert node.write_at(0, whole + bytes(8)) == size
    assert node.write_at(8, b"\x55") == 1
    assert node.read_at(8, 1) == b"\x55"
    assert node.read_at(9, size) == whole[9:]


def test_registers_that_no_program_may_have(machine: Machine, target: Process) -> None:
    target.lwp = Lwp(stopped=True)
    node = machine.open("/proc/21/regs", write=True)
    refused = refusal(node, 0, b"\xff")
    assert refused.errno == EINVAL
    assert isinstance(refused, RefusedAfter)
    assert refused.taken == 1
    assert target.lwp.regs == bytes(range(208))


# -- notes
@pytest.mark.parametrize("name", ["note", "notepg"])
def test_notes(machine: Machine, target: Process, name: str) -> None:
    node = machine.open(f"/proc/21/{name}", write=True)
    for data in (b"hello", b"hello\n", b"", b"x" * 64):
        refused = refusal(node, 0, data)
        assert refused.errno == EOPNOTSUPP
        assert isinstance(refused, RefusedAfter)
        assert refused.taken == len(data)
    assert refusal(node, 0, b"x" * 65).errno == EMSGSIZE
    assert refusal(node, 5, b"x" * 65).errno == EINVAL
    assert refusal(node, 0).errno == EINVAL


# -- everything else
@pytest.mark.parametrize("name", ["status", "map", "maps", "cmdline", "environ", "auxv", "limit",
                                  "limits"])
def test_texts_are_not_written(machine: Machine, target: Process, name: str) -> None:
    assert refusal(machine.open(f"/proc/21/{name}", write=True), 0, b"x").errno == EOPNOTSUPP


@pytest.mark.parametrize("name", ["21/emul", "21/stat", "21/statm", "uptime", "meminfo"])
def test_some_texts_take_what_is_written(machine: Machine, target: Process, name: str) -> None:
    """As much as they are long, and nothing becomes of it."""
    node = machine.open(f"/proc/{name}", write=True)
    text = machine.read(f"/proc/{name}")
    assert node.write_at(0, b"abc") == 3
    assert node.write_at(0, bytes(4096)) == len(text)
    assert node.write_at(len(text) + 5, b"abc") == 0
    assert machine.read(f"/proc/{name}") == text


def test_directories_are_read_in_vain(machine: Machine, target: Process) -> None:
    for path, error in (("/proc", EOPNOTSUPP), ("/proc/21", EOPNOTSUPP),
                        ("/proc/21/task", EOPNOTSUPP), ("/proc/21/fd", EBADF)):
        assert refusal(machine.find(path), 0).errno == error
        assert refusal(machine.find(path), 0, b"x").errno == error


def test_a_process_without_an_lwp(machine: Machine, target: Process) -> None:
    node = machine.find("/proc/21/status")
    target.lwp = None
    assert refusal(node, 0).errno == ESRCH
    assert refusal(node, -1).errno == EINVAL
