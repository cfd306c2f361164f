"""The system calls of emulated programs, by NetBSD/amd64's numbers."""

from __future__ import annotations

from collections.abc import Mapping

from bsdproc.emulator.bsd.entry import Entry
from bsdproc.emulator.bsd.syscalls import numbered

SHARED: Mapping[int, str] = {
    1: "exit", 3: "read", 4: "write", 6: "close", 9: "link", 10: "unlink", 12: "chdir",
    13: "fchdir", 15: "chmod", 16: "chown", 20: "getpid", 27: "recvmsg", 28: "sendmsg",
    29: "recvfrom", 30: "accept", 31: "getpeername", 32: "getsockname", 33: "access",
    34: "chflags", 35: "fchflags", 36: "sync",
    37: "kill",
    39: "getppid", 41: "dup", 54: "ioctl", 57: "symlink", 58: "readlink", 59: "execve",
    60: "umask", 61: "chroot", 81: "getpgrp", 82: "setpgid", 90: "dup2", 95: "fsync",
    96: "setpriority", 100: "getpriority",
    98: "connect", 104: "bind", 105: "setsockopt", 106: "listen", 118: "getsockopt",
    120: "readv", 121: "writev", 123: "fchown", 124: "fchmod", 128: "rename", 131: "flock",
    132: "mkfifo", 133: "sendto", 134: "shutdown", 135: "socketpair", 136: "mkdir", 137: "rmdir",
    147: "setsid", 191: "pathconf", 192: "fpathconf", 194: "getrlimit",
    207: "getpgid", 209: "poll", 241: "fdatasync", 274: "lchmod",
    275: "lchown", 281: "sigaltstack", 286: "getsid", 292: "sigpending", 293: "sigprocmask",
    296: "__getcwd", 304: "lchflags", 344: "kqueue", 394: "socket", 417: "select",
    418: "gettimeofday",
    430: "nanosleep", 436: "pselect", 437: "ppoll", 445: "getrusage",
    426: "getitimer",
    420: "utimes", 423: "futimes", 424: "lutimes", 458: "renameat",
    459: "mkfifoat", 470: "symlinkat", 472: "futimens",
    461: "mkdirat", 463: "fchmodat", 464: "fchownat", 469: "readlinkat",
    477: "clock_nanosleep", 499: "lpathconf",
}
"""Those that BSD kernels share."""


def table() -> Mapping[int, Entry]:
    """Every system call that is implemented."""
    from bsdproc.emulator.netbsd import sched
    from bsdproc.emulator.netbsd.syscalls import (
        files,
        ids,
        lwps,
        memory,
        mounts,
        process,
        residence,
        signals,
        sockets,
        timers,
    )

    calls = numbered(SHARED)
    for module in (process, signals, lwps, memory, files, ids, mounts, sockets, sched,
                   timers, residence):
        for number, call in module.SYSCALLS.items():
            if number in calls:
                raise ValueError(f"two system calls have number {number}")
            calls[number] = call
    return calls
