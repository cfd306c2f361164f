"""Forks of a debuggee: who stops, who is told of whose end, and by which call it was made.

Counterparts of ptrace_test's follow_fork, new_child_pl_syscall_code and ptrace_vfork cases.
"""

from __future__ import annotations

from tests.counterparts.stage import Stage

from bsdproc.freebsd import Signal, Stopped, ptrace, syscalls, wait
from bsdproc.freebsd.constants import LwpFlags, PtraceEvents
from bsdproc.freebsd.ptrace import LwpInfo

FAMILY = ("fork", "exit 2", "end", "wait 2", "exit 1")
"""A parent whose child exits with 2; it waits for that and exits with 1."""
VFAMILY = ("vfork", *FAMILY[1:])
BOTH = LwpFlags.PL_FLAG_FORKED | LwpFlags.PL_FLAG_CHILD


def both_sides(stage: Stage, parent: int) -> tuple[LwpInfo, int, LwpInfo]:
    """The two stops of a fork, in any order: the parent's, the new child and the child's."""
    seen: dict[LwpFlags, tuple[int, LwpInfo]] = {}
    for _ in range(2):
        status = wait()
        assert isinstance(status, Stopped)
        info = ptrace.lwpinfo(status.pid)
        side = info.flags & BOTH
        if side == LwpFlags.PL_FLAG_CHILD:
            assert status.signal == Signal.SIGSTOP
            stage.cast.append(status.pid)
        else:
            assert side == LwpFlags.PL_FLAG_FORKED
            assert status.signal == Signal.SIGTRAP
            assert status.pid == parent
        assert side not in seen
        seen[side] = status.pid, info
    _, above = seen[LwpFlags.PL_FLAG_FORKED]
    child, below = seen[LwpFlags.PL_FLAG_CHILD]
    assert above.child_pid == child != parent
    return above, child, below


def a_child_of_ours(stage: Stage, *family: str) -> int:
    """A debuggee that will fork, with PT_FOLLOW_FORK."""
    parent = stage.debuggee(*(family or FAMILY))
    ptrace.follow_fork(parent)
    ptrace.cont(parent)
    return parent


def a_stranger(stage: Stage) -> int:
    """The same of a process that is no child of the debugger's: its parent is gone."""
    pids, gate = stage.pipe(), stage.pipe()
    between = stage.act("fork", "tell-pid 3", "eof 4", *FAMILY, "end", "exit 3",
                        fds={3: pids.writer, 4: gate.reader})
    stage.exited(between, 3)
    parent = pids.pid()
    stage.attach(parent)
    ptrace.follow_fork(parent)
    ptrace.cont(parent)
    gate.hang_up()
    return parent


# -- PT_FOLLOW_FORK ------------------------------------------------------------
def test_follow_fork_both_attached(stage: Stage) -> None:
    """Both go on traced: the debugger hears of the child's end, and then of its parent's."""
    parent = a_child_of_ours(stage)
    _, child, _ = both_sides(stage, parent)
    ptrace.cont(parent)
    ptrace.cont(child)
    stage.ends((child, 2), (parent, 1))


def test_follow_fork_child_detached(stage: Stage) -> None:
    """The child is let go: it is its parent's alone."""
    parent = a_child_of_ours(stage)
    _, child, _ = both_sides(stage, parent)
    ptrace.cont(parent)
    ptrace.detach(child)
    stage.ends((parent, 1))


def test_follow_fork_parent_detached(stage: Stage) -> None:
    """The parent is let go, but is the debugger's own child: its end is reported still."""
    parent = a_child_of_ours(stage)
    _, child, _ = both_sides(stage, parent)
    ptrace.detach(parent)
    ptrace.cont(child)
    stage.ends((child, 2), (parent, 1))


def test_follow_fork_both_attached_unrelated_debugger(stage: Stage) -> None:
    parent = a_stranger(stage)
    _, child, _ = both_sides(stage, parent)
    ptrace.cont(parent)
    ptrace.cont(child)
    stage.ends((child, 2), (parent, 1))


def test_follow_fork_child_detached_unrelated_debugger(stage: Stage) -> None:
    parent = a_stranger(stage)
    _, child, _ = both_sides(stage, parent)
    ptrace.cont(parent)
    ptrace.detach(child)
    stage.ends((parent, 1))


def test_follow_fork_parent_detached_unrelated_debugger(stage: Stage) -> None:
    """A stranger that is let go is heard of no more."""
    parent = a_stranger(stage)
    _, child, _ = both_sides(stage, parent)
    ptrace.detach(parent)
    ptrace.cont(child)
    stage.ends((child, 2))


# -- the call that made a child ------------------------------------------------
def made_by(stage: Stage, call: str, *family: str) -> None:
    """Both sides stop at the exit of the same call with the same arguments."""
    parent = a_child_of_ours(stage, *family)
    above, child, below = both_sides(stage, parent)
    for info in (above, below):
        assert LwpFlags.PL_FLAG_SCX in info.flags
        assert syscalls.name(info.syscall_code) == call
    assert above.syscall_narg == below.syscall_narg
    ptrace.cont(parent)
    ptrace.cont(child)
    stage.ends((child, 2), (parent, 1))


def test_new_child_pl_syscall_code_fork(stage: Stage) -> None:
    made_by(stage, "fork", *FAMILY)


def test_new_child_pl_syscall_code_vfork(stage: Stage) -> None:
    made_by(stage, "vfork", *VFAMILY)


# -- PTRACE_VFORK --------------------------------------------------------------
def also(pid: int, events: PtraceEvents) -> None:
    """Add events to those that a tracee reports."""
    ptrace.set_event_mask(pid, ptrace.get_event_mask(pid) | events)


def test_ptrace_vfork(stage: Stage) -> None:
    """A vfork that is not followed stops its parent once, when the child is done with it."""
    parent = stage.debuggee(*VFAMILY)
    also(parent, PtraceEvents.PTRACE_VFORK)
    ptrace.cont(parent)
    stage.stopped(parent, Signal.SIGTRAP, LwpFlags.PL_FLAG_VFORK_DONE)
    ptrace.cont(parent)
    stage.ends((parent, 1))


def test_ptrace_vfork_follow(stage: Stage) -> None:
    """One that is followed stops both, tells what it was, and its end is told before the
    parent goes on to its own."""
    parent = stage.debuggee(*VFAMILY)
    also(parent, PtraceEvents.PTRACE_FORK | PtraceEvents.PTRACE_VFORK)
    ptrace.cont(parent)
    above, child, _ = both_sides(stage, parent)
    assert LwpFlags.PL_FLAG_VFORKED in above.flags
    ptrace.cont(parent)
    ptrace.cont(child)
    stage.exited(child, 2)
    stage.stopped(parent, Signal.SIGTRAP, LwpFlags.PL_FLAG_VFORK_DONE)
    ptrace.cont(parent)
    stage.ends((parent, 1))
