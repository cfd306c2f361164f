"""Attach to a running process, show its threads and its memory map, let it go.

    python examples/attach.py [PID]

Without a pid it starts a program of its own to attach to.
"""

from __future__ import annotations

import os
import sys

from _kernel import kernel_for

from bsdproc import Debugger, freebsd

PROGRAM = os.path.abspath("tests/conformance/tracees/bin/sleeper")


def show(pid: int) -> None:
    """What a stopped process is."""
    with Debugger() as debugger:
        process = debugger.attach(pid)
        for thread in process.threads:
            print(f"thread {thread.lwp} ({thread.name}) at {thread.pc:#x}")
        for entry in freebsd.ptrace.vm_map(pid):
            print(f"{entry.start:#14x} - {entry.end:#14x} {entry.protection.name or '-'} "
                  f"{entry.path or ''}")


def main(argv: list[str]) -> int:
    with kernel_for(PROGRAM) as kernel:
        if argv:
            show(int(argv[0]))
            return 0
        pid = kernel.spawn(PROGRAM, [PROGRAM])
        show(pid)
        kernel.kill(pid, freebsd.Signal.SIGTERM)
        print(freebsd.wait(pid))
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
