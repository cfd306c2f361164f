"""sysctl: the tree, who may set what, sizes; kern.proc in what the recorded
scenarios leave out."""

from __future__ import annotations

import struct
from collections.abc import Sequence
from functools import partial

import pytest

from bsdproc import abi
from bsdproc.emulator import FreeBSD
from bsdproc.emulator.freebsd import kinfo, sysctl
from bsdproc.emulator.freebsd.cred import ucred
from bsdproc.kernel import Kernel

from .remote import PROGRAMS, Remote, refusal

PT_CONTINUE, PT_ATTACH = 7, 10
ALL, PID, PGRP, TTY, ARGS, PROC, SV_NAME, PATHNAME = 0, 1, 2, 4, 7, 8, 9, 12
OVMMAP, OFILEDESC, KSTACK, INC_THREAD, VMMAP, FILEDESC, GROUPS = 13, 14, 15, 16, 32, 33, 34
ENV, AUXV, RLIMIT, UMASK, OSREL, SIGTRAMP, CWD, NFDS = 35, 36, 37, 39, 40, 41, 42, 43


def integer(data: bytes) -> int:
    return int.from_bytes(data, "little", signed=True)


def asked(
    kernel: Kernel, mib: Sequence[int] | str, *, new: bytes | None = None, room: int | None = None
) -> str:
    return refusal(lambda: kernel.sysctl(mib, new=new, room=room))


# -- the tree ---------------------------------------------------------------------
@pytest.mark.parametrize(("name", "mib"), [
    ("kern.osreldate", (1, 24)), ("kern.proc.pid", (1, 14, 1)), ("kern.proc.pid_td", (1, 14, 17)),
    ("hw.pagesize", (6, 7)), ("kern.ostype", (1, 1)), ("kern", (1,)), ("kern.hostname.", (1, 10)),
])  # fmt: skip
def test_names_have_numbers(name: str, mib: tuple[int, ...]) -> None:
    assert sysctl.name2mib(name) == mib


@pytest.mark.parametrize("name", ["nothing", "kern.nothing", "kern.proc.pid.1",
                                  "kern.osreldate.x", "kern..proc"])
def test_names_that_are_none(kernel: FreeBSD, name: str) -> None:
    assert asked(kernel, name) == "ENOENT"


@pytest.mark.parametrize(("name", "errno"), [
    ("", "EINVAL"), ("a" * 2000, "EINVAL"), ("kern", "EISDIR"), ("kern.proc", "EISDIR"),
])
def test_names_that_lead_to_nothing(kernel: FreeBSD, name: str, errno: str) -> None:
    assert asked(kernel, name) == errno


@pytest.mark.parametrize(("mib", "errno"), [
    ((1,), "EINVAL"), ((1,) * 25, "EINVAL"), ((1, 14), "EISDIR"), ((1, 24, 0), "ENOTDIR"),
    ((1, 14, 1), "EINVAL"), ((1, 14, 1, 1, 1), "EINVAL"), ((1, 14, 16, 1), "ENOENT"),
    ((1, 14, 45, 1), "ENOENT"), ((99, 1), "ENOENT"),
])  # fmt: skip
def test_numbers_that_lead_nowhere(kernel: FreeBSD, mib: tuple[int, ...], errno: str) -> None:
    assert asked(kernel, mib) == errno


def test_the_tree_can_be_walked_and_named(kernel: FreeBSD) -> None:
    """As sysctl(8) does it: next, name, format, for every leaf."""
    at: tuple[int, ...] = (1,)
    names = []
    while True:
        try:
            found = kernel.sysctl([0, 2, *at])
        except FileNotFoundError:
            break
        at = struct.unpack(f"<{len(found) // 4}i", found)
        name = kernel.sysctl([0, 1, *at]).rstrip(b"\0").decode()
        assert sysctl.name2mib(name) == at
        kind = struct.unpack_from("<I", kernel.sysctl([0, 4, *at]))[0] & 0xF
        names.append(name)
        if kind != 1:
            kernel.sysctl(name)
    assert len(names) == len(set(names))
    assert {"kern.ostype", "kern.proc.all", "hw.ncpu", "kern.elf64.aslr.enable",
            "security.bsd.unprivileged_proc_debug"} <= set(names)


