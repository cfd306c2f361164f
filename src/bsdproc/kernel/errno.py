"""The error numbers of each system, which are never the host's.

The three share 4.4BSD's numbers up to EOVERFLOW (84) and differ above it.
FreeBSD's and NetBSD's are held against their <sys/errno.h> by a test;
DragonFly's follow its <sys/errno.h>, which no package carries.
"""

from __future__ import annotations

from collections.abc import Mapping
from functools import cache
from types import MappingProxyType
from typing import Final

_SHARED: Final = (
    "EPERM ENOENT ESRCH EINTR EIO ENXIO E2BIG ENOEXEC EBADF ECHILD EDEADLK ENOMEM EACCES EFAULT "
    "ENOTBLK EBUSY EEXIST EXDEV ENODEV ENOTDIR EISDIR EINVAL ENFILE EMFILE ENOTTY ETXTBSY EFBIG "
    "ENOSPC ESPIPE EROFS EMLINK EPIPE EDOM ERANGE EAGAIN EINPROGRESS EALREADY ENOTSOCK "
    "EDESTADDRREQ EMSGSIZE EPROTOTYPE ENOPROTOOPT EPROTONOSUPPORT ESOCKTNOSUPPORT EOPNOTSUPP "
    "EPFNOSUPPORT EAFNOSUPPORT EADDRINUSE EADDRNOTAVAIL ENETDOWN ENETUNREACH ENETRESET "
    "ECONNABORTED ECONNRESET ENOBUFS EISCONN ENOTCONN ESHUTDOWN ETOOMANYREFS ETIMEDOUT "
    "ECONNREFUSED ELOOP ENAMETOOLONG EHOSTDOWN EHOSTUNREACH ENOTEMPTY EPROCLIM EUSERS EDQUOT "
    "ESTALE EREMOTE EBADRPC ERPCMISMATCH EPROGUNAVAIL EPROGMISMATCH EPROCUNAVAIL ENOLCK ENOSYS "
    "EFTYPE EAUTH ENEEDAUTH EIDRM ENOMSG EOVERFLOW"
)
"""Numbers 1 .. 84 in order."""

_ABOVE: Final = {
    "freebsd": (
        "ECANCELED EILSEQ ENOATTR EDOOFUS EBADMSG EMULTIHOP ENOLINK EPROTO ENOTCAPABLE ECAPMODE "
        "ENOTRECOVERABLE EOWNERDEAD EINTEGRITY"
    ),
    "netbsd": (
        "EILSEQ ENOTSUP ECANCELED EBADMSG ENODATA ENOSR ENOSTR ETIME ENOATTR EMULTIHOP ENOLINK "
        "EPROTO EOWNERDEAD ENOTRECOVERABLE"
    ),
    "dragonfly": (
        "ECANCELED EILSEQ ENOATTR EDOOFUS EBADMSG EMULTIHOP ENOLINK EPROTO ENOMEDIUM - - - - - "
        "EASYNC"
    ),
}
"""Numbers from 85 on; "-" is one that the system leaves unused."""

UNSEEN: Final[Mapping[str, Mapping[int, str]]] = {
    "freebsd": {-1: "ERESTART", -2: "EJUSTRETURN"},
    "netbsd": {-3: "ERESTART", -2: "EJUSTRETURN"},
    "dragonfly": {-1: "ERESTART", -2: "EJUSTRETURN"},
}
"""What a call ends with inside a kernel whose program is to make it again, or sees no result."""

_SYNONYMS: Final[dict[str, dict[str, str]]] = {
    "freebsd": {"EWOULDBLOCK": "EAGAIN", "ENOTSUP": "EOPNOTSUPP"},
    "netbsd": {"EWOULDBLOCK": "EAGAIN"},
    "dragonfly": {"EWOULDBLOCK": "EAGAIN", "ENOTSUP": "EOPNOTSUPP"},
}

