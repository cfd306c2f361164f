"""Threads and processes on their way out, and what a tracer gives them there."""

from __future__ import annotations

import struct
from collections.abc import Callable
from functools import partial

import pytest

from bsdproc.kernel import Kernel

from .held import WEXITED, WNOWAIT, how, record
from .tracee import (
    CODE,
    DATA,
    LWPINFO_SIZE,
    NUMBERS,
    WNOHANG,
    WUNTRACED,
    Bring,
    Tracee,
    call,
)

SIGSTOP, SIGXCPU = 17, 24
EXIT, THR_NEW = 1, 455
LOOP = b"\xeb\xfe"
PTRACE_LWP, PL_FLAG_EXITED = 16, 0x200
P_SINGLE_EXIT, P_STOPPED_SINGLE = 0x400, 0x80000
PTRACE_FORK, PTRACE_VFORK = 8, 32
CHILD_PID, SZOMB = 148, 5


def tids(t: Tracee) -> list[int]:
    lent = t.k.buffer(32)
    count = t.k.ptrace(NUMBERS["PT_GETLWPLIST"], t.pid, lent, 8)
    return list(struct.unpack(f"<{count}i", lent.read()[: 4 * count]))


def suspend(t: Tracee, tid: int) -> None:
    t.k.ptrace(NUMBERS["PT_SUSPEND"], tid, 0, 0)


@pytest.fixture
def three(kernel: Kernel, tracee: Bring) -> Tracee:
    """A tracee of three threads, at a stop of its first, which then exits."""
    t = Tracee.with_room(kernel, tracee("spin"))
    start = CODE + 0x800
    t.write(start, LOOP)
    parameters = struct.pack("<QQQQQQQQi4xQ3Q", start, 7, DATA + 0x2000, 0x1000, *[0] * 9)
    t.write(DATA + 0x300, parameters)
    new = call(THR_NEW, DATA + 0x300, len(parameters))
    t.run(new + new)
    assert t.wait() == "SIGTRAP"
    assert len(tids(t)) == 3
    t.write(CODE + 0x900, call(EXIT, 7))
    t.register("r_rip", CODE + 0x900)
    t.events(PTRACE_LWP)
    return t


def at_a_thread_s_end(kernel: Kernel, tracee: Bring) -> Tracee:
    """One of two threads has reported that it ends."""
    t = Tracee(kernel, tracee("threads"), "one")
    t.events(PTRACE_LWP)
    for _ in range(2):
        t.go()
        assert t.wait() == "SIGTRAP"
    assert t.flags() & PL_FLAG_EXITED
    return t


def in_vfork(kernel: Kernel, tracee: Bring) -> tuple[Tracee, int]:
    """The parent has reported its fork, and the child its beginning."""
    t = Tracee(kernel, tracee("vforker"))
    t.events(PTRACE_FORK | PTRACE_VFORK)
    t.go()
    assert t.wait() == "SIGTRAP"
    child, = struct.unpack_from("<i", t.record("PT_LWPINFO", LWPINFO_SIZE), CHILD_PID)
    kernel.wait4(child)
    return t, child


def test_threads_leave_one_by_one(three: Tracee) -> None:
    """The one that was reported is gone when the next one is; the process counts as stopped
    for its single thread all the while."""
    for left in (3, 2):
        three.go()
        assert three.wait() == "SIGTRAP"
        assert three.flags() & PL_FLAG_EXITED
        assert three.ask("PT_GETNUMLWPS") == left
        flags = record(three.k, three.pid)["ki_flag"]
        assert isinstance(flags, int)
        assert flags & (P_SINGLE_EXIT | P_STOPPED_SINGLE) == P_SINGLE_EXIT | P_STOPPED_SINGLE
    three.go()
    assert three.wait() == "exited 7"


def test_suspended_threads_leave_unreported_but_for_the_first(three: Tracee) -> None:
    first = struct.unpack_from("<i", three.record("PT_LWPINFO", LWPINFO_SIZE))[0]
    for tid in tids(three):
        if tid != first:
            suspend(three, tid)
    three.go()
    assert three.wait() == "SIGTRAP"
    three.go()
    assert three.wait() == "exited 7"


def test_what_kills_is_lost_with_a_thread_that_leaves(kernel: Kernel, tracee: Bring) -> None:
    """PT_KILL gives its signal to the thread that reported the stop."""
    t = at_a_thread_s_end(kernel, tracee)
    t.ask("PT_KILL")
    assert t.news() == ""
    t.kill("SIGKILL")
    assert t.wait() == "killed by 9"


