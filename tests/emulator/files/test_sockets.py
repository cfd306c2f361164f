"""Sockets of the local domain."""

from __future__ import annotations

import struct

import pytest

from bsdproc.emulator import FreeBSD

from .remote import Remote, files_of

READ, WRITE, CLOSE, RECVMSG, SENDMSG, RECVFROM, ACCEPT = 3, 4, 6, 27, 28, 29, 30
GETPEERNAME, GETSOCKNAME, IOCTL, SOCKET, CONNECT, BIND, SETSOCKOPT = 31, 32, 54, 97, 98, 104, 105
LISTEN, GETSOCKOPT, SENDTO, SHUTDOWN, SOCKETPAIR, POLL, FSTAT = 106, 118, 133, 134, 135, 209, 551
PIPE2, KQUEUE, ACCEPT4, OPEN, LSEEK, UNLINK = 542, 362, 541, 5, 478, 10
LOCAL, INET = 1, 2
STREAM, DGRAM, SEQPACKET, NONBLOCK, CLOEXEC = 1, 2, 5, 0x20000000, 0x10000000
MSG_PEEK, MSG_TRUNC, MSG_CTRUNC, MSG_DONTWAIT, MSG_NOSIGNAL = 2, 16, 32, 0x80, 0x20000
SOL_SOCKET, SO_ERROR, SO_TYPE, SO_ACCEPTCONN, SO_NOSIGPIPE = 0xFFFF, 0x1007, 0x1008, 2, 0x800
FIONREAD = 0x4004667F
SHUT_RD, SHUT_WR, SHUT_RDWR = 0, 1, 2
NO_NAME = bytes([16, LOCAL]) + bytes(14)


def name(path: bytes) -> bytes:
    """struct sockaddr_un, as long as the path needs."""
    return bytes([2 + len(path), LOCAL]) + path


def pair(r: Remote, type: int = STREAM | NONBLOCK) -> tuple[int, int]:
    r.call(SOCKETPAIR, LOCAL, type, 0, r.out)
    first, second = struct.unpack("<ii", r.peek(r.out, 8))
    return first, second


def read(r: Remote, fd: int, size: int = 1000) -> bytes:
    return r.peek(r.out, r.call(READ, fd, r.out, size))


def option(r: Remote, fd: int, number: int) -> int:
    size = r.put(struct.pack("<I", 4))
    r.call(GETSOCKOPT, fd, SOL_SOCKET, number, r.out, size)
    value: int = struct.unpack("<i", r.peek(r.out, 4))[0]
    return value


def who(r: Remote, call: int, fd: int) -> bytes:
    """getsockname and getpeername."""
    size = r.put(struct.pack("<I", 200))
    r.call(call, fd, r.out, size)
    return r.peek(r.out, struct.unpack("<I", r.peek(size, 4))[0])


def polled(r: Remote, fd: int) -> int:
    fds = r.put(struct.pack("<ihh", fd, 0x45, 0))
    r.call(POLL, fds, 1, 0)
    found: int = struct.unpack("<h", r.peek(fds + 6, 2))[0]
    return found


def listening(r: Remote, path: bytes = b"/tmp/s", backlog: int = 5, type: int = STREAM) -> int:
    fd = r.call(SOCKET, LOCAL, type | NONBLOCK, 0)
    r.call(BIND, fd, name(path), len(name(path)))
    r.call(LISTEN, fd, backlog)
    return fd


@pytest.mark.parametrize(("domain", "type", "protocol", "errno"), [
    (INET, STREAM, 0, "EAFNOSUPPORT"), (99, STREAM, 0, "EAFNOSUPPORT"),
    (LOCAL, 3, 0, "EPROTOTYPE"), (LOCAL, STREAM, 6, "EPROTONOSUPPORT"),
    (LOCAL, 0, 0, "EPROTONOSUPPORT"),
])
def test_what_there_is_not(remote: Remote, domain: int, type: int, protocol: int,
                           errno: str) -> None:
    assert remote.fails(SOCKET, domain, type, protocol) == errno
    assert remote.fails(SOCKETPAIR, domain, type, protocol, remote.out) == errno


def test_a_missing_network_is_noted(kernel: FreeBSD, remote: Remote) -> None:
    remote.fails(SOCKET, INET, STREAM, 0)
    assert any("AF_INET" in line for line in kernel.log)


def test_a_stream_runs_together_and_packets_do_not(remote: Remote) -> None:
    found = {}
    for type in (STREAM, DGRAM, SEQPACKET):
        a, b = pair(remote, type | NONBLOCK)
        remote.call(WRITE, a, b"hello", 5)
        remote.call(WRITE, a, b"world", 5)
        found[type] = read(remote, b, 7), read(remote, b, 7)
        assert remote.fails(READ, b, remote.out, 7) == "EAGAIN"
    assert found == {STREAM: (b"hellowo", b"rld"), DGRAM: (b"hello", b"world"),
                     SEQPACKET: (b"hello", b"world")}


