"""Ctrl-C at any moment of a session with an emulated kernel, its own code included: the
exception comes, what was begun is ended, and the kernel is whole.

`tests/debugger/test_interruptions.py` is about each call that a session makes of any kernel.
"""

from __future__ import annotations

import gc
import io
import os
import random
import signal
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from types import ModuleType
from typing import TYPE_CHECKING, TypeVar

import pytest

from bsdproc import Debugger, Reaper, dragonfly, emulator, events, freebsd, netbsd
from bsdproc.emulator import interrupts
from bsdproc.kernel import Kernel
from bsdproc.tools.main import main

if TYPE_CHECKING:
    from _typeshed import ReadableBuffer

pytestmark = pytest.mark.emulated

PROGRAMS = Path(__file__).resolve().parents[2] / "examples" / "programs" / "bin"
SYSTEMS = ("freebsd", "netbsd", "dragonfly")
SURFACES: dict[str, ModuleType] = {"freebsd": freebsd, "netbsd": netbsd, "dragonfly": dragonfly}
MOMENTS = 20
"""Of each session, at random: the seed is the system's and the session's name."""

Machine = emulator.FreeBSD | emulator.NetBSD | emulator.DragonFly
Session = Callable[[Machine], None]
D = TypeVar("D", Debugger, Reaper)


def program(system: str, name: str) -> Path:
    return PROGRAMS / ("" if system == "freebsd" else system) / name


@contextmanager
def machine(system: str) -> Iterator[Machine]:
    """A kernel of that system with hello and ticker."""
    made = {"freebsd": emulator.FreeBSD, "netbsd": emulator.NetBSD,
            "dragonfly": emulator.DragonFly}[system]
    kernel: Machine
    with made(stdout=io.BytesIO()) as kernel:
        for name in ("hello", "ticker"):
            kernel.install(f"/bin/{name}", program(system, name))
        yield kernel


def pids(kernel: Kernel) -> set[int]:
    return {p.pid for p in SURFACES[kernel.system].kinfo.processes(kernel=kernel)}


# -- sessions ----------------------------------------------------------------------
@contextmanager
def ended(opened: D) -> Iterator[D]:
    """A debugger's block.  Python lets an exception in before the end of a block has done
    anything: who catches it closes once more."""
    try:
        with opened:
            yield opened
    except KeyboardInterrupt:
        opened.close()
        raise


def traces(kernel: Machine) -> None:
    with ended(Debugger(follow_fork=kernel.system != "dragonfly", syscalls=True)) as debugger:
        process = debugger.spawn(["/bin/hello"])
        process.breakpoints.add(process.thread.pc)
        for event in debugger:
            assert event.process in debugger.processes.values() or isinstance(
                event, events.Exited)


def steps(kernel: Machine) -> None:
    with ended(Debugger()) as debugger:
        process = debugger.spawn(["/bin/hello"])
        for _ in range(40):
            process.step()
            assert isinstance(debugger.wait(), events.Stepped)


def attaches(kernel: Machine) -> None:
    surface = SURFACES[kernel.system]
    pid = next(p.pid for p in surface.kinfo.processes() if p.comm == "ticker")
    # DragonFly's kernel owes a process SIGTRAP that sleeps in a call which it steps over,
    # whoever has detached from it meanwhile.
    with ended(Debugger(syscalls=kernel.system != "dragonfly")) as debugger:
        process = debugger.attach(pid)
        for _ in range(6):
            if kernel.system == "dragonfly":
                with suppress(TimeoutError):
                    debugger.wait(0.02)
                process.interrupt()
            debugger.wait()


def supervises(kernel: Machine) -> None:
    with ended(Reaper()) as reaper:
        reaper.spawn(["/bin/ticker", "daemon"])
        kernel.settle(0.03)
        reaper.kill_all()


def lists(kernel: Machine) -> None:
    kinfo = SURFACES[kernel.system].kinfo
    for _ in range(3):
        for process in kinfo.processes():
            if process.comm == "ticker":
                getattr(kinfo, "vmmap", kinfo.pathname)(process.pid)
                kinfo.process(process.pid)
        kernel.settle(0.01)


SESSIONS = [(system, session) for system in SYSTEMS
            for session in (traces, steps, attaches, supervises, lists)
            if (system, session) != ("netbsd", supervises)]


# -- what is there afterwards -------------------------------------------------------
def whole(kernel: Machine, before: set[int]) -> None:
    """Nobody is left, ticker ticks on, and another program runs to its end."""
    kernel.settle(0.1)      # a child that is not followed ends by itself
    with suppress(ChildProcessError):
        while kernel.wait4(-1, 1, False).pid:       # WNOHANG
            pass
    assert pids(kernel) == before
    with Debugger() as debugger:
        debugger.spawn(["/bin/hello"])
        *_, last = debugger
    assert isinstance(last, events.Exited)
    assert last.status == 0


