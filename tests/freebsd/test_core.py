"""Cores of FreeBSD: an emulated kernel's, and every machine's made here; damaged ones."""

from __future__ import annotations

import io
from collections.abc import Callable, Iterable, Mapping
from contextlib import suppress
from functools import cache
from struct import Struct

import pytest
from elftools.elf.elffile import ELFFile
from elftools.elf.segments import NoteSegment
from hypothesis import given, settings
from hypothesis import strategies as st
from tests.typed.corefile import Load, damaged, make

from bsdproc import abi
from bsdproc.freebsd import Siginfo, Signal, Signaled, core, kinfo, ptrace, wait
from bsdproc.freebsd.constants import AuxType, CoredumpFlags, FileType, Limit, LwpEvent, Note
from bsdproc.freebsd.constants.signals import SegvCode
from bsdproc.freebsd.core import BadCore, Core, NoNote, NotInCore
from bsdproc.freebsd.ptrace.regset import AddressMask, Prstatus, SegmentBases, SveRegisters
from bsdproc.freebsd.ptrace.xstate import XFeature, XState
from bsdproc.freebsd.registers import FLOATING, GENERAL, VfpRegisters
from bsdproc.kernel import Kernel, KernelError, NotSupported
from bsdproc.typed.records import Record

from .conftest import Start

MACHINES = [machine for system, machine in abi.targets() if system == "freebsd"]
FEW = settings(max_examples=60, deadline=None)
STACK = 0x7FFF0000


# -- a kernel's own ---------------------------------------------------------------------------


def dumped(start: Start, program: str, flags: CoredumpFlags = CoredumpFlags(0)) -> Core:  # noqa: B008
    spin = start(program)
    file = io.BytesIO()
    ptrace.coredump(spin.pid, file, flags)
    return core.read(file)


def test_what_a_core_says_is_what_the_kernel_said(kernel: Kernel, start: Start) -> None:
    spin = start("spin", "one", "two")
    file = io.BytesIO()
    before = (ptrace.getregs(spin.pid), ptrace.getfpregs(spin.pid), ptrace.lwpinfo(spin.pid))
    ptrace.coredump(spin.pid, file)
    found = core.read(file)
    assert found.machine == kernel.machine
    assert found.signal is None
    info = found.prpsinfo
    assert (info.pid, info.fname, info.psargs) == (spin.pid, "spin", f"{spin.path} one two")
    assert len(found.threads) == 1
    thread = found.thread
    assert thread.lwpid == before[2].lwpid
    assert (thread.registers, thread.fpregs) == before[:2]
    assert thread.tdname == thread.lwpinfo.tdname == before[2].tdname
    assert thread.prstatus.osreldate == kernel.version
    assert found.proc[0].pid == spin.pid
    assert found.proc[0].comm == "spin"
    assert [(one.fd, one.type, one.path) for one in found.files] == [
        (one.fd, one.type, one.path) for one in kinfo.filedesc(spin.pid)]
    assert [(one.start, one.end, one.protection, one.path) for one in found.vmmap] == [
        (one.start, one.end, one.protection, one.path) for one in kinfo.vmmap(spin.pid)]
    assert found.groups == kinfo.groups(spin.pid)
    assert found.umask == kinfo.umask(spin.pid)
    assert found.rlimit[Limit.RLIMIT_NOFILE] == kinfo.rlimit(spin.pid, Limit.RLIMIT_NOFILE)
    assert len(found.rlimit) >= 15
    assert found.osrel == kinfo.osrel(spin.pid)
    assert found.ps_strings == kinfo.ps_strings(spin.pid)
    assert found.auxv == kinfo.auxv(spin.pid)
    with pytest.raises(NoNote, match="no NT_PROCSTAT_KQUEUES"):
        _ = found.kqueues
    data = found.memory[spin.at("word") : spin.at("word") + 4]
    assert data == ptrace.read(spin.pid, spin.at("word"), 4) == bytes.fromhex("44332211")


def test_notes_are_those_that_another_reader_finds(start: Start) -> None:
    spin = start("spin")
    file = io.BytesIO()
    ptrace.coredump(spin.pid, file)
    segments = list(ELFFile(file).iter_segments())
    notes = [one for one in segments if isinstance(one, NoteSegment)]
    expected = [(one["n_name"], one["n_descdata"]) for each in notes for one in each.iter_notes()]
    found = core.read(file)
    assert [(one.owner, one.data) for one in found.notes] == expected
    loads = [one for one in segments if one["p_type"] == "PT_LOAD"]
    assert len(loads) == len(found.memory.segments)
    for one in loads:
        assert found.memory.read(one["p_vaddr"], one["p_filesz"]) == one.data()


