"""What a new program finds on its stack and in its map."""

from __future__ import annotations

import struct

import pytest

from bsdproc.emulator.bsd.state import P2
from bsdproc.emulator.freebsd.amd64 import stack, vdso
from bsdproc.emulator.freebsd.amd64.abi import ELF64

from .programs import TEXT, Running, Start

PT_VM_ENTRY = 41
ENTRY = struct.Struct("<iiQQQIIqI4xQ")


def vector(p: Running) -> tuple[list[bytes], list[bytes], dict[int, int]]:
    """argv, environment and auxiliary vector, read as a C library would."""
    at = p.regs()["rdi"]
    argc = p.word(at)

    def strings(at: int) -> tuple[list[bytes], int]:
        found = []
        while pointer := p.word(at):
            found.append(p.read(pointer, 256).split(b"\0")[0])
            at += 8
        return found, at + 8

    argv, at = strings(at + 8)
    assert len(argv) == argc
    env, at = strings(at)
    auxv = {}
    while True:
        kind, value = struct.unpack("<QQ", p.read(at, 16))
        assert kind not in auxv
        auxv[kind] = value
        at += 16
        if kind == stack.AT_NULL:
            return argv, env, auxv


def test_arguments_and_environment(start: Start) -> None:
    p = start("ebfe", argv=("one", "", "three"), env={"A": "1", "LONG": "x" * 100})
    argv, env, auxv = vector(p)
    assert argv == [b"one", b"", b"three"]
    assert env == [b"A=1", b"LONG=" + b"x" * 100]
    assert auxv[stack.AT_ARGC] == 3
    assert auxv[stack.AT_ENVC] == 2
    assert p.word(auxv[stack.AT_ARGV] - 8) == 3
    ps = stack.PS_STRINGS[64].unpack(p.read(auxv[stack.AT_PS_STRINGS], 32))
    assert ps == (auxv[stack.AT_ARGV], 3, auxv[stack.AT_ENVV], 2)
    assert p.proc.ps_strings == auxv[stack.AT_PS_STRINGS]


def test_auxiliary_vector(start: Start) -> None:
    p = start("ebfe")
    _, _, auxv = vector(p)
    assert {k: auxv[k] for k in (stack.AT_ENTRY, stack.AT_PHENT, stack.AT_PHNUM, stack.AT_PAGESZ,
                                 stack.AT_BASE, stack.AT_FLAGS, stack.AT_OSRELDATE,
                                 stack.AT_CANARYLEN, stack.AT_STACKPROT, stack.AT_BSDFLAGS)} == {
        stack.AT_ENTRY: TEXT, stack.AT_PHENT: 56, stack.AT_PHNUM: 4, stack.AT_PAGESZ: 4096,
        stack.AT_BASE: 0, stack.AT_FLAGS: 0, stack.AT_OSRELDATE: 1302001,
        stack.AT_CANARYLEN: 64, stack.AT_STACKPROT: 3, stack.AT_BSDFLAGS: 1}
    assert p.read(auxv[stack.AT_EXECPATH], 32).split(b"\0")[0] == b"/bin/program1"
    assert any(p.read(auxv[stack.AT_CANARY], 64))
    sizes = struct.unpack("<3Q", p.read(auxv[stack.AT_PAGESIZES], auxv[stack.AT_PAGESIZESLEN]))
    assert sizes[0] == 4096
    assert struct.unpack("<III", p.read(auxv[stack.AT_TIMEKEEP], 12)) == (1, 0, 0)
    assert auxv[stack.AT_USRSTACKLIM] == 512 << 20
    top = auxv[stack.AT_USRSTACKBASE]
    assert top - 4096 < auxv[stack.AT_PS_STRINGS] + 32 <= top
    assert p.proc.auxv == b"".join(struct.pack("<QQ", k, v) for k, v in auxv.items())


def test_the_places_without_randomness(start: Start) -> None:
    """kern.elf64.aslr.enable=0: the stack ends at the shared page."""
    p = start("ebfe")
    p.kernel._system.settings["kern.elf64.aslr.enable"] = 0
    q = start("ebfe")
    _, _, auxv = vector(q)
    assert auxv[stack.AT_PS_STRINGS] == 0x7FFFFFFFEFE0
    assert auxv[stack.AT_USRSTACKBASE] == vdso.USRSTACK == 0x7FFFFFFFF000
    assert q.proc.stack_base == vdso.USRSTACK - (512 << 20)
    assert vector(p)[2][stack.AT_USRSTACKBASE] < 0x7000_0000_0000


