"""Attaching, running, stepping and stopping."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from bsdproc.freebsd import Exited, Signal, Signaled, Stopped, WaitOptions, ptrace, wait
from bsdproc.freebsd.constants import LwpEvent, LwpFlags, PtraceEvents, SiCode, TrapCode
from bsdproc.kernel.errors import KernelError
from bsdproc.kernel.port import Kernel

from .conftest import Start

F = LwpFlags
E = PtraceEvents


def test_the_stop_after_exec(start: Start) -> None:
    spin = start("spin")
    info = ptrace.lwpinfo(spin.pid)
    assert info.event is LwpEvent.PL_EVENT_SIGNAL
    assert info.flags == F.PL_FLAG_EXEC | F.PL_FLAG_SCX
    assert info.siginfo is None
    assert (info.syscall_code, info.syscall_narg) == (59, 3)
    assert info.tdname == "spin"
    assert info.lwpid > 99999
    assert info.sigmask == info.siglist == frozenset()


def test_attach_and_detach(kernel: Kernel, start: Start) -> None:
    spin = start("spin", traced=False)
    ptrace.attach(spin.pid)
    assert spin.stop().signal is Signal.SIGSTOP
    info = ptrace.lwpinfo(spin.pid)
    assert info.siginfo is not None
    assert info.siginfo.signo is Signal.SIGSTOP
    assert info.siginfo.code is SiCode.SI_NOINFO
    before = spin.number("counter", 8)
    ptrace.detach(spin.pid)
    kernel.settle(0.05)
    with pytest.raises(PermissionError) as caught:
        ptrace.lwpinfo(spin.pid)
    assert getattr(caught.value, "reason", "") == "it is not traced: PT_ATTACH comes first"
    ptrace.attach(spin.pid)
    spin.stop()
    assert spin.number("counter", 8) > before


def test_detach_with_a_signal(start: Start) -> None:
    spin = start("spin")
    ptrace.detach(spin.pid, Signal.SIGTERM)
    assert wait(spin.pid) == Signaled(spin.pid, Signal.SIGTERM, False, 15)


def test_continue_to_the_end(start: Start) -> None:
    steps = start("steps")
    assert steps.cont() == Exited(steps.pid, 3, 0x300)


def test_continue_elsewhere(start: Start) -> None:
    steps = start("steps")
    steps.run_to("line")
    ptrace.write(steps.pid, steps.at("s5"), b"\xcc")
    ptrace.cont(steps.pid, address=steps.at("s3"))
    steps.stop()
    assert ptrace.getregs(steps.pid).pc == steps.at("s5") + 1


def test_step(start: Start) -> None:
    steps = start("steps")
    steps.run_to("s0")
    for place in ("s1", "s2", "s3"):
        ptrace.step(steps.pid)
        assert steps.stop().signal is Signal.SIGTRAP
        assert ptrace.getregs(steps.pid).pc == steps.at(place)
    info = ptrace.lwpinfo(steps.pid)
    assert info.siginfo is not None
    assert info.siginfo.code is TrapCode.TRAP_TRACE
    assert info.siginfo.addr == steps.at("s3")
    assert info.siginfo.trapno == 10


def test_setstep_and_clearstep(start: Start) -> None:
    steps = start("steps")
    steps.run_to("s0")
    ptrace.setstep(steps.pid)
    steps.cont()
    assert ptrace.getregs(steps.pid).pc == steps.at("s1")
    ptrace.setstep(steps.pid)
    ptrace.clearstep(steps.pid)
    assert isinstance(steps.cont(), Exited)


def test_signals_are_passed_on_or_not(start: Start) -> None:
    signals = start("signals", "handle")
    for _ in range(3):
        assert signals.cont() == Stopped(signals.pid, Signal.SIGUSR1, 0x1E7F)
        info = ptrace.lwpinfo(signals.pid)
        assert info.siginfo is not None
        assert info.siginfo.code is SiCode.SI_USER
        assert info.siginfo.pid == signals.pid
        ptrace.step(signals.pid, Signal.SIGUSR1 if _ else 0)
        signals.stop()
    assert signals.cont() == Exited(signals.pid, 2, 0x200)


def test_pending_and_blocked_signals(start: Start) -> None:
    signals = start("signals", "mask")
    assert signals.cont() == Stopped(signals.pid, Signal.SIGTRAP, 0x57F)
    info = ptrace.lwpinfo(signals.pid)
    assert info.sigmask == {Signal.SIGUSR2}


def test_kill(start: Start) -> None:
    spin = start("spin")
    ptrace.kill(spin.pid)
    assert wait(spin.pid) == Signaled(spin.pid, Signal.SIGKILL, False, 9)


def test_system_calls_one_by_one(start: Start) -> None:
    sys = start("sys")
    ptrace.to_sce(sys.pid)
    sys.stop()
    info = ptrace.lwpinfo(sys.pid)
    assert info.flags == F.PL_FLAG_SCE
    assert (info.syscall_code, info.syscall_narg) == (20, 0)
    assert ptrace.get_sc_args(sys.pid) == ()
    with pytest.raises(OSError, match="EINVAL"):
        ptrace.get_sc_ret(sys.pid)
    ptrace.to_scx(sys.pid)
    sys.stop()
    assert ptrace.lwpinfo(sys.pid).flags == F.PL_FLAG_SCX
    result = ptrace.get_sc_ret(sys.pid)
    assert (result.retval[0], result.error) == (sys.pid, 0)
    ptrace.syscall(sys.pid)
    sys.stop()
    assert ptrace.lwpinfo(sys.pid).syscall_code == 6
    assert ptrace.get_sc_args(sys.pid) == (0xFFFFFFFFFFFFFFFF,)
    assert ptrace.get_sc_args(sys.pid, 1) == (0xFFFFFFFFFFFFFFFF,)
    ptrace.syscall(sys.pid)
    sys.stop()
    result = ptrace.get_sc_ret(sys.pid)
    assert (result.retval, result.error) == ((0, 0), 9)
    assert ptrace.get_event_mask(sys.pid) == E.PTRACE_EXEC | E.PTRACE_SYSCALL
    sys.cont()
    assert ptrace.get_sc_args(sys.pid) == (1, sys.at("status"), 0)
    assert ptrace.get_sc_args(sys.pid, 2) == (1, sys.at("status"))


def test_event_mask(start: Start) -> None:
    spin = start("spin")
    assert ptrace.get_event_mask(spin.pid) == E.PTRACE_DEFAULT
    ptrace.set_event_mask(spin.pid, E.PTRACE_LWP | E.PTRACE_VFORK)
    assert ptrace.get_event_mask(spin.pid) == E.PTRACE_LWP | E.PTRACE_VFORK
    ptrace.follow_fork(spin.pid)
    ptrace.lwp_events(spin.pid, False)
    assert ptrace.get_event_mask(spin.pid) == E.PTRACE_FORK | E.PTRACE_VFORK
    ptrace.follow_fork(spin.pid, False)
    ptrace.lwp_events(spin.pid)
    assert ptrace.get_event_mask(spin.pid) == E.PTRACE_LWP | E.PTRACE_VFORK
    with pytest.raises(OSError, match=r"PT_SET_EVENT_MASK of \d+: EINVAL"):
        ptrace.set_event_mask(spin.pid, PtraceEvents(0x4000))
    with pytest.raises(TypeError):
        ptrace.set_event_mask(spin.pid, 1)  # type: ignore[arg-type]


def test_a_followed_child(start: Start) -> None:
    forker = start("forker")
    ptrace.follow_fork(forker.pid)
    first = forker.cont()
    assert isinstance(first, Stopped)
    child = ptrace.lwpinfo(forker.pid).child_pid
    assert F.PL_FLAG_FORKED in ptrace.lwpinfo(forker.pid).flags
    assert wait(child) == Stopped(child, Signal.SIGSTOP, 0x117F)
    assert F.PL_FLAG_CHILD in ptrace.lwpinfo(child).flags
    assert ptrace.get_event_mask(child) == E.PTRACE_EXEC
    ptrace.cont(child)
    assert wait(child) == Exited(child, 7, 0x700)
    ended = forker.cont()
    while isinstance(ended, Stopped):
        ended = forker.cont(0 if ended.signal is Signal.SIGCHLD else int(ended.signal))
    assert ended == Exited(forker.pid, 8, 0x800)


def test_threads(kernel: Kernel, start: Start) -> None:
    threads = start("threads", "one")
    first = ptrace.lwpinfo(threads.pid).lwpid
    assert ptrace.getnumlwps(threads.pid) == 1
    assert ptrace.getlwplist(threads.pid) == (first,)
    ptrace.lwp_events(threads.pid)
    threads.cont()
    born = ptrace.lwpinfo(threads.pid)
    assert F.PL_FLAG_BORN in born.flags
    assert ptrace.getlwplist(threads.pid) == (first, born.lwpid)
    assert ptrace.lwpinfo(first).lwpid == first
    assert ptrace.lwpinfo(first).event is LwpEvent.PL_EVENT_NONE
    ptrace.suspend(first)
    threads.cont()
    gone = ptrace.lwpinfo(threads.pid)
    assert gone.lwpid == born.lwpid
    assert F.PL_FLAG_EXITED in gone.flags
    before = threads.number("turns", 8)
    ptrace.resume(first)
    ptrace.set_event_mask(threads.pid, E.PTRACE_DEFAULT)
    ptrace.cont(threads.pid)
    kernel.settle(0.05)
    kernel.kill(threads.pid, Signal.SIGSTOP)
    threads.stop()
    assert threads.number("turns", 8) > before
    threads.set("go", 1)
    assert threads.cont() == Exited(threads.pid, 1, 0x100)


def test_trace_me(kernel: Kernel) -> None:
    def work(child: Kernel) -> str:
        ptrace.trace_me(kernel=child)
        try:
            ptrace.trace_me(kernel=child)
        except KernelError as error:
            return error.name
        return ""

    assert kernel.run_child(work) == "EBUSY"


# -- what is refused before the kernel sees it ------------------------------------------


@pytest.mark.parametrize("wrong", [None, "1", 1.0, True, b"1"])
def test_pids_of_a_wrong_type(kernel: Kernel, wrong: object) -> None:
    functions: list[Callable[..., object]] = [
        ptrace.attach, ptrace.detach, ptrace.cont, ptrace.step, ptrace.kill, ptrace.lwpinfo,
        ptrace.getregs, ptrace.vm_map, ptrace.getlwplist]
    for function in functions:
        with pytest.raises(TypeError, match="pid must be an int"):
            function(wrong)


@pytest.mark.parametrize("wrong", [-1, -(1 << 31), 1 << 31])
def test_pids_out_of_range(kernel: Kernel, wrong: int) -> None:
    functions: list[Callable[..., object]] = [
        ptrace.attach, ptrace.cont, ptrace.lwpinfo, ptrace.getregs]
    for function in functions:
        with pytest.raises(ValueError, match="pid must be 0 to"):
            function(wrong)


@pytest.mark.parametrize("wrong", [-(1 << 31) - 1, 1 << 31, (1 << 32) - 1])
def test_nobody_is_waited_for_whose_pid_is_no_int_of_c(kernel: Kernel, wrong: int) -> None:
    with pytest.raises(ValueError, match="pid must be -2147483648 to"):
        wait(wrong)


def test_signals_and_addresses_out_of_range(start: Start) -> None:
    spin = start("spin")
    for wrong in (-1, 129):
        with pytest.raises(ValueError, match="signal must be 0 to 128"):
            ptrace.cont(spin.pid, wrong)
    with pytest.raises(TypeError):
        ptrace.cont(spin.pid, "SIGTERM")    # type: ignore[arg-type]
    for address in (-1, 1 << 64):
        with pytest.raises(ValueError, match="address must be"):
            ptrace.cont(spin.pid, address=address)
    with pytest.raises(ValueError, match="say None"):
        ptrace.cont(spin.pid, address=1)
    with pytest.raises(ValueError, match="up to 8 arguments"):
        ptrace.get_sc_args(spin.pid, 9)
    assert wait(spin.pid, WaitOptions.WNOHANG) is None


def test_nobody(kernel: Kernel) -> None:
    with pytest.raises(ProcessLookupError) as caught:
        ptrace.lwpinfo(99998)
    error = caught.value
    assert isinstance(error, KernelError)
    assert (error.call, error.request, error.target) == ("ptrace", "PT_LWPINFO", 99998)
