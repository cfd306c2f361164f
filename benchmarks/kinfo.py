"""How fast tables and texts of the kernel are read: ``python benchmarks/kinfo.py``.

No kernel is asked: the bytes are made up, ten thousand processes, mappings or lines of
each.  Figures are milliseconds of processor time, the best of several rounds.
"""

from __future__ import annotations

import sys
import time
from collections.abc import Callable

from bsdproc import abi
from bsdproc.freebsd import procfs
from bsdproc.freebsd.kinfo import KinfoProc, KinfoVmentry

COUNT = 10_000
ROUNDS = 15


def best(work: Callable[[], object]) -> float:
    """Milliseconds, the fewest of several rounds."""
    taken = []
    for _ in range(ROUNDS):
        began = time.process_time()
        work()
        taken.append(time.process_time() - began)
    return min(taken) * 1000


def processes() -> bytes:
    """A table of kern.proc, as amd64 has it: no two processes alike, 200 programs."""
    layout = abi.target("freebsd", "amd64").struct("struct kinfo_proc")
    return b"".join(
        layout.pack({
            "ki_structsize": layout.size, "ki_pid": n, "ki_ppid": n // 3, "ki_pgid": n // 2,
            "ki_uid": n % 5, "ki_size": n * 4096, "ki_flag": 0x4002 | n % 2, "ki_stat": 3,
            "ki_comm": f"prog{n % 200}".encode(), "ki_ngroups": 2,
            "ki_start": {"tv_sec": 1_700_000_000 + n, "tv_usec": n},
        })
        for n in range(COUNT)
    )


def mappings() -> bytes:
    """A table of KERN_PROC_VMMAP, each record cut behind its path."""
    layout = abi.target("freebsd", "amd64").struct("struct kinfo_vmentry")
    start, parts = layout.field("kve_path").offset, []
    for n in range(COUNT):
        path = f"/usr/lib/lib{n % 300}.so".encode()
        size = (start + len(path) + 8) // 8 * 8
        parts.append(layout.pack({
            "kve_structsize": size, "kve_start": n << 16, "kve_end": (n << 16) + 4096,
            "kve_protection": 5, "kve_type": 2, "kve_path": path,
        })[:size])
    return b"".join(parts)


def lines() -> bytes:
    """The node map of procfs."""
    return b"".join(
        b"0x%x 0x%x 1 0 0xfffff80003a5c210 r-x 4 1 0x1000 COW NNC vnode /usr/lib/lib%d.so NCH -1\n"
        % (n << 16, (n << 16) + 4096, n % 300)
        for n in range(COUNT)
    )


def main() -> int:
    table, entries, text = processes(), mappings(), lines()
    names = KinfoProc.of("amd64").names()

    def listed() -> list[KinfoProc]:
        return KinfoProc.sized("amd64", table)

    def by_attribute() -> None:
        for process in listed():
            for name in names:
                getattr(process, name)

    figures: tuple[tuple[str, Callable[[], object]], ...] = (
        ("kinfo_proc, to objects", listed),
        ("kinfo_proc, two fields of each", lambda: [(p.pid, p.comm) for p in listed()]),
        ("kinfo_proc, five fields of each",
         lambda: [(p.pid, p.ppid, p.uid, p.stat, p.comm) for p in listed()]),
        (f"kinfo_proc, all {len(names)} fields of each", lambda: [p.asdict() for p in listed()]),
        ("the same, by attribute", by_attribute),
        ("kinfo_vmentry, three fields of each",
         lambda: [(e.start, e.end, e.path) for e in KinfoVmentry.sized("amd64", entries)]),
        ("procfs map", lambda: procfs.parse_map(text)),
    )
    for name, work in figures:
        print(f"{COUNT:,} {name:40} {best(work):8.1f} ms")
    return 0


if __name__ == "__main__":
    sys.exit(main())
