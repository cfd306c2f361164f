"""What is not what the kernel says: cut off, with bits turned over, at random.

Whatever a node of procfs, a sysctl, a register set or a request's struct holds, the typed
functions give values, or raise what their docstrings say; in bounded time and memory.
"""

from __future__ import annotations

import time
import tracemalloc
from collections.abc import Callable, Iterable
from contextlib import suppress
from enum import Enum

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bsdproc import abi
from bsdproc.freebsd import kinfo, procctl, procfs, ptrace
from bsdproc.freebsd.constants import Limit, Note
from bsdproc.freebsd.kinfo import KinfoFile, KinfoKnote, KinfoProc, KinfoVmentry, Malformed
from bsdproc.freebsd.ptrace import LwpInfo
from bsdproc.freebsd.ptrace.events import ScRet
from bsdproc.freebsd.ptrace.regset import decode
from bsdproc.freebsd.records import Record
from bsdproc.freebsd.siginfo import Siginfo
from bsdproc.kernel import Kernel, NotSupported
from bsdproc.kernel.errors import NoSuchProcess, WouldBlock

from .feed import feed
from .test_procfs import MAP, RLIMIT, STATUS

MACHINES = [machine for system, machine in abi.targets() if system == "freebsd"]
FEW = settings(max_examples=150, deadline=None)

Ask = Callable[[Kernel], object]


def looked_at(value: object) -> None:
    """Read all there is in it."""
    if isinstance(value, Record):
        value.asdict()
        repr(value)
        for name in value.names():
            looked_at(getattr(value, name))
        for name in ("detail", "slot", "event", "siginfo", "code", "groups", "int_value", "trapno"):
            getattr(value, name, None)
    elif isinstance(value, Enum):
        repr(value)
    elif isinstance(value, dict):
        looked_at(list(value.items()))
    elif isinstance(value, Iterable) and not isinstance(value, str | bytes):
        for one in value:
            looked_at(one)
    else:
        repr(value)


@st.composite
def damaged(draw: st.DrawFn, good: tuple[bytes, ...]) -> bytes:
    """Something good that is cut off, or has other bits; or bytes at random."""
    data = bytearray(draw(st.sampled_from(good)))
    match draw(st.sampled_from(["cut", "bits", "twice", "random"])):
        case "cut":
            return bytes(data[: draw(st.integers(0, len(data)))])
        case "bits" if data:
            for _ in range(draw(st.integers(1, 12))):
                data[draw(st.integers(0, len(data) - 1))] ^= 1 << draw(st.integers(0, 7))
            return bytes(data)
        case "twice":
            at = draw(st.integers(0, len(data)))
            return bytes(data[:at] + data)
    return draw(st.binary(max_size=600))


# -- procfs -------------------------------------------------------------------------------

NODES: dict[str, Ask] = {
    "status": lambda k: procfs.status(7, kernel=k),
    "map": lambda k: procfs.map(7, kernel=k),
    "rlimit": lambda k: procfs.rlimit(7, kernel=k),
    "cmdline": lambda k: procfs.cmdline(7, kernel=k),
    "environ": lambda k: procfs.environ(7, kernel=k),
    "etype": lambda k: procfs.etype(7, kernel=k),
    "osrel": lambda k: procfs.osrel(7, kernel=k),
    "file": lambda k: procfs.file(7, kernel=k),
    "exe": lambda k: procfs.exe(7, kernel=k),
    "auxv": lambda k: procfs.auxv(7, kernel=k),
    "fd": lambda k: procfs.fd(7, kernel=k),
    "mem": lambda k: procfs.read_mem(7, 0, 100, kernel=k),
    "regs": lambda k: procfs.regs(7, kernel=k),
    "fpregs": lambda k: procfs.fpregs(7, kernel=k),
    "dbregs": lambda k: procfs.dbregs(7, kernel=k),
    "curproc": lambda k: procfs.curproc(kernel=k),
    "nodes": lambda k: procfs.nodes(7, kernel=k),
    "pids": lambda k: procfs.pids(kernel=k),
    "stat": lambda k: procfs.stat(7, kernel=k),
}
TEXTS = (STATUS, MAP, RLIMIT, b"/bin/ls\0-l\0", b"1302001\n", b"FreeBSD ELF64\n",
         b"\x06" + bytes(7) + b"\0\x10" + bytes(6) + bytes(16), bytes(176), bytes(512))


@FEW
@given(machine=st.sampled_from(MACHINES), node=st.sampled_from(sorted(NODES)),
       data=damaged(TEXTS))
