"""What the kernel does otherwise when a sysctl is set."""

from __future__ import annotations

import gzip
import struct
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import partial
from itertools import pairwise

import pytest
from tests.conftest import NATIVE

from bsdproc.kernel import Kernel

from .conftest import Hold, spinning
from .held import ROOM, Held, finish, how, read_file, records

pytestmark = pytest.mark.privileged

CODE, PARAM = ROOM + 0x3000, ROOM + 0x1000
FORK, SETRLIMIT, THR_NEW, NOSYS, ABSENT, FSTATAT = 2, 195, 455, 600, 11, 552
AT_FDCWD, ST_FLAGS = -100, 132
SIGABRT, SIGSYS = 6, 12
RLIMIT_CORE, RLIMIT_NPROC = 4, 7
EAGAIN, EPROCLIM, ENOSYS = 35, 67, 78
NT_PROCSTAT_FILES, NT_PROCSTAT_VMMAP = 9, 10
UF_NODUMP = 1
CORE = "/tmp/settings.core"


def number(kernel: Kernel, name: str) -> int:
    return int.from_bytes(kernel.sysctl(name), "little", signed=True)


@contextmanager
def settings(kernel: Kernel, **values: int | str) -> Iterator[None]:
    """Sysctls below kern, and as they were again behind it."""
    before = {f"kern.{name}": kernel.sysctl(f"kern.{name}") for name in values}
    try:
        for name, value in values.items():
            kernel.sysctl(f"kern.{name}", new=value.encode() if isinstance(value, str)
                          else value.to_bytes(4, "little", signed=True))
        yield
    finally:
        for name, was in before.items():
            kernel.sysctl(name, new=was)


def limit(t: Held, which: int, value: int) -> None:
    t.write(PARAM, struct.pack("<qq", value, value))
    assert t.call(SETRLIMIT, which, PARAM)[0] == 0


def messages(kernel: Kernel) -> list[str]:
    return kernel.sysctl("kern.msgbuf").rstrip(b"\0").decode("utf-8", "replace").splitlines()


# -- process ids ---------------------------------------------------------------
@pytest.mark.parametrize(("wanted", "least", "most"), [
    (0, 0, 0), (1, 100, 1123), (2, 100, 100), (99, 100, 100), (4000, 4000, 4000),
    (99899, 99899, 99899), (99900, 99899, 99899), (-1, 99899, 99899),
])
def test_what_the_modulus_of_process_ids_becomes(
        kernel: Kernel, wanted: int, least: int, most: int) -> None:
    with settings(kernel, randompid=wanted):
        assert least <= number(kernel, "kern.randompid") <= most


def test_process_ids_lie_somewhat_behind_one_another(kernel: Kernel) -> None:
    def ids() -> list[int]:
        return [kernel.run_child(lambda k: k.getpid()) for _ in range(8)]

    first = ids()
    assert first == list(range(first[0], first[0] + 8))
    with settings(kernel, randompid=1000):
        found = [number(kernel, "kern.lastpid"), *ids()]
    steps = [b - a for a, b in pairwise(found)]
    assert all(1 <= step <= 1000 for step in steps), steps
    assert max(steps) > 1
    assert number(kernel, "kern.lastpid") == found[-1]


def test_where_process_ids_begin_again(kernel: Kernel) -> None:
    """Below the highest one; and behind init's."""
    with settings(kernel, pid_max=300):
        assert 2 <= kernel.run_child(lambda k: k.getpid()) < 300
    for value in (299, 100000, -1):
        asked = partial(kernel.sysctl, "kern.pid_max", new=struct.pack("<i", value))
        assert how(asked) == "EINVAL"


# -- how many --------------------------------------------------------------------
@pytest.mark.parametrize("uid", [None, 1001], ids=["root", "user"])
def test_how_many_processes_a_user_may_have(hold: Hold, uid: int | None) -> None:
    """Root may have more than its limit."""
    t = spinning(hold, uid)
    limit(t, RLIMIT_CORE, 0)
    limit(t, RLIMIT_NPROC, 1)
    errno, child = t.begin(CODE, FORK)()
    assert (errno, child > 0) == ((0, True) if uid is None else (EAGAIN, False))


