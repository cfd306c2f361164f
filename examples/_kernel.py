"""The kernel that the examples use: the host's own on a FreeBSD, else an emulated one."""

from __future__ import annotations

import os
import sys
from contextlib import AbstractContextManager

from bsdproc import emulator, kernel
from bsdproc.kernel import Kernel


def kernel_for(*programs: str) -> AbstractContextManager[Kernel]:
    """A kernel that has these programs at their absolute paths."""
    if sys.platform.startswith("freebsd"):
        return kernel.use(kernel.host())
    machine = emulator.FreeBSD()
    for program in programs:
        machine.install(os.path.abspath(program), program)
    return machine
