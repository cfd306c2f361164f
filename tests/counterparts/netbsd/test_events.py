"""Forks, LWPs and programs that a tracer is told of.

Counterparts of t_ptrace_fork_wait.h, t_ptrace_eventmask_wait.h, t_ptrace_exec_wait.h
and t_ptrace_threads_wait.h.
"""

from __future__ import annotations

from itertools import product

import pytest
from tests.counterparts.netbsd.scene import TRAP, Scene

from bsdproc.kernel.errors import KernelError
from bsdproc.netbsd import Signal, kinfo, ptrace
from bsdproc.netbsd.constants import LwpEvent, PtraceEvents, TrapCode

FORK, VFORK, DONE, SPAWN = (
    PtraceEvents.PTRACE_FORK, PtraceEvents.PTRACE_VFORK, PtraceEvents.PTRACE_VFORK_DONE,
    PtraceEvents.PTRACE_POSIX_SPAWN)
CREATE, EXIT = PtraceEvents.PTRACE_LWP_CREATE, PtraceEvents.PTRACE_LWP_EXIT
WAYS = {"fork": (FORK, ("fork", "exit 6", "end")), "vfork": (VFORK, ("vfork", "exit 6", "end")),
        "spawn": (SPAWN, ("spawn 6",))}
ASKED = (FORK, VFORK, DONE, SPAWN)
MASKS = [PtraceEvents(sum(one.value for one, on in zip(ASKED, bits, strict=True) if on))
         for bits in product((False, True), repeat=len(ASKED))]


@pytest.mark.rule("netbsd-kern_sig", "event-info")
@pytest.mark.parametrize("mask", MASKS, ids=lambda mask: f"{mask.value:#04x}")
@pytest.mark.parametrize("way", WAYS)
def test_fork(scene: Scene, way: str, mask: PtraceEvents) -> None:
    """Both sides of a fork name each other, for each way of forking and every mask."""
    own, words = WAYS[way]
    pid = scene.tracee(*words, "wait 6", "exit 5")
    ptrace.set_event_mask(pid, mask)
    ptrace.set_sigpass(pid, [Signal.SIGCHLD])
    ptrace.cont(pid)
    child = None
    if own in mask:
        told = scene.event(pid, TrapCode.TRAP_CHLD)
        child = told.other_pid
        assert own in told.report_event
        assert child is not None
        found = scene.event(child, TrapCode.TRAP_CHLD)
        assert own in found.report_event
        assert found.other_pid == pid
        ptrace.cont(child)
        ptrace.cont(pid)
    if way == "vfork" and DONE in mask:
        assert scene.event(pid, TrapCode.TRAP_CHLD).report_event == DONE
        ptrace.cont(pid)
    if child is not None:
        scene.exited(child, 6)
        scene.gone(child)
    scene.exited(pid, 5)
    scene.gone(pid)


@pytest.mark.parametrize("event", [FORK, VFORK, DONE, SPAWN, CREATE, EXIT])
def test_eventmask_preserved(scene: Scene, event: PtraceEvents) -> None:
    pid = scene.tracee("raise 2", "exit 5")
    ptrace.set_event_mask(pid, event)
    ptrace.cont(pid)
    scene.stopped(pid, Signal.SIGINT)
    assert ptrace.get_event_mask(pid) == event
    ptrace.cont(pid)
    scene.exited(pid, 5)


# -- programs -----------------------------------------------------------------------------
@pytest.mark.parametrize("disposed", ["", "block 5", "ignore 5"])
def test_traceme_exec(scene: Scene, disposed: str) -> None:
    """Told whether SIGTRAP is blocked or ignored or not."""
    before = (disposed,) if disposed else ()
    pid = scene.play("trace-me", *before, "exec", "exit 5")
    scene.stopped(pid, TRAP, TrapCode.TRAP_EXEC)
    found = kinfo.process(pid)
    assert (TRAP in found.sigmask, TRAP in found.sigignore) == (
        disposed == "block 5", disposed == "ignore 5")
    ptrace.cont(pid)
    scene.exited(pid, 5)
    scene.gone(pid)


# -- LWPs -----------------------------------------------------------------------------------
@pytest.mark.parametrize("blocked", [False, True])
@pytest.mark.parametrize("mask", [PtraceEvents(0), EXIT, CREATE, CREATE | EXIT],
                         ids=lambda mask: f"{mask.value:#04x}")
