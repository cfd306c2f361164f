"""Damaged texts and tables: nothing but the documented error, and in no time."""

from __future__ import annotations

import time
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bsdproc import abi
from bsdproc.netbsd import kinfo, procfs
from bsdproc.netbsd.registers import FLOATING, GENERAL
from bsdproc.netbsd.siginfo import Siginfo
from bsdproc.typed.records import Malformed

HERE = Path(__file__).parent / "captures"
MACHINES = [machine for system, machine in abi.targets() if system == "netbsd"]


def captured(name: str) -> list[bytes]:
    return [path.read_bytes() for path in sorted(HERE.glob(f"[0-9]*/{name}.*"))]


LIMIT = b"            cpu-time   0x7fffffffffffffff                  100\n" * 12
LIMITS = (b"Limit                     Soft Limit           Hard Limit           Units     \n"
          b"Max cpu time              unlimited            unlimited            seconds   \n")
LINUX = (b"Name:\tls\nPid:\t5\nPPid:\t1\nTracerPid:\t0\nGroups:\t0 5 \n"
         b"VmPeak:\t  262144 kB\nVmSize:\t  262144 kB\nVmRSS:\t     100 kB\n")
MSG = (b"       key      msqid perms      cbytes       qnum lspid lrpid   uid   gid  cuid  cgid"
       b"      stime      rtime      ctime\n"
       b"         1     131072   644           0          0     0     0  1000   100  1000"
       b"   100          0          0 1714979389\n")
SEM = (b"       key      semid perms      nsems   uid   gid  cuid  cgid      otime      ctime\n"
       b"         5     131072  1644          2  1000   100  1000   100          0 1714979389\n")
SHM = (b"       key      shmid perms                  size  cpid  lpid nattch   uid   gid  cuid"
       b"  cgid      atime      dtime      ctime                   rss                  swap\n"
       b"        -2     196608  4644                  1024  8269     0      0  1000   100"
       b"  1000   100          0          0 1714979389                     0"
       b"                     0\n")
AUXV = b"".join(value.to_bytes(8, "little") for value in (6, 4096, 2014, 0x7000, 0, 0))

TEXTS: dict[str, tuple[Callable[[bytes], object], list[bytes]]] = {
    "status": (procfs.parse_status, captured("status")),
    "linux status": (procfs.parse_linux_status, [LINUX]),
    "stat": (procfs.parse_stat, captured("stat")),
    "statm": (procfs.parse_statm, captured("statm")),
    "map": (procfs.parse_map, captured("map")),
    "maps": (procfs.parse_maps, captured("maps")),
    "cmdline": (procfs.parse_strings, captured("cmdline")),
    "environ": (procfs.parse_strings, [b"HOME=/root\0PATH=/bin\0"]),
    "auxv": (lambda data: procfs.parse_auxv("amd64", data), [AUXV]),
    "limit": (procfs.parse_limit, [LIMIT]),
    "limits": (procfs.parse_limits, [LIMITS]),
    "emul": (procfs.parse_emul, captured("emul")),
    "cpuinfo": (procfs.parse_cpuinfo, captured("root-cpuinfo")),
    "devices": (procfs.parse_devices, captured("root-devices")),
    "loadavg": (procfs.parse_loadavg, captured("root-loadavg")),
    "meminfo": (procfs.parse_meminfo, captured("root-meminfo")),
    "mounts": (procfs.parse_mounts, captured("root-mounts")),
    "cpustat": (procfs.parse_cpustat, captured("root-stat")),
    "uptime": (procfs.parse_uptime, captured("root-uptime")),
    "version": (procfs.parse_version, captured("root-version")),
    "sysvipc/msg": (procfs.parse_sysvipc_msg, [MSG]),
    "sysvipc/sem": (procfs.parse_sysvipc_sem, [SEM]),
    "sysvipc/shm": (procfs.parse_sysvipc_shm, [SHM]),
    "mqueue": (procfs.parse_number, [b"32\n"]),
}


