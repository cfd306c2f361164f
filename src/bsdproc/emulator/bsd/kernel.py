"""The port on an emulated kernel: what one process of it, the caller's
Python, can ask of every BSD."""

from __future__ import annotations

import os
from abc import ABC, abstractmethod
from collections.abc import Callable, Generator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from types import FunctionType
from typing import TYPE_CHECKING, Self, TypeVar, cast

from bsdproc import abi
from bsdproc.emulator import hosttree, interrupts
from bsdproc.emulator.bsd import exec as exec_
from bsdproc.emulator.bsd import files, fork, jobc, signals
from bsdproc.emulator.bsd.state import P, Proc, ProcState, Sleep, Thread
from bsdproc.emulator.bsd.system import Deadlock, System, ThreadExited
from bsdproc.emulator.bsd.view import ViewFiles
from bsdproc.emulator.caller import CallerMemory, LentBuffer
from bsdproc.emulator.errno import EJUSTRETURN, EPERM, Refused
from bsdproc.emulator.machine.cpu import Context
from bsdproc.kernel import checks
from bsdproc.kernel.default import pop, push
from bsdproc.kernel.port import Caller, Kernel

if TYPE_CHECKING:
    from bsdproc.abi import Target

T = TypeVar("T")

O_RDONLY = 0
CHUNK = 1 << 20
CALLER_LOW = 0x10000000
CALLER_HIGH = {64: 0x7FFFFFFF0000, 32: 0xF0000000}
"""Where the caller's memory lies, by the bits of its pointers."""


class EmulatedKernel(ViewFiles, ABC):
    """A view of the emulated kernel by one of its processes.

    A system's own adds `wait4`, `wait6`, `ptrace`, `procctl`, `sysctl` and
    what it mounts."""

    narrow_machine = ""
    """Of the programs that are narrower than the kernel."""

    def __init_subclass__(cls) -> None:
        """What the port says of a method is said of it here."""
        for name, told in vars(Kernel).items():
            for owner in cls.__mro__:
                method = vars(owner).get(name)
                if isinstance(method, FunctionType | property) and not method.__doc__:
                    method.__doc__ = told.__doc__

    def __init__(self, system: System, proc: Proc, memory: CallerMemory) -> None:
        super().__init__(system, proc)
        self._memory = memory
        self._addresses = 1 << self._pointer
        # What every typed function asks for first is no property.
        self.system = system.name
        self.machine = self.narrow_machine if self._narrow else system.machine
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
        push(cast("Kernel", self))
        return self

    def __exit__(self, *exc: object) -> None:
        pop(cast("Kernel", self))

    def __repr__(self) -> str:
        return (f"<emulated {self._system.title} {self.release} {self.machine},"
                f" seen by process {self._proc.pid}>")

    # -- the caller and its memory -------------------------------------------------
    def buffer(self, contents: int | bytes | bytearray | memoryview) -> LentBuffer:
        if not isinstance(contents, bytes | bytearray | memoryview):
            checks.size("the size of a buffer", contents)
        return self._memory.lend(contents)

    def caller(self) -> Caller:
        p, c = self._proc, self._proc.cred
        with self._gate.way_in():
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
        with self._gate.way_in():
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
                    self._own_group(child)
            if cwd is not None:
                with self._step("chdir", cwd):
                    files.chdir(system, td, cwd)
            with self._step("dup2"):
                self._set_descriptors(child, td, fds)
            if traced:
                with self._step("ptrace", "PT_TRACE_ME"):
                    system.trace_me(td)
            with self._step("setuid"):
                self._become(td, uid, gid, groups)
            with self._step("execve", path):
                error = system.drive(td, self._execve(td, path, argv, env), "execve")
        except ThreadExited:
            return child.pid        # it has lost its old program, and has no new one
        except BaseException:
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

    def _own_group(self, child: Proc) -> None:
        """setpgid(0, 0)."""
        jobc.enter(self._system, child, child.pid, child.session)

    def _execve(self, td: Thread, path: str, argv: list[bytes],
                env: list[bytes]) -> Generator[Sleep | None, int, int]:
        return exec_.execve(self._system, td, path, argv, env)

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
        p.cred = self._system.user_cred(p, user, group, tuple(groups or ()))
        if user != 0:
            p.flag |= P.SUGID

    def _drop(self, child: Proc, td: Thread) -> None:
        """A child that came to nothing: gone and collected."""
        system = self._system
        if child.space is not None:
            child.space.close()
            child.space = None
        system.driver_exit(td)
        assert child.parent is not None
        system.reap(child.parent, child)
        if child.pid in system.procs:
            system.reap(self._proc, child)

    def kill(self, pid: int, signal: int) -> None:
        checks.int32("pid", pid)
        checks.int32("signal", signal)
        self._run("kill", lambda: self._kill(pid, signal), None, pid)

    def _kill(self, pid: int, signal: int) -> None:
        signals.kill(self._system, self._td, pid, signal)

    @interrupts.calls_out
    def run_child(self, work: Callable[[Kernel], T], *, uid: int | None = None,
                  gid: int | None = None) -> T:
        checks.ids(uid, gid, None)
        with self._gate.way_in():
            child, td = self._run("fork", self._child)
        view = self._view(child)
        try:
            self._run("setuid", lambda: self._become(td, uid, gid, None))
            return work(view)
        finally:
            with self._gate.way_in():
                if not self._system.closed:
                    self._collect(child, td)

    def _collect(self, child: Proc, td: Thread) -> None:
        """End a child that ran Python, and take it out of the process table."""
        system = self._system
        system.round()          # others run while a Python ends
        system.driver_exit(td)
        for _ in range(3):      # its tracer, its real parent, its reaper
            if child.pid not in system.procs or child.parent is None:
                return
            system.reap(child.parent, child)

    def _await(self, look: Callable[[], T | None], hang: bool, call: str,
               target: int) -> T | None:
        """A wait: what `look` finds at once, or else when there are news of a
        child.  Without `hang` every thread that can runs once before there is nothing."""
        with self._gate.way_in():
            self._alive()
            try:
                found = look()
                if found is None and not hang:
                    self._system.round()
                    found = look()
                while found is None and hang:
                    self._sleep_for_news(call)
                    found = look()
            except Refused as e:
                raise self._error(e, call, None, target) from None
            return found

    def _sleep_for_news(self, call: str) -> None:
        """Others run until a child of this process may have something to tell."""
        system, proc, gate = self._system, self._proc, self._gate
        while not proc.news:
            if not system.run_once() and not system.idle():
                raise Deadlock(call)
            if interrupts.due:
                interrupts.let_in()
            if gate.give_way():
                return      # another thread's wait may have seen the news

    def settle(self, seconds: float) -> None:
        checks.seconds(seconds)
        with self._gate.way_in():
            self._system.settle(seconds)

    @abstractmethod
    def _view(self, proc: Proc) -> Kernel:
        """The same machine seen by another of its processes."""


