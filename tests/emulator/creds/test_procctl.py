"""procctl(2), rule by rule: kern_procctl.c of 13.2."""

from __future__ import annotations

import pytest

from bsdproc.emulator.bsd.state import P2, MapFlag, P, Proc
from bsdproc.emulator.freebsd import aslr
from bsdproc.emulator.freebsd.procctl import FORK_KEEPS, procctl_exec
from bsdproc.emulator.freebsd.procctl_commands import COMMANDS, max_protection

from .world import P_PGID, World, outcome, refused, trace

SPROTECT, REAP_ACQUIRE, REAP_RELEASE, REAP_STATUS, REAP_GETPIDS, REAP_KILL = range(1, 7)
TRACE_CTL, TRACE_STATUS, TRAPCAP_CTL, TRAPCAP_STATUS, PDEATHSIG_CTL, PDEATHSIG_STATUS = range(7, 13)
ASLR_CTL, ASLR_STATUS, PROTMAX_CTL, PROTMAX_STATUS, STACKGAP_CTL, STACKGAP_STATUS = range(13, 19)
NNP_CTL, NNP_STATUS, WXMAP_CTL, WXMAP_STATUS, LOGSIGEXIT_CTL, LOGSIGEXIT_STATUS = range(19, 25)
KPTI_CTL, KPTI_STATUS, LA_CTL, LA_STATUS = range(0x10000000, 0x10000004)
NOBODY = 99998
ACTIVE = -0x80000000
CONTROLS = (TRACE_CTL, TRAPCAP_CTL, ASLR_CTL, PROTMAX_CTL, STACKGAP_CTL, NNP_CTL, WXMAP_CTL)
STATUSES = (TRACE_STATUS, TRAPCAP_STATUS, ASLR_STATUS, PROTMAX_STATUS, STACKGAP_STATUS,
            NNP_STATUS, WXMAP_STATUS)


@pytest.fixture
def world() -> World:
    return World()


@pytest.fixture
def p(world: World) -> Proc:
    return world.proc()


