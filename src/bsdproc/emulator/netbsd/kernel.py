"""The port on the emulated NetBSD kernel."""

from __future__ import annotations

import os
from collections.abc import Sequence
from typing import BinaryIO

from bsdproc.emulator.bsd import rusage
from bsdproc.emulator.bsd.kernel import CALLER_LOW, Machine
from bsdproc.emulator.bsd.state import Proc
from bsdproc.emulator.bsd.wait import Found
from bsdproc.emulator.caller import CallerMemory, LentBuffer
from bsdproc.emulator.errno import ENOMEM, Refused
from bsdproc.emulator.netbsd import ptrace, sysctl, wait
from bsdproc.emulator.netbsd.procfs.mount import Revision
from bsdproc.emulator.netbsd.system import System
from bsdproc.emulator.netbsd.view import ViewMounts
from bsdproc.kernel import checks
from bsdproc.kernel.errors import not_supported
from bsdproc.kernel.port import Address, Kernel, Waited, Waited6

CALLER_HIGH = 0x7F7FFF000000
REVISIONS: tuple[Revision, ...] = ("1.112", "1.114")


class EmulatedNetBSD(ViewMounts):
    """A view of the emulated kernel by one of its processes."""

    _system: System

    def _view(self, proc: Proc) -> Kernel:
        return EmulatedNetBSD(self._system, proc, self._memory)

    # -- waiting -----------------------------------------------------------------------
    def wait4(self, pid: int, options: int = 0, detail: bool = True) -> Waited:
        checks.int32("pid", pid)
        checks.int32("options", options)
        idtype, id = wait.target(pid)
        found = self._wait(idtype, id, options | wait.WEXITED | wait.WTRAPPED, "wait4", pid)
        if found is None:
            return Waited(0, 0, b"")
        return Waited(found.pid, found.status, rusage.of_process(found.p) if detail else b"")

    def wait6(self, idtype: int, id: int, options: int, detail: bool = True) -> Waited6:
        checks.int32("idtype", idtype)
        checks.int64("id", id)
        checks.int32("options", options)
        found = self._wait(idtype, id, options, "wait6", id)
        if found is None:
            return Waited6(0, 0, b"", b"")
        if not detail:
            return Waited6(found.pid, found.status, b"", b"")
        return Waited6(found.pid, found.status, rusage.wrusage(found.p),
                       self._system.machdep.siginfo(found.info))

    def _wait(self, idtype: int, id: int, options: int, call: str,
              target: int) -> Found | None:
        return self._await(lambda: wait.look(self._system, self._td, idtype, id, options),
                           not options & wait.WNOHANG, call, target)

    # -- process control --------------------------------------------------------------
    def ptrace(self, request: int, pid: int, addr: Address, data: int) -> int:
        checks.request(request, pid, data)
        where = addr if isinstance(addr, LentBuffer) else checks.address(
            "addr", addr, self._pointer)
        return self._run(
            "ptrace",
            lambda: ptrace.ptrace(self._system, self._td, request, pid, where, data, self._memory),
            self._system.ptrace_names.get(request, f"request {request}"), pid)

    def procctl(self, idtype: int, id: int, command: int, data: Address) -> int:
        raise not_supported(self.system, call="procctl", reason="NetBSD has no such call")

    def sysctl(self, mib: Sequence[int] | str, *, new: bytes | None = None,
               room: int | None = None) -> bytes:
        checks.sysctl(mib, new, room)

        def work() -> bytes:
            number = sysctl.number(mib)
            asked = room
            if asked is None and new is None:
                asked = sysctl.WHOLE
            value, size = self._system.sysctl(self._td, number, asked or None, new)
            if asked and size > asked:
                raise Refused(ENOMEM)
            return value if asked else b""

        return self._run("sysctl", work, sysctl.spelled(mib))

    def sysctl_size(self, mib: Sequence[int] | str) -> int:
        checks.sysctl(mib, None, None)
        return self._run("sysctl", lambda: self._system.sysctl(
            self._td, sysctl.number(mib), None, None)[1], sysctl.spelled(mib))


class NetBSD(Machine, EmulatedNetBSD):
    """An emulated machine that runs NetBSD 10, seen by a process of uid 0 in
    a session of its own, whose parent is init.

    `procfs_revision` is that of procfs_vfsops.c: "1.114", whose hooks serve
    all mounts, or "1.112", where each mount has one of its own.

    In a ``with`` block it is the default kernel; leaving the block ends every
    process of it.  `stdout` and `stderr` take what programs write to 1 and 2
    (the host's own unless given); `root` is a folder of the host with the system's files
    (`install_tree`)."""

    def __init__(self, machine: str = "amd64", *, procfs_revision: Revision = "1.114",
                 root: str | os.PathLike[str] | None = None,
                 stdout: BinaryIO | None = None, stderr: BinaryIO | None = None) -> None:
        if machine != "amd64":
            raise ValueError(f"no emulated NetBSD for {machine!r}; there is one for amd64")
        if procfs_revision not in REVISIONS:
            raise ValueError(f"no procfs revision {procfs_revision!r}; there are "
                             + " and ".join(REVISIONS))
        system = System(machine, procfs_revision=procfs_revision, stdout=stdout, stderr=stderr)
        super().__init__(system, CallerMemory(CALLER_LOW, CALLER_HIGH), system.sysent, root)
