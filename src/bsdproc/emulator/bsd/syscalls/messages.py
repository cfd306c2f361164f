"""What goes through sockets: messages, and the files that go along.

The subject of sendit and recvit in uipc_syscalls.c, and of unp_internalize and
unp_externalize.
"""

from __future__ import annotations

import struct
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from bsdproc.emulator.bsd.file import O_NONBLOCK, Blocking, File, Kind
from bsdproc.emulator.bsd.files import AT_FDCWD, nofile
from bsdproc.emulator.bsd.sockets import Received
from bsdproc.emulator.bsd.state import Thread
from bsdproc.emulator.bsd.syscalls.args import int32, space
from bsdproc.emulator.bsd.syscalls.files import iovec
from bsdproc.emulator.bsd.syscalls.sockets import (
    SOL_SOCKET,
    name_at,
    named,
    room_at,
    socket_of,
)
from bsdproc.emulator.bsd.syscalls.width import narrow
from bsdproc.emulator.errno import (
    ECAPMODE,
    EINVAL,
    EMFILE,
    EMSGSIZE,
    EOPNOTSUPP,
    Refused,
)

if TYPE_CHECKING:
    from bsdproc.emulator.bsd.entry import Entry
    from bsdproc.emulator.bsd.system import System

Args = tuple[int, ...]

MSG_CTRUNC = 0x20
SCM_RIGHTS = 1
MSGHDR = (struct.Struct("<QI4xQi4xQIi"), struct.Struct("<IIIiIIi"))
"""struct msghdr: name and its size, vector and its count, control and its size, flags."""
CMSG = struct.Struct("<Iii")
CMSGCRED = struct.Struct("<iIIIh2x")
"""struct cmsgcred up to its groups: pid, real and effective user, real group, groups."""
CMGROUP_MAX = 16


@dataclass(slots=True)
class Message:
    """struct msghdr."""

    name: int
    name_size: int
    vector: int
    count: int
    control: int
    control_size: int
    flags: int

    @classmethod
    def at(cls, td: Thread, address: int) -> Message:
        form = MSGHDR[narrow(td)]
        return cls(*form.unpack(space(td).copyin(address, form.size)))

    def store(self, td: Thread, address: int) -> None:
        space(td).copyout(address, MSGHDR[narrow(td)].pack(
            self.name, self.name_size, self.vector, self.count, self.control,
            self.control_size, self.flags))


def _vector(td: Thread, message: Message) -> list[tuple[int, int]]:
    try:
        return iovec(td, message.vector, message.count)
    except Refused as e:
        raise Refused(EMSGSIZE if not 0 <= message.count <= 1024 else e.errno) from None


def _aligned(td: Thread, size: int) -> int:
    unit = 4 if narrow(td) else 8
    return size + unit - 1 & -unit


def _creds(td: Thread, data: bytes) -> bytes:
    """A message that tells of its sender, as large as that has made it."""
    cred, p = td.proc.cred, td.proc
    groups = cred.groups[:CMGROUP_MAX]
    told = CMSGCRED.pack(p.pid, cred.ruid, cred.uid, cred.rgid, len(groups)) + struct.pack(
        f"<{len(groups)}I", *groups)
    head = _aligned(td, CMSG.size)
    filled = data[:head].ljust(head, b"\0") + told + data[head + len(told):]
    return filled[: len(data)]


