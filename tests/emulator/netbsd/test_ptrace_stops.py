"""Stops, and how a process goes on from them: signals, steps, system calls."""

from __future__ import annotations

import struct

import pytest

from bsdproc.emulator import NetBSD

from .stage import (
    FORK,
    PT_ATTACH,
    PT_CLEARSTEP,
    PT_CONTINUE,
    PT_DETACH,
    PT_GET_EVENT_MASK,
    PT_GET_SIGINFO,
    PT_GET_SIGPASS,
    PT_KILL,
    PT_SET_SIGINFO,
    PT_SET_SIGPASS,
    PT_SETDBREGS,
    PT_SETSTEP,
    PT_STEP,
    PT_STOP,
    PT_SYSCALL,
    PT_SYSCALLEMU,
    RAX,
    RFLAGS,
    RIP,
    SIGCHLD,
    SIGFPE,
    SIGILL,
    SIGKILL,
    SIGSEGV,
    SIGSTOP,
    SIGTERM,
    SIGTRAP,
    SIGTSTP,
    SIGUSR1,
    TF,
    Tracee,
    exited,
    launch,
    refused,
    run,
    stopped,
)

TRAP_BRKPT, TRAP_TRACE, TRAP_EXEC, TRAP_CHLD, TRAP_LWP, TRAP_DBREG, TRAP_SCE, TRAP_SCX = (
    range(1, 9))
SI_USER, SI_NOINFO = 0, 32767
GETPPID, CLOSE = 39, 6
SYSCALL = b"\x0f\x05"


# -- the first stop -----------------------------------------------------------------
def test_a_traced_exec_stops_and_says_so(kernel: NetBSD) -> None:
    info = launch(kernel, "").info()
    assert (info.signo, info.code) == (SIGTRAP, TRAP_EXEC)


@pytest.mark.rule("netbsd-kern_sig", "event-info")
def test_an_exec_by_the_program_stops_again(kernel: NetBSD) -> None:
    tracee = launch(kernel, "exec")
    assert tracee.go() == stopped(SIGTRAP)
    assert tracee.info().code == TRAP_EXEC
    assert tracee.registers()[RIP] == tracee.symbol("_start")
    assert tracee.go() == stopped(SIGUSR1)
    assert tracee.go(SIGUSR1) == exited(SIGUSR1)


@pytest.mark.rule("netbsd-sys_ptrace_common", "attach")
def test_attach_stops_with_sigstop(kernel: NetBSD) -> None:
    tracee = Tracee(kernel, run(kernel, "nap"))
    tracee.ask(PT_ATTACH, 0)
    assert tracee.wait() == stopped(SIGSTOP)
    info = tracee.info()
    assert (info.signo, info.code, info.pair()[0]) == (SIGSTOP, SI_USER, kernel.getpid())


@pytest.mark.rule("netbsd-sys_ptrace_common", "attach-stopped")
def test_attach_to_a_stopped_process_reports_it_again(kernel: NetBSD) -> None:
    pid = run(kernel, "stop")
    assert kernel.wait4(pid, 2).status == stopped(SIGSTOP)
    tracee = Tracee(kernel, pid)
    tracee.ask(PT_ATTACH, 0)
    assert tracee.wait() == stopped(SIGSTOP)
    assert tracee.go() == exited(0)


# -- traps ----------------------------------------------------------------------------
@pytest.mark.parametrize(("part", "signal", "code"), [
    ("int3", SIGTRAP, TRAP_BRKPT), ("ud2", SIGILL, 5), ("divide", SIGFPE, 1),
    ("wild", SIGSEGV, 1), ("hlt", SIGSEGV, 2)])
def test_traps_are_signals(kernel: NetBSD, part: str, signal: int, code: int) -> None:
    tracee = launch(kernel, part)
    assert tracee.go() == stopped(signal)
    info = tracee.info()
    assert (info.signo, info.code, info.lwp) == (signal, code, tracee.pid)
    assert tracee.go(signal) & 0x7F == signal


def test_a_fault_tells_where(kernel: NetBSD) -> None:
    tracee = launch(kernel, "wild")
    tracee.go()
    assert struct.unpack_from("<Q", tracee.info().reason) == (0x123000,)


