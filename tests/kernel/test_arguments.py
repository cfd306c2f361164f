"""Arguments are looked at before a kernel sees them, and pointers most of all.

On every kernel; and for the native one here without a BSD, over a library that
writes down what it was called with instead of calling anything.
"""

from __future__ import annotations

import ast
import mmap
import re
import struct
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any, ClassVar, cast

import cffi
import pytest

from bsdproc.kernel import Kernel, KernelError, NotSupported
from bsdproc.kernel import build_native as build
from bsdproc.kernel.lent import PAGE
from bsdproc.kernel.native import NativeKernel

if TYPE_CHECKING:
    from bsdproc.kernel._native import FFI, Lib

EINTR, EPERM = 4, 1

MISUSES: dict[str, tuple[type[Exception], Callable[[Kernel], object]]] = {
    "a pid of 33 bits": (ValueError, lambda k: k.ptrace(10, 1 << 32, 0, 0)),
    "a request of 32 bits": (ValueError, lambda k: k.ptrace(1 << 31, 1, 0, 0)),
    "data of 32 bits": (ValueError, lambda k: k.ptrace(5, 1, 0, 1 << 31)),
    "a negative address": (ValueError, lambda k: k.ptrace(10, 1, -1, 0)),
    "an address of 65 bits": (ValueError, lambda k: k.ptrace(10, 1, 1 << 64, 0)),
    "a pid that is text": (TypeError, lambda k: k.ptrace(10, "1", 0, 0)),  # type: ignore[arg-type]
    "a pid that is none": (TypeError, lambda k: k.kill(None, 9)),  # type: ignore[arg-type]
    "a float": (TypeError, lambda k: k.kill(1.0, 9)),  # type: ignore[arg-type]
    "bytes for a buffer": (TypeError, lambda k: k.ptrace(33, 1, b"x", 0)),  # type: ignore[arg-type]
    "a command of 33 bits": (ValueError, lambda k: k.procctl(0, 0, 1 << 32, 0)),
    "an id of 65 bits": (ValueError, lambda k: k.procctl(0, 1 << 64, 1, 0)),
    "a list for data": (TypeError, lambda k: k.procctl(0, 0, 1, [])),  # type: ignore[arg-type]
    "wait's pid": (ValueError, lambda k: k.wait4(1 << 31, 0)),
    "wait's options": (ValueError, lambda k: k.wait4(-1, 1 << 31)),
    "kill's signal": (ValueError, lambda k: k.kill(1, 1 << 40)),
    "a negative buffer": (ValueError, lambda k: k.buffer(-1)),
    "a buffer of text": (TypeError, lambda k: k.buffer("x")),  # type: ignore[arg-type]
    "a NUL in a path": (ValueError, lambda k: k.open("/tmp/\0", 0)),
    "a path that is a number": (TypeError, lambda k: k.open(3, 0)),  # type: ignore[arg-type]
    "a NUL in a program": (ValueError, lambda k: k.spawn("/a\0b", ["x"])),
    "a NUL in an argument": (ValueError, lambda k: k.spawn("/a", ["x\0"])),
    "no arguments": (ValueError, lambda k: k.spawn("/a", [])),
    "an empty name": (ValueError, lambda k: k.spawn("/a", ["a"], {"": "x"})),
    "bytes in the environment": (
        TypeError, lambda k: k.spawn("/a", ["a"], {b"A": b"x"})),  # type: ignore[dict-item]
    "less than no time": (ValueError, lambda k: k.settle(-0.1)),
    "no number of seconds": (ValueError, lambda k: k.settle(float("nan"))),
    "all time": (ValueError, lambda k: k.settle(float("inf"))),
    "seconds that are text": (TypeError, lambda k: k.settle("1")),  # type: ignore[arg-type]
    "a sysctl's name of bytes": (TypeError, lambda k: k.sysctl(b"kern.ostype")),
    "a negative uid": (ValueError, lambda k: k.spawn("/a", ["a"], {}, uid=-1)),
    "a negative descriptor": (ValueError, lambda k: k.spawn("/a", ["a"], {}, fds={-1: 0})),
    "a negative length": (ValueError, lambda k: k.read(0, -1)),
    "a negative room": (ValueError, lambda k: k.sysctl("kern.ostype", room=-1)),
    "text for a value": (TypeError, lambda k: k.sysctl("a.b", new="x")),  # type: ignore[arg-type]
}


@pytest.mark.parametrize("misuse", MISUSES)
def test_misuse_is_refused_before_the_kernel(kernel: Kernel, misuse: str) -> None:
    kind, call = MISUSES[misuse]
    with pytest.raises(kind):
        call(kernel)


# -- the native kernel without a kernel --------------------------------------------

