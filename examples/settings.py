"""What a process may have set of itself, and how that comes to its children.

FreeBSD has procctl(2)'s settings, NetBSD the sysctls below proc.PID; DragonFly's procctl(2)
knows whether it is a reaper, and its sysctls the title.

    python examples/settings.py
"""

from __future__ import annotations

from _kernel import SYSTEM, kernel_for, program, surface

from bsdproc import dragonfly, freebsd, netbsd
from bsdproc.kernel import Kernel

TICKER = program("ticker")


def show(kernel: Kernel, pid: int) -> None:
    """The settings of a program."""
    if SYSTEM == "freebsd":
        print("  aslr     ", freebsd.procctl.aslr(pid, kernel=kernel))
        print("  traced   ", freebsd.procctl.trace(pid, kernel=kernel))
    elif SYSTEM == "netbsd":
        print("  core name", netbsd.kinfo.corename(pid, kernel=kernel))
        print("  pax      ", netbsd.kinfo.paxflags(pid, kernel=kernel))
    else:
        print("  title    ", dragonfly.kinfo.args(pid, kernel=kernel))
        print("  reaper   ", dragonfly.procctl.reap_status(kernel=kernel))


def child(kernel: Kernel) -> None:
    """A program that is started and looked at."""
    pid = kernel.spawn(TICKER, ["ticker"])
    show(kernel, pid)
    kernel.kill(pid, surface().Signal.SIGKILL)
    kernel.wait4(pid)


def changed(kernel: Kernel) -> None:
    """In a child process: what it sets, it hands on or keeps."""
    if SYSTEM == "freebsd":
        freebsd.procctl.set_aslr(None, freebsd.procctl.AslrPolicy.PROC_ASLR_FORCE_DISABLE,
                                 kernel=kernel)
    elif SYSTEM == "netbsd":
        netbsd.kinfo.set_corename(None, "/tmp/%n.%p.core", kernel=kernel)
    else:
        dragonfly.procctl.reap_acquire(kernel=kernel)
    child(kernel)


if __name__ == "__main__":
    with kernel_for(TICKER) as system:
        print("a fresh program:")
        child(system)
        print("below a process that changes something:")
        system.run_child(changed)
