"""What an emulated machine takes from the host, it gives back."""

from __future__ import annotations

import gc
import signal
import sys
import threading
import time
import weakref
from collections.abc import Iterator
from contextlib import contextmanager
from types import FrameType

import pytest

from bsdproc.emulator.machine import (
    AddressSpace,
    Context,
    Engine,
    EngineError,
    MemoryFault,
    Stop,
)
from bsdproc.emulator.machine.cpu import BP, Cpu
from bsdproc.emulator.machine.physical import OutOfFrames

from .programs import DATA, TEXT, Program, make


def resident_kilobytes() -> int:
    with open("/proc/self/statm") as file:
        return int(file.read().split()[1]) * 4


def one_life(engine: Engine | None) -> None:
    space = AddressSpace(engine=engine)
    space.map(TEXT, 0x1000, 5, contents=bytes.fromhex("c60041" "0f05"))
    space.map(DATA, 0x10000, 3)
    context = Context()
    context.set("rip", TEXT)
    context.set("rax", DATA)
    assert space.cpu.run(context, 10) is Stop.SYSCALL
    child = space.fork()
    child.write(DATA, b"x")
    child.close()
    space.close()
    space.close()


def test_a_thousand_address_spaces() -> None:
    """Frames all come back; the host's memory grows by less than a kilobyte each."""
    engine = Engine(64 << 20)
    one_life(engine)
    before = len(engine.memory)
    for _ in range(100):
        one_life(engine)
    kilobytes = resident_kilobytes() if sys.platform == "linux" else 0
    for _ in range(1000):
        one_life(engine)
    assert len(engine.memory) == before
    assert len(engine.code_frames) == 0
    if kilobytes:
        assert resident_kilobytes() - kilobytes < 1000
    engine.close()
    engine.close()


@pytest.mark.skipif(sys.platform != "linux", reason="reads /proc/self/statm")
def test_a_hundred_engines() -> None:
    for _ in range(10):
        one_life(None)
    before = resident_kilobytes()
    for _ in range(100):
        one_life(None)
    assert resident_kilobytes() - before < 20_000


def test_an_engine_nobody_holds_goes() -> None:
    space = AddressSpace()
    space.map(TEXT, 0x1000, 5, contents=b"\x90" * 8)
    context = Context()
    context.set("rip", TEXT)
    space.cpu.run(context, 1)
    engine = weakref.ref(space.engine)
    finalizer = space.engine._finalizer
    del space, context
    gc.collect()
    assert engine() is None
    assert not finalizer.alive


def test_the_last_of_a_family_closes_its_engine() -> None:
    space = AddressSpace()
    child = space.fork()
    engine = space.engine
    space.close()
    assert not engine.closed
    child.close()
    assert engine.closed


def test_an_engine_of_many_stays(engine: Engine) -> None:
    AddressSpace(engine=engine).close()
    assert not engine.closed


def test_closing_under_a_held_error() -> None:
    engine = Engine(16 << 20)
    space, _ = make(engine, "90")
    with pytest.raises(MemoryFault) as e:
        space.read(TEXT + 0x1000, 0x2000)
    space.close()
    engine.close()
    assert e.value.done == 0x1000


def test_nothing_runs_when_all_is_closed() -> None:
    engine = Engine(16 << 20)
    space, context = make(engine, "90" "90")
    other, _ = make(engine, "90")
    other.cpu.run(context, 1)
    space.close()
    with pytest.raises(EngineError, match="address space is closed"):
        space.cpu.run(context, 1)
    engine.close()
    for cpu in (space.cpu, other.cpu):
        with pytest.raises(EngineError, match="machine is closed"):
            cpu.run(context, 1)
    with pytest.raises(ValueError, match="closed"):
        other.read(TEXT, 1)


