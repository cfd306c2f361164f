"""The port on the emulated DragonFly kernel: what one process of it, the
caller's Python, can ask."""

from __future__ import annotations

import os
from collections.abc import Generator, Sequence
from typing import BinaryIO, Final, cast

from bsdproc.emulator.bsd import rusage
from bsdproc.emulator.bsd.kernel import CALLER_HIGH, CALLER_LOW, EmulatedKernel, Machine
from bsdproc.emulator.bsd.state import Proc as AnyProc
from bsdproc.emulator.bsd.state import Thread as AnyThread
from bsdproc.emulator.bsd.system import Deadlock
from bsdproc.emulator.caller import CallerMemory, LentBuffer
from bsdproc.emulator.dragonfly import (
    exec,
    exit,
    fork,
    mounts,
    proctree,
    ptrace,
    reaper,
    signals,
    sysctl,
)
from bsdproc.emulator.dragonfly.state import Proc, Sleep, Thread
from bsdproc.emulator.dragonfly.syscalls.process import target
from bsdproc.emulator.dragonfly.system import KernelBug, System
from bsdproc.emulator.errno import Refused
from bsdproc.kernel import checks
from bsdproc.kernel.errors import KernelError, from_errno, not_supported
from bsdproc.kernel.port import Address, Buffer, Kernel, StatVfs, Waited, Waited6

COMMANDS: Final = {1: "PROC_REAP_ACQUIRE", 2: "PROC_REAP_RELEASE", 3: "PROC_REAP_STATUS"}


