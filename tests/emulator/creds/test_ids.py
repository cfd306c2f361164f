"""setuid and its like, and the credentials that execve gives: kern_prot.c,
kern_exec.c, sys_capability.c."""

from __future__ import annotations

from dataclasses import dataclass

import pytest

from bsdproc.emulator.bsd.state import P2, P, Proc
from bsdproc.emulator.freebsd.cred import Cred, setid_exec
from bsdproc.emulator.freebsd.syscalls import capability
from bsdproc.emulator.freebsd.syscalls.ids import (
    GROUP,
    NOCHANGE,
    SYSCALLS,
    USER,
    set_effective,
    set_groups,
    set_id,
    set_three,
    set_two,
)

from .world import World, refused, td

KEEP = NOCHANGE


@pytest.fixture
def world() -> World:
    return World()


def users(p: Proc) -> tuple[int, int, int]:
    """Real, effective, saved."""
    return p.cred.ruid, p.cred.uid, p.cred.svuid


def groups(p: Proc) -> tuple[int, int, int]:
    return p.cred.rgid, p.cred.gid, p.cred.svgid


@dataclass
class Ids:
    """A process with these user ids; its group ids are the same numbers."""

    world: World

    def __call__(self, real: int, effective: int, saved: int) -> Proc:
        p = self.world.proc()
        p.cred = p.cred.copy(
            ruid=real, uid=effective, svuid=saved, rgid=real, svgid=saved
        ).with_gid(effective)
        return p


@pytest.fixture
def ids(world: World) -> Ids:
    return Ids(world)


class TestSetuid:
    def test_root_sets_all_three(self, ids: Ids) -> None:
        p = ids(0, 0, 0)
        set_id(td(p), USER, 5)
        assert users(p) == (5, 5, 5)
        assert p.flag & P.SUGID

    def test_to_the_real_one_only_the_effective(self, ids: Ids) -> None:
        p = ids(5, 6, 6)
        set_id(td(p), USER, 5)
        assert users(p) == (5, 5, 6)

    def test_to_the_effective_one_all_three(self, ids: Ids) -> None:
        p = ids(5, 6, 7)
        set_id(td(p), USER, 6)
        assert users(p) == (6, 6, 6)

    def test_not_to_the_saved_one(self, ids: Ids) -> None:
        p = ids(5, 6, 7)
        with refused("EPERM"):
            set_id(td(p), USER, 7)

    def test_no_change_no_mark(self, ids: Ids) -> None:
        p = ids(5, 5, 5)
        set_id(td(p), USER, 5)
        assert not p.flag & P.SUGID

    def test_groups_go_by_the_same_rules_but_privilege_by_the_user(self, ids: Ids) -> None:
        p = ids(5, 6, 7)
        set_id(td(p), GROUP, 6)
        assert groups(p) == (6, 6, 6)
        with refused("EPERM"):
            set_id(td(p), GROUP, 9)
        root = ids(5, 0, 5)
        set_id(td(root), GROUP, 9)
        assert groups(root) == (9, 9, 9)


class TestSeteuid:
    @pytest.mark.parametrize("kind", ["user", "group"])
    def test_to_the_real_or_the_saved(self, ids: Ids, kind: str) -> None:
        which, read = (USER, users) if kind == "user" else (GROUP, groups)
        p = ids(5, 6, 7)
        set_effective(td(p), which, 7)
        set_effective(td(p), which, 5)
        assert read(p) == (5, 5, 7)
        with refused("EPERM"):
            set_effective(td(p), which, 6)

    def test_root_to_any(self, ids: Ids) -> None:
        p = ids(0, 0, 0)
        set_effective(td(p), USER, 9)
        assert users(p) == (0, 9, 0)
        set_effective(td(p), USER, 0)


class TestSetreuid:
    @pytest.mark.parametrize(
        ("real", "effective", "after"),
        [
            (KEEP, KEEP, (5, 6, 6)),     # effective and real differ: the saved one follows
            (7, KEEP, (7, 6, 6)),
            (KEEP, 5, (5, 5, 7)),
            (KEEP, 7, (5, 7, 7)),
            (5, 6, (5, 6, 6)),
            (5, 5, (5, 5, 5)),
        ],
    )
    def test_what_follows(
        self, ids: Ids, real: int, effective: int, after: tuple[int, int, int]
    ) -> None:
        for kind, read in ((USER, users), (GROUP, groups)):
            p = ids(5, 6, 7)
            set_two(td(p), kind, real, effective)
            assert read(p) == after

    @pytest.mark.parametrize(("real", "effective"), [(6, KEEP), (9, KEEP), (KEEP, 9)])
    def test_refused(self, ids: Ids, real: int, effective: int) -> None:
        for kind in (USER, GROUP):
            with refused("EPERM"):
                set_two(td(ids(5, 6, 7)), kind, real, effective)


class TestSetresuid:
    def test_any_of_the_three_anywhere(self, ids: Ids) -> None:
        for kind, read in ((USER, users), (GROUP, groups)):
            p = ids(5, 6, 7)
            set_three(td(p), kind, 7, 5, 6)
            assert read(p) == (7, 5, 6)
            set_three(td(p), kind, KEEP, KEEP, 7)
            assert read(p) == (7, 5, 7)
            with refused("EPERM"):
                set_three(td(p), kind, KEEP, KEEP, 6)