def test_what_a_kernel_leaves_out(start: Start) -> None:
    left = dumped(start, "spin")
    pc = left.thread.registers.pc
    with pytest.raises(NotInCore, match=r"leaves such a mapping of .*spin out, but with PC_ALL"):
        left.memory[pc]
    with pytest.raises(NotInCore, match="the process had nothing there"):
        left.memory[0]
    whole = dumped(start, "spin", CoredumpFlags.PC_ALL)
    assert len(whole.memory[pc : pc + 16]) == 16


def test_a_compressed_core(start: Start) -> None:
    try:
        found = dumped(start, "spin", CoredumpFlags.PC_COMPRESS)
    except KernelError as error:
        if error.name != "EFAULT":
            raise
        pytest.skip("this kernel was built without GZIO")
    sp = found.thread.registers.sp
    assert found.prpsinfo.fname == "spin"
    assert int.from_bytes(found.memory[sp : sp + 8], "little") in range(2)


def test_the_core_of_a_fatal_signal(kernel: Kernel, start: Start) -> None:
    before = kinfo.rlimit(None, Limit.RLIMIT_CORE)
    kinfo.set_rlimit(None, Limit.RLIMIT_CORE, kinfo.Rlimit(None, None))
    try:
        crash = start("crash", "null", traced=False)
        status = wait(crash.pid)
    finally:
        kinfo.set_rlimit(None, Limit.RLIMIT_CORE, before)
    assert isinstance(status, Signaled), status
    assert status.core
    where = kinfo.cwd().path.rstrip("/") + "/crash.core"
    fd = kernel.open(where, 0)
    data = b""
    while part := kernel.pread(fd, 1 << 20, len(data)):
        data += part
    kernel.close(fd)
    kernel.unlink(where)
    found = core.read(data)
    assert found.signal is status.signal
    assert found.thread.cursig is status.signal
    info = found.thread.siginfo
    assert isinstance(info, Siginfo)
    assert info.signo is status.signal
    assert found.thread.lwpinfo.event is LwpEvent.PL_EVENT_SIGNAL


def test_every_thread(kernel: Kernel, start: Start) -> None:
    threads = start("threads", "named", traced=False)
    for _ in range(100):
        kernel.settle(0.01)
        if len(kinfo.threads(threads.pid)) > 1:
            break
    ptrace.attach(threads.pid)
    threads.stop()
    file = io.BytesIO()
    ptrace.coredump(threads.pid, file)
    found = core.read(file)
    assert {one.lwpid for one in found.threads} == set(ptrace.getlwplist(threads.pid))
    assert len(found.threads) == len(found.proc) == 2
    assert {one.tid: one.tdname for one in found.proc} == {
        one.lwpid: one.tdname for one in found.threads}


@pytest.mark.emulated
def test_a_32_bit_process(kernel: Kernel) -> None:
    """Its core is a 32-bit one, of a machine of its own."""
    from tests.emulator.machdep.programs import narrow_file

    from bsdproc.emulator import FreeBSD

    assert isinstance(kernel, FreeBSD)
    kernel.install("/bin/narrow", narrow_file(b"\xcc"))
    pid = kernel.spawn("/bin/narrow", ["/bin/narrow", "one"], {}, traced=True)
    wait(pid)
    file = io.BytesIO()
    ptrace.coredump(pid, file)
    found = core.read(file)
    assert found.machine == "i386"
    assert (found.prpsinfo.pid, found.prpsinfo.psargs) == (pid, "/bin/narrow one")
    thread, told = found.thread, ptrace.getregs(pid)
    assert (thread.registers.pc, thread.registers.sp) == (told.pc, told.sp)
    assert thread.lwpid == ptrace.lwpinfo(pid).lwpid == thread.lwpinfo.lwpid
    assert isinstance(thread.fpregs, FLOATING["i386"])
    assert found.proc[0].emul == "FreeBSD ELF32"
    assert [one.path for one in found.vmmap] == [one.path for one in kinfo.vmmap(pid)]
    assert found.ps_strings == kinfo.ps_strings(pid)
    assert AuxType.AT_ENTRY in {one.type for one in found.auxv}
    assert int.from_bytes(found.memory[told.sp : told.sp + 4], "little") == 2
    ptrace.kill(pid)
    wait(pid)


