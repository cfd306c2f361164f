"""procfs: what its texts say, and each node of a process."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bsdproc.freebsd import kinfo, procfs, ptrace, wait
from bsdproc.freebsd.constants import Limit
from bsdproc.freebsd.constants.auxv import AuxType
from bsdproc.freebsd.constants.ptrace import VmProtection
from bsdproc.freebsd.kinfo import AuxEntry, Rlimit
from bsdproc.freebsd.procfs import Hidden, Malformed, MapEntry, NoProcess, Status
from bsdproc.kernel.errors import KernelError
from bsdproc.kernel.port import Kernel

from .conftest import Start

READ, WRITE, EXECUTE = VmProtection
STATUS = (
    b"a\\040b 340 23 340 340 ttyu0 ctty,sldr 1700000000,5 1,250000 0,7 nanslp "
    b"0 1001 1001,0,5 -\n"
)
MAP = (
    b"0x200000 0x201000 1 0 0xfffff80003a5c210 r-x 4 1 0x1000 COW NNC vnode /bin/a b\n"
    b"c NCH -1\n"
    b"0x7fffdffff000 0x7ffffffff000 0 0 0 --- 0 0 0x0 NCOW NNC none - NCH -1\n"
    b"0x800000000 0x800021000 2 2 0xfffff80003a5c318 rw- 1 0 0x2010 NCOW NC swap - CH 1001\n"
)
RLIMIT = b"cpu -1 -1\nstack 536870912 -1\numtx 5 7\nnewer 1 2\n"


# -- parsers --------------------------------------------------------------------------


def test_a_status() -> None:
    assert procfs.parse_status(STATUS) == Status(
        "a b", 340, 23, 340, 340, "ttyu0", ("ctty", "sldr"), 1700000000.000005, 1.25, 0.000007,
        "nanslp", 0, 1001, 1001, (0, 5), None,
    )


def test_a_status_of_one_swapped_out() -> None:
    line = b"\\000 7 0 0 0 - noflags -1,-1 -1,-1 -1,-1 a wait 0 0 0,0 www\n"
    found = procfs.parse_status(line)
    assert (found.name, found.flags, found.tty) == ("", (), None)
    assert (found.start, found.user, found.system) == (None, None, None)
    assert (found.wmesg, found.jail) == ("a wait", "www")
    assert procfs.parse_status(line.replace(b"a wait", b"nochan")).wmesg is None


def test_a_name_with_bytes_that_are_negative_chars() -> None:
    found = procfs.parse_status(STATUS.replace(b"a\\040b", b"\\37777777703\\37777777651\\134"))
    assert found.name == "é\\"


def test_a_map() -> None:
    first, second, third = procfs.parse_map(MAP)
    assert first == MapEntry(
        0x200000, 0x201000, 1, 0, 0xFFFFF80003A5C210, READ | EXECUTE, 4, 1, 0x1000, True, False,
        "vnode", "/bin/a b\nc", None,
    )
    assert (second.obj, second.protection, second.path) == (0, VmProtection(0), None)
    assert (third.protection, third.needs_copy, third.charged) == (READ | WRITE, True, 1001)
    assert first.size == 0x1000
    assert 0x200FFF in first
    assert 0x201000 not in first
    assert procfs.parse_map(b"") == ()


def test_limits() -> None:
    assert procfs.parse_rlimit(RLIMIT) == {
        Limit.RLIMIT_CPU: Rlimit(None, None), Limit.RLIMIT_STACK: Rlimit(536870912, None),
        Limit.RLIMIT_UMTXP: Rlimit(5, 7), "newer": Rlimit(1, 2),
    }


def test_strings_and_numbers() -> None:
    assert procfs.parse_strings(b"/bin/ls\0-l\0\0") == ("/bin/ls", "-l", "")
    assert procfs.parse_strings(b"a title without its end") == ("a title without its end",)
    assert procfs.parse_strings(b"") == ()
    assert procfs.parse_number(b"1302001\n") == 1302001


def test_an_auxiliary_vector_of_another_byte_order() -> None:
    data = bytes.fromhex("0000000000000006 0000000000001000 0000000000000777 0000000000000001")
    assert procfs.parse_auxv("powerpc64", data) == (
        AuxEntry(AuxType.AT_PAGESZ, 4096), AuxEntry(0x777, 1))


@pytest.mark.parametrize(("parse", "data"), [
    (procfs.parse_status, b""),
    (procfs.parse_status, STATUS[:-1]),
    (procfs.parse_status, STATUS[7:]),
    (procfs.parse_map, MAP[:-1]),
    (procfs.parse_map, MAP.replace(b"0x200000", b"200000")),
    (procfs.parse_map, b"x" + MAP),
    (procfs.parse_rlimit, RLIMIT[:-1]),
    (procfs.parse_rlimit, b"cpu 1\n"),
    (procfs.parse_number, b""),
    (procfs.parse_number, b"12x\n"),
    (procfs.parse_number, b"-1\n"),
])
def test_what_is_no_such_node_is_malformed(parse: Callable[[bytes], object], data: bytes) -> None:
    with pytest.raises(Malformed):
        parse(data)


def test_half_an_entry_of_a_vector_is_malformed() -> None:
    with pytest.raises(Malformed):
        procfs.parse_auxv("amd64", bytes(24))


@given(st.sampled_from([STATUS, MAP, RLIMIT]), st.data())
def test_damaged_texts_are_malformed_or_read(text: bytes, data: st.DataObject) -> None:
    """Nothing but Malformed, whatever is cut off or overwritten."""
    damaged = bytearray(text[: data.draw(st.integers(0, len(text)))])
    for place in data.draw(st.lists(st.integers(0, max(len(damaged) - 1, 0)), max_size=8)):
        if damaged:
            damaged[place] = data.draw(st.integers(0, 255))
    for parse in (procfs.parse_status, procfs.parse_map, procfs.parse_rlimit,
                  procfs.parse_strings, procfs.parse_number):
        try:
            parse(bytes(damaged))
        except Malformed:
            continue


@given(st.binary(max_size=400))
def test_random_bytes_are_malformed_or_read(data: bytes) -> None:
    for parse in (procfs.parse_status, procfs.parse_map, procfs.parse_rlimit,
                  procfs.parse_strings, procfs.parse_number,
                  lambda raw: procfs.parse_auxv("amd64", raw)):
        try:
            parse(data)
        except Malformed:
            continue


def test_long_texts_take_no_unbounded_time() -> None:
    for data in (b"0x" + b"1 " * 200_000, b"\n" * 400_000, b"a " * 200_000, b"CH 1 " * 80_000):
        with pytest.raises(Malformed):
            procfs.parse_map(data)
        with pytest.raises(Malformed):
            procfs.parse_status(data)


# -- nodes --------------------------------------------------------------------------------


def test_the_root(kernel: Kernel, start: Start) -> None:
    spin = start("spin")
    assert procfs.curproc() == kernel.getpid()
    assert {spin.pid, kernel.getpid()} <= set(procfs.pids())
    assert procfs.nodes(spin.pid) == tuple(procfs.node_modes())


def test_node_modes_are_the_kernels(kernel: Kernel, start: Start) -> None:
    spin = start("spin")
    for name, node in procfs.node_modes().items():
        mode = kernel.lstat(f"/proc/{spin.pid}/{name}").mode
        kind = {0o100000: "file", 0o120000: "link", 0o040000: "directory"}[mode & 0o170000]
        assert (kind, mode & 0o7777) == (node.kind, node.mode), name
        found = procfs.stat(spin.pid, name)
        assert (found.kind, found.mode, found.uid, found.gid) == (node.kind, node.mode, 0, 0)
    directory = procfs.stat(spin.pid)
    assert (directory.kind, directory.mode) == ("directory", 0o555)
    with pytest.raises(Hidden, match="no such node"):
        procfs.stat(spin.pid, "nothing")


def test_a_node_is_the_process_users(start: Start) -> None:
    spin = start("spin", uid=1001)
    assert procfs.stat(spin.pid, "map").uid == procfs.stat(spin.pid).uid == 1001


def test_texts_of_a_process(kernel: Kernel, start: Start) -> None:
    spin = start("spin")
    status, record = procfs.status(spin.pid), kinfo.process(spin.pid)
    assert (status.name, status.pid, status.ppid) == ("spin", spin.pid, kernel.getpid())
    assert (status.pgid, status.sid, status.tty) == (record.pgid, record.sid, None)
    assert (status.uid, status.ruid, status.groups) == (record.uid, record.ruid, record.groups)
    assert status.start is not None
    assert abs(status.start - record.start) < 2
    assert procfs.cmdline(spin.pid) == kinfo.args(spin.pid)
    assert procfs.etype(spin.pid) == kinfo.sv_name(spin.pid)
    assert procfs.file(spin.pid) == kinfo.pathname(spin.pid) == spin.path
    limits = procfs.rlimit(spin.pid)
    assert limits[Limit.RLIMIT_CORE] == kinfo.rlimit(spin.pid, Limit.RLIMIT_CORE)
    assert [(e.start, e.end) for e in procfs.map(spin.pid)] == [
        (e.start, e.end) for e in kinfo.vmmap(spin.pid)]


def test_osrel_can_be_set(start: Start) -> None:
    spin = start("spin")
    procfs.set_osrel(spin.pid, 1200001)
    assert procfs.osrel(spin.pid) == kinfo.osrel(spin.pid) == 1200001
    with pytest.raises(ValueError):
        procfs.set_osrel(spin.pid, 1 << 31)


def test_memory(start: Start) -> None:
    spin = start("spin")
    at = spin.at("word")
    assert procfs.read_mem(spin.pid, at, 4) == ptrace.read(spin.pid, at, 4)
    assert procfs.write_mem(spin.pid, at, b"\1\2\3\4") == 4
    assert ptrace.read(spin.pid, at, 4) == b"\1\2\3\4"
    assert procfs.read_mem(spin.pid, at, 0) == b""
    with pytest.raises(KernelError, match="EFAULT"):
        procfs.read_mem(spin.pid, 0x1000, 4)
    with pytest.raises(ValueError):
        procfs.read_mem(spin.pid, 1 << 63, 4)


def test_registers(start: Start) -> None:
    spin = start("spin")
    registers = procfs.regs(spin.pid)
    assert registers == ptrace.getregs(spin.pid)
    assert procfs.fpregs(spin.pid) == ptrace.getfpregs(spin.pid)
    assert procfs.dbregs(spin.pid) == ptrace.getdbregs(spin.pid)
    registers.return_value = 77
    procfs.set_regs(spin.pid, registers)
    assert ptrace.getregs(spin.pid).return_value == 77
    procfs.set_fpregs(spin.pid, procfs.fpregs(spin.pid))
    procfs.set_dbregs(spin.pid, procfs.dbregs(spin.pid))
    with pytest.raises(TypeError):
        procfs.set_regs(spin.pid, procfs.fpregs(spin.pid))      # type: ignore[arg-type]
    ptrace.cont(spin.pid)
    with pytest.raises(KernelError, match="EBUSY"):
        procfs.regs(spin.pid)


def test_notes_are_never_taken(start: Start) -> None:
    spin = start("spin")
    for send in (procfs.note, procfs.notepg):
        with pytest.raises(KernelError, match="EOPNOTSUPP"):
            send(spin.pid, b"hello")


def test_who_is_not_there(start: Start) -> None:
    spin = start("spin")
    with pytest.raises(Hidden, match=r"/environ.*this kind of procfs has no such node"):
        procfs.environ(spin.pid)
    with pytest.raises(Hidden):
        procfs.exe(spin.pid)
    with pytest.raises(Hidden):
        procfs.ctl(spin.pid, "attach")
    for hidden in (procfs.auxv, procfs.fd):
        with pytest.raises(FileNotFoundError):
            hidden(spin.pid)
    ptrace.kill(spin.pid)
    wait(spin.pid)
    with pytest.raises(NoProcess) as refused:
        procfs.status(spin.pid)
    assert (refused.value.name, refused.value.target) == ("ENOENT", spin.pid)
    for gone in (procfs.nodes, procfs.file, procfs.map, procfs.regs):
        with pytest.raises(ProcessLookupError):
            gone(spin.pid)


def test_what_another_user_may_not_open(kernel: Kernel, start: Start) -> None:
    spin = start("spin")

    def as_user(view: Kernel) -> list[tuple[str, str | None]]:
        refused: list[tuple[str, str | None]] = []
        for read in (procfs.regs, procfs.osrel, procfs.map):
            try:
                read(spin.pid, kernel=view)
            except KernelError as error:
                refused.append((type(error).__name__, error.reason))
        return refused
    why = "it runs as user 0, the caller as 1001"
    assert kernel.run_child(as_user, uid=1001) == [
        ("Hidden", why), ("Hidden", why), ("Forbidden", why)]


def test_arguments_are_looked_at_first(kernel: Kernel) -> None:
    for pid in (True, 1.5, "1"):
        with pytest.raises(TypeError):
            procfs.status(pid)      # type: ignore[arg-type]
    with pytest.raises(TypeError):
        procfs.status(1, root=b"/proc")     # type: ignore[arg-type]
    with pytest.raises(ValueError):
        procfs.status(-1)
