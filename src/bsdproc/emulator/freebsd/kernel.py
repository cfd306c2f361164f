"""The port on the emulated FreeBSD kernel: what one process of it, the
caller's Python, can ask."""

from __future__ import annotations

import os
from collections.abc import Callable, Generator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, BinaryIO, Self, TypeVar

from bsdproc import abi
from bsdproc.emulator.bsd import files, jobc, rusage, signals
from bsdproc.emulator.bsd.state import P, Proc, ProcState, Thread
from bsdproc.emulator.caller import CallerMemory, LentBuffer
from bsdproc.emulator.errno import EJUSTRETURN, EPERM, Refused
from bsdproc.emulator.freebsd import cred, exit, fork, procctl, ptrace, sysctl
from bsdproc.emulator.freebsd import exec as exec_
from bsdproc.emulator.freebsd.amd64.abi import ELF32, ELF64
from bsdproc.emulator.freebsd.ia32 import ptrace as ptrace32
from bsdproc.emulator.freebsd.syscalls.process import wait_target
from bsdproc.emulator.freebsd.system import Deadlock, System
from bsdproc.emulator.freebsd.view import ViewFiles
from bsdproc.emulator.machine.cpu import Context
from bsdproc.kernel import checks
from bsdproc.kernel.default import pop, push
from bsdproc.kernel.errors import KernelError
from bsdproc.kernel.port import Address, Caller, Kernel, Waited, Waited6

if TYPE_CHECKING:
    from bsdproc.abi import Target

T = TypeVar("T")

CALLER_LOW = 0x10000000
CALLER_HIGH = {64: 0x7FFFFFFF0000, 32: 0xF0000000}
POINTERS = {"amd64": 64, "i386": 32}
"""Bits of a pointer, by the machine that the caller is a program of."""


