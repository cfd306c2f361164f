"""kern.proc of tracees, zombies and the kernel itself."""

from __future__ import annotations

import struct
from collections.abc import Callable
from functools import partial
from pathlib import Path

import pytest

from bsdproc.kernel import Kernel

from .conftest import Hold
from .held import WEXITED, WNOWAIT, Held, finish, how, record, records

pytestmark = pytest.mark.privileged

ARGS, SV_NAME, PATHNAME, OFILEDESC, VMMAP, FILEDESC, ENV, AUXV = 7, 9, 12, 14, 32, 33, 35, 36
RLIMIT, PS_STRINGS, UMASK, OSREL, SIGTRAMP, CWD, NFDS, SIGFASTBLK = range(37, 45)
BREAK, CHDIR, UMASK_CALL, CHROOT = 17, 12, 60, 61
AT_NCPUS, AT_KPRELOAD, AT_USRSTACKLIM = 19, 34, 36
ROOM = 0x30000000
PAGE = 4096


def proc(kernel: Kernel, kind: int, pid: int, *more: int) -> bytes:
    return kernel.sysctl([1, 14, kind, pid, *more])


# -- names and rooms ---------------------------------------------------------
@pytest.mark.parametrize(("name", "errno"), [
    ("", "EINVAL"), ("a" * 2000, "EINVAL"), ("kern", "EISDIR"), ("kern.proc", "EISDIR"),
    ("kern.proc.pid", "EINVAL"), ("kern.proc.nothing", "ENOENT"), ("kern.proc.pid.1", "ENOENT"),
])
def test_names_that_lead_to_nothing(kernel: Kernel, name: str, errno: str) -> None:
    assert how(lambda: kernel.sysctl(name)) == errno


@pytest.mark.parametrize("kind", [45, 46, 47, 60])
def test_what_13_2_has_not(hold: Hold, kernel: Kernel, kind: int) -> None:
    """KERN_PROC_VM_LAYOUT and what came behind it."""
    assert how(lambda: proc(kernel, kind, hold("spin").pid)) == "ENOENT"


def test_an_old_table_is_cut_without_an_error(hold: Hold, kernel: Kernel) -> None:
    t = hold("spin")
    for room in (1, 16, 100):
        assert len(kernel.sysctl([1, 14, OFILEDESC, t.pid], room=room)) == room


@pytest.mark.parametrize("pid", [-1, -2, 99999, 0x7FFFFFFF])
@pytest.mark.parametrize("kind", [SV_NAME, VMMAP, ENV, AUXV, OSREL, CWD, SIGFASTBLK])
def test_minus_one_is_nobody(kernel: Kernel, kind: int, pid: int) -> None:
    assert how(lambda: proc(kernel, kind, pid)) == "ESRCH"


def test_a_thread_s_id_stands_for_its_process(hold: Hold, kernel: Kernel) -> None:
    t = hold("spin")
    tid = record(kernel, t.pid)["ki_tid"]
    assert isinstance(tid, int)
    assert record(kernel, tid)["ki_pid"] == t.pid
    assert proc(kernel, AUXV, tid) == proc(kernel, AUXV, t.pid)


# -- the kernel's own process ----------------------------------------------
def test_process_zero(kernel: Kernel) -> None:
    assert proc(kernel, SV_NAME, 0) == b"null\0"
    assert proc(kernel, FILEDESC, 0) == proc(kernel, VMMAP, 0) == proc(kernel, ENV, 0) == b""
    assert how(lambda: proc(kernel, CWD, 0)) == "EINVAL"
    assert record(kernel, 100000)["ki_pid"] == 0, "its first thread"


def test_init_shows_no_environment(kernel: Kernel) -> None:
    """It is a system process."""
    assert proc(kernel, ENV, 1) == proc(kernel, AUXV, 1) == b""


