"""DragonFly's system calls: numbers, names, arguments and results.

    >>> syscalls.by_number(3).name
    'read'
    >>> [str(a) for a in syscalls.by_number(3).arguments]
    ['int fd', 'void *buf', 'size_t nbyte']

The numbers are those of DragonFly 6; they are never used again for something else, so
that an older kernel's are among them.  An argument that is called pad only brings the
next one to an even place, as the machines of 32 bits wanted it.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Final

from bsdproc.abi.syscalls import DRAGONFLY as _NAMES
from bsdproc.typed import syscalls

__all__ = ["Argument", "Syscall", "by_name", "by_number", "name", "number", "table"]


@dataclass(frozen=True, slots=True)
class Argument(syscalls.Argument):
    """One argument of a system call, as C declares it."""

    system = "dragonfly"
    addresses = frozenset({"caddr_t"})
    longs = frozenset({"long", "u_long", "size_t", "ssize_t", "key_t", "clockid_t"})
    wide = frozenset({"off_t", "id_t", "quad_t"})
    signs = frozenset({
        "int", "long", "ssize_t", "off_t", "quad_t", "pid_t", "lwpid_t", "id_t", "key_t",
        "mqd_t", "idtype_t", "acl_type_t",
    })
    widths = MappingProxyType({"mode_t": 2})


@dataclass(frozen=True, slots=True)
class Syscall(syscalls.Syscall[Argument]):
    """A system call; its name is SYS_*'s: "read", "exit", "umtx_sleep"."""

    system = "dragonfly"


_TABLE: Final = syscalls.Table(Syscall, Argument, _NAMES, "bsdproc.dragonfly._prototypes")
by_number = _TABLE.by_number
by_name = _TABLE.by_name
number = _TABLE.number
name = _TABLE.name


def table() -> Mapping[int, Syscall]:
    """Every system call by its number."""
    return _TABLE.numbers