def test_a_signal_in_another_s_place_waits_its_turn(kernel: Kernel, tracee: Bring) -> None:
    """One of a lower number that is pending is reported first."""
    t = Tracee(kernel, tracee("sleeper"))
    t.go(request="PT_STEP")
    assert t.wait() == "SIGTRAP"
    t.kill("SIGTERM")
    t.go(SIGXCPU)
    assert t.wait() == "SIGTERM"
    waiting = t.record("PT_LWPINFO", LWPINFO_SIZE)[28:44]
    assert int.from_bytes(waiting, "little") == 1 << SIGXCPU - 1
    t.go()
    assert t.wait() == f"killed by {SIGXCPU}"


def test_a_stop_given_at_a_detach_comes_before_the_end(kernel: Kernel, tracee: Bring) -> None:
    """By a signal that waited, and is taken first."""
    t = Tracee(kernel, tracee("sleeper"))
    t.kill("SIGTERM")
    t.go(SIGSTOP, "PT_DETACH")
    assert t.news(WNOHANG | WUNTRACED) == "SIGSTOP"
    assert t.news(WNOHANG | WUNTRACED) == ""
    t.kill("SIGCONT")
    assert t.wait() == "killed by 15"


def test_nobody_stops_whose_parent_waits_in_vfork(kernel: Kernel, tracee: Bring) -> None:
    """SIGSTOP at the child's PT_DETACH waits for an execve, which never comes."""
    t, child = in_vfork(kernel, tracee)
    kernel.ptrace(NUMBERS["PT_DETACH"], child, 1, SIGSTOP)
    t.go()
    assert t.wait() == "SIGTRAP"            # PTRACE_VFORK: it has gone
    assert record(kernel, child)["ki_stat"] == SZOMB
    t.go()
    assert t.wait() == "exited 4"


def test_who_waits_in_vfork_stops_by_what_its_detach_gave(
        kernel: Kernel, tracee: Bring) -> None:
    t, child = in_vfork(kernel, tracee)
    t.go(SIGSTOP, "PT_DETACH")
    assert t.news(WNOHANG | WUNTRACED) == "SIGSTOP"
    kernel.ptrace(NUMBERS["PT_CONTINUE"], child, 1, 0)
    kernel.wait4(child)
    assert t.news(WNOHANG | WUNTRACED) == ""
    t.kill("SIGCONT")
    assert t.wait() == "exited 4"


def test_a_stop_given_to_a_thread_that_leaves_stops_the_others(
        kernel: Kernel, tracee: Bring) -> None:
    t = at_a_thread_s_end(kernel, tracee)
    t.go(SIGSTOP, "PT_DETACH")
    assert t.news(WNOHANG | WUNTRACED) == "SIGSTOP"
    assert record(kernel, t.pid)["ki_numthreads"] == 1
    t.kill("SIGKILL")
    assert t.wait() == "killed by 9"


def test_who_dies_while_its_tracer_leaves_is_collected_by_nobody_else(
        kernel: Kernel, tracee: Bring) -> None:
    """A tracer that has killed and does not wait takes a moment to end: the tracee is
    dead by then, and goes with it instead of back to its parent."""
    path = tracee("spin")
    pid = kernel.spawn(path, [path], {})

    def tracer(k: Kernel) -> None:
        k.ptrace(NUMBERS["PT_ATTACH"], pid, 0, 0)
        k.wait4(pid)
        k.ptrace(NUMBERS["PT_KILL"], pid, 0, 0)

    kernel.run_child(tracer)
    kernel.settle(0.2)
    with pytest.raises(ProcessLookupError):
        kernel.kill(pid, 0)
    with pytest.raises(ChildProcessError):
        kernel.wait4(pid, WNOHANG)


def test_whom_a_wait_may_name(kernel: Kernel, tracee: Callable[[str], str]) -> None:
    """A process, its group and session, user and group, all, a jail; the other kinds of ids
    name nobody."""
    path = tracee("exiter")
    pid = kernel.spawn(path, [path, "3"], {})
    me = record(kernel, kernel.getpid())
    for idtype, id in ((0, pid), (2, me["ki_pgid"]), (3, me["ki_sid"]), (5, 0), (6, 0), (7, 0),
                       (12, 0)):
        assert isinstance(id, int)
        assert kernel.wait6(idtype, id, WEXITED | WNOWAIT).pid == pid
    for idtype in (1, 4, 8, 9, 10, 11, 13):
        assert how(partial(kernel.wait6, idtype, 0, WEXITED | WNOWAIT)) == "ECHILD"
    kernel.wait4(pid)
