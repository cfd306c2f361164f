"""The typed functions on the emulated DragonFly."""

from __future__ import annotations

import pytest

from bsdproc.dragonfly import (
    Exited,
    Signal,
    Signaled,
    Stopped,
    kinfo,
    procctl,
    procfs,
    ptrace,
    wait,
)
from bsdproc.dragonfly.procfs import Control
from bsdproc.kernel.errors import TooOld

from .world import World


def test_a_tracee_from_its_attachment_to_its_end(world: World) -> None:
    pid = world.settled("spin")
    ptrace.attach(pid)
    for _ in range(2):      # its process stops, then its lwp
        found = wait(pid)
        assert isinstance(found, Stopped)
        assert found.signal is Signal.SIGSTOP
        world.kernel.settle(0.01)
    regs = ptrace.getregs(pid)
    assert (regs.r15, regs.trapno) == (0x77, 7)
    assert procfs.regs(pid) == regs
    assert ptrace.read(pid, regs.rip, 4) == procfs.read_mem(pid, regs.rip, 4)
    ptrace.step(pid)
    stopped = wait(pid)
    assert isinstance(stopped, Stopped)
    assert stopped.signal is Signal.SIGTRAP
    ptrace.kill(pid)
    for _ in range(2):
        ended = wait(pid)
        assert isinstance(ended, Signaled)
        assert ended.signal is Signal.SIGKILL


def test_what_is_told_of_a_process(world: World) -> None:
    pid = world.settled("rest", "a b")
    found = kinfo.process(pid)
    assert (found.pid, found.comm) == (pid, "act")
    assert kinfo.args(pid) == ("/bin/act", "rest", "a b") == procfs.cmdline(pid)
    assert kinfo.pathname(pid) == "/bin/act" == procfs.file(pid)
    assert kinfo.cwd(pid) == "/"
    assert kinfo.sigtramp().end - kinfo.sigtramp().start == 32
    assert procfs.status(pid).wmesg == "nanslp"
    assert procfs.etype(pid) == "DragonFly ELF64"
    assert procfs.map(pid)[0].path == "/bin/act"
    assert len(kinfo.kernel_threads()) == 41
    assert pid in procfs.pids()
    assert [(f.fd, f.count) for f in kinfo.files() if f.pid == pid] == [
        (0, 2), (1, 2), (2, 2)]
    assert kinfo.cputimes()[0].idle > 0


def test_titles(world: World) -> None:
    kinfo.set_args("busy")
    assert kinfo.args() == ("busy",)
    kinfo.set_args(None)
    assert kinfo.args() == ("/usr/local/bin/python3",)


def test_reapers(world: World) -> None:
    procctl.reap_acquire()
    pid = world.settled("fork", "exit 3", "end")
    assert procctl.reap_status().pid_head is not None
    procctl.reap_release()
    with pytest.raises(TooOld):
        procctl.pdeathsig()
    assert isinstance(wait(pid), Exited)


def test_control_by_procfs(world: World) -> None:
    pid = world.settled("spin")
    procfs.ctl(pid, Control.ATTACH)
    world.kernel.settle(0.01)
    procfs.ctl(pid, Control.STEP)
    world.kernel.settle(0.01)
    procfs.ctl(pid, Signal.SIGTERM)
    world.wait(pid, 15)