# -- every machine's -----------------------------------------------------------------------------


def packed(machine: str, name: str, **values: int | bytes) -> bytes:
    return abi.target("freebsd", machine).struct(name).pack(values)


def order(machine: str) -> str:
    return "<" if abi.target("freebsd", machine).byteorder == "little" else ">"


def counted(machine: str, size: int, data: bytes) -> bytes:
    return Struct(f"{order(machine)}i").pack(size) + data


def record(machine: str, name: str, size: int | None = None, **values: int | bytes) -> bytes:
    """One that begins with its size, cut to it."""
    made = packed(machine, name, **values)
    field = next(iter(values))
    size = len(made) if size is None else size
    made = packed(machine, name, **{**values, field: size})
    return made[:size]


EXTRA: dict[str, list[tuple[Note, bytes]]] = {
    "amd64": [(Note.NT_X86_SEGBASES, bytes([1, *bytes(7), 2, *bytes(7)])),
              (Note.NT_X86_XSTATE, bytes(464) + b"\3" + bytes(111))],
    "i386": [(Note.NT_X86_SEGBASES, bytes([1, 0, 0, 0, 2, 0, 0, 0]))],
    "arm": [(Note.NT_ARM_VFP, bytes(264)), (Note.NT_ARM_TLS, bytes([5, 0, 0, 0]))],
    "arm64": [(Note.NT_ARM_TLS, bytes([5, *bytes(7)])),
              (Note.NT_ARM_ADDR_MASK, bytes([1, *bytes(7), 2, *bytes(7)])),
              (Note.NT_ARM_SVE, b"")],
    "powerpc64": [(Note.NT_PPC_VSX, bytes(256))],
    "powerpc64le": [(Note.NT_PPC_VSX, bytes(256))],
    "riscv64": [],
}
EXTRA["arm64"][2] = (Note.NT_ARM_SVE, packed("arm64", "struct svereg_header", sve_vec_len=16)
                     + bytes(32))


@cache
def notes(machine: str) -> tuple[tuple[str, int, bytes], ...]:
    """A process with two threads, as a kernel of that machine writes it."""
    target = abi.target("freebsd", machine)
    o, word = order(machine), "Q" if target.pointer == 8 else "I"
    number = Struct(f"{o}{word}")
    found: list[tuple[int, bytes]] = [(Note.NT_PRPSINFO, packed(
        machine, "struct prpsinfo", pr_version=1, pr_psinfosz=1, pr_fname=b"name",
        pr_psargs=b"name -x", pr_pid=77))]
    for tid in (100200, 100201):
        registers = GENERAL[machine]()
        registers.pc, registers.sp = 0x1000 + tid, STACK
        found.append((Note.NT_PRSTATUS, bytes(Prstatus(
            1, 1, registers.size, 8, 1400000, Signal.SIGSEGV, tid, registers))))
        found.append((Note.NT_FPREGSET, bytes(FLOATING[machine].size)))
        found.append((Note.NT_THRMISC, packed(machine, "struct thrmisc", pr_tname=b"worker")))
        lwp = bytearray(packed(machine, "struct ptrace_lwpinfo", pl_lwpid=tid, pl_event=1,
                               pl_flags=0x20))
        target.struct("struct ptrace_lwpinfo").put(lwp, "pl_siginfo", {
            "si_signo": 11, "si_code": 1, "si_addr": 0x44})
        found.append((Note.NT_PTLWPINFO, counted(machine, len(lwp), bytes(lwp))))
        found += [(note, data) for note, data in EXTRA[machine]]
    proc = record(machine, "struct kinfo_proc", ki_structsize=0, ki_pid=77, ki_comm=b"name")
    file = record(machine, "struct kinfo_file", 400, kf_structsize=0, kf_fd=3,
                  kf_type=FileType.KF_TYPE_VNODE, kf_path=b"/x")
    mapping = record(machine, "struct kinfo_vmentry", 160, kve_structsize=0, kve_start=0x1000,
                     kve_end=0x2000, kve_path=b"/bin/name")
    knote = packed(machine, "struct kinfo_knote", knt_kq_fd=9)
    limit = packed(machine, "struct rlimit", rlim_cur=5, rlim_max=(1 << 63) - 1)
    found += [
        (Note.NT_PROCSTAT_PROC, counted(machine, len(proc), proc * 2)),
        # Fewer than there was room for: the kernel fills up with zeros.
        (Note.NT_PROCSTAT_FILES, counted(machine, 1392, file * 2 + bytes(808))),
        (Note.NT_PROCSTAT_VMMAP, counted(machine, 1160, mapping)),
        (Note.NT_PROCSTAT_GROUPS, counted(machine, 4, Struct(f"{o}2I").pack(0, 5))),
        (Note.NT_PROCSTAT_UMASK, counted(machine, 2, Struct(f"{o}H").pack(0o22))),
        (Note.NT_PROCSTAT_RLIMIT, counted(machine, 16 * 15, limit * 15)),
        (Note.NT_PROCSTAT_OSREL, counted(machine, 4, Struct(f"{o}i").pack(1400097))),
        (Note.NT_PROCSTAT_PSSTRINGS, counted(machine, number.size, number.pack(STACK + 0x100))),
        (Note.NT_PROCSTAT_AUXV, counted(machine, 2 * number.size, Struct(f"{o}4{word}").pack(
            6, 4096, 0, 0))),
        (Note.NT_PROCSTAT_KQUEUES, counted(machine, len(knote), knote)),
    ]
    return tuple(("FreeBSD", int(note), data) for note, data in found)


