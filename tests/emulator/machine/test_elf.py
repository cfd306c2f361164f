"""ELF programs: their headers, and what is mapped of them."""

from __future__ import annotations

import struct
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bsdproc.emulator import elf
from bsdproc.emulator.machine import EXEC, PAGE, READ, WRITE, AddressSpace, Context, Engine, Stop

from .programs import File

TRACEES = Path(__file__).resolve().parents[2] / "conformance" / "tracees" / "bin"
NOTE = struct.pack("<III8sI", 8, 4, 1, b"FreeBSD\0", 1302001)


def program(*, machine: int = 62, bits: int = 64, big: bool = False, kind: int = 2, abi: int = 9,
            loads: tuple[tuple[int, ...], ...] = ((5, 0, 0x400000, 0x200, 0x200),),
            notes: bytes = NOTE, interpreter: bytes = b"", extra: bytes = b"") -> bytes:
    """An ELF file of 0x3000 bytes; a load is flags, offset, address, size in file and memory."""
    order = ">" if big else "<"
    heads = [(1, flags, offset, address, filesz, memsz) for flags, offset, address, filesz, memsz
             in loads]
    body = bytearray(0x3000)
    if notes:
        body[0x1000 : 0x1000 + len(notes)] = notes
        heads.append((4, 4, 0x1000, 0, len(notes), len(notes)))
    if interpreter:
        body[0x1100 : 0x1100 + len(interpreter)] = interpreter
        heads.append((3, 4, 0x1100, 0, len(interpreter), len(interpreter)))
    ident = b"\x7fELF" + bytes([2 if bits == 64 else 1, 2 if big else 1, 1, abi]) + bytes(8)
    word = "Q" if bits == 64 else "I"
    ehsize, phent = (64, 56) if bits == 64 else (52, 32)
    header = ident + struct.pack(order + "HHI3" + word + "IHHHHHH", kind, machine, 1, 0x400080,
                                 ehsize, 0, 5, ehsize, phent, len(heads), 0, 0, 0)
    for type_, flags, offset, address, filesz, memsz in heads:
        if bits == 64:
            header += struct.pack(order + "II6Q", type_, flags, offset, address, 0, filesz, memsz,
                                  PAGE)
        else:
            header += struct.pack(order + "8I", type_, offset, address, 0, filesz, memsz, flags,
                                  PAGE)
    body[: len(header)] = header
    return bytes(body) + extra


def test_a_tracee() -> None:
    image = elf.parse((TRACEES / "spin").read_bytes(), "spin")
    assert (image.system, image.osrel, image.machine) == ("freebsd", 1302001, "amd64")
    assert (image.bits, image.little_endian, image.pie) == (64, True, False)
    assert image.interpreter is None
    assert [s.flags for s in image.segments] == [READ, READ | EXEC, READ | WRITE]
    assert image.phdr_address == image.segments[0].vaddr + 64
    assert image.phent == 56
    assert image.stack_flags == READ | WRITE


@pytest.mark.parametrize(
    ("machine", "bits", "big", "name"),
    [(62, 64, False, "amd64"), (3, 32, False, "i386"), (183, 64, False, "arm64"),
     (40, 32, False, "arm"), (243, 64, False, "riscv64"), (21, 64, True, "powerpc64"),
     (21, 64, False, "powerpc64le"), (20, 32, True, "powerpc"), (43, 64, True, "sparc64"),
     (8, 32, True, "mips"), (62, 32, False, "x32")],
)
def test_machines(machine: int, bits: int, big: bool, name: str) -> None:
    image = elf.parse(program(machine=machine, bits=bits, big=big, notes=b""), "p")
    assert (image.machine, image.bits, image.little_endian) == (name, bits, not big)
    assert image.system == "freebsd"
    assert image.segments[0].flags == READ | EXEC


@pytest.mark.parametrize(
    ("owner", "abi", "system", "osrel"),
    [(b"FreeBSD", 0, "freebsd", 1302001), (b"NetBSD", 0, "netbsd", 1302001),
     (b"DragonFly", 9, "dragonfly", 1302001), (b"OpenBSD", 0, "openbsd", 1302001),
     (b"Unknown", 0, None, None), (b"Unknown", 9, "freebsd", None), (b"Unknown", 3, "linux", None)],
)
def test_whose_program_it_is(owner: bytes, abi: int, system: str | None,
                             osrel: int | None) -> None:
    name = owner + b"\0"
    note = struct.pack("<III", len(name), 4, 1) + name + bytes(-len(name) % 4)
    image = elf.parse(program(abi=abi, notes=note + struct.pack("<I", 1302001)), "p")
    assert (image.system, image.osrel) == (system, osrel)


def test_feature_control_and_linux_notes() -> None:
    control = struct.pack("<III8sI", 8, 4, 4, b"FreeBSD\0", 0x21)
    assert elf.parse(program(notes=NOTE + control), "p").fctl == 0x21
    gnu = struct.pack("<III4s4I", 4, 16, 1, b"GNU\0", 0, 3, 2, 0)
    assert elf.parse(program(abi=0, notes=gnu), "p").system == "linux"


def test_an_interpreter() -> None:
    image = elf.parse(program(kind=3, interpreter=b"/libexec/ld-elf.so.1\0"), "p")
    assert (image.pie, image.interpreter) == (True, "/libexec/ld-elf.so.1")