def test_a_name_is_looked_up_by_a_sysctl(kernel: FreeBSD) -> None:
    assert kernel.sysctl([0, 3], new=b"kern.osreldate", room=100) == struct.pack("<ii", 1, 24)
    assert asked(kernel, [0, 3], new=b"") == "ENOENT"
    assert asked(kernel, [0, 3], new=b"x" * 1024) == "ENAMETOOLONG"


def test_an_unknown_number_is_its_own_name(kernel: FreeBSD) -> None:
    assert kernel.sysctl([0, 1, 1, 14, 1, 77]) == b"kern.proc.pid.77\0"


# -- values -----------------------------------------------------------------------
def test_who_this_is(kernel: FreeBSD) -> None:
    assert kernel.sysctl("kern.ostype") == b"FreeBSD\0"
    assert kernel.sysctl("kern.osrelease") == kernel.release.encode() + b"\0"
    assert integer(kernel.sysctl("kern.osreldate")) == kernel.version == 1302001
    assert kernel.sysctl("hw.machine") == b"amd64\0"
    assert integer(kernel.sysctl("hw.pagesize")) == 4096
    assert integer(kernel.sysctl("hw.ncpu")) == 2


def test_sizes(kernel: FreeBSD) -> None:
    assert kernel.sysctl_size("kern.ostype") == 8
    assert kernel.sysctl("kern.ostype", room=8) == b"FreeBSD\0"
    assert asked(kernel, "kern.ostype", room=7) == "ENOMEM"
    assert kernel.sysctl("kern.ostype", room=0) == b""
    assert len(kernel.sysctl("kern.arandom", room=10)) == 10


def test_setting(kernel: FreeBSD) -> None:
    name = "kern.ps_arg_cache_limit"
    assert kernel.sysctl(name, new=struct.pack("<Q", 300), room=8) == struct.pack("<Q", 256)
    assert integer(kernel.sysctl(name)) == 300
    assert asked(kernel, name, new=b"1234") == "EINVAL"
    assert asked(kernel, "kern.ostype", new=b"x") == "EPERM"
    assert asked(kernel, "hw.ncpu", new=b"1234") == "EPERM"
    assert asked(kernel, "kern.pid_max", new=struct.pack("<i", 299)) == "EINVAL"
    assert asked(kernel, "kern.hostname", new=b"x" * 256) == "EINVAL"
    kernel.sysctl("kern.hostname", new=b"host")
    assert kernel.sysctl("kern.hostname") == b"host\0"


def test_setting_is_the_superusers(kernel: FreeBSD) -> None:
    def work(k: Kernel) -> list[str]:
        return [asked(k, "kern.hostname", new=b"x"), asked(k, "kern.ostype", new=b"x"),
                asked(k, [1, 14, ARGS, k.getpid()], new=b"title\0")]

    assert kernel.run_child(work, uid=1001) == ["EPERM", "EPERM", ""]


def test_the_security_level_only_rises(kernel: FreeBSD) -> None:
    one, zero = struct.pack("<i", 1), struct.pack("<i", 0)
    assert integer(kernel.sysctl("kern.securelevel")) == -1
    kernel.sysctl("kern.securelevel", new=one)
    assert asked(kernel, "kern.securelevel", new=zero) == "EPERM"
    assert asked(kernel, "security.bsd.unprivileged_proc_debug", new=zero) == "EPERM"
    assert asked(kernel, "security.bsd.see_other_uids", new=zero) == ""


def test_a_switch_that_takes_only_two_values(kernel: FreeBSD) -> None:
    name = "security.bsd.unprivileged_proc_debug"
    assert asked(kernel, name, new=struct.pack("<i", 2)) == "EINVAL"
    kernel.sysctl(name, new=struct.pack("<i", 0))
    assert integer(kernel.sysctl(name)) == 0


# -- kern.proc --------------------------------------------------------------------
def test_every_table_can_be_asked_of_every_process(kernel: FreeBSD) -> None:
    """Nothing but an errno comes of it, whatever the process."""
    kernel.install("/bin/exiter", PROGRAMS / "exiter")
    zombie = kernel.spawn("/bin/exiter", ["exiter", "1"], {})
    kernel.wait6(0, zombie, 16 | 8)
    pids = (-1, 0, 1, kernel.getpid(), Remote(kernel).pid, zombie, 99_999, 100_004)
    for kind in (*range(46), 60, 255):
        for pid in pids:
            for rest in ((), (pid,), (pid, 4), (pid, 99)):
                mib = (1, 14, kind, *rest)
                assert asked(kernel, mib) in (
                    "", "ESRCH", "EINVAL", "ENOENT", "ENOTDIR", "ENOMEM", "ENOTTY"), mib
                refusal(partial(kernel.sysctl_size, mib))