def test_nodes(machine: str, node: str, data: bytes) -> None:
    with suppress(Malformed):
        looked_at(NODES[node](feed(machine, data)))


def test_every_node_is_fuzzed() -> None:
    readable = {name for name, node in procfs.NODES.items() if node.mode & 0o444}
    assert readable <= set(NODES)


# -- kern.proc ------------------------------------------------------------------------------

TABLES: dict[str, Ask] = {
    "processes": lambda k: kinfo.processes(kernel=k),
    "process": lambda k: kinfo.process(7, kernel=k),
    "threads": lambda k: kinfo.threads(7, kernel=k),
    "args": lambda k: kinfo.args(7, kernel=k),
    "env": lambda k: kinfo.env(7, kernel=k),
    "pathname": lambda k: kinfo.pathname(7, kernel=k),
    "sv_name": lambda k: kinfo.sv_name(7, kernel=k),
    "cwd": lambda k: kinfo.cwd(7, kernel=k),
    "filedesc": lambda k: kinfo.filedesc(7, kernel=k),
    "ofiledesc": lambda k: kinfo.ofiledesc(7, kernel=k),
    "nfds": lambda k: kinfo.nfds(kernel=k),
    "kqueue": lambda k: kinfo.kqueue(7, 3, kernel=k),
    "vmmap": lambda k: kinfo.vmmap(7, kernel=k),
    "ovmmap": lambda k: kinfo.ovmmap(7, kernel=k),
    "vm_layout": lambda k: kinfo.vm_layout(7, kernel=k),
    "ps_strings": lambda k: kinfo.ps_strings(7, kernel=k),
    "sigtramp": lambda k: kinfo.sigtramp(7, kernel=k),
    "sigfastblk": lambda k: kinfo.sigfastblk(7, kernel=k),
    "auxv": lambda k: kinfo.auxv(7, kernel=k),
    "kstack": lambda k: kinfo.kstack(7, kernel=k),
    "groups": lambda k: kinfo.groups(7, kernel=k),
    "rlimit": lambda k: kinfo.rlimit(7, Limit.RLIMIT_CORE, kernel=k),
    "rlimit_usage": lambda k: kinfo.rlimit_usage(7, kernel=k),
    "umask": lambda k: kinfo.umask(7, kernel=k),
    "osrel": lambda k: kinfo.osrel(7, kernel=k),
}


def test_every_sysctl_is_fuzzed() -> None:
    functions = {name for name in kinfo.__all__ if name[0].islower()}
    assert {name for name in functions if not name.startswith("set_")} == set(TABLES)


def record(kind: type[Record], machine: str) -> bytes:
    """One with its own size, and all kinds of bytes."""
    bound = kind.of(machine)
    order = abi.target("freebsd", machine).byteorder
    return bound.sizeof.to_bytes(4, order) + bytes(n * 7 & 0xFF for n in range(4, bound.sizeof))


@FEW
@given(st.data())
def test_tables(choose: st.DataObject) -> None:
    machine = choose.draw(st.sampled_from(MACHINES))
    name = choose.draw(st.sampled_from(sorted(TABLES)))
    good = tuple(
        record(kind, machine) * count
        for kind in (KinfoProc, KinfoFile, KinfoVmentry, KinfoKnote) for count in (1, 3)
    )
    data = choose.draw(damaged((*good, b"/bin/ls\0-l\0", bytes(8), bytes(48))))
    # A table without the process is no process.
    missing = NoSuchProcess if name in ("process", "threads") else Malformed
    with suppress(Malformed, missing):
        looked_at(TABLES[name](feed(machine, data)))


# -- signals, register sets, requests ---------------------------------------------------------


@FEW
@given(machine=st.sampled_from(MACHINES), kind=st.sampled_from([Siginfo, LwpInfo, ScRet]),
       data=st.binary(max_size=400))
def test_structs(machine: str, kind: type[Record], data: bytes) -> None:
    try:
        looked_at(kind.single(machine, data))
    except Malformed:
        assert len(data) < kind.of(machine).sizeof


@FEW
@given(machine=st.sampled_from(MACHINES), note=st.sampled_from(Note), data=st.binary(max_size=900))
def test_notes(machine: str, note: Note, data: bytes) -> None:
    """A register set of a core or of PT_GETREGSET: ValueError is for too few bytes."""
    with suppress(ValueError, NotSupported):
        repr(decode(feed(machine, b""), note, data))