class TestArguments:
    @pytest.mark.parametrize("com", [0, -1, 23, 24, 100, 0x10000004, 0x10000063])
    @pytest.mark.rule("freebsd-kern_procctl", "unknown-command")
    def test_unknown_commands_first_of_all(self, world: World, p: Proc, com: int) -> None:
        """PROC_LOGSIGEXIT_CTL and its status, 23 and 24, are newer."""
        with refused("EINVAL"):
            world.call(p, com, None, NOBODY, 99)

    @pytest.mark.rule("freebsd-kern_procctl", "data-read")
    def test_no_data_where_data_is_read(self, world: World, p: Proc) -> None:
        for com in (SPROTECT, REAP_GETPIDS, REAP_KILL, PDEATHSIG_CTL, *CONTROLS):
            with refused("EFAULT"):
                world.call(p, com, None, NOBODY, 99)

    @pytest.mark.rule("freebsd-kern_procctl", "data-written")
    def test_no_room_for_the_answer(self, world: World, p: Proc) -> None:
        for com in (REAP_STATUS, PDEATHSIG_STATUS, *STATUSES):
            with refused("EFAULT"):
                world.call(p, com)
            with refused("ESRCH" if com != PDEATHSIG_STATUS else "EINVAL"):
                world.call(p, com, None, NOBODY)

    @pytest.mark.rule("freebsd-kern_procctl", "data-none")
    def test_data_where_none_is_taken(self, world: World, p: Proc) -> None:
        for com in (REAP_ACQUIRE, REAP_RELEASE):
            with refused("EINVAL"):
                world.call(p, com, bytes(8), NOBODY)

    @pytest.mark.rule("freebsd-kern_procctl", "kill-answers")
    def test_an_answer_that_fails_has_been_acted_on(self, world: World, p: Proc) -> None:
        """PROC_REAP_KILL with data that can be read but too little of it."""
        with refused("EFAULT"):
            world.call(p, REAP_KILL, bytes(8))

    @pytest.mark.parametrize("idtype", [1, 3, 5, 7, 99, -1])
    @pytest.mark.rule("freebsd-kern_procctl", "other-idtype")
    def test_other_id_types(self, world: World, p: Proc, idtype: int) -> None:
        for com in (SPROTECT, TRACE_CTL, ASLR_CTL):
            with refused("EINVAL"):
                world.set(p, com, 2, NOBODY, idtype)

    @pytest.mark.rule("freebsd-kern_procctl", "pid-only")
    def test_commands_for_one_process(self, world: World, p: Proc) -> None:
        world.group(p)
        one = [c for c in COMMANDS if COMMANDS[c].one_process]
        assert sorted(set(COMMANDS) - set(one)) == [SPROTECT, TRACE_CTL, TRAPCAP_CTL]
        for com in one:
            if COMMANDS[com].no_data:
                continue
            with refused("EINVAL"):
                world.call(p, com, bytes(128), p.pid, P_PGID)

    @pytest.mark.rule("freebsd-kern_procctl", "nobody")
    def test_nobody(self, world: World, p: Proc) -> None:
        for com in (*CONTROLS, *STATUSES, SPROTECT, REAP_STATUS):
            with refused("ESRCH"):
                world.call(p, com, bytes(128), NOBODY)
        for com in (PDEATHSIG_CTL, PDEATHSIG_STATUS):
            with refused("EINVAL"):
                world.call(p, com, bytes(128), NOBODY)

    @pytest.mark.rule("freebsd-kern_procctl", "zombie")
    def test_a_zombie_is_nobody(self, world: World, p: Proc) -> None:
        child = world.proc(p)
        world.die(child)
        for com in (TRACE_CTL, TRACE_STATUS, SPROTECT, REAP_STATUS):
            with refused("ESRCH"):
                world.call(p, com, bytes(128), child.pid)
        with refused("EINVAL"):
            world.call(p, PDEATHSIG_STATUS, bytes(128), child.pid)

    @pytest.mark.rule("freebsd-kern_procctl", "unseen")
    def test_statuses_need_sight_controls_the_right_to_debug(self, world: World, p: Proc) -> None:
        user = world.proc(uid=1001)
        for com in STATUSES:
            world.get(user, com, p.pid)
        for com in CONTROLS:
            with refused("EPERM"):
                world.set(user, com, 1, p.pid)
        world.system.settings["security.bsd.see_other_uids"] = 0
        for com in STATUSES:
            with refused("ESRCH"):
                world.get(user, com, p.pid)

    def test_pid_0_is_oneself_whatever_the_right(self, world: World) -> None:
        user = world.proc(uid=1001)
        world.system.settings["security.bsd.unprivileged_proc_debug"] = 0
        world.set(user, TRACE_CTL, 2)
        assert user.flag2 & P2.NOTRACE


class TestGroups:
    @pytest.mark.rule("freebsd-kern_procctl", "group-all", "group-one")
    def test_every_member_that_it_can_be_done_to(self, world: World, p: Proc) -> None:
        world.group(p)
        q = world.fork(p)
        traced = world.fork(p)
        trace(p, traced, world.system)
        world.set(world.proc(), TRACE_CTL, 2, p.pid, P_PGID)
        assert p.flag2 & q.flag2 & P2.NOTRACE
        assert not traced.flag2 & P2.NOTRACE

    @pytest.mark.rule("freebsd-kern_procctl", "group-first")
    def test_none_fails_as_the_first_did(self, world: World, p: Proc) -> None:
        world.group(p)
        traced = world.fork(p)
        trace(p, traced, world.system)
        with refused("EPERM"):
            world.set(world.proc(), TRACE_CTL, 1, p.pid, P_PGID)

    @pytest.mark.rule("freebsd-kern_procctl", "group-invisible", "group-unseen")
    def test_none_that_one_may(self, world: World, p: Proc) -> None:
        world.group(p)
        with refused("ESRCH"):
            world.set(world.proc(uid=1001), TRACE_CTL, 2, p.pid, P_PGID)

    @pytest.mark.rule("freebsd-kern_procctl", "group-none")
    def test_no_such_group(self, world: World, p: Proc) -> None:
        with refused("ESRCH"):
            world.set(p, TRACE_CTL, 2, NOBODY, P_PGID)

    def test_zombies_are_left_out(self, world: World, p: Proc) -> None:
        child = world.proc(p)
        world.group(child)
        world.die(child)
        with refused("ESRCH"):
            world.set(p, TRACE_CTL, 2, child.pid, P_PGID)


