"""The interpreter that a dynamically linked program names: imgact_elf.c, exec_elf.c."""

from __future__ import annotations

import runpy
import struct
from pathlib import Path

import pytest

from bsdproc import dragonfly, emulator, freebsd, netbsd
from bsdproc.kernel import KernelError

from .conftest import LINKERS, ROOTS, Make, World

SYSTEMS = tuple(LINKERS)
FATAL = ("freebsd", "dragonfly")
"""The old program is gone when the interpreter is looked for."""
SIGABRT = 6
O_RDONLY, O_WRONLY = 0, 1
MAXDSIZ = 32 << 30
PT_INTERP, AT_EXECPATH = 3, 15
KTRACE, NAMEI, KTR_HEADER = 45, 3, 56
TRACEES = Path(__file__).resolve().parents[2] / "conformance" / "tracees" / "bin"


def refused(world: World, path: str = "/bin/hello") -> str:
    """The errno with which executing a program fails, and what became of the process."""
    try:
        pid = world.kernel.spawn(path, [path])
    except KernelError as error:
        return error.name
    assert world.kernel.wait4(pid).status == SIGABRT
    assert "SIGABRT ends the process" in world.kernel.log[-1]
    return world.kernel.log[-1].split(": ")[1]


def segments(data: bytes | bytearray) -> list[int]:
    """Where its program headers are."""
    (at,), (count,) = struct.unpack_from("<Q", data, 32), struct.unpack_from("<H", data, 56)
    return list(range(at, at + 56 * count, 56))


@pytest.mark.parametrize("system", SYSTEMS)
@pytest.mark.parametrize("program", ["hello", "fixed"])
def test_it_is_started_in_the_programs_place(make: Make, system: str, program: str) -> None:
    """It looks at AT_BASE, AT_PHDR, AT_PHNUM and AT_ENTRY itself (101 to 104)."""
    world = make(system)
    pid = world.kernel.spawn(f"/bin/{program}", [program])
    assert world.kernel.wait4(pid).status == 0
    assert b"parent: the child exited with 3" in world.out.getvalue()
    file = (ROOTS / system / "bin" / program).read_bytes()
    told = world.told()
    assert told.entry - told.program == struct.unpack_from("<Q", file, 24)[0]
    assert (told.program == 0) == (program == "fixed")


@pytest.mark.parametrize("system", SYSTEMS)
def test_it_has_the_first_instruction(make: Make, system: str) -> None:
    world = make(system)
    ptrace = {"freebsd": freebsd.ptrace, "netbsd": netbsd.ptrace,
              "dragonfly": dragonfly.ptrace}[system]
    pid = world.kernel.spawn("/bin/hello", ["hello"], traced=True)
    world.kernel.wait4(pid)
    pc = ptrace.getregs(pid, kernel=world.kernel).pc
    ptrace.cont(pid, kernel=world.kernel)
    while world.kernel.wait4(pid).status & 0x7F == 0x7F:
        ptrace.cont(pid, signal=30, kernel=world.kernel)
    file = (ROOTS / system / LINKERS[system][1:]).read_bytes()
    assert pc - world.told().linker == struct.unpack_from("<Q", file, 24)[0]


# -- where it lies ---------------------------------------------------------------------
def aslr(world: World, on: int) -> None:
    for name in ("enable", "pie_enable"):
        world.kernel.sysctl(f"kern.elf64.aslr.{name}", new=struct.pack("<i", on))


@pytest.mark.parametrize(("program", "lies", "data"), [
    ("hello", 0x1021000, 0x1024000), ("fixed", 0, 0x202000)])
def test_on_freebsd_behind_the_data_and_all_that_they_may_grow(
        make: Make, program: str, lies: int, data: int) -> None:
    world = make("freebsd")
    aslr(world, 0)
    pid = world.kernel.spawn(f"/bin/{program}", [program])
    assert world.kernel.wait4(pid).status == 0
    assert world.told()[:2] == (data + MAXDSIZ, lies)


@pytest.mark.parametrize("program", ["hello", "fixed"])
def test_on_freebsd_at_random(make: Make, program: str) -> None:
    world, seen = make("freebsd"), set()
    for _ in range(4):
        pid = world.kernel.spawn(f"/bin/{program}", [program])
        assert world.kernel.wait4(pid).status == 0
        told = world.told()
        assert told.program + MAXDSIZ < told.linker < 0x7FFFFFFFE000
        assert not told.linker % 4096
        seen.add(told.linker)
    assert len(seen) == 4


