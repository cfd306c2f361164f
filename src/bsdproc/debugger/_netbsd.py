"""The debugger's backend on NetBSD.

A stop says what it is in its siginfo: PT_GET_SIGINFO, which is kept until the process
goes on.  System calls are reported by the request that continues (PT_SYSCALL), and a
step that takes a signal or is to report them is PT_SETSTEP before it.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from contextlib import suppress
from functools import lru_cache
from typing import Final, NamedTuple

from bsdproc import netbsd
from bsdproc.debugger import x86
from bsdproc.debugger.backend import (
    PAUSE,
    Kind,
    News,
    Report,
    Stop,
    Unreported,
    as_news,
    news_of_any,
)
from bsdproc.kernel import errors
from bsdproc.kernel.errors import KernelError, not_supported
from bsdproc.kernel.port import Kernel
from bsdproc.netbsd import _call, siginfo
from bsdproc.netbsd.constants.process import ProcFlags, ProcState
from bsdproc.netbsd.constants.ptrace import PtraceEvents
from bsdproc.netbsd.constants.signals import SIG_MAXSIG, Signal, TrapCode
from bsdproc.netbsd.constants.wait import IdType, WaitOptions
from bsdproc.netbsd.kinfo import KinfoProc
from bsdproc.netbsd.registers import DEBUG, DebugRegisters, Registers
from bsdproc.netbsd.siginfo import Siginfo
from bsdproc.typed.enums import known
from bsdproc.typed.registers import GeneralRegisters

BREAKPOINTS: Final[dict[str, tuple[bytes, int]]] = {
    "amd64": (b"\xcc", 1),
    "i386": (b"\xcc", 1),
    "aarch64": (bytes.fromhex("a00120d4"), 0),      # brk #13
    "arm": (bytes.fromhex("fedeffe7"), 0),          # udf
    "riscv64": (bytes.fromhex("0290"), 0),          # c.ebreak
    "riscv32": (bytes.fromhex("0290"), 0),
    "powerpc": (bytes.fromhex("7fe00008"), 0),      # trap
    "mipseb": (bytes.fromhex("0000000d"), 0),       # break
    "mipsel": (bytes.fromhex("0d000000"), 0),
    "sparc": (bytes.fromhex("91d02001"), 0),        # ta 1
    "sparc64": (bytes.fromhex("91d02001"), 0),
}
"""What stops a program (<machine/ptrace.h>), and how far behind it the pc then stands."""
SYSCALLS: Final[dict[str, bytes]] = {"amd64": b"\x0f\x05", "i386": b"\xcd\x80"}
"""What calls the kernel, where it is one instruction and no other."""

SIGTRAP, SIGSTOP, SIGCONT, SIGKILL = 5, 17, 19, 9
HERE: Final = 1
"""The address that stands for "where it left off"."""
P_ALL, P_PID = IdType.P_ALL.value, IdType.P_PID.value
WNOHANG: Final = WaitOptions.WNOHANG.value
WATCH_ANY: Final = (WaitOptions.WEXITED | WaitOptions.WTRAPPED | WaitOptions.WNOWAIT).value
TAKE: Final = (WaitOptions.WTRAPPED | WaitOptions.WNOHANG).value
TRAPS: Final[Mapping[int, Kind]] = {
    TrapCode.TRAP_BRKPT: Kind.BREAKPOINT, TrapCode.TRAP_TRACE: Kind.STEP,
    TrapCode.TRAP_DBREG: Kind.STEP, TrapCode.TRAP_EXEC: Kind.EXEC,
    TrapCode.TRAP_SCE: Kind.SYSCALL_ENTRY, TrapCode.TRAP_SCX: Kind.SYSCALL_EXIT,
}
CHILDREN: Final = (PtraceEvents.PTRACE_FORK | PtraceEvents.PTRACE_VFORK
                   | PtraceEvents.PTRACE_VFORK_DONE)
"""Children of posix_spawn(2) are not asked for unless they are followed: they have none of
the parent's breakpoints, and a traced one cannot be put into a process group."""
THREADS: Final = PtraceEvents.PTRACE_LWP_CREATE | PtraceEvents.PTRACE_LWP_EXIT
NOT_MAPPED: Final = frozenset({"EINVAL", "EFAULT"})


class _Standing(NamedTuple):
    """What a stopped process has said of its stop."""

    siginfo: Siginfo
    lwp: int


