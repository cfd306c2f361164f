"""The notes that a core dump has of each thread."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from bsdproc.emulator.freebsd.amd64.fpu import core_xstate
from bsdproc.emulator.freebsd.amd64.request import NT_X86_XSTATE, REGSETS

if TYPE_CHECKING:
    from bsdproc.emulator.freebsd.state import Thread


def core_notes(td: Thread) -> Iterator[tuple[int, bytes]]:
    """(note type, contents): every register set, then the extended state."""
    for regset in REGSETS.values():
        yield regset.note, regset.get(td)
    yield NT_X86_XSTATE, core_xstate(td)
