"""The signal for a parent's death: PROC_PDEATHSIG_CTL and PROC_PDEATHSIG_STATUS.

Counterparts of FreeBSD's pdeathsig test.
"""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from tests.counterparts.stage import Stage

from bsdproc.freebsd import IdType, Siginfo, Signal, procctl, ptrace
from bsdproc.freebsd.constants import ProcctlCommand
from bsdproc.kernel import Kernel
from bsdproc.kernel.errors import KernelError

CTL, STATUS = ProcctlCommand.PROC_PDEATHSIG_CTL, ProcctlCommand.PROC_PDEATHSIG_STATUS
SIGINFO = Signal.SIGINFO
INT = 4
EFAULT, EINVAL = 14, 22
SIGINFO_SIZE = 80
NOWHERE = 0


@pytest.fixture
def unset(kernel: Kernel) -> Iterator[None]:
    """The test's own process has no such signal, before and behind the test."""
    assert procctl.pdeathsig() is None
    yield
    procctl.set_pdeathsig(None)


def refused(kernel: Kernel, idtype: int, id: int, signal: int | None) -> int:
    """The errno of a PROC_PDEATHSIG_CTL as the kernel itself sees it."""
    data = NOWHERE if signal is None else kernel.buffer(signal.to_bytes(INT, "little"))
    with pytest.raises(KernelError) as error:
        kernel.procctl(idtype, id, CTL, data)
    assert error.value.errno is not None
    return error.value.errno


def test_arg_validation(kernel: Kernel, unset: None) -> None:
    """What the typed call refuses before the kernel sees it, what the kernel says to it, and
    what both take."""
    with pytest.raises(ValueError):
        procctl.set_pdeathsig(8888)
    me, other = kernel.getpid(), 1
    assert refused(kernel, IdType.P_PID, 0, 8888) == EINVAL
    assert refused(kernel, 8888, 0, SIGINFO) == EINVAL
    assert refused(kernel, IdType.P_PID, other, SIGINFO) == EINVAL
    assert refused(kernel, IdType.P_PID, 0, None) == EFAULT
    kernel.procctl(IdType.P_PID, 0, CTL, kernel.buffer(SIGINFO.to_bytes(INT, "little")))
    kernel.procctl(IdType.P_PID, me, CTL, kernel.buffer(SIGINFO.to_bytes(INT, "little")))
    told = kernel.buffer(INT)
    kernel.procctl(IdType.P_PID, 0, STATUS, told)
    assert int.from_bytes(told.read(), "little") == SIGINFO == procctl.pdeathsig()


def test_fork_no_inherit(kernel: Kernel, unset: None) -> None:
    """A child does not inherit it."""
    procctl.set_pdeathsig(SIGINFO)
    assert kernel.run_child(lambda child: procctl.pdeathsig(kernel=child)) is None
    assert procctl.pdeathsig() == SIGINFO


def test_exec_inherit(stage: Stage) -> None:
    """A new program of the same process does."""
    pid = stage.act(f"procctl {CTL} {SIGINFO:d}", f"exec {stage.path}",
                    f"procctl-is {STATUS} {SIGINFO:d}", "exit 0")
    stage.ends((pid, 0))


WAITER = ("block-all", "catch 29", f"procctl {CTL} 29", "write 3", "sigwait 29 4")
"""It asks for SIGINFO at its parent's end, says so, and passes on what came."""


def test_signal_delivered(stage: Stage) -> None:
    """The parent exits: the signal comes."""
    ready, told = stage.pipe(), stage.pipe()
    parent = stage.act("fork", *WAITER, "end", "read 5", "exit 0",
                       fds={3: ready.writer, 4: told.writer, 5: ready.reader})
    stage.exited(parent, 0)
    info = stage.kernel.read(told.reader, SIGINFO_SIZE)
    assert Siginfo.single(stage.kernel.machine, info).signo == SIGINFO


def test_signal_delivered_ptrace(stage: Stage) -> None:
    """It is the real parent's exit that counts while a debugger is the parent, and the
    debugger sees the signal first."""
    ready, told, pids, gate = (stage.pipe() for _ in range(4))
    parent = stage.act("fork", *WAITER, "exit 0", "end", "tell-child 5", "read 6", "exit 0",
                       fds={3: ready.writer, 4: told.writer, 5: pids.writer, 6: gate.reader})
    waiter = pids.pid()
    stage.attach(waiter)
    ptrace.cont(waiter)
    ready.told()
    gate.go()
    stage.exited(parent, 0)
    stage.stopped(waiter, SIGINFO)
    ptrace.cont(waiter, SIGINFO)
    info = stage.kernel.read(told.reader, SIGINFO_SIZE)
    assert Siginfo.single(stage.kernel.machine, info).signo == SIGINFO
    stage.ends((waiter, 0))