def test_behind_a_breakpoint_the_pc_is_one_further(kernel: NetBSD) -> None:
    tracee = launch(kernel, "nap")
    nap = tracee.symbol("main")
    tracee.io(4, nap, b"\xcc")
    assert tracee.go() == stopped(SIGTRAP)
    assert tracee.registers()[RIP] == nap + 1


def test_a_watched_word_stops_with_dbreg(kernel: NetBSD) -> None:
    tracee = launch(kernel, "loop")
    image = struct.pack("<16Q", tracee.symbol("turns"), 0, 0, 0, 0, 0, 0, 1 | 0xD << 16, *[0] * 8)
    tracee.put(PT_SETDBREGS, image, 0)
    assert tracee.go() == stopped(SIGTRAP)
    assert tracee.info().code == TRAP_DBREG


# -- going on ----------------------------------------------------------------------------
@pytest.mark.rule("netbsd-kern_sig", "take-other")
def test_a_signal_is_exchanged(kernel: NetBSD) -> None:
    tracee = launch(kernel, "kill")
    assert tracee.go() == stopped(SIGUSR1)
    assert tracee.go(SIGTERM) == SIGTERM


@pytest.mark.rule("netbsd-kern_sig", "take-none")
def test_a_signal_is_kept_back(kernel: NetBSD) -> None:
    tracee = launch(kernel, "kill")
    assert tracee.go() == stopped(SIGUSR1)
    assert tracee.go() == exited(0)


@pytest.mark.parametrize("signal", [64, 999])
@pytest.mark.rule("netbsd-sys_ptrace_common", "go-signal")
def test_no_such_signal(kernel: NetBSD, signal: int) -> None:
    tracee = launch(kernel, "")
    assert refused(lambda: tracee.ask(PT_CONTINUE, 1, signal)) == "EINVAL"


@pytest.mark.parametrize("request_", [PT_CONTINUE, PT_STEP, PT_SYSCALL, PT_DETACH])
@pytest.mark.rule("netbsd-sys_ptrace_common", "go-null")
def test_the_pc_null_is_refused(kernel: NetBSD, request_: int) -> None:
    tracee = launch(kernel, "")
    assert refused(lambda: tracee.ask(request_, 0)) == "EINVAL"


@pytest.mark.rule("netbsd-sys_ptrace_common", "go-pc")
def test_a_program_goes_on_elsewhere(kernel: NetBSD) -> None:
    tracee = launch(kernel, "")
    tracee.ask(PT_CONTINUE, tracee.symbol("trampoline") + 10)       # its hlt
    assert tracee.wait() == stopped(SIGSEGV)


@pytest.mark.rule("netbsd-sys_ptrace_common", "go-stop-signal")
def test_a_stop_signal_is_reported_at_once(kernel: NetBSD) -> None:
    tracee = launch(kernel, "")
    assert tracee.go(SIGSTOP) == stopped(SIGSTOP)
    assert tracee.go() == exited(0)


@pytest.mark.rule("netbsd-sys_ptrace_common", "stop")
def test_pt_stop_on_a_stopped_one_reports_it_again(kernel: NetBSD) -> None:
    tracee = launch(kernel, "")
    tracee.ask(PT_STOP)
    assert tracee.wait() == stopped(SIGSTOP)


@pytest.mark.rule("netbsd-sys_ptrace_common", "kill")
def test_kill(kernel: NetBSD) -> None:
    tracee = launch(kernel, "nap")
    tracee.ask(PT_KILL)
    assert tracee.wait() == SIGKILL


@pytest.mark.rule("netbsd-kern_sig", "send-kill")
def test_sigkill_ends_a_stopped_tracee(kernel: NetBSD) -> None:
    tracee = launch(kernel, "nap")
    kernel.kill(tracee.pid, SIGKILL)
    assert tracee.wait() == SIGKILL


@pytest.mark.rule("netbsd-kern_sig", "send-stopped-traced")
def test_other_signals_wait_while_it_stands(kernel: NetBSD) -> None:
    tracee = launch(kernel, "nap")
    kernel.kill(tracee.pid, SIGUSR1)
    kernel.settle(0.1)
    assert kernel.wait4(tracee.pid, 1).pid == 0
    assert tracee.go() == stopped(SIGUSR1)


@pytest.mark.rule("netbsd-sys_ptrace_common", "detach")
def test_detach(kernel: NetBSD) -> None:
    tracee = launch(kernel, "kill")
    tracee.ask(PT_DETACH)
    assert refused(lambda: tracee.ask(PT_CONTINUE)) == "EPERM"
    assert tracee.wait() == SIGUSR1


