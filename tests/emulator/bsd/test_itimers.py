"""setitimer(2) on every system, and timer_create(2) on NetBSD."""

from __future__ import annotations

import struct
from collections.abc import Iterator

import pytest

from .remote import FLAVOURS, SIGTRAP, SISTERS, Kernel, Remote

REAL, VIRTUAL, PROF = range(3)
SIGALRM, SIGVTALRM, SIGPROF, SIGUSR1 = 14, 26, 27, 30
SIGNALS = (SIGALRM, SIGVTALRM, SIGPROF)
SIG_BLOCK, SIG_SETMASK = 1, 3
STOPPED = 0x7F
Spec = tuple[int, int, int, int]
NOTHING = (0, 0, 0, 0)


def packed(*words: int) -> bytes:
    return struct.pack("<4q", *words)


def told(remote: Remote) -> Spec:
    """The interval and what is left, in seconds and fractions."""
    a, b, c, d = struct.unpack("<4q", remote.peek(remote.out, 32))
    return a, b, c, d


def get(remote: Remote, which: int) -> Spec:
    remote.call("getitimer", which, remote.out)
    return told(remote)


def comes(remote: Remote, status: int, signal: int) -> None:
    assert status == signal << 8 | STOPPED, hex(status)


# -- setitimer ---------------------------------------------------------------------
@pytest.mark.parametrize("which", [REAL, VIRTUAL, PROF])
def test_what_was_set_is_told(remote: Remote, which: int) -> None:
    assert remote.call("setitimer", which, packed(3, 70000, 100, 50000), remote.out) == 0
    assert told(remote) == NOTHING
    interval, part, left, _ = get(remote, which)
    assert (interval, part) == (3, 70000)
    assert left in (99, 100)
    remote.call("setitimer", which, packed(0, 0, 0, 0), remote.out)
    assert told(remote)[:2] == (3, 70000)
    assert get(remote, which) == NOTHING


@pytest.mark.parametrize("which", [REAL, VIRTUAL, PROF])
def test_its_signal_comes_once(remote: Remote, which: int) -> None:
    remote.call("setitimer", which, packed(0, 0, 0, 30000), 0)
    remote.spin()
    comes(remote, remote.wait(), SIGNALS[which])
    assert get(remote, which) == NOTHING


@pytest.mark.parametrize("which", [REAL, VIRTUAL, PROF])
def test_it_comes_again_and_again(remote: Remote, which: int) -> None:
    remote.call("setitimer", which, packed(0, 20000, 0, 10000), 0)
    began = remote.kernel.clock
    for _ in range(4):
        remote.spin()
        comes(remote, remote.wait(), SIGNALS[which])
    assert 60_000_000 < remote.kernel.clock - began < 90_000_000
    assert get(remote, which)[:2] == (0, 20000)


def test_time_that_is_slept_is_nobodys_but_the_real_timers(remote: Remote) -> None:
    for which in (VIRTUAL, PROF):
        remote.call("setitimer", which, packed(0, 0, 0, 500_000), 0)
    assert remote.call("nanosleep", struct.pack("<qq", 2, 0), 0) == 0
    assert get(remote, VIRTUAL)[2:] > (0, 490_000)
    remote.call("setitimer", REAL, packed(0, 0, 0, 500_000), 0)
    remote.start("nanosleep", struct.pack("<qq", 2, 0), 0)
    comes(remote, remote.wait(), SIGALRM)


def test_short_times_are_a_tick(kernel: Kernel) -> None:
    remote = Remote(kernel)
    remote.call("setitimer", VIRTUAL, packed(0, 1, 5, 0), 0)
    least = 1000 if remote.system == "freebsd" else 10000
    assert get(remote, VIRTUAL)[:2] == (0, least)


@pytest.mark.parametrize("words", [
    (0, 0, -1, 0), (0, 0, 0, 1000000), (0, 0, 0, -1), (-1, 0, 1, 0), (0, -1, 1, 0)])
def test_times_that_are_refused(remote: Remote, words: Spec) -> None:
    remote.call("setitimer", REAL, packed(7, 0, 1000, 0), 0)
    assert remote.fails("setitimer", REAL, packed(*words), 0) == "EINVAL"
    assert get(remote, REAL)[:2] == (7, 0)


def test_an_interval_without_a_value_is_netbsds_to_look_at_and_to_keep(remote: Remote) -> None:
    remote.call("setitimer", REAL, packed(0, 0, 1000, 0), 0)
    if remote.system == "netbsd":
        assert remote.fails("setitimer", REAL, packed(-1, 0, 0, 0), 0) == "EINVAL"
        remote.call("setitimer", REAL, packed(9, 0, 0, 0), 0)
        assert get(remote, REAL) == (9, 0, 0, 0)
    else:
        remote.call("setitimer", REAL, packed(-1, 0, 0, 0), 0)
        assert get(remote, REAL) == NOTHING


