"""chflags(2), utimes(2), pathconf(2) and what belongs to them, in tracees."""

from __future__ import annotations

import struct
from collections.abc import Iterator

import pytest

from bsdproc.kernel import Kernel

from .conftest import Hold
from .held import Held

pytestmark = pytest.mark.privileged

ROOM, SECOND, BUFFER = 0x30000000, 0x30000400, 0x30000800
OPEN, CLOSE, LINK, UNLINK, CHMOD, CHOWN, TRUNCATE, WRITE, RENAME = 5, 6, 9, 10, 15, 16, 479, 4, 128
CHFLAGS, FCHFLAGS, LCHFLAGS, CHFLAGSAT = 34, 35, 391, 540
UTIMES, FUTIMES, LUTIMES, FUTIMESAT, FUTIMENS, UTIMENSAT = 138, 206, 276, 494, 546, 547
PATHCONF, FPATHCONF, LPATHCONF = 191, 192, 513
FSTATAT, SYMLINK, MKFIFO, PIPE2, SETUID, UTRACE, REALPATHAT = 552, 57, 132, 542, 23, 335, 574
MKDIR, RMDIR, REVOKE, SYNC, FALLOCATE, FADVISE = 136, 137, 56, 36, 530, 531
EPERM, ENOENT, EBADF, EACCES, EFAULT, EINVAL, EOPNOTSUPP, ENOMEM = 1, 2, 9, 13, 14, 22, 45, 12
IMMUTABLE, APPEND, NOUNLINK, S_IMMUTABLE, S_ARCHIVED = 0x2, 0x4, 0x10, 0x20000, 0x10000
AT_FDCWD, NOFOLLOW = -100, 0x200


class Scene:
    """A tracee, and a file on the root's file system (not every kind keeps
    all of this)."""

    def __init__(self, kernel: Kernel, t: Held) -> None:
        self.t, self.name = t, f"/attributes.{kernel.getpid()}"
        t.map(ROOM, 2 * 4096, 3)
        self.fd = t.call(OPEN, self.at(self.name), 0x602, 0o644)[1]

    def at(self, path: str, spot: int = ROOM) -> int:
        self.t.write(spot, path.encode() + b"\0")
        return spot

    def call(self, number: int, *args: int) -> int:
        """The errno of a call whose first argument is the file's name."""
        return self.t.call(number, self.at(self.name), *args)[0]

    def flags(self, flags: int) -> int:
        return self.call(CHFLAGS, flags)

    def stat(self, path: str = "") -> dict[str, int]:
        self.t.call(FSTATAT, AT_FDCWD, self.at(path or self.name), BUFFER, NOFOLLOW)
        data = self.t.read(BUFFER, 224)
        times = struct.unpack_from("<8q", data, 48)
        return {"flags": struct.unpack_from("<I", data, 132)[0], "a": times[0], "m": times[2],
                "birth": times[6], "a.ns": times[1], "m.ns": times[3]}

    def become(self, uid: int) -> None:
        assert self.t.call(SETUID, uid)[0] == 0


@pytest.fixture
def scene(kernel: Kernel, hold: Hold) -> Iterator[Scene]:
    one = Scene(kernel, hold("spin"))
    yield one
    other = Held(kernel, one.t.path)        # the first may have given up its rights
    other.map(ROOM, 4096, 3)
    for name in (one.name, one.name + ".2", one.name + ".3"):
        other.write(ROOM, name.encode() + b"\0")
        other.call(LCHFLAGS, ROOM, 0)
        other.call(UNLINK, ROOM)
        other.call(RMDIR, ROOM)
    other.__exit__()


# -- flags ---------------------------------------------------------------------------
@pytest.mark.parametrize("flags", [1, 2, 4, 8, 0x10, 0x80, 0x1000, 0x8000, 0x10000, 0x20000,
                                   0x40000, 0x100000, 0x37_9F9F & ~0x200000])
def test_flags_that_a_file_keeps(scene: Scene, flags: int) -> None:
    assert scene.flags(flags) == 0
    assert scene.stat()["flags"] == flags
    assert scene.flags(0) == 0


