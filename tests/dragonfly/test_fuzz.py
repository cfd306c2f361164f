"""Damaged bytes: each parser gives values or `Malformed`, and nothing else, in little time."""

from __future__ import annotations

import contextlib
import time
from collections.abc import Callable

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bsdproc.dragonfly import Siginfo, kinfo, procctl, procfs, ptrace, wait, wait6, waitid
from bsdproc.dragonfly.constants.wait import IdType
from bsdproc.dragonfly.registers import X86_64DebugRegisters, X86_64FpRegisters, X86_64Registers
from bsdproc.kernel import Kernel, KernelError
from bsdproc.kernel.port import Buffer, Stat, Waited, Waited6
from bsdproc.typed.records import Record

from . import captured
from .recorded import Recorded

RECORD = next(data for data, _ in captured.decoded())
TABLE = b"".join(data for data, _ in captured.decoded())


def texts(name: str) -> list[bytes]:
    return [text.data for source in (captured.PROCFS, captured.CORNERS)
            for text in captured.nodes(source)
            if text.path.endswith(f"/{name}") and text.error is None]


def table(data: bytes) -> object:
    return [one.asdict() for one in kinfo.KinfoProc.fixed("x86_64", data)]


def sigtramp(data: bytes) -> object:
    return kinfo.KinfoSigtramp.single("x86_64", data).asdict()


def thread(data: bytes) -> object:
    return kinfo.KinfoLwp.single("x86_64", data).asdict()


PARSERS: dict[str, tuple[Callable[[bytes], object], list[bytes]]] = {
    "status": (procfs.parse_status, texts("status")),
    "map": (procfs.parse_map, texts("map")),
    "rlimit": (procfs.parse_rlimit, texts("rlimit")),
    "cmdline": (procfs.parse_cmdline, texts("cmdline")),
    "etype": (procfs.parse_etype, texts("etype")),
    "curproc": (procfs.parse_number, [b"2", b"99999"]),
    "kinfo_proc": (table, [RECORD, TABLE]),
    "kinfo_lwp": (thread, [RECORD[664:976]]),
    "kinfo_sigtramp": (sigtramp, [bytes(range(48))]),
}


@st.composite
def damaged(draw: st.DrawFn, wholes: list[bytes]) -> bytes:
    """Truncated, with flipped bits, with pieces from elsewhere, or quite random."""
    if not draw(st.integers(0, 3)):
        return draw(st.binary(max_size=2048))
    data = bytearray(draw(st.sampled_from(wholes)))
    for _ in range(draw(st.integers(0, 8))):
        if not data:
            break
        at = draw(st.integers(0, len(data) - 1))
        match draw(st.integers(0, 3)):
            case 0:
                del data[at:]
            case 1:
                data[at] ^= 1 << draw(st.integers(0, 7))
            case 2:
                data[at:at] = draw(st.sampled_from(
                    [b"\n", b" ", b"-1", b"\0", b"0x", b"9" * 40, b",", b"\xff", b"-"]))
            case _:
                del data[at : at + draw(st.integers(1, 9))]
    return bytes(data)


@pytest.mark.parametrize("name", PARSERS)
@settings(max_examples=300, deadline=None)
@given(draws=st.data())
def test_damaged(name: str, draws: st.DataObject) -> None:
    parse, wholes = PARSERS[name]
    data = draws.draw(damaged(wholes))
    try:
        parse(data)
    except kinfo.Malformed:
        return


@pytest.mark.parametrize("name", PARSERS)
def test_whole_ones_are_taken(name: str) -> None:
    parse, wholes = PARSERS[name]
    assert wholes
    for data in wholes:
        try:
            parse(data)
        except kinfo.Malformed:
            # The ones that were read with too little room.
            assert len(data) in (10, 20, 300)