class TestTracing:
    @pytest.mark.rule(
        "freebsd-kern_procctl", "trace-enable", "trace-disable", "trace-disable-exec",
        "trace-disable-lesser")
    def test_states(self, world: World, p: Proc) -> None:
        seen = []
        for value in (1, 2, 1, 3, 2, 2, 3, 1):
            world.set(p, TRACE_CTL, value)
            seen.append(world.get(p, TRACE_STATUS))
        assert seen == [0, -1, 0, -1, -1, -1, -1, 0]

    @pytest.mark.rule("freebsd-kern_procctl", "trace-enable-self")
    def test_another_can_only_disable(self, world: World, p: Proc) -> None:
        other = world.proc()
        with refused("EPERM"):
            world.set(other, TRACE_CTL, 1, p.pid)
        world.set(other, TRACE_CTL, 2, p.pid)
        world.set(other, TRACE_CTL, 3, p.pid)
        with refused("EPERM"):
            world.set(other, TRACE_CTL, 2, p.pid)
        assert p.flag2 & P2.NOTRACE
        assert p.flag2 & P2.NOTRACE_EXEC

    @pytest.mark.parametrize("value", [0, 4, -1])
    @pytest.mark.rule("freebsd-kern_procctl", "trace-value")
    def test_other_values(self, world: World, p: Proc, value: int) -> None:
        with refused("EINVAL"):
            world.set(p, TRACE_CTL, value)

    @pytest.mark.rule("freebsd-kern_procctl", "trace-busy")
    def test_a_traced_process_whatever_the_value(self, world: World, p: Proc) -> None:
        target = world.proc()
        trace(p, target, world.system)
        for value in (1, 2, 3, 9):
            with refused("EBUSY"):
                world.set(p, TRACE_CTL, value, target.pid)
        assert world.get(p, TRACE_STATUS, target.pid) == p.pid

    def test_disabled_shows_even_while_root_traces(self, world: World, p: Proc) -> None:
        target = world.proc()
        world.set(p, TRACE_CTL, 2, target.pid)
        trace(p, target, world.system)
        assert world.get(p, TRACE_STATUS, target.pid) == -1


class TestProtection:
    @pytest.mark.rule("freebsd-kern_procctl", "sprotect-set", "sprotect-clear")
    def test_set_clear_inherit(self, world: World, p: Proc) -> None:
        def flags() -> tuple[bool, bool]:
            return bool(p.flag & P.PROTECTED), bool(p.flag2 & P2.INHERIT_PROTECTED)

        seen = []
        for value in (1, 2, 0x21, 1, 2, 0x22):
            world.set(p, SPROTECT, value)
            seen.append(flags())
        assert seen == [(True, False), (False, False), (True, True), (True, True),
                        (False, False), (False, False)]

    @pytest.mark.parametrize("value", [0, 3, 0x41, 0x10, -1])
    @pytest.mark.rule("freebsd-kern_procctl", "sprotect-op", "sprotect-flags")
    def test_bad_operations(self, world: World, p: Proc, value: int) -> None:
        with refused("EINVAL"):
            world.set(p, SPROTECT, value)

    @pytest.mark.rule("freebsd-kern_procctl", "sprotect-privilege")
    def test_needs_privilege_after_the_value(self, world: World) -> None:
        user = world.proc(uid=1001)
        with refused("EPERM"):
            world.set(user, SPROTECT, 1)
        with refused("EINVAL"):
            world.set(user, SPROTECT, 3)

    @pytest.mark.rule("freebsd-kern_procctl", "sprotect-descend")
    def test_descend(self, world: World, p: Proc) -> None:
        child = world.proc(p)
        leaf = world.proc(child)
        world.set(p, SPROTECT, 1)
        assert not child.flag & P.PROTECTED
        world.set(p, SPROTECT, 0x11)
        assert child.flag & leaf.flag & P.PROTECTED

    @pytest.mark.rule("freebsd-kern_procctl", "sprotect-system", "sprotect-none")
    def test_the_kernels_own_process_cannot_be(self, world: World, p: Proc) -> None:
        world.group(p)
        p.flag |= P.SYSTEM
        with refused("EPERM"):
            world.set(world.proc(), SPROTECT, 1, p.pid)


