"""setitimer(2) and ktimer_create(2) in tracees."""

from __future__ import annotations

import struct

import pytest

from bsdproc.kernel import Kernel

from .conftest import Hold
from .held import ROOM, Held

pytestmark = pytest.mark.privileged

OLD, CODE = ROOM + 0x100, ROOM + 0x800
SETITIMER, GETITIMER = 83, 86
CREATE, DELETE, SETTIME, GETTIME, OVERRUN = range(235, 240)
SIGACTION, SIGPROCMASK = 416, 340
REAL, VIRTUAL, PROF = range(3)
SIGALRM, SIGVTALRM, SIGPROF, SIGUSR1 = 14, 26, 27, 30
SIGNALS = (SIGALRM, SIGVTALRM, SIGPROF)
EFAULT, EINVAL = 14, 22
SI_KERNEL, SI_TIMER = 0x10006, 0x10003
Spec = tuple[int, int, int, int]
NOTHING = (0, 0, 0, 0)


def spec(t: Held, at: int = ROOM) -> Spec:
    a, b, c, d = struct.unpack("<4q", t.read(at, 32))
    return a, b, c, d


def itimer(t: Held, which: int, *words: int) -> int:
    """Set it; what it was is at `OLD`."""
    t.write(ROOM, struct.pack("<4q", *words))
    return t.call(SETITIMER, which, ROOM, OLD)[0]


def create(t: Held, how: int = 1, signal: int = SIGUSR1, value: int = 77, tid: int = 0,
           clock: int = 4) -> tuple[int, int]:
    """The errno and the timer's number."""
    t.write(ROOM, struct.pack("<iiqi", how, signal, value, tid).ljust(80, b"\0"))
    errno, _ = t.call(CREATE, clock, ROOM, OLD)
    return errno, struct.unpack("<i", t.read(OLD, 4))[0]


def settime(t: Held, number: int, *words: int, flags: int = 0) -> int:
    t.write(ROOM, struct.pack("<4q", *words))
    return t.call(SETTIME, number, flags, ROOM, OLD)[0]


def told(kernel: Kernel, t: Held) -> tuple[int, int, int, int, int]:
    """si_signo, si_code, si_value, and a timer's number and overruns."""
    layout = kernel.target.struct("struct ptrace_lwpinfo")
    buffer = kernel.buffer(layout.size)
    kernel.ptrace(kernel.target.constants["PT_LWPINFO"], t.pid, buffer, layout.size)
    at = layout.field("pl_siginfo").offset
    data = buffer.read()
    signo, code = struct.unpack_from("<i4xi", data, at)
    return signo, code, *struct.unpack_from("<qii", data, at + 32)


# -- setitimer -----------------------------------------------------------------------
@pytest.mark.parametrize("which", [REAL, VIRTUAL, PROF])
@pytest.mark.parametrize("words", [
    (0, 0, -1, 0), (0, 0, 0, 1000000), (0, 0, 0, -1), (-1, 0, 1, 0), (0, -1, 1, 0),
    (0, 0, 1 << 40, 0), (1 << 40, 0, 1, 0), (0, 0, (1 << 30), 0)])
def test_times_that_are_refused(t: Held, which: int, words: Spec) -> None:
    """What was set before stays."""
    assert itimer(t, which, 7, 0, 1000, 0) == 0
    assert itimer(t, which, *words) == EINVAL
    t.call(GETITIMER, which, ROOM)
    assert spec(t)[:2] == (7, 0)


@pytest.mark.parametrize("which", [REAL, VIRTUAL, PROF])
def test_what_was_set_is_told(t: Held, which: int) -> None:
    assert itimer(t, which, 3, 7, 100, 5) == 0
    assert spec(t, OLD) == NOTHING
    assert itimer(t, which, -1, 9, 0, 0) == 0, "it is stopped: the interval does not matter"
    interval, part, left, _ = spec(t, OLD)
    assert (interval, part) == (3, 7)
    assert left in (99, 100)
    assert t.call(GETITIMER, which, ROOM)[0] == 0
    assert spec(t) == NOTHING


