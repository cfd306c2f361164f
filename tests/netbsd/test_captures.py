"""Every text that a real kernel gave is read, as far as it is whole.

captures/ has what NetBSD 6.99.16 and 7.99.4 showed of themselves, a file for each
different text of a node; truncated/ what 6.99.16 gave to a read of too few bytes.
"""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from bsdproc.netbsd import procfs
from bsdproc.netbsd.constants import ProcFlags
from bsdproc.netbsd.procfs import Malformed

HERE = Path(__file__).parent / "captures"
PARSERS: dict[str, Callable[[bytes], object]] = {
    "status": procfs.parse_status,
    "stat": procfs.parse_stat,
    "statm": procfs.parse_statm,
    "map": procfs.parse_map,
    "maps": procfs.parse_maps,
    "cmdline": procfs.parse_strings,
    "emul": procfs.parse_emul,
    "root-cpuinfo": procfs.parse_cpuinfo,
    "root-devices": procfs.parse_devices,
    "root-loadavg": procfs.parse_loadavg,
    "root-meminfo": procfs.parse_meminfo,
    "root-mounts": procfs.parse_mounts,
    "root-stat": procfs.parse_cpustat,
    "root-uptime": procfs.parse_uptime,
    "root-version": procfs.parse_version,
}
WHOLE = sorted(path for path in HERE.glob("[0-9]*/*") if path.is_file())


def parser(path: Path) -> Callable[[bytes], object]:
    return PARSERS[path.name.partition(".")[0]]


def test_there_are_captures_of_every_node() -> None:
    for version in ("6.99.16", "7.99.4"):
        assert {path.name.partition(".")[0] for path in WHOLE
                if path.parent.name == version} == set(PARSERS)


@pytest.mark.parametrize("path", WHOLE, ids=lambda path: f"{path.parent.name}/{path.name}")
def test_a_captured_text(path: Path) -> None:
    assert parser(path)(path.read_bytes())


@pytest.mark.parametrize("path", sorted((HERE / "truncated").iterdir()), ids=lambda path: path.name)
def test_a_text_that_was_cut(path: Path) -> None:
    with pytest.raises(Malformed):
        parser(path)(path.read_bytes())


def text(name: str) -> bytes:
    return (HERE / "7.99.4" / name).read_bytes()


def test_status() -> None:
    found = procfs.parse_status(text("status.1"))
    assert (found.name, found.pid, found.ppid, found.pgid, found.sid) == (
        "target_static", 21, 16, 2, 2)
    assert found.tty == (8, 0)
    assert found.flags == {procfs.StatusFlag.CTTY}
    assert (found.start, found.user, found.system) == (1795298333.46951, 0, 0.019579)
    assert (found.wmesg, found.uid, found.gid, found.groups) == ("pause", 0, 0, ())


def test_microseconds_have_no_leading_zeros() -> None:
    found = procfs.parse_status(text("status.3"))
    assert (found.name, found.start) == ("init", 1795298333.000018)
    assert found.tty is None
    assert found.flags == {procfs.StatusFlag.SLDR}


def test_a_name_with_blanks_and_parentheses() -> None:
    assert procfs.parse_status(text("status.11")).name == "a (b) c"
    found = procfs.parse_stat(text("stat.2"))
    assert (found.comm, found.state, found.ppid) == ("a (b) c", "S", 14)
    assert found.vsize == 1913


def test_flags_of_stat_are_those_of_kinfo() -> None:
    assert ProcFlags(procfs.parse_stat(text("stat.5")).flags) == (
        ProcFlags.P_EXEC | ProcFlags.P_CONTROLT | ProcFlags.P_INMEM)


def test_maps() -> None:
    first, *_, last = procfs.parse_maps(text("maps.1"))
    assert (first.start, first.end, first.path, first.fileid) == (
        0x400000, 0x42F000, "/job/target_static", 3462)
    assert first.private
    assert (last.end, last.path) == (0x7F8000000000, None)
    assert 0x400000 in first
    assert first.size == 0x2F000
    outside = procfs.parse_maps(text("maps.2"))[0]
    assert outside.path == "//target_static"    # as a reader in a chroot sees it


def test_map_and_maps_tell_of_the_same_ranges() -> None:
    mapped = procfs.parse_map(text("map.1"))
    assert [(one.start, one.end, one.protection) for one in mapped] == [
        (one.start, one.end, one.protection) for one in procfs.parse_maps(text("maps.1"))]
    assert mapped[0].needs_copy
    assert mapped[0].copy_on_write
    assert not mapped[2].needs_copy


def test_strings() -> None:
    assert procfs.parse_strings(text("cmdline.1")) == (
        "/job/target_static", "/tmp/pids", "arg one", "", "tab\tx", "last")
    assert procfs.parse_strings(text("cmdline.4")) == ("(system)",)


def test_the_system() -> None:
    (cpu,) = procfs.parse_cpuinfo(text("root-cpuinfo.1"))
    assert cpu["model name"] == "QEMU Virtual CPU version 2.5+"
    assert cpu["flags"].split()[0] == "fpu"
    memory = procfs.parse_meminfo(text("root-meminfo.1"))
    assert memory.total == memory.used + memory.free == 515620864
    assert procfs.parse_loadavg(text("root-loadavg.1")).processes == 11
    assert procfs.parse_uptime(text("root-uptime.1")).up == 4.41
    version = procfs.parse_version(text("root-version.1"))
    assert (version.ostype, version.release, version.emul) == ("NetBSD", "7.99.4", "netbsd")
    mounts = procfs.parse_mounts(text("root-mounts.2"))
    assert (mounts[2].path, mounts[2].type) == ("/proc2", "proc")
    assert mounts[2].options == ("ro", "nosuid", "noexec", "nodev")
    stat = procfs.parse_cpustat(text("root-stat.1"))
    assert stat.cpus == (stat.reader,)
    assert (stat.interrupts, stat.boot) == (261, 1795298333)
    devices = procfs.parse_devices(text("root-devices.1"))
    assert (8, "com") in devices.character
    assert (0, "wd") in devices.block
