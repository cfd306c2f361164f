"""Events: forks, vforks, spawns, LWPs; and the requests on LWPs."""

from __future__ import annotations

import struct

import pytest

from bsdproc.emulator import NetBSD

from .stage import (
    FORK,
    LWP_CREATE,
    LWP_EXIT,
    POSIX_SPAWN,
    PT_CONTINUE,
    PT_DETACH,
    PT_DUMPCORE,
    PT_GET_EVENT_MASK,
    PT_GET_PROCESS_STATE,
    PT_LWPINFO,
    PT_LWPNEXT,
    PT_LWPSTATUS,
    PT_RESUME,
    PT_SET_EVENT_MASK,
    PT_STEP,
    PT_STOP,
    PT_SUSPEND,
    RAX,
    RDI,
    RFLAGS,
    RIP,
    SIGCHLD,
    SIGKILL,
    SIGSTOP,
    SIGTRAP,
    SIGUSR1,
    VFORK,
    VFORK_DONE,
    Tracee,
    exited,
    launch,
    refused,
    stopped,
)

TRAP_EXEC, TRAP_CHLD, TRAP_LWP = 3, 4, 5
LWP_SUSPEND, LWP_CONTINUE = 313, 314
EDEADLK = 11


# -- the mask -------------------------------------------------------------------
def test_no_event_is_asked_for_at_first(kernel: NetBSD) -> None:
    assert launch(kernel, "").fetch(PT_GET_EVENT_MASK, 4) == bytes(4)


@pytest.mark.rule("netbsd-sys_ptrace_common", "mask")
def test_the_mask_reads_as_it_was_set(kernel: NetBSD) -> None:
    tracee = launch(kernel, "")
    tracee.events(0x7F)
    assert tracee.fetch(PT_GET_EVENT_MASK, 4) == b"\x3f\0\0\0"


@pytest.mark.parametrize("request_", [PT_SET_EVENT_MASK, PT_GET_EVENT_MASK])
@pytest.mark.rule("netbsd-sys_ptrace_common", "mask-size")
def test_a_mask_of_another_size(kernel: NetBSD, request_: int) -> None:
    tracee = launch(kernel, "")
    assert refused(lambda: tracee.fetch(request_, 4, 3)) == "EINVAL"


@pytest.mark.rule("netbsd-sys_ptrace_common", "state-size", "state")
def test_a_state_of_another_size(kernel: NetBSD) -> None:
    tracee = launch(kernel, "")
    assert refused(lambda: tracee.fetch(PT_GET_PROCESS_STATE, 8, 7)) == "EINVAL"
    assert tracee.state() == (0, 0)


# -- children -------------------------------------------------------------------
@pytest.mark.parametrize(("part", "event", "code"), [
    ("fork", FORK, 5), ("vfork", VFORK, 5), ("clone", FORK, 6)])
@pytest.mark.rule("netbsd-sys_ptrace_common", "state")
def test_both_stop_and_name_each_other(
        kernel: NetBSD, part: str, event: int, code: int) -> None:
    tracee = launch(kernel, part)
    tracee.events(event)
    assert tracee.go() == stopped(SIGTRAP)
    kind, other = tracee.state()
    assert kind == event
    assert (tracee.info().code, tracee.info().pair()) == (TRAP_CHLD, (event, other))
    child = Tracee(kernel, other)
    assert child.wait() == stopped(SIGTRAP)
    assert child.state() == (event, tracee.pid)
    assert child.fetch(PT_GET_EVENT_MASK, 4) == bytes(4)
    assert child.go() == exited(code)
    assert tracee.go() == stopped(SIGCHLD)
    assert tracee.go(SIGCHLD) == exited(code)


def test_an_event_that_is_not_asked_for_is_none(kernel: NetBSD) -> None:
    tracee = launch(kernel, "fork")
    tracee.events(VFORK | VFORK_DONE)
    assert tracee.go() == stopped(SIGCHLD)


