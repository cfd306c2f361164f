"""What tracing costs on a running FreeBSD: ``python benchmarks/tracing.py [DIRECTORY]``.

bsdproc, a loop in C, python-ptrace and truss(1) side by side, in turn, in one run, on the
same programs.  python-ptrace is left out where it is not installed.  The C programs beside
this file are built with cc(1), or taken from the DIRECTORY, by their names without the
suffix.  Figures are microseconds of time on the wall for each stop, the best of several
rounds.
"""

from __future__ import annotations

import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from functools import partial
from importlib import import_module
from pathlib import Path
from typing import Any

from bsdproc import Debugger, events, freebsd
from bsdproc.kernel import NoKernel, host

HERE = Path(__file__).resolve().parent
ROUNDS = 5
STEPS = 500
STOPS = 500
CALLS = 500
FOREVER = "1000000000"

Work = Callable[[], float]
"""Does it once: microseconds for each stop."""


def built(directory: Path) -> None:
    """The C programs, compiled."""
    for name in ("step_loop", "calls"):
        subprocess.run(["cc", "-O2", "-o", str(directory / name), str(HERE / f"{name}.c")],
                       check=True)


class Programs:
    """The ways to trace `calls`, each of them a `Work`."""

    def __init__(self, directory: Path, ptrace: Any | None) -> None:
        self.loop, self.calls = str(directory / "step_loop"), str(directory / "calls")
        self.ptrace = ptrace

    # -- single steps ---------------------------------------------------------
    def steps_c(self) -> float:
        return self._c("step", STEPS)

    def steps_port(self) -> float:
        kernel, request = host(), host().target.constants["PT_STEP"]
        pid = kernel.spawn(self.calls, [self.calls, FOREVER], traced=True)
        kernel.wait4(pid)
        began = time.perf_counter()
        for _ in range(STEPS):
            kernel.ptrace(request, pid, 1, 0)
            kernel.wait4(pid)
        return self._ended(pid, began, STEPS)

    def steps_typed(self) -> float:
        pid = host().spawn(self.calls, [self.calls, FOREVER], traced=True)
        freebsd.wait(pid)
        began = time.perf_counter()
        for _ in range(STEPS):
            freebsd.ptrace.step(pid)
            freebsd.wait(pid)
        return self._ended(pid, began, STEPS)

    def steps_python_ptrace(self) -> float:
        return self._rival(STEPS, lambda process: process.singleStep())

    # -- stops at system calls --------------------------------------------------
    def stops_c(self) -> float:
        return self._c("calls", STOPS)

    def stops_debugger(self) -> float:
        with Debugger(syscalls=True) as debugger:
            debugger.spawn([self.calls, FOREVER])
            began, count = time.perf_counter(), 0
            for event in debugger:
                count += isinstance(event, events.SyscallEntered | events.SyscallExited)
                if count == STOPS:
                    break
            return (time.perf_counter() - began) / STOPS * 1e6

    def stops_python_ptrace(self) -> float:
        return self._rival(STOPS, lambda process: process.syscall())

    # -- whole programs -------------------------------------------------------------
    def truss_own(self, calls: int) -> float:
        return self._command([sys.executable, "-m", "bsdproc", "truss"], calls)

    def truss_system(self, calls: int) -> float:
        return self._command(["truss"], calls)

    # -- what they share ----------------------------------------------------------------
    def _c(self, what: str, count: int) -> float:
        run = subprocess.run([self.loop, what, str(count), self.calls, FOREVER], check=True,
                             capture_output=True, text=True)
        return float(run.stdout)

    def _ended(self, pid: int, began: float, count: int) -> float:
        taken = time.perf_counter() - began
        freebsd.ptrace.kill(pid)
        freebsd.wait(pid)
        return taken / count * 1e6

    def _rival(self, count: int, go_on: Callable[[Any], object]) -> float:
        assert self.ptrace is not None
        pid = host().spawn(self.calls, [self.calls, FOREVER], traced=True)
        debugger = self.ptrace.PtraceDebugger()
        process = debugger.addProcess(pid, True)    # which waits for its first stop
        began = time.perf_counter()
        for _ in range(count):
            go_on(process)
            debugger.waitSignals()
        taken = time.perf_counter() - began
        debugger.quit()
        return taken / count * 1e6

    def _command(self, command: list[str], calls: int) -> float:
        began = time.perf_counter()
        subprocess.run([*command, self.calls, str(calls)], check=True,
                       stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        return (time.perf_counter() - began) * 1e6


def best(works: dict[str, Work]) -> dict[str, float]:
    """The lowest figure of each; they take turns."""
    figures: dict[str, list[float]] = {name: [] for name in works}
    for _ in range(ROUNDS):
        for name, work in works.items():
            figures[name].append(work())
    return {name: min(taken) for name, taken in figures.items()}


def whole(p: Programs) -> None:
    """truss(1) and bsdproc's: from start to end, and how much of it is each stop's."""
    ways: dict[str, Callable[[int], float]] = {
        "truss(1)": p.truss_system, "bsdproc truss": p.truss_own}
    works: dict[str, Work] = {}
    for name, way in ways.items():
        works[name] = partial(way, 0)
        works[f"{name}, {CALLS}"] = partial(way, CALLS)
    figures = best(works)
    for name in ways:
        start, end = figures[name], figures[f"{name}, {CALLS}"]
        print(f"{'start to end':28}{name:20}{start / 1000:10.1f} ms, and each stop "
              f"{(end - start) / (2 * CALLS):.1f} us")


def main() -> int:
    try:
        host()
    except NoKernel as error:
        print(error, file=sys.stderr)
        return 2
    try:
        ptrace = import_module("ptrace.debugger")
    except ModuleNotFoundError:
        ptrace = None
        print("python-ptrace is not installed: it is left out")
    with tempfile.TemporaryDirectory() as made:
        directory = Path(sys.argv[1]) if len(sys.argv) > 1 else Path(made)
        if len(sys.argv) == 1:
            built(directory)
        p = Programs(directory, ptrace)
        tables: dict[str, dict[str, Work]] = {
            "single steps": {"a loop in C": p.steps_c, "bsdproc, port": p.steps_port,
                             "bsdproc, typed": p.steps_typed},
            "stops at system calls": {"a loop in C": p.stops_c, "bsdproc, Debugger":
                                      p.stops_debugger},
        }
        if ptrace is not None:
            tables["single steps"]["python-ptrace"] = p.steps_python_ptrace
            tables["stops at system calls"]["python-ptrace"] = p.stops_python_ptrace
        for title, works in tables.items():
            for name, figure in best(works).items():
                print(f"{title:28}{name:20}{figure:10.1f} us")
        whole(p)
    return 0


if __name__ == "__main__":
    sys.exit(main())
