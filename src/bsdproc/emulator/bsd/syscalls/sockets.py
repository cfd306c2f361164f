"""Sockets: making, naming and connecting them, and their options.

The subject of uipc_syscalls.c.  There is the local domain and no network:
other domains are refused, with a note in the kernel's log.  What differs from
system to system is in `SocketRules`.
"""

from __future__ import annotations

import struct
from typing import TYPE_CHECKING

from bsdproc.emulator.bsd.file import O_NONBLOCK, Blocking
from bsdproc.emulator.bsd.files import AT_FDCWD, nofile, where
from bsdproc.emulator.bsd.socketrules import AF_LOCAL, SOCK_MAXADDRLEN
from bsdproc.emulator.bsd.sockets import LOW_WATER, SO_NOSIGPIPE, Socket
from bsdproc.emulator.bsd.state import Thread
from bsdproc.emulator.bsd.syscalls.args import int32, space
from bsdproc.emulator.errno import (
    EADDRINUSE,
    EAFNOSUPPORT,
    ECAPMODE,
    EEXIST,
    EINVAL,
    ENOPROTOOPT,
    ENOTCONN,
    ENOTSOCK,
    Refused,
)
from bsdproc.emulator.vnode import WRITE, Special

if TYPE_CHECKING:
    from bsdproc.emulator.bsd.entry import Entry
    from bsdproc.emulator.bsd.system import System

Args = tuple[int, ...]

SOCK_CLOEXEC, SOCK_NONBLOCK = 0x10000000, 0x20000000
SOCK_NOSIGPIPE = 0x40000000
SOCK_FLAGS = SOCK_CLOEXEC | SOCK_NONBLOCK
SUN_PATH = 2
"""Where the path of a struct sockaddr_un begins."""
SOL_SOCKET = 0xFFFF


def socket_of(td: Thread, fd: int) -> Socket:
    """getsock: EBADF, ENOTSOCK."""
    file = td.proc.files.get(fd)
    if not isinstance(file, Socket):
        raise Refused(ENOTSOCK)
    return file


# -- making and naming ---------------------------------------------------------------
def _new(system: System, td: Thread, domain: int, type: int, protocol: int) -> Socket:
    """socreate; of SOCK_CLOEXEC somebody else takes care."""
    rules, kind = system.sockets, type & ~system.sockets.sock_flags
    if domain != AF_LOCAL:
        if domain in rules.domains:
            system.note(f"process {td.proc.pid} ({td.proc.comm}): there are no sockets of "
                        f"{rules.domains[domain]}")
        raise Refused(rules.no_domain)
    if protocol:
        raise Refused(rules.no_protocol)
    if kind not in rules.spaces:
        raise Refused(rules.no_type if kind else rules.no_type_0)
    made = Socket(system, td, kind, O_NONBLOCK if type & SOCK_NONBLOCK else 0)
    made.options = SO_NOSIGPIPE if type & SOCK_NOSIGPIPE else 0
    return made


def sys_socket(system: System, td: Thread, args: Args) -> int:
    type = int32(args[1])
    made = _new(system, td, int32(args[0]), type, int32(args[2]))
    return td.proc.files.place(made, nofile(td.proc), cloexec=bool(type & SOCK_CLOEXEC))


def sys_socketpair(system: System, td: Thread, args: Args) -> None:
    type = int32(args[1])
    first, second = (_new(system, td, int32(args[0]), type, int32(args[2])) for _ in range(2))
    first.pair(second)
    if not first.connection:
        second.pair(first)
    files, placed = td.proc.files, list[int]()
    try:
        for one in (first, second):
            placed.append(files.place(one, nofile(td.proc), cloexec=bool(type & SOCK_CLOEXEC)))
        space(td).copyout(args[3], struct.pack("<ii", *placed))
    except Exception:
        for fd in placed:
            files.close(system, fd)
        raise


def name_at(system: System, td: Thread, address: int, size: int) -> bytes:
    """getsockaddr: a struct sockaddr of the program's."""
    size &= 0xFFFFFFFF
    if size > SOCK_MAXADDRLEN:
        raise Refused(system.sockets.name_long)
    if size < SUN_PATH:
        raise Refused(system.sockets.name_short)
    return bytes([size]) + space(td).copyin(address, size)[1:]


def _path(system: System, name: bytes) -> str:
    """The path in a name of the local domain."""
    if name[1] != AF_LOCAL and system.sockets.name_family:
        raise Refused(EAFNOSUPPORT)
    if not SUN_PATH < len(name) <= system.sockets.name_max:
        raise Refused(EINVAL)
    return name[SUN_PATH:].split(b"\0")[0].decode("utf-8", "surrogateescape")