class TestPolicies:
    @pytest.mark.parametrize("com", [ASLR_CTL, PROTMAX_CTL])
    def test_force_on_force_off_leave(self, world: World, p: Proc, com: int) -> None:
        seen = []
        for value in (1, 2, 3):
            world.set(p, com, value)
            seen.append(world.get(p, com + 1) & 0x7FFFFFFF)
        assert seen == [1, 2, 3]
        for value in (0, 4, -1):
            with refused("EINVAL"):
                world.set(p, com, value)

    @pytest.mark.rule("freebsd-kern_procctl", "aslr-active")
    def test_aslr_is_active_by_the_address_space(self, world: World, p: Proc) -> None:
        p.map_flags = 0                 # init's, which it comes from, is random
        assert world.get(p, ASLR_STATUS) == 3
        p.map_flags = MapFlag.ASLR
        world.set(p, ASLR_CTL, 2)
        assert world.get(p, ASLR_STATUS) == 2 | ACTIVE, "until the next execve"

    def test_protmax_is_active_at_once(self, world: World, p: Proc) -> None:
        assert world.get(p, PROTMAX_STATUS) == 3
        world.set(p, PROTMAX_CTL, 1)
        assert world.get(p, PROTMAX_STATUS) == 1 | ACTIVE
        assert max_protection(world.system, p, 1) == 1
        assert max_protection(world.system, p, 0) == 7, "PROT_NONE implies nothing"
        world.system.settings["vm.imply_prot_max"] = 1
        world.set(p, PROTMAX_CTL, 3)
        assert world.get(p, PROTMAX_STATUS) == 3 | ACTIVE
        world.set(p, PROTMAX_CTL, 2)
        assert world.get(p, PROTMAX_STATUS) == 2

    def test_stack_gap(self, world: World, p: Proc) -> None:
        seen = []
        for value in (0, 1, 8, 4, 2, 1, 0, 8, 6):
            how = outcome(world.set, p, STACKGAP_CTL, value)
            seen.append((how, world.get(p, STACKGAP_STATUS)))
        assert seen == [("ok", 5), ("ok", 5), ("ok", 9), ("ok", 5), ("ok", 6), ("EINVAL", 6),
                        ("ok", 6), ("ok", 10), ("ok", 6)]

    def test_a_refused_stack_gap_may_be_half_done(self, world: World, p: Proc) -> None:
        with refused("EINVAL"):
            world.set(p, STACKGAP_CTL, 2 | 4 | 8)
        assert world.get(p, STACKGAP_STATUS) == 6

    def test_no_new_privileges_is_for_good(self, world: World, p: Proc) -> None:
        assert world.get(p, NNP_STATUS) == 2
        for value in (0, 2, 3):
            with refused("EINVAL"):
                world.set(p, NNP_CTL, value)
        world.set(p, NNP_CTL, 1)
        assert world.get(p, NNP_STATUS) == 1

    @pytest.mark.rule("freebsd-kern_procctl", "trapcap")
    def test_capability_traps(self, world: World, p: Proc) -> None:
        assert world.get(p, TRAPCAP_STATUS) == 2
        world.set(p, TRAPCAP_CTL, 1)
        assert world.get(p, TRAPCAP_STATUS) == 1
        world.set(p, TRAPCAP_CTL, 2)
        assert world.get(p, TRAPCAP_STATUS) == 2

    def test_writable_and_executable(self, world: World, p: Proc) -> None:
        assert world.get(p, WXMAP_STATUS) == 0
        world.set(p, WXMAP_CTL, 2)
        assert world.get(p, WXMAP_STATUS) == 2
        p.map_flags = MapFlag.WXORX
        assert world.get(p, WXMAP_STATUS) == 2 | ACTIVE
        assert aslr.writable_and_executable(p, 6)
        world.set(p, WXMAP_CTL, 1)
        assert world.get(p, WXMAP_STATUS) == 3
        assert not aslr.writable_and_executable(p, 6)

    @pytest.mark.rule("freebsd-kern_procctl", "aslr-exiting")
    def test_of_an_exiting_process(self, world: World, p: Proc) -> None:
        target = world.proc()
        target.flag |= P.WEXIT
        target.map_flags = MapFlag.ASLR
        assert world.get(p, ASLR_STATUS, target.pid) == 3
        for com in (WXMAP_CTL, WXMAP_STATUS):
            with refused("ESRCH"):
                world.set(p, com, 1, target.pid)


