"""The debugger's backend: what a stop is, by its siginfo, and how a process goes on."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from bsdproc import abi
from bsdproc.debugger._netbsd import BREAKPOINTS, NetBSDBackend
from bsdproc.debugger.backend import Kind, News, Report, Stop, Unreported
from bsdproc.kernel.errors import KernelError, NotSupported
from bsdproc.kernel.port import Waited6
from bsdproc.netbsd.constants import Signal, TrapCode
from bsdproc.netbsd.registers import Amd64DebugRegisters, Amd64Registers

Make = Callable[..., Any]
MACHINES = [machine for system, machine in abi.targets() if system == "netbsd"]


class Tracee:
    """Answers ptrace(2) for a process that stands."""

    def __init__(self, one: Any) -> None:
        self.one, self.script = one, one.script
        self.backend = NetBSDBackend(one.kernel)
        self.backend._begin(7)
        self.lwps = [1]
        self.siginfo: dict[str, Any] = {}
        self.lwp = 0
        self.registers = Amd64Registers()
        self.debug = Amd64DebugRegisters()
        self.script.answer = self.answer
        self.numbers = {value: name for name, value in self.script.target.constants.items()
                        if name.startswith("PT_") and value < 64 and name in REQUESTS}

    def stands(self, signo: int, code: int = 0, lwp: int = 0, **reason: Any) -> None:
        self.siginfo = {"_info": {"_signo": signo, "_code": code, "_reason": reason}}
        self.lwp = lwp

    def answer(self, call: Any) -> int:
        name = self.numbers[call.arguments[0]]
        target = self.script.target
        if name == "PT_GET_SIGINFO":
            layout = target.struct("struct ptrace_siginfo")
            call.buffer.write(layout.pack({"psi_siginfo": self.siginfo, "psi_lwpid": self.lwp}))
        elif name in ("PT_LWPNEXT", "PT_LWPSTATUS"):
            layout = target.struct("struct ptrace_lwpstatus")
            asked = layout.get(call.buffer.read(), "pl_lwpid")
            ids = [0, *self.lwps, 0]
            found = asked if name == "PT_LWPSTATUS" else ids[ids.index(asked) + 1]
            call.buffer.write(layout.pack({"pl_lwpid": found}))
        elif name == "PT_GETREGS":
            call.buffer.write(bytes(self.registers))
        elif name == "PT_GETDBREGS":
            call.buffer.write(bytes(self.debug))
        elif name == "PT_SETDBREGS":
            self.debug = Amd64DebugRegisters(call.buffer.read())
        return 0

    def asked(self) -> list[tuple[str, Any, int]]:
        """The requests since the last look: name, address, data."""
        found = [(self.numbers[call.arguments[0]], *call.arguments[2:])
                 for call in self.script.calls if call.name == "ptrace"]
        self.script.calls.clear()
        return found


REQUESTS = {
    "PT_GET_SIGINFO", "PT_LWPNEXT", "PT_LWPSTATUS", "PT_GETREGS", "PT_SETREGS", "PT_GETDBREGS",
    "PT_SETDBREGS", "PT_CONTINUE", "PT_SYSCALL", "PT_STEP", "PT_SETSTEP", "PT_CLEARSTEP",
    "PT_SET_EVENT_MASK", "PT_SUSPEND", "PT_RESUME", "PT_KILL", "PT_DETACH", "PT_IO",
}


@pytest.fixture
def tracee(scripted: Make) -> Tracee:
    return Tracee(scripted())


KINDS: list[tuple[int, int, dict[str, Any], Kind]] = [
    (5, TrapCode.TRAP_BRKPT, {}, Kind.BREAKPOINT),
    (5, TrapCode.TRAP_TRACE, {}, Kind.STEP),
    (5, TrapCode.TRAP_DBREG, {}, Kind.STEP),
    (5, TrapCode.TRAP_EXEC, {}, Kind.EXEC),
    (5, TrapCode.TRAP_SCE, {"_syscall": {"_sysnum": 4}}, Kind.SYSCALL_ENTRY),
    (5, TrapCode.TRAP_SCX, {"_syscall": {"_sysnum": 4}}, Kind.SYSCALL_EXIT),
    (5, TrapCode.TRAP_CHLD, {"_ptrace_state": {"_pe_report_event": 1}}, Kind.FORK),
    (5, TrapCode.TRAP_CHLD, {"_ptrace_state": {"_pe_report_event": 2}}, Kind.VFORK),
    (5, TrapCode.TRAP_CHLD, {"_ptrace_state": {"_pe_report_event": 4}}, Kind.VFORK_DONE),
    (5, TrapCode.TRAP_LWP, {"_ptrace_state": {"_pe_report_event": 8}}, Kind.THREAD_STARTED),
    (5, TrapCode.TRAP_LWP, {"_ptrace_state": {"_pe_report_event": 16}}, Kind.THREAD_EXITED),
    (5, 0, {"_rt": {"_pid": 3}}, Kind.SIGNAL),
    (30, 0, {"_rt": {"_pid": 3}}, Kind.SIGNAL),
    (11, 1, {"_fault": {"_addr": 5}}, Kind.SIGNAL),
]


@pytest.mark.parametrize(("signo", "code", "reason", "kind"), KINDS)
def test_kinds(signo: int, code: int, reason: dict[str, Any], kind: Kind, tracee: Tracee) -> None:
    tracee.stands(signo, code, 1, **reason)
    stop = tracee.backend.stop(7, signo)
    assert stop.kinds == (kind,)
    assert (stop.lwp, stop.signal, stop.code) == (1, signo, code)


def test_senders_and_addresses(tracee: Tracee) -> None:
    tracee.stands(30, 0, _rt={"_pid": 3})
    assert tracee.backend.stop(7, 30).sender == 3
    tracee.backend.proceed(7, 0)
    tracee.stands(11, 1, _fault={"_addr": 0x55})
    stop = tracee.backend.stop(7, 11)
    assert (stop.sender, stop.address) == (None, 0x55)


def test_a_signal_to_the_whole_process_is_its_first_lwps(tracee: Tracee) -> None:
    tracee.lwps = [4, 3, 2]
    tracee.stands(17, 0, 0, _rt={"_pid": 100})
    assert tracee.backend.stop(7, 17).lwp == 2


def test_a_siginfo_of_another_stop(tracee: Tracee) -> None:
    tracee.stands(5, TrapCode.TRAP_TRACE, 1)
    assert tracee.backend.stop(7, 20) == Stop(1, (Kind.SIGNAL,), 20)


def test_a_child_is_known_by_being_new(tracee: Tracee) -> None:
    backend = tracee.backend
    tracee.stands(5, TrapCode.TRAP_CHLD, 1,
                  _ptrace_state={"_pe_report_event": 1, "_option": {"_pe_other_pid": 8}})
    parent = backend.stop(7, 5)
    assert (parent.kinds, parent.child) == ((Kind.FORK,), 8)
    assert backend.stop(8, 5).kinds == (Kind.CHILD,)
    assert backend.stop(8, 5).kinds == (Kind.CHILD,)        # read once more
    backend.proceed(8, 0)
    assert backend.stop(8, 5).kinds == (Kind.FORK,)         # it has one of its own now


def test_going_on(tracee: Tracee) -> None:
    backend = tracee.backend
    backend.proceed(7, 9)
    backend.step(7, 3, 0)
    assert tracee.asked() == [("PT_CONTINUE", 1, 9), ("PT_STEP", 1, 3)]
    backend.suspend(7, 2)
    backend.unsuspend(7, 2)
    backend.clear_step(7, 2)
    assert tracee.asked() == [("PT_SUSPEND", 0, 2), ("PT_RESUME", 0, 2), ("PT_CLEARSTEP", 0, 2)]


def test_a_step_with_a_signal_is_taken_back(tracee: Tracee) -> None:
    """PT_STEP takes no signal, and PT_SETSTEP holds until it is undone."""
    backend = tracee.backend
    backend.step(7, 3, Signal.SIGUSR1)
    assert tracee.asked() == [("PT_SETSTEP", 0, 3), ("PT_CONTINUE", 1, 30)]
    tracee.stands(5, TrapCode.TRAP_TRACE, 3)
    backend.stop(7, 5)
    assert tracee.asked()[0] == ("PT_CLEARSTEP", 0, 3)
    backend.step(7, 3, Signal.SIGUSR1)
    tracee.asked()
    backend.detach(7, 0)
    assert tracee.asked() == [("PT_CLEARSTEP", 0, 3), ("PT_DETACH", 1, 0)]


def test_system_calls(tracee: Tracee) -> None:
    backend = tracee.backend
    backend.report(7, Report.SYSCALLS | Report.FORKS | Report.THREADS | Report.EXECS)
    masks = [call.buffer.read() for call in tracee.script.calls]
    assert masks == [bytes([0x1F, 0, 0, 0])]
    tracee.asked()
    backend.proceed(7, 0)
    backend.step(7, 2, 0)
    assert tracee.asked() == [("PT_SYSCALL", 1, 0), ("PT_SETSTEP", 0, 2), ("PT_SYSCALL", 1, 0)]
    tracee.stands(5, TrapCode.TRAP_SCE, 1,
                  _syscall={"_sysnum": 4, "_args": (1, 0xFFFFFFFFFFFFFFFF, 3, 4, 5, 6, 7, 8)})
    stop = backend.stop(7, 5)
    assert (stop.syscall, stop.narg, backend.syscall_name(stop.syscall)) == (4, 3, "write")
    assert backend.syscall_arguments(7, stop) == (1, 0xFFFFFFFFFFFFFFFF, 3)
    backend.report(7, Report.NONE)
    tracee.asked()
    backend.proceed(7, 0)
    assert tracee.asked() == [("PT_CONTINUE", 1, 0)]


def test_results(tracee: Tracee) -> None:
    backend = tracee.backend

    def result(retval: tuple[int, int], error: int, register: int) -> tuple[int, int, int]:
        backend.proceed(7, 0)
        tracee.registers.rax = register
        tracee.stands(5, TrapCode.TRAP_SCX, 1,
                      _syscall={"_sysnum": 197, "_retval": retval, "_error": error})
        return backend.syscall_result(7, backend.stop(7, 5))

    assert result((5, 0), 0, 197) == (5, 0, 0)          # the register still has the number
    assert result((-0x8200000, 0), 0, 0x7F7FF7E00000) == (0x7F7FF7E00000, 0, 0)
    assert result((-1, 0), 0, (1 << 64) - 1) == (-1, 0, 0)
    assert result((0, 0), 9, 9) == (0, 0, 9)


def test_what_stands_is_told_again(tracee: Tracee) -> None:
    tracee.stands(30, 0, 1)
    assert tracee.backend.standing(7) == News(7, True, 30, 0, False)
    tracee.script.refuse("EBUSY")
    with pytest.raises(KernelError, match="EBUSY"):
        tracee.backend.standing(7)


def test_unreported(tracee: Tracee) -> None:
    backend = tracee.backend
    tracee.stands(5, TrapCode.TRAP_CHLD, 1,
                  _ptrace_state={"_pe_report_event": 2, "_option": {"_pe_other_pid": 8}})
    assert backend.unreported(7, 1, told=False) == Unreported(True, 8, True)
    assert backend.unreported(7, 1, told=True) == Unreported(False)
    assert backend.unreported(7, 2, told=False) == Unreported(False)


def test_news(tracee: Tracee) -> None:
    answers = {0x57F: News(7, True, 5, 0, False), 0x300: News(7, False, 0, 3, False),
               0x8B: News(7, False, 11, 0, True), 0xFFFF: None}
    for status, news in answers.items():
        tracee.script.answer = lambda call, status=status: Waited6(7, status, b"", b"")
        tracee.script.calls.clear()
        assert tracee.backend.wait(7, block=True) == news
        asked = [call.arguments for call in tracee.script.calls]
        # Looked at, and taken if it is a stop; an end is left to be collected.
        assert asked == [(1, 7, 0x10060)] + [(1, 7, 0x41)] * (status == 0x57F)
        assert tracee.backend.wait_any([7]) == news or news is None
    tracee.script.answer = lambda call: Waited6(0, 0, b"", b"")
    assert tracee.backend.wait(7, block=False) is None


def test_what_is_not_mapped_is_a_fault(tracee: Tracee) -> None:
    tracee.script.refuse("EINVAL")
    for call in (lambda: tracee.backend.read(7, 0, 4), lambda: tracee.backend.write(7, 0, b"x")):
        with pytest.raises(KernelError) as caught:
            call()
        assert (caught.value.name, caught.value.request) == ("EFAULT", "PT_IO")
    tracee.script.refuse("EBUSY")
    with pytest.raises(KernelError, match="EBUSY"):
        tracee.backend.read(7, 0, 4)


def test_watchpoints(tracee: Tracee) -> None:
    tracee.lwps = [2, 1]
    backend = tracee.backend
    backend.watch(7, [(0x1000, 8, "w"), None, (0x2000, 1, "x")])
    assert [name for name, _, _ in tracee.asked()].count("PT_SETDBREGS") == 2
    assert tracee.debug.slot(0).length == 8
    assert not tracee.debug.slot(1).enabled
    tracee.debug.dr6 = 0b0101
    assert backend.watched(7, 1) == (0, 2)
    assert backend.watched(7, 1) == ()
    backend.pass_over(7, 1)
    assert tracee.script.last.arguments[3] == 1


@pytest.mark.parametrize("machine", MACHINES)
def test_every_machine_has_its_breakpoint(machine: str, scripted: Make) -> None:
    one = scripted(machine)
    backend = NetBSDBackend(one.kernel)
    size = one.script.target.constants["PTRACE_BREAKPOINT_SIZE"]
    assert len(backend.breakpoint_instruction) == size
    assert backend.breakpoint_advance == one.script.target.constants.get(
        "PTRACE_BREAKPOINT_ADJ", 0)
    if backend.watch_slots() == 0:
        with pytest.raises(NotSupported, match=machine):
            backend.watch(7, [None])
    assert set(BREAKPOINTS) == set(MACHINES)


def test_processes_of_the_debugger(scripted: Make) -> None:
    one = scripted()
    one.processes({"p_pid": 7, "p_ppid": 100, "p_flag": 0x800, "p_realstat": 4,
                   "p_siglist": {"__bits": (1 << 16, 0, 0, 0)}})
    backend = NetBSDBackend(one.kernel)
    sizes = one.script.target.struct("struct kinfo_proc2").size
    one.script.sysctls |= {(1, 47, 1, pid, sizes, count): one.script.sysctls[1, 47, 1, 7, sizes, 1]
                           for pid in (7,) for count in (0, 17)}
    one.script.answer = lambda call: Waited6(0, 0, b"", b"")
    assert backend.traced(7)
    one.script.refuse("ECHILD")
    assert not backend.traced(7)
    assert not backend.job_stopped(7)
    assert backend.pending(7, 17)
    assert not backend.pending(7, 9)
    assert not backend.traced(8)