@pytest.mark.parametrize("flags", [0x20, 0x40, 0x2000, 0x4000, 0x80000, 0x800000, 1 << 32, -1])
def test_flags_that_there_are_not(scene: Scene, flags: int) -> None:
    assert scene.flags(flags) == EOPNOTSUPP


def test_nobody_makes_a_snapshot_of_a_file(scene: Scene) -> None:
    assert scene.flags(0x200000) == EPERM


def what_is_refused(scene: Scene) -> str:
    """By letters: attributes, truncation, writing anew, appending, another
    name, the name's end."""
    two = scene.at(scene.name + ".2", SECOND)
    found = ""
    found += "a" * (scene.call(CHMOD, 0o600) == EPERM)
    found += "t" * (scene.call(TRUNCATE, 0) == EPERM)
    found += "w" * (scene.call(OPEN, 1) == EPERM)
    found += "e" * (scene.call(OPEN, 9) == EPERM)
    found += "l" * (scene.call(LINK, two) == EPERM)
    three = scene.at(scene.name + ".3", SECOND)
    found += "u" * (scene.call(RENAME, three) == scene.call(UNLINK) == EPERM)
    return found


@pytest.mark.parametrize(("flags", "refused"), [
    (IMMUTABLE, "atwelu"), (S_IMMUTABLE, "atwelu"), (APPEND, "atwlu"), (0x40000, "atwlu"),
    (NOUNLINK, "u"), (0x100000, "u"), (1 | 0x80 | S_ARCHIVED, "")])
def test_what_flags_keep_away(scene: Scene, flags: int, refused: str) -> None:
    assert scene.flags(flags) == 0
    assert what_is_refused(scene) == refused


def test_who_has_it_open_writes_on(scene: Scene) -> None:
    """An immutable file; into the middle of one that only grows he does not."""
    scene.flags(IMMUTABLE)
    assert scene.t.call(WRITE, scene.fd, ROOM, 4) == (0, 4)
    scene.flags(APPEND)
    assert scene.t.call(WRITE, scene.fd, ROOM, 4) == (0, 4)
    assert scene.t.call(476, scene.fd, ROOM, 4, 0)[0] == EPERM


def test_names_in_a_directory_that_only_grows(scene: Scene) -> None:
    t, where = scene.t, scene.name + ".2"
    assert t.call(MKDIR, scene.at(where), 0o755)[0] == 0
    inside = scene.at(where + "/x", SECOND)
    assert t.call(CHFLAGS, ROOM, APPEND)[0] == 0
    assert t.call(OPEN, inside, 0x200, 0o644)[0] == 0
    assert t.call(UNLINK, inside)[0] == EPERM
    assert t.call(CHFLAGS, scene.at(where), IMMUTABLE)[0] == 0
    assert t.call(OPEN, scene.at(where + "/y", SECOND), 0x200, 0o644)[0] == EPERM
    assert t.call(CHFLAGS, scene.at(where), 0)[0] == 0
    assert t.call(UNLINK, scene.at(where + "/x", SECOND))[0] == 0


def test_users_set_their_own_flags_only(scene: Scene) -> None:
    """Of their own files, without one of the system's."""
    scene.call(CHOWN, 1001, 1001)
    scene.flags(S_ARCHIVED)
    scene.become(1001)
    assert scene.flags(0) == EPERM, "the system's flag would go"
    assert scene.flags(S_ARCHIVED | 1) == 0
    assert scene.flags(S_ARCHIVED | S_IMMUTABLE) == EPERM
    assert scene.stat()["flags"] == S_ARCHIVED | 1
    assert scene.t.call(CHFLAGS, scene.at("/"), 0)[0] == EPERM


def test_a_system_s_flag_stays_for_users(scene: Scene) -> None:
    scene.call(CHOWN, 1001, 1001)
    scene.flags(S_IMMUTABLE)
    scene.become(1001)
    assert {scene.flags(flags) for flags in (S_IMMUTABLE, S_IMMUTABLE | 1, 0)} == {EPERM}


