"""Jails, rule by rule: kern_jail.c."""

from __future__ import annotations

import struct

import pytest

from bsdproc.emulator.bsd.state import P, Proc
from bsdproc.emulator.freebsd.cred import SECURELEVEL, p_cansee, ucred
from bsdproc.emulator.freebsd.jail import (
    ATTACH,
    CREATE,
    UPDATE,
    alive,
    find,
    jail_attach,
    jail_get,
    jail_remove,
    jail_set,
)

from .world import World, refused, td


@pytest.fixture
def world() -> World:
    return World()


@pytest.fixture
def root(world: World) -> Proc:
    return world.proc()


def number(value: int) -> bytes:
    return struct.pack("<i", value)


def make(world: World, p: Proc, name: str = "j", **more: bytes) -> int:
    params = {"name": name.encode() + b"\0", "persist": b"",
              **{k.replace("_", "."): v for k, v in more.items()}}
    return jail_set(world.system, td(p), params, CREATE)


class TestMaking:
    def test_it_gets_the_next_id(self, world: World, root: Proc) -> None:
        assert [make(world, root, n) for n in ("a", "b")] == [1, 2]
        jail_remove(world.system, td(root), 2)
        assert make(world, root, "c") == 3

    def test_a_number_for_a_name_is_the_id(self, world: World, root: Proc) -> None:
        assert make(world, root, "7") == 7

    def test_needs_privilege(self, world: World) -> None:
        with refused("EPERM"):
            make(world, world.proc(uid=5))

    def test_must_persist_or_be_entered(self, world: World, root: Proc) -> None:
        with refused("EINVAL"):
            jail_set(world.system, td(root), {"name": b"j\0"}, CREATE)
        jid = jail_set(world.system, td(root), {"name": b"j\0"}, CREATE | ATTACH)
        assert ucred(root).prison.id == jid

    def test_neither_made_nor_changed(self, world: World, root: Proc) -> None:
        with refused("EINVAL"):
            jail_set(world.system, td(root), {"name": b"j\0"}, ATTACH)

    def test_what_is_there_already(self, world: World, root: Proc) -> None:
        jid = make(world, root)
        with refused("EEXIST"):
            make(world, root)
        with refused("EEXIST"):
            make(world, root, "other", jid=number(jid))

    def test_unknown_and_malformed_parameters(self, world: World, root: Proc) -> None:
        with refused("EINVAL"):
            make(world, root, nonsense=b"")
        with refused("EINVAL"):
            make(world, root, jid=b"x")
        with refused("EINVAL"):
            make(world, root, path=b"/")

    def test_a_network_it_cannot_have(self, world: World, root: Proc) -> None:
        with refused("EOPNOTSUPP"):
            make(world, root, ip4_addr=bytes(4))
        assert "ip4.addr" in world.system.log[-1]

    def test_its_directory(self, world: World, root: Proc) -> None:
        world.system.vfs.make_directories("/jails/a")
        with refused("ENOENT"):
            make(world, root, path=b"/jails/none\0")
        make(world, root, path=b"/jails/a/\0")
        jail_attach(world.system, td(root), 1)
        assert (root.root, root.cwd) == ("/jails/a", "/jails/a")


