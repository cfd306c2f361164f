"""Supervising all that comes of a command: procctl(2)'s reaper."""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from types import TracebackType
from typing import TYPE_CHECKING, Final, Self

from bsdproc import freebsd
from bsdproc.debugger.debugger import known_to_any
from bsdproc.freebsd.constants.kinfo import ProcState
from bsdproc.freebsd.constants.procctl import ReaperPidFlags
from bsdproc.freebsd.constants.process import ProcFlags
from bsdproc.freebsd.constants.signals import Signal
from bsdproc.freebsd.constants.wait import IdType, WaitOptions
from bsdproc.kernel.default import resolve
from bsdproc.kernel.errors import KernelError, not_supported

if TYPE_CHECKING:
    from bsdproc.kernel.port import Kernel

PAUSES: Final = (0.001, 0.002, 0.005, 0.01, 0.02, 0.05)
"""Seconds between looks at who is left, the last one again and again."""

ELSEWHERE: Final = {
    "dragonfly": "DragonFly's reaper neither lists nor kills: "
                 "bsdproc.dragonfly.procctl.reap_status tells of one child at a time",
    "netbsd": "NetBSD has no reaper; a Debugger with follow_fork=True loses none",
}
"""Why there is none on other systems."""
ENDS: Final = WaitOptions.WEXITED | WaitOptions.WNOHANG


