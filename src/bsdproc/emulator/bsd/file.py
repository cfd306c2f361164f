"""Open files: what a descriptor refers to.

The subject of FreeBSD's struct file and its operations: vnodes, pipes and
fifos (sys_pipe.c, fifo_vnops.c), a kqueue's shell, and the streams of the
host that a program's output goes to.
"""

from __future__ import annotations

import sys
from collections.abc import Callable, Generator
from contextlib import suppress
from typing import TYPE_CHECKING, BinaryIO, NamedTuple, Protocol, TextIO, TypeAlias, TypeVar

from bsdproc.emulator import interrupts
from bsdproc.emulator.bsd import signo
from bsdproc.emulator.bsd.state import KSigInfo, Sleep, Thread
from bsdproc.emulator.errno import (
    EAGAIN,
    EFBIG,
    EINVAL,
    EOPNOTSUPP,
    EPIPE,
    Refused,
    RefusedAfter,
)
from bsdproc.emulator.vnode import Access, Attributes, Regular, Told, Vnode

if TYPE_CHECKING:
    from bsdproc.emulator.bsd.system import System

T = TypeVar("T")
Blocking: TypeAlias = Generator[Sleep | None, int, T]
"""A kernel function that may sleep, and what it returns."""

FREAD, FWRITE = 0x1, 0x2
O_NONBLOCK, O_APPEND = 0x4, 0x8
PIPE_BUF = 512
PIPE_SIZE = 65536
RLIMIT_FSIZE = 1
SELECT = ("select",)
"""The channel of those who wait for any of several files."""
RLIM_INFINITY = (1 << 63) - 1


class Kind:
    """KF_TYPE_ of struct kinfo_file."""

    VNODE, SOCKET, PIPE, FIFO, KQUEUE = 1, 2, 3, 4, 5
    SHM, PROCDESC, EVENTFD = 8, 11, 13


class Ready(NamedTuple):
    """What can be done with a file at once."""

    read: bool
    write: bool
    hangup: bool = False
    """The other side is gone."""


class File:
    """struct file: shared by all descriptors that came of one open."""

    kind = Kind.VNODE
    seekable = False
    vnode: Vnode | None = None
    exit_status: int | None = None
    """Of a process descriptor whose process has ended."""

    def __init__(self, flag: int) -> None:
        self.flag = flag
        """FREAD, FWRITE and the O_ flags that stay."""
        self.offset = 0
        self.refs = 0
        self.in_messages = 0
        """How many of them are on their way through sockets."""
        self.owner = 0
        """Whom F_SETOWN named: a process, or a group as a negative number."""

    def read(self, system: System, td: Thread, size: int, offset: int | None) -> Blocking[bytes]:
        """Up to `size` bytes, at the file's own offset when none is given."""
        raise Refused(EOPNOTSUPP)
        yield

    def write(self, system: System, td: Thread, data: bytes, offset: int | None) -> Blocking[int]:
        raise Refused(EOPNOTSUPP)
        yield

    def attributes(self, who: Access) -> Attributes:
        """fo_stat."""
        raise Refused(EOPNOTSUPP)

    def truncate(self, system: System, td: Thread, size: int) -> None:
        raise Refused(EINVAL)

    def ready(self) -> Ready:
        """fo_poll: what would not sleep now."""
        return Ready(True, True)

    def amount(self, write: bool) -> int | None:
        """How much an event of its own kind tells that can be read, or written."""
        return None

    def closed(self, system: System) -> None:
        """The last descriptor is gone."""

    def descriptor_closed(self, fd: int) -> None:
        """For a queue of events: another descriptor of the process is gone."""

    def hold(self) -> File:
        self.refs += 1
        return self

    def drop(self, system: System) -> None:
        self.refs -= 1
        if self.refs == 0:
            self.closed(system)


