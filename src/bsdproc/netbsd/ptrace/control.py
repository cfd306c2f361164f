"""Beginning, ending and resuming: the requests that change what a tracee does."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from bsdproc.netbsd import _call, _check

if TYPE_CHECKING:
    from bsdproc.kernel.port import Kernel

_HERE: Final = 1
"""The address that stands for "where it left off"."""


def trace_me(*, kernel: Kernel | None = None) -> None:
    """PT_TRACE_ME: declare that the caller's parent traces it.

    The caller then stops for its parent at every signal and at execve(2).
    A debugger has no use for it: it spawns with the kernel's ``spawn(traced=True)``,
    since Python cannot safely run between fork and exec.

    `PermissionError` for a process that has changed its credentials, `KernelError`
    (EBUSY) when the caller is traced already.  ptrace(2).
    """
    _call.ptrace(_call.netbsd(kernel), "PT_TRACE_ME", 0)


def attach(pid: int, *, kernel: Kernel | None = None) -> None:
    """PT_ATTACH: trace a running process.

    It becomes the caller's child and stops with SIGSTOP, which has to be waited for
    before any other request.

    `ProcessLookupError` for a pid that is gone, `PermissionError` for a kernel
    process and where the caller may not trace it, `KernelError` with EBUSY for a
    process that is traced already, with EINVAL for the caller itself;
    ``error.reason`` says which.  ptrace(2).
    """
    _call.ptrace(_call.netbsd(kernel), "PT_ATTACH", pid)


def detach(pid: int, signal: int = 0, address: int | None = None, *,
           kernel: Kernel | None = None) -> None:
    """PT_DETACH: let a stopped tracee run on untraced, with a signal if one is given.

    Its pid goes back to its own parent.  It runs from `address` if one is given.  ptrace(2).
    """
    kernel = _call.netbsd(kernel)
    _call.ptrace(kernel, "PT_DETACH", pid, _place(kernel, address), _check.signal(signal))


def cont(pid: int, signal: int = 0, address: int | None = None, *, lwp: int | None = None,
         kernel: Kernel | None = None) -> None:
    """PT_CONTINUE: let a stopped tracee run, from `address` if one is given.

    `signal` is delivered (0: none, which suppresses the one it stopped for).  All
    LWPs run that are not suspended; with `lwp` that one alone, and no signal is
    delivered (`ValueError` for both).

    `KernelError` (EBUSY) when the tracee is not stopped, is another's, or has not
    been waited for; `ProcessLookupError` for an LWP that is not there.  ptrace(2).
    """
    _resume(kernel, "PT_CONTINUE", pid, signal, address, lwp)


def syscall(pid: int, signal: int = 0, address: int | None = None, *, lwp: int | None = None,
            kernel: Kernel | None = None) -> None:
    """PT_SYSCALL: as `cont`, and stop at the next system call's entry or return.

    The stop is a SIGTRAP with TRAP_SCE or TRAP_SCX in its siginfo.  ptrace(2)."""
    _resume(kernel, "PT_SYSCALL", pid, signal, address, lwp)


def syscallemu(pid: int, *, kernel: Kernel | None = None) -> None:
    """PT_SYSCALLEMU: have the system call that a tracee is about to enter not happen.

    Valid at the stop of a call's entry (TRAP_SCE); the tracee still stops at its
    return, with the registers that the tracer has set.  ptrace(2)."""
    _call.ptrace(_call.netbsd(kernel), "PT_SYSCALLEMU", pid)


def step(pid: int, lwp: int = 0, address: int | None = None, *, alone: bool = False,
         kernel: Kernel | None = None) -> None:
    """PT_STEP: let an LWP execute one instruction.

    Without `lwp` that is the one that reported the stop.  The other LWPs run
    meanwhile, or with `alone` stay where they are (it takes an `lwp`).  The kernel
    takes no signal here.  `NotSupported` on machines without it: arm, mips, riscv
    and sparc have no single step.  ptrace(2).
    """
    kernel = _call.netbsd(kernel)
    number = _check.lwp(lwp, zero=not alone)
    _call.ptrace(kernel, "PT_STEP", pid, _place(kernel, address), -number if alone else number)


def setstep(pid: int, lwp: int, *, kernel: Kernel | None = None) -> None:
    """PT_SETSTEP: have an LWP step when it goes on.  `NotSupported` as for `step`.  ptrace(2)."""
    _call.ptrace(_call.netbsd(kernel), "PT_SETSTEP", pid, 0, _check.lwp(lwp, zero=False))


def clearstep(pid: int, lwp: int, *, kernel: Kernel | None = None) -> None:
    """PT_CLEARSTEP: undo `setstep`.  `NotSupported` as for `step`.  ptrace(2)."""
    _call.ptrace(_call.netbsd(kernel), "PT_CLEARSTEP", pid, 0, _check.lwp(lwp, zero=False))


def kill(pid: int, *, kernel: Kernel | None = None) -> None:
    """PT_KILL: end a stopped tracee with SIGKILL.

    Of one with several LWPs an older kernel ends only one at a time: it stops once
    more, and the request is due again.  ptrace(2)."""
    _call.ptrace(_call.netbsd(kernel), "PT_KILL", pid)


def stop(pid: int, *, kernel: Kernel | None = None) -> None:
    """PT_STOP: stop a running tracee, as by SIGSTOP; the stop has to be waited for.

    `TooOld` before NetBSD 9.  ptrace(2)."""
    _call.ptrace(_call.netbsd(kernel), "PT_STOP", pid)


def suspend(pid: int, lwp: int, *, kernel: Kernel | None = None) -> None:
    """PT_SUSPEND: have an LWP of a stopped tracee stay behind when the others go on.

    `KernelError` (EDEADLK) on continuing when every LWP is suspended.  ptrace(2)."""
    _call.ptrace(_call.netbsd(kernel), "PT_SUSPEND", pid, 0, _check.lwp(lwp, zero=False))


def resume(pid: int, lwp: int, *, kernel: Kernel | None = None) -> None:
    """PT_RESUME: undo `suspend`; the LWP runs when the tracee is continued.  ptrace(2)."""
    _call.ptrace(_call.netbsd(kernel), "PT_RESUME", pid, 0, _check.lwp(lwp, zero=False))


def _place(kernel: Kernel, address: int | None) -> int:
    if address is None:
        return _HERE
    _check.unsigned(address, kernel.target.pointer * 8, "address")
    if address == _HERE:
        raise ValueError("address 1 means where the tracee stopped, say None for that")
    return address


def _resume(kernel: Kernel | None, request: str, pid: int, signal: int, address: int | None,
            lwp: int | None) -> None:
    kernel = _call.netbsd(kernel)
    data = _check.signal(signal)
    if lwp is not None:
        if data:
            raise ValueError("one LWP alone goes on without a signal")
        data = -_check.lwp(lwp, zero=False)
    _call.ptrace(kernel, request, pid, _place(kernel, address), data)
