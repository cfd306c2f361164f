"""The generator: C texts read and laid out, modules written, headers asked for."""

from __future__ import annotations

import importlib.util
import sys
from pathlib import Path

import build_ffi
import cffi
import pytest

import ctext
from bsdproc import abi
from bsdproc.abi.lookup import target
from bsdproc.abi.machines import MACHINES, Machine
from bsdproc.tools.abi import document
from cmodel import describe

AMD64 = build_ffi.find("freebsd", "amd64")
I386 = build_ffi.find("freebsd", "i386")
IDS = [row.module for row in MACHINES]


@pytest.mark.parametrize("row", MACHINES, ids=IDS)
def test_the_layouts_are_those_of_the_texts(row: Machine, tmp_path: Path) -> None:
    """Whoever edits a text runs `python build_ffi.py` after it."""
    made = tmp_path / "made.py"
    build_ffi.layouts(row.system, row.machine).emit_python_code(str(made))
    spec = importlib.util.find_spec(f"bsdproc.abi._layouts.{row.module}")
    assert spec is not None
    assert spec.origin is not None
    assert Path(spec.origin).read_text() == made.read_text()


@pytest.mark.parametrize("row", MACHINES, ids=IDS)
def test_layouts_tell_all_that_the_text_says(row: Machine) -> None:
    """cffi's packed view of a text and the text itself, laid out by the target's rules."""
    text = build_ffi.text(row.system, row.machine)
    declared = document(target(row.system, row.machine), elements=True)
    structs = declared["structs"]
    assert isinstance(structs, dict)
    wanted = {
        name: describe(made, elements=True)
        for name, made in text.types.items()
        if not name.startswith("enum ")
    }
    assert structs == wanted
    constants = abi.target(row.system, row.machine).constants
    assert constants == text.constants | text.enumerators


@pytest.mark.parametrize("row", MACHINES, ids=IDS)
def test_cffi_takes_the_declarations_for_a_compiler(row: Machine) -> None:
    ffi = cffi.FFI()
    ffi.cdef(build_ffi.declarations(row.system, row.machine))
    ffi.set_source("_native", "")
    assert ffi.typeof("struct reg").kind == "struct"


def test_declarations_come_with_what_they_need() -> None:
    found = build_ffi.declarations("freebsd", "amd64", {"struct ptrace_sc_remote", "PT_IO"})
    assert found.splitlines()[-1] == "#define PT_IO ..."
    assert "struct ptrace_sc_ret {" in found
    assert "typedef register_t syscallarg_t;" in found
    assert "struct reg {" not in found


def test_what_cffi_cannot_declare_is_left_to_the_compiler() -> None:
    """128-bit members, attributes, strings."""
    (fpreg,) = build_ffi.declarations("freebsd", "arm64", {"struct fpreg"}).splitlines()
    assert fpreg == "struct fpreg { uint32_t fp_sr; uint32_t fp_cr; ...; };"
    found = build_ffi.declarations("netbsd", "amd64")
    assert "struct fpacc87 { uint64_t f87_mantissa; uint16_t f87_exp_sign; ...; };" in found
    assert "PROCFSMNT_BITS" not in found


def test_an_unknown_machine_has_no_text() -> None:
    with pytest.raises(ValueError, match="no C text for freebsd/vax"):
        build_ffi.layouts("freebsd", "vax")


# -- the texts' own rules ------------------------------------------------------------
def offsets(text: str, machine: Machine = AMD64) -> dict[str, int]:
    (record,) = (made for made in ctext.parse(text, machine).types.values())
    row = describe(record)
    fields = row["fields"]
    assert isinstance(fields, list)
    return {one["name"]: one["offset"] for one in fields} | {"": row["size"]}


@pytest.mark.parametrize(
    ("text", "wanted"),
    [
        ("struct a { char x; long y; char z; };", {"x": 0, "y": 8, "z": 16, "": 24}),
        ("struct a { char x; long y; } __packed;", {"x": 0, "y": 1, "": 9}),
        ("struct a { char x; long y; } __packed __aligned(4);", {"x": 0, "y": 1, "": 12}),
        ("struct a { char x; char y __aligned(16); };", {"x": 0, "y": 16, "": 32}),
        ("struct a { char x[3]; } __aligned(64);", {"x": 0, "": 64}),
        ("union a { char x[5]; int y; };", {"x": 0, "y": 0, "": 8}),
        ("struct a { int x; union { char y; long z; }; };", {"x": 0, "y": 8, "z": 8, "": 16}),
        ("struct a { char x; struct { short y; } z[3]; };", {"x": 0, "z": 2, "": 8}),
        ("struct a { void *x; int (*y)(int); };", {"x": 0, "y": 8, "": 16}),
    ],
)
def test_structs_are_laid_out_as_a_compiler_does(text: str, wanted: dict[str, int]) -> None:
    assert offsets(text) == wanted


