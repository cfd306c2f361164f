"""The typed functions on the emulated DragonFly, and why it refuses."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from bsdproc.dragonfly import (
    Exited,
    Signal,
    Signaled,
    Stopped,
    Waited,
    kinfo,
    procctl,
    procfs,
    ptrace,
    wait,
    wait6,
    waitid,
)
from bsdproc.dragonfly.constants import (
    CldCode,
    LwpState,
    MountFlags,
    ProcFlags,
    ProcState,
    ReaperStatusFlags,
)
from bsdproc.dragonfly.constants.wait import IdType, WaitOptions
from bsdproc.dragonfly.procfs import Control
from bsdproc.emulator import DragonFly
from bsdproc.kernel import Kernel
from bsdproc.kernel.errors import KernelError, NotSupported, TooOld

pytestmark = [pytest.mark.emulated, pytest.mark.usefixtures("machine")]
Started = Callable[..., int]


@pytest.fixture
def started(machine: DragonFly) -> Started:
    """A program that does these words, as far as it gets by itself."""
    def start(*words: str, uid: int | None = None) -> int:
        pid = machine.spawn("/bin/act", ["/bin/act", *words], {}, uid=uid)
        machine.settle(0.01)
        return pid
    return start


@pytest.fixture
def tracee(machine: DragonFly, started: Started) -> int:
    """One that runs until it was attached to, and stands."""
    pid = started("spin")
    stop(machine, pid)
    return pid


def stop(machine: DragonFly, pid: int) -> None:
    """Attach and take both reports of the stop."""
    ptrace.attach(pid)
    assert isinstance(wait(pid), Stopped)
    machine.settle(0.01)
    assert isinstance(wait(pid, WaitOptions.WNOHANG), Stopped)


def pids(found: list[kinfo.KinfoProc]) -> list[int]:
    return [one.pid for one in found]


# -- kern.proc ----------------------------------------------------------------------------------


class TestKinfo:
    def test_filters(self, machine: DragonFly, started: Started) -> None:
        mine, theirs = started("rest"), started("rest", uid=1001)
        assert {mine, theirs} <= set(pids(kinfo.processes()))
        assert pids(kinfo.processes(uid=1001)) == pids(kinfo.processes(ruid=1001)) == [theirs]
        assert mine in pids(kinfo.processes(uid=0))
        group = kinfo.process(mine).pgid
        assert mine in pids(kinfo.processes(pgrp=group))
        assert kinfo.processes(pgrp=99998) == []
        assert kinfo.processes(tty=1234) == []

    def test_threads(self, started: Started) -> None:
        pid = started("lwp", "rest", "end", "lwp", "spin", "end", "rest")
        found = kinfo.threads(pid)
        assert [one.lwp.tid for one in found] == [1, 2, 3]
        assert {one.pid for one in found} == {pid}
        whole = kinfo.process(pid)
        assert (whole.nthreads, whole.lwp.tid) == (3, -1)
        listed = [one.lwp.tid for one in kinfo.processes(threads=True) if one.pid == pid]
        assert listed == [1, 2, 3]

    def test_the_kernels_threads(self) -> None:
        found = kinfo.kernel_threads()
        assert found
        assert {(one.pid, one.lwp.tid, one.paddr) for one in found} == {(-1, -1, 0)}
        assert all(one.lwp.comm and one.ktaddr for one in found)

    def test_a_zombie_is_in_the_lists_alone(self, started: Started) -> None:
        pid = started("exit 7")
        (last,) = [one for one in kinfo.processes() if one.pid == pid]
        assert (last.pid, last.stat, last.nthreads) == (pid, ProcState.SZOMB, 0)
        for ask in (kinfo.process, kinfo.threads, kinfo.args, kinfo.cwd, kinfo.pathname):
            with pytest.raises(ProcessLookupError) as caught:
                ask(pid)
            assert isinstance(caught.value, KernelError)
            assert caught.value.reason == "it has exited and waits to be collected"

    def test_nobody(self) -> None:
        for ask in (kinfo.process, kinfo.threads, kinfo.args, kinfo.cwd, kinfo.pathname):
            with pytest.raises(ProcessLookupError, match="no process with this id"):
                ask(99998)

    def test_a_jail_shows_its_own_processes(self, started: Started) -> None:
        pid = started("jail", "rest")
        assert kinfo.process(pid).jailid == 1
        assert procfs.status(pid).jail == "cell"
        assert kinfo.process().jailid == 0

    def test_a_title_that_is_too_long_is_not_kept(self) -> None:
        kinfo.set_args("x" * 100)
        with pytest.raises(KernelError, match=r"kern\.ps_arg_cache_limit") as caught:
            kinfo.set_args("x" * 5000)
        assert caught.value.name == "ENOMEM"

    def test_a_threads_title(self) -> None:
        kinfo.set_args("a thread", tid=1)
        assert kinfo.args(tid=1) == ("a thread",)
        assert kinfo.args() != ("a thread",)

    def test_what_would_panic_is_not_asked(self) -> None:
        with pytest.raises(ValueError, match="no program"):
            kinfo.pathname(0)
        assert kinfo.process(0).ppid == -1


# -- procctl, wait --------------------------------------------------------------------------


class TestReapers:
    def test_orphans_come_to_the_reaper(self, machine: DragonFly, started: Started) -> None:
        procctl.reap_acquire()
        with pytest.raises(BlockingIOError, match="a reaper already"):
            procctl.reap_acquire()
        child = started("fork", "sleep 30", "exit 4", "end", "exit 3")
        status = procctl.reap_status()
        assert ReaperStatusFlags.REAPER_STAT_OWNED in status.flags
        assert status.refs >= 1
        ends = {wait(), wait()}
        assert {one.status for one in ends if isinstance(one, Exited)} == {3, 4}
        assert child in {one.pid for one in ends if one}
        assert procctl.reap_status().pid_head is None
        procctl.reap_release()
        with pytest.raises(KernelError, match="no reaper") as caught:
            procctl.reap_release()
        assert caught.value.name == "ENOTCONN"

    def test_what_5_9_does_not_have(self) -> None:
        with pytest.raises(TooOld, match=r"after 5\.9"):
            procctl.set_pdeathsig(Signal.SIGTERM)


class TestWait:
    def test_wait6(self, started: Started) -> None:
        pid = started("exit 9")
        kept = wait6(IdType.P_PID, pid, WaitOptions.WEXITED | WaitOptions.WNOWAIT)
        found = wait6(IdType.P_PID, pid, WaitOptions.WEXITED)
        for one in (kept, found):
            assert isinstance(one, Waited)
            assert one.status == Exited(pid, 9, 9 << 8)
        with pytest.raises(ChildProcessError):
            wait6(IdType.P_PID, pid, WaitOptions.WEXITED)

    def test_waitid(self, started: Started) -> None:
        pid = started("kill 15")
        found = waitid(IdType.P_ALL, 0, WaitOptions.WEXITED)
        assert found is not None
        # All that a real 5.9 fills.
        assert (found.code, found.pid, found.status) == (CldCode.CLD_KILLED, 0, 0)
        with pytest.raises(ChildProcessError):
            wait(pid)
        started("rest")
        assert waitid(IdType.P_ALL, 0, WaitOptions.WEXITED | WaitOptions.WNOHANG) is None


# -- ptrace -------------------------------------------------------------------------------------


class TestPtrace:
    def test_registers_and_memory(self, tracee: int) -> None:
        regs = ptrace.getregs(tracee)
        assert regs.pc == regs.rip
        regs.r15 = 0x1234
        ptrace.setregs(tracee, regs)
        assert ptrace.getregs(tracee).r15 == 0x1234
        word = int.from_bytes(ptrace.read(tracee, regs.rip, 4), "little", signed=True)
        assert word == ptrace.read_d(tracee, regs.rip) == ptrace.read_i(tracee, regs.rip)
        ptrace.write(tracee, regs.rsp - 64, b"words of the stack")
        assert procfs.read_mem(tracee, regs.rsp - 64, 18) == b"words of the stack"
        debug = ptrace.getdbregs(tracee)
        ptrace.setdbregs(tracee, debug)
        assert ptrace.getdbregs(tracee) == debug
        floating = ptrace.getfpregs(tracee)
        ptrace.setfpregs(tracee, floating)
        assert ptrace.getfpregs(tracee) == floating

    def test_memory_that_is_not_there(self, tracee: int) -> None:
        with pytest.raises(KernelError) as caught:
            ptrace.read(tracee, 0x10, 8)
        assert caught.value.name in ("EFAULT", "EINVAL")
        with pytest.raises(KernelError) as caught:
            procfs.read_mem(tracee, 0x10, 8)
        assert caught.value.name == "EFAULT"

    def test_detached_it_runs_on(self, machine: DragonFly, tracee: int) -> None:
        ptrace.detach(tracee)
        machine.settle(0.01)
        found = kinfo.process(tracee)
        assert (found.stat, found.flags & ProcFlags.P_TRACED) == (ProcState.SACTIVE, ProcFlags(0))
        assert found.lwp.stat is LwpState.LSRUN

    @pytest.mark.parametrize(("ask", "name", "reason"), [
        (lambda pid: ptrace.attach(pid), "EBUSY", "it is traced already"),
        (lambda pid: ptrace.attach(99998), "ESRCH", "no process with this id"),
        (lambda pid: ptrace.attach(1), "EINVAL", "a system process"),
        (lambda pid: ptrace.getregs(1), "EINVAL", "a system process"),
    ])
    def test_refused(self, tracee: int, ask: Callable[[int], object], name: str,
                     reason: str) -> None:
        with pytest.raises(KernelError, match=reason) as caught:
            ask(tracee)
        assert caught.value.name == name

    def test_oneself(self, machine: DragonFly) -> None:
        with pytest.raises(KernelError, match="a process cannot trace itself"):
            ptrace.attach(machine.getpid())

    def test_not_traced(self, started: Started) -> None:
        with pytest.raises(PermissionError, match="PT_ATTACH comes first"):
            ptrace.getregs(started("spin"))

    def test_not_stopped(self, tracee: int) -> None:
        ptrace.cont(tracee)
        with pytest.raises(KernelError, match="it is not stopped") as caught:
            ptrace.getregs(tracee)
        assert caught.value.name == "EBUSY"

    def test_not_waited_for(self, machine: DragonFly, started: Started) -> None:
        pid = started("spin")
        ptrace.attach(pid)
        machine.settle(0.01)
        with pytest.raises(KernelError, match="not been waited for") as caught:
            ptrace.getregs(pid)
        assert caught.value.name == "EBUSY"

    def test_another_users(self, machine: DragonFly, started: Started) -> None:
        pid = started("rest")

        def attach(kernel: Kernel) -> tuple[str, str]:
            try:
                ptrace.attach(pid, kernel=kernel)
            except KernelError as error:
                return error.name, str(error.reason)
            return "", ""

        assert machine.run_child(attach, uid=1001) == (
            "EPERM", "it runs as user 0, the caller as 1001")


# -- procfs -------------------------------------------------------------------------------------


class TestProcfs:
    def test_every_node(self, tracee: int) -> None:
        assert set(procfs.nodes(tracee)) == set(procfs.node_modes()) - {"curproc"}
        status = procfs.status(tracee)
        assert (status.name, status.pid, status.uid) == ("act", tracee, 0)
        limits = procfs.rlimit(tracee)
        assert limits
        assert all(not isinstance(name, str) for name in limits)
        assert procfs.regs(tracee) == ptrace.getregs(tracee)
        assert procfs.fpregs(tracee) == ptrace.getfpregs(tracee)
        assert procfs.dbregs(tracee) == ptrace.getdbregs(tracee)
        assert [one.start for one in procfs.map(tracee)] == sorted(
            one.start for one in procfs.map(tracee))

    def test_registers_are_set(self, tracee: int) -> None:
        regs = procfs.regs(tracee)
        regs.r14 = 0x55
        procfs.set_regs(tracee, regs)
        assert ptrace.getregs(tracee) == regs
        procfs.set_fpregs(tracee, procfs.fpregs(tracee))
        procfs.set_dbregs(tracee, procfs.dbregs(tracee))

    def test_memory_is_written(self, tracee: int) -> None:
        stack = procfs.regs(tracee).rsp - 64
        assert procfs.write_mem(tracee, stack, b"by procfs") == 9
        assert ptrace.read(tracee, stack, 9) == b"by procfs"

    def test_a_running_ones_registers_are_not_set(self, started: Started) -> None:
        pid = started("spin")
        with pytest.raises(KernelError) as caught:
            procfs.set_regs(pid, procfs.regs(pid))
        assert caught.value.name == "EBUSY"

    @pytest.mark.parametrize("send", [procfs.note, procfs.notepg])
    def test_notes(self, started: Started, send: Callable[[int, bytes], int]) -> None:
        with pytest.raises(KernelError) as caught:
            send(started("rest"), b"hello")
        assert caught.value.name == "EOPNOTSUPP"

    @pytest.mark.parametrize("ask", [
        procfs.status, procfs.map, procfs.cmdline, procfs.regs, procfs.file, procfs.nodes])
    def test_gone(self, started: Started, ask: Callable[[int], object]) -> None:
        dead = started("exit 0")
        for pid in (99998, dead):
            with pytest.raises(procfs.NoProcess):
                ask(pid)

    @pytest.mark.parametrize("ask", [procfs.map, procfs.regs, procfs.fpregs, procfs.dbregs,
                                     procfs.etype])
    def test_hidden(self, ask: Callable[[int], object]) -> None:
        with pytest.raises(procfs.Hidden):
            ask(1)

    def test_forbidden(self, machine: DragonFly, started: Started) -> None:
        pid = started("rest")

        def ask(kernel: Kernel) -> str:
            assert procfs.status(pid, kernel=kernel).uid == 0
            with pytest.raises(procfs.Forbidden):
                procfs.regs(pid, kernel=kernel)
            with pytest.raises(procfs.Forbidden):
                procfs.read_mem(pid, 0x1000, 8, kernel=kernel)
            with pytest.raises(procfs.Forbidden):
                procfs.ctl(pid, Signal.SIGTERM, kernel=kernel)
            return procfs.file(pid, kernel=kernel)

        assert machine.run_child(ask, uid=1001) == "/bin/act"

    def test_control(self, machine: DragonFly, started: Started) -> None:
        pid = started("spin")
        procfs.ctl(pid, Control.ATTACH)
        machine.settle(0.01)
        with pytest.raises(KernelError) as caught:
            procfs.ctl(pid, Control.ATTACH)
        assert caught.value.name == "EBUSY"
        procfs.ctl(pid, Control.RUN)
        with pytest.raises(KernelError) as caught:
            procfs.ctl(pid, Control.STEP)
        assert caught.value.name == "EBUSY"

    def test_what_the_kernel_does_not_survive_is_not_asked(
            self, machine: DragonFly, started: Started) -> None:
        with pytest.raises(ValueError, match="process 0"):
            procfs.ctl(0, Control.ATTACH)
        pid = started("spin")
        with pytest.raises(NotSupported, match="never wake the caller"):
            procfs.ctl(pid, Control.WAIT)
        procfs.ctl(pid, Control.ATTACH)
        machine.settle(0.01)
        with pytest.raises(NotSupported, match="process 0 the parent"):
            procfs.ctl(pid, Control.DETACH)

    def test_a_signal_by_name(self, started: Started) -> None:
        pid = started("rest")
        procfs.ctl(pid, Signal.SIGUSR1)
        assert wait(pid) == Signaled(pid, Signal.SIGUSR1, core=False, raw=30)

    def test_mounted_and_unmounted(self, machine: DragonFly) -> None:
        assert procfs.statvfs().fstype == "procfs"
        procfs.mount("/proc", MountFlags.MNT_RDONLY)
        assert MountFlags.MNT_RDONLY in procfs.statvfs().flags
        procfs.unmount()
        assert procfs.curproc() == machine.getpid()
        procfs.unmount()
        with pytest.raises(FileNotFoundError):
            procfs.curproc()
        with pytest.raises(KernelError):
            procfs.unmount()
        procfs.mount()
        assert machine.getpid() in procfs.pids()

