"""The caller as a reaper: nothing that it starts gets away."""

from __future__ import annotations

import pytest

from bsdproc import Debugger, Reaper, emulator, freebsd
from bsdproc.kernel import Kernel, KernelError, NotSupported


def living(kernel: Kernel, program: str = "actor") -> list[int]:
    """Processes that run it.  A zombie is the business of its parent: init forgets one at times."""
    return [p.pid for p in freebsd.kinfo.processes(kernel=kernel)
            if p.comm == program and p.stat != freebsd.constants.ProcState.SZOMB]


def test_orphans_stay_below_the_reaper(kernel: Kernel, actor: str) -> None:
    with Reaper() as reaper:
        assert repr(reaper) == f"<reaper {kernel.getpid()}, active>"
        pid = reaper.spawn([actor, "brood", "3"])
        assert reaper.wait(pid) == freebsd.Exited(pid, 3, 3 << 8)
        orphans = reaper.descendants
        assert len(orphans) == freebsd.procctl.reap_status().descendants == 3
        assert all(one.child for one in orphans)
        assert reaper.kill_all() == 3
        assert reaper.descendants == ()
    assert living(kernel) == []


def test_leaving_the_block_kills_what_is_left(kernel: Kernel, actor: str) -> None:
    with Reaper() as reaper:
        reaper.wait(reaper.spawn([actor, "brood", "2"]))
        reaper.spawn([actor, "nap"])
        assert len(living(kernel)) == 3
    assert living(kernel) == []
    assert freebsd.procctl.reap_status().reaper != kernel.getpid()


def test_what_is_left_can_be_left_to_the_next_reaper(kernel: Kernel, actor: str) -> None:
    with Reaper(kill=False) as reaper:
        reaper.wait(reaper.spawn([actor, "brood", "1"]))
    orphan, = living(kernel)
    # It was the caller's child when it was given up, and stays that.
    kernel.kill(orphan, freebsd.Signal.SIGKILL)
    assert isinstance(freebsd.wait(orphan), freebsd.Signaled)


def test_a_moving_target(kernel: Kernel, actor: str) -> None:
    """Each process forks the next one and exits."""
    with Reaper() as reaper:
        for _ in range(3):
            reaper.spawn([actor, "hopper"])
        kernel.settle(0.01)
        reaper.kill_all()
        assert reaper.descendants == ()
    assert living(kernel) == []


def test_how_a_child_ended_can_be_asked_afterwards(kernel: Kernel, actor: str) -> None:
    with Reaper() as reaper:
        done, napping = reaper.spawn([actor, "count", "5"]), reaper.spawn([actor, "nap"])
        kernel.settle(0.02)
        assert reaper.kill_all() == 2
        assert reaper.wait(done) == freebsd.Exited(done, 5, 5 << 8)
        assert reaper.wait(napping) == freebsd.Signaled(napping, freebsd.Signal.SIGKILL, False, 9)
        with pytest.raises(ChildProcessError):
            reaper.wait(done)


def test_a_signal_that_does_not_end_them_takes_too_long(kernel: Kernel, actor: str) -> None:
    with Reaper() as reaper:
        pid = reaper.spawn([actor, "nap"])
        with pytest.raises(TimeoutError, match=str(pid)):
            reaper.kill_all(freebsd.Signal.SIGURG, timeout=0.05)
        assert reaper.kill(freebsd.Signal.SIGTERM) == 1
        assert isinstance(reaper.wait(pid), freebsd.Signaled)
        assert reaper.kill() == 0


def test_children_from_before_are_no_descendants(kernel: Kernel, actor: str) -> None:
    before = kernel.spawn(actor, ["actor", "count", "9"])
    with Reaper() as reaper:
        reaper.spawn([actor, "nap"])
        assert before not in [one.pid for one in reaper.descendants]
    assert freebsd.wait(before) == freebsd.Exited(before, 9, 9 << 8)


def test_one_at_a_time(kernel: Kernel, actor: str) -> None:
    with Reaper() as reaper:
        with pytest.raises(KernelError) as caught, Reaper():
            pass
        assert caught.value.name == "EBUSY"
        assert caught.value.reason
        reaper.spawn([actor, "nap"])
    with pytest.raises(RuntimeError):
        reaper.spawn([actor, "nap"])
    with pytest.raises(RuntimeError):
        reaper.kill_all()


def test_a_program_that_is_not_there(kernel: Kernel) -> None:
    with Reaper() as reaper:
        with pytest.raises(FileNotFoundError):
            reaper.spawn(["/no/such/program"])
        with pytest.raises(TypeError):
            reaper.spawn("/bin/sh")
        with pytest.raises(ValueError):
            reaper.spawn([])
        assert reaper.descendants == ()


def test_together_with_a_debugger(kernel: Kernel, actor: str) -> None:
    """What a debugger inside the block leaves alone, the reaper still finds."""
    with Reaper() as reaper, Debugger() as dbg:
        process = dbg.spawn([actor, "brood", "2"])
        list(dbg)
        assert process.exit_status == 2
        assert len(reaper.descendants) == 2
    assert living(kernel) == []


@pytest.mark.privileged
def test_those_that_may_not_be_signalled_are_named(kernel: Kernel, actor: str) -> None:
    def as_user(view: Kernel) -> str:
        with Reaper(kill=False, kernel=view) as reaper:
            reaper.spawn([actor, "nap"])
            return f"{reaper.kill_all()} ended"

    assert kernel.run_child(as_user, uid=1001) == "1 ended"


@pytest.mark.emulated
def test_netbsd_has_none() -> None:
    with emulator.NetBSD() as other, pytest.raises(NotSupported, match="follow_fork"):
        Reaper(kernel=other)