@pytest.mark.parametrize("signal", [SIGTERM, SIGKILL])
def test_detach_loses_a_signal(kernel: NetBSD, signal: int) -> None:
    """It would be for a tracee, and there is none any more; a stop signal stops it."""
    tracee = launch(kernel, "nap")
    tracee.ask(PT_DETACH, 1, signal)
    kernel.settle(0.1)
    assert kernel.wait4(tracee.pid, 1).pid == 0
    other = launch(kernel, "nap")
    other.ask(PT_DETACH, 1, SIGSTOP)
    assert kernel.wait4(other.pid, 2).status == stopped(SIGSTOP)


@pytest.mark.rule("netbsd-sys_ptrace_common", "detach", "detach-mask")
def test_what_a_tracer_leaves_behind(kernel: NetBSD) -> None:
    """The event mask; what PT_SET_SIGPASS named is forgotten."""
    tracee = launch(kernel, "nap")
    tracee.events(FORK)
    tracee.put(PT_SET_SIGPASS, (1 << SIGUSR1 - 1).to_bytes(16, "little"))
    tracee.ask(PT_DETACH)
    tracee.ask(PT_ATTACH, 0)
    assert tracee.wait() == stopped(SIGSTOP)
    assert int.from_bytes(tracee.fetch(PT_GET_EVENT_MASK, 4), "little") == FORK
    assert not any(tracee.fetch(PT_GET_SIGPASS, 16))


@pytest.mark.rule("netbsd-kern_sig", "take-stop")
def test_a_stop_signal_that_was_given_is_not_given_again(kernel: NetBSD) -> None:
    tracee = launch(kernel, "")
    assert tracee.go(SIGSTOP) == stopped(SIGSTOP)
    tracee.ask(PT_DETACH)
    assert tracee.wait() == exited(0)


@pytest.mark.rule("netbsd-sys_ptrace_common", "detach-lwp")
def test_detach_knows_no_lwp(kernel: NetBSD) -> None:
    tracee = launch(kernel, "nap")
    assert refused(lambda: tracee.ask(PT_DETACH, 1, -tracee.pid)) == "EINVAL"
    assert refused(lambda: tracee.ask(PT_DETACH, 1, -(1 << 31))) == "ESRCH"     # no number at all


@pytest.mark.rule("netbsd-kern_sig", "take-masked")
def test_a_masked_signal_of_the_debuggers_is_lost(kernel: NetBSD) -> None:
    tracee = launch(kernel, "handler")
    assert tracee.go() == stopped(SIGUSR1)
    tracee.io(4, tracee.symbol("handler"), b"\xcc")
    assert tracee.go(SIGUSR1) == stopped(SIGTRAP)       # in the handler, which holds SIGUSR1
    tracee.io(4, tracee.symbol("handler"), b"\x90")
    registers = tracee.registers()
    tracee.ask(PT_CONTINUE, registers[RIP], SIGUSR1)
    assert tracee.wait() & 0x7F != SIGUSR1


# -- steps ----------------------------------------------------------------------------------
def test_steps_are_of_one_instruction(kernel: NetBSD) -> None:
    tracee = launch(kernel, "nap")
    seen = []
    for _ in range(5):
        assert tracee.go(0, PT_STEP) == stopped(SIGTRAP)
        assert tracee.info().code == TRAP_TRACE
        registers = tracee.registers()
        assert registers[RFLAGS] & TF
        seen.append(registers[RIP])
    assert len(set(seen)) == 5
    assert seen[0] == tracee.symbol("_start") + 3
    tracee.ask(PT_CONTINUE)
    kernel.settle(0.1)
    assert kernel.wait4(tracee.pid, 1).pid == 0


def test_a_step_over_a_system_call_ends_behind_it(kernel: NetBSD) -> None:
    tracee = launch(kernel, "calls")
    for _ in range(200):
        before = tracee.registers()[RIP]
        code = tracee.io(1, before, 2)
        assert tracee.go(0, PT_STEP) == stopped(SIGTRAP)
        if code == SYSCALL:
            break
    assert code == SYSCALL
    assert tracee.registers()[RIP] == before + 2
    assert tracee.info().code == TRAP_TRACE


