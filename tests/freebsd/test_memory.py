"""Memory, the map, cores and remote system calls."""

from __future__ import annotations

import contextlib
import io
import itertools

import pytest
from elftools.elf.elffile import ELFFile
from tests.conftest import hazard

from bsdproc.freebsd import Exited, Signal, WaitOptions, ptrace, syscalls, wait
from bsdproc.freebsd.constants import CoredumpFlags, IoOp, LwpFlags, VmProtection
from bsdproc.kernel.errors import KernelError
from bsdproc.kernel.port import Kernel

from .conftest import Start

R, W, X = VmProtection.VM_PROT_READ, VmProtection.VM_PROT_WRITE, VmProtection.VM_PROT_EXECUTE


def test_io(start: Start) -> None:
    spin = start("spin")
    word = spin.at("word")
    assert ptrace.read(spin.pid, word, 4) == bytes.fromhex("44332211")
    assert ptrace.write(spin.pid, word, b"abcd") == 4
    assert ptrace.io(spin.pid, IoOp.PIOD_READ_I, word, 4) == b"abcd"
    assert ptrace.io(spin.pid, IoOp.PIOD_WRITE_I, word, bytearray(b"efgh")) == 4
    assert ptrace.io(spin.pid, IoOp.PIOD_READ_D, word, 2) == b"ef"
    assert ptrace.write(spin.pid, word, memoryview(b"ij")) == 2
    assert ptrace.read(spin.pid, word, 4) == b"ijgh"
    assert ptrace.read(spin.pid, word, 0) == b""
    assert ptrace.write(spin.pid, word, b"") == 0


def test_read_only_data_can_be_written(start: Start) -> None:
    spin = start("spin")
    ptrace.write_d(spin.pid, spin.at("constant"), 1)
    assert spin.number("constant") == 1


def test_words(start: Start) -> None:
    spin = start("spin")
    word = spin.at("word")
    for value in (-1, 0, 1, 0x7FFFFFFF, -0x80000000):
        ptrace.write_d(spin.pid, word, value)
        assert ptrace.read_d(spin.pid, word) == value
        assert ptrace.read_i(spin.pid, word) == value
    ptrace.write_i(spin.pid, word, 0xFFFFFFFE)
    assert ptrace.read_d(spin.pid, word) == -2
    for wrong in (1 << 32, -(1 << 31) - 1):
        with pytest.raises(ValueError, match="32 bits"):
            ptrace.write_d(spin.pid, word, wrong)


def test_addresses_that_are_not_there(start: Start) -> None:
    spin = start("spin")
    for call in (lambda: ptrace.read(spin.pid, 0x10, 4),
                 lambda: ptrace.write(spin.pid, 0x10, b"x"),
                 lambda: ptrace.read(spin.pid, 0x10, 0)):
        with pytest.raises(KernelError, match=r"ptrace PT_IO of \d+: EFAULT"):
            call()
    for call in (lambda: ptrace.read_d(spin.pid, 0x10), lambda: ptrace.read_i(spin.pid, 0x10)):
        with pytest.raises(KernelError, match="ENOMEM"):
            call()
    with pytest.raises(KernelError, match="PT_WRITE_D"):
        ptrace.write_d(spin.pid, 0x10, 0)


@pytest.mark.parametrize(("address", "size", "before"), [
    (0x30002FF0, 32, 16),
    (0x30000FFF, 0x4000, 0x2001),
    (0x30000000, 0x3001, 0x3000),
    (0x30003000, 16, 0),        # not there at all
    (0x30020000, 16, 0),        # there, without rights
    (0x30010FFF, 2, 1),
])
def test_a_read_that_runs_out_of_memory(start: Start, address: int, size: int,
                                        before: int) -> None:
    """What lies before the fault is not handed out as if it were all, nor lost."""
    mapper = start("mapper")
    mapper.cont()
    ptrace.write(mapper.pid, 0x30000000, bytes(range(256)) * 0x30)
    with pytest.raises(KernelError, match="EFAULT") as caught:
        ptrace.read(mapper.pid, address, size)
    assert caught.value.transferred == before
    assert caught.value.data == (ptrace.read(mapper.pid, address, before) if before else b"")