def test_the_end_of_a_vfork(kernel: NetBSD) -> None:
    tracee = launch(kernel, "vfork")
    tracee.events(VFORK_DONE)
    assert tracee.go() == stopped(SIGTRAP)
    kind, child = tracee.state()
    assert (kind, child > 0) == (VFORK_DONE, True)
    assert tracee.go() == stopped(SIGCHLD)


def test_a_spawn(kernel: NetBSD) -> None:
    tracee = launch(kernel, "spawn")
    tracee.events(POSIX_SPAWN)
    assert tracee.go() == stopped(SIGTRAP)
    kind, other = tracee.state()
    assert kind == POSIX_SPAWN
    child = Tracee(kernel, other)
    assert child.wait() == stopped(SIGTRAP)
    assert child.state() == (POSIX_SPAWN, tracee.pid)
    assert child.go() == stopped(SIGUSR1)
    assert child.go(SIGUSR1) == SIGUSR1


# -- LWPs -----------------------------------------------------------------------
def test_the_first_lwp_has_its_process_number(kernel: NetBSD) -> None:
    tracee = launch(kernel, "")
    assert tracee.lwps() == [(tracee.pid, 1)]


@pytest.mark.rule("netbsd-sys_ptrace_common", "state", "lwpinfo", "lwpinfo-event")
def test_lwps_come_and_go(kernel: NetBSD) -> None:
    tracee = launch(kernel, "lwp")
    tracee.events(LWP_CREATE | LWP_EXIT)
    assert tracee.go() == stopped(SIGTRAP)
    kind, lwp = tracee.state()
    assert kind == LWP_CREATE
    assert (tracee.info().code, tracee.info().lwp) == (TRAP_LWP, lwp)
    assert tracee.lwps() == [(lwp, 1), (tracee.pid, 0)]
    assert tracee.go() == stopped(SIGTRAP)
    assert tracee.state() == (LWP_EXIT, lwp)
    assert tracee.go() == exited(1)


@pytest.fixture
def pair(kernel: NetBSD) -> Tracee:
    """Two LWPs that nap in turn."""
    tracee = launch(kernel, "lwps")
    tracee.ask(PT_CONTINUE)
    kernel.settle(0.05)
    tracee.ask(PT_STOP)
    assert tracee.wait() == stopped(SIGSTOP)
    return tracee


@pytest.mark.rule("netbsd-sys_ptrace_common", "lwpinfo", "regs-lwp")
def test_the_newest_lwp_is_the_first(pair: Tracee) -> None:
    (new, _), (old, _) = pair.lwps()
    assert old == pair.pid
    assert pair.registers(0) == pair.registers(new) != pair.registers(old)


@pytest.mark.rule("netbsd-sys_ptrace_common", "regs-lwp", "go-lwp", "lwpinfo")
def test_an_lwp_that_there_is_not(pair: Tracee) -> None:
    assert refused(lambda: pair.registers(99999)) == "ESRCH"
    assert refused(lambda: pair.ask(PT_CONTINUE, 1, -99999)) == "ESRCH"
    assert refused(lambda: pair.fetch(
        PT_LWPINFO, 8, given=struct.pack("<ii", 99999, 0))) == "ESRCH"


@pytest.mark.rule("netbsd-sys_ptrace_common", "lwpinfo-size")
def test_lwpinfo_of_another_size(pair: Tracee) -> None:
    assert refused(lambda: pair.fetch(PT_LWPINFO, 8, 7)) == "EINVAL"


@pytest.mark.rule("netbsd-sys_ptrace_common", "suspend", "lwpinfo-event")
def test_a_suspended_lwp_stays(kernel: NetBSD, pair: Tracee) -> None:
    (new, _), _ = pair.lwps()
    pair.ask(PT_SUSPEND, 0, new)
    assert pair.lwps()[0] == (new, 1)       # PL_EVENT_SUSPENDED is _lwp_suspend(2)'s
    where, before = pair.symbol("turns"), pair.io(1, pair.symbol("turns"), 8)
    pair.ask(PT_CONTINUE)
    kernel.settle(0.1)
    pair.ask(PT_STOP)
    pair.wait()
    assert pair.io(1, where, 8) == before
    pair.ask(PT_RESUME, 0, new)
    pair.ask(PT_CONTINUE)
    kernel.settle(0.1)
    pair.ask(PT_STOP)
    pair.wait()
    assert pair.io(1, where, 8) != before


