"""Signals that find a tracee asleep in a system call, or about to be."""

from __future__ import annotations

import struct

from bsdproc.kernel import Kernel

from .tracee import BREAKPOINT, CODE, DATA, NUMBERS, RETURN, Bring, Tracee, action, call, sigset

EINTR = 4
SCE, SCX = 4, 8
SIGTERM, SIGUSR1, SIGUSR2 = 15, 30, 31
WAIT4, SIGPROCMASK, SIGSUSPEND, SIGACTION, SIGWAIT, NANOSLEEP = 7, 340, 341, 416, 429, 240
UMTX_OP, WAIT_UINT = 454, 11
SIG_SETMASK = 3


def test_a_suppressed_signal_leaves_sigsuspend_waiting(kernel: Kernel, tracee: Bring) -> None:
    """It stops within the call, whose error is in the registers already."""
    t = Tracee.with_room(kernel, tracee("spin"))
    t.write(DATA + 64, sigset(SIGUSR2))
    t.run(call(SIGSUSPEND, DATA + 64))
    assert t.news() == ""
    t.kill("SIGTERM")
    assert t.wait() == "SIGTERM"
    assert t.flags() & SCE
    assert t.register("r_rax") == EINTR
    t.go()
    assert t.news() == ""


def test_sigsuspend_ends_with_the_handler(kernel: Kernel, tracee: Bring) -> None:
    t = Tracee.with_room(kernel, tracee("spin"))
    t.write(DATA + 64, action(CODE + 0x800))
    t.write(CODE + 0x800, BREAKPOINT + RETURN)
    t.write(DATA + 128, sigset(SIGUSR2))
    t.run(call(SIGACTION, SIGUSR1, DATA + 64, 0) + call(SIGSUSPEND, DATA + 128))
    assert t.news() == ""
    t.kill("SIGUSR1")
    assert t.wait() == "SIGUSR1"
    t.go(SIGUSR1)
    assert t.wait() == "SIGTRAP"
    assert t.register("r_rip") == CODE + 0x801
    t.go()
    assert t.wait() == "SIGTRAP"
    assert t.register("r_rflags") & 1


def test_a_suppressed_signal_ends_sigwait(kernel: Kernel, tracee: Bring) -> None:
    """With EINTR as its result: it is no error of the call."""
    t = Tracee.with_room(kernel, tracee("spin"))
    t.write(DATA + 64, sigset(SIGUSR2))
    t.run(call(SIGPROCMASK, SIG_SETMASK, DATA + 64, 0) + call(SIGWAIT, DATA + 64, DATA + 96))
    assert t.news() == ""
    t.kill("SIGUSR2")
    assert t.wait() == "SIGUSR2"
    assert t.flags() & SCE
    t.go()
    assert t.wait() == "SIGTRAP"
    assert (t.kept(), t.register("r_rflags") & 1) == (EINTR, 0)


def test_sigcont_does_not_wake_a_sleeping_tracee(kernel: Kernel, tracee: Bring) -> None:
    t = Tracee(kernel, tracee("sleeper"))
    t.go()
    assert t.news() == ""
    t.kill("SIGCONT")
    assert t.news() == ""


def test_a_pending_signal_is_reported_at_the_door_of_a_sleep(
        kernel: Kernel, tracee: Bring) -> None:
    """Not before the call, nor behind it; suppressed, the sleep goes on."""
    t = Tracee(kernel, tracee("sleeper"))
    t.go(request="PT_TO_SCE")
    t.wait()
    t.kill("SIGUSR1")
    t.events(0)
    t.go()
    assert t.wait() == "SIGUSR1"
    assert t.flags() & SCE
    t.go()
    assert t.news() == ""


def test_a_suppressed_signal_interrupts_wait4(kernel: Kernel, tracee: Bring) -> None:
    """As a program that Python started sees it: no action of such a one restarts
    a call, the default ones included."""
    t = Tracee(kernel, tracee("forker"))
    t.events(NUMBERS["PTRACE_FORK"])
    t.go()
    t.wait()
    t.events(SCX >> 1)
    t.go()
    assert t.news() == ""
    t.kill("SIGTERM")
    assert t.wait() == "SIGTRAP"
    assert t.flags() & SCX
    assert t.result()[2] == EINTR
    assert t.register("r_rax") == EINTR


def test_nanosleep_tells_what_is_left(kernel: Kernel, tracee: Bring) -> None:
    t = Tracee.with_room(kernel, tracee("spin"))
    t.write(DATA + 64, struct.pack("<qqqq", 1000, 0, 0, 0))
    t.run(call(NANOSLEEP, DATA + 64, DATA + 80))
    assert t.news() == ""
    t.kill("SIGTERM")
    assert t.wait() == "SIGTERM"
    t.go()
    assert t.wait() == "SIGTRAP"
    assert 900 < struct.unpack("<q", t.read(DATA + 80, 8))[0] < 1000


def test_a_stop_ends_a_wait_for_a_word(kernel: Kernel, tracee: Bring) -> None:
    """UMTX_OP_WAIT_UINT is never begun again, whatever the signal does."""
    t = Tracee.with_room(kernel, tracee("spin"))
    t.run(call(UMTX_OP, DATA + 64, WAIT_UINT, 0, 0, 0))
    assert t.news() == ""
    t.kill("SIGSTOP")
    assert t.wait() == "SIGSTOP"
    t.go()
    assert t.wait() == "SIGTRAP"
    assert t.kept() == EINTR