def test_memory_that_is_all_ones_or_zeros_before_a_fault(start: Start) -> None:
    """How much came is not told by what the bytes are."""
    mapper = start("mapper")
    mapper.cont()
    for fill in (b"\0", b"\xff", b"\0\xff"):
        ptrace.write(mapper.pid, 0x30002F00, fill * (256 // len(fill)))
        with pytest.raises(KernelError) as caught:
            ptrace.read(mapper.pid, 0x30002F00, 512)
        assert caught.value.data == fill * (256 // len(fill))
    with pytest.raises(KernelError) as caught:
        ptrace.write(mapper.pid, 0x30002FF0, bytes(32))
    assert (caught.value.transferred, caught.value.data) == (None, None)


def test_bad_arguments(start: Start) -> None:
    spin = start("spin")
    with pytest.raises(ValueError, match="must not be negative"):
        ptrace.read(spin.pid, 0x1000, -1)
    with pytest.raises(ValueError, match="beyond the end of memory"):
        ptrace.read(spin.pid, (1 << 64) - 1, 2)
    for size in (1 << 32, (1 << 32) + 1, 1 << 40, (1 << 63) - 1):   # 13.2 never returns
        with pytest.raises(ValueError, match="moves up to"):
            ptrace.read(spin.pid, 0x1000, size)
    with pytest.raises(ValueError, match="address"):
        ptrace.write(spin.pid, -1, b"x")
    with pytest.raises(TypeError):
        ptrace.write(spin.pid, 0x1000, "text")      # type: ignore[arg-type]
    with pytest.raises(TypeError, match="takes bytes"):
        ptrace.write(spin.pid, 0x1000, 4)           # type: ignore[arg-type]
    with pytest.raises(TypeError, match="number of bytes"):
        ptrace.read(spin.pid, 0x1000, b"x")         # type: ignore[arg-type]
    with pytest.raises(ValueError, match="9"):
        ptrace.io(spin.pid, 9, 0, 0)                # type: ignore[call-overload]


def test_map_of_the_image(start: Start) -> None:
    spin = start("spin")
    entries = ptrace.vm_map(spin.pid)
    assert [a.end <= b.start for a, b in itertools.pairwise(entries)].count(False) == 0
    assert len({entry.timestamp for entry in entries}) == 1
    assert entries[0].timestamp == ptrace.vm_timestamp(spin.pid)
    text = next(entry for entry in entries if spin.at("tracee") in entry)
    assert text.protection == R | X
    assert text.path == spin.path
    assert text.offset % 4096 == 0
    assert text.size % 4096 == 0
    assert text.fileid is not None
    assert text.fsid is not None
    data = next(entry for entry in entries if spin.at("counter") in entry)
    assert data.protection == R | W


def test_map_entries_one_by_one(start: Start) -> None:
    spin = start("spin")
    entries = ptrace.vm_map(spin.pid)
    assert ptrace.vm_entry(spin.pid) == entries[0]
    assert ptrace.vm_entry(spin.pid, entries[0].entry) == entries[1]
    with pytest.raises(FileNotFoundError, match="PT_VM_ENTRY"):
        ptrace.vm_entry(spin.pid, entries[-1].entry)
    with pytest.raises(KernelError, match="EINVAL"):
        ptrace.vm_entry(spin.pid, entries[-1].entry + 1)
    with pytest.raises(ValueError, match="negative"):
        ptrace.vm_entry(spin.pid, -1)


def test_map_moves_with_mappings(start: Start) -> None:
    mapper = start("mapper")
    before = ptrace.vm_timestamp(mapper.pid)
    mapper.cont()
    ours = [e for e in ptrace.vm_map(mapper.pid) if 0x30000000 <= e.start < 0x30030000]
    assert [(e.start, e.end, e.protection, e.path) for e in ours] == [
        (0x30000000, 0x30003000, R | W, None),
        (0x30010000, 0x30011000, R, None),
        (0x30020000, 0x30021000, VmProtection(0), None),
    ]
    assert ptrace.vm_timestamp(mapper.pid) != before
    with pytest.raises(KernelError, match="EFAULT"):
        ptrace.read(mapper.pid, 0x30020000, 1)
    mapper.cont()
    assert not [e for e in ptrace.vm_map(mapper.pid) if e.start == 0x30000000]


def test_map_is_begun_again_when_it_moves(start: Start, monkeypatch: pytest.MonkeyPatch) -> None:
    """Another mapping is made between two entries, in the tracee itself."""
    spin = start("spin")
    from bsdproc.freebsd.ptrace import vm

    real, calls = vm.vm_entry, 0

    def entry(pid: int, number: int = 0, *, kernel: Kernel | None = None) -> vm.VmEntry:
        nonlocal calls
        calls += 1
        if calls == 3:
            done = ptrace.sc_remote(
                pid, 477, (0x30000000, 0x1000, 3, 0x1012, -1, 0), kernel=kernel)
            assert done.error == 0
        return real(pid, number, kernel=kernel)

    monkeypatch.setattr(vm, "vm_entry", entry)
    entries = ptrace.vm_map(spin.pid)
    assert any(e.start == 0x30000000 for e in entries)
    assert len({e.timestamp for e in entries}) == 1
    assert calls > len(entries) + 1


def test_map_that_never_holds_still(start: Start, monkeypatch: pytest.MonkeyPatch) -> None:
    spin = start("spin")
    from bsdproc.freebsd.ptrace import vm

    stamps = iter(range(1000, 2000))
    monkeypatch.setattr(vm, "vm_timestamp", lambda pid, kernel: next(stamps))
    with pytest.raises(BlockingIOError, match="the map changed while it was read"):
        ptrace.vm_map(spin.pid)


def test_core_to_a_file_object(start: Start) -> None:
    spin = start("spin")
    core = io.BytesIO()
    ptrace.coredump(spin.pid, core)
    elf = ELFFile(core)
    assert elf.header["e_type"] == "ET_CORE"
    loads = [s for s in elf.iter_segments() if s["p_type"] == "PT_LOAD"]
    data = next(s for s in loads
                if s["p_vaddr"] <= spin.at("word") < s["p_vaddr"] + s["p_filesz"])
    at = spin.at("word") - data["p_vaddr"]
    assert data.data()[at : at + 4] == bytes.fromhex("44332211")
    assert wait(spin.pid, WaitOptions.WNOHANG) is None, "its stop has been consumed"
    assert LwpFlags.PL_FLAG_EXEC in ptrace.lwpinfo(spin.pid).flags


def test_core_to_a_path_and_a_descriptor(kernel: Kernel, start: Start) -> None:
    spin = start("spin")
    ptrace.coredump(spin.pid, "/tmp/bsdproc.test.core")
    plain = kernel.lstat("/tmp/bsdproc.test.core").size
    fd = kernel.open("/tmp/bsdproc.test.core", 0x2)
    ptrace.coredump(spin.pid, fd, CoredumpFlags.PC_ALL)
    assert kernel.lstat("/tmp/bsdproc.test.core").size > plain
    kernel.close(fd)
    with pytest.raises(KernelError, match=r"PT_COREDUMP of .*: EBADF"):
        ptrace.coredump(spin.pid, fd)
    kernel.unlink("/tmp/bsdproc.test.core")


def test_core_by_a_thread(start: Start) -> None:
    """The stop is the process's: it is found from the thread's id."""
    spin = start("spin")
    lwp = ptrace.lwpinfo(spin.pid).lwpid
    ptrace.coredump(lwp, io.BytesIO())
    assert ptrace.getnumlwps(spin.pid) == 1


def test_core_refused(kernel: Kernel, start: Start) -> None:
    spin = start("spin")
    for limit, flags in ((4096, CoredumpFlags(0)), (0, CoredumpFlags(4))):
        with pytest.raises(KernelError) as caught:
            ptrace.coredump(spin.pid, io.BytesIO(), flags, limit)
        assert caught.value.name == ("EFAULT" if limit else "EINVAL")
        assert ptrace.getnumlwps(spin.pid) == 1
    assert not [name for name in kernel.listdir("/tmp") if name.startswith("bsdproc.")]
    with pytest.raises(ValueError, match="negative"):
        ptrace.coredump(spin.pid, 3, limit=-1)
    with pytest.raises(TypeError):
        ptrace.coredump(spin.pid, 3, 2)     # type: ignore[arg-type]


def test_without_wait_the_stop_is_the_callers(start: Start) -> None:
    spin = start("spin")
    ptrace.coredump(spin.pid, io.BytesIO(), wait=False)
    with pytest.raises(KernelError, match=r"EBUSY.*\(its stop has not been waited for\)"):
        ptrace.getnumlwps(spin.pid)
    assert spin.stop().signal is Signal.SIGTRAP
    assert ptrace.getnumlwps(spin.pid) == 1


def test_remote_system_calls(start: Start) -> None:
    spin = start("spin")
    getpid = syscalls.by_name("getpid")
    close = syscalls.by_name("close")
    assert getpid is not None
    assert close is not None
    found = ptrace.sc_remote(spin.pid, getpid.number)
    assert (found.retval[0], found.error) == (spin.pid, 0)
    found = ptrace.sc_remote(spin.pid, close.number, [-1])
    assert found.error == 9
    found = ptrace.sc_remote(ptrace.lwpinfo(spin.pid).lwpid, getpid.number)
    assert found.retval[0] == spin.pid
    with pytest.raises(ValueError, match="up to 8 arguments"):
        ptrace.sc_remote(spin.pid, 20, range(9))
    for indirect in (0, 198):       # without a number to call: a panic of the real kernel
        with pytest.raises(ValueError, match="first argument"):
            ptrace.sc_remote(spin.pid, indirect)
    for number, arguments in ((442, ()), (442, (0,)), (0, (442,)), (198, (442, 0))):
        with pytest.raises(ValueError, match="without a time"):
            ptrace.sc_remote(spin.pid, number, arguments)
    with pytest.raises(ValueError, match="argument 1"):
        ptrace.sc_remote(spin.pid, 20, (0, 1 << 64))


def test_remote_system_call_at_an_entry(start: Start) -> None:
    sys = start("sys")
    ptrace.to_sce(sys.pid)
    sys.stop()
    with pytest.raises(KernelError, match="no safe place"):
        ptrace.sc_remote(sys.pid, 20)


def test_what_a_remote_exit_leaves_is_waited_for(kernel: Kernel, start: Start) -> None:
    """Consuming the stop never takes an exit away."""
    hazard(kernel, "never returns from it")
    spin = start("spin")
    with contextlib.suppress(KernelError):
        ptrace.sc_remote(spin.pid, 1, [5])
    status = wait(spin.pid)
    while not isinstance(status, Exited):
        ptrace.cont(spin.pid)
        status = wait(spin.pid)
    assert status.status == 5