def test_ways_to_a_file_s_flags(scene: Scene) -> None:
    t, link = scene.t, scene.name + ".2"
    assert t.call(FCHFLAGS, scene.fd, 1)[0] == 0
    assert t.call(FCHFLAGS, 99, 1)[0] == EBADF
    assert t.call(PIPE2, BUFFER, 0)[0] == 0
    pipe, = struct.unpack("<i", t.read(BUFFER, 4))
    assert t.call(FCHFLAGS, pipe, 1)[0] == EINVAL
    assert t.call(SYMLINK, scene.at(scene.name), scene.at(link, SECOND))[0] == 0
    assert t.call(LCHFLAGS, scene.at(link), 0x800)[0] == 0
    assert (scene.stat(link)["flags"], scene.stat()["flags"]) == (0x800, 1)
    assert t.call(CHFLAGSAT, AT_FDCWD, scene.at(link), 0x80, 0)[0] == 0
    assert t.call(CHFLAGSAT, AT_FDCWD, scene.at(link), 0, NOFOLLOW)[0] == 0
    assert (scene.stat(link)["flags"], scene.stat()["flags"]) == (0, 0x80)
    assert t.call(CHFLAGSAT, AT_FDCWD, scene.at(link), 0, 1)[0] == EINVAL
    assert t.call(CHFLAGS, scene.at("/nothing"), 0)[0] == ENOENT
    assert [t.call(CHFLAGS, scene.at("/dev/null"), flags)[0] for flags in (0, 1)] == [0, EINVAL]


# -- times -------------------------------------------------------------------------------
def times(scene: Scene, number: int, first: tuple[int, int], second: tuple[int, int],
          *args: int) -> int:
    scene.t.write(BUFFER, struct.pack("<4q", *first, *second))
    return scene.t.call(number, *args)[0]


def test_times_that_are_set(scene: Scene) -> None:
    """One before the file's birth takes that along."""
    at = scene.at(scene.name)
    assert times(scene, UTIMES, (5, 6), (1 << 33, 8), at, BUFFER) == 0
    found = scene.stat()
    assert (found["a"], found["a.ns"], found["m"], found["m.ns"]) == (5, 6000, 1 << 33, 8000)
    assert found["birth"] > 10**9
    assert times(scene, UTIMES, (9, 0), (1000, 0), scene.at(scene.name), BUFFER) == 0
    assert scene.stat()["birth"] == 1000
    assert times(scene, FUTIMES, (11, 0), (12, 0), scene.fd, BUFFER) == 0
    assert (scene.stat()["a"], scene.stat()["m"]) == (11, 12)
    assert scene.call(UTIMES, 0) == 0
    assert scene.stat()["m"] > 10**9


@pytest.mark.parametrize(("first", "second", "micro", "nano"), [
    ((0, 1000000), (0, 0), EINVAL, 0), ((0, 0), (0, -1), EINVAL, 0), ((0, -2), (0, 0), EINVAL, 0),
    ((0, 0), (0, 10**9), EINVAL, EINVAL), ((0, -3), (0, 0), EINVAL, EINVAL),
    ((0, 10**9), (0, -2), EINVAL, EINVAL)])
def test_times_that_there_are_not(
    scene: Scene, first: tuple[int, int], second: tuple[int, int], micro: int, nano: int
) -> None:
    """Where nanoseconds count, -1 is now and -2 leaves a time as it is."""
    at = scene.at(scene.name)
    assert times(scene, UTIMES, first, second, at, BUFFER) == micro
    assert times(scene, FUTIMES, first, second, scene.fd, BUFFER) == micro
    assert times(scene, FUTIMENS, first, second, scene.fd, BUFFER) == nano
    assert times(scene, UTIMENSAT, first, second, AT_FDCWD, at, BUFFER, 0) == nano