def test_timers_that_there_are_not(t: Held) -> None:
    assert [t.call(GETITIMER, which, ROOM)[0] for which in (3, -1)] == [EINVAL] * 2
    assert [itimer(t, which, *NOTHING) for which in (3, -1)] == [EINVAL] * 2
    assert t.call(GETITIMER, REAL, 0)[0] == EFAULT
    assert t.call(SETITIMER, REAL, 0, OLD)[0] == 0, "it is getitimer()"
    assert t.call(SETITIMER, REAL, 0, 0)[0] == EFAULT
    assert t.call(SETITIMER, 3, 0, OLD)[0] == EINVAL


@pytest.mark.parametrize("which", [REAL, VIRTUAL, PROF])
def test_its_signal_comes(t: Held, kernel: Kernel, which: int) -> None:
    assert itimer(t, which, 0, 0, 0, 30000) == 0
    assert t.go() == SIGNALS[which] << 8 | 0x7F
    assert told(kernel, t)[:2] == (SIGNALS[which], SI_KERNEL)
    t.call(GETITIMER, which, ROOM)
    assert spec(t) == NOTHING


def test_it_comes_again(t: Held) -> None:
    assert itimer(t, REAL, 0, 20000, 0, 20000) == 0
    for _ in range(3):
        assert t.go() == SIGALRM << 8 | 0x7F
    assert itimer(t, REAL, *NOTHING) == 0


def test_an_alarm_outlives_execve_and_ends_with_its_process(
    kernel: Kernel, hold: Hold
) -> None:
    t = hold("execer")
    t.map(ROOM, 4096, 3)
    assert itimer(t, REAL, 0, 0, 1000, 0) == 0
    for _ in range(50):
        if t.go() & 0x7F != 0x7F:
            break
        if t.call(20)[0] == 0 and t.map(ROOM, 4096, 3) == 0:
            t.call(GETITIMER, REAL, ROOM)
            assert 0 < spec(t)[2] <= 1000


# -- ktimer ----------------------------------------------------------------------------
@pytest.mark.parametrize(("how", "signal", "errno"), [
    (0, 0, 0), (0, 129, 0), (1, 0, EINVAL), (1, 30, 0), (1, 128, 0), (1, 129, EINVAL),
    (1, -1, EINVAL), (2, 30, EINVAL), (3, 30, EINVAL), (4, 30, 0), (4, 0, EINVAL),
    (5, 30, EINVAL)])
def test_whom_a_timer_tells(t: Held, how: int, signal: int, errno: int) -> None:
    assert create(t, how, signal)[0] == errno


def test_numbers_of_timers(t: Held) -> None:
    """From 3 on, up to 31; without an event SIGALRM comes with the number."""
    assert [t.call(CREATE, clock, 0, OLD)[0] for clock in (1, 2, 5, 9, 13, 14, 15, 99, -1)] == [
        EINVAL] * 9
    assert [create(t)[1] for _ in range(3)] == [3, 4, 5]
    assert [t.call(DELETE, number)[0] for number in (4, 4, 0, 2, -1, 99)] == [0] + [EINVAL] * 5
    assert create(t) == (0, 4)
    assert [create(t)[0] for _ in range(27)] == [0] * 26 + [35]


def test_timers_of_ones_own_that_there_are_not(t: Held) -> None:
    for number in (0, 2, 3, 99, -1):
        assert settime(t, number, 0, 0, 1, 0) == EINVAL
        assert t.call(GETTIME, number, ROOM)[0] == t.call(OVERRUN, number)[0] == EINVAL
    assert t.call(SETTIME, 99, 0, 0, 0)[0] == EFAULT


@pytest.mark.parametrize("words", [
    (0, 0, 0, 10**9), (0, 0, 0, -1), (0, 0, -1, 0), (0, -1, 1, 0), (-1, 0, 1, 0)])
def test_times_that_timers_refuse(t: Held, words: Spec) -> None:
    _, number = create(t)
    assert settime(t, number, 1, 5, 50, 3) == 0
    assert settime(t, number, *words) == EINVAL
    t.call(GETTIME, number, ROOM)
    assert spec(t)[:2] == (1, 5_000_000 if spec(t)[1] > 5 else 5) or spec(t)[0] == 1
    assert settime(t, number, -1, 0, 0, 0) == 0, "it is stopped"
    assert spec(t, OLD)[0] == 1
    t.call(GETTIME, number, ROOM)
    assert spec(t) == NOTHING


