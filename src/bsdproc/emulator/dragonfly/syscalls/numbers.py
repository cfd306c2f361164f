"""DragonFly's numbers of the system calls that BSD kernels share."""

from __future__ import annotations

from typing import Final

SHARED: Final = {
    1: "exit", 3: "read", 4: "write", 6: "close", 9: "link", 10: "unlink", 12: "chdir",
    13: "fchdir", 15: "chmod", 16: "chown", 20: "getpid", 27: "recvmsg", 28: "sendmsg",
    29: "recvfrom", 30: "accept", 31: "getpeername", 32: "getsockname", 33: "access",
    34: "chflags", 35: "fchflags", 36: "sync",
    39: "getppid", 41: "dup", 53: "sigaltstack", 54: "ioctl", 57: "symlink", 58: "readlink",
    60: "umask", 61: "chroot", 81: "getpgrp", 86: "getitimer", 89: "getdtablesize", 90: "dup2",
    93: "select",
    95: "fsync", 96: "setpriority", 97: "socket", 98: "connect", 100: "getpriority", 104: "bind",
    105: "setsockopt", 106: "listen", 116: "gettimeofday", 117: "getrusage", 118: "getsockopt",
    120: "readv", 121: "writev", 123: "fchown", 124: "fchmod", 128: "rename", 131: "flock",
    132: "mkfifo", 133: "sendto", 134: "shutdown", 135: "socketpair", 136: "mkdir", 137: "rmdir",
    138: "utimes", 191: "pathconf", 192: "fpathconf", 206: "futimes", 207: "getpgid",
    209: "poll", 232: "clock_gettime",
    234: "clock_getres", 240: "nanosleep", 254: "lchown", 274: "lchmod", 276: "lutimes",
    310: "getsid", 326: "__getcwd", 340: "sigprocmask", 343: "sigpending", 362: "kqueue",
    391: "lchflags", 533: "lpathconf",
    474: "closefrom", 499: "pselect", 532: "eaccess", 540: "futimens", 541: "accept4",
    543: "ppoll",
}