def test_a_process_is_found_by_its_threads_number_too(kernel: FreeBSD, remote: Remote) -> None:
    record = kernel.sysctl([1, 14, PID, remote.pid])
    layout = kernel.target.struct("struct kinfo_proc")
    tid = layout.get(record, "ki_tid")
    assert isinstance(tid, int)
    assert kernel.sysctl([1, 14, PID, tid]) == record
    assert kernel.sysctl([1, 14, ARGS, tid]) == b"/bin/spin\0"


def test_size_estimates_leave_room(kernel: FreeBSD) -> None:
    Remote(kernel)
    one = kernel.target.struct("struct kinfo_proc").size
    listed = len(kernel.sysctl([1, 14, PROC, 0]))
    assert kernel.sysctl_size([1, 14, PROC, 0]) == listed + 5 * one
    assert kernel.sysctl_size([1, 14, PGRP, 99998]) == 5 * one


def test_a_record_of_a_zombie(kernel: FreeBSD) -> None:
    kernel.install("/bin/exiter", PROGRAMS / "exiter")
    pid = kernel.spawn("/bin/exiter", ["exiter", "3"], {})
    kernel.wait6(0, pid, 16 | 8)
    found = kernel.target.struct("struct kinfo_proc").unpack(kernel.sysctl([1, 14, PID, pid]))
    assert (found["ki_stat"], found["ki_xstat"], found["ki_size"]) == (5, 3 << 8, 0)
    assert kernel.sysctl([1, 14, ARGS, pid]) == b"exiter\x003\0"
    assert asked(kernel, [1, 14, VMMAP, pid]) == "ESRCH"
    assert asked(kernel, [1, 14, RLIMIT, pid, 4]) == "ESRCH"


def test_what_a_record_says(kernel: FreeBSD) -> None:
    remote = Remote(kernel, uid=1001)
    layout = kernel.target.struct("struct kinfo_proc")
    found = layout.unpack(kernel.sysctl([1, 14, PID, remote.pid]))
    assert (found["ki_uid"], found["ki_ruid"], found["ki_svuid"]) == (1001, 1001, 1001)
    assert found["ki_groups"][:1] == (1001,)  # type: ignore[index]
    assert (found["ki_ppid"], found["ki_tracer"]) == (kernel.getpid(), kernel.getpid())
    assert found["ki_sid"] == kernel.getpid()
    assert (found["ki_tsize"], found["ki_dsize"]) == (1, 1)
    mapped = sum(end - start for start, end in _ranges(kernel, remote.pid))
    assert found["ki_size"] == mapped
    assert found["ki_numthreads"] == 1


def _ranges(kernel: FreeBSD, pid: int) -> list[tuple[int, int]]:
    records, at, found = kernel.sysctl([1, 14, VMMAP, pid]), 0, []
    while at < len(records):
        size, _, start, end = struct.unpack_from("<iiQQ", records, at)
        found.append((start, end))
        at += size
    return found


def test_the_old_tables_tell_the_same(kernel: FreeBSD, remote: Remote) -> None:
    old = kernel.sysctl([1, 14, OVMMAP, remote.pid])
    ranges = [struct.unpack_from("<QQ", old, at + 8) for at in range(0, len(old), 1168)]
    assert ranges == _ranges(kernel, remote.pid)
    files = kernel.sysctl([1, 14, OFILEDESC, remote.pid])
    assert [struct.unpack_from("<ii", files, at) for at in range(0, len(files), 1328)] == [
        (1328, 1), (1328, 1), (1328, 3), (1328, 3), (1328, 3)]
    assert [struct.unpack_from("<i", files, at + 8)[0] for at in range(0, len(files), 1328)] == [
        -1, -2, 0, 1, 2]


def test_a_table_of_descriptors_is_cut_between_records(kernel: FreeBSD, remote: Remote) -> None:
    whole = kernel.sysctl([1, 14, FILEDESC, remote.pid])
    first = struct.unpack_from("<i", whole)[0]
    answer = sysctl.ask(kernel._system, kernel._td, (1, 14, FILEDESC, remote.pid),
                        first + 100, None)
    assert (answer.data, answer.size, answer.errno) == (whole[:first], first, 12)


