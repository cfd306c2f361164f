"""The reaper tree, rule by rule: kern_procctl.c, kern_fork.c, kern_exit.c."""

from __future__ import annotations

from dataclasses import dataclass

import pytest

from bsdproc import abi
from bsdproc.emulator.bsd.state import P2, Proc, Tree
from bsdproc.emulator.freebsd import reaper

from .world import World, refused, td, trace

ACQUIRE, RELEASE, STATUS, GETPIDS, KILL = 2, 3, 4, 5, 6
CHILDREN, SUBTREE = 1, 2
SIGTERM, SIGCONT = 15, 19
TARGET = abi.target("freebsd", "amd64")


@pytest.fixture
def world() -> World:
    return World()


def acquire(world: World, p: Proc) -> Proc:
    world.call(p, ACQUIRE)
    return p


def pids(world: World, caller: Proc, id: int = 0, room: int = 20) -> dict[int, tuple[int, int]]:
    """pid → (subtree, flags) of the valid entries."""
    entry = TARGET.struct("struct procctl_reaper_pidinfo")
    table = world.memory.lend(entry.size * room)
    ask = TARGET.struct("struct procctl_reaper_pids").pack(
        {"rp_count": room, "rp_pids": table.address}
    )
    world.call(caller, GETPIDS, ask, id)
    read = entry.reader("pi_pid", "pi_subtree", "pi_flags")
    found = [read(table.data, i * entry.size) for i in range(room)]
    return {pid: (subtree, flags) for pid, subtree, flags in found if flags & 1}


@dataclass
class Killed:
    killed: int
    fpid: int
    errno: str


def kill(
    world: World, caller: Proc, sig: int = SIGTERM, flags: int = 0, subtree: int = 0, id: int = 0
) -> Killed:
    from bsdproc.emulator.errno import NAMES, Refused

    layout = TARGET.struct("struct procctl_reaper_kill")
    ask = layout.pack({"rk_sig": sig, "rk_flags": flags, "rk_subtree": subtree,
                       "rk_killed": 0x55, "rk_fpid": 0x66})
    errno = "ok"
    try:
        world.call(caller, KILL, ask, id)
    except Refused as e:
        errno = NAMES[e.errno]
    killed, fpid = layout.reader("rk_killed", "rk_fpid")(world.left, 0)
    return Killed(killed, fpid, errno)


def got(p: Proc) -> list[int]:
    """The signals that have arrived."""
    return [k.signo for k in p.sigqueue.entries]


class TestFork:
    def test_everybody_has_init(self, world: World) -> None:
        p = world.proc()
        q = world.proc(p)
        assert p.reaper is world.init
        assert q.reaper is world.init
        assert world.init.reaplist[:2] == [q, p], "newest first"

    def test_below_a_reaper(self, world: World) -> None:
        top = acquire(world, world.proc())
        a = world.proc(top)
        deep = world.proc(world.proc(a))
        b = world.proc(top)
        assert {q.reaper for q in (a, deep, b)} == {top}
        assert (a.reap_subtree, deep.reap_subtree, b.reap_subtree) == (a.pid, a.pid, b.pid)

    def test_a_child_of_a_reaper_is_none(self, world: World) -> None:
        child = world.fork(acquire(world, world.proc()))
        assert not child.treeflag & Tree.REAPER

    def test_nobodys_child_goes_to_the_reaper(self, world: World) -> None:
        """rfork(RFNOWAIT)."""
        p = world.proc()
        child = world.proc()
        world.init.reaplist.remove(child)
        reaper.reaper_fork(world.system, p, child, no_wait=True)
        assert child.reaper is p.reaper