class Recorder:
    """The compiled module's `lib`: it answers what `answers` says, and writes down."""

    ARCHITECTURES = {"freebsd13": b"amd64", "netbsd10": b"x86_64", "dragonfly6": b"x86_64"}
    # What counts as lent stays there as long as this process, and nothing else may get its place.
    _maps: ClassVar[list[mmap.mmap]] = []

    def __init__(self, platform: str) -> None:
        self.ffi = cffi.FFI()
        self.ffi.cdef((build.HERE / "_native.h").read_text())
        self.calls: list[tuple[str, tuple[Any, ...]]] = []
        self.answers: list[tuple[int, int]] = []
        """Results and errno of calls to come."""
        self._nodes = {
            b"hw.machine_arch": self.ARCHITECTURES[platform] + b"\0",
            b"kern.osreldate": struct.pack("=i", 1302001),
            b"kern.osrevision": struct.pack("=i", 1000000000),
        }

    def __getattr__(self, name: str) -> Callable[..., int]:
        def call(*arguments: Any) -> int:
            self.calls.append((name, arguments))
            result, self.ffi.errno = self.answers.pop(0) if self.answers else (0, 0)
            return result
        return call

    def bsdproc_map(self, room: int, count: int) -> int:
        self._maps.append(mmap.mmap(-1, (room + PAGE) * count))
        return int(self.ffi.cast("uintptr_t", self.ffi.from_buffer(self._maps[-1])))

    def bsdproc_unmap(self, base: int, room: int, count: int) -> int:
        return 0

    def bsdproc_sizeof_id(self) -> int:
        return 8

    def bsdproc_sizeof_rusage(self) -> int:
        return 144

    def bsdproc_sizeof_wrusage(self) -> int:
        return 288

    def bsdproc_sizeof_siginfo(self) -> int:
        return 80

    def bsdproc_sysctlbyname(self, name: bytes, old: int, size: Any, new: Any, length: int) -> int:
        value = self._nodes.get(name)
        if value is None:
            self.calls.append(("bsdproc_sysctlbyname", (name,)))
            return 0
        if old:
            self.ffi.memmove(self.ffi.cast("char *", old), value, len(value))
        size[0] = len(value)
        return 0


def recorded(platform: str = "freebsd13") -> tuple[NativeKernel, Recorder]:
    """A native kernel over a recorder."""
    recorder = Recorder(platform)
    kernel = NativeKernel(cast("FFI", recorder.ffi), cast("Lib", recorder), platform=platform)
    return kernel, recorder


@pytest.mark.parametrize("misuse", MISUSES)
def test_misuse_never_reaches_c(misuse: str) -> None:
    kernel, recorder = recorded()
    kind, call = MISUSES[misuse]
    with pytest.raises(kind):
        call(kernel)
    assert recorder.calls == []


def request(kernel: Kernel, name: str) -> int:
    return kernel.target.constants[name]


def test_an_address_of_the_tracee_is_passed_on() -> None:
    kernel, recorder = recorded()
    high = (1 << 64) - 1
    kernel.ptrace(request(kernel, "PT_READ_D"), 7, high, 0)
    kernel.ptrace(request(kernel, "PT_CONTINUE"), 7, 1, 5)
    assert recorder.calls == [
        ("bsdproc_ptrace", (request(kernel, "PT_READ_D"), 7, high, 0)),
        ("bsdproc_ptrace", (request(kernel, "PT_CONTINUE"), 7, 1, 5)),
    ]


def last_address(recorder: Recorder) -> int:
    name, arguments = recorder.calls[-1]
    where: int = arguments[2] if name == "bsdproc_ptrace" else arguments[3]
    return where


@pytest.mark.parametrize("name", ["PT_GETREGS", "PT_LWPINFO", "PT_IO", "PT_GETLWPLIST",
                                  "PT_GETXSTATE", "PT_SC_REMOTE", None])
def test_memory_that_was_not_lent_is_not_there(name: str | None) -> None:
    kernel, recorder = recorded()
    number = 4711 if name is None else request(kernel, name)
    own = bytearray(1000)
    kernel.ptrace(number, 7, id(own), 8)
    hole = last_address(recorder)
    assert hole != id(own)
    kernel.ptrace(number, 7, 0, 8)
    assert last_address(recorder) == 0
    buffer = kernel.buffer(100)
    kernel.ptrace(number, 7, buffer, 8)
    assert last_address(recorder) == buffer.address
    kernel.procctl(0, 7, request(kernel, "PROC_REAP_STATUS"), id(own))
    assert last_address(recorder) == hole