class NetBSDBackend:
    """`Backend` over `bsdproc.netbsd`."""

    reportable = (Report.SYSCALLS | Report.FORKS | Report.THREADS | Report.EXECS
                  | Report.SPAWNS)
    stop_signal = SIGSTOP
    continue_signal = SIGCONT
    kill_signal = SIGKILL
    last_signal = SIG_MAXSIG
    harmless_call: int | None = None
    page_size = 4096
    holds = True

    def __init__(self, kernel: Kernel) -> None:
        self.kernel = kernel
        self.breakpoint_instruction, self.breakpoint_advance = BREAKPOINTS[kernel.machine]
        self.syscall_instruction = SYSCALLS.get(kernel.machine, b"")
        self._bits = 8 * kernel.target.pointer
        self._begun: set[int] = set()
        """Processes that have been told of; a tracee that is not is somebody's new child."""
        self._newborn: set[int] = set()
        """Children that still stand at their fork's end."""
        self._calls: set[int] = set()
        """Processes whose system calls are to be reported."""
        self._spawners: set[int] = set()
        """Processes whose children of posix_spawn(2) are traced, too."""
        self._steps: dict[int, int] = {}
        """The LWP that PT_SETSTEP was asked for, to be taken back at the next stop."""
        self._said: dict[int, _Standing] = {}

    # -- processes -----------------------------------------------------------------
    def spawn(self, path: str, argv: Sequence[str], env: Mapping[str, str] | None, *,
              cwd: str | None, fds: Mapping[int, int] | None, uid: int | None,
              gid: int | None, groups: Sequence[int] | None, new_group: bool) -> int:
        pid = self.kernel.spawn(path, argv, env, traced=True, cwd=cwd, fds=fds, uid=uid,
                                gid=gid, groups=groups, new_group=new_group)
        self._begin(pid)
        return pid

    def lost_children(self, path: str, known: Collection[int]) -> tuple[int, ...]:
        name = path.rpartition("/")[2]
        found = tuple(p.pid for p in self._tracees()
                      if p.pid not in known and p.comm and name.startswith(p.comm))
        for pid in found:
            self._begin(pid)
        return found

    def _tracees(self) -> list[KinfoProc]:
        """Children of the caller's that are traced."""
        own = self.kernel.getpid()
        return [p for p in netbsd.kinfo.processes(kernel=self.kernel)
                if p.ppid == own and ProcFlags.P_TRACED in p.flag]

    def attach(self, pid: int) -> None:
        # Noted before: an exception from outside may come right behind the request.
        self._begin(pid)
        try:
            netbsd.ptrace.attach(pid, kernel=self.kernel)
        except Exception:
            self._forget(pid)
            raise

    def _begin(self, pid: int) -> None:
        self._forget(pid)
        self._begun.add(pid)

    def _forget(self, pid: int) -> None:
        self._begun.discard(pid)
        self._newborn.discard(pid)
        self._calls.discard(pid)
        self._spawners.discard(pid)
        self._steps.pop(pid, None)
        self._said.pop(pid, None)

    def detach(self, pid: int, signal: int) -> None:
        self._take_back_step(pid)
        _call.ptrace(self.kernel, "PT_DETACH", pid, HERE)
        self._forget(pid)
        if signal:
            # What PT_DETACH is given is lost: it is for a tracee, and there is none any more.
            with suppress(ProcessLookupError):
                self.kernel.kill(pid, signal)

    def report(self, pid: int, what: Report) -> None:
        (self._calls.add if what & Report.SYSCALLS else self._calls.discard)(pid)
        (self._spawners.add if what & Report.SPAWNS else self._spawners.discard)(pid)
        mask = PtraceEvents(0)
        if what & Report.FORKS:
            mask |= CHILDREN
        if what & Report.SPAWNS:
            mask |= PtraceEvents.PTRACE_POSIX_SPAWN
        if what & Report.THREADS:
            mask |= THREADS
        netbsd.ptrace.set_event_mask(pid, mask, kernel=self.kernel)

    # -- going on --------------------------------------------------------------------
    def proceed(self, pid: int, signal: int) -> None:
        request = "PT_SYSCALL" if pid in self._calls else "PT_CONTINUE"
        _call.ptrace(self.kernel, request, pid, HERE, signal)
        self._runs(pid)

    def step(self, pid: int, lwp: int, signal: int) -> None:
        if signal or pid in self._calls:
            _call.ptrace(self.kernel, "PT_SETSTEP", pid, 0, lwp)
            self._steps[pid] = lwp
            self.proceed(pid, signal)
        else:
            _call.ptrace(self.kernel, "PT_STEP", pid, HERE, lwp)
            self._runs(pid)

    def _runs(self, pid: int) -> None:
        self._said.pop(pid, None)
        self._newborn.discard(pid)

    def clear_step(self, pid: int, lwp: int) -> None:
        with suppress(ProcessLookupError):
            _call.ptrace(self.kernel, "PT_CLEARSTEP", pid, 0, lwp)

    def _take_back_step(self, pid: int) -> None:
        lwp = self._steps.pop(pid, None)
        if lwp is not None:
            self.clear_step(pid, lwp)

    def suspend(self, pid: int, lwp: int) -> None:
        _call.ptrace(self.kernel, "PT_SUSPEND", pid, 0, lwp)

    def unsuspend(self, pid: int, lwp: int) -> None:
        _call.ptrace(self.kernel, "PT_RESUME", pid, 0, lwp)

    def end(self, pid: int) -> None:
        self._take_back_step(pid)
        _call.ptrace(self.kernel, "PT_KILL", pid)
        self._runs(pid)

    # -- wait ------------------------------------------------------------------------
    def wait(self, pid: int, *, block: bool) -> News | None:
        while True:
            # Looked at first: an end stays to be told until it is collected, and a stop
            # whose answer is lost is told by PT_GET_SIGINFO.
            if block and self._spawners:
                self._wait_for_some(pid)
            news = self._look(pid, WATCH_ANY if block else WATCH_ANY | WNOHANG)
            if news is None or not news.stopped:
                return news
            if self._look(pid, TAKE) == news:
                return news

    def _look(self, pid: int, options: int) -> News | None:
        try:
            found = self.kernel.wait6(P_PID, pid, options, False)
        except KernelError as error:
            raise _call.completed(self.kernel, error, "wait6", None, pid) from None
        return _news(found.pid, found.status) if found.pid else None

    def _wait_for_some(self, pid: int) -> None:
        """Until a process has news, while children are born that it may wait for and nobody
        knows of here: those whose posix_spawn(2) failed.  They are their tracer's to
        collect first."""
        while self._look(pid, WATCH_ANY | WNOHANG) is None:
            found = self.kernel.wait6(P_ALL, 0, WATCH_ANY, False).pid
            if found != pid and not self._collect_stillborn(found):
                self.kernel.settle(PAUSE)       # some other child of the caller's

    def _collect_stillborn(self, pid: int) -> bool:
        """Have done with such a child, if it is one."""
        found = self._process(pid) if pid not in self._begun else None
        if found is None or found.realstat != ProcState.SZOMB or found.ppid not in self._spawners:
            return False
        self.kernel.wait4(pid, WNOHANG, False)
        return True

    def collect(self, pid: int) -> None:
        with suppress(ChildProcessError):
            self.kernel.wait4(pid, WNOHANG, False)
        self._forget(pid)

    def wait_any(self, pids: Sequence[int]) -> News | None:
        if self._spawners:
            with suppress(ChildProcessError):
                if self._collect_stillborn(self.kernel.wait6(P_ALL, 0, WATCH_ANY, False).pid):
                    return None
        return news_of_any(self, pids, P_ALL, WATCH_ANY)

    def _standing(self, pid: int) -> _Standing:
        said = self._said.get(pid)
        if said is None:
            self._take_back_step(pid)
            found = netbsd.ptrace.get_siginfo(pid, kernel=self.kernel)
            # A signal to the process as a whole has no LWP: then it is the first one's.
            lwp = found.siginfo.lwp or found.lwpid or min(self.threads(pid))
            said = self._said[pid] = _Standing(found.siginfo, lwp)
        return said

    def stop(self, pid: int, signal: int) -> Stop:
        info, lwp = self._standing(pid)
        if pid not in self._begun:
            self._begun.add(pid)
            self._newborn.add(pid)
        kind, child = Kind.SIGNAL, 0
        if info.signo == SIGTRAP and signal in (SIGTRAP, 0):
            kind = TRAPS.get(info.code_number, Kind.SIGNAL)
            if info.report_event is not None:
                kind, child = self._event(pid, info)
        elif signal and info.signo != signal:
            # The kernel keeps the siginfo of another stop.
            return Stop(lwp, (Kind.SIGNAL,), signal)
        number = info.sysnum or 0
        called = netbsd.syscalls.by_number(number)
        return Stop(lwp, (kind,), int(info.signo), info.code_number, info.pid, info.addr, child,
                    number, len(called.arguments) if called is not None else 0)

    def _event(self, pid: int, info: Siginfo) -> tuple[Kind, int]:
        """What PTRACE_ event a stop is, and the child that it is about."""
        event = info.report_event or PtraceEvents(0)
        if event & PtraceEvents.PTRACE_LWP_CREATE:
            return Kind.THREAD_STARTED, 0
        if event & PtraceEvents.PTRACE_LWP_EXIT:
            return Kind.THREAD_EXITED, 0
        if event & PtraceEvents.PTRACE_VFORK_DONE:
            return Kind.VFORK_DONE, info.other_pid or 0
        if pid in self._newborn:
            return Kind.CHILD, 0
        kind = Kind.FORK
        if event & PtraceEvents.PTRACE_VFORK:
            kind = Kind.VFORK
        elif event & PtraceEvents.PTRACE_POSIX_SPAWN:
            kind = Kind.SPAWN
        return kind, info.other_pid or 0

    def standing(self, pid: int) -> News:
        self._said.pop(pid, None)
        return News(pid, True, int(self._standing(pid).siginfo.signo), 0, False)

    def unreported(self, pid: int, lwp: int, *, told: bool) -> Unreported:
        try:
            info, reporter = self._standing(pid)
            waits = SIGTRAP in netbsd.ptrace.lwpstatus(pid, lwp, kernel=self.kernel).sigpend
        except ProcessLookupError:
            return Unreported(False)
        if lwp != reporter:
            return Unreported(waits)
        if not told and info.report_event is not None and pid not in self._newborn:
            kind, child = self._event(pid, info)
            if kind in (Kind.FORK, Kind.VFORK, Kind.SPAWN):
                return Unreported(True, child, kind is Kind.VFORK, kind is Kind.SPAWN)
        return Unreported(waits or not told)

    def pending(self, pid: int, signal: int) -> bool:
        found = self._process(pid)
        return found is not None and signal in found.siglist

    def job_stopped(self, pid: int) -> bool:
        found = self._process(pid)
        return found is not None and (
            found.realstat == ProcState.SSTOP and ProcFlags.P_TRACED not in found.flag)

    def traced(self, pid: int) -> bool:
        found = self._process(pid)
        # One that exits is traced no more before it can be waited for.
        return found is not None and self._is_child(pid) and (
            ProcFlags.P_TRACED in found.flag or ProcFlags.P_WEXIT in found.flag
            or found.realstat in (ProcState.SDYING, ProcState.SZOMB, ProcState.SDEAD))

    def _is_child(self, pid: int) -> bool:
        """Whether it is the caller's to wait for: a record of a tracee has its own parent."""
        try:
            self._look(pid, WATCH_ANY | WNOHANG)
        except ChildProcessError:
            return False
        return True

    def _process(self, pid: int) -> KinfoProc | None:
        try:
            return netbsd.kinfo.process(pid, kernel=self.kernel)
        except KernelError:
            return None

    # -- threads -----------------------------------------------------------------------
    def threads(self, pid: int) -> tuple[int, ...]:
        return tuple(sorted(lwp.lwpid for lwp in netbsd.ptrace.lwps(pid, kernel=self.kernel)))

    def reach(self, pid: int, lwp: int) -> None:
        """Every one can be."""

    def thread_name(self, pid: int, lwp: int) -> str:
        return (netbsd.ptrace.lwpstatus(pid, lwp, kernel=self.kernel).name
                or netbsd.kinfo.process(pid, kernel=self.kernel).comm)

    def registers(self, pid: int, lwp: int) -> GeneralRegisters:
        return netbsd.ptrace.getregs(pid, lwp, kernel=self.kernel)

    def set_registers(self, pid: int, lwp: int, registers: GeneralRegisters) -> None:
        if not isinstance(registers, Registers):
            raise TypeError(f"{type(registers).__name__} are no NetBSD registers")
        netbsd.ptrace.setregs(pid, registers, lwp, kernel=self.kernel)

    def where(self, pid: int, lwp: int) -> tuple[int, int]:
        registers = netbsd.ptrace.getregs(pid, lwp, kernel=self.kernel)
        return registers.pc, registers.sp

    def set_pc(self, pid: int, lwp: int, pc: int) -> None:
        registers = netbsd.ptrace.getregs(pid, lwp, kernel=self.kernel)
        registers.pc = pc
        netbsd.ptrace.setregs(pid, registers, lwp, kernel=self.kernel)

    # -- memory --------------------------------------------------------------------------
    def auxv(self, pid: int) -> Mapping[int, int]:
        return {int(kind): value for kind, value in netbsd.ptrace.auxv(pid, kernel=self.kernel)}

    def read(self, pid: int, address: int, size: int) -> bytes:
        try:
            return netbsd.ptrace.read(pid, address, size, kernel=self.kernel)
        except KernelError as error:
            raise _fault(error) from None

    def write(self, pid: int, address: int, data: bytes) -> int:
        try:
            return netbsd.ptrace.write(pid, address, data, kernel=self.kernel)
        except KernelError as error:
            raise _fault(error) from None

    # -- system calls and signals ------------------------------------------------------------
    def syscall_name(self, number: int) -> str:
        return netbsd.syscalls.name(number)

    def syscall_arguments(self, pid: int, stop: Stop) -> tuple[int, ...]:
        words = self._standing(pid).siginfo.args or ()
        mask = (1 << self._bits) - 1
        return tuple(word & mask for word in words[: stop.narg])

    def syscall_result(self, pid: int, stop: Stop) -> tuple[int, int, int]:
        info = self._standing(pid).siginfo
        first, second = info.retval or (0, 0)
        if info.error:
            return 0, 0, info.error
        # The siginfo has ints.  Where the register has the result at this stop already,
        # as on older kernels, it goes on above them; else no more is known.
        value = netbsd.ptrace.getregs(pid, stop.lwp, kernel=self.kernel).return_value
        if (value ^ first) & 0xFFFFFFFF == 0:
            first = value - (1 << self._bits) if value >> self._bits - 1 else value
        return first, second, 0

    def omit_call(self, pid: int) -> None:
        netbsd.ptrace.syscallemu(pid, kernel=self.kernel)

    def signal_of(self, number: int) -> int:
        return known(Signal, number)

    def code_of(self, signal: int, code: int) -> int:
        return siginfo.code_of(signal, code)

    # -- debug registers -----------------------------------------------------------------------
    def watch_slots(self) -> int:
        return DebugRegisters.slots if self.kernel.machine in DEBUG else 0

    def watch(self, pid: int, slots: x86.Slots) -> None:
        if self.kernel.machine not in DEBUG:
            raise not_supported("netbsd", call="ptrace", request="PT_SETDBREGS",
                                reason=f"{self.kernel.machine} has no such request")
        for lwp in self.threads(pid):
            registers = netbsd.ptrace.getdbregs(pid, lwp, kernel=self.kernel)
            x86.arm(registers, slots)
            netbsd.ptrace.setdbregs(pid, registers, lwp, kernel=self.kernel)

    def watched(self, pid: int, lwp: int) -> tuple[int, ...]:
        registers = netbsd.ptrace.getdbregs(pid, lwp, kernel=self.kernel)
        hits = x86.take(registers)
        if hits:
            netbsd.ptrace.setdbregs(pid, registers, lwp, kernel=self.kernel)
        return hits

    def pass_over(self, pid: int, lwp: int) -> None:
        registers = netbsd.ptrace.getregs(pid, lwp, kernel=self.kernel)
        x86.pass_over(registers)
        netbsd.ptrace.setregs(pid, registers, lwp, kernel=self.kernel)


def _fault(error: KernelError) -> KernelError:
    """EFAULT for what is not mapped, whichever errno this kernel has for it."""
    if error.name not in NOT_MAPPED or error.name == "EFAULT":
        return error
    return errors.from_name("netbsd", "EFAULT", call=error.call, request=error.request,
                            target=error.target, reason=error.reason)


@lru_cache(maxsize=1024)
def _news(pid: int, status: int) -> News | None:
    return as_news(netbsd.waiting.decode(pid, status))
