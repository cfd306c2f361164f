"""What a stop tells, and what leaves its traces behind."""

from __future__ import annotations

import struct

import pytest

from bsdproc.kernel import Kernel

from .tracee import BREAKPOINT, CODE, NOP, Bring, Tracee

EJUSTRETURN = -2
SCX = 8
WNOHANG, WLINUXCLONE = 1, -0x80000000
DR6_STEP, DR6_ONES = 0x4000, 0xFFFF0FF0
MXCSR = 24


def test_a_call_that_returns_no_value_says_so(kernel: Kernel, tracee: Bring) -> None:
    """execve and sigreturn end with registers of their own."""
    t = Tracee(kernel, tracee("signals"), "handle")
    assert t.result() == (0, 0, EJUSTRETURN)
    t.go()
    assert t.wait() == "SIGUSR1"
    t.events(SCX >> 1)
    t.go(30)
    assert t.wait() == "SIGTRAP"
    assert t.flags() & SCX
    assert t.result() == (0, 0, EJUSTRETURN)


def test_init_is_a_system_process(kernel: Kernel) -> None:
    with pytest.raises(OSError, match="EINVAL"):
        kernel.ptrace(10, 1, 0, 0)


def test_children_that_tell_by_sigchld_are_no_linux_clones(
        kernel: Kernel, tracee: Bring) -> None:
    t = Tracee(kernel, tracee("exiter"), "3")
    with pytest.raises(OSError, match="ECHILD"):
        kernel.wait4(t.pid, WLINUXCLONE | WNOHANG)
    t.go()
    assert t.wait() == "exited 3"


def test_a_step_onto_an_execution_breakpoint_shows_both(kernel: Kernel, tracee: Bring) -> None:
    t = Tracee.with_room(kernel, tracee("spin"))
    t.write(CODE, NOP * 4 + BREAKPOINT)
    t.register("r_rip", CODE)
    t.debug((CODE + 1,), 1)
    t.go(request="PT_STEP")
    assert t.wait() == "SIGTRAP"
    assert (t.register("r_rip"), t.dr6()) == (CODE + 1, DR6_ONES | DR6_STEP | 1)
    t.go(request="PT_STEP")
    assert t.wait() == "SIGTRAP"
    assert t.register("r_rip") == CODE + 1


def test_dr6_keeps_the_step_until_somebody_clears_it(kernel: Kernel, tracee: Bring) -> None:
    """So that the breakpoint which holds up a step takes it back as well."""
    t = Tracee.with_room(kernel, tracee("spin"))
    t.write(CODE, NOP * 4 + BREAKPOINT)
    t.register("r_rip", CODE)
    t.debug((CODE + 1,), 1)
    for _ in range(2):
        t.go(request="PT_STEP")
        assert t.wait() == "SIGTRAP"
    t.debug((0,), 0)
    t.go()
    assert t.wait() == "SIGTRAP"
    assert t.register("r_rip") == CODE + 5


def test_every_bit_of_mxcsr_may_be_set(kernel: Kernel, tracee: Bring) -> None:
    """Bits beyond the processor's own mask are dropped."""
    t = Tracee(kernel, tracee("spin"))
    area = bytearray(t.record("PT_GETFPREGS", 512))
    struct.pack_into("<I", area, MXCSR, 0xFFFFFFFF)
    kernel.ptrace(36, t.pid, kernel.buffer(area), 0)
    value, mask = struct.unpack_from("<II", t.record("PT_GETFPREGS", 512), MXCSR)
    assert (value & 0xFFFF, mask) == (0xFFFF, 0xFFFF)
