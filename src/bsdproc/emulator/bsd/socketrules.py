"""What a system's sockets of the local domain do in their own way, as data."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

STREAM, DGRAM, SEQPACKET = 1, 2, 5
AF_LOCAL = 1
NO_NAME = bytes([16, AF_LOCAL]) + bytes(14)
"""What a socket without a name is called."""
SUN_SIZE = 106
"""sizeof(struct sockaddr_un)."""
SOCK_MAXADDRLEN = 255


@dataclass(frozen=True, kw_only=True)
class SocketRules:
    """A system's own answers."""

    # -- what they hold
    spaces: Mapping[int, tuple[int, int]]
    """By type: how much is taken at once, and how much is kept."""
    shared_space: bool
    """What the peer has not read takes away from what may be sent; otherwise
    nothing may be sent while as much as that is unread."""
    # -- names
    no_name: bytes
    packet_sender: bytes | None
    """Who is said to have sent a packet of a connection."""
    name_short: int
    """Of a name without even a family."""
    name_long: int
    """Of one beyond SOCK_MAXADDRLEN."""
    name_max: int
    """The longest that is looked at."""
    name_family: bool
    """Whether a name of another family is EAFNOSUPPORT."""
    short_unnamed: bool
    """getsockname(2) of one without a name: its length is what was asked for."""
    size_alone: bool
    """recvfrom(2) tells the size of a name that nobody asks for."""
    # -- making
    domains: Mapping[int, str]
    """Other domains that the real system has."""
    sock_flags: int
    """What a type carries beside: SOCK_CLOEXEC, SOCK_NONBLOCK, SOCK_NOSIGPIPE."""
    no_domain: int
    no_type: int
    no_type_0: int
    no_protocol: int
    # -- listening, accepting, the end
    listen_unnamed: int
    listen_any: bool
    """A socket of datagrams may listen, too: nothing comes of that."""
    accept_datagrams: int
    shutdown_unconnected: bool
    """It may be shut down without a connection."""
    # -- options
    flags: int
    """Options that are on or off: SO_DEBUG, SO_REUSEADDR, SO_KEEPALIVE, SO_DONTROUTE,
    SO_BROADCAST, SO_OOBINLINE, SO_REUSEPORT, SO_TIMESTAMP, SO_NOSIGPIPE, SO_BINTIME."""
    told: frozenset[int]
    """Options beside those that all have: SO_ACCEPTCONN, SO_PROTOCOL, SO_DOMAIN,
    SO_LISTENQLIMIT, SO_LISTENQLEN."""
    # -- messages
    nosignal: int
    """MSG_NOSIGNAL."""
    cmsg_cloexec: int
    """MSG_CMSG_CLOEXEC."""
    nonblocking: int
    """A flag that tells of a nonblocking descriptor."""
    control_least: int
    """The least size of control data."""
    one_message: bool
    """Control data is one message: what lies behind it is not looked at."""
    pass_kqueue: int
    """The errno for a kqueue that is to be passed."""
    creds: int
    """The type of control data that comes with the sender's ids filled in (SCM_CREDS of the
    size of struct cmsgcred); 0 where that is not implemented."""
    control_padded: bool
    """Received control data counts with the padding at its end."""
    control_cut: bool
    """Control data without enough room is cut, and nobody is told."""
