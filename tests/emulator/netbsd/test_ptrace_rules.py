"""Who may ask what of whom, and in which order it is looked at: ptrace_find,
ptrace_allowed and the credentials' say."""

from __future__ import annotations

import struct

import pytest

from bsdproc.emulator import NetBSD
from bsdproc.emulator.bsd.state import P
from bsdproc.kernel.port import Kernel

from .stage import (
    ACTOR,
    PROGRAM,
    PT_ATTACH,
    PT_CLEARSTEP,
    PT_CONTINUE,
    PT_DETACH,
    PT_DUMPCORE,
    PT_GET_EVENT_MASK,
    PT_GET_PROCESS_STATE,
    PT_GET_SIGINFO,
    PT_GET_SIGPASS,
    PT_GETDBREGS,
    PT_GETFPREGS,
    PT_GETREGS,
    PT_IO,
    PT_KILL,
    PT_LWPINFO,
    PT_LWPNEXT,
    PT_LWPSTATUS,
    PT_READ_D,
    PT_READ_I,
    PT_RESUME,
    PT_SET_EVENT_MASK,
    PT_SET_SIGINFO,
    PT_SET_SIGPASS,
    PT_SETDBREGS,
    PT_SETFPREGS,
    PT_SETREGS,
    PT_SETSTEP,
    PT_STEP,
    PT_STOP,
    PT_SUSPEND,
    PT_SYSCALL,
    PT_SYSCALLEMU,
    PT_TRACE_ME,
    PT_WRITE_D,
    PT_WRITE_I,
    SIGKILL,
    SIGSTOP,
    SIGTRAP,
    Tracee,
    exited,
    launch,
    refused,
    run,
    stopped,
)


def asked(kernel: Kernel, request: int, pid: int, size: int = 0) -> str:
    """The error that a request ends with."""
    return refused(lambda: kernel.ptrace(request, pid, kernel.buffer(size) if size else 0, 0))


def attached(kernel: Kernel, pid: int) -> Tracee:
    """A tracee, stopped."""
    kernel.ptrace(PT_ATTACH, pid, 0, 0)
    tracee = Tracee(kernel, pid)
    assert tracee.wait() == stopped(SIGSTOP)
    return tracee


OF_A_TRACEE = (
    PT_READ_I, PT_READ_D, PT_WRITE_I, PT_WRITE_D, PT_CONTINUE, PT_KILL, PT_DETACH, PT_IO,
    PT_DUMPCORE, PT_LWPINFO, PT_SYSCALL, PT_SYSCALLEMU, PT_SET_EVENT_MASK, PT_GET_EVENT_MASK,
    PT_GET_PROCESS_STATE, PT_SET_SIGINFO, PT_GET_SIGINFO, PT_RESUME, PT_SUSPEND, PT_STOP,
    PT_LWPSTATUS, PT_LWPNEXT, PT_SET_SIGPASS, PT_GET_SIGPASS, PT_STEP, PT_GETREGS, PT_SETREGS,
    PT_GETFPREGS, PT_SETFPREGS, PT_GETDBREGS, PT_SETDBREGS, PT_SETSTEP, PT_CLEARSTEP)


@pytest.mark.parametrize("request_", OF_A_TRACEE)
@pytest.mark.rule("netbsd-sys_ptrace_common", "ask-untraced")
def test_every_request_wants_a_traced_process(kernel: NetBSD, request_: int) -> None:
    pid = run(kernel, "nap")
    assert refused(lambda: kernel.ptrace(request_, pid, 0, 0)) == "EPERM"


@pytest.mark.parametrize("request_", [r for r in OF_A_TRACEE if r not in (PT_KILL, PT_STOP)])
@pytest.mark.rule("netbsd-sys_ptrace_common", "ask-running")
def test_a_running_tracee_is_busy(kernel: NetBSD, request_: int) -> None:
    tracee = launch(kernel, "nap")
    tracee.ask(PT_CONTINUE)
    assert refused(lambda: tracee.ask(request_, 0, 0)) == "EBUSY"