@pytest.mark.parametrize(("program", "lies", "data"), [
    ("hello", 0x1021000, 0x1024000), ("fixed", 0, 0x202000)])
def test_on_dragonfly_behind_the_data(make: Make, program: str, lies: int, data: int) -> None:
    world = make("dragonfly")
    pid = world.kernel.spawn(f"/bin/{program}", [program])
    assert world.kernel.wait4(pid).status == 0
    assert world.told()[:2] == (data + MAXDSIZ, lies)


def test_on_netbsd_where_mappings_grow_down_from(make: Make) -> None:
    world = make("netbsd")
    pid = world.kernel.spawn("/bin/fixed", ["fixed"])
    assert world.kernel.wait4(pid).status == 0
    assert world.told().linker == 0x7F8000000000 - (128 << 20) - 0x3000


def test_on_netbsd_a_hole_in_it_is_nobodys(make: Make) -> None:
    """The last segment a page further: what lies between is mapped, for no access."""
    world = make("netbsd")
    data = bytearray((ROOTS / "netbsd" / LINKERS["netbsd"][1:]).read_bytes())
    last = [at for at in segments(data) if struct.unpack_from("<I", data, at)[0] == 1][-1]
    (address,) = struct.unpack_from("<Q", data, last + 16)
    struct.pack_into("<Q", data, last + 16, address + 0x2000)
    world.kernel.install(LINKERS["netbsd"], bytes(data))
    pid = world.kernel.spawn("/bin/fixed", ["fixed"], traced=True)
    world.kernel.wait4(pid)
    base = 0x7F8000000000 - (128 << 20) - 0x5000
    found = [(entry.start - base, entry.protection.value)
             for entry in netbsd.kinfo.vmmap(pid, kernel=world.kernel)
             if base <= entry.start < base + 0x5000]
    assert found == [(0, 1), (0x1000, 5), (0x2000, 0), (0x4000, 3)]


def test_the_map_has_both(make: Make) -> None:
    world = make("freebsd")
    pid = world.kernel.spawn("/bin/hello", ["hello"], traced=True)
    world.kernel.wait4(pid)
    base = {int(entry.type): entry.value
            for entry in freebsd.kinfo.auxv(pid, kernel=world.kernel)}[7]
    entries = freebsd.kinfo.vmmap(pid, kernel=world.kernel)
    assert [entry.path for entry in entries if entry.path] == [
        "/bin/hello", "/bin/hello", LINKERS["freebsd"], LINKERS["freebsd"]]
    assert next(entry.start for entry in entries if entry.path == LINKERS["freebsd"]) == base
    listed = freebsd.procfs.map(pid, kernel=world.kernel)
    assert {entry.path for entry in listed} >= {"/bin/hello", LINKERS["freebsd"]}
    assert freebsd.kinfo.pathname(pid, kernel=world.kernel) == "/bin/hello"


@pytest.mark.parametrize(("path", "told"), [
    ("./hello", "/bin/hello"), ("../bin/../bin/hello", "/bin/hello"),
    ("//bin/hello", "//bin/hello"), ("../usr/link", "/bin/hello"), ("/usr/link", "/usr/link"),
    ("script", "/bin/hello")])
def test_what_the_program_is_told_of_its_path(
        make: Make, tmp_path: Path, path: str, told: str) -> None:
    """AT_EXECPATH on FreeBSD: a whole path as it was given, another one without detours."""
    world = make("freebsd")
    (tmp_path / "link").symlink_to("../bin/hello")
    world.kernel.install_tree("/usr", tmp_path)
    world.kernel.install("/bin/script", b"#!../bin/./hello\n")
    pid = world.kernel.spawn(path, [path], traced=True, cwd="/bin")
    world.kernel.wait4(pid)
    at = next(entry.value for entry in freebsd.kinfo.auxv(pid, kernel=world.kernel)
              if entry.type == AT_EXECPATH)
    found = freebsd.ptrace.read(pid, at, len(told) + 1, kernel=world.kernel)
    assert found == told.encode() + b"\0"


# -- when it is of no use --------------------------------------------------------------
@pytest.mark.parametrize("system", SYSTEMS)
def test_its_file_is_not_there(make: Make, system: str) -> None:
    world = make(system, rooted=False)
    world.kernel.install("/bin/hello", ROOTS / system / "bin/hello")
    assert refused(world) == "ENOENT"
    assert f"{LINKERS[system]}, its interpreter, is not there" in world.kernel.log[-1]
    assert ("SIGABRT" in world.kernel.log[-1]) == (system in FATAL)
    with pytest.raises(ChildProcessError):
        world.kernel.wait4(-1)


