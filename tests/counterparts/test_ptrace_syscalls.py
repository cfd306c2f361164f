"""System calls under a debugger: arguments, results, calls in its place, interrupted sleeps.

Counterparts of ptrace_test's syscall_args, PT_SC_REMOTE, PT_REGSET and PT_ATTACH_no_EINTR
cases.
"""

from __future__ import annotations

import pytest
from tests.conftest import KNOWN_GOOD, NATIVE, hazard
from tests.counterparts.stage import Stage

from bsdproc.freebsd import Exited, Signal, Stopped, kinfo, ptrace, syscalls, wait
from bsdproc.freebsd.constants import LwpFlags, Note, PtraceEvents
from bsdproc.freebsd.ptrace import LwpInfo, Prstatus
from bsdproc.kernel.errors import KernelError

SCE, SCX = LwpFlags.PL_FLAG_SCE, LwpFlags.PL_FLAG_SCX
EJUSTRETURN = -2
EBADF, EINVAL, ENOSYS = 9, 22, 78
PAGE = 4096


def number(name: str) -> int:
    """Of a system call."""
    found = syscalls.by_name(name)
    assert found is not None
    return found.number


# -- arguments and results -----------------------------------------------------
def goes_through(stage: Stage, pid: int, side: LwpFlags, name: str) -> LwpInfo:
    """The next stop is that side of that call."""
    info = stage.stopped(pid, Signal.SIGTRAP, side)
    assert syscalls.name(info.syscall_code) == name
    return info


def test_syscall_args(stage: Stage) -> None:
    """PT_GET_SC_ARGS at a call's entry and PT_GET_SC_RET at its exit, of one that succeeds,
    one that takes arguments, and one that fails."""
    pid = stage.debuggee("probe", "badclose", "exit 1")
    ptrace.syscall(pid)
    for name, arguments, error in (("getpid", (), 0), ("kill", (pid, 0), 0),
                                   ("close", (12345,), EBADF)):
        info = goes_through(stage, pid, SCE, name)
        assert info.syscall_narg == len(arguments)
        assert ptrace.get_sc_args(pid) == arguments
        ptrace.cont(pid)
        goes_through(stage, pid, SCX, name)
        result = ptrace.get_sc_ret(pid)
        assert result.error == error
        if name == "getpid":
            assert result.retval[0] == pid
        if name != "close":
            ptrace.cont(pid)
    ptrace.set_event_mask(pid, ptrace.get_event_mask(pid) & ~PtraceEvents.PTRACE_SYSCALL)
    ptrace.cont(pid)
    stage.ends((pid, 1))


def test_syscall_args_anywhere(stage: Stage) -> None:
    """A debuggee that was attached to in the middle of a call: newer kernels tell the call and
    its arguments, older ones say nothing of it and refuse."""
    pid = stage.act("rest")
    stage.kernel.settle(0.5)            # it sleeps by then
    stage.attach(pid)
    info = ptrace.lwpinfo(pid)
    if info.syscall_narg:
        assert syscalls.name(info.syscall_code) == "nanosleep"
        assert ptrace.get_sc_args(pid)[1] == 0
    else:
        assert info.syscall_code == 0
        with pytest.raises(KernelError) as refused:
            ptrace.get_sc_args(pid, 2)
        assert refused.value.errno == EINVAL
    ptrace.detach(pid)


# -- registers by note ---------------------------------------------------------
def test_pt_regset(stage: Stage) -> None:
    """PT_GETREGSET tells the size alone, then the registers; PT_SETREGSET takes them back."""
    pid = stage.debuggee("exit 1")
    size = ptrace.getregset_size(pid, Note.NT_PRSTATUS)
    status = ptrace.getregset(pid, Note.NT_PRSTATUS)
    assert isinstance(status, Prstatus)
    assert len(bytes(status)) == size == status.statussz
    assert status.registers == ptrace.getregs(pid)
    ptrace.setregset(pid, Note.NT_PRSTATUS, status)
    assert ptrace.getregs(pid) == status.registers
    ptrace.cont(pid)
    stage.ends((pid, 1))


