"""Sockets: making, naming and connecting them, and their options.

The subject of FreeBSD's uipc_syscalls.c.  There is the local domain and no
network: other domains are EAFNOSUPPORT, with a note in the kernel's log.
"""

from __future__ import annotations

import struct
from typing import TYPE_CHECKING

from bsdproc.emulator.bsd.file import O_NONBLOCK, Blocking
from bsdproc.emulator.bsd.files import AT_FDCWD, nofile, where
from bsdproc.emulator.bsd.sockets import (
    AF_LOCAL,
    DGRAM,
    NO_NAME,
    SEQPACKET,
    STREAM,
    Socket,
)
from bsdproc.emulator.bsd.state import Thread
from bsdproc.emulator.bsd.syscalls.args import int32, space
from bsdproc.emulator.errno import (
    EADDRINUSE,
    EAFNOSUPPORT,
    ECAPMODE,
    EEXIST,
    EINVAL,
    ENAMETOOLONG,
    ENOPROTOOPT,
    ENOTCONN,
    ENOTSOCK,
    EPROTONOSUPPORT,
    EPROTOTYPE,
    Refused,
)
from bsdproc.emulator.vnode import WRITE, Special

if TYPE_CHECKING:
    from bsdproc.emulator.bsd.entry import Entry
    from bsdproc.emulator.freebsd.system import System

Args = tuple[int, ...]

SOCK_CLOEXEC, SOCK_NONBLOCK = 0x10000000, 0x20000000
SOCK_MAXADDRLEN = 255
SUN_SIZE, SUN_PATH = 106, 2
"""sizeof(struct sockaddr_un), and where its path begins."""
DOMAINS = {2: "AF_INET", 28: "AF_INET6", 17: "AF_ROUTE", 32: "AF_NETGRAPH"}
SOL_SOCKET = 0xFFFF


def socket_of(td: Thread, fd: int) -> Socket:
    """getsock: EBADF, ENOTSOCK."""
    file = td.proc.files.get(fd)
    if not isinstance(file, Socket):
        raise Refused(ENOTSOCK)
    return file


# -- making and naming ---------------------------------------------------------------
def _new(system: System, td: Thread, domain: int, type: int, protocol: int, flag: int) -> Socket:
    """socreate."""
    if domain != AF_LOCAL:
        if domain in DOMAINS:
            system.note(f"process {td.proc.pid} ({td.proc.comm}): there are no sockets of "
                        f"{DOMAINS[domain]}")
        raise Refused(EAFNOSUPPORT)
    if protocol or type == 0:
        raise Refused(EPROTONOSUPPORT)
    if type not in (STREAM, DGRAM, SEQPACKET):
        raise Refused(EPROTOTYPE)
    return Socket(td, type, flag, system.object_number())


def sys_socket(system: System, td: Thread, args: Args) -> int:
    type = int32(args[1])
    files, limit = td.proc.files, nofile(td.proc)
    made = _new(system, td, int32(args[0]), type & ~(SOCK_CLOEXEC | SOCK_NONBLOCK),
                int32(args[2]), O_NONBLOCK if type & SOCK_NONBLOCK else 0)
    return files.place(made, limit, cloexec=bool(type & SOCK_CLOEXEC))


def sys_socketpair(system: System, td: Thread, args: Args) -> None:
    type = int32(args[1])
    flag, cloexec = O_NONBLOCK if type & SOCK_NONBLOCK else 0, bool(type & SOCK_CLOEXEC)
    first, second = (
        _new(system, td, int32(args[0]), type & ~(SOCK_CLOEXEC | SOCK_NONBLOCK),
             int32(args[2]), flag) for _ in range(2))
    first.pair(second)
    if not first.connection:
        second.pair(first)
    files, placed = td.proc.files, list[int]()
    try:
        for one in (first, second):
            placed.append(files.place(one, nofile(td.proc), cloexec=cloexec))
        space(td).copyout(args[3], struct.pack("<ii", *placed))
    except Exception:
        for fd in placed:
            files.close(system, fd)
        raise


def name_at(td: Thread, address: int, size: int) -> bytes:
    """getsockaddr: a struct sockaddr of the program's."""
    size &= 0xFFFFFFFF
    if size > SOCK_MAXADDRLEN:
        raise Refused(ENAMETOOLONG)
    if size < SUN_PATH:
        raise Refused(EINVAL)
    return bytes([size]) + space(td).copyin(address, size)[1:]


def _path(name: bytes) -> str:
    """The path in a name of the local domain."""
    if name[1] != AF_LOCAL:
        raise Refused(EAFNOSUPPORT)
    if not SUN_PATH < len(name) <= SUN_SIZE:
        raise Refused(EINVAL)
    return name[SUN_PATH:].split(b"\0")[0].decode("utf-8", "surrogateescape")


def sys_bind(system: System, td: Thread, args: Args) -> None:
    _bind(system, td, AT_FDCWD, args)