def test_what_a_packet_has_too_much_is_lost(remote: Remote) -> None:
    a, b = pair(remote, SEQPACKET | NONBLOCK)
    remote.call(WRITE, a, b"hello", 5)
    remote.call(WRITE, a, b"world", 5)
    assert (read(remote, b, 2), read(remote, b, 9)) == (b"he", b"world")


def test_peeking_takes_nothing(remote: Remote) -> None:
    a, b = pair(remote)
    remote.call(SENDTO, a, b"hello", 5, 0, 0, 0)
    assert remote.call(RECVFROM, b, remote.out, 9, MSG_PEEK, 0, 0) == 5
    remote.call(IOCTL, b, FIONREAD, remote.out)
    assert struct.unpack("<i", remote.peek(remote.out, 4)) == (5,)
    assert read(remote, b) == b"hello"


def test_the_other_end_s_close(remote: Remote) -> None:
    """What it sent is still there; then the end; nothing can be sent."""
    a, b = pair(remote)
    remote.call(WRITE, a, b"bye", 3)
    remote.call(CLOSE, a)
    assert (read(remote, b), read(remote, b)) == (b"bye", b"")
    assert remote.fails(SENDTO, b, b"x", 1, MSG_NOSIGNAL, 0, 0) == "EPIPE"
    assert polled(remote, b) == 0x51


def test_datagrams_to_nobody(remote: Remote) -> None:
    a, b = pair(remote, DGRAM | NONBLOCK)
    remote.call(CLOSE, a)
    assert remote.fails(WRITE, b, b"x", 1) == "ECONNRESET"
    assert remote.fails(WRITE, b, b"x", 1) == "EDESTADDRREQ"
    alone = remote.call(SOCKET, LOCAL, STREAM, 0)
    assert remote.fails(WRITE, alone, b"x", 1) == "ENOTCONN"
    assert remote.fails(READ, alone, remote.out, 1) == "ENOTCONN"


def test_sizes(remote: Remote) -> None:
    a, b = pair(remote, DGRAM | NONBLOCK)
    assert remote.fails(WRITE, a, b"x" * 2049, 2049) == "EMSGSIZE"
    sent = 0
    while remote.attempt(WRITE, a, b"x" * 2000, 2000) == (0, 2000):
        sent += 1
    assert sent == 16384 // 2016
    assert remote.fails(WRITE, a, b"x" * 2000, 2000) == "ENOBUFS"
    assert read(remote, b, 3000) == b"x" * 2000
    a, b = pair(remote)
    assert remote.call(WRITE, a, b"x" * 9000, 9000) == 8192
    assert remote.fails(WRITE, a, b"x", 1) == "EAGAIN"
    assert polled(remote, a) == 0
    assert len(read(remote, b, 5000)) == 5000
    assert polled(remote, a) == 4
    assert remote.call(WRITE, a, b"x", 1) == 1


def test_shutting_down(remote: Remote) -> None:
    a, b = pair(remote)
    assert remote.fails(SHUTDOWN, a, 3) == "EINVAL"
    remote.call(SHUTDOWN, a, SHUT_WR)
    assert read(remote, b) == b""
    assert remote.fails(SENDTO, a, b"x", 1, MSG_NOSIGNAL, 0, 0) == "EPIPE"
    remote.call(WRITE, b, b"back", 4)
    assert read(remote, a) == b"back"
    assert remote.fails(SHUTDOWN, remote.call(SOCKET, LOCAL, STREAM, 0), SHUT_RDWR) == "ENOTCONN"


def test_names_and_connections(remote: Remote) -> None:
    server = listening(remote)
    client = remote.call(SOCKET, LOCAL, STREAM | NONBLOCK, 0)
    assert remote.fails(ACCEPT, server, 0, 0) == "EAGAIN"
    assert remote.fails(ACCEPT, client, 0, 0) == "EINVAL"
    assert remote.fails(GETPEERNAME, client, remote.out, remote.put(bytes([200, 0, 0, 0]))) == (
        "ENOTCONN")
    remote.call(CONNECT, client, name(b"/tmp/s"), 8)
    assert polled(remote, server) == 0x41
    assert remote.fails(CONNECT, client, name(b"/tmp/s"), 8) == "EISCONN"
    remote.call(WRITE, client, b"early", 5)
    size = remote.put(struct.pack("<I", 100))
    accepted = remote.call(ACCEPT, server, remote.out, size)
    assert remote.peek(remote.out, 16) == NO_NAME
    assert struct.unpack("<I", remote.peek(size, 4)) == (16,)
    assert read(remote, accepted) == b"early"
    assert who(remote, GETSOCKNAME, server) == name(b"/tmp/s")
    assert who(remote, GETSOCKNAME, accepted) == name(b"/tmp/s")
    assert who(remote, GETPEERNAME, client) == name(b"/tmp/s")
    assert who(remote, GETSOCKNAME, client) == NO_NAME
    assert (option(remote, server, SO_ACCEPTCONN), option(remote, client, SO_TYPE)) == (2, STREAM)


