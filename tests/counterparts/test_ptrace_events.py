"""What a stop says of itself: siginfo, exec, the event mask, traps.

Counterparts of ptrace_test's siginfo, ptrace_exec, event_mask, PT_STEP_with_signal and
PT_LWPINFO_stale_siginfo cases.
"""

from __future__ import annotations

from tests.counterparts.stage import Stage

from bsdproc.freebsd import Siginfo, Signal, ptrace
from bsdproc.freebsd.constants import LwpEvent, LwpFlags, PtraceEvents, SiCode, TrapCode

SI = LwpFlags.PL_FLAG_SI
NOTHING = PtraceEvents(0)


def signal_stop(stage: Stage, pid: int, signal: Signal) -> Siginfo:
    """The next stop is a signal's; what it says."""
    info = stage.stopped(pid, signal, SI)
    assert info.event == LwpEvent.PL_EVENT_SIGNAL
    assert info.siginfo is not None
    assert info.siginfo.signo == signal
    return info.siginfo


def test_siginfo(stage: Stage) -> None:
    """A signal that a thread sent to itself stops it first, and says who sent it how."""
    pid = stage.debuggee("catch 29", "raise-here 29", "exit 0")
    ptrace.cont(pid)
    siginfo = signal_stop(stage, pid, Signal.SIGINFO)
    assert siginfo.code == SiCode.SI_LWP
    assert siginfo.pid == pid
    ptrace.cont(pid)
    stage.ends((pid, 0))


# -- the event mask ------------------------------------------------------------
def test_ptrace_exec_disable(stage: Stage) -> None:
    """Without PTRACE_EXEC an exec is no stop."""
    pid = stage.debuggee(f"exec {stage.path}", "exit 0")
    ptrace.set_event_mask(pid, NOTHING)
    ptrace.cont(pid)
    stage.ends((pid, 0))


def test_ptrace_exec_enable(stage: Stage) -> None:
    pid = stage.debuggee(f"exec {stage.path}", "exit 0")
    ptrace.set_event_mask(pid, PtraceEvents.PTRACE_EXEC)
    ptrace.cont(pid)
    stage.stopped(pid, Signal.SIGTRAP, LwpFlags.PL_FLAG_EXEC | LwpFlags.PL_FLAG_SCX)
    ptrace.cont(pid)
    stage.ends((pid, 0))


def test_event_mask(stage: Stage) -> None:
    """PT_FOLLOW_FORK and PT_LWP_EVENTS set and clear their bits of the mask."""
    pid = stage.debuggee("exit 0")
    for switch, event in ((ptrace.follow_fork, PtraceEvents.PTRACE_FORK),
                          (ptrace.lwp_events, PtraceEvents.PTRACE_LWP)):
        switch(pid, True)
        assert event in ptrace.get_event_mask(pid)
        switch(pid, False)
        assert event not in ptrace.get_event_mask(pid)
    ptrace.cont(pid)
    stage.ends((pid, 0))


def test_event_mask_sigkill_discard(stage: Stage) -> None:
    """A SIGKILL from kill(2) is a stop that the debugger may discard; the mask stays."""
    mask = PtraceEvents.PTRACE_EXEC | PtraceEvents.PTRACE_FORK | PtraceEvents.PTRACE_LWP
    pid = stage.debuggee("stop", "exit 0")
    ptrace.set_event_mask(pid, mask)
    stage.kernel.kill(pid, Signal.SIGKILL)
    ptrace.cont(pid)
    signal_stop(stage, pid, Signal.SIGKILL)
    ptrace.cont(pid)
    stage.stopped(pid, Signal.SIGSTOP)
    assert ptrace.get_event_mask(pid) == mask
    ptrace.cont(pid)
    stage.ends((pid, 0))


# -- traps ---------------------------------------------------------------------
def test_breakpoint_siginfo(stage: Stage) -> None:
    pid = stage.debuggee("int3", "exit 1")
    ptrace.cont(pid)
    assert signal_stop(stage, pid, Signal.SIGTRAP).code == TrapCode.TRAP_BRKPT
    ptrace.kill(pid)
    stage.killed(pid, Signal.SIGKILL)
    stage.alone()


def test_step_siginfo(stage: Stage) -> None:
    pid = stage.debuggee("exit 1")
    ptrace.step(pid)
    assert signal_stop(stage, pid, Signal.SIGTRAP).code == TrapCode.TRAP_TRACE
    ptrace.cont(pid)
    stage.ends((pid, 1))


def test_pt_step_with_signal(stage: Stage) -> None:
    """PT_STEP with a signal: its handler runs first (here into a signal of its own), and the
    step of the interrupted code is told behind it."""
    pid = stage.debuggee("catch 30", "then-raise 30 6", "raise 6", "exit 1")
    ptrace.cont(pid)
    signal_stop(stage, pid, Signal.SIGABRT)
    ptrace.step(pid, Signal.SIGUSR1)
    signal_stop(stage, pid, Signal.SIGABRT)
    ptrace.cont(pid)
    assert signal_stop(stage, pid, Signal.SIGTRAP).code == TrapCode.TRAP_TRACE
    ptrace.cont(pid)
    stage.ends((pid, 1))


def test_pt_lwpinfo_stale_siginfo(stage: Stage) -> None:
    """A stop at a system call behind a signal's stop has no siginfo left of that."""
    pid = stage.debuggee("raise 6", "exit 1")
    ptrace.cont(pid)
    signal_stop(stage, pid, Signal.SIGABRT)
    ptrace.syscall(pid)
    # PT_SYSCALL at a signal's stop begins with the exit of the call that sent it, if that
    # was still to be told.
    info = stage.stopped(pid, Signal.SIGTRAP, LwpFlags.PL_FLAG_SCE)
    assert SI not in info.flags
    assert info.siginfo is None
    ptrace.set_event_mask(pid, ptrace.get_event_mask(pid) & ~PtraceEvents.PTRACE_SYSCALL)
    ptrace.cont(pid)
    stage.ends((pid, 1))
