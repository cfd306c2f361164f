"""The debugger's backend on DragonFly, whose ptrace(2) is that of 4.4BSD.

It knows a process's first thread and its signals, and nothing of children, threads
and system calls.  Which threads there are, and which of them a signal of its own has
stopped, is in kern.proc's records of LWPs; their registers are nowhere, so that
breakpoints are instructions that fault (see `_dragonfly_threads`).  Why the first has
stopped is told from the trap that its registers name; system calls are found by stepping
(see `_dragonfly_calls`).

What the kernel does in ways of its own is made up for here: a stop that is reported
twice, signals that it loses after SIGSTOP, a SIGKILL that only stops, an exit that is
reported twice.
"""

from __future__ import annotations

import struct
from collections.abc import Collection, Mapping, Sequence
from contextlib import suppress
from itertools import takewhile
from typing import Final

from bsdproc import dragonfly
from bsdproc.abi.syscalls import DRAGONFLY as SYSCALLS
from bsdproc.debugger._dragonfly_calls import Calls, Walk, passes_on
from bsdproc.debugger._dragonfly_owed import Owed
from bsdproc.debugger._dragonfly_threads import BREAKPOINT_FAULTS, TRAP, Others
from bsdproc.debugger._dragonfly_watch import Watching
from bsdproc.debugger.backend import (
    PAUSE,
    Kind,
    News,
    Report,
    Stop,
    Unreported,
    as_news,
    news_of_each,
)
from bsdproc.debugger.x86 import TRACE_FLAG
from bsdproc.dragonfly import _call, siginfo
from bsdproc.dragonfly.constants.kinfo import LwpState, ProcState
from bsdproc.dragonfly.constants.process import ProcFlags
from bsdproc.dragonfly.constants.signals import SIG_MAXSIG, Signal
from bsdproc.dragonfly.constants.wait import WaitOptions
from bsdproc.dragonfly.kinfo import KinfoProc
from bsdproc.dragonfly.registers import X86_64Registers
from bsdproc.dragonfly.sigset import SigSet
from bsdproc.kernel import errors
from bsdproc.kernel.errors import KernelError, not_supported
from bsdproc.kernel.port import Kernel
from bsdproc.typed.enums import known
from bsdproc.typed.registers import GeneralRegisters

T_NONE, T_BREAKPOINT, T_TRACE = 0, 3, 10
"""What r_trapno says of a SIGTRAP: an execve, which leaves it 0; an int3 of the program's;
TF or a debug register.  A step over a system call traps at its end, and says that it was
one."""
SIGTRAP, SIGKILL, SIGSTOP, SIGCONT = 5, 9, 17, 19
FAULTS: Final = frozenset({4, 8, 10, 11})       # SIGILL, SIGFPE, SIGBUS, SIGSEGV
WNOHANG: Final = WaitOptions.WNOHANG.value
STEPS: Final = 100
WORD: Final = struct.Struct("<Q")
PS_STRINGS: Final = struct.Struct("<16xQI4x")
"""Of struct ps_strings the environment and its number."""
AT_NULL, AT_COUNT = 0, 19
"""What ends the auxiliary vector, and the entries that there is room for."""
"""Steps on the way to a system call that are made in one look."""
LOOKS: Final = 50
"""How often a process is looked at that has reported its stop and runs yet."""