def test_kernel_stacks(kernel: FreeBSD) -> None:
    kernel.install("/bin/sleeper", PROGRAMS / "sleeper")
    pid = kernel.spawn("/bin/sleeper", ["sleeper", "10000"], {})
    kernel.settle(0.01)
    layout = kernel.target.struct("struct kinfo_kstack")
    found = layout.unpack(kernel.sysctl([1, 14, KSTACK, pid]))
    trace = found["kkst_trace"]
    assert isinstance(trace, bytes)
    assert found["kkst_state"] == 0
    assert b"nanosleep" in trace
    assert trace.startswith(b"#0 0xffffffff")
    running = layout.unpack(kernel.sysctl([1, 14, KSTACK, kernel.getpid()]))
    assert running["kkst_state"] == 2


def test_arguments_too_long_to_keep_are_read_from_memory(kernel: FreeBSD) -> None:
    kernel.install("/bin/spin", PROGRAMS / "spin")
    long = "x" * 600
    pid = kernel.spawn("/bin/spin", ["spin", long], {}, traced=True)
    kernel.wait4(pid)
    assert kernel.sysctl([1, 14, ARGS, pid]) == b"spin\0" + long.encode() + b"\0"
    at, argc = struct.unpack("<Qi", _memory(kernel, pid, integer(kernel.sysctl([1, 14, 38, pid])),
                                            12))
    assert argc == 2
    second = integer(_memory(kernel, pid, at + 8, 8))
    fd = kernel.open(f"/proc/{pid}/mem", 2)
    kernel.pwrite(fd, b"changed\0", second)
    assert kernel.sysctl([1, 14, ARGS, pid]) == b"spin\0changed\0"


def _memory(kernel: FreeBSD, pid: int, address: int, size: int) -> bytes:
    fd = kernel.open(f"/proc/{pid}/mem", 0)
    try:
        return kernel.pread(fd, size, address)
    finally:
        kernel.close(fd)


def test_short_arguments_are_kept_whatever_becomes_of_the_memory(
    kernel: FreeBSD, remote: Remote
) -> None:
    at = integer(_memory(kernel, remote.pid,
                         integer(kernel.sysctl([1, 14, 38, remote.pid])), 8))
    fd = kernel.open(f"/proc/{remote.pid}/mem", 2)
    kernel.pwrite(fd, b"xxxx", integer(_memory(kernel, remote.pid, at, 8)))
    assert kernel.sysctl([1, 14, ARGS, remote.pid]) == b"/bin/spin\0"


def test_the_auxiliary_vector(kernel: FreeBSD, remote: Remote) -> None:
    data = kernel.sysctl([1, 14, AUXV, remote.pid])
    vector = dict(struct.iter_unpack("<QQ", data))
    assert data[-16:] == bytes(16)
    assert vector[6] == 4096                                    # AT_PAGESZ
    assert vector[18] == 1302001                                # AT_OSRELDATE
    assert vector[32] == integer(kernel.sysctl([1, 14, 38, remote.pid]))   # AT_PS_STRINGS


def test_limits(kernel: FreeBSD, remote: Remote) -> None:
    def limit(which: int) -> tuple[int, int]:
        return struct.unpack("<qq", kernel.sysctl([1, 14, RLIMIT, remote.pid, which]))

    def set(which: int, soft: int, hard: int) -> str:
        return asked(kernel, [1, 14, RLIMIT, remote.pid, which],
                       new=struct.pack("<qq", soft, hard))

    assert set(8, 20, 10) == ""
    assert limit(8) == (10, 10)
    assert set(8, 30, 30) == ""
    assert limit(8) == (30, 30)
    assert set(0, -5, -5) == ""
    assert limit(0) == (2**63 - 1, 2**63 - 1)
    assert set(7, 0, 0) == ""
    assert limit(7) == (1, 1)
    assert set(3, 1 << 40, 1 << 40) == ""
    assert limit(3) == (512 << 20, 512 << 20)


def test_a_user_cannot_raise_a_hard_limit(kernel: FreeBSD) -> None:
    user = Remote(kernel, uid=1001)
    lower, higher = struct.pack("<qq", 5, 10), struct.pack("<qq", 5, 11)
    user.call(195, 8, lower)
    assert user.fails(195, 8, higher) == "EPERM"
    user.call(195, 8, lower)
    assert user.fails(195, 99, lower) == "EINVAL"