def test_how_many_threads_a_process_may_have(hold: Hold, kernel: Kernel) -> None:
    t = spinning(hold)
    hits = number(kernel, "kern.threads.max_threads_hits")
    t.write(PARAM, bytes(104))
    with settings(kernel, **{"threads.max_threads_per_proc": 1}):
        assert t.call(THR_NEW, PARAM, 104)[0] == EPROCLIM
    assert number(kernel, "kern.threads.max_threads_hits") == hits + 1


# -- what the kernel says ----------------------------------------------------------
def ended(kernel: Kernel, path: str) -> tuple[int, int]:
    """A program that SIGABRT ends: its pid and status."""
    pid = kernel.spawn(path, [path], {})
    kernel.kill(pid, SIGABRT)
    return pid, kernel.wait4(pid)[1]


@pytest.mark.parametrize("told", [0, 1])
def test_fatal_signals_are_told_of(
        kernel: Kernel, tracee: Callable[[str], str], told: int) -> None:
    with settings(kernel, coredump=0, logsigexit=told):
        pid, status = ended(kernel, tracee("sleeper"))
    assert status == SIGABRT
    line = f"<6>pid {pid} (sleeper), jid 0, uid 0: exited on signal 6"
    assert messages(kernel).count(line) == told


@pytest.mark.parametrize(("value", "told"), [(0, 0), (1, 0), (2, 1), (3, 1)])
def test_unknown_calls_are_told_of(hold: Hold, kernel: Kernel, value: int, told: int) -> None:
    t = spinning(hold)
    with settings(kernel, lognosys=value):
        assert t.begin(CODE, ABSENT)()[0] == ENOSYS, "there was one once: no signal"
        with pytest.raises(AssertionError):
            t.begin(CODE, NOSYS)()
    said = [line for line in messages(kernel) if line.startswith(f"pid {t.pid} comm")]
    assert said == [f"pid {t.pid} comm spin: nosys {NOSYS}"] * told


def test_who_may_read_what_the_kernel_says(kernel: Kernel) -> None:
    name = "security.bsd.unprivileged_read_msgbuf"
    ask = partial(how, partial(kernel.sysctl, "kern.msgbuf"))

    def as_user() -> str:
        return kernel.run_child(lambda k: how(lambda: k.sysctl("kern.msgbuf")), uid=1001)

    assert (ask(), as_user()) == ("", "")
    kernel.sysctl(name, new=struct.pack("<i", 0))
    try:
        assert (ask(), as_user()) == ("", "EPERM")
    finally:
        kernel.sysctl(name, new=struct.pack("<i", 1))


def test_what_the_kernel_said_can_be_forgotten(
        kernel: Kernel, tracee: Callable[[str], str]) -> None:
    with settings(kernel, coredump=0):
        ended(kernel, tracee("sleeper"))
    assert messages(kernel)
    kernel.sysctl("kern.msgbuf_clear", new=struct.pack("<i", 1))
    assert messages(kernel) == []
    assert number(kernel, "kern.msgbuf_clear") in (0, 1)


# -- core files ----------------------------------------------------------------------
@pytest.fixture
def core(kernel: Kernel, hold: Hold) -> Iterator[Callable[..., bytes]]:
    """core(coredump_pack_fileinfo=0): what a fatal signal leaves, with these settings."""
    made: set[str] = set()

    def dump(**values: int | str) -> bytes:
        path = CORE + (".gz" if values.get("compress_user_cores") else "")
        t = spinning(hold)
        limit(t, RLIMIT_CORE, (1 << 63) - 1)
        with settings(kernel, corefile=CORE, **values):
            status = t.go(SIGABRT)
        assert status == SIGABRT | 0x80
        made.add(path)
        return read_file(kernel, path, 1 << 24)

    yield dump
    for path in made:
        kernel.unlink(path)


def notes(data: bytes) -> dict[int, bytes]:
    """The last of each kind."""
    at, = struct.unpack_from("<Q", data, 32)
    kind, _, at, _, _, size = struct.unpack_from("<IIQQQQ", data, at)
    assert kind == 4
    found, end = {}, at + size
    while at < end:
        namesz, descsz, kind = struct.unpack_from("<III", data, at)
        at += 12 + (namesz + 3 & -4)
        found[kind] = data[at : at + descsz]
        at += descsz + 3 & -4
    return found


@pytest.mark.parametrize(("name", "note"), [
    ("coredump_pack_fileinfo", NT_PROCSTAT_FILES), ("coredump_pack_vmmapinfo", NT_PROCSTAT_VMMAP)])