@pytest.mark.parametrize("clock", [0, 4])
def test_a_timer_s_signal_says_which(t: Held, kernel: Kernel, clock: int) -> None:
    _, number = create(t, value=-5, clock=clock)
    assert settime(t, number, 0, 0, 0, 30_000_000) == 0
    assert t.go() == SIGUSR1 << 8 | 0x7F
    assert told(kernel, t)[:4] == (SIGUSR1, SI_TIMER, -5, number)
    assert t.call(CREATE, clock, 0, OLD)[0] == 0
    number = struct.unpack("<i", t.read(OLD, 4))[0]
    assert settime(t, number, 0, 0, 0, 30_000_000) == 0
    assert t.go() == SIGALRM << 8 | 0x7F
    signo, code, value, which, _ = told(kernel, t)
    assert (signo, code, value & 0xFFFFFFFF, which) == (SIGALRM, SI_TIMER, number, number)


def test_a_time_that_has_been_is_due_at_once(t: Held) -> None:
    _, number = create(t, clock=0)
    assert settime(t, number, 0, 0, 5, 0, flags=1) == 0
    assert t.go() == SIGUSR1 << 8 | 0x7F


def test_what_tells_nobody_runs_all_the_same(t: Held, kernel: Kernel) -> None:
    _, number = create(t, 0, 0)
    assert settime(t, number, 0, 0, 0, 20_000_000) == 0
    kernel.ptrace(7, t.pid, 1, 0)
    kernel.settle(0.3)
    kernel.kill(t.pid, SIGUSR1)
    t.wait()
    t.call(GETTIME, number, ROOM)
    assert spec(t) == NOTHING


def test_one_signal_waits_and_the_others_are_counted(t: Held, kernel: Kernel) -> None:
    """Until it is taken: then ktimer_getoverrun(2) tells of it."""
    _, number = create(t)
    t.write(ROOM, (1 << SIGUSR1 - 1).to_bytes(16, "little"))
    assert t.call(SIGPROCMASK, 1, ROOM, 0)[0] == 0
    assert settime(t, number, 0, 20_000_000, 0, 20_000_000) == 0
    kernel.ptrace(7, t.pid, 1, 0)
    kernel.settle(0.5)
    kernel.kill(t.pid, SIGALRM)
    assert t.wait() == SIGALRM << 8 | 0x7F
    assert settime(t, number, *NOTHING) == 0
    t.write(ROOM, bytes(16))
    assert t.call(SIGPROCMASK, 3, ROOM, 0)[0] == 0
    t.write(ROOM, struct.pack("<Qi16x", CODE, 0x40))
    assert t.call(SIGACTION, SIGUSR1, ROOM, 0)[0] == 0
    t.write(CODE, b"\xcc")
    assert t.go() == SIGUSR1 << 8 | 0x7F
    assert told(kernel, t) == (SIGUSR1, SI_TIMER, 77, number, 0), "the tracer is not told"
    assert t.call(OVERRUN, number) == (0, 0)
    assert t.go(SIGUSR1) == 5 << 8 | 0x7F
    layout = kernel.target.struct("struct reg")
    registers = kernel.buffer(layout.size)
    kernel.ptrace(kernel.target.constants["PT_GETREGS"], t.pid, registers, 0)
    frame = layout.get(registers.read(), "r_rsi")
    assert isinstance(frame, int)
    which, overrun = struct.unpack("<ii", t.read(frame + 40, 8))
    assert which == number
    assert overrun > 3
    assert t.call(OVERRUN, number) == (0, overrun)


def test_a_deleted_timer_takes_its_signal_along(t: Held, kernel: Kernel) -> None:
    _, number = create(t)
    t.write(ROOM, (1 << SIGUSR1 - 1).to_bytes(16, "little"))
    t.call(SIGPROCMASK, 1, ROOM, 0)
    assert settime(t, number, 0, 0, 0, 20_000_000) == 0
    kernel.ptrace(7, t.pid, 1, 0)
    kernel.settle(0.3)
    kernel.kill(t.pid, SIGALRM)
    t.wait()
    assert t.call(DELETE, number)[0] == 0
    assert t.call(343, ROOM)[0] == 0
    assert int.from_bytes(t.read(ROOM, 16), "little") >> SIGUSR1 - 1 & 1 == 0