def test_what_is_looked_at_first(remote: Remote) -> None:
    """The new value, then the number; on DragonFly the number."""
    first = "EINVAL" if remote.system == "dragonfly" else "EFAULT"
    assert remote.fails("setitimer", 9, 8, 0) == first
    assert remote.fails("setitimer", 9, packed(0, 0, -1, 0), 0) == "EINVAL"
    assert remote.fails("getitimer", -1, 8) == "EINVAL"
    assert remote.fails("getitimer", REAL, 8) == "EFAULT"
    assert remote.call("setitimer", REAL, 0, remote.out) == 0, "it is getitimer()"
    assert remote.fails("setitimer", 9, 0, remote.out) == "EINVAL"


def test_nothing_new_and_nothing_old(remote: Remote) -> None:
    if remote.system == "freebsd":
        assert remote.fails("setitimer", REAL, 0, 0) == "EFAULT"
    else:
        assert remote.call("setitimer", REAL, 0, 0) == 0
    kinds = 4 if remote.system == "netbsd" else 3
    assert [remote.attempt("getitimer", which, remote.out)[0] != 0 for which in range(5)] == [
        which >= kinds for which in range(5)]


def test_a_bad_old_address_keeps_the_sisters_timer_as_it_was(remote: Remote) -> None:
    remote.call("setitimer", REAL, packed(7, 0, 1000, 0), 0)
    assert remote.fails("setitimer", REAL, packed(0, 0, 5, 0), 8) == "EFAULT"
    assert get(remote, REAL)[0] == (0 if remote.system == "freebsd" else 7)


def test_a_child_has_none(remote: Remote) -> None:
    remote.call("setitimer", REAL, packed(0, 0, 0, 20000), 0)
    remote.call("setitimer", REAL, packed(0, 0, 0, 0), 0)
    other = Remote(remote.kernel)
    assert get(other, REAL) == NOTHING


def test_an_end_takes_its_timers_along(remote: Remote) -> None:
    """Nothing is due for a process that is no more: the other's sleep is not shorter."""
    remote.call("setitimer", REAL, packed(0, 10000, 0, 10000), 0)
    remote.start("exit", 3)
    assert remote.wait() == 3 << 8
    other = Remote(remote.kernel)
    assert other.call("nanosleep", struct.pack("<qq", 1, 0), 0) == 0


# -- timer_create ---------------------------------------------------------------------
CLOCK_REALTIME, CLOCK_VIRTUAL, CLOCK_PROF, CLOCK_MONOTONIC = range(4)
NONE, SIGNAL, THREAD, SA = range(4)
ABSTIME = 1
FIRST = 4


@pytest.fixture
def netbsd() -> Iterator[Remote]:
    with FLAVOURS["netbsd"].kernel() as k:
        yield Remote(k)


def event(how: int = SIGNAL, signal: int = SIGUSR1, value: int = 77) -> bytes:
    return struct.pack("<iiQ16x", how, signal, value)


def create(remote: Remote, clock: int = CLOCK_MONOTONIC, given: bytes | int | None = None) -> int:
    """The new timer's number."""
    remote.call("timer_create", clock, event() if given is None else given, remote.out)
    number, = struct.unpack("<i", remote.peek(remote.out, 4))
    assert isinstance(number, int)
    return number


def left(remote: Remote, number: int) -> Spec:
    remote.call("timer_gettime", number, remote.out)
    return told(remote)


def test_numbers_of_timers(netbsd: Remote) -> None:
    assert [create(netbsd) for _ in range(32)] == list(range(FIRST, 36))
    assert netbsd.fails("timer_create", CLOCK_REALTIME, event(), netbsd.out) == "EAGAIN"
    netbsd.call("timer_delete", 9)
    assert create(netbsd) == 9


@pytest.mark.parametrize(("how", "signal", "name"), [
    (NONE, 0, ""), (SIGNAL, 0, "EINVAL"), (SIGNAL, 63, ""), (SIGNAL, 64, "EINVAL"),
    (SIGNAL, -1, "EINVAL"), (THREAD, 0, ""), (SA, 64, ""), (4, 30, "EINVAL"), (-1, 30, "EINVAL")])
def test_whom_a_timer_tells(netbsd: Remote, how: int, signal: int, name: str) -> None:
    error, _ = netbsd.attempt("timer_create", CLOCK_REALTIME, event(how, signal), netbsd.out)
    assert (netbsd.name(error) if error else "") == name