def test_a_time_that_stays(scene: Scene) -> None:
    at = scene.at(scene.name)
    assert times(scene, UTIMENSAT, (5, 6), (7, 8), AT_FDCWD, at, BUFFER, 0) == 0
    assert times(scene, UTIMENSAT, (0, -2), (9, 9), AT_FDCWD, at, BUFFER, 0) == 0
    found = scene.stat()
    assert (found["a"], found["a.ns"], found["m"], found["m.ns"]) == (5, 6, 9, 9)
    assert times(scene, FUTIMENS, (0, -2), (0, -2), 99, BUFFER) == 0, "nobody is asked"
    assert times(scene, UTIMENSAT, (0, -2), (0, -2), AT_FDCWD, scene.at("/nothing"), BUFFER,
                 0) == ENOENT
    assert times(scene, UTIMENSAT, (0, 0), (0, 0), AT_FDCWD, at, BUFFER, 1) == EINVAL


def test_whose_times_users_set(scene: Scene) -> None:
    """Their own files'; both to now of what they may write."""
    scene.become(1001)
    at = scene.at(scene.name)
    assert times(scene, UTIMES, (1, 1), (1, 1), at, BUFFER) == EPERM
    assert scene.call(UTIMES, 0) == EACCES
    assert times(scene, UTIMENSAT, (0, -1), (0, -1), AT_FDCWD, at, BUFFER, 0) == EACCES
    assert times(scene, UTIMENSAT, (0, -1), (0, -2), AT_FDCWD, at, BUFFER, 0) == EPERM
    assert scene.t.call(FUTIMES, 99, 0)[0] == EBADF
    assert scene.t.call(UTIMES, scene.at("/dev/null"), 0)[0] == 0


def test_immutable_files_keep_their_times(scene: Scene) -> None:
    scene.flags(IMMUTABLE)
    assert scene.call(UTIMES, 0) == EPERM


# -- limits ---------------------------------------------------------------------------------
NAMES = (*range(-1, 30), *range(50, 72))
SIZES = (10, 14, 16, 21)
"""What depends on how the file system was made."""
EVERYWHERE = {4: 255, 5: 1024, 7: 1, 12: 64, 18: 1024, 53: 200112, 59: 0, 61: 0, 62: 0, 64: 0}
UFS = EVERYWHERE | {1: 32767, 8: 1, 15: -1, 17: 4096, 54: 0, 55: 0, 60: 3, 63: 0}
DEVFS = EVERYWHERE | {1: 0x7FFFFFFF, 63: 1}


def limits(scene: Scene, path: str) -> dict[int, int]:
    """The answers but of SIZES."""
    at, found = scene.at(path), {}
    for name in NAMES:
        errno, value = scene.t.call(PATHCONF, at, name)
        assert errno in (0, EINVAL)
        if errno == 0 and name not in SIZES:
            found[name] = value
    return found


def test_limits_of_files(scene: Scene) -> None:
    assert limits(scene, scene.name) == UFS
    assert limits(scene, "/") == UFS | {6: 512}
    assert limits(scene, "/dev/null") == DEVFS
    assert limits(scene, "/proc") == limits(scene, "/proc/curproc/status") == {}
    assert scene.t.call(MKFIFO, scene.at(scene.name + ".2"), 0o600)[0] == 0
    assert limits(scene, scene.name + ".2") == UFS | {6: 512}


def test_limits_of_descriptors(scene: Scene) -> None:
    t = scene.t
    t.call(PIPE2, BUFFER, 0)
    pipe, = struct.unpack("<i", t.read(BUFFER, 4))
    assert t.call(FPATHCONF, scene.fd, 4) == (0, 255)
    assert t.call(FPATHCONF, pipe, 6) == (0, 512)
    assert (t.call(FPATHCONF, pipe, 4)[0], t.call(FPATHCONF, 99, 4)[0]) == (EINVAL, EBADF)
    assert t.call(PATHCONF, scene.at("/nothing"), 4)[0] == ENOENT
    t.call(SYMLINK, scene.at("/nothing"), scene.at(scene.name + ".2", SECOND))
    assert t.call(LPATHCONF, SECOND, 4) == (0, 255)
    assert t.call(PATHCONF, SECOND, 4)[0] == ENOENT