def test_every_parser_is_here() -> None:
    named = {getattr(procfs, name) for name in procfs.__all__ if name.startswith("parse_")}
    assert named - {parse for parse, _ in TEXTS.values()} == {procfs.parse_auxv}


def survives(parse: Callable[[bytes], object], data: bytes) -> None:
    began = time.process_time()
    with suppress(Malformed):
        parse(data)
    assert time.process_time() - began < 2


@pytest.mark.parametrize("name", TEXTS)
@given(data=st.data())
@settings(max_examples=60, deadline=None)
def test_damaged_texts(name: str, data: st.DataObject) -> None:
    parse, samples = TEXTS[name]
    whole = bytearray(data.draw(st.sampled_from(samples)))
    for _ in range(data.draw(st.integers(0, 3))):
        at = data.draw(st.integers(0, len(whole) - 1))
        whole[at] ^= 1 << data.draw(st.integers(0, 7))
    cut = data.draw(st.integers(0, len(whole)))
    survives(parse, bytes(whole))
    survives(parse, bytes(whole[:cut]))
    survives(parse, bytes(whole[cut:]))


@pytest.mark.parametrize("name", TEXTS)
@given(data=st.binary(max_size=300))
@settings(max_examples=60, deadline=None)
def test_anything_at_all(name: str, data: bytes) -> None:
    survives(TEXTS[name][0], data)


@pytest.mark.parametrize("name", TEXTS)
@given(data=st.text(alphabet="0123456789abcdefx,.-: ()\t\nrwp", max_size=300))
@settings(max_examples=60, deadline=None)
def test_what_looks_like_it(name: str, data: str) -> None:
    survives(TEXTS[name][0], data.encode())


@pytest.mark.parametrize("name", TEXTS)
@pytest.mark.parametrize("unit", [b" ", b"0", b"a ", b"\n", b"-", b"1 ", b"x: ", b"cpu0 1 1 1 1\n",
                                  b"\0", b"/ ", b"1,"])
def test_long_ones(name: str, unit: bytes) -> None:
    """No text takes more than its length's time."""
    parse, samples = TEXTS[name]
    long = unit * (200_000 // len(unit))
    for data in (long, samples[0] + long, samples[0][:20] + long, long + samples[0]):
        survives(parse, data)


TABLES = (kinfo.KinfoProc, kinfo.KinfoLwp, kinfo.KinfoFile, kinfo.KinfoVmentry)


@pytest.mark.parametrize("kind", TABLES)
@given(machine=st.sampled_from(MACHINES), data=st.binary(max_size=3000),
       whole=st.booleans())
@settings(max_examples=40, deadline=None)
def test_damaged_tables(kind: type[kinfo.KinfoProc], machine: str, data: bytes,
                        whole: bool) -> None:
    size = kind.of(machine).sizeof
    if whole:
        data = (data * (size + 1))[: size * 2] if data else bytes(size)
    try:
        found = kind.fixed(machine, data)
    except Malformed:
        assert len(data) % size
        return
    assert len(found) * size == len(data)
    for one in found:
        one.asdict()
        repr(one)


@given(machine=st.sampled_from(MACHINES), data=st.binary(min_size=128, max_size=128))
@settings(max_examples=200, deadline=None)
def test_any_siginfo(machine: str, data: bytes) -> None:
    one = Siginfo.single(machine, data)
    repr(one)
    assert one == Siginfo.single(machine, one.raw)


@given(machine=st.sampled_from(MACHINES), data=st.data())
@settings(max_examples=60, deadline=None)
def test_any_registers(machine: str, data: st.DataObject) -> None:
    for kinds in (GENERAL, FLOATING):
        kind = kinds[machine]
        size = abi.target("netbsd", machine).struct(kind.struct).size
        raw = data.draw(st.binary(min_size=size, max_size=size))
        made = kind(raw)
        repr(made)
        for name, value in made.asdict().items():
            made[name] = value
        assert bytes(made) == raw
