"""A reaper and its descendants: whom it collects, what it is told, what it is asked and kills.

Counterparts of FreeBSD's reaper test.  Where it is Python that is the reaper, it is the test's
own process; SIGCHLD is looked at by an actor that is the reaper itself.
"""

from __future__ import annotations

import pytest
from tests.counterparts.stage import Pipe, Stage

from bsdproc.freebsd import (
    Exited,
    IdType,
    Siginfo,
    Signal,
    Signaled,
    WaitOptions,
    procctl,
    wait,
    wait6,
)
from bsdproc.freebsd.constants import (
    CldCode,
    ProcctlCommand,
    ReaperPidFlags,
    ReaperStatusFlags,
)
from bsdproc.freebsd.procctl import ReaperKilled, ReaperStatus
from bsdproc.kernel import Kernel
from bsdproc.kernel.errors import KernelError

OWNED = ReaperStatusFlags.REAPER_STATUS_OWNED
VALID, CHILD = ReaperPidFlags.REAPER_PIDINFO_VALID, ReaperPidFlags.REAPER_PIDINFO_CHILD
SIGINFO_SIZE = 80
EINVAL = 22
SPUN = 0.0005
"""Seconds that a process which counts to three millions takes at least."""
PAIR = ("fork", "write 3", "rest", "end", "rest")
"""A child with a child of its own, which says that it is there."""


# -- whom it collects ----------------------------------------------------------
def test_reaper_wait_child_first(stage: Stage, reaper: int) -> None:
    """A grandchild is the reaper's child when its parent has gone, and is collected by it."""
    pids, gate = stage.pipe(), stage.pipe()
    child = stage.act("fork", "eof 4", "tell-ppid 3", "exit 2", "end", "exit 3",
                      fds={3: pids.writer, 4: gate.reader})
    stage.exited(child, 3)
    gate.hang_up()
    assert pids.pid() == reaper
    status = wait()
    assert status is not None
    assert (status.pid > 0, status.pid != child, status.raw) == (True, True, 2 << 8)
    stage.alone()


def test_reaper_wait_grandchild_first(stage: Stage, reaper: int) -> None:
    """So is one that was a zombie already when its parent went."""
    child = stage.act("fork", "exit 2", "end", "watch", "exit 3")
    stage.exited(child, 3)
    status = wait()
    assert status is not None
    assert (status.pid != child, status.raw) == (True, 2 << 8)
    stage.alone()


# -- what it is told -----------------------------------------------------------
def sigchld(stage: Stage, pipe: Pipe, status: int) -> int:
    """A SIGCHLD that the actor took: an exit with that status; whose."""
    info = Siginfo.single(stage.kernel.machine, stage.kernel.read(pipe.reader, SIGINFO_SIZE))
    assert (info.signo, info.code) == (Signal.SIGCHLD, CldCode.CLD_EXITED)
    assert info.status == status
    return info.pid


def test_reaper_sigchld_child_first(stage: Stage) -> None:
    """SIGCHLD for the child, and one for the grandchild that was left to the reaper."""
    told, pids, gate = stage.pipe(), stage.pipe(), stage.pipe()
    actor = stage.act(
        "catch 20", "block 20", "reap",
        "fork", "fork", "eof 5", "exit 2", "end", "exit 3", "end",
        "tell-child 4", "sigwait 20 3", "wait 3", "sigwait 20 3", "childless-but 2", "exit 0",
        fds={3: told.writer, 4: pids.writer, 5: gate.reader})
    child = pids.pid()
    assert sigchld(stage, told, 3) == child
    gate.hang_up()
    assert sigchld(stage, told, 2) not in (child, actor)
    stage.ends((actor, 0))


def test_reaper_sigchld_grandchild_first(stage: Stage) -> None:
    """SIGCHLD for a zombie that the reaper got with its parent's end."""
    told, pids = stage.pipe(), stage.pipe()
    actor = stage.act(
        "catch 20", "block 20", "reap",
        "fork", "fork", "exit 2", "end", "watch", "exit 3", "end",
        "tell-child 4", "wait 3", "sigwait 20 3", "childless-but 2", "exit 0",
        fds={3: told.writer, 4: pids.writer})
    child = pids.pid()
    assert sigchld(stage, told, 2) not in (child, actor)
    stage.ends((actor, 0))


# -- what it is asked ----------------------------------------------------------
def test_reaper_status(stage: Stage) -> None:
    """PROC_REAP_STATUS before there is one, as a reaper without and with a child, asked by
    itself and by the child, and behind the child's end."""
    me = stage.kernel.getpid()
    before = procctl.reap_status()
    assert OWNED not in before.flags
    assert before.descendants >= before.children > 0
    assert before.reaper not in (me, 0)

    procctl.reap_acquire()
    try:
        assert procctl.reap_status() == ReaperStatus(OWNED, 0, 0, me, None)

        def ask(kernel: Kernel) -> tuple[int, ReaperStatus, ReaperStatus]:
            return (kernel.getpid(), procctl.reap_status(me, kernel=kernel),
                    procctl.reap_status(kernel=kernel))

        child, of_parent, of_itself = stage.kernel.run_child(ask)
        assert of_parent == ReaperStatus(OWNED, 1, 1, me, child)
        assert of_itself == ReaperStatus(ReaperStatusFlags(0), 1, 1, me, child)
        assert procctl.reap_status() == ReaperStatus(OWNED, 0, 0, me, None)
    finally:
        procctl.reap_release()


