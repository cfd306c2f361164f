"""Stops, signals and ends of tracees as a real DragonFly 5.9 reported them."""

from __future__ import annotations

import struct

import pytest

from bsdproc.kernel import Kernel

from .world import (
    ATTACH,
    CONTINUE,
    DETACH,
    GETREGS,
    IN_PLACE,
    KILL,
    READ_D,
    STEP,
    TRACE_ME,
    WNOHANG,
    WUNTRACED,
    World,
    refused,
)

ATTACHED, TRACED_WAITED = 0x4C00, 0x5C00
"""kp_flags of a program that has exec'd, before and after the wait."""
NO_PID = 99998
UNKNOWN = (99, 3, 6, 13, -1, 39)


class TestSignals:
    """ptrace-1, part 3, and ptrace-2, part d."""

    def test_a_spinner(self, world: World) -> None:
        pid, me = world.stopped("spin"), world.kernel.getpid()
        world.go(pid)
        assert world.kp(pid) == (me, 2, TRACED_WAITED, 1, 0, "")
        for request in (GETREGS, DETACH, CONTINUE, STEP, KILL, READ_D):
            with refused("EBUSY"):
                world.ask(request, pid, IN_PLACE)
        world.kernel.kill(pid, 30)
        world.wait(pid, 0x1E7F)
        assert world.kp(pid) == (me, 3, TRACED_WAITED, 2, 30, "stop")
        world.go(pid)
        world.nothing(pid)
        world.kernel.kill(pid, 17)
        world.wait(pid, 0x117F)

    @pytest.mark.parametrize("words", ["spin", "rest"])
    def test_what_is_given_after_the_attach_stop_is_lost(self, world: World, words: str) -> None:
        pid = world.stopped(words)
        world.go(pid, 15)
        world.nothing(pid)
        assert world.kp(pid).xstat == 15
        world.kernel.kill(pid, 30)
        world.wait(pid, 0x1E7F)
        assert world.kp(pid).lstat == 2
        world.go(pid, 15)
        world.wait(pid, 0x000F)
        world.wait(pid, 0x000F)
        world.gone(pid)

    def test_the_signal_that_it_stopped_for(self, world: World) -> None:
        pid = world.stopped("rest")
        world.go(pid)
        world.kernel.kill(pid, 30)
        world.wait(pid, 0x1E7F)
        world.go(pid, 30)
        world.wait(pid, 0x001E)
        world.wait(pid, 0x001E)

    def test_what_came_while_it_was_stopped_shows_later(self, world: World) -> None:
        pid = world.stopped("spin")
        world.kernel.kill(pid, 15)
        world.nothing(pid)
        world.go(pid)
        world.wait(pid, 0x0F7F)
        assert world.ask(DETACH, pid, IN_PLACE, 15) == 0
        world.wait(pid, 0x000F)
        world.gone(pid)

    @pytest.mark.rule("dragonfly-sys_process", "ask-running")
    def test_one_that_runs_is_reported_twice(self, world: World) -> None:
        """The process is stopped at once, its lwp when it gets there: then the
        flag that a wait set is gone, and another wait is needed."""
        pid = world.settled("spin")
        world.attach(pid)
        world.wait(pid, 0x117F)
        assert world.kp(pid)[1:4] == (3, TRACED_WAITED, 1)
        world.regs(pid)
        world.kernel.settle(0.01)
        assert world.kp(pid)[1:] == (3, ATTACHED, 2, 17, "stop")
        with refused("EBUSY"):
            world.regs(pid)
        world.wait(pid, 0x117F)
        world.regs(pid)


