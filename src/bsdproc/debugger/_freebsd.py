"""The debugger's backend on FreeBSD."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import cast

from bsdproc import freebsd
from bsdproc.debugger.backend import Kind, News, RegisterSet, Report, Stop
from bsdproc.freebsd.constants.ptrace import LwpFlags, PtraceEvents
from bsdproc.freebsd.constants.signals import Signal
from bsdproc.freebsd.constants.wait import IdType, WaitOptions
from bsdproc.freebsd.registers import Registers
from bsdproc.freebsd.registers.debug import DebugAccess, X86DebugRegisters
from bsdproc.kernel.errors import KernelError, NotSupported
from bsdproc.kernel.port import Kernel

# What stops a program, and how far behind it the pc then stands.
BREAKPOINTS: dict[str, tuple[bytes, int]] = {
    "amd64": (b"\xcc", 1),
    "i386": (b"\xcc", 1),
    "arm64": (bytes.fromhex("000020d4"), 0),        # brk #0
    "arm": (bytes.fromhex("fedeffe7"), 0),          # udf
    "riscv64": (bytes.fromhex("73001000"), 0),      # ebreak
    "powerpc64": (bytes.fromhex("7fe00008"), 0),    # trap
    "powerpc64le": (bytes.fromhex("0800e07f"), 0),
}

ACCESS = {"w": DebugAccess.DBREG_DR7_WRONLY, "rw": DebugAccess.DBREG_DR7_RDWR,
          "x": DebugAccess.DBREG_DR7_EXEC}

TRAP_BRKPT, TRAP_TRACE = 1, 2
SI_USER, SI_QUEUE, SI_LWP = 0x10001, 0x10002, 0x10007
FAULTS = frozenset({4, 5, 8, 10, 11})
SIGTRAP, SIGSTOP, SIGKILL = 5, 17, 9

EVENTS = ((LwpFlags.PL_FLAG_EXEC.value, Kind.EXEC),
          (LwpFlags.PL_FLAG_CHILD.value, Kind.CHILD),
          (LwpFlags.PL_FLAG_BORN.value, Kind.THREAD_STARTED),
          (LwpFlags.PL_FLAG_EXITED.value, Kind.THREAD_EXITED),
          (LwpFlags.PL_FLAG_VFORK_DONE.value, Kind.VFORK_DONE))
SCE, SCX = LwpFlags.PL_FLAG_SCE.value, LwpFlags.PL_FLAG_SCX.value
FORKED, VFORKED = LwpFlags.PL_FLAG_FORKED.value, LwpFlags.PL_FLAG_VFORKED.value
EXITED = LwpFlags.PL_FLAG_EXITED.value


class FreeBSDBackend:
    """`Backend` over `bsdproc.freebsd`."""

    stop_signal = SIGSTOP
    kill_signal = SIGKILL
    page_size = 4096

    def __init__(self, kernel: Kernel) -> None:
        self.kernel = kernel
        self.breakpoint_instruction, self.breakpoint_advance = BREAKPOINTS[kernel.machine]

    # -- processes -----------------------------------------------------------------
    def spawn(self, path: str, argv: Sequence[str], env: Mapping[str, str] | None,
              cwd: str | None, fds: Mapping[int, int] | None, uid: int | None) -> int:
        return self.kernel.spawn(path, argv, env, traced=True, cwd=cwd, fds=fds, uid=uid)

    def attach(self, pid: int) -> None:
        freebsd.ptrace.attach(pid, kernel=self.kernel)

    def detach(self, pid: int, signal: int) -> None:
        freebsd.ptrace.detach(pid, signal, kernel=self.kernel)

    def report(self, pid: int, what: Report) -> None:
        mask = PtraceEvents.PTRACE_EXEC
        if what & Report.SYSCALLS:
            mask |= PtraceEvents.PTRACE_SCE | PtraceEvents.PTRACE_SCX
        if what & Report.FORKS:
            mask |= PtraceEvents.PTRACE_FORK | PtraceEvents.PTRACE_VFORK
        if what & Report.THREADS:
            mask |= PtraceEvents.PTRACE_LWP
        freebsd.ptrace.set_event_mask(pid, mask, kernel=self.kernel)

    def proceed(self, pid: int, signal: int) -> None:
        freebsd.ptrace.cont(pid, signal, kernel=self.kernel)

    def step(self, pid: int, lwp: int, signal: int) -> None:
        freebsd.ptrace.step(lwp, signal, kernel=self.kernel)

    def suspend(self, pid: int, lwp: int) -> None:
        freebsd.ptrace.suspend(lwp, kernel=self.kernel)

    def unsuspend(self, pid: int, lwp: int) -> None:
        freebsd.ptrace.resume(lwp, kernel=self.kernel)

    def end(self, pid: int) -> None:
        freebsd.ptrace.kill(pid, kernel=self.kernel)

    # -- wait ------------------------------------------------------------------------
    def wait(self, pid: int, *, block: bool) -> News | None:
        options = WaitOptions(0) if block else WaitOptions.WNOHANG
        return _news(freebsd.wait(pid, options, kernel=self.kernel))

    def wait_any(self, pids: Sequence[int]) -> News | None:
        options = WaitOptions.WEXITED | WaitOptions.WTRAPPED | WaitOptions.WNOWAIT
        found = freebsd.wait6(IdType.P_ALL, 0, options, kernel=self.kernel)
        if found is not None and found.status.pid in pids:
            return self.wait(found.status.pid, block=False)
        # Some other child of the caller has news, which are not ours to take.
        for pid in pids:
            try:
                news = self.wait(pid, block=False)
            except ChildProcessError:
                continue
            if news is not None:
                return news
        self.kernel.settle(0.002)
        return None

    def stop(self, pid: int, signal: int) -> Stop:
        info = freebsd.ptrace.lwpinfo(pid, kernel=self.kernel)
        bits = info.flags.value
        kinds: list[Kind] = []
        if bits & SCE and not bits & EXITED:
            kinds.append(Kind.SYSCALL_ENTRY)
        if bits & SCX and not bits & (LwpFlags.PL_FLAG_BORN.value | LwpFlags.PL_FLAG_CHILD.value):
            kinds.append(Kind.SYSCALL_EXIT)
        if bits & FORKED:
            kinds.append(Kind.VFORK if bits & VFORKED else Kind.FORK)
        kinds += [kind for bit, kind in EVENTS if bits & bit]
        si = info.siginfo
        if not kinds:
            kinds.append(self._kind_of_signal(signal, 0 if si is None else int(si.code)))
        code = 0 if si is None else int(si.code)
        sender = si.pid if si is not None and code in (SI_USER, SI_QUEUE, SI_LWP) else None
        address = si.addr if si is not None and signal in FAULTS and code < SI_USER else None
        return Stop(info.lwpid, tuple(kinds), signal, code, sender, address, info.child_pid,
                    info.syscall_code, info.syscall_narg)

    @staticmethod
    def _kind_of_signal(signal: int, code: int) -> Kind:
        if signal == SIGTRAP and code == TRAP_TRACE:
            return Kind.STEP
        if signal == SIGTRAP and code == TRAP_BRKPT:
            return Kind.BREAKPOINT
        return Kind.SIGNAL

    # -- threads -----------------------------------------------------------------------
    def threads(self, pid: int) -> tuple[int, ...]:
        return freebsd.ptrace.getlwplist(pid, kernel=self.kernel)

    def thread_name(self, pid: int, lwp: int) -> str:
        return freebsd.ptrace.lwpinfo(lwp, kernel=self.kernel).tdname

    def pending_traps(self, pid: int, lwp: int) -> bool:
        return Signal.SIGTRAP in freebsd.ptrace.lwpinfo(lwp, kernel=self.kernel).siglist

    def registers(self, pid: int, lwp: int) -> RegisterSet:
        return cast(RegisterSet, freebsd.ptrace.getregs(lwp, kernel=self.kernel))

    def set_registers(self, pid: int, lwp: int, registers: RegisterSet) -> None:
        if not isinstance(registers, Registers):
            raise TypeError(f"{type(registers).__name__} are no FreeBSD registers")
        freebsd.ptrace.setregs(lwp, registers, kernel=self.kernel)

    # -- memory --------------------------------------------------------------------------
    def read(self, pid: int, address: int, size: int) -> bytes:
        return freebsd.ptrace.read(pid, address, size, kernel=self.kernel)

    def write(self, pid: int, address: int, data: bytes) -> int:
        return freebsd.ptrace.write(pid, address, data, kernel=self.kernel)

    # -- system calls and signals ------------------------------------------------------------
    def syscall_name(self, number: int) -> str:
        return freebsd.syscalls.name(number) or f"#{number}"

    def syscall_arguments(self, pid: int, stop: Stop) -> tuple[int, ...]:
        return freebsd.ptrace.get_sc_args(stop.lwp, stop.narg, kernel=self.kernel)

    def syscall_result(self, pid: int, stop: Stop) -> tuple[int, int, int]:
        result = freebsd.ptrace.get_sc_ret(stop.lwp, kernel=self.kernel)
        return (*result.retval, result.error)

    def signal_of(self, number: int) -> int:
        try:
            return Signal(number)
        except ValueError:
            return number

    # -- debug registers -----------------------------------------------------------------------
    def watch_slots(self) -> int:
        return X86DebugRegisters.slots if self.kernel.machine in ("amd64", "i386") else 0

    def watch(self, pid: int, slots: Sequence[tuple[int, int, str] | None]) -> None:
        for lwp in self.threads(pid):
            registers = self._debug(lwp)
            for i in range(X86DebugRegisters.slots):
                wanted = slots[i] if i < len(slots) else None
                if wanted is None:
                    registers.clear_slot(i)
                else:
                    address, size, access = wanted
                    registers.set_slot(i, address, ACCESS[access], size)
            freebsd.ptrace.setdbregs(lwp, registers, kernel=self.kernel)

    def watched(self, pid: int, lwp: int) -> tuple[int, ...]:
        if not self.watch_slots():
            return ()
        try:
            registers = self._debug(lwp)
        except KernelError:
            return ()
        hits = tuple(i for i in registers.hits if registers.slot(i).enabled)
        if hits:
            registers.clear_hits()
            freebsd.ptrace.setdbregs(lwp, registers, kernel=self.kernel)
        return hits

    def _debug(self, lwp: int) -> X86DebugRegisters:
        registers = freebsd.ptrace.getdbregs(lwp, kernel=self.kernel)
        if not isinstance(registers, X86DebugRegisters):
            raise NotSupported(45, f"no watchpoints on {self.kernel.machine}", call="ptrace")
        return registers


def _news(status: freebsd.Status | None) -> News | None:
    match status:
        case None:
            return None
        case freebsd.Stopped(pid=pid, signal=signal):
            return News(pid, True, int(signal), 0, False)
        case freebsd.Exited(pid=pid, status=code):
            return News(pid, False, 0, code, False)
        case freebsd.Signaled(pid=pid, signal=signal, core=core):
            return News(pid, False, int(signal), 0, core)
        case freebsd.Continued(pid=pid):
            return News(pid, False, 0, 0, False, continued=True)
