"""Beginning, ending and resuming: the requests that change what a tracee does."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from bsdproc.freebsd import _call, _check

if TYPE_CHECKING:
    from bsdproc.kernel.port import Kernel

_HERE: Final = 1
"""The address that stands for "where it left off"."""


def trace_me(*, kernel: Kernel | None = None) -> None:
    """PT_TRACE_ME: declare that the caller's parent traces it.

    The caller then stops for its parent at every signal and at execve(2).
    A debugger has no use for it: it spawns with the kernel's ``spawn(traced=True)``,
    since Python cannot safely run between fork and exec.

    `PermissionError` when the parent is init, `KernelError` (EBUSY) when the
    caller is traced already.  ptrace(2); kern_ptrace.
    """
    _call.ptrace(_call.freebsd(kernel), "PT_TRACE_ME", 0)


def attach(pid: int, *, kernel: Kernel | None = None) -> None:
    """PT_ATTACH: trace a running process.

    It becomes the caller's child as far as wait(2) goes and stops with SIGSTOP,
    which has to be waited for before any other request.

    `ProcessLookupError` for a pid that is gone or not visible, `PermissionError`
    where the caller may not debug it, `KernelError` with EBUSY for a process that
    is traced already or in the middle of execve(2), with EINVAL for the caller
    itself and for system processes; ``error.reason`` says which.  ptrace(2);
    p_candebug.
    """
    _call.ptrace(_call.freebsd(kernel), "PT_ATTACH", pid)


def detach(pid: int, signal: int = 0, *, kernel: Kernel | None = None) -> None:
    """PT_DETACH: let a stopped tracee run on untraced, with a signal if one is given.

    Its pid goes back to its own parent.  The kernel takes no address here.  ptrace(2).
    """
    _resume(kernel, "PT_DETACH", pid, signal, None)


def cont(pid: int, signal: int = 0, address: int | None = None, *,
         kernel: Kernel | None = None) -> None:
    """PT_CONTINUE: let a stopped tracee run, from `address` if one is given.

    `signal` is delivered to the thread that reported the stop (0: none, which
    suppresses the one it stopped for).  All threads run that are not suspended.
    `KernelError` (EBUSY) when the tracee is not stopped, is another's, or has not
    been waited for.  ptrace(2).
    """
    _resume(kernel, "PT_CONTINUE", pid, signal, address)


def step(pid: int, signal: int = 0, *, kernel: Kernel | None = None) -> None:
    """PT_STEP: let one thread execute one instruction.

    `pid` may be an LWP's id.  With a signal, the interrupted code is stepped
    first and its handler runs afterwards.  The kernel ignores an address here.  ptrace(2).
    """
    _resume(kernel, "PT_STEP", pid, signal, None)


def to_sce(pid: int, signal: int = 0, address: int | None = None, *,
           kernel: Kernel | None = None) -> None:
    """PT_TO_SCE: as `cont`, and stop at every system call's entry from now on.

    PTRACE_SCE stays in the event mask: later calls of `cont` stop there too.  ptrace(2)."""
    _resume(kernel, "PT_TO_SCE", pid, signal, address)


def to_scx(pid: int, signal: int = 0, address: int | None = None, *,
           kernel: Kernel | None = None) -> None:
    """PT_TO_SCX: as `cont`, and stop at every system call's exit from now on.

    PTRACE_SCX stays in the event mask: later calls of `cont` stop there too.  ptrace(2)."""
    _resume(kernel, "PT_TO_SCX", pid, signal, address)


def syscall(pid: int, signal: int = 0, address: int | None = None, *,
            kernel: Kernel | None = None) -> None:
    """PT_SYSCALL: as `cont`, and stop at every system call's entry and exit from now on.

    PTRACE_SYSCALL stays in the event mask: later calls of `cont` stop there too.  ptrace(2)."""
    _resume(kernel, "PT_SYSCALL", pid, signal, address)


def kill(pid: int, *, kernel: Kernel | None = None) -> None:
    """PT_KILL: end a stopped tracee with SIGKILL, at once.

    kill(2) with SIGKILL does nothing to a tracee in a stop until it is continued.  ptrace(2)."""
    _call.ptrace(_call.freebsd(kernel), "PT_KILL", pid)


def setstep(pid: int, *, kernel: Kernel | None = None) -> None:
    """PT_SETSTEP: have a stopped thread (or its process's first) step when it goes on.

    ptrace(2)."""
    _call.ptrace(_call.freebsd(kernel), "PT_SETSTEP", pid)


def clearstep(pid: int, *, kernel: Kernel | None = None) -> None:
    """PT_CLEARSTEP: undo `setstep`.  ptrace(2)."""
    _call.ptrace(_call.freebsd(kernel), "PT_CLEARSTEP", pid)


def suspend(lwp: int, *, kernel: Kernel | None = None) -> None:
    """PT_SUSPEND: have a thread of a stopped tracee stay behind when the others go on.

    ptrace(2)."""
    _call.ptrace(_call.freebsd(kernel), "PT_SUSPEND", lwp)


def resume(lwp: int, *, kernel: Kernel | None = None) -> None:
    """PT_RESUME: undo `suspend`; the thread runs when the tracee is continued.  ptrace(2)."""
    _call.ptrace(_call.freebsd(kernel), "PT_RESUME", lwp)


def _resume(kernel: Kernel | None, request: str, pid: int, signal: int,
            address: int | None) -> None:
    kernel = _call.freebsd(kernel)
    if signal != 0 or type(signal) is not int:
        signal = _check.signal(signal)
    if address is None:
        address = _HERE
    else:
        _check.unsigned(address, kernel.target.pointer * 8, "address")
        if address == _HERE:
            raise ValueError("address 1 means where the tracee stopped, say None for that")
    _call.ptrace(kernel, request, pid, address, signal)
