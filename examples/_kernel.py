"""What the examples share: programs to look at, and a kernel to run them under.

On a BSD that is the host's own; elsewhere, and with --emulate, an emulated FreeBSD, with
--emulate=netbsd and --emulate=dragonfly one of those.
"""

from __future__ import annotations

import sys
from contextlib import AbstractContextManager
from importlib import import_module
from pathlib import Path
from types import ModuleType

from _symbols import nearest as nearest
from _symbols import symbols as symbols

from bsdproc import kernel
from bsdproc.kernel import Kernel

CLASSES = {"freebsd": "FreeBSD", "netbsd": "NetBSD", "dragonfly": "DragonFly"}
"""The emulated kernels."""
ARGUMENTS = [word for word in sys.argv[1:] if not word.startswith("--emulate")]
"""The command line's."""
_ASKED = [word.partition("=")[2] for word in sys.argv[1:] if word.startswith("--emulate")]
NATIVE = next((name for name in CLASSES if sys.platform.startswith(name)), "")
SYSTEM = (_ASKED[-1] if _ASKED else NATIVE) or "freebsd"
"""Whose kernel it is."""
PROGRAMS = Path(__file__).resolve().parent / "programs" / "bin" / (
    "" if SYSTEM == "freebsd" else SYSTEM)


def surface() -> ModuleType:
    """The system's typed functions: `bsdproc.freebsd`, `bsdproc.netbsd`, `bsdproc.dragonfly`."""
    return import_module(f"bsdproc.{SYSTEM}")


def program(name: str) -> str:
    """The path of an example program, or that of any other."""
    return str((PROGRAMS / name if "/" not in name else Path(name)).absolute())


def kernel_for(*programs: str) -> AbstractContextManager[Kernel]:
    """A kernel that has these programs."""
    if NATIVE and not _ASKED:
        return kernel.use(kernel.host())
    machine = getattr(import_module("bsdproc.emulator"), CLASSES[SYSTEM])()
    for path in programs:
        machine.install(path, path)
    found: AbstractContextManager[Kernel] = machine
    return found
