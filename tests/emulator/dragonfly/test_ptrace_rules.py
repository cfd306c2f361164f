"""Rules of DragonFly's ptrace(2) that no record shows, from sys_process.c and the functions
of procfs that it asks (procfs_mem.c, procfs_regs.c, procfs_fpregs.c, procfs_dbregs.c)."""

from __future__ import annotations

import struct
from dataclasses import replace
from typing import TYPE_CHECKING

import pytest

from bsdproc.emulator.dragonfly.cred import Prison
from bsdproc.emulator.dragonfly.state import P

from .world import (
    ATTACH,
    CONTINUE,
    DETACH,
    GETDBREGS,
    GETFPREGS,
    GETREGS,
    IN_PLACE,
    IO,
    READ_D,
    SETDBREGS,
    SETFPREGS,
    SETREGS,
    STEP,
    TRACE_ME,
    WRITE_D,
    World,
    refused,
)

if TYPE_CHECKING:
    from bsdproc.kernel import Kernel

SIZES = {GETREGS: 200, SETREGS: 200, GETFPREGS: 512, SETFPREGS: 512, GETDBREGS: 128,
         SETDBREGS: 128}
READ_OP = 1


def descriptor(kernel: Kernel, op: int, there: int, size: int) -> bytes:
    """struct ptrace_io_desc."""
    return struct.pack("<4Q", op, there, kernel.buffer(max(size, 1)).address, size)


@pytest.mark.parametrize("why", ["its ids have changed", "another user's", "the tracer's own"])
@pytest.mark.rule("dragonfly-sys_process", "inside", "regs-inside", "word-fault", "io-nothing")
def test_a_tracee_is_looked_into_by_its_user_alone(world: World, why: str) -> None:
    """CHECKIO and p_trespass are asked at each request anew: EPERM for registers and PT_IO,
    EINVAL for a word; going on is for every tracer."""
    pid = world.settled("spin", uid=1001)

    def user(kernel: Kernel) -> None:
        world.ask(ATTACH, pid, 0, 0, kernel)
        assert kernel.wait4(pid).status == 0x117F
        world.kernel.settle(0.01)
        kernel.wait4(pid, 1)
        data = kernel.buffer(200)
        world.ask(GETREGS, pid, data, 0, kernel)
        tracee, tracer = world.proc(pid), world.proc(kernel.getpid())
        where = struct.unpack_from("<Q", data.read(), 160)[0]
        if why == "its ids have changed":
            tracee.flag |= P.SUGID
        elif why == "another user's":
            tracee.cred = replace(tracee.cred, uid=1002, ruid=1002, svuid=1002)
        else:
            tracer.cred = replace(tracer.cred, svuid=1002)
        for request, size in SIZES.items():
            with refused("EPERM"):
                world.ask(request, pid, kernel.buffer(size), 0, kernel)
        with refused("EPERM"):
            world.ask(IO, pid, kernel.buffer(descriptor(kernel, READ_OP, where, 4)), 0, kernel)
        for request in (READ_D, WRITE_D):
            with refused("EINVAL"):
                world.ask(request, pid, where, 0, kernel)
        # A transfer of nothing is one, before anybody is asked.
        world.ask(IO, pid, kernel.buffer(descriptor(kernel, READ_OP, where, 0)), 0, kernel)
        assert world.ask(CONTINUE, pid, IN_PLACE, 0, kernel) == 0

    world.kernel.run_child(user, uid=1001)


@pytest.mark.rule("dragonfly-sys_process", "find-execing", "taken-first")
def test_one_in_the_middle_of_an_execve(world: World) -> None:
    """EAGAIN, after the structure is taken, a process of the kernel's and one that is not
    there, and before what the request is."""
    pid = world.settled("spin")
    world.proc(pid).flag |= P.INEXEC
    for request in (ATTACH, CONTINUE, 99):
        with refused("EAGAIN"):
            world.ask(request, pid)
    with refused("EFAULT"):
        world.ask(SETREGS, pid, 8)


@pytest.mark.rule("dragonfly-sys_process", "find-me", "trace-me")
def test_trace_me_looks_at_nothing_but_the_caller(world: World) -> None:
    """Always legal: twice as well, and whatever the pid is."""
    def child(kernel: Kernel) -> None:
        for pid in (0, 99998, world.kernel.getpid()):
            assert world.ask(TRACE_ME, pid, 0, 0, kernel) == 0

    world.kernel.run_child(child)


@pytest.mark.rule(
    "dragonfly-sys_process", "ask-unknown", "ask-untraced", "ask-running", "ask-anothers",
    "attach-traced")
def test_who_is_asked_first(world: World) -> None:
    """Traced, then whose, then stopped: EPERM, EBUSY, EBUSY; and an unknown request is
    EINVAL before any of them."""
    pid = world.settled("spin")
    with refused("EINVAL"):
        world.ask(99, pid)
    with refused("EPERM"):
        world.ask(CONTINUE, pid)
    world.attach(pid)
    with refused("EBUSY"):
        world.ask(CONTINUE, pid)        # not waited for

    def other(kernel: Kernel) -> None:
        for request in (CONTINUE, ATTACH):
            with refused("EBUSY"):
                world.ask(request, pid, IN_PLACE, 0, kernel)

    world.kernel.run_child(other)


@pytest.mark.rule("dragonfly-sys_process", "find-jail")
def test_a_jail_sees_its_own_alone(world: World) -> None:
    """ESRCH, as for nobody, before the credentials and what the process is."""
    pid = world.settled("spin")

    def jailed(kernel: Kernel) -> None:
        me = world.proc(kernel.getpid())
        me.cred = replace(me.cred, prison=Prison(1, "/", "jailed"))
        for other in (pid, 1):
            with refused("ESRCH"):
                world.ask(ATTACH, other, 0, 0, kernel)

    world.kernel.run_child(jailed)


@pytest.mark.rule("dragonfly-sys_process", "go-order")
def test_a_signal_that_is_none_changes_nothing(world: World) -> None:
    pid = world.stopped("spin")
    before = world.regs(pid)
    for request in (STEP, CONTINUE, DETACH):
        with refused("EINVAL"):
            world.ask(request, pid, 0x1000, 200)
    assert world.regs(pid) == before
    assert not world.proc(pid).threads[0].step
