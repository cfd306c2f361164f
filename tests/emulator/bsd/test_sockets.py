"""Sockets of the local domain on the three emulated systems.

What is alike is asked of each; where they differ, the answer is that of the system's
sources: FreeBSD 13.2's, DragonFly 5.9's (f875a8eec7) and NetBSD 10's uipc_syscalls.c,
uipc_socket.c and uipc_usrreq.c.
"""

from __future__ import annotations

import struct
from collections.abc import Iterator

import pytest

from .remote import FLAVOURS, Kernel, Remote

LOCAL, INET = 1, 2
STREAM, DGRAM, SEQPACKET, NONBLOCK, CLOEXEC = 1, 2, 5, 0x20000000, 0x10000000
NOSIGPIPE = 0x40000000
MSG_OOB, MSG_PEEK, MSG_TRUNC, MSG_CTRUNC, MSG_DONTWAIT = 1, 2, 16, 32, 0x80
SOL_SOCKET, SCM_RIGHTS = 0xFFFF, 1
SO_ACCEPTCONN, SO_NOSIGPIPE, SO_SNDBUF, SO_ERROR, SO_TYPE = 2, 0x800, 0x1001, 0x1007, 0x1008
SHUT_RD, SHUT_WR, SHUT_RDWR = 0, 1, 2
F_GETFD = 1
SIGPIPE, SIGTRAP = 13, 5


def name(path: bytes) -> bytes:
    """struct sockaddr_un, as long as the path needs."""
    return bytes([2 + len(path), LOCAL]) + path


def pair(r: Remote, type: int = STREAM | NONBLOCK) -> tuple[int, int]:
    r.call("socketpair", LOCAL, type, 0, r.out)
    first, second = struct.unpack("<ii", r.peek(r.out, 8))
    return first, second


def read(r: Remote, fd: int, size: int = 1000) -> bytes:
    return r.peek(r.out, r.call("read", fd, r.out, size))


def option(r: Remote, fd: int, number: int) -> int:
    r.poke(r.kept, struct.pack("<I", 4))
    r.call("getsockopt", fd, SOL_SOCKET, number, r.out, r.kept)
    value: int = struct.unpack("<i", r.peek(r.out, 4))[0]
    return value


def who(r: Remote, call: str, fd: int, room: int = 200) -> bytes:
    """getsockname and getpeername."""
    r.poke(r.kept, struct.pack("<I", room))
    r.call(call, fd, r.out, r.kept)
    return r.peek(r.out, struct.unpack("<I", r.peek(r.kept, 4))[0])


def listening(r: Remote, path: bytes = b"/tmp/s", type: int = STREAM) -> int:
    fd = r.call("socket", LOCAL, type | NONBLOCK, 0)
    r.call("bind", fd, name(path), len(name(path)))
    r.call("listen", fd, 5)
    return fd


def accepted(r: Remote, fd: int, flags: int = 0) -> int:
    mask = () if r.system != "netbsd" else (0,)
    return r.call("accept4", fd, 0, 0, *mask, flags)


def message(r: Remote, data: bytes, files: tuple[int, ...] = (), room: int = 64,
            count: int = 1) -> int:
    """A struct msghdr with its vector; control data with these files, or room for some."""
    at, control = r.kept, b""
    if files:
        control = struct.pack("<Iii4x", 16 + 4 * len(files), SOL_SOCKET, SCM_RIGHTS)
        control += struct.pack(f"<{len(files)}i", *files)
        room = len(control)
    r.poke(at + 0x100, struct.pack("<QQ", at + 0x200, len(data)))
    r.poke(at + 0x200, data)
    r.poke(at + 0x1000, control or bytes(room))
    r.poke(at, struct.pack("<QI4xQi4xQIi", 0, 0, at + 0x100, count,
                           at + 0x1000 if room else 0, room, 0))
    return at


