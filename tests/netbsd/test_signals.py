"""What signals and statuses say."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from bsdproc import abi
from bsdproc.kernel.port import Waited, Waited6
from bsdproc.netbsd import (
    Continued,
    Exited,
    IdType,
    Signaled,
    Stopped,
    WaitOptions,
    wait,
    wait6,
    waiting,
)
from bsdproc.netbsd.constants import (
    CldCode,
    PollCode,
    PtraceEvents,
    SegvCode,
    SiCode,
    Signal,
    TrapCode,
)
from bsdproc.netbsd.siginfo import Siginfo, code_of
from bsdproc.typed.records import Malformed

MACHINES = [machine for system, machine in abi.targets() if system == "netbsd"]
Make = Callable[..., Any]


def info(machine: str, signo: int, code: int, **reason: Any) -> Siginfo:
    """A siginfo as the kernel would make it."""
    layout = abi.target("netbsd", machine).struct("siginfo_t")
    return Siginfo.single(machine, layout.pack({
        "_info": {"_signo": signo, "_code": code, "_reason": reason}}))


@pytest.mark.parametrize("machine", MACHINES)
def test_each_kind_of_siginfo(machine: str) -> None:
    fault = info(machine, 11, 1, _fault={"_addr": 0x1000, "_trap": 6})
    assert (fault.signo, fault.code) == (Signal.SIGSEGV, SegvCode.SEGV_MAPERR)
    assert (fault.addr, fault.trap, fault.pid, fault.sysnum) == (0x1000, 6, None, None)
    sent = info(machine, 30, 0, _rt={"_pid": 5, "_uid": 7, "_value": {"sival_int": -1}})
    assert (sent.code, sent.pid, sent.uid, sent.addr) == (SiCode.SI_USER, 5, 7, None)
    assert sent.int_value == -1
    child = info(machine, 20, 1, _child={"_pid": 5, "_uid": 7, "_status": 3, "_utime": 4,
                                         "_stime": 9})
    assert (child.code, child.pid, child.uid, child.status) == (CldCode.CLD_EXITED, 5, 7, 3)
    assert (child.utime, child.stime, child.value) == (4, 9, None)
    entry = info(machine, 5, 7, _syscall={"_sysnum": 3, "_args": (1, 2, 3, 0, 0, 0, 0, 0)})
    assert (entry.code, entry.sysnum) == (TrapCode.TRAP_SCE, 3)
    assert entry.args is not None
    assert entry.args[:3] == (1, 2, 3)
    assert (entry.retval, entry.error, entry.addr) == (None, None, None)
    leave = info(machine, 5, 8, _syscall={"_sysnum": 3, "_retval": (-1, 2), "_error": 9})
    assert (leave.code, leave.retval, leave.error) == (TrapCode.TRAP_SCX, (-1, 2), 9)
    forked = info(machine, 5, 4, _ptrace_state={"_pe_report_event": 2,
                                                "_option": {"_pe_other_pid": 66}})
    assert (forked.report_event, forked.other_pid, forked.lwp) == (
        PtraceEvents.PTRACE_VFORK, 66, None)
    born = info(machine, 5, 5, _ptrace_state={"_pe_report_event": 8, "_option": {"_pe_lwp": 4}})
    assert (born.report_event, born.other_pid, born.lwp) == (
        PtraceEvents.PTRACE_LWP_CREATE, None, 4)
    poll = info(machine, 23, 1, _poll={"_band": 1, "_fd": 3})
    assert (poll.code, poll.band, poll.fd) == (PollCode.POLL_IN, 1, 3)
    assert "fd=3" in repr(poll)


def test_codes() -> None:
    assert code_of(5, 6) is TrapCode.TRAP_DBREG
    assert code_of(5, -5) is SiCode.SI_LWP
    assert code_of(5, 0x7FFF) is SiCode.SI_NOINFO
    assert code_of(30, 1) == 1
    assert code_of(99, 99) == 99


def test_a_siginfo_is_made() -> None:
    made = Siginfo.make("sparc64", Signal.SIGUSR1, SiCode.SI_QUEUE, pid=4, uid=5, value=6)
    assert (made.code, made.pid, made.uid, made.value) == (SiCode.SI_QUEUE, 4, 5, 6)
    assert Siginfo.make("amd64", 5).code is SiCode.SI_NOINFO
    with pytest.raises(ValueError, match="different kinds"):
        Siginfo.make("amd64", 5, pid=1, addr=2)
    with pytest.raises(TypeError):
        Siginfo.make("amd64", 5, nothing=1)
    with pytest.raises(ValueError, match="signal"):
        Siginfo.make("amd64", 64)
    with pytest.raises(Malformed):
        Siginfo.single("amd64", b"x" * 127)


STATUSES = [
    (0x117F, Stopped(7, Signal.SIGSTOP, 0x117F)),
    (0x57F, Stopped(7, Signal.SIGTRAP, 0x57F)),
    (0x287F, Stopped(7, 40, 0x287F)),
    (0x1500, Exited(7, 21, 0x1500)),
    (0, Exited(7, 0, 0)),
    (0x9, Signaled(7, Signal.SIGKILL, False, 9)),
    (0x8B, Signaled(7, Signal.SIGSEGV, True, 0x8B)),
    (0xFFFF, Continued(7, 0xFFFF)),
]


@pytest.mark.parametrize(("status", "means"), STATUSES)
def test_statuses(status: int, means: object, scripted: Make) -> None:
    assert waiting.decode(7, status) == means
    one = scripted()
    one.script.answer = lambda call: Waited(7, status, b"")
    assert wait(7, kernel=one.kernel) == means
    assert type(wait(7, kernel=one.kernel)) is type(means)


def test_wait_options(scripted: Make) -> None:
    one = scripted()
    one.script.answer = lambda call: Waited(0, 0, b"")
    assert wait(options=WaitOptions.WNOHANG | WaitOptions.WALLSIG, kernel=one.kernel) is None
    assert one.script.last.arguments == (-1, 9)
    for wrong in (1 << 40, -(1 << 40)):
        with pytest.raises(ValueError, match="pid"):
            wait(wrong, kernel=one.kernel)
    one.script.refuse("ECHILD")
    with pytest.raises(ChildProcessError):
        wait(7, kernel=one.kernel)


def test_wait6(scripted: Make) -> None:
    one = scripted()
    usage = one.script.target.struct("struct wrusage").pack({
        "wru_self": {"ru_utime": {"tv_sec": 1, "tv_usec": 500_000}, "ru_minflt": 4},
        "wru_children": {"ru_nvcsw": 9},
    })
    child = info("amd64", 20, 3, _child={"_pid": 7, "_status": 11})
    one.script.answer = lambda call: Waited6(7, 0x8B, usage, child.raw)
    found = wait6(IdType.P_PID, 7, WaitOptions.WEXITED, kernel=one.kernel)
    assert found is not None
    assert found.status == Signaled(7, Signal.SIGSEGV, True, 0x8B)
    assert (found.siginfo.code, found.siginfo.status) == (CldCode.CLD_DUMPED, 11)
    assert (found.usage.utime, found.usage.minflt, found.children.nvcsw) == (1.5, 4, 9)
    assert one.script.last.arguments == (1, 7, 0x20)
    one.script.answer = lambda call: Waited6(0, 0, b"", b"")
    assert wait6(IdType.P_ALL, 0, WaitOptions.WNOHANG, kernel=one.kernel) is None