def test_trace_thread(scene: Scene, mask: PtraceEvents, blocked: bool) -> None:
    """The beginning and the end of LWPs, SIGTRAP blocked or not."""
    before = ("block 5",) if blocked else ()
    pid = scene.tracee("lwp-once", "lwp-once", "lwp-once", "rest", before=before)
    ptrace.set_event_mask(pid, mask)
    ptrace.cont(pid)
    seen: list[tuple[PtraceEvents, int | None]] = []
    for _ in range(3 * len([one for one in (CREATE, EXIT) if one in mask])):
        told = scene.event(pid, TrapCode.TRAP_LWP)
        seen.append((told.report_event, told.lwp))
        ptrace.cont(pid)
    if mask == CREATE | EXIT:
        assert [event for event, _ in seen] == [CREATE, EXIT] * 3
        assert [lwp for event, lwp in seen if event == CREATE] == [
            lwp for event, lwp in seen if event == EXIT]
    scene.kernel.kill(pid, Signal.SIGKILL)
    scene.killed(pid)


def test_threads_and_exec(scene: Scene) -> None:
    """The LWPs that an exec ends are told of, and the exec."""
    pid = scene.tracee("lwp", "exec", "exit 5")
    ptrace.set_event_mask(pid, CREATE | EXIT)
    ptrace.cont(pid)
    made = scene.event(pid, TrapCode.TRAP_LWP)
    assert made.report_event == CREATE
    ptrace.cont(pid)
    ended = scene.event(pid, TrapCode.TRAP_LWP)
    assert (ended.report_event, ended.lwp) == (EXIT, made.lwp)
    ptrace.cont(pid)
    scene.stopped(pid, TRAP, TrapCode.TRAP_EXEC)
    ptrace.kill(pid)
    scene.killed(pid)
    scene.gone(pid)


def test_suspend_no_deadlock(scene: Scene) -> None:
    pid = scene.tracee("exit 5")
    lwp = ptrace.get_siginfo(pid).lwpid or pid
    ptrace.suspend(pid, lwp)
    with pytest.raises(KernelError) as caught:
        ptrace.cont(pid)
    assert caught.value.name == "EDEADLK"
    ptrace.resume(pid, lwp)
    ptrace.cont(pid)
    scene.exited(pid, 5)


@pytest.mark.rule("netbsd-kern_sig", "unstop")
def test_resume(scene: Scene) -> None:
    """A suspended LWP stands while the other runs, and goes on when it is resumed."""
    pid = scene.tracee("lwp", "raise 30", "rest")
    ptrace.cont(pid)
    scene.stopped(pid, Signal.SIGUSR1)
    (other,) = (one.lwpid for one in ptrace.lwps(pid) if one.lwpid != pid)
    ptrace.suspend(pid, other)
    assert {one.lwpid for one in ptrace.lwps(pid)} == {pid, other}
    ptrace.cont(pid)
    scene.kernel.settle(0.05)
    ptrace.stop(pid)
    scene.stopped(pid, Signal.SIGSTOP)
    where = ptrace.getregs(pid, other).pc
    ptrace.cont(pid)
    scene.kernel.settle(0.05)
    ptrace.stop(pid)
    scene.stopped(pid, Signal.SIGSTOP)
    assert ptrace.getregs(pid, other).pc == where
    ptrace.resume(pid, other)
    ptrace.cont(pid)
    ptrace.kill(pid)
    scene.killed(pid)


@pytest.mark.parametrize("threads", range(4))
def test_traceme_lwpinfo(scene: Scene, threads: int) -> None:
    """PT_LWPINFO, PT_LWPSTATUS and PT_LWPNEXT name the same LWPs; one has the signal."""
    pid = scene.tracee(*["lwp"] * threads, "private", "block 30", "raise 2", "rest")
    first = ptrace.lwpinfo(pid)
    assert first is not None
    assert (first.lwpid, first.event) == (pid, LwpEvent.PL_EVENT_SIGNAL)
    assert ptrace.lwpinfo(pid, pid) is None
    ptrace.cont(pid)
    scene.stopped(pid, Signal.SIGINT)
    by_info, last = [], 0
    while (one := ptrace.lwpinfo(pid, last)) is not None:
        by_info.append((one.lwpid, one.event))
        last = one.lwpid
    assert len(by_info) == threads + 1
    assert dict(by_info)[pid] == LwpEvent.PL_EVENT_SIGNAL
    assert [event for _, event in by_info].count(LwpEvent.PL_EVENT_SIGNAL) == 1
    by_next = ptrace.lwps(pid)
    assert [one.lwpid for one in by_next] == [lwp for lwp, _ in by_info]
    for told in by_next:
        again = ptrace.lwpstatus(pid, told.lwpid)
        assert (again.lwpid, again.name, again.private, again.sigmask) == (
            told.lwpid, told.name, told.private, told.sigmask)
        assert (told.name == "first") is (told.lwpid == pid)
        assert (Signal.SIGUSR1 in told.sigmask) is (told.lwpid == pid)
    assert ptrace.lwpstatus(pid, pid).private == 0x1234
    ptrace.cont(pid, Signal.SIGKILL)
    scene.killed(pid)
