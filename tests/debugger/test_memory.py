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


def test_text_ends_at_its_nul_or_the_limit(kernel: Kernel, actor: str, at: At) -> None:
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


def test_a_range_far_larger_than_the_map(kernel: Kernel, actor: str) -> None:
    with Debugger() as dbg:
        process = dbg.spawn([actor, "count", "1"])
        stack = next(span for span in freebsd.ptrace.vm_map(process.pid)
                     if span.start <= process.registers.sp < span.end)
        behind = process.memory.read(stack.start, 1 << 50)
        assert len(behind) >= stack.size
        assert behind[: stack.size] == process.memory[stack.start : stack.end]
        big = freebsd.ptrace.sc_remote(process.pid, 477, [0, 3 << 20, 3, 0x1002, -1, 0]).retval[0]
        process.memory[big + (2 << 20) - 2 : big + (2 << 20) + 2] = b"abcd"
        data = process.memory[big : big + (3 << 20)]
        assert (len(data), data.index(b"abcd")) == (3 << 20, (2 << 20) - 2)


def test_numbers_are_in_the_programs_byte_order(kernel: Kernel, actor: str, at: At) -> None:
    with Debugger() as dbg:
        process = dbg.spawn([actor, "count", "1"])
        memory, place = process.memory, at("counter")
        memory.write_int(place, -2)
        assert memory.read_int(place) == (1 << 64) - 2
        assert memory.read_int(place, signed=True) == -2
        assert memory.read_int(place, 1) == 0xFE
        memory.write_int(place, 0x1234, 2)
        assert memory.read(place, 4) == b"\x34\x12\xff\xff"
        with pytest.raises(ValueError, match="0x10000 does not fit 2 bytes"):
            memory.write_int(place, 1 << 16, 2)
        with pytest.raises(ValueError, match="does not fit 1 bytes"):
            memory.write_int(place, -129, 1)
        with pytest.raises(TypeError):
            memory.write_int(place, "1")  # type: ignore[arg-type]
        end = edge(process.pid)
        with pytest.raises(KernelError, match=f"EFAULT.*{end:#x}"):
            memory.read_int(end - 4)


def test_text_up_to_the_end_of_the_map(kernel: Kernel, actor: str) -> None:
    with Debugger() as dbg:
        process = dbg.spawn([actor, "count", "1"])
        end = edge(process.pid)
        process.memory.write(end - 256, b"z" * 256)
        assert process.memory.read_text(end - 256) == "z" * 256
        assert process.memory.read_text(end - 100) == "z" * 100
        assert process.memory.read_text(end - 256, 10) == "z" * 10


def test_errors_name_the_address(kernel: Kernel, actor: str) -> None:
    with Debugger() as dbg:
        process = dbg.spawn([actor, "count", "1"])
        memory = process.memory
        with pytest.raises(KernelError, match=r"EFAULT.*nothing accessible is mapped at 0x10\)"):
            memory.read(0x10, 4)
        with pytest.raises(KernelError, match=r"is mapped at 0x10\)"):
            memory.write(0x10, b"x")
        end = edge(process.pid)
        with pytest.raises(KernelError, match=f"is mapped at {end:#x}"):
            memory.write(end - 4, b"12345678")
        for wrong in (-1, 1 << 64):
            with pytest.raises(ValueError, match="is no address"):
                memory[wrong]
        with pytest.raises(ValueError, match="ends at 0x1000, before it starts at 0x2000"):
            memory[0x2000:0x1000]
        with pytest.raises(ValueError, match="a size of -1 bytes"):
            memory.read(0x1000, -1)
        with pytest.raises(TypeError, match="an address is an int, not str"):
            memory.read("0x1000", 1)  # type: ignore[arg-type]
        with pytest.raises(TypeError, match="an address is an int, not str"):
            memory["a":"b"]
        with pytest.raises(TypeError, match="bytes are to be written, not str"):
            memory.write(0x1000, "text")  # type: ignore[arg-type]
        with pytest.raises(TypeError, match="bytes are to be written, not int"):
            memory.write(0x1000, 5)  # type: ignore[arg-type]
        with pytest.raises(KeyError, match="no breakpoint at 0x5"):
            process.breakpoints.remove(5)
        with pytest.raises(ValueError, match="is no address"):
            process.watchpoints.add(1 << 64)
