"""DragonFly's sockets and kqueues, as far as they differ: the subject of its
uipc_usrreq.c, uipc_syscalls.c and kern_event.c."""

from __future__ import annotations

from bsdproc.emulator.bsd.kqueuerules import (
    FS,
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
    DGRAM,
    NO_NAME,
    SEQPACKET,
    SOCK_MAXADDRLEN,
    STREAM,
    SocketRules,
)
from bsdproc.emulator.errno import (
    EBADF,
    EDOM,
    EINVAL,
    ENAMETOOLONG,
    ENXIO,
    EOPNOTSUPP,
    EPIPE,
    EPROTONOSUPPORT,
)

SOCKETS = SocketRules(
    spaces={STREAM: (65536, 65536), DGRAM: (65536, 65536), SEQPACKET: (65536, 65536)},
    shared_space=False,
    no_name=NO_NAME,
    packet_sender=None,
    name_short=EDOM,
    name_long=ENAMETOOLONG,
    name_max=SOCK_MAXADDRLEN,
    name_family=False,
    short_unnamed=True,
    size_alone=False,
    domains={2: "AF_INET", 28: "AF_INET6", 17: "AF_ROUTE", 32: "AF_NETGRAPH"},
    sock_flags=0x30000000,
    no_domain=EPROTONOSUPPORT,
    no_type=EPROTONOSUPPORT,
    no_type_0=EPROTONOSUPPORT,
    no_protocol=EPROTONOSUPPORT,
    listen_unnamed=EINVAL,
    listen_any=True,
    accept_datagrams=EINVAL,
    shutdown_unconnected=True,
    flags=0x1 | 0x4 | 0x8 | 0x10 | 0x20 | 0x40 | 0x100 | 0x200 | 0x400 | 0x800 | 0x2000,
    told=frozenset({0x100A, 0x1030}),
    nosignal=0x400,
    cmsg_cloexec=0x1000,
    nonblocking=0x20000,
    control_least=12,
    one_message=True,
    pass_kqueue=EOPNOTSUPP,
    creds=3,
    control_padded=False,
    control_cut=True,
)

LOCKS = LockRules(
    no_file=EBADF,
    backwards=False,
    overflow=EINVAL,
    any_wait=True,
)

KQUEUES = KqueueRules(
    filters={-1: READ, -2: WRITE, -4: VNODE, -5: PROC, -6: SIGNAL, -7: TIMER, -9: USER,
             -10: FS},
    lacking=frozenset({-8}),
    kept_back={-3: ENXIO},
    sysflags=0xF800,
    not_kept=0,
    one_way=False,
    skip_none=False,
    room_counts=False,
    early_timeout=True,
    any_timeout=True,
    unwatchable=EOPNOTSUPP,
    pipe_gone=EPIPE,
    transfer=ENXIO,
    limits=EOPNOTSUPP,
    eof=0x1000,
    hangup=0x800,
    backlog=False,
    zombies=True,
    exit_always=True,
    track_two=False,
    track_flags=0x5,
    all_mounts=True,
    units=None,
    timer_zero=10,
    timers_anew=False,
    timer_failed=True,
    user_flags=False,
)
