"""PT_DUMPCORE: a core of a stopped tracee, which lives on."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

from bsdproc.netbsd import _call

if TYPE_CHECKING:
    from bsdproc.kernel.port import Kernel


def dumpcore(pid: int, path: str | None = None, *, kernel: Kernel | None = None) -> None:
    """PT_DUMPCORE: write an ELF core of a stopped tracee.

    Without `path` it goes where the tracee's own would, by its core name
    (`kinfo.corename`) in its working directory.  The kernel refuses to follow a
    symbolic link and to write into another's file.

    `KernelError` (E2BIG) for a path that is too long, `PermissionError` where none
    may be made.  ptrace(2)."""
    kernel = _call.netbsd(kernel)
    if path is None:
        _call.ptrace(kernel, "PT_DUMPCORE", pid)
        return
    if not isinstance(path, str):
        raise TypeError(f"path must be a str, not {type(path).__name__}")
    name = os.fsencode(path)
    if not name or b"\0" in name:
        raise ValueError(f"path must not be empty or contain a NUL: {path!r}")
    _call.ptrace(kernel, "PT_DUMPCORE", pid, kernel.buffer(name + b"\0"), len(name))
