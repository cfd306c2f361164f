"""The program that does what its words say, as the debugger's tests begin it."""

from __future__ import annotations

from collections.abc import Callable

from bsdproc import Debugger
from bsdproc.debugger import Process
from bsdproc.emulator import DragonFly

At = Callable[[str, str], int]


def act(debugger: Debugger, *words: str) -> Process:
    """It does these words; at its first instruction."""
    return debugger.spawn(["/bin/act", *words])


def running(machine: DragonFly, *words: str) -> int:
    """The same, not traced, as far as it gets by itself."""
    pid = machine.spawn("/bin/act", ["/bin/act", *words], {})
    machine.settle(0.01)
    return pid
