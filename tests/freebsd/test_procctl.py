"""procctl(2), typed."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import suppress
from typing import cast

import pytest

from bsdproc import abi
from bsdproc.freebsd import Exited, Signal, Signaled, WaitOptions, _reaper, procctl, ptrace, wait
from bsdproc.freebsd.constants import (
    AslrPolicy,
    KptiPolicy,
    LaPolicy,
    LogsigexitPolicy,
    ProcFlags,
    ProcFlags2,
    ProtmaxPolicy,
    ReaperPidFlags,
    ReaperStatusFlags,
    StackgapFlags,
    TraceControl,
    WxmapFlags,
)
from bsdproc.freebsd.kinfo import process
from bsdproc.freebsd.procctl import ReaperKilled, ReaperPid, ReaperStatus, TraceStatus
from bsdproc.kernel.errors import KernelError, NotSupported, TooOld
from bsdproc.kernel.port import Kernel

from .conftest import Start

VALID, CHILD = ReaperPidFlags.REAPER_PIDINFO_VALID, ReaperPidFlags.REAPER_PIDINFO_CHILD
NOBODY = 99998


# -- the reaper -------------------------------------------------------------------------


@pytest.fixture
def reaper(kernel: Kernel) -> Iterator[None]:
    """The caller is a reaper, and alone again afterwards."""
    procctl.reap_acquire()
    yield
    with suppress(ProcessLookupError):
        procctl.reap_kill(Signal.SIGKILL)
    with suppress(ChildProcessError):
        while True:
            wait()
    procctl.reap_release()


def test_reaper(kernel: Kernel, start: Start) -> None:
    me = kernel.getpid()
    assert ReaperStatusFlags.REAPER_STATUS_OWNED not in procctl.reap_status().flags
    procctl.reap_acquire()
    assert procctl.reap_status() == ReaperStatus(
        ReaperStatusFlags.REAPER_STATUS_OWNED, 0, 0, me, None)
    child = start("sleeper", traced=False)
    status = procctl.reap_status()
    assert (status.children, status.descendants, status.pid) == (1, 1, child.pid)
    assert procctl.reap_status(child.pid).reaper == me
    assert procctl.reap_getpids() == (ReaperPid(child.pid, child.pid, VALID | CHILD),)
    assert procctl.reap_getpids(child.pid) == procctl.reap_getpids()
    with pytest.raises(KernelError, match=r"EBUSY.*\(the caller is a reaper already\)"):
        procctl.reap_acquire()
    assert procctl.reap_kill(Signal.SIGKILL) == ReaperKilled(1, None)
    assert wait(child.pid) == Signaled(child.pid, Signal.SIGKILL, False, 9)
    with pytest.raises(ProcessLookupError) as caught:
        procctl.reap_kill(Signal.SIGKILL)
    error = cast(KernelError, caught.value)
    assert (error.killed, error.first_failed) == (0, None)
    assert error.request == "PROC_REAP_KILL"
    procctl.reap_release()
    with pytest.raises(KernelError, match=r"EINVAL.*\(the caller is no reaper\)"):
        procctl.reap_release()


def test_reaper_of_a_tree(reaper: None, start: Start) -> None:
    tree = start("tree", "flat", "5", traced=False)
    wait(tree.pid, WaitOptions.WUNTRACED)
    found = procctl.reap_getpids()
    assert len(found) == 6
    assert {one.subtree for one in found} == {tree.pid}
    assert [one.pid for one in found if CHILD in one.flags] == [tree.pid]
    assert procctl.reap_kill(Signal.SIGTERM, subtree=tree.pid).killed == 6
    with pytest.raises(ProcessLookupError) as caught:
        procctl.reap_kill(Signal.SIGTERM, subtree=NOBODY)
    assert cast(KernelError, caught.value).killed == 0


def test_reaper_list_grows_until_it_is_whole(
    reaper: None, start: Start, monkeypatch: pytest.MonkeyPatch
) -> None:
    """With no room to spare at first, as when processes come between the calls."""
    tree = start("tree", "flat", "7", traced=False)
    wait(tree.pid, WaitOptions.WUNTRACED)
    rooms: list[int] = []
    real = _reaper._getpids

    def getpids(kernel: Kernel, id: int, room: int) -> tuple[ReaperPid, ...]:
        rooms.append(room if rooms else 1)
        return real(kernel, id, rooms[-1])

    monkeypatch.setattr(_reaper, "_getpids", getpids)
    monkeypatch.setattr(_reaper, "_SLACK", -7)
    assert len(procctl.reap_getpids()) == 8
    assert len(rooms) > 1


def test_reaper_children_that_are_signalled_in_spite_of_the_error(
    reaper: None, start: Start
) -> None:
    child = start("sleeper", traced=False)
    with pytest.raises(ProcessLookupError) as caught:
        procctl.reap_kill(Signal.SIGKILL, children=True)
    assert cast(KernelError, caught.value).killed == 1
    assert wait(child.pid) == Signaled(child.pid, Signal.SIGKILL, False, 9)


def test_reaper_bad_arguments(kernel: Kernel) -> None:
    for wrong in (0, -1, 129):
        with pytest.raises(ValueError, match="signal must be 1 to 128"):
            procctl.reap_kill(wrong)
    with pytest.raises(ValueError, match="either"):
        procctl.reap_kill(9, children=True, subtree=5)
    with pytest.raises(ValueError, match="subtree must not be 0"):
        procctl.reap_kill(9, subtree=0)
    functions: list[Callable[..., object]] = [
        procctl.reap_status, procctl.reap_getpids, procctl.trace, procctl.aslr]
    for function in functions:
        with pytest.raises(ValueError, match="pid must not be 0"):
            function(0)
        with pytest.raises(ValueError, match="pid must be 0 to"):
            function(-1)
        with pytest.raises(TypeError):
            function("1")
        with pytest.raises(ProcessLookupError):
            function(NOBODY)


# -- tracing ---------------------------------------------------------------------------


def test_trace_control(kernel: Kernel, start: Start) -> None:
    sleeper = start("sleeper", traced=False)
    assert procctl.trace(sleeper.pid) == TraceStatus(True, None)
    procctl.set_trace(sleeper.pid, TraceControl.PROC_TRACE_CTL_DISABLE)
    assert procctl.trace(sleeper.pid) == TraceStatus(False, None)
    with pytest.raises(PermissionError, match="only a process itself can allow"):
        procctl.set_trace(sleeper.pid, TraceControl.PROC_TRACE_CTL_ENABLE)
    spin = start("spin")
    assert procctl.trace(spin.pid) == TraceStatus(True, kernel.getpid())
    with pytest.raises(KernelError, match=r"EBUSY.*\(it is traced, by"):
        procctl.set_trace(spin.pid, TraceControl.PROC_TRACE_CTL_DISABLE)


def test_trace_control_of_oneself(kernel: Kernel) -> None:
    def work(child: Kernel) -> list[bool]:
        seen = []
        for control in (TraceControl.PROC_TRACE_CTL_DISABLE,
                        TraceControl.PROC_TRACE_CTL_DISABLE_EXEC,
                        TraceControl.PROC_TRACE_CTL_ENABLE):
            procctl.set_trace(None, control, kernel=child)
            seen.append(procctl.trace(kernel=child).enabled)
        return seen

    assert kernel.run_child(work) == [False, False, True]


def test_trace_control_of_a_group(start: Start) -> None:
    sleeper = start("sleeper", traced=False, new_group=True)
    procctl.set_trace(None, TraceControl.PROC_TRACE_CTL_DISABLE, pgid=sleeper.pid)
    assert not procctl.trace(sleeper.pid).enabled
    with pytest.raises(ValueError, match="either a pid or a pgid"):
        procctl.set_trace(1, TraceControl.PROC_TRACE_CTL_DISABLE, pgid=sleeper.pid)
    with pytest.raises(ProcessLookupError):
        procctl.set_trapcap(None, True, pgid=NOBODY)


def test_trapcap(start: Start) -> None:
    sleeper = start("sleeper", traced=False)
    assert procctl.trapcap(sleeper.pid) is False
    procctl.set_trapcap(sleeper.pid, True)
    assert procctl.trapcap(sleeper.pid) is True
    procctl.set_trapcap(sleeper.pid, False)
    assert procctl.trapcap(sleeper.pid) is False


def test_protection(start: Start) -> None:
    sleeper = start("sleeper", traced=False)

    def state() -> tuple[bool, bool]:
        found = process(sleeper.pid)
        return (ProcFlags.P_PROTECTED in found.flag,
                ProcFlags2.P2_INHERIT_PROTECTED in found.flag2)

    procctl.sprotect(sleeper.pid)
    assert state() == (True, False)
    procctl.sprotect(sleeper.pid, inherit=True)
    assert state() == (True, True)
    procctl.sprotect(sleeper.pid, False, descend=True)
    assert state() == (False, False)


# -- oneself ------------------------------------------------------------------------------


def test_parent_death_signal(kernel: Kernel) -> None:
    def work(child: Kernel) -> list[object]:
        seen: list[object] = [procctl.pdeathsig(kernel=child)]
        for signal in (Signal.SIGUSR1, 100, None):
            procctl.set_pdeathsig(signal, kernel=child)
            seen.append(procctl.pdeathsig(kernel=child))
        return seen

    assert kernel.run_child(work) == [None, Signal.SIGUSR1, 100, None]
    for wrong in (0, 129, -1):
        with pytest.raises(ValueError, match="signal must be 1 to 128"):
            procctl.set_pdeathsig(wrong)


def test_no_new_privs(kernel: Kernel) -> None:
    def work(child: Kernel) -> list[bool]:
        before = procctl.no_new_privs(kernel=child)
        procctl.set_no_new_privs(kernel=child)
        return [before, procctl.no_new_privs(kernel=child)]

    assert kernel.run_child(work) == [False, True]


# -- address space ------------------------------------------------------------------------


def test_aslr(kernel: Kernel, start: Start) -> None:
    sleeper = start("sleeper", traced=False)
    for policy in AslrPolicy:
        procctl.set_aslr(sleeper.pid, policy)
        assert procctl.aslr(sleeper.pid).policy is policy
    active = procctl.aslr(sleeper.pid).active
    procctl.set_aslr(sleeper.pid, AslrPolicy.PROC_ASLR_FORCE_DISABLE)
    assert procctl.aslr(sleeper.pid).active is active, "the running image stays as it is"
    with pytest.raises(ValueError, match="4"):
        procctl.set_aslr(sleeper.pid, 4)        # type: ignore[arg-type]


def test_protmax(start: Start) -> None:
    sleeper = start("sleeper", traced=False)
    procctl.set_protmax(sleeper.pid, ProtmaxPolicy.PROC_PROTMAX_FORCE_ENABLE)
    found = procctl.protmax(sleeper.pid)
    assert found == procctl.Protmax(ProtmaxPolicy.PROC_PROTMAX_FORCE_ENABLE, True)


def test_stackgap(start: Start) -> None:
    f = StackgapFlags
    sleeper = start("sleeper", traced=False)
    assert procctl.stackgap(sleeper.pid) == f.PROC_STACKGAP_ENABLE | f.PROC_STACKGAP_ENABLE_EXEC
    procctl.set_stackgap(sleeper.pid, f.PROC_STACKGAP_DISABLE)
    assert f.PROC_STACKGAP_DISABLE in procctl.stackgap(sleeper.pid)
    with pytest.raises(KernelError, match=r"PROC_STACKGAP_CTL.*EINVAL"):
        procctl.set_stackgap(sleeper.pid, f.PROC_STACKGAP_ENABLE)
    with pytest.raises(TypeError):
        procctl.set_stackgap(sleeper.pid, 1)    # type: ignore[arg-type]


def test_wxmap(start: Start) -> None:
    sleeper = start("sleeper", traced=False)
    procctl.set_wxmap(sleeper.pid, WxmapFlags.PROC_WX_MAPPINGS_DISALLOW_EXEC)
    assert WxmapFlags.PROC_WX_MAPPINGS_DISALLOW_EXEC in procctl.wxmap(sleeper.pid)


def test_x86(kernel: Kernel) -> None:
    assert procctl.kpti().policy in (1, 2)
    assert procctl.la().bits in (48, 57, None)
    with pytest.raises(ValueError, match="not a valid"):
        procctl.set_kpti(None, cast(KptiPolicy, 9))
    with pytest.raises(ValueError, match="not a valid"):
        procctl.set_la(None, cast(LaPolicy, 0))


def test_too_old_and_not_supported(kernel: Kernel) -> None:
    with pytest.raises(TooOld, match=r"FreeBSD 14\.0"):
        procctl.logsigexit()
    with pytest.raises(TooOld):
        procctl.set_logsigexit(None, LogsigexitPolicy.PROC_LOGSIGEXIT_CTL_NOFORCE)

    class Arm:
        system, machine = "freebsd", "arm64"
        target = abi.target("freebsd", "arm64")

        def getpid(self) -> int:
            return 1

        def buffer(self, contents: object) -> object:
            return contents

    for call in (procctl.kpti, procctl.la):
        with pytest.raises(NotSupported, match="arm64 has no such request"):
            cast(Callable[..., object], call)(kernel=Arm())


def test_a_group_leader_that_exits(start: Start) -> None:
    """What is said of a process holds until it is collected, and no longer."""
    exiter = start("exiter", "4", traced=False)
    assert wait(exiter.pid, WaitOptions.WEXITED | WaitOptions.WNOWAIT) == Exited(
        exiter.pid, 4, 0x400)
    with pytest.raises(ProcessLookupError, match="waits to be collected"):
        procctl.trace(exiter.pid)
    wait(exiter.pid)
    with pytest.raises(ProcessLookupError, match="no process with this id"):
        procctl.trace(exiter.pid)
    with pytest.raises(ProcessLookupError):
        ptrace.attach(exiter.pid)
