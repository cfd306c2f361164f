"""What DragonFly's backend is to the parts that it is made of: the processes that it traces."""

from __future__ import annotations

from typing import Protocol

from bsdproc.debugger.backend import Kind, News
from bsdproc.dragonfly.kinfo import KinfoProc
from bsdproc.dragonfly.registers import X86_64Registers
from bsdproc.dragonfly.sigset import SigSet
from bsdproc.kernel.port import Kernel


class Tracees(Protocol):
    """Those of one kernel."""

    kernel: Kernel
    page_size: int
    stop_signal: int

    # -- going on and stopping -----------------------------------------------------
    def resume(self, pid: int, signal: int, *, step: bool) -> None:
        """PT_STEP or PT_CONTINUE."""

    def again(self, pid: int) -> None:
        """PT_CONTINUE, in the middle of what it was set going for."""

    def next_news(self, pid: int, *, block: bool) -> News | None:
        """What it says next, whatever that is about."""

    def has_ended(self, news: News) -> None:
        """Its end has been heard of, and is still to be told."""

    # -- a stopped one ---------------------------------------------------------------
    def trap(self, pid: int, registers: X86_64Registers) -> Kind:
        """What a SIGTRAP is about."""

    def reporter(self, pid: int, signal: int) -> tuple[int, int]:
        """The first thread, and the one that a signal has stopped."""

    def has_come_back(self, pid: int) -> bool:
        """Whether its first thread is out of the kernel, and not asleep in a call."""

    def saw_something(self, pid: int) -> bool:
        """Whether one of its debug registers has."""

    def pending(self, pid: int, signal: int) -> bool:
        """Whether a signal waits that it has not told of."""

    def pending_by_thread(self, pid: int) -> dict[int, SigSet]:
        """The pending signals of each thread, by its number."""

    def process(self, pid: int) -> KinfoProc:
        """What kern.proc says of it."""

    def threads(self, pid: int) -> tuple[int, ...]:
        """Their numbers, the first one's first."""

    def read(self, pid: int, address: int, size: int) -> bytes:
        """Memory, as much as there is."""