class TestGroups:
    def test_only_by_root(self, world: World) -> None:
        with refused("EPERM"):
            set_groups(td(world.proc(uid=5)), [5])

    def test_first_is_effective_others_sorted(self, world: World) -> None:
        p = world.proc()
        set_groups(td(p), [30, 20, 10])
        assert p.cred.groups == (30, 10, 20)
        assert p.cred.gid == 30
        assert p.cred.rgid == 0
        assert p.flag & P.SUGID

    def test_none_leaves_the_effective_one(self, world: World) -> None:
        p = world.proc(groups=(7, 8))
        set_groups(td(p), [])
        assert p.cred.groups == (0,)


class TestExec:
    def run(
        self, world: World, p: Proc, mode: int = 0o4755, uid: int = 0, gid: int = 0
    ) -> Cred | None:
        """Execute a file with such permissions."""
        file = world.system.vfs.install("/program", b"", mode, uid, gid)
        return setid_exec(world.system, td(p), file)

    def test_set_user_id(self, world: World) -> None:
        p = world.proc(uid=5)
        new = self.run(world, p)
        assert new is not None
        assert (new.ruid, new.uid, new.svuid) == (5, 0, 0)
        assert p.flag & P.SUGID

    def test_set_group_id(self, world: World) -> None:
        p = world.proc(uid=5, gid=50, groups=(60,))
        new = self.run(world, p, 0o2755, gid=7)
        assert new is not None
        assert (new.rgid, new.gid, new.svgid, new.groups) == (50, 7, 7, (7, 60))
        assert new.uid == 5

    def test_of_ones_own_it_is_no_change(self, world: World) -> None:
        p = world.proc(uid=5)
        p.pdeathsig = 30
        assert self.run(world, p, uid=5) is None
        assert not p.flag & P.SUGID
        assert p.pdeathsig == 30

    @pytest.mark.parametrize("why", ["traced", "capability mode", "no new privileges"])
    def test_not_then_but_the_death_signal_goes(self, world: World, why: str) -> None:
        p = world.proc(uid=5)
        p.pdeathsig = 30
        if why == "traced":
            p.flag |= P.TRACED
        elif why == "capability mode":
            p.cred = p.cred.copy(capmode=True)
        else:
            p.flag2 |= P2.NO_NEW_PRIVS
        assert self.run(world, p) is None
        assert not p.flag & P.SUGID
        assert p.pdeathsig == 0

    def test_the_saved_ids_follow_in_any_program(self, world: World) -> None:
        p = world.proc(uid=5)
        p.cred = p.cred.copy(uid=6)
        new = self.run(world, p, 0o755)
        assert new is not None
        assert (new.ruid, new.uid, new.svuid) == (5, 6, 6)

    def test_not_even_that_without_new_privileges(self, world: World) -> None:
        p = world.proc(uid=5)
        p.cred = p.cred.copy(uid=6)
        p.flag2 |= P2.NO_NEW_PRIVS
        assert self.run(world, p, 0o755) is None

    def test_the_mark_goes_with_the_real_users_program(self, world: World) -> None:
        p = world.proc(uid=5)
        p.flag |= P.SUGID
        self.run(world, p, 0o755)
        assert not p.flag & P.SUGID
        p.flag |= P.SUGID
        p.cred = p.cred.copy(ruid=6)
        self.run(world, p, 0o755)
        assert p.flag & P.SUGID

    def test_preferences_do_not_bind_a_set_id_image(self, world: World) -> None:
        p = world.proc(uid=5)
        p.flag2 = P2.ASLR_DISABLE | P2.WXORX_ENABLE_EXEC | P2.PROTMAX_ENABLE
        self.run(world, p)
        assert p.flag2 == P2.PROTMAX_ENABLE


class TestCapabilityMode:
    def call(self, world: World, p: Proc, number: int) -> int:
        return SYSCALLS[number][2](world.system, td(p), ())

    def test_there_is_no_way_out(self, world: World) -> None:
        p = world.proc()
        self.call(world, p, 516)
        assert p.cred.capmode
        assert world.fork(p).cred.capmode
        assert not p.flag & P.SUGID

    def test_what_is_refused(self) -> None:
        for name in ("ptrace", "procctl", "wait4", "open", "execve", "rfork", "chdir"):
            assert name not in capability.ENABLED
        for name in ("exit", "fork", "read", "kill", "setuid", "__sysctl", "cap_enter"):
            assert name in capability.ENABLED


def test_getters(world: World) -> None:
    p = world.proc()
    p.cred = p.cred.copy(ruid=1, uid=2, svuid=3, rgid=4, svgid=6).with_gid(5)
    results = {SYSCALLS[n][0]: SYSCALLS[n][2](world.system, td(p), ()) for n in (24, 25, 43, 47)}
    assert results == {"getuid": 1, "geteuid": 2, "getegid": 5, "getgid": 4}
    assert SYSCALLS[253][2](world.system, td(p), ()) == 0
    set_id(td(p), USER, 1)
    assert SYSCALLS[253][2](world.system, td(p), ()) == 1