@pytest.mark.rule("netbsd-sys_ptrace_common", "go-deadlock")
def test_all_suspended_cannot_go_on(pair: Tracee) -> None:
    for lwp, _ in pair.lwps():
        pair.ask(PT_SUSPEND, 0, lwp)
    assert refused(lambda: pair.ask(PT_CONTINUE)) == "EDEADLK"
    assert refused(lambda: pair.ask(PT_STEP, 1, pair.pid)) == "EDEADLK"
    assert refused(lambda: pair.ask(PT_CONTINUE, 1, -pair.pid)) == "EDEADLK"


def _calls(tracee: Tracee, lwp: int, number: int, argument: int) -> int:
    """Have an LWP alone make a system call: its result, or its error below 0."""
    assert tracee.go(-lwp, PT_STEP) == stopped(SIGTRAP)      # out of the kernel
    before = tracee.registers(lwp)
    where = tracee.symbol("_start")
    code = tracee.io(1, where, 4)
    tracee.io(2, where, b"\x0f\x05\xcc\x90")
    registers = list(before)
    registers[RIP], registers[RAX], registers[RDI] = where, number, argument
    tracee.set_registers(registers, lwp)
    assert tracee.go(-lwp) == stopped(SIGTRAP)
    after = tracee.registers(lwp)
    tracee.io(2, where, code)
    tracee.set_registers(before, lwp)
    return -after[RAX] if after[RFLAGS] & 1 else after[RAX]


@pytest.mark.rule("netbsd-sys_ptrace_common", "go-deadlock", "lwpinfo-event", "suspend")
def test_an_lwp_that_another_has_suspended(kernel: NetBSD, pair: Tracee) -> None:
    """LW_WSUSPEND is another flag than PT_SUSPEND's: PT_LWPINFO tells of it, it is in the
    way of going on alone as well, and PT_RESUME leaves it be."""
    (new, _), (old, _) = pair.lwps()
    assert _calls(pair, old, LWP_SUSPEND, new) == 0
    pair.ask(PT_RESUME, 0, new)
    assert pair.lwps() == [(new, 2), (old, 1)]
    assert refused(lambda: pair.ask(PT_CONTINUE, 1, -new)) == "EDEADLK"
    assert _calls(pair, old, LWP_SUSPEND, old) == -EDEADLK
    where, before = pair.symbol("turns"), pair.io(1, pair.symbol("turns"), 8)
    pair.ask(PT_CONTINUE)
    kernel.settle(0.1)
    pair.ask(PT_STOP)
    pair.wait()
    assert pair.io(1, where, 8) == before
    assert _calls(pair, old, LWP_CONTINUE, new) == 0
    assert pair.lwps()[0] == (new, 0)


def test_a_suspended_lwp_stays_without_a_tracer(kernel: NetBSD, pair: Tracee) -> None:
    """_lwp_suspend(2) is for everybody; and SIGKILL finds the suspended."""
    (new, _), (old, _) = pair.lwps()
    assert _calls(pair, old, LWP_SUSPEND, new) == 0
    where = pair.symbol("turns")
    pair.ask(PT_DETACH)
    space = kernel._system.find_proc(pair.pid).space
    assert space is not None
    before = space.read(where, 8)
    kernel.settle(0.1)
    assert space.read(where, 8) == before
    kernel.kill(pair.pid, SIGKILL)
    assert pair.wait() == SIGKILL


@pytest.mark.rule("netbsd-sys_ptrace_common", "go-lwp", "go-step-lwp")
def test_one_lwp_steps_alone(pair: Tracee) -> None:
    (new, _), _ = pair.lwps()
    before = pair.registers(new)
    for lwp in (-pair.pid, pair.pid):
        assert pair.go(lwp, PT_STEP) == stopped(SIGTRAP)
        assert pair.info().lwp == pair.pid
        assert pair.registers(new) == before


