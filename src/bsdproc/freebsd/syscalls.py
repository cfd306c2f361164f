"""FreeBSD's system calls: numbers, names, arguments and results.

    >>> syscalls.by_number(3).name
    'read'
    >>> [str(a) for a in syscalls.by_number(3).arguments]
    ['int fd', 'void *buf', 'size_t nbyte']

The numbers and names are those of FreeBSD 15; they are the same on all machines and
are never used again for something else, so that an older kernel's numbers are among
them.  What an older kernel has under another name `name` says.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Final

from bsdproc.abi.syscalls import FREEBSD as _NAMES
from bsdproc.typed import syscalls

__all__ = ["Argument", "Syscall", "by_name", "by_number", "name", "number", "table"]


@dataclass(frozen=True, slots=True)
class Argument(syscalls.Argument):
    """One argument of a system call, as C declares it."""

    system = "freebsd"
    addresses = frozenset({"caddr_t"})
    longs = frozenset({
        "long", "u_long", "size_t", "ssize_t", "semid_t", "key_t", "intptr_t", "uintptr_t",
    })
    wide = frozenset({"off_t", "id_t", "dev_t", "int64_t", "uint64_t"})
    signs = frozenset({
        "int", "long", "ssize_t", "off_t", "pid_t", "lwpid_t", "clockid_t", "semid_t", "key_t",
        "intptr_t", "id_t", "int64_t", "cpulevel_t", "cpuwhich_t", "cpusetid_t",
        "__acl_type_t", "idtype_t",
    })
    widths = MappingProxyType({"mode_t": 2})


@dataclass(frozen=True, slots=True)
class Syscall(syscalls.Syscall[Argument]):
    """A system call; its name is SYS_*'s: "read", "_exit", "freebsd11_stat"."""

    system = "freebsd"
    pairs = frozenset({"arm"})


_TABLE: Final = syscalls.Table(Syscall, Argument, _NAMES, "bsdproc.freebsd._prototypes")
by_number = _TABLE.by_number

_NEWER_NAMES: Final = 1500000
_BEFORE: Final = {1: "exit", 69: "sbrk", 70: "sstk", 79: "getgroups", 80: "setgroups",
                  505: "gssd_syscall"}
"""What kernels before it called these, three of which it no longer has."""
_RENAMED: Final = {"exit": "_exit"}
"""Their names that nothing else has got since."""


def by_name(name: str) -> Syscall | None:
    """The system call of that name; None when there is none."""
    return _TABLE.by_name(_RENAMED.get(name, name))


def number(name: str) -> int:
    """The number of the system call of that name, for `ptrace.sc_remote` and
    `SyscallEntered.replace`; `KeyError` when there is none."""
    return _TABLE.number(_RENAMED.get(name, name))


def name(number: int, version: int = _NEWER_NAMES) -> str:
    """A system call's name, "#1000" for a number that has none.

    With a `version`, a kernel's __FreeBSD_version, it is that kernel's: before FreeBSD 15
    _exit was exit, and freebsd14_getgroups getgroups."""
    return (version < _NEWER_NAMES and _BEFORE.get(number)) or _TABLE.name(number)


def table() -> Mapping[int, Syscall]:
    """Every system call by its number."""
    return _TABLE.numbers