class TestDetach:
    """ptrace-1, part 4."""

    @pytest.mark.rule("dragonfly-sys_process", "detach-clears")
    def test_it_runs_on(self, world: World) -> None:
        pid = world.stopped("spin")
        assert world.ask(DETACH, pid) == 0
        assert world.kp(pid) == (world.kernel.getpid(), 2, 0x4400, 1, 0, "")
        world.nothing(pid)
        with refused("EPERM"):
            world.ask(DETACH, pid)

    def test_a_signal_after_the_attach_stop_is_lost(self, world: World) -> None:
        pid = world.stopped("spin")
        assert world.ask(DETACH, pid, IN_PLACE, 30) == 0
        world.nothing(pid)
        assert world.kp(pid)[1:] == (2, 0x4400, 1, 30, "")

    @pytest.mark.rule("dragonfly-sys_process", "go-pc")
    def test_an_address_is_where_it_goes_on(self, world: World) -> None:
        pid = world.stopped("spin")
        assert world.ask(DETACH, pid, 0) == 0
        world.wait(pid, 0x000B)
        pid = world.stopped("spin")
        world.go(pid, addr=0)
        world.wait(pid, 0x0B7F)
        regs = world.regs(pid)
        assert (regs["rip"], regs["trapno"], regs["err"], regs["addr"]) == (0, 12, 0x14, 0)


class TestTraceMe:
    """ptrace-1, part 7, and ptrace-2, part a."""

    @pytest.mark.rule("dragonfly-sys_process", "find-me", "trace-me")
    def test_whatever_it_is_given(self, world: World) -> None:
        def child(kernel: Kernel) -> None:
            for pid, addr, data in ((0, 0, 0), (0, 0, 0), (1, 7, 7)):
                assert kernel.ptrace(TRACE_ME, pid, addr, data) == 0

        world.kernel.run_child(child)

    @pytest.mark.rule("dragonfly-sys_process", "attach-traced")
    def test_its_signals_stop_it(self, world: World) -> None:
        pid = world.act("trace-me", "kill 17", "kill 30", "exit 44")
        world.wait(pid, 0x117F)
        assert world.kp(pid) == (world.kernel.getpid(), 3, TRACED_WAITED, 2, 17, "stop")
        with refused("EBUSY"):
            world.attach(pid)
        world.go(pid)
        world.wait(pid, 0x1E7F)
        world.go(pid)
        world.wait(pid, 0x2C00)
        world.wait(pid, 0x2C00)
        world.gone(pid)

    def test_exec_traps(self, world: World) -> None:
        pid = world.act("rest", traced=True)
        world.wait(pid, 0x057F)
        assert world.kp(pid) == (world.kernel.getpid(), 3, TRACED_WAITED, 2, 5, "stop")
        regs = world.regs(pid)
        assert {name: regs[name] for name in ("rflags", "rax", "rsi", "rcx", "cs", "ss", "trapno",
                                              "err")} == {
            "rflags": 0x202, "rax": 0, "rsi": 0, "rcx": 0, "cs": 0x2B, "ss": 0x23, "trapno": 0,
            "err": 0}
        assert regs["rsp"] == (regs["rdi"] - 8 & -16) + 8
        world.go(pid)
        world.kernel.settle(0.01)
        assert world.kp(pid)[1:] == (2, TRACED_WAITED, 3, 0, "nanslp")
        world.kernel.kill(pid, 2)
        world.wait(pid, 0x027F)
        assert world.ask(KILL, pid) == 0
        world.wait(pid, 0x0009)

    def test_a_fork_does_not_inherit_it(self, world: World) -> None:
        pid = world.act("trace-me", "kill 17", "fork", "kill 15", "end", "wait 15", "exit 0")
        world.wait(pid, 0x117F)
        world.go(pid)
        world.wait(pid, 0)

    def test_an_untraced_child_is_reported_once(self, world: World) -> None:
        pid = world.act("exit 44")
        world.wait(pid, 0x2C00)
        world.gone(pid)