REQUESTS: dict[str, Ask] = {
    "lwpinfo": lambda k: ptrace.lwpinfo(7, kernel=k),
    "getlwplist": lambda k: ptrace.getlwplist(7, kernel=k),
    "get_event_mask": lambda k: ptrace.get_event_mask(7, kernel=k),
    "get_sc_args": lambda k: ptrace.get_sc_args(7, kernel=k),
    "get_sc_ret": lambda k: ptrace.get_sc_ret(7, kernel=k),
    "getregs": lambda k: ptrace.getregs(7, kernel=k),
    "getfpregs": lambda k: ptrace.getfpregs(7, kernel=k),
    "getxstate_info": lambda k: ptrace.getxstate_info(7, kernel=k),
    "getxstate": lambda k: ptrace.getxstate(7, kernel=k),
    "getregset_bytes": lambda k: ptrace.getregset_bytes(7, Note.NT_PRSTATUS, kernel=k),
    "vm_entry": lambda k: ptrace.vm_entry(7, kernel=k),
    "vm_map": lambda k: ptrace.vm_map(7, kernel=k),
    "read": lambda k: ptrace.read(7, 0x1000, 64, kernel=k),
    "read_d": lambda k: ptrace.read_d(7, 0x1000, kernel=k),
    "reap_status": lambda k: procctl.reap_status(7, kernel=k),
    "reap_getpids": lambda k: procctl.reap_getpids(7, kernel=k),
    "reap_kill": lambda k: procctl.reap_kill(9, pid=7, kernel=k),
    "aslr": lambda k: procctl.aslr(7, kernel=k),
    "protmax": lambda k: procctl.protmax(7, kernel=k),
    "stackgap": lambda k: procctl.stackgap(7, kernel=k),
    "wxmap": lambda k: procctl.wxmap(7, kernel=k),
    "trace": lambda k: procctl.trace(7, kernel=k),
    "trapcap": lambda k: procctl.trapcap(7, kernel=k),
    "pdeathsig": lambda k: procctl.pdeathsig(kernel=k),
    "no_new_privs": lambda k: procctl.no_new_privs(7, kernel=k),
    "logsigexit": lambda k: procctl.logsigexit(7, kernel=k),
    "kpti": lambda k: procctl.kpti(7, kernel=k),
    "la": lambda k: procctl.la(7, kernel=k),
}


@FEW
@given(machine=st.sampled_from(MACHINES), request=st.sampled_from(sorted(REQUESTS)),
       data=st.one_of(st.binary(min_size=1, max_size=64), st.just(b"\xff"), st.just(b"\0")),
       result=st.integers(-(1 << 31), (1 << 31) - 1))
def test_requests(machine: str, request: str, data: bytes, result: int) -> None:
    restless = WouldBlock if request == "vm_map" else Malformed
    with suppress(Malformed, NotSupported, restless):
        looked_at(REQUESTS[request](feed(machine, data, result)))


# -- time and memory -----------------------------------------------------------------------------

LONG: dict[str, tuple[Callable[[bytes], object], bytes]] = {
    "map, no line's end": (procfs.parse_map, b"0x" + b"1 " * 500_000),
    "map, newlines": (procfs.parse_map, b"\n" * 1_000_000),
    "map, spaces": (procfs.parse_map, b" " * 1_000_000 + b"NCH -1\n"),
    "map, ends that are none": (procfs.parse_map, b" NCH -1\n" * 120_000),
    "map, one path": (procfs.parse_map, MAP.replace(b"/bin/a b", b"/" + b"a\n" * 400_000)),
    "status, spaces": (procfs.parse_status, b"a" + b" 1" * 500_000 + b"\n"),
    "status, a wait": (procfs.parse_status, STATUS.replace(b"nanslp", b"1,1 " * 250_000)),
    "rlimit": (procfs.parse_rlimit, RLIMIT * 20_000 + b"x"),
    "a number": (procfs.parse_number, b"1" * 1_000_000),
    "strings": (procfs.parse_strings, b"a\0" * 500_000),
    "processes that end early": (
        lambda data: KinfoProc.sized("amd64", data), record(KinfoProc, "amd64") * 900 + b"\1"),
    "records of four bytes": (
        lambda data: KinfoFile.sized("amd64", data), b"\4\0\0\0" * 250_000),
}


@pytest.mark.parametrize("case", LONG)
def test_a_million_bytes_take_bounded_time_and_memory(case: str, pace: float) -> None:
    parse, data = LONG[case]
    tracemalloc.start()
    began = time.process_time()
    with suppress(Malformed):
        parse(data)
    taken, (_, peak) = time.process_time() - began, tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert taken < 20 * pace
    assert peak < 200 * len(data)
