"""`Reaper` on DragonFly, whose reaper neither lists nor signals what is below it."""

from __future__ import annotations

import pytest

from bsdproc import Debugger, Reaper, dragonfly
from bsdproc.dragonfly import Signal, kinfo
from bsdproc.emulator import DragonFly
from bsdproc.kernel import Kernel, KernelError

pytestmark = [pytest.mark.emulated, pytest.mark.usefixtures("machine")]
ORPHAN = ("fork", "rest", "end")


def act(reaper: Reaper, *words: str) -> int:
    return reaper.spawn(["/bin/act", *words])


def left() -> list[int]:
    """Programs that are there still, zombies too."""
    return [one.pid for one in kinfo.processes() if one.comm == "act"]


def test_orphans_stay_below_the_reaper() -> None:
    with Reaper() as reaper:
        pid = act(reaper, *ORPHAN * 3, "exit 3")
        assert reaper.wait(pid) == dragonfly.Exited(pid, 3, 3 << 8)
        orphans = reaper.descendants
        status = reaper.status
        assert isinstance(status, dragonfly.procctl.ReaperStatus)
        assert len(orphans) == status.refs == 3
        assert all(one.child and one.subtree == one.pid for one in orphans)
        assert reaper.kill_all() == 3
        assert reaper.descendants == ()
    assert left() == []


def test_grandchildren(machine: DragonFly) -> None:
    with Reaper() as reaper:
        pid = act(reaper, "fork", *ORPHAN, "rest", "end", "rest")
        machine.settle(0.01)
        own, child, grandchild = reaper.descendants
        assert (own.pid, own.child, own.subtree) == (pid, True, pid)
        assert (child.child, child.subtree) == (grandchild.child, grandchild.subtree) == (
            False, pid)
        assert reaper.kill(Signal.SIGTERM) == 3
    assert left() == []


def test_below_a_reaper_further_down(machine: DragonFly) -> None:
    """Its own are listed as well, and fall to the one above when it ends."""
    with Reaper() as reaper:
        nested = act(reaper, "reap", *ORPHAN, "rest")
        machine.settle(0.01)
        assert [one.child for one in reaper.descendants] == [True, False]
        machine.kill(nested, Signal.SIGKILL)
        reaper.wait(nested)
        orphan, = reaper.descendants
        assert orphan.child
        assert reaper.kill_all() == 1


def test_leaving_the_block_kills_what_is_left(machine: DragonFly) -> None:
    with Reaper() as reaper:
        reaper.wait(act(reaper, *ORPHAN * 2))
        act(reaper, "rest")
        assert len(left()) == 3
    assert left() == []
    assert not dragonfly.procctl.reap_status().flags


def test_what_is_left_can_be_left_to_the_next_reaper(machine: DragonFly) -> None:
    with Reaper(kill=False) as reaper:
        reaper.wait(act(reaper, *ORPHAN))
    orphan, = left()
    machine.kill(orphan, Signal.SIGKILL)
    assert isinstance(dragonfly.wait(orphan), dragonfly.Signaled)


def test_how_a_child_ended_can_be_asked_afterwards(machine: DragonFly) -> None:
    with Reaper() as reaper:
        done, resting = act(reaper, "exit 5"), act(reaper, "rest")
        machine.settle(0.02)
        assert reaper.kill_all() == 2
        assert reaper.wait(done) == dragonfly.Exited(done, 5, 5 << 8)
        assert reaper.wait(resting) == dragonfly.Signaled(resting, Signal.SIGKILL, False, 9)
        with pytest.raises(ChildProcessError):
            reaper.wait(done)


def test_a_signal_that_does_not_end_them_takes_too_long() -> None:
    with Reaper() as reaper:
        pid = act(reaper, "rest")
        with pytest.raises(TimeoutError, match=str(pid)):
            reaper.kill_all(Signal.SIGURG, timeout=0.05)
        with pytest.raises(ValueError):
            reaper.kill(0)
        assert reaper.kill(Signal.SIGTERM) == 1
        assert isinstance(reaper.wait(pid), dragonfly.Signaled)
        assert reaper.kill() == 0


def test_children_from_before_are_no_descendants(machine: DragonFly) -> None:
    """Nor can they be signalled in the block."""
    before = machine.spawn("/bin/act", ["/bin/act", "exit 9"])
    with Reaper() as reaper:
        inside = act(reaper, "rest")
        assert [one.pid for one in reaper.descendants] == [inside]
        with pytest.raises(PermissionError):
            machine.kill(before, Signal.SIGTERM)
    assert dragonfly.wait(before) == dragonfly.Exited(before, 9, 9 << 8)


def test_one_at_a_time() -> None:
    with Reaper() as reaper:
        with pytest.raises(KernelError) as caught, Reaper():
            pass
        assert caught.value.name == "EALREADY"
        act(reaper, "rest")
    with pytest.raises(RuntimeError):
        act(reaper, "rest")


def test_together_with_a_debugger() -> None:
    """What a debugger inside the block leaves alone, the reaper still finds."""
    with Reaper() as reaper, Debugger() as debugger:
        process = debugger.spawn(["/bin/act", *ORPHAN * 2, "exit 2"])
        list(debugger)
        assert process.exit_status == 2
        assert len(reaper.descendants) == 2
    assert left() == []


def test_anothers_tracee_whose_parent_is_gone(machine: DragonFly) -> None:
    """The kernel counts it and says that its parent is one that is no more."""
    pid = machine.spawn("/bin/act", ["/bin/act", "rest"])

    def work(view: Kernel) -> str:
        with Reaper(kill=False, kernel=view) as reaper:
            parent = reaper.spawn(["/bin/act", *ORPHAN, "rest"])
            machine.settle(0.01)
            child = reaper.descendants[-1].pid
            dragonfly.ptrace.attach(child, kernel=machine)
            dragonfly.wait(child, kernel=machine)
            view.kill(parent, Signal.SIGKILL)
            reaper.wait(parent)
            assert reaper.descendants == ()
            with pytest.raises(TimeoutError, match="1 processes below are nowhere"):
                reaper.kill_all()
            dragonfly.ptrace.kill(child, kernel=machine)
            return "done"

    assert machine.run_child(work) == "done"
    machine.kill(pid, Signal.SIGKILL)
    dragonfly.wait(pid)