def _socket_and_name(system: System, td: Thread, at: int, args: Args) -> tuple[Socket, bytes]:
    name = name_at(system, td, args[1], args[2])
    if td.proc.cred.capmode and at == AT_FDCWD:
        raise Refused(ECAPMODE)
    return socket_of(td, int32(args[0])), name


def sys_bind(system: System, td: Thread, args: Args) -> None:
    bind(system, td, AT_FDCWD, args)


def bind(system: System, td: Thread, at: int, args: Args) -> None:
    socket, name = _socket_and_name(system, td, at, args)
    path = _path(system, name)
    if socket.node is not None:
        raise Refused(EINVAL)
    try:
        node = system.vfs.create(path, 0o777 & ~td.proc.umask, where(td, at, path), "sock")
    except Refused as e:
        raise Refused(EADDRINUSE if e.errno == EEXIST else e.errno) from None
    assert isinstance(node, Special)
    socket.bind(node, name)


def sys_listen(system: System, td: Thread, args: Args) -> None:
    socket_of(td, int32(args[0])).listen(int32(args[1]))


def named(system: System, td: Thread, at: int, name: bytes) -> object:
    """unp_connectat: what a name leads to.  ENOTSOCK, EACCES."""
    path = _path(system, name)
    who = where(td, at, path)
    node = system.vfs.find(path, who)
    if node.kind != "sock":
        raise Refused(ENOTSOCK)
    node.check(WRITE, who)
    return node.channel if isinstance(node, Special) else None


def sys_connect(system: System, td: Thread, args: Args) -> None:
    connect(system, td, AT_FDCWD, args)


def connect(system: System, td: Thread, at: int, args: Args) -> None:
    socket, name = _socket_and_name(system, td, at, args)
    socket.may_connect(system)
    socket.connect(system, td, named(system, td, at, name))


def sys_accept(system: System, td: Thread, args: Args) -> Blocking[int]:
    socket = socket_of(td, int32(args[0]))
    kept = SOCK_NONBLOCK if socket.flag & O_NONBLOCK else 0
    return (yield from accept(system, td, args, kept))


def sys_accept4(system: System, td: Thread, args: Args) -> Blocking[int]:
    flags = int32(args[3])
    if flags & ~SOCK_FLAGS:
        raise Refused(EINVAL)
    return (yield from accept(system, td, args, flags))


def accept(system: System, td: Thread, args: Args, flags: int) -> Blocking[int]:
    """kern_accept, with SOCK_ flags of the new descriptor."""
    room = room_at(td, args[2]) if args[1] else 0
    listening = socket_of(td, int32(args[0]))
    limits = td.proc.files.slot(int32(args[0])).limits
    new = yield from listening.accept(system)
    new.flag |= O_NONBLOCK if flags & SOCK_NONBLOCK else 0
    new.options |= SO_NOSIGPIPE if flags & SOCK_NOSIGPIPE else 0
    try:
        fd = td.proc.files.place(new, nofile(td.proc), cloexec=bool(flags & SOCK_CLOEXEC),
                                 limits=limits)
    finally:
        new.drop(system)
    if args[1]:
        try:
            _tell_name(td, _peer(new), args[1], args[2], room)
        except Exception:
            td.proc.files.close(system, fd)
            raise
    return fd


def _peer(socket: Socket) -> bytes:
    return (socket.peer.name if socket.peer is not None else None) or socket.rules.no_name


def room_at(td: Thread, address: int) -> int:
    size: int = struct.unpack("<I", space(td).copyin(address, 4))[0]
    return size


def _tell_name(td: Thread, name: bytes, address: int, size_address: int, room: int) -> None:
    told = name[:room]
    space(td).copyout(address, told)
    space(td).copyout(size_address, struct.pack("<I", len(told)))


def sys_getsockname(system: System, td: Thread, args: Args) -> None:
    room = room_at(td, args[2])
    if room >> 31:
        raise Refused(EINVAL)
    socket = socket_of(td, int32(args[0]))
    name = socket.name or socket.rules.no_name
    if socket.name is None and socket.rules.short_unnamed:
        name = bytes([min(room, len(name))]) + name[1:]
    _tell_name(td, name, args[1], args[2], room)


def sys_getpeername(system: System, td: Thread, args: Args) -> None:
    room = room_at(td, args[2])
    if room >> 31:
        raise Refused(EINVAL)
    socket = socket_of(td, int32(args[0]))
    if not socket.connected:
        raise Refused(ENOTCONN)
    _tell_name(td, _peer(socket), args[1], args[2], room)