class TestParentDeathSignal:
    @pytest.mark.rule("freebsd-kern_procctl", "pdeathsig-set", "pdeathsig-status")
    def test_by_0_or_the_own_pid(self, world: World, p: Proc) -> None:
        for id in (0, p.pid):
            for value in (30, 0, 128):
                world.set(p, PDEATHSIG_CTL, value, id)
                assert world.get(p, PDEATHSIG_STATUS, id) == value
            for value in (129, -1):
                with refused("EINVAL"):
                    world.set(p, PDEATHSIG_CTL, value, id)

    @pytest.mark.rule("freebsd-kern_procctl", "pdeathsig-self")
    def test_no_one_elses(self, world: World, p: Proc) -> None:
        for com in (PDEATHSIG_CTL, PDEATHSIG_STATUS):
            with refused("EINVAL"):
                world.set(p, com, 1, world.proc().pid)

    def test_sent_when_the_parent_dies(self, world: World, p: Proc) -> None:
        child = world.proc(p)
        world.set(child, PDEATHSIG_CTL, 30)
        world.die(p)
        assert [k.signo for k in child.sigqueue.entries] == [30]

    def test_sent_by_the_real_parent_not_the_tracer(self, world: World, p: Proc) -> None:
        child, tracer = world.proc(p), world.proc()
        world.set(child, PDEATHSIG_CTL, 30)
        trace(tracer, child, world.system)
        world.die(p)
        assert 30 in [k.signo for k in child.sigqueue.entries]


class TestForkAndExec:
    def test_a_child_inherits_the_settings(self, world: World, p: Proc) -> None:
        for com in (TRACE_CTL, TRAPCAP_CTL, ASLR_CTL, PROTMAX_CTL, NNP_CTL, WXMAP_CTL):
            world.set(p, com, 1)
        world.set(p, TRACE_CTL, 3)
        world.set(p, STACKGAP_CTL, 2 | 8)
        child = world.fork(p)
        assert child.flag2 == p.flag2
        assert child.flag2 & FORK_KEEPS == child.flag2

    def test_but_neither_signal_nor_protection(self, world: World, p: Proc) -> None:
        world.set(p, PDEATHSIG_CTL, 30)
        world.set(p, SPROTECT, 1)
        child = world.fork(p)
        assert child.pdeathsig == 0
        assert not child.flag & P.PROTECTED
        world.set(p, SPROTECT, 0x21)
        child = world.fork(p)
        assert child.flag & P.PROTECTED
        assert child.flag2 & P2.INHERIT_PROTECTED

    def test_credentials_that_changed(self, world: World, p: Proc) -> None:
        p.flag |= P.SUGID
        assert world.fork(p).flag & P.SUGID

    def test_exec_ends_what_is_not_for_longer(self, world: World, p: Proc) -> None:
        world.set(p, TRACE_CTL, 2)
        world.set(p, STACKGAP_CTL, 2)
        procctl_exec(p)
        assert world.get(p, TRACE_STATUS) == 0
        assert world.get(p, STACKGAP_STATUS) == 5
        world.set(p, TRACE_CTL, 3)
        world.set(p, STACKGAP_CTL, 2 | 8)
        procctl_exec(p)
        assert world.get(p, TRACE_STATUS) == -1
        assert world.get(p, STACKGAP_STATUS) == 10


