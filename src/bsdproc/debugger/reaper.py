"""Supervising all that comes of a command: procctl(2)'s reaper."""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from contextlib import suppress
from types import TracebackType
from typing import TYPE_CHECKING, Final, Self

from bsdproc.debugger.debugger import known_to_any
from bsdproc.debugger.keeper import Descendant
from bsdproc.debugger.systems import keeper_for
from bsdproc.kernel.default import resolve
from bsdproc.kernel.errors import KernelError

if TYPE_CHECKING:
    from bsdproc.debugger.keeper import ReaperStatus, Status
    from bsdproc.kernel.port import Kernel

SIGKILL: Final = 9
PAUSES: Final = (0.001, 0.002, 0.005, 0.01, 0.02, 0.05)
"""Seconds between looks at who is left, the last one again and again."""
LOOKS: Final = 40
"""How often is looked for those that the system counts and does not show."""


class Reaper:
    """The calling process as the reaper of all it starts inside the block::

        with Reaper() as reaper:
            reaper.spawn(["make", "-j8"])
            ...
            reaper.kill_all()

    What descends from it stays below it, whatever forks, double forks or setsid
    are made: PROC_REAP_ACQUIRE at the beginning, PROC_REAP_RELEASE at the end.
    Leaving the block kills what is left, unless ``kill=False``: then it goes to
    the next reaper above.  Children that the caller had before are no descendants
    in this sense; those that it makes inside the block, by whatever means, are.

    A process is the reaper or it is not: `KernelError` (EBUSY; EALREADY on DragonFly)
    for a second one at the same time.  `NotSupported` on NetBSD.

    DragonFly's reaper counts the living below it, and neither lists nor signals them:
    they are found by their parents in kern.proc, in a list that is made while they
    fork, exit and are handed on, so that `descendants` and `kill` may miss one, and
    `kill_all` looks again until the kernel counts none.  Inside the block the caller
    can signal nobody but what it started there (EPERM), root included.
    """

    def __init__(self, *, kill: bool = True, kernel: Kernel | None = None) -> None:
        self.kernel = resolve(kernel)
        self._keeper = keeper_for(self.kernel)
        self._kill = kill
        self._ended: dict[int, Status] = {}
        """How processes ended that were collected and not yet asked for."""
        self._active = False

    def __enter__(self) -> Self:
        try:
            self._keeper.acquire()
            self._active = True
        except KeyboardInterrupt:
            with suppress(KernelError):     # whether it had come to that is not known
                self._keeper.release()
            raise
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
            try:
                self._keeper.release()
            except KeyboardInterrupt:
                with suppress(KernelError):
                    self._keeper.release()
                raise
            finally:
                self._active = False

    def __repr__(self) -> str:
        return f"<reaper {self.kernel.getpid()}, {'active' if self._active else 'released'}>"

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
    def status(self) -> ReaperStatus:
        """PROC_REAP_STATUS, as the system has it: how many there are."""
        self._open()
        return self._keeper.status()

    @property
    def descendants(self) -> tuple[Descendant, ...]:
        """All of them, those that wait to be collected too: PROC_REAP_GETPIDS, on
        DragonFly kern.proc by parents.

        On FreeBSD those of a reaper further down are that one's; on DragonFly they are
        listed too."""
        self._open()
        return self._keeper.below()

    # -- ends -----------------------------------------------------------------------
    def wait(self, pid: int) -> Status:
        """Wait until a child ends; how it ended.  `ChildProcessError` for a process that
        is no child of the caller's, or no longer."""
        self._open()
        found: Status | None = self._ended.pop(pid, None)
        while found is None or not self._keeper.has_ended(found):
            found = self._keeper.wait(pid)
        return found

    def collect(self) -> tuple[Status, ...]:
        """Collect the ended among the caller's children, descendants that were handed to
        it included, except those that one of its debuggers has in hand; how they ended."""
        found, debugged = [], known_to_any()
        for one in self.descendants:
            if one.child and one.pid not in debugged:
                try:
                    status = self._keeper.take(one.pid)
                except ChildProcessError:
                    continue
                if status is not None:
                    self._ended[one.pid] = status
                    found.append(status)
        return tuple(found)

    def kill(self, signal: int = SIGKILL) -> int:
        """Signal all descendants, once; how many were: PROC_REAP_KILL, on DragonFly
        kill(2) one by one.

        `PermissionError` when there are some and none may be signalled."""
        self._open()
        return self._keeper.signal(signal)

    def kill_all(self, signal: int = SIGKILL, *, timeout: float | None = None) -> int:
        """Signal and collect the descendants until none is left; how many were collected.

        Again and again: a process that is forked meanwhile is below the reaper as
        well, and so is what a dead reaper further down leaves.  The ends of children
        that `spawn` started can be asked for with `wait` afterwards.

        `PermissionError` when those that are left may not be signalled;
        `TimeoutError` after `timeout` seconds, with whom it waits for: a process
        that handles the signal, or one that a debugger holds.  On DragonFly also for
        those that the kernel counts and that cannot be found: of another's tracee, the
        parent whom it had before may be gone."""
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
                unseen = self._keeper.unseen()
                if not unseen:
                    return collected
                if turn >= LOOKS:
                    raise TimeoutError(f"{unseen} processes below are nowhere to be found")
            if found:
                continue
            dying = not left or any(self._keeper.dying(one.pid) for one in left)
            if refused is not None and not dying:
                raise refused
            if timeout is not None and waited >= timeout:
                pids = ", ".join(str(one.pid) for one in left) or "some that are not to be found"
                raise TimeoutError(f"after {timeout} seconds there are still {pids}")
            pause = PAUSES[min(turn, len(PAUSES) - 1)]
            self.kernel.settle(pause)
            waited += pause
            turn += 1
