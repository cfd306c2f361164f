"""The typed surface reads what the emulated procfs writes, and has the same nodes."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import pytest

from bsdproc.emulator.netbsd.procfs import types
from bsdproc.emulator.netbsd.procfs.texts import MapEntry
from bsdproc.emulator.netbsd.procfs.types import Type
from bsdproc.netbsd.procfs import node_modes
from bsdproc.netbsd.procfs import system as root_texts
from bsdproc.netbsd.procfs import texts as process_texts

from .fake import Cred, Machine

KINDS = {"directory": "dir", "link": "lnk", "file": "reg"}


def path_of(type: Type) -> str:
    """As `node_modes` spells it."""
    if type.inside:
        above = types.TYPES[type.inside]
        return f"{path_of(above)}/{type.name}".lstrip("/")
    if type in (types.ROOT, types.CURPROC, types.SELF):
        return type.name
    return "PID" if type is types.PROC else f"PID/{type.name}"


def test_the_same_nodes() -> None:
    own = {path_of(type): (type.kind, type.mode) for type in types.TYPES.values()}
    typed = {path: (KINDS[node.kind], node.mode) for path, node in node_modes().items()
             if node.kind in KINDS and not path.endswith("task/PID")}
    assert own == typed
    linux = {path for path, node in node_modes().items() if node.linux}
    machine = Machine()
    process = machine.target()
    for type in types.TYPES.values():
        hidden = not type.shown(process, False)
        assert hidden == (path_of(type) in linux)


PROCESS: dict[str, Callable[[bytes], object]] = {
    "status": process_texts.parse_status, "stat": process_texts.parse_stat,
    "statm": process_texts.parse_statm, "map": process_texts.parse_map,
    "maps": process_texts.parse_maps, "cmdline": process_texts.parse_strings,
    "environ": process_texts.parse_strings, "limit": process_texts.parse_limit,
    "limits": process_texts.parse_limits, "emul": process_texts.parse_emul,
}
ROOT: dict[str, Callable[[bytes], object]] = {
    "meminfo": root_texts.parse_meminfo, "cpuinfo": root_texts.parse_cpuinfo,
    "uptime": root_texts.parse_uptime, "mounts": root_texts.parse_mounts,
    "devices": root_texts.parse_devices, "stat": root_texts.parse_cpustat,
    "loadavg": root_texts.parse_loadavg, "version": root_texts.parse_version,
    "sysvipc/msg": root_texts.parse_sysvipc_msg, "sysvipc/sem": root_texts.parse_sysvipc_sem,
    "sysvipc/shm": root_texts.parse_sysvipc_shm,
    **{f"sys/fs/mqueue/{name}": root_texts.parse_number for name in (
        "msg_default", "msg_max", "msgsize_default", "msgsize_max", "queues_max")},
}


@pytest.mark.parametrize("name", PROCESS)
def test_a_process_s_texts_are_read(machine: Machine, name: str) -> None:
    target = machine.target(cred=Cred(1000, 2, 1000, (5, 6)))
    first = MapEntry(0x400000, 0x42F000, 5, 7, True, True, file=target.text)
    target.entries = [first, replace(first, file=None, protection=0, copy_on_write=False)]
    assert PROCESS[name](machine.read(f"/proc/21/{name}")) is not None


@pytest.mark.parametrize("name", ROOT)
def test_the_root_s_texts_are_read(machine: Machine, name: str) -> None:
    assert ROOT[name](machine.read(f"/proc/{name}")) is not None


def test_what_is_read_is_what_there_was(machine: Machine) -> None:
    target = machine.target(cred=Cred(1000, 2, 1000, (5, 6)))
    status = process_texts.parse_status(machine.read("/proc/21/status"))
    assert (status.name, status.pid, status.ppid, status.gid, status.groups) == (
        "target_static", 21, 16, 2, (5, 6))
    assert status.start == target.started / 10**9
    stat = process_texts.parse_stat(machine.read("/proc/21/stat"))
    assert (stat.vsize, stat.rss, stat.startcode, stat.endcode, stat.processor) == (
        315, 268, 0x400000, 0x42F000, 0)
    limits = process_texts.parse_limits(machine.read("/proc/21/limits"))
    assert limits["Max address space"].soft == 1 << 30
    assert limits["Max open files"].hard is None
    assert root_texts.parse_meminfo(machine.read("/proc/meminfo")).total == 515620864