class TestTracers:
    """ptrace-1, parts 8 to 10, and ptrace-2, part k."""

    @pytest.mark.rule("dragonfly-sys_process", "attach-parent", "ask-anothers", "detach-parent")
    def test_a_grandchild(self, world: World) -> None:
        middle = world.settled("fork", "spin", "end", "rest")
        pid = next(p.pid for p in world.proc(middle).children)
        assert world.kp(pid)[:3] == (middle, 2, 0x400)
        world.attach(pid)
        world.wait(pid, 0x117F)
        assert world.kp(pid)[:3] == (middle, 3, 0x1C00)

        def other(kernel: Kernel) -> None:
            for request in (ATTACH, GETREGS, CONTINUE, DETACH):
                with refused("EBUSY"):
                    world.ask(request, pid, kernel.buffer(200), 0, kernel)

        world.kernel.run_child(other)
        world.wait(pid, 0x117F)
        assert world.ask(DETACH, pid) == 0
        assert world.kp(pid) == (middle, 2, 0x400, 1, 0, "")
        world.kernel.settle(0.01)
        world.attach(pid)
        world.wait(pid, 0x117F)
        world.kernel.settle(0.01)
        world.wait(pid, 0x117F)
        world.go(pid)
        world.kernel.kill(pid, 15)
        world.wait(pid, 0x0F7F)
        world.go(pid, 15)
        world.wait(pid, 0x000F)
        assert world.proc(pid).parent is world.proc(middle)

    def test_a_tracer_that_exits_takes_its_tracees_along(self, world: World) -> None:
        pid = world.settled("spin")

        def tracer(kernel: Kernel) -> None:
            world.ask(ATTACH, pid, 0, 0, kernel)
            kernel.wait4(pid)

        world.kernel.run_child(tracer)
        world.kernel.settle(0.01)
        world.wait(pid, 0x0009)
        world.gone(pid)

    @pytest.mark.rule("dragonfly-sys_process", "attach-owner", "find-system")
    def test_another_user(self, world: World) -> None:
        roots = world.settled("spin")
        own = world.settled("spin", uid=1001)
        assert not world.kp(own).flags & 0x100

        def user(kernel: Kernel) -> None:
            for request, pid, name in ((ATTACH, roots, "EPERM"), (ATTACH, 1, "EINVAL"),
                                       (CONTINUE, roots, "EPERM"), (KILL, own, "EPERM")):
                with refused(name):
                    world.ask(request, pid, IN_PLACE, 0, kernel)
            world.ask(ATTACH, own, 0, 0, kernel)

        world.kernel.run_child(user, uid=1001)

    @pytest.mark.rule("dragonfly-sys_process", "attach-owner")
    def test_changed_ids_without_an_exec_are_roots_only(self, world: World) -> None:
        pid = world.settled("uid 1001", "spin")
        assert world.kp(pid).flags == 0x4500

        def user(kernel: Kernel) -> None:
            with refused("EPERM"):
                world.ask(ATTACH, pid, 0, 0, kernel)

        world.kernel.run_child(user, uid=1001)
        world.attach(pid)
        world.wait(pid, 0x117F)

    @pytest.mark.rule("dragonfly-sys_process", "attach-above")
    def test_nobody_traces_an_ancestor_while_traced(self, world: World) -> None:
        me = world.kernel.getpid()

        def child(kernel: Kernel) -> None:
            world.ask(TRACE_ME, 0, 0, 0, kernel)
            with refused("EINVAL"):
                world.ask(ATTACH, me, 0, 0, kernel)

        world.kernel.run_child(child)

    def test_the_real_parent_exits_first(self, world: World) -> None:
        middle = world.settled("fork", "spin", "end", "sleep 100")
        pid = next(p.pid for p in world.proc(middle).children)
        world.attach(pid)
        world.wait(pid, 0x117F)
        assert world.kp(pid)[:3] == (middle, 3, 0x1C00)
        world.wait(middle, 0)
        assert world.kp(pid)[:4] == (middle, 3, 0xC00, 2)
        with refused("EBUSY"):
            world.ask(DETACH, pid)
        world.kernel.kill(pid, 9)
        world.wait(pid, 0x117F)


class TestStopped:
    """ptrace-1, part 11, and ptrace-2, part g: ATTACH to what is stopped already."""

    @pytest.mark.rule("dragonfly-sys_process", "attach-stop")
    def test_it_runs_and_nothing_is_reported(self, world: World) -> None:
        pid = world.settled("spin")
        world.kernel.kill(pid, 17)
        world.wait(pid, 0x117F, WUNTRACED)
        world.kernel.settle(0.01)
        world.wait(pid, 0x117F, WUNTRACED)
        assert world.kp(pid)[1:4] == (3, 0x5400, 2)
        world.attach(pid)
        assert world.kp(pid)[1:3] == (2, TRACED_WAITED)
        world.nothing(pid)
        assert world.kp(pid)[1:] == (2, TRACED_WAITED, 1, 17, "")
        world.kernel.kill(pid, 17)
        world.kernel.settle(0.01)
        world.wait(pid, 0x117F)
        assert world.ask(DETACH, pid) == 0
        assert world.kp(pid)[1:] == (2, 0x4400, 1, 0, "")
        world.kernel.kill(pid, 9)
        world.wait(pid, 0x0009)


