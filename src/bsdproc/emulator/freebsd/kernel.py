"""The port on the emulated FreeBSD kernel: what one process of it, the
caller's Python, can ask."""

from __future__ import annotations

import os
from collections.abc import Generator, Sequence
from threading import get_ident
from typing import BinaryIO

from bsdproc.emulator.bsd import rusage
from bsdproc.emulator.bsd.kernel import CALLER_HIGH, CALLER_LOW, Machine
from bsdproc.emulator.bsd.state import Proc, Sleep, Thread
from bsdproc.emulator.bsd.wait import Found
from bsdproc.emulator.caller import CallerMemory, LentBuffer
from bsdproc.emulator.errno import Refused
from bsdproc.emulator.freebsd import exit, procctl, ptrace, sysctl
from bsdproc.emulator.freebsd.amd64.abi import ELF32, ELF64
from bsdproc.emulator.freebsd.ia32 import ptrace as ptrace32
from bsdproc.emulator.freebsd.syscalls.process import wait_target
from bsdproc.emulator.freebsd.system import System
from bsdproc.emulator.freebsd.view import ViewMounts
from bsdproc.kernel import checks
from bsdproc.kernel.port import Address, Kernel, Waited, Waited6

INT_MAX = 0x7FFFFFFF
POINTERS = {"amd64": 64, "i386": 32}
"""Bits of a pointer, by the machine that the caller is a program of."""

EXECVE_ARGS = (CALLER_LOW - 0x3000, CALLER_LOW - 0x2000, CALLER_LOW - 0x1000)
"""Where a spawned child had its path, its arguments and its environment: in memory that
its execve took away, so that nobody can look there."""