def test_init_is_a_program_that_was_executed(kernel: Kernel) -> None:
    """And sleeps, as the kernel does; of that no stack is known."""
    assert proc(kernel, PATHNAME, 1) == proc(kernel, ARGS, 1) == b"/sbin/init\0"
    assert proc(kernel, OSREL, 1) == proc(kernel, OSREL, 0) == struct.pack("<i", kernel.version)
    flag = record(kernel, 1)["ki_flag"]
    assert isinstance(flag, int)
    assert flag & 0x4200 == 0x4200, "P_EXEC, P_SYSTEM"
    assert proc(kernel, PS_STRINGS, 0) == struct.pack("<q", -32)
    assert [struct.unpack_from("<i", proc(kernel, 15, pid), 4)[0] for pid in (0, 1)] == [0, 0]


# -- zombies ---------------------------------------------------------------
def test_what_is_left_of_a_zombie(kernel: Kernel, tracee: Callable[[str], str]) -> None:
    path = tracee("exiter")
    pid = kernel.spawn(path, [path, "3"], {})
    kernel.wait6(0, pid, WEXITED | WNOWAIT)
    assert proc(kernel, ARGS, pid) == f"{path}\x003\0".encode()
    assert record(kernel, pid)["ki_xstat"] == 3 << 8
    assert {how(partial(proc, kernel, kind, pid))
            for kind in (VMMAP, FILEDESC, ENV, AUXV, OSREL, CWD, UMASK)} == {"ESRCH"}
    kernel.wait4(pid)
    assert how(lambda: proc(kernel, ARGS, pid)) == "ESRCH"


# -- what execve wrote down -------------------------------------------------
def test_the_auxiliary_vector_names_the_vdso(hold: Hold, kernel: Kernel) -> None:
    t = hold("spin")
    found = dict(struct.iter_unpack("<QQ", proc(kernel, AUXV, t.pid)))
    assert t.read(found[AT_KPRELOAD], 4) == b"\x7fELF"
    assert list(found)[-4:] == [AT_KPRELOAD, 35, AT_USRSTACKLIM, 0]


def test_the_trampoline_s_range_is_as_long_as_the_vdso(hold: Hold, kernel: Kernel) -> None:
    """It begins with the code, which calls the handler."""
    t = hold("spin")
    start, end = struct.unpack_from("<QQ", proc(kernel, SIGTRAMP, t.pid))
    assert end - start > 1024
    assert t.read(start, 8) == bytes.fromhex("ff1424488d7c2410")


def test_strings_are_read_from_the_program_s_memory(hold: Hold, kernel: Kernel) -> None:
    """Long arguments are not kept; what their vector says is believed."""
    t = hold("spin", *["x" * 100] * 4)
    where, = struct.unpack("<Q", proc(kernel, PS_STRINGS, t.pid))
    argv, count = struct.unpack("<Qi", t.read(where, 12))
    assert count == 5
    t.write(where, struct.pack("<Qi", argv, 2))
    assert proc(kernel, ARGS, t.pid).count(b"\0") == 2
    t.write(where, struct.pack("<Qi", argv, -1))
    assert how(lambda: proc(kernel, ARGS, t.pid)) == "ENOEXEC"
    t.write(where, struct.pack("<Qi", PAGE, 2))
    assert how(lambda: proc(kernel, ARGS, t.pid)) == "ENOMEM"


def test_a_deleted_program_has_no_path(kernel: Kernel, hold: Hold) -> None:
    """ENOENT; the map shows the file without a name."""
    source = hold("spin").path
    fd = kernel.open(source, 0)
    contents = kernel.pread(fd, 1 << 20, 0)
    kernel.close(fd)
    copy = f"/tmp/deleted.{kernel.getpid()}"
    fd = kernel.open(copy, 0x201, 0o755)
    kernel.pwrite(fd, contents, 0)
    kernel.close(fd)
    pid = kernel.spawn(copy, [copy], {}, traced=True)
    kernel.wait4(pid)
    kernel.unlink(copy)
    try:
        assert how(lambda: proc(kernel, PATHNAME, pid)) == "ENOENT"
        assert how(lambda: kernel.readlink(f"/proc/{pid}/file")) == "ENOENT"
        first = next(records(proc(kernel, VMMAP, pid)))
        assert (struct.unpack_from("<i", first, 4)[0], first[136:137]) == (2, b"\0")
    finally:
        finish(kernel, [pid])


