"""The kern.proc sysctls, typed, on a kernel."""

from __future__ import annotations

import pytest

from bsdproc.freebsd import Signal, WaitOptions, kinfo, ptrace, wait
from bsdproc.freebsd.constants import (
    AuxType,
    FileFlags,
    FileSlot,
    FileType,
    KstackState,
    KvmeProtection,
    Limit,
    ProcFlags,
    ProcState,
    SessionFlags,
    VmType,
    VnodeType,
)
from bsdproc.freebsd.kinfo import KinfoProc, Malformed, Rlimit
from bsdproc.freebsd.kinfo.file import VnodeDetail
from bsdproc.kernel.errors import KernelError, TooOld
from bsdproc.kernel.port import Kernel

from .conftest import Start

NOBODY = 99998


def test_one_process(kernel: Kernel, start: Start) -> None:
    spin = start("spin")
    found = kinfo.process(spin.pid)
    assert (found.pid, found.ppid, found.tracer) == (spin.pid, kernel.getpid(), kernel.getpid())
    assert found.comm == "spin"
    assert found.stat is ProcState.SSTOP
    assert ProcFlags.P_TRACED | ProcFlags.P_STOPPED_TRACE in found.flag
    assert found.numthreads == 1
    assert found.structsize == 1088
    assert found.tid == ptrace.lwpinfo(spin.pid).lwpid
    assert kinfo.process(found.tid).pid == spin.pid, "a thread's id finds its process"
    assert kinfo.process().pid == kernel.getpid()
    with pytest.raises(ProcessLookupError) as caught:
        kinfo.process(NOBODY)
    error = caught.value
    assert isinstance(error, KernelError)
    assert (error.call, error.request, error.target) == ("sysctl", "KERN_PROC_PID", NOBODY)


def test_lists(kernel: Kernel, start: Start) -> None:
    grouped = start("spin", new_group=True)
    other = start("spin", uid=54321)
    me = kernel.getpid()

    def pids(found: list[KinfoProc]) -> set[int]:
        return {one.pid for one in found}

    assert {1, me, grouped.pid, other.pid} <= pids(kinfo.processes())
    assert pids(kinfo.processes(pgrp=grouped.pid)) == {grouped.pid}
    assert pids(kinfo.processes(session=kernel.caller().sid)) >= {me, grouped.pid, other.pid}
    for which in ("uid", "ruid", "gid", "rgid"):
        picked = {which: 54321}
        assert pids(kinfo.processes(**picked)) == {other.pid}   # type: ignore[arg-type]
    assert kinfo.processes(pgrp=NOBODY) == []
    assert kinfo.processes(uid=54322) == []
    assert isinstance(kinfo.processes(tty=-1), list)


def test_lists_bad_arguments(kernel: Kernel) -> None:
    with pytest.raises(ValueError, match="one filter at most"):
        kinfo.processes(uid=0, gid=0)
    with pytest.raises(ValueError, match="32 bits"):
        kinfo.processes(uid=1 << 32)
    with pytest.raises(TypeError):
        kinfo.processes(uid="root")     # type: ignore[arg-type]
    for function in (kinfo.process, kinfo.args, kinfo.vmmap, kinfo.umask):
        with pytest.raises(ValueError, match="pid"):
            function(-1)


def test_threads(kernel: Kernel, start: Start) -> None:
    threads = start("threads", "two")
    ptrace.cont(threads.pid)
    for _ in range(100):
        kernel.settle(0.02)
        kernel.kill(threads.pid, Signal.SIGSTOP)
        threads.stop()
        if ptrace.getnumlwps(threads.pid) == 3:
            break
        ptrace.cont(threads.pid)
    found = kinfo.threads(threads.pid)
    assert tuple(one.tid for one in found) == ptrace.getlwplist(threads.pid)
    assert {one.pid for one in found} == {threads.pid}
    for listed in (kinfo.processes(threads=True),
                   kinfo.processes(pgrp=kernel.caller().pgid, threads=True)):
        assert sum(one.pid == threads.pid for one in listed) == 3
    assert sum(one.pid == threads.pid for one in kinfo.processes()) == 1


def test_a_session_leader(kernel: Kernel) -> None:
    own = kinfo.process()
    assert (SessionFlags.KI_SLEADER in own.kiflag) == (own.sid == own.pid)
    assert own.groups[:1] == (own.gid,)
    assert own.rusage.utime >= 0


