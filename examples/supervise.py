"""Supervise a daemon that tries to get away, and end it.

A reaper keeps what descends from it, on FreeBSD and DragonFly.  NetBSD has none: there a
debugger follows.

    python examples/supervise.py
"""

from __future__ import annotations

from signal import SIGTERM

from _kernel import SYSTEM, kernel_for, program

from bsdproc import Debugger, Reaper, events
from bsdproc.kernel import Kernel

TICKER = program("ticker")


def by_reaper(kernel: Kernel) -> None:
    with Reaper() as reaper:
        starter = reaper.spawn([TICKER, "daemon"])
        print(reaper.wait(starter))             # it has forked twice and is gone ..
        kernel.settle(0.05)
        for one in reaper.descendants:          # .. but what it left is not out of reach
            print(f"{one.pid} is below, {'an orphan' if one.child else f'of {one.subtree}'}")
        ended = reaper.kill_all(SIGTERM)
        print(f"{ended} ended, {len(reaper.descendants)} left")


def by_following(kernel: Kernel) -> None:
    with Debugger(follow_fork=True) as debugger:
        debugger.spawn([TICKER, "daemon"])
        for event in debugger:
            match event:
                case events.Exited(process=process, status=status):
                    print(f"{process.pid} exits with {status}")
                    if len(debugger.processes) == 1:
                        kernel.kill(min(debugger.processes), SIGTERM)


if __name__ == "__main__":
    with kernel_for(TICKER) as system:
        (by_following if SYSTEM == "netbsd" else by_reaper)(system)
