"""Cores of NetBSD: an emulated kernel's, and every machine's made here; damaged ones."""

from __future__ import annotations

import io
from collections.abc import Iterator, Mapping
from contextlib import suppress
from functools import cache
from pathlib import Path
from struct import Struct

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tests.typed.corefile import Load, Note, damaged, make

from bsdproc import abi, netbsd
from bsdproc.kernel import NotSupported
from bsdproc.netbsd import Signal, core, ptrace
from bsdproc.netbsd.constants import AuxType, CoreNote
from bsdproc.netbsd.constants.ptrace import MACHINE_REQUESTS, Request
from bsdproc.netbsd.constants.signals import SegvCode
from bsdproc.netbsd.core import BadCore, Core, NoNote, NotInCore
from bsdproc.netbsd.registers import FLOATING, GENERAL, XSTATE, VectorRegisters, XmmRegisters
from bsdproc.typed.records import Record

PROGRAMS = Path(__file__).resolve().parents[2] / "examples" / "programs" / "bin" / "netbsd"
MACHINES = [machine for system, machine in abi.targets() if system == "netbsd"]
FEW = settings(max_examples=50, deadline=None)
STACK = 0x7FFF0000


# -- a kernel's own ---------------------------------------------------------------------------


@pytest.fixture
def machine() -> Iterator[object]:
    from bsdproc.emulator import NetBSD

    with NetBSD(stdout=io.BytesIO(), stderr=io.BytesIO()) as kernel:
        for name in ("ticker", "faulty"):
            kernel.install(f"/bin/{name}", PROGRAMS / name)
        yield kernel


@pytest.mark.emulated
def test_what_a_core_says_is_what_the_kernel_said(machine: object) -> None:
    from bsdproc.emulator import NetBSD

    assert isinstance(machine, NetBSD)
    pid = machine.spawn("/bin/ticker", ["/bin/ticker"], {}, traced=True)
    netbsd.wait(pid)
    lwp = ptrace.lwps(pid)[0].lwpid
    told = (ptrace.getregs(pid, lwp), ptrace.getfpregs(pid, lwp), ptrace.getxstate(pid, lwp),
            ptrace.lwpstatus(pid, lwp))
    ptrace.dumpcore(pid, "/tmp/the.core")
    found = core.read(contents(machine, "/tmp/the.core"))
    assert found.machine == "amd64"
    assert (found.procinfo.pid, found.procinfo.name, found.procinfo.nlwps) == (pid, "ticker", 1)
    assert found.signal is Signal.SIGTRAP, "what it stands for"
    assert [one.lwpid for one in found.lwps] == [lwp]
    one = found.lwp
    assert (one.registers, one.fpregs, one.xstate, one.status) == told
    with pytest.raises(NoNote, match="no PT_GETDBREGS"):
        _ = one.dbregs
    assert AuxType.AT_PAGESZ in {each.type for each in found.auxv}
    sp = one.registers.sp
    assert found.memory[sp : sp + 64] == ptrace.read(pid, sp, 64)


@pytest.mark.emulated
def test_the_core_of_a_fatal_signal(machine: object) -> None:
    from bsdproc.emulator import NetBSD

    assert isinstance(machine, NetBSD)
    pid = machine.spawn("/bin/faulty", ["/bin/faulty"], {}, traced=True)
    netbsd.wait(pid)
    ptrace.cont(pid)
    status = netbsd.wait(pid)
    assert isinstance(status, netbsd.Stopped)
    assert status.signal is Signal.SIGSEGV
    ptrace.dumpcore(pid, "/tmp/faulty.core")
    found = core.read(contents(machine, "/tmp/faulty.core"))
    assert found.signal is Signal.SIGSEGV
    assert found.procinfo.code is SegvCode.SEGV_MAPERR
    assert found.lwp.lwpid == found.procinfo.siglwp


def contents(kernel: object, path: str) -> bytes:
    from bsdproc.emulator import NetBSD

    assert isinstance(kernel, NetBSD)
    fd = kernel.open(path, 0)
    data = b""
    while part := kernel.pread(fd, 1 << 20, len(data)):
        data += part
    kernel.close(fd)
    return data


# -- every machine's -----------------------------------------------------------------------------


def request(machine: str, name: str) -> int:
    return int(MACHINE_REQUESTS[machine].__members__[name])


