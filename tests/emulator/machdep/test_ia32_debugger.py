"""An i386 debugger on the amd64 kernel: what it is told of i386 and amd64 programs."""

from __future__ import annotations

import struct
from collections.abc import Iterator

import pytest

from bsdproc.emulator import FreeBSD

from .programs import DATA, TEXT, narrow_file, program_file

(PT_IO, PT_LWPINFO, PT_GET_SC_ARGS, PT_GET_SC_RET, PT_COREDUMP, PT_VM_ENTRY, PT_GETREGSET,
 PT_SETREGSET, PT_SC_REMOTE) = (12, 13, 27, 28, 29, 41, 42, 43, 44)
PT_CONTINUE, PT_TO_SCE, PT_TO_SCX = 7, 20, 21
(PT_GETREGS, PT_SETREGS, PT_GETFPREGS, PT_SETFPREGS, PT_GETDBREGS, PT_SETDBREGS) = range(33, 39)
PT_GETXMMREGS, PT_SETXMMREGS, PT_GETXSTATE_INFO, PT_GETXSTATE = 64, 65, 68, 69
PT_GETFSBASE, PT_SETFSBASE, PT_GETGSBASE, PT_SETGSBASE = range(71, 75)
EINVAL, EFAULT = 22, 14
CODE = {"i386": "b814000000" "cd80" "cc", "amd64": "b814000000" "0f05" "cc"}


class Debugger:
    """The i386 process that the tests are, and its tracees."""

    def __init__(self, kernel: FreeBSD) -> None:
        self.kernel = kernel

    def start(self, machine: str, code: str = "", data: bytes = b"x") -> int:
        make = narrow_file if machine == "i386" else program_file
        path = f"/bin/{machine}"
        self.kernel.install(path, make(bytes.fromhex(code or CODE[machine]), data))
        pid = self.kernel.spawn(path, [machine], traced=True)
        assert self.kernel.wait4(pid).status == 0x57F
        return pid

    def get(self, pid: int, request: int, size: int, data: int = 0) -> bytes:
        b = self.kernel.buffer(size)
        self.kernel.ptrace(request, pid, b, data)
        return b.read()

    def put(self, pid: int, request: int, contents: bytes, data: int = 0) -> bytes:
        b = self.kernel.buffer(contents)
        self.kernel.ptrace(request, pid, b, data)
        return b.read()

    def refused(self, pid: int, request: int, contents: bytes, data: int = 0) -> int:
        with pytest.raises(OSError) as e:
            self.put(pid, request, contents, data)
        return e.value.errno or 0

    def go(self, pid: int, request: int = PT_CONTINUE) -> int:
        self.kernel.ptrace(request, pid, 1, 0)
        return self.kernel.wait4(pid).status


@pytest.fixture
def debugger() -> Iterator[Debugger]:
    with FreeBSD("i386") as kernel:
        yield Debugger(kernel)


BOTH = pytest.mark.parametrize("machine", ["i386", "amd64"])


def test_what_it_is(debugger: Debugger) -> None:
    kernel = debugger.kernel
    assert kernel.machine == "i386"
    assert kernel.target.pointer == 4
    assert kernel.buffer(8).address < 1 << 32
    with pytest.raises(ValueError, match="sparc"):
        FreeBSD("sparc")


@BOTH
@pytest.mark.rule("freebsd-sys_process", "ia32-debugger", "ia32-write")
def test_registers_are_read_of_both_but_written_of_one(debugger: Debugger, machine: str) -> None:
    pid = debugger.start(machine)
    registers = list(struct.unpack("<19I", debugger.get(pid, PT_GETREGS, 76)))
    assert registers[13] == TEXT
    assert registers[14] == (0x33 if machine == "i386" else 0x43)
    fpregs = debugger.get(pid, PT_GETFPREGS, 176)
    dbregs = debugger.get(pid, PT_GETDBREGS, 32)
    assert dbregs == bytes(32)
    registers[10] = 0x12345678
    new = struct.pack("<19I", *registers)
    if machine == "amd64":
        for request, contents in ((PT_SETREGS, new), (PT_SETFPREGS, fpregs),
                                  (PT_SETDBREGS, dbregs)):
            assert debugger.refused(pid, request, contents) == EINVAL
        return
    debugger.put(pid, PT_SETREGS, new)
    assert debugger.get(pid, PT_GETREGS, 76) == new
    debugger.put(pid, PT_SETFPREGS, fpregs)
    assert debugger.get(pid, PT_GETFPREGS, 176) == fpregs
    armed = struct.pack("<8I", DATA, 0, 0, 0, 0, 0, 0, 0x10001)
    debugger.put(pid, PT_SETDBREGS, armed)
    assert debugger.get(pid, PT_GETDBREGS, 32) == armed
    assert debugger.refused(pid, PT_SETDBREGS, struct.pack(
        "<8I", DATA, 0, 0, 0, 0, 0, 0, 0x90001)) == EINVAL, "eight bytes"


