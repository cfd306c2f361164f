"""What a system's sockets of the local domain do in their own way, as data.

What stands here unsaid is FreeBSD's.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from bsdproc.emulator.errno import (
    EAFNOSUPPORT,
    EDESTADDRREQ,
    EINVAL,
    ENAMETOOLONG,
    EOPNOTSUPP,
    EPROTONOSUPPORT,
    EPROTOTYPE,
)

STREAM, DGRAM, SEQPACKET = 1, 2, 5
AF_LOCAL = 1
NO_NAME = bytes([16, AF_LOCAL]) + bytes(14)
"""What a socket without a name is called."""
SUN_SIZE = 106
"""sizeof(struct sockaddr_un)."""
SOCK_MAXADDRLEN = 255


@dataclass(frozen=True)
class SocketRules:
    """A system's own answers."""

    # -- what they hold
    spaces: Mapping[int, tuple[int, int]] = field(
        default_factory=lambda: {
            STREAM: (8192, 8192),
            DGRAM: (2048, 16384),
            SEQPACKET: (8192, 8192),
        }
    )
    """By type: how much is taken at once, and how much is kept."""
    shared_space: bool = False
    """What the peer has not read takes away from what may be sent; otherwise
    nothing may be sent while as much as that is unread."""
    # -- names
    no_name: bytes = NO_NAME
    packet_sender: bytes | None = NO_NAME
    """Who is said to have sent a packet of a connection."""
    name_short: int = EINVAL
    """Of a name without even a family."""
    name_long: int = ENAMETOOLONG
    """Of one beyond SOCK_MAXADDRLEN."""
    name_max: int = SUN_SIZE
    """The longest that is looked at."""
    name_family: bool = True
    """Whether a name of another family is EAFNOSUPPORT."""
    short_unnamed: bool = False
    """getsockname(2) of one without a name: its length is what was asked for."""
    size_alone: bool = True
    """recvfrom(2) tells the size of a name that nobody asks for."""
    # -- making
    domains: Mapping[int, str] = field(
        default_factory=lambda: {2: "AF_INET", 28: "AF_INET6", 17: "AF_ROUTE", 32: "AF_NETGRAPH"}
    )
    """Other domains that the real system has."""
    sock_flags: int = 0x30000000
    """What a type carries beside: SOCK_CLOEXEC, SOCK_NONBLOCK, SOCK_NOSIGPIPE."""
    no_domain: int = EAFNOSUPPORT
    no_type: int = EPROTOTYPE
    no_type_0: int = EPROTONOSUPPORT
    no_protocol: int = EPROTONOSUPPORT
    # -- listening, accepting, the end
    listen_unnamed: int = EDESTADDRREQ
    listen_any: bool = False
    """A socket of datagrams may listen, too: nothing comes of that."""
    accept_datagrams: int = EINVAL
    shutdown_unconnected: bool = False
    """It may be shut down without a connection."""
    # -- options
    flags: int = 0x1 | 0x4 | 0x8 | 0x10 | 0x20 | 0x100 | 0x200 | 0x400 | 0x800 | 0x2000
    """Options that are on or off: SO_DEBUG, SO_REUSEADDR, SO_KEEPALIVE, SO_DONTROUTE,
    SO_BROADCAST, SO_OOBINLINE, SO_REUSEPORT, SO_TIMESTAMP, SO_NOSIGPIPE, SO_BINTIME."""
    told: frozenset[int] = frozenset({0x2, 0x1016, 0x1019, 0x1011, 0x1012})
    """Options beside those that all have: SO_ACCEPTCONN, SO_PROTOCOL, SO_DOMAIN,
    SO_LISTENQLIMIT, SO_LISTENQLEN."""
    # -- messages
    nosignal: int = 0x20000
    """MSG_NOSIGNAL."""
    cmsg_cloexec: int = 0x40000
    """MSG_CMSG_CLOEXEC."""
    nonblocking: int = 0
    """A flag that tells of a nonblocking descriptor."""
    control_least: int = 12
    """The least size of control data."""
    one_message: bool = False
    """Control data is one message: what lies behind it is not looked at."""
    pass_kqueue: int = EOPNOTSUPP
    """The errno for a kqueue that is to be passed."""
    control_padded: bool = True
    """Received control data counts with the padding at its end."""
    control_cut: bool = False
    """Control data without enough room is cut, and nobody is told."""
