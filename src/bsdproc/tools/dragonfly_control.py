"""What `bsdproc proccontrol` can do on DragonFly, where procctl(2) is about the caller alone.

So the process that is asked is the one that runs the command, and the one setting that
a command can be run under is a reaper above it.
"""

from __future__ import annotations

import sys
from collections.abc import Mapping, Sequence
from typing import Final

from bsdproc import dragonfly
from bsdproc.dragonfly import procctl
from bsdproc.kernel import Kernel
from bsdproc.tools import session

MODES: Final[Mapping[str, str]] = {
    "reaper": "keeping what descends from a command (DragonFly)",
}
LACKING: Final[Mapping[str, str]] = {
    "pdeathsig": "a process asks for and sets its own alone, and no child gets it: "
                 "bsdproc.dragonfly.procctl.set_pdeathsig is for the program itself",
}


def check(mode: str, way: str | None, pid: int | None) -> None:
    """`Problem` for what cannot be had: `way` is None to ask, "enable" or "disable"."""
    if mode not in MODES:
        why = LACKING.get(mode, f"DragonFly's procctl(2) has {' and '.join(MODES)} alone")
        raise session.Problem(f"{mode}: {why}", session.USAGE)
    if pid is not None:
        raise session.Problem(
            f"{mode}: DragonFly's procctl(2) tells a process of itself alone", session.USAGE)
    if way == "disable":
        raise session.Problem(f"{mode} cannot be disabled", session.USAGE)


def run(kernel: Kernel, way: str | None, path: str, words: Sequence[str],
        env: Mapping[str, str] | None) -> int:
    """Run a command below a reaper; its status, or to ask what it has left, in words.

    What is left goes to the next reaper above."""
    sys.stdout.flush()

    def work(view: Kernel) -> tuple[dragonfly.Status | None, procctl.ReaperStatus]:
        procctl.reap_acquire(kernel=view)
        pid = view.spawn(path, words, env)
        return dragonfly.wait(pid, kernel=view), procctl.reap_status(kernel=view)

    ended, found = kernel.run_child(work)
    if way is not None:
        return session.status_of(ended)
    newest = "" if found.pid_head is None else f", the newest child {found.pid_head}"
    print(f"a reaper of {found.refs}{newest}")
    return 0
