"""One thread at a time inside an emulated kernel.

Every call of the port goes through the gate.  A call that lets time pass, a wait above
all, gives way between two slices of it to threads that stand at the gate, so that one
thread can wait for a process while another one signals it.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import wraps
from threading import Condition, RLock, get_ident
from typing import Any, Final

CALLS: Final = frozenset({
    "spawn", "wait4", "wait6", "kill", "settle", "ptrace", "procctl", "sysctl", "sysctl_size",
    "open", "close", "pipe", "read", "write", "pread", "pwrite", "lstat", "readlink", "listdir",
    "unlink", "mkdir", "rmdir", "chmod", "chown", "mount", "nmount", "unmount", "statvfs",
    "caller", "install", "shutdown",
})
"""What a view of a kernel is called with from outside.  `run_child` is not among them: its
`work` is the caller's, and calls for itself."""
MOMENT: Final = 0.0002
"""Seconds of the host's that a gate stands open."""


class Gate:
    """Who is inside, and who would be."""

    __slots__ = ("_open", "coming", "lock", "returning")

    def __init__(self) -> None:
        self.lock: Final = RLock()
        self._open = Condition(self.lock)
        # By thread; a dict's single operations are atomic.
        self.coming: Final[dict[int, None]] = {}
        self.returning: Final[dict[int, None]] = {}

    def give_way(self) -> bool:
        """Called inside: whether others could come in meanwhile, so that nothing need be
        as it was."""
        if not self.coming and not self.returning:
            return False
        me = get_ident()
        self.returning[me] = None
        try:
            self._open.wait(MOMENT)
        finally:
            self.returning.pop(me, None)
        return True


def guard(cls: type) -> None:
    """Have the calls that a class defines go through the gate of its `_system`."""
    for name, method in list(vars(cls).items()):
        if name in CALLS:
            setattr(cls, name, _guarded(method))


def _guarded(method: Callable[..., Any]) -> Callable[..., Any]:
    @wraps(method)
    def call(self: Any, *arguments: Any, **named: Any) -> Any:
        gate, me = self._system.gate, get_ident()
        gate.coming[me] = None
        try:
            with gate.lock:
                del gate.coming[me]
                return method(self, *arguments, **named)
        except BaseException:
            gate.coming.pop(me, None)       # Ctrl-C, before the gate was passed
            raise

    return call
