"""kern.proc, typed: over the answers that a real kernel gave."""

from __future__ import annotations

import pytest

from bsdproc import abi
from bsdproc.dragonfly import kinfo
from bsdproc.dragonfly.constants import KernProc, Sysctl
from bsdproc.kernel.errors import KernelError, NoSuchProcess, NotSupported

from . import captured
from .recorded import Mib, Recorded, told

SIZE = abi.target("dragonfly", "x86_64").struct("struct kinfo_proc").size
RECORDS = {str(said["query"]).split(" mib=")[0]: data for data, said in captured.decoded()}
STRINGS = list(captured.strings())


def mib(name: KernProc, *arguments: int, lwp: bool = False) -> Mib:
    return (Sysctl.CTL_KERN, Sysctl.KERN_PROC, name + 0x10 * lwp, *arguments)


# -- what the real kernel's programs asked, one by one -----------------------------------

OF = {KernProc.KERN_PROC_ARGS: kinfo.args, KernProc.KERN_PROC_CWD: kinfo.cwd,
      KernProc.KERN_PROC_PATHNAME: kinfo.pathname}


def askable() -> list[captured.Asked]:
    """Those that the typed functions can express: whole buffers, ids that are some."""
    return [asked for asked in STRINGS
            if asked.mib[2] in OF and asked.room == 4096 and asked.new == 0
            and (asked.data is not None or asked.error is not None)
            and len(asked.mib) in (4, 5) and asked.mib[3] >= 0
            and (len(asked.mib) == 4 or asked.mib[2] == KernProc.KERN_PROC_ARGS)]


ALIVE = {0, 1, 15, 16, 17, 18, 19, 21, 22, 23, 24, 26}
"""The processes of that run, without the zombie."""


@pytest.mark.parametrize("asked", askable(), ids=lambda asked: asked.label)
def test_strings_as_recorded(asked: captured.Asked) -> None:
    name, pid = KernProc(asked.mib[2]), asked.mib[3]
    if name == KernProc.KERN_PROC_PATHNAME and pid == 0:
        return
    kernel = told({asked.mib: asked.error or asked.data or b""}, pid=15)
    if pid in ALIVE:
        kernel.sysctls[mib(KernProc.KERN_PROC_PID, pid)] = bytes(SIZE)
    keywords = {"tid": asked.mib[4]} if len(asked.mib) == 5 else {}
    if pid not in ALIVE:
        with pytest.raises(NoSuchProcess, match="ESRCH") as caught:
            OF[name](pid, kernel=kernel.port, **keywords)       # type: ignore[operator]
        assert (caught.value.request, caught.value.target) == (name.name, pid)
        return
    found = OF[name](pid, kernel=kernel.port, **keywords)       # type: ignore[operator]
    assert asked.data is not None
    words = [word.decode() for word in asked.data.split(b"\0")[:-1]]
    if name == KernProc.KERN_PROC_ARGS:
        assert found == tuple(words)
    else:
        assert found == (words[0] if words else None)


def test_most_of_what_was_asked_can_be_asked_here() -> None:
    assert len(STRINGS) > 60
    assert len(askable()) >= 35


def test_sigtramp_as_recorded() -> None:
    asked = next(one for one in STRINGS if one.label == "sigtramp")
    assert asked.data is not None
    found = kinfo.sigtramp(kernel=told({asked.mib: asked.data}).port)
    assert (found.start, found.end) == (0x7FFFFFDFE000, 0x7FFFFFDFE020)


