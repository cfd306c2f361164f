"""The container of a core: headers, notes, memory; whole, cut off and damaged."""

from __future__ import annotations

import gc
import gzip
import io
import pickle
import time
import tracemalloc
from contextlib import suppress
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tests.typed.corefile import Load, damaged, make, note

from bsdproc import abi, dragonfly, freebsd, netbsd
from bsdproc.typed.core import BadCore, Container, ForeignCore, Memory, NotInCore, Segment
from bsdproc.typed.core.image import SegmentFlags
from bsdproc.typed.core.notes import walk
from bsdproc.typed.core.source import Source

TARGETS = [one for one in abi.targets() if one[0] != "dragonfly"]
NOTES = [("FreeBSD", 3, b"abc"), ("NetBSD-CORE@17", 33, b"12345"), ("", 0, b"")]
LOADS = [Load(0x1000, b"abcdefgh"), Load(0x2000, b"ijkl", 0x1000, 5), Load(0x8000, b"", 0x1000)]


def opened(system: str, machine: str, many: bool = False) -> Container:
    return Container(make(system, machine, NOTES, LOADS, many=many))


@pytest.mark.parametrize("many", [False, True], ids=["few", "many"])
@pytest.mark.parametrize(("system", "machine"), TARGETS)
def test_headers_of_every_machine(system: str, machine: str, many: bool) -> None:
    container = opened(system, machine, many=many)
    image = container.image
    assert image.machine(system) == machine
    assert [(one.address, one.size, one.filesz) for one in image.segments] == [
        (0x1000, 8, 8), (0x2000, 0x1000, 4), (0x8000, 0x1000, 0)]
    assert image.segments[1].flags == SegmentFlags.PF_R | SegmentFlags.PF_X
    assert [tuple(one) for one in container.notes] == NOTES
    assert Memory(container.source, image.segments)[0x1002:0x1006] == b"cdef"


def test_machines_that_are_not_declared() -> None:
    with pytest.raises(ForeignCore, match="ELF machine 999, 64 bits, little-endian"):
        Container(make("freebsd", "amd64", NOTES, number=999)).image.machine("freebsd")
    with pytest.raises(ForeignCore, match="no machine of dragonfly's"):
        opened("freebsd", "arm64").image.machine("dragonfly")


def test_whose_it_is() -> None:
    def system(*owners: str) -> str:
        return Container(make("freebsd", "amd64", [(one, 1, b"") for one in owners])).system

    assert system("GNU", "FreeBSD") == "freebsd"
    assert system("NetBSD-CORE@3") == "netbsd"
    with pytest.raises(ForeignCore, match="only of CORE, LINUX"):
        system("LINUX", "CORE")
    with pytest.raises(ForeignCore, match="without notes"):
        system()
    with pytest.raises(ForeignCore, match="a core of netbsd, not of freebsd"):
        freebsd.core.read(make("netbsd", "amd64", [("NetBSD-CORE", 1, b"")]))
    with pytest.raises(ForeignCore, match="a core of freebsd, not of netbsd"):
        netbsd.core.read(make("freebsd", "amd64", [("FreeBSD", 1, b"")]))


# -- files ----------------------------------------------------------------------------------


def test_what_a_core_is_read_from(tmp_path: Path) -> None:
    data = make("freebsd", "amd64", NOTES, LOADS)
    plain, packed = tmp_path / "a.core", tmp_path / "a.core.gz"
    plain.write_bytes(data)
    packed.write_bytes(gzip.compress(data))
    file, compressed = io.BytesIO(data), io.BytesIO(gzip.compress(data))
    for one in (str(plain), plain, str(packed), data, bytearray(data), memoryview(data),
                gzip.compress(data), file, compressed):
        container = Container(one)
        assert [tuple(each) for each in container.notes] == NOTES
        assert Memory(container.source, container.image.segments)[0x2000:0x2004] == b"ijkl"
        container.source.close()
        container.source.close()
    assert not file.closed
    assert not compressed.closed


