"""What the debugger's tests do again and again."""

from __future__ import annotations

from bsdproc import Debugger, events, freebsd
from bsdproc.debugger import Process
from bsdproc.freebsd.constants import IdType
from bsdproc.freebsd.constants import WaitOptions as W
from bsdproc.kernel import Kernel


def word(process: Process, address: int) -> int:
    """A long of a stopped process."""
    return int.from_bytes(process.memory[address : address + 8], "little", signed=True)


def set_word(process: Process, address: int, value: int) -> None:
    process.memory[address : address + 8] = value.to_bytes(8, "little", signed=True)


def names(debugger: Debugger, limit: int = 1000) -> list[str]:
    """The rest of a session, as the names of its events."""
    found = []
    for event in debugger:
        found.append(type(event).__name__)
        assert len(found) < limit
    return found


def end(debugger: Debugger) -> int:
    """Run to the end of the last process; its exit status."""
    last = list(debugger)[-1]
    assert isinstance(last, events.Exited)
    return last.status


def nth(debugger: Debugger, number: int) -> events.Event | None:
    """Go on to this stop of those that are no end."""
    for event in debugger:
        if not isinstance(event, events.Exited | events.Killed):
            if number == 0:
                return event
            number -= 1
    return None


def mine(kernel: Kernel) -> list[freebsd.kinfo.KinfoProc]:
    """Children and tracees of the calling process."""
    own = kernel.getpid()
    try:
        # One that was traced and has ended shows its real parent alone.
        ended = freebsd.wait6(IdType.P_ALL, 0, W.WEXITED | W.WNOHANG | W.WNOWAIT, kernel=kernel)
    except ChildProcessError:
        ended = None
    return [p for p in freebsd.kinfo.processes(kernel=kernel) if own in (p.ppid, p.tracer)
            or (ended is not None and p.pid == ended.status.pid)]