class EmulatedFreeBSD(ViewFiles):
    """A view of the emulated kernel by one of its processes."""

    def __init__(self, system: System, proc: Proc, memory: CallerMemory) -> None:
        super().__init__(system, proc)
        self._memory = memory
        self._addresses = 1 << self._pointer
        # What every typed function asks for first is no property.
        self.system = "freebsd"
        self.machine = "i386" if self._narrow else system.machine
        self.target: Target = abi.target(self.system, self.machine)

    # -- what it is ------------------------------------------------------------
    @property
    def release(self) -> str:
        return self._system.release

    @property
    def version(self) -> int:
        return self._system.osreldate

    @property
    def log(self) -> list[str]:
        """What the kernel had to say: system calls that it lacks, refused programs."""
        return self._system.log

    @property
    def clock(self) -> int:
        """Nanoseconds since it booted."""
        return self._system.clock

    def __enter__(self) -> Self:
        push(self)
        return self

    def __exit__(self, *exc: object) -> None:
        pop(self)

    def __repr__(self) -> str:
        return f"<emulated FreeBSD {self.release} {self.machine}, seen by process {self._proc.pid}>"

    # -- the caller and its memory -------------------------------------------------
    def buffer(self, contents: int | bytes | bytearray | memoryview) -> LentBuffer:
        if not isinstance(contents, bytes | bytearray | memoryview):
            checks.size("the size of a buffer", contents)
        return self._memory.lend(contents)

    def caller(self) -> Caller:
        p, c = self._proc, self._proc.cred
        parent = self._system.proc_realparent(p).pid if p.parent is not None else 0
        return Caller(p.pid, parent, p.pgid, p.session.sid, c.uid, c.ruid, c.svuid,
                      c.gid, c.rgid, c.svgid, tuple(c.groups))

    def getpid(self) -> int:
        return self._proc.pid

    # -- processes -----------------------------------------------------------------
    def spawn(
        self,
        path: str,
        argv: Sequence[str],
        env: Mapping[str, str] | None = None,
        *,
        traced: bool = False,
        new_group: bool = False,
        uid: int | None = None,
        gid: int | None = None,
        groups: Sequence[int] | None = None,
        cwd: str | None = None,
        fds: Mapping[int, int] | None = None,
    ) -> int:
        checks.path("path", path)
        words = checks.arguments(argv)
        strings = checks.environment({} if env is None else env)
        checks.ids(uid, gid, groups)
        if cwd is not None:
            checks.path("cwd", cwd)
        checks.descriptors(fds or {})
        self._alive()
        return self._spawn(
            path, words, strings, traced, new_group, uid, gid, groups, cwd, fds)

    def _spawn(self, path: str, argv: list[bytes], env: list[bytes], traced: bool,
               new_group: bool, uid: int | None, gid: int | None, groups: Sequence[int] | None,
               cwd: str | None, fds: Mapping[int, int] | None) -> int:
        system = self._system
        child, td = self._child()
        try:
            if new_group:
                with self._step("setpgid"):
                    jobc.enter(system, child, child.pid, child.session)
            if cwd is not None:
                with self._step("chdir", cwd):
                    files.chdir(system, td, cwd)
            with self._step("dup2"):
                self._set_descriptors(child, td, fds)
            with self._step("setuid"):
                self._become(td, uid, gid, groups)
            if traced:
                with self._step("ptrace", "PT_TRACE_ME"):
                    ptrace.ptrace(system, td, ptrace.PT_TRACE_ME, 0, 0, 0, self._memory)
            with self._step("execve", path):
                error = system.drive(td, exec_.execve(system, td, path, argv, env), "execve")
        except KernelError:
            self._drop(child, td)
            raise
        assert error == EJUSTRETURN
        system.become_program(td)
        return child.pid

    @contextmanager
    def _step(self, call: str, request: str | None = None) -> Generator[None, None, None]:
        """One of the calls that a spawned child makes, which names its refusal."""
        try:
            yield
        except Refused as e:
            raise self._error(e, call, request) from None

    def _child(self) -> tuple[Proc, Thread]:
        """A forked child that still runs the caller's code."""
        system = self._system
        child = fork.new_process(system, self._proc)
        child.driver = True
        child.files = self._proc.files.copy()
        td = Thread(child, system.new_tid(child), Context())
        td.sigmask = self._td.sigmask
        system.add_thread(child, td)
        child.state = ProcState.NORMAL
        return child, td

    def _set_descriptors(self, child: Proc, td: Thread, fds: Mapping[int, int] | None) -> None:
        """0, 1 and 2 as they are, others only as `fds` names them."""
        system = self._system
        wanted: dict[int, int] = {fd: fd for fd in (0, 1, 2) if fd in child.files.slots}
        wanted.update(fds or {})
        table = files.FileTable()
        for to, source in wanted.items():
            table.replace(system, to, child.files.get(source))
        child.files.close_all(system, td)
        child.files = table

    def _become(self, td: Thread, uid: int | None, gid: int | None,
                groups: Sequence[int] | None) -> None:
        if uid is None and gid is None and groups is None:
            return
        p = td.proc
        if p.cred.uid != 0:
            raise Refused(EPERM)
        user = p.cred.uid if uid is None else uid
        group = (p.cred.gid if uid is None else uid) if gid is None else gid
        p.cred = cred.Cred.of(user, group, p.cred.prison, tuple(groups or ()))
        if user != 0:
            p.flag |= P.SUGID

    def _drop(self, child: Proc, td: Thread) -> None:
        """A child that came to nothing: gone and collected."""
        system = self._system
        if child.space is not None:
            child.space.close()
            child.space = None
        exit.driver_exit(system, td)
        assert child.parent is not None
        exit.reap(system, child.parent, child)
        if child.pid in system.procs:
            exit.reap(system, self._proc, child)

    def wait4(self, pid: int, options: int = 0) -> Waited:
        if not (type(pid) is type(options) is int and -0x80000000 <= pid <= 0x7FFFFFFF
                and -0x80000000 <= options <= 0x7FFFFFFF):
            checks.int32("pid", pid)
            checks.int32("options", options)
        idtype, id = wait_target(pid)
        found = self._wait(idtype, id, options | exit.WEXITED | exit.WTRAPPED, "wait4", pid)
        if found is None:
            return Waited(0, 0, b"")
        return Waited(found.pid, found.status, rusage.of_process(found.p, self._narrow))

    def wait6(self, idtype: int, id: int, options: int) -> Waited6:
        checks.int32("idtype", idtype)
        checks.int64("id", id)
        checks.int32("options", options)
        found = self._wait(idtype, id, options, "wait6", id)
        if found is None:
            return Waited6(0, 0, b"", b"")
        return Waited6(found.pid, found.status, rusage.wrusage(found.p, self._narrow),
                       self._system.machdep.user_siginfo(self._td, found.info))

    def _wait(self, idtype: int, id: int, options: int, call: str,
              target: int) -> exit.Found | None:
        system, td = self._system, self._td
        if system.closed:
            self._alive()
        try:
            found = exit.look(system, td, idtype, id, options)
            if found is None and options & exit.WNOHANG:
                system.round()
                found = exit.look(system, td, idtype, id, options)
            elif found is None:
                found = self._sleep_for(idtype, id, options, call)
        except Refused as e:
            raise self._error(e, call, None, target) from None
        return found

    def _sleep_for(self, idtype: int, id: int, options: int, call: str) -> exit.Found:
        """exit.wait6 without its generator: a debugger does nothing more often."""
        system, td, proc = self._system, self._td, self._proc
        while True:
            while not proc.news:
                if not system.run_once() and not system.idle():
                    raise Deadlock(call)
            found = exit.look(system, td, idtype, id, options)
            if found is not None:
                return found

    def kill(self, pid: int, signal: int) -> None:
        checks.int32("pid", pid)
        checks.int32("signal", signal)
        self._run("kill", lambda: signals.kill(self._system, self._td, pid, signal), None, pid)

    def run_child(self, work: Callable[[Kernel], T], *, uid: int | None = None,
                  gid: int | None = None) -> T:
        checks.ids(uid, gid, None)
        child, td = self._run("fork", self._child)
        view = EmulatedFreeBSD(self._system, child, self._memory)
        try:
            self._run("setuid", lambda: self._become(td, uid, gid, None))
            return work(view)
        finally:
            if not self._system.closed:
                self._collect(child, td)

    def _collect(self, child: Proc, td: Thread) -> None:
        """End a child that ran Python, and take it out of the process table."""
        system = self._system
        exit.driver_exit(system, td)
        for _ in range(3):      # its tracer, its real parent, its reaper
            if child.pid not in system.procs or child.parent is None:
                return
            exit.reap(system, child.parent, child)

    def settle(self, seconds: float) -> None:
        if seconds < 0:
            raise ValueError(f"{seconds} seconds")
        self._system.settle(seconds)

    # -- process control --------------------------------------------------------------
    def ptrace(self, request: int, pid: int, addr: Address, data: int) -> int:
        checks.request(request, pid, data)
        if type(addr) is LentBuffer or (type(addr) is int and 0 <= addr < self._addresses):
            where = addr
        else:
            where = checks.address("addr", addr, self._pointer)
        system = self._system
        if system.closed:
            self._alive()
        ask = ptrace32.ptrace if self._narrow else ptrace.ptrace
        try:
            result = ask(system, self._td, request, pid, where, data, self._memory)
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
            return sysctl.sysctl(self._system, self._td, mib, asked, new)

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


