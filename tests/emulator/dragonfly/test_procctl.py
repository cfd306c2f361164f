"""procctl(2) and reapers as a real DragonFly 5.9 answered, in the order of its record."""

from __future__ import annotations

import struct
from collections.abc import Callable

import pytest

from bsdproc.emulator.dragonfly import reaper
from bsdproc.emulator.errno import EALREADY, Refused
from bsdproc.kernel import Kernel

from .world import WNOHANG, World, refused

ACQUIRE, RELEASE, STATUS = 1, 2, 3
Head = tuple[int, int, int]
NOT_A_REAPER: Head = (0, 0, -1)


def status(kernel: Kernel) -> Head:
    """flags, refs, pid_head."""
    buffer = kernel.buffer(192)
    kernel.procctl(0, kernel.getpid(), STATUS, buffer)
    data = buffer.read()
    assert data[8:128] == bytes(120)
    assert data[132:] == bytes(60)
    return (*struct.unpack_from("<II", data), *struct.unpack_from("<i", data, 128))


def control(kernel: Kernel, command: int) -> None:
    assert kernel.procctl(0, kernel.getpid(), command, 0) == 0


def inside(world: World, work: Callable[[Kernel], None]) -> None:
    """A child of the caller's asks, as the recorded program did."""
    world.kernel.run_child(work)


@pytest.mark.rule("dragonfly-kern_fork", "release-none", "status", "status-null")
def test_not_a_reaper(world: World) -> None:
    def asks(kernel: Kernel) -> None:
        assert status(kernel) == NOT_A_REAPER
        assert kernel.procctl(0, kernel.getpid(), STATUS, 0) == 0
        with refused("ENOTCONN"):
            control(kernel, RELEASE)

    inside(world, asks)


@pytest.mark.parametrize(("idtype", "id"), [
    (0, 1), (0, 0), (0, 99998), (0, -1), (2, None), (7, None), (7, 0)])
@pytest.mark.rule("dragonfly-kern_fork", "itself")
def test_only_the_caller_is_asked_for(world: World, idtype: int, id: int | None) -> None:
    me = world.kernel.getpid()
    for command in (ACQUIRE, STATUS, RELEASE):
        with refused("EINVAL"):
            world.kernel.procctl(idtype, me if id is None else id, command, 0)


@pytest.mark.parametrize("command", [0, 4, -1, 99, 11, 12])
@pytest.mark.rule("dragonfly-kern_fork", "unknown")
def test_unknown_commands(world: World, command: int) -> None:
    """Those by which other systems set a signal for the parent's end are none here."""
    with refused("EINVAL"):
        world.kernel.procctl(0, world.kernel.getpid(), command, world.kernel.buffer(192))


@pytest.mark.rule("dragonfly-kern_fork", "status-null")
def test_bad_addresses(world: World) -> None:
    for address in (8, 0xFFFFFFFF80000000):
        with refused("EFAULT"):
            world.kernel.procctl(0, world.kernel.getpid(), STATUS, address)


@pytest.mark.rule(
    "dragonfly-kern_fork", "acquire", "acquire-twice", "release", "release-none", "status",
    "status-head", "inherit", "count", "exit", "orphans")