@pytest.mark.rule("netbsd-sys_ptrace_common", "lwpstatus")
def test_lwpstatus(pair: Tracee) -> None:
    (new, _), _ = pair.lwps()
    status = pair.fetch(PT_LWPSTATUS, 64, given=struct.pack("<i", new).ljust(64, b"\0"))
    assert struct.unpack_from("<i", status) == (new,)
    assert status[4:36] == bytes(32)                    # nothing pending, nothing blocked
    short = pair.fetch(PT_LWPSTATUS, 20, given=struct.pack("<i", new).ljust(20, b"\0"))
    assert short == status[:20]
    assert refused(lambda: pair.fetch(PT_LWPSTATUS, 65)) == "EINVAL"


@pytest.mark.parametrize("size", [3, 65])
@pytest.mark.parametrize("request_", [PT_LWPSTATUS, PT_LWPNEXT])
@pytest.mark.rule("netbsd-sys_ptrace_common", "lwpstatus-size")
def test_lwpstatus_of_another_size(pair: Tracee, request_: int, size: int) -> None:
    assert refused(lambda: pair.fetch(request_, 72, size)) == "EINVAL"


@pytest.mark.rule("netbsd-sys_ptrace_common", "lwpnext")
def test_lwpnext_goes_from_the_newest_to_the_oldest(pair: Tracee) -> None:
    found, last = [], 0
    while True:
        (last,) = struct.unpack_from("<i", pair.fetch(
            PT_LWPNEXT, 64, given=struct.pack("<i", last).ljust(64, b"\0")))
        if last == 0:
            break
        found.append(last)
    assert found == [lwp for lwp, _ in pair.lwps()]


# -- core files ---------------------------------------------------------------------
@pytest.mark.rule("netbsd-sys_ptrace_common", "core")
def test_a_core_file_is_written_where_it_is_named(kernel: NetBSD) -> None:
    from io import BytesIO

    from elftools.elf.elffile import ELFFile
    from elftools.elf.segments import NoteSegment

    tracee = launch(kernel, "")
    tracee.put(PT_DUMPCORE, b"/tmp/the.core", 13)
    size = kernel.lstat("/tmp/the.core").size
    core = ELFFile(BytesIO(kernel.pread(kernel.open("/tmp/the.core", 0), size, 0)))
    assert core.header.e_type == "ET_CORE"
    names = {note["n_name"] for segment in core.iter_segments()
             if isinstance(segment, NoteSegment) for note in segment.iter_notes()}
    assert names == {"NetBSD-CORE", f"NetBSD-CORE@{tracee.pid}"}
    notes = next(segment for segment in core.iter_segments() if isinstance(segment, NoteSegment))
    layout = kernel.target.struct("struct netbsd_elfcore_procinfo")
    info = next(notes.iter_notes())["n_descdata"]
    # What it stands for: the execve, of the whole process.
    assert layout.reader("cpi_signo", "cpi_sigcode", "cpi_siglwp")(info, 0) == (
        5, TRAP_EXEC, tracee.pid)
    assert tracee.go() == exited(0)


@pytest.mark.rule("netbsd-sys_ptrace_common", "core")
def test_without_a_name_it_is_the_core_name_of_the_process(kernel: NetBSD) -> None:
    tracee = launch(kernel, "")
    kernel.sysctl((10, tracee.pid, 2, 5, 2), new=struct.pack("<Q", 1 << 40))
    kernel.sysctl((10, tracee.pid, 2, 5, 1), new=struct.pack("<Q", 1 << 40))
    kernel.sysctl((10, tracee.pid, 1), new=b"/tmp/%n.%p.core\0")
    tracee.ask(PT_DUMPCORE, 0)
    assert kernel.lstat(f"/tmp/actor.{tracee.pid}.core").size > 4096


@pytest.mark.rule("netbsd-sys_ptrace_common", "core-name")
def test_a_name_that_is_too_long(kernel: NetBSD) -> None:
    tracee = launch(kernel, "")
    assert refused(lambda: tracee.put(PT_DUMPCORE, bytes(2000), 1024)) == "EINVAL"
