"""The native module compiles and links for every FreeBSD and NetBSD target.

The compiler, headers and libraries are ziglang's.  Its libc for these systems
is made of stubs with the symbols that each release's libc really exports, so
the linker itself says whether an undefined symbol is one of libc's; Python's
are held against what the running interpreter exports.
"""

from __future__ import annotations

import ctypes
import importlib.util
import json
import os
import subprocess
import sys
import sysconfig
from collections.abc import Callable
from pathlib import Path

import pytest

from bsdproc.abi.machines import MACHINES, Machine
from bsdproc.kernel.build_native import builder, structs

pytestmark = [pytest.mark.slow, pytest.mark.toolchain]

ROOT = Path(__file__).resolve().parents[2]
HERE = Path(__file__).resolve().parent
TARGETS = [row for row in MACHINES if row.system != "dragonfly"]
"""DragonFly's headers and libc come with no package."""
UNLINKED = ("netbsd", "sparc")
"""ziglang's linker has no 32-bit sparc."""
HELPED = ("freebsd", "arm")
"""Its compiler calls helpers (__aeabi_uidivmod) of its own runtime library, which
ziglang builds for the occasion."""

Zig = Callable[..., None]


@pytest.fixture(scope="module")
def declarations() -> Callable[[str, str, frozenset[str]], str]:
    """build_ffi's, from the top of the project."""
    spec = importlib.util.spec_from_file_location("bsdproc_build_ffi", ROOT / "build_ffi.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    found: Callable[[str, str, frozenset[str]], str] = module.declarations
    return found


@pytest.fixture(scope="module")
def include(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Python's headers, with a configuration that suits any target."""
    headers = Path(sysconfig.get_path("include"))
    if not (headers / "Python.h").exists():
        pytest.fail(f"no Python.h in {headers}: install this Python's headers (python3-dev)")
    where = tmp_path_factory.mktemp("include")
    for entry in headers.iterdir():
        if entry.name != "pyconfig.h":
            (where / entry.name).symlink_to(entry)
    (where / "pyconfig.h").symlink_to(HERE / "include" / "pyconfig.h")
    return where


@pytest.fixture(scope="module")
def zig(tmp_path_factory: pytest.TempPathFactory) -> Zig:
    """Run ziglang, its caches in a temporary folder."""
    cache = tmp_path_factory.mktemp("zig")
    env = os.environ | {"ZIG_GLOBAL_CACHE_DIR": str(cache), "ZIG_LOCAL_CACHE_DIR": str(cache)}

    def run(*arguments: str | Path) -> None:
        command = [sys.executable, "-m", "ziglang", *map(str, arguments)]
        done = subprocess.run(command, env=env, capture_output=True, text=True, check=False)
        if done.returncode != 0 or done.stderr:
            raise AssertionError(f"{' '.join(command)}\n{done.stdout}{done.stderr}")

    return run


def undefined(path: Path) -> set[str]:
    from elftools.elf.elffile import ELFFile
    from elftools.elf.sections import SymbolTableSection

    with path.open("rb") as file:
        symbols = ELFFile(file).get_section_by_name(".symtab")
        assert isinstance(symbols, SymbolTableSection)
        return {s.name for s in symbols.iter_symbols()
                if s["st_shndx"] == "SHN_UNDEF" and s.name}


def is_pythons(name: str) -> bool:
    return name.startswith(("Py", "_Py"))


def compiled(zig: Zig, row: Machine, source: Path, *more: str | Path) -> Path:
    """An object file, as a module's is compiled, without ziglang's own sanitizers."""
    made = source.with_suffix(".o")
    zig("cc", "-target", row.triple, "-O1", "-fPIC", "-Wall", "-fno-sanitize=all",
        "-fno-stack-protector", "-Wno-incompatible-pointer-types", *more, "-c", source, "-o", made)
    return made


def linked(zig: Zig, row: Machine, made: Path, *inputs: Path) -> None:
    """A shared library that leaves no symbol undefined."""
    runtime = "" if (row.system, row.machine) == HELPED else "no-"
    zig("build-lib", "-dynamic", "-target", row.triple, "-lc", f"-f{runtime}compiler-rt", "-O",
        "ReleaseSmall", "-z", "defs", f"-femit-bin={made}", *inputs)


def python_library(zig: Zig, row: Machine, names: set[str], where: Path) -> Path:
    """A stand-in for libpython with these symbols."""
    source = where / "python_stub.c"
    source.write_text("".join(f"void {name}(void) {{}}\n" for name in sorted(names)))
    library = where / "libpython_stub.so"
    linked(zig, row, library, compiled(zig, row, source))
    return library


@pytest.mark.parametrize("row", TARGETS, ids=lambda row: f"{row.system}-{row.machine}")
def test_the_module_links(
    row: Machine, zig: Zig, include: Path, tmp_path: Path,
    declarations: Callable[[str, str, frozenset[str]], str],
) -> None:
    text = declarations(row.system, row.machine, structs(row.system))
    source = tmp_path / "_native.c"
    builder(row.system, row.machine, text).emit_c_code(str(source))
    made = compiled(zig, row, source, f"-I{include}")
    needed = undefined(made)
    pythons = {name for name in needed if is_pythons(name)}
    assert len(pythons) > 5
    assert {name for name in pythons if not hasattr(ctypes.pythonapi, name)} == set()
    assert {"ptrace", "fork", "execve"} <= needed
    if (row.system, row.machine) == UNLINKED:
        return
    library = python_library(zig, row, pythons, tmp_path)
    linked(zig, row, tmp_path / "_native.so", made, library)


def test_a_symbol_that_libc_lacks_is_found(zig: Zig, tmp_path: Path) -> None:
    row = next(row for row in TARGETS if (row.system, row.machine) == ("netbsd", "amd64"))
    source = tmp_path / "planted.c"
    source.write_text("int procctl(int, long, int, void *);\n"
                      "int planted(void) { return procctl(0, 0, 0, 0); }\n")
    made = compiled(zig, row, source)
    with pytest.raises(AssertionError, match="undefined symbol: procctl"):
        linked(zig, row, tmp_path / "planted.so", made)


def test_dragonfly_declares_what_was_recorded(
    declarations: Callable[[str, str, frozenset[str]], str],
) -> None:
    """Not compiled, for want of headers; but it is no more than the recorded interface states."""
    recorded = json.loads((ROOT / "tests" / "abi" / "dragonfly-5.9-x86_64.json").read_text())
    assert structs("dragonfly") <= set(recorded["structs"])
    text = declarations("dragonfly", "x86_64", structs("dragonfly"))
    assert "struct kinfo_proc {" in text
    builder("dragonfly", "x86_64", text)
