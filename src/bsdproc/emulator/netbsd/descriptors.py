"""NetBSD's sockets and kqueues, as far as they differ: the subject of its
uipc_usrreq.c, uipc_syscalls.c and kern_event.c."""

from __future__ import annotations

from bsdproc.emulator.bsd.kqueuerules import (
    NOTE_SECONDS,
    PROC,
    READ,
    SIGNAL,
    TIMER,
    USER,
    VNODE,
    WRITE,
    KqueueRules,
)
from bsdproc.emulator.bsd.lockf import LockRules
from bsdproc.emulator.bsd.socketrules import (
    AF_LOCAL,
    DGRAM,
    SEQPACKET,
    SOCK_MAXADDRLEN,
    STREAM,
    SocketRules,
)
from bsdproc.emulator.errno import (
    EAFNOSUPPORT,
    EBADF,
    EINVAL,
    ENXIO,
    EOPNOTSUPP,
    EPROTONOSUPPORT,
    EPROTOTYPE,
)

SOCKETS = SocketRules(
    spaces={STREAM: (4096, 4096), DGRAM: (2048, 4096), SEQPACKET: (4096, 4096)},
    shared_space=True,
    no_name=bytes([2, AF_LOCAL]),
    packet_sender=None,
    name_short=EINVAL,
    name_long=EINVAL,
    name_max=SOCK_MAXADDRLEN,
    name_family=True,
    short_unnamed=False,
    size_alone=False,
    domains={2: "AF_INET", 24: "AF_INET6", 34: "AF_ROUTE", 18: "AF_LINK"},
    sock_flags=0x70000000,
    no_domain=EAFNOSUPPORT,
    no_type=EPROTOTYPE,
    no_type_0=EPROTOTYPE,
    no_protocol=EPROTONOSUPPORT,
    listen_unnamed=EINVAL,
    listen_any=True,
    accept_datagrams=EOPNOTSUPP,
    shutdown_unconnected=True,
    flags=0x1 | 0x4 | 0x8 | 0x10 | 0x20 | 0x40 | 0x100 | 0x200 | 0x800 | 0x2000 | 0x4000,
    told=frozenset({0x2}),
    nosignal=0x400,
    cmsg_cloexec=0x800,
    nonblocking=0,
    control_least=16,
    one_message=True,
    pass_kqueue=EBADF,
    creds=0,
    control_padded=True,
    control_cut=False,
)

LOCKS = LockRules(
    no_file=EINVAL,
    backwards=True,
    overflow=EINVAL,
    any_wait=False,
)

KQUEUES = KqueueRules(
    filters={0: READ, 1: WRITE, 3: VNODE, 4: PROC, 5: SIGNAL, 6: TIMER, 8: USER},
    lacking=frozenset({2, 7, 9}),
    kept_back={},
    sysflags=0xF000,
    not_kept=0,
    one_way=False,
    skip_none=False,
    room_counts=True,
    early_timeout=False,
    any_timeout=False,
    unwatchable=EINVAL,
    pipe_gone=EBADF,
    transfer=ENXIO,
    limits=EINVAL,
    eof=0,
    hangup=0,
    backlog=True,
    zombies=False,
    exit_always=True,
    track_two=True,
    track_flags=0x25,
    all_mounts=False,
    units={0: 10**6, NOTE_SECONDS: 10**9, 2: 10**3, 3: 1},
    timer_zero=None,
    timers_anew=True,
    timer_failed=False,
    user_flags=True,
)
