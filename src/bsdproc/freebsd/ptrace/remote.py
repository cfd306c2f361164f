"""PT_SC_REMOTE: a system call in the place of a tracee."""

from __future__ import annotations

from collections.abc import Sequence
from struct import pack
from typing import TYPE_CHECKING, Final

from bsdproc.freebsd import _call, _check
from bsdproc.freebsd.ptrace._again import consume
from bsdproc.freebsd.ptrace.events import MAX_ARGS, ScRet

if TYPE_CHECKING:
    from bsdproc.kernel.port import Kernel

_INDIRECT: Final = (0, 198)
"""syscall(2) and __syscall(2), whose first argument is the number."""
_THR_SUSPEND: Final = 442


def sc_remote(
    pid: int,
    number: int,
    arguments: Sequence[int] = (),
    *,
    wait: bool = True,
    kernel: Kernel | None = None,
) -> ScRet:
    """PT_SC_REMOTE: have a thread of a stopped tracee make a system call.

    `arguments` are machine words, with or without a sign; pointers point into the
    tracee's memory.  The result has the call's own errno in `error`: a call that
    failed is no failure of the request.

    The request makes the thread run in the kernel and stop again, and that stop
    has to be waited for before the next request.  With `wait` that is done here
    (an exit is left to be waited for); without it the caller waits.

    `KernelError` (EBUSY) at a stop where that is not safe, as at a system call's
    entry.  `ValueError` for syscall(2) and __syscall(2) without the argument that is
    the number: it makes FreeBSD 13.2's kernel overwrite its own memory; and for
    thr_suspend(2) without a time, from which neither the tracee nor the caller ever
    returns.  FreeBSD 13.2 and later.  ptrace(2).
    """
    kernel = _call.freebsd(kernel)
    target = kernel.target
    _check.unsigned(number, 32, "system call number")
    if len(arguments) > MAX_ARGS:
        raise ValueError(f"a system call has up to {MAX_ARGS} arguments, not {len(arguments)}")
    if number in _INDIRECT and not arguments:
        raise ValueError(f"system call {number} takes the number of another as its first argument")
    call, *rest = arguments if number in _INDIRECT else (number, *arguments)
    if call == _THR_SUSPEND and not any(rest[:1]):
        raise ValueError("nobody ends thr_suspend(2) without a time: its caller stands still too")
    size = target.scalars["syscallarg_t"].size
    order = "<" if target.byteorder == "little" else ">"
    words = [_check.signed(value, size * 8, f"argument {at}") for at, value in enumerate(arguments)]
    held = kernel.buffer(pack(f"{order}{len(words)}{'q' if size == 8 else 'i'}", *words) or b"\0")
    layout = target.struct("struct ptrace_sc_remote")
    request = {
        "pscr_syscall": number, "pscr_nargs": len(words), "pscr_args": held.address,
    }
    desc = kernel.buffer(layout.pack(request))
    try:
        _call.ptrace(kernel, "PT_SC_REMOTE", pid, desc, layout.size)
    finally:
        if wait:
            consume(kernel, pid)
    return ScRet.single(target.machine, desc.read(), layout.field("pscr_ret").offset)