def test_a_zombie(start: Start) -> None:
    exiter = start("exiter", "7", traced=False)
    wait(exiter.pid, WaitOptions.WNOWAIT | WaitOptions.WEXITED)
    found = kinfo.process(exiter.pid)
    assert found.stat is ProcState.SZOMB
    assert found.xstat == 7 << 8
    wait(exiter.pid)


# -- strings -----------------------------------------------------------------------------


def test_arguments_and_environment(kernel: Kernel, start: Start) -> None:
    spin = start("spin", "one", "two words", "", env={"A": "1", "LONG": "x" * 300})
    assert kinfo.args(spin.pid) == (spin.path, "one", "two words", "")
    assert set(kinfo.env(spin.pid)) == {"A=1", "LONG=" + "x" * 300}
    assert kinfo.pathname(spin.pid) == spin.path
    assert kinfo.sv_name(spin.pid) == "FreeBSD ELF64"
    bare = start("spin")
    with pytest.raises(KernelError, match=r"KERN_PROC_ENV.*ENOMEM.*empty environment"):
        kinfo.env(bare.pid)
    with pytest.raises(ProcessLookupError):
        kinfo.args(NOBODY)


def test_ones_own_title(kernel: Kernel, start: Start) -> None:
    def work(child: Kernel) -> list[tuple[str, ...]]:
        real = kinfo.args(kernel=child)
        kinfo.set_args(("my title", "in two"), kernel=child)
        mine = kinfo.args(kernel=child)
        kinfo.set_args(None, kernel=child)
        return [real, mine, kinfo.args(kernel=child)]

    real, mine, after = kernel.run_child(work)
    assert mine == ("my title", "in two")
    assert after == real
    with pytest.raises(KernelError, match="ENOMEM"):
        kinfo.set_args(["x" * 5000])
    with pytest.raises(TypeError, match="sequence of strings"):
        kinfo.set_args("title")


# -- files -------------------------------------------------------------------------------


def test_files(kernel: Kernel) -> None:
    path = "/tmp/bsdproc.kinfo"
    before = kinfo.nfds()
    fd = kernel.open(path, 0x202)
    kernel.pwrite(fd, b"0123456789", 0)
    assert kinfo.nfds() == before + 1
    found = kinfo.filedesc()
    slots = [one.slot for one in found if one.fd < 0]
    assert {FileSlot.KF_FD_TYPE_CWD, FileSlot.KF_FD_TYPE_ROOT} <= set(slots)
    mine = next(one for one in found if one.fd == fd)
    assert mine.type is FileType.KF_TYPE_VNODE
    assert mine.path == path
    assert mine.flags == FileFlags.KF_FLAG_READ | FileFlags.KF_FLAG_WRITE
    detail = mine.detail
    assert isinstance(detail, VnodeDetail)
    assert (detail.type, detail.size) == (VnodeType.KF_VTYPE_VREG, 10)
    kernel.close(fd)
    kernel.unlink(path)


def test_working_directory(start: Start) -> None:
    spin = start("spin")
    found = kinfo.cwd(spin.pid)
    assert found.slot is FileSlot.KF_FD_TYPE_CWD
    assert found.path.startswith("/")
    text = next(one for one in kinfo.filedesc(spin.pid)
                if one.slot is FileSlot.KF_FD_TYPE_TEXT)
    assert text.path == spin.path


# -- address space -------------------------------------------------------------------------


def test_mappings(start: Start) -> None:
    spin = start("spin")
    found = kinfo.vmmap(spin.pid)
    text = next(one for one in found if spin.at("tracee") in one)
    assert text.type is VmType.KVME_TYPE_VNODE
    assert text.path == spin.path
    assert KvmeProtection.KVME_PROT_READ | KvmeProtection.KVME_PROT_EXEC in text.protection
    by_ptrace = {(e.start, e.end): e.path for e in ptrace.vm_map(spin.pid)}
    assert by_ptrace[text.start, text.end] == spin.path


def test_the_layouts_of_old(start: Start) -> None:
    """The same mappings and files as FreeBSD 7.0 told of them."""
    spin = start("spin")
    old = [(one.start, one.end, one.path) for one in kinfo.ovmmap(spin.pid)]
    assert old == [(one.start, one.end, one.path) for one in kinfo.vmmap(spin.pid)]
    files = {(one.fd, one.type, one.path) for one in kinfo.ofiledesc(spin.pid)}
    assert files <= {(one.fd, one.type, one.path) for one in kinfo.filedesc(spin.pid)}
    assert (-1, FileType.KF_TYPE_VNODE, kinfo.cwd(spin.pid).path) in files


