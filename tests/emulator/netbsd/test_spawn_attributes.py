"""NetBSD's posix_spawn(2): scheduling attributes, and what a tracer is told of children that
fail before their program.  The order and the errors are those of handle_posix_spawn_attrs,
spawn_return and do_posix_spawn of NetBSD 10's kern_exec.c, and of sys_sched.c."""

from __future__ import annotations

import struct
from collections.abc import Iterator

import pytest
from tests.emulator.bsd.remote import TEXT, Remote

from bsdproc import emulator, netbsd
from bsdproc.netbsd.constants.ptrace import PtraceEvents

SETPGROUP, SETSCHEDPARAM, SETSCHEDULER, RETURNERROR = 2, 4, 8, 64
OTHER, FIFO, RR = 0, 1, 2
FAE_CLOSE = 2
EINVAL, EBADF, ESRCH = 22, 9, 3
SIGTRAP = 5


@pytest.fixture
def kernel() -> Iterator[emulator.NetBSD]:
    with emulator.NetBSD() as k:
        yield k


@pytest.fixture
def remote(kernel: emulator.NetBSD) -> Remote:
    made = Remote(kernel)
    netbsd.ptrace.set_sigpass(made.pid, [netbsd.Signal.SIGCHLD], kernel=kernel)
    return made


def start_spawn(r: Remote, flags: int = 0, *, group: int = 0, priority: int = 0, policy: int = 0,
                close: int | None = None) -> None:
    """posix_spawn of the program itself, perhaps with an action that closes a descriptor."""
    at = r.kept
    attributes = struct.pack("<h2xiii32x", flags, group, priority, policy)
    r.poke(at, attributes.ljust(0x80, b"\0"))
    r.poke(at + 0x80, struct.pack("<IIQ", 1, int(close is not None), at + 0x100))
    r.poke(at + 0x100, struct.pack("<ii16x", FAE_CLOSE, close or 0))
    r.poke(at + 0x200, b"/bin/remote\0")
    r.poke(at + 0x240, struct.pack("<QQ", at + 0x200, 0) + bytes(8))
    r.start("posix_spawn", at + 0x300, at + 0x200, at + 0x80, at, at + 0x240, at + 0x250)


def spawn(r: Remote, flags: int = 0, **asked: int) -> tuple[int, int]:
    """(the error, the child's pid)."""
    r.poke(r.kept + 0x300, bytes(4))
    start_spawn(r, flags, **asked)
    assert r.wait() == SIGTRAP << 8 | 0x7F
    return r.end()[1], struct.unpack("<i", r.peek(r.kept + 0x300, 4))[0]


def parameters(r: Remote, pid: int) -> tuple[int, int]:
    """_sched_getparam: class and priority."""
    r.call("_sched_getparam", pid, 0, r.out, r.out + 8)
    return (struct.unpack("<i", r.peek(r.out, 4))[0],
            struct.unpack("<i", r.peek(r.out + 8, 4))[0])


def test_a_child_in_another_class(remote: Remote, kernel: emulator.NetBSD) -> None:
    """POSIX_SPAWN_SETSCHEDULER: class and priority, which kern.lwp tells as the kernel's own."""
    error, child = spawn(remote, SETSCHEDULER, priority=5, policy=RR)
    assert (error, parameters(remote, child)) == (0, (RR, 5))
    assert netbsd.kinfo.lwps(child, kernel=kernel)[0].priority == 128 + 5
    assert netbsd.kinfo.process(child, kernel=kernel).priority == 128 + 5
    assert parameters(remote, 0) == (OTHER, 43)


@pytest.mark.parametrize(("policy", "priority"), [(OTHER, 5), (7, 5), (FIFO, 64), (FIFO, -2)])
def test_parameters_that_are_none(remote: Remote, policy: int, priority: int) -> None:
    assert spawn(remote, SETSCHEDULER | RETURNERROR, priority=priority, policy=policy)[0] == EINVAL


def test_the_priority_alone_is_the_parent_s(remote: Remote) -> None:
    """SETSCHEDPARAM without SETSCHEDULER sets the parent's (parent->p_pid)."""
    assert spawn(remote, SETSCHEDPARAM | RETURNERROR, priority=7)[0] == EINVAL
    remote.call("_sched_setparam", 0, 0, FIFO, struct.pack("<i", 3))
    assert spawn(remote, SETSCHEDPARAM | RETURNERROR, priority=7)[0] == 0
    assert parameters(remote, 0) == (FIFO, 7)


