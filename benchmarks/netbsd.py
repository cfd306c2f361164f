"""What NetBSD's procfs and sysctls cost to read: ``python benchmarks/netbsd.py``.

Texts of 10,000 lines and tables of 10,000 records as the kernel gives them, made into
objects; the best of several rounds, in processor time.
"""

from __future__ import annotations

import sys
import time
from collections.abc import Callable

from bsdproc import abi
from bsdproc.netbsd.kinfo import KinfoProc
from bsdproc.netbsd.procfs import parse_map, parse_maps

COUNT = 10_000
ROUNDS = 9
_RIGHTS = ("r-xp", "rw-p", "r--p", "---p", "rw-s")


def maps() -> bytes:
    """Mappings of programs and of memory, each at an address of its own."""
    lines = []
    for number in range(COUNT):
        start = 0x400000 + number * 0x3000
        path = f"/usr/lib/libfile{number % 90}.so.{number % 7}" if number % 3 else ""
        lines.append(f"{start:016x}-{start + 0x2000:016x} {_RIGHTS[number % 5]} "
                     f"{number % 50 * 0x1000:016x} 00:00 {number % 4000:<8d} {'':25} {path}\n")
    return "".join(lines).encode()


def map_() -> bytes:
    """The same as the node map has it."""
    return "".join(
        f"{0x400000 + number * 0x3000:#x} {0x402000 + number * 0x3000:#x} rw- rwx COW "
        f"{'NC' if number % 2 else 'NNC'} 1 0 0\n" for number in range(COUNT)).encode()


def table() -> bytes:
    """Records that differ as those of a busy machine do."""
    layout = abi.target("netbsd", "amd64").struct("struct kinfo_proc2")
    return b"".join(layout.pack({
        "p_pid": pid, "p_ppid": pid // 7, "p_uid": pid % 50, "p_flag": 0x4802, "p_stat": 3,
        "p_realstat": 2, "p_ustart_sec": 1_795_298_000 + pid, "p_comm": b"process%d" % (pid % 300),
        "p_login": b"tester", "p_wmesg": b"nanoslp", "p_ename": b"netbsd",
    }) for pid in range(COUNT))


def two_fields(data: bytes) -> object:
    return [(one.pid, one.comm) for one in KinfoProc.fixed("amd64", data)]


def all_fields(data: bytes) -> object:
    return [one.asdict() for one in KinfoProc.fixed("amd64", data)]


def best(work: Callable[[bytes], object], data: bytes) -> float:
    """Milliseconds."""
    found = []
    for _ in range(ROUNDS):
        began = time.process_time()
        work(data)
        found.append(time.process_time() - began)
    return min(found) * 1000


def main() -> int:
    records = table()
    for name, work, data in (
        ("lines of maps", parse_maps, maps()), ("lines of map", parse_map, map_()),
        ("kinfo_proc2, two fields of each", two_fields, records),
        ("kinfo_proc2, all fields of each", all_fields, records),
    ):
        print(f"{COUNT:,} {name:35} {best(work, data):8.1f} ms")
    return 0


if __name__ == "__main__":
    sys.exit(main())
