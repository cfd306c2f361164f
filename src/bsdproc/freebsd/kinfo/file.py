"""struct kinfo_file: what a process has open (<sys/user.h>)."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Final, Literal

from bsdproc import abi
from bsdproc.freebsd.constants.kinfo import (
    FileFlags,
    FileSlot,
    FileStatus,
    FileType,
    VnodeType,
)
from bsdproc.freebsd.records import Record
from bsdproc.typed.enums import known
from bsdproc.typed.records import Enumerated, Field, Flagged, Number, Numbers, Tail, Text
from bsdproc.typed.texts import string

_AF_UNIX: Final = 1
_AF_INET: Final = 2
_AF_INET6: Final = 28


@dataclass(frozen=True, slots=True)
class UnixAddress:
    """sockaddr_un."""

    path: str


@dataclass(frozen=True, slots=True)
class InetAddress:
    """sockaddr_in."""

    host: str
    port: int


@dataclass(frozen=True, slots=True)
class Inet6Address:
    """sockaddr_in6."""

    host: str
    port: int
    flowinfo: int
    scope_id: int


@dataclass(frozen=True, slots=True)
class OtherAddress:
    """A sockaddr of another family."""

    family: int
    data: bytes


SocketAddress = UnixAddress | InetAddress | Inet6Address | OtherAddress


def sockaddr(data: bytes, byteorder: Literal["little", "big"]) -> SocketAddress | None:
    """A struct sockaddr_storage; None for an empty one."""
    length, family = data[0], data[1]
    if length == 0:
        return None
    if family == _AF_UNIX:
        return UnixAddress(string(data[2:length]))
    if family == _AF_INET:
        return InetAddress(".".join(map(str, data[4:8])), int.from_bytes(data[2:4], "big"))
    if family == _AF_INET6:
        from ipaddress import IPv6Address  # inet_ntop does it only where Python has IPv6

        return Inet6Address(
            str(IPv6Address(data[8:24])), int.from_bytes(data[2:4], "big"),
            int.from_bytes(data[4:8], "big"), int.from_bytes(data[24:28], byteorder),
        )
    return OtherAddress(family, data[2:length])


class Address(Field[SocketAddress | None]):
    """A struct sockaddr_storage."""

    __slots__ = ()
    gives = "SocketAddress | None"

    def _converter(
        self, target: abi.Target, field: abi.Field
    ) -> Callable[[bytes], SocketAddress | None]:
        order = target.byteorder
        return lambda value: sockaddr(value, order)


class FileDetail(Record):
    """What a kinfo_file says of one kind of descriptor."""

    struct = "struct kinfo_file"
    __slots__ = ()


class VnodeDetail(FileDetail):
    """A file, directory, device or named pipe; a shared memory object."""

    __slots__ = ()

    type = Enumerated("kf_un.kf_file.kf_file_type", VnodeType)
    nlink = Number("kf_un.kf_file.kf_file_nlink")
    fsid = Number("kf_un.kf_file.kf_file_fsid")
    """The file system."""
    rdev = Number("kf_un.kf_file.kf_file_rdev")
    """The device that it is."""
    fileid = Number("kf_un.kf_file.kf_file_fileid")
    """Its number in the file system."""
    size = Number("kf_un.kf_file.kf_file_size")
    """Bytes."""
    mode = Number("kf_un.kf_file.kf_file_mode")
    """Permission bits and type, as stat(2) has them."""


class SocketDetail(FileDetail):
    """A socket."""

    __slots__ = ()

    domain = Number("kf_un.kf_sock.kf_sock_domain0")
    """AF_*."""
    type = Number("kf_un.kf_sock.kf_sock_type0")
    """SOCK_*."""
    protocol = Number("kf_un.kf_sock.kf_sock_protocol0")
    local = Address("kf_un.kf_sock.kf_sa_local")
    peer = Address("kf_un.kf_sock.kf_sa_peer")
    sendq = Number("kf_un.kf_sock.kf_sock_sendq")
    """Bytes that wait to be sent."""
    recvq = Number("kf_un.kf_sock.kf_sock_recvq")
    """Bytes that wait to be read."""
    pcb = Number("kf_un.kf_sock.kf_sock_pcb")
    """Kernel address of its protocol state."""
    unpconn = Number("kf_un.kf_sock.kf_sock_unpconn")
    """Kernel address of the other end of a local one."""
    snd_sb_state = Number("kf_un.kf_sock.kf_sock_snd_sb_state")
    rcv_sb_state = Number("kf_un.kf_sock.kf_sock_rcv_sb_state")


class PipeDetail(FileDetail):
    """A pipe."""

    __slots__ = ()

    addr = Number("kf_un.kf_pipe.kf_pipe_addr")
    """Kernel address of this end."""
    peer = Number("kf_un.kf_pipe.kf_pipe_peer")
    """Kernel address of the other."""
    buffer_cnt = Number("kf_un.kf_pipe.kf_pipe_buffer_cnt")
    """Bytes in it."""
    buffer_in = Number("kf_un.kf_pipe.kf_pipe_buffer_in")
    buffer_out = Number("kf_un.kf_pipe.kf_pipe_buffer_out")
    buffer_size = Number("kf_un.kf_pipe.kf_pipe_buffer_size")


class SemDetail(FileDetail):
    """A POSIX semaphore."""

    __slots__ = ()

    value = Number("kf_un.kf_sem.kf_sem_value")
    mode = Number("kf_un.kf_sem.kf_sem_mode")


class PtsDetail(FileDetail):
    """The master of a pseudo-terminal."""

    __slots__ = ()

    dev = Number("kf_un.kf_pts.kf_pts_dev")


class ProcdescDetail(FileDetail):
    """A process descriptor; pdfork(2)."""

    __slots__ = ()

    pid = Number("kf_un.kf_proc.kf_pid")


class EventfdDetail(FileDetail):
    """An eventfd(2)."""

    __slots__ = ()

    value = Number("kf_un.kf_eventfd.kf_eventfd_value")
    flags = Number("kf_un.kf_eventfd.kf_eventfd_flags")
    addr = Number("kf_un.kf_eventfd.kf_eventfd_addr")


class TimerfdDetail(FileDetail):
    """A timerfd(2)."""

    __slots__ = ()

    clockid = Number("kf_un.kf_timerfd.kf_timerfd_clockid")
    flags = Number("kf_un.kf_timerfd.kf_timerfd_flags")
    addr = Number("kf_un.kf_timerfd.kf_timerfd_addr")


class JailDetail(FileDetail):
    """A jail descriptor."""

    __slots__ = ()

    jid = Number("kf_un.kf_jail.kf_jid")


class KqueueDetail(FileDetail):
    """A kqueue(2)."""

    __slots__ = ()

    addr = Number("kf_un.kf_kqueue.kf_kqueue_addr")
    count = Number("kf_un.kf_kqueue.kf_kqueue_count")
    """Events that are ready."""
    state = Number("kf_un.kf_kqueue.kf_kqueue_state")


class InotifyDetail(FileDetail):
    """An inotify(2)."""

    __slots__ = ()

    npending = Number("kf_un.kf_inotify.kf_inotify_npending")
    """Events that are ready."""
    nbpending = Number("kf_un.kf_inotify.kf_inotify_nbpending")
    """Their bytes."""


Detail = (
    VnodeDetail | SocketDetail | PipeDetail | SemDetail | PtsDetail | ProcdescDetail
    | EventfdDetail | TimerfdDetail | JailDetail | KqueueDetail | InotifyDetail
)

_DETAILS: Final[dict[int, type[Detail]]] = {
    FileType.KF_TYPE_VNODE: VnodeDetail,
    FileType.KF_TYPE_FIFO: VnodeDetail,
    FileType.KF_TYPE_SHM: VnodeDetail,
    FileType.KF_TYPE_DEV: VnodeDetail,
    FileType.KF_TYPE_SOCKET: SocketDetail,
    FileType.KF_TYPE_PIPE: PipeDetail,
    FileType.KF_TYPE_SEM: SemDetail,
    FileType.KF_TYPE_PTS: PtsDetail,
    FileType.KF_TYPE_PROCDESC: ProcdescDetail,
    FileType.KF_TYPE_EVENTFD: EventfdDetail,
    FileType.KF_TYPE_TIMERFD: TimerfdDetail,
    FileType.KF_TYPE_JAILDESC: JailDetail,
    FileType.KF_TYPE_KQUEUE: KqueueDetail,
    FileType.KF_TYPE_INOTIFY: InotifyDetail,
}


class KinfoFile(Record):
    """struct kinfo_file: a descriptor, or a file that a process holds without one."""

    struct = "struct kinfo_file"
    __slots__ = ()

    structsize = Number("kf_structsize")
    """Bytes of the record, which the kernel cuts after the path."""
    type = Enumerated("kf_type", FileType)
    fd = Number("kf_fd")
    """The descriptor; negative for what is none (see `slot`)."""
    ref_count = Number("kf_ref_count")
    """References to the open file."""
    flags = Flagged("kf_flags", FileFlags)
    offset = Number("kf_offset")
    """Where the next byte is read or written."""
    status = Flagged("kf_status", FileStatus)
    cap_rights = Numbers("kf_cap_rights.cr_rights")
    """The words of its capability rights; rights(4)."""
    path = Tail("kf_path")
    """"" when it has none."""

    @property
    def slot(self) -> FileSlot | int | None:
        """What a file without a descriptor is to the process; None for a descriptor."""
        return None if self.fd >= 0 else known(FileSlot, self.fd)

    @property
    def detail(self) -> Detail | None:
        """What its kind says more; None for kinds that say nothing."""
        kind = _DETAILS.get(self.type)
        return None if kind is None else kind.of(self.machine)(self.raw)

    def __repr__(self) -> str:
        return f"KinfoFile(fd={self.fd}, type={self.type!r}, path={self.path!r})"


class KinfoOfile(Record):
    """struct kinfo_ofile: the same as FreeBSD 7.0 had it."""

    struct = "struct kinfo_ofile"
    __slots__ = ()

    structsize = Number("kf_structsize")
    type = Enumerated("kf_type", FileType)
    fd = Number("kf_fd")
    ref_count = Number("kf_ref_count")
    flags = Flagged("kf_flags", FileFlags)
    offset = Number("kf_offset")
    vnode_type = Enumerated("kf_vnode_type", VnodeType)
    sock_domain = Number("kf_sock_domain")
    sock_type = Number("kf_sock_type")
    sock_protocol = Number("kf_sock_protocol")
    path = Text("kf_path")
    sa_local = Address("kf_sa_local")
    sa_peer = Address("kf_sa_peer")

    def __repr__(self) -> str:
        return f"KinfoOfile(fd={self.fd}, type={self.type!r}, path={self.path!r})"
