"""Signals of processes that are traced and that stop, as NetBSD 10's kern_sig.c has them."""

from __future__ import annotations

import struct
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from tests.counterparts.netbsd.scene import PROGRAM, Scene
from tests.emulator.bsd.remote import Remote

from bsdproc.emulator import NetBSD
from bsdproc.netbsd import Continued, Exited, Signal, Stopped, WaitOptions, kinfo, ptrace, wait
from bsdproc.netbsd.constants import LwpState, SiCode, TrapCode
from bsdproc.netbsd.constants.ptrace import PtraceEvents

PLAY = Path(__file__).parents[2] / "counterparts" / "netbsd" / "programs" / "bin" / "play"
STOP, CONT, USR1, USR2, TERM, TSTP, CHLD = (
    Signal.SIGSTOP, Signal.SIGCONT, Signal.SIGUSR1, Signal.SIGUSR2, Signal.SIGTERM,
    Signal.SIGTSTP, Signal.SIGCHLD)
CLD_STOPPED = 5
SA_NOCLDSTOP = 8
SIG_BLOCK, SIG_SETMASK = 1, 3


@pytest.fixture
def scene() -> Iterator[Scene]:
    with NetBSD() as kernel:
        kernel.install(PROGRAM, PLAY)
        yield Scene(kernel)


def sigset(*signals: Signal) -> bytes:
    return sum(1 << signal - 1 for signal in signals).to_bytes(16, "little")


def states(pid: int) -> list[int]:
    return [int(one.stat) for one in kinfo.lwps(pid)]


# -- sending ----------------------------------------------------------------------------------
@pytest.mark.rule("netbsd-kern_sig", "send-gone")
def test_a_zombie_hears_nothing(scene: Scene) -> None:
    pid = scene.play("exit 3")
    scene.kernel.settle(0.01)
    scene.kernel.kill(pid, Signal.SIGKILL)
    scene.exited(pid, 3)


@pytest.mark.rule("netbsd-kern_sig", "send-ignored")
def test_what_is_ignored_is_gone(scene: Scene) -> None:
    pid = scene.play("ignore 30", "send 30", "catch 30", "caught 30 0 0", "exit 4")
    scene.exited(pid, 4)


@pytest.mark.rule("netbsd-kern_sig", "send-inverse")
def test_one_takes_the_other_away(scene: Scene) -> None:
    """Both wait while the tracee stands."""
    pid = scene.tracee("block 30", "exit 4")
    scene.kernel.kill(pid, TSTP)
    scene.kernel.kill(pid, CONT)
    ptrace.cont(pid)
    scene.stopped(pid, CONT)
    scene.kernel.kill(pid, CONT)
    scene.kernel.kill(pid, TSTP)
    ptrace.cont(pid)
    scene.stopped(pid, TSTP)
    ptrace.cont(pid)
    scene.exited(pid, 4)


@pytest.mark.rule("netbsd-kern_sig", "send-kill", "take-killed", "event-killed")
def test_sigkill_ends_whatever_stands(scene: Scene) -> None:
    pid = scene.tracee("lwp", "rest")
    ptrace.cont(pid)
    scene.kernel.settle(0.02)
    scene.kernel.kill(pid, USR1)
    scene.stopped(pid, USR1)
    for one in ptrace.lwps(pid):
        ptrace.suspend(pid, one.lwpid)
    scene.kernel.kill(pid, Signal.SIGKILL)
    scene.killed(pid)


@pytest.mark.rule("netbsd-kern_sig", "send-continue", "send-stop-again", "stop-unwaited")
def test_job_control(scene: Scene) -> None:
    pid = scene.play("rest")
    scene.kernel.settle(0.01)
    scene.kernel.kill(pid, STOP)
    scene.kernel.kill(pid, STOP)
    assert isinstance(wait(pid, WaitOptions.WUNTRACED), Stopped)
    assert wait(pid, WaitOptions.WUNTRACED | WaitOptions.WNOHANG) is None
    scene.kernel.kill(pid, CONT)
    assert isinstance(wait(pid, WaitOptions.WCONTINUED), Continued)
    scene.kernel.kill(pid, STOP)
    assert isinstance(wait(pid, WaitOptions.WUNTRACED), Stopped)


@pytest.mark.rule("netbsd-kern_sig", "send-lwp", "take-siginfo")
def test_whose_it_is(scene: Scene) -> None:
    """raise(3) sends to the LWP, kill(2) to the process."""
    pid = scene.tracee("raise 30", "send 31", "raise 17", "exit 4")
    found = []
    for signal in (USR1, USR2, STOP):
        ptrace.cont(pid)
        scene.stopped(pid, signal)
        found.append(ptrace.get_siginfo(pid).lwpid)
    assert found == [pid, 0, pid]       # SIGSTOP is the process's, and remembers who it was for
    ptrace.cont(pid)
    scene.exited(pid, 4)


# -- stopping -------------------------------------------------------------------------------------
@pytest.mark.rule("netbsd-kern_sig", "stop-all", "unstop")
def test_all_of_it_stops(scene: Scene) -> None:
    pid = scene.play("lwp", "lwp", "rest")
    scene.kernel.settle(0.02)
    scene.kernel.kill(pid, STOP)
    assert isinstance(wait(pid, WaitOptions.WUNTRACED), Stopped)
    assert states(pid) == [LwpState.LSSTOP] * 3
    scene.kernel.kill(pid, CONT)
    scene.kernel.settle(0.01)
    assert states(pid) == [LwpState.LSSLEEP] * 3


