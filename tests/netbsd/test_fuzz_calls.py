"""Whatever a kernel answers, in a sysctl, a node or what a request stores: the typed
functions give values, or raise what their docstrings say."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from contextlib import suppress
from enum import Enum
from typing import cast

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tests.freebsd.feed import Feed

from bsdproc import abi
from bsdproc.kernel import Kernel, NotSupported
from bsdproc.kernel.errors import NoSuchProcess
from bsdproc.netbsd import kinfo, procfs, ptrace
from bsdproc.netbsd.constants import Limit
from bsdproc.netbsd.records import Record
from bsdproc.typed.records import Malformed

MACHINES = [machine for system, machine in abi.targets() if system == "netbsd"]
FEW = settings(max_examples=200, deadline=None)
PID = 7

Ask = Callable[[Kernel], object]


class Answers(Feed):
    """The same bytes for everything."""

    system = "netbsd"
    release = "10.1"
    version = 1001000000

    def sysctl_size(self, mib: object) -> int:
        return len(self.data)

    def sysctl(self, mib: object, *, new: bytes | None = None, room: int | None = None) -> bytes:
        return self.data[:room]


def answers(machine: str, data: bytes, result: int = 0) -> Kernel:
    return cast(Kernel, Answers(machine, data, result))


def looked_at(value: object) -> None:
    """Read all there is in it."""
    if isinstance(value, Record):
        value.asdict()
        repr(value)
        for name in dir(value):
            if not name.startswith("_") and name != "asdict":
                getattr(value, name)
    elif isinstance(value, Iterable) and not isinstance(value, str | bytes | Enum):
        for one in value.items() if isinstance(value, dict) else value:
            looked_at(one)
    else:
        repr(value)


def asking(function: Callable[..., object], *arguments: object) -> Ask:
    return lambda kernel: function(*arguments, kernel=kernel)


TABLES: dict[str, Ask] = {
    **{name: asking(getattr(kinfo, name), PID) for name in (
        "argv", "corename", "cwd", "env", "files", "lwps", "nargv", "nenv", "pathname",
        "paxflags", "process", "stopexec", "stopexit", "stopfork", "vmmap")},
    **{name: asking(getattr(kinfo, name)) for name in ("all_files", "all_lwps", "processes")},
    "rlimit": asking(kinfo.rlimit, PID, Limit.RLIMIT_CORE),
}
NODES: dict[str, Ask] = {
    **{name: asking(getattr(procfs, name), PID) for name in (
        "auxv", "chroot", "cmdline", "cwd", "emul", "environ", "exe", "fd", "fpregs", "limit",
        "limits", "map", "maps", "node_stat", "nodes", "regs", "stat", "statm", "status",
        "task")},
    **{name: asking(getattr(procfs, name)) for name in (
        "cpuinfo", "cpustat", "curproc", "devices", "loadavg", "meminfo", "mounts",
        "mq_msg_def", "mq_msg_max", "mq_qmax", "mq_siz_def", "mq_siz_max", "pids",
        "self_link", "sysvipc_msg", "sysvipc_sem", "sysvipc_shm", "uptime", "version")},
    "directory": asking(procfs.directory, "sysvipc"),
    "fd_entry": asking(procfs.fd_entry, PID, 3),
    "file": asking(procfs.file, PID, 100),
    "read_mem": asking(procfs.read_mem, PID, 0x1000, 100),
}
REQUESTS: dict[str, Ask] = {
    **{name: asking(getattr(ptrace, name), PID) for name in (
        "auxv", "get_event_mask", "get_process_state", "get_siginfo", "get_sigpass",
        "getdbregs", "getfpregs", "getregs", "getvecregs", "getxmmregs", "getxstate", "lwpinfo",
        "lwpnext", "lwps")},
    "lwpstatus": asking(ptrace.lwpstatus, PID, 1),
    "read": asking(ptrace.read, PID, 0x1000, 64),
    "read_d": asking(ptrace.read_d, PID, 0x1000),
    "read_i": asking(ptrace.read_i, PID, 0x1000),
}
WRITES = {"ctl", "mount", "note", "notepg", "unmount", "statvfs", "get_args", "node_modes"}
"""What reads nothing, or not through one of these calls."""


def test_every_function_is_here() -> None:
    named = {name for name in kinfo.__all__ if name[0].islower()}
    assert {name for name in named if not name.startswith(("set_", "parse_"))} == set(TABLES)
    named = {name for name in procfs.__all__ if name[0].islower()} - WRITES
    assert {name for name in named
            if not name.startswith(("set_", "parse_", "write_"))} == set(NODES)
    assert {name for name in ptrace.__all__
            if name.startswith(("get", "read", "lwp", "auxv"))} == set(REQUESTS)


def asked(what: dict[str, Ask], name: str, machine: str, data: bytes, result: int = 0) -> None:
    refused = Malformed if name not in ("process", "lwps") else NoSuchProcess
    with suppress(Malformed, NotSupported, refused):
        looked_at(what[name](answers(machine, data, result)))


@FEW
@given(machine=st.sampled_from(MACHINES), name=st.sampled_from(sorted(TABLES)),
       data=st.binary(max_size=1500))
def test_tables(machine: str, name: str, data: bytes) -> None:
    asked(TABLES, name, machine, data)


@FEW
@given(machine=st.sampled_from(MACHINES), name=st.sampled_from(sorted(NODES)),
       data=st.one_of(st.binary(max_size=600), st.from_regex(rb"[0-9a-f :kB\n]{1,100}")))
def test_nodes(machine: str, name: str, data: bytes) -> None:
    asked(NODES, name, machine, data)


@FEW
@given(machine=st.sampled_from(MACHINES), name=st.sampled_from(sorted(REQUESTS)),
       data=st.one_of(st.binary(min_size=1, max_size=64), st.just(b"\xff"), st.just(b"\0")),
       result=st.integers(-(1 << 31), (1 << 31) - 1))
def test_requests(machine: str, name: str, data: bytes, result: int) -> None:
    asked(REQUESTS, name, machine, data, result)


@pytest.mark.parametrize("name", NODES)
def test_a_number_without_end(name: str) -> None:
    asked(NODES, name, "amd64", b"9" * 10_000)