def test_the_clock_is_looked_at_before_the_event(netbsd: Remote) -> None:
    assert netbsd.fails("timer_create", 4, 8, netbsd.out) == "EINVAL"
    assert netbsd.fails("timer_create", -1, 8, netbsd.out) == "EINVAL"
    assert netbsd.fails("timer_create", 0, 8, netbsd.out) == "EFAULT"


def test_a_number_that_cannot_be_stored_is_given_all_the_same(netbsd: Remote) -> None:
    assert netbsd.fails("timer_create", 0, event(), 8) == "EFAULT"
    assert netbsd.call("timer_delete", FIRST) == 0


def test_timers_that_there_are_not(netbsd: Remote) -> None:
    for number in (-1, 0, 3, FIRST, 36):
        assert netbsd.fails("timer_delete", number) == "EINVAL"
        assert netbsd.fails("timer_gettime", number, netbsd.out) == "EINVAL"
        assert netbsd.fails("timer_getoverrun", number) == "EINVAL"
        assert netbsd.fails("timer_settime", number, 0, packed(0, 0, -1, 0), 0) == "EINVAL"
    assert netbsd.fails("timer_settime", 99, 0, 8, 0) == "EFAULT"


def test_a_time_before_now_is_refused_before_a_timer_that_there_is_not(netbsd: Remote) -> None:
    number = create(netbsd)
    for which in (number, number + 1):
        assert netbsd.fails("timer_settime", which, 0, packed(0, 0, -1, 0), 0) == "ETIMEDOUT"
        assert netbsd.fails("timer_settime", which, 0, packed(-1, 0, 0, 0), 0) == "ETIMEDOUT"
        assert netbsd.fails("timer_settime", which, 0, packed(0, 0, -1, 10**9), 0) == "EINVAL"
    assert netbsd.fails("timer_settime", number + 1, 0, packed(0, 0, 1, 0), 0) == "EINVAL"


def test_setitimers_third_timer_can_be_asked_for_and_deleted(netbsd: Remote) -> None:
    netbsd.call("setitimer", PROF, packed(0, 0, 100, 0), 0)
    assert left(netbsd, PROF)[2] in (99, 100)
    assert netbsd.call("timer_delete", PROF) == 0
    assert get(netbsd, PROF) == NOTHING
    assert netbsd.fails("timer_gettime", PROF, netbsd.out) == "EINVAL"


@pytest.mark.parametrize("clock", range(4))
def test_its_signal_tells_the_value(netbsd: Remote, clock: int) -> None:
    number = create(netbsd, clock)
    netbsd.call("timer_settime", number, 0, packed(0, 0, 0, 30_000_000), 0)
    netbsd.spin()
    comes(netbsd, netbsd.wait(), SIGUSR1)
    info = netbsd.ptrace.get_siginfo(netbsd.pid, kernel=netbsd.kernel).siginfo
    assert (info.code_number, info.value) == (-2, 77)
    assert left(netbsd, number) == NOTHING


@pytest.mark.parametrize(("clock", "signal"), [
    (CLOCK_REALTIME, SIGALRM), (CLOCK_VIRTUAL, SIGVTALRM), (CLOCK_PROF, SIGPROF),
    (CLOCK_MONOTONIC, SIGALRM)])
def test_without_an_event_it_is_the_clocks_signal_with_the_number(
    netbsd: Remote, clock: int, signal: int
) -> None:
    number = create(netbsd, clock, 0)
    netbsd.call("timer_settime", number, 0, packed(0, 0, 0, 30_000_000), 0)
    netbsd.spin()
    comes(netbsd, netbsd.wait(), signal)
    assert netbsd.ptrace.get_siginfo(netbsd.pid, kernel=netbsd.kernel).siginfo.value == number


def test_the_old_value_is_the_clocks_time_when_it_would_have_been_due(netbsd: Remote) -> None:
    """And not what is left, which timer_gettime(2) tells."""
    for clock, zero in ((CLOCK_MONOTONIC, 0), (CLOCK_REALTIME, 1_700_000_000)):
        number = create(netbsd, clock)
        netbsd.call("timer_settime", number, 0, packed(3, 0, 100, 0), 0)
        assert left(netbsd, number)[2] in (99, 100)
        netbsd.call("timer_settime", number, 0, packed(0, 0, 0, 0), netbsd.out)
        assert told(netbsd)[0] == 3
        assert told(netbsd)[2] - zero in (100, 101)


def test_a_time_by_the_clock(netbsd: Remote) -> None:
    number = create(netbsd, CLOCK_REALTIME)
    now = 1_700_000_000
    netbsd.call("timer_settime", number, ABSTIME, packed(0, 0, now + 50, 0), 0)
    assert left(netbsd, number)[2] in (49, 50)
    netbsd.call("timer_settime", number, ABSTIME, packed(0, 0, now - 50, 0), 0)
    netbsd.spin()
    comes(netbsd, netbsd.wait(), SIGUSR1)