def test_a_reaper_and_its_children(world: World) -> None:
    """Acquired, counted, nested, released: the record from "acquire" to its end."""
    kernel = world.kernel
    control(kernel, ACQUIRE)
    for data in (0, kernel.buffer(192)):
        with refused("EALREADY"):
            kernel.procctl(0, kernel.getpid(), ACQUIRE, data)
    assert status(kernel) == (1, 0, -1)

    def child(view: Kernel) -> None:
        assert status(view) == NOT_A_REAPER
        with refused("EINVAL"):
            view.procctl(0, kernel.getpid(), STATUS, 0)
        with refused("ENOTCONN"):
            control(view, RELEASE)
        assert status(kernel) == (1, 1, view.getpid())

    inside(world, child)
    first, second = world.settled("rest"), world.settled("rest")
    assert status(kernel) == (1, 2, second)

    # An orphan goes to the reaper, which finds it by a wait for any child.
    parent = world.settled("fork", "sleep 60", "exit 7", "end", "sleep 20", "exit 3")
    orphan = world.proc(parent).children[0].pid
    world.wait(parent, 0x300)
    assert world.kp(orphan).ppid == kernel.getpid()
    assert status(kernel) == (1, 3, orphan)
    world.wait(orphan, 0x700)

    # A zombie is the newest child, and counts for nothing.
    dead = world.settled("exit 0")
    assert status(kernel) == (1, 2, dead)
    world.wait(dead, 0)

    def nested(view: Kernel) -> None:
        control(view, ACQUIRE)
        assert status(view) == (1, 0, -1)
        below = view.spawn("/bin/act", ["/bin/act", "fork", "rest", "end", "sleep 20"], {})
        kernel.settle(0.01)
        low = world.proc(below).children[0].pid
        assert world.kp(low).ppid == below
        view.wait4(below)
        assert world.kp(low).ppid == view.getpid()
        assert status(view) == (1, 1, low)
        control(view, RELEASE)
        assert status(view) == (0, 0, low)
        left.append(low)

    left: list[int] = []
    inside(world, nested)
    # The nested one is gone, too: what it left goes to the outer one.
    assert world.kp(left[0]).ppid == kernel.getpid()
    assert kernel.wait4(-1, WNOHANG).pid == 0
    kernel.kill(left[0], 9)
    world.wait(left[0], 9)

    control(kernel, RELEASE)
    with refused("ENOTCONN"):
        control(kernel, RELEASE)
    assert status(kernel) == (0, 0, second)
    last = world.settled("fork", "rest", "end", "sleep 20")
    low = world.proc(last).children[0].pid
    world.wait(last, 0)
    assert world.kp(low).ppid == 1
    control(kernel, ACQUIRE)
    assert status(kernel) == (1, 0, second)
    assert first in world.system.procs


@pytest.mark.rule("dragonfly-kern_fork", "count", "exit")
def test_a_reaper_between_that_is_gone(world: World) -> None:
    """The structure of one that has exited is held by the reaper below it, and holds the
    one above (reaper_init, reaper_exit)."""
    kernel = world.kernel
    control(kernel, ACQUIRE)
    below: list[int] = []

    def between(view: Kernel) -> None:
        control(view, ACQUIRE)
        low = view.spawn("/bin/act", ["/bin/act", "rest"], {})
        reaper.acquire(world.proc(low))
        assert status(view) == (1, 1, low)
        below.append(low)

    inside(world, between)
    assert status(kernel) == (1, 1, below[0])
    reaper.release(world.proc(below[0]))
    # Its process holds the dead one itself now, and that still the one above.
    assert status(kernel) == (1, 1, below[0])


@pytest.mark.rule("dragonfly-kern_fork", "flags", "acquire-twice")
def test_init(world: World) -> None:
    """Owned, and the real one."""
    init = world.system.init
    assert (init.reaping.owner, init.reaping.flags) == (init, 3)
    with pytest.raises(Refused) as caught:
        reaper.acquire(init)
    assert caught.value.errno == EALREADY


@pytest.mark.rule("dragonfly-kern_fork", "acquire")
def test_users_may_be_reapers(world: World) -> None:
    world.kernel.run_child(lambda view: control(view, ACQUIRE), uid=1001)


@pytest.mark.rule("dragonfly-kern_fork", "signal-tree", "signal-reaper")
def test_signals_stay_in_the_tree(world: World) -> None:
    """A child of a reaper may signal the reaper and its tree, and nobody outside,
    root or not; a reaper not the one above it."""
    kernel = world.kernel
    outside = world.settled("rest")

    def top(view: Kernel) -> None:
        control(view, ACQUIRE)
        own = view.spawn("/bin/act", ["/bin/act", "rest"], {})
        view.kill(own, 0)

        def below(low: Kernel) -> None:
            low.kill(view.getpid(), 0)
            low.kill(own, 0)
            for pid in (outside, 1, kernel.getpid()):
                with refused("EPERM"):
                    low.kill(pid, 0)

        view.run_child(below)
        for pid in (outside, 1):
            with refused("EPERM"):
                view.kill(pid, 0)
        control(view, RELEASE)
        view.kill(outside, 0)
        control(view, ACQUIRE)
        with refused("EPERM"):
            view.kill(own, 0)
        control(view, RELEASE)
        view.kill(own, 9)

    inside(world, top)