@pytest.mark.rule("netbsd-sys_ptrace_common", "ask-kill", "kill")
def test_a_running_tracee_can_be_killed(kernel: NetBSD) -> None:
    tracee = launch(kernel, "nap")
    tracee.ask(PT_CONTINUE)
    tracee.ask(PT_KILL)
    assert tracee.wait() == SIGKILL


@pytest.mark.rule("netbsd-sys_ptrace_common", "ask-kill", "stop")
def test_a_running_tracee_can_be_stopped(kernel: NetBSD) -> None:
    tracee = launch(kernel, "nap")
    tracee.ask(PT_CONTINUE)
    tracee.ask(PT_STOP)
    assert tracee.wait() == stopped(SIGSTOP)


@pytest.mark.rule("netbsd-sys_ptrace_common", "ask-running")
def test_a_stop_that_was_not_waited_for_is_busy(kernel: NetBSD) -> None:
    pid = run(kernel, "nap")
    kernel.ptrace(PT_ATTACH, pid, 0, 0)
    assert refused(lambda: kernel.ptrace(PT_GETREGS, pid, kernel.buffer(208), 0)) == "EBUSY"
    assert kernel.wait4(pid).status == stopped(SIGSTOP)
    assert refused(lambda: kernel.ptrace(PT_GETREGS, pid, kernel.buffer(208), 0)) == ""


@pytest.mark.rule("netbsd-sys_ptrace_common", "ask-anothers")
def test_another_tracers_process_is_busy(kernel: NetBSD) -> None:
    tracee = launch(kernel, "nap")

    def other(view: Kernel) -> str:
        return refused(lambda: view.ptrace(PT_CONTINUE, tracee.pid, 1, 0))

    assert kernel.run_child(other) == "EBUSY"


@pytest.mark.rule("netbsd-sys_ptrace_common", "find-pid", "ask-unknown")
def test_a_dead_pid_comes_before_an_unknown_request(kernel: NetBSD) -> None:
    assert refused(lambda: kernel.ptrace(12345, 99999, 0, 0)) == "ESRCH"
    pid = run(kernel, "nap")
    assert refused(lambda: kernel.ptrace(12345, pid, 0, 0)) == "EINVAL"


@pytest.mark.rule("netbsd-sys_ptrace_common", "find-pid")
def test_a_zombie_is_not_there(kernel: NetBSD) -> None:
    pid = run(kernel, "")
    kernel.settle(0.1)
    assert refused(lambda: kernel.ptrace(PT_ATTACH, pid, 0, 0)) == "ESRCH"


# -- PT_TRACE_ME ---------------------------------------------------------------
@pytest.mark.rule("netbsd-sys_ptrace_common", "find-me", "me-init")
def test_a_child_of_init_cannot_be_traced_by_its_parent(kernel: NetBSD) -> None:
    assert refused(lambda: kernel.ptrace(PT_TRACE_ME, 0, 0, 0)) == "EPERM"


@pytest.mark.rule("netbsd-sys_ptrace_common", "me", "me-traced")
def test_trace_me_twice_is_busy(kernel: NetBSD) -> None:
    def child(view: Kernel) -> list[str]:
        return [refused(lambda: view.ptrace(PT_TRACE_ME, 0, 0, 0)) for _ in range(2)]

    assert kernel.run_child(child) == ["", "EBUSY"]


# -- PT_ATTACH -------------------------------------------------------------------
@pytest.mark.rule("netbsd-sys_ptrace_common", "attach-self")
def test_attach_to_oneself(kernel: NetBSD) -> None:
    assert refused(lambda: kernel.ptrace(PT_ATTACH, kernel.getpid(), 0, 0)) == "EINVAL"


