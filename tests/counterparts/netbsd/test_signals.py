"""Signals that a tracee raises, is sent, blocks, ignores and faults with.

Counterparts of t_ptrace_signal_wait.h, t_ptrace_siginfo_wait.h and t_ptrace_kill_wait.h.
"""

from __future__ import annotations

import pytest
from tests.counterparts.netbsd.scene import Scene

from bsdproc import netbsd
from bsdproc.kernel import Kernel
from bsdproc.netbsd import Signal, kinfo, ptrace
from bsdproc.netbsd.constants import FpeCode, IllCode, PtraceEvents, SegvCode, SiCode, TrapCode

ORDINARY = [Signal.SIGABRT, Signal.SIGHUP, Signal.SIGCONT, Signal.SIGTRAP, Signal.SIGBUS,
            Signal.SIGILL, Signal.SIGFPE, Signal.SIGSEGV]
RAISED = [Signal.SIGSTOP, *ORDINARY]
FAULTS = [("trap", Signal.SIGTRAP, TrapCode.TRAP_BRKPT),
          ("segv", Signal.SIGSEGV, SegvCode.SEGV_MAPERR),
          ("ill", Signal.SIGILL, IllCode.ILL_PRVOPC), ("fpe", Signal.SIGFPE, FpeCode.FPE_INTDIV)]
QUIET = [Signal.SIGCONT]
"""Ends nobody by default."""


@pytest.mark.rule("netbsd-kern_sig", "take-report", "take-siginfo")
@pytest.mark.parametrize("signal", RAISED)
def test_traceme_raise(scene: Scene, signal: Signal) -> None:
    pid = scene.play("trace-me", f"raise {int(signal)}", "exit 5")
    scene.stopped(pid, signal, SiCode.SI_LWP)
    assert ptrace.get_process_state(pid).report_event == PtraceEvents(0)
    ptrace.cont(pid)
    scene.exited(pid, 5)
    scene.gone(pid)


def test_traceme_raise_sigkill(scene: Scene) -> None:
    pid = scene.play("trace-me", "raise 9", "exit 5")
    scene.killed(pid)
    with pytest.raises(ProcessLookupError):
        ptrace.get_process_state(pid)


@pytest.mark.rule("netbsd-kern_sig", "send-traced")
@pytest.mark.parametrize("signal", ORDINARY)
def test_traceme_raisesignal_ignored(scene: Scene, signal: Signal) -> None:
    """The tracer is told of a signal that is ignored."""
    number = int(signal)
    pid = scene.tracee(f"raise {number}", "exit 5", before=(f"ignore {number}",))
    ptrace.cont(pid)
    scene.stopped(pid, signal, SiCode.SI_LWP)
    ptrace.cont(pid)
    scene.exited(pid, 5)


@pytest.mark.rule("netbsd-kern_sig", "take-blocked")
@pytest.mark.parametrize("signal", ORDINARY)
def test_traceme_raisesignal_masked(scene: Scene, signal: Signal) -> None:
    """And not of one that is blocked."""
    number = int(signal)
    pid = scene.tracee(f"raise {number}", "exit 5", before=(f"block {number}",))
    ptrace.cont(pid)
    scene.exited(pid, 5)


@pytest.mark.rule("netbsd-kern_sig", "trap-traced")
@pytest.mark.parametrize(("word", "signal", "code"), FAULTS)
def test_traceme_crash(scene: Scene, word: str, signal: Signal, code: int) -> None:
    pid = scene.play("trace-me", word)
    scene.stopped(pid, signal, code)
    ptrace.kill(pid)
    scene.killed(pid)
    scene.gone(pid)


@pytest.mark.rule("netbsd-kern_sig", "trap-traced")
@pytest.mark.parametrize(("word", "signal", "code"), FAULTS)
def test_traceme_signalmasked_crash(scene: Scene, word: str, signal: Signal, code: int) -> None:
    """A fault is told, blocked or not, and the mask stays as it is."""
    pid = scene.tracee(word, before=(f"block {int(signal)}",))
    before = kinfo.process(pid).sigmask
    assert signal in before
    ptrace.cont(pid)
    scene.stopped(pid, signal, code)
    assert kinfo.process(pid).sigmask == before
    ptrace.kill(pid)
    scene.killed(pid)


@pytest.mark.rule("netbsd-kern_sig", "trap-traced")
@pytest.mark.parametrize(("word", "signal", "code"), FAULTS)
def test_traceme_signalignored_crash(scene: Scene, word: str, signal: Signal, code: int) -> None:
    pid = scene.tracee(word, before=(f"ignore {int(signal)}",))
    before = kinfo.process(pid).sigignore
    assert signal in before
    ptrace.cont(pid)
    scene.stopped(pid, signal, code)
    assert kinfo.process(pid).sigignore == before
    ptrace.kill(pid)
    scene.killed(pid)


@pytest.mark.parametrize("signal", ORDINARY)
def test_traceme_sendsignal_handle(scene: Scene, signal: Signal) -> None:
    """What PT_CONTINUE gives arrives at the handler; nobody sent it."""
    number = int(signal)
    pid = scene.tracee(f"caught {number} 1 {SiCode.SI_NOINFO.value}", "exit 5",
                       before=(f"catch {number}",))
    ptrace.cont(pid, signal)
    scene.exited(pid, 5)


