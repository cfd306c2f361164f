"""Core dumps, read back as a debugger reads them."""

from __future__ import annotations

import gzip
import io
import struct
from collections.abc import Iterator

import pytest
from elftools.elf.elffile import ELFFile

from bsdproc.emulator.bsd import limits
from bsdproc.emulator.bsd.state import P2, P
from bsdproc.emulator.freebsd import coredump

from .programs import DATA, TEXT, Running, Start

PT_COREDUMP = 29
PC_COMPRESS, PC_ALL = 1, 2
EFAULT = 14
SIGSEGV, SIGTERM = 11, 15
WCOREFLAG = 0x80
O_RDWR_CREAT = 0x602


def dump(p: Running, flags: int = 0, limit: int = 0) -> bytes:
    kernel = p.kernel
    fd = kernel.open("/tmp/core", O_RDWR_CREAT, 0o600)
    p.request(PT_COREDUMP, kernel.buffer(struct.pack("<iIq", fd, flags, limit)), 16)
    kernel.close(fd)
    p.wait()
    return contents(p, "/tmp/core")


def contents(p: Running, path: str) -> bytes:
    fd = p.kernel.open(path, 0)
    data = p.kernel.pread(fd, 1 << 28, 0)
    p.kernel.close(fd)
    return data


def loads(core: bytes) -> dict[int, tuple[int, bytes]]:
    """Address: rights and contents."""
    file = ELFFile(io.BytesIO(core))
    assert file.header.e_type == "ET_CORE"
    assert file.header.e_machine == "EM_X86_64"
    assert file.header.e_ident["EI_OSABI"] == "ELFOSABI_FREEBSD"
    return {s.header.p_vaddr: (s.header.p_flags, s.data()) for s in file.iter_segments()
            if s.header.p_type == "PT_LOAD"}


def notes(core: bytes) -> Iterator[tuple[int, bytes]]:
    data = next(s.data() for s in ELFFile(io.BytesIO(core)).iter_segments()
                if s.header.p_type == "PT_NOTE")
    at = 0
    while at < len(data):
        namesz, size, kind = struct.unpack_from("<III", data, at)
        assert data[at + 12:at + 12 + namesz] == b"FreeBSD\0"
        at += 12 + (namesz + 3 & ~3)
        yield kind, data[at:at + size]
        at += size + 3 & ~3
    assert at == len(data)


MMAP = "4983c8ff" "b8dd010000" "0f05"
"""With -1 as the descriptor."""
# mmap(0x30000000 .., 4096, RW, ANON|PRIVATE|FIXED [|NOCORE]) three times; write to the first two
MAPPINGS = (
    "bf00000030" "be00100000" "ba03000000" "41ba12100000" + MMAP +
    "bf00001030" "be00100000" "ba03000000" "41ba12100200" + MMAP +
    "bf00002030" "be00100000" "ba03000000" "41ba12100000" + MMAP +
    "c6042500000030aa" "c6042500001030bb" "cc")


def test_memory(start: Start) -> None:
    """Data, stack, mappings that somebody touched and the shared page; neither
    text nor what asked to be left out."""
    p = start(MAPPINGS, b"initial")
    assert p.stops() == 5
    found = loads(dump(p))
    assert list(found) == sorted(found)
    assert TEXT not in found
    assert found[DATA][0] == 6
    assert found[DATA][1].startswith(b"initial\0")
    assert found[0x30000000] == (6, b"\xaa".ljust(4096, b"\0"))
    assert 0x30100000 not in found, "MAP_NOCORE"
    assert 0x30200000 not in found, "nothing in it"
    rsp = p.regs()["rsp"]
    low = next(a for a, (_, data) in found.items() if a <= rsp < a + len(data))
    assert found[low][1][rsp - low:][:64] == p.read(rsp, 64)
    assert found[0x7FFFFFFFF000][0] == 5
    everything = loads(dump(p, PC_ALL))
    assert set(everything) == {*found, TEXT, 0x30100000}
    assert everything[TEXT][0] == 5
    assert everything[TEXT][1][:4] == bytes.fromhex(MAPPINGS[:8])