@pytest.mark.parametrize("system", SYSTEMS)
def test_its_file_may_not_be_executed(make: Make, system: str) -> None:
    world = make(system)
    world.kernel.chmod(LINKERS[system], 0o644)
    assert refused(world) == "EACCES"
    world.kernel.unlink(LINKERS[system])
    world.kernel.mkdir(LINKERS[system])
    assert refused(world) == "EACCES"


@pytest.mark.parametrize("system", SYSTEMS)
def test_its_file_is_being_written(make: Make, system: str) -> None:
    world = make(system)
    fd = world.kernel.open(LINKERS[system], O_WRONLY)
    assert refused(world) == "ETXTBSY"
    world.kernel.close(fd)
    pid = world.kernel.spawn("/bin/hello", ["hello"], traced=True)
    world.kernel.wait4(pid)
    with pytest.raises(KernelError) as busy:
        world.kernel.open(LINKERS[system], O_WRONLY)
    assert busy.value.name == "ETXTBSY"
    world.kernel.close(world.kernel.open(LINKERS[system], O_RDONLY))


@pytest.mark.parametrize("system", SYSTEMS)
@pytest.mark.parametrize("data", [b"#!/bin/hello\n", b"\x7fELF" + bytes(60)],
                         ids=["a script", "no ELF file"])
def test_it_is_no_program(make: Make, system: str, data: bytes) -> None:
    world = make(system)
    world.kernel.install(LINKERS[system], data)
    assert refused(world) == "ENOEXEC"


def test_it_wants_the_programs_place(make: Make) -> None:
    world = make("freebsd")
    world.kernel.install(LINKERS["freebsd"], ROOTS / "freebsd/bin/fixed")
    assert refused(world, "/bin/fixed") == "ENOEXEC"
    assert "where the program is" in world.kernel.log[-1]


@pytest.mark.parametrize("system", SYSTEMS)
def test_a_program_that_names_two(make: Make, system: str) -> None:
    """NetBSD takes the first; for the others it is no program, which they see in time."""
    world = make(system)
    data = bytearray((ROOTS / system / "bin/hello").read_bytes())
    heads = segments(data)
    first = next(at for at in heads if struct.unpack_from("<I", data, at)[0] == PT_INTERP)
    note = next(at for at in heads if struct.unpack_from("<I", data, at)[0] == 0x6474E551)
    data[note : note + 56] = data[first : first + 56]
    world.kernel.install("/bin/twice", bytes(data))
    if system == "netbsd":
        pid = world.kernel.spawn("/bin/twice", ["twice"])
        assert world.kernel.wait4(pid).status == 104 << 8, "it has looked, and seen both"
        return
    with pytest.raises(KernelError, match="several interpreters") as caught:
        world.kernel.spawn("/bin/twice", ["twice"])
    assert caught.value.name == "ENOEXEC"


def test_a_name_without_an_end(make: Make) -> None:
    world = make("freebsd")
    data = (ROOTS / "freebsd/bin/hello").read_bytes()
    path = LINKERS["freebsd"].encode()
    world.kernel.install("/bin/hello", data.replace(path + b"\0", path + b"2"))
    with pytest.raises(KernelError, match="without an end") as caught:
        world.kernel.spawn("/bin/hello", ["hello"])
    assert caught.value.name == "ENOEXEC"


@pytest.mark.parametrize(("system", "known"), [
    ("freebsd", True), ("netbsd", False), ("dragonfly", True)])
def test_a_program_without_a_mark_is_known_by_it(make: Make, system: str, known: bool) -> None:
    world = make(system)
    data = bytearray((ROOTS / system / "bin/hello").read_bytes())
    data[7] = 0
    for at in segments(data):
        if struct.unpack_from("<I", data, at)[0] == 4:
            (offset,) = struct.unpack_from("<Q", data, at + 8)
            data[offset + 12 : offset + 16] = b"None"
    world.kernel.install("/bin/hello", bytes(data))
    if known:
        pid = world.kernel.spawn("/bin/hello", ["hello"])
        assert world.kernel.wait4(pid).status == 0
    else:
        assert refused(world) == "ENOEXEC"


# -- i386's ----------------------------------------------------------------------------
TEXT = 0x401000
EXIT = b"\x68%b\x6a\x00\xb8\x01\x00\x00\x00\xcd\x80"
"""push status; push 0; mov $1, %eax; int $0x80."""