def _control_to_send(system: System, td: Thread, message: Message) -> tuple[list[File], bytes]:
    """unp_internalize: the files of an SCM_RIGHTS message, held; an SCM_CREDS message."""
    rules = system.sockets
    if not message.control:
        return [], b""
    if message.control_size < rules.control_least:
        raise Refused(EINVAL)
    data = space(td).copyin(message.control, message.control_size)
    found: list[File] = []
    at, head = 0, _aligned(td, CMSG.size)
    while at + CMSG.size <= len(data):
        size, level, kind = CMSG.unpack_from(data, at)
        if size < CMSG.size or at + size > len(data) or level != SOL_SOCKET:
            raise Refused(EINVAL)
        if rules.creds and kind == rules.creds:
            return found, _creds(td, data)
        if kind != SCM_RIGHTS:
            system.note(f"process {td.proc.pid} ({td.proc.comm}): control data of type {kind} "
                        "is not implemented")
            raise Refused(EINVAL)
        for fd, in struct.iter_unpack("<i", data[at + head : at + size][: (size - head) // 4 * 4]):
            slot = td.proc.files.slot(fd)
            file = slot.file
            if file.kind == Kind.KQUEUE:
                raise Refused(rules.pass_kqueue)
            if slot.limits is not None:
                system.note(f"process {td.proc.pid} ({td.proc.comm}): the limits of descriptor "
                            f"{fd} would not go along in a message")
                raise Refused(EOPNOTSUPP)
            found.append(file)
        at += _aligned(td, size)
        if rules.one_message:
            break
    for file in found:
        file.hold()
    return found, b""


def _send(system: System, td: Thread, fd: int, message: Message, data: bytes,
          flags: int) -> Blocking[int]:
    """sendit."""
    name = None
    if message.name:
        if td.proc.cred.capmode:
            raise Refused(ECAPMODE)
        name = name_at(system, td, message.name, message.name_size)
    socket = socket_of(td, fd)
    if flags & 1:       # MSG_OOB
        raise Refused(EOPNOTSUPP)
    to = None
    if name is not None and not socket.connection:
        to = socket.reachable(named(system, td, AT_FDCWD, name))
    files, creds = _control_to_send(system, td, message)
    try:
        return (yield from socket.send(system, td, data, flags, to, files, creds))
    except Refused as e:
        socket.broken_pipe(system, td, e, flags)
        raise


def sys_sendto(system: System, td: Thread, args: Args) -> Blocking[int]:
    data = space(td).copyin(args[1], args[2]) if args[2] else b""
    message = Message(args[4], args[5] & 0xFFFFFFFF, 0, 0, 0, 0, 0)
    return (yield from _send(system, td, int32(args[0]), message, data, int32(args[3])))


def sys_sendmsg(system: System, td: Thread, args: Args) -> Blocking[int]:
    message = Message.at(td, args[1])
    data = b"".join(space(td).copyin(at, size) for at, size in _vector(td, message) if size)
    return (yield from _send(system, td, int32(args[0]), message, data, int32(args[2])))


def sys_recvfrom(system: System, td: Thread, args: Args) -> Blocking[int]:
    room = room_at(td, args[5]) if args[5] else 0
    found = yield from socket_of(td, int32(args[0])).receive(
        system, td, args[2], int32(args[3]))
    for file in found.files:
        file.drop(system)
    space(td).copyout(args[1], found.data)
    told = (found.sender or b"")[:room] if args[4] else b""
    if told:
        space(td).copyout(args[4], told)
    if args[5] and (args[4] or system.sockets.size_alone):
        space(td).copyout(args[5], struct.pack("<I", len(told)))
    return len(found.data)


def sys_recvmsg(system: System, td: Thread, args: Args) -> Blocking[int]:
    message = Message.at(td, args[1])
    parts, flags = _vector(td, message), int32(args[2])
    socket = socket_of(td, int32(args[0]))
    if socket.flag & O_NONBLOCK:
        flags |= system.sockets.nonblocking
    found = yield from socket.receive(system, td, sum(size for _, size in parts), flags)
    message.flags = flags | found.flags
    done = 0
    for at, size in parts:
        space(td).copyout(at, found.data[done : done + size])
        done += size
    if message.name:
        told = (found.sender or b"")[: message.name_size]
        space(td).copyout(message.name, told)
        message.name_size = len(told)
    _tell_files(system, td, message, found, bool(flags & system.sockets.cmsg_cloexec))
    message.store(td, args[1])
    return len(found.data)


def _tell_files(system: System, td: Thread, message: Message, found: Received,
                cloexec: bool) -> None:
    """unp_externalize: descriptors for the files, if there is room to tell of them."""
    files: Sequence[File] = found.files
    rules, room, message.control_size = system.sockets, message.control_size, 0
    head = _aligned(td, CMSG.size)
    size = head + 4 * len(files)
    try:
        if found.creds and message.control:
            space(td).copyout(message.control, found.creds[:room])
            message.control_size = len(found.creds[:room])
        if not files:
            return
        fits = bool(message.control) and (_aligned(td, size) <= room or rules.control_cut)
        if not fits:
            message.flags |= MSG_CTRUNC if message.control else 0
            return
        text = CMSG.pack(size, SOL_SOCKET, SCM_RIGHTS).ljust(head, b"\0")
        text += struct.pack(f"<{len(files)}i", *_placed(system, td, files, cloexec))
        if rules.control_padded:
            text = text.ljust(_aligned(td, size), b"\0")
        space(td).copyout(message.control, text[:room])
        message.control_size = len(text[:room])
    finally:
        for file in files:
            file.drop(system)


def _placed(system: System, td: Thread, files: Sequence[File], cloexec: bool) -> list[int]:
    """The files' descriptors: EMSGSIZE without enough of them."""
    table, limit, placed = td.proc.files, nofile(td.proc), list[int]()
    try:
        for file in files:
            placed.append(table.place(file, limit, cloexec=cloexec))
    except Refused as e:
        for fd in placed:
            table.close(system, fd)
        raise Refused(EMSGSIZE if e.errno == EMFILE else e.errno) from None
    return placed


CALLS: dict[str, Entry] = {
    "recvmsg": ("recvmsg", 3, sys_recvmsg),
    "sendmsg": ("sendmsg", 3, sys_sendmsg),
    "recvfrom": ("recvfrom", 6, sys_recvfrom),
    "sendto": ("sendto", 6, sys_sendto),
}
