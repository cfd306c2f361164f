"""A thread of a process under a debugger."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from bsdproc.debugger.process import Process
    from bsdproc.typed.registers import GeneralRegisters


class Thread:
    """One thread, by its id.  Usable while its process is stopped."""

    __slots__ = ("_process", "lwp")

    def __init__(self, process: Process, lwp: int) -> None:
        self._process = process
        self.lwp = lwp
        """Its id."""

    @property
    def process(self) -> Process:
        """Whose it is."""
        return self._process

    @property
    def registers(self) -> GeneralRegisters:
        """Its general registers, read anew: a copy, which is assigned to set them."""
        p = self._process
        p.need_stopped()
        return p.backend.registers(p.pid, self.lwp)

    @registers.setter
    def registers(self, registers: GeneralRegisters) -> None:
        p = self._process
        p.need_stopped()
        p.backend.set_registers(p.pid, self.lwp, registers)
        visit = p.control.standing(self.lwp)
        if visit is not None and visit.address != registers.pc:
            p.control.leave(self.lwp)

    @property
    def pc(self) -> int:
        """The program counter; can be set."""
        return self.registers.pc

    @pc.setter
    def pc(self, address: int) -> None:
        registers = self.registers
        registers.pc = address
        self.registers = registers

    @property
    def name(self) -> str:
        """The name that it was given, the program's unless it was."""
        p = self._process
        p.need_stopped()
        return p.backend.thread_name(p.pid, self.lwp)

    def step(self) -> None:
        """When the debugger waits next, this thread executes one instruction
        while the process's other threads are held; `Stepped` comes then.

        A signal that it takes along is handled first: its handler runs to the
        end, at full speed, before the instruction.  A step is given up when
        something else is reported first.

        On DragonFly other threads run on meanwhile, and `NotSupported` is raised for
        all but a process's first, whose registers alone can be had as well."""
        p = self._process
        p.need_stopped()
        p.backend.reach(p.pid, self.lwp)
        p.control.wanted = self.lwp

    def suspend(self) -> None:
        """Hold this thread when the process goes on, until `resume`.

        `NotSupported` on DragonFly, whose ptrace(2) holds nobody."""
        p = self._process
        p.need_stopped()
        p.backend.suspend(p.pid, self.lwp)
        p.control.held.add(self.lwp)

    def resume(self) -> None:
        """Undo `suspend`."""
        p = self._process
        p.need_stopped()
        p.backend.unsuspend(p.pid, self.lwp)
        p.control.held.discard(self.lwp)

    def __eq__(self, other: object) -> bool:
        return (isinstance(other, Thread) and other._process is self._process
                and other.lwp == self.lwp)

    def __hash__(self) -> int:
        return hash((self._process.pid, self.lwp))

    def __repr__(self) -> str:
        return f"<thread {self.lwp} of process {self._process.pid}>"
