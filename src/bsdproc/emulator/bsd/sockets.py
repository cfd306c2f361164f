"""Sockets of the local domain: streams, datagrams and packets within one machine.

The subject of FreeBSD's uipc_usrreq.c and the parts of uipc_socket.c that it
is used through.  A name is bytes as in a `struct sockaddr_un`: length,
family, path.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from bsdproc.emulator.bsd import signo
from bsdproc.emulator.bsd.file import (
    FREAD,
    FWRITE,
    O_NONBLOCK,
    SELECT,
    Blocking,
    File,
    Kind,
    Ready,
)
from bsdproc.emulator.bsd.socketrules import DGRAM, SEQPACKET, STREAM
from bsdproc.emulator.bsd.state import KSigInfo, Sleep, Thread
from bsdproc.emulator.errno import (
    ECONNABORTED,
    ECONNREFUSED,
    ECONNRESET,
    EDESTADDRREQ,
    EINVAL,
    EISCONN,
    EMSGSIZE,
    ENOBUFS,
    ENOTCONN,
    EOPNOTSUPP,
    EPIPE,
    EPROTOTYPE,
    EWOULDBLOCK,
    Refused,
)
from bsdproc.emulator.vnode import Access, Attributes, Special

if TYPE_CHECKING:
    from bsdproc.emulator.bsd.system import System

MSG_OOB, MSG_PEEK, MSG_EOR, MSG_TRUNC = 0x1, 0x2, 0x8, 0x10
MSG_WAITALL, MSG_DONTWAIT = 0x40, 0x80
LOW_WATER = 2048
SO_NOSIGPIPE = 0x800
SOMAXCONN = 128
CANT_SEND, CANT_RECEIVE = 0x10, 0x20
"""SBS_: of a buffer's state."""
CONTROL_HEAD, CONTROL_FILE = 16, 8
"""What passed files take in a buffer: a head, and so much for each."""


@dataclass(slots=True)
class Record:
    """What arrived together."""

    data: bytearray
    sender: bytes | None
    files: list[File] = field(default_factory=list)
    creds: bytes = b""
    """A control message that tells of the sender, as it is received."""

    @property
    def control(self) -> int:
        files = CONTROL_HEAD + CONTROL_FILE * len(self.files) if self.files else 0
        return files + len(self.creds)

    @property
    def size(self) -> int:
        """What it takes in the buffer."""
        return len(self.data) + self.control + (self.sender[0] if self.sender else 0)


@dataclass(slots=True)
class Received:
    """What a receive found."""

    data: bytes
    sender: bytes | None = None
    files: Sequence[File] = ()
    flags: int = 0
    creds: bytes = b""