class TestNextImage:
    def decide(self, world: World, p: Proc, *, dynamic: bool = False, bits: int = 64,
               fctl0: int = 0) -> aslr.Decision:
        return aslr.decide(world.system, p, dynamic=dynamic, bits=bits, fctl0=fctl0)

    def test_64_bits_are_randomised_32_not(self, world: World, p: Proc) -> None:
        for dynamic in (False, True):
            assert self.decide(world, p, dynamic=dynamic).map_flags & MapFlag.ASLR
            assert not self.decide(world, p, dynamic=dynamic, bits=32).map_flags & MapFlag.ASLR
        assert self.decide(world, p, dynamic=True).random_base
        assert not self.decide(world, p).random_base

    def test_as_the_process_asked(self, world: World, p: Proc) -> None:
        world.set(p, ASLR_CTL, 2)
        assert not self.decide(world, p).map_flags & MapFlag.ASLR
        world.set(p, ASLR_CTL, 1)
        assert self.decide(world, p, bits=32).map_flags & MapFlag.ASLR

    def test_as_the_system_is_set(self, world: World, p: Proc) -> None:
        world.system.settings["kern.elf64.aslr.enable"] = 0
        assert not self.decide(world, p).map_flags
        assert self.decide(world, p, dynamic=True).map_flags & MapFlag.ASLR
        world.system.settings["kern.elf64.aslr.stack"] = 0
        assert not self.decide(world, p, dynamic=True).map_flags & MapFlag.ASLR_STACK

    def test_the_images_own_wish_wins(self, world: World, p: Proc) -> None:
        world.set(p, ASLR_CTL, 1)
        assert not self.decide(world, p, fctl0=aslr.FCTL_ASLR_DISABLE).map_flags

    def test_writable_and_executable(self, world: World, p: Proc) -> None:
        assert not self.decide(world, p).map_flags & MapFlag.WXORX
        world.system.settings["kern.elf64.allow_wx"] = 0
        assert self.decide(world, p).map_flags & MapFlag.WXORX
        assert not self.decide(world, p, fctl0=aslr.FCTL_WXNEEDED).map_flags & MapFlag.WXORX
        world.set(p, WXMAP_CTL, 1)
        assert not self.decide(world, p).map_flags & MapFlag.WXORX
        world.set(p, WXMAP_CTL, 2)
        assert self.decide(world, p).map_flags & MapFlag.WXORX, "the refusal outlives it"


class TestMachine:
    def test_statuses(self, world: World, p: Proc) -> None:
        assert world.get(p, KPTI_STATUS, p.pid) == 2
        assert world.get(p, LA_STATUS, p.pid) == 0x01000003

    def test_48_bits_on_request(self, world: World, p: Proc) -> None:
        world.set(p, LA_CTL, 1, p.pid)
        assert world.get(p, LA_STATUS, p.pid) == 0x01000001
        assert world.get(p, LA_STATUS, world.fork(p).pid) == 0x01000001
        world.set(p, LA_CTL, 3, p.pid)
        assert world.get(p, LA_STATUS, p.pid) == 0x01000003

    def test_57_bits_it_has_not(self, world: World, p: Proc) -> None:
        with refused("EOPNOTSUPP"):
            world.set(p, LA_CTL, 2, p.pid)

    def test_id_0_is_the_kernels_process(self, world: World, p: Proc) -> None:
        assert world.get(p, KPTI_STATUS) == 2
        world.set(p, LA_CTL, 1)
        assert world.get(p, LA_STATUS, p.pid) == 0x01000003

    @pytest.mark.parametrize("com", [KPTI_CTL, LA_CTL])
    def test_bad_values(self, world: World, p: Proc, com: int) -> None:
        for value in (0, 4, 99):
            with refused("EINVAL"):
                world.set(p, com, value, NOBODY)

    def test_order(self, world: World) -> None:
        """The id type, for page tables the privilege, the data, the process."""
        user = world.proc(uid=1001)
        with refused("EINVAL"):
            world.call(user, KPTI_CTL, None, NOBODY, P_PGID)
        with refused("EPERM"):
            world.call(user, KPTI_CTL, None, NOBODY)
        with refused("EFAULT"):
            world.call(user, LA_CTL, None, NOBODY)
        with refused("ESRCH"):
            world.set(user, LA_CTL, 1, NOBODY)
        with refused("EFAULT"):
            world.call(user, LA_STATUS, None, user.pid)
