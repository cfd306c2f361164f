"""What a stop tells, and what leaves its traces behind."""

from __future__ import annotations

import struct

import pytest

from bsdproc.kernel import Kernel

from .tracee import BREAKPOINT, CODE, DATA, NOP, NUMBERS, Bring, Tracee, call

EJUSTRETURN = -2
SCX = 8
WNOHANG, WLINUXCLONE = 1, -0x80000000
DR6_STEP, DR6_ONES = 0x4000, 0xFFFF0FF0
MXCSR = 24
TF = 0x100
THR_NEW, CAP_ENTER, GETPID, OPEN, QUOTACTL, UNASSIGNED = 455, 516, 20, 5, 148, 151
ECAPMODE, ENOSYS = 94, 78


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


@pytest.mark.parametrize(("code", "size"), [(b"\x9c", 8), (b"\x66\x9c", 2), (b"\x48\x9c", 8)])
def test_a_step_of_pushf_shows_the_trap_flag(
        kernel: Kernel, tracee: Bring, code: bytes, size: int) -> None:
    """On the stack, not in the registers; a pushf that is not stepped pushes none."""
    t = Tracee.with_room(kernel, tracee("spin"))
    pushed = []
    for request in ("PT_STEP", "PT_CONTINUE"):
        t.write(CODE, code + BREAKPOINT)
        t.register("r_rip", CODE)
        t.go(request=request)
        assert t.wait() == "SIGTRAP"
        pushed.append(int.from_bytes(t.read(t.register("r_rsp"), size), "little") & TF)
        assert not t.register("r_rflags") & TF
    assert pushed == [TF, 0]


def test_a_step_of_another_push_changes_nothing(kernel: Kernel, tracee: Bring) -> None:
    t = Tracee.with_room(kernel, tracee("spin"))
    t.write(CODE, b"\x50" + BREAKPOINT)
    t.register("r_rip", CODE)
    t.register("r_rax", 0)
    t.go(request="PT_STEP")
    assert t.wait() == "SIGTRAP"
    assert t.read(t.register("r_rsp"), 8) == bytes(8)


def test_a_new_thread_stops_at_its_first_instruction_s_breakpoint(
        kernel: Kernel, tracee: Bring) -> None:
    """It has the debug registers of the thread that made it."""
    t = Tracee.with_room(kernel, tracee("spin"))
    entry = CODE + 0x400
    t.write(entry, NOP + b"\xeb\xfe")
    t.debug((entry,), 1)
    parameters = struct.pack("<QQQQQQQQi4xQ3Q", entry, 7, DATA + 0x2000, 0x1000, *[0] * 9)
    t.write(DATA + 0x300, parameters)
    t.run(call(THR_NEW, DATA + 0x300, len(parameters)) + b"\xeb\xfe")
    assert t.wait() == "SIGTRAP"
    assert (t.register("r_rip"), t.dr6()) == (entry, DR6_ONES | 1)


def remote(t: Tracee, number: int) -> int:
    """The errno of PT_SC_REMOTE."""
    words = t.k.buffer(struct.pack("<3q", 0, 0, 0))
    request = t.k.buffer(struct.pack("<qqiiIIQ", 0, 0, 0, 0, number, 3, words.address))
    t.k.ptrace(NUMBERS["PT_SC_REMOTE"], t.pid, request, len(request))
    t.wait()
    return int.from_bytes(request.read()[16:20], "little", signed=True)


def test_remote_calls_in_capability_mode(kernel: Kernel, tracee: Bring) -> None:
    """Within the table of system calls that mode is looked at first: also of
    what has no number of its own, or is not there."""
    t = Tracee.with_room(kernel, tracee("spin"))
    assert remote(t, CAP_ENTER) == 0
    assert {n: remote(t, n) for n in (GETPID, OPEN, UNASSIGNED, QUOTACTL, 600, 99999)} == {
        GETPID: 0, OPEN: ECAPMODE, UNASSIGNED: ECAPMODE, QUOTACTL: ECAPMODE, 600: ENOSYS,
        99999: ENOSYS}


def test_a_spawned_program_was_executed_with_three_pointers(
        kernel: Kernel, tracee: Bring) -> None:
    """execve's path, arguments and environment, in the memory of the child before it."""
    t = Tracee(kernel, tracee("spin"))
    args = struct.unpack("<8Q", t.record("PT_GET_SC_ARGS", 64))
    assert [bool(arg) for arg in args] == [True] * 3 + [False] * 5
    assert len(set(args[:3])) == 3


SET_TRAP_FLAG = b"\x9c\x58\x48\x0d\x00\x01\x00\x00\x50\x9d"
"""pushf; pop rax; or rax, 0x100; push rax; popf"""


def test_a_trap_flag_that_the_program_set_stays_set(kernel: Kernel, tracee: Bring) -> None:
    """The kernel takes back what a debugger's step set, and this step finds it set."""
    t = Tracee.with_room(kernel, tracee("spin"))
    t.write(CODE, SET_TRAP_FLAG + NOP * 8)
    t.register("r_rip", CODE)
    for at in range(CODE + len(SET_TRAP_FLAG) + 1, CODE + len(SET_TRAP_FLAG) + 4):
        t.go()
        assert t.wait() == "SIGTRAP"
        assert (t.register("r_rip"), t.register("r_rflags") & TF) == (at, TF)
    t.go(request="PT_STEP")
    assert t.wait() == "SIGTRAP"
    assert t.register("r_rflags") & TF
