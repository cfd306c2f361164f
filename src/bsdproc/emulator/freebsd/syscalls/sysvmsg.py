"""Message queues of System V: msgget(2) and its like.  The subject of sysv_msg.c."""

from __future__ import annotations

import struct
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from bsdproc.emulator.bsd.file import Blocking
from bsdproc.emulator.bsd.state import Sleep, Thread
from bsdproc.emulator.bsd.syscalls.args import Args, signed, space_of
from bsdproc.emulator.bsd.syscalls.width import long_, narrow
from bsdproc.emulator.errno import (
    E2BIG,
    EAGAIN,
    EEXIST,
    EIDRM,
    EINTR,
    EINVAL,
    ENOENT,
    ENOMSG,
    Refused,
)
from bsdproc.emulator.freebsd.cred import Priv, priv_check
from bsdproc.emulator.freebsd.syscalls import Entry
from bsdproc.emulator.freebsd.syscalls import sysvipc as ipc

if TYPE_CHECKING:
    from bsdproc.emulator.freebsd.system import System

MSG_NOERROR: Final = 0o10000
MSGMAX, MSGMNI, MSGMNB, MSGTQL, MSGSSZ, MSGSEG = 16384, 40, 2048, 40, 8, 2048
"""Bytes of a message, queues, bytes of a queue, messages, bytes of a segment, segments."""
MSQID: Final = (struct.Struct("<16x3QIIqqq"), struct.Struct("<8xIIIIIiii"))
"""struct msqid_ds behind its rights: bytes, messages, the most bytes, who sent and who
received last, when they did, when it was changed."""


@dataclass(slots=True)
class Message:
    type: int
    data: bytes


class Queue(ipc.Object):
    """struct msqid_kernel."""

    def __init__(self, perm: ipc.Perm, now: int) -> None:
        self.perm = perm
        self.messages: list[Message] = []
        self.most = MSGMNB
        self.sender = self.receiver = 0
        self.stime = self.rtime = 0
        self.ctime = now

    @property
    def held(self) -> int:
        """Bytes of all messages."""
        return sum(len(message.data) for message in self.messages)

    def pack(self, td: Thread) -> bytes:
        return self.perm.pack(td) + MSQID[narrow(td)].pack(
            self.held, len(self.messages), self.most, self.sender, self.receiver, self.stime,
            self.rtime, self.ctime)


def table() -> ipc.Table[Queue]:
    return ipc.Table(MSGMNI)


def sys_msgget(system: System, td: Thread, args: Args) -> int:
    key, flags, queues = ipc.long_argument(td, args[0]), signed(args[1]), system.msg
    ipc.there(td)
    found = queues.by_key(key)
    if found is not None:
        if flags & ipc.CREAT and flags & ipc.EXCL:
            raise Refused(EEXIST)
        found.perm.check(td, flags & 0o700)
        return queues.number(found)
    if key and not flags & ipc.CREAT:
        raise Refused(ENOENT)
    return queues.enter(Queue(ipc.Perm(td, key, flags & 0o777), ipc.seconds(system)))


def _segments(system: System) -> int:
    return sum(-(-len(message.data) // MSGSSZ) for queue in system.msg
               for message in queue.messages)


def sys_msgsnd(system: System, td: Thread, args: Args) -> Blocking[int]:
    """It waits for room, in the queue and in all of them; the type is looked at last."""
    id, at, size, flags = signed(args[0]), args[1], args[2], signed(args[3])
    form, space = long_(td), space_of(td)
    type, = form.unpack(space.copyin(at, form.size))
    ipc.there(td)
    queue = system.msg.find(id)
    queue.perm.check(td, ipc.W)
    while True:
        if size > queue.most:
            raise Refused(EINVAL)
        full = (size + queue.held > queue.most
                or -(-size // MSGSSZ) + _segments(system) > MSGSEG
                or sum(len(one.messages) for one in system.msg) >= MSGTQL)
        if not full:
            break
        if flags & ipc.NOWAIT:
            raise Refused(EAGAIN)
        if (yield Sleep(queue, "msgsnd")):
            raise Refused(EINTR)
        if not system.msg.has(queue):
            raise Refused(EIDRM)
    if type < 1:
        raise Refused(EINVAL)
    data = space.copyin(at + form.size, size) if size else b""
    queue.messages.append(Message(type, data))
    queue.sender, queue.stime = td.proc.pid, ipc.seconds(system)
    system.wakeup(queue)
    return 0


def _wanted(queue: Queue, type: int) -> Message | None:
    """The first; the first of a type; or the first of a type that is no larger."""
    return next((one for one in queue.messages
                 if type == 0 or one.type == type or one.type <= -type), None)


def sys_msgrcv(system: System, td: Thread, args: Args) -> Blocking[int]:
    id, at, size, flags = signed(args[0]), args[1], args[2], signed(args[4])
    form, space = long_(td), space_of(td)
    type = ipc.long_argument(td, args[3])
    ipc.there(td)
    queue = system.msg.find(id)
    queue.perm.check(td, ipc.R)
    while (message := _wanted(queue, type)) is None:
        if flags & ipc.NOWAIT:
            raise Refused(ENOMSG)
        if (yield Sleep(queue, "msgrcv")):
            raise Refused(EINTR)
        if not system.msg.has(queue):
            raise Refused(EIDRM)
    if size < len(message.data) and not flags & MSG_NOERROR:
        raise Refused(E2BIG)
    queue.messages.remove(message)
    queue.receiver, queue.rtime = td.proc.pid, ipc.seconds(system)
    system.wakeup(queue)
    data = message.data[:size]
    space.copyout(at, form.pack(message.type) + data)
    return len(data)


def sys_msgctl(system: System, td: Thread, args: Args) -> None:
    id, command, at = signed(args[0]), signed(args[1]), args[2]
    given = ipc.given(td, at, MSQID) if command == ipc.SET else b""
    ipc.there(td)
    queue = system.msg.find(id)
    if command == ipc.RMID:
        queue.perm.check(td, ipc.M)
        system.msg.remove(queue)
        system.wakeup(queue)
    elif command == ipc.SET:
        queue.perm.check(td, ipc.M)
        most = MSQID[narrow(td)].unpack_from(given, ipc.PERM[narrow(td)].size)[2]
        if most > queue.most:
            priv_check(td, Priv.IPC_MSGSIZE)
        most = min(most, MSGMNB)
        if not most:
            raise Refused(EINVAL)
        queue.perm.set(td, given)
        queue.most, queue.ctime = most, ipc.seconds(system)
    elif command == ipc.STAT:
        queue.perm.check(td, ipc.R)
        space_of(td).copyout(at, queue.pack(td))
    else:
        raise Refused(EINVAL)


SYSCALLS: dict[int, Entry] = {
    225: ("msgget", 2, sys_msgget),
    226: ("msgsnd", 4, sys_msgsnd),
    227: ("msgrcv", 5, sys_msgrcv),
    511: ("msgctl", 3, sys_msgctl),
}