# -- what a program does later -----------------------------------------------
def test_the_data_segment_grows_with_the_break(hold: Hold, kernel: Kernel) -> None:
    t = hold("spin")
    end = max(e["kve_end"] for e in t.entries()  # type: ignore[type-var]
              if e["kve_start"] < 0x10000000)  # type: ignore[operator]
    assert isinstance(end, int)
    sizes = []
    for to in (end + 1, end + 3 * PAGE, end + PAGE, end):
        assert t.call(BREAK, to)[0] == 0
        sizes.append(record(kernel, t.pid)["ki_dsize"])
    assert sizes == [2, 4, 2, 1]


def test_umask_and_directories(hold: Hold, kernel: Kernel) -> None:
    """The first chroot shows as the jail's directory too."""
    t = hold("spin")
    t.map(ROOM, PAGE, 3)
    t.call(UMASK_CALL, 0o77)
    assert proc(kernel, UMASK, t.pid) == b"\x3f\0"
    t.write(ROOM, b"/tmp\0")
    assert (t.call(CHDIR, ROOM)[0], t.call(CHROOT, ROOM)[0]) == (0, 0)
    found = {struct.unpack_from("<i", r, 8)[0]: r[368:].split(b"\0")[0]
             for r in records(proc(kernel, FILEDESC, t.pid))}
    assert (found[-1], found[-2], found[-3]) == (b"/tmp",) * 3


@pytest.mark.parametrize(("flags", "prot", "before", "after"), [
    (0x1002, 3, (0, 0), (1, 0)), (0x1001, 3, (0, 0), (1, 0)), (0x2000, 0, (9, 3), (9, 3)),
    (0x21002, 3, (0, 4), (1, 4)),
])
def test_kinds_of_mappings(
    hold: Hold, flags: int, prot: int, before: tuple[int, int], after: tuple[int, int]
) -> None:
    """Type and flags, untouched and touched: private and shared memory, a
    guard, memory for no core dump."""
    t = hold("spin")
    assert t.call(477, ROOM, 4 * PAGE, prot, flags | 0x10, -1, 0)[0] == 0

    def shown() -> tuple[object, object]:
        entry, = [e for e in t.entries() if e["kve_start"] == ROOM]
        return entry["kve_type"], entry["kve_flags"]

    assert shown() == before
    if prot:
        t.write(ROOM, b"x")
    assert shown() == after


@pytest.mark.parametrize(("flags", "errno"), [
    (0x1003, 22), (0x1000, 0), (0x5002, 22), (0x5012, 0), (0x2000, 0), (0x2001, 22),
    (0x2002, 22), (0x100A, 22),
])
def test_flags_of_mmap(hold: Hold, flags: int, errno: int) -> None:
    """EINVAL: private and shared at once, MAP_EXCL without MAP_FIXED, a guard
    that is to be either."""
    prot = 0 if flags & 0x2000 else 3
    assert hold("spin").call(477, ROOM, PAGE, prot, flags, -1, 0)[0] == errno


# -- huge rooms --------------------------------------------------------------
WIRED = ([1, 14, 0], [1, 14, 8], [1, 14, 1, 1], [1, 14, 5, 0], [1, 14, 0x11, 1], [0, 1, 1, 14],
         [0, 4, 1, 14, 0], [0, 5, 1, 14, 0])
"""Names whose handler has the whole room made sure of before it answers."""
ROOMS = ((1 << 31) - 1, 1 << 31, 1 << 32, (1 << 63) - 1, 1 << 63, -8192 - ROOM)
SYSCTL = 202


def ask(t: Held, mib: list[int], room: int, at: int = ROOM) -> tuple[int, int]:
    """sysctl(3) in the tracee: the errno and what the length became."""
    words = struct.pack(f"<{len(mib)}i", *mib)
    t.write(ROOM + PAGE, struct.pack("<Q", room & (1 << 64) - 1) + words)
    errno, _ = t.call(SYSCTL, ROOM + PAGE + 8, len(mib), at, ROOM + PAGE, 0, 0)
    return errno, struct.unpack("<Q", t.read(ROOM + PAGE, 8))[0]