def test_a_step_from_within_a_system_call_ends_behind_it(kernel: NetBSD) -> None:
    tracee = launch(kernel, "calls")
    to_call(tracee, GETPPID)
    before = tracee.registers()
    tracee.go(0, PT_STEP)
    after = tracee.registers()
    assert (after[RIP], after[RAX]) == (before[RIP], kernel.getpid())
    assert tracee.info().code == TRAP_TRACE


@pytest.mark.rule("netbsd-sys_ptrace_common", "go-steps")
def test_setstep_steps_whenever_it_goes_on(kernel: NetBSD) -> None:
    tracee = launch(kernel, "")
    tracee.ask(PT_SETSTEP, 0, 0)
    for _ in range(3):
        assert tracee.go() == stopped(SIGTRAP)
        assert tracee.info().code == TRAP_TRACE
    tracee.ask(PT_CLEARSTEP, 0, 0)
    assert tracee.go() == exited(0)


# -- system calls -----------------------------------------------------------------------------
def to_call(tracee: Tracee, number: int) -> None:
    while True:
        assert tracee.go(0, PT_SYSCALL) == stopped(SIGTRAP)
        info = tracee.info()
        if info.code == TRAP_SCE and info.pair()[0] == number:
            return


@pytest.mark.rule("netbsd-kern_sig", "syscall-info")
@pytest.mark.rule("netbsd-sys_ptrace_common", "go-syscall")
def test_each_system_call_stops_twice(kernel: NetBSD) -> None:
    tracee = launch(kernel, "calls")
    to_call(tracee, CLOSE)
    number, _, _, error, first = struct.unpack_from("<iiiiQ", tracee.info().reason)
    assert (number, error, first) == (CLOSE, 0, 99)
    assert tracee.go(0, PT_SYSCALL) == stopped(SIGTRAP)
    info = tracee.info()
    assert info.code == TRAP_SCX
    number, result, _, error, first = struct.unpack_from("<iiiiQ", info.reason)
    assert (number, result, error, first) == (CLOSE, 0, 9, 99)


def test_at_the_end_of_a_call_the_registers_wait_for_the_result(kernel: NetBSD) -> None:
    tracee = launch(kernel, "calls")
    to_call(tracee, GETPPID)
    tracee.go(0, PT_SYSCALL)
    assert struct.unpack_from("<ii", tracee.info().reason) == (GETPPID, kernel.getpid())
    assert tracee.registers()[RAX] == GETPPID
    tracee.go(0, PT_STEP)
    assert tracee.registers()[RAX] == kernel.getpid()


@pytest.mark.rule("netbsd-sys_ptrace_common", "emulate")
def test_an_emulated_call_is_not_made(kernel: NetBSD) -> None:
    tracee = launch(kernel, "calls")
    to_call(tracee, GETPPID)
    registers = tracee.registers()
    registers[RAX] = 4711
    tracee.ask(PT_SYSCALLEMU)
    tracee.set_registers(registers)
    tracee.go(0, PT_SYSCALL)
    info = tracee.info()
    assert (info.code, info.pair()[0]) == (TRAP_SCE, CLOSE)     # no stop at its end


@pytest.mark.rule("netbsd-sys_ptrace_common", "emulate")
def test_emulation_is_asked_for_at_a_system_call(kernel: NetBSD) -> None:
    tracee = launch(kernel, "calls")
    assert refused(lambda: tracee.ask(PT_SYSCALLEMU)) == "EINVAL"


@pytest.mark.rule("netbsd-sys_ptrace_common", "go-syscall")
def test_continue_stops_at_no_system_call(kernel: NetBSD) -> None:
    tracee = launch(kernel, "calls")
    to_call(tracee, GETPPID)
    assert tracee.go() == exited(0)


# -- siginfo, sigpass -----------------------------------------------------------------------------
@pytest.mark.rule("netbsd-kern_sig", "take-siginfo", "take-report")
def test_siginfo_tells_the_sender(kernel: NetBSD) -> None:
    tracee = launch(kernel, "kill")
    tracee.go()
    info = tracee.info()
    assert (info.signo, info.code, info.pair()) == (SIGUSR1, SI_USER, (tracee.pid, 0))


@pytest.mark.rule("netbsd-kern_sig", "take-same")
def test_the_same_signal_goes_on_with_its_siginfo(kernel: NetBSD) -> None:
    tracee = launch(kernel, "siginfo")
    assert tracee.go() == stopped(SIGUSR1)
    assert tracee.go(SIGUSR1) == exited(1)