class EmulatedFreeBSD(ViewMounts):
    """A view of the emulated kernel by one of its processes."""

    narrow_machine = "i386"

    def __init__(self, system: System, proc: Proc, memory: CallerMemory) -> None:
        super().__init__(system, proc, memory)
        self._ask = ptrace32.ptrace if self._narrow else ptrace.ptrace

    def _view(self, proc: Proc) -> Kernel:
        return EmulatedFreeBSD(self._system, proc, self._memory)

    def _execve(self, td: Thread, path: str, argv: list[bytes],
                env: list[bytes]) -> Generator[Sleep | None, int, int]:
        td.sc_args = EXECVE_ARGS
        return super()._execve(td, path, argv, env)

    # -- waiting -----------------------------------------------------------------------
    def wait4(self, pid: int, options: int = 0, detail: bool = True) -> Waited:
        if not (type(pid) is type(options) is int and -INT_MAX <= pid <= INT_MAX
                and 0 <= options <= INT_MAX):
            checks.int32("pid", pid)
            checks.int32("options", options)
        idtype, id = (exit.P_PID, pid) if pid > 0 else wait_target(pid)
        found = self._wait(idtype, id, options | exit.WEXITED | exit.WTRAPPED, "wait4", pid)
        if found is None:
            return Waited(0, 0, b"")
        return Waited(found.pid, found.status,
                      rusage.of_process(found.p, self._narrow) if detail else b"")

    def wait6(self, idtype: int, id: int, options: int, detail: bool = True) -> Waited6:
        if not type(idtype) is type(id) is type(options) is int or (idtype | id | options) >> 31:
            checks.int32("idtype", idtype)
            checks.int64("id", id)
            checks.int32("options", options)
        found = self._wait(idtype, id, options, "wait6", id)
        if found is None:
            return Waited6(0, 0, b"", b"")
        if not detail:
            return Waited6(found.pid, found.status, b"", b"")
        return Waited6(found.pid, found.status, rusage.wrusage(found.p, self._narrow),
                       self._system.machdep.user_siginfo(self._td, found.info))

    def _wait(self, idtype: int, id: int, options: int, call: str,
              target: int) -> Found | None:
        """`_await` without its function: a debugger does nothing more often."""
        system, td, gate = self._system, self._td, self._gate
        if gate.last != get_ident():
            gate.comes()
        with gate.inside:
            if system.closed:
                self._alive()
            try:
                found = exit.look(system, td, idtype, id, options)
                if found is None and options & exit.WNOHANG:
                    system.round()
                    return exit.look(system, td, idtype, id, options)
                while found is None:
                    self._sleep_for_news(call)
                    found = exit.look(system, td, idtype, id, options)
                return found
            except Refused as e:
                raise self._error(e, call, None, target) from None

    # -- process control --------------------------------------------------------------
    def ptrace(self, request: int, pid: int, addr: Address, data: int) -> int:
        if not type(request) is type(pid) is type(data) is int or (request | pid | data) >> 31:
            checks.request(request, pid, data)
        if type(addr) is LentBuffer or (type(addr) is int and 0 <= addr < self._addresses):
            where = addr
        else:
            where = checks.address("addr", addr, self._pointer)
        system, gate = self._system, self._gate
        if gate.last != get_ident():
            gate.comes()
        with gate.inside:
            if system.closed:
                self._alive()
            try:
                result = self._ask(system, self._td, request, pid, where, data, self._memory)
                if isinstance(result, int):
                    return result
                return system.drive(self._td, result, "ptrace")
            except Refused as e:
                raise self._error(e, "ptrace", request_name(system, request), pid) from None

    def procctl(self, idtype: int, id: int, command: int, data: Address) -> int:
        checks.int32("idtype", idtype)
        checks.int64("id", id)
        checks.int32("command", command)
        where = (data.address if isinstance(data, LentBuffer)
                 else checks.address("data", data, self._pointer))
        self._run("procctl", lambda: procctl.sys_procctl(
            self._system, self._td, idtype, id, command, where, self._memory, self.target),
            command_name(self._system, command), id)
        return 0

    def sysctl(self, mib: Sequence[int] | str, *, new: bytes | None = None,
               room: int | None = None) -> bytes:
        checks.sysctl(mib, new, room)
        asked: int | None = room
        if asked is None and new is None:
            asked = sysctl.WHOLE
        elif asked is None:
            asked = 0

        def work() -> bytes:
            return sysctl.sysctl(self._system, self._td, mib, asked, new,
                                 None if room is None else 0)

        return self._run("sysctl", work, mib if isinstance(mib, str) else _dotted(mib))

    def sysctl_size(self, mib: Sequence[int] | str) -> int:
        checks.sysctl(mib, None, None)
        return self._run(
            "sysctl",
            lambda: sysctl.sysctl_size(self._system, self._td, mib),
            mib if isinstance(mib, str) else _dotted(mib))


def _dotted(mib: Sequence[int]) -> str:
    return ".".join(str(n) for n in mib)


def request_name(system: System, request: int) -> str:
    """PT_ATTACH for 10."""
    return system.ptrace_names.get(request, f"request {request}")


def command_name(system: System, command: int) -> str:
    """PROC_REAP_ACQUIRE for 2."""
    return system.procctl_names.get(command, f"command {command}")


class FreeBSD(Machine, EmulatedFreeBSD):
    """An emulated machine that runs FreeBSD 13.2, seen by a process of uid 0
    in a session of its own, whose parent is init.

    With `machine` "i386" that process is an i386 program on the same amd64
    kernel: its structures are i386's, and it is told no more of an amd64
    program than fits, nor may write its registers.

    In a ``with`` block it is the default kernel; leaving the block ends every
    process of it.  `stdout` and `stderr` take what programs write to 1 and 2
    (the host's own unless given); `root` is a folder of the host with the system's files
    (`install_tree`)."""

    def __init__(self, machine: str = "amd64", *, root: str | os.PathLike[str] | None = None,
                 stdout: BinaryIO | None = None, stderr: BinaryIO | None = None) -> None:
        if machine not in POINTERS:
            raise ValueError(f"no emulated FreeBSD for {machine!r}; there is one for amd64,"
                             " and i386 programs on it")
        system = System("amd64", stdout=stdout, stderr=stderr)
        memory = CallerMemory(CALLER_LOW, CALLER_HIGH[POINTERS[machine]])
        super().__init__(system, memory, ELF32.name if machine == "i386" else ELF64.name, root)