def of(machine: str, changed: Mapping[int, bytes] | None = None,
       without: Iterable[int] = ()) -> Core:
    made = [(owner, kind, (changed or {}).get(kind, data)) for owner, kind, data in notes(machine)
            if kind not in set(without)]
    return core.read(make("freebsd", machine, made, [Load(STACK, b"stack")]))


@pytest.mark.parametrize("machine", MACHINES)
def test_every_note_of_every_machine(machine: str) -> None:
    found = of(machine)
    assert found.machine == machine
    assert found.signal is Signal.SIGSEGV
    assert (found.prpsinfo.pid, found.prpsinfo.psargs) == (77, "name -x")
    assert [one.lwpid for one in found.threads] == [100200, 100201]
    for one in found.threads:
        assert type(one.registers) is GENERAL[machine]
        assert (one.registers.pc, one.registers.sp) == (0x1000 + one.lwpid, STACK)
        assert type(one.fpregs) is FLOATING[machine]
        assert one.tdname == "worker"
        info = one.siginfo
        assert info is not None
        assert (info.signo, info.code, info.addr) == (Signal.SIGSEGV, SegvCode.SEGV_MAPERR, 0x44)
        for note, data in EXTRA[machine]:
            assert one.notes[note] == data
    assert [one.pid for one in found.proc] == [77, 77]
    assert [one.path for one in found.files] == ["/x", "/x"]
    assert [one.path for one in found.vmmap] == ["/bin/name"]
    assert found.groups == (0, 5)
    assert found.umask == 0o22
    assert found.rlimit[Limit.RLIMIT_CPU] == kinfo.Rlimit(5, None)
    assert len(found.rlimit) == 15
    assert found.osrel == 1400097
    assert found.ps_strings == STACK + 0x100
    assert [one.type for one in found.auxv] == [AuxType.AT_PAGESZ, AuxType.AT_NULL]
    assert found.kqueues[0].kq_fd == 9
    assert found.memory[STACK : STACK + 5] == b"stack"
    assert "threads=2" in repr(found)


