"""What procctl(2) says of a process, and how a setting comes to its children.

    python examples/settings.py
"""

from __future__ import annotations

from _kernel import kernel_for, program

from bsdproc import Debugger, freebsd
from bsdproc.freebsd import procctl
from bsdproc.freebsd.constants import AslrPolicy
from bsdproc.kernel import Kernel

TICKER = program("ticker")


def show() -> None:
    """The settings of a program at its first instruction."""
    with Debugger() as debugger:
        pid = debugger.spawn([TICKER]).pid
        print("  aslr     ", procctl.aslr(pid))
        print("  stack gap", procctl.stackgap(pid))
        print("  traced   ", procctl.trace(pid))


def without_aslr(kernel: Kernel) -> str:
    """In a child process: what it sets, it hands on."""
    procctl.set_aslr(None, AslrPolicy.PROC_ASLR_FORCE_DISABLE, kernel=kernel)
    pid = kernel.spawn(TICKER, ["ticker"])
    found = procctl.aslr(pid, kernel=kernel)
    kernel.kill(pid, freebsd.Signal.SIGKILL)
    freebsd.wait(pid, kernel=kernel)
    return str(found)


def main() -> None:
    with kernel_for(TICKER) as kernel:
        print("a fresh program:")
        show()
        print("below a process that forbids randomization:")
        print("  aslr     ", kernel.run_child(without_aslr))


if __name__ == "__main__":
    main()