@pytest.mark.rule("netbsd-sys_ptrace_common", "attach-system")
def test_attach_to_the_kernel(kernel: NetBSD) -> None:
    assert refused(lambda: kernel.ptrace(PT_ATTACH, 0, 0, 0)) == "EPERM"


@pytest.mark.rule("netbsd-sys_ptrace_common", "attach-traced")
def test_attach_to_a_tracee(kernel: NetBSD) -> None:
    tracee = launch(kernel, "nap")
    assert refused(lambda: kernel.ptrace(PT_ATTACH, tracee.pid, 0, 0)) == "EBUSY"


@pytest.mark.rule("netbsd-sys_ptrace_common", "owner-root")
def test_root_may_attach_to_init(kernel: NetBSD) -> None:
    kernel.ptrace(PT_ATTACH, 1, 0, 0)
    assert refused(lambda: kernel.ptrace(PT_ATTACH, 1, 0, 0)) == "EBUSY"


@pytest.mark.rule("netbsd-sys_ptrace_common", "owner-init")
def test_above_securelevel_minus_1_nobody_traces_init(kernel: NetBSD) -> None:
    """secmodel_securelevel_process_cb."""
    kernel.sysctl("kern.securelevel", new=struct.pack("<i", 0))
    assert refused(lambda: kernel.ptrace(PT_ATTACH, 1, 0, 0)) == "EPERM"


@pytest.mark.rule("netbsd-sys_ptrace_common", "owner")
def test_attach_to_another_users_process(kernel: NetBSD) -> None:
    pid = run(kernel, "nap")

    def user(view: Kernel) -> str:
        return refused(lambda: view.ptrace(PT_ATTACH, pid, 0, 0))

    assert kernel.run_child(user, uid=1000) == "EPERM"


@pytest.mark.rule("netbsd-sys_ptrace_common", "attach-traced")
def test_being_traced_comes_before_the_owner(kernel: NetBSD) -> None:
    tracee = launch(kernel, "nap")

    def user(view: Kernel) -> str:
        return refused(lambda: view.ptrace(PT_ATTACH, tracee.pid, 0, 0))

    assert kernel.run_child(user, uid=1000) == "EBUSY"


@pytest.mark.rule("netbsd-sys_ptrace_common", "owner-sugid")
def test_a_set_id_process_is_not_its_users(kernel: NetBSD) -> None:
    kernel.chmod("/bin/actor", 0o4755)

    def user(view: Kernel) -> str:
        pid = run(view, "nap")
        return refused(lambda: view.ptrace(PT_ATTACH, pid, 0, 0))

    assert kernel.run_child(user, uid=1000) == "EPERM"


@pytest.mark.parametrize(("real", "effective", "answer"), [
    (1000, 0, ""), (1000, 1001, ""), (0, 1000, "EPERM"), (1001, 1000, "EPERM")])
@pytest.mark.rule("netbsd-sys_ptrace_common", "owner")
def test_the_owner_is_the_real_user(
        kernel: NetBSD, real: int, effective: int, answer: str) -> None:
    """kauth_cred_getuid in ptrace_listener_cb, of both: the effective ids do not matter."""
    pid = run(kernel, "nap", uid=1000)
    owner = kernel._system.find_proc(pid)
    owner.cred = owner.cred.copy(ruid=real, uid=effective)

    def user(view: Kernel) -> str:
        me = kernel._system.find_proc(view.getpid())
        me.cred = me.cred.copy(uid=1002)
        return refused(lambda: view.ptrace(PT_ATTACH, pid, 0, 0))

    assert kernel.run_child(user, uid=1000) == answer