def test_the_targets_rules_are_used() -> None:
    text = "struct a { char x; double y; void *z; long w; };"
    assert offsets(text, I386) == {"x": 0, "y": 4, "z": 12, "w": 16, "": 20}
    assert offsets("struct a { char x; long double y; };", I386) == {"x": 0, "y": 4, "": 16}


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("struct a { int x; }; struct a { int x; };", "struct a is declared twice"),
        ("struct a { struct b x; };", "struct b is a member before it is declared"),
        ("struct a { wchar_t x; };", "no C text: "),
        ("struct a { int x }", "no C text: "),
        ("struct a { _Complex x; };", "no type of these texts|no C text"),
        ("#define X 1\n#define X 2\n", "X is defined twice: 1 and 2"),
        ("int x;", "only types are declared here"),
        ("struct a { int x[1 + 1]; };", "a number is expected"),
        ("int f(void);", "only types are declared here"),
    ],
)
def test_a_wrong_text_is_told(text: str, message: str) -> None:
    with pytest.raises(ValueError, match=message):
        ctext.parse(text, AMD64)


def test_a_constant_may_be_repeated_with_its_value() -> None:
    assert ctext.parse("#define X 0x10\n#define X 16\n", AMD64).constants == {"X": 16}


# -- the native module's headers -----------------------------------------------------
def compiler(directory: Path, message: str) -> str:
    path = directory / "cc"
    path.write_text(f"#!/bin/sh\ncat > {directory}/input\necho \"{message}\" >&2\nexit 1\n")
    path.chmod(0o755)
    return str(path)


@pytest.mark.parametrize(
    ("message", "wanted"),
    [
        ("x.c:1:10: fatal error: 'sys/ptrace.h' file not found",
         r"needs the header <sys/ptrace.h>, which is missing: .*\(/usr/include\)"),
        ("x.c:1:10: fatal error: sys/procctl.h: No such file or directory",
         "needs the header <sys/procctl.h>, which is missing"),
        ("x.c:1: error: include file 'sys/cdefs.h' not found",
         "needs the header <sys/cdefs.h>, which is missing"),
        ("x.c:1:10: fatal error: 'Python.h' file not found",
         "Python.h>, which is missing: install Python's development files"),
    ],
)  # fmt: skip
def test_a_missing_header_is_told_plainly(
    message: str, wanted: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("CC", compiler(tmp_path, message))
    with pytest.raises(SystemExit, match=wanted):
        build_ffi.check_headers('#include "native.c"')
    assert "native.c" in (tmp_path / "input").read_text()


def test_the_native_module_is_built_for_the_host(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("bsdproc.kernel.build_native.host", lambda: ("netbsd", "sparc64"))
    checked: list[str] = []
    monkeypatch.setattr(build_ffi, "check_headers", checked.append)
    ffi = build_ffi.native()
    assert "_native.c" in checked[0]
    assert "<miscfs/procfs/procfs.h>" in checked[0]
    name, source, *_ = vars(ffi)["_assigned_source"]
    assert name == "bsdproc.kernel._native"
    assert "PT_TRACE_ME" in source


@pytest.mark.skipif(sys.platform.startswith(("freebsd", "netbsd", "dragonfly")), reason="a BSD")
def test_the_native_module_is_for_a_bsd() -> None:
    with pytest.raises(SystemExit, match="for BSD hosts"):
        build_ffi.native()


@pytest.mark.toolchain
def test_headers_that_are_there_are_found(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("ZIG_GLOBAL_CACHE_DIR", "ZIG_LOCAL_CACHE_DIR"):
        monkeypatch.setenv(name, str(tmp_path / "cache"))
    monkeypatch.setattr("sysconfig.get_path", lambda name: str(tmp_path))
    monkeypatch.setenv("CC", f"{sys.executable} -m ziglang cc -target x86_64-freebsd")
    source = f'#include "{build_ffi.ROOT / "src" / "bsdproc" / "kernel" / "_native.c"}"\n'
    with pytest.raises(SystemExit, match=r"Python\.h"):
        build_ffi.check_headers(source)
    (tmp_path / "Python.h").touch()
    build_ffi.check_headers(source)
    with pytest.raises(SystemExit, match=r"<sys/no_such\.h>, which is missing"):
        build_ffi.check_headers("#include <sys/no_such.h>\n")


def test_a_missing_compiler_is_told_plainly(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("CC", str(tmp_path / "none"))
    with pytest.raises(SystemExit, match=r"needs a C compiler, and .*none' is not there"):
        build_ffi.check_headers("")