class TestAcquire:
    @pytest.mark.rule("freebsd-kern_procctl", "acquire-self", "release-self")
    def test_only_for_oneself(self, world: World) -> None:
        p, q = world.proc(), world.proc()
        for command in (ACQUIRE, RELEASE):
            with refused("EPERM"):
                world.call(p, command, id=q.pid)

    @pytest.mark.rule("freebsd-kern_procctl", "acquire-twice")
    def test_twice(self, world: World) -> None:
        p = acquire(world, world.proc())
        with refused("EBUSY"):
            world.call(p, ACQUIRE)

    @pytest.mark.rule("freebsd-kern_procctl", "acquire-old-children")
    def test_older_children_stay_where_they_were(self, world: World) -> None:
        p = world.proc()
        old = world.proc(p)
        acquire(world, p)
        assert old.reaper is world.init
        assert world.proc(p).reaper is p
        assert world.proc(old).reaper is world.init

    @pytest.mark.rule("freebsd-kern_procctl", "release-none")
    def test_release_without_being_one(self, world: World) -> None:
        with refused("EINVAL"):
            world.call(world.proc(), RELEASE)

    @pytest.mark.rule("freebsd-kern_procctl", "release-init")
    def test_init_cannot_release(self, world: World) -> None:
        with refused("EINVAL"):
            world.call(world.init, RELEASE)

    @pytest.mark.rule("freebsd-kern_procctl", "release-hands-up")
    def test_release_hands_the_descendants_up(self, world: World) -> None:
        top = acquire(world, world.proc())
        inner = acquire(world, world.proc(top))
        leaf = world.proc(inner)
        world.call(inner, RELEASE)
        assert leaf.reaper is top
        assert leaf.reap_subtree == inner.pid
        assert leaf.parent is inner, "no change of parents"
        assert not inner.reaplist


class TestStatus:
    def status(self, world: World, caller: Proc, id: int = 0) -> tuple[int, int, int, int, int]:
        layout = TARGET.struct("struct procctl_reaper_status")
        data = world.call(caller, STATUS, bytes(layout.size), id)
        flags, children, descendants, whose, pid = layout.reader(
            "rs_flags", "rs_children", "rs_descendants", "rs_reaper", "rs_pid"
        )(data, 0)
        return flags, children, descendants, whose, pid

    @pytest.mark.rule("freebsd-kern_procctl", "status-reaper")
    def test_of_an_ordinary_process(self, world: World) -> None:
        flags, _, _, whose, _ = self.status(world, world.proc())
        assert (flags, whose) == (2, 1)

    @pytest.mark.rule("freebsd-kern_procctl", "status-realinit")
    def test_of_init(self, world: World) -> None:
        flags, _, _, whose, _ = self.status(world, world.proc(), 1)
        assert (flags, whose) == (3, 1)

    def test_of_a_fresh_reaper(self, world: World) -> None:
        p = acquire(world, world.proc())
        assert self.status(world, p) == (1, 0, 0, p.pid, -1)

    def test_counts(self, world: World) -> None:
        p = acquire(world, world.proc())
        a = world.proc(p)
        world.proc(a)
        b = world.proc(p)
        assert self.status(world, p) == (1, 2, 3, p.pid, b.pid)
        assert self.status(world, a) == (0, 2, 3, p.pid, b.pid), "its reaper's"

    @pytest.mark.rule("freebsd-kern_procctl", "status-pid")
    def test_the_pid_is_a_childs_or_else_a_descendants(self, world: World) -> None:
        p = acquire(world, world.proc())
        a = world.proc(p)
        leaf = world.proc(a)
        trace(world.proc(), a, world.system)
        assert self.status(world, p)[4] == leaf.pid

    @pytest.mark.rule("freebsd-kern_procctl", "status-children")
    def test_tracing_is_no_parenthood(self, world: World) -> None:
        p = acquire(world, world.proc())
        a = world.proc(p)
        trace(world.proc(), a, world.system)
        assert self.status(world, p)[1:3] == (1, 1)

    @pytest.mark.rule("freebsd-kern_procctl", "status-zombies")
    def test_zombies_count(self, world: World) -> None:
        p = acquire(world, world.proc())
        a = world.proc(p)
        world.die(a)
        assert self.status(world, p)[1:3] == (1, 1)
        world.collect(a)
        assert self.status(world, p)[1:] == (0, 0, p.pid, -1)


class TestGetpids:
    @pytest.mark.rule("freebsd-kern_procctl", "getpids-inner", "getpids-child", "getpids-subtree")
    def test_flags_and_subtrees(self, world: World) -> None:
        p = acquire(world, world.proc())
        a = world.proc(p)
        b = acquire(world, world.proc(a))
        world.proc(b)
        assert pids(world, p) == {a.pid: (a.pid, 3), b.pid: (a.pid, 5)}

    @pytest.mark.rule("freebsd-kern_procctl", "getpids-room")
    def test_no_more_than_there_is_room_for(self, world: World) -> None:
        p = acquire(world, world.proc())
        for _ in range(3):
            world.proc(p)
        assert [len(pids(world, p, room=n)) for n in (0, 1, 2, 3, 10)] == [0, 1, 2, 3, 3]

    @pytest.mark.rule("freebsd-kern_procctl", "getpids-table")
    def test_a_bad_table(self, world: World) -> None:
        p = acquire(world, world.proc())
        ask = TARGET.struct("struct procctl_reaper_pids").pack({"rp_count": 5, "rp_pids": 8})
        world.call(p, GETPIDS, ask)
        world.proc(p)
        with refused("EFAULT"):
            world.call(p, GETPIDS, ask)


