"""Supervise a daemon that tries to get away, and end it.

    python examples/supervise.py
"""

from __future__ import annotations

from _kernel import kernel_for, program

from bsdproc import Reaper, freebsd

TICKER = program("ticker")


def main() -> None:
    with kernel_for(TICKER) as kernel, Reaper() as reaper:
        starter = reaper.spawn([TICKER, "daemon"])
        print(reaper.wait(starter))             # it has forked twice and is gone ..
        kernel.settle(0.05)
        for one in reaper.descendants:          # .. but what it left is not out of reach
            process = freebsd.kinfo.process(one.pid)
            print(f"{process.comm} {process.pid} in session {process.sid}, {process.stat!r}")
        ended = reaper.kill_all(freebsd.Signal.SIGTERM)
        print(f"{ended} ended, {reaper.status.descendants} left")


if __name__ == "__main__":
    main()
