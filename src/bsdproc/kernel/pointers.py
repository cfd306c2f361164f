"""Which ptrace requests take a pointer into the caller's own memory.

All but the few below, whose address is the tracee's or a mere number (1 for
"go on where it stopped").  The native kernel looks here before it lets an
address through that was not lent; the emulated ones have no other memory.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Final, NamedTuple

if TYPE_CHECKING:
    from bsdproc.abi import Target

_PASSED_ON: Final = """
    PT_TRACE_ME PT_READ_I PT_READ_D PT_WRITE_I PT_WRITE_D PT_CONTINUE PT_KILL PT_STEP PT_ATTACH
    PT_DETACH PT_SYSCALL PT_SYSCALLEMU PT_TO_SCE PT_TO_SCX PT_GETNUMLWPS PT_SETSTEP PT_CLEARSTEP
    PT_SUSPEND PT_RESUME PT_STOP PT_FOLLOW_FORK PT_LWP_EVENTS PT_VM_TIMESTAMP
"""
"""Requests whose address is none of the caller's; a system has some of them."""

_NESTED: Final[Mapping[str, Mapping[str, tuple[str, str]]]] = {
    "freebsd": {
        "PT_IO": ("struct ptrace_io_desc", "piod_addr"),
        "PT_VM_ENTRY": ("struct ptrace_vm_entry", "pve_path"),
        "PT_GETREGSET": ("struct iovec", "iov_base"),
        "PT_SETREGSET": ("struct iovec", "iov_base"),
        "PROC_REAP_GETPIDS": ("struct procctl_reaper_pids", "rp_pids"),
    },
    "netbsd": {
        "PT_IO": ("struct ptrace_io_desc", "piod_addr"),
        "PT_GETXSTATE": ("struct iovec", "iov_base"),
        "PT_SETXSTATE": ("struct iovec", "iov_base"),
    },
    "dragonfly": {"PT_IO": ("struct ptrace_io_desc", "piod_addr")},
}
"""Structures that hold a pointer to where the kernel stores more."""


class Pointers(NamedTuple):
    """The requests and commands of one target by number."""

    passed_on: frozenset[int]
    """ptrace requests whose address is not the caller's."""
    nested: Mapping[int, int]
    """ptrace requests: where a pointer to more of the caller's memory lies."""
    nested_commands: Mapping[int, int]
    """The same for procctl commands, whose data are all the caller's."""


def pointers(target: Target) -> Pointers:
    """The table of one system and machine."""
    constants = target.constants
    nested = {
        name: _offset(target, struct, field)
        for name, (struct, field) in _NESTED[target.system].items()
        if name in constants
    }
    return Pointers(
        frozenset(constants[name] for name in _PASSED_ON.split() if name in constants),
        {constants[name]: at for name, at in nested.items() if name.startswith("PT_")},
        {constants[name]: at for name, at in nested.items() if name.startswith("PROC_")},
    )


def _offset(target: Target, struct: str, field: str) -> int:
    # iovec's base comes first on every system; NetBSD's is not among the layouts.
    return target.struct(struct).field(field).offset if target.has(struct) else 0