def test_what_it_is_not_read_from(tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError):
        Container(tmp_path / "none")
    with pytest.raises(TypeError, match="not int"):
        Container(3)  # type: ignore[arg-type]
    with pytest.raises(BadCore, match="zstd -d"):
        Container(b"\x28\xb5\x2f\xfd" + bytes(100))
    with pytest.raises(BadCore, match="no ELF file"):
        Container(b"")
    with pytest.raises(BadCore, match="its type is 2"):
        Container(make("freebsd", "amd64", NOTES, kind=2))
    short = gzip.compress(make("freebsd", "amd64", NOTES, LOADS))[:60]
    with pytest.raises(BadCore, match="damaged"):
        freebsd.core.read(short)


def test_a_path_is_closed_with_its_core(tmp_path: Path) -> None:
    """Also by the end of the object: a file left open is a warning, and so an error here."""
    path = tmp_path / "a.core"
    path.write_bytes(make("dragonfly", "x86_64", NOTES, LOADS))
    with dragonfly.core.read(path) as core:
        assert core.memory[0x1000] == ord("a")
    with pytest.raises(ValueError, match="the core was closed"):
        core.memory[0x1000]
    del core
    kept = dragonfly.core.read(path)
    assert kept.memory[0x1000]
    del kept
    for bad in (b"", path.read_bytes()[:30]):
        path.write_bytes(bad)
        with pytest.raises(BadCore):
            dragonfly.core.read(path)
    gc.collect()


# -- notes ------------------------------------------------------------------------------------


def test_notes_that_go_on_behind_the_end() -> None:
    data = note("<", "FreeBSD", 1, b"12345678")
    assert len(list(walk(data, "little"))) == 1
    for size in range(1, len(data)):
        with pytest.raises(BadCore, match=r"are left|is left"):
            list(walk(data[:size], "little"))
    assert len(list(walk(note("<", "FreeBSD", 1, b"12345")[:-3], "little"))) == 1


# -- memory -------------------------------------------------------------------------------------


def memory(zeros: bool = False) -> Memory:
    data = make("freebsd", "amd64", NOTES, [*LOADS, Load(0x3000, b"next", 0x1000)])
    container = Container(data)
    return Memory(container.source, container.image.segments, zeros=zeros)


def test_memory_by_address() -> None:
    held = memory()
    assert held[0x1000] == ord("a")
    assert held[0x1000:0x1008] == b"abcdefgh"
    assert held[0x1000:0x1000] == held[0x5000:0x5000] == b""
    assert 0x1007 in held
    assert 0x1008 not in held
    assert "a" not in held
    for address, reason in ((0, "no segment has it"), (0x1008, "no segment"),
                            (0x2004, "was not written so far"), (0x8000, "nothing was written")):
        with pytest.raises(NotInCore, match=reason) as caught:
            held[address]
        assert caught.value.address == address
        again = pickle.loads(pickle.dumps(caught.value))
        assert (again.address, str(again)) == (address, str(caught.value))
    with pytest.raises(NotInCore) as caught:
        held[0x1004:0x1010]
    assert caught.value.address == 0x1008
    with pytest.raises(ValueError, match="a start, an end and no step"):
        held[0x1000:0x1004:2]
    with pytest.raises(ValueError, match="-1 bytes at 0x1000"):
        held[0x1000:0xFFF]
    with pytest.raises(TypeError):
        held.read("a", 1)  # type: ignore[arg-type]


def test_zeros_that_a_kernel_cut_off() -> None:
    held = memory(zeros=True)
    assert held[0x2000:0x3004] == b"ijkl" + bytes(0xFFC) + b"next"
    with pytest.raises(NotInCore, match="zeros alone"):
        held[0x8000]


def test_text_in_memory() -> None:
    held = memory(zeros=True)
    assert held.read_text(0x2000) == "ijkl"
    assert held.read_text(0x2000, limit=2) == "ij"
    with pytest.raises(NotInCore):
        held.read_text(0x1004)