def procinfo(machine: str, **values: int | bytes) -> bytes:
    given: dict[str, int | bytes] = {
        "cpi_version": 1, "cpi_cpisize": 160, "cpi_signo": 11, "cpi_sigcode": 1, "cpi_pid": 70,
        "cpi_ppid": 1, "cpi_nlwps": 2, "cpi_siglwp": 9, **values}
    layout = abi.target("netbsd", machine).struct("struct netbsd_elfcore_procinfo")
    made = bytearray(layout.pack(given))
    at = layout.field("cpi_name").offset
    made[at : at + 4] = b"name"
    return bytes(made)


@cache
def notes(machine: str) -> tuple[Note, ...]:
    """A process with two LWPs, as a kernel of that machine writes it."""
    target = abi.target("netbsd", machine)
    order, word = "<" if target.byteorder == "little" else ">", "Q" if target.pointer == 8 else "I"
    # a_type is an int, and its word's other half is filled up behind it.
    kinds = [int(AuxType.AT_PAGESZ), 4096, 0, 0]
    entry = Struct(f"{order}I{target.pointer - 4}x{word}")
    found: list[Note] = [
        ("NetBSD-CORE", CoreNote.ELF_NOTE_NETBSD_CORE_PROCINFO, procinfo(machine)),
        ("NetBSD-CORE", CoreNote.ELF_NOTE_NETBSD_CORE_AUXV,
         entry.pack(*kinds[:2]) + entry.pack(*kinds[2:]))]
    for lid in (7, 9):
        registers = GENERAL[machine]()
        registers.pc, registers.sp = 0x1000 + lid * 8, STACK
        owner = f"NetBSD-CORE@{lid}"
        found += [
            (owner, Request.PT_LWPSTATUS, target.struct("struct ptrace_lwpstatus").pack(
                {"pl_lwpid": lid, "pl_name": b"worker"})),
            (owner, request(machine, "PT_GETREGS"), bytes(registers)),
            (owner, request(machine, "PT_GETFPREGS"), bytes(FLOATING[machine].size))]
        if machine in XSTATE:
            found.append((owner, request(machine, "PT_GETXSTATE"), bytes(XSTATE[machine].size)))
    return tuple(found)


def of(machine: str, changed: Mapping[int, bytes] | None = None, *more: Note) -> Core:
    made = [(owner, kind, (changed or {}).get(kind, data)) for owner, kind, data in notes(machine)]
    return core.read(make("netbsd", machine, [*made, *more], [
        Load(STACK, b"stack", 0x1000), Load(STACK + 0x1000, b"", 0x1000)]))


@pytest.mark.parametrize("machine", MACHINES)
def test_every_note_of_every_machine(machine: str) -> None:
    found = of(machine)
    assert found.machine == machine
    info = found.procinfo
    assert (info.signo, info.code, info.pid, info.name) == (
        Signal.SIGSEGV, SegvCode.SEGV_MAPERR, 70, "name")
    assert found.signal is Signal.SIGSEGV
    assert [one.lwpid for one in found.lwps] == [7, 9]
    assert found.lwp.lwpid == 9, "the one that the signal was for"
    for one in found.lwps:
        assert type(one.registers) is GENERAL[machine]
        assert (one.registers.pc, one.registers.sp) == (0x1000 + one.lwpid * 8, STACK)
        assert type(one.fpregs) is FLOATING[machine]
        assert (one.status.lwpid, one.status.name) == (one.lwpid, "worker")
        if machine in XSTATE:
            assert type(one.xstate) is XSTATE[machine]
        else:
            with pytest.raises(NotSupported, match=f"{machine} has no such registers"):
                _ = one.xstate
    assert [(one.type, one.value) for one in found.auxv] == [(AuxType.AT_PAGESZ, 4096)]
    assert found.memory[STACK : STACK + 8] == b"stack\0\0\0", "zeros were cut off"
    with pytest.raises(NotInCore, match="zeros alone"):
        found.memory[STACK + 0x1000]
    assert "lwps=2" in repr(found)
    assert "lwpid=7" in repr(found.lwps[0])


def test_registers_that_other_dumpers_write() -> None:
    powerpc = of("powerpc", None, ("NetBSD-CORE@7", request("powerpc", "PT_GETVECREGS"),
                                   bytes(VectorRegisters.size)))
    assert powerpc.lwps[0].vecregs.vscr == 0
    i386 = of("i386", None, ("NetBSD-CORE@7", request("i386", "PT_GETXMMREGS"),
                             bytes(XmmRegisters.size)))
    assert i386.lwps[0].xmmregs.mxcsr == 0
    with pytest.raises(NoNote):
        _ = i386.lwps[1].xmmregs


