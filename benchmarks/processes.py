"""How fast all processes of a running FreeBSD are listed: ``python benchmarks/processes.py``.

bsdproc.freebsd.kinfo and psutil side by side, in turn, in one run, for the same fields
of the same processes; psutil is left out where it is not installed.  Figures are
milliseconds of processor time, the best of several rounds.
"""

from __future__ import annotations

import sys
import time
from collections.abc import Callable
from importlib import import_module
from typing import Any

from bsdproc.freebsd import kinfo
from bsdproc.kernel import NoKernel, host

ROUNDS = 15
MORE = 200
"""Processes that are started for it, so that there is something to list."""

Rows = list[tuple[object, ...]]


def two() -> Rows:
    return [(p.pid, p.comm) for p in kinfo.processes()]


def seven() -> Rows:
    return [(p.pid, p.ppid, p.comm, p.uid, p.rssize * 4096, p.numthreads, p.stat)
            for p in kinfo.processes()]


def arguments() -> Rows:
    found: Rows = []
    for p in kinfo.processes():
        try:
            found.append((p.pid, kinfo.args(p.pid)))
        except ProcessLookupError:
            continue
    return found


def rival(psutil: Any) -> dict[str, Callable[[], Rows]]:
    """The same by psutil."""
    def listed(*names: str) -> Rows:
        psutil.process_iter.cache_clear()
        return [tuple(p.info.values()) for p in psutil.process_iter(list(names))]

    return {
        "pid, name": lambda: listed("pid", "name"),
        "pid, parent, name, uid, resident memory, threads, state": lambda: listed(
            "pid", "ppid", "name", "uids", "memory_info", "num_threads", "status"),
        "pid, arguments": lambda: listed("pid", "cmdline"),
    }


OWN: dict[str, Callable[[], Rows]] = {
    "pid, name": two,
    "pid, parent, name, uid, resident memory, threads, state": seven,
    "pid, arguments": arguments,
}


def best(works: list[Callable[[], Rows]]) -> list[float]:
    """Milliseconds of each, the fewest of several rounds; they take turns."""
    taken: list[list[float]] = [[] for _ in works]
    for _ in range(ROUNDS):
        for i, work in enumerate(works):
            began = time.process_time()
            work()
            taken[i].append(time.process_time() - began)
    return [min(one) * 1000 for one in taken]


def compare(psutil: Any | None) -> None:
    others = rival(psutil) if psutil is not None else {}
    for name, own in OWN.items():
        works = [own, *([others[name]] if name in others else [])]
        figures = best(works)
        ratio = f"{figures[1] / figures[0]:6.1f} times" if len(figures) == 2 else ""
        print(f"{name:60}", *(f"{f:8.1f} ms" for f in figures), ratio)


def main() -> int:
    try:
        kernel = host()
    except NoKernel as error:
        print(error, file=sys.stderr)
        return 2
    try:
        psutil = import_module("psutil")
    except ModuleNotFoundError:
        psutil = None
        print("psutil is not installed: there is nothing to compare with")
    pids = [kernel.spawn("/bin/sleep", ["sleep", "1000"]) for _ in range(MORE)]
    try:
        print(f"{len(kinfo.processes())} processes; bsdproc"
              + (f", psutil {psutil.__version__}" if psutil else ""))
        compare(psutil)
    finally:
        for pid in pids:
            kernel.kill(pid, 9)
            kernel.wait4(pid)
    return 0


if __name__ == "__main__":
    sys.exit(main())