def test_refused_names(remote: Remote) -> None:
    s = remote.call(SOCKET, LOCAL, STREAM, 0)
    inet = bytes([16, INET]) + bytes(14)
    assert remote.fails(BIND, s, inet, 16) == "EAFNOSUPPORT"
    assert remote.fails(BIND, s, name(b""), 2) == "EINVAL"
    assert remote.fails(BIND, s, name(b"x" * 200), 202) == "EINVAL"
    assert remote.fails(BIND, s, name(b"/tmp/s"), 300) == "ENAMETOOLONG"
    assert remote.fails(BIND, s, name(b"/tmp/s"), 1) == "EINVAL"
    assert remote.fails(LISTEN, s, 1) == "EDESTADDRREQ"
    remote.call(BIND, s, name(b"/tmp/s"), 8)
    assert remote.fails(BIND, s, name(b"/tmp/t"), 8) == "EINVAL"
    other = remote.call(SOCKET, LOCAL, STREAM, 0)
    assert remote.fails(BIND, other, name(b"/tmp/s"), 8) == "EADDRINUSE"
    assert remote.fails(CONNECT, other, name(b"/tmp/s"), 8) == "ECONNREFUSED"
    assert remote.fails(CONNECT, other, name(b"/tmp/none"), 11) == "ENOENT"
    assert remote.fails(CONNECT, other, name(b"/dev/null"), 11) == "ENOTSOCK"
    packets = remote.call(SOCKET, LOCAL, DGRAM, 0)
    assert remote.fails(CONNECT, packets, name(b"/tmp/s"), 8) == "EPROTOTYPE"
    assert remote.fails(LISTEN, packets, 1) == "EOPNOTSUPP"
    remote.call(CLOSE, s)
    assert remote.fails(CONNECT, other, name(b"/tmp/s"), 8) == "ECONNREFUSED"
    assert remote.fails(OPEN, b"/tmp/s\0", 0, 0) == "EOPNOTSUPP"


def test_a_full_queue_and_a_listener_s_end(remote: Remote) -> None:
    server = listening(remote, backlog=2)
    clients = [remote.call(SOCKET, LOCAL, STREAM | NONBLOCK, 0) for _ in range(5)]
    answers = [remote.attempt(CONNECT, fd, name(b"/tmp/s"), 8)[0] for fd in clients]
    assert answers == [0, 0, 0, 0, 61]
    remote.call(CLOSE, server)
    assert option(remote, clients[0], SO_ERROR) == 54
    assert read(remote, clients[0]) == b""


def test_datagrams_say_who_sent_them(remote: Remote) -> None:
    a = remote.call(SOCKET, LOCAL, DGRAM | NONBLOCK, 0)
    b = remote.call(SOCKET, LOCAL, DGRAM | NONBLOCK, 0)
    remote.call(BIND, a, name(b"/tmp/a"), 8)
    remote.call(BIND, b, name(b"/tmp/b"), 8)
    assert remote.fails(WRITE, a, b"x", 1) == "EDESTADDRREQ"
    remote.call(SENDTO, a, b"hello", 5, 0, name(b"/tmp/b"), 8)
    size = remote.put(struct.pack("<I", 100))
    assert remote.call(RECVFROM, b, remote.out, 100, 0, remote.out + 200, size) == 5
    assert remote.peek(remote.out + 200, 8) == name(b"/tmp/a")
    remote.call(CONNECT, a, name(b"/tmp/b"), 8)
    assert remote.fails(SENDTO, a, b"hello", 5, 0, name(b"/tmp/b"), 8) == "EISCONN"


def message(r: Remote, data: bytes, control: bytes, room: int = 0) -> int:
    """Where a struct msghdr lies, with one piece of data."""
    vector = struct.pack("<QQ", r.put(data), len(data))
    where = r.put(control.ljust(room, b"\0")) if control or room else 0
    return r.put(struct.pack("<QI4xQi4xQIi", 0, 0, r.put(vector), 1, where,
                             max(len(control), room), 0))


def rights(*fds: int) -> bytes:
    return struct.pack(f"<Iii4x{len(fds)}i", 16 + 4 * len(fds), SOL_SOCKET, 1, *fds)