def test_how_much_was_written() -> None:
    held = memory()
    assert held.written(0, 1 << 64) == 16
    assert held.written(0x1002, 0x1004) == 2
    assert held.written(0x1004, 0x2002) == 6
    assert held.written(0x2002, 0x9000) == 6
    assert held.written(0x2010, 0x2020) == held.written(0x1004, 0x1004) == 0


def test_a_core_that_was_cut_off() -> None:
    """Its notes are read, and of its memory what is there."""
    data = make("dragonfly", "x86_64", NOTES, LOADS)
    core = dragonfly.core.read(data[:-9])
    assert core.memory[0x1000:0x1003] == b"abc"
    with pytest.raises(NotInCore, match="the file ends") as caught:
        core.memory[0x1000:0x1008]
    assert caught.value.address == 0x1003


def test_a_segment_beyond_the_addresses() -> None:
    with pytest.raises(BadCore, match="a segment of"):
        Container(make("netbsd", "i386", NOTES, [Load(0xFFFFF000, b"", 0x2000)]))
    Container(make("netbsd", "i386", NOTES, [Load(0xFFFFF000, b"", 0x1000)]))


@given(st.integers(0, 0x4000), st.integers(0, 0x3000), st.booleans())
def test_memory_is_whole_or_refused(address: int, size: int, zeros: bool) -> None:
    held = memory(zeros)
    with suppress(NotInCore):
        data = held.read(address, size)
        assert len(data) == size
        assert zeros or held.written(address, address + size) == size


# -- damage -------------------------------------------------------------------------------------

GOOD = make("freebsd", "amd64", NOTES, LOADS)
WIDE = make("netbsd", "mipseb", NOTES, LOADS, many=True)


@settings(max_examples=400, deadline=None)
@given(damaged(GOOD) | damaged(WIDE) | damaged(gzip.compress(GOOD)))
def test_damage_is_one_error(data: bytes) -> None:
    with suppress(BadCore):
        container = Container(data)
        held = Memory(container.source, container.image.segments)
        for one in container.image.segments:
            with suppress(NotInCore):
                held.read(one.address, min(one.size, 64))
        list(container.notes)


def test_sizes_without_measure_take_neither_time_nor_memory(pace: float) -> None:
    """Whatever the headers say, as much is read as the file has."""
    huge = bytearray(GOOD)
    huge[56:58] = b"\xfe\xff"                                # program headers
    notes = bytearray(GOOD)
    notes[64 + 32 : 64 + 40] = (1 << 62).to_bytes(8, "little")      # p_filesz of the notes
    size = bytearray(GOOD)
    for at in (64 + 56 + 32, 64 + 56 + 40):                     # p_filesz and p_memsz
        size[at : at + 8] = (1 << 62).to_bytes(8, "little")
    bomb = gzip.compress(make("freebsd", "amd64", [("FreeBSD", 1, bytes(1 << 26))]))
    before = time.perf_counter()
    tracemalloc.start()
    try:
        for data in (huge, notes, gzip.compress(notes)):
            with pytest.raises(BadCore):
                list(Container(data).notes)
        container = Container(size)
        held = Memory(container.source, container.image.segments)
        assert held.read(0x1000, 8) == b"abcdefgh"
        with pytest.raises(NotInCore, match="the file ends"):
            held.read(0x1000, 1 << 40)
        assert tracemalloc.get_traced_memory()[1] < 1 << 23
        Container(bomb)
        assert tracemalloc.get_traced_memory()[1] < 1 << 24
    finally:
        tracemalloc.stop()
    assert time.perf_counter() - before < 10 * pace


def test_offsets_behind_the_end() -> None:
    source = Source(b"abc")
    assert source.read(3, 10) == source.read(1 << 70, 10) == source.read(0, -1) == b""
    compressed = Source(gzip.compress(b"abc"))
    assert compressed.read(1 << 20, 10) == b""
    with pytest.raises(BadCore):
        compressed.read(1 << 70, 10)


def test_segments_are_values() -> None:
    one = Segment(1, 2, 3, 4, SegmentFlags(4))
    assert one.end == 3
    with pytest.raises(AttributeError):
        one.size = 3  # type: ignore[misc]
