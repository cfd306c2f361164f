"""cpuset(2)'s calls, which every Go program makes before it does anything else."""

from __future__ import annotations

import pytest

from bsdproc.emulator import FreeBSD

from .remote import Remote

GETAFFINITY, SETAFFINITY, CAP_ENTER = 487, 488, 516
ROOT, CPUSET, WHICH = 1, 2, 3
TID, PID, SET, IRQ, JAIL = 1, 2, 3, 4, 5
ONLY = b"\x01" + bytes(31)
"""The mask of a machine with one processor."""


@pytest.mark.parametrize(("level", "which", "id"), [
    (WHICH, PID, -1), (WHICH, TID, -1), (WHICH, SET, -1), (CPUSET, PID, -1), (ROOT, PID, -1),
    (WHICH, SET, 1), (WHICH, PID, 1)])
def test_there_is_one_processor(remote: Remote, level: int, which: int, id: int) -> None:
    assert remote.call(GETAFFINITY, level, which, id, 32, remote.out) == 0
    assert remote.peek(remote.out, 32) == ONLY


def test_its_own_ids(remote: Remote, kernel: FreeBSD) -> None:
    lwp = kernel.buffer(4 * 8)
    kernel.ptrace(15, remote.pid, lwp, 8)       # PT_GETLWPLIST
    tid = int.from_bytes(lwp.read(0, 4), "little")
    assert remote.call(GETAFFINITY, WHICH, TID, tid, 128, remote.out) == 0
    assert remote.peek(remote.out, 128) == ONLY.ljust(128, b"\0")
    assert remote.call(GETAFFINITY, WHICH, PID, remote.pid, 32, remote.out) == 0


@pytest.mark.parametrize(("arguments", "error"), [
    ((WHICH, PID, -1, 31), "ERANGE"), ((WHICH, PID, -1, 129), "ERANGE"),
    ((WHICH, PID, 99999, 32), "ESRCH"), ((WHICH, TID, 99, 32), "ESRCH"),
    ((WHICH, SET, 7, 32), "ESRCH"), ((WHICH, IRQ, 0, 32), "EINVAL"),
    ((WHICH, JAIL, 3, 32), "ESRCH"), ((9, PID, -1, 32), "EINVAL"), ((WHICH, 99, -1, 32), "EINVAL")])
def test_what_asks_of_nobody_fails(remote: Remote, arguments: tuple[int, ...], error: str) -> None:
    assert remote.fails(GETAFFINITY, *arguments, remote.out) == error


def test_a_mask_without_the_processor_is_refused(remote: Remote) -> None:
    assert remote.call(SETAFFINITY, WHICH, PID, -1, 32, ONLY) == 0
    assert remote.fails(SETAFFINITY, WHICH, PID, -1, 32, bytes(32)) == "EDEADLK"
    assert remote.fails(SETAFFINITY, WHICH, PID, -1, 32, b"\x03" + bytes(31)) == "EINVAL"
    assert remote.fails(SETAFFINITY, WHICH, PID, -1, 64, bytes(63) + b"\x01") == "EINVAL"
    assert remote.fails(SETAFFINITY, WHICH, PID, -1, 32, 0x10) == "EFAULT"


def test_capability_mode_knows_itself_alone(remote: Remote) -> None:
    remote.call(CAP_ENTER)
    assert remote.call(GETAFFINITY, WHICH, PID, -1, 32, remote.out) == 0
    assert remote.call(GETAFFINITY, WHICH, PID, remote.pid, 32, remote.out) == 0
    assert remote.fails(GETAFFINITY, WHICH, PID, 1, 32, remote.out) == "ECAPMODE"
    assert remote.fails(GETAFFINITY, ROOT, PID, -1, 32, remote.out) == "ECAPMODE"