def test_selectors_are_set_too(debugger: Debugger) -> None:
    """i386's PT_SETREGS sets them, amd64's does not."""
    pid = debugger.start("i386")
    registers = list(struct.unpack("<19I", debugger.get(pid, PT_GETREGS, 76)))
    registers[18] = 0x13
    debugger.put(pid, PT_SETREGS, struct.pack("<19I", *registers))
    assert struct.unpack("<19I", debugger.get(pid, PT_GETREGS, 76))[18] == 0x13


@BOTH
def test_memory(debugger: Debugger, machine: str) -> None:
    pid = debugger.start(machine)
    b = debugger.kernel.buffer(8)
    answer = debugger.put(pid, PT_IO, struct.pack("<iIII", 1, TEXT, b.address, 8))
    assert struct.unpack("<iIII", answer) == (1, TEXT, b.address, 8)
    assert b.read() == bytes.fromhex(CODE[machine])
    assert debugger.refused(pid, PT_IO, struct.pack("<iIII", 1, 0x10, b.address, 8)) == EFAULT


@BOTH
@pytest.mark.rule("freebsd-sys_process", "ia32-debugger")
def test_lwpinfo(debugger: Debugger, machine: str) -> None:
    pid = debugger.start(machine)
    assert debugger.go(pid) == 0x57F
    whole = debugger.get(pid, PT_LWPINFO, 140, 140)
    lwpid, event, flags = struct.unpack_from("<iii", whole)
    assert (event, flags & 0x20) == (1, 0x20)
    signo, _, code, *_, address, _, trapno = struct.unpack_from("<iiiiIiIIi", whole, 44)
    assert (signo, code, address, trapno) == (5, 1, TEXT + 8, 3)
    assert whole[108:128].rstrip(b"\0") == machine.encode()
    short = debugger.get(pid, PT_LWPINFO, 140, 107)
    assert struct.unpack_from("<iii", short) == (lwpid, 1, flags & ~0x20)
    assert short[44:108] == bytes(64)
    assert debugger.get(pid, PT_LWPINFO, 140, 0) == bytes(140), "even nothing is a size"
    for size in (141, 160, -1):
        assert debugger.refused(pid, PT_LWPINFO, bytes(160), size) == EINVAL


@BOTH
def test_the_map(debugger: Debugger, machine: str) -> None:
    """Addresses of an amd64 program's map are cut."""
    pid = debugger.start(machine)
    path = debugger.kernel.buffer(64)
    found, index = [], 0
    while True:
        asked = struct.pack("<iiIIIIIiII", index, 0, 0, 0, 0, 0, 64, 0, 0, path.address)
        try:
            answer = debugger.put(pid, PT_VM_ENTRY, asked)
        except FileNotFoundError:
            break
        index, _, start, end, _, prot, length, ino, _, _ = struct.unpack("<iiIIIIIiII", answer)
        found.append((start, end, prot))
        assert (ino == -1) == (length == 0)
    assert found[0] == (TEXT, TEXT + 0xFFF, 5)
    last = 0xFFFFE000 if machine == "i386" else 0xFFFFF000
    assert found[-1] == (last, last + 0xFFF, 5)


@BOTH
def test_register_sets_are_the_tracee_s(debugger: Debugger, machine: str) -> None:
    pid = debugger.start(machine)
    answer = debugger.put(pid, PT_GETREGSET, struct.pack("<II", 0, 0), 1)
    size = struct.unpack("<II", answer)[1]
    assert size == (104 if machine == "i386" else 224)
    b = debugger.kernel.buffer(size)
    debugger.put(pid, PT_GETREGSET, struct.pack("<II", b.address, size), 1)
    debugger.put(pid, PT_SETREGSET, struct.pack("<II", b.address, size), 1)
    assert struct.unpack("<i", b.read(0, 4)) == (1,)


@BOTH
def test_bases(debugger: Debugger, machine: str) -> None:
    pid = debugger.start(machine)
    for get, set_ in ((PT_GETFSBASE, PT_SETFSBASE), (PT_GETGSBASE, PT_SETGSBASE)):
        if machine == "amd64":
            assert debugger.refused(pid, get, bytes(8)) == EINVAL
            assert debugger.refused(pid, set_, bytes(8)) == EINVAL
        else:
            debugger.put(pid, set_, struct.pack("<I", 0xFFFF0000))
            assert debugger.get(pid, get, 4) == struct.pack("<I", 0xFFFF0000)