def test_register_sets_by_their_notes() -> None:
    amd64 = of("amd64").thread
    assert amd64.regset(Note.NT_X86_SEGBASES) == SegmentBases(1, 2, 8)
    state = amd64.regset(Note.NT_X86_XSTATE)
    assert isinstance(state, XState)
    assert state.info.mask == XFeature.X87 | XFeature.SSE
    arm64 = of("arm64").thread
    assert arm64.regset(Note.NT_ARM_TLS) == (5,)
    assert arm64.regset(Note.NT_ARM_ADDR_MASK) == AddressMask(1, 2)
    assert isinstance(arm64.regset(Note.NT_ARM_SVE), SveRegisters)
    assert isinstance(of("arm").thread.regset(Note.NT_ARM_VFP), VfpRegisters)
    assert type(of("powerpc64le").thread.regset(Note.NT_PPC_VSX)).machine == "powerpc64le"
    with pytest.raises(NoNote, match="no NT_ARM_VFP"):
        arm64.regset(Note.NT_ARM_VFP)
    assert of("amd64", {Note.NT_X86_SEGBASES: b"x"}).thread.notes[Note.NT_X86_SEGBASES] == b"x"
    foreign = core.read(make("freebsd", "riscv64", [
        ("FreeBSD", 1, notes("riscv64")[1][2]), ("FreeBSD", Note.NT_ARM_TLS, bytes(8)),
        ("FreeBSD", 0x999, b"raw")]))
    assert foreign.thread.regset(0x999) == b"raw"
    with pytest.raises(NotSupported, match="riscv64 has no such register set"):
        foreign.thread.regset(Note.NT_ARM_TLS)


def test_a_32_bit_process_of_arm64() -> None:
    thread = of("arm", {Note.NT_FPREGSET: bytes(4)}).thread
    with pytest.raises(NoNote, match="in NT_ARM_VFP"):
        _ = thread.fpregs
    assert thread.regset(Note.NT_ARM_VFP).fpscr == 0


@pytest.mark.parametrize("machine", ["amd64", "i386"])
def test_a_psinfo_of_before_there_was_a_pid(machine: str) -> None:
    short = abi.target("freebsd", machine).struct("struct prpsinfo").field("pr_pid").offset
    old = of(machine, {Note.NT_PRPSINFO: notes(machine)[0][2][:short]}).prpsinfo
    assert (old.fname, old.pid) == ("name", 0)
    with pytest.raises(BadCore, match="NT_PRPSINFO"):
        _ = of(machine, {Note.NT_PRPSINFO: notes(machine)[0][2][:40]}).prpsinfo


def test_a_core_says_what_it_lacks() -> None:
    kept = [Note.NT_PRSTATUS]
    bare = of("amd64", without=set(Note) - set(kept))
    thread = bare.thread
    assert thread.registers.sp == STACK
    asked: list[Callable[[], object]] = [
        lambda: bare.prpsinfo, lambda: bare.proc, lambda: bare.files, lambda: bare.vmmap,
        lambda: bare.groups, lambda: bare.umask, lambda: bare.rlimit, lambda: bare.osrel,
        lambda: bare.ps_strings, lambda: bare.auxv, lambda: bare.kqueues,
        lambda: thread.fpregs, lambda: thread.tdname, lambda: thread.lwpinfo,
        lambda: thread.siginfo]
    for ask in asked:
        with pytest.raises(NoNote, match="no NT_"):
            ask()
    with pytest.raises(NotInCore, match="no segment has it"):
        bare.memory[0]


def test_a_core_cannot_be_changed() -> None:
    found = of("amd64")
    for one, name in ((found, "threads"), (found, "prpsinfo"), (found.thread, "notes"),
                      (found.thread, "new")):
        with pytest.raises(AttributeError):
            setattr(one, name, 1)
        with pytest.raises(AttributeError):
            delattr(one, name)
    found.thread.registers.pc = 5
    assert found.thread.registers.pc != 5, "each has one's own copy"
    with pytest.raises(TypeError):
        found.rlimit[0] = None  # type: ignore[index]


# -- damage ---------------------------------------------------------------------------------------


def test_threads_that_are_none() -> None:
    with pytest.raises(BadCore, match="no thread"):
        of("amd64", without=[Note.NT_PRSTATUS, Note.NT_FPREGSET, Note.NT_THRMISC,
                             Note.NT_PTLWPINFO, Note.NT_X86_SEGBASES, Note.NT_X86_XSTATE])
    with pytest.raises(BadCore, match="NT_FPREGSET stands before the first NT_PRSTATUS"):
        of("amd64", without=[Note.NT_PRSTATUS])