def test_the_descriptor_limit_holds(kernel: FreeBSD, remote: Remote) -> None:
    kernel.sysctl([1, 14, RLIMIT, remote.pid, 8], new=struct.pack("<qq", 5, 5))
    null = b"/dev/null\0"
    assert [remote.call(5, null, 0) for _ in range(2)] == [3, 4]
    assert remote.fails(5, null, 0) == "EMFILE"
    assert remote.fails(41, 0) == "EMFILE"
    assert remote.fails(90, 0, 5) == "EBADF"


def test_the_file_size_limit_holds(kernel: FreeBSD, remote: Remote) -> None:
    kernel.sysctl([1, 14, RLIMIT, remote.pid, 1], new=struct.pack("<qq", 10, 10))
    fd = remote.call(5, b"/tmp/f\0", 0x202, 0o600)
    assert remote.call(4, fd, b"0123456789", 10) == 10
    assert remote.fails(4, fd, b"x", 1) == "EFBIG"
    kernel.ptrace(PT_CONTINUE, remote.pid, 1, 0)
    assert kernel.wait4(remote.pid).status == 25 << 8 | 0x7F


def test_what_others_see(kernel: FreeBSD) -> None:
    remote = Remote(kernel)

    def work(k: Kernel) -> dict[int, str]:
        return {kind: asked(k, [1, 14, kind, remote.pid])
                for kind in (PID, ARGS, PATHNAME, SV_NAME, GROUPS, ENV, AUXV, VMMAP, FILEDESC,
                             UMASK, OSREL, SIGTRAMP, CWD, KSTACK)}

    seen = kernel.run_child(work, uid=1001)
    open_to_all = {PID, ARGS, PATHNAME, SV_NAME, GROUPS, OSREL}
    assert seen == {kind: "" if kind in open_to_all else "EPERM" for kind in seen}
    kernel.sysctl("security.bsd.see_other_uids", new=struct.pack("<i", 0))
    assert set(kernel.run_child(work, uid=1001).values()) <= {"ESRCH", "EPERM"}
    assert kernel.run_child(lambda k: asked(k, [1, 14, PID, remote.pid]), uid=1001) == "ESRCH"


def test_a_renamed_program_is_found_where_it_is(kernel: FreeBSD) -> None:
    remote = Remote(kernel, path="/bin/first")
    remote.call(128, b"/bin/first\0", b"/bin/second\0")
    assert kernel.sysctl([1, 14, PATHNAME, remote.pid]) == b"/bin/second\0"
    kernel.unlink("/bin/second")
    assert asked(kernel, [1, 14, PATHNAME, remote.pid]) == "ENOENT"
    records = kernel.sysctl([1, 14, FILEDESC, remote.pid])
    assert struct.unpack_from("<iii", records)[2] == -5
    assert records[368:369] == b"\0"


def test_a_hard_link_keeps_the_name_it_was_executed_by(kernel: FreeBSD) -> None:
    maker = Remote(kernel, path="/bin/first")
    maker.call(9, b"/bin/first\0", b"/bin/second\0")
    pid = kernel.spawn("/bin/second", ["second"], {}, traced=True)
    kernel.wait4(pid)
    assert kernel.sysctl([1, 14, PATHNAME, pid]) == b"/bin/second\0"
    assert kernel.sysctl([1, 14, PATHNAME, maker.pid]) == b"/bin/first\0"


def test_a_32_bit_caller_gets_its_own_record(kernel: FreeBSD, remote: Remote) -> None:
    p = kernel._system.procs[remote.pid]
    p.flag |= 0x80000000
    record = kinfo.Filler(kernel._system, ucred(p), wide=False).process(p)
    found = abi.target("freebsd", "i386").struct("struct kinfo_proc").unpack(record)
    assert found["ki_structsize"] == len(record) == 768
    assert (found["ki_pid"], found["ki_paddr"], found["ki_tdev"]) == (remote.pid, 0, 2**64 - 1)
    assert found["ki_flag"] == (p.flag & 0xFFFFFFFF) - (1 << 32)


def test_a_room_below_nothing(kernel: FreeBSD) -> None:
    with pytest.raises(ValueError, match="room must be"):
        kernel.sysctl("kern.ostype", room=-1)