def received(r: Remote) -> tuple[int, int, tuple[int, ...]]:
    """After a recvmsg: msg_controllen, msg_flags and the files' descriptors."""
    size, flags = struct.unpack_from("<Ii", r.peek(r.kept, 48), 40)
    data = r.peek(r.kept + 0x1000, size)[16:]
    return size, flags, struct.unpack(f"<{len(data) // 4}i", data[: len(data) // 4 * 4])


REFUSED = {
    "freebsd": ("EAFNOSUPPORT", "EAFNOSUPPORT", "EPROTOTYPE", "EPROTONOSUPPORT",
                "EPROTONOSUPPORT"),
    "netbsd": ("EAFNOSUPPORT", "EAFNOSUPPORT", "EPROTOTYPE", "EPROTONOSUPPORT", "EPROTOTYPE"),
    "dragonfly": ("EPROTONOSUPPORT",) * 5,
}


def test_what_there_is_not(remote: Remote) -> None:
    """socreate: pffindproto and pffindtype find nothing; NetBSD asks which of domain, protocol
    and type it was, FreeBSD too, DragonFly does not."""
    found = tuple(
        remote.fails(*call) for call in (
            ("socket", INET, STREAM, 0), ("socket", 99, STREAM, 0), ("socket", LOCAL, 3, 0),
            ("socketpair", LOCAL, STREAM, 6, remote.out),
            ("socketpair", LOCAL, 0, 0, remote.out)))
    assert found == REFUSED[remote.system]
    assert any("AF_INET" in line for line in remote.kernel.log)


def test_a_stream_runs_together_and_packets_do_not(remote: Remote) -> None:
    found = {}
    for type in (STREAM, DGRAM, SEQPACKET):
        a, b = pair(remote, type | NONBLOCK)
        remote.call("write", a, b"hello", 5)
        remote.call("write", a, b"world", 5)
        found[type] = read(remote, b, 7), read(remote, b, 7)
        assert remote.fails("read", b, remote.out, 7) == "EAGAIN"
    assert found == {STREAM: (b"hellowo", b"rld"), DGRAM: (b"hello", b"world"),
                     SEQPACKET: (b"hello", b"world")}


def test_peeking_takes_nothing_and_what_is_too_much_is_lost(remote: Remote) -> None:
    a, b = pair(remote, SEQPACKET | NONBLOCK)
    remote.call("sendto", a, b"hello", 5, 0, 0, 0)
    assert remote.call("recvfrom", b, remote.out, 9, MSG_PEEK, 0, 0) == 5
    assert remote.call("recvfrom", b, remote.out, 2, 0, 0, 0) == 2
    assert remote.fails("recvfrom", b, remote.out, 9, 0, 0, 0) == "EAGAIN"
    assert remote.fails("recvfrom", b, remote.out, 9, MSG_OOB, 0, 0) == "EOPNOTSUPP"
    assert remote.fails("sendto", a, b"x", 1, MSG_OOB, 0, 0) == "EOPNOTSUPP"


def test_a_connection_by_name(remote: Remote) -> None:
    """bind, listen, connect, accept; both ends' names.  One without a name is called by 16
    bytes (sun_noname is a struct sockaddr), on NetBSD by its two first ones."""
    server, path = listening(remote), name(b"/tmp/s")
    client = remote.call("socket", LOCAL, STREAM, 0)
    remote.call("connect", client, path, len(path))
    end = accepted(remote, server, CLOEXEC)
    assert remote.call("fcntl", end, F_GETFD, 0) == 1
    unnamed = b"\2\1" if remote.system == "netbsd" else b"\x10\1" + bytes(14)
    assert who(remote, "getsockname", end) == path
    assert who(remote, "getpeername", client) == path
    assert who(remote, "getpeername", end) == unnamed
    assert who(remote, "getsockname", client) == unnamed
    remote.call("write", client, b"ping", 4)
    assert read(remote, end) == b"ping"
    assert option(remote, end, SO_TYPE) == STREAM
    assert remote.fails("accept", server, 0, 0) == "EAGAIN"
    assert remote.fails("connect", client, path, len(path)) == "EISCONN"


def test_a_short_name_of_nothing_on_dragonfly(remote: Remote) -> None:
    """sys_getsockname of DragonFly makes one up whose length is what there is room for."""
    fd = remote.call("socket", LOCAL, STREAM, 0)
    short = who(remote, "getsockname", fd, 4)
    assert short == {"freebsd": b"\x10\1\0\0", "netbsd": b"\2\1",
                     "dragonfly": b"\4\1\0\0"}[remote.system]


NAMES = {
    "freebsd": ("ENAMETOOLONG", "EINVAL", "EINVAL", "EAFNOSUPPORT", "EADDRINUSE"),
    "netbsd": ("EINVAL", "EINVAL", "EINVAL", "EAFNOSUPPORT", "EADDRINUSE"),
    "dragonfly": ("ENAMETOOLONG", "EDOM", "EINVAL", "EADDRINUSE", "EADDRINUSE"),
}


def test_names_that_are_none(remote: Remote) -> None:
    """getsockaddr, sockargs_sb; unp_bind.  DragonFly looks at no family, and says EDOM of a
    name without one."""
    listening(remote)
    fd = remote.call("socket", LOCAL, STREAM, 0)
    other = b"\x08\2/tmp/s"
    found = (remote.fails("bind", fd, b"\xff\1" + b"x" * 298, 300),
             remote.fails("bind", fd, b"\1", 1), remote.fails("bind", fd, b"\2\1", 2),
             remote.fails("bind", fd, other, len(other)),
             remote.fails("bind", fd, name(b"/tmp/s"), 8))
    assert found == NAMES[remote.system]
    assert remote.fails("connect", fd, name(b"/none"), 7) == "ENOENT"
    assert remote.fails("connect", fd, name(b"/bin/remote"), 13) == "ENOTSOCK"
    assert remote.fails("bind", 1, name(b"/x"), 4) == "ENOTSOCK"


LISTEN = {
    "freebsd": ("EDESTADDRREQ", "EINVAL", "EOPNOTSUPP", "EINVAL"),
    "netbsd": ("EINVAL", "EINVAL", "", "EOPNOTSUPP"),
    "dragonfly": ("EINVAL", "EINVAL", "", "EINVAL"),
}


def test_who_may_listen(remote: Remote) -> None:
    """solisten and unp_listen: the sisters have no word against one of datagrams, and
    NetBSD's accept(2) only then says that it cannot."""
    fd = remote.call("socket", LOCAL, STREAM, 0)
    unnamed = remote.fails("listen", fd, 5)
    a, _ = pair(remote)
    remote.call("bind", a, name(b"/tmp/a"), 8)
    connected = remote.fails("listen", a, 5)
    packets = remote.call("socket", LOCAL, DGRAM | NONBLOCK, 0)
    remote.call("bind", packets, name(b"/tmp/d"), 8)
    error, _ = remote.attempt("listen", packets, 5)
    found = (unnamed, connected, remote.name(error) if error else "",
             remote.fails("accept", packets, 0, 0))
    assert found == LISTEN[remote.system]


def test_refused_connections(remote: Remote) -> None:
    fd = remote.call("socket", LOCAL, STREAM, 0)
    remote.call("bind", fd, name(b"/tmp/b"), 8)
    other = remote.call("socket", LOCAL, STREAM, 0)
    assert remote.fails("connect", other, name(b"/tmp/b"), 8) == "ECONNREFUSED"
    packets = remote.call("socket", LOCAL, DGRAM, 0)
    assert remote.fails("connect", packets, name(b"/tmp/b"), 8) == "EPROTOTYPE"
    remote.call("close", fd)
    assert remote.fails("connect", other, name(b"/tmp/b"), 8) == "ECONNREFUSED"
    assert remote.fails("getpeername", other, remote.out, struct.pack("<I", 9)) == "ENOTCONN"


def test_shutting_down(remote: Remote) -> None:
    """soshutdown: FreeBSD alone wants a connection; the other end reads to the end."""
    fd = remote.call("socket", LOCAL, STREAM, 0)
    error, _ = remote.attempt("shutdown", fd, SHUT_RDWR)
    assert bool(error) == (remote.system == "freebsd")
    assert remote.fails("shutdown", fd, 3) == "EINVAL"
    a, b = pair(remote)
    remote.call("write", a, b"last", 4)
    remote.call("shutdown", a, SHUT_WR)
    assert (read(remote, b), read(remote, b)) == (b"last", b"")
    nosignal = 0x20000 if remote.system == "freebsd" else 0x400
    assert remote.fails("sendto", a, b"x", 1, nosignal, 0, 0) == "EPIPE"
    remote.call("write", b, b"back", 4)
    assert read(remote, a) == b"back"


def test_a_listening_one_that_is_shut_down(remote: Remote) -> None:
    """accept(2) is ECONNABORTED: of FreeBSD once (so_error), of the sisters for good, but
    not where it would not have waited (SS_NBIO is asked before SS_CANTRCVMORE on NetBSD)."""
    server = listening(remote)
    error, _ = remote.attempt("shutdown", server, SHUT_RD)
    assert remote.name(error) == "ENOTCONN" or remote.system != "freebsd"
    remote.call("fcntl", server, 4, 0)      # F_SETFL: it waits
    assert remote.fails("accept", server, 0, 0) == "ECONNABORTED"
    if remote.system != "freebsd":
        assert remote.fails("accept", server, 0, 0) == "ECONNABORTED"


def test_a_broken_pipe_is_a_signal_unless_asked_for_none(remote: Remote) -> None:
    """SIGPIPE; SO_NOSIGPIPE, MSG_NOSIGNAL by its own number, and SOCK_NOSIGPIPE on NetBSD."""
    a, b = pair(remote)
    remote.call("close", b)
    remote.start("write", a, b"x", 1)
    assert remote.wait() == SIGPIPE << 8 | 0x7F
    remote.ptrace.cont(remote.pid, kernel=remote.kernel)
    assert remote.wait() == SIGTRAP << 8 | 0x7F
    assert remote.name(remote.end()[0]) == "EPIPE"
    remote.call("setsockopt", a, SOL_SOCKET, SO_NOSIGPIPE, b"\1\0\0\0", 4)
    assert remote.fails("write", a, b"x", 1) == "EPIPE"
    assert option(remote, a, SO_NOSIGPIPE) == SO_NOSIGPIPE
    if remote.system == "netbsd":
        a, b = pair(remote, STREAM | NOSIGPIPE)
        remote.call("close", b)
        assert remote.fails("write", a, b"x", 1) == "EPIPE"
    else:
        assert remote.fails("socket", LOCAL, STREAM | NOSIGPIPE, 0) in (
            "EPROTOTYPE", "EPROTONOSUPPORT")


SPACES = {"freebsd": (16384, 16384), "netbsd": (4096, 4096), "dragonfly": (131072, 131072)}
"""What one write of much takes of a stream, and what two take."""


def test_how_much_is_taken(remote: Remote) -> None:
    """PIPSIZ: 8192, 4096 and 65536.  FreeBSD and DragonFly stop a sender when as much is
    unread as its own buffer takes (SB_STOP); on NetBSD that takes away from it."""
    a, _ = pair(remote)
    size = 0x1F000
    taken = 0
    for _ in range(3):
        error, done = remote.attempt("write", a, remote.out, size)
        taken += 0 if error else done
    limit = {"freebsd": 8192, "netbsd": 4096, "dragonfly": 65536}[remote.system]
    assert option(remote, a, SO_SNDBUF) == limit
    assert limit <= taken < 2 * limit + size
    assert remote.fails("write", a, remote.out, size) == "EAGAIN"
    packets, _ = pair(remote, DGRAM)
    most = {"freebsd": 2048, "netbsd": 2048, "dragonfly": 65536}[remote.system]
    assert remote.fails("write", packets, remote.out, most + 1) == "EMSGSIZE"


def test_datagrams_by_name(remote: Remote) -> None:
    """Without a name to send to EDESTADDRREQ, with one too many EISCONN; who has sent it."""
    server = remote.call("socket", LOCAL, DGRAM | NONBLOCK, 0)
    remote.call("bind", server, name(b"/tmp/d"), 8)
    client = remote.call("socket", LOCAL, DGRAM, 0)
    remote.call("bind", client, name(b"/tmp/c"), 8)
    assert remote.fails("write", client, b"x", 1) == "EDESTADDRREQ"
    remote.call("sendto", client, b"x", 1, 0, name(b"/tmp/d"), 8)
    remote.poke(remote.kept, struct.pack("<I", 100))
    remote.call("recvfrom", server, remote.out, 9, 0, remote.out + 64, remote.kept)
    assert remote.peek(remote.out + 64, 8) == name(b"/tmp/c")
    remote.call("connect", client, name(b"/tmp/d"), 8)
    assert remote.fails("sendto", client, b"x", 1, 0, name(b"/tmp/d"), 8) == "EISCONN"
    remote.call("close", server)
    assert option(remote, client, SO_ERROR) != 0


def test_files_go_along(remote: Remote) -> None:
    """SCM_RIGHTS: the file lives on in the message, and in the receiver's table."""
    a, b = pair(remote)
    first, second = remote.pipe()
    remote.call("sendmsg", a, message(remote, b"file", (second,)), 0)
    remote.call("close", second)
    cloexec = {"freebsd": 0x40000, "netbsd": 0x800, "dragonfly": 0x1000}[remote.system]
    assert remote.call("recvmsg", b, message(remote, bytes(16)), cloexec) == 4
    size, flags, files = received(remote)
    assert size == (20 if remote.system == "dragonfly" else 24)
    assert not flags & MSG_CTRUNC
    assert remote.call("fcntl", files[0], F_GETFD, 0) == 1
    remote.call("write", files[0], b"through", 7)
    assert read(remote, first) == b"through"


def test_files_without_room(remote: Remote) -> None:
    """Without room for them they are closed and MSG_CTRUNC tells so; DragonFly's recvmsg(2)
    sets that flag where nobody sees it, and what fits of the message is stored."""
    a, b = pair(remote)
    remote.call("sendmsg", a, message(remote, b"x", (1, 2)), 0)
    remote.call("recvmsg", b, message(remote, bytes(4), room=16), 0)
    size, flags, files = received(remote)
    cut = remote.system == "dragonfly"
    assert (size, bool(flags & MSG_CTRUNC), files) == ((16, False, ()) if cut else (0, True, ()))
    highest = remote.call("fcntl", 0, 0, 0)         # F_DUPFD: the lowest that is free
    assert highest == max(a, b) + (3 if cut else 1)


CONTROL = {"freebsd": ("EOPNOTSUPP", "EINVAL"), "netbsd": ("EBADF", "EINVAL"),
           "dragonfly": ("EOPNOTSUPP", "EINVAL")}


def test_control_data_that_is_refused(remote: Remote) -> None:
    """unp_internalize: a kqueue is nobody else's, a wrong level is no message."""
    a, _ = pair(remote)
    queue = remote.call("kqueue")
    kqueue = remote.fails("sendmsg", a, message(remote, b"x", (queue,)), 0)
    at = message(remote, b"x", (1,))
    remote.poke(at + 0x1004, struct.pack("<i", 1))
    assert (kqueue, remote.fails("sendmsg", a, at, 0)) == CONTROL[remote.system]
    assert remote.fails("sendmsg", a, message(remote, b"x", (99,)), 0) == "EBADF"
    assert remote.fails("sendmsg", a, message(remote, b"x", count=1025), 0) == "EMSGSIZE"


def test_waiting_for_what_comes(kernel: Kernel, remote: Remote) -> None:
    """A read that sleeps can be killed."""
    a, b = pair(remote, STREAM)
    remote.start("read", b, remote.out, 5)
    assert not remote.finished()
    with pytest.raises(OSError, match="EBUSY"):
        remote.ptrace.getregs(remote.pid, kernel=kernel)
    kernel.kill(remote.pid, 9)
    status = kernel.wait4(remote.pid).status
    if status & 0xFF == 0x7F:       # it stops for its tracer even then
        remote.ptrace.kill(remote.pid, kernel=kernel)
        status = kernel.wait4(remote.pid).status
    assert status == 9
    assert a != b


# -- a sender's ids -----------------------------------------------------------------
SCM_CREDS = 3
CREDS_SIZE = 84
"""sizeof(struct cmsgcred)."""
USER = 1001


def creds_message(r: Remote, size: int = CREDS_SIZE, room: int | None = None) -> int:
    """A message of one byte with control data that asks for the sender's ids; `size` bytes
    behind the head, with which it has been filled."""
    at = message(r, b"x", room=16 + size if room is None else room)
    r.poke(at + 0x1000, struct.pack("<Iii4x", 16 + size, SOL_SOCKET, SCM_CREDS) + b"\xff" * size)
    return at


@pytest.fixture
def two_users() -> Iterator[tuple[Remote, Remote]]:
    """A root's program of DragonFly, and a user's."""
    with FLAVOURS["dragonfly"].kernel() as k:
        k.chmod("/tmp", 0o777)
        yield Remote(k), Remote(k, USER)


def told_creds(r: Remote) -> tuple[int, tuple[int, ...], int, bytes]:
    """After a recvmsg: msg_controllen; pid, three ids and the number of groups; the first
    group; what is behind it."""
    size, _ = struct.unpack_from("<Ii", r.peek(r.kept, 48), 40)
    data = r.peek(r.kept + 0x1000, size)
    assert struct.unpack_from("<ii", data, 4) == (SOL_SOCKET, SCM_CREDS)
    group, = struct.unpack_from("<I", data, 36)
    return size, struct.unpack_from("<iIIIh", data, 16), group, data[40:]


@pytest.mark.parametrize("type", [STREAM, DGRAM])
def test_dragonfly_fills_in_who_has_sent_a_message(
    two_users: tuple[Remote, Remote], type: int
) -> None:
    """Whatever the sender wrote there, but for groups that it is not in."""
    _, user = two_users
    a, b = pair(user, type)
    assert user.call("sendmsg", a, creds_message(user), 0) == 1
    at = message(user, b"....", room=16 + CREDS_SIZE)
    assert user.call("recvmsg", b, at, 0) == 1
    size, ids, group, behind = told_creds(user)
    assert size == 16 + CREDS_SIZE
    assert ids == (user.pid, USER, USER, USER, 1)
    assert group == USER
    assert behind == b"\xff" * 60


def test_real_and_effective_ids_are_told_apart(two_users: tuple[Remote, Remote]) -> None:
    root, _ = two_users
    a, b = pair(root)
    root.call("setreuid", USER, 0)
    root.call("sendmsg", a, creds_message(root), 0)
    root.call("recvmsg", b, message(root, b"....", room=200), 0)
    assert told_creds(root)[1][:4] == (root.pid, USER, 0, 0)


def test_a_message_is_no_larger_than_it_was_made(two_users: tuple[Remote, Remote]) -> None:
    """And is cut where there is no room for it, which nobody is told."""
    _, user = two_users
    a, b = pair(user)
    user.call("sendmsg", a, creds_message(user, 8), 0)
    user.call("recvmsg", b, message(user, b"....", room=200), 0)
    size, = struct.unpack_from("<I", user.peek(user.kept + 40, 4))
    assert size == 24
    assert struct.unpack("<iI", user.peek(user.kept + 0x1010, 8)) == (user.pid, USER)
    user.call("sendmsg", a, creds_message(user), 0)
    user.call("recvmsg", b, message(user, b"....", room=20), 0)
    size, flags = struct.unpack_from("<Ii", user.peek(user.kept + 40, 8))
    assert (size, flags & MSG_CTRUNC) == (20, 0)


def test_a_read_and_a_message_without_room_lose_it(two_users: tuple[Remote, Remote]) -> None:
    _, user = two_users
    a, b = pair(user, STREAM)
    user.call("sendmsg", a, creds_message(user), 0)
    user.call("sendmsg", a, message(user, b"yz", room=0), 0)
    assert user.call("read", b, user.out, 10) in (1, 3)
    user.call("sendmsg", a, creds_message(user), 0)
    assert user.call("recvmsg", b, message(user, b"....", room=0), 0) >= 1


def test_a_message_to_be_filled_in_is_well_formed(two_users: tuple[Remote, Remote]) -> None:
    _, user = two_users
    a, _ = pair(user)
    for head in ((200, SOL_SOCKET, SCM_CREDS), (11, SOL_SOCKET, SCM_CREDS),
                 (16 + CREDS_SIZE, 1, SCM_CREDS), (16 + CREDS_SIZE, SOL_SOCKET, 2)):
        at = creds_message(user)
        user.poke(at + 0x1000, struct.pack("<Iii", *head))
        assert user.fails("sendmsg", a, at, 0) == "EINVAL"