@pytest.mark.parametrize(("note", "data", "name", "why"), [
    (Note.NT_PROCSTAT_PROC, b"", "proc", "no size in front"),
    (Note.NT_PROCSTAT_PROC, bytes(8), "proc", "a struct of 0 bytes"),
    (Note.NT_PROCSTAT_FILES, b"\4\0\0\0" + b"\1" * 64, "files", "struct kinfo_file at 0"),
    (Note.NT_PROCSTAT_VMMAP, b"\4\0\0\0" + bytes(60) + b"\1", "vmmap", "struct kinfo_vmentry"),
    (Note.NT_PROCSTAT_GROUPS, b"\2\0\0\0\0\0", "groups", "groups of 2"),
    (Note.NT_PROCSTAT_UMASK, b"\2\0\0\0\0\0\0", "umask", "3 bytes of a number of 2"),
    (Note.NT_PROCSTAT_RLIMIT, b"\xf0\0\0\0abc", "rlimit", "no whole number of struct rlimit"),
    (Note.NT_PROCSTAT_OSREL, b"\4\0\0\0", "osrel", "0 bytes of a number of 4"),
    (Note.NT_PROCSTAT_AUXV, b"\x08\0\0\0" + bytes(16), "auxv", "entries of 8 bytes"),
    (Note.NT_PROCSTAT_KQUEUES, b"\x08\0\0\0" + bytes(16), "kqueues", "kinfo_knote of 8"),
    (Note.NT_PRPSINFO, b"\2" + bytes(119), "prpsinfo", "version 2, not 1"),
])
def test_notes_that_are_not_what_they_should_be(note: Note, data: bytes, name: str,
                                                why: str) -> None:
    found = of("amd64", {note: data})
    with pytest.raises(BadCore, match=f"{note.name}.*{why}"):
        getattr(found, name)
    assert found.thread.tdname == "worker", "the others are still there"


@pytest.mark.parametrize(("note", "data", "name", "why"), [
    (Note.NT_PRSTATUS, b"abc", "registers", "3 bytes are too few"),
    (Note.NT_PRSTATUS, b"\2" + bytes(223), "registers", "version 2"),
    (Note.NT_FPREGSET, b"abc", "fpregs", "512 bytes, not 3"),
    (Note.NT_THRMISC, b"abc", "tdname", "takes 24 bytes"),
    (Note.NT_PTLWPINFO, b"\x10\0\0\0" + bytes(160), "lwpinfo", "16 are there"),
])
def test_a_threads_notes_that_are_not(note: Note, data: bytes, name: str, why: str) -> None:
    found = of("amd64", {note: data})
    with pytest.raises(BadCore, match=f"{note.name}.*{why}"):
        getattr(found.thread, name)


PROPERTIES = ("prpsinfo", "proc", "files", "vmmap", "groups", "umask", "rlimit", "osrel",
              "ps_strings", "auxv", "kqueues", "signal")
OF_THREADS = ("prstatus", "registers", "fpregs", "tdname", "lwpinfo", "siginfo", "cursig")


def looked_at(value: object) -> None:
    """Read all there is in it."""
    if isinstance(value, Record):
        value.asdict()
        for name in value.names():
            looked_at(getattr(value, name))
        for name in ("detail", "slot", "event", "siginfo", "code", "groups"):
            getattr(value, name, None)
    elif isinstance(value, tuple):
        for one in value:
            looked_at(one)
    repr(value)


def asked(found: Core) -> None:
    """Everything, once; a note that is damaged or not there is told as such."""
    for name in PROPERTIES:
        with suppress(BadCore, NoNote):
            looked_at(getattr(found, name))
    for thread in found.threads:
        for name in OF_THREADS:
            with suppress(BadCore, NoNote):
                looked_at(getattr(thread, name))
        for note in thread.notes:
            with suppress(BadCore, NotSupported):
                looked_at(thread.regset(note))
    for address in (0, STACK, STACK + 8):
        with suppress(NotInCore):
            found.memory[address : address + 4]


@pytest.mark.parametrize("machine", MACHINES)
@FEW
@given(st.data())
def test_damaged_notes(machine: str, data: st.DataObject) -> None:
    """Each of them, cut, with other bits or sizes, or at random."""
    kind, good = data.draw(st.sampled_from([one[1:] for one in notes(machine)]))
    found = of(machine, {kind: data.draw(damaged(good))})
    asked(found)


@pytest.mark.parametrize("machine", MACHINES)
@FEW
@given(st.data())
def test_damaged_cores(machine: str, data: st.DataObject) -> None:
    good = make("freebsd", machine, notes(machine), [Load(STACK, b"stack")])
    with suppress(BadCore):
        asked(core.read(data.draw(damaged(good))))