@pytest.mark.parametrize("signal", ORDINARY)
def test_traceme_sendsignal_masked(scene: Scene, signal: Signal) -> None:
    """What is blocked is lost."""
    pid = scene.tracee("exit 5", before=(f"block {int(signal)}",))
    ptrace.cont(pid, signal)
    scene.exited(pid, 5)


@pytest.mark.rule("netbsd-kern_sig", "send-traced")
@pytest.mark.parametrize("signal", ORDINARY)
def test_traceme_sendsignal_ignored(scene: Scene, signal: Signal) -> None:
    pid = scene.tracee("exit 5", before=(f"ignore {int(signal)}",))
    ptrace.cont(pid, signal)
    scene.exited(pid, 5)


@pytest.mark.parametrize("signal", [*RAISED, Signal.SIGKILL])
def test_traceme_sendsignal_simple(scene: Scene, signal: Signal) -> None:
    """SIGSTOP is told once more, SIGCONT is nothing, the others end it."""
    pid = scene.tracee("exit 5")
    ptrace.cont(pid, signal)
    if signal is Signal.SIGSTOP:
        scene.stopped(pid, signal)
        ptrace.cont(pid)
    if signal in (Signal.SIGSTOP, *QUIET):
        scene.exited(pid, 5)
    else:
        scene.killed(pid, signal)


@pytest.mark.rule("netbsd-kern_sig", "trap-vfork")
@pytest.mark.parametrize("signal", ORDINARY)
def test_traceme_vfork_raise(scene: Scene, signal: Signal) -> None:
    """A vfork's child whose parent is its tracer does not stop: that could not wait."""
    number = int(signal)
    pid = scene.play("vfork", "trace-me", f"ignore {number}", f"raise {number}", "exit 6", "end",
                     "wait 6", "exit 5")
    scene.exited(pid, 5)


def unrelated(scene: Scene, word: str, signal: Signal, *before: str) -> tuple[int, int]:
    """What a tracer that is not the parent sees of a fault: its code, and who the
    parent says that it is; the parent sees the end."""
    into, out = scene.kernel.pipe()
    pid = scene.play(*before, "hear 5", word, fds={5: into})

    def tracer(view: Kernel) -> int:
        ptrace.attach(pid, kernel=view)
        assert netbsd.wait(pid, kernel=view) == netbsd.Stopped(pid, Signal.SIGSTOP, 0x117F)
        ptrace.cont(pid, kernel=view)
        view.write(out, b".")
        assert netbsd.wait(pid, kernel=view) == netbsd.Stopped(
            pid, signal, int(signal) << 8 | 0x7F)
        found = ptrace.get_siginfo(pid, kernel=view).siginfo
        assert found.signo == signal
        ptrace.kill(pid, kernel=view)
        assert isinstance(netbsd.wait(pid, kernel=view), netbsd.Signaled)
        return found.code_number

    return pid, scene.kernel.run_child(tracer)


@pytest.mark.parametrize("disposed", ["", "block", "ignore"])
@pytest.mark.parametrize(("word", "signal", "code"), FAULTS)
def test_unrelated_tracer_sees_crash(scene: Scene, word: str, signal: Signal, code: int,
                                     disposed: str) -> None:
    before = (f"{disposed} {int(signal)}",) if disposed else ()
    pid, found = unrelated(scene, word, signal, *before)
    assert found == code
    scene.killed(pid)


def test_signal_mask_unrelated(scene: Scene) -> None:
    pid = scene.tracee("raise 2", "exit 5", before=("block 5",))
    ptrace.cont(pid)
    scene.stopped(pid, Signal.SIGINT, SiCode.SI_LWP)
    ptrace.cont(pid)
    scene.exited(pid, 5)


# -- siginfo ------------------------------------------------------------------------------
def test_siginfo_set_unmodified(scene: Scene) -> None:
    pid = scene.play("trace-me", "catch 2", "raise 2", f"caught 2 1 {SiCode.SI_LWP.value}",
                     "exit 5")
    info = scene.stopped(pid, Signal.SIGINT)
    ptrace.set_siginfo(pid, info)
    ptrace.cont(pid, Signal.SIGINT)
    scene.exited(pid, 5)


def test_siginfo_set_faked(scene: Scene) -> None:
    """Another signal goes on, with what the debugger says of it."""
    pid = scene.play("trace-me", "catch 5", "raise 2",
                     f"caught 5 1 {TrapCode.TRAP_BRKPT.value}", "exit 5")
    scene.stopped(pid, Signal.SIGINT)
    faked = netbsd.Siginfo.make("amd64", Signal.SIGTRAP, TrapCode.TRAP_BRKPT)
    ptrace.set_siginfo(pid, faked)
    found = ptrace.get_siginfo(pid).siginfo
    assert (found.signo, found.code) == (Signal.SIGTRAP, TrapCode.TRAP_BRKPT)
    ptrace.cont(pid, Signal.SIGTRAP)
    scene.exited(pid, 5)


# -- ends -----------------------------------------------------------------------------------
@pytest.mark.parametrize("way", ["PT_KILL", "kill", "killpg"])
def test_kill(scene: Scene, way: str) -> None:
    pid = scene.tracee("exit 5")
    if way == "PT_KILL":
        ptrace.kill(pid)
    elif way == "kill":
        scene.kernel.kill(pid, Signal.SIGKILL)
    else:
        scene.kernel.kill(-pid, Signal.SIGKILL)
    scene.killed(pid)
    scene.gone(pid)