def test_records_of_a_core_file_are_short_or_alike(
        core: Callable[..., bytes], name: str, note: int) -> None:
    packed, whole = (notes(core(**{name: value}))[note] for value in (1, 0))
    longest, = struct.unpack_from("<i", packed)
    assert whole[:4] == packed[:4]
    short = [one for one in records(packed[4:]) if one.rstrip(b"\0")]
    assert {len(one) for one in records(whole[4:])} == {longest}
    assert len(short) * longest == len(whole) - 4
    assert all(len(one) < longest for one in short)


def test_a_core_file_may_be_marked_for_no_backup(
        core: Callable[..., bytes], hold: Hold) -> None:
    t = spinning(hold)
    t.write(ROOM, CORE.encode() + b"\0")

    def flags() -> int:
        assert t.call(FSTATAT, AT_FDCWD, ROOM, PARAM, 0)[0] == 0
        found: int = struct.unpack("<I", t.read(PARAM + ST_FLAGS, 4))[0]
        return found

    core()
    assert flags() & UF_NODUMP == 0
    core(nodump_coredump=1)
    assert flags() & UF_NODUMP


def test_a_core_file_is_compressed_as_hard_as_is_asked(
        core: Callable[..., bytes], kernel: Kernel) -> None:
    refused = how(lambda: kernel.sysctl("kern.compress_user_cores", new=struct.pack("<i", 1)))
    if refused:
        assert NATIVE, refused
        pytest.skip("this kernel was built without what compresses")
    kernel.sysctl("kern.compress_user_cores", new=struct.pack("<i", 0))
    sizes = []
    for level in (1, 9):
        data = core(compress_user_cores=1, compress_user_cores_level=level)
        assert gzip.decompress(data)[:4] == b"\x7fELF"
        sizes.append(len(data))
    assert sizes[0] > sizes[1]


# -- programs -------------------------------------------------------------------------
AT_KPRELOAD, AT_STACKPROT, AT_BSDFLAGS = 34, 23, 27


@pytest.mark.parametrize(("name", "value", "kind", "ordinary", "otherwise"), [
    ("elf64.vdso", 0, AT_KPRELOAD, True, None), ("elf64.sigfastblock", 0, AT_BSDFLAGS, 1, 0),
    ("elf64.nxstack", 0, AT_STACKPROT, 3, 7)])
def test_what_the_next_program_is_told(
        hold: Hold, kernel: Kernel, name: str, value: int, kind: int, ordinary: int,
        otherwise: int | None) -> None:
    def told() -> int | None:
        vector = kernel.sysctl([1, 14, 36, hold("spin").pid])
        return dict(struct.iter_unpack("<QQ", vector)).get(kind)

    before = told()
    assert before == ordinary or (ordinary is True and before)
    with settings(kernel, **{name: value}):
        assert told() == otherwise


def program(kernel: Kernel, source: str, path: str, *changes: tuple[int, bytes]) -> str:
    """A copy of a program with some bytes changed."""
    data = bytearray(read_file(kernel, source, 1 << 20))
    for at, new in changes:
        data[at : at + len(new)] = new
    fd = kernel.open(path, 0x601, 0o755)
    kernel.write(fd, bytes(data))
    kernel.close(fd)
    return path


def note_at(data: bytes) -> int:
    """Where the number of FreeBSD's release stands in a program."""
    return data.index(struct.pack("<III", 8, 4, 1) + b"FreeBSD\0") + 20


def status_of(kernel: Kernel, path: str) -> int | str:
    """How a program ends that only begins; or why it does not."""
    def begin(k: Kernel) -> int:
        pid = k.spawn(path, [path], {}, traced=True)
        status = k.wait4(pid)[1]
        if status & 0x7F == 0x7F:
            finish(k, [pid])
        return status

    try:
        return begin(kernel)
    except OSError as error:
        return type(error).__name__


STOPPED = 5 << 8 | 0x7F


def test_text_may_be_too_large(kernel: Kernel, tracee: Callable[[str], str]) -> None:
    """The old program is gone by then: SIGABRT."""
    path = tracee("spin")
    before = kernel.sysctl("kern.maxtsiz")
    kernel.sysctl("kern.maxtsiz", new=struct.pack("<Q", 1))
    try:
        assert status_of(kernel, path) == SIGABRT
    finally:
        kernel.sysctl("kern.maxtsiz", new=before)
    assert status_of(kernel, path) == STOPPED