# -- calls in the debuggee's place ---------------------------------------------
def test_pt_sc_remote_getpid(stage: Stage) -> None:
    """A remote call is the debuggee's own; it stops again with what it had stopped for."""
    pid = stage.debuggee("exit 0")
    for name, expected in (("getpid", pid), ("getppid", stage.kernel.getpid())):
        result = ptrace.sc_remote(pid, number(name), wait=False)
        assert (result.error, result.retval[0]) == (0, expected)
        stage.stopped(pid, Signal.SIGSTOP)
    ptrace.detach(pid)
    stage.ends((pid, 0))


NO_SUCH_CALL = 9999
EDEADLK = 11


def test_pt_sc_remote_syscall_validation(stage: Stage) -> None:
    """A call that there is not is ENOSYS, by its number and by way of syscall(2) and __syscall(2).
    These two without any argument never reach the kernel: 13.2 would move memory of negative
    size, and panic."""
    pid = stage.debuggee("exit 0")
    fixed = stage.kernel.version >= KNOWN_GOOD

    def answer(call: int, *arguments: int) -> int:
        result = ptrace.sc_remote(pid, call, arguments, wait=False)
        stage.stopped(pid, Signal.SIGSTOP)
        return result.error

    assert answer(NO_SUCH_CALL) == ENOSYS
    for indirect in (number("syscall"), number("__syscall")):
        with pytest.raises(ValueError, match="first argument"):
            ptrace.sc_remote(pid, indirect)
        if fixed or not NATIVE:
            assert answer(indirect, NO_SUCH_CALL) == ENOSYS
    ptrace.kill(pid)
    stage.killed(pid, Signal.SIGKILL)


def test_pt_sc_remote_exit(stage: Stage) -> None:
    """A remote exit(2) is the debuggee's exit.

    The debuggee never tells 13.2 that it has served the request: the real one waits for ever,
    the emulated one says that it would."""
    hazard(stage.kernel, "never returns from it")
    pid = stage.debuggee("exit 66")
    if stage.kernel.version < KNOWN_GOOD:
        with pytest.raises(KernelError) as refused:
            ptrace.sc_remote(pid, number("_exit"), (42,), wait=False)
        assert refused.value.errno == EDEADLK
    else:
        assert ptrace.sc_remote(pid, number("_exit"), (42,), wait=False).error == 0
        assert isinstance(wait(pid), Stopped)
        ptrace.cont(pid, Signal.SIGCONT)
    assert wait(pid) == Exited(pid, 42, 42 << 8)
    stage.alone()


def test_pt_sc_remote_execve(stage: Stage) -> None:
    """A remote execve(2) replaces the program, which stops before its first instruction."""
    pid = stage.debuggee("exit 66")
    # The words for it, below the debuggee's stack.
    memory = ptrace.getregs(pid).sp - PAGE & ~15
    strings = [stage.path.encode() + b"\0", b"exit 7\0"]
    ptrace.write(pid, memory, b"".join(strings))
    path, word = memory, memory + len(strings[0])
    vector = memory + 1024
    pointers = (path, word, 0, 0)       # argv, and an empty environment behind it
    ptrace.write(pid, vector, b"".join(p.to_bytes(8, "little") for p in pointers))
    result = ptrace.sc_remote(pid, number("execve"), (path, vector, vector + 24), wait=False)
    assert result.error == EJUSTRETURN
    stage.stopped(pid, Signal.SIGSTOP)
    assert kinfo.args(pid) == (stage.path, "exit 7")
    ptrace.detach(pid)
    stage.ends((pid, 7))


# -- a sleep that a debugger disturbs ------------------------------------------
def test_pt_attach_no_eintr(stage: Stage) -> None:
    """nanosleep(2) goes on behind an attach and a detach.  That is newer than FreeBSD 13.2,
    where it ends with EINTR."""
    pid = stage.act("slept 1500", "exit 0")
    stage.kernel.settle(0.5)
    stage.attach(pid)
    ptrace.detach(pid)
    status = wait(pid)
    interrupted = Exited(pid, 200, 200 << 8)
    assert status in (Exited(pid, 0, 0), interrupted)
    if stage.kernel.release.startswith("13."):
        assert status == interrupted
    stage.alone()