def test_kernel_stacks(start: Start) -> None:
    spin = start("spin")
    (found,) = kinfo.kstack(spin.pid)
    assert found.tid == ptrace.lwpinfo(spin.pid).lwpid
    assert found.state is KstackState.KKST_STATE_STACKOK
    assert found.trace.startswith("#0 0x")


def test_auxiliary_vector_and_ps_strings(start: Start) -> None:
    spin = start("spin", "a", env={"A": "1"})
    vector = {one.type: one.value for one in kinfo.auxv(spin.pid)}
    assert vector[AuxType.AT_ENTRY] == spin.at("_start")
    assert vector[AuxType.AT_PAGESZ] == 4096
    assert vector[AuxType.AT_NULL] == 0
    where = kinfo.ps_strings(spin.pid)
    counts = ptrace.read(spin.pid, where, 32)
    assert int.from_bytes(counts[8:12], "little") == 2
    assert int.from_bytes(counts[24:28], "little") == 1


def test_signal_trampoline(start: Start) -> None:
    spin = start("spin")
    thread, *_ = kinfo.threads(0)
    for one in (0, thread.tid):      # a panic of the real kernel
        with pytest.raises(ValueError, match="kernel's own"):
            kinfo.sigtramp(one)
    found = kinfo.sigtramp(spin.pid)
    assert 0 < found.start < found.end


# -- attributes -----------------------------------------------------------------------------


def test_limits(start: Start) -> None:
    spin = start("spin")
    assert kinfo.rlimit(spin.pid, Limit.RLIMIT_CPU) == Rlimit(None, None)
    kinfo.set_rlimit(spin.pid, Limit.RLIMIT_CPU, Rlimit(1000, 2000))
    assert kinfo.rlimit(spin.pid, Limit.RLIMIT_CPU) == Rlimit(1000, 2000)
    kinfo.set_rlimit(spin.pid, Limit.RLIMIT_CPU, Rlimit(5, None))
    assert kinfo.rlimit(spin.pid, 0) == Rlimit(5, None)
    with pytest.raises(KernelError, match=r"KERN_PROC_RLIMIT of \d+: EINVAL"):
        kinfo.rlimit(spin.pid, 15)
    with pytest.raises(ValueError, match="negative"):
        kinfo.rlimit(spin.pid, -1)
    with pytest.raises(ValueError, match="negative"):
        kinfo.set_rlimit(spin.pid, Limit.RLIMIT_CPU, Rlimit(-1, None))


def test_groups_umask_and_osrel(kernel: Kernel, start: Start) -> None:
    spin = start("spin", uid=4321)
    assert set(kinfo.groups(spin.pid)) == {4321}
    assert kinfo.umask(spin.pid) == 0o022
    assert kinfo.osrel(spin.pid) == kernel.version
    kinfo.set_osrel(spin.pid, 1200000)
    assert kinfo.osrel(spin.pid) == 1200000
    with pytest.raises(ValueError, match="negative"):
        kinfo.set_osrel(spin.pid, -1)


def test_what_a_program_has_not_asked_for(start: Start) -> None:
    spin = start("spin")
    with pytest.raises(KernelError, match=r"KERN_PROC_SIGFASTBLK.*ENOTTY"):
        kinfo.sigfastblk(spin.pid)


def test_what_the_kernel_is_too_old_for(start: Start) -> None:
    spin = start("spin")
    for call in (lambda: kinfo.vm_layout(spin.pid), lambda: kinfo.kqueue(spin.pid, 3),
                 lambda: kinfo.rlimit_usage(spin.pid)):
        with pytest.raises(TooOld, match=r"came with FreeBSD 1[45]"):
            call()
    with pytest.raises(ValueError, match="negative"):
        kinfo.kqueue(spin.pid, -1)


def test_a_number_of_a_wrong_size(kernel: Kernel, monkeypatch: pytest.MonkeyPatch) -> None:
    """Sizes of what comes back are looked at."""
    monkeypatch.setattr("bsdproc.freebsd.kinfo.calls._sysctl", lambda *a, **k: b"\1\2\3")
    for function in (kinfo.umask, kinfo.osrel, kinfo.ps_strings, kinfo.auxv, kinfo.groups,
                     kinfo.process, kinfo.vmmap, kinfo.cwd, kinfo.sigtramp, kinfo.kstack):
        with pytest.raises(Malformed):
            function()
    with pytest.raises(Malformed):
        kinfo.rlimit(None, 0)