class TestKills:
    """ptrace-2, part e: SIGKILL to a tracee."""

    @pytest.mark.rule("dragonfly-sys_process", "go-on")
    def test_a_running_one_stops_for_it(self, world: World) -> None:
        pid = world.stopped("spin")
        world.go(pid)
        world.kernel.kill(pid, 9)
        world.wait(pid, 0x097F)
        assert world.kp(pid)[1:] == (3, TRACED_WAITED, 2, 9, "stop")
        world.go(pid)
        world.nothing(pid)
        assert world.kp(pid)[1:] == (2, TRACED_WAITED, 1, 0, "")
        world.kernel.kill(pid, 9)
        world.wait(pid, 0x097F)
        assert world.ask(DETACH, pid) == 0
        world.nothing(pid)
        assert world.kp(pid)[1:] == (2, 0x4400, 1, 0, "")
        world.kernel.kill(pid, 9)
        world.wait(pid, 0x0009)
        world.gone(pid)

    def test_one_that_sits_in_its_attach_stop(self, world: World) -> None:
        pid = world.stopped("spin")
        world.kernel.kill(pid, 9)
        world.nothing(pid)
        assert world.kp(pid)[1:] == (3, TRACED_WAITED, 2, 17, "stop")
        assert world.ask(KILL, pid) == 0
        world.wait(pid, 0x097F)
        world.nothing(pid)

    @pytest.mark.rule("dragonfly-sys_process", "kill")
    def test_pt_kill_after_the_attach_stop_is_lost(self, world: World) -> None:
        pid = world.stopped("spin")
        assert world.ask(KILL, pid) == 0
        world.nothing(pid)
        assert world.kp(pid)[1:4] == (2, TRACED_WAITED, 1)

    @pytest.mark.rule("dragonfly-sys_process", "kill")
    def test_one_that_sits_in_a_trap(self, world: World) -> None:
        pid = world.stopped("spin")
        world.step(pid)
        world.wait(pid, 0x057F)
        world.kernel.kill(pid, 9)
        world.nothing(pid)
        assert world.kp(pid)[1:] == (3, TRACED_WAITED, 2, 5, "stop")
        assert world.ask(KILL, pid) == 0
        world.wait(pid, 0x0009)
        with refused("ESRCH"):
            world.ask(KILL, pid)
        world.wait(pid, 0x0009)
        world.gone(pid)


class TestWait6:
    """ptrace-1, part 12, and ptrace-2, part j."""

    def test_only_the_code_is_filled_in(self, world: World) -> None:
        pid = world.settled("rest")
        world.attach(pid)
        found = world.kernel.wait6(0, pid, 16 | 32)
        assert (found.pid, found.status) == (pid, 0x117F)
        signo, errno, code, sender, uid, status = struct.unpack_from("<iiiiIi", found.siginfo)
        assert (signo, errno, code, sender, uid, status) == (0, 0, 4, 0, 0, 0)
        assert world.kernel.wait6(0, pid, WUNTRACED | WNOHANG).pid == 0

    def test_whom_it_may_name(self, world: World) -> None:
        """A process, its group and session, user and group, all, a jail, by their numbers in
        sys/wait.h."""
        pid = world.settled("rest")
        p = world.system.procs[pid]
        world.kernel.kill(pid, 9)
        for idtype, id in ((0, pid), (2, p.pgid), (3, p.session.sid), (5, 0), (6, 0), (7, 0),
                           (12, 0)):
            assert world.kernel.wait6(idtype, id, 16 | 8).pid == pid
        for idtype in (4, 8, 11, 13):
            with refused("EINVAL"):
                world.kernel.wait6(idtype, 0, 16 | WNOHANG)
        world.wait(pid, 0x0009)