def test_the_shortest_time_is_a_tick(netbsd: Remote) -> None:
    number = create(netbsd, CLOCK_VIRTUAL)
    netbsd.call("timer_settime", number, 0, packed(0, 1, 5, 0), 0)
    assert left(netbsd, number)[:2] == (0, 10_000_000)


def test_what_was_due_while_its_signal_was_pending_is_counted(netbsd: Remote) -> None:
    """The signal after that tells of it, and no more than 32 times."""
    number = create(netbsd)
    blocked = struct.pack("<QQ", 1 << SIGUSR1 - 1, 0)
    netbsd.call("__sigprocmask14", SIG_BLOCK, blocked, 0)
    netbsd.call("timer_settime", number, 0, packed(0, 20_000_000, 0, 20_000_000), 0)
    assert netbsd.call("nanosleep", struct.pack("<qq", 0, 110_000_000), 0) == 0
    assert netbsd.call("timer_getoverrun", number) == 0
    netbsd.start("__sigprocmask14", SIG_SETMASK, bytes(16), 0)
    comes(netbsd, netbsd.wait(), SIGUSR1)
    netbsd.spin()
    comes(netbsd, netbsd.wait(), SIGUSR1)
    assert netbsd.call("timer_getoverrun", number) == 4
    netbsd.call("__sigprocmask14", SIG_BLOCK, blocked, 0)
    assert netbsd.call("nanosleep", struct.pack("<qq", 2, 0), 0) == 0
    netbsd.start("__sigprocmask14", SIG_SETMASK, bytes(16), 0)
    comes(netbsd, netbsd.wait(), SIGUSR1)
    netbsd.spin()
    comes(netbsd, netbsd.wait(), SIGUSR1)
    assert netbsd.call("timer_getoverrun", number) == 32


def test_whoever_sent_the_pending_signal(netbsd: Remote) -> None:
    number = create(netbsd)
    netbsd.call("__sigprocmask14", SIG_BLOCK, struct.pack("<QQ", 1 << SIGUSR1 - 1, 0), 0)
    netbsd.kernel.kill(netbsd.pid, SIGUSR1)
    netbsd.call("timer_settime", number, 0, packed(0, 0, 0, 20_000_000), 0)
    netbsd.call("nanosleep", struct.pack("<qq", 0, 50_000_000), 0)
    netbsd.start("__sigprocmask14", SIG_SETMASK, bytes(16), 0)
    comes(netbsd, netbsd.wait(), SIGUSR1)
    assert netbsd.ptrace.get_siginfo(netbsd.pid, kernel=netbsd.kernel).siginfo.code_number == 0


def test_what_tells_nobody_runs_all_the_same(netbsd: Remote) -> None:
    number = create(netbsd, CLOCK_MONOTONIC, event(NONE, 0))
    netbsd.call("timer_settime", number, 0, packed(0, 0, 0, 20_000_000), 0)
    assert netbsd.call("nanosleep", struct.pack("<qq", 0, 50_000_000), 0) == 0
    assert left(netbsd, number) == NOTHING


def test_an_execve_keeps_setitimers_and_no_others(netbsd: Remote) -> None:
    number = create(netbsd)
    netbsd.call("timer_settime", number, 0, packed(0, 0, 0, 20_000_000), 0)
    netbsd.call("setitimer", REAL, packed(0, 0, 1000, 0), 0)
    path = b"/bin/remote\0"
    netbsd.poke(netbsd.kept, struct.pack("<QQ", netbsd.kept + 16, 0) + path)
    netbsd.start("execve", path, netbsd.kept, netbsd.kept + 8)
    comes(netbsd, netbsd.wait(), SIGTRAP)
    assert netbsd.call("nanosleep", struct.pack("<qq", 0, 50_000_000), 0) == 0
    assert get(netbsd, REAL)[2] in (999, 1000)
    assert netbsd.fails("timer_gettime", number, netbsd.out) == "EINVAL"


@pytest.mark.parametrize("system", SISTERS)
def test_an_alarm_outlives_an_execve(system: str) -> None:
    with FLAVOURS[system].kernel() as k:
        remote = Remote(k)
        remote.call("setitimer", REAL, packed(0, 0, 0, 200_000), 0)
        path = b"/bin/remote\0"
        remote.poke(remote.kept, struct.pack("<QQ", remote.kept + 16, 0) + path)
        remote.start("execve", path, remote.kept, remote.kept + 8)
        comes(remote, remote.wait(), SIGTRAP)
        remote.spin()
        comes(remote, remote.wait(), SIGALRM)