def test_randomness_is_refused_by_procctl(start: Start) -> None:
    p = start("ebfe")
    p.kernel._proc.flag2 |= P2.ASLR_DISABLE
    q = start("ebfe")
    assert vector(q)[2][stack.AT_USRSTACKBASE] == vdso.USRSTACK
    assert vector(p)[2][stack.AT_USRSTACKBASE] != vdso.USRSTACK


def test_two_programs_have_their_own_places(start: Start) -> None:
    a, b = start("ebfe"), start("ebfe")
    assert a.proc.stack_base != b.proc.stack_base
    assert vector(a)[2][stack.AT_CANARY] != vector(b)[2][stack.AT_CANARY]


def test_a_stack_with_every_right(start: Start) -> None:
    """As PT_GNU_STACK asks: code on the stack runs."""
    p = start("ffe4", stack_flags=7)             # jmp *%rsp
    rsp = p.regs()["rsp"]
    p.write(rsp, b"\xcc")
    assert p.stops() == 5
    assert vector(start("ebfe", stack_flags=7))[2][stack.AT_STACKPROT] == 7


def test_a_stack_without_the_right_to_execute(start: Start) -> None:
    p = start("ffe4")
    assert p.stops() == 11
    assert p.info().code == 2


def test_the_shared_page(start: Start) -> None:
    p = start("ebfe")
    low, high = p.proc.sigtramp
    assert high - low == vdso.VDSO_SIZE, "the whole object's"
    assert p.read(low, len(vdso.SIGTRAMP)) == vdso.SIGTRAMP
    space = p.proc.space
    assert space is not None
    entry = space.entry_at(low)
    assert entry is not None
    assert (entry.prot, entry.shared, entry.size) == (5, True, 4096)
    with pytest.raises(OSError) as refused:
        p.write(low, b"\xcc")
    assert refused.value.errno == 14, "not even for a debugger"


@pytest.mark.parametrize("room", [0, 5, 256])
def test_map_entries(start: Start, room: int) -> None:
    """In order: text, data, the room below the stack, stack, shared page."""
    p = start("ebfe", b"x")
    index = 0
    found = []
    path = p.kernel.buffer(256)
    while True:
        b = p.kernel.buffer(ENTRY.pack(index, 0, 0, 0, 0, 0, room, 0, 0, path.address))
        error = 0
        try:
            p.request(PT_VM_ENTRY, b)
        except OSError as e:
            error = e.errno or -1
        if error == 63:
            assert room == 5
            index += 1
            continue
        if error:
            break
        index, _, low, _, _, prot, length, ino, _, _ = ENTRY.unpack(b.read())
        found.append((low, prot, path.read(0, length) if length and room else b""))
        assert (ino == -1) == (not length)
    assert error == 2
    with pytest.raises(OSError) as refused:
        p.request(PT_VM_ENTRY, p.kernel.buffer(
            ENTRY.pack(index + 1, 0, 0, 0, 0, 0, room, 0, 0, path.address)))
    assert refused.value.errno == 22
    space = p.proc.space
    assert space is not None
    name = b"/bin/program1\0" if room == 256 else b""
    wanted = [(TEXT, 5, name), (TEXT + 0x1000, 3, b""), (p.proc.stack_base, 0, b""),
              (p.proc.stack_base + (512 << 20) - (128 << 10), 3, b""), (vdso.SHARED_PAGE, 5, b"")]
    assert found == (wanted[1:] if room == 5 else wanted)


def test_layout_of_the_strings() -> None:
    """From the top: ps_strings, path, canary, page sizes, strings, vectors."""
    s = stack.lay_out(ELF64, top=0x10000, argv=[b"ab", b"c"], envp=[b"D=e"], execpath=b"/x",
                      canary=b"C" * 64, auxiliary=((stack.AT_PAGESZ, 4096),))
    at = {0x10000 - 32: "ps_strings", 0xFFD8: "path", 0xFFD8 - 64: "canary",
          0xFFD8 - 64 - 24: "sizes", 0xFFD8 - 64 - 24 - 16: "text"}
    places = {name: address - s.base for address, name in at.items()}
    assert s.ps_strings == 0xFFE0
    assert s.data[places["path"]:][:3] == b"/x\0"
    assert s.data[places["canary"]:][:64] == b"C" * 64
    assert s.data[places["text"]:][:9] == b"ab\0c\0D=e\0"
    auxv = places["text"] - stack.AT_COUNT * 16
    assert s.data[auxv:auxv + 16] == struct.pack("<QQ", stack.AT_PAGESZ, 4096)
    assert struct.unpack_from("<6Q", s.data) == (
        2, s.base + places["text"], s.base + places["text"] + 3, 0, s.base + places["text"] + 5, 0)
    assert auxv == 48