class TestChanging:
    def test_what_is_not_there(self, world: World, root: Proc) -> None:
        for params in ({"name": b"j\0"}, {"jid": number(4)}, {}):
            with refused("ENOENT"):
                jail_set(world.system, td(root), params, UPDATE)

    def test_by_name_and_by_id(self, world: World, root: Proc) -> None:
        jid = make(world, root)
        assert jail_set(world.system, td(root), {"name": b"j\0", "children.max": number(3)},
                        UPDATE) == jid
        jail_set(world.system, td(root), {"jid": number(jid), "name": b"k\0"}, UPDATE)
        assert jail_get(world.system, td(root), {"name": b"k\0", "children.max": b""}, 0) == (
            jid, {"name": b"k\0", "children.max": number(3)})

    def test_a_securelevel_only_goes_up(self, world: World, root: Proc) -> None:
        world.system.settings[SECURELEVEL] = 1
        with refused("EPERM"):
            make(world, root, securelevel=number(0))
        make(world, root, securelevel=number(2))
        prison = find(world.system, world.system.prison0, 1)
        assert prison is not None
        assert prison.securelevel == 2

    def test_permissions(self, world: World, root: Proc) -> None:
        jid = make(world, root)
        user = world.proc(uid=5, prison=find(world.system, world.system.prison0, jid))
        target = world.proc(uid=5, prison=ucred(user).prison)
        world.set(user, 7, 2, target.pid)
        jail_set(world.system, td(root), {
            "jid": number(jid), "allow.nounprivileged_proc_debug": b""}, UPDATE)
        with refused("EPERM"):
            world.set(user, 7, 2, target.pid)


class TestInside:
    def test_entering_marks_the_process(self, world: World, root: Proc) -> None:
        make(world, root)
        jail_attach(world.system, td(root), 1)
        assert root.flag & P.SUGID

    def test_no_such_jail(self, world: World, root: Proc) -> None:
        with refused("EINVAL"):
            jail_attach(world.system, td(root), 1)
        with refused("EINVAL"):
            jail_remove(world.system, td(root), 1)

    def test_no_jails_within_until_allowed(self, world: World, root: Proc) -> None:
        make(world, root)
        make(world, root, "roomy", children_max=number(1))
        a, b = world.proc(), world.proc()
        jail_attach(world.system, td(a), 1)
        with refused("EPERM"):
            make(world, a, "in")
        jail_attach(world.system, td(b), 2)
        jid = make(world, b, "in")
        with refused("EPERM"):
            make(world, b, "in2")
        ask = {"jid": number(jid), "name": b"", "parent": b""}
        found = jail_get(world.system, td(root), ask, 0)
        assert found[1]["name"] == b"roomy.in\0"
        assert found[1]["parent"] == number(2)
        assert jail_get(world.system, td(b), {"name": b"in\0"}, 0)[0] == jid

    def test_those_outside_are_not_there(self, world: World, root: Proc) -> None:
        make(world, root, "a")
        make(world, root, "b")
        inside = world.proc()
        jail_attach(world.system, td(inside), 1)
        with refused("ESRCH"):
            p_cansee(world.system, td(inside), root)
        with refused("ENOENT"):
            jail_get(world.system, td(inside), {"jid": number(2)}, 0)
        with refused("EINVAL"):
            jail_attach(world.system, td(inside), 2)
        with refused("ESRCH"):
            world.get(inside, 8, root.pid)


class TestEnd:
    def test_it_lives_while_somebody_is_in_it(self, world: World, root: Proc) -> None:
        inside = world.proc()
        jail_set(world.system, td(inside), {"name": b"j\0"}, CREATE | ATTACH)
        prison = ucred(inside).prison
        assert alive(world.system, prison)
        world.die(inside)
        assert not alive(world.system, prison)
        with refused("ENOENT"):
            jail_get(world.system, td(root), {"name": b"j\0"}, 0)

    def test_removing_kills(self, world: World, root: Proc) -> None:
        make(world, root)
        inside = world.proc()
        jail_attach(world.system, td(inside), 1)
        jail_remove(world.system, td(root), 1)
        assert [k.signo for k in inside.sigqueue.entries] == [9]
        assert not root.sigqueue.entries

    def test_one_after_the_other(self, world: World, root: Proc) -> None:
        for name in ("a", "b"):
            make(world, root, name)
        seen = []
        last = 0
        for _ in range(2):
            last, _ = jail_get(world.system, td(root), {"lastjid": number(last)}, 0)
            seen.append(last)
        assert seen == [1, 2]
        with refused("ENOENT"):
            jail_get(world.system, td(root), {"lastjid": number(last)}, 0)