def with_room(kernel: Kernel, hold: Hold) -> Held:
    """A tracee that has a few pages, where vm.max_user_wired is below 2^31."""
    assert struct.unpack("<Q", kernel.sysctl("vm.max_user_wired"))[0] * PAGE < (1 << 31) - 1
    t = hold("spin", env={"HOME": "/"})
    t.map(ROOM, 32 * PAGE, 3)
    return t


def test_more_room_than_may_be_wired_is_none(hold: Hold, kernel: Kernel) -> None:
    """ENOMEM and length 0, from vm.max_user_wired pages on."""
    t = with_room(kernel, hold)
    assert {ask(t, mib, room) for mib in WIRED for room in ROOMS} == {(12, 0)}


def test_without_a_value_no_room_is_missed(hold: Hold, kernel: Kernel) -> None:
    """A filter that nobody passes, and a process that is not there."""
    t = with_room(kernel, hold)
    assert ask(t, [1, 14, 5, 4711], 1 << 31) == (0, 0)
    assert ask(t, [1, 14, 1, 99999], 1 << 31) == (3, 1 << 31)


def test_room_that_is_not_there_is_a_fault_at_once(hold: Hold, kernel: Kernel) -> None:
    """Though what there is would take the value; who is asked for is not looked at."""
    t = with_room(kernel, hold)
    assert ask(t, [1, 14, 1, 1], 32 * PAGE)[0] == 0
    assert {ask(t, mib, 32 * PAGE + 1)[0] for mib in (*WIRED, [1, 14, 1, 99999])} == {14}
    t.map(ROOM + 16 * PAGE, PAGE, 0)
    assert ask(t, [1, 14, 1, 1], 32 * PAGE)[0] == 14


@pytest.mark.parametrize("room", [-1, -PAGE, -ROOM, -1 - ROOM])
def test_room_beyond_the_last_address(hold: Hold, kernel: Kernel, room: int) -> None:
    t = with_room(kernel, hold)
    assert {ask(t, mib, room)[0] for mib in (*WIRED, [1, 14, 1, 99999])} == {22}


@pytest.mark.parametrize("kind", [
    ARGS, SV_NAME, PATHNAME, VMMAP, ENV, AUXV, PS_STRINGS, UMASK, OSREL, SIGTRAMP, 34])
def test_other_names_take_any_room(hold: Hold, kernel: Kernel, kind: int) -> None:
    t = with_room(kernel, hold)
    small = ask(t, [1, 14, kind, t.pid], 30 * PAGE)
    assert small[0] == 0
    assert {ask(t, [1, 14, kind, t.pid], room) for room in (*ROOMS, -1, -PAGE)} == {small}


@pytest.mark.parametrize("kind", [FILEDESC, CWD])
def test_room_for_descriptors_is_signed(hold: Hold, kernel: Kernel, kind: int) -> None:
    """A negative one is too little, but -1, which is without end."""
    t = with_room(kernel, hold)
    small = ask(t, [1, 14, kind, t.pid], 30 * PAGE)
    assert small[0] == 0
    assert {ask(t, [1, 14, kind, t.pid], room) for room in ((1 << 63) - 1, -1)} == {small}
    assert {ask(t, [1, 14, kind, t.pid], room) for room in (1 << 63, -PAGE, -2)} == {(12, 0)}


def test_pages_in_memory_need_not_be_counted(hold: Hold, kernel: Kernel) -> None:
    t = hold("spin")

    def in_memory() -> bool:
        return any(entry["kve_resident"] for entry in t.entries())

    assert in_memory()
    kernel.sysctl("kern.proc_vmmap_skip_resident_count", new=struct.pack("<i", 1))
    try:
        assert not in_memory()
    finally:
        kernel.sysctl("kern.proc_vmmap_skip_resident_count", new=bytes(4))


# -- what a name is --------------------------------------------------------------
KINDS = Path(__file__).with_name("sysctls.txt")
"""Of every name that the emulated kernel has: what 13.2 says of its kind, and its format."""