def test_a_pointer_inside_a_record_is_looked_at_too() -> None:
    kernel, recorder = recorded()
    record = kernel.target.struct("struct ptrace_io_desc")
    inner = kernel.buffer(16)
    seen: list[int] = []

    def look(*_: int) -> int:
        seen.append(int.from_bytes(outer.read(16, 8), "little"))
        return 0

    recorder.__dict__["bsdproc_ptrace"] = look
    addresses = [inner.address, inner.address + 8, 0, id(inner), 1 << 50]
    for address in addresses:
        outer = kernel.buffer(record.pack({"piod_addr": address, "piod_len": 16}))
        kernel.ptrace(request(kernel, "PT_IO"), 7, outer, 0)
        assert record.get(outer.read(), "piod_addr") == address
    assert seen[:3] == addresses[:3]
    assert seen[3] == seen[4] not in addresses
    with pytest.raises(TypeError, match="not its address"):
        kernel.ptrace(request(kernel, "PT_IO"), 7, outer.address, 0)


def test_minus_one_is_an_error_only_with_an_errno() -> None:
    kernel, recorder = recorded()
    recorder.answers = [(-1, 0)]
    assert kernel.ptrace(request(kernel, "PT_READ_D"), 7, 8, 0) == -1
    recorder.answers = [(-1, EPERM)]
    with pytest.raises(PermissionError) as caught:
        kernel.ptrace(request(kernel, "PT_READ_D"), 7, 8, 0)
    assert isinstance(caught.value, KernelError)
    assert caught.value.request == "PT_READ_D"


def test_an_interrupted_wait_is_done_again() -> None:
    kernel, recorder = recorded()
    recorder.answers = [(-1, EINTR), (-1, EINTR), (42, 0)]
    assert kernel.wait4(-1).pid == 42
    recorder.answers = [(-1, EINTR), (43, 0)]
    assert kernel.wait6(7, 0, 0x10).pid == 43
    assert len(recorder.calls) == 5


def test_what_a_system_lacks_is_named() -> None:
    kernel, recorder = recorded("netbsd10")
    assert (kernel.system, kernel.machine) == ("netbsd", "amd64")
    with pytest.raises(NotSupported, match="procctl: EOPNOTSUPP"):
        kernel.procctl(0, 0, 1, 0)
    kernel, recorder = recorded("dragonfly6")
    assert (kernel.system, kernel.machine) == ("dragonfly", "x86_64")
    with pytest.raises(NotSupported, match="wait6: EOPNOTSUPP"):
        kernel.wait6(0, 1, 0)
    assert recorder.calls == []


def test_lent_memory_is_given_back() -> None:
    kernel, _ = recorded()
    address = kernel.buffer(64).address
    assert kernel.buffer(64).address == address
    held = [kernel.buffer(n) for n in (64, 4096, 100_000)]
    assert len({buffer.address for buffer in held}) == 3
    for buffer in held:
        assert (buffer.address + len(buffer)) % PAGE == 0
        assert buffer.read() == bytes(len(buffer))


def test_the_builder_relaxes_what_has_grown() -> None:
    text = "struct kinfo_proc { int ki_a; void *ki_uerrmsg; void *ki_spareptrs[4]; long ki_b; };\n"
    assert build.relaxed(text) == "struct kinfo_proc { int ki_a; long ki_b; ...; };\n"


def test_the_builder_guards_what_came_late() -> None:
    text = "struct reg { int r; };\nstruct ptrace_sc_remote { int a; };\n"
    assert build.guarded(text).split("\n")[:3] == [
        "#ifndef PT_SC_REMOTE", "struct ptrace_sc_remote { int a; };", "#endif"]


def test_the_stub_declares_what_the_header_does() -> None:
    """_native.pyi's Lib against _native.h: names, and how many arguments each takes."""
    header = (build.HERE / "_native.h").read_text()
    declared = {
        name: 0 if arguments.strip() == "void" else arguments.count(",") + 1
        for name, arguments in re.findall(r"\b(bsdproc_\w+)\(([^)]*)\);", header)
    }
    stub = ast.parse((build.HERE / "_native.pyi").read_text())
    lib = next(n for n in stub.body if isinstance(n, ast.ClassDef) and n.name == "Lib")
    stubbed = {f.name: len(f.args.args) - 1 for f in lib.body if isinstance(f, ast.FunctionDef)}
    assert stubbed == declared
    record = next(n for n in stub.body if isinstance(n, ast.ClassDef) and n.name == "Spawn")
    fields = {a.target.id for a in record.body
              if isinstance(a, ast.AnnAssign) and isinstance(a.target, ast.Name)}
    ffi = cffi.FFI()
    ffi.cdef(header)
    assert fields == {name for name, _ in ffi.typeof("struct bsdproc_spawn").fields}


def test_the_c_text_is_for_a_bsd_alone() -> None:
    source = Path(build.HERE / "_native.c").read_text()
    assert '#error "bsdproc\'s native module is for' in source