class VnodeFile(File):
    """DTYPE_VNODE."""

    seekable = True
    vnode: Vnode

    def __init__(self, flag: int, vnode: Vnode) -> None:
        super().__init__(flag)
        self.vnode = vnode
        if flag & FWRITE:
            vnode.writers += 1

    def closed(self, system: System) -> None:
        if self.flag & FWRITE:
            self.vnode.writers -= 1
        self.vnode.closed(bool(self.flag & FWRITE))
        self.vnode.tell(Told.CLOSE_WRITE if self.flag & FWRITE else Told.CLOSE)
        self.unlock(system)

    def unlock(self, system: System) -> None:
        """Give up what flock(2) locked through it."""
        if self.vnode.locks is not None:
            self.vnode.locks.give_up(system, self)

    def attributes(self, who: Access) -> Attributes:
        return self.vnode.attributes(who)

    def read(self, system: System, td: Thread, size: int, offset: int | None) -> Blocking[bytes]:
        who = access(td)
        if isinstance(other := self.vnode.behind(who), File):
            return (yield from other.read(system, td, size, None))
        data = self.vnode.read_at(self.offset if offset is None else offset, size, who)
        self.vnode.tell(Told.READ)
        if offset is None:
            self.offset = 0 if self.vnode.rewinds else self.offset + len(data)
        return data

    def write(self, system: System, td: Thread, data: bytes, offset: int | None) -> Blocking[int]:
        node, at, who = self.vnode, self.offset if offset is None else offset, access(td)
        if isinstance(other := node.behind(who), File):
            return (yield from other.write(system, td, data, None))
        if isinstance(node, Regular):       # a procfs knows neither an end nor the limit
            if self.flag & O_APPEND:
                at = node.size
            data = data[: self._limit(system, td, at, len(data), system.writes_up_to_limit)]
        before = node.size
        try:
            done = node.write_at(at, data, who)
        except RefusedAfter as refused:
            if offset is None:
                self.offset = at + refused.taken
            raise
        if done:
            node.tell(Told.WRITE | (Told.EXTEND if node.size > before else 0))
        system.engine.file_changed(node)
        if offset is None:
            self.offset = 0 if node.rewinds else at + done
        return done

    @staticmethod
    def _limit(system: System, td: Thread, at: int, size: int, cut: bool = False) -> int:
        """vn_rlimit_fsizex: how many bytes there may be there; EFBIG and a signal beyond
        RLIMIT_FSIZE, with `cut` only if none may."""
        limit = td.proc.rlimits.get(RLIMIT_FSIZE, (RLIM_INFINITY, RLIM_INFINITY))[0]
        if at + size <= limit:
            return size
        if cut and at < limit:
            return limit - at
        if not td.proc.driver:
            system.psignal(td.proc, KSigInfo(signo.SIGXFSZ, signo.SI_KERNEL))
        raise Refused(EFBIG)

    def truncate(self, system: System, td: Thread, size: int) -> None:
        if size < 0 or not self.flag & FWRITE:
            raise Refused(EINVAL)
        self._limit(system, td, size, 0)
        self.vnode.truncate(size, access(td))
        system.file_cut(self.vnode, size)


class PipeBuffer:
    """What flows in one direction, and how many ends are open on each side.
    It is the channel that both sides sleep on."""

    def __init__(self, number: int = 0) -> None:
        self.number = number
        """Of the system's pipes: its address in kinfo_file comes of it."""
        self.data = bytearray()
        self.readers = 0
        self.writers = 0
        self.taken = 0
        """Bytes read so far: where kinfo_file's in and out stand."""

    def changed(self, system: System) -> None:
        """Wake who waits for it, here and in select(2)."""
        system.wakeup(self)
        system.wakeup(SELECT)