def kind(kernel: Kernel, numbers: tuple[int, ...]) -> tuple[int, str]:
    """sysctl.oidfmt."""
    found = kernel.sysctl([0, 4, *numbers])
    return struct.unpack_from("<I", found)[0], found[4:].rstrip(b"\0").decode()


def ints(data: bytes) -> tuple[int, ...]:
    return struct.unpack(f"<{len(data) // 4}i", data)


def test_kinds(kernel: Kernel) -> None:
    """A tunable has been looked for when the kernel booted, and says so."""
    wrong = {}
    for line in KINDS.read_text().splitlines():
        name, word, *form = line.split(" ")
        found = kind(kernel, ints(kernel.sysctl([0, 3], new=name.encode(), room=96)))
        if found != (int(word, 16), *(form or [""])):
            wrong[name] = found
    assert wrong == {}


@pytest.mark.emulated
def test_kinds_are_known_of_all_names(kernel: Kernel) -> None:
    """By walking the tree (sysctl.next)."""
    at: tuple[int, ...] = ()
    names: set[str] = set()
    while not how(partial(kernel.sysctl, [0, 2, *at], room=96)):
        at = ints(kernel.sysctl([0, 2, *at], room=96))
        names.add(kernel.sysctl([0, 1, *at]).rstrip(b"\0").decode())
    listed = {line.split(" ")[0] for line in KINDS.read_text().splitlines()}
    assert {name for name in names if not name.startswith("sysctl.")} == listed


def test_a_stack_may_be_executable(kernel: Kernel) -> None:
    """kern.stackprot is what the caller's program may have of it, not what it has."""
    assert struct.unpack("<i", kernel.sysctl("kern.stackprot")) == (7,)


@pytest.mark.privileged
@pytest.mark.parametrize(("name", "value", "entries"), [
    ("kern.maxssiz", 64 << 20, 2), ("kern.sgrowsiz", 256 << 10, 1)])
def test_how_large_the_next_programs_stack_may_get(
        hold: Hold, kernel: Kernel, name: str, value: int, entries: int) -> None:
    """All of it, with the guard below, and what is there at first."""
    GROWS_DOWN = 0x20
    before = kernel.sysctl(name)
    kernel.sysctl(name, new=struct.pack("<Q", value))
    try:
        found = [(one["kve_start"], one["kve_end"], one["kve_flags"])
                 for one in hold("spin").entries()]
    finally:
        kernel.sysctl(name, new=before)
    spans = [(start, end) for start, end, flags in found
             if isinstance(start, int) and isinstance(end, int) and isinstance(flags, int)]
    at = next(n for n, (_, _, flags) in enumerate(found)
              if isinstance(flags, int) and flags & GROWS_DOWN)
    assert spans[at][1] - spans[at + 1 - entries][0] == value


def test_a_forked_process_says_so_up_to_its_execve(hold: Hold, kernel: Kernel) -> None:
    afork = 1
    assert record(kernel, hold("spin").pid)["ki_acflag"] == 0

    def child(k: Kernel) -> int:
        flag = record(k, k.getpid())["ki_acflag"]
        assert isinstance(flag, int)
        return flag

    assert kernel.run_child(child) & afork


def test_what_posix_leaves_to_the_system(kernel: Kernel) -> None:
    """By number, of p1003_1b: pages, requests, timers."""
    assert {number: struct.unpack("<i", kernel.sysctl([9, number]))[0] for number in (
        1, 15, 16, 20, 24, 25)} == {1: 200112, 15: 256, 16: 1024, 20: 4096, 24: 128, 25: 32}


def test_the_load_and_the_limits_of_ipc(kernel: Kernel) -> None:
    assert struct.unpack("<3I4xq", kernel.sysctl([2, 2]))[3] == 2048
    assert [len(kernel.sysctl(f"kern.ipc.{name}")) for name in (
        "msgmax", "semmni", "shmmax", "shmseg")] == [4, 4, 8, 8]
    assert [len(kernel.sysctl(f"kern.ipc.{name}")) for name in ("msqids", "sema", "shmsegs")] == [
        40 * 120, 50 * 80, 192 * 104]
