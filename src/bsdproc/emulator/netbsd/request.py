"""A request of ptrace(2) on its way: its numbers, and who asks what of whom."""

from __future__ import annotations

from typing import TYPE_CHECKING

from bsdproc.emulator.bsd.state import Proc, Thread
from bsdproc.emulator.caller import LentBuffer, UserMemory
from bsdproc.emulator.errno import EFAULT, EINVAL, ESRCH, Refused

if TYPE_CHECKING:
    from bsdproc.emulator.netbsd.system import System

(PT_TRACE_ME, PT_READ_I, PT_READ_D, PT_WRITE_I, PT_WRITE_D) = (0, 1, 2, 4, 5)
(PT_CONTINUE, PT_KILL, PT_ATTACH, PT_DETACH, PT_IO, PT_DUMPCORE, PT_LWPINFO, PT_SYSCALL,
 PT_SYSCALLEMU, PT_SET_EVENT_MASK, PT_GET_EVENT_MASK, PT_GET_PROCESS_STATE, PT_SET_SIGINFO,
 PT_GET_SIGINFO, PT_RESUME, PT_SUSPEND, PT_STOP, PT_LWPSTATUS, PT_LWPNEXT, PT_SET_SIGPASS,
 PT_GET_SIGPASS) = range(7, 28)
(PT_STEP, PT_GETREGS, PT_SETREGS, PT_GETFPREGS, PT_SETFPREGS, PT_GETDBREGS, PT_SETDBREGS,
 PT_SETSTEP, PT_CLEARSTEP, PT_GETXSTATE, PT_SETXSTATE) = range(32, 43)

Argument = int | LentBuffer


def number(where: Argument) -> int:
    """The argument as an address."""
    return (where.address if isinstance(where, LentBuffer) else where) & (1 << 64) - 1


class Call:
    """One request on its way: who asks, of whom, with what.  `td2` is the LWP
    that it is about, the newest unless it says otherwise."""

    __slots__ = ("addr", "data", "mem", "p", "request", "system", "td", "td2")

    def __init__(self, system: System, td: Thread, p: Proc, request: int, addr: Argument,
                 data: int, mem: UserMemory) -> None:
        self.system, self.td, self.p, self.request = system, td, p, request
        self.addr, self.data, self.mem = addr, data, mem
        self.td2 = p.threads[-1]

    def copyin(self, size: int) -> bytes:
        if isinstance(self.addr, LentBuffer):
            if len(self.addr.data) < size:
                raise Refused(EFAULT)
            return bytes(self.addr.data[:size])
        return self.mem.copyin(number(self.addr), size)

    def copyout(self, data: bytes) -> None:
        if isinstance(self.addr, LentBuffer):
            if len(self.addr.data) < len(data):
                raise Refused(EFAULT)
            self.addr.data[: len(data)] = data
        else:
            self.mem.copyout(number(self.addr), data)

    def find(self, lid: int) -> Thread | None:
        """lwp_find."""
        return next((td for td in self.p.threads if td.tid == lid), None)

    def has_program(self) -> None:
        """init runs none here, and has no registers to look at: EINVAL, and a
        line in the log."""
        if self.td2.context is None:
            self.system.note(f"process {self.p.pid} ({self.p.comm}) runs no emulated program:"
                             " it has no registers")
            raise Refused(EINVAL)

    def choose(self, lid: int) -> None:
        """ptrace_update_lwp: 0, or any number at all when there is but one,
        is the LWP that it is; ESRCH."""
        if lid == 0 or lid == self.td2.tid or len(self.p.threads) == 1:
            return
        found = self.find(lid)
        if found is None:
            raise Refused(ESRCH)
        self.td2 = found
