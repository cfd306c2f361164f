"""A tracee's memory and registers."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from bsdproc import Debugger, freebsd
from bsdproc.kernel import Kernel, KernelError

At = Callable[[str], int]
PAGE = 4096


def edge(pid: int) -> int:
    """An address that the map ends at, with nothing behind."""
    spans = freebsd.ptrace.vm_map(pid)
    starts = {span.start for span in spans}
    return next(span.end for span in spans if span.end not in starts)


def test_bytes_by_address(kernel: Kernel, actor: str, at: At) -> None:
    with Debugger() as dbg:
        memory = dbg.spawn([actor, "count", "1"]).memory
        place = at("counter")
        memory[place : place + 4] = b"abcd"
        assert memory[place : place + 4] == b"abcd"
        memory[place] = 0x7A
        assert memory[place] == 0x7A
        assert memory.read(place, 3) == b"zbc"
        assert memory.read(place, 0) == b""


def test_reading_ends_where_the_map_does(kernel: Kernel, actor: str) -> None:
    with Debugger() as dbg:
        process = dbg.spawn([actor, "count", "1"])
        end = edge(process.pid)
        assert len(process.memory.read(end - 10, 100)) == 10
        assert len(process.memory.read(end - PAGE - 10, 3 * PAGE)) == PAGE + 10
        with pytest.raises(KernelError) as caught:
            process.memory.read(end, 1)
        assert caught.value.name == "EFAULT"


def test_writing_says_how_far_it_came(kernel: Kernel, actor: str) -> None:
    with Debugger() as dbg:
        process = dbg.spawn([actor, "count", "1"])
        end = edge(process.pid)
        with pytest.raises(KernelError) as caught:
            process.memory.write(end - 10, b"x" * 20)
        assert (caught.value.name, caught.value.transferred) == ("EFAULT", 10)
        assert process.memory.read(end - 10, 10) == b"x" * 10


def test_text(kernel: Kernel, actor: str, at: At) -> None:
    with Debugger() as dbg:
        memory = dbg.spawn([actor, "count", "1"]).memory
        place = at("stacks")
        memory.write(place, b"hello\0" + b"y" * 600)
        assert memory.read_text(place) == "hello"
        assert memory.read_text(place, limit=3) == "hel"
        assert memory.read_text(place + 6) == "y" * 600
        assert memory.read_text(place + 6, limit=300) == "y" * 300


def test_text_at_the_end_of_the_map(kernel: Kernel, actor: str) -> None:
    with Debugger() as dbg:
        process = dbg.spawn([actor, "count", "1"])
        end = edge(process.pid)
        process.memory.write(end - 5, b"abcde")
        assert process.memory.read_text(end - 5) == "abcde"


def test_wrong_slices_and_ranges(kernel: Kernel, actor: str, at: At) -> None:
    with Debugger() as dbg:
        memory = dbg.spawn([actor, "count", "1"]).memory
        place = at("counter")
        with pytest.raises(ValueError):
            _ = memory[place : place + 8 : 2]
        with pytest.raises(ValueError):
            _ = memory[: place]
        with pytest.raises(ValueError):
            memory[place : place + 4] = b"abc"
        with pytest.raises(ValueError):
            memory[place] = 256
        with pytest.raises(TypeError):
            memory[place] = b"a"  # type: ignore[call-overload]
        with pytest.raises(ValueError):
            memory.read(place, -1)
        with pytest.raises(ValueError):
            memory.read((1 << 64) - 4, 8)
        with pytest.raises(TypeError):
            memory.read("0", 1)  # type: ignore[arg-type]


def test_registers_by_neutral_and_machine_names(kernel: Kernel, actor: str, at: At) -> None:
    with Debugger() as dbg:
        process = dbg.spawn([actor, "count", "1"])
        registers = process.registers
        assert registers.pc == registers["rip"] == at("_start")
        registers["r12"] = 1 << 63
        process.registers = registers
        assert process.thread.registers["r12"] == 1 << 63
        with pytest.raises(ValueError):
            registers.pc = -1
        with pytest.raises(KeyError):
            _ = registers["eax"]
        with pytest.raises(TypeError):
            process.registers = {"rip": 1}  # type: ignore[assignment]


def test_the_name_of_a_thread(kernel: Kernel, actor: str) -> None:
    with Debugger() as dbg:
        process = dbg.spawn([actor, "count", "1"])
        assert process.thread.name == "actor"
        assert process.threads == (process.thread,)
        assert str(process.pid) in repr(process.thread)
