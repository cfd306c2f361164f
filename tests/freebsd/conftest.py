"""Programs under control, ended after each test."""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Iterator
from dataclasses import dataclass

import pytest

from bsdproc.freebsd import Exited, Signaled, Status, Stopped, WaitOptions, ptrace, wait
from bsdproc.freebsd.constants import Signal
from bsdproc.kernel.errors import KernelError
from bsdproc.kernel.port import Kernel


@dataclass
class Tracee:
    """One program of tests/conformance/tracees; a traced one stands at its first instruction."""

    pid: int
    path: str
    at: Callable[[str], int]
    """The address of a symbol."""

    def stop(self) -> Stopped:
        """Wait for a stop."""
        status = wait(self.pid)
        assert isinstance(status, Stopped), status
        return status

    def cont(self, signal: int = 0) -> Status:
        """Continue, and what comes next."""
        ptrace.cont(self.pid, signal)
        status = wait(self.pid)
        assert status is not None
        return status

    def number(self, symbol: str, size: int = 4) -> int:
        """An integer variable of the program."""
        return int.from_bytes(ptrace.read(self.pid, self.at(symbol), size), "little", signed=True)

    def set(self, symbol: str, value: int) -> None:
        """Set an int of the program."""
        ptrace.write_d(self.pid, self.at(symbol), value)

    def run_to(self, symbol: str) -> None:
        """Continue to a place, by a breakpoint that is then taken away."""
        where = self.at(symbol)
        kept = ptrace.read(self.pid, where, 1)
        ptrace.write(self.pid, where, b"\xcc")
        assert self.cont() == Stopped(self.pid, Signal.SIGTRAP, 0x57F)
        ptrace.write(self.pid, where, kept)
        registers = ptrace.getregs(self.pid)
        assert registers.pc == where + 1
        registers.pc = where
        ptrace.setregs(self.pid, registers)


Start = Callable[..., Tracee]


@pytest.fixture
def start(
    kernel: Kernel, tracee: Callable[[str], str], symbol: Callable[[str, str], int]
) -> Iterator[Start]:
    """start("spin", "argument"): a tracee; with traced=False a child that runs."""
    begun: list[int] = []

    def run(program: str, *arguments: str, traced: bool = True, uid: int | None = None,
            env: dict[str, str] | None = None, new_group: bool = False) -> Tracee:
        path = tracee(program)
        pid = kernel.spawn(path, [path, *arguments], {} if env is None else env, traced=traced,
                           uid=uid, new_group=new_group)
        begun.append(pid)
        made = Tracee(pid, path, lambda name: symbol(program, name))
        if traced:
            made.stop()
        return made

    yield run
    for pid in begun:
        end(kernel, pid)


def end(kernel: Kernel, pid: int) -> None:
    """End a child whatever it does: SIGKILL alone does not end a stopped tracee."""
    try:
        kernel.kill(pid, Signal.SIGKILL)
        for _ in range(100):
            with contextlib.suppress(KernelError):
                ptrace.kill(pid)
            status = wait(pid, WaitOptions.WNOHANG)
            if isinstance(status, (Exited, Signaled)):
                return
            kernel.settle(0.01)
    except KernelError:
        return
