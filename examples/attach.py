"""Look into a running process again and again, without harming it.

    python examples/attach.py [PID]

Without a pid it starts a program of its own to attach to.
"""

from __future__ import annotations

from signal import SIGTERM

from _kernel import ARGUMENTS, kernel_for, program, surface, symbols

from bsdproc import Debugger
from bsdproc.kernel import Kernel

TICKER = program("ticker")


def show(pid: int, ticks: int | None = None) -> None:
    """Its threads, and how far ticker has come; the block stops it and lets it go."""
    with Debugger() as debugger:
        process = debugger.attach(pid)
        for thread in process.threads:
            print(f"thread {thread.lwp} ({thread.name}) at {thread.pc:#x}")
        if ticks is not None:
            count = int.from_bytes(process.memory[ticks : ticks + 8], "little")
            print(f"it has ticked {count} times")


def started(kernel: Kernel) -> None:
    """The same of a program that runs meanwhile."""
    pid = kernel.spawn(TICKER, ["ticker"])
    for _ in range(3):
        kernel.settle(0.1)
        show(pid, symbols(TICKER)["ticks"])
    kernel.kill(pid, SIGTERM)
    print(surface().wait(pid))


def main() -> None:
    with kernel_for(TICKER) as kernel:
        if ARGUMENTS:
            show(int(ARGUMENTS[0]))
        else:
            started(kernel)


if __name__ == "__main__":
    main()