class Socket(File):
    """DTYPE_SOCKET, of the local domain."""

    kind = Kind.SOCKET

    def __init__(self, system: System, td: Thread, type: int, flag: int = 0) -> None:
        super().__init__(FREAD | FWRITE | flag)
        self.rules = system.sockets
        self.type = type
        self.number = system.object_number()
        """Of the system's objects: its addresses in kinfo_file come of it."""
        self.uid, self.gid = td.proc.cred.uid, td.proc.cred.gid
        self.space, self.room = self.rules.spaces[type]
        """How much may be sent at once, and be held for reading."""
        self.name: bytes | None = None
        self.node: Special | None = None
        """Where its name is in the file system."""
        self.peer: Socket | None = None
        self.named_by: list[Socket] = []
        """Datagram sockets that are connected to it."""
        self.connected = self.disconnected = False
        self.error = 0
        self.records: deque[Record] = deque()
        self.cant_receive = self.cant_send = False
        self.limit: int | None = None
        """Of a listening socket: how many may wait."""
        self.waiting: deque[Socket] = deque()
        self.options = 0
        self.arrived = 0
        """Bytes and packets that ever came."""

    # -- what it is -----------------------------------------------------------
    @property
    def connection(self) -> bool:
        """Whether it is of a type that has to be connected."""
        return self.type != DGRAM

    @property
    def used(self) -> int:
        return sum(record.size for record in self.records)

    @property
    def available(self) -> int:
        """Bytes of data."""
        return sum(len(record.data) for record in self.records)

    @property
    def free(self) -> int:
        """How much may be sent now; 0 when what was sent has to be read first (SB_STOP)."""
        if self.peer is None or not self.connection:
            return self.space
        if self.rules.shared_space:
            return max(0, self.space - self.peer.used)
        return 0 if self.peer.used >= self.space else self.space

    @property
    def writable(self) -> bool:
        return self.free >= min(LOW_WATER, self.space)

    def ready(self) -> Ready:
        if self.limit is not None:
            return Ready(bool(self.waiting) or self.error != 0, False)
        return Ready(
            bool(self.records) or self.cant_receive or self.error != 0,
            self.cant_send or self.error != 0
            or (self.writable and (self.connected or not self.connection)),
            self.cant_receive and self.cant_send,
        )

    def attributes(self, who: Access) -> Attributes:
        mode = 0
        if self.limit is None:
            mode |= 0o444 if not self.cant_receive or self.records else 0
            mode |= 0o222 if not self.cant_send else 0
        return Attributes("sock", mode, self.uid, self.gid, self.number, 0, self.available,
                          (1 << 64) - 1, 0, blksize=self.space)

    def changed(self, system: System) -> None:
        """Wake who waits for it, here and in select(2)."""
        system.wakeup(self)
        system.wakeup(SELECT)

    def take_error(self) -> int:
        error, self.error = self.error, 0
        return error

    # -- names and connections --------------------------------------------------
    def bind(self, node: Special, name: bytes) -> None:
        node.channel, self.node, self.name = self, node, name

    def listen(self, backlog: int) -> None:
        """EOPNOTSUPP for datagrams, without a name what the domain says, EINVAL
        when connected."""
        if not self.connection and not self.rules.listen_any:
            raise Refused(EOPNOTSUPP)
        if self.node is None:
            raise Refused(self.rules.listen_unnamed)
        if self.connected or self.disconnected:
            raise Refused(EINVAL)
        if not self.connection:
            return
        self.limit = backlog if 0 <= backlog <= SOMAXCONN else SOMAXCONN

    def pair(self, other: Socket) -> None:
        """unp_connect2: both ways, but for datagrams."""
        self.peer, self.connected = other, True
        if self.connection:
            other.peer, other.connected = self, True
        else:
            other.named_by.append(self)

    def connect(self, system: System, td: Thread, other: object) -> None:
        """To what a name in the file system leads to.

        Raises:
            Refused: EOPNOTSUPP, EISCONN, ECONNREFUSED, EPROTOTYPE.
        """
        self.may_connect(system)
        other = self.reachable(other)
        if self.connection:
            if other.limit is None or len(other.waiting) > 3 * other.limit // 2:
                raise Refused(ECONNREFUSED)
            accepted = Socket(system, td, self.type)
            accepted.uid, accepted.gid = other.uid, other.gid
            accepted.name = other.name
            accepted.hold()
            other.waiting.append(accepted)
            self.pair(accepted)
            other.changed(system)
        else:
            self.pair(other)

    def reachable(self, other: object) -> Socket:
        """What a name leads to, if it is a socket to talk to: ECONNREFUSED,
        EPROTOTYPE."""
        if not isinstance(other, Socket):
            raise Refused(ECONNREFUSED)
        if other.type != self.type:
            raise Refused(EPROTOTYPE)
        return other

    def may_connect(self, system: System) -> None:
        """soconnectat: a listening one may not, one of a connection but once."""
        if self.limit is not None:
            raise Refused(EOPNOTSUPP)
        if self.connected:
            if self.connection:
                raise Refused(EISCONN)
            self._disconnect(system)

    def accept(self, system: System) -> Blocking[Socket]:
        """The next connection, held once."""
        if self.limit is None:
            raise Refused(EINVAL if self.connection else self.rules.accept_datagrams)
        while not self.waiting and not self.error:
            if self.flag & O_NONBLOCK:
                raise Refused(EWOULDBLOCK)
            if self.cant_receive:
                raise Refused(ECONNABORTED)
            error = yield Sleep(self, "accept")
            if error:
                raise Refused(error)
        if self.error:
            raise Refused(self.take_error())
        return self.waiting.popleft()

    def shutdown(self, system: System, how: int) -> None:
        """SHUT_RD 0, SHUT_WR 1, SHUT_RDWR 2."""
        not_connected = not self.connected and not self.disconnected \
            and not self.rules.shutdown_unconnected
        if not_connected and self.connection and self.limit is None:
            raise Refused(ENOTCONN)
        if self.limit is not None and not self.rules.shutdown_unconnected:
            if how != 1:
                self.error = ECONNABORTED
                self.changed(system)
        else:
            if how != 1:
                self.cant_receive = True
                self._flush(system)
            if how != 0:
                self.cant_send = True
                if self.connection and self.peer is not None:
                    self.peer.cant_receive = True
                    self.peer.changed(system)
            self.changed(system)
        if not_connected:
            raise Refused(ENOTCONN)

    def _disconnect(self, system: System) -> None:
        """unp_disconnect."""
        other, self.peer = self.peer, None
        if other is None:
            return
        if not self.connection:
            other.named_by.remove(self)
            self.connected = False
            return
        other.peer = None
        for end in (self, other):
            end.connected, end.disconnected = False, True
            end.cant_receive = end.cant_send = True
            end.changed(system)

    def _drop(self, system: System) -> None:
        """unp_drop: the other side is gone."""
        self.error = ECONNRESET
        self._disconnect(system)
        self.changed(system)

    def _flush(self, system: System) -> None:
        for record in self.records:
            for file in record.files:
                file.in_messages -= 1
                file.drop(system)
        self.records.clear()

    def closed(self, system: System) -> None:
        if self.node is not None:
            self.node.channel = None
        while self.waiting:
            one = self.waiting.popleft()
            if one.peer is not None:
                one.peer._drop(system)
            one.drop(system)
        self._disconnect(system)
        for other in list(self.named_by):
            other._drop(system)
        self._flush(system)
        self.changed(system)

    # -- data -----------------------------------------------------------------
    def send(self, system: System, td: Thread, data: bytes, flags: int = 0,
             to: Socket | None = None, files: Sequence[File] = (),
             creds: bytes = b"") -> Blocking[int]:
        """sosend; `files` go along, held once for it, or a message with the sender's ids.

        Raises:
            Refused: EOPNOTSUPP (MSG_OOB), EPIPE, ENOTCONN, EDESTADDRREQ,
                EMSGSIZE, EWOULDBLOCK, ENOBUFS, ...
        """
        done = 0
        try:
            while True:
                self._may_send(len(data), bool(files), to)
                part = self._part(data, done, files)
                if part is not None:
                    self._deliver(system, part, to, files, creds)
                    files, creds = (), b""
                    done += len(part)
                    if done == len(data):
                        return done
                    continue
                if flags & MSG_DONTWAIT or self.flag & O_NONBLOCK:
                    raise Refused(EWOULDBLOCK)
                error = yield Sleep(self, "sbwait")
                if error:
                    raise Refused(error)
        except Refused as e:
            for file in files:
                file.drop(system)
            if done and e.errno != EPIPE:
                return done
            raise

    def _part(self, data: bytes, done: int, files: Sequence[File]) -> bytes | None:
        """What of it may be sent now; None when that has to wait."""
        free, left = self.free, len(data) - done
        if not self.rules.shared_space or not self.connection:
            if not free:
                return None
            return data[done:] if self.type != STREAM else data[done : done + free]
        control = CONTROL_HEAD + CONTROL_FILE * len(files) if files else 0
        if free < left + control and (
                self.type != STREAM or free < LOW_WATER or free < control):
            return None
        return data[done : done + free - control]

    def _may_send(self, size: int, control: bool, to: Socket | None) -> None:
        if self.cant_send:
            raise Refused(EPIPE)
        if self.error:
            raise Refused(self.take_error())
        if not self.connected:
            if self.connection:
                raise Refused(ENOTCONN)
            if to is None:
                raise Refused(EDESTADDRREQ)
        elif to is not None:
            raise Refused(EISCONN)
        if self.type != STREAM and size > self.space:
            raise Refused(EMSGSIZE)

    def _deliver(self, system: System, data: bytes, to: Socket | None,
                 files: Sequence[File], creds: bytes) -> None:
        """uipc_send: into the other's buffer."""
        other = to if to is not None else self.peer
        if other is None:
            raise Refused(ENOTCONN)
        if self.connection and other.cant_receive:
            raise Refused(EPIPE)
        sender = None
        if self.type == DGRAM:
            sender = self.name or self.rules.no_name
        elif self.type == SEQPACKET:
            sender = self.rules.packet_sender
        record = Record(bytearray(data), sender, list(files), creds)
        if self.type == DGRAM and other.used + record.size > other.room:
            raise Refused(ENOBUFS)
        for file in files:
            file.in_messages += 1
        last = other.records[-1] if other.records else None
        if self.type == STREAM and last is not None and not record.control:
            last.data += data
        elif data or record.control or self.type != STREAM:
            other.records.append(record)
        other.arrived += len(data) + 1
        other.changed(system)

    def receive(self, system: System, td: Thread, size: int, flags: int = 0) -> Blocking[Received]:
        """soreceive.  Files that come along are held once, for the receiver.

        Raises:
            Refused: EOPNOTSUPP (MSG_OOB), ENOTCONN, EWOULDBLOCK, ...
        """
        if flags & MSG_OOB:
            raise Refused(EOPNOTSUPP)
        if self.limit is not None:
            raise Refused(ENOTCONN)
        got = bytearray()
        while True:
            found = self._take(system, size - len(got), flags)
            if found is not None:
                got += found.data
                if not (flags & MSG_WAITALL and self.type == STREAM and len(got) < size
                        and not found.files and not found.creds and not flags & MSG_PEEK) or (
                            not self.records and self.cant_receive):
                    return Received(bytes(got), found.sender, found.files, found.flags,
                                    found.creds)
                continue
            if self.error and not got:
                raise Refused(self.take_error())
            if self.cant_receive:
                return Received(bytes(got))
            if not self.connected and self.connection:
                raise Refused(ENOTCONN)
            if size == 0:
                return Received(b"")
            if flags & MSG_DONTWAIT or self.flag & O_NONBLOCK:
                raise Refused(EWOULDBLOCK)
            error = yield Sleep(self, "sbwait")
            if error:
                if got:
                    return Received(bytes(got))
                raise Refused(error)

    def _take(self, system: System, size: int, flags: int) -> Received | None:
        """What is there at once, of one record."""
        if not self.records:
            return None
        record = self.records[0]
        data, told = bytes(record.data[:size]), 0
        if self.type != STREAM and len(record.data) > size:
            told |= MSG_TRUNC
        if flags & MSG_PEEK:
            for file in record.files:
                file.hold()
            return Received(data, record.sender, list(record.files), told, record.creds)
        files, record.files = record.files, []
        creds, record.creds = record.creds, b""
        for file in files:
            file.in_messages -= 1
        del record.data[:size]
        if self.type != STREAM or not record.data:
            self.records.popleft()
        if self.peer is not None:
            self.peer.changed(system)
        return Received(data, record.sender, files, told, creds)

    # -- as a file --------------------------------------------------------------
    def read(self, system: System, td: Thread, size: int, offset: int | None) -> Blocking[bytes]:
        found = yield from self.receive(system, td, size)
        for file in found.files:
            file.drop(system)
        return found.data

    def write(self, system: System, td: Thread, data: bytes, offset: int | None) -> Blocking[int]:
        try:
            return (yield from self.send(system, td, data))
        except Refused as e:
            self.broken_pipe(system, td, e)
            raise

    def broken_pipe(self, system: System, td: Thread, refused: Refused, flags: int = 0) -> None:
        """SIGPIPE, unless the socket or the call asks for none."""
        if refused.errno == EPIPE and not flags & self.rules.nosignal and not (
                self.options & SO_NOSIGPIPE) and not td.proc.driver:
            system.tdsignal(td, KSigInfo(signo.SIGPIPE, signo.SI_KERNEL))
