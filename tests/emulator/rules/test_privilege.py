"""Who may look at whom, and whom set-id programs keep out."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from functools import partial

import pytest

from bsdproc.kernel import Kernel

from .conftest import Hold
from .held import finish, how, record, until

pytestmark = pytest.mark.privileged

P_SUGID, P_TRACED = 0x100, 0x800
PT_ATTACH, PT_DETACH = 10, 11
SIGTERM, SIGURG, SIGCONT, SIGCHLD = 15, 16, 19, 20
USER, OTHER = 1001, 1002
ACCESS, EACCESS, SETRESUID = 33, 376, 311
ROOM, ENOENT, ETXTBSY = 0x30000000, 2, 26
OF_A_DEBUGGER = (13, 14, 15, 32, 33, 35, 36, 38, 39, 41, 42)
OF_ANYBODY = (1, 7, 9, 12, 34, 40)


@pytest.fixture
def setid(kernel: Kernel, tracee: Callable[[str], str]) -> Iterator[Callable[[int], str]]:
    """A copy of `sleeper` with that mode, root's."""
    made: list[str] = []
    fd = kernel.open(tracee("sleeper"), 0)
    contents = kernel.pread(fd, 1 << 20, 0)
    kernel.close(fd)

    def copy(mode: int) -> str:
        path = f"/tmp/setid.{kernel.getpid()}.{len(made)}"
        fd = kernel.open(path, 0x201, 0o755)
        kernel.pwrite(fd, contents, 0)
        kernel.close(fd)
        kernel.chmod(path, mode)
        made.append(path)
        return path

    yield copy
    for path in made:
        kernel.unlink(path)


def asleep(kernel: Kernel, path: str, uid: int | None = None) -> int:
    pid = kernel.spawn(path, [path], {}, uid=uid)
    until(kernel, lambda: record(kernel, pid)["ki_stat"] == 3)
    return pid


def test_what_a_user_asks_of_root_s_process(
    kernel: Kernel, tracee: Callable[[str], str]
) -> None:
    pid = asleep(kernel, tracee("sleeper"))

    def child(k: Kernel) -> list[str]:
        kinds = (*OF_A_DEBUGGER, *OF_ANYBODY)
        return [how(partial(k.sysctl, [1, 14, kind, pid])) for kind in kinds]

    try:
        answers = kernel.run_child(child, uid=USER)
        assert answers == ["EPERM"] * len(OF_A_DEBUGGER) + [""] * len(OF_ANYBODY)
    finally:
        finish(kernel, [pid])


@pytest.mark.parametrize(("mode", "uid", "gid"), [
    (0o4755, 0, USER), (0o2755, USER, 0), (0o6755, 0, 0), (0o755, USER, USER),
])
def test_the_ids_of_a_set_id_program(
    kernel: Kernel, setid: Callable[[int], str], mode: int, uid: int, gid: int
) -> None:
    pid = asleep(kernel, setid(mode), USER)
    try:
        found = record(kernel, pid)
        assert (found["ki_uid"], found["ki_svuid"], found["ki_ruid"]) == (uid, uid, USER)
        assert (found["ki_svgid"], found["ki_rgid"]) == (gid, USER)
        flags = found["ki_flag"]
        assert isinstance(flags, int)
        assert bool(flags & P_SUGID) == (mode != 0o755)
    finally:
        finish(kernel, [pid])


def test_a_set_id_program_is_not_its_user_s_to_debug(
    kernel: Kernel, setid: Callable[[int], str]
) -> None:
    """Nor to send unusual signals to; the usual ones go."""
    pid = asleep(kernel, setid(0o4755), USER)

    def child(k: Kernel) -> list[str]:
        return [how(lambda: k.ptrace(PT_ATTACH, pid, 0, 0)), how(lambda: k.kill(pid, SIGURG)),
                how(lambda: k.kill(pid, SIGCHLD)), how(lambda: k.kill(pid, SIGCONT))]

    try:
        assert kernel.run_child(child, uid=USER) == ["EPERM", "EPERM", "EPERM", ""]
        assert kernel.run_child(child, uid=OTHER) == ["EPERM"] * 3 + [""], "of the session"
    finally:
        finish(kernel, [pid])


def test_the_bit_does_nothing_under_a_tracer(hold: Hold, kernel: Kernel,
                                             setid: Callable[[int], str]) -> None:
    t = hold("execer", setid(0o4755), uid=USER)
    t.go()
    found = record(kernel, t.pid)
    flags = found["ki_flag"]
    assert isinstance(flags, int)
    assert (found["ki_uid"], found["ki_svuid"], flags & P_SUGID) == (USER, USER, 0)


@pytest.mark.parametrize(("number", "args"), [(183, (USER,)), (182, (77,)), (311, (1, 2, 3))])
def test_changing_ids_leaves_a_mark(
    hold: Hold, kernel: Kernel, number: int, args: tuple[int, ...]
) -> None:
    """seteuid, setegid, setresuid: P_SUGID."""
    t = hold("sys")
    before = record(kernel, t.pid)["ki_flag"]
    assert isinstance(before, int)
    assert t.call(number, *args)[0] == 0
    assert record(kernel, t.pid)["ki_flag"] == before | P_SUGID


def test_init_and_the_kernel_are_not_attached_to(kernel: Kernel) -> None:
    """They are system processes: EINVAL, as the process itself."""
    assert {how(partial(kernel.ptrace, PT_ATTACH, pid, 0, 0))
            for pid in (1, 0, kernel.getpid())} == {"EINVAL"}


def test_what_runs_is_busy_before_rights_are_asked(hold: Hold, kernel: Kernel) -> None:
    """access(2) of a program's file for writing: ETXTBSY, to who has no right to it as
    to who has.  vn_access."""
    root, user = hold("spin"), hold("spin", uid=1001)
    path = kernel.readlink(f"/proc/{root.pid}/file").encode() + b"\0"
    answers = []
    for t in (root, user):
        t.map(ROOM, 4096, 3)
        t.write(ROOM, path)
        answers.append([t.call(ACCESS, ROOM, mode)[0] for mode in (0, 4, 2, 1)])
    assert answers == [[0, 0, ETXTBSY, 0]] * 2


@pytest.mark.parametrize(("ids", "answer"), [((USER, 0, 0), ENOENT), ((0, USER, USER), 0)])
def test_access_sees_by_the_real_user(hold: Hold, ids: tuple[int, ...], answer: int) -> None:
    """access(2) of a node that only who may debug its process can see.  kern_accessat."""
    seen, asks = hold("spin"), hold("spin")
    asks.map(ROOM, 4096, 3)
    asks.write(ROOM, b"/proc/%d/mem\0" % seen.pid)
    assert asks.call(SETRESUID, *ids)[0] == 0
    assert [asks.call(number, ROOM, 0)[0] for number in (ACCESS, EACCESS)] == [
        answer, ENOENT - answer]