@BOTH
def test_extended_state(debugger: Debugger, machine: str) -> None:
    pid = debugger.start(machine)
    mask, size = struct.unpack("<QI", debugger.get(pid, PT_GETXSTATE_INFO, 12, 12))
    assert (mask, size) == (3, 576)
    assert debugger.refused(pid, PT_GETXSTATE_INFO, bytes(16), 16) == EINVAL
    area = bytearray(debugger.get(pid, PT_GETXMMREGS, 512))
    assert debugger.get(pid, PT_GETXSTATE, 576)[:512] == area
    area[160:176] = bytes(range(16))
    debugger.put(pid, PT_SETXMMREGS, bytes(area))
    assert debugger.get(pid, PT_GETXMMREGS, 512)[160:176] == bytes(range(16))
    for request in (75, 100):
        assert debugger.refused(pid, request, bytes(64)) == EINVAL


@BOTH
@pytest.mark.rule("freebsd-sys_process", "ia32-args")
def test_system_calls(debugger: Debugger, machine: str) -> None:
    pid = debugger.start(machine)
    debugger.go(pid, PT_TO_SCE)
    if machine == "amd64":
        assert debugger.refused(pid, PT_GET_SC_ARGS, bytes(32), 32) == EINVAL
        debugger.go(pid, PT_TO_SCX)
        assert debugger.refused(pid, PT_GET_SC_RET, bytes(12), 12) == EINVAL
        return
    assert debugger.get(pid, PT_GET_SC_ARGS, 32, 32) == bytes(32)
    assert debugger.get(pid, PT_GET_SC_ARGS, 32, -1) == bytes(32)
    debugger.go(pid, PT_TO_SCX)
    assert struct.unpack("<IIi", debugger.get(pid, PT_GET_SC_RET, 12, 12))[0] == pid


@BOTH
def test_remote_calls(debugger: Debugger, machine: str) -> None:
    pid = debugger.start(machine)
    args = debugger.kernel.buffer(struct.pack("<II", pid, 0))
    answer = debugger.put(pid, PT_SC_REMOTE, struct.pack("<IIiIII", 0, 0, 0, 37, 2, args.address),
                          24)
    assert struct.unpack_from("<IIi", answer) == (0, struct.unpack_from("<I", answer, 4)[0], 0)
    assert debugger.kernel.wait4(pid).status == 0x57F
    assert debugger.refused(pid, PT_SC_REMOTE, bytes(40), 40) == EINVAL
    assert debugger.refused(pid, PT_SC_REMOTE, struct.pack(
        "<IIiIII", 0, 0, 0, 37, 9, args.address), 24) == EINVAL
    assert debugger.refused(pid, PT_SC_REMOTE, struct.pack("<IIiIII", 0, 0, 0, 37, 2, 0), 24) \
        == EFAULT


@BOTH
def test_core_dumps(debugger: Debugger, machine: str) -> None:
    """Of the tracee's class, by i386's description of the file."""
    pid = debugger.start(machine)
    kernel = debugger.kernel
    fd = kernel.open("/tmp/core", 0x602)
    debugger.put(pid, PT_COREDUMP, struct.pack("<iIq", fd, 0, 0), 16)
    kernel.wait4(pid)
    assert kernel.pread(fd, 5, 0) == b"\x7fELF" + (b"\1" if machine == "i386" else b"\2")


def test_waiting(debugger: Debugger) -> None:
    """struct rusage, struct __wrusage and siginfo_t are i386's."""
    pid = debugger.start("i386", "b801000000" "6807000000" "6800000000" "cd80")
    debugger.kernel.ptrace(PT_CONTINUE, pid, 1, 0)
    found = debugger.kernel.wait6(0, pid, 0x10)
    assert (found.status, len(found.wrusage), len(found.siginfo)) == (0x700, 144, 64)
    pid = debugger.start("i386", "b801000000" "6807000000" "6800000000" "cd80")
    debugger.kernel.ptrace(PT_CONTINUE, pid, 1, 0)
    assert len(debugger.kernel.wait4(pid).rusage) == 72


def test_a_program_that_is_a_debugger(debugger: Debugger) -> None:
    """ptrace(2) by an emulated i386 program: PT_LWPINFO of amd64's size is EINVAL."""
    call = "".join("68" + struct.pack("<i", v).hex() for v in (160, DATA, 702, PT_LWPINFO, 0))
    pid = debugger.start("i386", call + "b81a000000" "cd80" "cc")
    assert debugger.go(pid) == 0x57F
    registers = struct.unpack("<19I", debugger.get(pid, PT_GETREGS, 76))
    assert (registers[10], registers[15] & 1) == (EINVAL, 1)