def test_a_signal_for_the_whole_process() -> None:
    found = of("amd64", {CoreNote.ELF_NOTE_NETBSD_CORE_PROCINFO: procinfo(
        "amd64", cpi_siglwp=0, cpi_signo=0)})
    assert found.lwp.lwpid == 7
    assert found.signal is None


def test_a_procinfo_of_before_it_named_an_lwp() -> None:
    kind = CoreNote.ELF_NOTE_NETBSD_CORE_PROCINFO
    old = of("sparc", {kind: procinfo("sparc")[:156]})
    assert (old.procinfo.pid, old.procinfo.siglwp, old.lwp.lwpid) == (70, 0, 7)
    with pytest.raises(BadCore, match="takes 160 bytes, 100 are there"):
        _ = of("sparc", {kind: procinfo("sparc")[:100]}).procinfo


def test_a_core_says_what_it_lacks() -> None:
    bare = core.read(make("netbsd", "arm", [("NetBSD-CORE@1", 99, b"")]))
    for name in ("procinfo", "auxv"):
        with pytest.raises(NoNote, match=name.upper()):
            getattr(bare, name)
    for name in ("registers", "fpregs", "status"):
        with pytest.raises(NoNote, match="LWP 1 has no"):
            getattr(bare.lwp, name)


def test_a_core_cannot_be_changed() -> None:
    found = of("amd64")
    for one, name in ((found, "lwps"), (found.lwp, "lwpid")):
        with pytest.raises(AttributeError):
            setattr(one, name, 1)
    found.lwp.registers.pc = 5
    assert found.lwp.registers.pc != 5


# -- damage ---------------------------------------------------------------------------------------


@pytest.mark.parametrize("owner", ["NetBSD-CORE@", "NetBSD-CORE@x", "NetBSD-CORE@-1",
                                   "NetBSD-CORE@" + "9" * 5000, "NetBSD-CORE@²"])
def test_owners_that_name_no_lwp(owner: str) -> None:
    with pytest.raises(BadCore, match="which names no LWP"):
        core.read(make("netbsd", "amd64", [(owner, 33, b"")]))


def test_a_core_without_lwps() -> None:
    with pytest.raises(BadCore, match="no LWP"):
        core.read(make("netbsd", "amd64", notes("amd64")[:2]))


@pytest.mark.parametrize(("kind", "data", "name", "why"), [
    (1, b"\2" + bytes(159), "procinfo", "version 2, not 1"),
    (2, b"\1" * 40, "auxv", "does not end with AT_NULL"),
])
def test_notes_that_are_not_what_they_should_be(kind: int, data: bytes, name: str,
                                                why: str) -> None:
    found = of("amd64", {kind: data})
    with pytest.raises(BadCore, match=why):
        getattr(found, name)
    assert found.lwp.registers.sp == STACK


@pytest.mark.parametrize(("request_", "name"), [
    ("PT_GETREGS", "registers"), ("PT_GETFPREGS", "fpregs"), ("PT_GETXSTATE", "xstate")])
def test_registers_of_the_wrong_size(request_: str, name: str) -> None:
    found = of("amd64", {request("amd64", request_): b"abc"})
    with pytest.raises(BadCore, match=f"{request_}: .*, not 3"):
        getattr(found.lwp, name)


def asked(found: Core) -> None:
    """Everything, once; a note that is damaged or not there is told as such."""
    for name in ("procinfo", "auxv", "signal", "lwp"):
        with suppress(BadCore, NoNote):
            looked_at(getattr(found, name))
    for lwp in found.lwps:
        for name in ("registers", "fpregs", "xstate", "dbregs", "xmmregs", "vecregs", "status"):
            with suppress(BadCore, NoNote, NotSupported):
                looked_at(getattr(lwp, name))
    for address in (0, STACK, STACK + 0x1000):
        with suppress(NotInCore):
            found.memory[address : address + 4]


def looked_at(value: object) -> None:
    if isinstance(value, Record):
        value.asdict()
        getattr(value, "code", None)
    repr(value)


@pytest.mark.parametrize("machine", MACHINES)
@FEW
@given(st.data())
def test_damaged_notes(machine: str, data: st.DataObject) -> None:
    """Each of them, cut, with other bits or sizes, or at random."""
    kind, good = data.draw(st.sampled_from([one[1:] for one in notes(machine)]))
    asked(of(machine, {kind: data.draw(damaged(good))}))


@pytest.mark.parametrize("machine", MACHINES)
@FEW
@given(st.data())
def test_damaged_cores(machine: str, data: st.DataObject) -> None:
    good = make("netbsd", machine, notes(machine), [Load(STACK, b"stack")])
    with suppress(BadCore):
        asked(core.read(data.draw(damaged(good))))