def test_registers_and_threads(start: Start) -> None:
    """The thread that dumps comes first, each with all its notes."""
    # thr_new(DATA, 104) with entry THREAD and a stack of its own; int3
    thread = TEXT + 0x40
    code = bytes.fromhex("b8c7010000" "bf00204000" "be68000000" "0f05" "cc" "ebfe").ljust(0x40)
    code += bytes.fromhex("cc" "ebfe")
    param = struct.pack("<QQQQQQQQi4xQ24x", thread, 5, DATA + 0x1000, 0x800, 0, 0, 0, 0, 0, 0)
    p = start(code, param)
    assert p.stops() == 5
    pcs = {p.regs()["rip"]: p.regs()["rdi"]}
    if thread + 1 not in pcs:
        assert p.stops() == 5
        pcs[p.regs()["rip"]] = p.regs()["rdi"]
    assert pcs[thread + 1] == 5
    core = dump(p)
    status = [d for kind, d in notes(core) if kind == 1]
    assert len(status) == 2
    assert status[0][48:] == bytes(p.regs().data)
    tids = [struct.unpack_from("<i", d, 40)[0] for d in status]
    assert set(tids) == {t.tid for t in p.proc.threads}
    kinds = [kind for kind, _ in notes(core)]
    each = [1, 2, 7, 17, 0x200, 0x202]
    assert kinds == [3, *each, *each, *range(8, 17)]


def test_process_notes(start: Start) -> None:
    p = start("cc", argv=("program", "with", "arguments"))
    p.stops()
    found = dict(notes(dump(p)))
    version, size, name, arguments, pid = coredump.ELF64.prpsinfo.unpack(found[3])
    assert (version, size, pid) == (1, 120, p.pid)
    assert name.rstrip(b"\0") == b"program1"
    assert arguments.rstrip(b"\0") == b"program with arguments"
    sizes = {kind: struct.unpack_from("<i", found[kind])[0] for kind in range(8, 17)}
    assert sizes == {8: 1088, 9: 1392, 10: 1160, 11: 4, 12: 2, 13: 240, 14: 4, 15: 8, 16: 16}
    assert len(found[8]) == 4 + 1088
    assert struct.unpack_from("<i", found[8], 4 + 72) == (p.pid,)
    assert found[12][4:] == struct.pack("<H", 0o022)
    assert found[14][4:] == struct.pack("<i", 1302001)
    assert found[15][4:] == struct.pack("<Q", p.proc.ps_strings)
    assert found[16][4:] == p.proc.auxv
    assert struct.unpack_from("<qq", found[13], 4 + 16 * limits.STACK) == (512 << 20, 512 << 20)
    first = struct.unpack_from("<iiQQ", found[10], 4)
    assert first[2:] == (TEXT, TEXT + 0x1000)
    assert b"/bin/program1\0" in found[10]
    xstate = found[0x202]
    assert len(xstate) == 576
    assert struct.unpack_from("<Q", xstate, 464) == (3,)


def test_a_compressed_dump(start: Start) -> None:
    p = start("cc")
    p.stops()
    plain = dump(p)
    small = dump(p, PC_COMPRESS)
    assert len(small) < len(plain) // 4
    assert loads(gzip.decompress(small)) == loads(plain)


def test_a_limit_is_looked_at_before_anything_is_written(start: Start) -> None:
    p = start("cc")
    p.stops()
    size = len(dump(p))
    with pytest.raises(OSError) as refused:
        dump(p, limit=size)
    assert refused.value.errno == EFAULT
    p.wait()
    assert contents(p, "/tmp/core") == b""
    assert len(dump(p, limit=size + 1)) == size