def test_lists_as_recorded() -> None:
    """Each list's name, arguments and length are what the typed functions ask for."""
    for asked in captured.tables():
        if asked.error or asked.room < 1 << 20 or asked.length % SIZE:
            continue
        name, lwp = KernProc(asked.mib[2] & 0xF), bool(asked.mib[2] & 0x10)
        if name == KernProc.KERN_PROC_PID:
            continue
        data = RECORDS["Q all again"] * (asked.length // SIZE)
        keyword = {} if name == KernProc.KERN_PROC_ALL else {
            name.name.rpartition("_")[2].lower(): asked.mib[3]}
        kernel = told({asked.mib: data})
        found = kinfo.processes(threads=lwp, kernel=kernel.port, **keyword)
        assert len(found) == asked.length // SIZE, asked.label


# -- lists --------------------------------------------------------------------------------


def test_processes_and_kernel_threads() -> None:
    data = RECORDS["Q pid 0"] + RECORDS["Q pid init"] + RECORDS["Q all again"]
    kernel = told({mib(KernProc.KERN_PROC_ALL): data})
    assert [one.pid for one in kinfo.processes(kernel=kernel.port)] == [0, 1, -1]
    assert [one.lwp.comm for one in kinfo.kernel_threads(kernel=kernel.port)] == ["syncer5"]


def test_a_jailed_caller_is_told_of_its_jail_alone() -> None:
    """The kernel filters; a process outside is not there."""
    inside = bytearray(RECORDS["Q pid me"])
    layout = abi.target("dragonfly", "x86_64").struct("struct kinfo_proc")
    layout.put(inside, "kp_jailid", 1)
    kernel = told({mib(KernProc.KERN_PROC_ALL): bytes(inside)})
    assert [one.jailid for one in kinfo.processes(kernel=kernel.port)] == [1]
    assert kinfo.kernel_threads(kernel=kernel.port) == []
    with pytest.raises(NoSuchProcess, match="none in the caller's jail"):
        kinfo.process(1, kernel=kernel.port)


def test_filters() -> None:
    kernel = told({mib(KernProc.KERN_PROC_UID, -2, lwp=True): RECORDS["Q pid usr"]})
    assert len(kinfo.processes(uid=0xFFFFFFFE, threads=True, kernel=kernel.port)) == 1
    assert kinfo.processes(tty=0x1400, kernel=kernel.port) == []
    with pytest.raises(ValueError, match="one filter"):
        kinfo.processes(uid=0, ruid=0, kernel=kernel.port)
    with pytest.raises(ValueError, match="32 bits"):
        kinfo.processes(uid=1 << 32, kernel=kernel.port)
    with pytest.raises(TypeError):
        kinfo.processes(uid=True, kernel=kernel.port)
    with pytest.raises(NotSupported, match="KERN_PROC_SESSION"):
        kinfo.processes(session=1, kernel=kernel.port)


def test_one_process_and_its_threads() -> None:
    multi = RECORDS["Q pid multi"]
    kernel = told({mib(KernProc.KERN_PROC_PID, 11): multi,
                   mib(KernProc.KERN_PROC_PID, 11, lwp=True): RECORDS["Q pid|lwp multi"] * 2})
    assert kinfo.process(11, kernel=kernel.port).nthreads == 2
    assert len(kinfo.threads(11, kernel=kernel.port)) == 2
    for missing in (kinfo.process, kinfo.threads):
        with pytest.raises(NoSuchProcess) as caught:
            missing(99999, kernel=kernel.port)
        assert caught.value.reason == "no process with this id, or none in the caller's jail"


def test_a_zombie_is_found_in_the_list_alone() -> None:
    layout = abi.target("dragonfly", "x86_64").struct("struct kinfo_proc")
    zombie = bytearray(RECORDS["Q pid alpha"])
    layout.put(zombie, "kp_stat", 4)
    kernel = told({mib(KernProc.KERN_PROC_ALL): bytes(zombie)})
    for asked in (kinfo.process, kinfo.args, kinfo.cwd):
        with pytest.raises(NoSuchProcess, match="waits to be collected"):
            asked(3, kernel=kernel.port)


def test_records_of_a_newer_kernel() -> None:
    """The running kernel says by its estimate for one process how long its records are."""
    record = RECORDS["Q pid me"] + bytes(24)
    # A whole number of the shorter records as well.
    kernel = told({mib(KernProc.KERN_PROC_ALL): record * 124,
                   mib(KernProc.KERN_PROC_PID, 2): record})
    kernel.sizes[mib(KernProc.KERN_PROC_PID, 2)] = len(record)
    assert {one.pid for one in kinfo.processes(kernel=kernel.port)} == {2}
    assert kinfo.process(kernel=kernel.port).comm == "kproc"
    kernel.sizes.clear()
    kernel.sysctls[mib(KernProc.KERN_PROC_ALL)] = record * 3
    with pytest.raises(kinfo.Malformed):
        kinfo.processes(kernel=kernel.port)


# -- refusals -------------------------------------------------------------------------------


def test_what_panics_the_kernel_is_not_asked() -> None:
    kernel = Recorded()
    kernel.sysctls[mib(KernProc.KERN_PROC_PATHNAME, 0)] = b"/panic\0"
    with pytest.raises(ValueError, match="process 0"):
        kinfo.pathname(0, kernel=kernel.port)


def test_wrong_ids() -> None:
    kernel = Recorded().port
    for asked in (kinfo.process, kinfo.threads, kinfo.args, kinfo.cwd, kinfo.pathname):
        for wrong in (-1, 1 << 31):
            with pytest.raises(ValueError, match="pid"):
                asked(wrong, kernel=kernel)
        with pytest.raises(TypeError):
            asked("1", kernel=kernel)           # type: ignore[arg-type]


def test_errors_name_what_was_asked() -> None:
    kernel = told({mib(KernProc.KERN_PROC_ALL): "ENOMEM"})
    with pytest.raises(KernelError, match=r"sysctl KERN_PROC_ALL: ENOMEM"):
        kinfo.processes(kernel=kernel.port)


# -- the title --------------------------------------------------------------------------------


def test_a_title() -> None:
    own = mib(KernProc.KERN_PROC_ARGS, 2)
    kernel = told({own: b"new title\0", (*own, 1): b"thread title\0"})
    kinfo.set_args("new title", kernel=kernel.port)
    kinfo.set_args("thread title", tid=1, kernel=kernel.port)
    kinfo.set_args(None, kernel=kernel.port)
    assert kernel.set == [(own, b"new title"), ((*own, 1), b"thread title"), (own, b"")]


def test_a_title_that_the_kernel_has_not_kept() -> None:
    """It says nothing of more than kern.ps_arg_cache_limit bytes."""
    kernel = told({mib(KernProc.KERN_PROC_ARGS, 2): b"third\0"})
    with pytest.raises(KernelError, match="ps_arg_cache_limit") as caught:
        kinfo.set_args("L" * 250, kernel=kernel.port)
    assert caught.value.name == "ENOMEM"
    with pytest.raises(ValueError, match="NUL"):
        kinfo.set_args("a\0b", kernel=kernel.port)
    with pytest.raises(TypeError):
        kinfo.set_args(["a"], kernel=kernel.port)       # type: ignore[arg-type]


# -- beside kern.proc ---------------------------------------------------------------------------


def test_files() -> None:
    layout = abi.target("dragonfly", "x86_64").struct("struct kinfo_file")
    record = layout.pack({"f_size": layout.size, "f_pid": 7, "f_fd": 3, "f_offset": -1})
    kernel = told({"kern.file": record * 3})
    found = kinfo.files(kernel=kernel.port)
    assert [(one.pid, one.fd, one.offset) for one in found] == [(7, 3, -1)] * 3
    assert kinfo.files(kernel=told({"kern.file": b""}).port) == []
    for wrong in (record[:-1], layout.pack({"f_size": 8}), record + layout.pack({"f_size": 1})):
        with pytest.raises(kinfo.Malformed):
            kinfo.files(kernel=told({"kern.file": wrong}).port)


def test_times_of_processors() -> None:
    layout = abi.target("dragonfly", "x86_64").struct("struct kinfo_cputime")
    kernel = told({"kern.cputime": layout.pack({"cp_user": 5, "cp_msg": b"lock"}) * 2})
    assert [(one.user, one.msg) for one in kinfo.cputimes(kernel=kernel.port)] == [(5, "lock")] * 2
