"""The C names of request numbers, for error texts."""

from __future__ import annotations

import os
import re
from collections.abc import Mapping, Sequence
from functools import cache
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from bsdproc.abi import Target
    from bsdproc.kernel.port import Buffer

_NO_REQUESTS: Final = """
    PT_NULL PT_LOAD PT_DYNAMIC PT_INTERP PT_NOTE PT_SHLIB PT_PHDR PT_TLS PT_NUM PT_FIRSTMACH
    PT_LASTMACH PT_STRINGS PT_MACHDEP_STRINGS
"""
"""ELF's segment types and bounds, which share the prefix; ELF's others are above 0x60000000."""
_COMMANDS: Final = re.compile(
    r"PROC_(SPROTECT|REAP_(ACQUIRE|RELEASE|STATUS|GETPIDS|KILL)|[A-Z0-9_]+_(CTL|STATUS))"
)


@cache
def ptrace_names(target: Target) -> Mapping[int, str]:
    """PT_ requests by number."""
    none = _NO_REQUESTS.split()
    return {
        number: name
        for name, number in target.constants.items()
        if name.startswith("PT_") and name not in none and 0 <= number < 0x10000
    }


@cache
def procctl_names(target: Target) -> Mapping[int, str]:
    """PROC_ commands by number."""
    return {
        number: name
        for name, number in target.constants.items()
        if _COMMANDS.fullmatch(name)
    }


def ptrace_name(target: Target, request: int) -> str:
    """The name of a ptrace request, "request 99" for a number that is none."""
    return ptrace_names(target).get(request) or f"request {request}"


def procctl_name(target: Target, command: int) -> str:
    """The name of a procctl command, "command 99" for a number that is none."""
    return procctl_names(target).get(command) or f"command {command}"


def sysctl_name(mib: str | tuple[int, ...]) -> str:
    """A sysctl as it was asked for: "kern.osreldate", "1.14.1.4711"."""
    return mib if isinstance(mib, str) else ".".join(map(str, mib))


def mount_option(iov: Sequence[bytes | Buffer], name: str) -> str | None:
    """The text of one of nmount's options, "fspath" mostly; None where it is not among them."""
    for label, value in zip(iov[::2], iov[1::2], strict=False):
        if isinstance(label, bytes) and label.rstrip(b"\0") == name.encode():
            stored = value if isinstance(value, bytes) else value.read()
            return os.fsdecode(stored.rstrip(b"\0"))
    return None