class Reaper:
    """The calling process as the reaper of all it starts inside the block.

        with Reaper() as reaper:
            reaper.spawn(["make", "-j8"])
            ...
            reaper.kill_all()

    What descends from it stays below it, whatever forks, double forks or setsid
    are made: PROC_REAP_ACQUIRE at the beginning, PROC_REAP_RELEASE at the end.
    Leaving the block kills what is left, unless ``kill=False``: then it goes to
    the next reaper above.  Children that the caller had before are no descendants
    in this sense; those that it makes inside the block, by whatever means, are.

    A process is the reaper or it is not: `KernelError` (EBUSY) for a second one
    at the same time.  `NotSupported` on NetBSD and DragonFly.
    """

    def __init__(self, *, kill: bool = True, kernel: Kernel | None = None) -> None:
        self.kernel = resolve(kernel)
        if self.kernel.system != "freebsd":
            raise not_supported(self.kernel.system, call="procctl", request="PROC_REAP_ACQUIRE",
                                reason=ELSEWHERE.get(self.kernel.system))
        self._kill = kill
        self._ended: dict[int, freebsd.Status] = {}
        """How processes ended that were collected and not yet asked for."""
        self._active = False

    def __enter__(self) -> Self:
        freebsd.procctl.reap_acquire(kernel=self.kernel)
        self._active = True
        return self

    def __exit__(self, kind: type[BaseException] | None, value: BaseException | None,
                 trace: TracebackType | None) -> None:
        self.close()

    def close(self) -> None:
        """Kill what is left if that was asked for, and be the reaper no more."""
        if not self._active:
            return
        try:
            if self._kill:
                try:
                    self.kill_all()
                except KeyboardInterrupt:
                    self.kill_all()     # once more; a second Ctrl-C leaves the rest
                    raise
        finally:
            self._active = False
            freebsd.procctl.reap_release(kernel=self.kernel)

    def _open(self) -> None:
        if not self._active:
            raise RuntimeError("no reaper outside its block")

    # -- what is below ---------------------------------------------------------------
    def spawn(self, argv: Sequence[str | os.PathLike[str]], *, path: str | None = None,
              env: Mapping[str, str] | None = None, cwd: str | None = None,
              fds: Mapping[int, int] | None = None, uid: int | None = None,
              gid: int | None = None, groups: Sequence[int] | None = None,
              new_group: bool = False) -> int:
        """Start a program, its pid; the arguments are a kernel's `spawn`'s."""
        self._open()
        if isinstance(argv, str | bytes):
            raise TypeError("argv is a sequence of strings, not one")
        words = [os.fspath(word) for word in argv]
        if not words:
            raise ValueError("argv needs argv[0]")
        return self.kernel.spawn(path or words[0], words, env, cwd=cwd, fds=fds, uid=uid, gid=gid,
                                 groups=groups, new_group=new_group)

    @property
    def status(self) -> freebsd.procctl.ReaperStatus:
        """PROC_REAP_STATUS: how many there are."""
        self._open()
        return freebsd.procctl.reap_status(kernel=self.kernel)

    @property
    def descendants(self) -> tuple[freebsd.procctl.ReaperPid, ...]:
        """PROC_REAP_GETPIDS: all of them, those that wait to be collected too.

        Those of a reaper further down are that one's."""
        self._open()
        return freebsd.procctl.reap_getpids(kernel=self.kernel)

    # -- ends -----------------------------------------------------------------------
    def wait(self, pid: int) -> freebsd.Status:
        """Wait for a child's end: how it ended.  `ChildProcessError` for one that
        is no child (any more)."""
        self._open()
        found: freebsd.Status | None = self._ended.pop(pid, None)
        while found is None or isinstance(found, freebsd.Stopped | freebsd.Continued):
            found = freebsd.wait(pid, kernel=self.kernel)
        return found

    def collect(self) -> tuple[freebsd.Status, ...]:
        """Take the ends of descendants out of the process table that have become
        the caller's children, but for those that a debugger of its has in hand."""
        found, debugged = [], known_to_any()
        for one in self.descendants:
            if ReaperPidFlags.REAPER_PIDINFO_CHILD in one.flags and one.pid not in debugged:
                try:
                    ended = freebsd.wait6(IdType.P_PID, one.pid, ENDS, kernel=self.kernel)
                except ChildProcessError:
                    continue
                if ended is not None:
                    self._ended[one.pid] = ended.status
                    found.append(ended.status)
        return tuple(found)

    def kill(self, signal: Signal | int = Signal.SIGKILL) -> int:
        """PROC_REAP_KILL, once: signal all descendants; how many were.

        `PermissionError` when there are some and none may be signalled."""
        self._open()
        try:
            return freebsd.procctl.reap_kill(signal, kernel=self.kernel).killed
        except ProcessLookupError as error:
            return (error.killed or 0) if isinstance(error, KernelError) else 0

    def kill_all(self, signal: Signal | int = Signal.SIGKILL, *,
                 timeout: float | None = None) -> int:
        """Signal and collect the descendants until none is left; how many were collected.

        Again and again: a process that is forked meanwhile is below the reaper as
        well, and so is what a dead reaper further down leaves.  The ends of children
        that `spawn` started can be asked for with `wait` afterwards.

        `PermissionError` when those that are left may not be signalled;
        `TimeoutError` after `timeout` seconds, with whom it waits for: a process
        that handles the signal, or one that a debugger holds."""
        collected, waited, turn = 0, 0.0, 0
        while True:
            refused: PermissionError | None = None
            try:
                self.kill(signal)
            except PermissionError as error:
                refused = error
            found = len(self.collect())
            collected += found
            left = self.descendants
            if not left:
                return collected
            if found:
                continue
            if refused is not None and not any(self._dying(one.pid) for one in left):
                raise refused
            if timeout is not None and waited >= timeout:
                pids = ", ".join(str(one.pid) for one in left)
                raise TimeoutError(f"after {timeout} seconds there are still {pids}")
            pause = PAUSES[min(turn, len(PAUSES) - 1)]
            self.kernel.settle(pause)
            waited += pause
            turn += 1

    def _dying(self, pid: int) -> bool:
        """Whether a process is on its way out: PROC_REAP_GETPIDS says so itself only
        from FreeBSD 14 on."""
        try:
            process = freebsd.kinfo.process(pid, kernel=self.kernel)
        except ProcessLookupError:
            return True
        return process.stat == ProcState.SZOMB or ProcFlags.P_WEXIT in process.flag
