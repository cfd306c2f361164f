"""_umtx_op(2): threads that wait for each other as libthr's do, by programs/locks.c."""

from __future__ import annotations

import subprocess
import sys
from collections import Counter
from pathlib import Path

import pytest

from bsdproc import Debugger, events
from bsdproc.emulator import FreeBSD

from .remote import Remote

HERE = Path(__file__).resolve().parent / "programs"
BUILD = HERE.parents[3] / "examples" / "programs" / "build.py"
UMTX_OP = 454
MUTEX_LOCK, MUTEX_UNLOCK, SEM2_WAIT, SHM = 5, 6, 23, 25


def test_nothing_is_lost_torn_or_left(kernel: FreeBSD) -> None:
    """And every operation was really asked for."""
    kernel.install("/bin/locks", HERE / "bin" / "locks")
    operations: Counter[int] = Counter()
    with Debugger(syscalls=True, kernel=kernel) as debugger:
        debugger.spawn(["/bin/locks"])
        for event in debugger:
            match event:
                case events.SyscallEntered(name="_umtx_op", arguments=(_, op, *_)):
                    operations[op] += 1
                case events.Exited(status=status):
                    assert status == 0, f"check {status} of locks.c"
    assert kernel.log == []
    asked = {4, 5, 6, 8, 10, 12, 13, 14, 17, 22, 23, 24}
    assert asked <= set(operations), operations


def test_undisturbed_it_does_the_same(kernel: FreeBSD) -> None:
    kernel.install("/bin/locks", HERE / "bin" / "locks")
    pid = kernel.spawn("/bin/locks", ["locks"])
    assert kernel.wait4(pid).status == 0


def test_killed_in_the_middle(kernel: FreeBSD) -> None:
    kernel.install("/bin/locks", HERE / "bin" / "locks")
    for after in (50, 120, 200, 300):
        with Debugger(syscalls=True, kernel=kernel) as debugger:
            debugger.spawn(["/bin/locks"])
            for _ in range(after):
                debugger.wait()


def test_what_is_not_there_says_so(remote: Remote, kernel: FreeBSD) -> None:
    assert remote.fails(UMTX_OP, remote.put(bytes(40)), SHM, 0, 0, 0) == "EINVAL"
    assert "operation 25 is not implemented" in kernel.log[-1]


def test_bad_addresses(remote: Remote) -> None:
    for op in (MUTEX_LOCK, MUTEX_UNLOCK, SEM2_WAIT):
        assert remote.fails(UMTX_OP, 0x10, op, 0, 0, 0) == "EFAULT"


@pytest.mark.toolchain
def test_the_program_is_what_its_source_says(tmp_path: Path) -> None:
    subprocess.run([sys.executable, str(BUILD), str(tmp_path), str(HERE / "locks.c")],
                   check=True, capture_output=True)
    assert (tmp_path / "locks").read_bytes() == (HERE / "bin" / "locks").read_bytes()