def crashing(start: Start) -> Running:
    """A program that reads from nowhere and may leave a core file."""
    p = start("a1efbe000000000000")
    p.proc.rlimits[limits.CORE] = (limits.INFINITY, limits.INFINITY)
    return p


def test_a_fatal_signal_leaves_a_core_file(start: Start) -> None:
    p = crashing(start)
    assert p.stops() == SIGSEGV
    tid, registers = p.thread.tid, p.regs()
    status = p.go(SIGSEGV)
    assert status == SIGSEGV | WCOREFLAG
    core = contents(p, "/program1.core")
    assert p.kernel.lstat("/program1.core").mode & 0o777 == 0o600
    found = dict(notes(core))
    assert struct.unpack_from("<ii", found[1], 36) == (SIGSEGV, tid)
    assert found[1][48:] == bytes(registers.data)
    tid_, event, flags = struct.unpack_from("<iii", found[17], 4)
    assert (tid_, event, flags) == (tid, 1, 0x20)
    signo, code = struct.unpack_from("<i4xi", found[17], 4 + 48)
    assert (signo, code) == (SIGSEGV, 1)


def test_signals_that_leave_none(start: Start) -> None:
    p = crashing(start)
    assert p.go(SIGTERM) == SIGTERM
    with pytest.raises(FileNotFoundError):
        p.kernel.lstat("/program1.core")


@pytest.mark.parametrize("why", ["limit", "small limit", "sugid", "notrace", "off", "symlink"])
def test_processes_that_leave_none(start: Start, why: str) -> None:
    p = crashing(start)
    p.stops()
    system = p.kernel._system
    if why == "limit":
        p.proc.rlimits[limits.CORE] = (0, limits.INFINITY)
    elif why == "small limit":
        p.proc.rlimits[limits.CORE] = (4096, limits.INFINITY)
    elif why == "sugid":
        p.proc.flag |= P.SUGID
    elif why == "notrace":
        p.proc.flag2 |= P2.NOTRACE
    elif why == "off":
        system.settings["kern.coredump"] = 0
    else:
        system.vfs.symlink("/etc/passwd", "/program1.core")
    assert p.go(SIGSEGV) == SIGSEGV
    if why == "small limit":
        assert contents(p, "/program1.core") == b"", "made before the limit is looked at"
    elif why != "symlink":
        with pytest.raises(FileNotFoundError):
            p.kernel.lstat("/program1.core")


def test_the_name_of_a_core_file(start: Start) -> None:
    p = crashing(start)
    system = p.kernel._system
    system.settings["kern.corefile"] = "/tmp/%N.%P.%U.%S.%%"
    p.stops()
    assert p.go(SIGSEGV) & WCOREFLAG
    assert loads(contents(p, f"/tmp/program1.{p.pid}.0.11.%"))


def test_a_compressed_core_file(start: Start) -> None:
    p = crashing(start)
    p.kernel._system.settings["kern.compress_user_cores"] = 1
    p.stops()
    assert p.go(SIGSEGV) & WCOREFLAG
    assert loads(gzip.decompress(contents(p, "/program1.core.gz")))


def test_a_core_file_replaces_an_older_one(start: Start) -> None:
    p = crashing(start)
    p.kernel.install("/program1.core", b"x" * 1_000_000, 0o600)
    p.stops()
    assert p.go(SIGSEGV) & WCOREFLAG
    assert loads(contents(p, "/program1.core"))
    assert p.kernel.lstat("/program1.core").size < 1_000_000


def test_very_many_segments() -> None:
    """From 65535 program headers on, their number stands in a section header."""
    elf = coredump.ELF64
    fields = elf.header.unpack(coredump.elf_header(elf, 0xFFFF))
    assert fields[-4] == 0xFFFF
    assert fields[-2] == 1
    assert fields[11] == 64 + 56 * 0xFFFF
    assert elf.header.unpack(coredump.elf_header(elf, 3))[-4:] == (3, 64, 0, 0)
