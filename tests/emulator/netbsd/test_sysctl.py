"""kern.proc2, kern.lwp, kern.proc_args, kern.file2, vm.proc.map and proc.PID."""

from __future__ import annotations

import struct
from functools import partial

import pytest

from bsdproc.emulator import NetBSD
from bsdproc.kernel.port import Kernel

from .stage import PROGRAM, SIGKILL, launch, refused, run, stopped

PROC2, ARGS, LWP, FILE2 = (1, 47), (1, 48), (1, 64), (1, 77)
ALL, PID, PGRP, SESSION, TTY, UID, RUID, GID, RGID = range(9)
ARGV, NARGV, ENV, NENV, PATHNAME, CWD = range(1, 7)
SIZE = 680
PID_AT, STAT_AT, XSTAT_AT, COMM_AT, REALSTAT_AT = 116, 360, 364, 368, 632
SOFT, HARD = 1, 2
SIGSTOP = 17


def pids(kernel: Kernel, op: int, argument: int) -> list[int]:
    data = kernel.sysctl((*PROC2, op, argument, SIZE, 1000))
    return [struct.unpack_from("<i", data, at + PID_AT)[0] for at in range(0, len(data), SIZE)]


# -- kern.proc2 -------------------------------------------------------------------
def test_all_processes_are_listed(kernel: NetBSD) -> None:
    pid = run(kernel, "nap")
    assert set(pids(kernel, ALL, 0)) == {0, 1, kernel.getpid(), pid}


def test_zombies_come_last(kernel: NetBSD) -> None:
    dead = run(kernel, "")
    alive = run(kernel, "nap")
    kernel.settle(0.1)
    listed = pids(kernel, ALL, 0)
    assert listed[-1] == dead
    assert alive in listed


@pytest.mark.parametrize("op", [PGRP, SESSION])
def test_a_group_and_a_session(kernel: NetBSD, op: int) -> None:
    pid = run(kernel, "nap")
    assert set(pids(kernel, op, kernel.getpid())) == {kernel.getpid(), pid}


@pytest.mark.parametrize("op", [UID, RUID, GID, RGID])
def test_users_and_groups(kernel: NetBSD, op: int) -> None:
    pid = run(kernel, "nap", uid=1000)
    assert pids(kernel, op, 1000) == [pid]


def test_a_pid_that_there_is_not_gives_nothing(kernel: NetBSD) -> None:
    assert kernel.sysctl((*PROC2, PID, 99999, SIZE, 1)) == b""


def test_records_are_cut_to_the_size_asked_for(kernel: NetBSD) -> None:
    assert len(kernel.sysctl((*PROC2, PID, 1, 100, 1))) == 100


def test_too_little_room(kernel: NetBSD) -> None:
    assert refused(lambda: kernel.sysctl((*PROC2, ALL, 0, SIZE, 1000), room=SIZE)) == "ENOMEM"


def test_a_null_buffer_is_told_five_records_more(kernel: NetBSD) -> None:
    assert kernel.sysctl_size((*PROC2, PID, 1, SIZE, 1)) == 6 * SIZE


@pytest.mark.parametrize("mib", [(ALL, 0, SIZE), (ALL, 0, 0, 1), (ALL, 0, SIZE, -1),
                                 (9, 0, SIZE, 1)])
def test_a_malformed_request(kernel: NetBSD, mib: tuple[int, ...]) -> None:
    assert refused(lambda: kernel.sysctl((*PROC2, *mib))) == "EINVAL"


def test_a_stopped_tracee_in_its_record(kernel: NetBSD) -> None:
    tracee = launch(kernel, "nap")
    record = kernel.sysctl((*PROC2, PID, tracee.pid, SIZE, 1))
    assert record[STAT_AT] == 4                                     # LSSTOP
    assert struct.unpack_from("<Q", record, REALSTAT_AT) == (4,)    # SSTOP
    assert struct.unpack_from("<H", record, XSTAT_AT) == (5,)
    assert record[COMM_AT:COMM_AT + 6] == b"actor\0"


