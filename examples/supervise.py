"""Supervise a daemon that tries to get away, and end it.

A reaper keeps what descends from it.  DragonFly's tells of one child at a time, and NetBSD
has none: there a debugger follows.

    python examples/supervise.py
"""

from __future__ import annotations

from _kernel import SYSTEM, kernel_for, program

from bsdproc import Debugger, Reaper, dragonfly, events, freebsd, netbsd
from bsdproc.kernel import Kernel

TICKER = program("ticker")


def by_reaper(kernel: Kernel) -> None:
    with Reaper() as reaper:
        starter = reaper.spawn([TICKER, "daemon"])
        print(reaper.wait(starter))             # it has forked twice and is gone ..
        kernel.settle(0.05)
        for one in reaper.descendants:          # .. but what it left is not out of reach
            process = freebsd.kinfo.process(one.pid)
            print(f"{process.comm} {process.pid} in session {process.sid}, {process.stat!r}")
        ended = reaper.kill_all(freebsd.Signal.SIGTERM)
        print(f"{ended} ended, {reaper.status.descendants} left")


def by_newest_child(kernel: Kernel) -> None:
    dragonfly.procctl.reap_acquire()
    print(dragonfly.wait(kernel.spawn(TICKER, ["ticker", "daemon"])))
    kernel.settle(0.05)
    while (pid := dragonfly.procctl.reap_status().pid_head) is not None:
        kernel.kill(pid, dragonfly.Signal.SIGTERM)      # one that is a zombie already, too
        print(dragonfly.wait(pid))
    dragonfly.procctl.reap_release()


def by_following(kernel: Kernel) -> None:
    with Debugger(follow_fork=True) as debugger:
        debugger.spawn([TICKER, "daemon"])
        for event in debugger:
            match event:
                case events.Exited(process=process, status=status):
                    print(f"{process.pid} exits with {status}")
                    if len(debugger.processes) == 1:
                        kernel.kill(min(debugger.processes), netbsd.Signal.SIGTERM)


if __name__ == "__main__":
    with kernel_for(TICKER) as system:
        {"freebsd": by_reaper, "dragonfly": by_newest_child, "netbsd": by_following}[SYSTEM](system)
