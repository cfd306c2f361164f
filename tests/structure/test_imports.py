"""Imports point down: tools, debugger, the systems, kernel, abi; and from the
emulator to kernel and abi alone."""

from __future__ import annotations

import ast
import subprocess
import sys
from pathlib import Path

import pytest

import bsdproc

ROOT = Path(bsdproc.__file__).parent

ALLOWED = {
    "abi": set(),
    "kernel": {"abi"},
    "typed": {"kernel", "abi"},
    "freebsd": {"typed", "kernel", "abi"},
    "netbsd": {"typed", "kernel", "abi"},
    "dragonfly": {"typed", "kernel", "abi"},
    "debugger": {"freebsd", "netbsd", "dragonfly", "typed", "kernel", "abi"},
    "emulator": {"kernel", "abi"},
    "tools": {"debugger", "freebsd", "netbsd", "dragonfly", "typed", "kernel", "abi",
              "emulator"},
}


EMULATED = ("freebsd", "netbsd", "dragonfly")
"""The emulated kernels, which know nothing of each other."""

BELOW_THE_SYSTEMS = ("bsd", "machine")
"""What they share, and below it the processor and its memory: neither knows
what stands above it."""


def modules(path: Path) -> set[str]:
    """The modules of bsdproc that a module imports, wherever in it."""
    found = set()
    for node in ast.walk(ast.parse(path.read_text())):
        names: list[str] = []
        if isinstance(node, ast.Import):
            names = [alias.name for alias in node.names]
        elif isinstance(node, ast.ImportFrom) and node.module:
            names = [f"{node.module}.{alias.name}" for alias in node.names]
        for name in names:
            if name.startswith("bsdproc."):
                found.add(name)
    return found


def imports(path: Path) -> set[str]:
    """Of these the packages."""
    return {name.split(".")[1] for name in modules(path)}


@pytest.mark.parametrize("package", [*EMULATED, *BELOW_THE_SYSTEMS])
def test_emulated_kernels_stand_on_what_they_share(package: str) -> None:
    above = set(EMULATED)
    if package == "machine":
        above.add("bsd")
    wrong = {
        f"{path.relative_to(ROOT)} imports {name}"
        for path in (ROOT / "emulator" / package).rglob("*.py")
        for name in modules(path)
        for other in above - {package}
        if f"{name}.".startswith(f"bsdproc.emulator.{other}.")
    }
    assert not wrong


@pytest.mark.parametrize("package", sorted(p.name for p in ROOT.iterdir() if p.name in ALLOWED))
def test_imports_point_down(package: str) -> None:
    wrong = {
        f"{path.relative_to(ROOT)} imports bsdproc.{other}"
        for path in (ROOT / package).rglob("*.py")
        for other in imports(path)
        if other != package and other in ALLOWED and other not in ALLOWED[package]
    }
    assert not wrong


def test_every_package_has_its_place() -> None:
    packages = {p.name for p in ROOT.iterdir() if p.is_dir() and (p / "__init__.py").exists()}
    assert packages <= set(ALLOWED)


def test_importing_bsdproc_loads_next_to_nothing() -> None:
    """In a fresh interpreter: no layouts, no unicorn, no cffi compiler."""
    import subprocess

    code = "import sys, bsdproc; print(*sorted(m for m in sys.modules))"
    loaded = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True,
                            check=True).stdout.split()
    heavy = [m for m in loaded if m.split(".")[0] in ("unicorn", "elftools", "pycparser", "cffi")
             or m.startswith("bsdproc.abi._layouts.")]
    assert heavy == []


def test_everything_is_reached_from_the_top() -> None:
    """`import bsdproc` loads next to nothing, and finds every package when it is named."""
    script = """if True:
        import sys
        import bsdproc
        assert not any(name.startswith(("bsdproc.kernel", "bsdproc.debugger", "cffi"))
                       for name in sys.modules)
        for name in bsdproc.__all__:
            assert getattr(bsdproc, name) is not None
        bsdproc.freebsd.ptrace.attach, bsdproc.kernel.NoKernel, bsdproc.abi.targets
        assert not hasattr(bsdproc, "nothing")
    """
    subprocess.run([sys.executable, "-c", script], check=True)