def sys_shutdown(system: System, td: Thread, args: Args) -> None:
    how = int32(args[1])
    socket = socket_of(td, int32(args[0]))
    if not 0 <= how <= 2:
        raise Refused(EINVAL)
    socket.shutdown(system, how)


# -- options ---------------------------------------------------------------------------
SO_ACCEPTCONN, SO_SNDBUF, SO_RCVBUF, SO_SNDLOWAT, SO_RCVLOWAT = 0x2, 0x1001, 0x1002, 0x1003, 0x1004
SO_ERROR, SO_TYPE, SO_PROTOCOL, SO_DOMAIN = 0x1007, 0x1008, 0x1016, 0x1019
SO_LISTENQLIMIT, SO_LISTENQLEN = 0x1011, 0x1012
SO_SNDSPACE, SO_CPUHINT = 0x100A, 0x1030


def _option(socket: Socket, option: int) -> int | None:
    rules = socket.rules
    if option & rules.flags == option and option.bit_count() == 1:
        return socket.options & option
    own = {
        SO_ACCEPTCONN: SO_ACCEPTCONN if socket.limit is not None else 0,
        SO_PROTOCOL: 0, SO_DOMAIN: AF_LOCAL, SO_LISTENQLIMIT: socket.limit or 0,
        SO_LISTENQLEN: len(socket.waiting), SO_SNDSPACE: socket.free, SO_CPUHINT: -1,
    }
    if option in rules.told:
        return own[option]
    known = {
        SO_SNDBUF: socket.space, SO_RCVBUF: socket.room,
        SO_SNDLOWAT: min(LOW_WATER, socket.space), SO_RCVLOWAT: 1, SO_TYPE: socket.type,
    }
    return socket.take_error() if option == SO_ERROR else known.get(option)


def sys_getsockopt(system: System, td: Thread, args: Args) -> None:
    room = 0
    if args[3]:
        room = room_at(td, args[4])
        if room >> 31:
            raise Refused(EINVAL)
    socket, option = socket_of(td, int32(args[0])), int32(args[2])
    value = _option(socket, option) if int32(args[1]) == SOL_SOCKET else None
    if value is None:
        _unknown(system, td, "getsockopt", args)
    assert value is not None
    if args[3]:
        told = struct.pack("<q" if option == SO_SNDSPACE else "<i", value)[:room]
        space(td).copyout(args[3], told)
        space(td).copyout(args[4], struct.pack("<I", len(told)))


def sys_setsockopt(system: System, td: Thread, args: Args) -> None:
    size = int32(args[4])
    if size < 0:
        raise Refused(EINVAL)
    socket, option = socket_of(td, int32(args[0])), int32(args[2])
    settable = option in (SO_SNDBUF, SO_RCVBUF) or (
        option & system.sockets.flags == option and option.bit_count() == 1)
    if int32(args[1]) != SOL_SOCKET or not settable:
        _unknown(system, td, "setsockopt", args)
    if size < 4:
        raise Refused(EINVAL)
    value = struct.unpack("<i", space(td).copyin(args[3], 4))[0]
    if option in (SO_SNDBUF, SO_RCVBUF):
        if value < 1:
            raise Refused(EINVAL)
        if option == SO_SNDBUF:
            socket.space = value
        else:
            socket.room = value
    else:
        socket.options = socket.options & ~option | (option if value else 0)


def _unknown(system: System, td: Thread, call: str, args: Args) -> None:
    system.note(f"process {td.proc.pid} ({td.proc.comm}): {call}() of option "
                f"{args[2]:#x} of level {args[1]:#x} is not implemented")
    raise Refused(ENOPROTOOPT)


CALLS: dict[str, Entry] = {
    "accept": ("accept", 3, sys_accept),
    "getpeername": ("getpeername", 3, sys_getpeername),
    "getsockname": ("getsockname", 3, sys_getsockname),
    "socket": ("socket", 3, sys_socket),
    "connect": ("connect", 3, sys_connect),
    "bind": ("bind", 3, sys_bind),
    "setsockopt": ("setsockopt", 5, sys_setsockopt),
    "listen": ("listen", 2, sys_listen),
    "getsockopt": ("getsockopt", 5, sys_getsockopt),
    "shutdown": ("shutdown", 2, sys_shutdown),
    "socketpair": ("socketpair", 4, sys_socketpair),
    "accept4": ("accept4", 4, sys_accept4),
}