class EmulatedDragonFly(EmulatedKernel):
    """A view of the emulated kernel by one of its processes."""

    _system: System
    _proc: Proc
    _td: Thread

    def _view(self, proc: AnyProc) -> Kernel:
        return cast("Kernel", EmulatedDragonFly(self._system, proc, self._memory))

    def _error(self, e: Refused, call: str, request: str | None = None,
               target: int | None = None) -> KernelError:
        reason = str(e) if isinstance(e, Deadlock | KernelBug) else e.why
        return from_errno(self._system.name, e.errno, call=call, request=request,
                          target=target, reason=reason)

    # -- processes -----------------------------------------------------------------
    def _own_group(self, child: AnyProc) -> None:
        assert isinstance(child, Proc)
        proctree.enterpgrp(self._system, child, child.pid)

    def _execve(self, td: AnyThread, path: str, argv: list[bytes],
                env: list[bytes]) -> Generator[Sleep | None, int, int]:
        assert isinstance(td, Thread)
        return exec.execve(self._system, td, path, argv, env)

    def _child(self) -> tuple[AnyProc, AnyThread]:
        return fork.child_of_python(self._system, self._proc, self._td)

    def _kill(self, pid: int, signal: int) -> None:
        signals.kill(self._system, self._td, pid, signal)

    # -- waiting -----------------------------------------------------------------------
    def wait4(self, pid: int, options: int = 0, detail: bool = True) -> Waited:
        checks.int32("pid", pid)
        checks.int32("options", options)
        idtype, id = target(self._proc, pid)
        found = self._wait(idtype, id, options | exit.WEXITED | exit.WTRAPPED, "wait4", pid)
        if found is None:
            return Waited(0, 0, b"")
        return Waited(found.pid, found.status, rusage.rusage(found.own) if detail else b"")

    def wait6(self, idtype: int, id: int, options: int, detail: bool = True) -> Waited6:
        checks.int32("idtype", idtype)
        checks.int64("id", id)
        checks.int32("options", options)
        found = self._wait(idtype, id, options, "wait6", id)
        if found is None:
            return Waited6(0, 0, b"", b"")
        if not detail:
            return Waited6(found.pid, found.status, b"", b"")
        return Waited6(found.pid, found.status,
                       rusage.rusage(found.own) + rusage.rusage(found.children),
                       self._system.machdep.siginfo(code=found.code))

    def _wait(self, idtype: int, id: int, options: int, call: str,
              whom: int) -> exit.Found | None:
        return self._await(lambda: exit.look(self._system, self._td, idtype, id, options),
                           not options & exit.WNOHANG, call, whom)

    # -- process control --------------------------------------------------------------
    def ptrace(self, request: int, pid: int, addr: Address, data: int) -> int:
        checks.request(request, pid, data)
        where = addr if isinstance(addr, LentBuffer) else checks.address(
            "addr", addr, self._pointer)
        return self._run(
            "ptrace", lambda: ptrace.ptrace(
                self._system, self._td, request, pid, where, data, self._memory),
            ptrace.NAMES.get(request, f"request {request}"), pid)

    def procctl(self, idtype: int, id: int, command: int, data: Address) -> int:
        checks.int32("idtype", idtype)
        checks.int64("id", id)
        checks.int32("command", command)
        where = (data.address if isinstance(data, LentBuffer)
                 else checks.address("data", data, self._pointer))
        self._run("procctl", lambda: reaper.sys_procctl(
            self._system, self._td, idtype, id, command, where, self._memory),
            COMMANDS.get(command, f"command {command}"), id)
        return 0

    def sysctl(self, mib: Sequence[int] | str, *, new: bytes | None = None,
               room: int | None = None) -> bytes:
        checks.sysctl(mib, new, room)
        asked = room
        if asked is None:
            asked = sysctl.WHOLE if new is None else 0
        return self._run("sysctl", lambda: sysctl.sysctl(
            self._system, self._td, mib, asked, new), _dotted(mib))

    def sysctl_size(self, mib: Sequence[int] | str) -> int:
        checks.sysctl(mib, None, None)
        return self._run("sysctl", lambda: sysctl.sysctl_size(self._system, self._td, mib),
                         _dotted(mib))

    # -- file systems -----------------------------------------------------------------
    def mount(self, fstype: str, path: str, flags: int, data: Address = 0, size: int = 0) -> int:
        checks.path("fstype", fstype)
        checks.path("path", path)
        bits = checks.mount_flags(flags)
        checks.size("size", size)
        if not isinstance(data, LentBuffer):
            checks.address("data", data, self._pointer)
        self._run("mount", lambda: mounts.mount(self._system, self._td, fstype, path, bits), path)
        return 0

    def nmount(self, iov: Sequence[bytes | Buffer], flags: int) -> None:
        checks.mount_flags(flags)
        raise not_supported(self._system.name, call="nmount")

    def unmount(self, path: str, flags: int = 0) -> None:
        checks.path("path", path)
        bits = checks.mount_flags(flags)
        self._run("unmount", lambda: mounts.unmount(self._system, self._td, path, bits), path)

    def statvfs(self, path: str) -> StatVfs:
        checks.path("path", path)
        return self._run("statvfs", lambda: mounts.statvfs(self._system, self._td, path), path)


def _dotted(mib: Sequence[int] | str) -> str:
    return mib if isinstance(mib, str) else ".".join(str(n) for n in mib)


class DragonFly(Machine, EmulatedDragonFly):
    """An emulated machine that runs DragonFly 5.9 on one processor, seen by a
    process of uid 0 in a session of its own, whose parent is init.

    In a ``with`` block it is the default kernel; leaving the block ends every
    process of it.  `stdout` and `stderr` take what programs write to 1 and 2
    (the host's own unless given); `root` is a folder of the host with the system's files
    (`install_tree`)."""

    def __init__(self, machine: str = "x86_64", *, root: str | os.PathLike[str] | None = None,
                 stdout: BinaryIO | None = None, stderr: BinaryIO | None = None) -> None:
        if machine != "x86_64":
            raise ValueError(f"no emulated DragonFly for {machine!r}; there is one for x86_64")
        system = System(machine, stdout=stdout, stderr=stderr)
        super().__init__(system, CallerMemory(CALLER_LOW, CALLER_HIGH[64]), system.sysent, root)