# One that is lost in a finalizer is no failure of the kernel's.
@pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning")
@pytest.mark.slow
@pytest.mark.parametrize(("system", "session"), SESSIONS,
                         ids=[f"{system}-{session.__name__}" for system, session in SESSIONS])
def test_random_moments(system: str, session: Session) -> None:
    chosen = random.Random(f"{system} {session.__name__}")
    with machine(system) as kernel, alarms():
        kernel.spawn("/bin/ticker", ["ticker"])
        kernel.settle(0.02)
        before = pids(kernel)
        descriptors, threads = os.listdir("/dev/fd"), threading.active_count()
        session(kernel)
        began = time.perf_counter()
        session(kernel)
        lasts = time.perf_counter() - began
        interrupted = 0
        for _ in range(MOMENTS):
            try:
                try:
                    signal.setitimer(signal.ITIMER_REAL, chosen.uniform(1e-6, lasts))
                    session(kernel)
                finally:
                    signal.setitimer(signal.ITIMER_REAL, 0)
                arrived()
            except KeyboardInterrupt:
                interrupted += 1
            whole(kernel, before)
        assert interrupted
        assert os.listdir("/dev/fd") == descriptors
        assert threading.active_count() == threads


def arrived() -> None:
    """What is due comes, and soon."""
    until = time.monotonic() + 10
    while interrupts.due:
        assert time.monotonic() < until
        time.sleep(0.001)
    time.sleep(0.001)


@contextmanager
def alarms() -> Iterator[None]:
    """The timer is Ctrl-C.  The collector stands still: an exception in a generator that it
    closes is lost."""
    before = signal.signal(signal.SIGALRM, lambda *_: signal.raise_signal(signal.SIGINT))
    gc.disable()
    try:
        yield
    finally:
        gc.enable()
        signal.signal(signal.SIGALRM, before)


class AtTurn(list[int]):
    """Ctrl-C when the kernel looks for it for the n-th time."""

    left = 0

    def __bool__(self) -> bool:
        self.left -= 1
        if self.left == 0:
            self.append(signal.SIGINT)
        return len(self) > 0


@pytest.mark.slow
@pytest.mark.parametrize("session", [traces, attaches])
@pytest.mark.parametrize("system", SYSTEMS)
def test_every_turn_of_a_wait(
        system: str, session: Session, monkeypatch: pytest.MonkeyPatch) -> None:
    turns = AtTurn()
    monkeypatch.setattr(interrupts, "due", turns)
    with machine(system) as kernel:
        kernel.spawn("/bin/ticker", ["ticker"])
        kernel.settle(0.02)
        before, turn, interrupted = pids(kernel), 0, True
        while interrupted:
            turn += 61 if system == "dragonfly" else 1       # each step of its is one
            turns.left, interrupted = turn, False
            try:
                session(kernel)
            except KeyboardInterrupt:
                interrupted = True
            turns.left = 0
            turns.clear()
            whole(kernel, before)
        assert turn > 5


# -- the handler ----------------------------------------------------------------------
def test_it_is_there_while_a_block_is_open() -> None:
    mine = signal.getsignal(signal.SIGINT)
    with emulator.FreeBSD():
        inside = signal.getsignal(signal.SIGINT)
        with emulator.NetBSD():
            assert signal.getsignal(signal.SIGINT) is inside
        assert signal.getsignal(signal.SIGINT) is inside is not mine
    assert signal.getsignal(signal.SIGINT) is mine


def test_what_the_user_sets_stays() -> None:
    mine = signal.getsignal(signal.SIGINT)
    try:
        with emulator.FreeBSD():
            signal.signal(signal.SIGINT, signal.SIG_IGN)
        assert signal.getsignal(signal.SIGINT) is signal.SIG_IGN
        with emulator.FreeBSD():
            assert signal.getsignal(signal.SIGINT) is signal.SIG_IGN
    finally:
        signal.signal(signal.SIGINT, mine)


def test_a_handler_of_the_users_is_called() -> None:
    called: list[int] = []
    mine = signal.signal(signal.SIGINT, lambda number, _: called.append(number))
    try:
        with machine("freebsd") as kernel:
            signal.raise_signal(signal.SIGINT)
            assert called == [signal.SIGINT]
            threading.Timer(0.05, signal.raise_signal, (signal.SIGINT,)).start()
            kernel.spawn("/bin/ticker", ["ticker"])
            while len(called) < 2:
                kernel.settle(1)
    finally:
        signal.signal(signal.SIGINT, mine)


class TooLong(Exception):
    """What a handler of the user's raises."""


def traces_on(kernel: Machine) -> None:
    """For much longer than until any alarm."""
    until = time.monotonic() + 30
    while time.monotonic() < until:
        traces(kernel)