def test_reaper_getpids(stage: Stage, reaper: int) -> None:
    """PROC_REAP_GETPIDS as descendants come and go: each with the child it came of, zombies
    too, until they are collected."""
    orders, done = stage.pipe(), stage.pipe()
    assert procctl.reap_getpids() == ()
    child = stage.act("read 3", "fork", "write 4", "read 3", "exit 0", "end", "rest",
                      fds={3: orders.reader, 4: done.writer})
    assert procctl.reap_getpids() == (procctl.ReaperPid(child, child, VALID | CHILD),)

    orders.go()
    done.told()
    both = {entry.pid: entry for entry in procctl.reap_getpids()}
    assert len(both) == 2
    assert all(entry.subtree == child for entry in both.values())
    assert both.pop(child).flags == VALID | CHILD
    (grandchild, entry), = both.items()
    assert entry.flags == VALID
    assert grandchild not in (child, reaper, 0)

    stage.kernel.kill(child, Signal.SIGTERM)
    stage.killed(child, Signal.SIGTERM)
    left = (procctl.ReaperPid(grandchild, child, VALID | CHILD),)
    assert procctl.reap_getpids() == left
    orders.go()
    stage.until_zombie(grandchild)
    pids = tuple((entry.pid, entry.subtree) for entry in procctl.reap_getpids())
    assert pids == ((grandchild, child),)
    stage.exited(grandchild, 0)
    assert procctl.reap_getpids() == ()


# -- what it kills -------------------------------------------------------------
def refused_signal(kernel: Kernel, signal: int) -> int:
    """What the kernel itself says to a signal that the typed call does not let through."""
    layout = kernel.target.struct("struct procctl_reaper_kill")
    request = kernel.buffer(layout.pack({"rk_sig": signal}))
    with pytest.raises(KernelError) as refused:
        kernel.procctl(IdType.P_PID, kernel.getpid(), ProcctlCommand.PROC_REAP_KILL, request)
    assert refused.value.errno is not None
    return refused.value.errno


def test_reaper_kill_badsig(stage: Stage, reaper: int) -> None:
    """A negative signal: refused before the call, and by the kernel with EINVAL."""
    with pytest.raises(ValueError):
        procctl.reap_kill(-1)
    assert refused_signal(stage.kernel, -1) == EINVAL


def test_reaper_kill_sigzero(stage: Stage, reaper: int) -> None:
    """Signal 0, likewise: there is no asking whether anybody is there."""
    with pytest.raises(ValueError):
        procctl.reap_kill(0)
    assert refused_signal(stage.kernel, 0) == EINVAL


def test_reaper_kill_empty(stage: Stage, reaper: int) -> None:
    """Nobody to kill: ESRCH, and none killed."""
    with pytest.raises(ProcessLookupError) as refused:
        procctl.reap_kill(Signal.SIGTERM)
    assert isinstance(refused.value, KernelError)
    assert refused.value.killed == 0


def test_reaper_kill_normal(stage: Stage, reaper: int) -> None:
    """All descendants."""
    there = stage.pipe()
    child = stage.act(*PAIR, fds={3: there.writer})
    there.told()
    assert procctl.reap_kill(Signal.SIGTERM) == ReaperKilled(2, None)
    both_killed(stage, child, Signal.SIGTERM)
    stage.alone()


def both_killed(stage: Stage, child: int, signal: Signal) -> None:
    stage.killed(child, signal)
    status = wait()
    assert isinstance(status, Signaled)
    assert status.pid != child
    assert status.signal == signal


def test_reaper_kill_subtree(stage: Stage, reaper: int) -> None:
    """REAPER_KILL_SUBTREE: one child and what came of it, and then the other."""
    there = stage.pipe()
    children = [stage.act(*PAIR, fds={3: there.writer}) for _ in range(2)]
    there.told()
    there.told()
    for child, signal in zip(children, (Signal.SIGUSR1, Signal.SIGUSR2), strict=True):
        assert procctl.reap_kill(signal, subtree=child) == ReaperKilled(2, None)
        both_killed(stage, child, signal)
    stage.alone()


# -- processes with descriptors ------------------------------------------------
def test_reaper_pdfork(stage: Stage, reaper: int) -> None:
    """The reaper has a process whose descriptor went with the process that held it."""
    child = stage.act("pdfork", "rest", "end", "exit 0")
    stage.exited(child, 0)
    status = procctl.reap_status()
    assert (status.flags, status.reaper) == (OWNED, reaper)
    assert (status.children, status.descendants) == (1, 1)


def test_reaper_pdwait4_exit(stage: Stage) -> None:
    """How processes with descriptors exit, that one has not yet, and what one used.

    pdwait4(2) is newer than these kernels and is none of the interfaces that bsdproc has.  Their
    parent waits for the same by pid, which wait4(2) lets it do; what they used is told with the
    parent, among its children's."""
    gate, asked = stage.pipe(), stage.pipe()
    parent = stage.act(
        "pdfork", "exit 0", "end", "wait 0",
        "pdfork", "eof 3", "exit 1", "end", "none", "write 4", "wait 1",
        "pdfork", "spin 3000000", "exit 127", "end", "wait 127",
        fds={3: gate.reader, 4: asked.writer})
    asked.told()
    gate.hang_up()
    ended = wait6(IdType.P_PID, parent, WaitOptions.WEXITED)
    assert ended is not None
    assert ended.status == Exited(parent, 0, 0)
    assert ended.children.utime + ended.children.stime >= SPUN


def test_reaper_pdwait4_signal(stage: Stage) -> None:
    """Ends by signals, likewise: by SIGKILL, and by SIGSEGV without a core."""
    parent = stage.act(
        "pdfork", "raise 9", "end", "wait-signal 9",
        "pdfork", "no-core", "raise 11", "end", "wait-signal 11")
    stage.ends((parent, 0))