@pytest.mark.rule("netbsd-kern_sig", "stop-code")
def test_what_a_parent_is_told(scene: Scene) -> None:
    """CLD_STOPPED of a child that stops: here as its own tracer sees it."""
    pid = scene.tracee("fork", "raise 17", "end", "rest")
    ptrace.cont(pid)
    scene.stopped(pid, CHLD, CLD_STOPPED)


@pytest.mark.rule("netbsd-kern_sig", "stop-code", "stop-nocldstop")
@pytest.mark.parametrize("flags", [0, SA_NOCLDSTOP])
def test_a_tracer_is_told_whatever_it_says(scene: Scene, flags: int) -> None:
    """A program that blocks SIGCHLD attaches to another one, whose stop leaves it one."""
    other = scene.play("rest")
    r = Remote(scene.kernel)
    action = struct.pack("<QIIIIi4x", r.out, 0, 0, 0, 0, flags)
    r.call("__sigaction_sigtramp", CHLD, action, 0, r.out, 2)
    r.call("__sigprocmask14", SIG_BLOCK, sigset(CHLD), 0)
    assert r.call("ptrace", 9, other, 0, 0) == 0
    scene.kernel.settle(0.01)
    r.call("____sigtimedwait50", sigset(CHLD), r.out, struct.pack("<qq", 1, 0))
    assert struct.unpack("<ii8xi", r.peek(r.out, 20)) == (CHLD, CLD_STOPPED, other)


# -- traps ----------------------------------------------------------------------------------------
@pytest.mark.rule("netbsd-kern_sig", "trap-caught")
def test_a_trap_that_is_caught(scene: Scene) -> None:
    pid = scene.play("catch 5", "trap", f"caught 5 1 {int(TrapCode.TRAP_BRKPT)}", "exit 6")
    scene.exited(pid, 6)


@pytest.mark.rule("netbsd-kern_sig", "trap-blocked")
@pytest.mark.parametrize("words", [("block 11", "segv"), ("ignore 11", "segv"),
                                   ("catch 11", "block 11", "segv")])
def test_a_trap_that_cannot_be_kept_back(scene: Scene, words: tuple[str, ...]) -> None:
    scene.killed(scene.play(*words), Signal.SIGSEGV)


# -- events ---------------------------------------------------------------------------------------
@pytest.mark.rule("netbsd-kern_sig", "syscall-given")
@pytest.mark.parametrize(("words", "go_on", "told", "given"), [
    (("getpid",), ptrace.syscall, TrapCode.TRAP_SCE, SiCode.SI_NOINFO),
    (("fork", "exit 4", "end"), ptrace.cont, TrapCode.TRAP_CHLD, TrapCode.TRAP_CHLD),
    (("trap",), ptrace.cont, TrapCode.TRAP_BRKPT, TrapCode.TRAP_BRKPT),
], ids=["call", "event", "trap"])
def test_a_trap_that_a_stop_goes_on_with(
        scene: Scene, words: tuple[str, ...], go_on: Callable[[int], None], told: TrapCode,
        given: int) -> None:
    """What a call's stop told is not the signal's, what any other told is."""
    pid = scene.tracee(*words, f"caught 5 1 {int(given)}", "exit 6", before=("catch 5",))
    ptrace.set_event_mask(pid, PtraceEvents.PTRACE_FORK)
    go_on(pid)
    scene.stopped(pid, Signal.SIGTRAP, told)
    ptrace.cont(pid, signal=Signal.SIGTRAP)
    scene.exited(pid, 6)


# -- taking ---------------------------------------------------------------------------------------
@pytest.mark.rule("netbsd-kern_sig", "take-order", "send-lwp")
def test_of_several_that_wait(scene: Scene) -> None:
    """USR2 is the LWP's, the others are the process's."""
    r = Remote(scene.kernel)
    r.call("__sigprocmask14", SIG_BLOCK, sigset(TERM, USR1, USR2), 0)
    for signal in (USR1, TERM):
        r.call("kill", r.pid, signal)
    r.call("_lwp_kill", r.call("_lwp_self"), USR2)
    r.start("__sigprocmask14", SIG_SETMASK, sigset(), 0)
    for signal in (USR2, TERM, USR1):
        scene.stopped(r.pid, signal)
        ptrace.cont(r.pid)


@pytest.mark.rule("netbsd-kern_sig", "take-vfork")
def test_a_vforks_child_and_the_terminal(scene: Scene) -> None:
    """SIGTSTP waits until it has exited; SIGSTOP stops it, and its parent with it waits on."""
    pid = scene.play("vfork", "raise 18", "exit 6", "end", "wait 6", "exit 5")
    scene.exited(pid, 5)
    pid = scene.play("vfork", "raise 17", "exit 6", "end", "wait 6", "exit 5")
    scene.kernel.settle(0.02)
    child, = (one.pid for one in kinfo.processes() if one.ppid == pid)
    assert states(child) == [LwpState.LSSTOP]
    scene.kernel.kill(child, CONT)
    scene.exited(pid, 5)


@pytest.mark.rule("netbsd-kern_sig", "take-init")
def test_init_goes_on(scene: Scene) -> None:
    for signal in (USR1, TERM, Signal.SIGSEGV, STOP):
        scene.kernel.kill(1, signal)
    scene.kernel.settle(0.01)
    assert kinfo.process(1).stat == LwpState.LSSLEEP
    pid = scene.play("exit 3")
    assert wait(pid) == Exited(pid, 3, 3 << 8)