@pytest.mark.parametrize("system", SYSTEMS)
def test_a_timeout_of_the_users(system: str) -> None:
    """A handler that was there before the block, for another signal: what it raises comes
    between two things that the kernel does, whose processes are all there then."""
    def late(number: int, frame: object) -> None:
        raise TooLong

    before = signal.signal(signal.SIGALRM, late)
    chance = random.Random(system)
    try:
        for _ in range(6):
            with machine(system) as kernel:
                traces(kernel)      # an import that is broken off leaves its file to warn
                signal.setitimer(signal.ITIMER_REAL, chance.uniform(0.001, 0.04))
                with pytest.raises(TooLong):
                    traces_on(kernel)
                signal.setitimer(signal.ITIMER_REAL, 0)
                assert len(pids(kernel) - {-1, 0, 1, kernel.getpid()}) <= 1
                assert signal.getsignal(signal.SIGALRM) is not late
            assert signal.getsignal(signal.SIGALRM) is late
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0)
        signal.signal(signal.SIGALRM, before)


def collects() -> None:
    gc.collect()
    arrived()


@pytest.mark.parametrize("phase", ["start", "stop"])
def test_one_that_comes_while_garbage_is_collected(phase: str) -> None:
    """Python calls what is in gc.callbacks, as hypothesis's clock, and swallows what it
    raises: that was the place where a signal's handler ran that came in the meantime."""
    times = 0

    def called(now: str, info: dict[str, int]) -> None:
        nonlocal times
        if now == phase:
            times += 1
            if times == 1:
                signal.raise_signal(signal.SIGINT)

    with emulator.FreeBSD():
        gc.callbacks.append(called)
        try:
            with pytest.raises(KeyboardInterrupt):
                collects()
        finally:
            gc.callbacks.remove(called)
    assert times


def test_a_child_that_runs_python_is_interrupted() -> None:
    def work(_: Kernel) -> None:
        signal.raise_signal(signal.SIGINT)

    with emulator.FreeBSD() as kernel:
        before = pids(kernel)
        with pytest.raises(KeyboardInterrupt):
            kernel.run_child(work)
        assert pids(kernel) == before


class Rings(io.BytesIO):
    """Ctrl-C comes while a program's output is written."""

    def write(self, data: ReadableBuffer) -> int:
        signal.raise_signal(signal.SIGINT)
        return super().write(data)


def test_one_that_breaks_off_the_last_write() -> None:
    """No turn of the kernel's comes that would take it."""
    def looks(kernel: Kernel) -> None:
        for _ in range(100):
            kernel.wait4(-1, 1, False)      # WNOHANG: each thread has one turn
            arrived()

    with emulator.FreeBSD(stdout=Rings()) as kernel:
        kernel.install("/bin/hello", program("freebsd", "hello"))
        kernel.spawn("/bin/hello", ["hello"])
        with pytest.raises(KeyboardInterrupt):
            looks(kernel)


def test_a_reader_that_does_not_read() -> None:
    """A program writes into a pipe that is full, as of a pager: Ctrl-C gets through."""
    reader, writer = os.pipe()
    os.set_blocking(writer, False)
    with suppress(BlockingIOError):
        while True:
            os.write(writer, bytes(4096))
    os.set_blocking(writer, True)
    reading = threading.Event()

    def press_and_read() -> None:
        time.sleep(0.2)
        os.kill(os.getpid(), signal.SIGINT)
        reading.wait(10)
        while os.read(reader, 4096):
            pass

    pager = threading.Thread(target=press_and_read)
    with (open(writer, "wb", buffering=0) as full, emulator.FreeBSD(stdout=full) as kernel,
          Debugger() as debugger):
        kernel.install("/bin/hello", program("freebsd", "hello"))
        debugger.spawn(["/bin/hello"])
        pager.start()
        with pytest.raises(KeyboardInterrupt):
            list(debugger)
        assert not reading.is_set()
        reading.set()
    pager.join()
    os.close(reader)


@pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning")
@pytest.mark.slow
@pytest.mark.parametrize("system", SYSTEMS)
def test_truss(system: str, capfd: pytest.CaptureFixture[str]) -> None:
    chosen = random.Random(f"truss {system}")
    emulated = f"{system}/{'x86_64' if system == 'dragonfly' else 'amd64'}"
    words = ["truss", "--emulate", emulated, str(program(system, "hello"))]
    with alarms():
        began = time.perf_counter()
        assert main(words) == 0
        lasts = time.perf_counter() - began
        descriptors = os.listdir("/dev/fd")
        for _ in range(20):
            with suppress(KeyboardInterrupt):       # while it begins and ends
                try:
                    signal.setitimer(signal.ITIMER_REAL, chosen.uniform(1e-6, lasts))
                    assert main(words) in (0, 130)
                finally:
                    signal.setitimer(signal.ITIMER_REAL, 0)
                time.sleep(0.001)
            assert signal.getsignal(signal.SIGINT) is signal.default_int_handler
        assert os.listdir("/dev/fd") == descriptors
    assert "Traceback" not in capfd.readouterr().err
