"""Processes, signals, LWPs and waiting, without a tracer."""

from __future__ import annotations

import struct
from pathlib import Path

import pytest

from bsdproc.emulator import NetBSD
from bsdproc.kernel.errors import NotSupported
from bsdproc.kernel.port import Kernel

from .stage import (
    PROGRAM,
    SIGCONT,
    SIGFPE,
    SIGILL,
    SIGKILL,
    SIGSEGV,
    SIGSTOP,
    SIGTERM,
    SIGTRAP,
    SIGUSR1,
    WCONTINUED,
    WNOHANG,
    WUNTRACED,
    exited,
    refused,
    run,
    stopped,
)

WEXITED, WTRAPPED, WNOWAIT, WNOZOMBIE = 0x20, 0x40, 0x10000, 0x20000
P_ALL, P_PID, P_PGID = 0, 1, 4
P_MYID = -1
SIGSYS = 12
ETIMEDOUT, EALREADY = 60, 37
FREEBSD = Path(__file__).parents[3] / "examples" / "programs" / "bin" / "hello"


def status(kernel: Kernel, *arguments: str) -> int:
    return kernel.wait4(run(kernel, *arguments)).status


# -- what kernel it is ---------------------------------------------------------------
def test_it_is_netbsd_10(kernel: NetBSD) -> None:
    assert (kernel.system, kernel.machine, kernel.release, kernel.version) == (
        "netbsd", "amd64", "10.0", 1000000000)
    assert kernel.sysctl("kern.ostype") == b"NetBSD\0"
    assert struct.unpack("<i", kernel.sysctl((1, 3))) == (1000000000,)


def test_other_machines_and_revisions_there_are_not() -> None:
    with pytest.raises(ValueError, match="sparc64"):
        NetBSD("sparc64")
    with pytest.raises(ValueError, match=r"1\.113"):
        NetBSD(procfs_revision="1.113")     # type: ignore[arg-type]


def test_programs_of_other_systems_are_refused_by_name(kernel: NetBSD) -> None:
    kernel.install("/bin/other", FREEBSD)
    assert refused(lambda: kernel.spawn("/bin/other", ["other"])) == "ENOEXEC"
    assert any("program of freebsd" in line for line in kernel.log)


def test_there_is_no_procctl(kernel: NetBSD) -> None:
    with pytest.raises(NotSupported, match="procctl"):
        kernel.procctl(0, 0, 2, 0)


# -- the ends of processes -------------------------------------------------------------
@pytest.mark.parametrize(("part", "signal"), [
    ("int3", SIGTRAP), ("ud2", SIGILL), ("divide", SIGFPE), ("wild", SIGSEGV), ("hlt", SIGSEGV),
    ("kill", SIGUSR1), ("unknown", SIGSYS)])
def test_signals_end_processes(kernel: NetBSD, part: str, signal: int) -> None:
    assert status(kernel, part) & 0x7F == signal


def test_an_unknown_call_is_named_in_the_log(kernel: NetBSD) -> None:
    run(kernel, "unknown")
    kernel.settle(0.1)
    assert any("system call 500" in line for line in kernel.log)


def test_sigpwr_is_nobodys_end(kernel: NetBSD) -> None:
    assert status(kernel, "power") == exited(0)


def test_realtime_signals_have_handlers(kernel: NetBSD) -> None:
    assert status(kernel, "realtime") == exited(40)


def test_no_signal_has_number_64(kernel: NetBSD) -> None:
    pid = run(kernel, "nap")
    assert refused(lambda: kernel.kill(pid, 64)) == "EINVAL"
    kernel.kill(pid, 63)
    assert kernel.wait4(pid).status == 63


# -- handlers -----------------------------------------------------------------------------
def test_a_handler_returns_through_the_programs_trampoline(kernel: NetBSD) -> None:
    assert status(kernel, "handler") == exited(SIGUSR1)


@pytest.mark.parametrize("part", ["siginfo", "lwpsignal"])
def test_a_handler_is_told_who_sent_it(kernel: NetBSD, part: str) -> None:
    assert status(kernel, part) == exited(1)


# -- children -------------------------------------------------------------------------------
@pytest.mark.parametrize(("part", "code"), [("fork", 5), ("vfork", 5), ("clone", 6)])
def test_children_are_waited_for(kernel: NetBSD, part: str, code: int) -> None:
    assert status(kernel, part) == exited(code)


def test_posix_spawn(kernel: NetBSD) -> None:
    assert status(kernel, "spawn") == exited(SIGUSR1)


def test_an_exec_takes_the_process_over(kernel: NetBSD) -> None:
    assert status(kernel, "exec") == exited(SIGUSR1)


def test_mmap_takes_its_pad(kernel: NetBSD) -> None:
    assert status(kernel, "mmap") == exited(7)


# -- LWPs -------------------------------------------------------------------------------------
def test_an_lwp_is_waited_for(kernel: NetBSD) -> None:
    assert status(kernel, "lwp") == exited(1)


def test_a_park_times_out(kernel: NetBSD) -> None:
    assert status(kernel, "park") == exited(ETIMEDOUT)


def test_an_unpark_before_the_park_is_kept(kernel: NetBSD) -> None:
    assert status(kernel, "unpark") == exited(EALREADY)


# -- stops and waits -----------------------------------------------------------------------------
def test_a_stop_is_for_who_asks(kernel: NetBSD) -> None:
    pid = run(kernel, "nap")
    kernel.kill(pid, SIGSTOP)
    kernel.settle(0.1)
    assert kernel.wait4(pid, WNOHANG).pid == 0
    assert kernel.wait4(pid, WUNTRACED).status == stopped(SIGSTOP)
    assert kernel.wait4(pid, WUNTRACED | WNOHANG).pid == 0