@pytest.mark.parametrize(
    ("data", "why"),
    [
        (b"", "is no ELF file"),
        (b"#!/bin/sh\n", "is no ELF file"),
        (b"\x7fELF\2\1\1", "is truncated"),
        (program()[:63], "is truncated"),
        (program()[:100], "program headers end behind"),
        (program()[:0x1000], "is truncated: PT_NOTE"),
        (program(loads=((5, 0x2000, 0x400000, 0x2000, 0x2000),)), "is truncated: PT_LOAD"),
        (program(machine=9999), "unknown machine"),
        (program(kind=1), "is no program"),
        (program(kind=4), "is no program"),
        (program(loads=()), "no segment to load"),
        (program(loads=((5, 0, 0x400000, 0x200, 0x100),)), "segment of 256 bytes with 512"),
        (program(loads=((5, 0, (1 << 64) - PAGE, 0x200, 0x2000),)), "beyond the 64-bit"),
        (program(interpreter=b"x" * 1025), "interpreter of 1025 bytes"),
    ],
)
def test_what_is_no_program(data: bytes, why: str) -> None:
    with pytest.raises(elf.BadElf, match=why) as e:
        elf.parse(data, "some/path")
    assert "some/path" in str(e.value)


@settings(max_examples=300, deadline=None)
@given(data=st.data())
def test_damage_is_named(engine: Engine, data: st.DataObject) -> None:
    """Whatever stands in its first bytes: an image, or BadElf, and nothing else."""
    whole = bytearray(program(interpreter=b"/x\0"))
    for _ in range(data.draw(st.integers(1, 6))):
        at = data.draw(st.integers(4, 360))
        whole[at] = data.draw(st.integers(0, 255))
    end = data.draw(st.sampled_from([len(whole), 64, 200, 0x1000]))
    try:
        image = elf.parse(bytes(whole[:end]), "p")
    except elf.BadElf:
        return
    space = AddressSpace(engine=engine)
    try:
        elf.load(space, image, File(bytes(whole)))
    except elf.BadElf:
        pass
    finally:
        space.close()


def entries(space: AddressSpace, base: int) -> list[tuple[int, int, int, bool, int, bool]]:
    """Start and end in pages from a base, protection, file, offset, left out of dumps."""
    return [((e.start - base) // PAGE, (e.end - base) // PAGE, e.prot, e.backing is not None,
             e.offset, e.nocore) for e in space.entries]


@pytest.mark.parametrize(
    ("name", "data"),
    [("spin", (2, 3, 3, False, 0, False)), ("threads", (2, 9, 3, False, 0, False))],
)
def test_tracees_as_freebsd_maps_them(engine: Engine, name: str,
                                      data: tuple[int, int, int, bool, int, bool]) -> None:
    """As recorded on FreeBSD 13.2 (vm_entries_of_the_image, vm_entries_of_bss)."""
    raw = (TRACEES / name).read_bytes()
    space = AddressSpace(engine=engine)
    image = elf.parse(raw, name)
    loaded = elf.load(space, image, File(raw))
    assert entries(space, image.low) == [
        (0, 1, READ, True, 0, True), (1, 2, READ | EXEC, True, PAGE, True), data]
    assert loaded.end_of_bss == image.high == space.entries[-1].end
    for segment in image.segments:
        assert space.read(segment.vaddr, segment.memsz) == raw[
            segment.offset : segment.offset + segment.filesz].ljust(segment.memsz, b"\0")
    space.close()


def test_segments_of_every_shape(engine: Engine) -> None:
    """Whole file pages, a file's last page, data with bss in its page and behind, bss alone."""
    raw = bytearray(program(loads=(
        (5, 0, 0x400000, 0x1800, 0x1800),
        (6, 0x1800, 0x402800, 0x900, 0x2000),
        (4, 0x2200, 0x406200, 0, 0x10))))
    raw[0x1800:0x2100] = b"d" * 0x900
    space = AddressSpace(engine=engine)
    image = elf.parse(bytes(raw), "p")
    loaded = elf.load(space, image, File(bytes(raw)))
    assert entries(space, 0x400000) == [
        (0, 2, READ | EXEC, True, 0, True),
        (2, 3, READ | WRITE, True, PAGE, False),
        (3, 5, READ | WRITE, False, 0, False),
        (6, 7, READ, False, 0, False)]
    assert space.read(0x402800, 0x2000) == b"d" * 0x900 + bytes(0x1700)
    assert (loaded.entry, loaded.phdr, loaded.base) == (0x400080, 0x400040, 0)
    assert (loaded.text, loaded.data) == ((0x400000, 0x2000), (0x402000, 0x3000))
    space.close()


def test_a_position_independent_program_runs_where_it_is_put(engine: Engine) -> None:
    raw = bytearray(program(kind=3, loads=((5, 0, 0, 0x1000, 0x1000), (6, 0x2000, 0x2000, 8, 8))))
    raw[0x200:0x20D] = bytes.fromhex("488d05" "f91d0000" "ff00" "0f05" "9090")
    raw[24:32] = struct.pack("<Q", 0x200)
    space = AddressSpace(engine=engine)
    base = 0x100000000
    loaded = elf.load(space, elf.parse(bytes(raw), "p"), File(bytes(raw)), base)
    context = Context()
    context.set("rip", loaded.entry)
    assert space.cpu.run(context, 10) is Stop.SYSCALL
    assert context.get("rax") == base + 0x2000
    assert space.read(base + 0x2000, 1) == b"\x01"
    assert loaded.phdr == base + 64
    space.close()


@pytest.mark.parametrize("load", [(5, 0, 0, 0x200, 0x200), (5, 0, 0x7FFFFFFFF000, 0x200, 0x2000),
                                  (5, 0, 0xFFFF800000000000, 0x200, 0x200),
                                  (5, 0x10, 0x400020, 0x200, 0x200)])
def test_places_that_are_no_users(engine: Engine, load: tuple[int, ...]) -> None:
    raw = program(loads=(load,))
    space = AddressSpace(engine=engine)
    with pytest.raises(elf.BadElf, match=r"no user memory|does not fit"):
        elf.load(space, elf.parse(raw, "p"), File(raw))
    space.close()
