"""The debugger's backend on FreeBSD.

The requests that every stop takes go through memory that is lent once, and
what they answer is decoded no further than a debugger looks.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from contextlib import suppress
from functools import lru_cache
from struct import Struct
from typing import Final

from bsdproc import freebsd
from bsdproc.debugger import x86
from bsdproc.debugger.backend import (
    Kind,
    News,
    Report,
    Stop,
    Unreported,
    as_news,
    news_of_any,
)
from bsdproc.freebsd import _call, siginfo
from bsdproc.freebsd.constants.kinfo import ProcState
from bsdproc.freebsd.constants.process import ProcFlags
from bsdproc.freebsd.constants.ptrace import IoOp, LwpEvent, LwpFlags, PtraceEvents
from bsdproc.freebsd.constants.signals import SIG_MAXSIG, SiCode, Signal, TrapCode
from bsdproc.freebsd.constants.wait import IdType, WaitOptions
from bsdproc.freebsd.registers import GENERAL, Registers
from bsdproc.freebsd.registers.debug import X86DebugRegisters
from bsdproc.kernel.errors import KernelError, not_supported
from bsdproc.kernel.port import Kernel
from bsdproc.typed.enums import known
from bsdproc.typed.registers import GeneralRegisters

BREAKPOINTS: Final[dict[str, tuple[bytes, int]]] = {
    "amd64": (b"\xcc", 1),
    "i386": (b"\xcc", 1),
    "arm64": (bytes.fromhex("000020d4"), 0),        # brk #0
    "arm": (bytes.fromhex("fedeffe7"), 0),          # udf
    "riscv64": (bytes.fromhex("73001000"), 0),      # ebreak
    "powerpc64": (bytes.fromhex("7fe00008"), 0),    # trap
    "powerpc64le": (bytes.fromhex("0800e07f"), 0),
}
"""What stops a program, and how far behind it the pc then stands, by machine."""
SYSCALLS: Final[dict[str, bytes]] = {
    "amd64": b"\x0f\x05",                           # syscall
    "i386": b"\xcd\x80",                            # int 80h
    "arm64": bytes.fromhex("010000d4"),             # svc #0
    "arm": bytes.fromhex("000000ef"),
    "riscv64": bytes.fromhex("73000000"),           # ecall
    "powerpc64": bytes.fromhex("44000002"),         # sc
    "powerpc64le": bytes.fromhex("02000044"),
}
"""What calls the kernel."""

# Plain numbers, which are compared faster than members.
BRKPT, TRACE = TrapCode.TRAP_BRKPT.value, TrapCode.TRAP_TRACE.value
SENT: Final = frozenset({SiCode.SI_USER.value, SiCode.SI_QUEUE.value, SiCode.SI_LWP.value})
FIRST_COMMON: Final = SiCode.SI_USER.value
FAULTS: Final = frozenset({4, 5, 8, 10, 11})    # SIGILL, SIGTRAP, SIGFPE, SIGBUS, SIGSEGV
SIGTRAP, SIGSTOP, SIGCONT, SIGKILL = 5, 17, 19, 9
SI, SCE, SCX = (LwpFlags.PL_FLAG_SI.value, LwpFlags.PL_FLAG_SCE.value, LwpFlags.PL_FLAG_SCX.value)
FORKED, VFORKED = LwpFlags.PL_FLAG_FORKED.value, LwpFlags.PL_FLAG_VFORKED.value
EXITED, BORN, CHILD = (LwpFlags.PL_FLAG_EXITED.value, LwpFlags.PL_FLAG_BORN.value,
                       LwpFlags.PL_FLAG_CHILD.value)
EVENTS: Final = ((LwpFlags.PL_FLAG_EXEC.value, Kind.EXEC), (CHILD, Kind.CHILD),
                 (BORN, Kind.THREAD_STARTED), (EXITED, Kind.THREAD_EXITED),
                 (LwpFlags.PL_FLAG_VFORK_DONE.value, Kind.VFORK_DONE))
ANY_EVENT: Final = SCE | SCX | FORKED | sum(bit for bit, _ in EVENTS)
PL_EVENT_SIGNAL: Final = LwpEvent.PL_EVENT_SIGNAL.value
WNOHANG: Final = WaitOptions.WNOHANG.value
WATCH_ANY: Final = (WaitOptions.WEXITED | WaitOptions.WTRAPPED | WaitOptions.WNOWAIT).value
TRAPPED: Final = WaitOptions.WTRAPPED.value
ENDED: Final = (WaitOptions.WEXITED | WaitOptions.WNOHANG | WaitOptions.WNOWAIT).value
P_ALL, P_PID = IdType.P_ALL.value, IdType.P_PID.value
WRITE: Final = IoOp.PIOD_WRITE_D.value
FEW: Final = 16
"""Bytes that a breakpoint takes at most."""

MASKS: Final = ((Report.EXECS, PtraceEvents.PTRACE_EXEC),
                (Report.SYSCALLS, PtraceEvents.PTRACE_SCE | PtraceEvents.PTRACE_SCX),
                (Report.FORKS, PtraceEvents.PTRACE_FORK | PtraceEvents.PTRACE_VFORK),
                (Report.THREADS, PtraceEvents.PTRACE_LWP))


class FreeBSDBackend:
    """`Backend` over `bsdproc.freebsd`."""

    reportable = Report.SYSCALLS | Report.FORKS | Report.THREADS | Report.EXECS
    stop_signal = SIGSTOP
    continue_signal = SIGCONT
    kill_signal = SIGKILL
    last_signal = SIG_MAXSIG
    harmless_call: int | None = 20      # getpid
    page_size = 4096
    holds = True

    def __init__(self, kernel: Kernel) -> None:
        self.kernel = kernel
        self._version = kernel.version
        self.breakpoint_instruction, self.breakpoint_advance = BREAKPOINTS[kernel.machine]
        self.syscall_instruction = SYSCALLS[kernel.machine]
        # What every stop takes.
        self._proceed = _call.asks(kernel, "PT_CONTINUE")
        self._lwpinfo = _call.asks(kernel, "PT_LWPINFO")
        self._sc_args = _call.asks(kernel, "PT_GET_SC_ARGS")
        self._sc_ret = _call.asks(kernel, "PT_GET_SC_RET")
        target = kernel.target
        layout = target.struct("struct ptrace_lwpinfo")
        self._info_size = layout.size
        self._info = kernel.buffer(layout.size)
        self._info_of = layout.reader(
            "pl_lwpid", "pl_event", "pl_flags", "pl_siginfo.si_code", "pl_siginfo.si_pid",
            "pl_siginfo.si_addr", "pl_child_pid", "pl_syscall_code", "pl_syscall_narg")
        result = target.struct("struct ptrace_sc_ret")
        self._result_size = result.size
        self._result = kernel.buffer(result.size)
        order = "<" if target.byteorder == "little" else ">"
        word = "q" if target.pointer == 8 else "i"
        self._result_of = Struct(f"{order}2{word}i")
        self._words = [Struct(f"{order}{n}{word.upper()}") for n in range(9)]
        self._arguments = kernel.buffer(8 * target.pointer)
        self._own_registers = GENERAL[kernel.machine]
        self._registers = kernel.buffer(target.struct("struct reg").size)
        self._bits = 8 * target.pointer
        # struct ptrace_io_desc: piod_op, piod_offs, piod_addr, piod_len.
        self._transfer_of = Struct(f"{order}i4x3Q" if target.pointer == 8 else f"{order}i3I")
        self._transfer = kernel.buffer(self._transfer_of.size)
        self._few = kernel.buffer(FEW)
        self._lwp = Struct(f"{order}i")
        self._lwps = kernel.buffer(64 * self._lwp.size)

    def _ptrace(self, request: str, pid: int) -> int:
        return _call.ptrace(self.kernel, request, pid)

    # -- processes -----------------------------------------------------------------
    def spawn(self, path: str, argv: Sequence[str], env: Mapping[str, str] | None, *,
              cwd: str | None, fds: Mapping[int, int] | None, uid: int | None,
              gid: int | None, groups: Sequence[int] | None, new_group: bool) -> int:
        return self.kernel.spawn(path, argv, env, traced=True, cwd=cwd, fds=fds, uid=uid,
                                 gid=gid, groups=groups, new_group=new_group)

    def lost_children(self, path: str, known: Collection[int]) -> tuple[int, ...]:
        own, name = self.kernel.getpid(), path.rpartition("/")[2]
        return tuple(
            p.pid for p in freebsd.kinfo.processes(kernel=self.kernel)
            if p.ppid == own and p.tracer == own and p.pid not in known
            and p.comm and name.startswith(p.comm))

    def attach(self, pid: int) -> None:
        freebsd.ptrace.attach(pid, kernel=self.kernel)

    def detach(self, pid: int, signal: int) -> None:
        freebsd.ptrace.detach(pid, signal, kernel=self.kernel)

    def report(self, pid: int, what: Report) -> None:
        mask = PtraceEvents(0)
        for asked, events in MASKS:
            if what & asked:
                mask |= events
        freebsd.ptrace.set_event_mask(pid, mask, kernel=self.kernel)

    def proceed(self, pid: int, signal: int) -> None:
        self._proceed(pid, 1, signal)

    def step(self, pid: int, lwp: int, signal: int) -> None:
        _call.ptrace(self.kernel, "PT_STEP", lwp, 1, signal)

    def clear_step(self, pid: int, lwp: int) -> None:
        self._ptrace("PT_CLEARSTEP", lwp)

    def suspend(self, pid: int, lwp: int) -> None:
        self._ptrace("PT_SUSPEND", lwp)

    def unsuspend(self, pid: int, lwp: int) -> None:
        self._ptrace("PT_RESUME", lwp)

    def end(self, pid: int) -> None:
        self._ptrace("PT_KILL", pid)

    # -- wait ------------------------------------------------------------------------
    def wait(self, pid: int, *, block: bool) -> News | None:
        kernel = self.kernel
        try:
            # Of a stop whose answer is lost PT_LWPINFO tells again.  An end is told until
            # it is collected, so it is not asked for before no stop can come.
            found = kernel.wait6(P_PID, pid, TRAPPED if block else TRAPPED | WNOHANG, False)
        except ChildProcessError:
            try:
                found = kernel.wait6(P_PID, pid, ENDED, False)
            except KernelError as error:
                raise _call.completed(kernel, error, "wait6", None, pid) from None
        return _news(found.pid, found.status) if found.pid else None

    def collect(self, pid: int) -> None:
        with suppress(ChildProcessError):
            self.kernel.wait4(pid, WNOHANG, False)

    def wait_any(self, pids: Sequence[int]) -> News | None:
        return news_of_any(self, pids, P_ALL, WATCH_ANY)

    def stop(self, pid: int, signal: int) -> Stop:
        self._lwpinfo(pid, self._info, self._info_size)
        lwp, _, bits, code, sender, address, child, syscall, narg = self._info_of(
            self._info.read(), 0)
        if not bits & SI:
            code = 0
        # A signal that stops a thread inside a system call leaves SCE standing.
        if bits & SI or not bits & ANY_EVENT:
            kind = Kind.SIGNAL
            if signal == SIGTRAP:
                kind = (Kind.STEP if code == TRACE else
                        Kind.BREAKPOINT if code == BRKPT else kind)
            return Stop(lwp, (kind,), signal, code, sender if code in SENT else None,
                        address if signal in FAULTS and 0 < code < FIRST_COMMON else None)
        return Stop(lwp, _kinds(bits), signal, code, None, None, child, syscall, narg)

    def standing(self, pid: int) -> News:
        self._lwpinfo(pid, self._info, self._info_size)
        # KW_EXITCODE: the exit status, 0 as yet, above the signal that stopped it.
        signal = freebsd.kinfo.process(pid, kernel=self.kernel).xstat & 0xFF
        return News(pid, True, signal, 0, False)

    def unreported(self, pid: int, lwp: int, *, told: bool) -> Unreported:
        try:
            info = freebsd.ptrace.lwpinfo(lwp, kernel=self.kernel)
        except ProcessLookupError:
            return Unreported(False)
        if info.event != PL_EVENT_SIGNAL or told:
            return Unreported(Signal.SIGTRAP in info.siglist)
        bits = info.flags.value
        return Unreported(True, info.child_pid if bits & FORKED else 0, bool(bits & VFORKED))

    def pending(self, pid: int, signal: int) -> bool:
        try:
            return (signal in freebsd.kinfo.process(pid, kernel=self.kernel).siglist
                    or self._taken(pid, signal))
        except KernelError:
            return False

    def _taken(self, pid: int, signal: int) -> bool:
        """Whether a thread of a stopped process has taken the signal from the queue and waits
        for its turn to report it."""
        reporter = freebsd.ptrace.lwpinfo(pid, kernel=self.kernel).lwpid
        for lwp in self.threads(pid):
            if lwp != reporter:
                told = freebsd.ptrace.lwpinfo(lwp, kernel=self.kernel)
                if told.event == PL_EVENT_SIGNAL and told.siginfo is not None and (
                        told.siginfo.signo == signal):
                    return True
        return False

    def job_stopped(self, pid: int) -> bool:
        try:
            process = freebsd.kinfo.process(pid, kernel=self.kernel)
        except KernelError:
            return False
        return ProcFlags.P_STOPPED_SIG in process.flag and not process.tracer

    def traced(self, pid: int) -> bool:
        try:
            process = freebsd.kinfo.process(pid, kernel=self.kernel)
        except KernelError:
            return False
        if process.tracer == self.kernel.getpid():
            return True
        # One that exits is traced no more before it can be waited for, and the parent that is
        # told of it is its real one.
        return (ProcFlags.P_WEXIT in process.flag or process.stat == ProcState.SZOMB) and (
            self._waited_for(pid))

    def _waited_for(self, pid: int) -> bool:
        """Whether a wait would tell of its end, now or later."""
        try:
            self.kernel.wait6(P_PID, pid, ENDED, False)
        except ChildProcessError:
            return False
        return True

    # -- threads -----------------------------------------------------------------------
    def threads(self, pid: int) -> tuple[int, ...]:
        room = len(self._lwps) // self._lwp.size
        count = _call.ptrace(self.kernel, "PT_GETLWPLIST", pid, self._lwps, room)
        if count >= room:
            return freebsd.ptrace.getlwplist(pid, kernel=self.kernel)
        data = self._lwps.read(0, count * self._lwp.size)
        return tuple(lwp for (lwp,) in self._lwp.iter_unpack(data))

    def reach(self, pid: int, lwp: int) -> None:
        """Every one can be."""

    def thread_name(self, pid: int, lwp: int) -> str:
        return freebsd.ptrace.lwpinfo(lwp, kernel=self.kernel).tdname

    def registers(self, pid: int, lwp: int) -> GeneralRegisters:
        return freebsd.ptrace.getregs(lwp, kernel=self.kernel)

    def set_registers(self, pid: int, lwp: int, registers: GeneralRegisters) -> None:
        if not isinstance(registers, Registers):
            raise TypeError(f"{type(registers).__name__} are no FreeBSD registers")
        freebsd.ptrace.setregs(lwp, registers, kernel=self.kernel)

    def where(self, pid: int, lwp: int) -> tuple[int, int]:
        _call.ptrace(self.kernel, "PT_GETREGS", lwp, self._registers)
        registers = self._own_registers(self._registers.read())
        return registers.pc, registers.sp

    def set_pc(self, pid: int, lwp: int, pc: int) -> None:
        registers = self._own_registers(self._registers.read())
        registers.pc = pc
        self._registers.write(bytes(registers))
        _call.ptrace(self.kernel, "PT_SETREGS", lwp, self._registers)

    # -- memory --------------------------------------------------------------------------
    def auxv(self, pid: int) -> Mapping[int, int]:
        return {int(entry.type): entry.value
                for entry in freebsd.kinfo.auxv(pid, kernel=self.kernel) if entry.type}

    def read(self, pid: int, address: int, size: int) -> bytes:
        return freebsd.ptrace.read(pid, address, size, kernel=self.kernel)

    def write(self, pid: int, address: int, data: bytes) -> int:
        if len(data) <= len(self._few) and address >> self._bits == 0:
            self._few.write(data)
            self._transfer.write(self._transfer_of.pack(
                WRITE, address, self._few.address, len(data)))
            _call.ptrace(self.kernel, "PT_IO", pid, self._transfer)
            moved: int = self._transfer_of.unpack(self._transfer.read())[3]
            return moved
        return freebsd.ptrace.write(pid, address, data, kernel=self.kernel)

    # -- system calls and signals ------------------------------------------------------------
    def syscall_name(self, number: int) -> str:
        return freebsd.syscalls.name(number, self._version)

    def syscall_arguments(self, pid: int, stop: Stop) -> tuple[int, ...]:
        words = self._words[min(stop.narg, 8)]
        self._sc_args(stop.lwp, self._arguments, words.size)
        return words.unpack(self._arguments.read(0, words.size))

    def syscall_result(self, pid: int, stop: Stop) -> tuple[int, int, int]:
        self._sc_ret(stop.lwp, self._result, self._result_size)
        first, second, error = self._result_of.unpack_from(self._result.read())
        return first, second, error

    def omit_call(self, pid: int) -> None:
        """`harmless_call` stands for it."""

    def signal_of(self, number: int) -> int:
        return known(Signal, number)

    def code_of(self, signal: int, code: int) -> int:
        return siginfo.code_of(signal, code)

    # -- debug registers -----------------------------------------------------------------------
    def watch_slots(self) -> int:
        return X86DebugRegisters.slots if self.kernel.machine in ("amd64", "i386") else 0

    def watch(self, pid: int, slots: x86.Slots) -> None:
        for lwp in self.threads(pid):
            registers = self._debug(lwp)
            x86.arm(registers, slots)
            freebsd.ptrace.setdbregs(lwp, registers, kernel=self.kernel)

    def watched(self, pid: int, lwp: int) -> tuple[int, ...]:
        registers = self._debug(lwp)
        hits = x86.take(registers)
        if hits:
            freebsd.ptrace.setdbregs(lwp, registers, kernel=self.kernel)
        return hits

    def pass_over(self, pid: int, lwp: int) -> None:
        registers = freebsd.ptrace.getregs(lwp, kernel=self.kernel)
        x86.pass_over(registers)
        freebsd.ptrace.setregs(lwp, registers, kernel=self.kernel)

    def _debug(self, lwp: int) -> X86DebugRegisters:
        registers = freebsd.ptrace.getdbregs(lwp, kernel=self.kernel)
        if not isinstance(registers, X86DebugRegisters):
            raise not_supported("freebsd", call="ptrace", request="PT_GETDBREGS",
                                reason=f"bsdproc sets no watchpoints on {self.kernel.machine}")
        return registers


@lru_cache(maxsize=256)
def _kinds(bits: int) -> tuple[Kind, ...]:
    """What PL_FLAG_ bits say, in the order in which it is to be told.

    An exiting thread's stop has SCE as well, a child's and a new thread's SCX;
    they stand in no call of their own."""
    kinds: list[Kind] = []
    if bits & SCE and not bits & EXITED:
        kinds.append(Kind.SYSCALL_ENTRY)
    if bits & SCX and not bits & (BORN | CHILD):
        kinds.append(Kind.SYSCALL_EXIT)
    if bits & FORKED:
        kinds.append(Kind.VFORK if bits & VFORKED else Kind.FORK)
    return (*kinds, *(kind for bit, kind in EVENTS if bits & bit))


@lru_cache(maxsize=1024)
def _news(pid: int, status: int) -> News | None:
    return as_news(freebsd.waiting.decode(pid, status))