@pytest.mark.rule("netbsd-sys_ptrace_common", "attach")
def test_the_attached_is_the_tracers_child(kernel: NetBSD) -> None:
    """To wait for; it says that its parent is the one that it had."""
    pid = run(kernel, "nap")

    def tracer(view: Kernel) -> tuple[int, int]:
        view.ptrace(PT_ATTACH, pid, 0, 0)
        status = view.wait4(pid).status
        parent = struct.unpack_from("<i", view.sysctl((1, 47, 1, pid, 680, 1)), 120)[0]
        view.ptrace(PT_DETACH, pid, 1, 0)
        return status, parent

    assert kernel.run_child(tracer) == (stopped(SIGSTOP), kernel.getpid())
    parent = struct.unpack_from("<i", kernel.sysctl((1, 47, 1, pid, 680, 1)), 120)[0]
    assert parent == kernel.getpid()


def test_tracees_of_a_tracer_that_ends_are_killed(kernel: NetBSD) -> None:
    pid = run(kernel, "nap")

    def tracer(view: Kernel) -> None:
        view.ptrace(PT_ATTACH, pid, 0, 0)
        view.wait4(pid)

    kernel.run_child(tracer)
    assert kernel.wait4(pid).status == SIGKILL
    assert any("orphaned traced process" in line for line in kernel.log)


@pytest.mark.rule("netbsd-sys_ptrace_common", "attach-chroot")
def test_a_chrooted_tracer_sees_nobody_outside(kernel: NetBSD) -> None:
    kernel.mkdir("/jail")
    pid = run(kernel, "nap")

    def jailed(view: Kernel) -> str:
        system = kernel._system
        system.find_proc(view.getpid()).root = "/jail"
        return refused(lambda: view.ptrace(PT_ATTACH, pid, 0, 0))

    assert kernel.run_child(jailed) == "EPERM"


@pytest.mark.rule("netbsd-sys_ptrace_common", "find-unseen")
def test_curtain_hides_other_users(kernel: NetBSD) -> None:
    kernel.sysctl("security.curtain", new=struct.pack("<i", 1))
    pid = run(kernel, "nap")

    def user(view: Kernel) -> str:
        return refused(lambda: view.ptrace(PT_ATTACH, pid, 0, 0))

    assert kernel.run_child(user, uid=1000) == "ESRCH"


@pytest.mark.rule("netbsd-sys_ptrace_common", "owner-dbregs")
def test_debug_registers_are_roots_to_set(kernel: NetBSD) -> None:
    def user(view: Kernel) -> tuple[str, str]:
        tracee = attached(view, run(view, "nap"))
        registers = tracee.fetch(PT_GETDBREGS, 128, 0)
        denied = refused(lambda: tracee.put(PT_SETDBREGS, registers, 0))
        kernel.sysctl("security.models.extensions.user_set_dbregs", new=struct.pack("<i", 1))
        return denied, refused(lambda: tracee.put(PT_SETDBREGS, registers, 0))

    assert kernel.run_child(user, uid=1000) == ("EPERM", "")


@pytest.mark.rule("netbsd-sys_ptrace_common", "owner-dbregs")
def test_debug_registers_are_the_real_roots(kernel: NetBSD) -> None:
    """The listener denies them to who has become root, and no other model can allow what
    one of them denies."""
    def user(view: Kernel) -> str:
        tracee = attached(view, run(view, "nap"))
        me = kernel._system.find_proc(view.getpid())
        me.cred = me.cred.copy(uid=0)
        return refused(lambda: tracee.put(PT_SETDBREGS, tracee.fetch(PT_GETDBREGS, 128, 0), 0))

    assert kernel.run_child(user, uid=1000) == "EPERM"


def test_an_exec_of_a_set_id_program_gives_a_tracee_no_ids(kernel: NetBSD) -> None:
    kernel.install("/bin/suid", ACTOR)
    kernel.chmod("/bin/suid", 0o4755)

    def user(view: Kernel) -> tuple[int, int, int]:
        free = view.wait4(view.spawn("/bin/suid", ["suid", "uid"], {})).status
        tracee = attached(view, view.spawn(PROGRAM, ["/bin/suid", "exec"], {}))
        assert tracee.go() == stopped(SIGTRAP)
        record = view.sysctl((1, 47, 1, tracee.pid, 680, 1))
        return (free, *struct.unpack_from("<II", record, 136))

    assert kernel.run_child(user, uid=100) == (exited(0), 100, 100)


