"""Processes made by hand: an emulated system whose processes run no program,
so that a rule can be tried without one."""

from __future__ import annotations

import struct
from collections.abc import Callable, Iterator
from contextlib import contextmanager

from bsdproc.emulator.bsd import fork
from bsdproc.emulator.bsd.files import FileTable
from bsdproc.emulator.bsd.jobc import enter
from bsdproc.emulator.bsd.state import P, Proc, ProcState, Thread
from bsdproc.emulator.caller import CallerMemory
from bsdproc.emulator.errno import NAMES, Refused
from bsdproc.emulator.freebsd import exit
from bsdproc.emulator.freebsd.cred import Cred, Prison
from bsdproc.emulator.freebsd.procctl import sys_procctl
from bsdproc.emulator.freebsd.system import System

P_PID, P_PGID = 0, 2


class World:
    """A system, its init, and whatever a test makes."""

    def __init__(self) -> None:
        self.system = System("amd64")
        self.init = self.system.init
        self.memory = CallerMemory(0x10000000, 0x7FFFFFFF0000)

    def proc(
        self,
        parent: Proc | None = None,
        uid: int = 0,
        gid: int | None = None,
        groups: tuple[int, ...] = (),
        prison: Prison | None = None,
    ) -> Proc:
        """A new child of `parent` (init) with these ids."""
        p = fork.new_process(self.system, parent or self.init)
        p.driver = True
        p.files = FileTable()
        p.cred = Cred.of(
            uid, uid if gid is None else gid, prison or self.system.prison0, groups
        )
        self.system.add_thread(p, Thread(p, self.system.new_tid(p), None))
        p.state = ProcState.NORMAL
        return p

    def fork(self, parent: Proc) -> Proc:
        """A child that inherits everything."""
        p = fork.new_process(self.system, parent)
        p.driver = True
        p.files = FileTable()
        self.system.add_thread(p, Thread(p, self.system.new_tid(p), None))
        p.state = ProcState.NORMAL
        return p

    def group(self, p: Proc) -> None:
        """Make it the leader of a group of its own."""
        enter(self.system, p, p.pid, p.session)

    def die(self, p: Proc) -> None:
        """To a zombie, uncollected."""
        exit.driver_exit(self.system, p.threads[0])

    def collect(self, p: Proc) -> None:
        """What the wait of its parent does with a zombie."""
        assert p.parent is not None
        exit.reap(self.system, p.parent, p)

    def jail(self, name: str, parent: Prison | None = None) -> Prison:
        outer = parent or self.system.prison0
        return Prison(len(name), outer, "/", name, {})

    # -- procctl ---------------------------------------------------------------
    def call(
        self, caller: Proc, com: int, data: bytes | None = None, id: int = 0, idtype: int = P_PID
    ) -> bytes:
        """The bytes behind the pointer after the call."""
        if data is None:
            sys_procctl(
                self.system, caller.threads[0], idtype, id, com, 0, self.memory
            )
            return b""
        buffer = self.memory.lend(data)
        try:
            sys_procctl(
                self.system, caller.threads[0], idtype, id, com, buffer.address, self.memory
            )
        finally:
            self.left = buffer.read()
        return buffer.read()

    def set(self, caller: Proc, com: int, value: int, id: int = 0, idtype: int = P_PID) -> None:
        self.call(caller, com, struct.pack("<i", value), id, idtype)

    def get(self, caller: Proc, com: int, id: int = 0) -> int:
        value: int = struct.unpack("<i", self.call(caller, com, b"wxyz", id))[0]
        return value


def td(p: Proc) -> Thread:
    return p.threads[0]


def trace(tracer: Proc, p: Proc, system: System) -> None:
    """As PT_ATTACH leaves it."""
    p.flag |= P.TRACED
    system.proc_reparent(p, tracer)


@contextmanager
def refused(name: str) -> Iterator[None]:
    """The block is refused with this error."""
    try:
        yield
    except Refused as e:
        got = NAMES[e.errno]
        assert got == name, f"refused with {got}, not {name}"
    else:
        raise AssertionError(f"not refused; {name} was expected")


def outcome(work: Callable[..., object], *args: object) -> str:
    """What comes of work(*args): "ok", or the error's name."""
    try:
        work(*args)
    except Refused as e:
        return NAMES[e.errno]
    return "ok"