def test_files_go_along(remote: Remote) -> None:
    a, b = pair(remote)
    remote.call(PIPE2, remote.out, 0)
    out, into = struct.unpack("<ii", remote.peek(remote.out, 8))
    assert remote.call(SENDMSG, a, message(remote, b"take", rights(into)), 0) == 4
    remote.call(CLOSE, into)
    got = message(remote, bytes(10), b"", 64)
    assert remote.call(RECVMSG, b, got, 0) == 4
    control, size, flags = struct.unpack("<QIi", remote.peek(got + 32, 16))
    assert (size, flags) == (24, 0)
    length, level, kind, new = struct.unpack("<Iii4xi", remote.peek(control, 20))
    assert (length, level, kind) == (20, SOL_SOCKET, 1)
    remote.call(WRITE, new, b"through", 7)
    assert read(remote, out) == b"through"


def test_files_without_room_are_closed(remote: Remote) -> None:
    a, b = pair(remote)
    remote.call(PIPE2, remote.out, 0)
    out, into = struct.unpack("<ii", remote.peek(remote.out, 8))
    remote.call(SENDMSG, a, message(remote, b"take", rights(into)), 0)
    remote.call(CLOSE, into)
    got = message(remote, bytes(10), b"", 16)
    remote.call(RECVMSG, b, got, 0)
    assert struct.unpack("<Ii", remote.peek(got + 40, 8)) == (0, MSG_CTRUNC)
    assert read(remote, out) == b""


def test_files_that_cannot_go(remote: Remote) -> None:
    a, _ = pair(remote)
    queue = remote.call(KQUEUE)
    assert remote.fails(SENDMSG, a, message(remote, b"x", rights(queue)), 0) == "EOPNOTSUPP"
    assert remote.fails(SENDMSG, a, message(remote, b"x", rights(99)), 0) == "EBADF"
    assert remote.fails(SENDMSG, a, message(remote, b"x", b"short"), 0) == "EINVAL"


def test_options(remote: Remote) -> None:
    a, _ = pair(remote)
    one = struct.pack("<i", 1)
    remote.call(SETSOCKOPT, a, SOL_SOCKET, SO_NOSIGPIPE, one, 4)
    assert option(remote, a, SO_NOSIGPIPE) == SO_NOSIGPIPE
    assert remote.fails(SETSOCKOPT, a, SOL_SOCKET, SO_NOSIGPIPE, one, 2) == "EINVAL"
    assert remote.fails(GETSOCKOPT, a, 6, 1, 0, 0) == "ENOPROTOOPT"
    assert remote.fails(GETSOCKOPT, remote.call(KQUEUE), SOL_SOCKET, 1, 0, 0) == "ENOTSOCK"


def test_what_fstat_tells(remote: Remote) -> None:
    a, b = pair(remote)
    remote.call(WRITE, a, b"hello", 5)
    remote.call(FSTAT, b, remote.out)
    mode, = struct.unpack_from("<H", remote.peek(remote.out, 200), 24)
    size, = struct.unpack_from("<q", remote.peek(remote.out, 200), 112)
    assert (mode, size) == (0o140666, 5)


def test_no_position(remote: Remote) -> None:
    a, _ = pair(remote)
    assert remote.fails(LSEEK, a, 0, 0) == "ESPIPE"


def test_in_the_list_of_files(kernel: FreeBSD, remote: Remote) -> None:
    """kern.proc.filedesc: type, names, the other end, and what waits."""
    server = listening(remote)
    client = remote.call(SOCKET, LOCAL, STREAM | NONBLOCK, 0)
    remote.call(CONNECT, client, name(b"/tmp/s"), 8)
    accepted = remote.call(ACCEPT, server, 0, 0)
    remote.call(WRITE, client, b"hello", 5)
    found = files_of(kernel, remote.pid)
    shown = {}
    for fd in (server, client, accepted):
        record = found[fd]
        union = record["kf_un"]
        assert isinstance(union, dict)
        socket = union["kf_sock"]
        assert isinstance(socket, dict)
        local, peer = socket["kf_sa_local"], socket["kf_sa_peer"]
        assert isinstance(local, dict)
        assert isinstance(peer, dict)
        assert (record["kf_type"], record["kf_status"]) == (2, 1)
        assert (socket["kf_sock_domain0"], socket["kf_sock_type0"]) == (LOCAL, STREAM)
        shown[fd] = (local["ss_len"], peer["ss_len"], socket["kf_sock_recvq"],
                     socket["kf_sock_pcb"], socket["kf_sock_unpconn"])
    assert shown[server][:3] == (8, 16, 0)
    assert shown[client][:3] == (16, 8, 0)
    assert shown[accepted][:3] == (8, 16, 5)
    assert shown[server][4] == 0
    assert shown[client][3:] == shown[accepted][:2:-1]