@pytest.mark.rule("netbsd-sys_ptrace_common", "owner-sugid", "owner-looks")
def test_who_left_root_without_an_exec_cannot_be_traced(kernel: NetBSD) -> None:
    def user(view: Kernel) -> str:
        return refused(lambda: view.ptrace(PT_TRACE_ME, 0, 0, 0))

    def child_of_the_tests(view: Kernel) -> str:
        return view.run_child(user, uid=1000)

    assert kernel.run_child(child_of_the_tests) == "EPERM"


# -- the order of it -----------------------------------------------------------------
@pytest.mark.rule("netbsd-sys_ptrace_common", "busy")
def test_one_in_the_middle_of_an_execve_is_busy(kernel: NetBSD) -> None:
    """p_reflock is held for writing: that comes before all but whether it is there."""
    pid = run(kernel, "nap")
    kernel._system.find_proc(pid).flag |= P.INEXEC
    for request in (PT_ATTACH, PT_CONTINUE, 12345):
        assert asked(kernel, request, pid) == "EBUSY"


@pytest.mark.rule("netbsd-sys_ptrace_common", "attach-vfork")
def test_a_vforks_child_does_not_attach_to_its_parent(kernel: NetBSD) -> None:
    pid, me = run(kernel, "nap"), kernel.getpid()

    def child(view: Kernel) -> list[str]:
        kernel._system.find_proc(view.getpid()).flag |= P.PPWAIT
        return [asked(view, PT_ATTACH, other) for other in (me, pid)]

    assert kernel.run_child(child) == ["EPERM", ""]


@pytest.mark.rule("netbsd-sys_ptrace_common", "ask-chroot", "ask-anothers")
def test_the_root_is_looked_at_before_the_tracer(kernel: NetBSD) -> None:
    """For what looks inside alone; whose tracee it is comes next."""
    kernel.mkdir("/jail")
    tracee = launch(kernel, "nap")
    inside = {PT_READ_I, PT_READ_D, PT_WRITE_I, PT_WRITE_D, PT_IO, PT_SET_SIGINFO, PT_GET_SIGINFO,
              *range(PT_GETREGS, PT_SETDBREGS + 1)}

    def jailed(view: Kernel) -> dict[int, str]:
        kernel._system.find_proc(view.getpid()).root = "/jail"
        return {request: asked(view, request, tracee.pid) for request in OF_A_TRACEE}

    assert kernel.run_child(jailed) == {
        request: "EPERM" if request in inside else "EBUSY" for request in OF_A_TRACEE}


@pytest.mark.rule("netbsd-sys_ptrace_common", "owner-looks", "owner-sugid")
def test_a_tracer_that_is_the_owner_no_more(kernel: NetBSD) -> None:
    """The credentials are looked at with each request that looks inside or at events; the
    rest of them is for every tracer."""
    free = {PT_CONTINUE, PT_KILL, PT_DETACH, PT_DUMPCORE, PT_LWPINFO, PT_SYSCALL, PT_SYSCALLEMU,
            PT_RESUME, PT_SUSPEND, PT_STOP, PT_LWPSTATUS, PT_LWPNEXT, PT_SET_SIGPASS,
            PT_GET_SIGPASS, PT_STEP, PT_SETSTEP, PT_CLEARSTEP}

    def user(view: Kernel) -> dict[int, bool]:
        found = {}
        for request in OF_A_TRACEE:
            tracee = attached(view, run(view, "nap"))
            kernel._system.find_proc(tracee.pid).flag |= P.SUGID
            found[request] = asked(view, request, tracee.pid, 512) != "EPERM"
            view.kill(tracee.pid, SIGKILL)
        return found

    assert kernel.run_child(user, uid=1000) == {
        request: request in free for request in OF_A_TRACEE}