class Machine(EmulatedKernel):
    """An emulated machine as its user holds it: seen by a process of uid 0 in
    a session of its own, whose parent is init.

    In a ``with`` block it is the default kernel; leaving the block ends every
    process of it."""

    def __init__(self, system: System, memory: CallerMemory, sysent: str,
                 root: str | os.PathLike[str] | None = None) -> None:
        driver = system.new_driver()
        driver.sysent = sysent
        super().__init__(system, driver, memory)
        self._depth = 0
        if root is not None:
            try:
                self.install_tree("/", root)
            except BaseException:
                system.close()
                raise

    def __enter__(self) -> Self:
        self._alive()
        interrupts.opened()
        self._depth += 1
        return super().__enter__()

    def __exit__(self, *exc: object) -> None:
        try:
            super().__exit__(*exc)
            self._depth -= 1
            if self._depth == 0:
                self.shutdown()
        finally:
            interrupts.closed()

    def shutdown(self) -> None:
        """End every process; nothing can be asked afterwards."""
        with self._gate.way_in():
            self._system.close()

    def install(self, path: str, source: str | os.PathLike[str] | bytes,
                mode: int = 0o755) -> None:
        """Put a program (or any file) at an absolute path of the emulated
        file system: a file of the host's by its name, or its contents."""
        checks.path("path", path)
        if not path.startswith("/"):
            raise ValueError(f"{path!r} is no absolute path")
        data = source if isinstance(source, bytes) else Path(source).read_bytes()
        self._run("install", lambda: self._system.vfs.install(path, data, mode), path)

    def install_tree(self, path: str, folder: str | os.PathLike[str]) -> None:
        """Have a folder of the host at an absolute path ("/") of the emulated file system,
        as the system that programs find there: directories are listed and files read when
        they are asked for first, and never written.

        Links stay links, within the emulated file system; everything belongs to root;
        fifos, sockets and devices are left out.  What is there already is joined with it:
        a file of the folder's counts before one of that name."""
        checks.path("path", path)
        if not path.startswith("/"):
            raise ValueError(f"{path!r} is no absolute path")
        system, source = self._system, os.fspath(folder)
        self._run("install_tree", lambda: hosttree.install(system.vfs, path, source, system.note),
                  path)

    def read_file(self, path: str) -> bytes:
        """What is in a file of the emulated file system: a core, or what a program wrote."""
        fd = self.open(path, O_RDONLY)
        try:
            return b"".join(iter(lambda: self.read(fd, CHUNK), b""))
        finally:
            self.close(fd)