class TestDeath:
    def test_orphans_go_to_the_reaper(self, world: World) -> None:
        top = acquire(world, world.proc())
        a = world.proc(top)
        leaf = world.proc(a)
        world.die(a)
        assert leaf.parent is top
        assert leaf.reap_subtree == a.pid, "the subtree keeps its name"

    def test_a_dead_reaper_keeps_its_descendants_until_it_is_collected(self, world: World) -> None:
        top = acquire(world, world.proc())
        inner = acquire(world, world.proc(top))
        leaf = world.proc(inner)
        deep = world.proc(leaf)
        world.die(inner)
        assert leaf.reaper is inner
        assert leaf.parent is inner
        assert pids(world, top) == {inner.pid: (inner.pid, 7)}
        world.collect(inner)
        assert leaf.reaper is top
        assert deep.reaper is top
        assert leaf.parent is top
        assert leaf.reap_subtree == deep.reap_subtree == inner.pid
        assert pids(world, top) == {leaf.pid: (inner.pid, 3), deep.pid: (inner.pid, 1)}

    def test_a_subtrees_name_is_not_given_to_a_new_process(self, world: World) -> None:
        top = acquire(world, world.proc())
        a = world.proc(top)
        leaf = world.proc(a)
        world.die(a)
        world.collect(a)
        assert reaper.reserved(world.system, a.pid)
        world.die(leaf)
        world.collect(leaf)
        assert not reaper.reserved(world.system, a.pid)


