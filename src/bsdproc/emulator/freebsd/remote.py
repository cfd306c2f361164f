"""What a stopped tracee does for its tracer: PT_COREDUMP and PT_SC_REMOTE.

The thread that stands at the stop does the work, which ends in the same stop:
it has to be waited for again.
"""

from __future__ import annotations

import struct
from collections.abc import Generator
from typing import TYPE_CHECKING

from bsdproc.emulator.bsd import entry
from bsdproc.emulator.bsd.state import TDB, Proc, Sleep, Thread
from bsdproc.emulator.errno import EBUSY, EINTR, EINVAL, ENOSYS, EPIPE, ESRCH, Refused

if TYPE_CHECKING:
    from bsdproc.emulator.freebsd.system import System

PC_COMPRESS, PC_ALL = 1, 2
SC_ARGS_MAX = 8
SYS_MAXSYSCALL = 583
INDIRECT = (0, 198)
"""syscall(2) and __syscall(2): the number is the first argument."""

# The layouts of amd64.
COREDUMP = struct.Struct("<iIq")
SC_RET = struct.Struct("<qqi4x")
SC_REMOTE = struct.Struct("<qqi4xIIQ")


def sc_ret(first: int, second: int, error: int) -> bytes:
    """struct ptrace_sc_ret of two unsigned words."""
    return SC_RET.pack(_signed(first), _signed(second), error)


def _signed(value: int) -> int:
    value &= 0xFFFFFFFFFFFFFFFF
    return value - (1 << 64) if value >> 63 else value


def coredump(system: System, td: Thread, p: Proc,
             given: bytes) -> Generator[Sleep | None, int, int]:
    """PT_COREDUMP into a descriptor of the tracer's, behind every check of the
    target."""
    from bsdproc.emulator.freebsd import coredump as core

    fd, flags, limit = COREDUMP.unpack(given)
    if flags & ~(PC_COMPRESS | PC_ALL):
        raise Refused(EINVAL)
    vnode = td.proc.files.get_write(fd).vnode
    if vnode is None or vnode.kind != "reg":
        raise Refused(EPIPE)
    server = p.xthread
    if server is None:
        raise Refused(EBUSY)

    def work() -> Generator[Sleep | None, int, int]:
        try:
            core.coredump(system, server, vnode, limit, flags)
        except Refused as e:
            return e.errno
        return 0
        yield

    error = yield from _serve(system, server, work())
    if error:
        raise Refused(error)
    return 0


def sc_remote(system: System, td2: Thread, given: bytes) -> Generator[Sleep | None, int, bytes]:
    """PT_SC_REMOTE: what the call gave, as struct ptrace_sc_ret.  EBUSY where
    the thread is not on its way to the program."""
    *_, code, nargs, _where = SC_REMOTE.unpack(given[: SC_REMOTE.size])
    if not td2.dbgflags & TDB.BOUNDARY:
        raise Refused(EBUSY)
    args = struct.unpack(f"<{nargs}Q", given[SC_REMOTE.size :])
    args += (0,) * (SC_ARGS_MAX - nargs)
    result = [0, 0]

    def work() -> Generator[Sleep | None, int, int]:
        number, arguments = code, args
        if number in INDIRECT:
            number, arguments = arguments[0], (*arguments[1:], 0)
        if number >= SYS_MAXSYSCALL:
            return ENOSYS
        saved, td2.retval = td2.retval, (0, 0)
        error = yield from entry.call(system, td2, number, arguments)
        if error <= 0:
            result[:] = td2.retval
        td2.retval = saved
        return error

    error = yield from _serve(system, td2, work())
    return sc_ret(result[0], result[1], error)


def _serve(system: System, td2: Thread,
           work: Generator[Sleep | None, int, int]) -> Generator[Sleep | None, int, int]:
    """Have the stopped thread do some work; the caller sleeps meanwhile."""
    outcome: list[int] = []
    done = ("remote", td2)

    def request() -> Generator[Sleep | None, int, None]:
        outcome.append((yield from work))
        system.wakeup(done)

    td2.pending_request = request
    try:
        while not outcome:
            yield Sleep(done, "pscrx", interruptible=False)
            if td2.exited and not outcome:
                raise Refused(ESRCH)
    finally:
        if not outcome:
            # The caller gave up waiting (Ctrl-C, a wait without end): so does the thread.
            system.wake_thread(td2, EINTR)
    return outcome[0]
