"""Who may see, signal, reschedule and debug whom: kern_prot.c, rule by rule."""

from __future__ import annotations

import pytest

from bsdproc.emulator.bsd import signo
from bsdproc.emulator.bsd.state import P2, P, Session
from bsdproc.emulator.freebsd.cred import (
    Priv,
    cr_cansignal,
    has_priv,
    p_candebug,
    p_cansched,
    p_cansee,
    p_cansignal,
    p_canwait,
    ucred,
    visible,
)

from .world import World, outcome, refused, td

USER, OTHER = 1001, 1002


@pytest.fixture
def world() -> World:
    return World()


class TestPrivileges:
    def test_by_the_effective_uid(self, world: World) -> None:
        root = ucred(world.system.init)
        assert has_priv(root, Priv.CRED_SETUID)
        assert has_priv(root.copy(ruid=USER, svuid=USER), Priv.CRED_SETUID)
        assert not has_priv(root.copy(uid=USER), Priv.CRED_SETUID)

    def test_limits_go_by_the_real_uid(self, world: World) -> None:
        root = ucred(world.system.init)
        assert has_priv(root.copy(uid=USER), Priv.PROC_LIMIT)
        assert not has_priv(root.copy(ruid=USER), Priv.PROC_LIMIT)

    def test_none_when_the_superuser_is_disabled(self, world: World) -> None:
        world.system.settings["security.bsd.suser_enabled"] = 0
        assert not has_priv(ucred(world.init), Priv.CRED_SETUID)
        assert has_priv(ucred(world.init), Priv.DEBUG_UNPRIV)

    def test_debugging_unprivileged_is_for_all_until_it_is_off(self, world: World) -> None:
        user = world.proc(uid=USER)
        assert has_priv(ucred(user), Priv.DEBUG_UNPRIV)
        world.system.settings["security.bsd.unprivileged_proc_debug"] = 0
        assert not has_priv(ucred(user), Priv.DEBUG_UNPRIV)
        assert has_priv(ucred(world.init), Priv.DEBUG_UNPRIV)

    def test_jails_take_some_away_from_root(self, world: World) -> None:
        root = ucred(world.proc(prison=world.jail("j")))
        assert has_priv(root, Priv.DEBUG_DIFFCRED)
        assert has_priv(root, Priv.CRED_SETUID)
        for priv in (Priv.DEBUG_DENIED, Priv.VM_MADV_PROTECT, Priv.IO, Priv.SYSCTL_WRITE):
            assert not has_priv(root, priv)

    def test_a_jail_has_its_own_say_on_debugging(self, world: World) -> None:
        jail = world.jail("j")
        user = world.proc(uid=USER, prison=jail)
        assert has_priv(ucred(user), Priv.DEBUG_UNPRIV)
        jail.settings["security.bsd.unprivileged_proc_debug"] = 0
        assert not has_priv(ucred(user), Priv.DEBUG_UNPRIV)


class TestSeeing:
    def test_everybody_by_default(self, world: World) -> None:
        p_cansee(world.system, td(world.proc(uid=USER)), world.proc())

    def test_other_users_hidden(self, world: World) -> None:
        world.system.settings["security.bsd.see_other_uids"] = 0
        root, user, other = world.proc(), world.proc(uid=USER), world.proc(uid=OTHER)
        with refused("ESRCH"):
            p_cansee(world.system, td(user), root)
        p_cansee(world.system, td(user), world.proc(uid=USER))
        p_cansee(world.system, td(root), other)
        assert not visible(world.system, td(user), other)

    def test_it_is_the_real_user_that_counts(self, world: World) -> None:
        world.system.settings["security.bsd.see_other_uids"] = 0
        user = world.proc(uid=USER)
        setuid = world.proc(uid=USER)
        setuid.cred = setuid.cred.copy(uid=0, svuid=0)
        p_cansee(world.system, td(user), setuid)

    def test_other_groups_hidden(self, world: World) -> None:
        world.system.settings["security.bsd.see_other_gids"] = 0
        user = world.proc(uid=USER, gid=50, groups=(70,))
        p_cansee(world.system, td(user), world.proc(uid=OTHER, gid=60, groups=(70,)))
        with refused("ESRCH"):
            p_cansee(world.system, td(user), world.proc(uid=OTHER, gid=60))

    def test_out_of_a_jail_nothing_outside_is_there(self, world: World) -> None:
        jail = world.jail("j")
        root = world.proc(prison=jail)
        with refused("ESRCH"):
            p_cansee(world.system, td(root), world.init)
        with refused("ESRCH"):
            p_cansee(world.system, td(root), world.proc(prison=world.jail("other")))
        p_cansee(world.system, td(world.init), root)
        p_cansee(world.system, td(root), world.proc(prison=world.jail("inner", jail)))

    def test_jails_hidden_from_users_outside(self, world: World) -> None:
        inside, user = world.proc(uid=USER, prison=world.jail("j")), world.proc(uid=USER)
        p_cansee(world.system, td(user), inside)
        world.system.settings["security.bsd.see_jail_proc"] = 0
        with refused("ESRCH"):
            p_cansee(world.system, td(user), inside)
        p_cansee(world.system, td(world.proc()), inside)

    def test_oneself_always(self, world: World) -> None:
        world.system.settings["security.bsd.see_other_uids"] = 0
        user = world.proc(uid=USER)
        p_cansee(world.system, td(user), user)

    def test_waiting_is_a_matter_of_jails_only(self, world: World) -> None:
        world.system.settings["security.bsd.see_other_uids"] = 0
        user = world.proc(uid=USER)
        p_canwait(td(user), world.proc(uid=OTHER))
        with refused("ESRCH"):
            p_canwait(td(world.proc(prison=world.jail("j"))), user)