class Pipe(File):
    """One end of a pipe, or an open fifo.

    FreeBSD's pipes go both ways: each end reads one buffer and writes the
    other.  A fifo's file has only the directions it was opened for.
    """

    def __init__(self, flag: int, reads: PipeBuffer | None, writes: PipeBuffer | None,
                 vnode: Vnode | None = None) -> None:
        super().__init__(flag)
        self.reads, self.writes, self.vnode = reads, writes, vnode
        self.kind = Kind.PIPE if vnode is None else Kind.FIFO
        if reads is not None:
            reads.readers += 1
        if writes is not None:
            writes.writers += 1

    def closed(self, system: System) -> None:
        if self.reads is not None:
            self.reads.readers -= 1
            self.reads.changed(system)
        if self.writes is not None:
            self.writes.writers -= 1
            self.writes.changed(system)

    def ready(self) -> Ready:
        reads, writes = self.reads, self.writes
        ended = reads is not None and reads.writers == 0
        return Ready(
            reads is not None and (bool(reads.data) or ended),
            writes is not None and (writes.readers == 0
                                    or PIPE_SIZE - len(writes.data) >= PIPE_BUF),
            ended or (writes is not None and writes.readers == 0),
        )

    def attributes(self, who: Access) -> Attributes:
        if self.vnode is not None:
            return self.vnode.attributes(who)
        cred, held = who.cred, self.reads.data if self.reads is not None else b""
        return Attributes("fifo", 0, cred.uid, cred.gid, 0, 0, len(held), 0)

    def read(self, system: System, td: Thread, size: int, offset: int | None) -> Blocking[bytes]:
        pipe = self.reads
        if pipe is None or size == 0:
            return b""
        while not pipe.data:
            if pipe.writers == 0:
                return b""
            if self.flag & O_NONBLOCK:
                raise Refused(EAGAIN)
            error = yield Sleep(pipe, "piperd" if self.vnode is None else "fifoor")
            if error:
                raise Refused(error)
        data = bytes(pipe.data[:size])
        del pipe.data[:size]
        pipe.taken += len(data)
        pipe.changed(system)
        return data

    def write(self, system: System, td: Thread, data: bytes, offset: int | None) -> Blocking[int]:
        """Up to PIPE_BUF bytes go in all at once or not at all."""
        pipe, done = self.writes, 0
        while True:
            if pipe is None or pipe.readers == 0:
                if not td.proc.driver:
                    system.tdsignal(td, KSigInfo(signo.SIGPIPE, signo.SI_KERNEL))
                raise Refused(EPIPE)
            room = PIPE_SIZE - len(pipe.data)
            if len(data) <= PIPE_BUF and room < len(data):
                room = 0
            if room or not data:
                part = data[done : done + room]
                pipe.data += part
                done += len(part)
                pipe.changed(system)
                if done == len(data):
                    return done
            if self.flag & O_NONBLOCK:
                if done:
                    return done
                raise Refused(EAGAIN)
            error = yield Sleep(pipe, "pipewr")
            if error:
                if done:
                    return done
                raise Refused(error)


class ByteSink(Protocol):
    """The part of a binary stream that is used."""

    def write(self, data: bytes, /) -> object: ...

    def flush(self) -> object: ...


class HostStream(File):
    """The host's standard output or error as a descriptor: a pipe to look at,
    which takes everything and has nothing to read."""

    kind = Kind.PIPE

    def __init__(self, flag: int, stream: Callable[[], ByteSink | None]) -> None:
        super().__init__(flag)
        self._stream = stream

    def attributes(self, who: Access) -> Attributes:
        return Attributes("fifo", 0o600, who.cred.uid, who.cred.gid, 0, 0, 0, 0)

    def read(self, system: System, td: Thread, size: int, offset: int | None) -> Blocking[bytes]:
        return b""
        yield

    def write(self, system: System, td: Thread, data: bytes, offset: int | None) -> Blocking[int]:
        self._write(data)
        return len(data)
        yield

    @interrupts.may_block
    def _write(self, data: bytes) -> None:
        with suppress(interrupts.BrokenOff):
            stream = self._stream()
            if stream is not None:
                stream.write(data)
                stream.flush()


def host_stream(given: BinaryIO | None, name: str) -> Callable[[], ByteSink | None]:
    """The stream itself, or else what sys.stdout or sys.stderr is whenever
    something is written (a text stream without bytes below gets the text)."""

    def current() -> ByteSink | None:
        if given is not None:
            return given
        text = getattr(sys, name)
        binary: ByteSink | None = getattr(text, "buffer", None)
        if binary is None and text is not None:
            return _TextSink(text)
        if text is not None:
            text.flush()
        return binary

    return current


class _TextSink:
    """Bytes into a stream that takes only text."""

    def __init__(self, text: TextIO) -> None:
        self._text = text

    def write(self, data: bytes) -> int:
        return self._text.write(data.decode("utf-8", "replace"))

    def flush(self) -> None:
        self._text.flush()


def access(td: Thread) -> Access:
    """A thread as the one who asks the file system."""
    p = td.proc
    return Access(p.cred, p.cwd, p.root, td)