def sys_bindat(system: System, td: Thread, args: Args) -> None:
    _bind(system, td, int32(args[0]), args[1:])


def _bind(system: System, td: Thread, at: int, args: Args) -> None:
    name = name_at(td, args[1], args[2])
    if td.proc.cred.capmode and at == AT_FDCWD:
        raise Refused(ECAPMODE)
    socket = socket_of(td, int32(args[0]))
    path = _path(name)
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
    path = _path(name)
    who = where(td, at, path)
    node = system.vfs.find(path, who)
    if node.kind != "sock":
        raise Refused(ENOTSOCK)
    node.check(WRITE, who)
    return node.channel if isinstance(node, Special) else None


def sys_connect(system: System, td: Thread, args: Args) -> None:
    _connect(system, td, AT_FDCWD, args)


def sys_connectat(system: System, td: Thread, args: Args) -> None:
    _connect(system, td, int32(args[0]), args[1:])


def _connect(system: System, td: Thread, at: int, args: Args) -> None:
    name = name_at(td, args[1], args[2])
    if td.proc.cred.capmode and at == AT_FDCWD:
        raise Refused(ECAPMODE)
    socket = socket_of(td, int32(args[0]))
    socket.may_connect(system)
    socket.connect(system, td, named(system, td, at, name))


def sys_accept(system: System, td: Thread, args: Args) -> Blocking[int]:
    socket = socket_of(td, int32(args[0]))
    return (yield from _accept(system, td, args, socket.flag & O_NONBLOCK, False))


def sys_accept4(system: System, td: Thread, args: Args) -> Blocking[int]:
    flags = int32(args[3])
    if flags & ~(SOCK_CLOEXEC | SOCK_NONBLOCK):
        raise Refused(EINVAL)
    return (yield from _accept(system, td, args, O_NONBLOCK if flags & SOCK_NONBLOCK else 0,
                               bool(flags & SOCK_CLOEXEC)))


def _accept(system: System, td: Thread, args: Args, flag: int, cloexec: bool) -> Blocking[int]:
    room = room_at(td, args[2]) if args[1] else 0
    new = yield from socket_of(td, int32(args[0])).accept(system)
    new.flag |= flag
    try:
        fd = td.proc.files.place(new, nofile(td.proc), cloexec=cloexec)
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
    return (socket.peer.name if socket.peer is not None else None) or NO_NAME


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
    _tell_name(td, socket_of(td, int32(args[0])).name or NO_NAME, args[1], args[2], room)


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
FLAGS = 0x1 | 0x4 | 0x8 | 0x10 | 0x20 | 0x100 | 0x200 | 0x400 | 0x800 | 0x2000
"""Options that are on or off: SO_DEBUG, SO_REUSEADDR, SO_KEEPALIVE, SO_DONTROUTE,
SO_BROADCAST, SO_OOBINLINE, SO_REUSEPORT, SO_TIMESTAMP, SO_NOSIGPIPE, SO_BINTIME."""


def _option(socket: Socket, option: int) -> int | None:
    if option & FLAGS == option and option:
        return socket.options & option
    known = {
        SO_ACCEPTCONN: SO_ACCEPTCONN if socket.limit is not None else 0,
        SO_SNDBUF: socket.space, SO_RCVBUF: socket.room, SO_SNDLOWAT: 2048, SO_RCVLOWAT: 1,
        SO_TYPE: socket.type, SO_PROTOCOL: 0, SO_DOMAIN: AF_LOCAL,
        SO_LISTENQLIMIT: socket.limit or 0, SO_LISTENQLEN: len(socket.waiting),
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
        told = struct.pack("<i", value)[:room]
        space(td).copyout(args[3], told)
        space(td).copyout(args[4], struct.pack("<I", len(told)))


def sys_setsockopt(system: System, td: Thread, args: Args) -> None:
    size = int32(args[4])
    if size < 0:
        raise Refused(EINVAL)
    socket, option = socket_of(td, int32(args[0])), int32(args[2])
    settable = option in (SO_SNDBUF, SO_RCVBUF) or (option & FLAGS == option and option != 0)
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


SYSCALLS: dict[int, Entry] = {
    30: ("accept", 3, sys_accept),
    31: ("getpeername", 3, sys_getpeername),
    32: ("getsockname", 3, sys_getsockname),
    97: ("socket", 3, sys_socket),
    98: ("connect", 3, sys_connect),
    104: ("bind", 3, sys_bind),
    105: ("setsockopt", 5, sys_setsockopt),
    106: ("listen", 2, sys_listen),
    118: ("getsockopt", 5, sys_getsockopt),
    134: ("shutdown", 2, sys_shutdown),
    135: ("socketpair", 4, sys_socketpair),
    538: ("bindat", 4, sys_bindat),
    539: ("connectat", 4, sys_connectat),
    541: ("accept4", 4, sys_accept4),
}