@pytest.mark.rule("netbsd-kern_sig", "take-other")
def test_another_signal_has_none(kernel: NetBSD) -> None:
    tracee = launch(kernel, "siginfo")
    tracee.go(SIGUSR1)
    assert kernel.wait4(tracee.pid, 1).pid == 0


@pytest.mark.rule("netbsd-kern_sig", "take-other")
@pytest.mark.rule("netbsd-sys_ptrace_common", "siginfo-faked")
def test_a_faked_siginfo_reaches_the_handler(kernel: NetBSD) -> None:
    tracee = launch(kernel, "lwpsignal")
    assert tracee.go() == stopped(SIGUSR1)
    fake = bytearray(tracee.fetch(PT_GET_SIGINFO, 136))
    struct.pack_into("<i", fake, 4, -77)
    tracee.put(PT_SET_SIGINFO, bytes(fake))
    assert tracee.info().code == -77
    assert tracee.go(SIGUSR1) == exited(2)


@pytest.mark.rule("netbsd-sys_ptrace_common", "siginfo-size", "siginfo-signal")
def test_siginfo_of_another_size_or_signal(kernel: NetBSD) -> None:
    tracee = launch(kernel, "")
    assert refused(lambda: tracee.fetch(PT_GET_SIGINFO, 136, 135)) == "EINVAL"
    assert refused(lambda: tracee.put(PT_SET_SIGINFO, bytes(136), 135)) == "EINVAL"
    bad = struct.pack("<i", 64).ljust(136, b"\0")
    assert refused(lambda: tracee.put(PT_SET_SIGINFO, bad)) == "EINVAL"


@pytest.mark.rule("netbsd-kern_sig", "send-passed")
@pytest.mark.rule("netbsd-sys_ptrace_common", "sigpass")
def test_signals_that_pass_do_not_stop(kernel: NetBSD) -> None:
    tracee = launch(kernel, "handler")
    mask = (1 << SIGUSR1 - 1 | 1 << SIGSTOP - 1 | 1 << SIGKILL - 1).to_bytes(16, "little")
    tracee.put(PT_SET_SIGPASS, mask)
    assert int.from_bytes(tracee.fetch(PT_GET_SIGPASS, 16), "little") == 1 << SIGUSR1 - 1
    assert tracee.go() == exited(SIGUSR1)


@pytest.mark.rule("netbsd-kern_sig", "trap-traced")
@pytest.mark.rule("netbsd-sys_ptrace_common", "sigpass")
def test_traps_do_not_pass(kernel: NetBSD) -> None:
    tracee = launch(kernel, "int3")
    tracee.put(PT_SET_SIGPASS, (1 << SIGTRAP - 1).to_bytes(16, "little"))
    assert tracee.go() == stopped(SIGTRAP)
    assert tracee.info().code == TRAP_BRKPT


def test_a_stop_signal_that_passes_is_job_controls(kernel: NetBSD) -> None:
    """It stops the process for its parent, who is the tracer."""
    tracee = launch(kernel, "nap")
    tracee.put(PT_SET_SIGPASS, (1 << SIGTSTP - 1).to_bytes(16, "little"))
    tracee.ask(PT_CONTINUE)
    kernel.settle(0.01)
    kernel.kill(tracee.pid, SIGTSTP)
    assert tracee.wait() == stopped(SIGTSTP)
    kernel.kill(tracee.pid, SIGCHLD)
    assert tracee.go() == stopped(SIGCHLD)


@pytest.mark.parametrize("size", [0, 17])
@pytest.mark.rule("netbsd-sys_ptrace_common", "sigpass-size")
def test_sigpass_of_another_size(kernel: NetBSD, size: int) -> None:
    tracee = launch(kernel, "")
    assert refused(lambda: tracee.put(PT_SET_SIGPASS, bytes(17), size)) == "EINVAL"
    assert refused(lambda: tracee.fetch(PT_GET_SIGPASS, 17, size)) == "EINVAL"


def test_the_death_of_a_child_stops_its_traced_parent(kernel: NetBSD) -> None:
    tracee = launch(kernel, "fork")
    assert tracee.go() == stopped(SIGCHLD)
    assert tracee.go(SIGCHLD) == exited(5)