class TestKill:
    @pytest.mark.rule("freebsd-kern_procctl", "kill-count")
    def test_all(self, world: World) -> None:
        top = acquire(world, world.proc())
        a = world.proc(top)
        leaf = world.proc(a)
        old = world.init.reaplist
        assert kill(world, top) == Killed(2, -1, "ok")
        assert got(a) == got(leaf) == [SIGTERM]
        assert top not in old or got(top) == []

    @pytest.mark.rule("freebsd-kern_procctl", "kill-nobody")
    def test_nobody(self, world: World) -> None:
        assert kill(world, acquire(world, world.proc())) == Killed(0, -1, "ESRCH")

    @pytest.mark.rule("freebsd-kern_procctl", "kill-inner")
    def test_below_inner_reapers_too(self, world: World) -> None:
        top = acquire(world, world.proc())
        inner = acquire(world, world.proc(top))
        leaf = world.proc(inner)
        assert kill(world, top).killed == 2
        assert got(leaf) == [SIGTERM]

    def test_a_dead_inner_reaper_hides_what_hangs_from_it(self, world: World) -> None:
        top = acquire(world, world.proc())
        inner = acquire(world, world.proc(top))
        leaf = world.proc(inner)
        world.die(inner)
        assert kill(world, top) == Killed(0, -1, "ESRCH")
        world.collect(inner)
        assert kill(world, top) == Killed(1, -1, "ok")
        assert got(leaf) == [SIGTERM]

    def test_zombies_are_passed_over(self, world: World) -> None:
        top = acquire(world, world.proc())
        world.die(world.proc(top))
        assert kill(world, top) == Killed(0, -1, "ESRCH")

    @pytest.mark.rule("freebsd-kern_procctl", "kill-children")
    def test_children_only_and_it_says_esrch_all_the_same(self, world: World) -> None:
        top = acquire(world, world.proc())
        a = world.proc(top)
        leaf = world.proc(a)
        assert kill(world, top, flags=CHILDREN) == Killed(1, -1, "ESRCH")
        assert got(leaf) == []

    @pytest.mark.rule("freebsd-kern_procctl", "kill-subtree")
    def test_one_subtree(self, world: World) -> None:
        top = acquire(world, world.proc())
        a, b = world.proc(top), world.proc(top)
        leaf = world.proc(b)
        assert kill(world, top, flags=SUBTREE, subtree=b.pid) == Killed(2, -1, "ok")
        assert (got(a), got(b), got(leaf)) == ([], [SIGTERM], [SIGTERM])
        assert kill(world, top, flags=SUBTREE, subtree=99998) == Killed(0, -1, "ESRCH")

    @pytest.mark.rule("freebsd-kern_procctl", "kill-subtree-top")
    def test_the_subtree_holds_for_the_topmost_only(self, world: World) -> None:
        top = acquire(world, world.proc())
        inner = acquire(world, world.proc(top))
        leaf = world.proc(inner)
        assert kill(world, top, flags=SUBTREE, subtree=inner.pid).killed == 2
        assert got(leaf) == [SIGTERM]

    @pytest.mark.parametrize(
        ("sig", "flags"), [(0, 0), (-1, 0), (129, 0), (9, 4), (9, CHILDREN | SUBTREE)]
    )
    @pytest.mark.rule(
        "freebsd-kern_procctl", "kill-signal", "kill-flags", "kill-both-flags", "kill-untouched")
    def test_bad_requests_leave_the_counts(self, world: World, sig: int, flags: int) -> None:
        top = acquire(world, world.proc())
        world.proc(top)
        assert kill(world, top, sig, flags) == Killed(0x55, 0x66, "EINVAL")

    @pytest.mark.rule("freebsd-kern_procctl", "kill-reaper")
    def test_by_a_descendant_itself_included(self, world: World) -> None:
        top = acquire(world, world.proc())
        a, b = world.proc(top), world.proc(top)
        assert kill(world, a, SIGCONT) == Killed(2, -1, "ok")
        assert got(b) == [SIGCONT]

    def test_itself_alone_does_not_count_as_success(self, world: World) -> None:
        top = acquire(world, world.proc())
        a = world.proc(top)
        assert kill(world, a) == Killed(1, -1, "ESRCH")
        assert got(a) == [SIGTERM]

    @pytest.mark.rule("freebsd-kern_procctl", "kill-first-failed", "kill-right")
    def test_the_first_that_may_not_be(self, world: World) -> None:
        top = acquire(world, world.proc(uid=1001))
        first = world.proc(top, uid=1002)
        world.proc(top, uid=1003)
        assert kill(world, top) == Killed(0, first.pid + 1, "EPERM"), "the newest is first"

    def test_one_success_is_success(self, world: World) -> None:
        top = acquire(world, world.proc(uid=1001))
        mine = world.proc(top, uid=1001)
        foreign = world.proc(top, uid=1002)
        assert kill(world, top) == Killed(1, foreign.pid, "ok")
        assert got(mine) == [SIGTERM]

    def test_of_children_a_refusal_stands(self, world: World) -> None:
        top = acquire(world, world.proc(uid=1001))
        world.proc(top, uid=1001)
        foreign = world.proc(top, uid=1002)
        assert kill(world, top, flags=CHILDREN) == Killed(1, foreign.pid, "EPERM")

    def test_sigcont_rule_of_the_session_is_for_children_only(self, world: World) -> None:
        top = acquire(world, world.proc(uid=1001))
        foreign = world.proc(top, uid=1002)
        assert kill(world, top, SIGCONT, CHILDREN) == Killed(1, -1, "ESRCH")
        assert kill(world, top, SIGCONT) == Killed(0, foreign.pid, "EPERM")

    @pytest.mark.rule("freebsd-kern_procctl", "kill-capability")
    def test_in_capability_mode(self, world: World) -> None:
        top = acquire(world, world.proc())
        world.proc(top)
        top.cred = top.cred.copy(capmode=True)
        assert kill(world, top, sig=0) == Killed(0x55, 0x66, "ECAPMODE"), "before EINVAL"

    @pytest.mark.rule("freebsd-kern_procctl", "kill-siginfo")
    def test_the_signal_tells_who_sent_it(self, world: World) -> None:
        top = acquire(world, world.proc(uid=1001))
        a = world.proc(top, uid=1001)
        kill(world, top)
        info = a.sigqueue.entries[0]
        assert (info.code, info.pid, info.uid) == (0x10001, top.pid, 1001)

    def test_nobody_who_is_exiting(self, world: World) -> None:
        top = acquire(world, world.proc())
        a = world.proc(top)
        a.flag2 |= P2.WEXIT
        assert kill(world, top, flags=CHILDREN) == Killed(0, -1, "ESRCH")
        assert td(a).sigqueue.entries == type(td(a).sigqueue.entries)()