# -- and the rest -----------------------------------------------------------------------------
@pytest.mark.parametrize(("path", "room", "flags", "errno"), [
    ("/tmp/../tmp", 1024, 0, 0), ("/tmp", 5, 0, 0), ("/tmp", 4, 0, ENOMEM), ("/tmp", 5, 1, EINVAL),
    ("/nothing", 1024, 0, ENOENT), ("", 1024, 0, ENOENT)])
def test_real_paths(scene: Scene, path: str, room: int, flags: int, errno: int) -> None:
    assert scene.t.call(REALPATHAT, 99 if path.startswith("/") else AT_FDCWD, scene.at(path),
                        BUFFER, room, flags)[0] == errno
    if not errno:
        assert scene.t.read(BUFFER, 5) == b"/tmp\0"


def test_only_devices_are_revoked(scene: Scene) -> None:
    assert [scene.t.call(REVOKE, scene.at(path))[0] for path in ("/", "/nothing", scene.name)] == [
        EINVAL, ENOENT, EINVAL]
    assert scene.t.call(SYNC)[0] == 0


def test_room_is_made_for_a_file(scene: Scene) -> None:
    """Errors are what it returns; advice is taken of any sort there is."""
    t, big = scene.t, (1 << 63) - 1
    assert [t.call(FALLOCATE, scene.fd, offset, length) for offset, length in (
        (-1, 1), (0, 0), (0, -1), (big, 1))] == [(0, EINVAL)] * 3 + [(0, 27)]
    assert t.call(FALLOCATE, 99, 0, 1) == (0, EBADF)
    assert t.call(FALLOCATE, scene.fd, 100, 28) == (0, 0)
    assert t.call(478, scene.fd, 0, 2) == (0, 128)
    assert [t.call(FADVISE, scene.fd, 0, 0, advice)[1] for advice in (0, 5, 6, -1)] == [
        0, 0, EINVAL, EINVAL]
    assert [t.call(FADVISE, scene.fd, *where, 0)[1] for where in ((-1, 0), (0, -1), (big, 1))] == [
        EINVAL] * 3
    t.call(PIPE2, BUFFER, 0)
    pipe, = struct.unpack("<i", t.read(BUFFER, 4))
    assert t.call(FALLOCATE, pipe, 0, 1) == t.call(FADVISE, pipe, 0, 0, 0) == (0, 29)


def test_names_that_start_at_descriptors(scene: Scene) -> None:
    """Each at its own; what is no directory is refused, but for absolute names."""
    t, short = scene.t, scene.name[1:]
    top = t.call(OPEN, scene.at("/"), 0x20000)[1]
    old, new = scene.at(short), scene.at(short + ".2", SECOND)
    linkat, renameat, symlinkat, mkfifoat = 495, 501, 502, 497
    assert t.call(linkat, top, old, top, new, 0)[0] == 0
    assert t.call(linkat, top, old, top, new, 0)[0] == 17
    assert t.call(linkat, top, old, top, new, 1)[0] == EINVAL
    assert t.call(linkat, scene.fd, old, top, new, 0)[0] == 20
    assert t.call(linkat, 99, old, top, new, 0)[0] == EBADF
    assert t.call(UNLINK, scene.at(scene.name))[0] == 0
    assert t.call(renameat, top, new, 99, scene.at(scene.name))[0] == 0
    assert t.call(renameat, top, scene.at(short), top, new)[0] == 0
    assert t.call(symlinkat, scene.at("/tmp"), top, scene.at(short, BUFFER))[0] == 0
    assert t.call(symlinkat, scene.at("/tmp"), scene.fd, BUFFER)[0] == 20
    assert t.call(UNLINK, scene.at(scene.name))[0] == 0
    assert t.call(mkfifoat, top, scene.at(short), 0o600)[0] == 0
    assert t.call(mkfifoat, 99, scene.at(short), 0o600)[0] == EBADF
