"""What a posix_spawn asks of its child: the attributes and the file actions of <sys/spawn.h>.
The subject of the child's half of posix_spawn in NetBSD's kern_exec.c."""

from __future__ import annotations

import struct
from dataclasses import dataclass
from typing import TYPE_CHECKING

from bsdproc.emulator.bsd import files, opening
from bsdproc.emulator.bsd import signo as s
from bsdproc.emulator.bsd.file import Blocking
from bsdproc.emulator.bsd.signals import set_action
from bsdproc.emulator.bsd.state import P, Proc, SigAction, Thread
from bsdproc.emulator.bsd.syscalls.args import path_at, space_of
from bsdproc.emulator.bsd.syscalls.process import setpgid
from bsdproc.emulator.errno import EBADF, EINVAL, Refused
from bsdproc.emulator.netbsd.amd64.signal import members
from bsdproc.emulator.netbsd.sched import NONE, set_parameters

if TYPE_CHECKING:
    from bsdproc.emulator.netbsd.system import System

ATTRIBUTES = struct.Struct("<h2xiii16s16s")
"""struct posix_spawnattr: flags, process group, priority, policy, signals by default, mask."""
ACTIONS = struct.Struct("<IIQ")
"""struct posix_spawn_file_actions: room, number, where the entries are."""
ACTION = struct.Struct("<ii16s")
"""struct posix_spawn_file_actions_entry: what, descriptor, and what that action wants."""
OPEN = struct.Struct("<QiI")

RESETIDS, SETPGROUP, SETSCHEDPARAM, SETSCHEDULER, SETSIGDEF, SETSIGMASK, RETURNERROR = (
    1 << bit for bit in range(7))
FAE_OPEN, FAE_DUP2, FAE_CLOSE, FAE_CHDIR, FAE_FCHDIR = range(5)
MAXFILES = 3404
"""maxfiles, as it is with 64 for MAXUSERS."""
FAILED = 127
"""The exit status of a child that could not do as asked."""


@dataclass(frozen=True)
class Attributes:
    """struct posix_spawnattr."""

    flags: int = 0
    pgroup: int = 0
    priority: int = 0
    policy: int = 0
    default: frozenset[int] = frozenset()
    mask: frozenset[int] = frozenset()

    @property
    def told(self) -> bool:
        """Whether the parent waits for its child's errors; otherwise such a
        child exits with `FAILED`, and posix_spawn has been successful."""
        return bool(self.flags & (RETURNERROR | SETPGROUP))


@dataclass(frozen=True)
class Action:
    """struct posix_spawn_file_actions_entry."""

    kind: int
    fd: int
    path: str = ""
    flags: int = 0
    mode: int = 0
    to: int = -1


def attributes(td: Thread, address: int) -> Attributes:
    if not address:
        return Attributes()
    flags, pgroup, priority, policy, default, mask = ATTRIBUTES.unpack(
        space_of(td).copyin(address, ATTRIBUTES.size))
    return Attributes(flags, pgroup, priority, policy, members(default), members(mask))


def actions(td: Thread, address: int) -> list[Action]:
    """At most twice as many as the process may have files: EINVAL."""
    if not address:
        return []
    space = space_of(td)
    _, count, entries = ACTIONS.unpack(space.copyin(address, ACTIONS.size))
    if count > 2 * min(files.nofile(td.proc), MAXFILES):
        raise Refused(EINVAL)
    data = space.copyin(entries, count * ACTION.size) if count else b""
    return [_action(td, *entry) for entry in ACTION.iter_unpack(data)]


def _action(td: Thread, kind: int, fd: int, more: bytes) -> Action:
    where, flags, mode = OPEN.unpack(more)
    if kind == FAE_OPEN:
        return Action(kind, fd, path_at(td, where), flags, mode)
    if kind == FAE_CHDIR:
        return Action(kind, fd, path_at(td, where))
    return Action(kind, fd, to=struct.unpack_from("<i", more)[0])


def prepare(system: System, parent: Thread, td: Thread, asked: Attributes,
            todo: list[Action]) -> Blocking[None]:
    """The child makes itself ready for its program: attributes, then actions,
    each in its turn, up to the first that fails."""
    p = td.proc
    if asked.flags & SETPGROUP:
        setpgid(system, parent, p.pid, asked.pgroup)
    if asked.flags & SETSCHEDULER:
        set_parameters(system, td, p.pid, 0, asked.policy, asked.priority)
    elif asked.flags & SETSCHEDPARAM:
        # It is the parent's priority that this sets, whatever posix_spawn(2) says.
        set_parameters(system, td, parent.proc.pid, 0, NONE, asked.priority)
    if asked.flags & RESETIDS:
        _reset_ids(p)
    if asked.flags & SETSIGMASK:
        td.sigmask = asked.mask - s.CANNOT_MASK
    if asked.flags & SETSIGDEF:
        for sig in sorted(asked.default - s.CANNOT_MASK):
            set_action(p, sig, SigAction())
    for action in todo:
        yield from _act(system, td, action)


def _reset_ids(p: Proc) -> None:
    """The effective ids are the real ones again."""
    new = p.cred.copy(uid=p.cred.ruid).with_gid(p.cred.rgid)
    if new != p.cred:
        p.cred = new
        p.flag |= P.SUGID


def _act(system: System, td: Thread, action: Action) -> Blocking[None]:
    table, fd = td.proc.files, action.fd
    if action.kind == FAE_OPEN:
        if fd in table.slots:
            table.close(system, fd)
        got = yield from opening.openat(
            system, td, action.path, system.open_flags(action.flags), action.mode & 0o7777)
        if got != fd:
            try:
                files.dup2(system, td, got, fd)
            finally:
                table.close(system, got)
    elif action.kind == FAE_DUP2:
        files.dup2(system, td, fd, action.to)
    elif action.kind == FAE_CLOSE:
        if fd not in table.slots:
            raise Refused(EBADF)
        table.close(system, fd)
    elif action.kind == FAE_CHDIR:
        files.chdir(system, td, action.path)
    elif action.kind == FAE_FCHDIR:
        files.fchdir(system, td, fd)