class TestSignalling:
    @pytest.mark.parametrize(
        ("sender", "target", "how"),
        [
            # (effective, real) of the sender; (effective, real, saved) of the target
            ((USER, USER), (USER, USER, USER), "ok"),
            ((USER, USER), (0, USER, 0), "ok"),
            ((USER, USER), (USER, 0, USER), "ok"),
            ((USER, USER), (USER, 0, 0), "EPERM"),
            ((OTHER, USER), (0, USER, 0), "ok"),
            ((USER, OTHER), (0, 0, USER), "ok"),
            ((USER, USER), (OTHER, OTHER, OTHER), "EPERM"),
            ((0, USER), (OTHER, OTHER, OTHER), "ok"),
            ((USER, 0), (OTHER, OTHER, OTHER), "EPERM"),
        ],
    )
    def test_real_or_effective_against_real_or_saved(
        self, world: World, sender: tuple[int, int], target: tuple[int, int, int], how: str
    ) -> None:
        a, b = world.proc(), world.proc()
        a.cred = a.cred.copy(uid=sender[0], ruid=sender[1], svuid=sender[0])
        b.cred = b.cred.copy(uid=target[0], ruid=target[1], svuid=target[2])
        assert outcome(p_cansignal, world.system, td(a), b, signo.SIGTERM) == how

    def test_sigcont_within_the_session(self, world: World) -> None:
        user, root = world.proc(uid=USER), world.proc()
        p_cansignal(world.system, td(user), root, signo.SIGCONT)
        with refused("EPERM"):
            p_cansignal(world.system, td(user), root, signo.SIGTERM)
        root.pgrp = type(root.pgrp)(root.pid, Session(root.pid, root))
        with refused("EPERM"):
            p_cansignal(world.system, td(user), root, signo.SIGCONT)

    def test_who_changed_credentials_takes_but_the_usual_signals(self, world: World) -> None:
        user, target = world.proc(uid=USER), world.proc(uid=USER)
        target.flag |= P.SUGID
        allowed = {
            sig
            for sig in range(129)
            if outcome(cr_cansignal, world.system, user.cred, target, sig) == "ok"
        }
        assert allowed == {0, 1, 2, 9, 14, 15, 17, 18, 21, 22, 30, 31}
        world.system.settings["security.bsd.conservative_signals"] = 0
        cr_cansignal(world.system, ucred(user), target, signo.SIGSEGV)

    def test_oneself_anything(self, world: World) -> None:
        user = world.proc(uid=USER)
        user.flag |= P.SUGID
        p_cansignal(world.system, td(user), user, signo.SIGSEGV)

    def test_the_saved_user_does_not_count_for_scheduling(self, world: World) -> None:
        user, setuid = world.proc(uid=USER), world.proc()
        setuid.cred = setuid.cred.copy(svuid=USER)
        p_cansignal(world.system, td(user), setuid, signo.SIGTERM)
        with refused("EPERM"):
            p_cansched(world.system, td(user), setuid)
        setuid.cred = setuid.cred.copy(ruid=USER)
        p_cansched(world.system, td(user), setuid)