def test_a_continued_process_says_ffff(kernel: NetBSD) -> None:
    pid = run(kernel, "stop")
    kernel.wait4(pid, WUNTRACED)
    kernel.kill(pid, SIGCONT)
    assert kernel.wait4(pid, WCONTINUED).status == 0xFFFF


def test_sigkill_ends_a_stopped_process(kernel: NetBSD) -> None:
    pid = run(kernel, "stop")
    kernel.wait4(pid, WUNTRACED)
    kernel.kill(pid, SIGKILL)
    assert kernel.wait4(pid).status == SIGKILL


def test_other_signals_wait_while_it_is_stopped(kernel: NetBSD) -> None:
    pid = run(kernel, "stop")
    kernel.wait4(pid, WUNTRACED)
    kernel.kill(pid, SIGTERM)
    kernel.settle(0.1)
    assert kernel.wait4(pid, WNOHANG).pid == 0
    kernel.kill(pid, SIGCONT)
    assert kernel.wait4(pid).status == SIGTERM


def test_wait6_takes_some_option(kernel: NetBSD) -> None:
    run(kernel, "")
    assert refused(lambda: kernel.wait6(P_ALL, 0, 0)) == "EINVAL"
    assert refused(lambda: kernel.wait6(P_ALL, 0, WEXITED | 0x1000)) == "EINVAL"
    assert refused(lambda: kernel.wait6(2, 0, WEXITED)) == "ECHILD"     # P_LWPID: nobody is


def test_wait6_tells_of_the_child(kernel: NetBSD) -> None:
    pid = run(kernel, "fork")
    found = kernel.wait6(P_PID, pid, WEXITED | WNOWAIT)
    assert (found.pid, found.status) == (pid, exited(5))
    assert struct.unpack_from("<iii4xiIi", found.siginfo) == (20, 1, 0, pid, 0, 5)
    assert kernel.wait4(pid).pid == pid


def test_no_child_no_wait(kernel: NetBSD) -> None:
    assert refused(lambda: kernel.wait4(-1)) == "ECHILD"
    run(kernel, "")
    assert refused(lambda: kernel.wait4(99999)) == "ECHILD"


def test_a_wait_for_ones_group(kernel: NetBSD) -> None:
    """It is 0, of a pid as well; P_MYID is nobody's."""
    for idtype in (P_PGID, P_PID):
        pid = run(kernel, "")
        assert kernel.wait6(idtype, 0, WEXITED).pid == pid
    run(kernel, "")
    assert refused(lambda: kernel.wait6(P_PGID, P_MYID, WEXITED)) == "ECHILD"
    assert kernel.wait4(0).pid


def test_a_zombie_is_nobody_without_wexited(kernel: NetBSD) -> None:
    pid = run(kernel, "")
    kernel.settle(0.01)
    assert refused(lambda: kernel.wait6(P_PID, pid, WTRAPPED | WUNTRACED)) == "ECHILD"
    assert refused(lambda: kernel.wait6(P_ALL, 0, WTRAPPED)) == "ECHILD"
    other = run(kernel, "nap")
    assert kernel.wait6(P_ALL, 0, WTRAPPED | WNOHANG).pid == 0
    kernel.kill(other, SIGKILL)
    assert {kernel.wait4(-1).pid, kernel.wait4(-1).pid} == {pid, other}


def test_zombies_that_are_not_wanted_are_there(kernel: NetBSD) -> None:
    pid = run(kernel, "")
    kernel.settle(0.01)
    assert kernel.wait6(P_PID, pid, WEXITED | WNOZOMBIE | WNOHANG).pid == 0
    assert kernel.wait4(pid).pid == pid


def test_a_stopped_tracee_answers_to_either(kernel: NetBSD) -> None:
    pid = run(kernel, "", traced=True)
    for wanted in (WTRAPPED, WUNTRACED):
        assert kernel.wait6(P_PID, pid, wanted | WNOWAIT).status == stopped(SIGTRAP)


# -- credentials -----------------------------------------------------------------------------------
def test_a_set_id_program_runs_as_its_owner(kernel: NetBSD) -> None:
    kernel.chown(PROGRAM, 100, 100)
    kernel.chmod(PROGRAM, 0o4755)
    assert status(kernel, "uid") == exited(100)


def test_signals_are_for_ones_own_processes(kernel: NetBSD) -> None:
    pid = run(kernel, "nap")

    def user(view: Kernel) -> str:
        return refused(lambda: view.kill(pid, SIGTERM))

    assert kernel.run_child(user, uid=1000) == "EPERM"


def test_sigcont_goes_anywhere_in_the_session(kernel: NetBSD) -> None:
    pid = run(kernel, "nap")

    def user(view: Kernel) -> str:
        return refused(lambda: view.kill(pid, SIGCONT))

    assert kernel.run_child(user, uid=1000) == ""


# -- init --------------------------------------------------------------------------------
def test_init_outlives_its_tracer(kernel: NetBSD) -> None:
    def tracer(view: Kernel) -> int:
        view.ptrace(9, 1, 0, 0)
        return view.wait4(1).status

    assert kernel.run_child(tracer) == stopped(SIGSTOP)
    assert any("pid 1 was killed" in line for line in kernel.log)
    kernel.kill(1, 0)
    assert kernel.wait4(run(kernel, "fork")).status == exited(5)


def test_orphans_are_inits(kernel: NetBSD) -> None:
    pid = kernel.run_child(lambda view: run(view, "nap"))
    record = kernel.sysctl((1, 47, 1, pid, 680, 1))
    assert struct.unpack_from("<i", record, 120) == (1,)