def test_a_later_release_s_program_may_be_refused(
        kernel: Kernel, tracee: Callable[[str], str]) -> None:
    source = tracee("spin")
    data = read_file(kernel, source, 1 << 20)
    later = program(kernel, source, "/tmp/later", (note_at(data), struct.pack("<i", 9900000)))
    try:
        assert status_of(kernel, later) == STOPPED
        with settings(kernel, disallow_high_osrel=1):
            assert status_of(kernel, later) == SIGABRT
            assert status_of(kernel, source) == STOPPED
    finally:
        kernel.unlink(later)


# -- files ----------------------------------------------------------------------------
CHROOT, LINK, OPEN, UNLINK, CHMOD, PROCCTL = 61, 9, 5, 10, 15, 544
PROC_NO_NEW_PRIVS_CTL, NO_NEW_PRIVS_ENABLE = 19, 1
EPERM = 1


def path(t: Held, text: str, at: int = ROOM) -> int:
    t.write(at, text.encode() + b"\0")
    return at


@contextmanager
def bsd(kernel: Kernel, name: str, value: int) -> Iterator[None]:
    kernel.sysctl(f"security.bsd.{name}", new=struct.pack("<i", value))
    try:
        yield
    finally:
        kernel.sysctl(f"security.bsd.{name}", new=struct.pack("<i", 0))


def test_users_may_chroot_if_that_gives_them_nothing(hold: Hold, kernel: Kernel) -> None:
    """unprivileged_chroot, and no more privileges by an execve."""
    t = spinning(hold, 1001)
    with bsd(kernel, "unprivileged_chroot", 1):
        assert t.call(CHROOT, path(t, "/tmp"))[0] == EPERM
        t.write(PARAM, struct.pack("<i", NO_NEW_PRIVS_ENABLE))
        assert t.call(PROCCTL, 0, t.pid, PROC_NO_NEW_PRIVS_CTL, PARAM)[0] == 0
        assert t.call(CHROOT, path(t, "/tmp"))[0] == 0
    assert t.call(CHROOT, path(t, "/"))[0] == EPERM


@pytest.mark.parametrize(("may", "first", "second"), [
    (0, EPERM, EPERM), (1, 0, EPERM), (2, 0, 0)])
def test_directories_that_lead_out_of_a_chroot(
        hold: Hold, kernel: Kernel, may: int, first: int, second: int) -> None:
    t = spinning(hold)
    assert t.call(OPEN, path(t, "/"), 0, 0)[0] == 0
    with settings(kernel, chroot_allow_open_directories=may):
        assert t.call(CHROOT, path(t, "/tmp"))[0] == first
        assert t.call(CHROOT, path(t, "/"))[0] == second


@pytest.mark.parametrize("what", ["uid", "gid"])
def test_links_to_files_of_others(hold: Hold, kernel: Kernel, what: str) -> None:
    root, user = spinning(hold), spinning(hold, 1001)
    other, new = "/tmp/others", "/tmp/link"
    for name in (other, new):
        root.call(UNLINK, path(root, name))
    assert root.call(OPEN, path(root, other), 0x601, 0o666)[0] == 0

    def link(t: Held) -> int:
        return t.call(LINK, path(t, other), path(t, new, PARAM))[0]

    with bsd(kernel, f"hardlink_check_{what}", 1):
        assert (link(user), link(root)) == (EPERM, 0)
    root.call(UNLINK, path(root, new))
    assert link(user) == 0
    for name in (other, new):
        root.call(UNLINK, path(root, name))


def test_a_write_is_cut_where_the_limit_of_files_is(hold: Hold) -> None:
    """Beyond it there is SIGXFSZ."""
    limit_fsize, write, sigxfsz, sigtrap = 1, 4, 25, 5
    t = spinning(hold)
    fd = t.call(OPEN, path(t, "/tmp/limited"), 0x601, 0o600)[1]
    limit(t, limit_fsize, 200)
    assert [t.begin(CODE, write, fd, ROOM, 150)() for _ in range(2)] == [(0, 150), (0, 50)]
    t.begin(CODE, write, fd, ROOM, 150)
    assert [t.wait() >> 8, t.go() >> 8] == [sigxfsz, sigtrap]