def test_memory_runs_out_by_name() -> None:
    engine = Engine(64 * 4096)
    space = AddressSpace(engine=engine)
    space.map(DATA, 1 << 20, 3)
    space.map(TEXT, 0x1000, 5, contents=bytes.fromhex("488900" "480500100000" "ebf5"))
    with pytest.raises(OutOfFrames, match="all 63 page frames"):
        space.write(DATA, bytes(1 << 20))
    space.unmap(DATA, 1 << 20)
    space.map(DATA, 1 << 20, 3)
    context = Context()
    context.set("rip", TEXT)
    context.set("rax", DATA)
    with pytest.raises(OutOfFrames):
        space.cpu.run(context, 10_000)
    space.unmap(DATA + 0x1000, 0x10000)
    assert context.get("rip") == TEXT
    space.close()
    engine.close()


@contextmanager
def interrupts(every: float) -> Iterator[list[int]]:
    """Ctrl-C again and again, let through while `Cpu.run` is at work; counts them."""
    count = [0]

    def handler(_: int, frame: FrameType | None) -> None:
        while frame is not None:
            if frame.f_code is Cpu.run.__code__:
                count[0] += 1
                raise KeyboardInterrupt
            frame = frame.f_back

    gc.collect()
    gc.disable()  # what it would run inside Cpu.run is none of ours
    old = signal.signal(signal.SIGALRM, handler)
    signal.setitimer(signal.ITIMER_REAL, every, every)
    try:
        yield count
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0)
        signal.signal(signal.SIGALRM, old)
        gc.enable()


@pytest.mark.skipif(not hasattr(signal, "setitimer"), reason="has no interval timers")
@pytest.mark.parametrize(
    ("code", "stop"),
    [
        ("48ffc3" "0f05" "ebf9", Stop.SYSCALL),
        ("48ffc3" "cc" "ebfa", Stop.EXCEPTION),
        ("48ffc3" "8900" "ebf9", Stop.EXCEPTION),
    ],
)
def test_interrupts_lose_nothing(program: Program, code: str, stop: Stop) -> None:
    """Every system call and every breakpoint is reported once, however often Ctrl-C comes."""
    space, context = program(code)
    seen = 0
    with interrupts(0.0005) as count:
        while count[0] < 100:
            try:
                reason = space.cpu.run(context, 1000)
            except KeyboardInterrupt:
                continue
            assert reason is stop
            seen += 1
            if space.cpu.vector == 14:
                context.set("rip", TEXT + 5)
    assert space.cpu.run(context, 1000) is stop
    seen += 1
    assert seen == context.get("rbx")


@pytest.mark.skipif(not hasattr(signal, "setitimer"), reason="has no interval timers")
def test_interrupts_do_not_change_what_is_computed(program: Program) -> None:
    """A loop of stores, sliced and interrupted: still the same sum."""
    space, context = program("48ffc3" "48011c25" "00005000" "4881fb" "40420f00" "75ec" "0f05")
    interrupted = 0
    with interrupts(0.0005) as count:
        while True:
            try:
                if space.cpu.run(context, 50_000) is Stop.SYSCALL:
                    break
            except KeyboardInterrupt:
                interrupted += 1
        assert count[0] == interrupted
    assert context.get("rbx") == 1_000_000
    assert int.from_bytes(space.read(DATA, 8), "little") == 500_000_500_000


def test_control_c_ends_a_long_run(program: Program) -> None:
    space, context = program("ebfe")
    threading.Timer(0.05, signal.raise_signal, (signal.SIGINT,)).start()

    def for_long() -> None:
        until = time.monotonic() + 60
        while time.monotonic() < until:
            space.cpu.run(context, 100_000)

    gc.disable()  # what it calls swallows exceptions
    try:
        with pytest.raises(KeyboardInterrupt):
            for_long()
    finally:
        gc.enable()
    space.write(TEXT, b"\xcc")
    assert space.cpu.run(context, 1) is Stop.EXCEPTION
    assert space.cpu.vector == BP