def narrow(status: int, interpreter: bytes = b"", kind: int = 2) -> bytes:
    """A program for i386 that exits."""
    code = EXIT % status.to_bytes(4, "little")
    note = struct.pack("<III8sI", 8, 4, 1, b"FreeBSD\0", 1302001)
    base = TEXT if kind == 2 else 0
    heads = [(1, 0x1000, base, len(code), len(code), 5, 0x1000),
             (4, 0x200, 0, len(note), len(note), 4, 4),
             (0x6474E551, 0, 0, 0, 0, 6, 16)]
    if interpreter:
        heads.insert(0, (PT_INTERP, 0x300, 0, len(interpreter), len(interpreter), 4, 1))
    image = bytearray(0x1000)
    struct.pack_into("<16sHHIIIIIHHHHHH", image, 0, b"\x7fELF\x01\x01\x01\x09", kind, 3, 1, base,
                     52, 0, 0, 52, 32, len(heads), 40, 0, 0)
    for i, (what, offset, address, size, memory, flags, align) in enumerate(heads):
        struct.pack_into("<IIIIIIII", image, 52 + 32 * i, what, offset, address, 0, size, memory,
                         flags, align)
    image[0x200 : 0x200 + len(note)] = note
    image[0x300 : 0x300 + len(interpreter)] = interpreter
    return bytes(image) + code


def test_that_of_i386_has_a_name_of_its_own(make: Make) -> None:
    world = make("freebsd", rooted=False)

    def status() -> int:
        return world.kernel.wait4(world.kernel.spawn("/bin/narrow", ["narrow"])).status

    world.kernel.install("/bin/narrow", narrow(1, b"/libexec/ld-elf.so.1\0"))
    world.kernel.install("/libexec/ld-elf.so.1", ROOTS / "freebsd/libexec/ld-elf.so.1")
    assert status() == SIGABRT
    assert "/libexec/ld-elf.so.1, its interpreter, cannot be executed" in world.kernel.log[-1]
    assert "it is for amd64" in world.kernel.log[-1]
    world.kernel.install("/libexec/ld-elf.so.1", narrow(2, kind=3))
    assert status() == 2 << 8, "when the other is not there"
    world.kernel.install("/libexec/ld-elf32.so.1", narrow(3, kind=3))
    assert status() == 3 << 8
    world.kernel.install("/bin/narrow", narrow(1, b"/libexec/other\0"))
    world.kernel.install("/libexec/other", narrow(4, kind=3))
    assert status() == 4 << 8


@pytest.mark.toolchain
def test_what_lies_in_the_roots_is_made_of_its_sources(tmp_path: Path) -> None:
    build_root = runpy.run_path(str(ROOTS / "build.py"))["build_root"]
    for system in SYSTEMS:
        build_root(system, tmp_path / system)
        for file in (tmp_path / system).rglob("*"):
            if file.is_file():
                shipped = ROOTS / system / file.relative_to(tmp_path / system)
                assert file.read_bytes() == shipped.read_bytes(), shipped


def test_a_trace_names_what_an_execve_looks_for(make: Make) -> None:
    """ktrace(2): a script, its interpreter, and that one's."""
    kernel = make("freebsd").kernel
    assert isinstance(kernel, emulator.FreeBSD)
    kernel.install("/bin/script", b"#!/bin/hello\n")
    kernel.install("/bin/execer", TRACEES / "execer")
    kernel.install("/tmp/trace", b"", 0o600)
    pid = kernel.spawn("/bin/execer", ["execer", "/bin/script"], traced=True)
    kernel.wait4(pid)
    room = freebsd.ptrace.getregs(pid, kernel=kernel).sp - 4096
    freebsd.ptrace.write(pid, room, b"/tmp/trace\0", kernel=kernel)
    freebsd.ptrace.sc_remote(pid, KTRACE, (room, 0, 1 << NAMEI, pid), kernel=kernel)
    freebsd.ptrace.cont(pid, kernel=kernel)
    assert kernel.wait4(pid).status == 5 << 8 | 0x7F
    data, at, names = kernel.read_file("/tmp/trace"), 0, []
    while at < len(data):
        size, kind = struct.unpack_from("<ih", data, at)
        at += KTR_HEADER + size
        if kind == NAMEI:
            names.append(data[at - size : at])
    assert names == [b"/bin/script", b"/bin/hello", LINKERS["freebsd"].encode()]
