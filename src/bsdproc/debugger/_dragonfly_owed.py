"""Traps of steps that come late, on DragonFly: even if nobody traces the process by then,
whom they would end.

At the end of a system call that was stepped over: the kernel decides on it when the call
begins.  And behind a signal's handler that began in the middle of a step: the trace flag
is among the registers that the handler's frame keeps.
"""

from __future__ import annotations

import struct
from contextlib import suppress
from typing import Final

from bsdproc.debugger._dragonfly_calls import CARRY, SYSCALL
from bsdproc.debugger._dragonfly_tracees import Tracees
from bsdproc.debugger.backend import News
from bsdproc.debugger.x86 import TRACE_FLAG
from bsdproc.dragonfly.kinfo import KinfoProc
from bsdproc.dragonfly.ptrace import getregs, read, setregs, write
from bsdproc.dragonfly.registers import X86_64Registers
from bsdproc.kernel.errors import KernelError

FRAME: Final = struct.Struct("<4Q")
"""In the registers that a handler's frame keeps: %rip, %cs, %rflags, %rsp."""
STACK: Final = 256 * 1024
DEEPEST: Final = 16
"""Handlers within handlers."""
EINTR, SIGTRAP = 4, 5
BREAKING: Final = (
    SIGTRAP, *sorted(set(range(1, 32)) - {SIGTRAP, 9, *range(16, 24), 28, 29}))
"""Signals that break off a sleep, the best first: all but those that stop a process, go
on with it, or that nobody would notice by default, and SIGKILL."""


class Owed:
    """Of one backend's processes."""

    def __init__(self, backend: Tracees) -> None:
        self._backend = backend
        self._pids: set[int] = set()
        self._come: set[int] = set()
        """Those that stand with it."""
        self._handlers: dict[int, list[bytes]] = {}
        """How the frames of handlers that began in the middle of a step are known."""

    def resumed(self, pid: int, *, over_call: bool) -> None:
        """It goes on, with a step over a call or without."""
        self._come.discard(pid)
        if over_call:
            self._pids.add(pid)

    def handles(self, pid: int, *, step: bool) -> None:
        """It goes on with a signal, which may have a handler."""
        registers = getregs(pid, kernel=self._backend.kernel)
        if step or registers.rflags & TRACE_FLAG:
            noted = self._handlers.setdefault(pid, [])
            noted.append(FRAME.pack(registers.rip, registers.cs,
                                    registers.rflags | TRACE_FLAG, registers.rsp))
            del noted[:-DEEPEST]

    def trapped(self, pid: int) -> None:
        """It has stopped with SIGTRAP."""
        if pid in self._pids and not self.is_due(pid):
            self._pids.discard(pid)
            self._come.add(pid)

    def has_come(self, pid: int) -> bool:
        """Whether the trap that it stands with is such a one."""
        return pid in self._come

    def is_due(self, pid: int) -> bool:
        """Whether a stopped one sleeps in such a call."""
        return pid in self._pids and not self._backend.has_come_back(pid)

    def forget(self, pid: int) -> None:
        self._pids.discard(pid)
        self._come.discard(pid)
        self._handlers.pop(pid, None)

    def leave_handlers(self, pid: int) -> None:
        """Take the trace flag out of the frames of handlers that it is in."""
        noted = self._handlers.get(pid)
        if noted:
            kernel = self._backend.kernel
            start = getregs(pid, kernel=kernel).rsp
            stack = _stack(self._backend, pid, start)
            for frame in noted:
                at = stack.find(frame)
                if at >= 0:
                    flags = FRAME.unpack(frame)[2] & ~TRACE_FLAG
                    write(pid, start + at + 16, flags.to_bytes(8, "little"), kernel=kernel)

    def settle(self, pid: int) -> list[int]:
        """Have a stopped process that is about to be let go, and sleeps in such a call,
        come out of it, take the trap, and stand before the call again: the other signals
        that it has stopped for meanwhile, which are still its own.

        A signal of ours breaks the call off, which nobody hears of.  Where the process
        blocks or ignores whatever could do that, the call's end is waited for."""
        backend, kept = self._backend, list[int]()
        if not self.is_due(pid):
            return kept
        asleep = getregs(pid, kernel=backend.kernel)
        by = _breaking(backend.process(pid), alone=len(backend.threads(pid)) == 1)
        # A SIGTRAP of ours and the one that is due are one.
        while pid in self._pids or (by not in (0, SIGTRAP) and backend.pending(pid, by)):
            if by and pid in self._pids and not backend.pending(pid, by):
                backend.kernel.kill(pid, by)
            news = self._next(pid)
            if not news.stopped:
                return []
            if news.signal not in (SIGTRAP, by, backend.stop_signal):
                kept.append(news.signal)
        self._once_more(pid, asleep)
        return kept

    def _next(self, pid: int) -> News:
        backend = self._backend
        backend.again(pid)
        while True:
            news = backend.next_news(pid, block=True)
            if news is not None:
                if not news.stopped:
                    backend.has_ended(news)
                return news

    def _once_more(self, pid: int, asleep: X86_64Registers) -> None:
        """A call that does not begin again by itself is made to."""
        now = getregs(pid, kernel=self._backend.kernel)
        if now.pc == asleep.pc and now.rflags & CARRY and now.rax == EINTR:
            asleep.pc -= len(SYSCALL)
            asleep.r10 = asleep.rcx         # the fourth argument
            asleep.rflags = now.rflags & ~(CARRY | TRACE_FLAG)
            setregs(pid, asleep, kernel=self._backend.kernel)


def _stack(backend: Tracees, pid: int, start: int) -> bytes:
    """What lies there and above, as far as handlers' frames may."""
    found, at = b"", start
    with suppress(KernelError):
        while len(found) < STACK:
            size = backend.page_size - at % backend.page_size
            found += read(pid, at, size, kernel=backend.kernel)
            at += size
    return found


def _breaking(process: KinfoProc, *, alone: bool) -> int:
    """A signal that its first thread wakes for; 0 for none.  Another thread may take it:
    SIGTRAP is for who is `alone`, whose next one then is the trap itself."""
    deaf = {int(signal) for group in (process.lwp.sigmask, process.sigignore, process.siglist,
                                      process.lwp.siglist) for signal in group}
    return next((signal for signal in BREAKING
                 if signal not in deaf and (alone or signal != SIGTRAP)), 0)