def test_curtain_hides_other_users(kernel: NetBSD) -> None:
    kernel.sysctl("security.curtain", new=struct.pack("<i", 1))

    def user(view: Kernel) -> list[int]:
        return pids(view, ALL, 0)

    assert 1 not in kernel.run_child(user, uid=1000)
    assert 1 in pids(kernel, ALL, 0)


# -- kern.lwp -----------------------------------------------------------------------
def test_lwps_are_listed_the_newest_first(kernel: NetBSD) -> None:
    pid = run(kernel, "lwps")
    kernel.settle(0.05)
    data = kernel.sysctl((*LWP, pid, 128, 100))
    lids = [struct.unpack_from("<i", data, at + 32)[0] for at in range(0, len(data), 128)]
    assert len(lids) == 2
    assert lids[1] == pid


def test_lwps_of_nobody(kernel: NetBSD) -> None:
    assert refused(lambda: kernel.sysctl((*LWP, 99999, 128, 1))) == "ESRCH"


# -- kern.proc_args --------------------------------------------------------------------
def test_arguments_and_environment(kernel: NetBSD) -> None:
    pid = kernel.spawn(PROGRAM, [PROGRAM, "nap", "", "x y"], {"A": "1", "B": "two"})
    assert kernel.sysctl((*ARGS, pid, ARGV)) == b"/bin/actor\0nap\0\0x y\0"
    assert kernel.sysctl((*ARGS, pid, NARGV)) == struct.pack("<i", 4)
    assert kernel.sysctl((*ARGS, pid, ENV)) == b"A=1\0B=two\0"
    assert kernel.sysctl((*ARGS, pid, NENV)) == struct.pack("<i", 2)
    assert kernel.sysctl((*ARGS, pid, PATHNAME)) == b"/bin/actor\0"
    assert kernel.sysctl((*ARGS, pid, CWD)) == b"/\0"


def test_a_short_buffer_cuts_arguments(kernel: NetBSD) -> None:
    pid = run(kernel, "nap")
    assert kernel.sysctl((*ARGS, pid, ARGV), room=4) == b"/bin"
    assert kernel.sysctl_size((*ARGS, pid, ARGV)) == 262144


@pytest.mark.parametrize("pid", [0, 99999])
@pytest.mark.parametrize("what", [ARGV, NARGV, ENV, NENV])
def test_arguments_of_nobody(kernel: NetBSD, pid: int, what: int) -> None:
    assert refused(lambda: kernel.sysctl((*ARGS, pid, what))) == "EINVAL"


def test_an_unknown_part_of_the_arguments(kernel: NetBSD) -> None:
    pid = run(kernel, "nap")
    assert refused(lambda: kernel.sysctl((*ARGS, pid, 9))) == "EINVAL"


def test_anothers_environment_is_not_for_all(kernel: NetBSD) -> None:
    pid = run(kernel, "nap")

    def user(view: Kernel) -> list[str]:
        def ask(what: int) -> str:
            return refused(lambda: view.sysctl((*ARGS, pid, what)))

        return [ask(what) for what in (ARGV, NARGV, ENV, NENV)]

    assert kernel.run_child(user, uid=1000) == ["", "", "EPERM", "EPERM"]


# -- files, mappings ------------------------------------------------------------------------
def test_files_of_a_process(kernel: NetBSD) -> None:
    pid = run(kernel, "nap")
    data = kernel.sysctl((*FILE2, 2, pid, 120, 100))
    assert [struct.unpack_from("<ii", data, at + 104) for at in range(0, len(data), 120)] == [
        (pid, 0), (pid, 1), (pid, 2)]


def test_mappings_of_a_process(kernel: NetBSD) -> None:
    pid = run(kernel, "nap")
    data = kernel.sysctl((2, 16, 1, pid, 1128))
    spans = [struct.unpack_from("<QQ", data, at) for at in range(0, len(data), 1128)]
    assert spans == sorted(spans)
    assert any(data[at + 104:at + 115] == b"/bin/actor\0" for at in range(0, len(data), 1128))
    assert spans[-1][1] == 0x7F8000000000