@pytest.mark.parametrize("data", [
    b"0x1 " * 200_000, b"\n" * 800_000, b"1 " * 400_000, b"1" * 800_000, b"," * 800_000,
    b"0x0 0x1 0 0 0 rwx 0 0 0x0 COW NC x " * 20_000,
    b"0x0 0x1 0 0 0 rwx 0 0 0x0 COW NC x p\n" * 20_000,
    b"0x0 0x1 0 0 0 rwx 0 0 0x0 COW NC x p\n0x0 0x0 " * 15_000,
    b"a 1 1 1 1 1,1 a" + b",a" * 300_000, b"cpu " + b"9" * 500_000 + b" 1\n",
], ids=lambda data: repr(data[-9:])[2:-1])
def test_no_text_takes_long(data: bytes, pace: float) -> None:
    for parse in (procfs.parse_status, procfs.parse_map, procfs.parse_rlimit,
                  procfs.parse_cmdline, procfs.parse_etype, procfs.parse_number):
        began = time.process_time()
        with contextlib.suppress(kinfo.Malformed):
            parse(data)
        assert time.process_time() - began < 2 * pace


@given(data=st.binary(max_size=600))
def test_register_files_take_their_own_length_alone(data: bytes) -> None:
    for kind in (X86_64Registers, X86_64FpRegisters, X86_64DebugRegisters):
        size = len(bytes(kind()))
        whole = (data * (size // max(len(data), 1) + 1))[:size] if data else bytes(size)
        assert bytes(kind(whole)) == whole
        if len(data) != size:
            with pytest.raises(ValueError, match="bytes"):
                kind(data)


# -- the functions, by a kernel that says anything ------------------------------------------------


class Feed(Recorded):
    """Every sysctl, node and link has the same bytes, and every request stores them."""

    def __init__(self, data: bytes, result: int) -> None:
        super().__init__()
        self.data = data
        self.result = result
        self.lent: list[Buffer] = []
        self.on_ptrace = lambda *asked: self._store()
        self.on_procctl = lambda *asked: self._store()

    def buffer(self, contents: int | bytes | bytearray | memoryview) -> Buffer:
        assert not isinstance(contents, int) or contents < 1 << 20, "a buffer without measure"
        self.lent.append(super().buffer(contents))
        return self.lent[-1]

    def _store(self) -> int:
        for one in self.lent:
            whole = self.data * (len(one) // max(len(self.data), 1) + 1)
            one.write(whole[: len(one)])
        return self.result

    def sysctl(self, mib: object, *, new: bytes | None = None, room: int | None = None) -> bytes:
        return self.data

    def sysctl_size(self, mib: object) -> int:
        return abs(self.result)

    def open(self, path: str, flags: int, mode: int = 0o600) -> int:
        self._open[3] = path
        self.files[path] = self.data
        return 3

    def readlink(self, path: str) -> str:
        return self.data.decode("utf-8", "surrogateescape")

    def listdir(self, path: str) -> list[str]:
        return self.readlink(path).split("\0")

    def lstat(self, path: str) -> Stat:
        return Stat(int.from_bytes(self.data[:2], "little"), 0, 0, 0, 1, 1)

    def wait4(self, pid: int, options: int = 0, detail: bool = True) -> Waited:
        return Waited(7, self.result, self.data[:144] if detail else b"")

    def wait6(self, idtype: int, id: int, options: int, detail: bool = True) -> Waited6:
        return Waited6(7, self.result, self.data[:288], self.data[288:]) if detail else (
            Waited6(7, self.result, b"", b""))


FUNCTIONS: dict[str, Callable[[Kernel], object]] = {
    "kinfo.processes": lambda k: kinfo.processes(kernel=k),
    "kinfo.kernel_threads": lambda k: kinfo.kernel_threads(kernel=k),
    "kinfo.process": lambda k: kinfo.process(7, kernel=k),
    "kinfo.threads": lambda k: kinfo.threads(7, kernel=k),
    "kinfo.args": lambda k: kinfo.args(7, kernel=k),
    "kinfo.cwd": lambda k: kinfo.cwd(7, kernel=k),
    "kinfo.pathname": lambda k: kinfo.pathname(7, kernel=k),
    "kinfo.sigtramp": lambda k: kinfo.sigtramp(kernel=k),
    "kinfo.files": lambda k: kinfo.files(kernel=k),
    "kinfo.cputimes": lambda k: kinfo.cputimes(kernel=k),
    "procfs.status": lambda k: procfs.status(7, kernel=k),
    "procfs.map": lambda k: procfs.map(7, kernel=k),
    "procfs.rlimit": lambda k: procfs.rlimit(7, kernel=k),
    "procfs.cmdline": lambda k: procfs.cmdline(7, kernel=k),
    "procfs.etype": lambda k: procfs.etype(7, kernel=k),
    "procfs.file": lambda k: procfs.file(7, kernel=k),
    "procfs.read_mem": lambda k: procfs.read_mem(7, 0, 100, kernel=k),
    "procfs.regs": lambda k: procfs.regs(7, kernel=k),
    "procfs.fpregs": lambda k: procfs.fpregs(7, kernel=k),
    "procfs.dbregs": lambda k: procfs.dbregs(7, kernel=k),
    "procfs.curproc": lambda k: procfs.curproc(kernel=k),
    "procfs.nodes": lambda k: procfs.nodes(7, kernel=k),
    "procfs.pids": lambda k: procfs.pids(kernel=k),
    "ptrace.read": lambda k: ptrace.read(7, 0x1000, 64, kernel=k),
    "ptrace.read_d": lambda k: ptrace.read_d(7, 0x1000, kernel=k),
    "ptrace.read_i": lambda k: ptrace.read_i(7, 0x1000, kernel=k),
    "ptrace.getregs": lambda k: ptrace.getregs(7, kernel=k),
    "ptrace.getfpregs": lambda k: ptrace.getfpregs(7, kernel=k),
    "ptrace.getdbregs": lambda k: ptrace.getdbregs(7, kernel=k),
    "procctl.reap_status": lambda k: procctl.reap_status(kernel=k),
    "procctl.pdeathsig": lambda k: procctl.pdeathsig(kernel=k),
    "wait": lambda k: wait(7, kernel=k),
    "wait6": lambda k: wait6(IdType.P_ALL, 0, 0, kernel=k),
    "waitid": lambda k: waitid(IdType.P_ALL, 0, 0, kernel=k),
}
OF_A_PROCESS = {f"kinfo.{name}" for name in ("process", "threads", "args", "cwd")}
ANYTHING = [RECORD, TABLE, *texts("status"), *texts("map"), *texts("rlimit"), *texts("cmdline"),
            b"DragonFly ELF64\n", bytes(80) + bytes(range(80)), b"\x60" + bytes(95), bytes(512)]


def looked_at(value: object) -> None:
    """Read all there is in it."""
    repr(value)
    if isinstance(value, Record):
        value.asdict()
    if isinstance(value, list):
        for one in value:
            looked_at(one)


@pytest.mark.parametrize("name", FUNCTIONS)
@settings(max_examples=60, deadline=None)
@given(draws=st.data())
def test_whatever_the_kernel_says(name: str, draws: st.DataObject) -> None:
    data = draws.draw(damaged(ANYTHING))
    result = draws.draw(st.one_of(st.integers(0, 1200), st.integers(-(1 << 31), (1 << 31) - 1)))
    # ESRCH where nothing is told of a process.
    refused = KernelError if name in OF_A_PROCESS and not data else kinfo.Malformed
    with contextlib.suppress(kinfo.Malformed, refused):
        looked_at(FUNCTIONS[name](Feed(data, result).port))


def test_every_function_that_answers_is_fuzzed() -> None:
    acting = {"ctl", "ctl_names", "mount", "node_modes", "note", "notepg", "unmount", "statvfs",
              "write_mem"}
    found = {f"{area.__name__.rpartition('.')[2]}.{name}"
             for area in (kinfo, procfs) for name in set(area.__all__) - acting
             if name[0].islower() and not name.startswith(("set_", "parse_"))}
    assert found <= set(FUNCTIONS)


@given(data=st.binary(max_size=200))
def test_siginfo(data: bytes) -> None:
    try:
        looked_at(Siginfo.single("x86_64", data))
    except kinfo.Malformed:
        assert len(data) < Siginfo.of("x86_64").sizeof
