"""What DragonFly's kern.proc costs to read: ``python benchmarks/dragonfly.py``.

10,000 records as the kernel gives them, made into objects; the best of several
rounds, in processor time.
"""

from __future__ import annotations

import sys
import time
from collections.abc import Callable

from bsdproc import abi
from bsdproc.dragonfly.kinfo import KinfoProc

COUNT = 10_000
ROUNDS = 7


def table() -> bytes:
    """Records that differ as those of a busy machine do."""
    layout = abi.target("dragonfly", "x86_64").struct("struct kinfo_proc")
    return b"".join(layout.pack({
        "kp_pid": pid, "kp_ppid": pid // 7, "kp_uid": pid % 50, "kp_flags": 0x4400, "kp_stat": 2,
        "kp_start": {"tv_sec": 1_795_298_000 + pid, "tv_usec": pid * 31 % 1_000_000},
        "kp_comm": b"process%d" % (pid % 300), "kp_login": b"tester", "kp_tdev": 0xFFFFFFFF,
        "kp_lwp": {"kl_pid": pid, "kl_tid": -1, "kl_stat": 3, "kl_wmesg": b"nanslp",
                   "kl_uticks": pid * 11},
    }) for pid in range(COUNT))


def best(work: Callable[[bytes], object], data: bytes) -> float:
    """Milliseconds."""
    found = []
    for _ in range(ROUNDS):
        began = time.process_time()
        work(data)
        found.append(time.process_time() - began)
    return min(found) * 1000


def two_fields(data: bytes) -> object:
    return [(one.pid, one.comm) for one in KinfoProc.fixed("x86_64", data)]


def all_fields(data: bytes) -> object:
    return [one.asdict() for one in KinfoProc.fixed("x86_64", data)]


def threads(data: bytes) -> object:
    return [(one.pid, one.lwp.tid, one.lwp.uticks) for one in KinfoProc.fixed("x86_64", data)]


def main() -> int:
    data = table()
    for name, work in (("two fields of each", two_fields), ("all fields of each", all_fields),
                       ("three fields, two of the thread", threads)):
        print(f"{COUNT:,} kinfo_proc, {name:35} {best(work, data):8.1f} ms")
    return 0


if __name__ == "__main__":
    sys.exit(main())