# -- proc.PID ----------------------------------------------------------------------------------
def test_a_core_name_ends_in_core(kernel: NetBSD) -> None:
    pid = run(kernel, "nap")
    name = f"proc.{pid}.corename"
    assert kernel.sysctl(name) == b"%n.core\0"
    for good in (b"core\0", b"/tmp/core\0", b"/tmp/%n.%p.core\0"):
        kernel.sysctl(name, new=good)
        assert kernel.sysctl(name) == good


@pytest.mark.parametrize("name", [b"\0", b"score\0", b"core.1\0"])
def test_no_other_core_name_is_taken(kernel: NetBSD, name: bytes) -> None:
    pid = run(kernel, "nap")
    assert refused(lambda: kernel.sysctl(f"proc.{pid}.corename", new=name)) == "EINVAL"


def test_limits_are_read_and_set(kernel: NetBSD) -> None:
    pid = run(kernel, "nap")
    name = f"proc.{pid}.rlimit.descriptors.soft"
    kernel.sysctl(name, new=struct.pack("<Q", 100))
    assert kernel.sysctl(name) == struct.pack("<Q", 100)
    assert kernel.sysctl((10, pid, 2, 9, SOFT)) == struct.pack("<Q", 100)
    assert refused(lambda: kernel.sysctl((10, pid, 2, 9, 3))) == "EINVAL"


def test_a_soft_limit_above_the_hard_one_is_refused(kernel: NetBSD) -> None:
    """dosetrlimit() looks before it asks for rights; FreeBSD cuts it."""
    pid = run(kernel, "nap")
    name = f"proc.{pid}.rlimit.descriptors"
    kernel.sysctl(f"{name}.soft", new=struct.pack("<Q", 100))
    kernel.sysctl(f"{name}.hard", new=struct.pack("<Q", 100_000))
    for bound, value in (("soft", 100_001), ("hard", 99)):
        new = struct.pack("<Q", value)
        assert refused(partial(kernel.sysctl, f"{name}.{bound}", new=new)) == "EINVAL"
    assert kernel.sysctl(f"{name}.soft") == struct.pack("<Q", 100)


def test_stop_on_exec(kernel: NetBSD) -> None:
    pid = run(kernel, "stop")
    assert kernel.wait4(pid, 2).status == stopped(SIGSTOP)
    kernel.sysctl(f"proc.{pid}.stopexit", new=struct.pack("<i", 1))
    kernel.kill(pid, 19)
    assert kernel.wait4(pid, 2).status == stopped(SIGSTOP)
    kernel.kill(pid, SIGKILL)


@pytest.mark.parametrize("what", ["stopfork", "stopexec", "stopexit"])
def test_stop_flags_are_0_or_1(kernel: NetBSD, what: str) -> None:
    pid = run(kernel, "nap")
    assert kernel.sysctl(f"proc.{pid}.{what}") == bytes(4)
    assert refused(lambda: kernel.sysctl(f"proc.{pid}.{what}", new=struct.pack("<i", 2))) == (
        "EINVAL")
    assert refused(lambda: kernel.sysctl(f"proc.{pid}.{what}", new=b"\1")) == "EINVAL"


def test_proc_of_nobody_and_of_another(kernel: NetBSD) -> None:
    assert refused(lambda: kernel.sysctl("proc.99999.corename")) == "ESRCH"
    pid = run(kernel, "nap")

    def user(view: Kernel) -> str:
        return refused(lambda: view.sysctl(f"proc.{pid}.corename"))

    assert kernel.run_child(user, uid=1000) == "EPERM"


# -- others ---------------------------------------------------------------------------------------
def test_the_securelevel_only_rises(kernel: NetBSD) -> None:
    kernel.sysctl("kern.securelevel", new=struct.pack("<i", 1))
    assert refused(lambda: kernel.sysctl(
        "kern.securelevel", new=struct.pack("<i", 0))) == "EPERM"


def test_a_name_that_there_is_not(kernel: NetBSD) -> None:
    assert refused(lambda: kernel.sysctl("kern.nothing")) == "ENOENT"