class FreeBSD(EmulatedFreeBSD):
    """An emulated machine that runs FreeBSD 13.2, seen by a process of uid 0
    in a session of its own, whose parent is init.

    With `machine` "i386" that process is an i386 program on the same amd64
    kernel: its structures are i386's, and it is told no more of an amd64
    program than fits, nor may write its registers.

    In a ``with`` block it is the default kernel; leaving the block ends every
    process of it.  `stdout` and `stderr` take what programs write to 1 and 2
    (the host's own unless given)."""

    def __init__(self, machine: str = "amd64", *, stdout: BinaryIO | None = None,
                 stderr: BinaryIO | None = None) -> None:
        if machine not in POINTERS:
            raise ValueError(f"no emulated FreeBSD for {machine!r}; there is one for amd64,"
                             " and i386 programs on it")
        system = System("amd64", stdout=stdout, stderr=stderr)
        memory = CallerMemory(CALLER_LOW, CALLER_HIGH[POINTERS[machine]])
        driver = system.new_driver()
        driver.sysent = ELF32.name if machine == "i386" else ELF64.name
        super().__init__(system, driver, memory)
        self._depth = 0

    def __enter__(self) -> Self:
        self._depth += 1
        return super().__enter__()

    def __exit__(self, *exc: object) -> None:
        super().__exit__(*exc)
        self._depth -= 1
        if self._depth == 0:
            self.shutdown()

    def shutdown(self) -> None:
        """End every process; nothing can be asked afterwards."""
        self._system.close()

    def install(self, path: str, source: str | os.PathLike[str] | bytes,
                mode: int = 0o755) -> None:
        """Put a program (or any file) at an absolute path of the emulated
        file system: a file of the host's by its name, or its contents."""
        if not path.startswith("/"):
            raise ValueError(f"{path!r} is no absolute path")
        data = source if isinstance(source, bytes) else Path(source).read_bytes()
        self._system.vfs.install(path, data, mode)