class TestDebugging:
    def test_own_processes(self, world: World) -> None:
        p_candebug(world.system, td(world.proc(uid=USER)), world.proc(uid=USER))

    @pytest.mark.parametrize("field", ["uid", "ruid", "svuid"])
    def test_all_three_users_must_be_the_effective_one(self, world: World, field: str) -> None:
        user, target = world.proc(uid=USER), world.proc(uid=USER)
        if field == "uid":
            target.cred = target.cred.copy(uid=OTHER)
        elif field == "ruid":
            target.cred = target.cred.copy(ruid=OTHER)
        else:
            target.cred = target.cred.copy(svuid=OTHER)
        with refused("EPERM"):
            p_candebug(world.system, td(user), target)
        p_candebug(world.system, td(world.proc()), target)

    def test_the_callers_effective_user_counts(self, world: World) -> None:
        caller, target = world.proc(uid=USER), world.proc(uid=USER)
        caller.cred = caller.cred.copy(ruid=OTHER, svuid=OTHER)
        p_candebug(world.system, td(caller), target)

    def test_its_groups_must_all_be_the_callers(self, world: World) -> None:
        caller = world.proc(uid=USER, gid=50, groups=(60, 70))
        p_candebug(world.system, td(caller), world.proc(uid=USER, gid=70, groups=(50,)))
        for gid, groups in ((80, ()), (50, (80,))):
            with refused("EPERM"):
                p_candebug(world.system, td(caller), world.proc(uid=USER, gid=gid, groups=groups))

    @pytest.mark.parametrize("field", ["rgid", "svgid"])
    def test_its_real_and_saved_group_too(self, world: World, field: str) -> None:
        caller, target = world.proc(uid=USER, gid=50), world.proc(uid=USER, gid=50)
        if field == "rgid":
            target.cred = target.cred.copy(rgid=80)
        else:
            target.cred = target.cred.copy(svgid=80)
        with refused("EPERM"):
            p_candebug(world.system, td(caller), target)

    def test_one_that_changed_credentials(self, world: World) -> None:
        user, target = world.proc(uid=USER), world.proc(uid=USER)
        target.flag |= P.SUGID
        with refused("EPERM"):
            p_candebug(world.system, td(user), target)
        p_candebug(world.system, td(world.proc()), target)

    def test_one_that_disabled_tracing(self, world: World) -> None:
        user, target = world.proc(uid=USER), world.proc(uid=USER)
        target.flag2 |= P2.NOTRACE
        with refused("EPERM"):
            p_candebug(world.system, td(user), target)
        p_candebug(world.system, td(world.proc()), target)

    def test_in_a_jail_root_cannot_overrule_that(self, world: World) -> None:
        jail = world.jail("j")
        root, target = world.proc(prison=jail), world.proc(uid=USER, prison=jail)
        p_candebug(world.system, td(root), target)
        target.flag2 |= P2.NOTRACE
        with refused("EPERM"):
            p_candebug(world.system, td(root), target)

    def test_one_in_the_middle_of_execve(self, world: World) -> None:
        target = world.proc()
        target.flag |= P.INEXEC
        with refused("EBUSY"):
            p_candebug(world.system, td(world.proc()), target)

    def test_init_at_a_raised_securelevel(self, world: World) -> None:
        root = world.proc()
        p_candebug(world.system, td(root), world.init)
        world.system.settings["kern.securelevel"] = 1
        with refused("EPERM"):
            p_candebug(world.system, td(root), world.init)

    def test_nobody_unprivileged_when_it_is_off(self, world: World) -> None:
        world.system.settings["security.bsd.unprivileged_proc_debug"] = 0
        user = world.proc(uid=USER)
        with refused("EPERM"):
            p_candebug(world.system, td(user), world.proc(uid=USER))
        p_candebug(world.system, td(user), user)
        p_candebug(world.system, td(world.proc()), user)

    def test_order_of_the_checks(self, world: World) -> None:
        """What is off wins over what is hidden, that over what is not one's
        own, that over execve, and that over a disabled trace."""
        settings = world.system.settings
        user, target = world.proc(uid=USER), world.proc(uid=OTHER)
        target.flag |= P.INEXEC
        target.flag2 |= P2.NOTRACE
        settings["security.bsd.see_other_uids"] = 0
        settings["security.bsd.unprivileged_proc_debug"] = 0

        def how() -> str:
            return outcome(p_candebug, world.system, td(user), target)

        seen = [how()]
        settings["security.bsd.unprivileged_proc_debug"] = 1
        seen.append(how())
        settings["security.bsd.see_other_uids"] = 1
        seen.append(how())
        target.cred = world.proc(uid=USER).cred
        seen.append(how())
        target.flag &= ~P.INEXEC
        seen.append(how())
        target.flag2 = 0
        seen.append(how())
        assert seen == ["EPERM", "ESRCH", "EPERM", "EBUSY", "EPERM", "ok"]

    def test_out_of_a_jail(self, world: World) -> None:
        with refused("ESRCH"):
            p_candebug(world.system, td(world.proc(prison=world.jail("j"))), world.proc())
