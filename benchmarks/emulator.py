"""How fast the emulated kernel is: ``python benchmarks/emulator.py``.

Each figure is the best of several rounds, in processor time of this process,
so that other work on the machine disturbs it little.
"""

from __future__ import annotations

import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

from bsdproc import emulator, freebsd

PROGRAMS = Path(__file__).resolve().parent.parent / "tests" / "conformance" / "tracees" / "bin"
ROUNDS = 5


def best(work: Callable[[], float]) -> float:
    """The highest rate of several rounds."""
    return max(work() for _ in range(ROUNDS))


def rate(count: int, step: Callable[[], object]) -> float:
    """How often a second `step` can be done."""
    begin = time.process_time()
    for _ in range(count):
        step()
    return count / (time.process_time() - begin)


def import_time() -> float:
    """Milliseconds that ``import bsdproc`` takes, the best of twenty interpreters."""
    code = ("import time; t = time.perf_counter(); import bsdproc; "
            "print((time.perf_counter() - t) * 1000)")
    return min(
        float(subprocess.run([sys.executable, "-c", code], capture_output=True, check=True).stdout)
        for _ in range(20)
    )


def main() -> int:
    print(f"import bsdproc                      {import_time():12.1f} ms")
    with emulator.FreeBSD() as kernel:
        kernel.install("/bin/spin", PROGRAMS / "spin")
        pid = kernel.spawn("/bin/spin", ["/bin/spin"], traced=True)
        freebsd.wait(pid)

        def port_step() -> None:
            kernel.ptrace(9, pid, 1, 0)
            kernel.wait4(pid)

        def typed_step() -> None:
            freebsd.ptrace.step(pid)
            freebsd.wait(pid)

        figures: tuple[tuple[str, Callable[[], object]], ...] = (
            ("single steps, port", port_step),
            ("single steps, typed", typed_step),
            ("getregs, typed", lambda: freebsd.ptrace.getregs(pid)),
            ("lwpinfo, typed", lambda: freebsd.ptrace.lwpinfo(pid)),
            ("PT_IO of 4096 bytes, typed", lambda: freebsd.ptrace.read(pid, 0x200000, 4096)),
        )
        for name, work in figures:
            print(f"{name:35} {max(rate(5000, work) for _ in range(ROUNDS)):12,.0f} /s")
        freebsd.ptrace.detach(pid)

        def run() -> float:
            began, clock = time.process_time(), kernel.clock
            kernel.settle(0.5)
            return (kernel.clock - clock) / 10 / (time.process_time() - began)

        print(f"instructions in a hot loop          {best(run) / 1e6:12.1f} million/s")
        kernel.kill(pid, 9)
        freebsd.wait(pid)

        kernel.install("/bin/exiter", PROGRAMS / "exiter")

        def process() -> None:
            freebsd.wait(kernel.spawn("/bin/exiter", ["/bin/exiter", "0"]))

        print(f"spawn, run and collect a process    {best(lambda: rate(50, process)):12,.0f} /s")
    return 0


if __name__ == "__main__":
    sys.exit(main())