def test_who_may_be_set(remote: Remote) -> None:
    """KAUTH_PROCESS_SCHEDULER_SETPARAM: without being root no real-time class and no rise."""
    assert remote.fails("_sched_setparam", 99999, 0, RR, struct.pack("<i", 1)) == "ESRCH"
    assert remote.fails("_sched_setparam", 0, 99999, RR, struct.pack("<i", 1)) == "ESRCH"
    assert remote.call("_sched_setparam", 0, 0, -1, struct.pack("<i", -1)) == 0
    remote.call("setuid", 1000)
    assert remote.fails("_sched_setparam", 0, 0, RR, struct.pack("<i", 1)) == "EPERM"
    assert remote.fails("_sched_getparam", 1, 0, remote.out, remote.out) == "EPERM"


# -- what its tracer is told ------------------------------------------------------------------
def event(r: Remote) -> tuple[PtraceEvents, int]:
    state = netbsd.ptrace.get_process_state(r.pid, kernel=r.kernel)
    assert state.other_pid is not None
    return state.report_event, state.other_pid


def traced(r: Remote) -> None:
    netbsd.ptrace.set_event_mask(r.pid, PtraceEvents.PTRACE_POSIX_SPAWN, kernel=r.kernel)


def test_a_child_that_nobody_waits_for_is_told_of_though_it_fails(
        remote: Remote, kernel: emulator.NetBSD) -> None:
    """The parent has gone on by then: it stops with the event, and the tracer, whose child it
    is from the beginning, waits for its exit."""
    traced(remote)
    start_spawn(remote, close=77)
    assert remote.wait() == SIGTRAP << 8 | 0x7F
    what, child = event(remote)
    assert what == PtraceEvents.PTRACE_POSIX_SPAWN
    assert kernel.wait4(child).status == 127 << 8
    netbsd.ptrace.cont(remote.pid, kernel=kernel)
    assert remote.wait() == SIGTRAP << 8 | 0x7F
    assert remote.end() == (0, 0)
    assert struct.unpack("<i", remote.peek(remote.kept + 0x300, 4)) == (child,)


def test_a_failure_that_is_waited_for_is_no_event(
        remote: Remote, kernel: emulator.NetBSD) -> None:
    """POSIX_SPAWN_RETURNERROR: the error is the call's; the child that has exited is its tracer's
    to collect all the same, and then its parent's."""
    traced(remote)
    start_spawn(remote, RETURNERROR, close=77)
    assert remote.wait() == SIGTRAP << 8 | 0x7F
    assert remote.end() == (0, EBADF)
    gone = kernel.wait4(-1)
    assert gone.status == 127 << 8
    assert remote.call("wait4", -1, 0, 1, 0) == gone.pid


def test_both_stop_when_all_is_well(remote: Remote, kernel: emulator.NetBSD) -> None:
    traced(remote)
    start_spawn(remote)
    assert remote.wait() == SIGTRAP << 8 | 0x7F
    what, child = event(remote)
    assert kernel.wait4(child).status == SIGTRAP << 8 | 0x7F
    state = netbsd.ptrace.get_process_state(child, kernel=kernel)
    assert (what, state.report_event, state.other_pid) == (
        PtraceEvents.PTRACE_POSIX_SPAWN, PtraceEvents.PTRACE_POSIX_SPAWN, remote.pid)
    assert netbsd.ptrace.getregs(child, kernel=kernel).pc == TEXT


def test_a_group_cannot_be_had_for_a_tracer_s_child(remote: Remote) -> None:
    """proc_enterpgrp looks for it below its parent, where it is no more: ESRCH."""
    assert spawn(remote, SETPGROUP)[0] == 0
    traced(remote)
    assert spawn(remote, SETPGROUP)[0] == ESRCH


def test_a_program_that_is_not_there_has_no_child(remote: Remote) -> None:
    traced(remote)
    at = remote.kept
    remote.poke(at, struct.pack("<QQ", at, 0))
    assert remote.call("posix_spawn", at + 0x300, b"/absent\0", 0, 0, at, at + 8) == 2
    assert remote.fails("wait4", -1, 0, 1, 0) == "ECHILD"