class DragonFlyBackend(Watching):
    """`Backend` over `bsdproc.dragonfly`."""

    breakpoint_instruction = TRAP
    breakpoint_advance = 0
    syscall_instruction = b""
    reportable = Report.EXECS | Report.SYSCALLS
    stop_signal = SIGSTOP
    continue_signal = SIGCONT
    kill_signal = SIGKILL
    last_signal = SIG_MAXSIG
    harmless_call: int | None = 20      # getpid
    page_size = 4096
    holds = False

    def __init__(self, kernel: Kernel) -> None:
        super().__init__(kernel)
        self._traced: set[int] = set()
        """Those that were attached to or spawned here: the kernel does not say whose they are."""
        self._ended: dict[int, News] = {}
        """Ends that have been told and wait for `collect`."""
        self._passing: dict[int, tuple[int, bool]] = {}
        """Signals on their way past a SIGSTOP's stop, and whether a step waits behind them."""
        self._stepped: set[int] = set()
        """Those that were last set going by a step."""
        self._walking: set[int] = set()
        """Those that make a step on their way to a system call, whose trap is nobody's news."""
        self._calls = Calls(self)
        self._owed = Owed(self)
        self._others = Others(self)

    # -- processes -----------------------------------------------------------------
    def spawn(self, path: str, argv: Sequence[str], env: Mapping[str, str] | None, *,
              cwd: str | None, fds: Mapping[int, int] | None, uid: int | None,
              gid: int | None, groups: Sequence[int] | None, new_group: bool) -> int:
        pid = self.kernel.spawn(path, argv, env, traced=True, cwd=cwd, fds=fds, uid=uid,
                                gid=gid, groups=groups, new_group=new_group)
        self._begin(pid)
        return pid

    def lost_children(self, path: str, known: Collection[int]) -> tuple[int, ...]:
        own, name = self.kernel.getpid(), path.rpartition("/")[2]
        found = tuple(
            p.pid for p in dragonfly.kinfo.processes(kernel=self.kernel)
            if p.ppid == own and ProcFlags.P_TRACED in p.flags and p.pid not in known
            and p.comm and name.startswith(p.comm))
        for pid in found:
            self._begin(pid)
        return found

    def attach(self, pid: int) -> None:
        stopped = self.job_stopped(pid)
        dragonfly.ptrace.attach(pid, kernel=self.kernel)
        self._begin(pid)
        if stopped:
            self.kernel.kill(pid, SIGSTOP)      # it runs now, and has nothing to report

    def _begin(self, pid: int) -> None:
        self._forget(pid)
        self._traced.add(pid)

    def _forget(self, pid: int) -> None:
        for noted in (self._traced, self._stepped, self._walking, self._watching):
            noted.discard(pid)
        self._ended.pop(pid, None)
        self._passing.pop(pid, None)
        self._calls.forget(pid)
        self._owed.forget(pid)
        self._others.forget(pid)

    def detach(self, pid: int, signal: int) -> None:
        for other in self._owed.settle(pid):
            self.kernel.kill(pid, other)
        self._owed.leave_handlers(pid)
        if signal and (signal == SIGSTOP or self._loses_signals(pid)):
            self.kernel.kill(pid, signal)
            signal = 0
        if pid in self._stepped:
            self.clear_step(pid, self.first(pid))   # a signal may have come before it was made
        dragonfly.ptrace.detach(pid, signal, kernel=self.kernel)
        self._forget(pid)

    def report(self, pid: int, what: Report) -> None:
        """execve is reported whether asked for or not."""
        self._calls.wanted(pid, bool(what & Report.SYSCALLS))

    # -- going on --------------------------------------------------------------------
    def proceed(self, pid: int, signal: int) -> None:
        walk = self._calls.proceed(pid, signal)
        if walk is Walk.STAYS:
            return
        if walk is Walk.STEPS:
            self._walking.add(pid)
        self._resume(pid, signal, step=walk is Walk.STEPS)

    def step(self, pid: int, lwp: int, signal: int) -> None:
        if self._others.knows(pid) and lwp != self.first(pid):
            if self._others.step(pid, lwp):
                self._walking.discard(pid)
                self._resume(pid, signal, step=False)
            return
        self._others.moves(pid)
        self._calls.step(pid)
        self._walking.discard(pid)
        self._resume(pid, signal, step=True)

    def _resume(self, pid: int, signal: int, *, step: bool) -> None:
        if signal and self._loses_signals(pid):
            self._passing[pid] = (signal, step)
            self.kernel.kill(pid, signal)
            signal = 0
        self.resume(pid, signal, step=step)

    def resume(self, pid: int, signal: int, *, step: bool) -> None:
        """PT_STEP or PT_CONTINUE."""
        self._others.resumed(pid)
        if signal:
            self._owed.handles(pid, step=step)
        self._owed.resumed(pid, over_call=step and self._calls.is_next(pid))
        (self._stepped.add if step else self._stepped.discard)(pid)
        _call.ptrace(self.kernel, "PT_STEP" if step else "PT_CONTINUE", pid, 1, signal)

    def again(self, pid: int) -> None:
        """PT_CONTINUE, in the middle of what it was set going for."""
        _call.ptrace(self.kernel, "PT_CONTINUE", pid, 1, 0)

    def _loses_signals(self, pid: int) -> bool:
        """Whether it stands in the stop of SIGSTOP, past which requests carry no signal."""
        return self.process(pid).exitstat == SIGSTOP

    def clear_step(self, pid: int, lwp: int) -> None:
        if lwp != self.first(pid):
            return
        registers = dragonfly.ptrace.getregs(pid, kernel=self.kernel)
        if registers.rflags & TRACE_FLAG:
            registers.rflags &= ~TRACE_FLAG
            dragonfly.ptrace.setregs(pid, registers, kernel=self.kernel)

    def suspend(self, pid: int, lwp: int) -> None:
        raise self._missing("PT_SUSPEND", "holding a single thread")

    def unsuspend(self, pid: int, lwp: int) -> None:
        """Nothing is held."""

    def end(self, pid: int) -> None:
        self._passing.pop(pid, None)
        self._calls.forget(pid)
        if self._loses_signals(pid):
            # It stops for this one then, and the next time PT_KILL is heard.
            self.kernel.kill(pid, SIGKILL)
            self.resume(pid, 0, step=False)
        else:
            dragonfly.ptrace.kill(pid, kernel=self.kernel)

    # -- wait ------------------------------------------------------------------------
    def wait(self, pid: int, *, block: bool) -> News | None:
        ended = self._ended.get(pid)
        if ended is not None:
            return ended
        if self._calls.says_so(pid) or self._others.says_so(pid):
            return News(pid, True, SIGTRAP, 0, False)
        steps = STEPS
        while True:
            news = self.next_news(pid, block=block)
            if news is None:
                return None
            if not news.stopped:
                self.has_ended(news)
                return news
            if self._passes(pid, news.signal):
                continue
            if news.signal not in BREAKPOINT_FAULTS:
                self._others.interrupted(pid)
            elif self._others.looks(pid, news.signal):
                continue
            if news.signal != SIGTRAP:
                self._calls.interrupted(pid)
            elif self._calls.step_on(pid):
                steps -= 1
                if block or steps:
                    continue
                return None
            elif self._calls.are_wanted(pid):
                self._walking.discard(pid)
            return news

    def next_news(self, pid: int, *, block: bool) -> News | None:
        """What it says next, whatever that is about."""
        try:
            found, status, _ = self.kernel.wait4(pid, 0 if block else WNOHANG, False)
        except KernelError as error:
            raise _call.completed(self.kernel, error, "wait4", None, pid) from None
        if not found:
            return None
        news = _news(found, status)
        if news is None:
            return None
        if news.stopped and news.signal == SIGTRAP:
            self._owed.trapped(pid)
        return self._stands(news) if news.signal == SIGSTOP else news

    def _stands(self, news: News) -> News:
        """After a stop that may be reported before the thread has come to it: the second
        report that comes then is taken here."""
        if not news.stopped:
            return news
        for _ in range(LOOKS):
            try:
                process = self.process(news.pid)
            except ProcessLookupError:
                return news         # its end is told next
            if ProcFlags.P_WAITED in process.flags and process.lwp.stat != LwpState.LSRUN:
                return news
            found, status, _ = self.kernel.wait4(news.pid, WNOHANG, False)
            again = _news(found, status) if found else None
            if again is None:
                self.kernel.settle(PAUSE)
            elif not again.stopped or again.signal != news.signal:
                return again
        return news

    def _passes(self, pid: int, signal: int) -> bool:
        """Send a signal on its way that was to be passed on at a stop which loses them."""
        passing = self._passing.get(pid)
        if passing is None or passing[0] != signal:
            return False
        del self._passing[pid]
        self.resume(pid, signal, step=passing[1])
        return True

    def has_ended(self, news: News) -> None:
        """Its end has been heard of, and is told by `wait`."""
        self._ended[news.pid] = news

    def collect(self, pid: int) -> None:
        self._forget(pid)
        # A second report, which a tracer that is the parent gets.
        with suppress(ChildProcessError):
            self.kernel.wait4(pid, WNOHANG, False)

    def wait_any(self, pids: Sequence[int]) -> News | None:
        return news_of_each(self, pids)

    # -- stops -----------------------------------------------------------------------
    def stop(self, pid: int, signal: int) -> Stop:
        told = self._others.told(pid)
        if told is not None:
            return Stop(told.lwp, () if told.kind is None else (told.kind,), signal)
        first, reporter = self.reporter(pid, signal)
        if reporter != first:
            # A fault that nobody has looked into comes again when it is the program's.
            own = signal not in BREAKPOINT_FAULTS or not self._others.knows(pid)
            return Stop(reporter, (Kind.SIGNAL,) if own else (), signal)
        registers = dragonfly.ptrace.getregs(pid, kernel=self.kernel)
        kind = self.trap(pid, registers) if signal == SIGTRAP else Kind.SIGNAL
        if signal in BREAKPOINT_FAULTS and self._others.was_breakpoint(pid, registers.pc):
            kind = Kind.BREAKPOINT
        elif kind is Kind.EXEC:
            self._others.forget(pid)
        if kind is Kind.STEP and pid in self._walking and not self._calls.are_wanted(pid):
            return Stop(first, (), signal)
        address = registers.addr if signal in FAULTS else None
        return self._calls.stop(pid, Stop(first, (kind,), signal, address=address))

    def reporter(self, pid: int, signal: int) -> tuple[int, int]:
        """The first thread, and the one that a signal has stopped: it has it in its set still.
        One to the process as a whole is in none: then it is the first one's."""
        threads = self.pending_by_thread(pid)
        first = next(iter(threads))
        if signal in threads[first] or len(threads) == 1:
            return first, first
        return first, next((tid for tid, pending in threads.items() if signal in pending), first)

    def first(self, pid: int) -> int:
        """The thread that ptrace(2) is about."""
        return next(iter(self.pending_by_thread(pid)))

    def pending_by_thread(self, pid: int) -> dict[int, SigSet]:
        """The pending signals of each thread, by its number."""
        found = {one.lwp.tid: one.lwp.siglist
                 for one in dragonfly.kinfo.threads(pid, kernel=self.kernel)}
        return dict(sorted(found.items()))

    def trap(self, pid: int, registers: X86_64Registers) -> Kind:
        """What a SIGTRAP is about."""
        if self._owed.has_come(pid) and registers.trapno not in (T_NONE, T_BREAKPOINT):
            return Kind.STEP        # sigreturn(2) brings back what it said before the signal
        return {T_NONE: Kind.EXEC, T_TRACE: Kind.STEP}.get(registers.trapno, Kind.SIGNAL)

    def standing(self, pid: int) -> News:
        _call.ptrace(self.kernel, "PT_GETREGS", pid, self.kernel.buffer(X86_64Registers.size))
        signal = self.process(pid).exitstat
        self._others.interrupted(pid)
        if signal == SIGTRAP and pid in self._walking and self._calls.step_on(pid):
            raise errors.from_name("dragonfly", "EBUSY", call="ptrace", request="PT_GETREGS",
                                   target=pid, reason="it is on its way to a system call")
        return News(pid, True, signal, 0, False)

    def unreported(self, pid: int, lwp: int, *, told: bool) -> Unreported:
        return Unreported(
            self.pending(pid, SIGTRAP) or (told and self._others.waits(pid, lwp)),
            due=self._owed.is_due(pid) and lwp == self.first(pid))

    def pending(self, pid: int, signal: int) -> bool:
        try:
            process, threads = self.process(pid), self.pending_by_thread(pid)
        except KernelError:
            return False
        # What a thread has stopped for is in its set still.
        told = process.stat == ProcState.SSTOP and process.exitstat == signal
        waiting = sum(signal in pending for pending in threads.values())
        return signal in process.siglist or waiting > told

    def job_stopped(self, pid: int) -> bool:
        try:
            process = self.process(pid)
        except KernelError:
            return False
        return process.stat == ProcState.SSTOP and ProcFlags.P_TRACED not in process.flags

    def traced(self, pid: int) -> bool:
        try:
            process = self.process(pid)
        except KernelError:
            return False
        return pid in self._traced and ProcFlags.P_TRACED in process.flags

    def has_come_back(self, pid: int) -> bool:
        """Whether a stopped process's first thread is out of the kernel, and not asleep in
        a call."""
        threads = dragonfly.kinfo.threads(pid, kernel=self.kernel)
        return min(threads, key=lambda one: one.lwp.tid).lwp.stat == LwpState.LSSTOP

    def process(self, pid: int) -> KinfoProc:
        return dragonfly.kinfo.process(pid, kernel=self.kernel)

    # -- threads, registers, memory ----------------------------------------------------
    def threads(self, pid: int) -> tuple[int, ...]:
        return tuple(self.pending_by_thread(pid))

    def reach(self, pid: int, lwp: int) -> None:
        if lwp != self.first(pid):
            raise self._missing("PT_GETREGS", "threads other than a process's first")

    def thread_name(self, pid: int, lwp: int) -> str:
        return self.process(pid).lwp.comm

    def registers(self, pid: int, lwp: int) -> GeneralRegisters:
        self.reach(pid, lwp)
        return dragonfly.ptrace.getregs(pid, kernel=self.kernel)

    def set_registers(self, pid: int, lwp: int, registers: GeneralRegisters) -> None:
        if not isinstance(registers, X86_64Registers):
            raise TypeError(f"{type(registers).__name__} are no DragonFly registers")
        self.reach(pid, lwp)
        dragonfly.ptrace.setregs(pid, registers, kernel=self.kernel)
        self._calls.moved(pid, registers.pc)
        self._others.moves(pid)

    def where(self, pid: int, lwp: int) -> tuple[int, int]:
        place = self._others.place(pid, lwp)
        if place is not None:
            return place, 0         # its stack pointer is nowhere
        registers = dragonfly.ptrace.getregs(pid, kernel=self.kernel)
        return registers.pc, registers.sp

    def set_pc(self, pid: int, lwp: int, pc: int) -> None:
        registers = dragonfly.ptrace.getregs(pid, kernel=self.kernel)
        registers.pc = pc
        dragonfly.ptrace.setregs(pid, registers, kernel=self.kernel)

    def auxv(self, pid: int) -> Mapping[int, int]:
        """No request tells it: it lies behind the environment that ps_strings names."""
        (strings,) = WORD.unpack(self.kernel.sysctl("kern.ps_strings"))
        environment, count = PS_STRINGS.unpack(self.read(pid, strings, PS_STRINGS.size))
        data = self.read(pid, environment + WORD.size * (count + 1), 2 * WORD.size * AT_COUNT)
        entries = takewhile(lambda entry: entry[0] != AT_NULL, struct.iter_unpack("<QQ", data))
        return dict(entries)

    def read(self, pid: int, address: int, size: int) -> bytes:
        return dragonfly.ptrace.read(pid, address, size, kernel=self.kernel)

    def write(self, pid: int, address: int, data: bytes) -> int:
        written = dragonfly.ptrace.write(pid, address, data, kernel=self.kernel)
        self._others.written(pid, address, data[:written])
        return written

    # -- system calls and signals ------------------------------------------------------------
    def syscall_name(self, number: int) -> str:
        return SYSCALLS.get(number) or f"#{number}"

    def syscall_arguments(self, pid: int, stop: Stop) -> tuple[int, ...]:
        registers = dragonfly.ptrace.getregs(pid, kernel=self.kernel)
        called = dragonfly.syscalls.by_number(stop.syscall)
        passed = passes_on(registers)
        words = registers.syscall_arguments[passed:]
        count = stop.narg - passed if called is None else len(called.arguments)
        if count > len(words):
            # The rest is on the stack, above the return address.
            with suppress(KernelError):
                rest = self.read(pid, registers.sp + 8, 8 * (count - len(words)))
                words += struct.unpack(f"<{len(rest) // 8}Q", rest[: len(rest) & ~7])
        return words[:count]

    def syscall_result(self, pid: int, stop: Stop) -> tuple[int, int, int]:
        registers = dragonfly.ptrace.getregs(pid, kernel=self.kernel)
        return self._calls.result(stop.syscall, registers)

    def omit_call(self, pid: int) -> None:
        """`harmless_call` stands for it."""

    def signal_of(self, number: int) -> int:
        return known(Signal, number)

    def code_of(self, signal: int, code: int) -> int:
        return siginfo.code_of(signal, code)

    def _missing(self, request: str, what: str) -> KernelError:
        return not_supported("dragonfly", call="ptrace", request=request,
                             reason=f"DragonFly's ptrace(2) has nothing for {what}")


def _news(pid: int, status: int) -> News | None:
    return as_news(dragonfly.waiting.decode(pid, status))
