"""Signals of processes that are traced and that stop, as NetBSD 10's kern_sig.c has them."""

from __future__ import annotations

import struct
from collections.abc import Iterator
from pathlib import Path

import pytest
from tests.counterparts.netbsd.scene import PROGRAM, Scene
from tests.emulator.bsd.remote import Remote

from bsdproc.emulator import NetBSD
from bsdproc.netbsd import Continued, Exited, Signal, Stopped, WaitOptions, kinfo, ptrace, wait
from bsdproc.netbsd.constants import LwpState, SiCode, TrapCode

PLAY = Path(__file__).parents[2] / "counterparts" / "netbsd" / "programs" / "bin" / "play"
STOP, CONT, USR1, USR2, TERM, TSTP, CHLD = (
    Signal.SIGSTOP, Signal.SIGCONT, Signal.SIGUSR1, Signal.SIGUSR2, Signal.SIGTERM,
    Signal.SIGTSTP, Signal.SIGCHLD)
CLD_STOPPED = 5
SA_NOCLDSTOP = 8


@pytest.fixture
def scene() -> Iterator[Scene]:
    with NetBSD() as kernel:
        kernel.install(PROGRAM, PLAY)
        yield Scene(kernel)


def stop_of(pid: int, options: WaitOptions) -> object:
    return wait(pid, options)


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


@pytest.mark.rule("netbsd-kern_sig", "send-inverse", "take-order")
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
    assert isinstance(stop_of(pid, WaitOptions.WUNTRACED), Stopped)
    assert stop_of(pid, WaitOptions.WUNTRACED | WaitOptions.WNOHANG) is None
    scene.kernel.kill(pid, CONT)
    assert isinstance(stop_of(pid, WaitOptions.WCONTINUED), Continued)
    scene.kernel.kill(pid, STOP)
    assert isinstance(stop_of(pid, WaitOptions.WUNTRACED), Stopped)


@pytest.mark.rule("netbsd-kern_sig", "send-lwp", "take-siginfo", "take-order")
def test_whose_it_is(scene: Scene) -> None:
    """raise(3) sends to the LWP, kill(2) to the process; the LWP's own come first."""
    pid = scene.tracee("block 30", "block 31", "send 30", "raise 31", "exit 4")
    ptrace.cont(pid)
    scene.exited(pid, 4)
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
    assert isinstance(stop_of(pid, WaitOptions.WUNTRACED), Stopped)
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
    r.call("__sigprocmask14", 1, struct.pack("<4I", 1 << 19, 0, 0, 0), 0)
    assert r.call("ptrace", 9, other, 0, 0) == 0
    scene.kernel.settle(0.01)
    r.call("__sigpending14", r.out)
    assert struct.unpack("<I", r.peek(r.out, 4))[0] >> 19 & 1 == 1


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
def test_a_trap_that_a_call_goes_on_with(scene: Scene) -> None:
    """What its stop told is not the signal's."""
    code = int(SiCode.SI_NOINFO)
    pid = scene.tracee("getpid", f"caught 5 1 {code}", "exit 6", before=("catch 5",))
    ptrace.syscall(pid)
    scene.stopped(pid, Signal.SIGTRAP, TrapCode.TRAP_SCE)
    ptrace.cont(pid, signal=Signal.SIGTRAP)
    scene.exited(pid, 6)


@pytest.mark.rule("netbsd-kern_sig", "syscall-given")
def test_a_trap_that_an_event_goes_on_with(scene: Scene) -> None:
    pid = scene.tracee("trap", f"caught 5 1 {int(TrapCode.TRAP_BRKPT)}", "exit 6",
                       before=("catch 5",))
    ptrace.cont(pid)
    scene.stopped(pid, Signal.SIGTRAP, TrapCode.TRAP_BRKPT)
    ptrace.cont(pid, signal=Signal.SIGTRAP)
    scene.exited(pid, 6)


# -- taking ---------------------------------------------------------------------------------------
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
    assert kinfo.process(1).pid == 1
    pid = scene.play("exit 3")
    assert wait(pid) == Exited(pid, 3, 3 << 8)
