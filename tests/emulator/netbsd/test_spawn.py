"""posix_spawn(2) with attributes and file actions."""

from __future__ import annotations

from pathlib import Path

import pytest

from bsdproc.emulator import NetBSD
from bsdproc.emulator.errno import Refused

from .stage import SIGUSR1, exited

SPAWNER = Path(__file__).parent / "programs" / "bin" / "spawner"
ENOENT, EPERM, EBADF, EINVAL = 2, 1, 9, 22
FAILED = 127
BY_SIGNAL = 200


def play(kernel: NetBSD, part: str) -> int:
    kernel.install("/bin/spawner", SPAWNER)
    return kernel.wait4(kernel.spawn("/bin/spawner", ["spawner", part], {})).status


def contents(kernel: NetBSD, path: str) -> bytes:
    return kernel._system.vfs.lookup(path).read_at(0, 1 << 20)


@pytest.mark.parametrize("part", ["files", "kept"])
def test_the_child_has_its_files_as_asked(kernel: NetBSD, part: str) -> None:
    assert play(kernel, part) == exited(3)
    assert contents(kernel, "/out") == b"hello\n"


@pytest.mark.parametrize("part", ["chdir", "fchdir"])
def test_the_child_goes_elsewhere_and_the_program_is_where_it_was(
        kernel: NetBSD, part: str) -> None:
    assert play(kernel, part) == exited(3)
    assert contents(kernel, "/tmp/made") == b""


def test_signals_are_as_at_first_or_blocked(kernel: NetBSD) -> None:
    assert play(kernel, "signals") == exited(BY_SIGNAL + SIGUSR1)


def test_the_child_leads_a_group(kernel: NetBSD) -> None:
    assert play(kernel, "group") == exited(3)


def test_the_effective_user_is_the_real_one(kernel: NetBSD) -> None:
    assert play(kernel, "ids") == exited(5)


# -- what fails -----------------------------------------------------------------------------
def test_a_child_that_cannot_exits_and_nobody_hears(kernel: NetBSD) -> None:
    assert play(kernel, "missing") == exited(FAILED)


@pytest.mark.parametrize(("part", "error"), [("closed", EBADF), ("nogroup", EPERM)])
def test_the_error_is_told_to_who_waits_for_it(kernel: NetBSD, part: str, error: int) -> None:
    """POSIX_SPAWN_RETURNERROR, or a process group: the child is a zombie none the less."""
    assert play(kernel, part) == exited(error)


def test_without_a_program_there_is_no_child_at_all(kernel: NetBSD) -> None:
    assert play(kernel, "absent") == exited(ENOENT)
    with pytest.raises(Refused):
        contents(kernel, "/out")


def test_more_actions_than_could_be_of_use(kernel: NetBSD) -> None:
    assert play(kernel, "many") == exited(EINVAL)


def test_a_priority_that_the_class_does_not_have(kernel: NetBSD) -> None:
    """do_sched_setparam: EINVAL for SCHED_OTHER with a priority; there is a child none the
    less, which has exited (198 says that of it)."""
    assert play(kernel, "policy") == exited(198)
