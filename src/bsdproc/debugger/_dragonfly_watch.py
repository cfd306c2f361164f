"""Watchpoints on DragonFly: the debug registers of a process's first thread."""

from __future__ import annotations

from bsdproc import dragonfly
from bsdproc.debugger import x86
from bsdproc.dragonfly.registers import X86_64DebugRegisters
from bsdproc.kernel.port import Kernel


class Watching:
    """That part of the backend."""

    def __init__(self, kernel: Kernel) -> None:
        self.kernel = kernel
        self._watching: set[int] = set()
        """Those that have debug registers set."""

    def watch_slots(self) -> int:
        return X86_64DebugRegisters.slots

    def watch(self, pid: int, slots: x86.Slots) -> None:
        registers = dragonfly.ptrace.getdbregs(pid, kernel=self.kernel)
        x86.arm(registers, slots)
        dragonfly.ptrace.setdbregs(pid, registers, kernel=self.kernel)
        (self._watching.add if any(slots) else self._watching.discard)(pid)

    def watched(self, pid: int, lwp: int) -> tuple[int, ...]:
        registers = dragonfly.ptrace.getdbregs(pid, kernel=self.kernel)
        hits = x86.take(registers)
        if hits:
            dragonfly.ptrace.setdbregs(pid, registers, kernel=self.kernel)
        return hits

    def pass_over(self, pid: int, lwp: int) -> None:
        registers = dragonfly.ptrace.getregs(pid, kernel=self.kernel)
        x86.pass_over(registers)
        dragonfly.ptrace.setregs(pid, registers, kernel=self.kernel)

    def saw_something(self, pid: int) -> bool:
        """Whether one of its debug registers has."""
        if pid not in self._watching:
            return False
        return bool(x86.seen(dragonfly.ptrace.getdbregs(pid, kernel=self.kernel)))