_TEXTS: Final = {
    "EPERM": "operation not permitted",
    "ENOENT": "no such file or directory",
    "ESRCH": "no such process",
    "EINTR": "interrupted system call",
    "EIO": "input/output error",
    "ENXIO": "device not configured",
    "E2BIG": "argument list too long",
    "ENOEXEC": "exec format error",
    "EBADF": "bad file descriptor",
    "ECHILD": "no child processes",
    "EDEADLK": "resource deadlock avoided",
    "ENOMEM": "cannot allocate memory",
    "EACCES": "permission denied",
    "EFAULT": "bad address",
    "ENOTBLK": "block device required",
    "EBUSY": "busy",
    "EEXIST": "file exists",
    "EXDEV": "cross-device link",
    "ENODEV": "operation not supported by device",
    "ENOTDIR": "not a directory",
    "EISDIR": "is a directory",
    "EINVAL": "invalid argument",
    "ENFILE": "too many open files in the system",
    "EMFILE": "too many open files",
    "ENOTTY": "inappropriate ioctl for device",
    "ETXTBSY": "text file busy",
    "EFBIG": "file too large",
    "ENOSPC": "no space left on device",
    "ESPIPE": "illegal seek",
    "EROFS": "read-only file system",
    "EMLINK": "too many links",
    "EPIPE": "broken pipe",
    "EDOM": "argument out of domain",
    "ERANGE": "result out of range",
    "EAGAIN": "resource temporarily unavailable",
    "EINPROGRESS": "operation now in progress",
    "EALREADY": "operation already in progress",
    "ENOTSOCK": "not a socket",
    "EDESTADDRREQ": "destination address required",
    "EMSGSIZE": "message too long",
    "EPROTOTYPE": "wrong protocol type for the socket",
    "ENOPROTOOPT": "protocol not available",
    "EPROTONOSUPPORT": "protocol not supported",
    "ESOCKTNOSUPPORT": "socket type not supported",
    "EOPNOTSUPP": "operation not supported",
    "EPFNOSUPPORT": "protocol family not supported",
    "EAFNOSUPPORT": "address family not supported",
    "EADDRINUSE": "address already in use",
    "EADDRNOTAVAIL": "address not available",
    "ENETDOWN": "network is down",
    "ENETUNREACH": "network is unreachable",
    "ENETRESET": "network dropped the connection",
    "ECONNABORTED": "connection aborted",
    "ECONNRESET": "connection reset by peer",
    "ENOBUFS": "no buffer space available",
    "EISCONN": "already connected",
    "ENOTCONN": "not connected",
    "ESHUTDOWN": "shut down already",
    "ECONNREFUSED": "connection refused",
    "EHOSTDOWN": "host is down",
    "EHOSTUNREACH": "no route to host",
    "EDQUOT": "disk quota exceeded",
    "ESTALE": "stale file handle",
    "ENOLCK": "no locks available",
    "EFTYPE": "wrong file type or format",
    "EIDRM": "identifier removed",
    "ENOMSG": "no message of the desired type",
    "EBADMSG": "bad message",
    "EPROTO": "protocol error",
    "ENOTSUP": "not supported",
    "ETIMEDOUT": "operation timed out",
    "ELOOP": "too many levels of symbolic links",
    "ENAMETOOLONG": "name too long",
    "ENOTEMPTY": "directory not empty",
    "EPROCLIM": "too many processes",
    "ENOSYS": "function not implemented",
    "EOVERFLOW": "value too large for its type",
    "ECANCELED": "operation canceled",
    "EILSEQ": "illegal byte sequence",
    "ENOATTR": "attribute not found",
    "EDOOFUS": "programming error",
    "ENOTCAPABLE": "insufficient capabilities",
    "ECAPMODE": "not permitted in capability mode",
    "EINTEGRITY": "integrity check failed",
}
"""What the errors of process control, files and sockets mean; the rest keep their name alone."""

SYSTEMS: Final = tuple(_ABOVE)
"""The systems with a table here."""


def _split(system: str) -> list[str]:
    if system not in SYSTEMS:
        raise ValueError(f"no error numbers for {system!r}, only for {', '.join(SYSTEMS)}")
    return f"{_SHARED} {_ABOVE[system]}".split()


@cache
def table(system: str) -> Mapping[str, int]:
    """Every error name of a system with its number, synonyms included."""
    numbers = {name: n for n, name in enumerate(_split(system), 1) if name != "-"}
    for synonym, name in _SYNONYMS[system].items():
        numbers[synonym] = numbers[name]
    return MappingProxyType(numbers)


@cache
def names(system: str) -> Mapping[int, str]:
    """Every error number of a system with its name (EAGAIN, not EWOULDBLOCK)."""
    return MappingProxyType({n: name for n, name in enumerate(_split(system), 1) if name != "-"})


def number(system: str, name: str) -> int:
    """The number of an error; `KeyError` where the system has no such one."""
    return table(system)[name]


def name(system: str, number: int) -> str:
    """The name of an error number; "E?123" for one that the system's table lacks."""
    return names(system).get(number) or UNSEEN[system].get(number) or f"E?{number}"


def text(system: str, number: int) -> str:
    """What an error number means, in a few words."""
    label = name(system, number)
    return _TEXTS.get(label, f"error {label}")