# -- what processes share ---------------------------------------------------------------
SHMAT, SHMGET, SHMCTL, SHMDT, SEMGET, SEMCTL = 228, 231, 512, 230, 221, 510
IPC_CREAT, IPC_RMID, SETVAL = 0o1000, 0, 8
EINVAL, ERANGE, ENOMEM = 22, 34, 12


def wide(kernel: Kernel, name: str, value: int) -> None:
    kernel.sysctl(name, new=struct.pack("<Q", value))


@pytest.mark.parametrize(("name", "value", "errno"), [
    ("shmmax", 4095, EINVAL), ("shmmin", 4097, EINVAL), ("shmall", 0, ENOMEM)])
def test_how_much_shared_memory_there_may_be(
        hold: Hold, kernel: Kernel, name: str, value: int, errno: int) -> None:
    t, full = spinning(hold), f"kern.ipc.{name}"
    before = struct.unpack("<Q", kernel.sysctl(full))[0]
    wide(kernel, full, value)
    try:
        assert t.call(SHMGET, 0, 4096, IPC_CREAT | 0o600)[0] == errno
    finally:
        wide(kernel, full, before)
    made, number = t.call(SHMGET, 0, 4096, IPC_CREAT | 0o600)
    assert (made, t.call(SHMCTL, number, IPC_RMID, 0)[0]) == (0, 0)


@pytest.mark.parametrize(("may", "errno"), [(1, 0), (0, EINVAL)])
def test_memory_that_is_removed(hold: Hold, kernel: Kernel, may: int, errno: int) -> None:
    t = spinning(hold)
    _, number = t.call(SHMGET, 0, 4096, IPC_CREAT | 0o600)
    assert t.call(SHMAT, number, 0, 0)[0] == 0
    assert t.call(SHMCTL, number, IPC_RMID, 0)[0] == 0
    with settings(kernel, **{"ipc.shm_allow_removed": may}):
        assert t.call(SHMAT, number, 0, 0)[0] == errno


def test_how_large_semaphores_and_their_sets_may_be(hold: Hold, kernel: Kernel) -> None:
    t = spinning(hold)
    with settings(kernel, **{"ipc.semmsl": 2, "ipc.semvmx": 5}):
        assert t.call(SEMGET, 0, 3, IPC_CREAT | 0o600)[0] == EINVAL
        _, number = t.call(SEMGET, 0, 2, IPC_CREAT | 0o600)
        errors = []
        for value in (5, 6):
            t.write(PARAM, struct.pack("<Q", value))
            errors.append(t.call(SEMCTL, number, 0, SETVAL, PARAM)[0])
    assert errors == [0, ERANGE]
    assert t.call(SEMCTL, number, 0, IPC_RMID, 0)[0] == 0


def test_how_many_requests_there_may_be(hold: Hold, kernel: Kernel) -> None:
    """vfs.aio.max_aio_queue_per_proc: what lio_listio(2) takes at once."""
    name, listio, suspend = "vfs.aio.max_aio_queue_per_proc", [9, 15], 315
    t, before = spinning(hold), kernel.sysctl("vfs.aio.max_aio_queue_per_proc")
    t.write(PARAM, bytes(16))
    assert kernel.sysctl(listio) == before
    kernel.sysctl(name, new=struct.pack("<i", 2))
    try:
        assert t.call(suspend, PARAM, 3, PARAM)[0] == EINVAL
        assert kernel.sysctl(listio) == struct.pack("<i", 2)
    finally:
        kernel.sysctl(name, new=before)
    assert t.call(suspend, PARAM, 3, PARAM)[0] != EINVAL


# -- what is not done otherwise --------------------------------------------------------
@pytest.mark.emulated
@pytest.mark.parametrize("name", [
    "kern.forcesigexit", "kern.sig_discard_ign", "kern.wait_dequeue_sigchld", "vm.overcommit",
    "kern.maxfiles", "kern.elf32.read_exec", "security.bsd.map_at_zero",
    "kern.ktrace.request_pool", "kern.core_dump_can_intr", "kern.sigqueue.max_pending_per_proc"])
def test_what_would_be_done_otherwise_is_refused_by_name(kernel: Kernel, name: str) -> None:
    """What a setting says already can be set."""
    before = kernel.sysctl(name)
    kernel.sysctl(name, new=before)
    other = (int.from_bytes(before, "little") ^ 1).to_bytes(len(before), "little")
    assert how(lambda: kernel.sysctl(name, new=other)) == "EOPNOTSUPP"
    assert kernel.sysctl(name) == before
