"""Beginning, ending and resuming: the requests that change what a tracee does."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from bsdproc.dragonfly import _call, _check

if TYPE_CHECKING:
    from bsdproc.kernel.port import Kernel

_HERE: Final = 1
"""The address that stands for "where it left off"."""


def trace_me(*, kernel: Kernel | None = None) -> None:
    """PT_TRACE_ME: declare that the caller's parent traces it; never refused.

    The caller then stops for its parent at every signal and at execve(2).
    A debugger has no use for it: it spawns with the kernel's ``spawn(traced=True)``,
    since Python cannot safely run between fork and exec.  ptrace(2).
    """
    _call.ptrace(_call.dragonfly(kernel), "PT_TRACE_ME", 0)


def attach(pid: int, *, kernel: Kernel | None = None) -> None:
    """PT_ATTACH: trace a running process.

    It becomes the caller's child as far as wait(2) goes and stops with SIGSTOP,
    which has to be waited for before any other request.  A process that ran on a
    processor may report this stop twice: `wait` again when a request says EBUSY.
    One that was stopped already runs, and reports nothing before the next SIGSTOP.

    `ProcessLookupError` for a pid that is gone, a zombie's or another jail's,
    `PermissionError` for another user's process and one that has changed its
    credentials since its last execve(2), `KernelError` with EBUSY for a process that
    is traced already, with EINVAL for the caller itself, for its ancestors while it
    is traced, and for init and process 0; ``error.reason`` says which.  ptrace(2).
    """
    _call.ptrace(_call.dragonfly(kernel), "PT_ATTACH", pid)


def detach(pid: int, signal: int = 0, address: int | None = None, *,
           kernel: Kernel | None = None) -> None:
    """PT_DETACH: let a stopped tracee run on untraced, from `address` if one is given.

    Its pid goes back to its own parent.  For `signal` see `cont`.  ptrace(2).
    """
    _resume(kernel, "PT_DETACH", pid, signal, address)


def cont(pid: int, signal: int = 0, address: int | None = None, *,
         kernel: Kernel | None = None) -> None:
    """PT_CONTINUE: let a stopped tracee run, from `address` if one is given.

    `signal` is delivered (0: none, which suppresses the one it stopped for), unless
    the stop was that of SIGSTOP or of `attach`, after which the kernel loses it
    without a word: kill(2) sends one then.  `KernelError` (EBUSY) when the tracee is
    not stopped, is another's, or has not been waited for.  ptrace(2).
    """
    _resume(kernel, "PT_CONTINUE", pid, signal, address)


def step(pid: int, signal: int = 0, address: int | None = None, *,
         kernel: Kernel | None = None) -> None:
    """PT_STEP: let a stopped tracee execute one instruction, from `address` if one is given.

    A system call is one instruction.  For `signal` see `cont`.  ptrace(2)."""
    _resume(kernel, "PT_STEP", pid, signal, address)


def kill(pid: int, *, kernel: Kernel | None = None) -> None:
    """PT_KILL: end a stopped tracee with SIGKILL, at once.

    Not after the stop of SIGSTOP or of `attach`: there the kernel loses the signal
    and the tracee runs on.  What ends a tracee in any case is kill(2) with SIGKILL,
    `cont`, waiting for its stop with SIGKILL, and this.  ptrace(2)."""
    _call.ptrace(_call.dragonfly(kernel), "PT_KILL", pid, _HERE)


def _resume(kernel: Kernel | None, request: str, pid: int, signal: int,
            address: int | None) -> None:
    kernel = _call.dragonfly(kernel)
    if signal != 0 or type(signal) is not int:
        signal = _check.signal(signal)
    if address is None:
        address = _HERE
    else:
        _check.unsigned(address, kernel.target.pointer * 8, "address")
        if address == _HERE:
            raise ValueError("address 1 means where the tracee stopped, say None for that")
    _call.ptrace(kernel, request, pid, address, signal)
